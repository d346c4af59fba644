//! What was seen in the folders of a working tree, so that a folder that did not change is not read
//! again: one look at it instead of one at each of its names.
//!
//! A name can't come, go or change its kind without the folder's own modification time changing.
//! As with git's index, times that are too young say nothing: a second change within the same tick of
//! the file system's clock would not show. The clock is the file system's own, read off a file made
//! before any folder was looked at, since that of a file server may differ.
//!
//! Derived and disposable: a damaged file counts as none, one that can't be written is let be.
//!
//! Layout, little-endian: magic, XXH3 of all that follows `u64`, top of the working tree; `u8` whether
//! there is an answer of git's, and if so [`Told`] in the order of its fields; then folders: path, stamp, count `u32`,
//! and as many sightings: kind `u8`, name. A stamp is modified `i64`, changed `i64` (nanoseconds), inode
//! `u64`, device `u64`. Paths and names have their length before them, `u32`.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::io::Write;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::odd::{Kind, Names};
use crate::atomic;
use crate::git::Repo;
use crate::model::{Oid, RecordPath, Sha256};

const MAGIC: &[u8; 8] = b"gxfold3\n";
/// Within this many nanoseconds two changes may bear the same time (FAT has two seconds).
const AT_REST: i64 = 2_000_000_000;
/// The file's name begins so; what follows tells linked worktrees apart.
const PREFIX: &str = "folders-";

/// What tells the states of a folder or a file apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    modified: i64,
    changed: i64,
    inode: u64,
    device: u64,
}

/// A folder that was read: names of what no commit can hold, and of folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    stamp: Stamp,
    /// Names and kinds.
    pub found: Names,
}

/// What git told of a working tree where nothing was staged, outside the folders of records, and what
/// its answer hung on besides the folders themselves. Which tracked files differ is not in it: the
/// index and the disk tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Length and XXH3 of the index.
    pub index: [u64; 2],
    /// XXH3 of the settings.
    pub settings: u64,
    /// The tree of the commit.
    pub tree: Oid,
    /// Files of ignore rules that no commit has; without a stamp where there was none.
    pub rules: Vec<(RecordPath, Option<Stamp>)>,
    /// What was ignored among the things that are no files, and ignored files of attributes.
    pub ignored: Vec<RecordPath>,
    /// Files that git didn't know and didn't ignore, in path order.
    pub untracked: Vec<RecordPath>,
}

/// A folder as it was met in this search.
pub type Met = (RecordPath, Option<Stamp>, Names);

/// Folders by their path from the top of the working tree.
#[derive(Debug, Default)]
pub struct Folders {
    place: PathBuf,
    top: Vec<u8>,
    known: HashMap<Vec<u8>, Folder>,
    told: Option<Told>,
}

impl Folders {
    /// Opens what is remembered of a working tree.
    pub fn open(repo: &Repo) -> Self {
        let top = repo.work_tree.as_deref().map(Path::as_os_str);
        let top = top
            .map(OsStr::as_encoded_bytes)
            .unwrap_or_default()
            .to_vec();
        let name = format!("{PREFIX}{}", Sha256::of(&top).short());
        let place = repo.exp_dir().join(name);
        let (told, known) = std::fs::read(&place)
            .ok()
            .and_then(|bytes| parse(&bytes, &top))
            .unwrap_or_default();
        Self {
            place,
            top,
            known,
            told,
        }
    }

    /// A folder as it was read, if it is the same still.
    pub fn get(&self, path: &[u8], now: Option<Stamp>) -> Option<&Folder> {
        let folder = self.known.get(path)?;
        (Some(folder.stamp) == now).then_some(folder)
    }

    /// All that is remembered of what is in folders.
    pub fn all(&self) -> impl Iterator<Item = (&[u8], &Names)> {
        let known = self.known.iter();
        known.map(|(path, folder)| (path.as_slice(), &folder.found))
    }

    /// git's last answer, if it can hold still.
    pub fn told(&self) -> Option<&Told> {
        self.told.as_ref()
    }

    /// The remembered folders, those without tracked files included, that are not the same any more,
    /// with what was found in them.
    pub fn changed(&self, top: &Path) -> Vec<(RecordPath, &Names)> {
        let is_changed = |(path, folder): &(&Vec<u8>, &Folder)| {
            let place = top.join(RecordPath::from_bytes(path.as_slice()).to_path());
            stamp(&place) != Some(folder.stamp)
        };
        let changed = self.known.par_iter().filter(is_changed);
        changed
            .map(|(path, folder)| (RecordPath::from_bytes(path.as_slice()), &folder.found))
            .collect()
    }

    /// Forgets all.
    pub fn forget(&self) {
        // What could not be removed is asked about again, and that costs time alone.
        let _ = std::fs::remove_file(&self.place);
    }

    /// The moment before anything is looked at, to be given to [`Folders::keep`]. `None` where
    /// nothing can be written.
    pub fn clock(&self) -> Option<Draft> {
        let folder = self.place.parent()?;
        std::fs::create_dir_all(folder).ok()?;
        // `doctor` removes what a killed process left under such names.
        let file = atomic::draft(folder, ".tmp-").ok()?;
        let now = stamp(file.path())?;
        Some(Draft { file, now })
    }

