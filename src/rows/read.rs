//! Rows of a file as hashes of their cells, or as text for those that are shown.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek};

use sha2::Digest;
use twox_hash::XxHash3_64;

use super::{Bytes, Source, Version};
use crate::error::{Context, Failure, Result};
use crate::model::Card;
use crate::model::card::TableFormat;
use crate::observe::data::card;
use crate::observe::data::cell::Cell;
use crate::observe::data::columnar;
use crate::observe::data::hash::{BUFFER, Tee};
use crate::observe::data::profile::{Profiler, Wanted};
use crate::observe::data::rows::{json_cell, json_fields};
use crate::observe::data::stream::{RowSink, Stream};
use crate::observe::data::tabular::Dialect;
use crate::observe::data::value::{tagged, value_hash};

/// One cell of a row.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// What it is.
    pub cell: Cell,
    /// Hash of its value, as cards have it: equal for `1` and `1.0`.
    pub value: u64,
    /// Hash of its text.
    pub text: u64,
}

const NOTHING: Seen = Seen {
    cell: Cell::Empty,
    value: 0,
    text: 0,
};

/// A row, with the columns that were asked for.
pub struct Row<'r> {
    /// From 1; a header is none.
    pub number: u64,
    /// In the order they were asked for.
    pub cells: &'r [Seen],
    /// Hash of the cells beyond the columns of the card; 0 when there are none.
    pub beyond: u64,
}

/// Reads all rows of a table; `columns` are places in its card.
///
/// # Errors
/// When the file can't be read, or not as the table that its card describes.
pub fn rows(
    version: Version,
    columns: &[usize],
    progress: &(dyn Fn(u64) + Sync),
    each: impl FnMut(Row) -> Result<()>,
) -> Result<()> {
    let sink = Hashing {
        picks: Picks::new(version, columns),
        cells: vec![NOTHING; columns.len()],
        number: 0,
        decimal: b'.',
        failed: None,
        each,
    };
    match feed(version.source, sink, progress, &std::cell::Cell::new(false))? {
        Some(Hashing {
            failed: Some(failure),
            ..
        }) => Err(failure),
        _ => Ok(()),
    }
}

/// The texts of some rows, by number, all columns; cells are cut after [`LONGEST_TEXT`] characters.
///
/// # Errors
/// When the file can't be read.
pub fn texts(
    version: Version,
    wanted: &std::collections::BTreeSet<u64>,
) -> Result<BTreeMap<u64, Vec<String>>> {
    let columns: Vec<usize> = (0..version.table.columns.len()).collect();
    let (mut found, enough) = (BTreeMap::new(), std::cell::Cell::new(wanted.is_empty()));
    let sink = Texts {
        picks: Picks::new(version, &columns),
        wanted,
        width: columns.len(),
        number: 0,
        found: &mut found,
        enough: &enough,
    };
    feed(version.source, sink, &|_| (), &enough)?;
    Ok(found)
}

/// A longer cell is cut where it is shown.
const LONGEST_TEXT: usize = 200;

/// The card of a table that has none yet.
///
/// # Errors
/// When the file can't be read.
pub fn card(source: &Source, wanted: Wanted) -> Result<Option<Card>> {
    let mut profiler = Profiler::new(source.shape, wanted);
    let (mut digest, mut bytes) = (sha2::Sha256::new(), 0);
    chunks(source, |chunk| {
        digest.update(chunk);
        profiler.take(chunk);
        bytes += chunk.len() as u64;
        true
    })?;
    profiler.whole(opened(source)?.file());
    let card = card::of_file(&digest.finalize().into(), bytes, profiler.finish());
    Ok(Some(card).filter(|card| card.table.is_some()))
}

/// Reads a file to its end, or until there is enough; then there is no sink to give back.
fn feed<S: RowSink>(
    source: &Source,
    sink: S,
    progress: &(dyn Fn(u64) + Sync),
    enough: &std::cell::Cell<bool>,
) -> Result<Option<S>> {
    let unread = |why: String| {
        Failure::new(format!("{} could not be read as a table", source.name)).because(why)
    };
    if source.shape.format == TableFormat::Parquet {
        let mut sink = sink;
        let go_on = |bytes| {
            progress(bytes);
            !enough.get()
        };
        let whole = columnar::read(opened(source)?.file(), &mut sink, go_on).map_err(unread)?;
        return Ok(whole.then_some(sink));
    }
    let mut stream = Stream::new(source.shape, sink);
    let whole = chunks(source, |chunk| {
        stream.take(chunk);
        progress(chunk.len() as u64);
        !enough.get()
    })?;
    if !whole {
        return Ok(None);
    }
    let streamed = stream.finish().map_err(unread)?;
    Ok(Some(streamed.rows))
}

/// A file that is open, or was opened for this.
enum Opened<'s> {
    Now(File),
    Before(&'s File),
}

impl Opened<'_> {
    fn file(&self) -> &File {
        match self {
            Self::Now(file) => file,
            Self::Before(file) => file,
        }
    }
}

fn opened(source: &Source) -> Result<Opened<'_>> {
    Ok(match &source.bytes {
        Bytes::At(path) => {
            let failed = || format!("cannot read {}", source.name);
            Opened::Now(File::open(path).context(failed)?)
        }
        Bytes::Open(file) => Opened::Before(file),
    })
}

