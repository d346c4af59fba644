//! How two versions of data differ: row by row where both can be read, from their cards where not.
//!
//! [`columns`] pairs the columns and chooses a key; [`read`] turns each row into hashes; [`spill`]
//! parts them by key, on disk when they are many, so that [`join`] compares one part at a time in
//! bounded memory. [`estimate`] tells the same from cards alone. [`shift`] compares distributions,
//! [`overlap`] finds rows of one table in another, [`folder`] compares manifests.
//!
//! Values are compared, not spellings: `1` and `1.0` are equal, and so are dates in two notations.
//! Hashes have 64 bits: among ten million rows, two that differ are taken for the same once in some
//! hundred thousand comparisons.

pub mod columns;
pub mod estimate;
pub mod exact;
pub mod folder;
pub mod join;
pub mod overlap;
pub mod read;
pub mod sample;
pub mod shift;
pub mod spill;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::model::card::Table;
use crate::observe::data::stream::Shape;

/// A table that can be read.
#[derive(Debug)]
pub struct Source {
    /// What to call it in messages.
    pub name: String,
    /// Its form, from the name it was recorded under.
    pub shape: Shape,
    /// Where its bytes are.
    pub bytes: Bytes,
}

/// Where bytes are.
#[derive(Debug)]
pub enum Bytes {
    /// In a file.
    At(PathBuf),
    /// In an open file without a name, such as one that git's objects were written to.
    Open(File),
}

/// A table at hand, with its card.
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    /// Its rows.
    pub source: &'a Source,
    /// Its card.
    pub table: &'a Table,
}

/// How to compare.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Columns to tell rows apart by; found when empty.
    pub key: &'a [String],
    /// The target column.
    pub target: Option<&'a str>,
    /// How many rows of each kind to show.
    pub samples: usize,
    /// Where unnamed temporary files go.
    pub scratch: &'a Path,
    /// Told how many bytes were just read.
    pub progress: &'a (dyn Fn(u64) + Sync),
}
