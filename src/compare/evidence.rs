//! What a comparison is told beyond the two records, by callers who may look at git and at files.

use crate::model::run::Time;
use crate::model::{Axis as PathAxis, MetricValue, Param, RecordPath, Run};

/// One of the two runs, with what lies beside its record.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The record.
    pub run: &'a Run,
    /// `env.txt` as name and version, sorted by name; `None` when it isn't at hand.
    pub packages: Option<&'a [(String, String)]>,
    /// Repeats of this run under other seeds (`repeats/seed_*/metrics.json`).
    pub repeats: &'a [Repeat],
    /// When its metrics file was written.
    pub metrics_written: Option<Time>,
}

impl<'a> Side<'a> {
    /// A side of which nothing but the record is known.
    pub fn new(run: &'a Run) -> Self {
        Self {
            run,
            packages: None,
            repeats: &[],
            metrics_written: None,
        }
    }
}

/// The metrics of a repeat that is kept inside its run.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// Its seed.
    pub seed: Option<Param>,
    /// What it measured.
    pub metrics: std::collections::BTreeMap<String, MetricValue>,
}

/// What was seen outside the records.
#[derive(Clone, Debug, Default)]
pub struct Evidence<'a> {
    /// How the frozen code differs.
    pub code: CodeEvidence,
    /// Commits that one of the two runs' commits has in its history and the other has not.
    pub commits_between: Option<u64>,
    /// Why it is not known which files the command uses, if it isn't.
    pub usage_gap: Option<UsageGap>,
    /// Whether a file under `[eval] metric_code` differs; `None` when not looked at.
    pub metric_code_changed: Option<bool>,
    /// How data files differ inside, by role.
    pub tables: Vec<(String, TableChange)>,
    /// The project's runs, for noise and for "already have". The two sides may be among them.
    pub runs: &'a [&'a Run],
    /// Files that changed between the runs and are no recorded input of either.
    pub unrecorded: Vec<RecordPath>,
    /// Places in the code where a random state is taken without a value.
    pub unseeded: Vec<Place>,
}

/// How the frozen code of two runs differs.
#[derive(Clone, Debug)]
pub enum CodeEvidence {
    /// Each file that differs.
    Known(Vec<FileChange>),
    /// The snapshots could not be compared, and why.
    Unknown(String),
}

impl Default for CodeEvidence {
    fn default() -> Self {
        Self::Unknown("the snapshots were not compared".to_owned())
    }
}

/// One file that differs between two frozen trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Relative to the top of the working tree.
    pub path: RecordPath,
    /// What it counts as; only `code` counts here.
    pub axis: PathAxis,
    /// git's letter: `A`, `M`, `D`, `T`.
    pub status: String,
    /// Lines added; `None` for binary content.
    pub added: Option<u64>,
    /// Lines removed; `None` for binary content.
    pub removed: Option<u64>,
    /// Cells that differ, in a notebook.
    pub cells: Option<u64>,
    /// Whether only white space and comments differ.
    pub cosmetic: Option<bool>,
    /// Whether the command uses the file. `Some(false)` takes the file out of the factor count: say
    /// it only of what the command certainly can't load, such as a notebook beside a script.
    pub used: Option<bool>,
    /// Anything else to say about it.
    pub note: Option<FileNote>,
    /// Functions and classes that differ.
    pub functions: Vec<String>,
}

impl FileChange {
    /// A changed text file of which only the numbers of lines are known.
    pub fn lines(path: &str, status: &str, added: u64, removed: u64) -> Self {
        Self {
            path: path.into(),
            axis: PathAxis::Code,
            status: status.to_owned(),
            added: Some(added),
            removed: Some(removed),
            cells: None,
            cosmetic: None,
            used: None,
            note: None,
            functions: Vec::new(),
        }
    }

    /// Whether the change can alter what the command computes.
    pub fn counts(&self) -> bool {
        self.axis == PathAxis::Code && self.cosmetic != Some(true) && self.used != Some(false)
    }
}

/// What else there is to say about a file that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileNote {
    /// A notebook: only what is typed into its cells was compared.
    OutputsIgnored,
    /// The bytes are the same, the permission to execute is not.
    ModeOnly,
    /// Too large to be compared line by line: its bytes after the change, or before a deletion.
    TooLarge(u64),
}

/// Why it can't be told which files a command uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageGap {
    /// The command is no Python program of this repository.
    Program(String),
    /// The program may load what no import names.
    Dynamic(Place),
    /// A file of the program can't be read as Python.
    Unread(RecordPath),
}

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: RecordPath,
    /// The line, from 1.
    pub line: u64,
    /// What stands there (`random_state`).
    pub name: String,
}

/// How the table in a data file changed, as far as both files or their data cards tell.
///
/// Everything is optional: what is empty is not told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableChange {
    /// Rows and columns before.
    pub size_a: Option<(u64, u64)>,
    /// Rows and columns after.
    pub size_b: Option<(u64, u64)>,
    /// The column that rows were matched by.
    pub key: Option<String>,
    /// Rows added, removed, changed.
    pub rows: Option<RowChange>,
    /// Columns only in the second file, with a description (`text, 6 values, 0 % empty`).
    pub columns_added: Vec<(String, String)>,
    /// Columns only in the first file.
    pub columns_removed: Vec<String>,
    /// Columns whose type changed, such as `income: int → float (42 empty cells appeared)`.
    pub types: Vec<TypeChange>,
    /// Columns with the number of rows where their cell differs.
    pub cells: Vec<(String, u64)>,
    /// The share of the target's positive value, in percent.
    pub target: Option<TargetChange>,
    /// Statistics that moved.
    pub shifted: Vec<Shift>,
    /// Rows shared with another input.
    pub overlaps: Vec<Overlap>,
}

/// Rows that differ between two tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    /// Only in the second.
    pub added: u64,
    /// Only in the first.
    pub removed: u64,
    /// Same key, other cells; `None` without a key.
    pub changed: Option<u64>,
    /// In both; `None` when estimated.
    pub same: Option<u64>,
    /// Whether a stored sketch gave the numbers, for want of the old file.
    pub estimated: bool,
}

/// A column whose type changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeChange {
    /// The column.
    pub column: String,
    /// Its type before.
    pub a: String,
    /// Its type after.
    pub b: String,
    /// Why, if it is plain.
    pub note: Option<String>,
}

/// How the target's distribution moved.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetChange {
    /// The target column.
    pub column: String,
    /// Its positive value.
    pub value: String,
    /// Its share before, in percent.
    pub a: f64,
    /// Its share after, in percent.
    pub b: f64,
}

/// One statistic of a column before and after, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The column.
    pub column: String,
    /// `mean`, `empty`, …
    pub statistic: String,
    /// Before.
    pub a: String,
    /// After.
    pub b: String,
}

/// Rows of a table that are also in another input: a leak, if that one is for testing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The other file.
    pub path: RecordPath,
    /// Shared rows before.
    pub a: u64,
    /// Shared rows after.
    pub b: u64,
    /// Whether a stored sketch gave the numbers.
    pub estimated: bool,
}
