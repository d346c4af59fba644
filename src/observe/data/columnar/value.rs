//! What a value is, and how it is spelled.

use std::io::Write;

use chrono::{DateTime, Datelike, Timelike};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::schema::types::ColumnDescriptor;

use crate::model::card::ColumnType;
use crate::observe::data::cell::Cell;
use crate::observe::data::rows::string_cell;

/// What the values of a column stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What they are stored as.
    Plain,
    /// Integers that are never negative.
    Unsigned,
    /// Decimal numbers with so many digits after the point.
    Decimal(usize),
    /// Days since 1970.
    Date,
    /// Parts of a second since midnight, so many to a second.
    Time(i64),
    /// The same since 1970, and whether that is meant in UTC.
    Moment(i64, bool),
    /// Numbers of 16 bits.
    Half,
    /// Sixteen bytes that are a name.
    Uuid,
}

const DAY: i64 = 86_400;
/// The day 1970-01-01 in the count of [`Int96`].
const JULIAN_1970: i64 = 2_440_588;

impl Kind {
    /// What the schema says, in its newer or in its older words.
    pub fn of(column: &ColumnDescriptor) -> Self {
        let scale = |scale: i32| usize::try_from(scale).unwrap_or(0);
        let parts = |unit: &TimeUnit| match unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        };
        match column.logical_type_ref() {
            Some(LogicalType::Integer(int)) if !int.is_signed => Self::Unsigned,
            Some(LogicalType::Decimal(decimal)) => Self::Decimal(scale(decimal.scale)),
            Some(LogicalType::Date) => Self::Date,
            Some(LogicalType::Time(time)) => Self::Time(parts(&time.unit)),
            Some(LogicalType::Timestamp(time)) => {
                Self::Moment(parts(&time.unit), time.is_adjusted_to_u_t_c)
            }
            Some(LogicalType::Float16) => Self::Half,
            Some(LogicalType::Uuid) => Self::Uuid,
            Some(_) => Self::Plain,
            None => match column.converted_type() {
                ConvertedType::DECIMAL => Self::Decimal(scale(column.type_scale())),
                ConvertedType::DATE => Self::Date,
                ConvertedType::TIME_MILLIS => Self::Time(1_000),
                ConvertedType::TIME_MICROS => Self::Time(1_000_000),
                ConvertedType::TIMESTAMP_MILLIS => Self::Moment(1_000, true),
                ConvertedType::TIMESTAMP_MICROS => Self::Moment(1_000_000, true),
                ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64 => Self::Unsigned,
                _ => Self::Plain,
            },
        }
    }
}

/// The type that a column has by its schema, whatever its values.
pub fn declared(column: &ColumnDescriptor) -> ColumnType {
    if column.max_rep_level() > 0 {
        return ColumnType::Text;
    }
    match (Kind::of(column), column.physical_type()) {
        // What pandas makes of a column of nothing but `None`.
        _ if column.logical_type_ref() == Some(&LogicalType::Unknown) => ColumnType::Empty,
        (Kind::Unsigned | Kind::Decimal(0), _) => ColumnType::Int,
        (Kind::Decimal(_) | Kind::Half, _) => ColumnType::Float,
        (Kind::Date, _) => ColumnType::Date,
        (Kind::Moment(..), _) | (Kind::Plain, Type::INT96) => ColumnType::Datetime,
        (Kind::Time(_) | Kind::Uuid, _) => ColumnType::Text,
        (Kind::Plain, Type::BOOLEAN) => ColumnType::Bool,
        (Kind::Plain, Type::INT32 | Type::INT64) => ColumnType::Int,
        (Kind::Plain, Type::FLOAT | Type::DOUBLE) => ColumnType::Float,
        (Kind::Plain, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY) => ColumnType::Text,
    }
}

/// A stored value that can be told.
pub trait Tell {
    /// Writes its spelling, and says what it is. What is no value is spelled by nothing.
    fn tell(&self, kind: Kind, text: &mut Vec<u8>) -> Cell;
}

