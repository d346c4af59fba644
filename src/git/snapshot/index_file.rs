//! The index read without a process, where its format is plain.
//!
//! Source: gitformat-index(5). Versions 2 and 3 without extensions that change what the entries
//! mean (split and sparse indexes); all else is left to `git ls-files`, which gives the same.

use std::path::Path;

use super::status::{IndexEntry, parse_entry, parse_index};
use crate::git::hash::ObjectFormat;
use crate::git::spread::over_parts;
use crate::git::tree::Entry;
use crate::git::{Error, Repo};
use crate::model::{Oid, RecordPath};

/// Ten 32-bit fields of `stat` before the id.
const STAT: usize = 40;
const ASSUME_VALID: u16 = 0x8000;
const EXTENDED: u16 = 0x4000;
const SKIP_WORKTREE: u16 = 0x4000;
const NAME_LENGTH: u16 = 0x0fff;
/// As long as this or longer.
const LONG_NAME: usize = 0x0fff;

/// What a file looked like when its entry was written, cut to 32 bits a field as the index has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Seconds and nanoseconds of the last change of content or inode.
    pub ctime: [u32; 2],
    /// Seconds and nanoseconds of the last change of the content.
    pub mtime: [u32; 2],
    /// Inode number.
    pub inode: u32,
    /// Bytes.
    pub size: u32,
}

/// The entries; `None` when only git can tell them.
pub fn read(path: &Path, format: ObjectFormat) -> Option<Vec<IndexEntry>> {
    parse(&bytes(path)?, format).map(|described| described.entries)
}

/// The entries with what their files looked like when they were written, in the same order.
#[derive(Debug, Default)]
pub struct Described {
    /// In byte order of the paths.
    pub entries: Vec<IndexEntry>,
    /// One for each entry; none where git alone could read the index and did not tell them.
    pub stats: Vec<Stat>,
}

/// The same as git lists it.
pub fn listed(repo: &Repo) -> Result<Described, Error> {
    let list = || repo.git().args(["ls-files", "-v", "-s", "-z"]);
    if let Some(described) = parse_listed(&list().arg("--debug").run()?) {
        return Ok(described);
    }
    // What `--debug` prints may change at any time (git-ls-files(1)).
    Ok(Described {
        entries: parse_index(&list().run()?)?,
        stats: Vec::new(),
    })
}

/// `<entry> NUL`, then `ctime: <s>:<ns>`, `mtime: <s>:<ns>`, `dev: <n> TAB ino: <n>`,
/// `uid: <n> TAB gid: <n>` and `size: <n> TAB flags: <x>`, each in a line with two spaces before it.
fn parse_listed(mut rest: &[u8]) -> Option<Described> {
    let mut described = Described::default();
    while !rest.is_empty() {
        let end = memchr::memchr(0, rest)?;
        described.entries.push(parse_entry(&rest[..end])?);
        rest = &rest[end + 1..];
        let mut field = |name: &str, end: u8| {
            let after = rest.strip_prefix(name.as_bytes())?;
            let length = memchr::memchr(end, after)?;
            rest = &after[length + 1..];
            std::str::from_utf8(&after[..length]).ok()
        };
        let number = |text: &str| text.parse::<u32>().ok();
        let ctime = [field("  ctime: ", b':')?, field("", b'\n')?];
        let mtime = [field("  mtime: ", b':')?, field("", b'\n')?];
        field("  dev: ", b'\t')?;
        let inode = number(field("ino: ", b'\n')?)?;
        field("  uid: ", b'\n')?;
        let size = number(field("  size: ", b'\t')?)?;
        field("flags: ", b'\n')?;
        described.stats.push(Stat {
            ctime: [number(ctime[0])?, number(ctime[1])?],
            mtime: [number(mtime[0])?, number(mtime[1])?],
            inode,
            size,
        });
    }
    Some(described)
}

/// The bytes of an index; `None` when it can't be read.
pub fn bytes(path: &Path) -> Option<Vec<u8>> {
    match std::fs::read(path) {
        // Before the first `git add` there is none.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(Vec::new()),
        read => read.ok(),
    }
}

/// What the bytes of an index say; `None` when only git can tell it.
pub fn parse(bytes: &[u8], format: ObjectFormat) -> Option<Described> {
    if bytes.is_empty() {
        return Some(Described::default());
    }
    let end = bytes.len().checked_sub(format.width())?;
    let bytes = &bytes[..end];
    let version = number(bytes, 4)?;
    if bytes.get(..4)? != b"DIRC" || !matches!(version, 2 | 3) {
        return None;
    }
    let count = usize::try_from(number(bytes, 8)?).ok()?;
    let mut lines = Vec::with_capacity(count.min(bytes.len() / STAT));
    let mut at = 12;
    for _ in 0..count {
        let line = Line::find(bytes, at, format)?;
        at = line.end();
        lines.push(line);
    }
    if !all_optional(bytes.get(at..)?) {
        return None;
    }
    let parts = over_parts(&lines, |part| {
        let entries: Option<Vec<_>> = part.iter().map(|line| line.entry(bytes, format)).collect();
        Some((
            entries?,
            part.iter()
                .map(|line| line.stat(bytes))
                .collect::<Option<Vec<_>>>()?,
        ))
    });
    let mut described = Described {
        entries: Vec::with_capacity(lines.len()),
        stats: Vec::with_capacity(lines.len()),
    };
    for part in parts {
        let (entries, stats) = part?;
        described.entries.extend(entries);
        described.stats.extend(stats);
    }
    Some(described)
}

/// Where one entry lies.
struct Line {
    begin: usize,
    flags: u16,
    skips: bool,
    name: usize,
    name_end: usize,
}

