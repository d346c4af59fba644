//! Submodules that are staged and that git does not show.
//!
//! `git rebase` passes over staged submodules and leaves them in an index whose cache of trees
//! (gitformat-index(5), "Cache tree") tells of HEAD without them. By that cache `git status` finds no
//! difference in a folder, and `git write-tree` and `git commit` give HEAD's tree. git 2.39 and 2.47 do.

use super::Scope;
use super::status::{IndexEntry, Status};
use crate::git::objects::Objects;
use crate::git::tree::{Entry, GITLINK};
use crate::git::{Error, Repo};
use crate::model::{Oid, RecordPath};

/// The entries of submodules that differ from HEAD's tree, with mode 0 for what the index has no more.
/// An index in which they are put once more has no false cache. Those that git has not told of are
/// added to the status.
pub fn staged(
    repo: &Repo,
    scope: &Scope<'_>,
    head_tree: Option<&Oid>,
    index: &[IndexEntry],
    status: &mut Status,
) -> Result<Vec<Entry>, Error> {
    let Some(head_tree) = head_tree else {
        return Ok(Vec::new());
    };
    let objects = Objects::open(repo);
    let committed = |path: &RecordPath| {
        let item = objects.at(head_tree, path)?;
        Ok::<_, Error>(item.map(|item| (item.mode, item.id)))
    };
    let mut staged = Vec::new();
    let links = index.iter().filter(|entry| entry.entry.mode == GITLINK);
    for IndexEntry { entry, stage, .. } in links {
        let is_seen = *stage == 0 && scope.covers(&entry.path);
        if is_seen && committed(&entry.path)? != Some((GITLINK, entry.id.clone())) {
            staged.push(entry.clone());
        }
    }
    // Where one was removed from the index, git takes what is on disk for a repository of its own.
    for path in &status.nested {
        if let Some((GITLINK, id)) = committed(path)? {
            let path = path.clone();
            staged.push(Entry { mode: 0, id, path });
        }
    }
    for entry in &staged {
        status.is_staged = true;
        if !status.tracked.contains(&entry.path) {
            status.tracked.push(entry.path.clone());
        }
    }
    Ok(staged)
}
