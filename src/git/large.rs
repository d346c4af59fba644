//! Git LFS to and from a remote, by `git lfs` itself.

use std::path::Path;

use super::remote::{choose, transport};
use super::snapshot::lfs;
use super::{Error, Repo};
use crate::error::Result;
use crate::model::{Oid, RecordPath, Sha256};

/// One command line holds this many refs.
const AT_ONCE: usize = 500;

/// Whether this clone has anything to do with Git LFS.
pub fn is_used(repo: &Repo) -> bool {
    [
        repo.common_dir.join("lfs/objects"),
        repo.exp_dir().join("lfs"),
    ]
    .iter()
    .any(|folder| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()))
}

/// Uploads the objects that refs lead to and the remote has not.
///
/// Not left to the pre-push hook of Git LFS: it may not be installed, or `core.hooksPath` may lead
/// elsewhere, and then a pushed snapshot would be pointers to nothing.
pub fn push(repo: &Repo, remote: &str, refs: &[String]) -> Result<(), Error> {
    relink(repo)?;
    for names in refs.chunks(AT_ONCE) {
        transport(repo)
            .args(["lfs", "push", remote])
            .args(names)
            .run()?;
    }
    Ok(())
}

/// Gives Git LFS back the objects that it pruned and we kept.
fn relink(repo: &Repo) -> Result<(), Error> {
    let ours = repo.exp_dir().join("lfs");
    for entry in std::fs::read_dir(&ours).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(oid) = name.to_str().and_then(Sha256::parse) else {
            continue;
        };
        let target = stored(repo, &oid);
        if target.is_file() {
            continue;
        }
        let linked = target
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| {
                std::fs::hard_link(entry.path(), &target)
                    .or_else(|_| std::fs::copy(entry.path(), &target).map(drop))
            });
        linked.map_err(|source| Error::File {
            path: target.display().to_string(),
            source,
        })?;
    }
    Ok(())
}

/// Where Git LFS keeps an object.
fn stored(repo: &Repo, oid: &Sha256) -> std::path::PathBuf {
    let name = oid.as_str();
    let folder = repo.common_dir.join("lfs/objects");
    folder.join(&name[..2]).join(&name[2..4]).join(name)
}

/// Downloads the objects of a commit and puts them where their pointers were restored.
///
/// # Returns
/// The paths whose content is still not here.
pub fn fetch_into(
    repo: &Repo,
    commit: &Oid,
    place: &Path,
    missing: &[RecordPath],
) -> Result<Vec<RecordPath>> {
    if let Ok(remote) = choose(repo, None) {
        // What it could not bring is said below, by path.
        let _ = transport(repo)
            .args(["lfs", "fetch", &remote, commit.as_str()])
            .output()?;
    }
    let mut still = Vec::new();
    for path in missing {
        let file = crate::store::contain::below(place, path)?;
        let bytes = std::fs::read(&file).unwrap_or_default();
        let found = lfs::pointer(&bytes).and_then(|(oid, _)| lfs::find(repo, &oid));
        let Some(object) = found else {
            still.push(path.clone());
            continue;
        };
        // The bytes alone: Git LFS keeps its objects read-only.
        std::fs::File::open(&object)
            .and_then(|mut from| std::io::copy(&mut from, &mut std::fs::File::create(&file)?))
            .map_err(|error| crate::atomic::failed(&file, &error))?;
    }
    Ok(still)
}