    /// Remembers the folders of this search that may be; the others are forgotten. What git told is
    /// remembered only together with all of them.
    pub fn keep(self, draft: Draft, met: &[Met], told: Option<Told>) {
        let at_rest = |stamp: &Stamp| stamp.is_at_rest(draft.now);
        let may_be = |(_, stamp, _): &Met| stamp.as_ref().is_some_and(at_rest);
        let rules_may_be = |told: &Told| {
            let mut stamps = told.rules.iter().filter_map(|(_, stamp)| stamp.as_ref());
            stamps.all(at_rest)
        };
        let told = told.filter(|told| rules_may_be(told) && met.iter().all(may_be));
        let is_known = |(path, stamp, _): &Met| self.get(path.as_bytes(), *stamp).is_some();
        let fresh = met.iter().filter(|met| may_be(met));
        if told == self.told && fresh.clone().all(is_known) {
            return;
        }
        let mut body = Vec::new();
        put(&mut body, &self.top);
        put_told(&mut body, told.as_ref());
        for (path, stamp, found) in fresh {
            let Some(stamp) = stamp else { continue };
            put(&mut body, path.as_bytes());
            put_stamp(&mut body, *stamp);
            put_count(&mut body, found.len());
            for (name, kind) in found {
                body.push(kind.code());
                put(&mut body, name);
            }
        }
        let digest = twox_hash::XxHash3_64::oneshot(&body);
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&digest.to_le_bytes());
        bytes.extend_from_slice(&body);
        let mut file = draft.file;
        // Derived: a failure costs time at the next look and is nobody's error now.
        if file.write_all(&bytes).is_ok() {
            let _ = file.persist(&self.place);
        }
    }
}

/// A file that will replace what is remembered, with the time at which it was made.
#[derive(Debug)]
pub struct Draft {
    file: tempfile::NamedTempFile,
    now: Stamp,
}

impl Stamp {
    #[cfg(unix)]
    fn of(found: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let moment =
            |seconds: i64, rest: i64| seconds.checked_mul(1_000_000_000)?.checked_add(rest);
        Some(Self {
            modified: moment(found.mtime(), found.mtime_nsec())?,
            changed: moment(found.ctime(), found.ctime_nsec())?,
            inode: found.ino(),
            device: found.dev(),
        })
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Option<Self> {
        None
    }

    fn is_at_rest(&self, now: Stamp) -> bool {
        self.device == now.device
            && self.modified.max(self.changed) < now.modified.saturating_sub(AT_REST)
    }
}

/// Looks at a folder, a file or a link without reading it; `None` where the system tells too little.
pub fn stamp(place: &Path) -> Option<Stamp> {
    Stamp::of(&place.symlink_metadata().ok()?)
}

/// The same, of what a link leads to.
pub fn stamp_behind_links(place: &Path) -> Option<Stamp> {
    Stamp::of(&place.metadata().ok()?)
}

fn put(into: &mut Vec<u8>, bytes: &[u8]) {
    put_count(into, bytes.len());
    into.extend_from_slice(bytes);
}

fn put_count(into: &mut Vec<u8>, count: usize) {
    into.extend_from_slice(&u32::try_from(count).unwrap_or_default().to_le_bytes());
}

fn put_stamp(into: &mut Vec<u8>, stamp: Stamp) {
    into.extend_from_slice(&stamp.modified.to_le_bytes());
    into.extend_from_slice(&stamp.changed.to_le_bytes());
    into.extend_from_slice(&stamp.inode.to_le_bytes());
    into.extend_from_slice(&stamp.device.to_le_bytes());
}

fn put_told(into: &mut Vec<u8>, told: Option<&Told>) {
    into.push(u8::from(told.is_some()));
    let Some(told) = told else { return };
    for number in [told.index[0], told.index[1], told.settings] {
        into.extend_from_slice(&number.to_le_bytes());
    }
    put(into, told.tree.as_str().as_bytes());
    put_count(into, told.rules.len());
    for (path, stamp) in &told.rules {
        put(into, path.as_bytes());
        into.push(u8::from(stamp.is_some()));
        if let Some(stamp) = stamp {
            put_stamp(into, *stamp);
        }
    }
    for paths in [&told.ignored, &told.untracked] {
        put_count(into, paths.len());
        for path in paths {
            put(into, path.as_bytes());
        }
    }
}

type Known = HashMap<Vec<u8>, Folder>;

fn parse(bytes: &[u8], top: &[u8]) -> Option<(Option<Told>, Known)> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let digest = take_number(&mut rest)?;
    if digest != twox_hash::XxHash3_64::oneshot(rest) || text(&mut rest)? != top {
        return None;
    }
    let told = match take(&mut rest, 1)? {
        [0] => None,
        _ => Some(take_told(&mut rest)?),
    };
    let mut known = HashMap::new();
    while !rest.is_empty() {
        let path = text(&mut rest)?.to_vec();
        let stamp = take_stamp(&mut rest)?;
        let mut found = Vec::new();
        for _ in 0..take_count(&mut rest)? {
            let kind = Kind::from_code(take(&mut rest, 1)?[0])?;
            found.push((text(&mut rest)?.to_vec(), kind));
        }
        known.insert(path, Folder { stamp, found });
    }
    Some((told, known))
}

