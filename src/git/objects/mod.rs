//! Objects, by libgit2 where it can open the repository and by the binary where it can't.
//!
//! The two sides share one narrow seam, [`Side`]: read an object, write one, ask for ancestry. Trees
//! are taken apart and compared here, once, above it.

mod binary;
mod diff;
mod edit;
mod library;

use std::cell::RefCell;

pub use diff::TreeChange;
pub use edit::Edits;

use super::hash::ObjectFormat;
use super::tree::{FOLDER, Item, parse_object};
use super::{Error, Repo};
use crate::model::{Oid, RecordPath};

/// A type and its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// `blob`, `tree`, `commit` or `tag`.
    pub kind: String,
    /// The bytes without git's header.
    pub content: Vec<u8>,
}

/// What either side must be able to do.
trait Side {
    /// An object; `None` when it is not here. Nothing is ever fetched.
    fn read(&mut self, id: &Oid) -> Result<Option<Object>, Error>;
    /// How long objects are; `None` for those that are not here. Nothing is ever fetched.
    fn sizes(&mut self, ids: &[&Oid]) -> Result<Vec<Option<u64>>, Error>;
    /// Writes an object, which need not be on disk before [`Side::settle`].
    fn write(&mut self, kind: &str, content: &[u8]) -> Result<Oid, Error>;
    /// Returns when all that was written is on disk.
    fn settle(&mut self) -> Result<(), Error>;
    /// Whether one commit is the other, or reachable from it.
    fn is_ancestor(&mut self, ancestor: &Oid, of: &Oid) -> Result<bool, Error>;
}

/// The object database of a repository, opened at first use.
pub struct Objects<'r> {
    repo: &'r Repo,
    side: RefCell<Option<Box<dyn Side + 'r>>>,
    binary_only: bool,
}

impl<'r> Objects<'r> {
    /// libgit2 if it can open the repository, else the binary.
    pub fn open(repo: &'r Repo) -> Self {
        Self {
            repo,
            side: RefCell::new(None),
            binary_only: false,
        }
    }

    /// The binary, where one process more costs less than a library.
    pub fn binary(repo: &'r Repo) -> Self {
        Self {
            binary_only: true,
            ..Self::open(repo)
        }
    }

    /// libgit2 alone; `None` when it can't open the repository.
    pub fn library(repo: &'r Repo) -> Option<Self> {
        let library = library::Library::open(repo)?;
        Some(Self {
            side: RefCell::new(Some(Box::new(library))),
            ..Self::open(repo)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut dyn Side) -> Result<T, Error>) -> Result<T, Error> {
        let mut side = self.side.borrow_mut();
        let side = side.get_or_insert_with(|| {
            let library = match self.binary_only {
                true => None,
                false => library::Library::open(self.repo),
            };
            match library {
                Some(library) => Box::new(library),
                None => Box::new(binary::Binary::new(self.repo)),
            }
        });
        act(side.as_mut())
    }

    #[cfg(test)]
    pub(super) fn is_binary(&self) -> bool {
        self.binary_only
    }

    /// The repository.
    pub fn repo(&self) -> &'r Repo {
        self.repo
    }

    /// How ids look here.
    pub fn format(&self) -> ObjectFormat {
        self.repo.format()
    }

    /// An object of any type; `None` when it is not here.
    pub fn read(&self, id: &Oid) -> Result<Option<Object>, Error> {
        self.with(|side| side.read(id))
    }

    /// How many bytes objects have, in the order asked for; `None` for those that are not here.
    pub fn sizes(&self, ids: &[&Oid]) -> Result<Vec<Option<u64>>, Error> {
        match ids {
            [] => Ok(Vec::new()),
            _ => self.with(|side| side.sizes(ids)),
        }
    }

    /// Writes an object, durably.
    pub fn write(&self, kind: &str, content: &[u8]) -> Result<Oid, Error> {
        let id = self.write_soon(kind, content)?;
        self.settle()?;
        Ok(id)
    }

    /// Writes one of several objects, which are on disk after [`Objects::settle`]: together they cost
    /// hardly more than one.
    pub fn write_soon(&self, kind: &str, content: &[u8]) -> Result<Oid, Error> {
        self.with(|side| side.write(kind, content))
    }

