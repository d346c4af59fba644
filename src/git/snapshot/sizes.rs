//! Files that had another size than their blob when git looked at them last.
//!
//! git looks at a file again only when its times or its size are not those of the index. What rules
//! made of it at checkout that are gone by now (`core.autocrlf`, attributes that a commit changed, a
//! filter without its command) stays on disk, and git takes it for unchanged. Its size gives it away:
//! the index has that of the file, the object database that of the blob.
//!
//! What was found is remembered for the index it was found in, and the sizes of blobs for the next one.
//! They are facts: nothing makes them wrong. Derived and disposable as [`super::folders`] is: a
//! damaged file counts as none, one that can't be written is let be.
//!
//! Layout, little-endian: magic; XXH3 of the following up to the blobs `u64`, index 2 `u64`, count
//! `u32`, and as many numbers of entries `u32`; XXH3 of the blobs `u64`, and of each blob, in order, the
//! first 64 bits of its id and the low 32 bits of its size.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::index_file::Described;
use super::status::IndexEntry;
use crate::atomic;
use crate::git::Repo;
use crate::git::objects::Objects;
use crate::git::spread::over_parts;
use crate::git::tree::Entry;
use crate::model::{Oid, RecordPath, Sha256};

const MAGIC: &[u8; 8] = b"gxsize1\n";
/// The file's name begins so; what follows tells working trees apart.
const PREFIX: &str = "sizes-";
/// Magic, digest, index, count.
const HEAD: usize = 36;
/// One blob.
const BLOB: usize = 12;

/// The files whose sizes, as the index has them, are not known to be those of their blobs, in index
/// order: all of which checkout made other bytes, and now and then one more.
///
/// # Arguments
/// `memory` is the folder where what was found is kept; `id` names the index ([`super::glance::index_id`]).
pub fn resized(
    repo: &Repo,
    memory: &Path,
    index: &Described,
    id: Option<[u64; 2]>,
    experiments: &[RecordPath],
) -> Vec<Entry> {
    let Some(top) = repo.work_tree.as_deref() else {
        return Vec::new();
    };
    let memory = Memory::of(memory, top);
    let key = id.map(|id| key(id, experiments));
    let numbers = match key.and_then(|key| memory.numbers(key)) {
        Some(numbers) => numbers,
        None => {
            let files = files(top, index, experiments);
            compare(repo, &files, &memory, key)
        }
    };
    let entry = |number: u32| Some(index.entries.get(number as usize)?.entry.clone());
    numbers.into_iter().filter_map(entry).collect()
}

/// Compares the files with their blobs, and gives the numbers of those that differ.
fn compare(repo: &Repo, files: &[Tracked<'_>], memory: &Memory, key: Option<[u64; 2]>) -> Vec<u32> {
    let known = memory.blobs();
    let is_new = |file: &&Tracked<'_>| size(&known, file.blob()).is_none();
    let new: Vec<&Tracked<'_>> = files.iter().filter(is_new).collect();
    let ids: Vec<&Oid> = new.iter().map(|file| &file.entry.id).collect();
    // Without an answer all are compared by their bytes.
    let found = Objects::open(repo).sizes(&ids);
    let is_told = found.is_ok();
    let found = new.iter().zip(found.unwrap_or_default());
    let found = found.filter_map(|(file, size)| Some((file.blob(), low(size?))));
    let mut blobs: Vec<(u64, u32)> = found.collect();
    let before = files.iter().map(Tracked::blob);
    blobs.extend(before.filter_map(|blob| Some((blob, size(&known, blob)?))));
    blobs.sort_unstable();
    blobs.dedup();
    let differs = |file: &&Tracked<'_>| {
        file.size
            .is_none_or(|on_disk| size(&blobs, file.blob()) != Some(on_disk))
    };
    let numbers: Vec<u32> = files
        .iter()
        .filter(differs)
        .map(|file| file.number)
        .collect();
    if let Some(key) = key.filter(|_| is_told) {
        memory.keep(key, &numbers, &blobs);
    }
    numbers
}

/// A regular file that git has and may have written.
struct Tracked<'i> {
    /// Where it stands in the index.
    number: u32,
    entry: &'i Entry,
    /// Its size on disk, cut to 32 bits, when git looked at it.
    size: Option<u32>,
}

impl Tracked<'_> {
    /// What its blob is remembered by.
    fn blob(&self) -> u64 {
        let digits = self.entry.id.as_str().get(..16);
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.unwrap_or_default()
    }
}