fn take_told(rest: &mut &[u8]) -> Option<Told> {
    let index = [take_number(rest)?, take_number(rest)?];
    let settings = take_number(rest)?;
    let tree = Oid::parse(std::str::from_utf8(text(rest)?).ok()?)?;
    let mut rules = Vec::new();
    for _ in 0..take_count(rest)? {
        let path = RecordPath::from_bytes(text(rest)?);
        let stamp = match take(rest, 1)? {
            [0] => None,
            _ => Some(take_stamp(rest)?),
        };
        rules.push((path, stamp));
    }
    let mut paths = || {
        let count = take_count(rest)?;
        (0..count)
            .map(|_| text(rest).map(RecordPath::from_bytes))
            .collect::<Option<Vec<_>>>()
    };
    let (ignored, untracked) = (paths()?, paths()?);
    Some(Told {
        index,
        settings,
        tree,
        rules,
        ignored,
        untracked,
    })
}

fn take_stamp(rest: &mut &[u8]) -> Option<Stamp> {
    Some(Stamp {
        modified: i64::from_le_bytes(take(rest, 8)?.try_into().ok()?),
        changed: i64::from_le_bytes(take(rest, 8)?.try_into().ok()?),
        inode: take_number(rest)?,
        device: take_number(rest)?,
    })
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(take(rest, 8)?.try_into().ok()?))
}

fn take_count(rest: &mut &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(take(rest, 4)?.try_into().ok()?))
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_count(rest)?;
    take(rest, usize::try_from(length).ok()?)
}

#[cfg(all(test, unix))]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::git::testing::Lab;

    fn settled(stamp: Stamp) -> Stamp {
        Stamp {
            modified: stamp.modified - 2 * AT_REST,
            changed: stamp.changed - 2 * AT_REST,
            ..stamp
        }
    }

    fn remember(repo: &Repo, path: &str, stamp: Stamp, found: Names) {
        let folders = Folders::open(repo);
        let draft = folders.clock().unwrap();
        folders.keep(draft, &[(path.into(), Some(stamp), found)], None);
    }

    #[test]
    fn a_folder_is_remembered_until_anything_of_it_changes() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let now = stamp(lab.top()).unwrap();
        let old = settled(now);
        let names: Names = vec![
            (b"pipe".to_vec(), Kind::Special("fifo")),
            (b"sub".to_vec(), Kind::Folder),
        ];
        remember(&repo, "in", old, names.clone());
        let folders = Folders::open(&repo);
        assert_eq!(folders.get(b"in", Some(old)).unwrap().found, names);
        assert!(folders.get(b"in", None).is_none());
        assert!(folders.get(b"other", Some(old)).is_none());
        for other in [
            Stamp {
                modified: old.modified + 1,
                ..old
            },
            Stamp {
                changed: old.changed + 1,
                ..old
            },
            Stamp {
                inode: old.inode + 1,
                ..old
            },
            Stamp {
                device: old.device + 1,
                ..old
            },
        ] {
            assert!(folders.get(b"in", Some(other)).is_none());
        }
    }

    #[test]
    fn what_changed_a_moment_ago_is_not_remembered() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let now = stamp(lab.top()).unwrap();
        let old = settled(now);
        for young in [
            now,
            Stamp {
                changed: old.changed,
                ..now
            },
            Stamp {
                modified: old.modified,
                ..now
            },
            Stamp {
                modified: i64::MAX,
                ..old
            },
            Stamp {
                device: old.device + 1,
                ..old
            },
        ] {
            remember(&repo, "in", young, Names::new());
            assert!(Folders::open(&repo).get(b"in", Some(young)).is_none());
        }
    }

    #[test]
    fn another_working_tree_has_its_own() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let old = settled(stamp(lab.top()).unwrap());
        remember(&repo, "in", old, Names::new());
        let linked = Repo {
            work_tree: Some(lab.top().join("linked")),
            ..repo.clone()
        };
        assert!(Folders::open(&linked).get(b"in", Some(old)).is_none());
        assert!(Folders::open(&repo).get(b"in", Some(old)).is_some());
    }

    proptest! {
        #[test]
        fn damage_counts_as_nothing_remembered(at in 0_usize..200, byte: u8, cut in 0_usize..200) {
            static BYTES: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
                let lab = Lab::with_commit();
                let repo = lab.repo();
                let old = settled(stamp(lab.top()).unwrap());
                remember(&repo, "in", old, vec![(b"pipe".to_vec(), Kind::Special("fifo"))]);
                std::fs::read(Folders::open(&repo).place).unwrap()
            });
            let top = {
                let mut rest = &BYTES[16..];
                text(&mut rest).unwrap().to_vec()
            };
            prop_assert!(parse(&BYTES, &top).is_some());
            let mut bytes = BYTES.clone();
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length.min(cut.max(1)));
            prop_assert!(bytes == *BYTES || parse(&bytes, &top).is_none());
        }
    }
}
