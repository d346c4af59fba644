//! Metrics as a JSON object.

use crate::model::MetricValue;
use crate::observe::json::{self, Json};

use super::{Collector, MAX_LIST, MetricsError};

pub(super) fn read(text: &str, collector: &mut Collector) -> Result<(), MetricsError> {
    let value = json::parse(text).map_err(|error| {
        let is_next_line = error.message.starts_with("text after the end")
            && text[error.offset..].starts_with('{');
        let failure = MetricsError::new(error.to_string());
        if is_next_line {
            failure.hint("one JSON object a line is a log over steps: append it to $GIT_EXP_SERIES")
        } else {
            failure
        }
    })?;
    match value {
        Json::Object(members) => members
            .iter()
            .try_for_each(|(name, value)| add(name, value, collector)),
        other => Err(MetricsError::new(format!(
            "the file holds {}, not an object with metrics",
            other.kind()
        ))
        .hint("write an object, as in {\"roc_auc_val\": 0.842}")),
    }
}

fn add(name: &str, value: &Json<'_>, collector: &mut Collector) -> Result<(), MetricsError> {
    if let Some(number) = value.number() {
        return collector.put(name, MetricValue::Number(number));
    }
    match value {
        Json::Null => collector.put(name, MetricValue::Null),
        Json::Bool(yes) => collector.put(name, MetricValue::Bool(*yes)),
        Json::Text(text) => collector.put(name, MetricValue::Text(text.to_string())),
        Json::List(items) if items.len() > MAX_LIST => {
            collector.leave_out(name, format!("a list of {} values", items.len()));
            Ok(())
        }
        Json::List(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| add(&format!("{name}.{index}"), item, collector)),
        Json::Object(members) => members
            .iter()
            .try_for_each(|(key, inner)| add(&format!("{name}.{key}"), inner, collector)),
        // Taken above.
        Json::Number(_) => Ok(()),
    }
}
