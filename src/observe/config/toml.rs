//! TOML configuration: typed by TOML's own rules, numbers and dates in their exact spelling.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::model::param::ParamKind;
use crate::observe::text;

use super::ConfigError;
use super::tree::{self, MAX_DEPTH, Tree};

pub(super) fn parse(source: &str) -> Result<Tree, ConfigError> {
    let table = DeTable::parse(source).map_err(|error| {
        let message = error.message().to_owned();
        match error.span() {
            Some(span) => {
                let (line, column) = text::position(source, span.start);
                ConfigError::at(line, column, message)
            }
            None => ConfigError::new(message),
        }
    })?;
    map(source, table.get_ref(), 0)
}

fn map(source: &str, table: &DeTable<'_>, depth: usize) -> Result<Tree, ConfigError> {
    let entries = table.iter().map(|(key, value)| {
        let tree = build(source, value.get_ref(), value.span(), depth + 1)?;
        Ok((tree::component(key.get_ref()), tree))
    });
    Ok(Tree::map(entries.collect::<Result<_, ConfigError>>()?))
}

fn build(
    source: &str,
    value: &DeValue<'_>,
    span: Range<usize>,
    depth: usize,
) -> Result<Tree, ConfigError> {
    if depth > MAX_DEPTH {
        let message = format!("nested deeper than {MAX_DEPTH} levels");
        return Err(ConfigError::new(message));
    }
    // The parser drops `_`, `0x` and the like; the text of the file has them.
    let spelled = || source.get(span.clone()).unwrap_or_default().trim();
    Ok(match value {
        DeValue::String(text) => Tree::leaf(ParamKind::Str, text.as_ref()),
        DeValue::Integer(_) => Tree::leaf(ParamKind::Int, spelled()),
        DeValue::Float(_) => Tree::leaf(ParamKind::Float, spelled()),
        DeValue::Boolean(yes) => Tree::leaf(ParamKind::Bool, yes.to_string()),
        DeValue::Datetime(_) => Tree::leaf(ParamKind::Date, spelled()),
        DeValue::Array(items) => {
            let items = items
                .iter()
                .map(|item| build(source, item.get_ref(), item.span(), depth + 1));
            Tree::list(items.collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => map(source, table, depth)?,
    })
}
