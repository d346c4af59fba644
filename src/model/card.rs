//! The data card: what is remembered of a data file or folder besides its digest.
//!
//! Cards are committed, so they hold no text of any cell: numbers and dates by their statistics,
//! everything else by hash. A hash is no encryption: who can guess a value can check the guess.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::data::DataKind;
use super::digest::Sha256;
use super::number::Number;
use super::sketch::Sketch;

/// The version of data cards that this program writes.
pub const CARD_SCHEMA: &str = "git-exp/data/1";

/// The way of [`Table::hashing`]: `1` and `1.0` are the same value. The first way took their spelling.
pub const HASHING: u32 = 2;

/// What is known of a content, whatever its path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Card {
    /// Digest of the file, or of the folder's manifest.
    pub sha256: Sha256,
    /// File or folder.
    #[serde(default)]
    pub kind: DataKind,
    /// Bytes, summed over a folder.
    pub bytes: u64,
    /// Digest of the bytes with LF for each CRLF (`sed 's/\r$//'`), of a table's file whose first line
    /// ends with CRLF: two files that differ in line endings alone are known by it.
    #[serde(default)]
    pub lf_sha256: Option<Sha256>,
    /// Files of a folder.
    #[serde(default)]
    pub files: Option<u64>,
    /// The files of a folder by extension in lower case (empty for none).
    #[serde(default)]
    pub types: BTreeMap<String, TypeTotal>,
    /// The images of a folder; unknown while some of them are but pointers.
    #[serde(default)]
    pub pictures: Option<Pictures>,
    /// The table in the file, if it is one.
    #[serde(default)]
    pub table: Option<Table>,
    /// Why a file that is named like a table could not be read as one.
    #[serde(default)]
    pub unread: Option<String>,
}

/// Files of one type in a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypeTotal {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the smallest; unknown in cards of earlier versions.
    #[serde(default)]
    pub smallest: Option<u64>,
    /// Bytes of the largest.
    #[serde(default)]
    pub largest: Option<u64>,
}

impl TypeTotal {
    /// Counts one more file.
    pub fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
        self.smallest = Some(self.smallest.map_or(bytes, |least| least.min(bytes)));
        self.largest = self.largest.max(Some(bytes));
    }
}

/// Width and height of an image in pixels, as its header has them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Pixels {
    /// Columns of pixels.
    pub width: u32,
    /// Rows of pixels.
    pub height: u32,
}

/// The images of a folder: files that are named so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pictures {
    /// Images whose size in pixels is known.
    pub files: u64,
    /// Images whose header tells no size.
    #[serde(default)]
    pub unknown: u64,
    /// Different sizes.
    pub sizes: u64,
    /// The most frequent sizes, most frequent first.
    pub frequent: Vec<PictureSize>,
    /// Range of the widths.
    #[serde(default)]
    pub width: Option<Extent>,
    /// Range of the heights.
    #[serde(default)]
    pub height: Option<Extent>,
}

/// How many images are of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PictureSize {
    /// The size.
    #[serde(flatten)]
    pub pixels: Pixels,
    /// Images.
    pub files: u64,
}

/// A range of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Extent {
    /// The smallest.
    pub least: u32,
    /// The one below or at which half of them lie.
    pub median: u32,
    /// The largest.
    pub most: u32,
}

/// How a table is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TableFormat {
    /// Separated values, whatever the separator.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LineEndings {
    /// `\n`
    Lf,
    /// `\r\n`
    Crlf,
    /// `\r`
    Cr,
    /// More than one of these.
    Mixed,
}

/// A table: its form, its columns, its rows in outline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// CSV, JSON Lines or Parquet.
    pub format: TableFormat,
    /// Whether the file is gzipped.
    #[serde(default)]
    pub gzip: bool,
    /// `utf-8`, `utf-16le`, `utf-16be` or `windows-1251`; unknown when it is none of these.
    #[serde(default)]
    pub encoding: Option<String>,
    /// Whether a byte-order mark comes first.
    #[serde(default)]
    pub bom: bool,
    /// The separator of CSV.
    #[serde(default)]
    pub delimiter: Option<char>,
    /// `,` where numbers are written with a decimal comma, as `;`-separated files of a European Excel.
    #[serde(default)]
    pub decimal: Option<char>,
    /// Whether the first row of CSV was taken for names. Told from the cells, so it can be wrong.
    #[serde(default)]
    pub header: Option<bool>,
    /// Unknown for a file of one unended line.
    #[serde(default)]
    pub line_endings: Option<LineEndings>,
    /// Data rows.
    pub rows: u64,
    /// Rows with more or fewer cells than the first; lines that are no JSON object.
    #[serde(default)]
    pub ragged: u64,
    /// Rows too large to be looked into; they count in `rows` only.
    #[serde(default)]
    pub oversized: u64,
    /// The line of CSV, from 1, on which a quote opens that nothing closes: the rest of the file is
    /// one cell.
    #[serde(default)]
    pub unclosed_quote: Option<u64>,
    /// Columns beyond the limit, which were not looked at.
    #[serde(default)]
    pub columns_left_out: u64,
    /// Columns in the order of the file.
    pub columns: Vec<Column>,
    /// The first column that names each row: never empty, never twice the same.
    #[serde(default)]
    pub key: Option<String>,
    /// Whether no two rows are the same; unknown for large tables.
    #[serde(default)]
    pub rows_unique: Option<bool>,
    /// How values are hashed: [`HASHING`], or an earlier way, whose hashes are not told.
    #[serde(default)]
    pub hashing: u32,
    /// The hashes of rows. Equal rows count once.
    #[serde(default)]
    pub row_sketch: Option<Sketch>,
    /// The hashes of one column, by which rows can be told apart when other columns change.
    #[serde(default)]
    pub key_sketch: Option<KeySketch>,
    /// The column whose values were counted up to a higher bound.
    #[serde(default)]
    pub target: Option<String>,
}

