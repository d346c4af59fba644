//! Rows of one table that another has too: a leak, when that one is for testing.

use std::collections::HashSet;

use super::read;
use super::spill::{Spill, parts_for};
use super::{Options, Version};
use crate::error::Result;

/// How many rows of a table are also in another, compared by the columns that both have; `None`
/// when they have none in common.
///
/// # Errors
/// When one can't be read.
pub fn shared(table: Version, other: Version, options: &Options) -> Result<Option<u64>> {
    let mut columns = (Vec::new(), Vec::new());
    for (place, column) in table.table.columns.iter().enumerate() {
        let twin = other
            .table
            .columns
            .iter()
            .position(|c| c.name == column.name);
        if let Some(twin) = twin.filter(|twin| !columns.1.contains(twin)) {
            columns.0.push(place);
            columns.1.push(twin);
        }
    }
    if columns.0.is_empty() {
        return Ok(None);
    }
    let parts = parts_for(table.table.rows + other.table.rows, 1);
    let spill = |version: Version, columns: &[usize]| -> Result<Spill> {
        let mut spill = Spill::new(1, parts, options.scratch);
        let mut words = Vec::new();
        read::rows(version, columns, options.progress, |row| {
            words.clear();
            words.extend(row.cells.iter().flat_map(|cell| cell.value.to_le_bytes()));
            spill.push([twox_hash::XxHash3_64::oneshot(&words)])
        })?;
        Ok(spill)
    };
    let mut here = spill(table, &columns.0)?;
    let mut there = spill(other, &columns.1)?;
    let mut count = 0;
    for part in 0..parts {
        let mut known = HashSet::new();
        there.each(part, |record| {
            known.insert(record[0]);
        })?;
        here.each(part, |record| {
            count += u64::from(known.contains(&record[0]))
        })?;
    }
    Ok(Some(count))
}
