//! Digests of files that have not changed since: `<common git dir>/exp/statcache`.
//!
//! A digest is trusted when size, both times, inode and device are what they were, and when the
//! file had been at rest for [`AT_REST`] before it was read: within that time a second write could
//! leave the times as they are. So nothing younger is ever stored. "Now" is the time of a file
//! written beside the cache just before any data file was looked at, not the clock's: it comes from
//! the same file system, and it is early enough however long the reading takes. On another device
//! than the cache's, whose clock may differ (a network share), the rest is [`AT_REST_ELSEWHERE`].
//!
//! Derived and disposable: a damaged file counts as empty, one that can't be written is let be.
//!
//! Layout, little-endian: magic, version `u32`, written at `i64`, count `u64`; entries sorted by
//! path: size `u64`, mtime `i64`, ctime `i64`, inode `u64`, device `u64`, SHA-256, width `u32` and
//! height `u32` of an image or zeros, length `u32`, path; XXH3-64 of all before it, against torn writes.

use std::cmp::Ordering;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use twox_hash::XxHash3_64;

use super::hash::Raw;
use super::stat::Stat;
use crate::atomic;
use crate::model::card::Pixels;

const MAGIC: &[u8; 8] = b"gitexpSC";
const VERSION: u32 = 2;
const HEADER: usize = 8 + 4 + 8 + 8;
const TRAILER: usize = 8;
const FIXED: usize = 5 * 8 + 32 + 2 * 4 + 4;
const SECOND: i64 = 1_000_000_000;
/// The coarsest times in use (FAT) step by two seconds; git has the same worry and a like rule.
const AT_REST: i64 = 2 * SECOND;
const AT_REST_ELSEWHERE: i64 = 600 * SECOND;
/// Dirty pages are written out after half a minute; see [`super::hash::Reading::sync`].
const YOUNG: i64 = 60 * SECOND;
/// Writing out makes the disk flush its own cache, in about the time that hashing this much takes.
const WORTH_SYNC: u64 = 1 << 20;
/// When the cache has outgrown this, only what the current command saw is kept.
const MANY: usize = 1 << 20;

/// A remembered file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Absolute path, as the system encodes it.
    pub path: &'a [u8],
    /// The file when it was hashed.
    pub stat: Stat,
    /// Its digest.
    pub raw: Raw,
    /// Its size in pixels, if it is an image.
    pub pixels: Option<Pixels>,
}

/// The cache as one command sees it.
#[derive(Debug, Default)]
pub struct StatCache {
    folder: Option<PathBuf>,
    bytes: Vec<u8>,
    /// Where each entry begins.
    places: Vec<usize>,
    now: Option<Clock>,
}

/// What may be done with the digest of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is of no use later: the file was written too short a time ago.
    No,
    /// It may be remembered, if the file's dirty pages are written out before it is read.
    AfterSync,
    /// It may be remembered.
    Yes,
}

/// The moment before anything was looked at, by the file system's own clock.
#[derive(Clone, Copy, Debug)]
struct Clock {
    now: i64,
    dev: u64,
}

impl StatCache {
    /// Opens the cache in a folder, making the folder if need be; `forget` ignores what is in it.
    /// Where that can't be done there is simply no cache.
    pub fn open(folder: Option<&Path>, forget: bool) -> Self {
        let Some(folder) = folder.filter(|_| Stat::IDENTIFIES) else {
            return Self::default();
        };
        let Some(now) = clock(folder) else {
            return Self::default();
        };
        let (bytes, places) = match forget {
            true => None,
            false => load(folder),
        }
        .unwrap_or_default();
        Self {
            folder: Some(folder.to_owned()),
            bytes,
            places,
            now: Some(now),
        }
    }

    /// Whether there is a cache at all.
    pub fn is_on(&self) -> bool {
        self.now.is_some()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// An entry by its place; they are sorted by path.
    pub fn entry(&self, place: usize) -> Option<Entry<'_>> {
        entry_at(&self.bytes, *self.places.get(place)?)
    }

    /// The path of an entry.
    pub fn path(&self, place: usize) -> Option<&[u8]> {
        path_at(&self.bytes, *self.places.get(place)?)
    }

