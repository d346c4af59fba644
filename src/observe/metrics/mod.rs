//! Metrics files: JSON as Python writes it, tables as spreadsheets write them, YAML and TOML.
//!
//! - Nested names are joined by dots: `{"val": {"auc": 0.8}}` is `val.auc`.
//! - A list of up to sixteen values is spelled out (`cv.0`, `cv.1`, …). Longer lists, such as the
//!   points of a curve, and long texts stay in the file: they are no metrics, and a note says so.
//! - When the file was written is not a measurement: `timestamp` is left out, and so is a moment
//!   under a name like `date` or `created_at`.
//! - Nothing is lost in silence: a name that stands twice, and a number that no double can hold,
//!   are errors that name the metric.

mod json;
mod sheet;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use crate::model::param::ParamKind;
use crate::model::{MetricValue, Number, Param, RecordPath};

use super::config;
use super::text::{self, Decoded, Encoding};

/// The largest metrics file that is read, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// Metrics in one file.
pub const MAX_METRICS: usize = 10_000;
/// Elements of a list that becomes metrics of its own.
const MAX_LIST: usize = 16;
/// Bytes of a text that is kept as information.
const MAX_TEXT: usize = 1024;

/// What a metrics file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricsRead {
    /// By dotted name.
    pub metrics: BTreeMap<String, MetricValue>,
    /// What the reader did that the writer should know of, each a sentence without a full stop.
    pub notes: Vec<String>,
}

/// Why a metrics file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsError {
    /// What is wrong, with the metric or the line in it.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl MetricsError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for MetricsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for MetricsError {}

enum Format {
    Json,
    Sheet,
    Config,
}

/// Reads a metrics file; the extension tells its format, or else its first character does.
pub fn read(path: &RecordPath, bytes: &[u8]) -> Result<MetricsRead, MetricsError> {
    if bytes.len() > MAX_BYTES {
        let limit = MAX_BYTES >> 20;
        return Err(MetricsError::new(format!("larger than {limit} MB"))
            .hint("write the final values to the metrics file, and the rest to another one"));
    }
    let sheet_by_name = matches!(path.extension().as_str(), "csv" | "tsv");
    let decoded = if sheet_by_name {
        text::decode_table(bytes)
    } else {
        text::decode(bytes)
    };
    let Decoded { text, encoding } = decoded.map_err(|e| MetricsError::new(e.to_string()))?;
    if text.trim().is_empty() {
        return Err(MetricsError::new("the file is empty")
            .hint("does the program write its metrics before it ends?"));
    }
    let mut collector = Collector::default();
    match format_of(&path.extension(), &text)? {
        Format::Json => json::read(&text, &mut collector)?,
        Format::Sheet => sheet::read(&text, &mut collector)?,
        Format::Config => read_config(path, bytes, &mut collector)?,
    }
    let mut read = collector.finish();
    match encoding {
        Encoding::Utf8 => {}
        Encoding::Utf16 => read.notes.push(
            "decoded from UTF-16; write UTF-8 instead (PowerShell: `Out-File -Encoding utf8`)"
                .to_owned(),
        ),
        Encoding::Windows1251 => read
            .notes
            .push("not UTF-8: read as Windows-1251".to_owned()),
    }
    Ok(read)
}

fn format_of(extension: &str, text: &str) -> Result<Format, MetricsError> {
    Ok(match extension {
        "json" => Format::Json,
        "csv" | "tsv" => Format::Sheet,
        "yaml" | "yml" | "toml" => Format::Config,
        "jsonl" | "ndjson" => {
            return Err(MetricsError::new(
                "a file of JSON lines is a log over steps, not final metrics",
            )
            .hint("append the lines to $GIT_EXP_SERIES, and give the final values as JSON"));
        }
        _ if text.trim_start().starts_with(['{', '[']) => Format::Json,
        _ => Format::Sheet,
    })
}

/// YAML and TOML hold what a configuration holds; only the types mean something else here.
fn read_config(
    path: &RecordPath,
    bytes: &[u8],
    collector: &mut Collector,
) -> Result<(), MetricsError> {
    let leaves = config::read(path, bytes).map_err(|e| MetricsError::new(e.to_string()))?;
    for (name, param) in leaves {
        put_param(collector, &name, &param)?;
    }
    Ok(())
}

