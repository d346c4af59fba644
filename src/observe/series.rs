//! Metrics over steps: the log that a run appends to, and its summary.
//!
//! The log (`series.jsonl`, named by `$GIT_EXP_SERIES`) has one JSON object a line, such as
//! `{"step": 1, "loss": 0.5}`, appended by the training program itself or by `git exp metric`. A
//! line may hold several metrics, nested ones get dotted names, and without a `step` each metric
//! counts on from its own last one. `time` and `timestamp` say when, and are no metrics.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, Read as _};

use sha2::{Digest as _, Sha256};

use crate::model::Number;
use crate::model::run::{AtStep, SeriesSummary};

use super::json::{self, Json};

/// Metrics in one log.
const MAX_METRICS: usize = 10_000;
/// Bytes of one line.
const MAX_LINE: u64 = 1 << 20;
/// Keys of a line that are about the line.
const RESERVED: [&str; 3] = ["step", "time", "timestamp"];

/// The values of one metric in the order of the log, each with its exact text.
///
/// A million doubles in full length take about 28 MB: the texts lie end to end, with one byte for each length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    steps: Vec<i64>,
    lengths: Vec<u8>,
    text: String,
}

impl Series {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Steps and values as they were written; `nan`, `inf` and `-inf` where JSON has no word.
    pub fn texts(&self) -> impl Iterator<Item = (i64, &str)> {
        let mut start = 0;
        let lengths = self.lengths.iter().map(|length| usize::from(*length));
        self.steps.iter().zip(lengths).map(move |(step, length)| {
            let text = &self.text[start..start + length];
            start += length;
            (*step, text)
        })
    }

    /// Steps and values as doubles.
    pub fn points(&self) -> impl Iterator<Item = (i64, f64)> {
        self.texts()
            .map(|(step, text)| (step, text.parse().unwrap_or(f64::NAN)))
    }

    /// Adds a value; false if it is no number that a double can hold.
    fn push(&mut self, step: Option<i64>, text: &str) -> bool {
        let text = match text {
            "NaN" => "nan",
            "Infinity" => "inf",
            "-Infinity" => "-inf",
            // Only an exponent can overflow in as many digits as a length can count.
            _ if text.contains(['e', 'E'])
                && text.parse().is_ok_and(|value: f64| value.is_infinite()) =>
            {
                return false;
            }
            _ => text,
        };
        let Ok(length) = u8::try_from(text.len()) else {
            return false;
        };
        let next = || self.steps.last().map_or(0, |last| last.saturating_add(1));
        let step = step.unwrap_or_else(next);
        self.steps.push(step);
        self.lengths.push(length);
        self.text.push_str(text);
        true
    }
}

/// What a log holds, and what of it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesRead {
    /// By dotted name.
    pub series: BTreeMap<String, Series>,
    /// Lines that are no JSON object, or whose step is no whole number.
    pub bad_lines: u64,
    /// The first of them: its number from 1, and why.
    pub first_bad: Option<(u64, String)>,
    /// Whether the last line was cut off in the middle, as when a run is killed.
    pub torn: bool,
    /// Values that are no numbers, such as texts and lists.
    pub not_numbers: u64,
}

/// Reads a log from its beginning, line by line.
pub fn read(mut reader: impl BufRead) -> io::Result<SeriesRead> {
    let mut found = SeriesRead::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let length = reader
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        let is_whole = line.ends_with(b"\n");
        let is_long = !is_whole && line.len() as u64 == MAX_LINE;
        let outcome = if is_long {
            skip_line(&mut reader)?;
            Err(format!("longer than {} MiB", MAX_LINE >> 20))
        } else {
            found.take_line(&line)
        };
        match outcome {
            Ok(()) => {}
            // Only the last line has no line break.
            Err(_) if !is_whole && !is_long => found.torn = true,
            Err(why) => {
                found.bad_lines += 1;
                found.first_bad.get_or_insert((number, why));
            }
        }
    }
    Ok(found)
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let (used, done) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(used);
        if done {
            return Ok(());
        }
    }
}

impl SeriesRead {
    fn take_line(&mut self, line: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(line).map_err(|_| "not valid UTF-8")?;
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Ok(());
        }
        let value = json::parse(text).map_err(|error| error.message)?;
        let Json::Object(members) = value else {
            return Err(format!("{}, not an object", value.kind()));
        };
        let step = match members.iter().find(|(key, _)| key == "step") {
            Some((_, value)) => step(value)?,
            None => None,
        };
        for (name, value) in &members {
            if !RESERVED.contains(&name.as_ref()) {
                self.add(name, value, step);
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &str, value: &Json<'_>, step: Option<i64>) {
        let taken = match value {
            Json::Number(text) => self.push(name, step, text),
            other => match (other.number(), other) {
                (Some(number), _) => self.push(name, step, number.as_str()),
                (None, Json::Object(members)) => {
                    for (key, inner) in members {
                        self.add(&format!("{name}.{key}"), inner, step);
                    }
                    true
                }
                _ => false,
            },
        };
        self.not_numbers += u64::from(!taken);
    }

    fn push(&mut self, name: &str, step: Option<i64>, text: &str) -> bool {
        if let Some(series) = self.series.get_mut(name) {
            return series.push(step, text);
        }
        let mut series = Series::default();
        let taken = self.series.len() < MAX_METRICS && series.push(step, text);
        if taken {
            self.series.insert(name.to_owned(), series);
        }
        taken
    }
}

/// A whole number, also as `3.0`; `None` for `null`.
fn step(value: &Json<'_>) -> Result<Option<i64>, String> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Json::Null => return Ok(None),
        Json::Number(text) => {
            if let Ok(step) = text.parse() {
                return Ok(Some(step));
            }
            let value: f64 = text.parse().unwrap_or(f64::NAN);
            if value.fract() == 0.0 && value.abs() <= EXACT {
                // Whole and within 2^53, so nothing is cut off.
                #[allow(clippy::cast_possible_truncation)]
                return Ok(Some(value as i64));
            }
        }
        _ => {}
    }
    Err("the step is not a whole number".to_owned())
}

