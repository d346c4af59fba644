//! Objects and the refs to them, by libgit2 where it can open the repository and by the binary
//! where it can't.
//!
//! The two sides share one narrow seam, [`Side`]: read an object, write one, move a ref, ask for
//! ancestry. Trees are taken apart and compared here, once, above it.

mod binary;
mod diff;
mod library;

use std::cell::RefCell;

pub use diff::TreeChange;

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
    /// Writes an object so that it is on disk when the call returns.
    fn write(&mut self, kind: &str, content: &[u8]) -> Result<Oid, Error>;
    /// What a ref names.
    fn reference(&mut self, name: &str) -> Result<Option<Oid>, Error>;
    /// Creates a ref, or moves it if it still names `old`; [`Error::Changed`] when it does not.
    fn move_reference(&mut self, name: &str, new: &Oid, old: Option<&Oid>) -> Result<(), Error>;
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

    /// How ids look here.
    pub fn format(&self) -> ObjectFormat {
        self.repo.format()
    }

    /// An object of any type; `None` when it is not here.
    pub fn read(&self, id: &Oid) -> Result<Option<Object>, Error> {
        self.with(|side| side.read(id))
    }

    /// Writes an object, durably.
    pub fn write(&self, kind: &str, content: &[u8]) -> Result<Oid, Error> {
        self.with(|side| side.write(kind, content))
    }

    /// What a ref names.
    pub fn reference(&self, name: &str) -> Result<Option<Oid>, Error> {
        self.with(|side| side.reference(name))
    }

    /// Creates a ref, or moves it if it still names `old`.
    ///
    /// # Errors
    /// [`Error::Changed`] when somebody else was faster.
    pub fn move_reference(&self, name: &str, new: &Oid, old: Option<&Oid>) -> Result<(), Error> {
        self.with(|side| side.move_reference(name, new, old))
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
        let object = self.read(id)?.ok_or_else(|| Error::Missing(id.clone()))?;
        match object.kind.as_str() {
            "tree" => parse_object(&object.content, self.format()),
            "commit" => self.tree(&tree_of(&object.content)?),
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
            Some(item) if item.mode & 0o170_000 == 0o100_000 => self.blob(&item.id).map(Some),
            _ => Ok(None),
        }
    }

    /// Every path that differs between two trees or commits, in path order.
    pub fn tree_diff(&self, from: &Oid, to: &Oid) -> Result<Vec<TreeChange>, Error> {
        diff::compare(self, from, to)
    }
}

/// The tree that a commit names.
fn tree_of(commit: &[u8]) -> Result<Oid, Error> {
    let line = commit.split(|&b| b == b'\n').next().unwrap_or_default();
    line.strip_prefix(b"tree ")
        .and_then(|id| Oid::parse(std::str::from_utf8(id).ok()?))
        .ok_or_else(|| Error::Unexpected("a broken commit object".to_owned()))
}
