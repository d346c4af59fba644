//! Finds the files that a program wrote, and never takes an earlier run's for them.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::model::axis::is_model;
use crate::model::{Param, Run};
use crate::settings::ProjectSettings;
use crate::store::Project;
use crate::store::layout::normalize;

/// Where programs write metrics, most telling first.
const USUAL: [&str; 9] = [
    "metrics.json",
    "metrics.csv",
    "metrics.yaml",
    "results/metrics.json",
    "outputs/metrics.json",
    "output/metrics.json",
    "reports/metrics.json",
    "models/metrics.json",
    "results.json",
];

/// The places to look, in order: exp.toml's, the run's folder, the configuration's, the usual ones.
pub fn candidates(
    project: &Project,
    settings: &ProjectSettings,
    run: &Run,
    folder: &Path,
) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = Vec::new();
    if let Some(named) = &settings.outputs.metrics {
        return vec![normalize(&project.root.join(named))];
    }
    for name in ["metrics.json", "metrics.csv"] {
        places.push(folder.join(name));
    }
    for (key, value) in &run.params {
        let Param::Leaf { text, .. } = value else {
            continue;
        };
        let about_metrics = key.contains("metric") || text.contains("metric");
        if about_metrics
            && [".json", ".csv", ".yaml"]
                .iter()
                .any(|end| text.ends_with(end))
        {
            places.push(normalize(&project.root.join(text)));
        }
    }
    places.extend(USUAL.iter().map(|name| project.root.join(name)));
    places.dedup();
    places
}

/// The models that the program wrote since the run began: those that exp.toml names, and those that
/// the configuration itself names as paths.
pub fn models(
    project: &Project,
    settings: &ProjectSettings,
    run: &Run,
    since: SystemTime,
) -> Vec<PathBuf> {
    let named = settings.outputs.models.iter().map(String::as_str);
    let configured = run.params.values().filter_map(|value| match value {
        Param::Leaf { text, .. } if is_model(&text.as_str().into()) => Some(text.as_str()),
        _ => None,
    });
    let mut found: Vec<PathBuf> = named
        .chain(configured)
        .map(|path| normalize(&project.root.join(path)))
        .filter(|path| is_fresh(path, since))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The first candidate that was written since the run began.
pub fn fresh(candidates: &[PathBuf], since: SystemTime) -> Option<PathBuf> {
    candidates
        .iter()
        .find(|path| is_fresh(path, since))
        .cloned()
}

/// Whether a file was written at or after a moment of the file system's own clock.
pub fn is_fresh(path: &Path, since: SystemTime) -> bool {
    path.metadata()
        .ok()
        .filter(std::fs::Metadata::is_file)
        .and_then(|found| found.modified().ok())
        .is_some_and(|written| written >= since)
}
