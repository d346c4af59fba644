//! Numbers as people read them.

use crate::model::Number;
use crate::model::repeats::Scatter;
use crate::settings::Lang;

/// A metric: short numbers as they were written, long ones to four significant digits.
pub fn metric(number: &Number) -> String {
    let value = number.as_f64();
    if !value.is_finite() {
        return match number.as_str() {
            "nan" => "NaN".to_owned(),
            text => text.to_owned(),
        };
    }
    let text = number.as_str();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if number.is_integer() || (digits <= 5 && !text.contains(['e', 'E'])) {
        return text.to_owned();
    }
    significant(value, 4)
}

/// A mean with its standard deviation: `0.848 ± 0.003 (n=3)`; a plain metric without one.
pub fn mean(number: &Number, scatter: Option<Scatter>) -> String {
    match scatter {
        Some(Scatter { sd, n }) => format!("{} (n={n})", with_deviation(number, sd, "±")),
        None => metric(number),
    }
}

/// `0.848 ± 0.003`
pub fn with_deviation(number: &Number, sd: f64, plus_minus: &str) -> String {
    format!("{} {plus_minus} {}", metric(number), deviation(sd))
}

/// A standard deviation to one significant digit, or two where the first is a 1.
pub fn deviation(sd: f64) -> String {
    let one = significant(sd, 1);
    let first = one.bytes().find(|b| matches!(b, b'1'..=b'9'));
    if first == Some(b'1') {
        significant(sd, 2)
    } else {
        one
    }
}

/// A difference with its sign, to as many decimals as the more exact of the two values has (at most
/// six): `+0.017`.
pub fn signed(difference: f64, a: &Number, b: &Number) -> String {
    if !difference.is_finite() {
        return "?".to_owned();
    }
    let decimals = |n: &Number| {
        let shown = metric(n);
        if shown.contains('e') {
            6
        } else {
            shown.split_once('.').map_or(0, |(_, d)| d.len())
        }
    };
    let digits = decimals(a).max(decimals(b)).min(6);
    let text = format!("{difference:+.digits$}");
    // A difference that rounds to nothing is shown with the digits that it has.
    if difference != 0.0 && text.bytes().all(|b| !matches!(b, b'1'..=b'9')) {
        let sign = if difference > 0.0 { "+" } else { "" };
        return format!("{sign}{}", significant(difference, 2));
    }
    text
}

/// A value to so many significant digits, without exponent where that stays readable.
pub fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let magnitude = value.abs().log10().floor();
    if !(-5.0..15.0).contains(&magnitude) {
        return format!("{value:.*e}", digits.saturating_sub(1));
    }
    // `magnitude` lies within ±15 here, so the conversion is exact.
    #[allow(clippy::cast_possible_truncation)]
    let decimals = (digits as i64 - 1 - magnitude as i64).clamp(0, 20);
    format!("{value:.*}", usize::try_from(decimals).unwrap_or(0))
}

/// A size in bytes: `512 B`, `1.4 MiB`.
pub fn bytes(count: u64) -> String {
    bytes_in(count, Lang::En)
}

/// A size with the units of a language.
pub fn bytes_in(count: u64, lang: Lang) -> String {
    let units = match lang {
        Lang::En => ["B", "KiB", "MiB", "GiB", "TiB", "PiB"],
        Lang::Ru => ["Б", "КиБ", "МиБ", "ГиБ", "ТиБ", "ПиБ"],
    };
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{count} {}", units[0])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// A count with thin separation by thousands: `10,412`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration: `38 s`, `4.2 s`, `12 min`, `3 h 05 min`.
pub fn duration(seconds: f64) -> String {
    duration_in(seconds, Lang::En)
}

/// A duration with the units of a language.
pub fn duration_in(seconds: f64, lang: Lang) -> String {
    let [s, min, h] = match lang {
        Lang::En => ["s", "min", "h"],
        Lang::Ru => ["с", "мин", "ч"],
    };
    if seconds < 9.95 {
        return format!("{seconds:.1} {s}");
    }
    let whole = seconds.round();
    if whole < 120.0 {
        format!("{whole:.0} {s}")
    } else if whole < 3600.0 {
        format!("{:.0} {min}", whole / 60.0)
    } else {
        format!(
            "{:.0} {h} {:02.0} {min}",
            (whole / 3600.0).floor(),
            (whole % 3600.0) / 60.0
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_short_but_true() {
        let show = |text| metric(&Number::parse(text).unwrap());
        assert_eq!(show("0.842"), "0.842");
        assert_eq!(show("0.84215678901"), "0.8422");
        assert_eq!(show("123456789"), "123456789");
        assert_eq!(show("1.5e-12"), "1.500e-12");
        assert_eq!(show("nan"), "NaN");
    }

    #[test]
    fn sizes_counts_and_durations() {
        assert_eq!(bytes(1_468_006), "1.4 MiB");
        assert_eq!(count(10_412), "10,412");
        assert_eq!(duration(45.3), "45 s");
        assert_eq!(duration(11_100.0), "3 h 05 min");
        assert_eq!(duration_in(11_100.0, Lang::Ru), "3 ч 05 мин");
        assert_eq!(bytes_in(1_468_006, Lang::Ru), "1.4 МиБ");
    }
}
