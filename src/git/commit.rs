//! A commit made beside the user's index.

use std::path::{Path, PathBuf};

use super::objects::Objects;
use super::snapshot::scratch::Scratch;
use super::worktree::RefUpdate;
use super::{Error, Git, Repo};
use crate::model::{Oid, RecordPath};

/// An operation during which git makes no partial commit: `merge`, `cherry-pick` or `revert`.
pub fn under_way(repo: &Repo) -> Result<Option<&'static str>, Error> {
    for (name, operation) in [
        ("MERGE_HEAD", "merge"),
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
    ] {
        if repo.resolve(name)?.is_some() {
            return Ok(Some(operation));
        }
    }
    Ok(None)
}

/// HEAD's tree in an index of our own, to which files are added.
#[derive(Debug)]
pub struct Beside<'r> {
    repo: &'r Repo,
    head: Option<Oid>,
    scratch: Scratch,
}

impl<'r> Beside<'r> {
    /// Starts from HEAD.
    ///
    /// # Errors
    /// When another git command is writing the user's index, which has to be told at the end.
    pub fn begin(repo: &'r Repo) -> Result<Self, Error> {
        let lock = repo.git_dir.join("index.lock");
        if lock.exists() {
            return Err(Error::Refused(format!(
                "another git command is at work ({} exists)",
                lock.display()
            )));
        }
        let (head, scratch) = (repo.resolve("HEAD")?, Scratch::empty(repo)?);
        if let Some(head) = &head {
            scratch
                .on(repo.git())
                .args(["read-tree", head.as_str()])
                .run()?;
        }
        Ok(Self {
            repo,
            head,
            scratch,
        })
    }

    fn git(&self) -> Git {
        self.scratch.on(self.repo.git())
    }

    /// Takes a folder as it is on disk, less what is ignored; files that are gone go.
    pub fn take_folder(&self, folder: &Path) -> Result<(), Error> {
        let listed = self
            .git()
            .global("--literal-pathspecs")
            .args(["ls-files", "-z", "-c", "-o", "--exclude-standard", "--"])
            .arg(folder)
            .run()?;
        self.update(listed)
    }

    /// Takes files as they are on disk, ignored or not.
    pub fn take(&self, files: &[PathBuf]) -> Result<(), Error> {
        let mut listed = Vec::new();
        for file in files {
            if let Some(path) = self.repo.relative(file) {
                listed.extend_from_slice(path.as_bytes());
                listed.push(0);
            }
        }
        self.update(listed)
    }

    /// Filters run, as at `git add`: large files of the user's go to Git LFS.
    fn update(&self, listed: Vec<u8>) -> Result<(), Error> {
        self.git()
            .args(["update-index", "-z", "--add", "--remove", "--stdin"])
            .stdin(listed)
            .run()
            .map(drop)
    }

    /// Puts bytes at a path, whatever is on disk.
    pub fn put(&self, path: &RecordPath, bytes: &[u8]) -> Result<(), Error> {
        let id = Objects::open(self.repo).write("blob", bytes)?;
        let mut line = format!("100644 {id}\t").into_bytes();
        line.extend_from_slice(path.as_bytes());
        line.push(0);
        self.git()
            .args(["update-index", "-z", "--index-info"])
            .stdin(line)
            .run()
            .map(drop)
    }

    /// Whether HEAD has the file.
    pub fn has(&self, file: &Path) -> Result<bool, Error> {
        let Some((head, path)) = self.head.as_ref().zip(self.repo.relative(file)) else {
            return Ok(false);
        };
        Ok(Objects::open(self.repo).at(head, &path)?.is_some())
    }

    /// The tree so far.
    pub fn tree(&self) -> Result<Oid, Error> {
        self.scratch.write_tree(self.repo.git())
    }

    /// Commits, moves HEAD if nobody else did, and tells the user's index about just these paths.
    ///
    /// # Returns
    /// The commit; `None` when there is nothing to commit.
    pub fn finish(self, message: &str) -> Result<Option<Oid>, Error> {
        let objects = Objects::open(self.repo);
        let tree = self.tree()?;
        let empty = self.repo.format().empty_tree();
        let changes = objects.tree_diff(self.head.as_ref().unwrap_or(&empty), &tree)?;
        if changes.is_empty() {
            return Ok(None);
        }
        let parents: Vec<&Oid> = self.head.iter().collect();
        let commit = self.repo.commit_as_user(&tree, &parents, message)?;
        let subject = message.lines().next().unwrap_or_default();
        self.repo.move_head(&RefUpdate {
            new: &commit,
            old: self.head.as_ref(),
            reason: &format!("commit (git exp): {subject}"),
        })?;
        let mut lines = Vec::new();
        for change in changes {
            let (mode, id) = change.new.unwrap_or((0, self.repo.format().zero()));
            lines.extend_from_slice(format!("{mode:06o} {id}\t").as_bytes());
            lines.extend_from_slice(change.path.as_bytes());
            lines.push(0);
        }
        // The user's own index with the user's own format of it; only hooks stay out.
        super::remote::transport(self.repo)
            .config("core.hooksPath=/dev/null")
            .args(["update-index", "-z", "--index-info"])
            .stdin(lines)
            .run()?;
        Ok(Some(commit))
    }
}
