//! What git passes over in silence: pipes, sockets, devices and empty folders.

use std::collections::{BTreeSet, HashSet};
use std::fs::FileType;
use std::path::Path;

use super::Scope;
use super::status::{IndexEntry, Status};
use crate::git::command::split_nul;
use crate::git::{Error, Repo};
use crate::model::RecordPath;
use crate::model::code::LeftOut;

/// Something in a tracked folder that no commit can hold.
#[derive(Debug)]
pub struct Sighting {
    path: RecordPath,
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// `fifo`, `socket` or `device`.
    Special(&'static str),
    /// A folder without tracked files: ignored, or full of untracked files, or empty.
    Folder,
}

/// Looks through the folders that have tracked files. Names and types only: no file is opened.
pub fn search(top: &Path, index: &[IndexEntry], experiments: &[RecordPath]) -> Vec<Sighting> {
    let mut folders: HashSet<&[u8]> = HashSet::from([&b""[..]]);
    for entry in index {
        let mut path = entry.entry.path.as_bytes();
        while let Some(slash) = path.iter().rposition(|&b| b == b'/') {
            path = &path[..slash];
            if !folders.insert(path) {
                break;
            }
        }
    }
    let gitlinks: HashSet<&[u8]> = index
        .iter()
        .filter(|entry| entry.entry.mode == crate::git::tree::GITLINK)
        .map(|entry| entry.entry.path.as_bytes())
        .collect();
    let mut found = Vec::new();
    for folder in &folders {
        let folder = RecordPath::from_bytes(*folder);
        if experiments.iter().any(|records| folder.is_within(records)) {
            continue;
        }
        // One that can't be read has nothing odd that we know of; git complains by itself.
        for (path, kind) in read(top, &folder).unwrap_or_default().found {
            let known = folders.contains(path.as_bytes()) || gitlinks.contains(path.as_bytes());
            if !known && !experiments.contains(&path) {
                found.push(Sighting { path, kind });
            }
        }
    }
    found
}

/// Keeps the sightings that git doesn't ignore, and looks into folders that hold nothing it saw.
pub fn sort(
    repo: &Repo,
    scope: &Scope<'_>,
    status: &Status,
    index: &[IndexEntry],
    sightings: Vec<Sighting>,
) -> Result<Vec<LeftOut>, Error> {
    let top = repo.top()?;
    let ignored: BTreeSet<&RecordPath> = status.ignored.iter().collect();
    let nested: BTreeSet<&RecordPath> = status.nested.iter().collect();
    let mut open: Vec<Sighting> = sightings;
    let mut left_out = Vec::new();
    while let Some(Sighting { path, kind }) = open.pop() {
        if ignored.contains(&path) || nested.contains(&path) || !scope.covers(&path) {
            continue;
        }
        match kind {
            Kind::Special(why) => left_out.push(without_bytes(path, why)),
            Kind::Folder if top.join(path.to_path()).join(".git").exists() => {}
            Kind::Folder => match read(top, &path) {
                Ok(contents) if contents.is_empty => {
                    left_out.push(without_bytes(path, "empty-directory"));
                }
                Ok(contents) => {
                    let found = contents.found.into_iter();
                    open.extend(found.map(|(path, kind)| Sighting { path, kind }));
                }
                Err(_) => left_out.push(without_bytes(path, "unreadable")),
            },
        }
    }
    // A tracked folder whose files were all deleted is empty too, but its paths are in the commit.
    let tracked = |path: &RecordPath| index.iter().any(|entry| &entry.entry.path == path);
    left_out.retain(|entry| !tracked(&entry.path));
    drop_ignored(repo, &mut left_out)?;
    left_out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(left_out)
}

/// git lists ignored files and folders of files, but neither empty folders nor pipes.
fn drop_ignored(repo: &Repo, left_out: &mut Vec<LeftOut>) -> Result<(), Error> {
    if left_out.is_empty() {
        return Ok(());
    }
    let paths: Vec<&[u8]> = left_out.iter().map(|entry| entry.path.as_bytes()).collect();
    let output = repo
        .git()
        .args(["check-ignore", "-z", "--stdin"])
        .stdin(paths.join(&0))
        .output()?;
    // Exit code 1: none of them is.
    let ignored: HashSet<&[u8]> = split_nul(&output.stdout).collect();
    left_out.retain(|entry| !ignored.contains(entry.path.as_bytes()));
    Ok(())
}

fn without_bytes(path: RecordPath, why: &str) -> LeftOut {
    LeftOut {
        path,
        bytes: 0,
        sha256: None,
        why: why.to_owned(),
    }
}

/// The special files and folders in a folder, and whether it holds anything at all.
#[derive(Default)]
struct Contents {
    found: Vec<(RecordPath, Kind)>,
    is_empty: bool,
}

fn read(top: &Path, folder: &RecordPath) -> std::io::Result<Contents> {
    let mut contents = Contents {
        is_empty: true,
        ..Contents::default()
    };
    for entry in std::fs::read_dir(top.join(folder.to_path()))? {
        let entry = entry?;
        contents.is_empty = false;
        // By far the most are files, and their names are of no interest.
        let Some(kind) = entry.file_type().ok().and_then(kind_of) else {
            continue;
        };
        let name = RecordPath::from_path(Path::new(&entry.file_name()));
        if name.as_bytes() != b".git" {
            contents.found.push((name.below(folder), kind));
        }
    }
    Ok(contents)
}

fn kind_of(file_type: FileType) -> Option<Kind> {
    if file_type.is_dir() {
        return Some(Kind::Folder);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if file_type.is_fifo() {
            return Some(Kind::Special("fifo"));
        }
        if file_type.is_socket() {
            return Some(Kind::Special("socket"));
        }
        if file_type.is_block_device() || file_type.is_char_device() {
            return Some(Kind::Special("device"));
        }
    }
    None
}
