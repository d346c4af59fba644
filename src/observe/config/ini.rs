//! INI and `.properties`, by the rules of Python's `configparser`.
//!
//! Every value is text, as it is to `configparser`. Kept as written where Python would fold it:
//! the case of keys, and `%(name)s`. Beyond Python: keys above the first section header, and `!`
//! comments. A line that is indented deeper than its key goes on with the value.

use std::collections::HashSet;

use crate::model::param::ParamKind;

use super::ConfigError;
use super::tree::Tree;

pub(super) fn parse(text: &str) -> Result<Tree, ConfigError> {
    let mut reader = Reader::default();
    for (index, line) in text.lines().enumerate() {
        reader
            .line(line)
            .map_err(|message| ConfigError::at(index + 1, 1, message))?;
    }
    Ok(reader.finish())
}

struct Entry {
    name: String,
    lines: Vec<String>,
    indent: usize,
}

#[derive(Default)]
struct Reader {
    /// With a trailing dot; empty above the first header.
    section: String,
    sections: HashSet<String>,
    /// Names in lower case, for `configparser` folds them.
    names: HashSet<String>,
    entries: Vec<Entry>,
    /// Whether the last entry may be continued.
    open: bool,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let body = line.trim();
        let indent = line.len() - line.trim_start().len();
        if body.starts_with(['#', ';', '!']) {
            return Ok(());
        }
        if let Some(entry) = self.entries.last_mut().filter(|_| self.open) {
            if body.is_empty() || indent > entry.indent {
                entry.lines.push(body.to_owned());
                return Ok(());
            }
        } else if body.is_empty() {
            return Ok(());
        }
        if body.starts_with('[') {
            return self.header(body);
        }
        let Some(at) = body.find(['=', ':']) else {
            return Err("neither a [section] nor a `key = value`".to_owned());
        };
        let key = body[..at].trim_end();
        if key.is_empty() {
            return Err("a value without a key".to_owned());
        }
        let name = format!("{}{key}", self.section);
        if !self.names.insert(name.to_lowercase()) {
            return Err(format!("the key `{key}` stands twice"));
        }
        self.open = true;
        self.entries.push(Entry {
            name,
            lines: vec![body[at + 1..].trim().to_owned()],
            indent,
        });
        Ok(())
    }

    fn header(&mut self, body: &str) -> Result<(), String> {
        let end = body.rfind(']').filter(|end| *end > 1);
        let Some(name) = end.map(|end| &body[1..end]) else {
            return Err("a section header without its name or its `]`".to_owned());
        };
        if !self.sections.insert(name.to_owned()) {
            return Err(format!("the section `{name}` stands twice"));
        }
        self.section = format!("{name}.");
        self.open = false;
        Ok(())
    }

    /// Dots in section names and keys stay as they are: there they do mean levels.
    fn finish(self) -> Tree {
        let entries = self.entries.into_iter().map(|entry| {
            let text = entry.lines.join("\n");
            (entry.name, Tree::leaf(ParamKind::Str, text.trim_end()))
        });
        Tree::map(entries.collect())
    }
}
