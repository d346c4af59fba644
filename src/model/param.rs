//! Configuration leaves: typed values that keep their spelling.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::number::Number;

/// The type that a Python program would see for a leaf.
///
/// YAML follows PyYAML (YAML 1.1), since that is what reads most training configurations: there
/// `1e-4` is a string, `yes` is true and `012` is ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ParamKind {
    /// Nothing: `null`, `~`, an empty YAML value.
    Null,
    /// True or false.
    Bool,
    /// An integer of any size.
    Int,
    /// A floating-point number.
    Float,
    /// Text.
    Str,
    /// A date or a date with time.
    Date,
    /// A mapping without a leaf: `{}`.
    Map,
}

/// One configuration value: a leaf with its spelling, or a list of them.
///
/// In JSON it is the natural value where that says it all, and `{"text": …, "type": …}` where the
/// spelling or the type would be lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Param {
    /// A scalar as it was written.
    Leaf {
        /// What it is.
        kind: ParamKind,
        /// How it was spelled, without quotes.
        text: String,
    },
    /// A list without mappings in it (a list of mappings is flattened to `name.0.key`).
    List(Vec<Param>),
}

impl Param {
    /// A text leaf.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Leaf {
            kind: ParamKind::Str,
            text: text.into(),
        }
    }

    /// A leaf of the given kind.
    pub fn leaf(kind: ParamKind, text: impl Into<String>) -> Self {
        Self::Leaf {
            kind,
            text: text.into(),
        }
    }

    /// How a person would write it on one line.
    pub fn spelling(&self) -> String {
        match self {
            Self::Leaf {
                kind: ParamKind::Null,
                text,
            } if text.is_empty() => "null".to_owned(),
            Self::Leaf {
                kind: ParamKind::Str,
                text,
            } if text.is_empty() => "\"\"".to_owned(),
            Self::Leaf { text, .. } => text.clone(),
            Self::List(items) => {
                let inner: Vec<String> = items.iter().map(Self::spelling).collect();
                format!("[{}]", inner.join(", "))
            }
        }
    }

    /// The numeric value of an int or a float.
    pub fn number(&self) -> Option<Number> {
        let Self::Leaf {
            kind: kind @ (ParamKind::Int | ParamKind::Float),
            text,
        } = self
        else {
            return None;
        };
        let plain = text.replace('_', "");
        if *kind == ParamKind::Int
            && let Some(value) = integer(&plain)
        {
            return Some(Number::from_i64(value));
        }
        if plain.contains(':') {
            return sexagesimal(&plain, *kind);
        }
        let dotted = plain.trim_start_matches('+');
        if !dotted.contains(|c: char| c.is_ascii_digit()) {
            // `.inf`, `-.INF`, `.NaN` of YAML and `inf`, `nan` of TOML.
            return Number::parse(&dotted.replace('.', ""));
        }
        Number::parse(dotted).or_else(|| dotted.parse().ok().map(Number::from_f64))
    }

    /// The truth of a bool leaf, in any of YAML 1.1's spellings.
    pub fn bool(&self) -> Option<bool> {
        let Self::Leaf {
            kind: ParamKind::Bool,
            text,
        } = self
        else {
            return None;
        };
        Some(matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "yes" | "on" | "y" | "1"
        ))
    }

    /// Whether it is text that passes a test, or a list of nothing but such.
    pub fn is_all_text(&self, test: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Leaf {
                kind: ParamKind::Str,
                text,
            } => test(text),
            Self::Leaf { .. } => false,
            Self::List(items) => {
                !items.is_empty() && items.iter().all(|item| item.is_all_text(test))
            }
        }
    }

    /// Whether a program would see the same value, of the same type, whatever the spelling.
    pub fn same_value(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_value(b))
            }
            (Self::Leaf { kind: a, text: ta }, Self::Leaf { kind: b, text: tb }) => {
                a == b
                    && match a {
                        ParamKind::Null | ParamKind::Map => true,
                        ParamKind::Bool => self.bool() == other.bool(),
                        ParamKind::Int | ParamKind::Float => {
                            match (self.number(), other.number()) {
                                (Some(x), Some(y)) => x.same_value(&y),
                                _ => ta == tb,
                            }
                        }
                        ParamKind::Str | ParamKind::Date => ta == tb,
                    }
            }
            _ => false,
        }
    }
}

