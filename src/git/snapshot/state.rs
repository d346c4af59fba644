//! What was under way in the repository, told from the files that git keeps for it.

use std::path::Path;

use crate::git::command::path_from_git;
use crate::git::{Error, Repo};
use crate::model::RecordPath;

/// Each operation and the file or folder in the git directory that says it is under way.
const MARKS: [(&str, &str); 7] = [
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("sequencer", "cherry-pick"),
    ("BISECT_LOG", "bisect"),
];

/// `merge`, `rebase`, `cherry-pick`, `revert` or `bisect`; `None` when nothing is.
pub fn under_way(repo: &Repo) -> Result<Option<String>, Error> {
    let marked = MARKS
        .iter()
        .find(|(file, _)| repo.git_dir.join(file).exists());
    if let Some((_, operation)) = marked {
        return Ok(Some((*operation).to_owned()));
    }
    if !repo.has_reftable() {
        return Ok(None);
    }
    // With reftable these two are refs like all others.
    for (name, operation) in [
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
    ] {
        if repo.resolve(name)?.is_some() {
            return Ok(Some(operation.to_owned()));
        }
    }
    Ok(None)
}

/// The working tree that has this one as a submodule, relative to this one's top.
pub fn superproject(repo: &Repo) -> Result<Option<RecordPath>, Error> {
    let top = repo.top()?;
    let outer = top
        .ancestors()
        .skip(1)
        .find(|dir| dir.join(".git").exists());
    if outer.is_none() {
        return Ok(None);
    }
    let text = repo
        .git()
        .args(["rev-parse", "--show-superproject-working-tree"])
        .run()?;
    let path = path_from_git(text.strip_suffix(b"\n").unwrap_or(&text));
    Ok(up_to(top, &path))
}

/// `../..`: how many folders up the superproject is. Its absolute place is this machine's affair.
fn up_to(top: &Path, outer: &Path) -> Option<RecordPath> {
    let depth = top.strip_prefix(outer).ok()?.components().count();
    (depth > 0 && !outer.as_os_str().is_empty())
        .then(|| RecordPath::from(vec![".."; depth].join("/").as_str()))
}