impl Tell for bool {
    fn tell(&self, _: Kind, text: &mut Vec<u8>) -> Cell {
        text.extend_from_slice(if *self { b"True" } else { b"False" });
        Cell::Bool(*self)
    }
}

impl Tell for i32 {
    fn tell(&self, kind: Kind, text: &mut Vec<u8>) -> Cell {
        match kind {
            Kind::Unsigned => integer(self.cast_unsigned().into(), text),
            _ => i64::from(*self).tell(kind, text),
        }
    }
}

impl Tell for i64 {
    fn tell(&self, kind: Kind, text: &mut Vec<u8>) -> Cell {
        match kind {
            Kind::Unsigned => integer(self.cast_unsigned().into(), text),
            Kind::Decimal(scale) => decimal((*self).into(), scale, text),
            Kind::Date => day(*self, text),
            Kind::Time(parts) => time(*self, parts, text),
            Kind::Moment(parts, zoned) => {
                let fraction = self.rem_euclid(parts) * (1_000_000_000 / parts);
                moment(self.div_euclid(parts), fraction, zoned, text)
            }
            Kind::Plain | Kind::Half | Kind::Uuid => integer((*self).into(), text),
        }
    }
}

/// An older way to say a moment.
impl Tell for Int96 {
    fn tell(&self, _: Kind, text: &mut Vec<u8>) -> Cell {
        let [low, high, days] = *self.data() else {
            return Cell::Empty;
        };
        let nanos = i64::from(high) << 32 | i64::from(low);
        let seconds = (i64::from(days) - JULIAN_1970) * DAY + nanos.div_euclid(1_000_000_000);
        moment(seconds, nanos.rem_euclid(1_000_000_000), false, text)
    }
}

impl Tell for f32 {
    /// By its shortest spelling, so that 0.1 is what it is in a CSV file.
    fn tell(&self, _: Kind, text: &mut Vec<u8>) -> Cell {
        if self.is_nan() {
            return Cell::Empty;
        }
        let start = text.len();
        write(text, format_args!("{self:?}"));
        exponent(start, text);
        let shortest = std::str::from_utf8(&text[start..]).ok();
        let value = shortest.and_then(|text| text.parse().ok());
        Cell::Float(value.unwrap_or(f64::from(*self)))
    }
}

impl Tell for f64 {
    fn tell(&self, _: Kind, text: &mut Vec<u8>) -> Cell {
        if self.is_nan() {
            return Cell::Empty;
        }
        let start = text.len();
        write(text, format_args!("{self:?}"));
        exponent(start, text);
        Cell::Float(*self)
    }
}

impl Tell for ByteArray {
    fn tell(&self, kind: Kind, text: &mut Vec<u8>) -> Cell {
        bytes(self.data(), kind, text)
    }
}

impl Tell for FixedLenByteArray {
    fn tell(&self, kind: Kind, text: &mut Vec<u8>) -> Cell {
        bytes(self.data(), kind, text)
    }
}

fn bytes(bytes: &[u8], kind: Kind, text: &mut Vec<u8>) -> Cell {
    match (kind, bytes) {
        (Kind::Decimal(scale), [first, ..]) if bytes.len() <= 16 => {
            let sign = if *first < 128 { 0 } else { -1 };
            let value = bytes.iter().fold(sign, |n, b| n << 8 | i128::from(*b));
            decimal(value, scale, text)
        }
        (Kind::Decimal(scale), [_, ..]) => long_decimal(bytes, scale, text),
        (Kind::Half, [low, high]) => {
            let value = half(u16::from_le_bytes([*low, *high]));
            f64::from(value).tell(kind, text)
        }
        (Kind::Uuid, _) if bytes.len() == 16 => {
            for (index, byte) in bytes.iter().enumerate() {
                let dash = if matches!(index, 4 | 6 | 8 | 10) {
                    "-"
                } else {
                    ""
                };
                write(text, format_args!("{dash}{byte:02x}"));
            }
            Cell::Text
        }
        _ => {
            text.extend_from_slice(bytes);
            string_cell(bytes)
        }
    }
}

