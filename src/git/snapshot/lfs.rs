//! Git LFS: the objects that a snapshot's pointers name, kept from `git lfs prune`.
//!
//! `git lfs prune` doesn't count `refs/exp/`, so it would delete the content of a snapshot that was
//! never pushed. A hard link in our own folder costs no space.

use std::path::{Path, PathBuf};

use super::parts::parts;
use crate::git::objects::Objects;
use crate::git::tree::Entry;
use crate::git::{Error, Repo};
use crate::model::{Oid, Sha256};

/// A pointer is never longer (git-lfs, docs/spec.md).
pub const LONGEST_POINTER: usize = 1024;

/// The oid and size that a pointer file names; `None` when the bytes are no pointer.
pub fn pointer(bytes: &[u8]) -> Option<(Sha256, u64)> {
    if bytes.len() >= LONGEST_POINTER {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    lines
        .next()?
        .strip_prefix("version https://git-lfs.github.com/spec/v1")?;
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let oid = Sha256::parse(field("oid sha256:")?)?;
    Some((oid, field("size ")?.parse().ok()?))
}

/// Where we keep objects: `<git-common-dir>/exp/lfs/<oid>`.
pub fn kept(repo: &Repo, oid: &Sha256) -> PathBuf {
    repo.exp_dir().join("lfs").join(oid.as_str())
}

/// Where Git LFS keeps them: `lfs/objects` of the git directory.
fn stored(repo: &Repo, oid: &Sha256) -> PathBuf {
    below(&repo.common_dir.join("lfs"), oid)
}

fn below(storage: &Path, oid: &Sha256) -> PathBuf {
    let name = oid.as_str();
    storage
        .join("objects")
        .join(&name[..2])
        .join(&name[2..4])
        .join(name)
}

/// Where Git LFS keeps them when `lfs.storage` says so; a relative path starts at the git directory
/// (git-lfs-config(5)).
fn stored_elsewhere(repo: &Repo, oid: &Sha256) -> Option<PathBuf> {
    let named = repo
        .git()
        .args(["config", "--path", "--get", "lfs.storage"])
        .text()
        .ok()?;
    (!named.is_empty()).then(|| below(&repo.common_dir.join(named), oid))
}

/// An object's content on this machine, if it is here.
pub fn find(repo: &Repo, oid: &Sha256) -> Option<PathBuf> {
    [kept(repo, oid), stored(repo, oid)]
        .into_iter()
        .find(|path| path.is_file())
        .or_else(|| stored_elsewhere(repo, oid).filter(|path| path.is_file()))
}

/// The objects that a snapshot has and its commit has not, and that are on this machine only where
/// `git lfs prune` deletes them.
pub fn unkept(repo: &Repo, objects: &Objects<'_>, snapshot: &Oid) -> Result<Vec<Sha256>, Error> {
    let parts = parts(objects, snapshot)?;
    let mut found = Vec::new();
    for path in parts.list(objects, "lfs")? {
        let Some(item) = objects.at(&parts.tree, &path)? else {
            continue;
        };
        let before = match &parts.base {
            Some(base) => objects.at(base, &path)?,
            None => None,
        };
        if before.is_some_and(|before| before.id == item.id) {
            continue;
        }
        if let Some((oid, _)) = pointer(&objects.blob(&item.id)?)
            && !kept(repo, &oid).is_file()
            && find(repo, &oid).is_some()
        {
            found.push(oid);
        }
    }
    Ok(found)
}

/// Links one object into our folder, if it is on this machine.
pub fn keep_object(repo: &Repo, oid: &Sha256) -> Result<bool, Error> {
    let target = kept(repo, oid);
    if target.is_file() {
        return Ok(true);
    }
    let Some(source) = find(repo, oid) else {
        return Ok(false);
    };
    link(&source, &target).map_err(|source| Error::File {
        path: target.display().to_string(),
        source,
    })?;
    Ok(true)
}

/// Links the objects of some pointers into our folder. Gives a sentence for each that is not here.
pub fn keep(repo: &Repo, objects: &Objects<'_>, pointers: &[Entry]) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    for entry in pointers {
        let Some((oid, _)) = pointer(&objects.blob(&entry.id)?) else {
            continue;
        };
        if !keep_object(repo, &oid)? {
            missing.push(format!(
                "the Git LFS object of {} is not on this machine",
                entry.path.display()
            ));
        }
    }
    Ok(missing)
}

/// Hard links, or copies where the file system has none.
fn link(source: &Path, target: &Path) -> std::io::Result<()> {
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match std::fs::hard_link(source, target) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) => {
            // By a temporary name, so that half an object is never taken for one.
            let partial = target.with_extension("partial");
            std::fs::copy(source, &partial)?;
            std::fs::rename(&partial, target)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_pointers_are_pointers() {
        let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let text =
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n");
        let (found, size) = pointer(text.as_bytes()).unwrap();
        assert_eq!((found.as_str(), size), (oid, 12345));
        assert!(pointer(b"version https://git-lfs.github.com/spec/v1\n").is_none());
        assert!(pointer(b"\xff\xfe").is_none());
        assert!(pointer(format!("{text}{}", "x".repeat(1024)).as_bytes()).is_none());
    }
}
