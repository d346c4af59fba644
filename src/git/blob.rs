//! The bytes of blobs, streamed: data may be larger than memory.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::objects::Objects;
use super::{Error, Repo};
use crate::model::{Oid, RecordPath};

/// Versions of one path that are looked at.
const MOST_VERSIONS: &str = "-n500";

/// A blob in a file without a name, in a folder; positioned at its beginning.
///
/// # Errors
/// When the object is not here, or the disk is full.
pub fn unnamed(repo: &Repo, id: &Oid, folder: &Path) -> Result<File, Error> {
    let shown = format!("git cat-file blob {id}");
    let failed = |source| Error::Spawn {
        command: shown.clone(),
        source,
    };
    let mut file = tempfile::tempfile_in(folder).map_err(failed)?;
    let mut child = repo
        .git()
        .args(["cat-file", "blob", id.as_str()])
        .converse()?;
    drop(child.stdin.take());
    if let Some(mut pipe) = child.stdout.take() {
        let mut buffer = vec![0; 128 << 10];
        loop {
            match pipe.read(&mut buffer).map_err(failed)? {
                0 => break,
                count => file.write_all(&buffer[..count]).map_err(failed)?,
            }
        }
    }
    let status = child.wait().map_err(failed)?;
    if !status.success() {
        return Err(Error::Missing(id.clone()));
    }
    file.rewind().map_err(failed)?;
    Ok(file)
}

/// Blobs that any commit has at a path (from the top of the working tree), newest first, with their
/// sizes in bytes.
pub fn versions(repo: &Repo, path: &RecordPath) -> Result<Vec<(Oid, u64)>, Error> {
    let listed = repo
        .git()
        .args(["log", "--all", "--raw", "-z", "--no-abbrev", "--no-renames"])
        .args(["--format=", "--diff-merges=separate", MOST_VERSIONS, "--"])
        .arg(path.to_path())
        .run()?;
    let mut ids: Vec<Oid> = Vec::new();
    for line in super::command::split_nul(&listed) {
        // `:<mode> <mode> <id> <id> <status>`, where the second id is what the commit has.
        let text = String::from_utf8_lossy(line);
        let Some(fields) = text.trim_start().strip_prefix(':') else {
            continue;
        };
        let id = fields.split(' ').nth(3).and_then(Oid::parse);
        let id = id.filter(|id| id.as_str().bytes().any(|b| b != b'0') && !ids.contains(id));
        ids.extend(id);
    }
    sizes(repo, &ids)
}

/// The sizes of blobs in bytes, without those that are not here.
pub fn sizes(repo: &Repo, ids: &[Oid]) -> Result<Vec<(Oid, u64)>, Error> {
    let asked: Vec<&Oid> = ids.iter().collect();
    let told = Objects::binary(repo).sizes(&asked)?;
    let here = ids.iter().zip(told);
    Ok(here
        .filter_map(|(id, size)| Some((id.clone(), size?)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Lab;

    #[test]
    fn every_version_of_a_path_is_found_and_read() {
        let lab = Lab::with_commit();
        for text in ["one\n", "two, longer\n", "three\n"] {
            lab.write("data/\u{442}.csv", text);
            lab.commit(text.trim());
        }
        std::fs::remove_file(lab.top().join("data/\u{442}.csv")).unwrap();
        lab.commit("gone");
        let repo = lab.repo();
        let found = versions(&repo, &"data/\u{442}.csv".into()).unwrap();
        let sizes: Vec<u64> = found.iter().map(|version| version.1).collect();
        assert_eq!(sizes, [6, 12, 4]);
        let mut text = String::new();
        let mut file = unnamed(&repo, &found[1].0, lab.top()).unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "two, longer\n");
        let absent = repo.format().id("blob", b"never written");
        assert!(matches!(
            unnamed(&repo, &absent, lab.top()),
            Err(Error::Missing(_))
        ));
        assert_eq!(versions(&repo, &"no/such".into()).unwrap(), []);
    }
}
