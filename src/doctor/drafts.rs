//! Run folders that were being filled when their writer died.
//!
//! Nobody writes one now: whoever does holds the shared lock, and mending needs to be alone.

use std::path::{Path, PathBuf};

use super::Finding;
use super::recover::{self, publish};
use super::scene::Scene;
use crate::error::{Context, Result};
use crate::model::Uid;
use crate::store::folder::DRAFT_PREFIX;
use crate::store::format;

/// The folders `.tmp-<uid>`.
pub fn list(runs: &Path) -> Vec<(Uid, PathBuf)> {
    let draft = |entry: std::fs::DirEntry| {
        let name = entry.file_name();
        let uid = Uid::parse(name.to_str()?.strip_prefix(DRAFT_PREFIX)?)?;
        entry
            .file_type()
            .ok()?
            .is_dir()
            .then(|| (uid, entry.path()))
    };
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    entries.filter_map(draft).collect()
}

pub fn look(scene: &Scene<'_>, findings: &mut Vec<Finding>) -> Result<()> {
    for (uid, folder) in list(&scene.project.runs()) {
        let name = format!("{DRAFT_PREFIX}{uid}");
        // The record is the last file to be written: where it is whole, so is the rest.
        let whole = format::read_run(&folder).ok().filter(|run| run.uid == uid);
        let finding = match whole.filter(|run| scene.refs.contains_key(&run.uid)) {
            Some(run) => {
                let what = format!("{} was interrupted before it appeared", run.id());
                let text = format!("publishes it, status {}", recover::STATUS.word());
                Finding::to_do("half-written", name, what)
                    .mend(text, move |ctx| publish(ctx, run, &folder))
            }
            None => Finding::to_do("half-written", name, "a run folder that was never finished")
                .mend("removes it", move |_| {
                    std::fs::remove_dir_all(&folder)
                        .context(|| format!("cannot remove {}", folder.display()))
                }),
        };
        findings.push(finding);
    }
    Ok(())
}
