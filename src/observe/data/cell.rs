//! What the text of one cell is.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::model::card::ColumnType;

/// A cell, read as the narrowest type that fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// No value.
    Empty,
    /// `true` or `false`, in lower, upper or title case.
    Bool(bool),
    /// An integer without superfluous zeros: `007` is a code and not a number.
    Int(i128),
    /// A decimal number, or an infinity.
    Float(f64),
    /// A day, as seconds since 1970.
    Date(i64),
    /// A moment, as seconds since 1970, and whether its offset from UTC was given.
    Datetime(i64, bool),
    /// Anything else.
    Text,
}

/// The words that pandas takes for a missing value.
const EMPTY: [&[u8]; 18] = [
    b"",
    b"#N/A",
    b"#N/A N/A",
    b"#NA",
    b"-1.#IND",
    b"-1.#QNAN",
    b"-NaN",
    b"-nan",
    b"1.#IND",
    b"1.#QNAN",
    b"<NA>",
    b"N/A",
    b"NA",
    b"NULL",
    b"NaN",
    b"None",
    b"n/a",
    b"nan",
];
/// No word above is longer.
const LONGEST_EMPTY: usize = 8;
/// No number with a decimal comma that a program writes is longer.
const LONGEST_COMMA_NUMBER: usize = 40;

impl Cell {
    /// Reads a cell; blanks around it don't count.
    pub fn read(bytes: &[u8]) -> Self {
        Self::read_with(bytes, b'.')
    }

    /// Reads a cell in whose numbers `decimal` stands before the fraction.
    pub fn read_with(bytes: &[u8], decimal: u8) -> Self {
        let bytes = bytes.trim_ascii();
        let Some(&first) = bytes.first() else {
            return Self::Empty;
        };
        match first {
            b'0'..=b'9' | b'+' | b'-' | b'.' => number(bytes)
                .or_else(|| comma_number(bytes, decimal))
                .or_else(|| date(bytes))
                .unwrap_or_else(|| word(bytes)),
            b',' if decimal == b',' => comma_number(bytes, decimal).unwrap_or(Self::Text),
            _ => word(bytes),
        }
    }

    /// Its finite number, if it is one.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(value as f64),
            Self::Float(value) => Some(value).filter(|value| value.is_finite()),
            _ => None,
        }
    }

    /// The type of a column that holds only such cells.
    pub fn kind(self) -> ColumnType {
        match self {
            Self::Empty => ColumnType::Empty,
            Self::Bool(_) => ColumnType::Bool,
            Self::Int(_) => ColumnType::Int,
            Self::Float(_) => ColumnType::Float,
            Self::Date(_) => ColumnType::Date,
            Self::Datetime(..) => ColumnType::Datetime,
            Self::Text => ColumnType::Text,
        }
    }
}

fn word(bytes: &[u8]) -> Cell {
    if bytes.len() > LONGEST_EMPTY + 1 {
        return Cell::Text;
    }
    if EMPTY.contains(&bytes) || bytes == b"null" {
        return Cell::Empty;
    }
    match bytes {
        b"true" | b"True" | b"TRUE" => return Cell::Bool(true),
        b"false" | b"False" | b"FALSE" => return Cell::Bool(false),
        _ => {}
    }
    let (sign, rest) = match bytes.split_first() {
        Some((b'-', rest)) => (-1.0, rest),
        Some((b'+', rest)) => (1.0, rest),
        _ => (1.0, bytes),
    };
    if rest.eq_ignore_ascii_case(b"inf") || rest.eq_ignore_ascii_case(b"infinity") {
        return Cell::Float(sign * f64::INFINITY);
    }
    Cell::Text
}

fn number(bytes: &[u8]) -> Option<Cell> {
    let digits = match bytes[0] {
        b'+' | b'-' => &bytes[1..],
        _ => bytes,
    };
    if digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit() {
        return None;
    }
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        return int(digits, bytes[0] == b'-').map(Cell::Int);
    }
    let plausible = |b: &u8| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    if !digits.iter().all(plausible) {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    text.parse().ok().map(Cell::Float)
}

/// `12,5` where the comma is decimal; `1,234.5` is neither's number.
fn comma_number(bytes: &[u8], decimal: u8) -> Option<Cell> {
    if decimal != b',' || bytes.len() > LONGEST_COMMA_NUMBER || bytes.contains(&b'.') {
        return None;
    }
    let at = memchr::memchr(b',', bytes)?;
    let mut plain = [0; LONGEST_COMMA_NUMBER];
    let plain = &mut plain[..bytes.len()];
    plain.copy_from_slice(bytes);
    plain[at] = b'.';
    number(plain)
}

/// Integers of more digits than fit are identifiers: text.
fn int(digits: &[u8], negative: bool) -> Option<i128> {
    let value = if digits.len() <= 18 {
        let small = digits
            .iter()
            .fold(0_i64, |n, digit| n * 10 + i64::from(digit - b'0'));
        i128::from(small)
    } else {
        std::str::from_utf8(digits).ok()?.parse().ok()?
    };
    Some(if negative { -value } else { value })
}