/// Passes the bytes on until `next` says no; whether it never did.
fn chunks(source: &Source, mut next: impl FnMut(&[u8]) -> bool) -> Result<bool> {
    let failed = || format!("cannot read {}", source.name);
    let opened = opened(source)?;
    let mut file = opened.file();
    file.rewind().context(failed)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).context(failed),
        };
        if !next(&buffer[..count]) {
            return Ok(false);
        }
    }
}

/// Where each column of the file goes.
struct Picks<'t> {
    slots: Vec<Option<usize>>,
    by_name: HashMap<&'t str, usize>,
}

impl<'t> Picks<'t> {
    fn new(version: Version<'t>, columns: &[usize]) -> Self {
        let all = &version.table.columns;
        let mut slots = vec![None; all.len()];
        let mut by_name = HashMap::new();
        for (slot, &column) in columns.iter().enumerate() {
            slots[column] = Some(slot);
            by_name.insert(all[column].name.as_str(), slot);
        }
        Self { slots, by_name }
    }
}

struct Hashing<'t, F> {
    picks: Picks<'t>,
    cells: Vec<Seen>,
    number: u64,
    decimal: u8,
    failed: Option<Failure>,
    each: F,
}

impl<F: FnMut(Row) -> Result<()>> Hashing<'_, F> {
    /// A row whose cells are in the order of the columns; only those that are picked are read.
    fn add_row<'a, C>(
        &mut self,
        cells: impl Iterator<Item = C>,
        read: impl Fn(C) -> (Cell, &'a [u8]),
    ) {
        self.number += 1;
        self.cells.fill(NOTHING);
        let mut beyond = 0;
        for (place, cell) in cells.enumerate() {
            match self.picks.slots.get(place) {
                Some(Some(slot)) => {
                    let (cell, text) = read(cell);
                    self.cells[*slot] = Seen {
                        cell,
                        value: value_hash(cell, text),
                        text: XxHash3_64::oneshot(text),
                    };
                }
                Some(None) => {}
                None => beyond = tagged(beyond, read(cell).1) | 1,
            }
        }
        self.end_row(beyond);
    }

    fn end_row(&mut self, beyond: u64) {
        if self.failed.is_none() {
            let row = Row {
                number: self.number,
                cells: &self.cells,
                beyond,
            };
            self.failed = (self.each)(row).err();
        }
    }
}

impl<F: FnMut(Row) -> Result<()>> RowSink for Hashing<'_, F> {
    fn begin(&mut self, dialect: &Dialect) {
        self.decimal = dialect.decimal;
    }

    fn name_columns<'a>(&mut self, _: impl Iterator<Item = &'a [u8]>) {}

    fn add_cells<'a>(&mut self, cells: impl Iterator<Item = &'a [u8]>) {
        let decimal = self.decimal;
        self.add_row(cells, |text| (Cell::read_with(text, decimal), text));
    }

    fn add_values<'a>(&mut self, values: impl Iterator<Item = (Cell, &'a [u8])>) {
        self.add_row(values, |value| value);
    }

    fn add_json(&mut self, line: &[u8]) {
        self.number += 1;
        self.cells.fill(NOTHING);
        let mut beyond = 0_u64;
        match json_fields(line) {
            Some(fields) => {
                for (name, value) in fields {
                    let Some(&slot) = self.picks.by_name.get(name.as_str()) else {
                        continue;
                    };
                    let (cell, text) = json_cell(value);
                    self.cells[slot] = Seen {
                        cell,
                        value: value_hash(cell, text.as_bytes()),
                        text: match cell {
                            Cell::Empty => 0,
                            _ => XxHash3_64::oneshot(text.as_bytes()),
                        },
                    };
                }
            }
            // A line that is no object has no cells, and is still not like the next one.
            None => beyond = tagged(6, line) | 1,
        }
        self.end_row(beyond);
    }

    fn skip(&mut self) {
        self.number += 1;
    }
}

struct Texts<'t> {
    picks: Picks<'t>,
    wanted: &'t std::collections::BTreeSet<u64>,
    width: usize,
    number: u64,
    found: &'t mut BTreeMap<u64, Vec<String>>,
    enough: &'t std::cell::Cell<bool>,
}

impl Texts<'_> {
    fn found(&mut self, row: Vec<String>) {
        self.found.insert(self.number, row);
        self.enough
            .set(self.wanted.last().is_some_and(|last| *last <= self.number));
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl RowSink for Texts<'_> {
    fn begin(&mut self, _: &Dialect) {}

    fn name_columns<'a>(&mut self, _: impl Iterator<Item = &'a [u8]>) {}

    fn add_cells<'a>(&mut self, cells: impl Iterator<Item = &'a [u8]>) {
        self.number += 1;
        if self.wanted.contains(&self.number) {
            let text = |cell| shortened(&String::from_utf8_lossy(cell));
            let mut row: Vec<String> = cells.take(self.width).map(text).collect();
            row.resize(self.width, String::new());
            self.found(row);
        }
    }

    fn add_values<'a>(&mut self, values: impl Iterator<Item = (Cell, &'a [u8])>) {
        self.add_cells(values.map(|(_, text)| text));
    }

    fn add_json(&mut self, line: &[u8]) {
        self.number += 1;
        if !self.wanted.contains(&self.number) {
            return;
        }
        let mut row = vec![String::new(); self.width];
        if let Some(fields) = json_fields(line) {
            for (name, value) in fields {
                if let Some(&slot) = self.picks.by_name.get(name.as_str()) {
                    row[slot] = shortened(&json_cell(value).1);
                }
            }
        }
        self.found(row);
    }

    fn skip(&mut self) {
        self.number += 1;
    }
}
