//! What would be lost with a folder.

use std::path::Path;

use super::command::split_nul;
use super::{Error, Repo};
use crate::model::RecordPath;

impl Repo {
    /// The files of a folder that HEAD does not have as they are: untracked, ignored, staged or
    /// changed ones, from the top of the working tree.
    pub fn uncommitted(&self, folder: &Path) -> Result<Vec<RecordPath>, Error> {
        let output = self
            .git()
            .env("GIT_LITERAL_PATHSPECS", "1")
            .args(["status", "--porcelain", "-z", "--no-renames"])
            .args(["--untracked-files=all", "--ignored=matching", "--"])
            .arg(folder)
            .run()?;
        let path = |entry: &[u8]| entry.get(3..).map(RecordPath::from_bytes);
        Ok(split_nul(&output).filter_map(path).collect())
    }
}
