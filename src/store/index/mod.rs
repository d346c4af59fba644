//! The list index: runs in brief, in one file in the common git directory.
//!
//! It is never the truth. Each row carries the stat key of the `run.json` that it was made from, and
//! whoever uses a row compares keys first ([`super::catalog`]). An index that is damaged, of another
//! version, or missing is made anew without a word.
//!
//! Layout, little-endian: a header, the rows, the strings that rows share, a table of rows (place,
//! length, number, flags, first of its strings, stat key) in order of number and uid, a CRC-32 of all
//! that.

mod codec;
mod row;
#[cfg(test)]
mod tests;
mod write;

use std::ops::Range;
use std::path::{Path, PathBuf};

use codec::Reader;
pub use row::RowView;
pub use write::{Builder, save};

use super::stat::Key;
use crate::model::Sha256;
use crate::query::Names;

/// First bytes of the file; the last one is the version of everything behind it.
const MAGIC: [u8; 8] = *b"gitexp\x00\x07";
/// Bytes of one line of the table.
const LINE: usize = 4 + 4 + 4 + 4 + 4 + 32;
/// Bytes of the header.
const HEADER: usize = 8 + 32 + 32 + 8 + 8 + 8 + 8;

/// What an index was made from, beside the records themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// `experiments/runs`: a folder that came or went changes it.
    pub runs: Key,
    /// git's own index: a checkout, merge or pull changes it.
    pub git: Key,
}

/// An index in memory.
#[derive(Debug)]
pub struct Index {
    bytes: Vec<u8>,
    /// Shared strings, as ranges of `bytes`.
    shared: Vec<(u32, u32)>,
    /// Where they lie in `bytes`, less their number.
    strings: Range<usize>,
    table: usize,
    count: usize,
    /// How many shared strings there were when every row was new.
    clean: u64,
    /// What it was made from.
    pub basis: Basis,
    /// The names that its runs have.
    pub names: Names,
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    at: u32,
    length: u32,
    /// What its strings are counted from.
    first: u32,
    /// The run's number.
    pub number: u32,
    /// Whether the run was finished: its record will hardly change.
    pub finished: bool,
    /// The stat key of the record; the default one when it was too young to be trusted.
    pub key: Key,
}

/// Where the index of a project is. Linked worktrees have folders of their own and so files of
/// their own.
pub fn place(exp_dir: &Path, runs: &Path) -> PathBuf {
    let digest = Sha256::of(runs.as_os_str().as_encoded_bytes());
    exp_dir.join("index").join(&digest.as_str()[..16])
}

impl Index {
    /// Reads an index; `None` when there is none that can be used.
    pub fn load(path: &Path) -> Option<Self> {
        Self::parse(std::fs::read(path).ok()?)
    }

    fn parse(bytes: Vec<u8>) -> Option<Self> {
        let body = bytes.len().checked_sub(4)?;
        let mut crc = flate2::Crc::new();
        crc.update(&bytes[..body]);
        (crc.sum().to_le_bytes() == bytes[body..]).then(|| Self::trust(bytes))?
    }

    /// Takes bytes that were not damaged since they were made.
    pub fn trust(bytes: Vec<u8>) -> Option<Self> {
        let body = bytes.len().checked_sub(4)?;
        if bytes.len() < HEADER + 4 || bytes[..8] != MAGIC {
            return None;
        }
        let mut head = Reader::new(&bytes[8..HEADER]);
        let basis = Basis {
            runs: head.key()?,
            git: head.key()?,
        };
        let shared_at = usize::try_from(head.u64()?).ok()?;
        let table = usize::try_from(head.u64()?).ok()?;
        let count = usize::try_from(head.u64()?).ok()?;
        let clean = head.u64()?;
        if table.checked_add(count.checked_mul(LINE)?)? != body {
            return None;
        }
        let mut reader = Reader::new(bytes.get(shared_at..table)?);
        let mut shared = Vec::new();
        let strings = reader.varint()?;
        let first = shared_at + reader.position();
        for _ in 0..strings {
            let text = reader.bytes()?;
            let end = shared_at + reader.position();
            shared.push((
                u32::try_from(end - text.len()).ok()?,
                u32::try_from(end).ok()?,
            ));
        }
        let strings = first..shared_at + reader.position();
        let mut names = Names::default();
        for set in [
            &mut names.metrics,
            &mut names.params,
            &mut names.tags,
            &mut names.roles,
        ] {
            for _ in 0..reader.varint()? {
                set.insert(reader.text()?.to_owned());
            }
        }
        Some(Self {
            shared,
            strings,
            table,
            count,
            clean,
            basis,
            names,
            bytes,
        })
    }

    /// How many runs it holds.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A line of the table. Out of range is the empty line.
    pub fn line(&self, index: usize) -> Line {
        let at = self.table + index * LINE;
        let mut reader = Reader::new(self.bytes.get(at..at + LINE).unwrap_or_default());
        let mut word = || reader.u32().unwrap_or(0);
        let (at, length, number, flags, first) = (word(), word(), word(), word(), word());
        Line {
            at,
            length,
            first,
            number,
            finished: flags & 1 == 1,
            key: reader.key().unwrap_or_default(),
        }
    }

    /// A run.
    pub fn row(&self, index: usize) -> RowView<'_> {
        let line = self.line(index);
        RowView::new(self, self.raw(&line), line.first)
    }

    fn raw(&self, line: &Line) -> &[u8] {
        let at = line.at as usize;
        self.bytes
            .get(at..at + line.length as usize)
            .unwrap_or_default()
    }

    fn shared(&self, id: u64) -> &[u8] {
        usize::try_from(id)
            .ok()
            .and_then(|id| self.shared.get(id))
            .and_then(|(from, to)| self.bytes.get(*from as usize..*to as usize))
            .unwrap_or_default()
    }
}
