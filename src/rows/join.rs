//! Two spills of rows compared, part by part.

use std::collections::{BTreeSet, HashMap};

use super::read::Seen;
use super::spill::Spill;
use crate::error::Result;
use crate::model::table_diff::RowChange;

/// A keyed record begins with these: hash of the key, of the values, of the texts, and the row's
/// number. The cells follow, two to a word: those of the common columns, then some of the others.
pub const HEAD: usize = 4;
const VALUES: usize = 1;
const TEXTS: usize = 2;
const NUMBER: usize = 3;
/// A record without key: hash of the values, of the texts, and the row's number.
pub const WHOLE: usize = 3;

/// The words of so many cells.
pub fn words_for(cells: usize) -> usize {
    cells.div_ceil(2)
}

/// Cells, two to a word. Half of a hash is enough: whether a row differs at all is told by the hash of
/// all its values, and 32 bits overlook one of four thousand million cells.
pub fn packed(cells: &[Seen]) -> impl Iterator<Item = u64> {
    const LOW: u64 = 0xffff_ffff;
    cells.chunks(2).map(|pair| {
        let high = pair.get(1).map_or(0, |cell| cell.value << 32);
        high | (pair[0].value & LOW)
    })
}

fn cell(record: &[u64], place: usize) -> u64 {
    (record[HEAD + place / 2] >> (place % 2 * 32)) & 0xffff_ffff
}

/// What a comparison counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Only in the second.
    pub added: u64,
    /// Only in the first.
    pub removed: u64,
    /// Matched by key, with other values.
    pub changed: u64,
    /// Equal in value.
    pub same: u64,
    /// Of these, those with another text.
    pub respelled: u64,
    /// For each common column, the matched rows in which its value differs.
    pub cells: Vec<u64>,
    /// For each pair of columns that only one side has, first side first, the matched rows in which
    /// both have the same value.
    pub alike: Vec<u64>,
    /// Rows that share their key with another: first side, second side.
    pub repeated: (u64, u64),
    /// The first rows of each kind.
    pub samples: Samples,
}

/// Rows to show, by their numbers: the first of each kind.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Samples {
    most: usize,
    changed: BTreeSet<(u64, u64)>,
    added: BTreeSet<u64>,
    removed: BTreeSet<u64>,
}

/// Keeps the smallest.
fn keep<T: Ord>(set: &mut BTreeSet<T>, most: usize, one: T) {
    if set.len() < most {
        set.insert(one);
    } else if set.last().is_some_and(|largest| one < *largest) {
        set.insert(one);
        set.pop_last();
    }
}

impl Samples {
    /// What happened, the row's number before and after; in the order of the rows.
    pub fn list(&self) -> Vec<(RowChange, Option<u64>, Option<u64>)> {
        let mut list = Vec::new();
        list.extend(
            self.changed
                .iter()
                .map(|&(a, b)| (RowChange::Changed, Some(a), Some(b))),
        );
        list.extend(
            self.added
                .iter()
                .map(|&b| (RowChange::Added, None, Some(b))),
        );
        list.extend(
            self.removed
                .iter()
                .map(|&a| (RowChange::Removed, Some(a), None)),
        );
        list.sort_unstable();
        list
    }
}

/// The layout of keyed records.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Common columns.
    pub common: usize,
    /// Other columns of the first side.
    pub only_a: usize,
    /// Other columns of the second side.
    pub only_b: usize,
}

/// Compares rows by their keys. Rows that share a key are matched by value first, then in their
/// order.
///
/// # Errors
/// When a temporary file can't be read.
pub fn keyed(a: &mut Spill, b: &mut Spill, layout: Layout, samples: usize) -> Result<Counts> {
    let mut join = Keyed {
        layout,
        counts: Counts {
            cells: vec![0; layout.common],
            alike: vec![0; layout.only_a * layout.only_b],
            samples: Samples {
                most: samples,
                ..Samples::default()
            },
            ..Counts::default()
        },
    };
    for part in 0..a.parts() {
        let (left, right) = (sorted(a, part)?, sorted(b, part)?);
        join.part(&left, &right);
    }
    Ok(join.counts)
}

/// Records of a part, by key, value and number.
struct Sorted {
    words: Vec<u64>,
    width: usize,
    order: Vec<u32>,
}

fn sorted(spill: &mut Spill, part: usize) -> Result<Sorted> {
    let width = spill.width();
    let mut words = Vec::new();
    spill.each(part, |record| words.extend_from_slice(record))?;
    let count = u32::try_from(words.len() / width).unwrap_or(u32::MAX);
    let mut order: Vec<u32> = (0..count).collect();
    let at = |index: u32| &words[index as usize * width..][..HEAD];
    order.sort_unstable_by_key(|&index| {
        let record = at(index);
        (record[0], record[VALUES], record[NUMBER])
    });
    Ok(Sorted {
        words,
        width,
        order,
    })
}

impl Sorted {
    fn record(&self, index: u32) -> &[u64] {
        &self.words[index as usize * self.width..][..self.width]
    }

    fn key(&self, place: usize) -> Option<u64> {
        self.order.get(place).map(|&index| self.record(index)[0])
    }

    /// Where the group that begins at a place ends.
    fn group_end(&self, place: usize) -> usize {
        let key = self.key(place);
        let mut end = place;
        while end < self.order.len() && self.key(end) == key {
            end += 1;
        }
        end
    }
}

struct Keyed {
    layout: Layout,
    counts: Counts,
}