/// Where the index does not tell sizes, they are those of now: what changed since git looks at.
fn files<'i>(top: &Path, index: &'i Described, experiments: &[RecordPath]) -> Vec<Tracked<'i>> {
    let is_meant = |entry: &IndexEntry| {
        let path = &entry.entry.path;
        // A sparse checkout keeps files from the disk, and their index has no sizes.
        let is_on_disk = !entry.tag.eq_ignore_ascii_case(&b's');
        let is_file = entry.stage == 0 && entry.entry.is_file() && is_on_disk;
        is_file && !experiments.iter().any(|folder| path.is_within(folder))
    };
    let entries: Vec<_> = (0..).zip(&index.entries).collect();
    let now = |path: &RecordPath| {
        let found = top.join(path.to_path()).symlink_metadata().ok()?;
        Some(low(found.len()))
    };
    let parts = over_parts(&entries, |part| {
        let part = part.iter().filter(|(_, entry)| is_meant(entry));
        let file = |(number, entry): &(u32, &'i IndexEntry)| Tracked {
            number: *number,
            entry: &entry.entry,
            size: match index.stats.get(*number as usize) {
                Some(stat) => Some(stat.size),
                None => now(&entry.entry.path),
            },
        };
        part.map(file).collect::<Vec<_>>()
    });
    parts.into_iter().flatten().collect()
}

/// The index keeps no more of a size.
fn low(size: u64) -> u32 {
    u32::try_from(size & 0xffff_ffff).unwrap_or_default()
}

fn size(blobs: &[(u64, u32)], blob: u64) -> Option<u32> {
    let place = blobs.binary_search_by_key(&blob, |(blob, _)| *blob).ok()?;
    Some(blobs[place].1)
}

/// What was found hangs on the index and on the folders that were left out.
fn key([length, digest]: [u64; 2], experiments: &[RecordPath]) -> [u64; 2] {
    let mut bytes = digest.to_le_bytes().to_vec();
    for folder in experiments {
        bytes.extend_from_slice(folder.as_bytes());
        bytes.push(0);
    }
    [length, twox_hash::XxHash3_64::oneshot(&bytes)]
}

/// What is remembered of one working tree.
struct Memory {
    place: PathBuf,
}

impl Memory {
    fn of(folder: &Path, top: &Path) -> Self {
        let name = Sha256::of(top.as_os_str().as_encoded_bytes());
        Self {
            place: folder.join(format!("{PREFIX}{}", name.short())),
        }
    }

    /// What was found in this index. Little is read: this is all that most looks come to.
    fn numbers(&self, key: [u64; 2]) -> Option<Vec<u32>> {
        let (found, numbers) = head(&mut File::open(&self.place).ok()?)?;
        (found == key).then_some(numbers)
    }

    /// The sizes of blobs, in order.
    fn blobs(&self) -> Vec<(u64, u32)> {
        let read = || {
            let mut file = File::open(&self.place).ok()?;
            head(&mut file)?;
            let mut rest = Vec::new();
            file.read_to_end(&mut rest).ok()?;
            let (digest, blobs) = rest.split_first_chunk()?;
            let is_whole = twox_hash::XxHash3_64::oneshot(blobs) == u64::from_le_bytes(*digest);
            let blobs = is_whole.then(|| blobs.chunks_exact(BLOB))?;
            let blobs = blobs.map(|blob| Some((number(blob, 0)?, count(blob, 8)?)));
            blobs.collect::<Option<Vec<_>>>()
        };
        read().unwrap_or_default()
    }

    fn keep(&self, key: [u64; 2], numbers: &[u32], blobs: &[(u64, u32)]) {
        let mut found = Vec::new();
        key.iter()
            .for_each(|part| found.extend_from_slice(&part.to_le_bytes()));
        found.extend_from_slice(&low(numbers.len() as u64).to_le_bytes());
        numbers
            .iter()
            .for_each(|number| found.extend_from_slice(&number.to_le_bytes()));
        let mut sizes = Vec::with_capacity(blobs.len() * BLOB);
        for (blob, size) in blobs {
            sizes.extend_from_slice(&blob.to_le_bytes());
            sizes.extend_from_slice(&size.to_le_bytes());
        }
        let digest = |bytes: &[u8]| twox_hash::XxHash3_64::oneshot(bytes).to_le_bytes();
        let bytes = [&MAGIC[..], &digest(&found), &found, &digest(&sizes), &sizes].concat();
        // Derived: a failure costs time at the next look and is nobody's error now.
        let write = || {
            let folder = self.place.parent()?;
            std::fs::create_dir_all(folder).ok()?;
            let mut file = atomic::draft(folder, ".tmp-").ok()?;
            file.write_all(&bytes).ok()?;
            file.persist(&self.place).ok()
        };
        drop(write());
    }
}

/// The index, and what was found in it. Leaves the file where the blobs begin.
fn head(file: &mut File) -> Option<([u64; 2], Vec<u32>)> {
    let mut bytes = vec![0; HEAD];
    file.read_exact(&mut bytes).ok()?;
    let length = u64::from(count(&bytes, HEAD - 4)?) * 4;
    // Nothing is made room for that is not there.
    let is_there = file.metadata().ok()?.len() >= HEAD as u64 + length;
    is_there.then(|| file.take(length).read_to_end(&mut bytes).ok())??;
    let found = bytes.strip_prefix(MAGIC)?;
    let is_whole = twox_hash::XxHash3_64::oneshot(&found[8..]) == number(found, 0)?;
    let numbers = bytes[HEAD..].chunks_exact(4);
    let numbers = numbers
        .map(|number| count(number, 0))
        .collect::<Option<_>>()?;
    is_whole.then_some(([number(found, 8)?, number(found, 16)?], numbers))
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at + 8)?;
    Some(u64::from_le_bytes(field.try_into().ok()?))
}

