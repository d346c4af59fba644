//! Columns whose values moved, from their statistics.

use std::collections::{BTreeMap, HashMap};

use super::columns::Pairing;
use crate::model::Number;
use crate::model::card::{Column, ColumnType, NumberStats, Table};
use crate::model::table_diff::{Distance, Measure, Shift, Statistic, Target, TargetValue};
use crate::observe::data::cell::Cell;
use crate::observe::data::value::value_hash;

/// Smaller distances of distribution functions are not worth a word.
const KS_TOLD: f64 = 0.02;
/// The 5 % point of the two-sample statistic, times √((n + m) / nm) (Smirnov 1948). Versions share
/// most of their rows, so this is stricter than 5 %.
const KS_CRITICAL: f64 = 1.358;
/// "Slight shift" (Siddiqi 2006).
const PSI_TOLD: f64 = 0.1;
/// Without any shift the index is about (1/n + 1/m) times a chi-square of one less than the number of
/// values (Yurdakul 2018); this many of its standard deviations above its mean are its 5 % point.
const CHANCE: f64 = 1.645;
/// As usual for chi-square: values that are rarer than this make it meaningless.
const CELLS_A_VALUE: f64 = 5.0;
/// Percentage points of empty cells.
const EMPTY_TOLD: f64 = 0.1;
/// Shifts that are listed.
const MOST: usize = 20;
/// Values of a target that are listed.
const MOST_VALUES: usize = 8;

/// The distance of the numbers of a common column (by its place among them), when both versions were
/// read.
pub type Read = HashMap<usize, (f64, Option<f64>)>;

/// Everything that moved, furthest first; but for the `key`, which names rows and measures nothing.
pub fn shifts(pairing: &Pairing, a: &Table, b: &Table, read: &Read, key: &[String]) -> Vec<Shift> {
    let mut found: Vec<(f64, Shift)> = Vec::new();
    for (place, &(i, j)) in pairing.common.iter().enumerate() {
        let (left, right) = (&a.columns[i], &b.columns[j]);
        if key.contains(&right.name) {
            continue;
        }
        found.extend(empty(left, a, right, b));
        found.extend(distribution(left, right, read.get(&place).copied()));
    }
    found.sort_by(|x, y| y.0.total_cmp(&x.0));
    found
        .into_iter()
        .take(MOST)
        .map(|(_, shift)| shift)
        .collect()
}

fn empty(a: &Column, table_a: &Table, b: &Column, table_b: &Table) -> Option<(f64, Shift)> {
    let share = |column: &Column, table: &Table| {
        let cells = table.rows - table.oversized;
        (cells > 0).then(|| column.empty as f64 / cells as f64 * 100.0)
    };
    let (before, after) = (share(a, table_a)?, share(b, table_b)?);
    let moved = (after - before).abs();
    (moved >= EMPTY_TOLD).then(|| {
        let shift = Shift {
            column: b.name.clone(),
            statistic: Statistic::Empty,
            a: Some(rounded(before)),
            b: Some(rounded(after)),
            distance: None,
        };
        (moved / 100.0, shift)
    })
}

fn distribution(a: &Column, b: &Column, read: Option<(f64, Option<f64>)>) -> Option<(f64, Shift)> {
    let is_number = |column: &Column| matches!(column.kind, ColumnType::Int | ColumnType::Float);
    let alike = a.kind == b.kind || (is_number(a) && is_number(b));
    if !a.values.is_empty() && !b.values.is_empty() && alike {
        return by_values(a, b);
    }
    let (x, y) = (a.numbers.as_ref()?, b.numbers.as_ref()?);
    let (distance, error) = match read {
        Some(read) => read,
        None => (by_quantiles(x, y)?, None),
    };
    let (n, m) = (x.count as f64, y.count as f64);
    let critical = KS_CRITICAL * ((n + m) / (n * m)).sqrt();
    if distance < KS_TOLD || distance < critical || error.is_some_and(|e| distance < 2.0 * e) {
        return None;
    }
    let shift = Shift {
        column: b.name.clone(),
        statistic: Statistic::Mean,
        a: x.mean.clone(),
        b: y.mean.clone(),
        distance: Some(Distance {
            measure: Measure::Ks,
            value: rounded(distance),
            error: error.map(rounded),
        }),
    };
    Some((distance, shift))
}

