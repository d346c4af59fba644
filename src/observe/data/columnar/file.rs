//! The file: its footer, its row groups, its bytes.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parquet::errors::{ParquetError, Result as Parsed};
use parquet::file::reader::{
    ChunkReader, FileReader, Length, RowGroupReader, SerializedFileReader,
};
use parquet::schema::types::SchemaDescriptor;

use super::column::Column;
use super::quiet::caught;
use super::value::declared;
use crate::observe::data::stream::RowSink;

/// Rows that are taken out of the columns at a time, and about the most bytes of them.
const BATCH: u64 = 1024;
const BATCH_BYTES: u64 = 8 << 20;
/// The last bytes of a file whose footer is encrypted.
const ENCRYPTED: &[u8] = b"PARE";
const NO_COLUMNS: &str = "it has no columns";

/// Passes the rows on until `go_on`, which is told how many bytes were just read, says no; whether
/// it never did.
///
/// # Errors
/// Why the file is no Parquet file that can be read.
pub fn read<S: RowSink>(
    file: &File,
    sink: &mut S,
    mut go_on: impl FnMut(u64) -> bool,
) -> Result<bool, String> {
    match caught(|| rows(file, sink, &mut go_on)) {
        Some(done) => done.map_err(|error| why(file, error)),
        None => Err("it is damaged".to_owned()),
    }
}

fn why(file: &File, error: ParquetError) -> String {
    let what = match error {
        _ if is_encrypted(file) => return "it is encrypted".to_owned(),
        ParquetError::General(what) if what == NO_COLUMNS => return what,
        ParquetError::NYI(what) => return format!("it can't be read yet: {what}"),
        // What says where a column is lies within the column's own secret.
        ParquetError::General(what) if what.starts_with("Required field") => {
            return format!("it is damaged, or columns of it are encrypted: {what}");
        }
        ParquetError::General(what) | ParquetError::EOF(what) => what,
        ParquetError::External(cause) => cause.to_string(),
        other => other.to_string(),
    };
    format!("it is damaged: {what}")
}

fn is_encrypted(mut file: &File) -> bool {
    let mut end = [0; 4];
    let found = file.seek(SeekFrom::End(-4)).is_ok() && file.read_exact(&mut end).is_ok();
    found && end == ENCRYPTED
}

fn rows<S: RowSink>(
    file: &File,
    sink: &mut S,
    go_on: &mut impl FnMut(u64) -> bool,
) -> Parsed<bool> {
    let chunks = Chunks::new(file)?;
    let done = Arc::clone(&chunks.done);
    let reader = SerializedFileReader::new(chunks)?;
    let footer = reader.metadata();
    let schema = footer.file_metadata().schema_descr();
    if schema.num_columns() == 0 {
        return Err(ParquetError::General(NO_COLUMNS.to_owned()));
    }
    let names = names(schema);
    sink.name_columns(names.iter().map(String::as_bytes));
    sink.declare_types((0..names.len()).map(|leaf| declared(&schema.column(leaf))));
    for index in 0..footer.num_row_groups() {
        let group = reader.get_row_group(index)?;
        if !group_rows(&*group, sink, &mut || {
            go_on(done.swap(0, Ordering::Relaxed))
        })? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn group_rows<S: RowSink>(
    group: &dyn RowGroupReader,
    sink: &mut S,
    go_on: &mut impl FnMut() -> bool,
) -> Parsed<bool> {
    let count = |count: i64| {
        u64::try_from(count)
            .map_err(|_| ParquetError::General("a count in it is negative".to_owned()))
    };
    let mut left = count(group.metadata().num_rows())?;
    let bytes_a_row = count(group.metadata().total_byte_size())? / left.max(1);
    let batch = (BATCH_BYTES / bytes_a_row.max(1)).clamp(1, BATCH);
    let columns = 0..group.num_columns();
    let mut columns: Vec<Column> = columns
        .map(|index| Column::new(group, index))
        .collect::<Parsed<_>>()?;
    while left > 0 {
        let rows = usize::try_from(batch.min(left)).unwrap_or(1);
        for column in &mut columns {
            column.fill(rows)?;
        }
        for row in 0..rows {
            sink.add_values(columns.iter().map(|column| column.value(row)));
        }
        if !go_on() {
            return Ok(false);
        }
        left -= rows as u64;
    }
    Ok(true)
}

/// A column that is all there is of its root is called by it: `tags`, and not `tags.list.element`.
fn names(schema: &SchemaDescriptor) -> Vec<String> {
    let roots = || (0..schema.num_columns()).map(|leaf| schema.get_column_root_idx(leaf));
    let name = |(leaf, root)| {
        let path = schema.column(leaf).path().clone();
        if roots().filter(|other| *other == root).count() == 1 {
            schema.get_column_root(leaf).name().to_owned()
        } else {
            path.string()
        }
    };
    roots().enumerate().map(name).collect()
}

/// The bytes of a file at hand. The library's own reader would set aside as much memory as a damaged
/// footer asks for.
struct Chunks {
    file: Arc<File>,
    length: u64,
    done: Arc<AtomicU64>,
}

impl Chunks {
    fn new(file: &File) -> io::Result<Self> {
        Ok(Self {
            length: file.metadata()?.len(),
            file: Arc::new(file.try_clone()?),
            done: Arc::default(),
        })
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<At>;

    fn get_read(&self, start: u64) -> Parsed<Self::T> {
        // What is read here are the headers of pages: short, and next to the page.
        Ok(BufReader::with_capacity(
            512,
            At {
                file: Arc::clone(&self.file),
                place: start,
            },
        ))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Parsed<Bytes> {
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(ParquetError::EOF("it ends too early".to_owned()));
        }
        let mut bytes = vec![0; length];
        let mut at = At {
            file: Arc::clone(&self.file),
            place: start,
        };
        at.read_exact(&mut bytes)?;
        self.done.fetch_add(length as u64, Ordering::Relaxed);
        Ok(bytes.into())
    }
}

/// A place in a file that others read, too.
struct At {
    file: Arc<File>,
    place: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(self.place))?;
        let count = file.read(buffer)?;
        self.place += count as u64;
        Ok(count)
    }
}
