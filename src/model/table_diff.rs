//! How two versions of data differ: the typed answer, which is also its JSON.

use schemars::JsonSchema;
use serde::Serialize;

use super::card::{Card, ColumnType, Distinct, Form, Pictures};
use super::data::DataKind;
use super::digest::Sha256;
use super::number::Number;
use super::path::RecordPath;

/// The version of `git exp data diff --json`.
pub const DATA_DIFF_SCHEMA: &str = "git-exp/data-diff/1";

/// Two files or folders, compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DataDiff {
    /// The first.
    pub a: Version,
    /// The second.
    pub b: Version,
    /// The answer in a word.
    pub change: Change,
    /// How the tables differ, if both are tables.
    pub table: Option<TableDiff>,
    /// How the folders differ, if both are folders.
    pub folder: Option<FolderDiff>,
    /// What could not be looked at, in sentences.
    pub notes: Vec<String>,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Version {
    /// Where it is.
    pub path: RecordPath,
    /// File or folder.
    pub kind: DataKind,
    /// Its digest.
    pub sha256: Option<Sha256>,
    /// Its size.
    pub bytes: Option<u64>,
}

/// Whether two versions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The same bytes.
    Same,
    /// The same but for CRLF and LF.
    LineEndings,
    /// Other content.
    Changed,
}

/// Where the numbers come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Both versions were read.
    #[default]
    Rows,
    /// Their stored cards, for a version is not at hand.
    Cards,
}

/// A number of rows or files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Count {
    /// The count, or the estimate.
    pub value: u64,
    /// The standard error of an estimate; null when the count is exact.
    pub error: Option<u64>,
}

/// How two versions of a table differ. What is empty or null is not known or not different.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TableDiff {
    /// Where the numbers come from.
    pub basis: Basis,
    /// Whether a version was too large to be looked for without being asked to (`--data`): that the
    /// cards were taken says nothing of where it is.
    pub unread: bool,
    /// Rows and columns before.
    pub a: Size,
    /// Rows and columns after.
    pub b: Size,
    /// How both are written down, where that differs.
    pub form: Option<[Form; 2]>,
    /// The columns that rows are told apart by; none when rows were compared whole.
    pub key: Vec<String>,
    /// Rows added, removed, changed.
    pub rows: Option<RowCounts>,
    /// Columns only in the second version.
    pub columns_added: Vec<Outline>,
    /// Columns only in the first version.
    pub columns_removed: Vec<Outline>,
    /// Columns with the same cells under another name.
    pub columns_renamed: Vec<Renamed>,
    /// Columns of another type.
    pub columns_retyped: Vec<Retyped>,
    /// Columns with the number of matched rows in which their cell differs, most first.
    pub cells: Vec<Cells>,
    /// Statistics that moved, furthest first.
    pub shifted: Vec<Shift>,
    /// The target column's values.
    pub target: Option<Target>,
    /// Rows that are also in another input.
    pub overlaps: Vec<Overlap>,
    /// Some of the rows that differ.
    pub samples: Vec<Sample>,
    /// What to keep in mind.
    pub remarks: Vec<Remark>,
}

/// The size of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Size {
    /// Data rows.
    pub rows: u64,
    /// Columns.
    pub columns: u64,
}

/// Rows that differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RowCounts {
    /// Only in the second version.
    pub added: Count,
    /// Only in the first version.
    pub removed: Count,
    /// In both by the key, with other cells; null without a key.
    pub changed: Option<Count>,
    /// In both, with the same cells.
    pub same: Option<Count>,
    /// Of the same rows, those whose cells are spelled otherwise (`1` and `1.0`); null when not
    /// looked at.
    pub respelled: Option<u64>,
}

/// A column in outline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Outline {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// Different values.
    pub distinct: Option<Distinct>,
    /// Cells without a value.
    pub empty: u64,
    /// All cells.
    pub cells: u64,
    /// The mean of its numbers.
    pub mean: Option<Number>,
}

/// A column under two names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Renamed {
    /// Before.
    pub a: String,
    /// After.
    pub b: String,
}

/// A column of another type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Retyped {
    /// The column.
    pub column: String,
    /// Its type before.
    pub a: ColumnType,
    /// Its type after.
    pub b: ColumnType,
    /// Empty cells before.
    pub empty_a: u64,
    /// Empty cells after.
    pub empty_b: u64,
}

/// Cells of a column that differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cells {
    /// The column, as it is named in the second version.
    pub column: String,
    /// In so many rows.
    pub rows: u64,
}

/// What is said of a column before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Statistic {
    /// The mean of its numbers.
    Mean,
    /// The share of empty cells, in percent.
    Empty,
    /// How many values differ.
    Distinct,
}