    /// The first place whose path is not before this one.
    pub fn place_of(&self, path: &[u8]) -> usize {
        let before = |start: &usize| path_at(&self.bytes, *start).is_some_and(|other| other < path);
        self.places.partition_point(before)
    }

    /// All entries.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.len()).filter_map(|place| self.entry(place))
    }

    /// Whether a file in this state may be remembered.
    pub fn keep(&self, stat: &Stat) -> Keep {
        let Some(clock) = self.now else {
            return Keep::No;
        };
        let rest = if stat.dev == clock.dev {
            AT_REST
        } else {
            AT_REST_ELSEWHERE
        };
        if stat.mtime.max(stat.ctime) >= clock.now.saturating_sub(rest) {
            return Keep::No;
        }
        match stat.mtime >= clock.now.saturating_sub(YOUNG) {
            true if stat.size < WORTH_SYNC => Keep::No,
            true => Keep::AfterSync,
            false => Keep::Yes,
        }
    }

    /// Adds what was hashed and drops what is gone, unless another command is just doing the same.
    ///
    /// `seen` are all entries that are true now, sorted by path; `roots` are the folders that were
    /// walked: whatever is remembered below them and was not seen is gone.
    pub fn save<'a>(&self, seen: impl Iterator<Item = Entry<'a>> + Clone, roots: &[&[u8]]) {
        // Derived data: a failure to keep it costs time later and is nobody's error now.
        let _ = self.try_save(seen, roots);
    }

    fn try_save<'a>(
        &self,
        seen: impl Iterator<Item = Entry<'a>> + Clone,
        roots: &[&[u8]],
    ) -> Option<()> {
        let (folder, clock) = (self.folder.as_deref()?, self.now?);
        if !merge(self.entries(), seen.clone(), roots, |_| ()) {
            return None;
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("statcache.lock"))
            .ok()?;
        lock.try_lock().ok()?;
        // Read again: another command may have saved since.
        let (bytes, places) = load(folder).unwrap_or_default();
        let current = places.iter().filter_map(|start| entry_at(&bytes, *start));
        let mut file = Draft::new(clock.now);
        // Too large for one: what this command saw is enough.
        let current = current.take(if places.len() > MANY { 0 } else { places.len() });
        merge(current, seen, roots, |entry| file.add(entry)).then(|| file.save(folder))?
    }
}

/// Joins two sorted lists, entry by entry; whether anything changed.
fn merge<'c, 's>(
    current: impl Iterator<Item = Entry<'c>>,
    seen: impl Iterator<Item = Entry<'s>>,
    roots: &[&[u8]],
    mut each: impl FnMut(&Entry),
) -> bool {
    let gone = |path: &[u8]| {
        roots.iter().any(|root| {
            path.strip_prefix(*root)
                .is_some_and(|rest| rest.first().is_none_or(|&b| b == b'/' || b == b'\\'))
        })
    };
    let mut changed = false;
    let (mut old, mut new) = (current.peekable(), seen.peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some(a), Some(b)) => a.path.cmp(b.path),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return changed,
        };
        let before = if order.is_le() { old.next() } else { None };
        let after = if order.is_ge() { new.next() } else { None };
        match (before, after) {
            (before, Some(entry)) => {
                changed |= before.as_ref() != Some(&entry);
                each(&entry);
            }
            (Some(entry), None) if gone(entry.path) => changed = true,
            (Some(entry), None) => each(&entry),
            (None, None) => return changed,
        }
    }
}

fn clock(folder: &Path) -> Option<Clock> {
    std::fs::create_dir_all(folder).ok()?;
    let mut file = tempfile::tempfile_in(folder).ok()?;
    file.write_all(b"now").ok()?;
    let stat = Stat::of(&file.metadata().ok()?);
    Some(Clock {
        now: stat.mtime,
        dev: stat.dev,
    })
}

/// The bytes, and where each entry begins.
fn load(folder: &Path) -> Option<(Vec<u8>, Vec<usize>)> {
    let path = folder.join("statcache");
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let bytes = std::fs::read(path).ok()?;
    let body = bytes.len().checked_sub(TRAILER)?;
    let checksum = XxHash3_64::oneshot(&bytes[..body]).to_le_bytes();
    let places = places(&bytes).filter(|_| bytes[body..] == checksum)?;
    Some((bytes, places))
}

