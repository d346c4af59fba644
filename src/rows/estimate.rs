//! Two tables compared by their cards, when a version is gone.

use std::collections::HashMap;

use super::columns::Pairing;
use super::exact::describe;
use super::shift;
use crate::model::RecordPath;
use crate::model::card::{Table, TableFormat};
use crate::model::sketch::{Estimate, Sketch};
use crate::model::table_diff::{Basis, Count, Overlap, Remark, RowCounts, TableDiff};

/// What two cards tell. Rows are estimated from the sketches of their hashes, with their errors.
pub fn compare(a: &Table, b: &Table, target: Option<&str>) -> TableDiff {
    let pairing = Pairing::of(a, b);
    let mut diff = describe(&pairing, a, b);
    diff.basis = Basis::Cards;
    diff.shifted = shift::shifts(&pairing, a, b, &HashMap::new());
    diff.target = target.and_then(|name| shift::target(&pairing, (a, b), name, &HashMap::new()));
    match rows(a, b) {
        Some((rows, key)) => {
            diff.rows = Some(rows);
            diff.key = key.into_iter().collect();
        }
        None if !pairing.common.is_empty() => diff.remarks.push(Remark::RowsUnknown),
        None => {}
    }
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
        let whole = whole?;
        // Sketches count equal rows once, so they can't tell how often each comes.
        let counts = RowCounts {
            added: count(whole.added, b.rows),
            removed: count(whole.removed, a.rows),
            same: Some(count(whole.common, a.rows.min(b.rows))),
            ..RowCounts::default()
        };
        return Some((counts, None));
    };
    let by_key = x.sketch.overlap(&y.sketch);
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

fn names_rows(a: &Table, b: &Table, column: &str) -> bool {
    [a, b].iter().all(|table| {
        let unique = |c: &crate::model::card::Column| c.unique == Some(true) && c.empty == 0;
        table.column(column).is_some_and(unique)
    })
}

/// Whether rows of both were hashed alike: CSV by the order of columns, JSON Lines by their names.
fn same_form(a: &Table, b: &Table) -> bool {
    let names = |table: &Table| {
        let mut names: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
        if table.format == TableFormat::Jsonl {
            names.sort_unstable();
        }
        names
    };
    a.format == b.format && names(a) == names(b)
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
