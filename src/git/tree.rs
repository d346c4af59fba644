//! Trees in memory: listings as git prints them, and the id of a tree with some paths left out.

use std::borrow::Borrow;

use rayon::prelude::*;

use super::Error;
use super::command::split_nul;
use super::hash::{ObjectFormat, push_raw};
use crate::model::{Oid, RecordPath};

/// Mode of a link.
pub const SYMLINK: u32 = 0o120_000;
/// A file that is not executable.
pub const PLAIN: u32 = 0o100_644;
/// Mode of a commit of another repository.
pub const GITLINK: u32 = 0o160_000;
/// Mode of a folder.
pub const FOLDER: u32 = 0o40_000;

/// One path of a tree that is listed with `-r`: never a folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// git's mode: `100644`, `100755`, `120000` or `160000`, in octal.
    pub mode: u32,
    /// The blob, or the commit of a submodule.
    pub id: Oid,
    /// From the top of the tree.
    pub path: RecordPath,
}

impl Entry {
    /// Whether it is a file with bytes of its own.
    pub fn is_file(&self) -> bool {
        self.mode != SYMLINK && self.mode != GITLINK
    }
}

/// Reads `git ls-tree -r -z`.
pub fn parse_listing(bytes: &[u8]) -> Result<Vec<Entry>, Error> {
    split_nul(bytes).map(parse_line).collect()
}

/// `100644 blob <id>\t<path>`
fn parse_line(line: &[u8]) -> Result<Entry, Error> {
    let parsed = || {
        let tab = line.iter().position(|&b| b == b'\t')?;
        let head = std::str::from_utf8(&line[..tab]).ok()?;
        let mut words = head.split(' ');
        let (mode, _kind, id) = (words.next()?, words.next()?, words.next()?);
        Some(Entry {
            mode: u32::from_str_radix(mode, 8).ok()?,
            id: Oid::parse(id)?,
            path: RecordPath::from_bytes(&line[tab + 1..]),
        })
    };
    parsed().ok_or_else(|| Error::Unexpected(String::from_utf8_lossy(line).into_owned()))
}

/// The id of the tree that holds just the kept paths. Nothing is written; a folder that loses all
/// its paths is no longer there, as in git.
pub fn filtered_tree(
    entries: &[impl Borrow<Entry> + Sync],
    keep: impl Fn(&RecordPath) -> bool + Sync,
    format: ObjectFormat,
) -> Oid {
    let entries = entries.par_iter().with_min_len(1024);
    let kept = entries
        .map(Borrow::borrow)
        .filter(|entry: &&Entry| keep(&entry.path));
    let mut kept: Vec<&Entry> = kept.collect();
    // Full paths in byte order put each folder where git sorts it: as if its name ended in `/`.
    if !kept.is_sorted_by(|a, b| a.path <= b.path) {
        kept.sort_by(|a, b| a.path.cmp(&b.path));
    }
    subtree(&kept, 0, format)
}

/// The tree of entries that share their first `depth` bytes.
fn subtree(entries: &[&Entry], depth: usize, format: ObjectFormat) -> Oid {
    let mut content = Vec::with_capacity(entries.len() * 48);
    let mut rest = entries;
    while let Some(first) = rest.first() {
        let path = &first.path.as_bytes()[depth..];
        let Some(slash) = path.iter().position(|&b| b == b'/') else {
            push(&mut content, first.mode, path, &first.id);
            rest = &rest[1..];
            continue;
        };
        let folder = &path[..=slash];
        let inside = |entry: &&&Entry| entry.path.as_bytes()[depth..].starts_with(folder);
        let count = rest.iter().take_while(inside).count();
        let id = subtree(&rest[..count], depth + slash + 1, format);
        push(&mut content, FOLDER, &path[..slash], &id);
        rest = &rest[count..];
    }
    format.id("tree", &content)
}

/// Adds one entry in the form of a tree object: `mode name NUL raw-id`.
pub fn push(content: &mut Vec<u8>, mode: u32, name: &[u8], id: &Oid) {
    match mode {
        0o100_644 => content.extend_from_slice(b"100644 "),
        FOLDER => content.extend_from_slice(b"40000 "),
        _ => content.extend_from_slice(format!("{mode:o} ").as_bytes()),
    }
    content.extend_from_slice(name);
    content.push(0);
    push_raw(content, id);
}

/// One entry of a single tree object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// git's mode; [`FOLDER`] for a tree.
    pub mode: u32,
    /// One component.
    pub name: Vec<u8>,
    /// What it is.
    pub id: Oid,
}

/// One entry of a tree object as it stands there.
#[derive(Clone, Copy, Debug)]
pub struct RawItem<'c> {
    /// All of it.
    pub whole: &'c [u8],
    /// git's mode.
    pub mode: u32,
    /// One component.
    pub name: &'c [u8],
    /// The bytes of what it is.
    pub id: &'c [u8],
}

