//! A private copy of the index. The user's own is read, never written.

use std::path::PathBuf;

use filetime::FileTime;

use crate::git::tree::Entry;
use crate::git::{Error, Git, Repo};
use crate::model::Oid;

/// How names of our folders in the git directory begin; `doctor` removes what a killed process left.
pub const SCRATCH_PREFIX: &str = "exp-index-";

/// An index file of our own, removed with everything beside it when dropped.
#[derive(Debug)]
pub struct Scratch {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Scratch {
    /// An index with nothing in it.
    pub fn empty(repo: &Repo) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix(SCRATCH_PREFIX)
            .tempdir_in(&repo.git_dir)
            .map_err(|source| failed(&repo.git_dir, source))?;
        Ok(Self {
            path: folder.path().join("index"),
            _folder: folder,
        })
    }

    /// A copy of the user's index with its modification time: an entry as young as the index is
    /// compared by content, and would pass for unchanged in a younger one.
    pub fn copy(repo: &Repo) -> Result<Self, Error> {
        let scratch = Self::empty(repo)?;
        let source = repo.git_dir.join("index");
        let copied = std::fs::File::open(&source).and_then(|mut original| {
            let found = original.metadata()?;
            let mut copy = std::fs::File::create(&scratch.path)?;
            std::io::copy(&mut original, &mut copy)?;
            let modified = FileTime::from_last_modification_time(&found);
            filetime::set_file_handle_times(&copy, None, Some(modified))
        });
        match copied {
            // Before the first `git add` there is none.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(scratch),
            Err(error) => Err(failed(&source, error)),
            Ok(()) => Ok(scratch),
        }
    }

    /// git on this index.
    pub fn on(&self, git: Git) -> Git {
        git.index(&self.path).durable()
    }

    /// Puts entries in by id, whatever is on disk.
    pub fn put(&self, git: Git, entries: &[Entry]) -> Result<(), Error> {
        let mut lines = Vec::new();
        for entry in entries {
            lines.extend(format!("{:06o} {}\t", entry.mode, entry.id).into_bytes());
            lines.extend(entry.path.as_bytes());
            lines.push(0);
        }
        self.on(git)
            .args(["update-index", "-z", "--replace", "--index-info"])
            .stdin(lines)
            .run()
            .map(drop)
    }

    /// Writes the tree.
    pub fn write_tree(&self, git: Git) -> Result<Oid, Error> {
        let printed = self.on(git).arg("write-tree").text()?;
        Oid::parse(&printed).ok_or(Error::Unexpected(printed))
    }
}

fn failed(path: &std::path::Path, source: std::io::Error) -> Error {
    Error::File {
        path: path.display().to_string(),
        source,
    }
}
