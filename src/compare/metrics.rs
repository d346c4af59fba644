//! Metrics side by side: which way is better, whether the yardstick allows the question, and noise.

use std::collections::BTreeSet;

use super::axes::eval::EvalAxis;
use super::axis::State;
use super::noise::{Noise, Repeats};
use super::rules::Rules;
use super::verdict::Metrics;
use crate::model::metric::{Goal, Yardstick};
use crate::model::{MetricValue, Number, Run};

/// One metric in both runs.
#[derive(Clone, Debug)]
pub struct MetricRow {
    /// Its name.
    pub name: String,
    /// Which way is better; `None` when nobody said and the name doesn't tell.
    pub goal: Option<Goal>,
    /// Whether choices are made by it.
    pub primary: bool,
    /// What it was measured on.
    pub role: Yardstick,
    /// Whether both values were measured with the same yardstick.
    pub yardstick: State,
    /// The value in the first run.
    pub a: Option<MetricValue>,
    /// The value in the second run.
    pub b: Option<MetricValue>,
    /// Second minus first, for finite numbers.
    pub delta: Option<Number>,
    /// The delta as a share of the first value; `None` when that is zero.
    pub relative: Option<f64>,
    /// What to make of it.
    pub judgement: Judgement,
    /// How much of the difference may be luck; `None` when there are no repeats.
    pub noise: Option<Noise>,
}

/// What a difference between two values means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The second run is better.
    Better,
    /// The second run is worse.
    Worse,
    /// Equal values.
    Same,
    /// Not judged: times, counts, texts.
    Info,
    /// They differ, and nobody said which way is better.
    Undirected,
    /// Measured with different yardsticks.
    NotComparable,
    /// A value is NaN or infinite: never better.
    NotFinite,
    /// Only the first run has it.
    OnlyA,
    /// Only the second run has it.
    OnlyB,
}

impl Judgement {
    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Same => "same",
            Self::Info => "info",
            Self::Undirected => "unknown-direction",
            Self::NotComparable => "not-comparable",
            Self::NotFinite => "not-finite",
            Self::OnlyA => "only-a",
            Self::OnlyB => "only-b",
        }
    }
}

impl MetricRow {
    /// Whether it is a number that both runs have and that is more than information.
    pub fn is_shared(&self) -> bool {
        let number = |value: &Option<MetricValue>| matches!(value, Some(MetricValue::Number(_)));
        self.goal != Some(Goal::Info) && number(&self.a) && number(&self.b)
    }

    /// Both values as numbers.
    pub fn numbers(&self) -> Option<(&Number, &Number)> {
        Some((self.a.as_ref()?.number()?, self.b.as_ref()?.number()?))
    }
}

/// Puts the metrics of two runs side by side: the primary one first, then its kin on other
/// yardsticks, then the judged, the undirected, and what is only information.
pub fn rows(
    a: &Run,
    b: &Run,
    eval: &EvalAxis,
    rules: &Rules,
    repeats: &Repeats<'_>,
) -> Vec<MetricRow> {
    let names: BTreeSet<&String> = a.metrics.keys().chain(b.metrics.keys()).collect();
    let primary = primary(&names, a, b, rules);
    let mut rows: Vec<MetricRow> = names
        .iter()
        .map(|name| {
            row(
                name,
                primary.as_deref() == Some(name),
                (a, b),
                eval,
                rules,
                repeats,
            )
        })
        .collect();
    let kin = primary.map(|name| stem(&name));
    rows.sort_by_key(|row| {
        let rank = match row.goal {
            _ if row.primary => 0,
            Some(Goal::Max | Goal::Min) if kin.as_ref() == Some(&stem(&row.name)) => 1,
            Some(Goal::Max | Goal::Min) => 2,
            None => 3,
            Some(Goal::Info) => 4,
        };
        let text = !matches!(
            row.a.as_ref().or(row.b.as_ref()),
            Some(MetricValue::Number(_))
        );
        (text, rank, row.role != Yardstick::Val, row.name.clone())
    });
    rows
}

/// The primary metric: what the project says, else the only judged one that is no test metric.
fn primary(names: &BTreeSet<&String>, a: &Run, b: &Run, rules: &Rules) -> Option<String> {
    if let Some(name) = &rules.primary {
        return Some(name.clone());
    }
    let number =
        |run: &Run, name: &str| run.metrics.get(name).is_some_and(|v| v.number().is_some());
    let mut judged = names.iter().filter(|name| {
        matches!(rules.goal(name), Some(Goal::Max | Goal::Min))
            && rules.role(name) == Yardstick::Val
            && (number(a, name) || number(b, name))
    });
    match (judged.next(), judged.next()) {
        (Some(only), None) => Some((**only).clone()),
        _ => None,
    }
}

/// A metric's name without the word for its yardstick: `roc_auc_val` and `roc_auc_test` are kin.
pub fn stem(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| crate::model::metric::yardstick(word).is_none())
        .collect();
    words.join("_")
}

