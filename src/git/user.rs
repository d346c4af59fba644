//! What git knows about the person: name and pager.

use std::path::Path;

use super::Error;
use super::command::Git;

/// `Name <mail>` as git would sign a commit; `None` when git knows nobody.
pub fn person(cwd: &Path) -> Option<String> {
    let ident = Git::as_user_editor(cwd)
        .args(["var", "GIT_COMMITTER_IDENT"])
        .text()
        .ok()?;
    // `Name <mail> seconds zone`: the moment is recorded elsewhere.
    let end = ident.rfind('>')?;
    Some(ident[..=end].to_owned())
}

/// The command that git would page with: `GIT_PAGER`, `core.pager`, `PAGER`, `less`. `None` when
/// that is no pager at all.
pub fn pager(cwd: &Path) -> Result<Option<String>, Error> {
    let command = Git::as_user_editor(cwd).args(["var", "GIT_PAGER"]).text()?;
    Ok(Some(command).filter(|command| !command.is_empty() && command != "cat"))
}
