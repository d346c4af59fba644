//! Changes single values in a configuration file and leaves everything else as it was: comments,
//! order, spacing, line ends.
//!
//! Each format finds the place of one value in the text; the text around it is never written anew.
//! Whatever was done is then read back: a value that came out otherwise, or another value that moved
//! with it (a YAML anchor), is an error, so that a changed file differs by what was asked for alone.

mod ini;
mod json;
mod toml;
mod yaml;

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Format, format_of, leaves, read};
use crate::model::{Param, RecordPath};

/// A file with other values in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The new content.
    pub bytes: Vec<u8>,
    /// What each changed key was before, in the order of the changes.
    pub before: Vec<(String, Param)>,
}

/// Why a value could not be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// The file has no such key.
    UnknownKey,
    /// The file can't be changed there, and why.
    Impossible(String),
}

impl EditError {
    fn impossible(why: impl Into<String>) -> Self {
        Self::Impossible(why.into())
    }
}

/// Sets one key to a value as it was typed.
///
/// The value is typed by the file's own format: what reads as a number, a truth value or a list
/// there is one, and anything else is text; quotes make it text in any case.
///
/// # Errors
/// An unknown key, or a place that can't be changed alone.
pub fn set(path: &RecordPath, bytes: &[u8], key: &str, value: &str) -> Result<Edited, EditError> {
    let known = read(path, bytes).map_err(|error| EditError::impossible(error.to_string()))?;
    let before = known.get(key).cloned().ok_or(EditError::UnknownKey)?;
    let (mark, body) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(body) => (&bytes[..3], body),
        None => (&bytes[..0], bytes),
    };
    let text = std::str::from_utf8(body)
        .map_err(|_| EditError::impossible("it is not encoded in UTF-8"))?;
    let format = format_of(&path.extension())
        .or_else(|| sniffed(text, &known))
        .ok_or_else(|| EditError::impossible("its format is not known"))?;
    let candidates = match format {
        Format::Yaml => yaml::set(text, key, value)?,
        Format::Json => vec![json::set(text, key, value)?],
        Format::Toml => vec![toml::set(text, key, value)?],
        Format::Ini => vec![ini::set(text, key, value)?],
    };
    let mut trouble = EditError::impossible("its place in the file was not found");
    for candidate in candidates {
        match verify(format, &candidate, &known, key) {
            Ok(()) => {
                let bytes = [mark, candidate.text.as_bytes()].concat();
                return Ok(Edited {
                    bytes,
                    before: vec![(key.to_owned(), before)],
                });
            }
            Err(error) => trouble = error,
        }
    }
    Err(trouble)
}

/// Sets several keys, one after the other.
///
/// # Errors
/// As [`set`], with the key that was to blame.
pub fn set_all(
    path: &RecordPath,
    bytes: &[u8],
    changes: &[(String, String)],
) -> Result<Edited, (String, EditError)> {
    let mut edited = Edited {
        bytes: bytes.to_vec(),
        before: Vec::new(),
    };
    for (key, value) in changes {
        let next = set(path, &edited.bytes, key, value).map_err(|error| (key.clone(), error))?;
        edited.bytes = next.bytes;
        edited.before.extend(next.before);
    }
    Ok(edited)
}

/// A text with one place replaced, and what ought to be read there.
struct Candidate {
    text: String,
    /// `None` where the format's own writer has made the value.
    wanted: Option<Param>,
}

impl Candidate {
    fn splice(text: &str, place: Range<usize>, value: &str, wanted: Option<Param>) -> Self {
        Self {
            text: [&text[..place.start], value, &text[place.end..]].concat(),
            wanted,
        }
    }
}

/// The format of a file without a telling extension: the first in which it reads as it was read.
fn sniffed(text: &str, known: &BTreeMap<String, Param>) -> Option<Format> {
    [Format::Json, Format::Toml, Format::Yaml, Format::Ini]
        .into_iter()
        .find(|format| leaves(*format, text).is_ok_and(|found| found == *known))
}

fn verify(
    format: Format,
    candidate: &Candidate,
    before: &BTreeMap<String, Param>,
    key: &str,
) -> Result<(), EditError> {
    let after = leaves(format, &candidate.text)
        .map_err(|error| EditError::impossible(format!("the file would not be read: {error}")))?;
    let got = after.get(key);
    let as_wanted = match (&candidate.wanted, got) {
        (Some(wanted), Some(got)) => wanted == got,
        (None, got) => got.is_some(),
        (Some(_), None) => false,
    };
    if !as_wanted {
        return Err(EditError::impossible("the value can't be written there"));
    }
    let moved = before
        .iter()
        .find(|(name, value)| *name != key && after.get(*name) != Some(value))
        .map(|(name, _)| name)
        .or_else(|| after.keys().find(|name| !before.contains_key(*name)));
    match moved {
        Some(other) => Err(EditError::impossible(format!(
            "`{other}` would change with it"
        ))),
        None => Ok(()),
    }
}

/// The items of `[a, "b", 3]`, or `None` if it is no list.
fn list_items(value: &str) -> Option<Vec<Param>> {
    if !value.starts_with('[') {
        return None;
    }
    match super::flag_value(value) {
        Param::List(items) => Some(items),
        Param::Leaf { .. } => None,
    }
}

/// The text between the quotes of a value that was typed in quotes.
fn quoted_text(value: &str) -> Option<String> {
    if !value.starts_with(['"', '\'']) || value.len() < 2 {
        return None;
    }
    match super::flag_value(value) {
        Param::Leaf { text, .. } if text != value => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
