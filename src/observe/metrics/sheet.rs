//! Metrics as a table: a name and a value a line, or names on top and values below.
//!
//! Read as spreadsheets write it: `;` or a tab between cells, decimal commas, a `sep=` line, spaces
//! between thousands. pandas' unnamed index column is skipped.

use csv::StringRecord;

use crate::model::{MetricValue, Number};

use super::{Collector, MetricsError};

/// Headers of a name and of a value, in a table of two columns.
const NAME_HEADERS: [&str; 6] = ["metric_name", "metric", "metrics", "name", "key", "метрика"];
const VALUE_HEADERS: [&str; 5] = ["metric_value", "value", "score", "result", "значение"];

pub(super) fn read(text: &str, collector: &mut Collector) -> Result<(), MetricsError> {
    let table = Table::parse(text)?;
    match table.long_rows() {
        Some(rows) => rows.iter().try_for_each(|row| match row.cells.as_slice() {
            [name] => table.put(collector, name, ""),
            [name, value] => table.put(collector, name, value),
            _ => Err(MetricsError::new(format!(
                "line {} has {} cells, not a name and a value",
                row.line,
                row.cells.len()
            ))),
        }),
        None => table.read_wide(collector),
    }
}

struct Row {
    line: u64,
    /// Trimmed, without empty cells at the end.
    cells: Vec<String>,
}

struct Table {
    delimiter: u8,
    /// Whether some cell has a decimal point, so that a comma may stand between thousands.
    has_point: bool,
    /// At least one; none is empty.
    rows: Vec<Row>,
}

impl Table {
    fn parse(text: &str) -> Result<Self, MetricsError> {
        let (declared, body) = separator_line(text);
        let delimiter = declared.unwrap_or_else(|| guess_delimiter(body));
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(body.as_bytes());
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| MetricsError::new(e.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            let line = line + u64::from(declared.is_some());
            let cells = trimmed(&record);
            if !cells.is_empty() {
                rows.push(Row { line, cells });
            }
        }
        let is_pointed = |cell: &String| cell.contains('.') && plain_number(cell).is_some();
        let has_point = rows.iter().any(|row| row.cells.iter().any(is_pointed));
        if rows.is_empty() {
            return Err(MetricsError::new("the table has no cells"));
        }
        Ok(Self {
            delimiter,
            has_point,
            rows,
        })
    }

    /// The rows of a table of names and values, without its header; `None` for a wide table.
    fn long_rows(&self) -> Option<&[Row]> {
        let width = self.rows.iter().map(|row| row.cells.len()).max()?;
        let (first, rest) = self.rows.split_first()?;
        let [name, value] = first.cells.as_slice() else {
            return None;
        };
        if width != 2 {
            return None;
        }
        let is = |list: &[&str], cell: &str| list.contains(&cell.to_lowercase().as_str());
        let is_name_header = is(&NAME_HEADERS, name);
        if is_name_header && is(&VALUE_HEADERS, value) {
            return Some(rest);
        }
        // A name first: every row of a table of names and values has one.
        let named = |row: &Row| !row.cells[0].is_empty() && self.number(&row.cells[0]).is_none();
        if self.number(value).is_some() && !name.is_empty() {
            return named(first).then_some(&self.rows[..]);
        }
        // Under other headers one row may as well be a wide table: `model,auc` above `rf,0.8`.
        let is_long = name.is_empty() || is_name_header || rest.len() > 1;
        (is_long && !rest.is_empty() && rest.iter().all(named)).then_some(rest)
    }

    fn read_wide(&self, collector: &mut Collector) -> Result<(), MetricsError> {
        let Some((header, values)) = self.rows.split_first() else {
            return Ok(());
        };
        if let Some(cell) = header.cells.iter().find(|c| self.number(c).is_some()) {
            return Err(MetricsError::new(format!(
                "line {} should name the metrics, but holds `{cell}`",
                header.line
            ))
            .hint("write `metric_name,metric_value` lines, or a line of names above the values"));
        }
        let Some(last) = values.last() else {
            return Err(MetricsError::new("a line of names, but no values below it"));
        };
        if last.cells.len() > header.cells.len() {
            return Err(MetricsError::new(format!(
                "line {} has {} cells, but the header only {}",
                last.line,
                last.cells.len(),
                header.cells.len()
            )));
        }
        for (index, name) in header.cells.iter().enumerate() {
            let is_index = name.is_empty() || name == "Unnamed: 0";
            if !is_index {
                let cell = last.cells.get(index).map_or("", String::as_str);
                self.put(collector, name, cell)?;
            }
        }
        if values.len() > 1 {
            collector.note(format!(
                "the table has {} rows of values; the last one (line {}) was taken",
                values.len(),
                last.line
            ));
        }
        Ok(())
    }

