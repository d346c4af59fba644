//! JSON configuration: typed by JSON's own rules, numbers in their exact spelling.

use crate::model::param::ParamKind;
use crate::observe::json::{self, Json};

use super::ConfigError;
use super::tree::{self, Tree};

pub(super) fn parse(text: &str) -> Result<Tree, ConfigError> {
    let value =
        json::parse(text).map_err(|e| ConfigError::at(e.line, e.column, e.message.clone()))?;
    match value {
        value @ (Json::Object(_) | Json::List(_)) => Ok(build(value)),
        other => Err(ConfigError::new(format!(
            "{} where keys and values were expected",
            other.kind()
        ))),
    }
}

fn build(value: Json<'_>) -> Tree {
    match value {
        Json::Null => Tree::leaf(ParamKind::Null, "null"),
        Json::Bool(yes) => Tree::leaf(ParamKind::Bool, yes.to_string()),
        Json::Number(text) => Tree::leaf(number_kind(text), text),
        Json::Text(text) => Tree::leaf(ParamKind::Str, text),
        Json::List(items) => Tree::list(items.into_iter().map(build).collect()),
        Json::Object(members) => Tree::map(
            members
                .into_iter()
                .map(|(key, value)| (tree::component(&key), build(value)))
                .collect(),
        ),
    }
}

fn number_kind(text: &str) -> ParamKind {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        ParamKind::Int
    } else {
        ParamKind::Float
    }
}
