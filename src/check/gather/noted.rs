//! What the git notes say of runs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Work;
use crate::model::{MetricValue, Number, Run};

/// The last line of each run in the git notes.
pub struct Notes(BTreeMap<String, (u64, u64, BTreeMap<String, MetricValue>)>);

impl Notes {
    /// Reads all notes: lines on a commit may go on in any other. Notes that can't be read say nothing.
    pub fn read(work: &Work<'_, '_>) -> Self {
        let mut last: BTreeMap<String, (u64, u64, BTreeMap<String, MetricValue>)> = BTreeMap::new();
        let all = crate::git::notes::read_all(work.repo);
        for line in all.unwrap_or_default().into_values().flatten() {
            let Ok(value) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            let (Some(uid), Some(rev)) = (value["uid"].as_str(), value["rev"].as_u64()) else {
                continue;
            };
            let Ok(metrics) = serde_json::from_value(value["metrics"].clone()) else {
                continue;
            };
            let entry = last
                .entry(uid.to_owned())
                .or_insert((rev, rev, BTreeMap::new()));
            if rev >= entry.1 {
                *entry = (entry.0.min(rev), rev, metrics);
            }
        }
        Self(last)
    }

    /// Whether a note, written when the run was finished, has other metrics than the record.
    pub fn disagrees(&self, run: &Run) -> bool {
        let Some((_, rev, metrics)) = self.0.get(run.uid.as_str()) else {
            return false;
        };
        let value = |value: &MetricValue| value.number().map(Number::as_f64);
        *rev <= u64::from(run.rev)
            && run.digest.is_some()
            && metrics.iter().any(|(name, noted)| {
                let recorded = run.metrics.get(name).and_then(value);
                let noted = value(noted);
                noted.is_some_and(f64::is_finite) && noted != recorded
            })
    }
}
