//! What is gathered of a table, row by row.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use twox_hash::XxHash3_64;

use super::cell::Cell;
use super::column::ColumnStats;
use super::sketch::{Smallest, UNIQUE_BUDGET, Unique};
use super::stream::RowSink;
use super::tabular::Dialect;
use super::value::value_hash;
use crate::model::card::ColumnType;

/// Columns that are looked at; the memory for each is bounded, their number has to be.
pub const MOST_COLUMNS: usize = 2048;
/// Longer names are cut.
const LONGEST_NAME: usize = 200;

/// Running statistics of a table.
#[derive(Debug)]
pub struct Rows {
    /// Columns so far.
    pub columns: Vec<ColumnStats>,
    /// All rows.
    pub count: u64,
    /// Rows of another width than the first, or that are no object.
    pub ragged: u64,
    /// Rows not looked into.
    pub oversized: u64,
    /// Columns beyond [`MOST_COLUMNS`].
    pub columns_left_out: u64,
    /// Hashes of rows.
    pub sketch: Smallest,
    /// Whether a row comes twice.
    pub unique: Unique,
    full: bool,
    decimal: u8,
    width: usize,
    budget: usize,
    hashes: Vec<u8>,
    by_name: HashMap<String, usize>,
}

impl Rows {
    /// Starts a table; without `full` only types are counted.
    pub fn new(full: bool) -> Self {
        Self {
            columns: Vec::new(),
            count: 0,
            ragged: 0,
            oversized: 0,
            columns_left_out: 0,
            sketch: Smallest::default(),
            unique: Unique::default(),
            full,
            decimal: b'.',
            width: 0,
            budget: UNIQUE_BUDGET,
            hashes: Vec::new(),
            by_name: HashMap::new(),
        }
    }

    /// Rows whose cells were looked at.
    pub fn looked_at(&self) -> u64 {
        self.count - self.oversized
    }

    fn end_row(&mut self) {
        if self.full {
            let row = XxHash3_64::oneshot(&self.hashes);
            self.sketch.add(row);
            self.unique.add(row, None, &mut self.budget);
        }
    }

    fn column(&mut self, name: &str) -> Option<usize> {
        let name = shortened(name);
        if let Some(&column) = self.by_name.get(name) {
            return Some(column);
        }
        if self.columns.len() == MOST_COLUMNS {
            // Names beyond the limit are not kept, so all that can be told is that there are some.
            self.columns_left_out = 1;
            return None;
        }
        self.by_name.insert(name.to_owned(), self.columns.len());
        self.columns.push(ColumnStats::new(name.to_owned()));
        Some(self.columns.len() - 1)
    }
}

impl RowSink for Rows {
    fn begin(&mut self, dialect: &Dialect) {
        self.decimal = dialect.decimal;
    }

    /// A nameless one gets its number.
    fn name_columns<'a>(&mut self, names: impl Iterator<Item = &'a [u8]>) {
        for name in names {
            self.width += 1;
            if self.columns.len() == MOST_COLUMNS {
                self.columns_left_out += 1;
                continue;
            }
            let text = String::from_utf8_lossy(name.trim_ascii());
            let name = match shortened(&text) {
                "" => self.width.to_string(),
                name => name.to_owned(),
            };
            self.columns.push(ColumnStats::new(name));
        }
    }

    fn declare_types(&mut self, types: impl Iterator<Item = ColumnType>) {
        for (column, kind) in self.columns.iter_mut().zip(types) {
            column.declare(kind);
        }
    }

    fn skip(&mut self) {
        self.count += 1;
        self.oversized += 1;
    }

    fn add_cells<'a>(&mut self, cells: impl Iterator<Item = &'a [u8]>) {
        let decimal = self.decimal;
        self.add_values(cells.map(|text| (Cell::read_with(text, decimal), text)));
    }

    fn add_values<'a>(&mut self, values: impl Iterator<Item = (Cell, &'a [u8])>) {
        self.count += 1;
        self.hashes.clear();
        let mut width = 0;
        for (cell, text) in values {
            let column = self.columns.get_mut(width);
            width += 1;
            if !self.full {
                if let Some(column) = column {
                    column.count(cell);
                }
                continue;
            }
            let hash = value_hash(cell, text);
            self.hashes.extend_from_slice(&hash.to_le_bytes());
            if let Some(column) = column {
                column.add(cell, hash, self.count, &mut self.budget);
            }
        }
        self.ragged += u64::from(width != self.width);
        self.end_row();
    }

    fn add_json(&mut self, line: &[u8]) {
        self.count += 1;
        let Some(fields) = json_fields(line) else {
            self.ragged += 1;
            self.hashes.clear();
            self.hashes.extend_from_slice(line);
            self.end_row();
            return;
        };
        let row = self.count;
        let mut pairs = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let (cell, text) = json_cell(value);
            if cell == Cell::Empty {
                // Still a column, should it have no value at all.
                self.column(&name);
                continue;
            }
            let hash = value_hash(cell, text.as_bytes());
            if self.full {
                pairs.push((XxHash3_64::oneshot(name.as_bytes()), hash));
            }
            let Some(column) = self.column(&name) else {
                continue;
            };
            let column = &mut self.columns[column];
            if self.full {
                column.add(cell, hash, row, &mut self.budget);
            } else {
                column.count(cell);
            }
        }
        pairs.sort_unstable();
        self.hashes.clear();
        for (name, value) in pairs {
            self.hashes.extend_from_slice(&name.to_le_bytes());
            self.hashes.extend_from_slice(&value.to_le_bytes());
        }
        self.end_row();
    }
}