fn put_param(collector: &mut Collector, name: &str, param: &Param) -> Result<(), MetricsError> {
    let (kind, text) = match param {
        Param::Leaf { kind, text } => (*kind, text),
        Param::List(items) if items.len() > MAX_LIST => {
            collector.leave_out(name, format!("a list of {} values", items.len()));
            return Ok(());
        }
        Param::List(items) => {
            return items.iter().enumerate().try_for_each(|(index, item)| {
                put_param(collector, &format!("{name}.{index}"), item)
            });
        }
    };
    let value = match (kind, param.number(), param.bool()) {
        (_, Some(number), _) => MetricValue::Number(number),
        (_, _, Some(yes)) => MetricValue::Bool(yes),
        (ParamKind::Null, ..) => MetricValue::Null,
        (ParamKind::Map, ..) => return Ok(()),
        // Many writers leave out the dot that PyYAML wants in `1e-05`; as a metric it is a number.
        _ => {
            Number::parse(text).map_or_else(|| MetricValue::Text(text.clone()), MetricValue::Number)
        }
    };
    collector.put(name, value)
}

/// Takes metrics one by one and applies the rules that all formats share.
#[derive(Default)]
struct Collector {
    read: MetricsRead,
    left_out: Vec<String>,
}

impl Collector {
    fn put(&mut self, name: &str, value: MetricValue) -> Result<(), MetricsError> {
        if name.is_empty() {
            return Err(MetricsError::new("a metric without a name"));
        }
        if is_moment(name, &value) {
            return Ok(());
        }
        match &value {
            MetricValue::Number(number) if is_out_of_range(number) => {
                return Err(MetricsError::new(format!(
                    "`{name}` is {}, which no double can hold",
                    abridged(number.as_str())
                )));
            }
            MetricValue::Text(text) if text.len() > MAX_TEXT => {
                self.leave_out(name, format!("a text of {} bytes", text.len()));
                return Ok(());
            }
            _ => {}
        }
        if self.read.metrics.insert(name.to_owned(), value).is_some() {
            return Err(MetricsError::new(format!(
                "the metric `{name}` stands twice"
            )));
        }
        if self.read.metrics.len() > MAX_METRICS {
            return Err(
                MetricsError::new(format!("more than {MAX_METRICS} metrics"))
                    .hint("values over steps belong in the file named by $GIT_EXP_SERIES"),
            );
        }
        Ok(())
    }

    fn leave_out(&mut self, name: &str, what: String) {
        self.left_out.push(format!("`{name}` ({what})"));
    }

    fn note(&mut self, note: impl Into<String>) {
        self.read.notes.push(note.into());
    }

    fn finish(mut self) -> MetricsRead {
        const SHOWN: usize = 3;
        if self.read.metrics.is_empty() {
            self.note("the file holds no metrics");
        }
        let more = self.left_out.len().saturating_sub(SHOWN);
        if !self.left_out.is_empty() {
            self.left_out.truncate(SHOWN);
            let mut list = self.left_out.join(", ");
            if more > 0 {
                list += &format!(" and {more} more");
            }
            self.note(format!("no metrics, so left in the file: {list}"));
        }
        self.read
    }
}

/// A finite number that reads back as an infinity.
fn is_out_of_range(number: &Number) -> bool {
    number.as_f64().is_infinite() && !matches!(number.as_str(), "inf" | "-inf")
}

fn abridged(text: &str) -> String {
    const SHOWN: usize = 24;
    match text.get(..SHOWN) {
        Some(start) if text.len() > SHOWN => format!("{start}…"),
        _ => text.to_owned(),
    }
}

/// Whether this says when the file was written. A number under `time` may be a duration: it stays.
fn is_moment(name: &str, value: &MetricValue) -> bool {
    const MOMENTS: [&str; 9] = [
        "date",
        "time",
        "datetime",
        "created",
        "created_at",
        "started_at",
        "finished_at",
        "updated_at",
        "saved_at",
    ];
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    let last = last.to_ascii_lowercase();
    if last.ends_with("timestamp") {
        return true;
    }
    let MetricValue::Text(text) = value else {
        return false;
    };
    let is_part = |c: char| c.is_ascii_digit() || "-:.+/ TZ".contains(c);
    MOMENTS.contains(&last.as_str())
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.contains(['-', ':', '.', '/'])
        && text.chars().all(is_part)
}
