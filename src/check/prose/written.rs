//! Numbers as people write them: `0.842`, `0,84`, `84 %`, `1 234,5`, `1.5e-3`.

use std::fmt;

use crate::model::Number;

/// A written number, with every way in which it can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    text: String,
    /// Value and decimals of each reading: `12,345` is twelve and a bit, or twelve thousand.
    readings: Vec<(f64, i32)>,
    percent: Option<String>,
    comma: bool,
    signed: bool,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Spaces that separate thousands; an ordinary space also separates words.
const THIN: [char; 3] = ['\u{a0}', '\u{202f}', '\u{2009}'];

impl Written {
    /// Reads a number at the start of `text`; gives it and its length in bytes.
    pub fn read(text: &str) -> Option<(Self, usize)> {
        let (sign, body) = match text.chars().next()? {
            c @ ('-' | '+' | '\u{2212}') => (Some(c), &text[c.len_utf8()..]),
            _ => (None, text),
        };
        let (digits, mantissa) = mantissa(body)?;
        let mut length = text.len() - body.len() + mantissa;
        let exponent = exponent(&text[length..]);
        if let Some((_, bytes)) = exponent {
            length += bytes;
        }
        let power = exponent.map_or(0, |(power, _)| power);
        let percent = percent(&text[length..]);
        if let Some(tail) = &percent {
            length += tail.len();
        }
        let negative = matches!(sign, Some('-' | '\u{2212}'));
        let readings = readings(&digits)
            .into_iter()
            .filter_map(|(plain, decimals)| {
                let value: f64 = plain.parse().ok()?;
                let value = value * 10f64.powi(power) * if negative { -1.0 } else { 1.0 };
                Some((value, decimals - power))
            })
            .collect::<Vec<_>>();
        if readings.is_empty() {
            return None;
        }
        let comma = digits.contains(',') && !digits.contains('.');
        let written = Self {
            text: text[..length].trim_end().to_owned(),
            readings,
            percent,
            comma,
            signed: sign == Some('+'),
        };
        Some((written, length))
    }

    /// The absence of a number; it matches nothing.
    pub fn none() -> Self {
        Self {
            text: String::new(),
            readings: Vec::new(),
            percent: None,
            comma: false,
            signed: false,
        }
    }

    /// A number that is the whole text; `None` when there is more or less than that.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (written, length) = Self::read(text)?;
        (length == text.len()).then_some(written)
    }

    /// Whether it is the number, rounded to the digits that are printed. Either side of a tie will
    /// do: programs differ in it.
    pub fn matches(&self, number: &Number) -> bool {
        let value = number.as_f64();
        value.is_finite()
            && self.scaled(value).any(|(value, read, decimals)| {
                let half = 0.5 * 10f64.powi(-decimals);
                (value - read).abs() <= half * (1.0 + 1e-6) + value.abs() * 1e-15
            })
    }

    /// Whether it is the number, cut off after the digits that are printed.
    pub fn truncates(&self, number: &Number) -> bool {
        let value = number.as_f64();
        value.is_finite()
            && self.scaled(value).any(|(value, read, decimals)| {
                let unit = 10f64.powi(-decimals);
                decimals > 0 && ((value / unit).trunc() - read / unit).abs() < 1e-6
            })
    }

    /// The value on each scale on which it may be meant, beside each reading.
    fn scaled(&self, value: f64) -> impl Iterator<Item = (f64, f64, i32)> + '_ {
        self.readings.iter().flat_map(move |&(read, decimals)| {
            // A share may be written in percent with or without the sign; a metric in percent may
            // have the sign too.
            let in_percent = self.percent.is_some()
                || (value.abs() <= 1.0 && read.abs() > 1.5 && read.abs() <= 100.0);
            let plain = std::iter::once((value, read, decimals));
            plain.chain(in_percent.then_some((value * 100.0, read, decimals)))
        })
    }

    /// The recorded number in this one's spelling: decimals, comma, percent.
    pub fn like(&self, number: &Number) -> String {
        let value = number.as_f64();
        let Some(&(read, decimals)) = self.readings.first() else {
            return crate::ui::number::metric(number);
        };
        if !value.is_finite() || !(0..=17).contains(&decimals) {
            return crate::ui::number::metric(number);
        }
        let share = value.abs() <= 1.0 && (self.percent.is_some() || read.abs() > 1.5);
        let shown = if share { value * 100.0 } else { value };
        let digits = usize::try_from(decimals).unwrap_or(0);
        let mut text = format!("{shown:.digits$}");
        if self.comma {
            text = text.replace('.', ",");
        }
        if self.text.starts_with('\u{2212}') {
            text = text.replace('-', "\u{2212}");
        }
        text + self.percent.as_deref().unwrap_or_default()
    }

    /// The first reading.
    pub fn value(&self) -> f64 {
        self.readings.first().map_or(f64::NAN, |(value, _)| *value)
    }

    /// Whether it has no decimals.
    pub fn is_integer(&self) -> bool {
        self.readings.iter().all(|(_, decimals)| *decimals <= 0)
    }

    /// Whether a percent sign follows.
    pub fn is_percent(&self) -> bool {
        self.percent.is_some()
    }

    /// Whether it has a plus sign: then it is a difference.
    pub fn is_signed(&self) -> bool {
        self.signed
    }
}

