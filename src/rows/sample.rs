//! The text of some rows that differ, and of the target's values.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Version;
use super::columns::Pairing;
use super::read;
use super::shift::hashes_of;
use crate::error::Result;
use crate::model::table_diff::{RowChange, Sample, SampleCell};

/// Rows in which the target's texts are looked for: classes that are rarer keep their hash.
const LOOKED_AT: u64 = 10_000;

/// Rows by what happened to them and their numbers, with their cells.
///
/// # Errors
/// When a version can't be read again.
pub fn of(
    a: Version,
    b: Version,
    pairing: &Pairing,
    key: &[usize],
    rows: Vec<(RowChange, Option<u64>, Option<u64>)>,
) -> Result<Vec<Sample>> {
    let wanted_a: BTreeSet<u64> = rows.iter().filter_map(|row| row.1).collect();
    let wanted_b: BTreeSet<u64> = rows.iter().filter_map(|row| row.2).collect();
    let fetch = |version, wanted: &BTreeSet<u64>| match wanted.is_empty() {
        true => Ok(BTreeMap::new()),
        false => read::texts(version, wanted),
    };
    let (texts_a, texts_b) = (fetch(a, &wanted_a)?, fetch(b, &wanted_b)?);
    let sample = |(change, row_a, row_b): (RowChange, Option<u64>, Option<u64>)| {
        let left = row_a.and_then(|row| texts_a.get(&row));
        let right = row_b.and_then(|row| texts_b.get(&row));
        let cells = match (left, right) {
            (Some(left), Some(right)) => differing(left, right, pairing, key, b),
            (None, Some(right)) => one_sided(right, b, |text| (None, Some(text))),
            (Some(left), None) => one_sided(left, a, |text| (Some(text), None)),
            (None, None) => Vec::new(),
        };
        Sample {
            change,
            row_a,
            row_b,
            cells,
        }
    };
    Ok(rows.into_iter().map(sample).collect())
}

/// The key, and the cells that are spelled otherwise.
fn differing(
    left: &[String],
    right: &[String],
    pairing: &Pairing,
    key: &[usize],
    b: Version,
) -> Vec<SampleCell> {
    let cells = pairing.common.iter().enumerate();
    cells
        .filter(|&(place, &(i, j))| key.contains(&place) || left[i] != right[j])
        .map(|(_, &(i, j))| SampleCell {
            column: b.table.columns[j].name.clone(),
            a: Some(left[i].clone()),
            b: Some(right[j].clone()),
        })
        .collect()
}

fn one_sided(
    texts: &[String],
    version: Version,
    place: impl Fn(String) -> (Option<String>, Option<String>),
) -> Vec<SampleCell> {
    let cells = version.table.columns.iter().zip(texts);
    cells
        .map(|(column, text)| {
            let (a, b) = place(text.clone());
            SampleCell {
                column: column.name.clone(),
                a,
                b,
            }
        })
        .collect()
}

/// The texts of the target's values, by their hashes.
///
/// # Errors
/// When a version can't be read again.
pub fn target_texts(
    a: Version,
    b: Version,
    pairing: &Pairing,
    name: &str,
) -> Result<HashMap<String, String>> {
    let by_name = |&&(_, j): &&(usize, usize)| b.table.columns[j].name == name;
    let Some(&(i, j)) = pairing.common.iter().find(by_name) else {
        return Ok(HashMap::new());
    };
    let mut found = HashMap::new();
    if a.table.columns[i].values.is_empty() {
        return Ok(found);
    }
    for (version, column) in [(a, i), (b, j)] {
        let wanted: BTreeSet<u64> = (1..=version.table.rows.min(LOOKED_AT)).collect();
        for row in read::texts(version, &wanted)?.into_values() {
            let text = &row[column];
            for hash in hashes_of(text) {
                found.entry(hash).or_insert_with(|| text.clone());
            }
        }
    }
    Ok(found)
}