/// `2024-01-31` and `31.01.2024`, alone or with a time. `01/02/2024` means two days in two
/// countries, so it is text.
fn date(bytes: &[u8]) -> Option<Cell> {
    let (day, rest) = bytes.split_at_checked(10)?;
    let field = |range: std::ops::Range<usize>| {
        let digits = &day[range];
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| {
            digits
                .iter()
                .fold(0_u32, |n, digit| n * 10 + u32::from(digit - b'0'))
        })
    };
    let (year, month, day) = match (day[4], day[7], day[2], day[5]) {
        (b'-', b'-', ..) => (field(0..4)?, field(5..7)?, field(8..10)?),
        (.., b'.', b'.') => (field(6..10)?, field(3..5)?, field(0..2)?),
        _ => return None,
    };
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let midnight = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
    match rest.split_first() {
        None => Some(Cell::Date(midnight)),
        Some((b'T' | b' ', time)) => {
            let (seconds, zoned) = time_of_day(std::str::from_utf8(time).ok()?)?;
            Some(Cell::Datetime(midnight + seconds, zoned))
        }
        Some(_) => None,
    }
}

/// `HH:MM[:SS[.fraction]][Z|±HH[:]MM]`, as seconds from midnight UTC.
fn time_of_day(text: &str) -> Option<(i64, bool)> {
    let (clock, offset) = match text.find(['Z', '+', '-']) {
        Some(at) => (text[..at].trim_end(), offset(&text[at..])?),
        None => (text, None),
    };
    let mut parts = clock.split(':');
    let hours = two_digits(parts.next()?)?;
    let minutes = two_digits(parts.next()?)?;
    let seconds = match parts.next() {
        Some(seconds) => {
            let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            let fine = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
            fine.then(|| two_digits(whole))??
        }
        None => 0,
    };
    let valid = parts.next().is_none() && hours < 24 && minutes < 60 && seconds <= 60;
    let total = hours * 3600 + minutes * 60 + seconds;
    valid.then(|| (total - offset.unwrap_or(0), offset.is_some()))
}

fn offset(text: &str) -> Option<Option<i64>> {
    if text == "Z" {
        return Some(Some(0));
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.get(1..)?.replace(':', "");
    let (hours, minutes) = match digits.len() {
        2 => (two_digits(&digits)?, 0),
        4 => (two_digits(digits.get(..2)?)?, two_digits(digits.get(2..)?)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(Some(sign * (hours * 3600 + minutes * 60)))
}

fn two_digits(text: &str) -> Option<i64> {
    let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// The text of a day or moment of a card.
pub fn date_text(seconds: i64, day_only: bool, zoned: bool) -> Option<String> {
    let moment: NaiveDateTime = DateTime::from_timestamp(seconds, 0)?.naive_utc();
    Some(match (day_only, zoned) {
        (true, _) => moment.format("%Y-%m-%d").to_string(),
        (false, false) => moment.format("%Y-%m-%dT%H:%M:%S").to_string(),
        (false, true) => moment.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Cell {
        Cell::read(text.as_bytes())
    }

    #[test]
    fn each_text_has_its_narrowest_type() {
        assert_eq!(read(" 42 "), Cell::Int(42));
        assert_eq!(read("-7"), Cell::Int(-7));
        assert_eq!(read("+7"), Cell::Int(7));
        assert_eq!(read("0"), Cell::Int(0));
        assert_eq!(
            read("170141183460469231731687303715884105727"),
            Cell::Int(i128::MAX)
        );
        assert_eq!(read("1e-4"), Cell::Float(1e-4));
        assert_eq!(read(".5"), Cell::Float(0.5));
        assert_eq!(read("-Inf"), Cell::Float(f64::NEG_INFINITY));
        assert_eq!(read("True"), Cell::Bool(true));
        for text in ["", "  ", "NA", "nan", "null", "None", "-1.#IND"] {
            assert_eq!(read(text), Cell::Empty, "{text}");
        }
        for text in [
            "007", "1_000", "0x10", "-", "+", ".", "e5", "1-2", "12,5", "tRue", "nul",
        ] {
            assert_eq!(read(text), Cell::Text, "{text}");
        }
    }

    #[test]
    fn a_decimal_comma_is_one_only_where_it_is_said_to_be() {
        let comma = |text: &str| Cell::read_with(text.as_bytes(), b',');
        assert_eq!(comma("12,5"), Cell::Float(12.5));
        assert_eq!(comma("-0,25"), Cell::Float(-0.25));
        assert_eq!(comma(",5"), Cell::Float(0.5));
        assert_eq!(comma("1,5e3"), Cell::Float(1500.0));
        assert_eq!(comma("12"), Cell::Int(12));
        assert_eq!(comma("31.01.2024"), Cell::Date(1_706_659_200));
        for text in ["1,2,3", "1,234.5", ",", "00,5", "1,x"] {
            assert_eq!(comma(text), Cell::Text, "{text}");
        }
        assert_eq!(read("12,5"), Cell::Text);
    }

    #[test]
    fn dates_and_moments_are_read_to_the_second() {
        let day = 1_706_659_200;
        assert_eq!(read("2024-01-31"), Cell::Date(day));
        assert_eq!(read("31.01.2024"), Cell::Date(day));
        assert_eq!(
            read("2024-01-31 10:00"),
            Cell::Datetime(day + 36_000, false)
        );
        assert_eq!(
            read("2024-01-31T10:00:00.123Z"),
            Cell::Datetime(day + 36_000, true)
        );
        assert_eq!(
            read("2024-01-31T10:00:00+03:00"),
            Cell::Datetime(day + 25_200, true)
        );
        assert_eq!(date_text(day, true, false).unwrap(), "2024-01-31");
        assert_eq!(
            date_text(day + 1, false, true).unwrap(),
            "2024-01-31T00:00:01Z"
        );
        for text in [
            "2024-02-30",
            "01/02/2024",
            "2024-01-31T",
            "2024-01-31 25:00",
            "2024-01-31X10:00",
            "2024-1-31",
            "2024-01-31 10:00+3",
        ] {
            assert_eq!(read(text), Cell::Text, "{text}");
        }
    }
}
