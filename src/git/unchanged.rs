//! Files that the index still describes: their blobs are known without reading them.

use std::collections::BTreeMap;
use std::path::Path;

use super::Repo;
use super::snapshot::index_file::{self, Stat};
use super::snapshot::status::IndexEntry;
use crate::model::{Oid, RecordPath};

/// The blobs of those wanted files whose size, times and inode are as when they were added.
///
/// This is what `git status` goes by, so it costs a look at each file and runs no filter. Nothing is
/// known where only git can read the index, or where the file system tells too little.
pub fn blobs(repo: &Repo, wanted: impl Fn(&RecordPath) -> bool) -> BTreeMap<RecordPath, Oid> {
    let place = repo.git_dir.join("index");
    let described = || index_file::parse(&index_file::bytes(&place)?, repo.format());
    let (Some(top), Some(written), Some(described)) =
        (&repo.work_tree, written(&place), described())
    else {
        return BTreeMap::new();
    };
    let same = |(entry, stat): (IndexEntry, Stat)| {
        let path = entry.entry.path;
        if entry.stage != 0 || !wanted(&path) {
            return None;
        }
        is_same(&top.join(path.to_path()), stat, written).then_some((path, entry.entry.id))
    };
    let all = described.entries.into_iter().zip(described.stats);
    all.filter_map(same).collect()
}

/// When the index was written, in seconds and nanoseconds.
pub(super) fn written(index: &Path) -> Option<[u32; 2]> {
    looks(index).map(|index| index.mtime)
}

/// Whether a file is as the index describes it, and could not have changed unseen.
fn is_same(file: &Path, stat: Stat, written: [u32; 2]) -> bool {
    looks(file).is_some_and(|now| matches(now, stat, written))
}

fn matches(now: Stat, stat: Stat, written: [u32; 2]) -> bool {
    // A file as young as the index may have changed after git looked at it.
    now == stat && now.mtime < written
}

/// Whether all of these files are as the index describes them. They come in the order of the index:
/// each folder is opened once and its files are looked at from there, which spares the system most of
/// each path.
#[cfg(unix)]
pub(super) fn are_same<'e>(
    top: &Path,
    described: impl Iterator<Item = (&'e RecordPath, Stat)>,
    written: [u32; 2],
) -> bool {
    use rustix::fs::{AtFlags, Mode, OFlags};
    let mut open = None;
    for (path, stat) in described {
        let (folder, name) = path.split();
        if open.as_ref().is_none_or(|(last, _)| *last != folder) {
            let place = top.join(RecordPath::from_bytes(folder).to_path());
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            // Opened for its names alone, which is less work.
            #[cfg(target_os = "linux")]
            let flags = flags | OFlags::PATH;
            let Ok(opened) = rustix::fs::open(place, flags, Mode::empty()) else {
                return false;
            };
            open = Some((folder, opened));
        }
        let Some((_, folder)) = &open else {
            return false;
        };
        let now = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
        if !now.is_ok_and(|now| matches(cut(&now), stat, written)) {
            return false;
        }
    }
    true
}

/// Whether all of these files are as the index describes them.
#[cfg(not(unix))]
pub(super) fn are_same<'e>(
    top: &Path,
    mut described: impl Iterator<Item = (&'e RecordPath, Stat)>,
    written: [u32; 2],
) -> bool {
    described.all(|(path, stat)| is_same(&top.join(path.to_path()), stat, written))
}

#[cfg(unix)]
fn looks(place: &Path) -> Option<Stat> {
    rustix::fs::lstat(place).ok().map(|found| cut(&found))
}

/// The index keeps the low 32 bits of each, gitformat-index(5).
#[cfg(unix)]
fn cut(found: &rustix::fs::Stat) -> Stat {
    let low = |value: i128| u32::try_from(value & 0xffff_ffff).unwrap_or_default();
    Stat {
        ctime: [low(found.st_ctime.into()), low(found.st_ctime_nsec.into())],
        mtime: [low(found.st_mtime.into()), low(found.st_mtime_nsec.into())],
        inode: low(found.st_ino.into()),
        size: low(found.st_size.into()),
    }
}

#[cfg(not(unix))]
fn looks(_: &Path) -> Option<Stat> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Lab;

    #[cfg(unix)]
    #[test]
    fn only_files_that_nobody_touched_are_known() {
        let lab = Lab::with_commit();
        for name in ["same", "edited", "touched", "gone"] {
            lab.write(&format!("in/{name}"), name);
        }
        lab.write("out/same", "x");
        lab.commit("files");
        // As long after the files as a racy index is not.
        let later = filetime::FileTime::from_unix_time(4_000_000_000, 0);
        filetime::set_file_mtime(lab.top().join(".git/index"), later).unwrap();
        lab.write("in/edited", "EDITED");
        lab.write("in/new", "new");
        filetime::set_file_mtime(lab.top().join("in/touched"), later).unwrap();
        std::fs::remove_file(lab.top().join("in/gone")).unwrap();
        let repo = lab.repo();
        let inside = |path: &RecordPath| path.is_within(&"in".into());
        let found = blobs(&repo, inside);
        let expected = repo.format().id("blob", b"same");
        assert_eq!(found, [("in/same".into(), expected)].into());
        let early = filetime::FileTime::from_unix_time(1_000_000_000, 0);
        filetime::set_file_mtime(lab.top().join(".git/index"), early).unwrap();
        assert!(blobs(&repo, inside).is_empty(), "racy");
    }
}