/// How far two distributions are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// The largest distance of the two distribution functions (Smirnov 1948), 0 to 1.
    Ks,
    /// Population stability index: Σ (b − a) ln(b / a) over the values (Siddiqi, Credit Risk
    /// Scorecards, 2006, who calls 0.1 a slight and 0.25 a major shift).
    Psi,
}

/// A distance of two distributions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Distance {
    /// Which.
    pub measure: Measure,
    /// How far.
    pub value: Number,
    /// The standard error of an estimate; null when it is exact.
    pub error: Option<Number>,
}

/// A column whose values moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Shift {
    /// The column, as it is named in the second version.
    pub column: String,
    /// What `a` and `b` are.
    pub statistic: Statistic,
    /// Before.
    pub a: Option<Number>,
    /// After.
    pub b: Option<Number>,
    /// How far the distributions are apart.
    pub distance: Option<Distance>,
}

/// How the target moved: the shares of its values, or its mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Target {
    /// The target column.
    pub column: String,
    /// Its values, most moved first; none where there are many.
    pub values: Vec<TargetValue>,
    /// Its means, where it is a number of many values.
    pub mean: Option<[Number; 2]>,
}

/// The share of one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TargetValue {
    /// Its text; null where only its hash is known.
    pub value: Option<String>,
    /// Its hash, as cards have it.
    pub hash: String,
    /// Percent of the filled cells before.
    pub a: Number,
    /// Percent of the filled cells after.
    pub b: Number,
}

/// Rows of the table that another input has too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Overlap {
    /// The other input.
    pub path: RecordPath,
    /// Such rows before; null when it can't be told.
    pub a: Option<Count>,
    /// Such rows after.
    pub b: Option<Count>,
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RowChange {
    /// Other cells.
    Changed,
    /// Only in the second version.
    Added,
    /// Only in the first version.
    Removed,
}

/// A row that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sample {
    /// What happened to it.
    pub change: RowChange,
    /// Its number before, from 1, the header not counted.
    pub row_a: Option<u64>,
    /// Its number after.
    pub row_b: Option<u64>,
    /// Its cells; of a changed row, the key and what differs.
    pub cells: Vec<SampleCell>,
}

/// A cell of such a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SampleCell {
    /// The column.
    pub column: String,
    /// Its text before.
    pub a: Option<String>,
    /// Its text after.
    pub b: Option<String>,
}

/// What a reader of the numbers should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "remark")]
pub enum Remark {
    /// No column names each row of both versions, so rows are compared whole.
    NoKey,
    /// The tables are too large to tell whether a column names each row.
    KeyUnknown,
    /// A column names each row in one version only.
    KeyLost {
        /// The column.
        column: String,
        /// Whether it does so in the first version.
        in_a: bool,
    },
    /// Some rows have the key of another.
    KeyRepeats {
        /// Such rows before.
        a: u64,
        /// Such rows after.
        b: u64,
    },
    /// No column is in both versions.
    NoCommonColumns,
    /// Rows were compared by the columns that both versions have.
    CommonColumns {
        /// How many those are.
        count: u64,
    },
    /// Rows too large to be looked into are not compared.
    Oversized {
        /// Such rows in both versions together.
        rows: u64,
    },
    /// A quote that nothing closes made one cell of the rest of a version.
    UnclosedQuote {
        /// Its line before.
        a: Option<u64>,
        /// Its line after.
        b: Option<u64>,
    },
    /// The cards can't be compared row by row: columns differ, and there is no key.
    RowsUnknown,
}

/// How two folders differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FolderDiff {
    /// Files only in the second.
    pub added: Vec<RecordPath>,
    /// Files only in the first.
    pub removed: Vec<RecordPath>,
    /// Files with other content.
    pub changed: Vec<RecordPath>,
    /// Files with the same content under another path.
    pub renamed: Vec<RenamedFile>,
    /// How many files are the same.
    pub same: u64,
    /// The images of both, where their sizes in pixels moved.
    pub pictures: Option<[Pictures; 2]>,
}

/// A file under two paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RenamedFile {
    /// Before.
    pub a: RecordPath,
    /// After.
    pub b: RecordPath,
}

impl FolderDiff {
    /// Takes from the cards of both versions what manifests don't tell.
    pub fn add_cards(&mut self, a: Option<&Card>, b: Option<&Card>) {
        let pictures = |card: Option<&Card>| card?.pictures.clone();
        let both = pictures(a).zip(pictures(b));
        // How many there are, the files tell.
        let sizes = |one: &Pictures| {
            let usual = one.frequent.first().map(|size| size.pixels);
            (one.width, one.height, one.sizes, usual, one.unknown)
        };
        let moved = both.filter(|(a, b)| sizes(a) != sizes(b));
        self.pictures = moved.map(|(a, b)| [a, b]);
    }
}

impl Count {
    /// A number that was counted.
    pub fn exact(value: u64) -> Self {
        Self { value, error: None }
    }
}
