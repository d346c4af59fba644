//! `git status --porcelain=v2 -z` and `git ls-files -v -s -z`, taken apart.

use super::conversion::ATTRIBUTES_FILE;
use crate::git::command::split_nul;
use crate::git::tree::Entry;
use crate::git::{Error, Head};
use crate::model::{Oid, RecordPath};

/// What `git status` said.
#[derive(Debug, Default)]
pub struct Status {
    /// Where HEAD stands.
    pub head: Head,
    /// Tracked paths that differ from the commit or from the index.
    pub tracked: Vec<RecordPath>,
    /// Those among them that differ from the index.
    pub edited: Vec<RecordPath>,
    /// Those among these that git itself may take for unchanged, for it goes by full seconds.
    pub overlooked: Vec<RecordPath>,
    /// Whether the index differs from the commit.
    pub is_staged: bool,
    /// Paths in conflict.
    pub conflicts: Vec<RecordPath>,
    /// Files that git doesn't know and doesn't ignore.
    pub untracked: Vec<RecordPath>,
    /// Repositories inside this one that are no submodules of it.
    pub nested: Vec<RecordPath>,
    /// What is ignored: files, and folders as a whole.
    pub ignored: Vec<RecordPath>,
}

impl Status {
    /// Reads the output (git-status(1), "Porcelain Format Version 2").
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut status = Self::default();
        for record in split_nul(bytes) {
            let taken = match record[0] {
                b'#' => status.header(record),
                b'1' => path_after(record, 8).map(|path| status.changed(record, path)),
                b'u' => path_after(record, 10).map(|path| status.conflicts.push(path)),
                b'?' => path_after(record, 1).map(|path| status.other(path)),
                b'!' => path_after(record, 1).map(|path| status.ignored.push(folder_name(&path))),
                _ => None,
            };
            taken.ok_or_else(|| Error::Unexpected(String::from_utf8_lossy(record).into_owned()))?;
        }
        Ok(status)
    }

    /// Whether git sees no difference.
    pub fn is_clean(&self) -> bool {
        self.tracked.is_empty()
            && self.untracked.is_empty()
            && self.nested.is_empty()
            && self.conflicts.is_empty()
    }

    /// Whether the attributes in the working tree are others than the commit's.
    pub fn changes_attributes(&self) -> bool {
        let mut changed = self.tracked.iter().chain(&self.conflicts);
        changed.any(|path| path.file_name() == ATTRIBUTES_FILE)
    }

    /// Whether git goes by attributes that it ignores itself: no commit has them, and yet they hold
    /// for the files beside and below them.
    pub fn ignores_attributes(&self) -> bool {
        let mut names = self.ignored.iter().map(RecordPath::file_name);
        names.any(|name| name == ATTRIBUTES_FILE)
    }

    fn header(&mut self, record: &[u8]) -> Option<()> {
        let text = String::from_utf8_lossy(record);
        if let Some(id) = text.strip_prefix("# branch.oid ") {
            self.head.commit = Oid::parse(id);
        } else if let Some(name) = text.strip_prefix("# branch.head ") {
            self.head.branch = (name != "(detached)").then(|| name.to_owned());
        }
        Some(())
    }

    /// `1 XY …`: X is staged, Y is on disk alone.
    fn changed(&mut self, record: &[u8], path: RecordPath) {
        self.is_staged |= record.get(2) != Some(&b'.');
        if record.get(3) != Some(&b'.') {
            self.edited.push(path.clone());
        }
        self.tracked.push(path);
    }

    /// With `--untracked-files=all` git names a folder only when it will not look into it.
    fn other(&mut self, path: RecordPath) {
        if path.as_bytes().ends_with(b"/") {
            self.nested.push(folder_name(&path));
        } else {
            self.untracked.push(path);
        }
    }
}

/// The path behind a number of space-separated fields.
fn path_after(record: &[u8], fields: usize) -> Option<RecordPath> {
    let path = record.splitn(fields + 1, |&b| b == b' ').nth(fields)?;
    (!path.is_empty()).then(|| RecordPath::from_bytes(path))
}

