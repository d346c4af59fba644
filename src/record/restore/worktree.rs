//! A linked worktree that stands as the run's own working tree stood: HEAD on its commit, what was
//! staged staged, and the uncommitted work uncommitted.

use std::path::Path;

use super::Given;
use super::source::Source;
use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::git::{Repo, worktree};
use crate::model::Oid;

/// Makes the worktree and lets `fill` write its files.
pub fn give(
    ctx: &Ctx,
    source: &Source,
    place: &Path,
    branch: Option<&str>,
    fill: impl Fn(&Ctx, &Source, &Path) -> Result<Given>,
) -> Result<Given> {
    let repo = ctx.repo()?;
    let (head, staged) = stand(source, branch, repo)?;
    worktree::add(repo, place, &head, branch)?;
    let done = filled(ctx, source, place, fill).and_then(|given| {
        worktree::stage(place, &staged)
            .map(|()| given)
            .map_err(Into::into)
    });
    done.inspect_err(|_| worktree::remove(repo, place))
}

/// The commit that HEAD names, and the tree that the index holds.
fn stand(source: &Source, branch: Option<&str>, repo: &Repo) -> Result<(Oid, Oid)> {
    if let Some(branch) = branch {
        // The branch was made for this: it holds exactly the run's code.
        let head = repo.resolve(&format!("refs/heads/{branch}"))?;
        let head = head.ok_or_else(|| Failure::new(format!("the branch {branch} went away")))?;
        return Ok((head, source.tree.clone()));
    }
    let Some(head) = source.base.clone() else {
        return Err(Failure::new(
            "the run was made before the first commit: a worktree has no HEAD for it",
        )
        .hint(format!("into a folder: git exp restore {}", source.label)));
    };
    let staged = source.staged.clone().unwrap_or_else(|| head.clone());
    Ok((head, staged))
}

/// Files go into an empty folder, so the worktree's own `.git` steps aside for that long.
fn filled(
    ctx: &Ctx,
    source: &Source,
    place: &Path,
    fill: impl Fn(&Ctx, &Source, &Path) -> Result<Given>,
) -> Result<Given> {
    let link = place.join(".git");
    let text = std::fs::read(&link).context(|| format!("cannot read {}", link.display()))?;
    std::fs::remove_file(&link).context(|| format!("cannot move {}", link.display()))?;
    let given = fill(ctx, source, place);
    std::fs::write(&link, text).context(|| format!("cannot write {}", link.display()))?;
    given
}