/// Digits with their separators, as far as they belong to one number.
fn mantissa(text: &str) -> Option<(String, usize)> {
    let mut end = 0;
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let digit = |i: usize| chars.get(i).is_some_and(|(_, c)| c.is_ascii_digit());
    let mut index = 0;
    let mut seen_point = false;
    while let Some(&(at, c)) = chars.get(index) {
        let groups =
            || digit(index + 1) && digit(index + 2) && digit(index + 3) && !digit(index + 4);
        let goes_on = match c {
            '0'..='9' => true,
            '.' if index > 0 => !seen_point && digit(index + 1),
            ',' if index > 0 => !seen_point && digit(index + 1),
            c if THIN.contains(&c) && index > 0 => !seen_point && groups(),
            _ => false,
        };
        if !goes_on {
            break;
        }
        seen_point |= c == '.';
        end = at + c.len_utf8();
        index += 1;
    }
    let digits: String = text[..end].chars().filter(|c| !THIN.contains(c)).collect();
    (!digits.is_empty()).then_some((digits, end))
}

fn exponent(text: &str) -> Option<(i32, usize)> {
    let rest = text.strip_prefix(['e', 'E'])?;
    let unsigned = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    let count = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    let length = rest.len() - unsigned.len() + count;
    let power = rest[..length].trim_start_matches('+').parse().ok()?;
    (count > 0 && count <= 3).then_some((power, length + 1))
}

/// The percent sign that follows, with the space before it.
fn percent(text: &str) -> Option<String> {
    let trimmed = text.trim_start_matches([' ', '\u{a0}', '\u{202f}', '\u{2009}', '\\']);
    let gap = text.len() - trimmed.len();
    (gap <= 4 && trimmed.starts_with('%')).then(|| text[..=gap].to_owned())
}