/// Integers as YAML 1.1 writes them: decimal, `0x`, `0o`, `0b`, and octal by a leading zero.
fn integer(text: &str) -> Option<i64> {
    let (negative, body) = match text.strip_prefix(['-', '+']) {
        Some(body) => (text.starts_with('-'), body),
        None => (false, text),
    };
    let value = match body.get(..2) {
        Some("0x" | "0X") => i64::from_str_radix(&body[2..], 16).ok()?,
        Some("0o" | "0O") => i64::from_str_radix(&body[2..], 8).ok()?,
        Some("0b" | "0B") => i64::from_str_radix(&body[2..], 2).ok()?,
        _ if body.len() > 1 && body.starts_with('0') => i64::from_str_radix(body, 8).ok()?,
        _ => body.parse().ok()?,
    };
    Some(if negative { -value } else { value })
}

/// YAML 1.1's base 60: `1:30` is 90.
fn sexagesimal(text: &str, kind: ParamKind) -> Option<Number> {
    let (sign, body) = match text.strip_prefix('-') {
        Some(body) => (-1_i32, body),
        None => (1, text.trim_start_matches('+')),
    };
    if kind == ParamKind::Int {
        let value = body.split(':').try_fold(0_i64, |sum, part| {
            sum.checked_mul(60)?.checked_add(part.parse().ok()?)
        })?;
        return Some(Number::from_i64(i64::from(sign) * value));
    }
    // Summed from the right as PyYAML does, so that the bits are the same.
    let (mut base, mut value) = (1.0, 0.0);
    for part in body.rsplit(':') {
        value += part.parse::<f64>().ok()? * base;
        base *= 60.0;
    }
    Some(Number::from_f64(f64::from(sign) * value))
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Spelled {
    text: String,
    #[serde(rename = "type")]
    kind: ParamKind,
}

impl Serialize for Param {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, text) = match self {
            Self::List(items) => return items.serialize(serializer),
            Self::Leaf { kind, text } => (*kind, text),
        };
        match (kind, text.as_str()) {
            (ParamKind::Null, "null") => serializer.serialize_unit(),
            (ParamKind::Bool, "true") => serializer.serialize_bool(true),
            (ParamKind::Bool, "false") => serializer.serialize_bool(false),
            (ParamKind::Str, _) if !looks_numeric(text) => serializer.serialize_str(text),
            (ParamKind::Int | ParamKind::Float, _) => match Number::parse(text) {
                Some(number)
                    if number.is_finite()
                        && number.as_str() == text
                        && natural_kind(&number) == kind =>
                {
                    number.serialize(serializer)
                }
                _ => Spelled {
                    text: text.clone(),
                    kind,
                }
                .serialize(serializer),
            },
            _ => Spelled {
                text: text.clone(),
                kind,
            }
            .serialize(serializer),
        }
    }
}

/// Text that another reader could take for a number is tagged with its type.
fn looks_numeric(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
        && text.trim_start_matches(['-', '+']).parse::<f64>().is_ok()
}

fn natural_kind(number: &Number) -> ParamKind {
    if number.is_integer() {
        ParamKind::Int
    } else {
        ParamKind::Float
    }
}

impl Param {
    /// A JSON number: an integer where it is spelled like one.
    pub fn number_of(number: &Number) -> Self {
        Self::leaf(natural_kind(number), number.as_str())
    }