fn count(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{glance, index_file};
    use super::*;
    use crate::git::testing::Lab;

    /// Three files, of which one is longer on disk than its blob. What was compared can be told from
    /// what differs when the objects are gone.
    fn lab() -> Lab {
        let lab = Lab::init(&[]);
        for (path, content) in [("a", "1\n"), ("b", "1\r\n"), ("runs/c", "1\r\n2\r\n")] {
            lab.write(path, content);
        }
        lab.git(&["-c", "core.autocrlf=true", "add", "-A"]);
        lab.git(&["commit", "-q", "-m", "files"]);
        lab
    }

    fn found(lab: &Lab, experiments: &[&str]) -> Vec<String> {
        let repo = lab.repo();
        let bytes = index_file::bytes(&repo.git_dir.join("index")).unwrap();
        let index = index_file::parse(&bytes, repo.format());
        let index = index.unwrap_or_else(|| index_file::listed(&repo).unwrap());
        let id = Some(glance::index_id(&bytes));
        let experiments: Vec<RecordPath> = experiments.iter().map(|&path| path.into()).collect();
        let found = resized(&repo, &repo.exp_dir(), &index, id, &experiments);
        let paths = found.iter().map(|entry| entry.path.display().into_owned());
        paths.collect()
    }

    fn lose_objects(lab: &Lab) {
        let objects = lab.top().join(".git/objects");
        for folder in std::fs::read_dir(&objects).unwrap().flatten() {
            std::fs::remove_dir_all(folder.path()).unwrap();
        }
    }

    fn place(lab: &Lab) -> PathBuf {
        let repo = lab.repo();
        Memory::of(&repo.exp_dir(), repo.work_tree.as_deref().unwrap()).place
    }

    #[test]
    fn an_index_is_compared_once_and_a_blob_is_looked_up_once() {
        let lab = lab();
        assert_eq!(found(&lab, &["runs"]), ["b"]);
        lose_objects(&lab);
        assert_eq!(found(&lab, &["runs"]), ["b"], "nothing is looked up");
        lab.write("d", "1\r\n2\r\n3\n");
        lab.git(&["add", "d"]);
        assert_eq!(found(&lab, &["runs"]), ["b"], "only the new one is");
        assert_eq!(found(&lab, &[]), ["b", "runs/c"], "what was left out");
        std::fs::remove_file(place(&lab)).unwrap();
        assert_eq!(found(&lab, &["runs"]), ["a", "b"], "all but the new one");
    }

    #[test]
    fn what_can_not_be_remembered_is_found_again() {
        let lab = lab();
        std::fs::write(lab.top().join(".git/exp"), "no folder").unwrap();
        for _ in 0..2 {
            assert_eq!(found(&lab, &[]), ["b", "runs/c"]);
        }
    }

    #[test]
    fn an_index_that_only_git_reads_is_compared_too() {
        let lab = lab();
        lab.git(&["update-index", "--index-version", "4"]);
        assert_eq!(found(&lab, &[]), ["b", "runs/c"]);
        lose_objects(&lab);
        assert_eq!(found(&lab, &[]), ["b", "runs/c"]);
    }

    #[test]
    fn a_file_that_a_sparse_checkout_keeps_from_the_disk_has_no_size() {
        let lab = lab();
        lab.git(&["update-index", "--skip-worktree", "b"]);
        std::fs::remove_file(lab.top().join("b")).unwrap();
        assert_eq!(found(&lab, &["runs"]), [""; 0]);
    }

    proptest! {
        #[test]
        fn damage_counts_as_nothing_remembered(at in 0_usize..200, byte: u8, cut in 0_usize..200) {
            static LAB: std::sync::LazyLock<(Lab, Vec<u8>)> = std::sync::LazyLock::new(|| {
                let lab = lab();
                found(&lab, &[]);
                let bytes = std::fs::read(place(&lab)).unwrap();
                (lab, bytes)
            });
            let (lab, whole) = &*LAB;
            let mut bytes = whole.clone();
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length.min(cut.max(1)));
            let folder = tempfile::tempdir().unwrap();
            let memory = Memory { place: folder.path().join("sizes") };
            std::fs::write(&memory.place, &bytes).unwrap();
            let key = {
                let id = std::fs::read(lab.top().join(".git/index")).unwrap();
                key(glance::index_id(&id), &[])
            };
            let numbers = memory.numbers(key);
            prop_assert!(numbers.is_none_or(|numbers| numbers == [1, 2]));
            let blobs = memory.blobs();
            prop_assert!(blobs.is_empty() || blobs.len() == 2);
            let is_whole = memory.numbers(key).is_some() && !blobs.is_empty();
            prop_assert_eq!(is_whole, bytes == *whole);
        }
    }
}
