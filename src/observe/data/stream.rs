//! The bytes of a table on their way to its rows: unzipped, recoded, cut.

use std::io::{self, Write};
use std::path::Path;

use flate2::write::MultiGzDecoder;

use super::cell::Cell;
use super::tabular::{Csv, Dialect, Lines, Parser, sniff};
use super::text::{LineEnds, Recoder, Script, detect};
use crate::model::card::{ColumnType, TableFormat};

/// Bytes that encoding and form are told from.
const SAMPLE: usize = 64 * 1024;

/// What a file's name says about its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// CSV, JSON Lines or Parquet.
    pub format: TableFormat,
    /// Whether it is gzipped.
    pub gzip: bool,
    usual: u8,
}

impl Shape {
    /// The form of `….csv`, `….tsv`, `….tab`, `….jsonl`, `….ndjson`, of these with `.gz`, and of
    /// `….parquet`, `….pq`.
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
            "parquet" | "pq" if !gzip => (TableFormat::Parquet, b','),
            _ => return None,
        };
        Some(Self {
            format,
            gzip,
            usual,
        })
    }
}

/// Takes the rows of a table, one after the other.
pub trait RowSink {
    /// The form of CSV, before its first row.
    fn begin(&mut self, dialect: &Dialect);
    /// The names of the columns of CSV; a nameless one is empty.
    fn name_columns<'a>(&mut self, names: impl Iterator<Item = &'a [u8]>);
    /// The types of the named columns, where the file has them.
    fn declare_types(&mut self, _: impl Iterator<Item = ColumnType>) {}
    /// A row of CSV.
    fn add_cells<'a>(&mut self, cells: impl Iterator<Item = &'a [u8]>);
    /// A line of JSON Lines.
    fn add_json(&mut self, line: &[u8]);
    /// A row of values whose types are known, each with its spelling.
    fn add_values<'a>(&mut self, values: impl Iterator<Item = (Cell, &'a [u8])>);
    /// A row that is too large to be looked into.
    fn skip(&mut self);
}

/// Turns bytes into rows.
pub struct Stream<S: RowSink> {
    unpacker: Unpacker<S>,
}

enum Unpacker<S: RowSink> {
    Plain(Box<Text<S>>),
    Gzip(Box<MultiGzDecoder<Text<S>>>),
    Broken(String),
}

/// What was seen of a table's form, and what took its rows.
pub struct Streamed<S> {
    /// How the text was written.
    pub script: Script,
    /// Whether the text was valid in that encoding.
    pub valid: bool,
    /// How lines ended.
    pub line_ends: LineEnds,
    /// The form of CSV.
    pub dialect: Option<Dialect>,
    /// The line on which a quote of CSV opens that nothing closes.
    pub unclosed_quote: Option<u64>,
    /// What took the rows.
    pub rows: S,
}

impl<S> Streamed<S> {
    /// Rows that come from no text.
    pub fn of_no_text(rows: S) -> Self {
        Self {
            script: Script { name: None, bom: 0 },
            valid: true,
            line_ends: LineEnds::default(),
            dialect: None,
            unclosed_quote: None,
            rows,
        }
    }
}

impl<S: RowSink> Stream<S> {
    /// Starts at the beginning of a file.
    pub fn new(shape: Shape, rows: S) -> Self {
        let text = Text {
            shape,
            state: State::Waiting(Vec::new(), rows),
        };
        Self {
            unpacker: if shape.gzip {
                Unpacker::Gzip(Box::new(MultiGzDecoder::new(text)))
            } else {
                Unpacker::Plain(Box::new(text))
            },
        }
    }

    /// Takes the next bytes of the file.
    pub fn take(&mut self, bytes: &[u8]) {
        let written = match &mut self.unpacker {
            Unpacker::Plain(text) => text.write_all(bytes),
            Unpacker::Gzip(decoder) => decoder.write_all(bytes),
            Unpacker::Broken(_) => return,
        };
        if let Err(error) = written {
            self.unpacker = Unpacker::Broken(unzipping(&error));
        }
    }

