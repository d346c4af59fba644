//! Files that a killed process left: half-written ones, private indexes, numbers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Finding;
use super::scene::Scene;
use crate::error::{Context, Result};
use crate::git::snapshot::SCRATCH_PREFIX;
use crate::model::Uid;
use crate::store::runs;

pub fn look(scene: &Scene<'_>, findings: &mut Vec<Finding>) -> Result<()> {
    files(scene, findings);
    indexes(scene, findings);
    numbers(scene, findings)
}

/// What atomic writes leave beside their targets.
fn files(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let project = scene.project;
    let mut folders = vec![
        project.experiments(),
        project.cards(),
        project.stages(),
        scene.repo.exp_dir(),
        scene.repo.exp_dir().join("lfs"),
    ];
    for entry in &scene.entries {
        folders.push(entry.folder.join("series"));
        folders.push(entry.folder.clone());
    }
    for folder in folders {
        for path in regular(&folder).filter(|path| is_temporary(path) && scene.is_old(path)) {
            let subject = shown(scene, &path);
            findings.push(
                Finding::to_do("half-written", subject, "a file that was never finished")
                    .mend("removes it", move |_| remove(&path)),
            );
        }
    }
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(".tmp-") || name.ends_with(".partial")
}

fn regular(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
}

/// The private copies of the index that freezes work on.
fn indexes(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let worktrees = std::fs::read_dir(scene.repo.common_dir.join("worktrees"));
    let worktrees = worktrees.into_iter().flatten().flatten().map(|e| e.path());
    for git_dir in worktrees.chain([scene.repo.common_dir.clone()]) {
        let entries = std::fs::read_dir(&git_dir).into_iter().flatten().flatten();
        for entry in entries {
            let path = entry.path();
            let ours = entry
                .file_name()
                .to_string_lossy()
                .starts_with(SCRATCH_PREFIX);
            if ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) && scene.is_old(&path) {
                findings.push(
                    Finding::to_do(
                        "temporary-index",
                        shown(scene, &path),
                        "a private index of a freeze that died",
                    )
                    .mend("removes it", move |_| {
                        std::fs::remove_dir_all(&path)
                            .context(|| format!("cannot remove {}", path.display()))
                    }),
                );
            }
        }
    }
}

/// Numbers that were reserved for a run that never came to be.
fn numbers(scene: &Scene<'_>, findings: &mut Vec<Finding>) -> Result<()> {
    let old = |path: &Path| scene.is_old(path);
    let mut unused = scene.reserved.iter().filter(|r| old(&r.path)).peekable();
    if unused.peek().is_none() {
        return Ok(());
    }
    let mut used = in_worktrees(scene)?;
    used.extend(scene.refs.keys().cloned());
    used.extend(scene.lines.keys().cloned());
    let numbers: BTreeSet<u32> = scene.entries.iter().map(|entry| entry.id.number).collect();
    for reservation in unused {
        let is_used = reservation
            .uid
            .as_ref()
            .is_some_and(|uid| used.contains(uid));
        if is_used || numbers.contains(&reservation.number) {
            continue;
        }
        let path = reservation.path.clone();
        let subject = format!("exp_{:03}", reservation.number);
        findings.push(
            Finding::to_do("number", subject, "reserved for a run that never began")
                .mend("frees the number", move |_| remove(&path)),
        );
    }
    Ok(())
}

/// The runs of this project in all working trees of the repository.
pub fn in_worktrees(scene: &Scene<'_>) -> Result<BTreeSet<Uid>> {
    let mut found = scene.known()?;
    for top in scene.repo.worktrees()? {
        let root = top.join(scene.project.prefix.to_path());
        if root == scene.project.root {
            continue;
        }
        let there = crate::store::Project::at(&root, &top);
        let runs = runs::list(&there)?.into_iter().filter_map(|e| e.run.ok());
        found.extend(runs.map(|run| run.uid));
        found.extend(crate::store::tombstone::all(&there)?);
    }
    Ok(found)
}

pub fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).context(|| format!("cannot remove {}", path.display()))
}

/// A path as short as a reader can still find it.
pub fn shown(scene: &Scene<'_>, path: &Path) -> String {
    let inside = path.strip_prefix(&scene.project.root).ok();
    let in_git = path.strip_prefix(&scene.repo.common_dir).ok();
    match (inside, in_git) {
        (_, Some(rest)) => format!(".git/{}", rest.display()),
        (Some(rest), _) => rest.display().to_string(),
        _ => path.display().to_string(),
    }
}