/// Without the slash that marks folders.
pub fn folder_name(path: &RecordPath) -> RecordPath {
    let bytes = path.as_bytes();
    RecordPath::from_bytes(bytes.strip_suffix(b"/").unwrap_or(bytes))
}

/// One entry of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// `git ls-files -v`: `H` plain, `S` skip-worktree, lower case for assume-unchanged.
    pub tag: u8,
    /// 0, or 1 to 3 in a conflict.
    pub stage: u8,
    /// Mode, id and path.
    pub entry: Entry,
}

/// Reads `git ls-files -v -s -z`: `H 100644 <id> 0\t<path>`.
pub fn parse_index(bytes: &[u8]) -> Result<Vec<IndexEntry>, Error> {
    split_nul(bytes)
        .map(|record| {
            parse_entry(record)
                .ok_or_else(|| Error::Unexpected(String::from_utf8_lossy(record).into_owned()))
        })
        .collect()
}

/// Reads one of these records.
pub fn parse_entry(record: &[u8]) -> Option<IndexEntry> {
    let tab = record.iter().position(|&b| b == b'\t')?;
    let mut words = std::str::from_utf8(&record[..tab]).ok()?.split(' ');
    let (tag, mode, id, stage) = (words.next()?, words.next()?, words.next()?, words.next()?);
    Some(IndexEntry {
        tag: *tag.as_bytes().first()?,
        stage: stage.parse().ok()?,
        entry: Entry {
            mode: u32::from_str_radix(mode, 8).ok()?,
            id: Oid::parse(id)?,
            path: RecordPath::from_bytes(&record[tab + 1..]),
        },
    })
}

/// A path that an index has more than once, conflicts apart. git has been seen to write such an index,
/// and would make a tree of it that no git accepts.
pub fn twice(index: &[IndexEntry]) -> Option<&RecordPath> {
    let is_twice = |pair: &&[IndexEntry]| {
        pair[0].stage == pair[1].stage && pair[0].entry.path == pair[1].entry.path
    };
    let pair = index.windows(2).find(is_twice)?;
    Some(&pair[0].entry.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_there_twice_is_found() {
        let id = "a".repeat(40);
        let line = |stage: u8, path: &str| format!("H 100644 {id} {stage}\t{path}\0");
        let sound = [(0, "a"), (1, "b"), (2, "b"), (3, "b"), (0, "c")];
        let mut text: String = sound.map(|(stage, path)| line(stage, path)).concat();
        assert_eq!(twice(&parse_index(text.as_bytes()).unwrap()), None);
        text.push_str(&line(0, "c"));
        let damaged = parse_index(text.as_bytes()).unwrap();
        assert_eq!(twice(&damaged), Some(&"c".into()));
    }

    #[test]
    fn every_kind_of_record_is_understood() {
        let id = "a".repeat(40);
        let text = format!(
            "# branch.oid {id}\0# branch.head x/y\0\
             1 .M N... 100644 100644 100644 {id} {id} a file\0\
             1 M. N... 100644 100644 100644 {id} {id} staged\0\
             u UU N... 100644 100644 100644 100644 {id} {id} {id} b c\0\
             ? new\nline\0? lib/\0! build/\0"
        );
        let status = Status::parse(text.as_bytes()).unwrap();
        assert_eq!(status.head.branch.as_deref(), Some("x/y"));
        assert_eq!(status.head.commit, Oid::parse(&id));
        assert_eq!(status.tracked, ["a file".into(), "staged".into()]);
        assert_eq!(status.edited, ["a file".into()]);
        assert_eq!(status.conflicts, ["b c".into()]);
        assert_eq!(status.untracked, ["new\nline".into()]);
        assert_eq!(status.nested, ["lib".into()]);
        assert_eq!(status.ignored, ["build".into()]);
        assert!(Status::parse(b"9 what\0").is_err());
    }

    #[test]
    fn unborn_and_detached_heads_are_unknown_not_invented() {
        let status = Status::parse(b"# branch.oid (initial)\0# branch.head main\0").unwrap();
        assert_eq!(
            (status.head.commit, status.head.branch.as_deref()),
            (None, Some("main"))
        );
        let status = Status::parse(b"# branch.head (detached)\0").unwrap();
        assert_eq!(status.head.branch, None);
    }
}