    fn put(&self, collector: &mut Collector, name: &str, cell: &str) -> Result<(), MetricsError> {
        if self.is_ambiguous(cell) {
            return Err(MetricsError::new(format!(
                "`{name}` is {cell}: is the comma a decimal one, or between thousands?"
            ))
            .hint(format!(
                "write {} or {}",
                cell.replace(',', "."),
                cell.replace(',', "")
            )));
        }
        let value = match (cell, self.number(cell)) {
            ("", _) => MetricValue::Null,
            (_, Some(number)) => MetricValue::Number(number),
            _ => match cell.to_lowercase().as_str() {
                "true" | "истина" => MetricValue::Bool(true),
                "false" | "ложь" => MetricValue::Bool(false),
                _ => MetricValue::Text(cell.to_owned()),
            },
        };
        collector.put(name, value)
    }

    /// `1,234` next to numbers with a point, or in quotes in a table with commas between cells.
    fn is_ambiguous(&self, cell: &str) -> bool {
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let Some((whole, fraction)) = cell.trim_start_matches(['-', '+']).split_once(',') else {
            return false;
        };
        (self.has_point || self.delimiter == b',')
            && fraction.len() == 3
            && (1..=3).contains(&whole.len())
            && !whole.starts_with('0')
            && digits(whole)
            && digits(fraction)
    }

    fn number(&self, cell: &str) -> Option<Number> {
        plain_number(cell).or_else(|| {
            let (whole, fraction) = match cell.split_once([',', '.']) {
                Some((whole, fraction)) => (whole, Some(fraction)),
                None => (cell, None),
            };
            let whole = without_groups(whole)?;
            plain_number(&match fraction {
                Some(fraction) => format!("{whole}.{fraction}"),
                None => whole,
            })
        })
    }
}

/// A number with a point, in the spellings that JSON does not allow as well: `+1`, `.5`, `5.`.
fn plain_number(cell: &str) -> Option<Number> {
    if let Some(number) = Number::parse(cell) {
        return Some(number);
    }
    let text = cell.replace('\u{2212}', "-");
    let (sign, body) = match text.strip_prefix('-') {
        Some(body) => ("-", body),
        None => ("", text.strip_prefix('+').unwrap_or(&text)),
    };
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => body.split_at(at),
        None => (body, ""),
    };
    let has_digit = mantissa.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && mantissa.contains(|c: char| c.is_ascii_digit());
    if !has_digit {
        return None;
    }
    let zero = if mantissa.starts_with('.') { "0" } else { "" };
    let mantissa = mantissa.strip_suffix('.').unwrap_or(mantissa);
    Number::parse(&format!("{sign}{zero}{mantissa}{exponent}"))
}

/// `1 234` as `1234`; `None` if spaces stand anywhere but between thousands.
fn without_groups(text: &str) -> Option<String> {
    let mut groups = text.split([' ', '\u{a0}', '\u{202f}']);
    let first = groups.next()?;
    let mut whole = first.to_owned();
    for group in groups {
        let is_full = group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
        if !is_full || !first.ends_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        whole.push_str(group);
    }
    Some(whole)
}

fn trimmed(record: &StringRecord) -> Vec<String> {
    let mut cells: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
    let used = cells.iter().rposition(|cell| !cell.is_empty());
    cells.truncate(used.map_or(0, |last| last + 1));
    cells
}

/// Excel's own first line, `sep=;`, and the text after it.
fn separator_line(text: &str) -> (Option<u8>, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first.trim().to_ascii_lowercase().strip_prefix("sep=") {
        Some(separator) if separator.len() == 1 => (separator.bytes().next(), rest),
        _ => (None, text),
    }
}

/// The delimiter of the first line that has one outside of quotes; `;` before tab before comma,
/// for only a comma can be a part of a number.
fn guess_delimiter(text: &str) -> u8 {
    for line in text.lines() {
        let mut quoted = false;
        let outside: Vec<u8> = line
            .bytes()
            .filter(|byte| {
                quoted ^= *byte == b'"';
                !quoted
            })
            .collect();
        if let Some(found) = [b';', b'\t', b',']
            .into_iter()
            .find(|d| outside.contains(d))
        {
            return found;
        }
    }
    b','
}
