//! Keeps the generated overview, `experiments.md` and `experiments.csv`, current.

use super::contain::real_folder;
use super::layout::Project;
use super::lock::Lock;
use super::{atomic, runs};
use crate::error::Result;
use crate::model::Brief;
use crate::report::overview;
use crate::settings::{Lang, ProjectSettings};

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
    let runs: Vec<&Brief> = briefs.iter().collect();
    let files = [
        (
            "experiments.md",
            overview::markdown_table(&runs, settings, lang),
        ),
        ("experiments.csv", overview::csv_table(&runs, settings)),
    ];
    for (name, text) in files {
        let path = project.experiments().join(name);
        if std::fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
            atomic::write(&path, text.as_bytes())?;
        }
    }
    Ok(())
}
