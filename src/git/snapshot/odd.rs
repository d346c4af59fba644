//! What git passes over in silence: pipes, sockets, devices and empty folders.

use std::collections::{BTreeSet, HashSet};
use std::fs::{DirEntry, FileType};
use std::path::Path;

use super::Scope;
use super::folders::{self, Folders, Met};
use super::status::{IndexEntry, Status};
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

/// What is odd in the folders that have tracked files; those with others are passed over.
pub fn search<'m>(
    index: &[IndexEntry],
    experiments: &[RecordPath],
    seen: impl Iterator<Item = (&'m [u8], &'m Names)>,
) -> Vec<Sighting> {
    let folders = tracked_folders(index);
    let gitlinks: HashSet<&[u8]> = index
        .iter()
        .filter(|entry| entry.entry.mode == crate::git::tree::GITLINK)
        .map(|entry| entry.entry.path.as_bytes())
        .collect();
    let mut found = Vec::new();
    for (folder, names) in seen.filter(|(folder, _)| folders.contains(folder)) {
        let folder = RecordPath::from_bytes(folder);
        for (name, kind) in names {
            let path = RecordPath::from_bytes(name.as_slice()).below(&folder);
            let known = folders.contains(path.as_bytes()) || gitlinks.contains(path.as_bytes());
            if !known && !experiments.contains(&path) {
                found.push(Sighting { path, kind: *kind });
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

/// Looks through the folders that have tracked files, outside the folders of records; reads those
/// that changed since they were remembered. Names and types only: no file is opened.
pub fn look_through(
    repo: &Repo,
    index: &[IndexEntry],
    experiments: &[RecordPath],
    remembered: &Folders,
) -> Vec<Met> {
    let Some(top) = &repo.work_tree else {
        return Vec::new();
    };
    let is_outside = |path: &RecordPath| !experiments.iter().any(|records| path.is_within(records));
    let paths = tracked_folders(index).into_iter();
    let mut paths: Vec<_> = paths
        .map(RecordPath::from_bytes)
        .filter(is_outside)
        .collect();
    paths.sort();
    // git looks at nothing behind a link that has taken the place of a folder.
    let mut links: Vec<RecordPath> = Vec::new();
    let mut met = Vec::new();
    for path in paths {
        if links.iter().any(|link| path.is_within(link)) {
            continue;
        }
        let place = top.join(path.to_path());
        let now = folders::stamp(&place);
        if let Some(folder) = remembered.get(path.as_bytes(), now) {
            met.push((path, now, folder.found.clone()));
        } else if place.is_symlink() && !path.as_bytes().is_empty() {
            links.push(path);
        } else {
            // One that can't be read has nothing odd that we know of; git complains by itself.
            let contents = read(top, &path, |_| {});
            let (now, contents) =
                contents.map_or_else(|_| Default::default(), |found| (now, found));
            met.push((path, now, contents.found));
        }
    }
    met
}

/// What became of the sightings.
#[derive(Debug, Default)]
pub struct Sorted {
    /// What no commit can hold, in path order.
    pub left_out: Vec<LeftOut>,
    /// Sightings that git ignores.
    pub ignored: Vec<RecordPath>,
    /// Folders that were looked into: git neither tracks anything in them nor ignores them.
    pub met: Vec<Met>,
}

/// Keeps the sightings that git doesn't ignore, and looks into folders that hold nothing it saw.
pub fn sort(
    repo: &Repo,
    scope: &Scope<'_>,
    status: &Status,
    index: &[IndexEntry],
    sightings: Vec<Sighting>,
) -> Result<Sorted, Error> {
    let top = repo.top()?;
    let ignored: BTreeSet<&RecordPath> = status.ignored.iter().collect();
    let nested: BTreeSet<&RecordPath> = status.nested.iter().collect();
    let mut open: Vec<Sighting> = sightings;
    let mut sorted = Sorted::default();
    while let Some(Sighting { path, kind }) = open.pop() {
        if ignored.contains(&path) {
            sorted.ignored.push(path);
            continue;
        }
        if nested.contains(&path) || !scope.covers(&path) {
            continue;
        }
        let mut leave_out = |path, why| sorted.left_out.push(without_bytes(path, why));
        match kind {
            Kind::Special(why) => leave_out(path, why),
            Kind::Folder if top.join(path.to_path()).join(".git").exists() => {}
            Kind::Folder => {
                let now = folders::stamp(&top.join(path.to_path()));
                let Ok(contents) = read(top, &path, |_| {}) else {
                    leave_out(path.clone(), "unreadable");
                    sorted.met.push((path, None, Names::default()));
                    continue;
                };
                if contents.is_empty {
                    leave_out(path.clone(), "empty-directory");
                }
                let inside = |(name, kind): &(Vec<u8>, Kind)| Sighting {
                    path: RecordPath::from_bytes(name.as_slice()).below(&path),
                    kind: *kind,
                };
                open.extend(contents.found.iter().map(inside));
                sorted.met.push((path, now, contents.found));
            }
        }
    }
    // A tracked folder whose files were all deleted is empty too, but its paths are in the commit.
    let tracked = |path: &RecordPath| index.iter().any(|entry| &entry.entry.path == path);
    sorted
        .left_out
        .retain(|entry| entry.why != "empty-directory" || !tracked(&entry.path));
    // git lists ignored files and folders of files, but neither empty folders nor pipes.
    let ignored = repo.ignored(sorted.left_out.iter().map(|entry| &entry.path))?;
    sorted
        .left_out
        .retain(|entry| !ignored.contains(&entry.path));
    sorted.left_out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sorted)
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
pub struct Contents {
    /// Names and kinds.
    pub found: Names,
    is_empty: bool,
}

/// Reads a folder. By far the most that is in one are files and links, which `file` is given.
pub fn read(
    top: &Path,
    folder: &RecordPath,
    mut file: impl FnMut(&DirEntry),
) -> std::io::Result<Contents> {
    let mut contents = Contents {
        is_empty: true,
        ..Contents::default()
    };
    for entry in std::fs::read_dir(top.join(folder.to_path()))? {
        let entry = entry?;
        contents.is_empty = false;
        let Some(kind) = entry.file_type().ok().and_then(kind_of) else {
            file(&entry);
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
