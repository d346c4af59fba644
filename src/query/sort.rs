//! `--sort`: by any name of the filter language, several with commas.

use std::cmp::Ordering;

use super::ast::Span;
use super::bind::{Names, Target};
use super::eval::{Subject, Value};
use super::{QueryError, parse};
use crate::model::metric::Goal;

/// One name to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortBy {
    /// What it means.
    pub target: Target,
    /// Whether the highest comes first.
    pub descending: bool,
}

/// What a run is sorted by, kept while thousands are sorted.
#[derive(Clone, Debug, PartialEq)]
pub enum SortKey {
    /// A number or a moment.
    Number(f64),
    /// Anything else.
    Text(Box<str>),
    /// Nothing, or NaN: always last.
    Last,
}

impl SortBy {
    /// Reads `auc`, `-auc`, `auc desc`, `auc:asc`, and lists of those.
    ///
    /// Without a direction, metrics come best first (highest first where the goal is not known) and
    /// all else from low to high; a `-` turns that round.
    ///
    /// # Errors
    /// Unknown and ambiguous names.
    pub fn parse(
        text: &str,
        names: &Names,
        goal: impl Fn(&str) -> Option<Goal>,
    ) -> Result<Vec<Self>, QueryError> {
        let mut at = 0;
        let mut keys = Vec::new();
        for part in text.split(',') {
            let start = at + (part.len() - part.trim_start().len());
            at += part.len() + 1;
            let (name, direction) = split_direction(part.trim());
            let (name, turned) = match name.strip_prefix('-') {
                Some(rest) => (rest, true),
                None => (name, false),
            };
            let start = start + usize::from(turned);
            let mut field = parse::field(name);
            field.span = Span {
                start,
                end: start + name.len(),
            };
            if name.is_empty() {
                return Err(QueryError::new("a name is missing", field.span)
                    .hint("for example: git exp ls --sort roc_auc_val,-started"));
            }
            let target = names.resolve(&field, name)?;
            let usual = match &target {
                Target::Metric(metric) => goal(metric) != Some(Goal::Min),
                _ => false,
            };
            keys.push(Self {
                descending: direction.unwrap_or(usual) != turned,
                target,
            });
        }
        Ok(keys)
    }

    /// What a run is sorted by.
    pub fn key(&self, subject: &dyn Subject) -> SortKey {
        match subject.value(&self.target) {
            Value::Number(value, _) if !value.is_nan() => SortKey::Number(value),
            // Milliseconds are exact in a double for the next 285,000 years.
            Value::Time(millis) => SortKey::Number(millis as f64),
            Value::Bool(yes) => SortKey::Number(f64::from(u8::from(yes))),
            Value::Text(text) | Value::Hash(text) => SortKey::Text(text.into()),
            Value::List(items) => match items.into_iter().next() {
                Some(Value::Text(text) | Value::Hash(text)) => SortKey::Text(text.into()),
                _ => SortKey::Last,
            },
            Value::Missing | Value::Number(..) => SortKey::Last,
        }
    }

    /// Orders two keys; what has no value stands last in both directions.
    pub fn order(&self, a: &SortKey, b: &SortKey) -> Ordering {
        let turn = |order: Ordering| {
            if self.descending {
                order.reverse()
            } else {
                order
            }
        };
        match (a, b) {
            (SortKey::Number(a), SortKey::Number(b)) => turn(a.total_cmp(b)),
            (SortKey::Text(a), SortKey::Text(b)) => turn(a.cmp(b)),
            (SortKey::Last, SortKey::Last) => Ordering::Equal,
            (SortKey::Last, _) => Ordering::Greater,
            (_, SortKey::Last) => Ordering::Less,
            (SortKey::Number(_), SortKey::Text(_)) => Ordering::Less,
            (SortKey::Text(_), SortKey::Number(_)) => Ordering::Greater,
        }
    }
}

fn split_direction(part: &str) -> (&str, Option<bool>) {
    let Some((name, word)) = part.rsplit_once([' ', ':']) else {
        return (part, None);
    };
    match word.to_ascii_lowercase().as_str() {
        "asc" => (name.trim_end(), Some(false)),
        "desc" => (name.trim_end(), Some(true)),
        _ => (part, None),
    }
}