impl Keyed {
    fn part(&mut self, a: &Sorted, b: &Sorted) {
        let (mut i, mut j) = (0, 0);
        loop {
            let (left, right) = (a.key(i), b.key(j));
            let key = match (left, right) {
                (Some(left), Some(right)) => left.min(right),
                (Some(key), None) | (None, Some(key)) => key,
                (None, None) => return,
            };
            let end_a = if left == Some(key) { a.group_end(i) } else { i };
            let end_b = if right == Some(key) {
                b.group_end(j)
            } else {
                j
            };
            self.group(a, &a.order[i..end_a], b, &b.order[j..end_b]);
            (i, j) = (end_a, end_b);
        }
    }

    fn group(&mut self, a: &Sorted, of_a: &[u32], b: &Sorted, of_b: &[u32]) {
        self.counts.repeated.0 += if of_a.len() > 1 { of_a.len() as u64 } else { 0 };
        self.counts.repeated.1 += if of_b.len() > 1 { of_b.len() as u64 } else { 0 };
        if let ([left], [right]) = (of_a, of_b) {
            self.matched(a.record(*left), b.record(*right));
            return;
        }
        // Both are sorted by value: equal ones first, the others in the order of the file.
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let (mut i, mut j) = (0, 0);
        while i < of_a.len() || j < of_b.len() {
            let value = |side: &Sorted, list: &[u32], at: usize| {
                list.get(at).map(|&index| side.record(index)[VALUES])
            };
            match (value(a, of_a, i), value(b, of_b, j)) {
                (Some(x), Some(y)) if x == y => {
                    self.matched(a.record(of_a[i]), b.record(of_b[j]));
                    (i, j) = (i + 1, j + 1);
                }
                (Some(x), y) if y.is_none_or(|y| x < y) => {
                    left.push(a.record(of_a[i]));
                    i += 1;
                }
                _ => {
                    right.push(b.record(of_b[j]));
                    j += 1;
                }
            }
        }
        left.sort_unstable_by_key(|record| record[NUMBER]);
        right.sort_unstable_by_key(|record| record[NUMBER]);
        for (left, right) in left.iter().zip(&right) {
            self.matched(left, right);
        }
        let samples = &mut self.counts.samples;
        for record in left.iter().skip(right.len()) {
            self.counts.removed += 1;
            keep(&mut samples.removed, samples.most, record[NUMBER]);
        }
        for record in right.iter().skip(left.len()) {
            self.counts.added += 1;
            keep(&mut samples.added, samples.most, record[NUMBER]);
        }
    }

    fn matched(&mut self, a: &[u64], b: &[u64]) {
        let Layout {
            common,
            only_a,
            only_b,
        } = self.layout;
        if a[VALUES] == b[VALUES] {
            self.counts.same += 1;
            self.counts.respelled += u64::from(a[TEXTS] != b[TEXTS]);
        } else {
            self.counts.changed += 1;
            for (place, count) in self.counts.cells.iter_mut().enumerate() {
                *count += u64::from(cell(a, place) != cell(b, place));
            }
            let samples = &mut self.counts.samples;
            keep(&mut samples.changed, samples.most, (a[NUMBER], b[NUMBER]));
        }
        for i in 0..only_a {
            for j in 0..only_b {
                let alike = cell(a, common + i) == cell(b, common + j);
                self.counts.alike[i * only_b + j] += u64::from(alike);
            }
        }
    }
}

/// Compares rows as multisets.
///
/// # Errors
/// When a temporary file can't be read.
pub fn whole(a: &mut Spill, b: &mut Spill, samples: usize) -> Result<Counts> {
    let mut counts = Counts {
        samples: Samples {
            most: samples,
            ..Samples::default()
        },
        ..Counts::default()
    };
    for part in 0..a.parts() {
        // By value and text: how often on either side, and the last such row.
        let mut found: HashMap<(u64, u64), [(u64, u64); 2]> = HashMap::new();
        for (side, spill) in [&mut *a, &mut *b].into_iter().enumerate() {
            spill.each(part, |record| {
                let entry = &mut found.entry((record[0], record[1])).or_default()[side];
                *entry = (entry.0 + 1, record[2]);
            })?;
        }
        let mut list: Vec<_> = found.into_iter().collect();
        list.sort_unstable();
        for group in list.chunk_by(|x, y| x.0.0 == y.0.0) {
            multiset(group, &mut counts);
        }
    }
    Ok(counts)
}

type Spelled = ((u64, u64), [(u64, u64); 2]);

/// One value in its spellings.
fn multiset(group: &[Spelled], counts: &mut Counts) {
    let sum = |side: usize| group.iter().map(|(_, sides)| sides[side].0).sum::<u64>();
    let (a, b) = (sum(0), sum(1));
    let alike: u64 = group.iter().map(|(_, [a, b])| a.0.min(b.0)).sum();
    let same = a.min(b);
    counts.same += same;
    counts.respelled += same - alike;
    counts.added += b - same;
    counts.removed += a - same;
    let samples = &mut counts.samples;
    let surplus = |x: usize, y: usize| {
        let most = group
            .iter()
            .filter(move |(_, sides)| sides[x].0 > sides[y].0);
        most.map(move |(_, sides)| sides[x].1).next()
    };
    if b > a {
        surplus(1, 0)
            .into_iter()
            .for_each(|n| keep(&mut samples.added, samples.most, n));
    }
    if a > b {
        surplus(0, 1)
            .into_iter()
            .for_each(|n| keep(&mut samples.removed, samples.most, n));
    }
}
