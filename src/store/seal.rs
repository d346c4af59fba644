//! The digest of a record's immutable part, so that a later edit can be seen.

use serde_json::Value;

use crate::model::{Run, Sha256};

/// What people may change after a run is finished, and what describes the record itself.
const MUTABLE: [&str; 16] = [
    "aliases",
    "base",
    "conclusion",
    "declared",
    "digest",
    "goal",
    "hypothesis",
    "links",
    "number",
    "rev",
    "slug",
    "status",
    "tags",
    "title",
    "tool",
    "warnings",
];

/// SHA-256 over the compact JSON of everything that must never change, keys sorted.
pub fn digest(run: &Run) -> String {
    digest_json(serde_json::to_value(run).unwrap_or_default())
}

/// The same for a record as it is in its file: fields that this version doesn't know are sealed too.
pub fn digest_json(mut value: Value) -> String {
    if let Value::Object(fields) = &mut value {
        fields.retain(|name, _| name != "schema" && !MUTABLE.contains(&name.as_str()));
    }
    Sha256::of(value.to_string().as_bytes()).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MetricValue, Number, RunId, Uid};

    #[test]
    fn conclusions_may_change_and_metrics_may_not() {
        let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
        let id = RunId::parse("exp_003_new_features").unwrap();
        let mut run = Run::new(Uid::new(0, &[7; 10]), id, started);
        let before = digest(&run);
        run.conclusion = Some("better".into());
        run.number = 8;
        assert_eq!(digest(&run), before);
        run.metrics
            .insert("auc".into(), MetricValue::Number(Number::from_f64(0.9)));
        assert_ne!(digest(&run), before);
        let file = crate::store::format::to_json("git-exp/run/1", &run, None).unwrap();
        let value = serde_json::from_slice(&file).unwrap();
        assert_eq!(digest_json(value), digest(&run), "the file says the same");
    }
}
