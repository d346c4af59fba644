//! Two tables compared row by row.

use std::collections::{BTreeSet, HashMap};

use super::columns::{Key, Pairing, asked_key, find_key, outline};
use super::join::{self, Counts, HEAD, Layout, WHOLE, packed, words_for};
use super::read::{self, Row};
use super::shift::{self, Read};
use super::spill::{Spill, parts_for};
use super::{Options, Version, sample};
use crate::error::{Failure, Result};
use crate::model::card::{ColumnType, Table};
use crate::model::table_diff::{Basis, Cells, Count, Remark, Renamed, RowCounts, Size, TableDiff};
use crate::observe::data::sketch::Quantiles;

/// Columns of one version only that are compared with those of the other, to find renamed ones.
const MOST_UNPAIRED: usize = 16;
/// Columns whose distributions are compared by their numbers.
const MOST_NUMBERS: usize = 256;

/// Compares two versions of a table.
///
/// # Errors
/// When a version can't be read, the key is not in both, or the disk is full.
pub fn compare(a: Version, b: Version, options: &Options) -> Result<TableDiff> {
    let mut pairing = Pairing::of(a.table, b.table);
    let key = key(&pairing, a, b, options)?;
    if pairing.common.is_empty() {
        return Ok(describe(&pairing, a.table, b.table));
    }
    let plan = Plan::new(&pairing, &key.0, a.table, b.table);
    let other = plan.numbers.clone();
    let (left, right) = std::thread::scope(|scope| {
        let side = scope.spawn(|| gather(a, &plan.columns_a, &plan, options));
        let right = gather(b, &plan.columns_b, &plan, options);
        let left = side
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (left, right)
    });
    let (mut left, mut right) = (left?, right?);
    let counts = match key.0.is_empty() {
        true => join::whole(&mut left.spill, &mut right.spill, options.samples)?,
        false => join::keyed(
            &mut left.spill,
            &mut right.spill,
            plan.layout,
            options.samples,
        )?,
    };
    let distances = distances(&other, &left.numbers, &right.numbers);
    drop((left, right));
    let renamed = plan.renamed(&counts, &mut pairing, a.table, b.table);
    let mut diff = describe(&pairing, a.table, b.table);
    diff.columns_renamed.extend(renamed);
    diff.key = plan
        .key
        .iter()
        .map(|&at| plan.name_b(at, b.table))
        .collect();
    diff.rows = Some(row_counts(&counts, !key.0.is_empty()));
    diff.cells = cells(&counts, &plan, b.table);
    diff.shifted = shift::shifts(&plan.pairing, a.table, b.table, &distances, &diff.key);
    diff.target = options.target.and_then(|name| {
        let texts = sample::target_texts(a, b, &plan.pairing, name).unwrap_or_default();
        shift::target(&plan.pairing, (a.table, b.table), name, &texts)
    });
    diff.remarks
        .extend(remarks(&counts, key.1, &plan, a.table, b.table));
    diff.samples = sample::of(a, b, &plan.pairing, &plan.key, counts.samples.list())?;
    Ok(diff)
}

fn key(pairing: &Pairing, a: Version, b: Version, options: &Options) -> Result<Key> {
    if options.key.is_empty() {
        return Ok(find_key(pairing, a.table, b.table));
    }
    asked_key(pairing, b.table, options.key).map_err(|name| {
        let names = |table: &Table| {
            let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
            names.join(", ")
        };
        Failure::new(format!("there is no column `{name}` in both versions"))
            .because(format!("{} has {}", a.source.name, names(a.table)))
            .because(format!("{} has {}", b.source.name, names(b.table)))
            .hint("name a column of both: --key COLUMN")
    })
}