    /// Returns when all objects are on disk. No ref may name one of them before.
    pub fn settle(&self) -> Result<(), Error> {
        self.with(|side| side.settle())
    }

    /// Whether one commit is the other, or reachable from it.
    pub fn is_ancestor(&self, ancestor: &Oid, of: &Oid) -> Result<bool, Error> {
        self.with(|side| side.is_ancestor(ancestor, of))
    }

    /// The bytes of a blob.
    ///
    /// # Errors
    /// When it is not here, or is no blob.
    pub fn blob(&self, id: &Oid) -> Result<Vec<u8>, Error> {
        match self.read(id)? {
            Some(object) if object.kind == "blob" => Ok(object.content),
            Some(object) => Err(Error::Unexpected(format!("{id} is a {}", object.kind))),
            None => Err(Error::Missing(id.clone())),
        }
    }

    /// The items of a tree, or of a commit's tree.
    pub fn tree(&self, id: &Oid) -> Result<Vec<Item>, Error> {
        parse_object(&self.tree_content(id)?, self.format())
    }

    /// The content of a tree, or of a commit's tree.
    pub fn tree_content(&self, id: &Oid) -> Result<Vec<u8>, Error> {
        let object = self.read(id)?.ok_or_else(|| Error::Missing(id.clone()))?;
        match object.kind.as_str() {
            "tree" => Ok(object.content),
            "commit" => self.tree_content(&tree_of(&object.content)?),
            kind => Err(Error::Unexpected(format!("{id} is a {kind}"))),
        }
    }

