//! Gives a frozen tree back, byte for byte, into a new folder, and proves it by the tree's id.
//!
//! Files are written by this process from their blobs: no checkout, hence no filter, no hook and no
//! setting of the user's in between.

mod files;
mod layout;

use std::path::Path;

use super::objects::Objects;
use super::snapshot::{Parts, parts};
use super::{Error, Repo};
use crate::model::{Oid, RecordPath};
use layout::Layout;

/// What was given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The tree.
    pub tree: Oid,
    /// Whether the files, read again from disk, are that tree.
    pub tree_verified: bool,
    /// Files whose own bytes replaced what git keeps of them.
    pub overlay_count: usize,
    /// Files of repositories inside.
    pub nested_count: usize,
    /// Submodules and Git LFS objects whose content is not on this machine.
    pub missing: Vec<RecordPath>,
}

/// Writes the files of a snapshot, or of a commit that was run as it is, into a new or empty folder.
///
/// A commit that was run as it is comes back as git checks it out, with this machine's line ends.
///
/// # Errors
/// When the folder is not empty, an object is missing, or a path in the tree could leave the folder.
pub fn export(repo: &Repo, commit: &Oid, target: &Path) -> Result<Restored, Error> {
    files::claim(target)?;
    let objects = Objects::open(repo);
    let parts = parts(&objects, commit)?;
    let mut layout = Layout::of_tree(repo, &parts.tree)?;
    match &parts.extras {
        Some(extras) => layout.add_extras(repo, &objects, &parts, extras)?,
        None => layout.convert_as_git(repo, &objects)?,
    }
    layout.find_lfs(repo, &objects)?;
    files::write(&objects, &layout, target)?;
    let mut missing = layout.missing.clone();
    missing.extend(submodules(repo, &layout, target)?);
    missing.sort();
    Ok(Restored {
        tree_verified: files::verify(&objects, &layout, target)? == parts.tree,
        tree: parts.tree,
        overlay_count: layout.overlay_count,
        nested_count: layout.nested_count(),
        missing,
    })
}

/// Fills submodules that were as their commit says from the clones on this machine; gives those
/// that have none.
fn submodules(repo: &Repo, layout: &Layout, target: &Path) -> Result<Vec<RecordPath>, Error> {
    let mut missing = Vec::new();
    for (path, commit) in &layout.submodules {
        let place = target.join(path.to_path());
        let inner = inner_repository(repo, path, commit);
        match inner {
            Some(inner) => {
                let inside = export(&inner, commit, &place)?;
                missing.extend(inside.missing.iter().map(|inner| inner.below(path)));
            }
            None => missing.push(path.clone()),
        }
    }
    Ok(missing)
}

/// A clone of a submodule that has the commit: where it is checked out, or where git keeps it.
fn inner_repository(repo: &Repo, path: &RecordPath, commit: &Oid) -> Option<Repo> {
    let checked_out = repo
        .work_tree
        .as_ref()
        .map(|top| top.join(path.to_path()).join(".git"));
    let kept = repo.common_dir.join("modules").join(path.to_path());
    [checked_out, Some(kept)]
        .into_iter()
        .flatten()
        .filter(|git_dir| git_dir.exists())
        .filter_map(|git_dir| Repo::at(&git_dir).ok())
        .find(|inner| matches!(Objects::open(inner).read(commit), Ok(Some(_))))
}

/// The parts of a run's snapshot, for callers that need no files.
pub fn inspect(repo: &Repo, commit: &Oid) -> Result<Parts, Error> {
    parts(&Objects::open(repo), commit)
}