/// Numbers of few values and categories: by how often each comes.
fn by_values(a: &Column, b: &Column) -> Option<(f64, Shift)> {
    let (before, after) = (shares(a), shares(b));
    let psi = stability(&before, &after);
    let count = |column: &Column| column.values.iter().map(|v| v.count).sum::<u64>() as f64;
    let (n, m) = (count(a), count(b));
    let values = before
        .keys()
        .chain(after.keys())
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    let free = values.saturating_sub(1) as f64;
    let by_chance = (1.0 / n + 1.0 / m) * (free + CHANCE * (2.0 * free).sqrt());
    let too_few = n.min(m) < CELLS_A_VALUE * values as f64;
    if psi < PSI_TOLD || psi < by_chance || too_few {
        return None;
    }
    let means = a.numbers.as_ref().zip(b.numbers.as_ref());
    let means = means.and_then(|(a, b)| Some((a.mean.clone()?, b.mean.clone()?)));
    let distinct = |column: &Column| {
        let count = column.distinct.as_ref()?.count;
        Number::parse(&count.to_string())
    };
    let (statistic, before, after) = match means {
        Some((a, b)) => (Statistic::Mean, Some(a), Some(b)),
        None => (Statistic::Distinct, distinct(a), distinct(b)),
    };
    let shift = Shift {
        column: b.name.clone(),
        statistic,
        a: before,
        b: after,
        distance: Some(Distance {
            measure: Measure::Psi,
            value: rounded(psi),
            error: None,
        }),
    };
    Some((psi, shift))
}

type Shares = BTreeMap<String, f64>;

fn shares(column: &Column) -> Shares {
    let total: u64 = column.values.iter().map(|value| value.count).sum();
    let share = |count| count as f64 / total.max(1) as f64;
    let values = column.values.iter();
    values.map(|v| (v.hash.clone(), share(v.count))).collect()
}

/// The population stability index. A value that one side has not got counts there as a share of one
/// in ten thousand: its logarithm would have no end.
pub fn stability(a: &Shares, b: &Shares) -> f64 {
    const LEAST: f64 = 1e-4;
    let all: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let of = |shares: &Shares, hash: &str| shares.get(hash).copied().unwrap_or(0.0).max(LEAST);
    all.iter()
        .map(|hash| {
            let (before, after) = (of(a, hash), of(b, hash));
            (after - before) * (after / before).ln()
        })
        .sum()
}

/// The largest distance of two distribution functions that are known at their ends and quantiles,
/// and straight in between: an estimate without a bound on its error.
fn by_quantiles(a: &NumberStats, b: &NumberStats) -> Option<f64> {
    let (a, b) = (knots(a)?, knots(b)?);
    let at = |knots: &[(f64, f64)], x: f64| {
        let after = knots.partition_point(|knot| knot.0 <= x);
        match (after.checked_sub(1).map(|i| knots[i]), knots.get(after)) {
            (None, _) => 0.0,
            (Some(_), None) => 1.0,
            (Some(low), Some(high)) => low.1 + (high.1 - low.1) * (x - low.0) / (high.0 - low.0),
        }
    };
    let points = a.iter().chain(&b).map(|knot| knot.0);
    points
        .map(|x| (at(&a, x) - at(&b, x)).abs())
        .reduce(f64::max)
}

fn knots(numbers: &NumberStats) -> Option<Vec<(f64, f64)>> {
    let mut knots = vec![(numbers.min.as_ref()?.as_f64(), 0.0)];
    for (name, value) in &numbers.quantiles {
        let share: f64 = name.strip_prefix('p')?.parse().ok()?;
        knots.push((value.as_f64(), share / 100.0));
    }
    knots.push((numbers.max.as_ref()?.as_f64(), 1.0));
    let known = knots.iter().all(|knot| knot.0.is_finite()) && knots.len() > 2;
    known.then_some(knots)
}