/// A sketch of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeySketch {
    /// Its name.
    pub column: String,
    /// The hashes of its values.
    pub sketch: Sketch,
}

/// What the cells of a column are.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// No cell has a value, and the file declares no type.
    #[default]
    Empty,
    /// `true` and `false`.
    Bool,
    /// Integers.
    Int,
    /// Numbers.
    Float,
    /// Days.
    Date,
    /// Moments.
    Datetime,
    /// Anything else.
    Text,
}

/// One column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// As the header has it; the number of the column, from 1, where there is none.
    pub name: String,
    /// The type that fits all cells.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// How many cells are of which type, where they differ.
    #[serde(default)]
    pub mixed: BTreeMap<String, u64>,
    /// Cells without a value: nothing, or a word like `NA`, `null`, `NaN`.
    pub empty: u64,
    /// Different values.
    #[serde(default)]
    pub distinct: Option<Distinct>,
    /// Whether no value comes twice; unknown for large columns.
    #[serde(default)]
    pub unique: Option<bool>,
    /// A hash of all cells and the rows they are in, 16 hex digits: a column that only got another
    /// name keeps it.
    #[serde(default)]
    pub content: Option<String>,
    /// Statistics of the cells that are numbers.
    #[serde(default)]
    pub numbers: Option<NumberStats>,
    /// Range of the cells that are dates.
    #[serde(default)]
    pub dates: Option<DateRange>,
    /// How often each value comes, most frequent first, when there are few.
    #[serde(default)]
    pub values: Vec<ValueCount>,
}

/// How many values differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Distinct {
    /// The count, or the estimate.
    pub count: u64,
    /// The estimate's standard error; absent when the count is exact.
    #[serde(default)]
    pub error: Option<u64>,
}

/// Statistics of the numbers in a column. Infinities are counted and left out of the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NumberStats {
    /// Cells that are numbers.
    pub count: u64,
    /// Cells that are infinite.
    #[serde(default)]
    pub infinite: u64,
    /// Smallest.
    pub min: Option<Number>,
    /// Largest.
    pub max: Option<Number>,
    /// Arithmetic mean.
    pub mean: Option<Number>,
    /// Sample standard deviation (n − 1); absent for a single number.
    pub sd: Option<Number>,
    /// Values below or at which 5, 25, 50, 75 and 95 % of the numbers lie.
    pub quantiles: BTreeMap<String, Number>,
    /// Standard error of a quantile's rank, as a share of the count; absent when exact.
    #[serde(default)]
    pub rank_error: Option<Number>,
}

/// The range of dates: ISO 8601; `Z` where a cell named its offset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DateRange {
    /// Earliest.
    pub earliest: String,
    /// Latest.
    pub latest: String,
}

/// How often a value comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ValueCount {
    /// XXH3-64 of the value, 16 hex digits: of a text's UTF-8, of a number whatever its spelling.
    pub hash: String,
    /// Cells.
    pub count: u64,
}

impl Card {
    /// Digest of the bytes with LF endings, as far as it is known.
    pub fn with_lf(&self) -> Option<&Sha256> {
        let table = self.table.as_ref()?;
        match table.line_endings {
            Some(LineEndings::Lf) if !table.gzip => Some(&self.sha256),
            _ => self.lf_sha256.as_ref(),
        }
    }

    /// Whether two contents differ in nothing but line endings.
    pub fn differs_in_line_endings_only(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.with_lf(), other.with_lf());
        self.sha256 != other.sha256 && ours.is_some() && ours == theirs
    }
}

/// How a table is written down: tables of two forms may hold the same values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Form {
    /// As [`Table::format`], and so the others.
    pub format: TableFormat,
    /// Whether it is gzipped.
    pub gzip: bool,
    /// The encoding.
    pub encoding: Option<String>,
    /// Whether a byte-order mark comes first.
    pub bom: bool,
    /// The separator.
    pub delimiter: Option<char>,
    /// The decimal comma.
    pub decimal: Option<char>,
    /// Whether the first row holds names.
    pub header: Option<bool>,
    /// How lines end.
    pub line_endings: Option<LineEndings>,
}

impl Table {
    /// How it is written down.
    pub fn form(&self) -> Form {
        Form {
            format: self.format,
            gzip: self.gzip,
            encoding: self.encoding.clone(),
            bom: self.bom,
            delimiter: self.delimiter,
            decimal: self.decimal,
            header: self.header,
            line_endings: self.line_endings,
        }
    }

    /// Drops what values of another hashing than this program's told: compared with ours, all of them
    /// would differ.
    pub fn forget_other_hashes(&mut self) {
        if self.hashing == HASHING {
            return;
        }
        (self.row_sketch, self.key_sketch) = (None, None);
        for column in &mut self.columns {
            column.content = None;
            column.values.clear();
        }
    }

    /// A column by its name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
