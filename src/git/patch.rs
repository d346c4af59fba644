//! The difference of two trees in readable form, the same whatever the user's settings are.

use std::collections::BTreeMap;

use super::command::split_nul;
use super::snapshot::pathspecs;
use super::{Error, Git, Repo};
use crate::model::{Oid, RecordPath};

/// Plumbing already passes over most `diff.*` settings; these pin what it does not.
const PINNED: [&str; 13] = [
    "-r",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-abbrev",
    "--diff-algorithm=myers",
    "--indent-heuristic",
    "--inter-hunk-context=0",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--submodule=short",
    "--ignore-submodules=none",
];

fn diff_tree(repo: &Repo) -> Git {
    repo.git()
        .config("diff.suppressBlankEmpty=false")
        .config("diff.relative=false")
        .arg("diff-tree")
        .args(PINNED)
}

/// The change from one tree to another, as `git apply` takes it: binary content included.
///
/// `excluded` are folders to leave out.
pub fn patch(repo: &Repo, from: &Oid, to: &Oid, excluded: &[RecordPath]) -> Result<Vec<u8>, Error> {
    diff_tree(repo)
        .args(["-p", "--unified=3", "--binary", "--full-index"])
        .args([from.as_str(), to.as_str()])
        .args(pathspecs(excluded))
        .run()
}

/// The change of some paths from one tree to another, to be read by people.
pub fn patch_of(repo: &Repo, from: &Oid, to: &Oid, paths: &[RecordPath]) -> Result<Vec<u8>, Error> {
    diff_tree(repo)
        .env("GIT_LITERAL_PATHSPECS", "1")
        .args(["-p", "--unified=3"])
        .args([from.as_str(), to.as_str(), "--"])
        .args(paths.iter().map(RecordPath::to_path))
        .run()
}

/// How one path differs between two trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numstat {
    /// The path.
    pub path: RecordPath,
    /// `A`, `M`, `D` or `T`.
    pub status: char,
    /// Lines added; `None` for binary content.
    pub added: Option<u64>,
    /// Lines removed; `None` for binary content.
    pub removed: Option<u64>,
}

/// Each path that differs, with its count of lines.
pub fn numstat(
    repo: &Repo,
    from: &Oid,
    to: &Oid,
    excluded: &[RecordPath],
) -> Result<Vec<Numstat>, Error> {
    if from == to {
        return Ok(Vec::new());
    }
    let printed = diff_tree(repo)
        .args(["-z", "--raw", "--numstat"])
        .args([from.as_str(), to.as_str()])
        .args(pathspecs(excluded))
        .run()?;
    let mut letters: BTreeMap<&[u8], char> = BTreeMap::new();
    let mut changes = Vec::new();
    let mut records = split_nul(&printed);
    while let Some(record) = records.next() {
        let unexpected = || Error::Unexpected(String::from_utf8_lossy(record).into_owned());
        if record.starts_with(b":") {
            // `:<mode> <mode> <id> <id> <letter>` NUL path
            let letter = record.last().copied().map(char::from);
            let path = records.next().ok_or_else(unexpected)?;
            letters.insert(path, letter.ok_or_else(unexpected)?);
            continue;
        }
        let mut fields = record.splitn(3, |&b| b == b'\t');
        let (Some(added), Some(removed), Some(path)) =
            (fields.next(), fields.next(), fields.next())
        else {
            return Err(unexpected());
        };
        let count = |field: &[u8]| std::str::from_utf8(field).ok()?.parse().ok();
        changes.push(Numstat {
            path: RecordPath::from_bytes(path),
            status: letters.get(path).copied().ok_or_else(unexpected)?,
            added: count(added),
            removed: count(removed),
        });
    }
    Ok(changes)
}
