//! Numbers in Markdown that are bound to the record they came from:
//! `<!-- exp:exp_003.roc_auc_val -->0.842<!-- /exp -->`.

use std::fmt::Write;

use crate::model::Number;
use crate::ui::number;

/// What comes before the run's label.
pub const OPEN: &str = "<!-- exp:";
/// What comes after the number.
pub const CLOSE: &str = "<!-- /exp -->";

/// Writes a number with its binding.
pub fn bind(run: &str, metric: &str, value: &Number) -> String {
    bind_text(run, metric, &number::metric(value))
}

/// Writes two numbers of a metric so that they can be told apart if they differ: to the last digit
/// where the usual ones agree.
pub fn bind_pair(metric: &str, a: (&str, &Number), b: (&str, &Number)) -> [String; 2] {
    let exact = number::metric(a.1) == number::metric(b.1) && !a.1.same_value(b.1);
    [a, b].map(|(run, value)| match exact {
        true => bind_text(run, metric, value.as_str()),
        false => bind(run, metric, value),
    })
}

fn bind_text(run: &str, metric: &str, text: &str) -> String {
    format!("{OPEN}{run}.{} -->{text}{CLOSE}", encoded(metric))
}

/// A metric's name as it may stand in an HTML comment in a table: what could end the comment or the
/// cell is written like `%2D` in a URL.
fn encoded(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        let ends_comment = c == '-' && text.ends_with(['-', '!']);
        if matches!(c, '%' | '<' | '>' | '|') || c.is_control() || c.is_whitespace() || ends_comment
        {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                // Writing to a string can't fail.
                let _ = write!(text, "%{byte:02X}");
            }
        } else {
            text.push(c);
        }
    }
    text
}

/// The name that [`bind`] wrote.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let byte = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A bound number as it stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound<'t> {
    /// The run's label as written.
    pub run: &'t str,
    /// The metric's name.
    pub metric: String,
    /// The number as written.
    pub text: &'t str,
    /// Where the number stands, in bytes.
    pub range: std::ops::Range<usize>,
}

/// Finds the bound numbers of a text. What has no end, or no run and metric, is not one.
pub fn find(text: &str) -> Vec<Bound<'_>> {
    let mut found = Vec::new();
    for (start, _) in text.match_indices(OPEN) {
        let Some(head) = text[start + OPEN.len()..].split_once("-->") else {
            continue;
        };
        let Some((run, metric)) = head.0.trim().split_once('.') else {
            continue;
        };
        let from = start + OPEN.len() + head.0.len() + "-->".len();
        let Some((number, _)) = head.1.split_once(CLOSE) else {
            continue;
        };
        if number.contains("<!--") || number.contains('\n') {
            continue;
        }
        found.push(Bound {
            run,
            metric: decoded(metric),
            text: number,
            range: from..from + number.len(),
        });
    }
    found
}

/// The text that should stand for a value where `written` stands now: `written` itself when it is
/// the value rounded to its own digits, else the value in the same style.
pub fn corrected(written: &str, value: &Number) -> String {
    let plain = written.trim();
    let percent = plain.ends_with('%');
    let comma = plain.contains(',');
    let digits = plain
        .trim_end_matches('%')
        .trim_end()
        .replace(',', ".")
        .replace('−', "-");
    let decimals = digits
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len());
    let scale = if percent { 100.0 } else { 1.0 };
    let styled = |decimals: usize| {
        let number = format!("{:.decimals$}", value.as_f64() * scale);
        let number = if comma {
            number.replace('.', ",")
        } else {
            number
        };
        let space = if plain.contains(" %") { " " } else { "" };
        if percent {
            format!("{number}{space}%")
        } else {
            number
        }
    };
    let is_number = digits.parse::<f64>().is_ok() && !digits.contains(['e', 'E']);
    if !value.is_finite() || !is_number {
        let right = number::metric(value);
        return if plain == right {
            written.to_owned()
        } else {
            right
        };
    }
    let rounded = styled(decimals);
    let same = rounded.trim_start_matches('-') == plain.trim_start_matches(['-', '−'])
        && plain.starts_with(['-', '−']) == rounded.starts_with('-');
    if same || value.as_str() == plain {
        written.to_owned()
    } else if decimals == 0 && !percent && !value.is_integer() {
        number::metric(value)
    } else {
        rounded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn two_numbers_that_differ_are_written_so() {
        let pair = |a, b| {
            let (a, b) = (n(a), n(b));
            bind_pair("auc", ("exp_001", &a), ("exp_002", &b)).join(" ")
        };
        assert_eq!(
            pair("0.760356", "0.760418"),
            "<!-- exp:exp_001.auc -->0.760356<!-- /exp --> <!-- exp:exp_002.auc -->0.760418<!-- /exp -->"
        );
        assert!(pair("0.840001", "0.81").contains("-->0.8400<!--"));
    }

    #[test]
    fn what_is_bound_is_found_again() {
        for metric in [
            "roc_auc_val",
            "val/acc.top1",
            "точность",
            "a-->b<script>",
            "x--!>",
            "p|q",
            "50%2D",
            "a b",
        ] {
            let text = format!("| {} |", bind("exp_003", metric, &n("0.842")));
            let found = find(&text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(
                (found[0].run, found[0].metric.as_str(), found[0].text),
                ("exp_003", metric, "0.842")
            );
            assert_eq!(text.matches("-->").count(), 2, "{text}");
            assert_eq!(&text[found[0].range.clone()], "0.842");
        }
    }

    #[test]
    fn section_markers_and_torn_bindings_are_not_numbers() {
        for text in [
            "<!-- exp:begin table -->",
            "<!-- exp:exp_003.auc -->0.8",
            "<!-- exp:exp_003.auc",
            "<!-- exp:x.y -->1\n2<!-- /exp -->",
        ] {
            assert!(find(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_true_number_keeps_its_spelling_and_a_false_one_its_style() {
        let value = n("0.84217");
        for right in [
            "0.842", "0.84", "0,842", "84 %", "84.2%", "0.84217", "84,2 %",
        ] {
            assert_eq!(corrected(right, &value), right);
        }
        assert_eq!(corrected("0.83", &value), "0.84");
        assert_eq!(corrected("0,830", &value), "0,842");
        assert_eq!(corrected("83 %", &value), "84 %");
        assert_eq!(corrected("?", &value), "0.8422");
        assert_eq!(corrected("2", &value), "0.8422");
        assert_eq!(corrected("-0.84", &value), "0.84");
        assert_eq!(corrected("−0.84", &n("-0.84")), "−0.84");
        assert_eq!(corrected("0.5", &n("nan")), "NaN");
        assert_eq!(corrected("12", &n("12")), "12");
    }
}
