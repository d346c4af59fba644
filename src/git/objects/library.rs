//! The side of libgit2.

use std::fs::File;
use std::path::Path;

use git2::{ErrorClass, ErrorCode};

use super::{Object, Side};
use crate::git::{Error, Repo, refs};
use crate::model::Oid;

/// Bytes of packed refs above which the binary is faster: libgit2 reads them all for every ref that
/// it writes (0.4 s for 100,000), where git looks into the file.
const MANY_REFS: u64 = 128 << 10;

pub(super) struct Library<'r> {
    repo: &'r Repo,
    repository: git2::Repository,
    many_refs: bool,
    /// Written, and perhaps not on disk yet.
    unsettled: Vec<Oid>,
}

impl<'r> Library<'r> {
    /// `None` when libgit2 can't open it: SHA-256, reftable, partial clones, and what git may learn.
    ///
    /// The shared directory is opened, also in a linked worktree: from there libgit2 1.9 does not see
    /// that a ref exists, and a ref that is to be created once would be created twice.
    pub fn open(repo: &'r Repo) -> Option<Self> {
        let packed = repo.common_dir.join("packed-refs").metadata();
        Some(Self {
            repo,
            repository: git2::Repository::open(&repo.common_dir).ok()?,
            many_refs: packed.is_ok_and(|file| file.len() > MANY_REFS),
            unsettled: Vec::new(),
        })
    }

    /// libgit2 leaves it to the system when its files reach the disk.
    fn sync(&self, file: &Path) -> Result<(), Error> {
        let path = self.repository.commondir().join(file);
        let synced = File::open(&path).and_then(|file| file.sync_all());
        match synced {
            // It may be in a pack, or already replaced by a newer one.
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::File {
                path: path.display().to_string(),
                source: error,
            }),
            _ => Ok(()),
        }
    }
}

fn id_of(id: &Oid) -> Result<git2::Oid, Error> {
    Ok(git2::Oid::from_str(id.as_str())?)
}

fn ours(id: git2::Oid) -> Result<Oid, Error> {
    Oid::from_bytes(id.as_bytes()).ok_or_else(|| Error::Unexpected(id.to_string()))
}

impl Side for Library<'_> {
    fn read(&mut self, id: &Oid) -> Result<Option<Object>, Error> {
        let odb = self.repository.odb()?;
        match odb.read(id_of(id)?) {
            Ok(object) => Ok(Some(Object {
                kind: object.kind().str().to_owned(),
                content: object.data().to_vec(),
            })),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&mut self, kind: &str, content: &[u8]) -> Result<Oid, Error> {
        let kind = git2::ObjectType::from_str(kind)
            .ok_or_else(|| Error::Unexpected(format!("an object of type {kind}")))?;
        let id = ours(self.repository.odb()?.write(kind, content)?)?;
        self.unsettled.push(id.clone());
        Ok(id)
    }

    fn settle(&mut self) -> Result<(), Error> {
        // The youngest first: with its entry in the file system's journal go those of the others.
        while let Some(id) = self.unsettled.last() {
            let (folder, file) = id.as_str().split_at(2);
            self.sync(&Path::new("objects").join(folder).join(file))?;
            self.unsettled.pop();
        }
        Ok(())
    }

    fn reference(&mut self, name: &str) -> Result<Option<Oid>, Error> {
        if self.many_refs {
            return refs::read_name(self.repo, name);
        }
        match self.repository.refname_to_id(name) {
            Ok(id) => ours(id).map(Some),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            // Seen while another process renames its new version into place.
            Err(error) if matches!(error.class(), ErrorClass::Os | ErrorClass::Reference) => {
                Err(Error::Changed(name.to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn move_reference(&mut self, name: &str, new: &Oid, old: Option<&Oid>) -> Result<(), Error> {
        if self.many_refs {
            return refs::update(self.repo, name, Some(new), old);
        }
        let new = id_of(new)?;
        let moved = match old {
            None => self.repository.reference(name, new, false, "git-exp"),
            Some(old) => {
                let old = id_of(old)?;
                self.repository
                    .reference_matching(name, new, true, old, "git-exp")
            }
        };
        match moved.map(drop) {
            Ok(()) => self.sync(Path::new(name)),
            Err(error) => Err(match (error.code(), error.class()) {
                (ErrorCode::Modified | ErrorCode::Locked | ErrorCode::Exists, _)
                | (_, ErrorClass::Reference) => Error::Changed(name.to_owned()),
                // Moved away by another writer between reading and locking.
                (ErrorCode::NotFound, _) if old.is_some() => Error::Changed(name.to_owned()),
                _ => error.into(),
            }),
        }
    }

    fn is_ancestor(&mut self, ancestor: &Oid, of: &Oid) -> Result<bool, Error> {
        if ancestor == of {
            return Ok(true);
        }
        let (of, ancestor) = (id_of(of)?, id_of(ancestor)?);
        Ok(self.repository.graph_descendant_of(of, ancestor)?)
    }
}