    /// The rows, or why there are none.
    pub fn finish(self) -> Result<Streamed<S>, String> {
        match self.unpacker {
            Unpacker::Plain(text) => text.finish(),
            Unpacker::Gzip(decoder) => decoder
                .finish()
                .map_err(|error| unzipping(&error))?
                .finish(),
            Unpacker::Broken(why) => Err(why),
        }
    }
}

fn unzipping(error: &io::Error) -> String {
    format!("cannot unzip: {error}")
}

/// Text as it comes out of the unpacker.
struct Text<S> {
    shape: Shape,
    state: State<S>,
}

enum State<S> {
    /// The first bytes, from which the form will be told.
    Waiting(Vec<u8>, S),
    Reading(Box<Body<S>>),
    Refused(String),
}

struct Body<S> {
    script: Script,
    recoder: Recoder,
    line_ends: LineEnds,
    dialect: Option<Dialect>,
    parser: Parser,
    rows: S,
}

impl<S: RowSink> Write for Text<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Waiting(sample, _) => {
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

impl<S: RowSink> Text<S> {
    fn start(&mut self, whole: bool) {
        let nothing = State::Refused(String::new());
        let (sample, rows) = match std::mem::replace(&mut self.state, nothing) {
            State::Waiting(sample, rows) => (sample, rows),
            other => {
                self.state = other;
                return;
            }
        };
        let script = detect(&sample, whole);
        if script.name == Some("utf-32") {
            self.state = State::Refused("it is UTF-32: save it as UTF-8".to_owned());
            return;
        }
        let wide = script.name.is_some_and(|name| name.starts_with("utf-16"));
        if !wide && sample.contains(&0) {
            self.state = State::Refused("it is not text".to_owned());
            return;
        }
        let text = &sample[script.bom..];
        let mut body = Body::new(self.shape, rows, script, text, whole);
        body.feed(text, false);
        self.state = State::Reading(Box::new(body));
    }

    fn finish(mut self) -> Result<Streamed<S>, String> {
        self.start(true);
        match self.state {
            State::Reading(mut body) => {
                body.feed(&[], true);
                let unclosed_quote = body.parser.finish(&mut body.rows);
                Ok(Streamed {
                    script: body.script,
                    valid: body.recoder.is_valid(),
                    line_ends: body.line_ends,
                    dialect: body.dialect,
                    unclosed_quote,
                    rows: body.rows,
                })
            }
            State::Refused(why) => Err(why),
            State::Waiting(..) => Err("it was not read".to_owned()),
        }
    }
}

impl<S: RowSink> Body<S> {
    fn new(shape: Shape, mut rows: S, script: Script, text: &[u8], whole: bool) -> Self {
        let (parser, dialect) = match shape.format {
            TableFormat::Jsonl => (Parser::Json(Lines::default()), None),
            // Parquet is no text, and comes by another way.
            TableFormat::Csv | TableFormat::Parquet => {
                let mut sample = Vec::new();
                Recoder::new(script).recode(text, whole, |piece| sample.extend_from_slice(piece));
                let dialect = sniff(&sample, whole, shape.usual);
                rows.begin(&dialect);
                let csv = Csv::new(dialect, shape.usual);
                (Parser::Csv(Box::new(csv)), Some(dialect))
            }
        };
        Self {
            script,
            recoder: Recoder::new(script),
            line_ends: LineEnds::default(),
            dialect,
            parser,
            rows,
        }
    }

    fn feed(&mut self, bytes: &[u8], last: bool) {
        let (parser, rows, ends) = (&mut self.parser, &mut self.rows, &mut self.line_ends);
        self.recoder.recode(bytes, last, |text| {
            ends.see(text);
            parser.feed(text, rows);
        });
    }
}