fn write(text: &mut Vec<u8>, what: std::fmt::Arguments) {
    // Memory takes all that is written.
    let _ = text.write_fmt(what);
}

fn integer(value: i128, text: &mut Vec<u8>) -> Cell {
    write(text, format_args!("{value}"));
    Cell::Int(value)
}

/// Makes `1e-7` and `1e20` of Rust the `1e-07` and `1e+20` of Python.
fn exponent(start: usize, text: &mut Vec<u8>) {
    let Some(e) = text[start..].iter().position(|&byte| byte == b'e') else {
        return;
    };
    let digits = text.split_off(start + e + 1);
    let (sign, digits) = match digits.split_first() {
        Some((b'-', digits)) => ('-', digits),
        _ => ('+', &digits[..]),
    };
    let digits = String::from_utf8_lossy(digits);
    write(text, format_args!("{sign}{digits:0>2}"));
}

fn decimal(value: i128, scale: usize, text: &mut Vec<u8>) -> Cell {
    if scale == 0 {
        return integer(value, text);
    }
    point(value < 0, &value.unsigned_abs().to_string(), scale, text)
}

/// Of more than 16 bytes, most significant first, in two's complement.
fn long_decimal(bytes: &[u8], scale: usize, text: &mut Vec<u8>) -> Cell {
    const PART: u64 = 1_000_000_000;
    let negative = bytes[0] >= 128;
    // Nine digits each, the least significant first.
    let mut parts: Vec<u64> = Vec::new();
    let mut add = |factor: u64, mut carry: u64| {
        for part in &mut parts {
            carry += *part * factor;
            (*part, carry) = (carry % PART, carry / PART);
        }
        if carry > 0 {
            parts.push(carry);
        }
    };
    for byte in bytes {
        add(256, (if negative { !byte } else { *byte }).into());
    }
    add(1, negative.into());
    let digits: String = parts
        .iter()
        .rev()
        .map(|part| format!("{part:09}"))
        .collect();
    point(negative, digits.trim_start_matches('0'), scale, text)
}

fn point(negative: bool, digits: &str, scale: usize, text: &mut Vec<u8>) -> Cell {
    let start = text.len();
    let sign = if negative { "-" } else { "" };
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let point = if scale > 0 { "." } else { "" };
    write(text, format_args!("{sign}{whole}{point}{fraction}"));
    Cell::read(&text[start..])
}

fn day(days: i64, text: &mut Vec<u8>) -> Cell {
    let seconds = days.saturating_mul(DAY);
    match DateTime::from_timestamp(seconds, 0) {
        Some(at) => {
            write(text, format_args!("{}", at.date_naive()));
            Cell::Date(seconds)
        }
        None => integer(days.into(), text),
    }
}

fn time(value: i64, parts: i64, text: &mut Vec<u8>) -> Cell {
    let (seconds, part) = (value.div_euclid(parts), value.rem_euclid(parts));
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    write(
        text,
        format_args!("{hours:02}:{minutes:02}:{:02}", seconds % 60),
    );
    fraction(part * (1_000_000_000 / parts), text);
    Cell::Text
}

fn moment(seconds: i64, nanos: i64, zoned: bool, text: &mut Vec<u8>) -> Cell {
    let Some(at) = DateTime::from_timestamp(seconds, 0) else {
        return integer(seconds.into(), text);
    };
    let (year, month, day) = (at.year(), at.month(), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    write(
        text,
        format_args!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
    );
    fraction(nanos, text);
    if zoned {
        text.extend_from_slice(b"+00:00");
    }
    Cell::Datetime(seconds, zoned)
}

/// As Python spells it: six digits, or nine where they are needed.
fn fraction(nanos: i64, text: &mut Vec<u8>) {
    match nanos {
        0 => {}
        _ if nanos % 1000 == 0 => write(text, format_args!(".{:06}", nanos / 1000)),
        _ => write(text, format_args!(".{nanos:09}")),
    }
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2_f32.powi(exponent - 15),
    }
}