/// Every plain number that separators allow, with its decimals.
fn readings(digits: &str) -> Vec<(String, i32)> {
    let decimals = |text: &str| {
        let places = text
            .split_once('.')
            .map_or(0, |(_, fraction)| fraction.len());
        i32::try_from(places).unwrap_or(i32::MAX)
    };
    let plain = |text: String| {
        let places = decimals(&text);
        (text, places)
    };
    let commas = digits.matches(',').count();
    let groups_of_three = || {
        let whole = digits.split('.').next().unwrap_or(digits);
        let mut parts = whole.split(',');
        let first = parts.next().unwrap_or_default();
        (1..=3).contains(&first.len()) && first != "0" && parts.all(|part| part.len() == 3)
    };
    let without = || plain(digits.replace(',', ""));
    match (commas, digits.contains('.')) {
        (0, _) => vec![plain(digits.to_owned())],
        (1, false) if groups_of_three() => vec![plain(digits.replace(',', ".")), without()],
        (1, false) => vec![plain(digits.replace(',', "."))],
        _ if groups_of_three() => vec![without()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(written: &str, recorded: &str) -> bool {
        let written = Written::parse(written).unwrap_or_else(|| panic!("{written}"));
        written.matches(&Number::parse(recorded).unwrap())
    }

    #[test]
    fn spellings_of_the_same_number() {
        for (written, recorded) in [
            ("0.842", "0.842"),
            ("0.84", "0.842"),
            ("0,84", "0.842"),
            ("84 %", "0.842"),
            ("84\u{a0}%", "0.842"),
            ("84.2%", "0.842"),
            ("84,2 %", "84.2"),
            ("0.8420", "0.842"),
            ("0.8", "0.842"),
            ("1.5e-3", "0.0015"),
            ("1.50e-12", "0.0000000000015"),
            ("\u{2212}0.2", "-0.2"),
            ("12,345", "12345"),
            ("12\u{a0}345,6", "12345.6"),
            ("1,234.5", "1234.5"),
            ("0.843", "0.8425"),
            ("0.842", "0.8425"),
            ("84.2", "0.842"),
        ] {
            assert!(matches(written, recorded), "{written} is {recorded}");
        }
    }

    #[test]
    fn other_numbers_are_other_numbers() {
        for (written, recorded) in [
            ("0.83", "0.842"),
            ("0.85", "0.842"),
            ("0.8421", "0.842"),
            ("83 %", "0.842"),
            ("0.842%", "0.842001e2"),
            ("1", "0.3"),
            ("0.842", "nan"),
        ] {
            assert!(!matches(written, recorded), "{written} is not {recorded}");
        }
    }

    #[test]
    fn a_cut_off_number_is_told_from_a_rounded_one() {
        let truncates = |written: &str, recorded: &str| {
            Written::parse(written)
                .unwrap()
                .truncates(&Number::parse(recorded).unwrap())
        };
        assert!(truncates("0.847", "0.8479"));
        assert!(truncates("84.7 %", "0.84798"));
        assert!(!truncates("0.846", "0.8479"));
        assert!(!truncates("0", "0.8479"), "no decimals, nothing to tell");
    }

    #[test]
    fn the_spelling_is_kept_when_the_value_changes() {
        let like = |written: &str, recorded: &str| {
            Written::parse(written)
                .unwrap()
                .like(&Number::parse(recorded).unwrap())
        };
        assert_eq!(like("0.83", "0.842"), "0.84");
        assert_eq!(like("0,830", "0.842"), "0,842");
        assert_eq!(like("83 %", "0.842"), "84 %");
        assert_eq!(like("83.0%", "0.8423"), "84.2%");
        assert_eq!(like("12.50", "13"), "13.00");
    }

    #[test]
    fn reading_stops_where_the_number_ends() {
        let length = |text: &str| Written::read(text).map(|(_, length)| length);
        assert_eq!(length("0.842, and"), Some(5));
        assert_eq!(length("0.842. And"), Some(5));
        assert_eq!(length("0,842,"), Some(5));
        assert_eq!(length("5 runs"), Some(1));
        assert_eq!(length("x"), None);
        assert!(Written::parse("0.842 or so").is_none());
    }

    proptest::proptest! {
        #[test]
        fn a_number_printed_with_any_digits_matches_itself(
            value in -1000.0..1000.0f64, digits in 0usize..9, comma: bool,
        ) {
            let mut text = format!("{value:.digits$}");
            if comma { text = text.replace('.', ","); }
            let number = Number::from_f64(value);
            let written = Written::parse(&text).unwrap();
            proptest::prop_assert!(written.matches(&number), "{text} is {value}");
            if digits > 0 {
                let rewritten = Written::parse(&written.like(&number)).unwrap();
                proptest::prop_assert!(rewritten.matches(&number));
            }
        }
    }
}
