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
    pinned(repo.git())
}

fn pinned(git: Git) -> Git {
    git.config("diff.suppressBlankEmpty=false")
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
    /// Mode and id before; `None` when it was not there.
    pub old: Option<(u32, Oid)>,
    /// Mode and id after; `None` when it is no longer there.
    pub new: Option<(u32, Oid)>,
}

/// What stands before a path in raw output: `:<mode> <mode> <id> <id> <letter>`.
struct Raw {
    letter: char,
    old: Option<(u32, Oid)>,
    new: Option<(u32, Oid)>,
}

fn parse_raw(record: &[u8]) -> Option<Raw> {
    let text = std::str::from_utf8(record.strip_prefix(b":")?).ok()?;
    let words: Vec<&str> = text.split(' ').collect();
    let [old_mode, new_mode, old, new, letter] = words[..] else {
        return None;
    };
    let side = |mode: &str, id: &str| {
        let mode = u32::from_str_radix(mode, 8).ok()?;
        let id = Oid::parse(id)?;
        Some((mode != 0).then_some((mode, id)))
    };
    Some(Raw {
        letter: letter.chars().next()?,
        old: side(old_mode, old)?,
        new: side(new_mode, new)?,
    })
}

/// Each path that differs, with its count of lines. Files of more than `largest` bytes are not
/// compared line by line: they have no counts, as binary ones have none.
pub fn numstat(
    repo: &Repo,
    from: &Oid,
    to: &Oid,
    excluded: &[RecordPath],
    largest: Option<u64>,
) -> Result<Vec<Numstat>, Error> {
    if from == to {
        return Ok(Vec::new());
    }
    let mut git = repo.git();
    if let Some(bytes) = largest {
        git = git.config(&format!("core.bigFileThreshold={bytes}"));
    }
    let printed = pinned(git)
        .args(["-z", "--raw", "--numstat"])
        .args([from.as_str(), to.as_str()])
        .args(pathspecs(excluded))
        .run()?;
    let mut raws: BTreeMap<&[u8], Raw> = BTreeMap::new();
    let mut changes = Vec::new();
    let mut records = split_nul(&printed);
    while let Some(record) = records.next() {
        let unexpected = || Error::Unexpected(String::from_utf8_lossy(record).into_owned());
        if record.starts_with(b":") {
            let path = records.next().ok_or_else(unexpected)?;
            raws.insert(path, parse_raw(record).ok_or_else(unexpected)?);
            continue;
        }
        let mut fields = record.splitn(3, |&b| b == b'\t');
        let (Some(added), Some(removed), Some(path)) =
            (fields.next(), fields.next(), fields.next())
        else {
            return Err(unexpected());
        };
        let count = |field: &[u8]| std::str::from_utf8(field).ok()?.parse().ok();
        let raw = raws.remove(path).ok_or_else(unexpected)?;
        changes.push(Numstat {
            path: RecordPath::from_bytes(path),
            status: raw.letter,
            added: count(added),
            removed: count(removed),
            old: raw.old,
            new: raw.new,
        });
    }
    Ok(changes)
}
