//! What the last `git exp pull` saw of all runs, so that a list can show those of others without
//! reading every branch, ref and note again.
//!
//! All runs are noted down, not only those without a folder here: which ones that are changes with
//! every merge and in every worktree.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::elsewhere::Known;
use super::layout::Project;
use super::tombstone;
use crate::atomic;
use crate::error::Result;
use crate::model::{Sha256, Uid};

/// A run as it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its identity.
    pub uid: Uid,
    /// Its row in a list.
    pub cells: Vec<String>,
}

fn file(exp_dir: &Path, project: &Project) -> PathBuf {
    let name = Sha256::of(project.prefix.as_bytes());
    exp_dir.join(format!("seen-{}.jsonl", name.short()))
}

/// Notes all known runs down, one a line, in the order they are given.
pub fn remember(
    exp_dir: &Path,
    project: &Project,
    known: &[Known],
    cells: impl Fn(&Known) -> Vec<String>,
) -> Result<()> {
    let mut text = String::new();
    for run in known {
        let seen = Seen {
            uid: run.uid.clone(),
            cells: cells(run),
        };
        text.push_str(&serde_json::json!(seen).to_string());
        text.push('\n');
    }
    let path = file(exp_dir, project);
    if std::fs::read(&path).is_ok_and(|before| before == text.as_bytes()) {
        return Ok(());
    }
    atomic::make_folder(exp_dir)?;
    atomic::write(&path, text.as_bytes())
}

/// The runs that were seen and have no folder here; `is_here` knows those that have.
pub fn recall(exp_dir: &Path, project: &Project, is_here: impl Fn(&Uid) -> bool) -> Vec<Seen> {
    // Nothing was pulled yet, or it is damaged: the next pull writes it anew.
    let text = std::fs::read_to_string(file(exp_dir, project)).unwrap_or_default();
    let mut seen: Vec<Seen> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|seen: &Seen| !is_here(&seen.uid))
        .collect();
    if !seen.is_empty() {
        let removed = tombstone::all(project).unwrap_or_default();
        seen.retain(|seen| !removed.contains(&seen.uid));
    }
    seen
}