/// What is told of the columns alone.
pub fn describe(pairing: &Pairing, a: &Table, b: &Table) -> TableDiff {
    let size = |table: &Table| Size {
        rows: table.rows,
        columns: table.columns.len() as u64 + table.columns_left_out,
    };
    let mut diff = TableDiff {
        basis: Basis::Rows,
        a: size(a),
        b: size(b),
        columns_added: pairing
            .only_b
            .iter()
            .map(|&j| outline(&b.columns[j], b))
            .collect(),
        columns_removed: pairing
            .only_a
            .iter()
            .map(|&i| outline(&a.columns[i], a))
            .collect(),
        form: Some([a.form(), b.form()]).filter(|[a, b]| a != b),
        columns_renamed: pairing.renamed(a, b),
        columns_retyped: pairing.retyped(a, b),
        ..TableDiff::default()
    };
    if pairing.common.is_empty() {
        diff.remarks.push(Remark::NoCommonColumns);
    }
    let [before, after] = [a.unclosed_quote, b.unclosed_quote];
    if before.or(after).is_some() {
        diff.remarks.push(Remark::UnclosedQuote {
            a: before,
            b: after,
        });
    }
    diff
}

/// Which columns are read from either side, and how their records look.
struct Plan {
    pairing: Pairing,
    columns_a: Vec<usize>,
    columns_b: Vec<usize>,
    /// Places among the common columns.
    key: Vec<usize>,
    /// Common columns of many numbers, by their places.
    numbers: Vec<usize>,
    layout: Layout,
    parts: usize,
}

impl Plan {
    fn new(pairing: &Pairing, key: &[usize], a: &Table, b: &Table) -> Self {
        let keyed = !key.is_empty();
        let unpaired = |list: &[usize]| {
            let most = if keyed { MOST_UNPAIRED } else { 0 };
            list.iter().copied().take(most).collect::<Vec<_>>()
        };
        let (only_a, only_b) = (unpaired(&pairing.only_a), unpaired(&pairing.only_b));
        let layout = Layout {
            common: pairing.common.len(),
            only_a: only_a.len(),
            only_b: only_b.len(),
        };
        let is_number = |kind| matches!(kind, ColumnType::Int | ColumnType::Float);
        let many = |&place: &usize| {
            let (i, j) = pairing.common[place];
            let (left, right) = (&a.columns[i], &b.columns[j]);
            is_number(left.kind)
                && is_number(right.kind)
                && (left.values.is_empty() || right.values.is_empty())
        };
        let width = if keyed {
            HEAD + words_for(layout.common + layout.only_a.max(layout.only_b))
        } else {
            WHOLE
        };
        Self {
            columns_a: pairing
                .common
                .iter()
                .map(|pair| pair.0)
                .chain(only_a)
                .collect(),
            columns_b: pairing
                .common
                .iter()
                .map(|pair| pair.1)
                .chain(only_b)
                .collect(),
            key: key.to_vec(),
            numbers: (0..layout.common).filter(many).take(MOST_NUMBERS).collect(),
            layout,
            parts: parts_for(a.rows + b.rows, width),
            pairing: pairing.clone(),
        }
    }

    fn name_b(&self, place: usize, b: &Table) -> String {
        b.columns[self.pairing.common[place].1].name.clone()
    }

    /// Takes columns that are the same in all matched rows out of those that one side only has.
    fn renamed(
        &self,
        counts: &Counts,
        pairing: &mut Pairing,
        a: &Table,
        b: &Table,
    ) -> Vec<Renamed> {
        let matched = counts.same + counts.changed;
        let Layout { only_a, only_b, .. } = self.layout;
        let varies = |table: &Table, at: usize| {
            table.columns[at]
                .distinct
                .as_ref()
                .is_some_and(|distinct| distinct.count > 1)
        };
        let mut found = Vec::new();
        let (mut gone_a, mut gone_b) = (BTreeSet::new(), BTreeSet::new());
        for i in 0..only_a {
            for j in 0..only_b {
                let (left, right) = (self.pairing.only_a[i], self.pairing.only_b[j]);
                let whole = matched > 1 && counts.alike[i * only_b + j] == matched;
                let free = !gone_a.contains(&left) && !gone_b.contains(&right);
                if whole && free && varies(a, left) && varies(b, right) {
                    gone_a.insert(left);
                    gone_b.insert(right);
                    found.push(Renamed {
                        a: a.columns[left].name.clone(),
                        b: b.columns[right].name.clone(),
                    });
                }
            }
        }
        pairing.only_a.retain(|place| !gone_a.contains(place));
        pairing.only_b.retain(|place| !gone_b.contains(place));
        found
    }
}

