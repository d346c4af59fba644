//! What PyYAML takes a plain scalar for.
//!
//! YAML 1.1 as PyYAML narrows it, not YAML 1.2: training scripts read their configuration with
//! PyYAML, where `1e-4` is text, `yes` is true, `012` is ten and `1:30` is ninety.
//! `fixtures/configs/expected_by_python.py` holds this against the real one.

use crate::model::param::ParamKind;

/// The type of a plain (unquoted, untagged) scalar.
pub(super) fn resolve(text: &str) -> ParamKind {
    if is_null(text) {
        ParamKind::Null
    } else if is_bool(text) {
        ParamKind::Bool
    } else if is_float(text) {
        ParamKind::Float
    } else if is_int(text) {
        ParamKind::Int
    } else if is_timestamp(text) {
        ParamKind::Date
    } else {
        ParamKind::Str
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// `y` and `n` alone are text to PyYAML, though YAML 1.1 lists them.
fn is_bool(text: &str) -> bool {
    matches!(
        text,
        "yes"
            | "Yes"
            | "YES"
            | "no"
            | "No"
            | "NO"
            | "true"
            | "True"
            | "TRUE"
            | "false"
            | "False"
            | "FALSE"
            | "on"
            | "On"
            | "ON"
            | "off"
            | "Off"
            | "OFF"
    )
}

fn is_int(text: &str) -> bool {
    let body = unsigned(text);
    if let Some(digits) = body.strip_prefix("0b") {
        return all(digits, |b| matches!(b, b'0' | b'1' | b'_'));
    }
    if let Some(digits) = body.strip_prefix("0x") {
        return all(digits, |b| b.is_ascii_hexdigit() || b == b'_');
    }
    if let Some(digits) = body.strip_prefix('0') {
        return digits.is_empty() || all(digits, |b| matches!(b, b'0'..=b'7' | b'_'));
    }
    let (head, tail) = match body.split_once(':') {
        Some((head, tail)) => (head, Some(tail)),
        None => (body, None),
    };
    is_grouped(head) && tail.is_none_or(|tail| tail.split(':').all(is_sixtieth))
}

fn is_float(text: &str) -> bool {
    let body = unsigned(text);
    if matches!(body, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let Some((whole, rest)) = body.split_once('.') else {
        return false;
    };
    if whole.contains(':') {
        // Sexagesimal: `1:30.5`. It has no exponent.
        let mut parts = whole.split(':');
        return parts.next().is_some_and(is_grouped)
            && parts.all(is_sixtieth)
            && rest.bytes().all(is_digit_or_underscore);
    }
    let (fraction, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    // The sign of the exponent is not optional: `1.0e5` is text.
    let exponent_ok = exponent.is_none_or(|e| {
        e.strip_prefix(['+', '-'])
            .is_some_and(|digits| all(digits, |b| b.is_ascii_digit()))
    });
    let mantissa_ok = if whole.is_empty() {
        // `.5` is a number, but `-.5` is text.
        body.len() == text.len() && is_grouped(fraction)
    } else {
        is_grouped(whole) && fraction.bytes().all(is_digit_or_underscore)
    };
    mantissa_ok && exponent_ok
}

/// `2025-10-12`, or a date and a time with optional fraction and zone.
fn is_timestamp(text: &str) -> bool {
    let after_year = digits(text, 4, 4).and_then(|rest| rest.strip_prefix('-'));
    match after_year.and_then(month_and_day) {
        // A date alone needs both digits of the month and the day.
        Some(("", short)) => !short,
        Some((rest, _)) => time(rest).is_some(),
        None => false,
    }
}

/// What follows the month and the day, and whether either had one digit.
fn month_and_day(rest: &str) -> Option<(&str, bool)> {
    let after_month = digits(rest, 1, 2)?;
    let day = after_month.strip_prefix('-')?;
    let after_day = digits(day, 1, 2)?;
    let short = rest.len() - after_month.len() == 1 || day.len() - after_day.len() == 1;
    Some((after_day, short))
}

fn time(rest: &str) -> Option<()> {
    let rest = match rest.strip_prefix(['T', 't']) {
        Some(rest) => rest,
        None => {
            let trimmed = rest.trim_start_matches([' ', '\t']);
            if trimmed.len() == rest.len() {
                return None;
            }
            trimmed
        }
    };
    let rest = digits(rest, 1, 2)?.strip_prefix(':')?;
    let rest = digits(rest, 2, 2)?.strip_prefix(':')?;
    let rest = digits(rest, 2, 2)?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    if rest.is_empty() {
        return Some(());
    }
    zone(rest.trim_start_matches([' ', '\t']))
}

fn zone(text: &str) -> Option<()> {
    if text == "Z" {
        return Some(());
    }
    let rest = digits(text.strip_prefix(['+', '-'])?, 1, 2)?;
    if rest.is_empty() {
        return Some(());
    }
    digits(rest.strip_prefix(':')?, 2, 2)?
        .is_empty()
        .then_some(())
}

/// Skips between `least` and `most` digits, as many as there are.
fn digits(text: &str, least: usize, most: usize) -> Option<&str> {
    let count = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    (count >= least).then(|| &text[count..])
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn all(text: &str, ok: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(ok)
}

fn is_digit_or_underscore(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

/// A digit, then digits and underscores. An int may not begin with 0 here, and never does.
fn is_grouped(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(is_digit_or_underscore)
}

/// `0` to `59`, with or without a leading zero.
fn is_sixtieth(text: &str) -> bool {
    matches!(text.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])
}
