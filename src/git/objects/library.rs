//! The side of libgit2.

use std::fs::File;
use std::path::Path;

use git2::ErrorCode;

use super::{Object, Side};
use crate::atomic::together;
use crate::git::{Error, Repo};
use crate::model::Oid;

pub(super) struct Library {
    repository: git2::Repository,
    /// Written, and perhaps not on disk yet.
    unsettled: Vec<Oid>,
}

impl Library {
    /// `None` when libgit2 can't open it: SHA-256, reftable, partial clones, and what git may learn.
    pub fn open(repo: &Repo) -> Option<Self> {
        Some(Self {
            repository: git2::Repository::open(&repo.common_dir).ok()?,
            unsettled: Vec::new(),
        })
    }
}

/// libgit2 leaves it to the system when its files reach the disk.
fn sync(objects: &Path, id: &Oid) -> Result<(), Error> {
    let (folder, file) = id.as_str().split_at(2);
    let path = objects.join(folder).join(file);
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

fn id_of(id: &Oid) -> Result<git2::Oid, Error> {
    Ok(git2::Oid::from_str(id.as_str())?)
}

fn ours(id: git2::Oid) -> Result<Oid, Error> {
    Oid::from_bytes(id.as_bytes()).ok_or_else(|| Error::Unexpected(id.to_string()))
}

impl Side for Library {
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

    fn sizes(&mut self, ids: &[&Oid]) -> Result<Vec<Option<u64>>, Error> {
        let odb = self.repository.odb()?;
        let size = |id: &&Oid| match odb.read_header(id_of(id)?) {
            Ok((size, _)) => Ok(Some(size as u64)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        };
        ids.iter().map(size).collect()
    }

    fn write(&mut self, kind: &str, content: &[u8]) -> Result<Oid, Error> {
        let kind = git2::ObjectType::from_str(kind)
            .ok_or_else(|| Error::Unexpected(format!("an object of type {kind}")))?;
        let id = ours(self.repository.odb()?.write(kind, content)?)?;
        self.unsettled.push(id.clone());
        Ok(id)
    }

    fn settle(&mut self) -> Result<(), Error> {
        let objects = self.repository.commondir().join("objects");
        together(&self.unsettled, |id| sync(&objects, id))?;
        self.unsettled.clear();
        Ok(())
    }

    fn is_ancestor(&mut self, ancestor: &Oid, of: &Oid) -> Result<bool, Error> {
        if ancestor == of {
            return Ok(true);
        }
        let (of, ancestor) = (id_of(of)?, id_of(ancestor)?);
        Ok(self.repository.graph_descendant_of(of, ancestor)?)
    }
}
