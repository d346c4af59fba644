//! Files that the index still describes: their blobs are known without reading them.

use std::collections::BTreeMap;
use std::path::Path;

use super::Repo;
use super::command::split_nul;
use super::snapshot::index_file::{self, Stat};
#[cfg(unix)]
use super::snapshot::is_behind_a_link;
use super::snapshot::status::{IndexEntry, parse_index};
use super::spread::over_parts;
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

/// What the index says of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Those that nobody touched since they were added.
    pub known: BTreeMap<RecordPath, Known>,
    /// The blobs of the others, which are other files by now, gone, in conflict, or the same after all.
    pub touched: BTreeMap<RecordPath, Oid>,
    /// What a sparse checkout leaves out.
    pub left_out: Vec<RecordPath>,
}

/// The wanted files of the index: those whose size, times and inode are as when they were added, and
/// the others.
///
/// This is what `git status` goes by, so it costs a look at each file and runs no filter. Where only
/// git can read the index, or the file system tells too little, all count as touched.
pub fn files(
    repo: &Repo,
    wanted: impl Fn(&RecordPath) -> bool + Sync,
) -> Result<Indexed, super::Error> {
    let place = repo.git_dir.join("index");
    let described = || index_file::parse(&index_file::bytes(&place)?, repo.format());
    let Some((top, described)) = repo.work_tree.as_deref().zip(described()) else {
        return listed(repo, wanted);
    };
    let written = written(&place).unwrap_or_default();
    let all: Vec<(IndexEntry, Stat)> = described
        .entries
        .into_iter()
        .zip(described.stats)
        .filter(|(entry, _)| wanted(&entry.entry.path))
        .collect();
    let same = over_parts(&all, |part| {
        let mut files = Files::below(top);
        let same = part.iter().map(|(entry, stat)| {
            entry.stage == 0 && files.is_same(&entry.entry.path, *stat, written)
        });
        same.collect::<Vec<bool>>()
    });
    let mut known = Vec::with_capacity(all.len());
    let mut indexed = Indexed::default();
    for ((entry, stat), same) in all.into_iter().zip(same.concat()) {
        if same {
            let Entry { path, id, .. } = entry.entry;
            let size = stat.size;
            known.push((path, Known { id, size }));
        } else {
            indexed.touch(top, entry);
        }
    }
    indexed.known = known.into_iter().collect();
    Ok(indexed)
}

impl Indexed {
    fn touch(&mut self, top: &Path, entry: IndexEntry) {
        let Entry { path, id, .. } = entry.entry;
        let may_be_out = entry.tag.eq_ignore_ascii_case(&b's');
        if may_be_out && top.join(path.to_path()).symlink_metadata().is_err() {
            self.left_out.push(path);
        } else {
            self.touched.insert(path, id);
        }
    }
}

/// The same without a look at the files.
fn listed(repo: &Repo, wanted: impl Fn(&RecordPath) -> bool) -> Result<Indexed, super::Error> {
    let listed = repo.git().args(["ls-files", "-v", "-s", "-z"]).run()?;
    let mut indexed = Indexed::default();
    for entry in parse_index(&listed)? {
        if wanted(&entry.entry.path) {
            indexed.touch(repo.work_tree.as_deref().unwrap_or(&repo.git_dir), entry);
        }
    }
    Ok(indexed)
}

/// The paths where the index differs from a commit, with the blob that the commit has there. Nothing
/// on disk is looked at; what is unmerged differs.
pub fn staged(
    git: super::Git,
    commit: &Oid,
) -> Result<BTreeMap<RecordPath, Option<Oid>>, super::Error> {
    let printed = git
        .args(["diff-index", "--cached", "--raw", "--no-abbrev", "-z"])
        .args(["--no-renames", "--no-ext-diff", "--ignore-submodules=none"])
        .args([commit.as_str(), "--"])
        .run()?;
    // `:<mode> <mode> <id> <id> <status>\0<path>\0`
    let mut fields = split_nul(&printed);
    let mut differing = BTreeMap::new();
    while let (Some(change), Some(path)) = (fields.next(), fields.next()) {
        let change = String::from_utf8_lossy(change);
        let mut words = change.split(' ').skip(2);
        let before = words.next().and_then(Oid::parse);
        let before = before.filter(|id| id.as_str().bytes().any(|digit| digit != b'0'));
        differing.insert(RecordPath::from_bytes(path), before);
    }
    Ok(differing)
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

/// How a folder is opened: on Linux for its names alone, which is less work.
#[cfg(unix)]
const FOLDER: rustix::fs::OFlags = {
    let flags = rustix::fs::OFlags::DIRECTORY.union(rustix::fs::OFlags::CLOEXEC);
    #[cfg(target_os = "linux")]
    let flags = flags.union(rustix::fs::OFlags::PATH);
    flags
};

/// Which of these files git takes for unchanged though they were touched: as it is built by default it
/// compares full seconds, and writes finer times all the same.
pub(super) fn overlooked<'e>(
    top: &Path,
    described: impl Iterator<Item = (&'e Entry, Stat)>,
    written: [u32; 2],
) -> Vec<&'e Entry> {
    let mut files = Files::below(top);
    let seconds = |stat: Stat| Stat {
        ctime: [stat.ctime[0], 0],
        mtime: [stat.mtime[0], 0],
        ..stat
    };
    let is_overlooked = |(entry, stat): &(&'e Entry, Stat)| {
        // Some programs write an index without finer times; a file as young as the index git reads.
        let is_fine = stat.ctime[1] != 0 && stat.mtime[0] < written[0];
        let now = files.look(&entry.path).filter(|_| is_fine);
        now.is_some_and(|now| now != *stat && seconds(now) == seconds(*stat))
    };
    described
        .filter(is_overlooked)
        .map(|(entry, _)| entry)
        .collect()
}