/// A file of entries as it is made.
struct Draft {
    bytes: Vec<u8>,
    count: u64,
}

impl Draft {
    fn new(now: i64) -> Self {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&now.to_le_bytes());
        bytes.extend_from_slice(&0_u64.to_le_bytes());
        Self { bytes, count: 0 }
    }

    fn add(&mut self, entry: &Entry) {
        let Stat {
            size,
            mtime,
            ctime,
            ino,
            dev,
        } = entry.stat;
        let (width, height) = entry.pixels.map_or((0, 0), |p| (p.width, p.height));
        // The system allows no path that is too long for this.
        let Ok(length) = u32::try_from(entry.path.len()) else {
            return;
        };
        for word in [size, mtime.cast_unsigned(), ctime.cast_unsigned(), ino, dev] {
            self.bytes.extend_from_slice(&word.to_le_bytes());
        }
        self.bytes.extend_from_slice(&entry.raw);
        for word in [width, height, length] {
            self.bytes.extend_from_slice(&word.to_le_bytes());
        }
        self.bytes.extend_from_slice(entry.path);
        self.count += 1;
    }

    fn save(mut self, folder: &Path) -> Option<()> {
        self.bytes[HEADER - 8..HEADER].copy_from_slice(&self.count.to_le_bytes());
        let checksum = XxHash3_64::oneshot(&self.bytes);
        self.bytes.extend_from_slice(&checksum.to_le_bytes());
        // No fsync: after a crash a torn file has a wrong checksum and counts as empty.
        let mut file = atomic::draft(folder, "statcache.tmp-").ok()?;
        file.write_all(&self.bytes).ok()?;
        file.persist(folder.join("statcache")).ok()?;
        Some(())
    }
}

/// Takes numbers and text off the front of bytes.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }
}

/// Where the entries begin; `None` when the structure is not right.
fn places(bytes: &[u8]) -> Option<Vec<usize>> {
    let body = bytes.get(..bytes.len().checked_sub(TRAILER)?)?;
    let mut cursor = Cursor(body);
    if cursor.take(MAGIC.len())? != MAGIC || cursor.u32()? != VERSION {
        return None;
    }
    cursor.i64()?;
    let count = usize::try_from(cursor.u64()?).ok()?;
    let mut places = Vec::with_capacity(count.min(bytes.len() / FIXED));
    let mut last: &[u8] = &[];
    for index in 0..count {
        places.push(body.len() - cursor.0.len());
        cursor.take(FIXED - 4)?;
        let length = usize::try_from(cursor.u32()?).ok()?;
        let path = cursor.take(length)?;
        if index > 0 && last >= path {
            return None;
        }
        last = path;
    }
    cursor.0.is_empty().then_some(places)
}

fn path_at(bytes: &[u8], start: usize) -> Option<&[u8]> {
    let mut cursor = Cursor(bytes.get(start + FIXED - 4..)?);
    let length = usize::try_from(cursor.u32()?).ok()?;
    cursor.take(length)
}

