//! TOML, through a library that keeps the document as it is written.

use toml_edit::{Array, DocumentMut, Item, Value};

use super::super::tree::component;
use super::{Candidate, EditError, list_items, quoted_text};
use crate::model::Param;
use crate::model::param::ParamKind;

pub(super) fn set(text: &str, key: &str, value: &str) -> Result<Candidate, EditError> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error| EditError::impossible(format!("it is not plain TOML: {error}")))?;
    let missing = || EditError::impossible("its place was not found");
    let place = find(document.as_item_mut(), key).ok_or_else(missing)?;
    // What stands around a value is part of it: the comment behind it, for one.
    let around = place.decor().clone();
    *place = spell(value);
    *place.decor_mut() = around;
    Ok(Candidate {
        text: document.to_string(),
        wanted: None,
    })
}

/// The value of a dotted name.
fn find<'d>(item: &'d mut Item, name: &str) -> Option<&'d mut Value> {
    match item {
        Item::Table(table) => table
            .iter_mut()
            .find_map(|(key, item)| find(item, step(name, &component(key.get()))?)),
        Item::ArrayOfTables(tables) => tables.iter_mut().enumerate().find_map(|(at, table)| {
            let rest = step(name, &at.to_string())?;
            table
                .iter_mut()
                .find_map(|(key, item)| find(item, step(rest, &component(key.get()))?))
        }),
        Item::Value(value) => inside(value, name),
        Item::None => None,
    }
}

fn inside<'d>(value: &'d mut Value, name: &str) -> Option<&'d mut Value> {
    if name.is_empty() {
        return Some(value);
    }
    match value {
        Value::InlineTable(table) => table
            .iter_mut()
            .find_map(|(key, value)| inside(value, step(name, &component(key.get()))?)),
        Value::Array(items) => items
            .iter_mut()
            .enumerate()
            .find_map(|(at, value)| inside(value, step(name, &at.to_string())?)),
        _ => None,
    }
}

/// What is left of a dotted name after its first part.
fn step<'n>(name: &'n str, part: &str) -> Option<&'n str> {
    let rest = name.strip_prefix(part)?;
    rest.strip_prefix('.').or(rest.is_empty().then_some(""))
}

/// A typed value as TOML has it.
fn spell(value: &str) -> Value {
    if let Some(text) = quoted_text(value) {
        return Value::from(text);
    }
    if let Ok(parsed) = value.parse::<Value>() {
        return parsed;
    }
    match list_items(value) {
        Some(items) => Value::Array(items.iter().map(item).collect::<Array>()),
        None => Value::from(value),
    }
}

fn item(item: &Param) -> Value {
    match item {
        Param::List(items) => Value::Array(items.iter().map(self::item).collect::<Array>()),
        Param::Leaf {
            kind: ParamKind::Str,
            text,
        } => Value::from(text.as_str()),
        Param::Leaf { text, .. } => spell(text),
    }
}
