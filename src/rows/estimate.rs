//! Two tables compared by their cards, when a version is gone.

use std::collections::HashMap;

use super::columns::Pairing;
use super::exact::describe;
use super::shift;
use crate::model::RecordPath;
use crate::model::card::{Table, TableFormat};
use crate::model::sketch::{Estimate, Overlap as SetOverlap, Sketch};
use crate::model::table_diff::{Basis, Count, Overlap, Remark, RowCounts, TableDiff};

/// What two cards tell. Rows are estimated from the sketches of their hashes, with their errors.
pub fn compare(a: &Table, b: &Table, target: Option<&str>) -> TableDiff {
    let pairing = Pairing::of(a, b);
    let mut diff = describe(&pairing, a, b);
    diff.basis = Basis::Cards;
    diff.target = target.and_then(|name| shift::target(&pairing, (a, b), name, &HashMap::new()));
    match rows(a, b) {
        Some((rows, key)) => {
            diff.rows = Some(rows);
            diff.key = key.into_iter().collect();
        }
        None if !pairing.common.is_empty() => diff.remarks.push(Remark::RowsUnknown),
        None => {}
    }
    diff.shifted = shift::shifts(&pairing, a, b, &HashMap::new(), &diff.key);
    diff
}

/// Rows that differ, and the column that they were told apart by.
fn rows(a: &Table, b: &Table) -> Option<(RowCounts, Option<String>)> {
    let whole = same_form(a, b)
        .then(|| Some(a.row_sketch.as_ref()?.overlap(b.row_sketch.as_ref()?)))
        .flatten();
    let keys = a.key_sketch.as_ref().zip(b.key_sketch.as_ref());
    let keys = keys.filter(|(x, y)| x.column == y.column && names_rows(a, b, &x.column));
    let Some((x, y)) = keys else {
        // Sketches count equal rows once, so they can't tell how often each comes.
        let whole = match (a.rows_unique, b.rows_unique) {
            (Some(true), Some(true)) => fitted(whole?, a.rows, b.rows),
            _ => whole?,
        };
        let counts = RowCounts {
            added: count(whole.added, b.rows),
            removed: count(whole.removed, a.rows),
            same: Some(count(whole.common, a.rows.min(b.rows))),
            ..RowCounts::default()
        };
        return Some((counts, None));
    };
    let by_key = fitted(x.sketch.overlap(&y.sketch), a.rows, b.rows);
    let most = a.rows.min(b.rows);
    let same = whole.map(|whole| whole.common);
    let counts = RowCounts {
        added: count(by_key.added, b.rows),
        removed: count(by_key.removed, a.rows),
        changed: same.map(|same| {
            let changed = Estimate {
                value: (by_key.common.value - same.value).max(0.0),
                error: by_key.common.error.hypot(same.error),
            };
            count(changed, most)
        }),
        same: same.map(|same| count(same, most)),
        respelled: None,
    };
    Some((counts, Some(x.column.clone())))
}

/// An overlap of sets whose sizes are known, and with them the difference of what was added and what
/// was removed. Each gives way by its own uncertainty (least squares).
fn fitted(overlap: SetOverlap, a: u64, b: u64) -> SetOverlap {
    let SetOverlap { added, removed, .. } = overlap;
    let (p, q) = (added.error.powi(2), removed.error.powi(2));
    if p + q == 0.0 {
        return overlap;
    }
    let (a, b) = (a as f64, b as f64);
    let off = added.value - removed.value - (b - a);
    let removed = (removed.value + off * q / (p + q)).clamp((a - b).max(0.0), a);
    let estimate = |value| Estimate {
        value,
        error: (p * q / (p + q)).sqrt(),
    };
    SetOverlap {
        added: estimate(removed + b - a),
        removed: estimate(removed),
        common: estimate(a - removed),
    }
}

fn names_rows(a: &Table, b: &Table, column: &str) -> bool {
    [a, b].iter().all(|table| {
        let unique = |c: &crate::model::card::Column| c.unique == Some(true) && c.empty == 0;
        table.column(column).is_some_and(unique)
    })
}

/// Whether rows of both were hashed alike: JSON Lines by the names of columns, others by their order.
fn same_form(a: &Table, b: &Table) -> bool {
    let by_name = |table: &Table| table.format == TableFormat::Jsonl;
    let names = |table: &Table| {
        let mut names: Vec<_> = table.columns.iter().map(|c| c.name.clone()).collect();
        if by_name(table) {
            names.sort_unstable();
        }
        names
    };
    by_name(a) == by_name(b) && names(a) == names(b)
}

/// An estimate as a whole number that can be.
fn count(estimate: Estimate, most: u64) -> Count {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = |value: f64| value.round().max(0.0) as u64;
    Count {
        value: whole(estimate.value).min(most),
        error: (estimate.error > 0.0).then(|| whole(estimate.error.ceil())),
    }
}

/// Rows that a table shares with another, by their cards; `None` when they were not hashed alike.
pub fn shared(table: &Table, other: &Table) -> Option<Count> {
    if !same_form(table, other) {
        return None;
    }
    let sketch = |table: &Table| -> Option<Sketch> { table.row_sketch.clone() };
    let common = sketch(table)?.overlap(&sketch(other)?).common;
    Some(count(common, table.rows.min(other.rows)))
}

/// Rows that each of two versions shares with an input of its own run.
pub fn overlap(
    path: RecordPath,
    (a, with_a): (&Table, Option<&Table>),
    (b, with_b): (&Table, Option<&Table>),
) -> Option<Overlap> {
    let overlap = Overlap {
        path,
        a: with_a.and_then(|other| shared(a, other)),
        b: with_b.and_then(|other| shared(b, other)),
    };
    (overlap.a.is_some() || overlap.b.is_some()).then_some(overlap)
}

#[cfg(test)]
mod tests {
    use twox_hash::XxHash3_64;

    use super::*;
    use crate::model::sketch::K;

    fn of(rows: std::ops::Range<u64>, salt: u64) -> Sketch {
        let hash = |row: u64| XxHash3_64::oneshot_with_seed(salt, &row.to_le_bytes());
        Sketch::new(K, rows.map(hash))
    }

    /// What is known for sure is never contradicted, and stated errors hold as often as they say.
    #[test]
    fn estimates_keep_to_the_known_number_of_rows() {
        const PAIRS: u64 = 1000;
        let mut within = [0_u32; 3];
        for salt in 0..PAIRS {
            let removed = [0, 40, 900][(salt % 3) as usize];
            let (a, b) = (3_000 + removed, 3_000 + 500);
            let overlap = of(0..a, salt).overlap(&of(removed..removed + b, salt));
            let told = fitted(overlap, a, b);
            assert!((told.common.value + told.removed.value - a as f64).abs() < 1e-6);
            assert!((told.common.value + told.added.value - b as f64).abs() < 1e-6);
            assert!(told.removed.value >= 0.0 && told.added.error <= overlap.added.error);
            let off = (told.added.value - 500.0).abs() / told.added.error;
            for (count, errors) in within.iter_mut().zip(1..) {
                *count += u32::from(off <= f64::from(errors));
            }
        }
        let share = within.map(|count| f64::from(count) / PAIRS as f64);
        assert!(
            share[0] > 0.63 && share[1] > 0.92 && share[2] > 0.98,
            "{share:?}"
        );
    }

    #[test]
    fn what_is_exact_stays_so() {
        let overlap = of(0..300, 1).overlap(&of(10..310, 1));
        assert_eq!(fitted(overlap, 300, 300), overlap);
    }
}
