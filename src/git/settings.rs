//! git's own settings and attributes, asked of git.

use std::path::Path;
use std::process::Command;

use super::command::Git;
use super::{Error, Repo};

impl Repo {
    /// Makes diverged notes merge line by line; repeating it changes nothing.
    pub fn prepare_notes(&self) -> Result<(), Error> {
        let setting = "notes.exp.mergeStrategy";
        if self
            .git()
            .args(["config", "--local", "--get", setting])
            .yes()
            .unwrap_or(false)
        {
            return Ok(());
        }
        self.git()
            .args(["config", "--local", setting, "cat_sort_uniq"])
            .run()
            .map(|_| ())
    }

    /// The editor that git would open: `GIT_EDITOR`, `core.editor`, `VISUAL`, `EDITOR`.
    pub fn editor(&self, cwd: &Path) -> Result<String, Error> {
        Git::as_user_editor(cwd).args(["var", "GIT_EDITOR"]).text()
    }

    /// Whether git's attributes send a path through Git LFS.
    pub fn is_lfs(&self, path: &Path) -> bool {
        let answer = self
            .git()
            .args(["check-attr", "-z", "filter", "--"])
            .arg(path)
            .run();
        answer.is_ok_and(|bytes| {
            super::command::split_nul(&bytes)
                .nth(2)
                .is_some_and(|value| value == b"lfs")
        })
    }
}

/// Opens a file in an editor as git does: the setting is a shell fragment of the user's own, the
/// file goes in as an argument and is never read by the shell.
pub fn run_editor(editor: &str, file: &Path) -> Result<bool, Error> {
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$@\""))
        .arg(editor)
        .arg(file)
        .status()
        .map_err(|source| Error::Spawn {
            command: editor.to_owned(),
            source,
        })?;
    Ok(status.success())
}
