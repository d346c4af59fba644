//! Files that the index still describes: their blobs are known without reading them.

use std::collections::BTreeMap;
#[cfg(unix)]
use std::path::Path;

use super::Repo;
use super::snapshot::index_file;
use crate::model::{Oid, RecordPath};

/// The blobs of those wanted files whose size, times and inode are as when they were added.
///
/// This is what `git status` goes by, so it costs a look at each file and runs no filter. Nothing is
/// known where only git can read the index, or where the file system tells too little.
pub fn blobs(repo: &Repo, wanted: impl Fn(&RecordPath) -> bool) -> BTreeMap<RecordPath, Oid> {
    let place = repo.git_dir.join("index");
    let (Some(top), Some(entries)) = (
        &repo.work_tree,
        index_file::read_with_stat(&place, repo.format()),
    ) else {
        return BTreeMap::new();
    };
    let Some(written) = looks(&place).map(|index| index.mtime) else {
        return BTreeMap::new();
    };
    let same = |(entry, stat): (super::snapshot::status::IndexEntry, index_file::Stat)| {
        let path = entry.entry.path;
        if entry.stage != 0 || !wanted(&path) {
            return None;
        }
        let now = looks(&top.join(path.to_path()))?;
        // A file as young as the index may have changed after git looked at it.
        (now == stat && now.mtime < written).then_some((path, entry.entry.id))
    };
    entries.into_iter().filter_map(same).collect()
}

#[cfg(unix)]
fn looks(place: &Path) -> Option<index_file::Stat> {
    use std::os::unix::fs::MetadataExt;
    let found = place.symlink_metadata().ok()?;
    // The index keeps the low 32 bits of each, gitformat-index(5).
    let cut = |value: i64| u32::try_from(value & 0xffff_ffff).unwrap_or_default();
    let low = |value: u64| u32::try_from(value & 0xffff_ffff).unwrap_or_default();
    Some(index_file::Stat {
        ctime: [cut(found.ctime()), cut(found.ctime_nsec())],
        mtime: [cut(found.mtime()), cut(found.mtime_nsec())],
        inode: low(found.ino()),
        size: low(found.size()),
    })
}

#[cfg(not(unix))]
fn looks(_: &std::path::Path) -> Option<index_file::Stat> {
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
