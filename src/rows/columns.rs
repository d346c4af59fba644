//! Which column of one version is which of the other, and which of them name rows.

use crate::model::card::{Column, ColumnType, Table};
use crate::model::table_diff::{Outline, Remark, Renamed, Retyped};

/// Standard errors of an estimate that make it certain.
const ERRORS: u64 = 5;

/// The columns of two versions, by their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairing {
    /// Columns that both have, in the order of the second.
    pub common: Vec<(usize, usize)>,
    /// Columns only in the first.
    pub only_a: Vec<usize>,
    /// Columns only in the second.
    pub only_b: Vec<usize>,
}

impl Pairing {
    /// Pairs by name, the n-th of a name with the n-th; then, among the rest, by content.
    pub fn of(a: &Table, b: &Table) -> Self {
        let mut rest: Vec<usize> = (0..a.columns.len()).collect();
        let mut places =
            std::collections::HashMap::<&str, std::collections::VecDeque<usize>>::new();
        for (place, column) in a.columns.iter().enumerate() {
            places.entry(&column.name).or_default().push_back(place);
        }
        let mut pairing = Self::default();
        for (place, column) in b.columns.iter().enumerate() {
            let twin = places
                .get_mut(column.name.as_str())
                .and_then(|p| p.pop_front());
            match twin {
                Some(twin) => pairing.common.push((twin, place)),
                None => pairing.only_b.push(place),
            }
        }
        rest.retain(|place| !pairing.common.iter().any(|(twin, _)| twin == place));
        pairing.only_a = rest;
        for place in std::mem::take(&mut pairing.only_b) {
            let column = &b.columns[place];
            let twin = pairing.only_a.iter().position(|&twin| {
                let other = &a.columns[twin];
                a.rows == b.rows && column.content.is_some() && column.content == other.content
            });
            match twin {
                Some(twin) => pairing.common.push((pairing.only_a.remove(twin), place)),
                None => pairing.only_b.push(place),
            }
        }
        pairing.common.sort_by_key(|&(_, place)| place);
        pairing
    }

    /// Common columns under two names.
    pub fn renamed(&self, a: &Table, b: &Table) -> Vec<Renamed> {
        let names = self
            .common
            .iter()
            .map(|&(i, j)| (&a.columns[i].name, &b.columns[j].name));
        names
            .filter(|(a, b)| a != b)
            .map(|(a, b)| Renamed {
                a: a.clone(),
                b: b.clone(),
            })
            .collect()
    }

    /// Common columns of another type. An empty column has none, so it can't change.
    pub fn retyped(&self, a: &Table, b: &Table) -> Vec<Retyped> {
        let pairs = self
            .common
            .iter()
            .map(|&(i, j)| (&a.columns[i], &b.columns[j]));
        pairs
            .filter(|(a, b)| a.kind != b.kind)
            .map(|(a, b)| Retyped {
                column: b.name.clone(),
                a: a.kind,
                b: b.kind,
                empty_a: a.empty,
                empty_b: b.empty,
            })
            .collect()
    }
}

/// A column in outline.
pub fn outline(column: &Column, table: &Table) -> Outline {
    Outline {
        name: column.name.clone(),
        kind: column.kind,
        distinct: column.distinct.clone(),
        empty: column.empty,
        cells: table.rows - table.oversized,
        mean: column.numbers.as_ref().and_then(|n| n.mean.clone()),
    }
}

/// A key, as places in [`Pairing::common`]; empty when there is none, with the reason.
pub type Key = (Vec<usize>, Option<Remark>);

/// The key that the user names.
///
/// # Errors
/// Names the column that is not in both.
pub fn asked_key(pairing: &Pairing, b: &Table, names: &[String]) -> Result<Key, String> {
    let place = |name: &String| {
        let by_name = |&(_, j): &(usize, usize)| b.columns[j].name == *name;
        pairing.common.iter().position(by_name).ok_or(name.clone())
    };
    Ok((names.iter().map(place).collect::<Result<_, _>>()?, None))
}

/// Looks for a column that names each row of both versions. A mere row number is none: after one
/// row was put in, it would name every row below by its neighbour's name.
pub fn find_key(pairing: &Pairing, a: &Table, b: &Table) -> Key {
    let mut lost = None;
    let (mut half, mut unknown) = (None, false);
    for (place, &(i, j)) in pairing.common.iter().enumerate() {
        let (left, right) = (&a.columns[i], &b.columns[j]);
        if left.kind != right.kind || is_row_number(left, a) || is_row_number(right, b) {
            continue;
        }
        match (names_rows(left, a), names_rows(right, b)) {
            (Some(true), Some(true)) => {
                // Another column that named rows may have got duplicates.
                let lost = lost.filter(|(_, in_a)| *in_a);
                return (
                    vec![place],
                    lost.map(|(column, in_a)| Remark::KeyLost { column, in_a }),
                );
            }
            (Some(true), Some(false)) => lost = lost.or(Some((right.name.clone(), true))),
            (Some(false), Some(true)) => lost = lost.or(Some((right.name.clone(), false))),
            (Some(false), _) | (_, Some(false)) => {}
            // Too many rows to have remembered all values of one version: whether some repeat there
            // is counted when the rows are joined.
            (Some(true), None) | (None, Some(true)) => half = half.or(Some(place)),
            (None, None) => unknown = true,
        }
    }
    if let Some(place) = half {
        let lost = lost.filter(|(_, in_a)| *in_a);
        let lost = lost.map(|(column, in_a)| Remark::KeyLost { column, in_a });
        return (vec![place], lost);
    }
    let remark = match lost {
        Some((column, in_a)) => Remark::KeyLost { column, in_a },
        None if unknown => Remark::KeyUnknown,
        None => Remark::NoKey,
    };
    (Vec::new(), Some(remark))
}

fn names_rows(column: &Column, table: &Table) -> Option<bool> {
    use ColumnType::{Bool, Empty, Float};
    let worldly = !matches!(column.kind, Bool | Empty | Float);
    if !worldly || column.empty > 0 || table.oversized > 0 || table.rows < 2 {
        return Some(false);
    }
    column.unique.or_else(|| {
        let distinct = column.distinct.as_ref()?;
        let most = distinct.count + ERRORS * distinct.error.unwrap_or(0);
        (most < table.rows).then_some(false)
    })
}

/// A column without a name, or named as pandas and R name theirs, that counts the rows.
fn is_row_number(column: &Column, table: &Table) -> bool {
    let name = column.name.to_ascii_lowercase();
    let nameless = name.starts_with("unnamed:")
        || matches!(
            name.as_str(),
            "index" | "row" | "rownames" | "row_number" | ""
        )
        || (name == "1" && table.header == Some(true))
        || table.header == Some(false);
    let bounds = column
        .numbers
        .as_ref()
        .and_then(|n| Some((n.min.as_ref()?, n.max.as_ref()?)));
    let counts = bounds.is_some_and(|(low, high)| {
        let span = high.as_f64() - low.as_f64() + 1.0;
        low.as_f64().abs() <= 1.0 && (span - table.rows as f64).abs() < 0.5
    });
    nameless && counts && column.unique == Some(true)
}
