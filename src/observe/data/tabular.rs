//! Rows cut out of text that comes in pieces: CSV with any separator, and JSON Lines.

use csv_core::ReadRecordResult;

use super::cell::Cell;
use super::stream::RowSink;
use crate::model::card::ColumnType;

/// A longer row is counted and not looked into.
const LONGEST_ROW: usize = 4 << 20;
/// A row of more cells likewise.
const MOST_CELLS: usize = 1 << 16;
const SEPARATORS: [u8; 4] = *b",;\t|";
/// Rows that the separator and the header are told from.
const SNIFFED: usize = 100;

/// The form of a CSV file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// `None` when there is but one column.
    pub delimiter: Option<u8>,
    /// Whether the first row holds names; unknown in an empty file.
    pub header: Option<bool>,
    /// `.`, or the `,` of numbers as most of Europe writes them.
    pub decimal: u8,
}

/// Tells the form from the beginning of a text. The separator is the one by which most rows have
/// the same number of cells, more than one; `usual` wins a draw.
pub fn sniff(sample: &[u8], whole: bool, usual: u8) -> Dialect {
    let mut best: Option<(u8, usize, usize)> = None;
    let others = SEPARATORS.into_iter().filter(|&s| s != usual);
    for separator in std::iter::once(usual).chain(others) {
        let rows = first_rows(sample, separator, whole);
        let Some((width, agreeing)) = usual_width(&rows).filter(|(width, _)| *width > 1) else {
            continue;
        };
        // In ten thousandths, so that a stray row does not outweigh a better separator.
        let agreement = agreeing * 10_000 / rows.len();
        let better = best.is_none_or(|(_, other_width, other)| match agreement.cmp(&other) {
            std::cmp::Ordering::Equal => {
                width > other_width && separator != usual && other < 10_000
            }
            order => order.is_gt(),
        });
        if better {
            best = Some((separator, width, agreement));
        }
    }
    let delimiter = best.map(|(separator, ..)| separator);
    let rows = first_rows(sample, delimiter.unwrap_or(usual), whole);
    let decimal = decimal(&rows, delimiter);
    Dialect {
        delimiter,
        header: has_header(&rows, decimal),
        decimal,
    }
}

/// A comma is decimal where it doesn't separate cells, some cells are numbers with it, and none is
/// one with a point.
fn decimal(rows: &[csv::ByteRecord], delimiter: Option<u8>) -> u8 {
    if delimiter.is_none_or(|separator| separator == b',') {
        return b'.';
    }
    let cells = || rows.iter().flat_map(csv::ByteRecord::iter);
    let is_float = |text: &[u8], decimal| matches!(Cell::read_with(text, decimal), Cell::Float(_));
    let commas = |text: &&[u8]| text.contains(&b',') && is_float(text, b',');
    let points = |text: &&[u8]| text.contains(&b'.') && is_float(text, b'.');
    if cells().any(|text| commas(&text)) && !cells().any(|text| points(&text)) {
        b','
    } else {
        b'.'
    }
}

fn first_rows(sample: &[u8], separator: u8, whole: bool) -> Vec<csv::ByteRecord> {
    let reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(sample);
    let mut rows: Vec<_> = reader
        .into_byte_records()
        .map_while(Result::ok)
        .take(SNIFFED + 1)
        .collect();
    // The last one may be cut, unless it is all there is.
    if rows.len() > SNIFFED || (!whole && rows.len() > 1) {
        rows.pop();
    }
    rows
}

fn usual_width(rows: &[csv::ByteRecord]) -> Option<(usize, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for row in rows {
        *counts.entry(row.len()).or_insert(0_usize) += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count)
}

/// Names are text. A first row with a number in it is data, unless it has text above numbers.
fn has_header(rows: &[csv::ByteRecord], decimal: u8) -> Option<bool> {
    let read = |text: &[u8]| Cell::read_with(text, decimal);
    let (first, rest) = rows.split_first()?;
    let typed = |text: &[u8]| !matches!(read(text).kind(), ColumnType::Text | ColumnType::Empty);
    let words = |text: &[u8]| read(text) == Cell::Text;
    if !first.iter().any(typed) {
        return Some(first.iter().any(words));
    }
    let above_numbers = |column: usize, name: &[u8]| {
        let below: Vec<_> = rest.iter().filter_map(|row| row.get(column)).collect();
        let numbers = below.iter().filter(|text| typed(text)).count();
        words(name) && numbers > 0 && numbers * 2 > below.len()
    };
    let mut names = first.iter().enumerate();
    Some(names.any(|(column, name)| above_numbers(column, name)))
}

/// Cuts text into rows.
pub enum Parser {
    /// Separated values.
    Csv(Box<Csv>),
    /// JSON Lines.
    Json(Lines),
}

impl Parser {
    /// Takes the next piece.
    pub fn feed(&mut self, text: &[u8], rows: &mut impl RowSink) {
        match self {
            Self::Csv(csv) => csv.feed(text, false, rows),
            Self::Json(lines) => lines.feed(text, rows),
        }
    }

    /// Takes the last row, which need not be ended; the line of the quote that nothing closes.
    pub fn finish(&mut self, rows: &mut impl RowSink) -> Option<u64> {
        match self {
            Self::Csv(csv) => csv.finish(rows),
            Self::Json(lines) => {
                lines.finish(rows);
                None
            }
        }
    }
}