    /// What is at a path of a tree or commit; `None` when nothing is.
    pub fn at(&self, root: &Oid, path: &RecordPath) -> Result<Option<Item>, Error> {
        let mut folder = root.clone();
        let mut parts = path.as_bytes().split(|&b| b == b'/').peekable();
        while let Some(part) = parts.next() {
            let items = self.tree(&folder)?;
            let Some(item) = items.into_iter().find(|item| item.name == part) else {
                return Ok(None);
            };
            match parts.peek() {
                None => return Ok(Some(item)),
                Some(_) if item.mode == FOLDER => folder = item.id,
                Some(_) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The bytes of a file at a path of a tree or commit; `None` when there is no file.
    pub fn blob_at(&self, root: &Oid, path: &RecordPath) -> Result<Option<Vec<u8>>, Error> {
        match self.at(root, path)? {
            Some(item) => self.file(&item),
            None => Ok(None),
        }
    }

    /// The bytes of an item of a tree; `None` when it is no file.
    pub fn file(&self, item: &Item) -> Result<Option<Vec<u8>>, Error> {
        let is_file = item.mode & 0o170_000 == 0o100_000;
        is_file.then(|| self.blob(&item.id)).transpose()
    }

    /// Every path that differs between two trees or commits, in path order.
    pub fn tree_diff(&self, from: &Oid, to: &Oid) -> Result<Vec<TreeChange>, Error> {
        diff::compare(self, from, to)
    }

    /// Writes a tree that differs from another in some paths, as [`Objects::write_soon`] does, and
    /// gives its id.
    pub fn edited_tree(&self, tree: &Oid, edits: &Edits) -> Result<Oid, Error> {
        edit::apply(self, tree, edits)
    }
}

/// The tree that a commit names.
fn tree_of(commit: &[u8]) -> Result<Oid, Error> {
    let line = commit.split(|&b| b == b'\n').next().unwrap_or_default();
    line.strip_prefix(b"tree ")
        .and_then(|id| Oid::parse(std::str::from_utf8(id).ok()?))
        .ok_or_else(|| Error::Unexpected("a broken commit object".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Lab;

    /// The same test over both sides of the seam, and over SHA-256 where only one can work.
    fn everywhere(test: impl Fn(&Lab, &Objects<'_>)) {
        for (lab, library) in [(Lab::with_commit(), true), (Lab::sha256(), false)] {
            let repo = lab.repo();
            assert_eq!(library::Library::open(&repo).is_some(), library);
            test(&lab, &Objects::open(&repo));
            test(&lab, &Objects::binary(&repo));
        }
    }

    fn id(lab: &Lab, name: &str) -> Oid {
        Oid::parse(lab.git(&["rev-parse", name]).trim()).unwrap()
    }

    #[test]
    fn objects_are_read_and_written_alike() {
        everywhere(|lab, objects| {
            let blob = objects.write("blob", b"some\0bytes\n").unwrap();
            assert_eq!(blob, objects.format().id("blob", b"some\0bytes\n"));
            assert_eq!(objects.blob(&blob).unwrap(), b"some\0bytes\n");
            assert_eq!(
                objects.blob(&objects.write("blob", b"").unwrap()).unwrap(),
                b""
            );
            let head = id(lab, "HEAD");
            let path = "a.txt".into();
            assert_eq!(objects.blob_at(&head, &path).unwrap().unwrap(), b"one\n");
            for nothing in ["b.txt", "a.txt/x", "", "a.txt/"] {
                assert_eq!(
                    objects.blob_at(&head, &nothing.into()).unwrap(),
                    None,
                    "{nothing}"
                );
            }
            let absent = objects.format().id("blob", b"never written");
            assert_eq!(objects.read(&absent).unwrap(), None);
            assert!(matches!(objects.blob(&absent), Err(Error::Missing(_))));
            let sizes = objects.sizes(&[&blob, &absent, &blob]).unwrap();
            assert_eq!(sizes, [Some(11), None, Some(11)]);
            assert!(objects.blob(&head).is_err() && objects.tree(&blob).is_err());
        });
    }

    #[test]
    fn trees_are_compared_as_git_does() {
        everywhere(|lab, objects| {
            lab.git(&["checkout", "-q", "--orphan", "left"]);
            for (path, text) in [
                ("same/x", "1"),
                ("m", "1"),
                ("gone/y", "1"),
                ("f", "1"),
                ("d/z", "1"),
            ] {
                lab.write(path, text);
            }
            lab.commit("left");
            let from = id(lab, "HEAD");
            std::fs::remove_dir_all(lab.top().join("gone")).unwrap();
            std::fs::remove_file(lab.top().join("f")).unwrap();
            std::fs::remove_dir_all(lab.top().join("d")).unwrap();
            for (path, text) in [("m", "2"), ("f/inside", "1"), ("d", "1"), ("new/n", "1")] {
                lab.write(path, text);
            }
            lab.commit("right");
            let to = id(lab, "HEAD");
            let found = objects.tree_diff(&from, &to).unwrap();
            let ours: Vec<String> = found
                .iter()
                .map(|change| format!("{}\t{}", change.status, change.path.display()))
                .collect();
            let gits = lab.git(&[
                "diff-tree",
                "-r",
                "--name-status",
                "--no-renames",
                "HEAD^",
                "HEAD",
            ]);
            let mut gits: Vec<&str> = gits.lines().collect();
            gits.sort_by_key(|line| line.split('\t').nth(1).map(str::to_owned));
            assert_eq!(ours, gits);
            assert_eq!(objects.tree_diff(&to, &to).unwrap(), []);
            let all = objects
                .tree_diff(&objects.format().empty_tree(), &to)
                .unwrap();
            assert!(
                all.iter()
                    .all(|change| change.status == 'A' && change.old.is_none())
            );
            lab.git(&["checkout", "-q", "-f", "main"]);
            lab.git(&["branch", "-q", "-D", "left"]);
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_becomes_a_link_changes_its_type() {
        let lab = Lab::with_commit();
        std::fs::remove_file(lab.top().join("a.txt")).unwrap();
        std::os::unix::fs::symlink("x", lab.top().join("a.txt")).unwrap();
        lab.commit("link");
        let repo = lab.repo();
        let objects = Objects::open(&repo);
        let changes = objects
            .tree_diff(&id(&lab, "HEAD^"), &id(&lab, "HEAD"))
            .unwrap();
        assert_eq!(changes[0].status, 'T');
    }

    #[test]
    fn ancestry_includes_the_commit_itself() {
        everywhere(|lab, objects| {
            lab.git(&["commit", "-q", "--allow-empty", "-m", "next"]);
            let (old, new) = (id(lab, "HEAD^"), id(lab, "HEAD"));
            assert!(objects.is_ancestor(&old, &new).unwrap());
            assert!(objects.is_ancestor(&new, &new).unwrap());
            assert!(!objects.is_ancestor(&new, &old).unwrap());
        });
    }
}
