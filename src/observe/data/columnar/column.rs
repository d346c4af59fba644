//! One column of a row group, a batch of rows at a time.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result as Parsed};
use parquet::file::reader::RowGroupReader;

use super::value::{Kind, Tell};
use crate::observe::data::cell::Cell;

/// A column with the rows that were read last.
pub struct Column {
    reader: ColumnReader,
    kind: Kind,
    levels: Levels,
    told: Told,
}

/// How deep values lie, and the levels of those that were read last: what is nothing, and what belongs
/// to the same row.
struct Levels {
    deepest: i16,
    repeats: i16,
    /// From here on, there is an element.
    element: i16,
    defined: Vec<i16>,
    repeated: Vec<i16>,
}

/// Values as text, one after the other.
#[derive(Default)]
struct Told {
    text: Vec<u8>,
    cells: Vec<(Cell, usize)>,
}

impl Told {
    fn end(&mut self, cell: Cell) {
        self.cells.push((cell, self.text.len()));
    }
}

impl Column {
    /// Starts at the beginning of the row group.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn new(group: &dyn RowGroupReader, index: usize) -> Parsed<Self> {
        let reader = group.get_column_reader(index)?;
        let form = group.metadata().column(index).column_descr_ptr();
        Ok(Self {
            reader,
            kind: Kind::of(&form),
            levels: Levels {
                deepest: form.max_def_level(),
                repeats: form.max_rep_level(),
                element: form.repeated_ancestor_def_level(),
                defined: Vec::new(),
                repeated: Vec::new(),
            },
            told: Told::default(),
        })
    }

    /// A value of the rows that were read last.
    pub fn value(&self, row: usize) -> (Cell, &[u8]) {
        let cells = &self.told.cells;
        let start = row.checked_sub(1).map_or(0, |before| cells[before].1);
        let (cell, end) = cells[row];
        (cell, &self.told.text[start..end])
    }

    /// Reads the next rows.
    ///
    /// # Errors
    /// When there are fewer, or the file is damaged.
    pub fn fill(&mut self, rows: usize) -> Parsed<()> {
        let (kind, levels, told) = (self.kind, &mut self.levels, &mut self.told);
        told.text.clear();
        told.cells.clear();
        match &mut self.reader {
            ColumnReader::BoolColumnReader(reader) => fill(reader, kind, levels, told, rows),
            ColumnReader::Int32ColumnReader(reader) => fill(reader, kind, levels, told, rows),
            ColumnReader::Int64ColumnReader(reader) => fill(reader, kind, levels, told, rows),
            ColumnReader::Int96ColumnReader(reader) => fill(reader, kind, levels, told, rows),
            ColumnReader::FloatColumnReader(reader) => fill(reader, kind, levels, told, rows),
            ColumnReader::DoubleColumnReader(reader) => fill(reader, kind, levels, told, rows),
            ColumnReader::ByteArrayColumnReader(reader) => fill(reader, kind, levels, told, rows),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                fill(reader, kind, levels, told, rows)
            }
        }
    }
}

fn fill<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    kind: Kind,
    levels: &mut Levels,
    told: &mut Told,
    rows: usize,
) -> Parsed<()>
where
    T::T: Tell,
{
    levels.defined.clear();
    levels.repeated.clear();
    let mut values = Vec::with_capacity(rows);
    let (records, _, seen) = reader.read_records(
        rows,
        Some(&mut levels.defined),
        Some(&mut levels.repeated),
        &mut values,
    )?;
    let short = || ParquetError::General("a column has fewer rows than the table".to_owned());
    if records != rows {
        return Err(short());
    }
    let mut values = values.iter();
    let mut next = || values.next().ok_or_else(short);
    if levels.repeats > 0 {
        lists(kind, levels, told, next)?;
    } else if levels.deepest == 0 {
        for _ in 0..seen {
            let cell = next()?.tell(kind, &mut told.text);
            told.end(cell);
        }
    } else {
        for level in &levels.defined {
            let cell = if *level == levels.deepest {
                next()?.tell(kind, &mut told.text)
            } else {
                Cell::Empty
            };
            told.end(cell);
        }
    }
    if told.cells.len() == rows {
        Ok(())
    } else {
        Err(short())
    }
}

/// `[1,2]`; `;` stands where an inner list begins. No list is no value, `[]` is one.
fn lists<'v, V: Tell + 'v>(
    kind: Kind,
    levels: &Levels,
    told: &mut Told,
    mut next: impl FnMut() -> Parsed<&'v V>,
) -> Parsed<()> {
    let mut open = false;
    let mut scratch = Vec::new();
    for (&defined, &repeated) in levels.defined.iter().zip(&levels.repeated) {
        if repeated == 0 {
            if std::mem::take(&mut open) {
                told.text.push(b']');
                told.end(Cell::Text);
            }
            if defined + 1 < levels.element {
                told.end(Cell::Empty);
                continue;
            }
            open = true;
            told.text.push(b'[');
        } else {
            let inner = repeated == levels.repeats;
            told.text.push(if inner { b',' } else { b';' });
        }
        if defined == levels.deepest {
            scratch.clear();
            if next()?.tell(kind, &mut scratch) == Cell::Text {
                quote(&scratch, &mut told.text);
            } else {
                told.text.extend_from_slice(&scratch);
            }
        } else if defined >= levels.element {
            told.text.extend_from_slice(b"null");
        }
    }
    if open {
        told.text.push(b']');
        told.end(Cell::Text);
    }
    Ok(())
}

fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        if byte == b'"' {
            out.push(byte);
        }
        out.push(byte);
    }
    out.push(b'"');
}