fn row(
    name: &str,
    primary: bool,
    (a, b): (&Run, &Run),
    eval: &EvalAxis,
    rules: &Rules,
    repeats: &Repeats<'_>,
) -> MetricRow {
    let role = rules.role(name);
    let mut row = MetricRow {
        name: name.to_owned(),
        goal: rules.goal(name),
        primary,
        role,
        yardstick: eval.role(role).state,
        a: a.metrics.get(name).cloned(),
        b: b.metrics.get(name).cloned(),
        delta: None,
        relative: None,
        judgement: Judgement::Info,
        noise: None,
    };
    if let Some((x, y)) = row.numbers() {
        let (first, second) = (x.as_f64(), y.as_f64());
        let delta = (first.is_finite() && second.is_finite()).then(|| difference(x, y));
        row.relative = delta
            .as_ref()
            .filter(|_| first != 0.0)
            .map(|d| d.as_f64() / first.abs());
        row.delta = delta;
        let judged = row.goal != Some(Goal::Info) && row.yardstick != State::Changed;
        if judged && row.delta.is_some() {
            row.noise = repeats.noise(name, first, second);
        }
    }
    row.judgement = judge(&row);
    row
}

fn judge(row: &MetricRow) -> Judgement {
    let (a, b) = match (&row.a, &row.b) {
        (Some(a), Some(b)) => (a, b),
        (Some(_), None) => return Judgement::OnlyA,
        _ => return Judgement::OnlyB,
    };
    let (Some(a), Some(b)) = (a.number(), b.number()) else {
        return Judgement::Info;
    };
    if row.goal == Some(Goal::Info) {
        return Judgement::Info;
    }
    if row.yardstick == State::Changed {
        return Judgement::NotComparable;
    }
    if a.same_value(b) {
        return Judgement::Same;
    }
    if !a.is_finite() || !b.is_finite() {
        return Judgement::NotFinite;
    }
    let rose = b.as_f64() > a.as_f64();
    match row.goal {
        Some(Goal::Max) if rose => Judgement::Better,
        Some(Goal::Min) if !rose => Judgement::Better,
        Some(Goal::Max | Goal::Min) => Judgement::Worse,
        Some(Goal::Info) => Judgement::Info,
        None => Judgement::Undirected,
    }
}

/// The difference of two finite numbers with as many decimals as the more exact one has, so that
/// 0.861 - 0.842 is 0.019 and not what doubles make of it.
pub fn difference(a: &Number, b: &Number) -> Number {
    let decimals = |number: &Number| -> Option<usize> {
        let text = number.as_str();
        if text.contains(['e', 'E']) {
            return None;
        }
        Some(
            text.split_once('.')
                .map_or(0, |(_, fraction)| fraction.len()),
        )
    };
    let exact = b.as_f64() - a.as_f64();
    let Some(places) = decimals(a).zip(decimals(b)).map(|(a, b)| a.max(b)) else {
        return Number::from_f64(exact);
    };
    let text = format!("{exact:.places$}");
    // More than 17 digits are noise of the conversion, and "-0.000" is zero.
    if places > 15 || text.len() > 20 {
        return Number::from_f64(exact);
    }
    let zero = !text.bytes().any(|b| matches!(b, b'1'..=b'9'));
    let plain = if zero {
        text.trim_start_matches('-')
    } else {
        &text
    };
    Number::parse(plain).unwrap_or_else(|| Number::from_f64(exact))
}

/// How the metrics in common compare, for the verdict.
pub fn compared(rows: &[MetricRow]) -> Metrics {
    let mut shared = rows.iter().filter(|row| row.is_shared()).peekable();
    if shared.peek().is_none() {
        return Metrics::Missing;
    }
    let differs = |row: &MetricRow| row.numbers().is_some_and(|(a, b)| !a.same_value(b));
    if shared.any(differs) {
        Metrics::Differ
    } else {
        Metrics::Equal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_as_exact_as_their_values() {
        let diff = |a: &str, b: &str| {
            difference(&Number::parse(a).unwrap(), &Number::parse(b).unwrap()).to_string()
        };
        assert_eq!(diff("0.842", "0.861"), "0.019");
        assert_eq!(diff("0.861", "0.842"), "-0.019");
        assert_eq!(diff("0.1", "0.10"), "0.00");
        assert_eq!(diff("15.1", "45.3"), "30.2");
        assert_eq!(diff("10", "7"), "-3");
        assert_eq!(diff("1e-3", "0.5"), "0.499");
        assert_eq!(
            diff("0.8421567890123", "0.8421567890124"),
            "0.0000000000001"
        );
    }

    #[test]
    fn kin_are_the_same_measure_on_another_yardstick() {
        assert_eq!(stem("roc_auc_val"), stem("roc_auc/test"));
        assert_ne!(stem("roc_auc_val"), stem("pr_auc_val"));
    }
}
