//! What git passes over in silence: pipes, sockets, devices and empty folders.

use std::collections::{BTreeSet, HashSet};
use std::fs::FileType;
use std::path::Path;

use super::Scope;
use super::folders::{self, Folders, Stamp};
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

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `fifo`, `socket` or `device`.
    Special(&'static str),
    /// A folder without tracked files: ignored, or full of untracked files, or empty.
    Folder,
}

/// Kinds by their number in the file of [`folders`].
const KINDS: [Kind; 4] = [
    Kind::Folder,
    Kind::Special("fifo"),
    Kind::Special("socket"),
    Kind::Special("device"),
];

impl Kind {
    /// A number for this kind.
    pub fn code(self) -> u8 {
        let place = KINDS.iter().position(|kind| *kind == self);
        place
            .and_then(|place| u8::try_from(place).ok())
            .unwrap_or(u8::MAX)
    }

    /// The kind of a number.
    pub fn from_code(code: u8) -> Option<Self> {
        KINDS.get(usize::from(code)).copied()
    }
}

/// Looks through the folders that have tracked files, as far as they changed since the last search.
/// Names and types only: no file is opened.
pub fn search(repo: &Repo, index: &[IndexEntry], experiments: &[RecordPath]) -> Vec<Sighting> {
    let Some(top) = &repo.work_tree else {
        return Vec::new();
    };
    let folders = tracked_folders(index);
    let gitlinks: HashSet<&[u8]> = index
        .iter()
        .filter(|entry| entry.entry.mode == crate::git::tree::GITLINK)
        .map(|entry| entry.entry.path.as_bytes())
        .collect();
    let mut found = Vec::new();
    for (folder, names) in contents(repo, top, &folders, experiments) {
        for (name, kind) in names {
            let path = RecordPath::from_bytes(name).below(&folder);
            let known = folders.contains(path.as_bytes()) || gitlinks.contains(path.as_bytes());
            if !known && !experiments.contains(&path) {
                found.push(Sighting { path, kind });
            }
        }
    }
    found
}

/// The folders that the paths of the index name, the top included.
fn tracked_folders(index: &[IndexEntry]) -> HashSet<&[u8]> {
    let mut folders: HashSet<&[u8]> = HashSet::from([&b""[..]]);
    let mut last: &[u8] = b"";
    for entry in index {
        let mut path = entry.entry.path.as_bytes();
        while let Some(slash) = path.iter().rposition(|&b| b == b'/') {
            path = &path[..slash];
            // The index is sorted, so most files are in the folder of the one before.
            if path == last || !folders.insert(path) {
                break;
            }
        }
        last = path;
    }
    folders
}

/// What is in each of some folders, read anew where it isn't remembered.
fn contents(
    repo: &Repo,
    top: &Path,
    wanted: &HashSet<&[u8]>,
    experiments: &[RecordPath],
) -> Vec<(RecordPath, Names)> {
    let remembered = Folders::open(repo);
    let paths = wanted.iter().map(|path| RecordPath::from_bytes(*path));
    let states: Vec<(RecordPath, Option<Stamp>)> = paths
        .filter(|path| !experiments.iter().any(|records| path.is_within(records)))
        .map(|path| {
            let now = folders::stamp(&top.join(path.to_path()));
            (path, now)
        })
        .collect();
    let is_known =
        |(path, now): &(RecordPath, Option<Stamp>)| remembered.get(path.as_bytes(), *now).is_some();
    // The clock is read before the folders are.
    let draft = match states.iter().all(is_known) {
        true => None,
        false => remembered.clock(),
    };
    let mut seen = Vec::with_capacity(states.len());
    for (path, now) in states {
        // One that can't be read has nothing odd that we know of; git complains by itself.
        let (now, names) = match remembered.get(path.as_bytes(), now) {
            Some(folder) => (now, folder.found.clone()),
            None => match read(top, &path) {
                Ok(contents) => (now, contents.found),
                Err(_) => (None, Names::default()),
            },
        };
        seen.push((path, now, names));
    }
    if let Some(draft) = draft {
        remembered.keep(draft, &seen);
    }
    let without_state = |(path, _, names)| (path, names);
    seen.into_iter().map(without_state).collect()
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
                    let inside = |(name, kind)| Sighting {
                        path: RecordPath::from_bytes(name).below(&path),
                        kind,
                    };
                    open.extend(contents.found.into_iter().map(inside));
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

/// Names in a folder, with what they are.
pub type Names = Vec<(Vec<u8>, Kind)>;

/// The special files and folders in a folder, and whether it holds anything at all.
#[derive(Default)]
struct Contents {
    found: Names,
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
            contents.found.push((name.as_bytes().to_vec(), kind));
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
