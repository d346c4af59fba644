//! Keeps the generated overview, `experiments.md` and `experiments.csv`, current.

use super::contain::real_folder;
use super::layout::Project;
use super::lock::Lock;
use super::{atomic, runs};
use crate::error::Result;
use crate::model::{Run, Status};
use crate::report::overview;
use crate::settings::{Lang, ProjectSettings};

fn files(runs: &[&Run], settings: &ProjectSettings, lang: Lang) -> [(&'static str, String); 2] {
    [
        (
            "experiments.md",
            overview::markdown_table(runs, settings, lang),
        ),
        ("experiments.csv", overview::csv_table(runs, settings)),
    ]
}

/// The files that don't say what the records say. A run that goes on may be missing: its row is
/// written when it ends.
pub fn outdated(
    project: &Project,
    runs: &[&Run],
    settings: &ProjectSettings,
    lang: Lang,
) -> Vec<&'static str> {
    let ended: Vec<&Run> = runs
        .iter()
        .copied()
        .filter(|run| run.status != Status::Running)
        .collect();
    let all = files(runs, settings, lang);
    let without = files(&ended, settings, lang);
    let differs = |((name, all), (_, without)): &((&'static str, String), (_, String))| {
        let found = std::fs::read(project.experiments().join(name)).unwrap_or_default();
        let is_needed = !ended.is_empty() || !found.is_empty();
        is_needed && found != all.as_bytes() && found != without.as_bytes()
    };
    all.into_iter()
        .zip(without)
        .filter(differs)
        .map(|((name, _), _)| name)
        .collect()
}

/// Rewrites both files from the records, if they differ. Damaged records are left out.
///
/// Under the lock, so that of two runs that finish at once the later writer sees both.
pub fn refresh(
    project: &Project,
    exp_dir: &std::path::Path,
    settings: &ProjectSettings,
    lang: Lang,
) -> Result<()> {
    let _turn = Lock::take(exp_dir)?;
    real_folder(&project.experiments())?;
    let entries = runs::list(project)?;
    let runs: Vec<&Run> = entries
        .iter()
        .filter_map(|entry| entry.run.as_ref().ok())
        .collect();
    for (name, text) in files(&runs, settings, lang) {
        let path = project.experiments().join(name);
        if std::fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
            atomic::write(&path, text.as_bytes())?;
        }
    }
    Ok(())
}