fn entry_at(bytes: &[u8], start: usize) -> Option<Entry<'_>> {
    let mut cursor = Cursor(bytes.get(start..)?);
    let stat = Stat {
        size: cursor.u64()?,
        mtime: cursor.i64()?,
        ctime: cursor.i64()?,
        ino: cursor.u64()?,
        dev: cursor.u64()?,
    };
    let raw = cursor.array()?;
    let (width, height) = (cursor.u32()?, cursor.u32()?);
    Some(Entry {
        path: path_at(bytes, start)?,
        stat,
        raw,
        pixels: (width > 0).then_some(Pixels { width, height }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, size: u64) -> Entry<'_> {
        Entry {
            path: path.as_bytes(),
            stat: Stat {
                size,
                ..Stat::default()
            },
            raw: [9; 32],
            pixels: (size > 1).then_some(Pixels {
                width: 3,
                height: 4,
            }),
        }
    }

    fn saved(folder: &Path, seen: &[Entry], roots: &[&[u8]]) -> StatCache {
        StatCache::open(Some(folder), false).save(seen.iter().copied(), roots);
        StatCache::open(Some(folder), false)
    }

    #[test]
    fn other_paths_stay_and_what_is_gone_goes() {
        let folder = tempfile::tempdir().unwrap();
        saved(folder.path(), &[entry("/a/1", 1), entry("/ab/1", 2)], &[]);
        let cache = saved(folder.path(), &[entry("/a/2", 3)], &[b"/a"]);
        assert!(cache.entries().eq([entry("/a/2", 3), entry("/ab/1", 2)]));
    }

    #[test]
    fn nothing_is_written_when_nothing_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("statcache");
        saved(folder.path(), &[entry("/a/1", 1)], &[]);
        let before = Stat::of(&path.metadata().unwrap());
        saved(folder.path(), &[entry("/a/1", 1)], &[b"/a"]);
        assert_eq!(Stat::of(&path.metadata().unwrap()), before);
    }

    #[test]
    fn damage_anywhere_means_empty() {
        let folder = tempfile::tempdir().unwrap();
        saved(folder.path(), &[entry("/a/1", 1), entry("/b", 2)], &[]);
        let path = folder.path().join("statcache");
        let good = std::fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            std::fs::write(&path, &bad).unwrap();
            assert!(load(folder.path()).is_none(), "byte {at}");
            std::fs::write(&path, &good[..at]).unwrap();
            assert!(load(folder.path()).is_none(), "cut at {at}");
        }
        let rebuilt = saved(folder.path(), &[entry("/c", 3)], &[]);
        assert!(rebuilt.entries().eq([entry("/c", 3)]));
    }

    #[test]
    fn a_wrong_structure_under_a_right_digest_means_empty() {
        let folder = tempfile::tempdir().unwrap();
        saved(folder.path(), &[entry("/a/1", 1), entry("/b", 2)], &[]);
        let path = folder.path().join("statcache");
        let good = std::fs::read(&path).unwrap();
        let body = good.len() - TRAILER;
        for at in 0..body {
            let mut bad = good[..body].to_vec();
            bad[at] ^= 0xff;
            let checksum = XxHash3_64::oneshot(&bad).to_le_bytes();
            bad.extend_from_slice(&checksum);
            std::fs::write(&path, &bad).unwrap();
            // Must not panic; a flipped size or digest is another valid cache.
            let _ = load(folder.path());
        }
    }

    #[test]
    fn a_saver_that_meets_another_gives_way() {
        let folder = tempfile::tempdir().unwrap();
        let lock = std::fs::File::create(folder.path().join("statcache.lock")).unwrap();
        lock.try_lock().unwrap();
        let cache = saved(folder.path(), &[entry("/a", 1)], &[]);
        assert!(cache.is_empty());
    }

    #[test]
    fn only_files_at_rest_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let cache = StatCache::open(Some(folder.path()), false);
        let Clock { now, dev } = cache.now.unwrap();
        let keep = |mtime, ctime, dev, size| {
            cache.keep(&Stat {
                mtime,
                ctime,
                dev,
                size,
                ..Stat::default()
            })
        };
        let keeps = |mtime, ctime, dev| keep(mtime, ctime, dev, WORTH_SYNC) != Keep::No;
        let old = now - 3 * SECOND;
        assert!(keeps(old, old, dev));
        assert!(
            !keeps(old, old, dev + 1),
            "another device's clock may differ"
        );
        assert!(keeps(now - 601 * SECOND, now - 601 * SECOND, dev + 1));
        assert!(!keeps(now - SECOND, old, dev));
        assert!(!keeps(old, now - SECOND, dev), "`touch -d` sets mtime only");
        assert!(!keeps(now + 3600 * SECOND, old, dev), "the future");
        assert!(!keeps(i64::MAX, old, dev));
        let settled = now - 61 * SECOND;
        assert_eq!(keep(settled, old, dev, 1), Keep::Yes);
        assert_eq!(keep(old, old, dev, WORTH_SYNC), Keep::AfterSync);
        assert_eq!(keep(old, old, dev, 1), Keep::No, "quicker read than synced");
    }
}
