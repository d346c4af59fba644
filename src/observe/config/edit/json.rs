//! JSON: the text of a value is found by its place in the file.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::super::tree::component;
use super::{Candidate, EditError, list_items, quoted_text};
use crate::model::Param;
use crate::model::param::ParamKind;

pub(super) fn set(text: &str, key: &str, value: &str) -> Result<Candidate, EditError> {
    let whole: &RawValue = serde_json::from_str(text)
        .map_err(|error| EditError::impossible(format!("it is not plain JSON: {error}")))?;
    let found = find(whole, key).ok_or_else(|| EditError::impossible("its place was not found"))?;
    Ok(Candidate::splice(
        text,
        place(text, found),
        &spell(value),
        None,
    ))
}

/// Where a borrowed part of the text stands in it.
fn place(text: &str, part: &RawValue) -> Range<usize> {
    let start = part.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.get().len()
}

/// The value of a dotted name, along the names that the reader gives.
fn find<'t>(value: &'t RawValue, name: &str) -> Option<&'t RawValue> {
    if name.is_empty() {
        return Some(value);
    }
    let step = |part: &str| {
        let rest = name.strip_prefix(part)?;
        rest.strip_prefix('.').or(rest.is_empty().then_some(""))
    };
    let inside: Vec<(String, &RawValue)> = match value.get().as_bytes().first()? {
        b'{' => {
            let members: Members<'t> = serde_json::from_str(value.get()).ok()?;
            let named = members.0.into_iter();
            named.map(|(key, value)| (component(&key), value)).collect()
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
            let numbered = items.into_iter().enumerate();
            numbered.map(|(at, item)| (at.to_string(), item)).collect()
        }
        _ => return None,
    };
    inside
        .into_iter()
        .find_map(|(part, value)| find(value, step(&part)?))
}

/// Members in order, borrowed from the text.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for Members<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<'t>(std::marker::PhantomData<&'t ()>);
        impl<'de: 't, 't> Visitor<'de> for Visit<'t> {
            type Value = Members<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visit(std::marker::PhantomData))
    }
}

/// A typed value as JSON writes it.
fn spell(value: &str) -> String {
    if let Some(text) = quoted_text(value) {
        return string(&text);
    }
    if serde_json::from_str::<&RawValue>(value).is_ok() {
        return value.to_owned();
    }
    match list_items(value) {
        Some(items) => list(&items),
        None => string(value),
    }
}

fn list(items: &[Param]) -> String {
    let spelled: Vec<String> = items
        .iter()
        .map(|item| match item {
            Param::List(items) => list(items),
            Param::Leaf {
                kind: ParamKind::Str,
                text,
            } => string(text),
            Param::Leaf { text, .. } => spell(text),
        })
        .collect();
    format!("[{}]", spelled.join(", "))
}

/// Text in JSON's quotes; also what YAML and TOML read as text.
pub(super) fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
