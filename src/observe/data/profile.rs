//! The profile of a table, gathered while its file is hashed.
//!
//! Memory is bounded whatever the file: a sample, one row ([`super::tabular`]), some 130 KiB a column
//! for at most [`super::rows::MOST_COLUMNS`] columns, and the hashes of
//! [`super::sketch::UNIQUE_BUDGET`].

use std::fs::File;

use super::columnar;
use super::hash::{Raw, Tee};
use super::rows::Rows;
pub use super::stream::Shape;
use super::stream::{Stream, Streamed};
use super::text::LfDigest;
use crate::model::card::{HASHING, KeySketch, Table, TableFormat};

/// How much to gather.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Statistics, or types only.
    pub full: bool,
    /// The column whose values are counted up to a higher bound.
    pub target: Option<String>,
    /// The column to tell rows apart by; found when not given.
    pub key: Option<String>,
}

/// Gathers a profile from bytes.
pub struct Profiler {
    shape: Shape,
    wanted: Wanted,
    form: Form,
    lf: LfDigest,
}

enum Form {
    /// Read from front to back.
    Stream(Stream<Rows>),
    /// Parquet, read when it is all there.
    Columns(Box<Result<Rows, String>>),
}

/// What was gathered.
pub struct Profiled {
    /// The table, or why there is none.
    pub table: Result<Table, String>,
    /// SHA-256 of the bytes with LF for each CRLF, if the first line ended so.
    pub lf: Option<Raw>,
}

impl Tee for Profiler {
    fn restart(&mut self) {
        *self = Self::new(self.shape, self.wanted.clone());
    }

    fn take(&mut self, bytes: &[u8]) {
        if let Form::Stream(stream) = &mut self.form {
            if !self.shape.gzip {
                self.lf.take(bytes);
            }
            stream.take(bytes);
        }
    }

    fn whole(&mut self, file: &File) {
        if let Form::Columns(rows) = &mut self.form {
            let mut found = Rows::new(self.wanted.full);
            **rows = columnar::read(file, &mut found, |_| true).map(|_| found);
        }
    }
}

impl Profiler {
    /// Starts at the beginning of a file.
    pub fn new(shape: Shape, wanted: Wanted) -> Self {
        Self {
            form: match shape.format {
                TableFormat::Parquet => Form::Columns(Box::new(Err("it was not read".to_owned()))),
                _ => Form::Stream(Stream::new(shape, Rows::new(wanted.full))),
            },
            shape,
            wanted,
            lf: LfDigest::default(),
        }
    }

    /// What was gathered.
    pub fn finish(self) -> Profiled {
        let streamed = match self.form {
            Form::Stream(stream) => stream.finish(),
            Form::Columns(rows) => rows.map(Streamed::of_no_text),
        };
        Profiled {
            table: streamed.and_then(|seen| table(seen, self.shape, &self.wanted)),
            lf: self.lf.answer(),
        }
    }
}

fn table(seen: Streamed<Rows>, shape: Shape, wanted: &Wanted) -> Result<Table, String> {
    let rows = &seen.rows;
    let looked_at = rows.looked_at();
    if shape.format == TableFormat::Jsonl && rows.count > 0 && rows.ragged == rows.count {
        return Err("no line is a JSON object".to_owned());
    }
    let is_target = |name: &str| wanted.target.as_deref() == Some(name);
    let columns = rows.columns.iter().map(|column| {
        if wanted.full {
            column.full(looked_at, is_target(column.name()))
        } else {
            column.schema(looked_at)
        }
    });
    let found = rows.columns.iter().find(|c| c.is_key(rows.count));
    let asked = wanted.key.as_deref();
    let asked = rows.columns.iter().find(|c| asked == Some(c.name()));
    let key = found.filter(|_| wanted.full);
    let dialect = seen.dialect;
    Ok(Table {
        format: shape.format,
        gzip: shape.gzip,
        encoding: seen.script.name.filter(|_| seen.valid).map(str::to_owned),
        bom: seen.script.bom > 0,
        delimiter: dialect.and_then(|d| d.delimiter).map(char::from),
        decimal: dialect
            .filter(|d| d.decimal == b',')
            .map(|d| char::from(d.decimal)),
        header: dialect.and_then(|d| d.header),
        line_endings: seen.line_ends.answer(),
        rows: rows.count,
        ragged: rows.ragged,
        oversized: rows.oversized,
        unclosed_quote: seen.unclosed_quote,
        columns_left_out: rows.columns_left_out,
        columns: columns.collect(),
        key: key.map(|column| column.name().to_owned()),
        hashing: HASHING,
        rows_unique: rows.unique.answer().filter(|_| wanted.full),
        row_sketch: wanted.full.then(|| rows.sketch.sketch()),
        key_sketch: asked
            .or(key)
            .filter(|_| wanted.full)
            .map(|column| KeySketch {
                column: column.name().to_owned(),
                sketch: column.sketch(),
            }),
        target: wanted
            .target
            .clone()
            .filter(|name| wanted.full && rows.columns.iter().any(|c| c.name() == name)),
    })
}