/// Looks at files that come in the order of the index: each folder is opened once and its files are
/// looked at from there, which spares the system most of each path.
struct Files<'t, 'p> {
    top: &'t Path,
    #[cfg(target_os = "linux")]
    opened: Option<std::os::fd::OwnedFd>,
    #[cfg(unix)]
    open: Option<(&'p [u8], Option<std::os::fd::OwnedFd>)>,
    #[cfg(not(unix))]
    open: std::marker::PhantomData<&'p ()>,
}

impl<'t, 'p> Files<'t, 'p> {
    fn below(top: &'t Path) -> Self {
        Self {
            top,
            #[cfg(target_os = "linux")]
            opened: rustix::fs::open(top, FOLDER, rustix::fs::Mode::empty()).ok(),
            open: Default::default(),
        }
    }

    /// Whether a file is as the index describes it, and could not have changed unseen: a file as young
    /// as the index may have changed after git looked at it.
    fn is_same(&mut self, path: &'p RecordPath, stat: Stat, written: [u32; 2]) -> bool {
        self.look(path)
            .is_some_and(|now| now == stat && now.mtime < written)
    }

    #[cfg(unix)]
    fn look(&mut self, path: &'p RecordPath) -> Option<Stat> {
        let (folder, name) = path.split();
        if self.open.as_ref().is_none_or(|(last, _)| *last != folder) {
            self.open = Some((folder, self.open(path)));
        }
        let (_, folder) = self.open.as_ref()?;
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        let found = rustix::fs::statat(folder.as_ref()?, name, flags);
        found.ok().map(|found| cut(&found))
    }

    /// The folder of a file; none behind a link, where git doesn't look either.
    #[cfg(unix)]
    fn open(&self, path: &RecordPath) -> Option<std::os::fd::OwnedFd> {
        use rustix::fs::Mode;
        let folder = RecordPath::from_bytes(path.split().0).to_path();
        #[cfg(target_os = "linux")]
        if let Some(top) = self
            .opened
            .as_ref()
            .filter(|_| !folder.as_os_str().is_empty())
        {
            let no_links = rustix::fs::ResolveFlags::NO_SYMLINKS;
            let opened = rustix::fs::openat2(top, &folder, FOLDER, Mode::empty(), no_links);
            // An old kernel hasn't that call, and a sandbox may forbid it.
            if let Ok(opened) = opened {
                return Some(opened);
            }
        }
        let is_reached = !is_behind_a_link(self.top, path);
        let open = || rustix::fs::open(self.top.join(folder), FOLDER, Mode::empty()).ok();
        is_reached.then(open)?
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
        let found = files(&repo, inside).unwrap();
        let expected = Known {
            id: repo.format().id("blob", b"same"),
            size: 4,
        };
        assert_eq!(found.known, [("in/same".into(), expected)].into());
        let touched: Vec<String> = found
            .touched
            .keys()
            .map(|path| path.display().into_owned())
            .collect();
        assert_eq!(touched, ["in/edited", "in/gone", "in/touched"]);
        let early = filetime::FileTime::from_unix_time(1_000_000_000, 0);
        filetime::set_file_mtime(lab.top().join(".git/index"), early).unwrap();
        let racy = files(&repo, inside).unwrap();
        assert!(racy.known.is_empty());
        // An index that only git reads tells the same.
        lab.git(&["update-index", "--index-version", "4"]);
        assert_eq!(files(&repo, inside).unwrap(), racy);
    }

    #[test]
    fn what_is_staged_is_told_with_what_was_committed() {
        let lab = Lab::with_commit();
        for name in ["edited", "gone", "same"] {
            lab.write(name, name);
        }
        lab.commit("files");
        let repo = lab.repo();
        let head = repo.resolve("HEAD").unwrap().unwrap();
        lab.write("edited", "EDITED");
        lab.write("new", "new");
        lab.git(&["rm", "-q", "gone"]);
        lab.git(&["add", "-A"]);
        lab.write("same", "on disk alone");
        let blob = |name: &str| Some(repo.format().id("blob", name.as_bytes()));
        let expected = [
            ("edited".into(), blob("edited")),
            ("gone".into(), blob("gone")),
            ("new".into(), None),
        ];
        assert_eq!(staged(repo.git(), &head).unwrap(), expected.into());
    }
}