    /// The JSON text of a plain number or word, for which no serializer is needed.
    pub fn plain_json(&self) -> Option<Cow<'_, str>> {
        let Self::Leaf { kind, text } = self else {
            return None;
        };
        match kind {
            ParamKind::Int | ParamKind::Float => {
                let number = Number::parse(text)?;
                let plain = number.as_json() == Some(text) && natural_kind(&number) == *kind;
                plain.then_some(Cow::Borrowed(text))
            }
            ParamKind::Str => {
                let escaped = |b: u8| b < 0x20 || matches!(b, b'"' | b'\\');
                let plain = !looks_numeric(text) && !text.bytes().any(escaped);
                plain.then(|| format!("\"{text}\"").into())
            }
            _ => None,
        }
    }

    /// Reads the JSON form of a record.
    pub fn from_json(value: Value) -> Result<Self, String> {
        Ok(match value {
            Value::Null => Self::leaf(ParamKind::Null, "null"),
            Value::Bool(yes) => Self::leaf(ParamKind::Bool, yes.to_string()),
            Value::String(text) => Self::text(text),
            Value::Number(number) => Self::number_of(&Number::from_json(Value::Number(number))?),
            Value::Array(items) => Self::List(
                items
                    .into_iter()
                    .map(Self::from_json)
                    .collect::<Result<_, _>>()?,
            ),
            object @ Value::Object(_) => {
                let spelled: Spelled = serde_json::from_value(object).map_err(|e| e.to_string())?;
                Self::Leaf {
                    kind: spelled.kind,
                    text: spelled.text,
                }
            }
        })
    }
}

impl<'de> Deserialize<'de> for Param {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Param {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Param".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A configuration value; {text, type} where JSON would lose either",
            "anyOf": [
                {"type": ["string", "number", "boolean", "null", "array"]},
                generator.subschema_for::<Spelled>()
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(param: &Param) -> String {
        let json = serde_json::to_string(param).unwrap();
        assert_eq!(
            &serde_json::from_str::<Param>(&json).unwrap(),
            param,
            "{json}"
        );
        json
    }

    #[test]
    fn plain_json_is_what_the_serializer_writes() {
        use ParamKind::*;
        let kinds = [Null, Bool, Int, Float, Str, Date, Map];
        let texts = [
            "1",
            "-0",
            "01",
            "1.0",
            "1e-4",
            "1E5",
            "+1",
            "nan",
            "rf",
            "a\"b",
            "a\\b",
            "a\nb",
            "опыт",
            "true",
            "",
            "-",
            "2025-01-01",
        ];
        let mut plain = 0;
        for (kind, text) in kinds
            .iter()
            .flat_map(|k| texts.iter().map(move |t| (*k, *t)))
        {
            let param = Param::leaf(kind, text);
            if let Some(json) = param.plain_json() {
                assert_eq!(
                    json,
                    serde_json::to_string(&param).unwrap(),
                    "{kind:?} {text}"
                );
                plain += 1;
            }
        }
        assert!(plain > 8, "{plain}");
    }

    #[test]
    fn json_keeps_type_and_spelling() {
        use ParamKind::*;
        assert_eq!(round_trip(&Param::leaf(Int, "300")), "300");
        assert_eq!(round_trip(&Param::leaf(Float, "0.0010")), "0.0010");
        assert_eq!(
            round_trip(&Param::text("1e-4")),
            r#"{"text":"1e-4","type":"str"}"#
        );
        assert_eq!(
            round_trip(&Param::leaf(Bool, "yes")),
            r#"{"text":"yes","type":"bool"}"#
        );
        assert_eq!(
            round_trip(&Param::leaf(Int, "012")),
            r#"{"text":"012","type":"int"}"#
        );
        assert_eq!(
            round_trip(&Param::leaf(Float, "1E-4")),
            r#"{"text":"1E-4","type":"float"}"#
        );
        assert_eq!(round_trip(&Param::text("rf")), "\"rf\"");
        assert_eq!(
            round_trip(&Param::leaf(Float, ".nan")),
            r#"{"text":".nan","type":"float"}"#
        );
    }

    #[test]
    fn a_value_is_the_same_under_another_spelling_but_not_another_type() {
        use ParamKind::*;
        assert!(Param::leaf(Int, "012").same_value(&Param::leaf(Int, "10")));
        assert!(Param::leaf(Bool, "yes").same_value(&Param::leaf(Bool, "true")));
        assert!(!Param::text("1e-4").same_value(&Param::leaf(Float, "0.0001")));
        assert!(Param::leaf(Float, "1.0e-4").same_value(&Param::leaf(Float, "0.0001")));
        assert!(Param::leaf(Int, "1:30").same_value(&Param::leaf(Int, "90")));
        assert!(Param::leaf(Float, ".Inf").same_value(&Param::leaf(Float, "+.inf")));
    }
}