fn shortened(name: &str) -> &str {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => &name[..end],
        None => name,
    }
}

/// A string that is said to be one is no number, whatever its digits, and no `NA`.
pub fn string_cell(text: &[u8]) -> Cell {
    match Cell::read(text) {
        cell @ (Cell::Date(_) | Cell::Datetime(..)) => cell,
        _ if text.is_empty() => Cell::Empty,
        _ => Cell::Text,
    }
}

/// The fields of an object in their order, for that is the order of the columns.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Fields;

            fn expecting(&self, text: &mut std::fmt::Formatter) -> std::fmt::Result {
                text.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(0));
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        input.deserialize_map(Collect)
    }
}

impl Fields {
    /// Of several values of one name the last counts, as Python reads it.
    fn last_of_each(self) -> Vec<(String, Value)> {
        let fields = self.0;
        let mut order: Vec<usize> = (0..fields.len()).collect();
        order.sort_unstable_by(|&i, &j| fields[i].0.cmp(&fields[j].0).then(i.cmp(&j)));
        let mut counts = vec![true; fields.len()];
        for pair in order.windows(2) {
            counts[pair[0]] = fields[pair[0]].0 != fields[pair[1]].0;
        }
        let fields = fields.into_iter().zip(counts);
        fields
            .filter_map(|(field, counts)| counts.then_some(field))
            .collect()
    }
}

/// The fields of a line that is an object. Python writes `NaN`, `Infinity` and `-Infinity`, for which
/// JSON has no words.
pub fn json_fields(line: &[u8]) -> Option<Vec<(String, Value)>> {
    let parsed: Result<Fields, _> =
        serde_json::from_slice(line).or_else(|error| match in_words(line) {
            Some(line) => serde_json::from_slice(&line),
            None => Err(error),
        });
    parsed.ok().map(Fields::last_of_each)
}

/// The line with `null` for `NaN` and a number beyond all floats for `Infinity`; `None` when it has
/// neither.
fn in_words(line: &[u8]) -> Option<Vec<u8>> {
    const WORDS: [(&[u8], &[u8]); 2] = [(b"NaN", b"null"), (b"Infinity", b"1e999")];
    let mut out = Vec::with_capacity(line.len() + 8);
    let (mut rest, mut in_text, mut found) = (line, false, false);
    while let Some((&byte, after)) = rest.split_first() {
        let word = WORDS
            .iter()
            .find(|(word, _)| !in_text && rest.starts_with(word));
        if let Some((word, instead)) = word {
            out.extend_from_slice(instead);
            (rest, found) = (&rest[word.len()..], true);
            continue;
        }
        let taken = if in_text && byte == b'\\' { 2 } else { 1 };
        in_text ^= byte == b'"';
        let taken = taken.min(after.len() + 1);
        out.extend_from_slice(&rest[..taken]);
        rest = &rest[taken..];
    }
    found.then_some(out)
}

/// What is nested counts as text.
pub fn json_cell(value: Value) -> (Cell, String) {
    match value {
        Value::Null => (Cell::Empty, String::new()),
        Value::Bool(value) => (Cell::Bool(value), value.to_string()),
        Value::Number(number) => {
            let text = number.to_string();
            (Cell::read(text.as_bytes()), text)
        }
        Value::String(text) => (string_cell(text.as_bytes()), text),
        nested => (Cell::Text, nested.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes_for_no_number_is_read() {
        let line = br#"{"a": NaN, "b": -Infinity, "c": "NaN \" Infinity", "d": [Infinity, NaN]}"#;
        let fields = json_fields(line).unwrap();
        let value = |name: &str| {
            fields
                .iter()
                .find(|field| field.0 == name)
                .unwrap()
                .1
                .clone()
        };
        let cell = |name: &str| json_cell(value(name));
        assert_eq!(cell("a").0, Cell::Empty);
        assert_eq!(cell("b").0, Cell::Float(f64::NEG_INFINITY));
        assert_eq!(cell("c").1, "NaN \" Infinity");
        assert_eq!(cell("d").0, Cell::Text);
        for broken in [&b"{\"a\": Nan}"[..], b"NaN", b"{\"NaN", b"{\"a\\"] {
            assert!(json_fields(broken).is_none());
        }
    }

    #[test]
    fn fields_keep_their_order_and_the_last_of_a_name_counts() {
        let fields = json_fields(br#"{"b": 1, "a": 2, "b": 3, "c": 4, "b": 5}"#).unwrap();
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{name}{value}"))
            .collect();
        assert_eq!(fields, ["a2", "c4", "b5"]);
        let mut rows = Rows::new(true);
        rows.add_json(br#"{"z": 1, "a": 2, "z": null}"#);
        let names: Vec<_> = rows.columns.iter().map(ColumnStats::name).collect();
        assert_eq!(names, ["a", "z"]);
        assert_eq!(rows.columns[1].full(1, false).empty, 1);
    }
}