/// One side, read.
struct Side {
    spill: Spill,
    numbers: Vec<Quantiles>,
}

fn gather(version: Version, columns: &[usize], plan: &Plan, options: &Options) -> Result<Side> {
    let common = plan.layout.common;
    let keyed = !plan.key.is_empty();
    let width = if keyed {
        HEAD + words_for(columns.len())
    } else {
        WHOLE
    };
    let mut side = Side {
        spill: Spill::new(width, plan.parts, options.scratch),
        numbers: plan.numbers.iter().map(|_| Quantiles::default()).collect(),
    };
    let mut words = Vec::new();
    read::rows(version, columns, options.progress, |row: Row| {
        let cells = &row.cells[..common];
        let beyond = [row.beyond];
        let values = hash(&mut words, cells.iter().map(|c| c.value).chain(beyond));
        let texts = hash(&mut words, cells.iter().map(|c| c.text).chain(beyond));
        for (&place, quantiles) in plan.numbers.iter().zip(&mut side.numbers) {
            if let Some(number) = cells[place].cell.number() {
                quantiles.add(number);
            }
        }
        if keyed {
            let key = hash(&mut words, plan.key.iter().map(|&at| cells[at].value));
            let head = [key, values, texts, row.number];
            side.spill.push(head.into_iter().chain(packed(row.cells)))
        } else {
            side.spill.push([values, texts, row.number])
        }
    })?;
    Ok(side)
}

fn hash(words: &mut Vec<u8>, parts: impl Iterator<Item = u64>) -> u64 {
    words.clear();
    words.extend(parts.flat_map(u64::to_le_bytes));
    twox_hash::XxHash3_64::oneshot(words)
}

fn distances(places: &[usize], a: &[Quantiles], b: &[Quantiles]) -> Read {
    let pairs = places.iter().zip(a.iter().zip(b));
    pairs
        .filter_map(|(&place, (a, b))| Some((place, a.distance(b)?)))
        .collect::<HashMap<_, _>>()
}

fn row_counts(counts: &Counts, keyed: bool) -> RowCounts {
    RowCounts {
        added: Count::exact(counts.added),
        removed: Count::exact(counts.removed),
        changed: keyed.then(|| Count::exact(counts.changed)),
        same: Some(Count::exact(counts.same)),
        respelled: Some(counts.respelled),
    }
}

fn cells(counts: &Counts, plan: &Plan, b: &Table) -> Vec<Cells> {
    let mut cells: Vec<Cells> = counts
        .cells
        .iter()
        .enumerate()
        .filter(|(_, rows)| **rows > 0)
        .map(|(place, &rows)| Cells {
            column: plan.name_b(place, b),
            rows,
        })
        .collect();
    cells.sort_by_key(|cells| std::cmp::Reverse(cells.rows));
    cells
}

fn remarks(
    counts: &Counts,
    no_key: Option<Remark>,
    plan: &Plan,
    a: &Table,
    b: &Table,
) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = no_key.into_iter().collect();
    if counts.repeated != (0, 0) {
        remarks.push(Remark::KeyRepeats {
            a: counts.repeated.0,
            b: counts.repeated.1,
        });
    }
    if !(plan.pairing.only_a.is_empty() && plan.pairing.only_b.is_empty()) {
        remarks.push(Remark::CommonColumns {
            count: plan.layout.common as u64,
        });
    }
    if a.oversized + b.oversized > 0 {
        remarks.push(Remark::Oversized {
            rows: a.oversized + b.oversized,
        });
    }
    remarks
}
