//! Runs that have no folder in this working tree.

use crate::model::Status;
use crate::store::elsewhere::Known;
use crate::ui::number;

/// The columns.
pub const COLUMNS: [&str; 5] = ["id", "status", "metric", "where", "commit"];

/// The cells of one run. What is not known here is a dash.
pub fn cells(run: &Known, primary: Option<&str>) -> [String; 5] {
    let dash = || "–".to_owned();
    let metric = primary
        .and_then(|name| run.metrics.get_key_value(name))
        .or_else(|| run.metrics.first_key_value())
        .and_then(|(name, value)| Some(format!("{name} {}", number::metric(value.number()?))));
    [
        run.label(),
        run.status
            .map_or_else(dash, |status| status.word().to_owned()),
        metric.unwrap_or_else(dash),
        run.place.words(),
        run.commit
            .as_ref()
            .map_or_else(dash, |commit| commit.short().to_owned()),
    ]
}

/// The same for programs.
pub fn json(runs: &[Known]) -> serde_json::Value {
    let rows: Vec<serde_json::Value> = runs
        .iter()
        .map(|run| {
            serde_json::json!({
                "uid": run.uid,
                "id": run.id.as_ref().map(ToString::to_string),
                "status": run.status.map(Status::word),
                "metrics": run.metrics,
                "commit": run.commit,
                "where": run.place.words(),
                "record": run.run,
            })
        })
        .collect();
    serde_json::json!({"schema": "git-exp/elsewhere/1", "runs": rows})
}