/// Cuts CSV into records as RFC 4180 says, and as much else as is in use.
pub struct Csv {
    reader: csv_core::Reader,
    text: Vec<u8>,
    text_length: usize,
    ends: Vec<usize>,
    ends_length: usize,
    oversized: bool,
    /// Of an oversized row: bytes that were overwritten, and the line ends among those of the cell that
    /// is being read.
    overwritten: usize,
    overwritten_lines: u64,
    /// Bytes at the end of the last cell that are not the file's.
    surplus: usize,
    names_wanted: bool,
    header: bool,
}

impl Csv {
    /// Starts at the beginning of a file.
    pub fn new(dialect: Dialect, usual: u8) -> Self {
        Self {
            reader: csv_core::ReaderBuilder::new()
                .delimiter(dialect.delimiter.unwrap_or(usual))
                .build(),
            text: vec![0; 4096],
            text_length: 0,
            ends: vec![0; 64],
            ends_length: 0,
            oversized: false,
            overwritten: 0,
            overwritten_lines: 0,
            surplus: 0,
            names_wanted: true,
            header: dialect.header == Some(true),
        }
    }

    fn feed(&mut self, mut text: &[u8], last: bool, rows: &mut impl RowSink) {
        // To the reader, nothing to read means the end of the file.
        while last || !text.is_empty() {
            let (result, read, written, ended) = self.reader.read_record(
                text,
                &mut self.text[self.text_length..],
                &mut self.ends[self.ends_length..],
            );
            text = &text[read..];
            self.text_length += written;
            self.ends_length += ended;
            match result {
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return,
                ReadRecordResult::OutputFull if self.text.len() < LONGEST_ROW => {
                    self.text.resize(self.text.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < MOST_CELLS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    // Let the rest of the row overwrite what can't be kept.
                    self.oversized = true;
                    self.overwritten_lines = self.lines_of_last_cell();
                    self.overwritten += self.text_length;
                    (self.text_length, self.ends_length) = (0, 0);
                }
                ReadRecordResult::Record => self.record(rows),
            }
        }
    }

    /// Line ends in the cell that is being read.
    fn lines_of_last_cell(&self) -> u64 {
        let (start, before) = match self.ends[..self.ends_length].last() {
            Some(end) => (end.saturating_sub(self.overwritten), 0),
            None => (0, self.overwritten_lines),
        };
        let text = self.text[..self.text_length]
            .get(start..)
            .unwrap_or_default();
        before + memchr::memchr_iter(b'\n', text).count() as u64
    }

    /// Takes the last row; the line of the quote that nothing closes.
    fn finish(&mut self, rows: &mut impl RowSink) -> Option<u64> {
        let line = self.reader.line() - self.lines_of_last_cell();
        // A line end ends any row but one within quotes, where it is one more byte of the cell.
        self.feed(b"\n", false, rows);
        let unclosed = self.text_length > 0;
        self.surplus = usize::from(unclosed);
        self.feed(&[], true, rows);
        unclosed.then_some(line)
    }

    fn record(&mut self, rows: &mut impl RowSink) {
        let ends = &mut self.ends[..self.ends_length];
        if let Some(end) = ends.last_mut() {
            *end -= self.surplus;
        }
        let ends = &*ends;
        let starts = std::iter::once(&0).chain(ends);
        let cells = starts
            .zip(ends)
            .map(|(&start, &end)| self.text.get(start..end).unwrap_or_default());
        if std::mem::take(&mut self.oversized) {
            if !std::mem::take(&mut self.names_wanted) || !self.header {
                rows.skip();
            }
        } else if std::mem::take(&mut self.names_wanted) {
            if self.header {
                rows.name_columns(cells);
            } else {
                rows.name_columns(cells.clone().map(|_| &b""[..]));
                rows.add_cells(cells);
            }
        } else {
            rows.add_cells(cells);
        }
        (self.text_length, self.ends_length) = (0, 0);
        (self.overwritten, self.overwritten_lines) = (0, 0);
    }
}

/// Cuts text into lines.
#[derive(Default)]
pub struct Lines {
    line: Vec<u8>,
    oversized: bool,
}

impl Lines {
    fn feed(&mut self, mut text: &[u8], rows: &mut impl RowSink) {
        while let Some(end) = memchr::memchr(b'\n', text) {
            let (line, rest) = text.split_at(end);
            text = &rest[1..];
            if self.line.is_empty() && !self.oversized {
                add_line(line, rows);
            } else {
                self.keep(line);
                self.finish(rows);
            }
        }
        self.keep(text);
    }

    fn keep(&mut self, text: &[u8]) {
        self.oversized |= self.line.len() + text.len() > LONGEST_ROW;
        if self.oversized {
            self.line = Vec::new();
        } else {
            self.line.extend_from_slice(text);
        }
    }

    fn finish(&mut self, rows: &mut impl RowSink) {
        if std::mem::take(&mut self.oversized) {
            rows.skip();
        } else {
            add_line(&self.line, rows);
        }
        self.line.clear();
    }
}

fn add_line(line: &[u8], rows: &mut impl RowSink) {
    if !line.trim_ascii().is_empty() {
        rows.add_json(line);
    }
}
