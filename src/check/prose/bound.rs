//! Bound numbers: `<!-- exp:exp_003.roc_auc_val -->0.842<!-- /exp -->`.

use super::written::Written;
use super::{Claim, Kind, Places, Records, Verdict, compare};
use crate::model::{MetricValue, Number};

const OPEN: &str = "<!-- exp:";
const CLOSE: &str = "<!-- /exp -->";

/// A marker and what stands in it.
struct Marker<'a> {
    run: &'a str,
    metric: &'a str,
    /// The text between; `None` when the marker is not closed before the next one.
    body: Option<std::ops::Range<usize>>,
    at: usize,
}

/// Every marker of a text, in order.
fn markers(text: &str) -> Vec<Marker<'_>> {
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find(OPEN) {
        let at = from + found;
        let inside = at + OPEN.len();
        let Some(end) = text[inside..].find("-->") else {
            break;
        };
        from = inside + end + "-->".len();
        let target = text[inside..inside + end].trim();
        if target == "begin" || target == "end" {
            continue;
        }
        let next = text[from..]
            .find(OPEN)
            .map_or(text.len(), |next| from + next);
        let body = text[from..next].find(CLOSE).map(|close| from..from + close);
        let (run, metric) = target.split_once('.').unwrap_or((target, ""));
        all.push(Marker {
            run,
            metric,
            body,
            at,
        });
    }
    all
}

/// The claims of all markers.
pub fn claims(text: &str, records: &dyn Records) -> Vec<Claim> {
    let places = Places::new(text);
    markers(text)
        .iter()
        .map(|marker| {
            let at = marker.body.as_ref().map_or(marker.at, |body| body.start);
            let (line, column) = places.of(at);
            let (written, run, verdict) = judge(text, marker, records);
            Claim {
                run,
                metric: marker.metric.to_owned(),
                written,
                line,
                column,
                kind: Kind::Bound,
                verdict,
            }
        })
        .collect()
}

fn judge(text: &str, marker: &Marker<'_>, records: &dyn Records) -> (Written, String, Verdict) {
    // The number is not looked at when the marker itself is wrong.
    let unreadable = |why: String| {
        (
            Written::none(),
            marker.run.to_owned(),
            Verdict::Unreadable(why),
        )
    };
    match records.run(marker.run) {
        None => unreadable(format!(
            "a number is bound to {}, which is no recorded run",
            marker.run
        )),
        Some(run) => {
            let number = run.metrics.get(marker.metric).and_then(MetricValue::number);
            match (number, &marker.body) {
                (None, _) => unreadable(format!("{} has no metric {}", run.id(), marker.metric)),
                (_, None) => unreadable(format!(
                    "the marker of {}.{} is not closed",
                    marker.run, marker.metric
                )),
                (Some(_), Some(body)) => match Written::parse(&text[body.clone()]) {
                    None => unreadable(format!("`{}` is no number", text[body.clone()].trim())),
                    Some(written) => {
                        let names = [marker.metric.to_owned()];
                        let loose = compare(run, &names, written.clone(), body.start, Kind::Bound);
                        let verdict = loose.map_or(Verdict::Matches, |loose| loose.verdict);
                        (written, run.id().to_string(), verdict)
                    }
                },
            }
        }
    }
}

/// A bound number that was rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The run's label in the marker.
    pub run: String,
    /// The metric.
    pub metric: String,
    /// What stood there.
    pub before: String,
    /// What stands there now.
    pub after: String,
    /// The line, from 1.
    pub line: usize,
}

/// Rewrites every bound number that is not the recorded one, in the spelling that it has: decimals,
/// comma, percent. Everything else stays byte for byte; a marker that makes no sense is left alone.
pub fn update(text: &str, lookup: &dyn Fn(&str, &str) -> Option<Number>) -> (String, Vec<Change>) {
    let places = Places::new(text);
    let mut new = String::with_capacity(text.len());
    let mut changes = Vec::new();
    let mut copied = 0;
    for marker in markers(text) {
        let (Some(body), Some(number)) = (marker.body, lookup(marker.run, marker.metric)) else {
            continue;
        };
        let before = &text[body.clone()];
        let after = match Written::parse(before) {
            Some(written) if written.matches(&number) => continue,
            Some(written) => before.replace(before.trim(), &written.like(&number)),
            None => crate::ui::number::metric(&number),
        };
        new.push_str(&text[copied..body.start]);
        new.push_str(&after);
        copied = body.end;
        changes.push(Change {
            run: marker.run.to_owned(),
            metric: marker.metric.to_owned(),
            before: before.trim().to_owned(),
            after: after.trim().to_owned(),
            line: places.of(body.start).0,
        });
    }
    new.push_str(&text[copied..]);
    (new, changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(run: &str, metric: &str) -> Option<Number> {
        let value = match (run, metric) {
            ("exp_003", "auc") => "0.842",
            ("exp_003", "val.loss") => "1.25e-7",
            _ => return None,
        };
        Number::parse(value)
    }

    #[test]
    fn only_wrong_numbers_are_rewritten_in_their_own_spelling() {
        let text = "a <!-- exp:exp_003.auc -->0.83<!-- /exp --> b\r\n\
                    <!-- exp:exp_003.auc -->84,2 %<!-- /exp -->\n\
                    <!-- exp:exp_003.auc -->0,830<!-- /exp -->\n\
                    <!-- exp:exp_003.auc -->TODO<!-- /exp -->\n\
                    <!-- exp:exp_099.auc -->0.1<!-- /exp -->\n\
                    <!-- exp:exp_003.auc -->0.1 never closed\n";
        let (new, changes) = update(text, &lookup);
        assert_eq!(
            new,
            "a <!-- exp:exp_003.auc -->0.84<!-- /exp --> b\r\n\
             <!-- exp:exp_003.auc -->84,2 %<!-- /exp -->\n\
             <!-- exp:exp_003.auc -->0,842<!-- /exp -->\n\
             <!-- exp:exp_003.auc -->0.842<!-- /exp -->\n\
             <!-- exp:exp_099.auc -->0.1<!-- /exp -->\n\
             <!-- exp:exp_003.auc -->0.1 never closed\n"
        );
        let lines: Vec<usize> = changes.iter().map(|change| change.line).collect();
        assert_eq!(lines, [1, 3, 4]);
        assert_eq!(
            update(&new, &lookup).0,
            new,
            "a second time changes nothing"
        );
    }

    #[test]
    fn metric_names_may_hold_dots_and_generated_parts_are_no_markers() {
        let found = markers(
            "<!-- exp:begin --> <!-- exp:exp_003.val.loss -->1<!-- /exp --><!-- exp:end -->",
        );
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].run, found[0].metric), ("exp_003", "val.loss"));
    }
}