impl Line {
    fn find(bytes: &[u8], begin: usize, format: ObjectFormat) -> Option<Self> {
        let mut name = begin + STAT + format.width() + 2;
        let flags = short(bytes, name - 2)?;
        let mut skips = false;
        if flags & EXTENDED != 0 {
            skips = short(bytes, name)? & SKIP_WORKTREE != 0;
            name += 2;
        }
        let length = match usize::from(flags & NAME_LENGTH) {
            // The field is full.
            LONG_NAME => memchr::memchr(0, bytes.get(name..)?)?,
            length => length,
        };
        Some(Self {
            begin,
            flags,
            skips,
            name,
            name_end: name + length,
        })
    }

    /// One to eight NULs bring the entry to a multiple of eight bytes.
    fn end(&self) -> usize {
        self.begin + (self.name_end - self.begin) / 8 * 8 + 8
    }

    fn entry(&self, bytes: &[u8], format: ObjectFormat) -> Option<IndexEntry> {
        let tag = match (self.skips, self.flags & ASSUME_VALID != 0) {
            (true, true) => b's',
            (true, false) => b'S',
            (false, true) => b'h',
            (false, false) => b'H',
        };
        let id = self.begin + STAT;
        Some(IndexEntry {
            tag,
            stage: u8::try_from((self.flags >> 12) & 3).ok()?,
            entry: Entry {
                mode: number(bytes, self.begin + 24)?,
                id: Oid::from_bytes(bytes.get(id..id + format.width())?)?,
                path: RecordPath::from_bytes(bytes.get(self.name..self.name_end)?),
            },
        })
    }

    fn stat(&self, bytes: &[u8]) -> Option<Stat> {
        let field = |index: usize| number(bytes, self.begin + 4 * index);
        Some(Stat {
            ctime: [field(0)?, field(1)?],
            mtime: [field(2)?, field(3)?],
            inode: field(5)?,
            size: field(9)?,
        })
    }
}

/// Whether all extensions are of the kind that a reader may pass over: a capital letter first.
fn all_optional(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        let size = number(rest, 4).and_then(|size| usize::try_from(size).ok());
        match size.and_then(|size| rest.get(8 + size..)) {
            Some(after) if rest[0].is_ascii_uppercase() => rest = after,
            _ => return false,
        }
    }
    true
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(field.try_into().ok()?))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(field.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::git::testing::Lab;

    fn compare(lab: &Lab) -> bool {
        let repo = lab.repo();
        let listed = repo
            .git()
            .args(["ls-files", "-v", "-s", "-z"])
            .run()
            .unwrap();
        let mut expected = parse_index(&listed).unwrap();
        for entry in &mut expected {
            // `M` says what the stage says.
            entry.tag = if entry.tag == b'M' { b'H' } else { entry.tag };
        }
        let listed = super::listed(&repo).unwrap();
        let found = parse(&bytes(&repo.git_dir.join("index")).unwrap(), repo.format());
        assert_eq!(listed.stats.len(), expected.len());
        if let Some(found) = &found {
            assert_eq!(found.entries, expected);
            assert_eq!(found.stats, listed.stats);
        }
        found.is_some()
    }

    #[test]
    fn a_plain_index_is_read_as_git_lists_it() {
        for lab in [Lab::init(&[]), Lab::init(&["--object-format=sha256"])] {
            assert!(compare(&lab), "none yet");
            for length in 1..40 {
                lab.write(&"n".repeat(length), "x");
            }
            lab.write("deep/er/файл", "x");
            lab.write("long/".repeat(60).trim_end_matches('/'), "x");
            lab.commit("all");
            assert!(compare(&lab));
            lab.git(&["update-index", "--assume-unchanged", "n", "nn"]);
            lab.git(&["update-index", "--skip-worktree", "nn", "nnn"]);
            lab.write("new", "x");
            lab.git(&["add", "-N", "new"]);
            assert!(compare(&lab), "flags make it version 3");
        }
    }

    #[test]
    fn conflicts_have_their_stages() {
        let lab = Lab::with_commit();
        lab.git(&["checkout", "-q", "-b", "other"]);
        lab.write("a.txt", "other\n");
        lab.commit("other");
        lab.git(&["checkout", "-q", "main"]);
        lab.write("a.txt", "main\n");
        lab.commit("main");
        let repo = lab.repo();
        repo.git().args(["merge", "other"]).output().unwrap();
        assert!(compare(&lab));
        let entries = read(&repo.git_dir.join("index"), repo.format()).unwrap();
        assert_eq!(
            entries.iter().map(|e| e.stage).collect::<Vec<_>>(),
            [1, 2, 3]
        );
    }

    #[test]
    fn what_only_git_understands_is_left_to_it() {
        let lab = Lab::with_commit();
        lab.write("out/b.txt", "x\n");
        lab.commit("out");
        assert!(compare(&lab));
        lab.git(&["update-index", "--index-version", "4"]);
        assert!(!compare(&lab), "version 4");
        lab.git(&["update-index", "--index-version", "2"]);
        lab.git(&["update-index", "--split-index"]);
        assert!(!compare(&lab), "split");
        lab.git(&["update-index", "--no-split-index"]);
        assert!(compare(&lab));
        lab.git(&["sparse-checkout", "set", "--sparse-index", "in"]);
        assert!(!compare(&lab), "sparse");
    }

    proptest! {
        #[test]
        fn damage_is_never_a_panic(at in 0_usize..400, byte: u8, cut in 0_usize..400) {
            static INDEX: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
                std::fs::read(Lab::with_commit().top().join(".git/index")).unwrap()
            });
            let mut bytes = INDEX.clone();
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(cut.max(1));
            let _ = parse(&bytes, ObjectFormat::Sha1);
        }
    }
}
