//! Keeps the generated overview, `experiments.md` and `experiments.csv`, current.

use super::contain::real_folder;
use super::layout::Project;
use super::lock::Lock;
use super::{atomic, runs};
use crate::error::Result;
use crate::model::{Brief, Run, Status};
use crate::report::overview;
use crate::settings::{Lang, ProjectSettings};

fn files(runs: &[&Brief], settings: &ProjectSettings, lang: Lang) -> [(&'static str, String); 2] {
    [
        (
            "experiments.md",
            overview::markdown_table(runs, settings, lang),
        ),
        ("experiments.csv", overview::csv_table(runs, settings)),
    ]
}

/// The files that don't say what the records say. A run that goes on may be missing: its row is
/// written when it, or another one, ends.
pub fn outdated(
    project: &Project,
    runs: &[&Run],
    settings: &ProjectSettings,
    lang: Lang,
) -> Vec<&'static str> {
    let briefs: Vec<Brief> = runs.iter().map(|run| Brief::from(*run)).collect();
    let read = |name: &str| std::fs::read_to_string(project.experiments().join(name));
    let listed = read("experiments.md").unwrap_or_default();
    let counts = |run: &Run| {
        run.status != Status::Running || listed.contains(&format!("runs/{}/", run.id()))
    };
    let rows: Vec<&Brief> = runs
        .iter()
        .zip(&briefs)
        .filter(|(run, _)| counts(run))
        .map(|(_, brief)| brief)
        .collect();
    files(&rows, settings, lang)
        .into_iter()
        .filter(|(name, text)| match read(name) {
            Ok(found) => found != *text,
            Err(_) => !rows.is_empty(),
        })
        .map(|(name, _)| name)
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
    let briefs: Vec<Brief> = entries
        .iter()
        .filter_map(|entry| entry.run.as_ref().ok())
        .map(Brief::from)
        .collect();
    let briefs: Vec<&Brief> = briefs.iter().collect();
    for (name, text) in files(&briefs, settings, lang) {
        let path = project.experiments().join(name);
        if std::fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
            atomic::write(&path, text.as_bytes())?;
        }
    }
    Ok(())
}
