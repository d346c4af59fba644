//! Linked worktrees, and commits and branches made for a user without a working tree in between.

use std::path::Path;

use super::snapshot::scratch::Scratch;
use super::{Error, Git, Repo, refs};
use crate::model::Oid;

/// A ref on its way from one commit to another.
#[derive(Debug)]
pub struct RefUpdate<'a> {
    /// Where it goes.
    pub new: &'a Oid,
    /// Where it must be; `None` before the first commit.
    pub old: Option<&'a Oid>,
    /// What the reflog says.
    pub reason: &'a str,
}

/// Registers a linked worktree without writing its files.
pub fn add(repo: &Repo, place: &Path, head: &Oid, branch: Option<&str>) -> Result<(), Error> {
    let git = repo
        .git()
        .args(["worktree", "add", "--quiet", "--no-checkout"]);
    let git = match branch {
        Some(_) => git,
        None => git.arg("--detach"),
    };
    git.arg("--")
        .arg(place)
        .arg(branch.unwrap_or(head.as_str()))
        .run()
        .map(drop)
}

/// Fills the worktree's own index.
pub fn stage(place: &Path, tree: &Oid) -> Result<(), Error> {
    Git::new(place)
        .args(["read-tree", tree.as_str()])
        .run()
        .map(drop)?;
    // Entries without file times make the next `git status` read every file; 1 is "some differ".
    Git::new(place)
        .args(["update-index", "-q", "--refresh"])
        .yes()
        .map(drop)
}

/// Takes a worktree back that could not be filled.
pub fn remove(repo: &Repo, place: &Path) {
    let _ = repo
        .git()
        .args(["worktree", "remove", "--force", "--force", "--"])
        .arg(place)
        .run();
}

impl Repo {
    /// Writes a commit in the user's own name. No hook runs.
    pub fn commit_as_user(
        &self,
        tree: &Oid,
        parents: &[&Oid],
        message: &str,
    ) -> Result<Oid, Error> {
        let git = self.git().durable().args(["commit-tree", tree.as_str()]);
        let git = match self.signs_commits()? {
            true => git.arg("-S"),
            false => git,
        };
        self.commit(git, parents, message)
    }

    /// Writes a commit in the tool's own name.
    pub fn commit_as_tool(
        &self,
        tree: &Oid,
        parents: &[&Oid],
        message: &str,
    ) -> Result<Oid, Error> {
        let git = self.git().args(["commit-tree", tree.as_str()]);
        self.commit(git.as_tool(), parents, message)
    }

    fn commit(&self, git: Git, parents: &[&Oid], message: &str) -> Result<Oid, Error> {
        let git = parents
            .iter()
            .fold(git, |git, parent| git.args(["-p", parent.as_str()]));
        let printed = git.stdin(message).text()?;
        Oid::parse(&printed).ok_or(Error::Unexpected(printed))
    }

    /// Whether HEAD has a file exactly as it is on disk and in the index.
    pub fn is_committed(&self, place: &Path) -> Result<bool, Error> {
        let tracked = self
            .git()
            .global("--literal-pathspecs")
            .args(["ls-files", "-z", "--"])
            .arg(place)
            .run()?;
        if tracked.is_empty() {
            return Ok(false);
        }
        let changes = self
            .git()
            .global("--literal-pathspecs")
            .args(["status", "--porcelain", "-z", "--ignored", "--"])
            .arg(place)
            .run()?;
        Ok(changes.is_empty())
    }

    /// `commit.gpgSign`, which `git commit` follows and `git commit-tree` does not.
    fn signs_commits(&self) -> Result<bool, Error> {
        let answer = self
            .git()
            .args(["config", "--type=bool", "--get", "commit.gpgSign"])
            .output()?;
        Ok(answer.stdout.starts_with(b"true"))
    }

    /// Moves HEAD, and the branch that it names.
    ///
    /// # Errors
    /// When somebody else moved it meanwhile.
    pub fn move_head(&self, update: &RefUpdate<'_>) -> Result<(), Error> {
        let none = self.format().zero();
        self.git()
            .durable()
            .args(["update-ref", "-m", update.reason, "HEAD"])
            .args([update.new, update.old.unwrap_or(&none)].map(Oid::as_str))
            .run()
            .map(drop)
    }

    /// Creates a branch.
    ///
    /// # Errors
    /// When the name is no branch's name, or the branch exists.
    pub fn new_branch(&self, name: &str, commit: &Oid) -> Result<(), Error> {
        self.git()
            .args(["branch", "--no-track", "--", name, commit.as_str()])
            .run()
            .map(drop)
    }

    /// Whether a branch can have this name.
    pub fn can_name_branch(&self, name: &str) -> Result<bool, Error> {
        let asked = self.git().args(["check-ref-format", &refs::branch(name)]);
        // An option to `git branch`, whatever refs may be called.
        Ok(!name.starts_with('-') && asked.yes()?)
    }

    /// The tree of a commit, or the empty one, with a patch on it. Nothing of the user's is touched.
    pub fn tree_with_patch(&self, commit: Option<&Oid>, patch: &[u8]) -> Result<Oid, Error> {
        let scratch = Scratch::empty(self)?;
        let base = commit.map_or("--empty", Oid::as_str);
        scratch.on(self.git()).args(["read-tree", base]).run()?;
        if !patch.is_empty() {
            scratch
                .on(self.git())
                .args(["apply", "--cached", "--whitespace=nowarn", "-"])
                .stdin(patch)
                .run()?;
        }
        scratch.write_tree(self.git())
    }
}
