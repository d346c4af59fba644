//! Bytes as they are, put into the object database without any conversion.

use std::path::{Path, PathBuf};

use super::scratch::Scratch;
use crate::git::tree::{Entry, SYMLINK};
use crate::git::{Error, Repo};
use crate::model::{Oid, RecordPath};

/// Writes the raw bytes of regular files as blobs, in the given order.
pub fn write_blobs(repo: &Repo, files: &[PathBuf]) -> Result<Vec<Oid>, Error> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let mut list = Vec::new();
    for file in files {
        list.extend(line_of(file));
        list.push(b'\n');
    }
    let printed = repo
        .git()
        .durable()
        .args(["hash-object", "-w", "--no-filters", "--stdin-paths"])
        .stdin(list)
        .text()?;
    let ids: Option<Vec<Oid>> = printed.lines().map(Oid::parse).collect();
    match ids {
        Some(ids) if ids.len() == files.len() => Ok(ids),
        _ => Err(Error::Unexpected(printed)),
    }
}

/// One line for `--stdin-paths`, which has no `-z` but understands C quotes.
fn line_of(path: &Path) -> Vec<u8> {
    let path = RecordPath::from_path(path);
    let bytes = path.as_bytes();
    if !bytes.iter().any(|b| matches!(b, b'\n' | b'\r' | b'"')) {
        return bytes.to_vec();
    }
    let mut line = vec![b'"'];
    for &byte in bytes {
        match byte {
            b'\n' => line.extend(b"\\n"),
            b'\r' => line.extend(b"\\r"),
            b'"' | b'\\' => line.extend([b'\\', byte]),
            _ => line.push(byte),
        }
    }
    line.push(b'"');
    line
}

/// Writes one blob from memory.
fn write_bytes(repo: &Repo, bytes: &[u8]) -> Result<Oid, Error> {
    let printed = repo
        .git()
        .durable()
        .args(["hash-object", "-w", "--stdin"])
        .stdin(bytes)
        .text()?;
    Oid::parse(&printed).ok_or(Error::Unexpected(printed))
}

/// Entries for paths below `root`, with their bytes written raw. Whatever is neither a file nor a
/// link is passed over.
pub fn write_entries(repo: &Repo, root: &Path, paths: &[RecordPath]) -> Result<Vec<Entry>, Error> {
    let mut files = Vec::new();
    let mut entries = Vec::new();
    for path in paths {
        let place = root.join(path.to_path());
        let Ok(found) = place.symlink_metadata() else {
            continue;
        };
        if found.is_symlink() {
            let target = std::fs::read_link(&place).map_err(|source| Error::File {
                path: place.display().to_string(),
                source,
            })?;
            let id = write_bytes(repo, RecordPath::from_path(&target).as_bytes())?;
            entries.push(Entry {
                mode: SYMLINK,
                id,
                path: path.clone(),
            });
        } else if found.is_file() {
            files.push((mode_of(&found), path, place));
        }
    }
    let places: Vec<PathBuf> = files.iter().map(|(_, _, place)| place.clone()).collect();
    let ids = write_blobs(repo, &places)?;
    let written = files.into_iter().zip(ids);
    entries.extend(written.map(|((mode, path, _), id)| Entry {
        mode,
        id,
        path: path.clone(),
    }));
    Ok(entries)
}

/// `100755` when the owner may execute it, as git has it.
pub fn mode_of(found: &std::fs::Metadata) -> u32 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if found.permissions().mode() & 0o100 != 0 {
            return 0o100_755;
        }
    }
    let _ = found;
    0o100_644
}

/// Writes a tree of entries and gives its id.
pub fn write_tree(repo: &Repo, entries: &[Entry]) -> Result<Oid, Error> {
    let scratch = Scratch::empty(repo)?;
    scratch.put(repo.git(), entries)?;
    scratch.write_tree(repo.git())
}
