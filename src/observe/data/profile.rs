//! The profile of a table, gathered while its file is hashed.
//!
//! Memory is bounded whatever the file: a sample, one row ([`super::tabular`]), some 130 KiB a column
//! for at most [`super::rows::MOST_COLUMNS`] columns, and the hashes of
//! [`super::sketch::UNIQUE_BUDGET`].

use std::io::{self, Write};
use std::path::Path;

use flate2::write::MultiGzDecoder;

use super::hash::Tee;
use super::rows::Rows;
use super::tabular::{Csv, Lines, Parser, sniff};
use super::text::{LineEnds, Recoder, Script, detect};
use crate::model::card::{KeySketch, Table, TableFormat};

/// Bytes that encoding and form are told from.
const SAMPLE: usize = 64 * 1024;

/// What a file's name says about its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    format: TableFormat,
    gzip: bool,
    usual: u8,
}

impl Shape {
    /// The form of `….csv`, `….tsv`, `….tab`, `….jsonl`, `….ndjson`, and of these with `.gz`.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        let (name, gzip) = match name.strip_suffix(".gz") {
            Some(name) => (name, true),
            None => (name.as_str(), false),
        };
        let (format, usual) = match name.rsplit_once('.')?.1 {
            "csv" => (TableFormat::Csv, b','),
            "tsv" | "tab" => (TableFormat::Csv, b'\t'),
            "jsonl" | "ndjson" => (TableFormat::Jsonl, b','),
            _ => return None,
        };
        Some(Self {
            format,
            gzip,
            usual,
        })
    }
}

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
    unpacker: Unpacker,
}

enum Unpacker {
    Plain(Box<Sink>),
    Gzip(Box<MultiGzDecoder<Sink>>),
    Broken(String),
}

impl Unpacker {
    fn new(shape: Shape, wanted: &Wanted) -> Self {
        let sink = Sink {
            shape,
            full: wanted.full,
            state: State::Waiting(Vec::new()),
        };
        if shape.gzip {
            Self::Gzip(Box::new(MultiGzDecoder::new(sink)))
        } else {
            Self::Plain(Box::new(sink))
        }
    }
}

impl Tee for Profiler {
    fn restart(&mut self) {
        self.unpacker = Unpacker::new(self.shape, &self.wanted);
    }

    fn take(&mut self, bytes: &[u8]) {
        let written = match &mut self.unpacker {
            Unpacker::Plain(sink) => sink.write_all(bytes),
            Unpacker::Gzip(decoder) => decoder.write_all(bytes),
            Unpacker::Broken(_) => return,
        };
        if let Err(error) = written {
            self.unpacker = Unpacker::Broken(unzipping(&error));
        }
    }
}

fn unzipping(error: &io::Error) -> String {
    format!("cannot unzip: {error}")
}

impl Profiler {
    /// Starts at the beginning of a file.
    pub fn new(shape: Shape, wanted: Wanted) -> Self {
        Self {
            shape,
            unpacker: Unpacker::new(shape, &wanted),
            wanted,
        }
    }

    /// The table, or why there is none.
    pub fn finish(self) -> Result<Table, String> {
        let sink = match self.unpacker {
            Unpacker::Plain(sink) => *sink,
            Unpacker::Gzip(decoder) => decoder.finish().map_err(|error| unzipping(&error))?,
            Unpacker::Broken(why) => return Err(why),
        };
        sink.finish()?.table(self.shape, &self.wanted)
    }
}

/// Text as it comes out of the unpacker.
struct Sink {
    shape: Shape,
    full: bool,
    state: State,
}

enum State {
    /// The first bytes, from which the form will be told.
    Waiting(Vec<u8>),
    Reading(Box<Body>),
    Refused(String),
}

struct Body {
    script: Script,
    recoder: Recoder,
    line_ends: LineEnds,
    delimiter: Option<u8>,
    header: Option<bool>,
    parser: Parser,
    rows: Rows,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Waiting(sample) => {
                sample.extend_from_slice(bytes);
                if sample.len() >= SAMPLE {
                    self.start(false);
                }
            }
            State::Reading(body) => body.feed(bytes, false),
            State::Refused(_) => {}
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn start(&mut self, whole: bool) {
        let State::Waiting(sample) = &mut self.state else {
            return;
        };
        let sample = std::mem::take(sample);
        let script = detect(&sample, whole);
        let wide = script.name.is_some_and(|name| name.starts_with("utf-16"));
        if !wide && sample.contains(&0) {
            self.state = State::Refused("it is not text".to_owned());
            return;
        }
        let text = &sample[script.bom..];
        let mut body = Body::new(self.shape, self.full, script, text, whole);
        body.feed(text, false);
        self.state = State::Reading(Box::new(body));
    }

    fn finish(mut self) -> Result<Body, String> {
        self.start(true);
        match self.state {
            State::Reading(mut body) => {
                body.feed(&[], true);
                body.parser.finish(&mut body.rows);
                Ok(*body)
            }
            State::Refused(why) => Err(why),
            State::Waiting(_) => Err("it was not read".to_owned()),
        }
    }
}

impl Body {
    fn new(shape: Shape, full: bool, script: Script, text: &[u8], whole: bool) -> Self {
        let (parser, delimiter, header) = match shape.format {
            TableFormat::Jsonl => (Parser::Json(Lines::default()), None, None),
            TableFormat::Csv => {
                let mut sample = Vec::new();
                Recoder::new(script).recode(text, whole, |piece| sample.extend_from_slice(piece));
                let dialect = sniff(&sample, whole, shape.usual);
                let csv = Csv::new(dialect, shape.usual);
                let parser = Parser::Csv(Box::new(csv));
                (parser, dialect.delimiter, dialect.header)
            }
        };
        Self {
            script,
            recoder: Recoder::new(script),
            line_ends: LineEnds::default(),
            delimiter,
            header,
            parser,
            rows: Rows::new(full),
        }
    }

    fn feed(&mut self, bytes: &[u8], last: bool) {
        let (parser, rows, ends) = (&mut self.parser, &mut self.rows, &mut self.line_ends);
        self.recoder.recode(bytes, last, |text| {
            ends.see(text);
            parser.feed(text, rows);
        });
    }

    fn table(self, shape: Shape, wanted: &Wanted) -> Result<Table, String> {
        let rows = &self.rows;
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
        Ok(Table {
            format: shape.format,
            gzip: shape.gzip,
            encoding: self
                .script
                .name
                .filter(|_| self.recoder.is_valid())
                .map(str::to_owned),
            bom: self.script.bom > 0,
            delimiter: self.delimiter.map(char::from),
            header: self.header,
            line_endings: self.line_ends.answer(),
            rows: rows.count,
            ragged: rows.ragged,
            oversized: rows.oversized,
            columns_left_out: rows.columns_left_out,
            columns: columns.collect(),
            key: key.map(|column| column.name().to_owned()),
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
}