/// Sums up a series; `None` for an empty one.
///
/// The last value is the last one logged, whatever its step: a resumed run may repeat steps.
pub fn summary(series: &Series) -> Option<SeriesSummary> {
    let (mut min, mut max): (Option<Seen<'_>>, Option<Seen<'_>>) = (None, None);
    let mut last = None;
    for (step, text) in series.texts() {
        last = Some((step, text));
        let value: f64 = text.parse().unwrap_or(f64::NAN);
        if value.is_finite() {
            let seen = Seen { step, text, value };
            if min.as_ref().is_none_or(|found| value < found.value) {
                min = Some(seen.clone());
            }
            if max.as_ref().is_none_or(|found| value > found.value) {
                max = Some(seen);
            }
        }
    }
    let (last_step, text) = last?;
    Some(SeriesSummary {
        count: series.len() as u64,
        last_step,
        last: Number::parse(text)?,
        min: min.and_then(|seen| seen.at_step()),
        max: max.and_then(|seen| seen.at_step()),
    })
}

#[derive(Clone)]
struct Seen<'a> {
    step: i64,
    text: &'a str,
    value: f64,
}

impl Seen<'_> {
    fn at_step(&self) -> Option<AtStep> {
        Some(AtStep {
            step: self.step,
            value: Number::parse(self.text)?,
        })
    }
}

/// The series as a table with the header `step,value`.
pub fn to_csv(series: &Series) -> String {
    let mut csv = String::with_capacity(series.text.len() + 8 * series.len() + 16);
    csv.push_str("step,value\n");
    for (step, text) in series.texts() {
        // Writing to a String can't fail.
        let _ = writeln!(csv, "{step},{text}");
    }
    csv
}

/// Says why a metric can't have this name in a log.
pub fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        Err("a metric needs a name".to_owned())
    } else if RESERVED.contains(&name) {
        Err(format!(
            "`{name}` says when a value was logged, and is no metric"
        ))
    } else if name.len() > json::MAX_KEY {
        Err(format!("a name longer than {} bytes", json::MAX_KEY))
    } else {
        Ok(())
    }
}

/// One line of the log with its line break, to be appended by a single write.
///
/// The names have passed [`check_name`] and are distinct.
pub fn line(step: Option<i64>, values: &[(String, Number)]) -> String {
    let step = step.map(|step| format!("\"step\": {step}"));
    let members = values.iter().map(|(name, number)| {
        let key = serde_json::Value::from(name.as_str());
        if matches!(number.as_str(), "nan" | "inf" | "-inf") {
            format!("{key}: {{\"float\": \"{number}\"}}")
        } else {
            format!("{key}: {number}")
        }
    });
    let members: Vec<String> = step.into_iter().chain(members).collect();
    format!("{{{}}}\n", members.join(", "))
}

/// The name of a metric's own file, `val%2Floss.csv`: another one for every other metric, also on
/// a file system that folds case, and never a folder or a device.
///
/// `a-z`, `0-9`, `_`, `-` and `.` stay, everything else is percent-encoded by bytes (RFC 3986,
/// section 2.1). A long name is cut, and ends in `%-` and a part of its SHA-256.
pub fn file_name(metric: &str) -> String {
    const LONGEST: usize = 180;
    const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
    let stem = metric.split('.').next().unwrap_or(metric);
    let is_port = (stem.starts_with("com") || stem.starts_with("lpt")) && stem.len() == 4;
    let is_device = DEVICES.contains(&stem) || is_port;
    let mut name = String::new();
    for (index, byte) in metric.bytes().enumerate() {
        let plain = matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.');
        if plain && !(index == 0 && (is_device || byte == b'.')) {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
    }
    if name.len() > LONGEST {
        let digest = Sha256::digest(metric.as_bytes());
        // Never through the middle of an escape.
        let cut = name[..140].rfind('%').filter(|at| *at > 137);
        name.truncate(cut.unwrap_or(140));
        name.push_str("%-");
        for byte in &digest[..12] {
            let _ = write!(name, "{byte:02x}");
        }
    }
    name.push_str(".csv");
    name
}

#[cfg(test)]
mod tests;