/// How the target moved; `texts` are those of its values that are known, by hash.
pub fn target(
    pairing: &Pairing,
    (a, b): (&Table, &Table),
    name: &str,
    texts: &HashMap<String, String>,
) -> Option<Target> {
    let by_name = |&&(_, j): &&(usize, usize)| b.columns[j].name == name;
    let &(i, j) = pairing.common.iter().find(by_name)?;
    let (left, right) = (&a.columns[i], &b.columns[j]);
    let mut target = Target {
        column: name.to_owned(),
        values: Vec::new(),
        mean: None,
    };
    if left.values.is_empty() || right.values.is_empty() {
        let mean = |column: &Column| column.numbers.as_ref()?.mean.clone();
        target.mean = Some([mean(left)?, mean(right)?]);
        return Some(target);
    }
    let (before, after) = (shares(left), shares(right));
    let mut hashes: Vec<&str> = before
        .keys()
        .chain(after.keys())
        .map(String::as_str)
        .collect();
    hashes.sort_unstable();
    hashes.dedup();
    let of = |shares: &Shares, hash: &str| shares.get(hash).copied().unwrap_or(0.0) * 100.0;
    let moved = |hash: &str| (of(&after, hash) - of(&before, hash)).abs();
    hashes.sort_by(|x, y| {
        let by_rank = rank(texts, x).cmp(&rank(texts, y));
        moved(y).total_cmp(&moved(x)).then(by_rank).then(x.cmp(y))
    });
    if hashes.len() == 2 {
        // Of two, one says it all: the positive one, or else the rarer.
        hashes.sort_by(|x, y| {
            let rarer = of(&before, x).total_cmp(&of(&before, y));
            rank(texts, x).cmp(&rank(texts, y)).then(rarer)
        });
        hashes.truncate(1);
    }
    let value = |hash: &str| TargetValue {
        value: texts.get(hash).cloned().or_else(|| guessed(hash)),
        hash: hash.to_owned(),
        a: rounded(of(&before, hash)),
        b: rounded(of(&after, hash)),
    };
    target.values = hashes.into_iter().take(MOST_VALUES).map(value).collect();
    Some(target)
}

/// Numbers that classes usually have.
const CLASSES: std::ops::Range<i32> = -1..100;
const POSITIVE: [&str; 12] = [
    "1", "1.0", "true", "True", "TRUE", "yes", "Yes", "YES", "y", "Y", "positive", "pos",
];
const OTHERS: [&str; 12] = [
    "0", "0.0", "false", "False", "FALSE", "no", "No", "NO", "n", "N", "negative", "neg",
];

/// Whether a value is the positive one: 0 if so, 1 if not known, 2 if it is its opposite.
fn rank(texts: &HashMap<String, String>, hash: &str) -> u8 {
    let text = texts.get(hash).cloned().or_else(|| guessed(hash));
    match text.as_deref() {
        Some(text) if POSITIVE.contains(&text) => 0,
        Some(text) if OTHERS.contains(&text) => 2,
        _ => 1,
    }
}

/// The text of a value that cards know by its hash only, if it is one that classes usually have.
fn guessed(hash: &str) -> Option<String> {
    let words = POSITIVE
        .iter()
        .chain(&OTHERS)
        .map(|word| (*word).to_owned());
    let numbers = CLASSES.map(|number| number.to_string());
    words
        .chain(numbers)
        .find(|text| hashes_of(text).iter().any(|known| known == hash))
}

/// What cards call a value of this text: that of a cell of CSV, and that of a string of JSON Lines or
/// Parquet.
pub fn hashes_of(text: &str) -> [String; 2] {
    let bytes = text.as_bytes();
    [Cell::read(bytes), Cell::Text].map(|cell| format!("{:016x}", value_hash(cell, bytes)))
}

/// Six significant digits: nobody compares more.
pub fn rounded(value: f64) -> Number {
    Number::from_f64(format!("{value:.5e}").parse().unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stability_is_that_of_the_textbook() {
        let of = |shares: &[(&str, f64)]| -> Shares {
            let own = |&(name, share): &(&str, f64)| (name.to_owned(), share);
            shares.iter().map(own).collect()
        };
        let a = of(&[("x", 0.5), ("y", 0.5)]);
        let b = of(&[("x", 0.6), ("y", 0.4)]);
        // (0.1) ln 1.2 + (-0.1) ln 0.8
        assert!((stability(&a, &b) - 0.040_546_5).abs() < 1e-6);
        assert!(stability(&a, &a).abs() < 1e-12);
        let gone = of(&[("x", 1.0)]);
        assert!(stability(&a, &gone) > 1.0);
    }

    #[test]
    fn usual_classes_are_known_by_their_hash() {
        for text in ["1", "42", "yes", "true"] {
            for hash in hashes_of(text) {
                assert_eq!(guessed(&hash).as_deref(), Some(text));
            }
        }
        assert_eq!(guessed(&hashes_of("1.0")[0]).as_deref(), Some("1"));
        assert_eq!(guessed(&hashes_of("кот")[0]), None);
    }
}
