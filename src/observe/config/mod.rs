//! Configuration files as typed leaves with dotted names.
//!
//! A leaf keeps its exact spelling and has the type that the program reading it would see: YAML by
//! PyYAML's rules, JSON and TOML by their own, INI as text.
//!
//! - Nested mappings become dotted names. A key with a dot in it is quoted: `a."b.c"`.
//! - A list of scalars (or of such lists) is one value. A list with a mapping anywhere in it is
//!   spelled out: `name.0.key`.
//! - A mapping or list with a tag of its own (YAML's `!new:torch.optim.Adam`) has it under `name.!`.
//! - In a YAML stream of several documents the first has plain names, the second `document_2.…`.

pub mod arguments;
pub mod edit;
mod ini;
mod json;
mod toml;
mod tree;
mod yaml;
mod yaml_scalar;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use crate::model::{Param, RecordPath};

use super::text;
use tree::{Flattener, Tree};

/// The largest configuration that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// Why a configuration could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// From 1; `None` when no single line is to blame.
    pub line: Option<usize>,
    /// In characters, from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl ConfigError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            line: None,
            column: None,
            message: message.into(),
        }
    }

    fn at(line: usize, column: usize, message: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            column: Some(column),
            message: message.into(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}")?;
            if let Some(column) = self.column {
                write!(f, ", column {column}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Yaml,
    Json,
    Toml,
    Ini,
}

/// Programs and documents that can be named as configuration, but hold no parameters to read.
const NOT_PARAMETERS: [&str; 12] = [
    "py", "ipynb", "sh", "r", "jl", "lua", "js", "ts", "jsonnet", "xml", "md", "gin",
];

/// Reads the leaves of a configuration file.
///
/// The extension tells the format. Under an unknown extension, or none, the content is tried as
/// JSON (if it begins with `{`), then TOML, YAML and INI: each refuses what the next one accepts.
pub fn read(path: &RecordPath, bytes: &[u8]) -> Result<BTreeMap<String, Param>, ConfigError> {
    if bytes.len() > MAX_BYTES {
        let limit = MAX_BYTES >> 20;
        return Err(ConfigError::new(format!("larger than {limit} MiB")));
    }
    let extension = path.extension();
    if NOT_PARAMETERS.contains(&extension.as_str()) {
        return Err(ConfigError::new(format!(
            "a .{extension} file holds no parameters that can be read"
        )));
    }
    let decoded = text::decode(bytes).map_err(|e| ConfigError::new(e.to_string()))?;
    match format_of(&extension) {
        Some(format) => leaves(format, &decoded.text),
        None => sniffed(&decoded.text),
    }
}

fn format_of(extension: &str) -> Option<Format> {
    Some(match extension {
        "yaml" | "yml" => Format::Yaml,
        "json" => Format::Json,
        "toml" => Format::Toml,
        "ini" | "cfg" | "conf" | "properties" => Format::Ini,
        _ => return None,
    })
}

fn sniffed(text: &str) -> Result<BTreeMap<String, Param>, ConfigError> {
    if text.trim_start().starts_with('{')
        && let Ok(found) = leaves(Format::Json, text)
    {
        return Ok(found);
    }
    let mut first_error = None;
    for format in [Format::Toml, Format::Yaml, Format::Ini] {
        match leaves(format, text) {
            Ok(found) => return Ok(found),
            // YAML's complaint is the one to show: it is what most such files are meant to be.
            Err(error) if format == Format::Yaml => first_error = Some(error),
            Err(_) => {}
        }
    }
    let reason = first_error.map_or(String::new(), |error| format!("; as YAML: {error}"));
    Err(ConfigError::new(format!(
        "neither JSON, TOML, YAML nor INI{reason}"
    )))
}

fn leaves(format: Format, text: &str) -> Result<BTreeMap<String, Param>, ConfigError> {
    let documents = match format {
        Format::Yaml => yaml::parse(text)?,
        Format::Json => vec![json::parse(text)?],
        Format::Toml => vec![toml::parse(text)?],
        Format::Ini => vec![ini::parse(text)?],
    };
    let mut flattener = Flattener::new();
    for (index, document) in documents.iter().enumerate() {
        let name = match index {
            0 => String::new(),
            _ => format!("document_{}", index + 1),
        };
        flattener.add(&name, document, 0)?;
    }
    Ok(flattener.finish())
}

/// Reads `--param key=value`: the value is typed as in YAML, and may be `[a, b]` or quoted.
///
/// The name is taken as it stands, dots and all.
pub fn from_flag(text: &str) -> Result<(String, Param), ConfigError> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(ConfigError::new(format!("`{text}` is not `key=value`")));
    };
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() {
        return Err(ConfigError::new(format!("`{text}` has no key before `=`")));
    }
    Ok((name.to_owned(), flag_value(value)))
}

fn flag_value(value: &str) -> Param {
    if value.starts_with(['[', '"', '\''])
        && let Ok(documents) = yaml::parse(&format!("v: {value}"))
        && let [Tree::Map(entries)] = documents.as_slice()
        && let [(_, tree)] = entries.as_slice()
    {
        let mut flattener = Flattener::new();
        if flattener.add("v", tree, 0).is_ok()
            && let Some(param) = flattener.finish().remove("v")
        {
            return param;
        }
    }
    Param::leaf(yaml_scalar::resolve(value), value)
}
