//! Files that the index still describes: their blobs are known without reading them.

use std::collections::BTreeMap;
use std::path::Path;

use super::Repo;
use super::snapshot::index_file::{self, Stat};
use super::tree::Entry;
use crate::model::{Oid, RecordPath};

/// What the index knows of a file that nobody touched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Known {
    /// Its blob.
    pub id: Oid,
    /// Its size on disk, cut to 32 bits: line ends may have been converted.
    pub size: u32,
}

/// The blobs of those wanted files whose size, times and inode are as when they were added.
///
/// This is what `git status` goes by, so it costs a look at each file and runs no filter. Nothing is
/// known where only git can read the index, or where the file system tells too little.
pub fn blobs(repo: &Repo, wanted: impl Fn(&RecordPath) -> bool) -> BTreeMap<RecordPath, Known> {
    let place = repo.git_dir.join("index");
    let described = || index_file::parse(&index_file::bytes(&place)?, repo.format());
    let (Some(top), Some(written), Some(described)) =
        (&repo.work_tree, written(&place), described())
    else {
        return BTreeMap::new();
    };
    let mut files = Files::below(top);
    let all = described.entries.iter().zip(&described.stats);
    all.filter(|(entry, _)| entry.stage == 0 && wanted(&entry.entry.path))
        .filter(|(entry, stat)| files.is_same(&entry.entry.path, **stat, written))
        .map(|(entry, stat)| {
            let (path, id) = (entry.entry.path.clone(), entry.entry.id.clone());
            (
                path,
                Known {
                    id,
                    size: stat.size,
                },
            )
        })
        .collect()
}

/// When the index was written, in seconds and nanoseconds.
pub(super) fn written(index: &Path) -> Option<[u32; 2]> {
    looks(index).map(|index| index.mtime)
}

/// Which of these files are not as the index describes them, or could have changed unseen.
pub(super) fn differing<'e>(
    top: &Path,
    described: impl Iterator<Item = (&'e Entry, Stat)>,
    written: [u32; 2],
) -> Vec<&'e Entry> {
    let mut files = Files::below(top);
    let differs = |(entry, stat): &(&'e Entry, Stat)| !files.is_same(&entry.path, *stat, written);
    described.filter(differs).map(|(entry, _)| entry).collect()
}

/// Looks at files that come in the order of the index: each folder is opened once and its files are
/// looked at from there, which spares the system most of each path.
struct Files<'t, 'p> {
    top: &'t Path,
    #[cfg(unix)]
    open: Option<(&'p [u8], Option<std::os::fd::OwnedFd>)>,
    #[cfg(not(unix))]
    open: std::marker::PhantomData<&'p ()>,
}

impl<'t, 'p> Files<'t, 'p> {
    fn below(top: &'t Path) -> Self {
        let open = Default::default();
        Self { top, open }
    }

    /// Whether a file is as the index describes it, and could not have changed unseen.
    fn is_same(&mut self, path: &'p RecordPath, stat: Stat, written: [u32; 2]) -> bool {
        // A file as young as the index may have changed after git looked at it.
        self.look(path)
            .is_some_and(|now| now == stat && now.mtime < written)
    }

    #[cfg(unix)]
    fn look(&mut self, path: &'p RecordPath) -> Option<Stat> {
        use rustix::fs::{AtFlags, Mode, OFlags};
        let (folder, name) = path.split();
        if self.open.as_ref().is_none_or(|(last, _)| *last != folder) {
            let place = self.top.join(RecordPath::from_bytes(folder).to_path());
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            // Opened for its names alone, which is less work.
            #[cfg(target_os = "linux")]
            let flags = flags | OFlags::PATH;
            let opened = rustix::fs::open(place, flags, Mode::empty());
            self.open = Some((folder, opened.ok()));
        }
        let (_, folder) = self.open.as_ref()?;
        let found = rustix::fs::statat(folder.as_ref()?, name, AtFlags::SYMLINK_NOFOLLOW);
        found.ok().map(|found| cut(&found))
    }

    #[cfg(not(unix))]
    fn look(&mut self, path: &'p RecordPath) -> Option<Stat> {
        looks(&self.top.join(path.to_path()))
    }
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
        let expected = Known {
            id: repo.format().id("blob", b"same"),
            size: 4,
        };
        assert_eq!(found, [("in/same".into(), expected)].into());
        let early = filetime::FileTime::from_unix_time(1_000_000_000, 0);
        filetime::set_file_mtime(lab.top().join(".git/index"), early).unwrap();
        assert!(blobs(&repo, inside).is_empty(), "racy");
    }
}
