//! Numbers that keep the text they were written with.

use std::cmp::Ordering;
use std::fmt;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A number with its exact spelling: `0.8420` stays `0.8420`, 2^64 stays exact, NaN is tagged.
///
/// In JSON it is a bare number, or `{"float": "nan" | "inf" | "-inf"}` where JSON has no word.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(String);

impl Number {
    /// Takes a JSON number, or `NaN`, `Infinity`, `-Infinity`, `inf`, `-inf` in any case.
    pub fn parse(text: &str) -> Option<Self> {
        // Nearly all numbers of a record are of this kind; there may be a hundred thousand of them.
        if text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-')) {
            return is_json_number(text).then(|| Self(text.to_owned()));
        }
        let unsigned = text
            .strip_prefix(['-', '+'])
            .unwrap_or(text)
            .to_ascii_lowercase();
        let negative = text.starts_with('-');
        match unsigned.as_str() {
            "nan" => return Some(Self("nan".into())),
            "inf" | "infinity" => return Some(Self(if negative { "-inf" } else { "inf" }.into())),
            _ => {}
        }
        // serde_json reads `E` back as `e`: fixed here, so that a record always reads back equal.
        is_json_number(text).then(|| Self(text.replace('E', "e")))
    }

    /// The shortest text that reads back as the same bits.
    pub fn from_f64(value: f64) -> Self {
        if value.is_nan() {
            return Self("nan".into());
        }
        if value.is_infinite() {
            return Self(if value > 0.0 { "inf" } else { "-inf" }.into());
        }
        let mut text = format!("{value:?}");
        if let Some(at) = text.find('e') {
            // `1e300` is a JSON number as Rust prints it; nothing to mend but keep the case fixed.
            text.replace_range(at..=at, "e");
        }
        Self(text)
    }

    /// An exact integer.
    pub fn from_i64(value: i64) -> Self {
        Self(value.to_string())
    }

    /// The spelling where that is a JSON number.
    pub fn as_json(&self) -> Option<&str> {
        (!matches!(self.0.as_str(), "nan" | "inf" | "-inf")).then_some(&self.0)
    }

    /// The spelling: a JSON number, `nan`, `inf` or `-inf`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest double (exact for everything that came from one).
    pub fn as_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// Whether it is neither NaN nor an infinity.
    pub fn is_finite(&self) -> bool {
        self.as_f64().is_finite()
    }

    /// Whether it was written as an integer, without fraction or exponent.
    pub fn is_integer(&self) -> bool {
        self.0
            .strip_prefix('-')
            .unwrap_or(&self.0)
            .bytes()
            .all(|b| b.is_ascii_digit())
    }

    /// Whether both denote the same value: `0.10` and `0.1` do, 2^53 and 2^53+1 don't, NaN and NaN do.
    pub fn same_value(&self, other: &Self) -> bool {
        if self.0 == other.0 {
            return true;
        }
        if self.is_integer() && other.is_integer() {
            let trim = |text: &str| {
                text.trim_start_matches('-')
                    .trim_start_matches('0')
                    .to_owned()
            };
            let sign = |text: &str| text.starts_with('-') && !trim(text).is_empty();
            return trim(&self.0) == trim(&other.0) && sign(&self.0) == sign(&other.0);
        }
        self.as_f64() == other.as_f64()
    }

    /// Orders by value with NaN last, so that a NaN never comes out on top.
    pub fn total_order(&self, other: &Self) -> Ordering {
        let (a, b) = (self.as_f64(), other.as_f64());
        a.partial_cmp(&b)
            .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
    }
}

/// Checks the grammar of RFC 8259, section 6.
fn is_json_number(text: &str) -> bool {
    let mut rest = text.as_bytes();
    let digits = |rest: &mut &[u8]| {
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        *rest = &rest[count..];
        count
    };
    if let [b'-', tail @ ..] = rest {
        rest = tail;
    }
    let zero = rest.first() == Some(&b'0');
    let whole = digits(&mut rest);
    if whole == 0 || (zero && whole > 1) {
        return false;
    }
    if let [b'.', tail @ ..] = rest {
        rest = tail;
        if digits(&mut rest) == 0 {
            return false;
        }
    }
    if let [b'e' | b'E', tail @ ..] = rest {
        rest = match tail {
            [b'+' | b'-', tail @ ..] => tail,
            tail => tail,
        };
        if digits(&mut rest) == 0 {
            return false;
        }
    }
    rest.is_empty()
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct NonFinite {
    #[schemars(regex(pattern = "^(nan|-?inf)$"))]
    float: String,
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_finite() || is_json_number(&self.0) {
            serde_json::Number::from_string_unchecked(self.0.clone()).serialize(serializer)
        } else {
            NonFinite {
                float: self.0.clone(),
            }
            .serialize(serializer)
        }
    }
}

impl Number {
    /// Reads the JSON form; the error says what was found instead.
    pub fn from_json(value: Value) -> Result<Self, String> {
        match value {
            Value::Number(number) => Ok(Self(number.to_string())),
            other => serde_json::from_value::<NonFinite>(other)
                .ok()
                .and_then(|tagged| Self::parse(&tagged.float))
                .ok_or_else(|| "expected a number or {\"float\": \"nan\"}".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Number {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number in its exact spelling; what JSON can't write is tagged",
            "anyOf": [{"type": "number"}, generator.subschema_for::<NonFinite>()]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_survives_a_round_trip() {
        for text in [
            "0.8420",
            "1e-4",
            "1e+05",
            "18446744073709551617",
            "-0.0",
            "{\"float\":\"nan\"}",
        ] {
            let number: Number = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&number).unwrap(), text);
        }
    }

    #[test]
    fn the_exponent_letter_is_the_one_that_json_keeps() {
        let number = Number::parse("1E+05").unwrap();
        let json = serde_json::to_string(&number).unwrap();
        assert_eq!(json, "1e+05");
        assert_eq!(serde_json::from_str::<Number>(&json).unwrap(), number);
    }

    #[test]
    fn equal_values_are_equal_whatever_the_spelling() {
        let n = |text| Number::parse(text).unwrap();
        assert!(n("0.10").same_value(&n("0.1")));
        assert!(!n("9007199254740992").same_value(&n("9007199254740993")));
        assert!(n("NaN").same_value(&n("nan")));
        assert!(!n("-1").same_value(&n("1")));
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for text in ["", "-", "01", ".5", "1.", "1e", "0x10", "1_000", "one"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn nan_is_ordered_last() {
        let nan = Number::parse("nan").unwrap();
        assert_eq!(
            nan.total_order(&Number::from_f64(f64::INFINITY)),
            Ordering::Greater
        );
    }
}
