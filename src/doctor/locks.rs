//! Locks of git, and what else a killed git leaves.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::Finding;
use super::leftovers::{remove, shown};
use super::scene::Scene;
use crate::ambient::{self, Processes};
use crate::error::pasted;
use crate::git::locks;
use crate::ui::number;

/// Temporary objects and packs that take less than this are nobody's concern: `git gc` comes by.
const LARGE: u64 = 100 << 20;

/// What is known of a lock.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Facts {
    /// Where it is.
    pub path: String,
    /// Seconds since it was made; unknown where clocks disagree.
    pub age: Option<u64>,
    /// Whether a git process seems to be at work in this repository; unknown where the system
    /// doesn't tell.
    pub at_work: Option<bool>,
    /// The processes that hold it open, or that are of git and in this repository.
    pub processes: Vec<String>,
}

pub fn look(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let found = scene.repo.locks();
    let folders = match found.is_empty() {
        true => Vec::new(),
        false => scene.repo.folders_of_work(),
    };
    for path in found {
        let processes = ambient::processes(&folders, &path);
        let facts = facts(&path, &processes);
        let mut finding = judge(scene, path, &processes);
        finding.lock = Some(facts);
        findings.push(finding);
    }
    findings.extend(temporary(scene));
}

fn facts(path: &Path, processes: &Processes) -> Facts {
    let seen = [&processes.holders[..], &processes.gits].concat();
    let at_work = match processes.is_quiet() {
        true => processes.is_all.then_some(false),
        false => Some(true),
    };
    Facts {
        path: path.display().to_string(),
        age: locks::age(path).map(|age| age.as_secs()),
        at_work,
        processes: seen,
    }
}

/// git's own locks may be of a git that is still at work, on another machine for all we know. That of a
/// ref that nobody else writes can't be, once it is old.
fn judge(scene: &Scene<'_>, path: PathBuf, processes: &Processes) -> Finding {
    let (subject, is_old) = (shown(scene, &path), scene.is_old(&path));
    let what = format!(
        "a lock of git's, {}; {}",
        locks::age_in_words(locks::age(&path)),
        locks::workers_in_words(processes)
    );
    if locks::is_ours(&path) {
        return match is_old && processes.holders.is_empty() {
            true => {
                Finding::to_do("git-lock", subject, what).mend("removes it", move |_| remove(&path))
            }
            false => Finding::note("git-lock", subject, what)
                .advise("git exp doctor --fix  (once it is 10 minutes old)"),
        };
    }
    let what = format!("{what}; --fix leaves it to you");
    let remove = format!("rm {}  (once no git is at work)", pasted(&path));
    let finding = match is_old && processes.is_quiet() {
        true => Finding::to_do("git-lock", subject, what),
        false => Finding::note("git-lock", subject, what),
    };
    finding.advise(remove)
}

/// Objects and packs that were never finished.
fn temporary(scene: &Scene<'_>) -> Option<Finding> {
    let objects = scene.repo.common_dir.join("objects");
    let inside = locks::entries(&objects).filter(|path| path.is_dir());
    let all = inside
        .chain([objects.clone()])
        .flat_map(|place| locks::entries(&place));
    let is_temporary = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("tmp_") && scene.is_old(path)
    };
    let left: Vec<u64> = all
        .filter(is_temporary)
        .filter_map(|path| path.symlink_metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|found| found.len())
        .collect();
    let bytes: u64 = left.iter().sum();
    (bytes >= LARGE).then(|| {
        let files = match left.len() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        let what = format!("{files} that git never finished, {}", number::bytes(bytes));
        Finding::note("git-temporary", ".git/objects", what)
            .advise("git gc  (removes those that are older than two weeks)")
    })
}
