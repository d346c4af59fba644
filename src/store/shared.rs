//! Which runs a remote is known to have: it leaves no other trace in a clone.

use std::collections::BTreeSet;
use std::path::Path;

use crate::atomic;
use crate::error::Result;
use crate::model::Uid;

/// Adds runs to the list, one uid a line in `exp/pushed` of the git directory.
pub fn remember<'u>(exp_dir: &Path, uids: impl Iterator<Item = &'u Uid>) -> Result<()> {
    let path = exp_dir.join("pushed");
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let mut all: BTreeSet<String> = before.lines().map(str::to_owned).collect();
    let count = all.len();
    all.extend(uids.map(Uid::to_string));
    // Also an empty list says that the remote was asked.
    if all.len() == count && path.exists() {
        return Ok(());
    }
    let text: String = all.iter().map(|uid| format!("{uid}\n")).collect();
    atomic::make_folder(exp_dir)?;
    atomic::write(&path, text.as_bytes())
}
