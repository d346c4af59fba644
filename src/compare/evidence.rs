//! What a comparison is told beyond the two records, by callers who may look at git and at files.

use crate::model::run::Time;
use crate::model::table_diff::{FolderDiff, TableDiff};
use crate::model::{Axis as PathAxis, RecordPath, Run, Sha256};

/// One of the two runs, with what lies beside its record.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The record.
    pub run: &'a Run,
    /// `env.txt` as name and version, sorted by name; `None` when it isn't at hand.
    pub packages: Option<&'a [(String, String)]>,
    /// When its metrics file was written.
    pub metrics_written: Option<Time>,
}

impl<'a> Side<'a> {
    /// A side of which nothing but the record is known.
    pub fn new(run: &'a Run) -> Self {
        Self {
            run,
            packages: None,
            metrics_written: None,
        }
    }
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
    /// How data inputs differ inside, as far as anybody looked.
    pub inside: Vec<Inside>,
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

    /// A changed file that was not looked into.
    pub fn too_large(path: RecordPath, bytes: u64) -> Self {
        Self {
            path,
            added: None,
            removed: None,
            note: Some(FileNote::TooLarge(bytes)),
            ..Self::lines("", "M", 0, 0)
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
    /// Its lines were not compared to the end: a function too many may be named.
    Approximate,
    /// Its lines could not be counted in time.
    Uncounted,
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

/// What was seen inside two versions of a data input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// Digest of the first version.
    pub a: Sha256,
    /// Digest of the second version.
    pub b: Sha256,
    /// How they differ.
    pub difference: Difference,
}

/// How two versions of a data input differ inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// In CRLF and LF only.
    LineEndings,
    /// As tables.
    Table(Box<TableDiff>),
    /// As folders.
    Folder(Box<FolderDiff>),
}