impl RawItem<'_> {
    /// What it is.
    pub fn oid(&self) -> Result<Oid, Error> {
        Oid::from_bytes(self.id).ok_or_else(broken)
    }
}

fn broken() -> Error {
    Error::Unexpected("a broken tree object".to_owned())
}

/// Goes through a tree object.
pub fn raw_items(
    content: &[u8],
    format: ObjectFormat,
) -> impl Iterator<Item = Result<RawItem<'_>, Error>> {
    let mut rest = content;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let item = raw_item(rest, format);
        rest = item.map_or(&[], |item| &rest[item.whole.len()..]);
        Some(item.ok_or_else(broken))
    })
}

fn raw_item(rest: &[u8], format: ObjectFormat) -> Option<RawItem<'_>> {
    let space = memchr::memchr(b' ', rest)?;
    let nul = space + memchr::memchr(0, &rest[space..])?;
    let end = nul + 1 + format.width();
    let mode = std::str::from_utf8(&rest[..space]).ok()?;
    Some(RawItem {
        whole: rest.get(..end)?,
        mode: u32::from_str_radix(mode, 8).ok()?,
        name: &rest[space + 1..nul],
        id: &rest[nul + 1..end],
    })
}

/// Takes a tree object apart.
pub fn parse_object(content: &[u8], format: ObjectFormat) -> Result<Vec<Item>, Error> {
    let item = |item: Result<RawItem<'_>, Error>| {
        let item = item?;
        Ok(Item {
            mode: item.mode,
            name: item.name.to_vec(),
            id: item.oid()?,
        })
    };
    raw_items(content, format).map(item).collect()
}

/// Puts a tree object together, in git's order.
pub fn build_object(mut items: Vec<Item>) -> Vec<u8> {
    let key = |item: &Item| {
        let mut key = item.name.clone();
        if item.mode == FOLDER {
            key.push(b'/');
        }
        key
    };
    items.sort_by_key(key);
    let mut content = Vec::new();
    for item in &items {
        push(&mut content, item.mode, &item.name, &item.id);
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Lab;

    /// The id that git gives the same tree: all of HEAD less the dropped paths.
    fn by_git(lab: &Lab, dropped: &[&str]) -> String {
        lab.git(&["read-tree", "HEAD"]);
        for path in dropped {
            lab.git(&["rm", "-q", "-r", "--cached", "--ignore-unmatch", path]);
        }
        lab.git(&["write-tree"]).trim().to_owned()
    }

    #[test]
    fn a_filtered_tree_is_the_one_that_git_would_write() {
        for lab in [Lab::with_commit(), Lab::sha256()] {
            // Names that sort one way as files and another as folders.
            for path in [
                "a/x",
                "a.b",
                "a-b/y",
                "a0",
                "deep/er/est/z",
                "deep/er/w",
                "src/a.py",
            ] {
                lab.write(path, path);
            }
            lab.commit("files");
            let listed = lab.git(&["ls-tree", "-r", "-z", "HEAD"]);
            let entries = parse_listing(listed.as_bytes()).unwrap();
            let format = lab.repo().format();
            for dropped in [
                &[][..],
                &["a.txt"],
                &["a"],
                &["deep/er/est"],
                &["deep"],
                &["a", "a-b", "a.b", "a.txt", "a0", "deep", "src"],
            ] {
                let gone: Vec<RecordPath> = dropped.iter().map(|path| (*path).into()).collect();
                let keep = |path: &RecordPath| !gone.iter().any(|folder| path.is_within(folder));
                let found = filtered_tree(&entries, keep, format);
                assert_eq!(found.as_str(), by_git(&lab, dropped), "{dropped:?}");
                let mut backwards = entries.clone();
                backwards.reverse();
                assert_eq!(filtered_tree(&backwards, keep, format), found);
            }
        }
    }

    #[test]
    fn tree_objects_survive_being_taken_apart() {
        let format = ObjectFormat::Sha1;
        let id = format.id("blob", b"");
        let item = |mode, name: &str| Item {
            mode,
            name: name.into(),
            id: id.clone(),
        };
        let items = vec![
            item(FOLDER, "a"),
            item(0o100_644, "a.b"),
            item(0o100_755, "b"),
        ];
        let content = build_object(items.clone());
        // `a.b` goes before the folder `a/`.
        let sorted = parse_object(&content, format).unwrap();
        assert_eq!(
            sorted,
            [items[1].clone(), items[0].clone(), items[2].clone()]
        );
        for cut in 1..content.len() {
            let whole = parse_object(&content[..cut], format).is_ok_and(|items| !items.is_empty());
            assert_eq!(whole, [31, 59].contains(&cut), "cut at {cut}");
        }
    }
}
