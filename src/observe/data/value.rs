//! The hash of a value, by which values, columns and rows are compared.

use twox_hash::XxHash3_64;

use super::cell::Cell;

/// The hash of a value, whatever its spelling: XXH3-64 of a text's UTF-8, or of a number, a truth
/// value or a moment in the form below, seeded with its kind. No value is 0.
pub fn value_hash(cell: Cell, text: &[u8]) -> u64 {
    match cell {
        Cell::Empty => 0,
        Cell::Int(value) => integer(value),
        // Integers beyond this are not all doubles.
        Cell::Float(value) if value.fract() == 0.0 && value.abs() < 9.0e15 =>
        {
            #[allow(clippy::cast_possible_truncation)]
            integer(value as i128)
        }
        Cell::Float(value) => tagged(2, &value.to_bits().to_le_bytes()),
        Cell::Bool(value) => tagged(3, &[u8::from(value)]),
        Cell::Date(seconds) => tagged(4, &seconds.to_le_bytes()),
        Cell::Datetime(seconds, zoned) => moment(seconds, zoned, fraction(text)),
        Cell::Text => XxHash3_64::oneshot(text),
    }
}

/// The same moment however it is spelled; midnight of no zone is its day.
fn moment(seconds: i64, zoned: bool, fraction: &[u8]) -> u64 {
    if !zoned && fraction.is_empty() && seconds.rem_euclid(86_400) == 0 {
        return tagged(4, &seconds.to_le_bytes());
    }
    let whole = tagged(5, &seconds.to_le_bytes()).wrapping_add(u64::from(zoned));
    tagged(whole, fraction)
}

/// The digits of a fraction of a second, which are in the text only, without needless zeros.
fn fraction(text: &[u8]) -> &[u8] {
    // After the points of `31.01.2024` and before the colon of `+03:00`.
    let after = match text.iter().position(|&byte| byte == b':') {
        Some(colon) => &text[colon..],
        None => return &[],
    };
    let Some(point) = after.iter().position(|&byte| byte == b'.') else {
        return &[];
    };
    let digits = after[point + 1..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let digits = &after[point + 1..point + 1 + digits];
    let zeros = digits
        .iter()
        .rev()
        .take_while(|&&byte| byte == b'0')
        .count();
    &digits[..digits.len() - zeros]
}

fn integer(value: i128) -> u64 {
    tagged(1, &value.to_le_bytes())
}

/// Hashes bytes apart from equal ones of another kind.
pub fn tagged(tag: u64, bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(tag, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> u64 {
        let bytes = text.as_bytes();
        value_hash(Cell::read(bytes), bytes)
    }

    #[test]
    fn a_value_is_the_same_however_it_is_spelled() {
        for same in [
            &["1", "+1", "1.0", "1e0"][..],
            &["True", "true"],
            &[
                "2024-01-31",
                "31.01.2024",
                "2024-01-31 00:00",
                "2024-01-31T00:00:00.000",
            ],
            &["2024-01-31 10:00:00.5", "31.01.2024 10:00:00.500"],
            &["2024-01-31T10:00:00.5+03:00", "2024-01-31 07:00:00.50Z"],
        ] {
            assert!(
                same.iter().all(|text| hash(text) == hash(same[0])),
                "{same:?}"
            );
        }
        let all = [
            "1",
            "1.5",
            "True",
            "2024-01-31",
            "2024-01-31Z",
            "2024-01-31 00:00Z",
        ];
        let fine = [
            "2024-01-31 00:00:00.5",
            "2024-01-31 00:00:00.05",
            "2024-01-31 00:00:05",
        ];
        let hashes: std::collections::HashSet<u64> =
            all.iter().chain(&fine).map(|text| hash(text)).collect();
        assert_eq!(hashes.len(), all.len() + fine.len());
    }
}
