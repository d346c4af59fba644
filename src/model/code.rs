//! The state of the code that was run: the commit, and exactly how the working tree differed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::axis::Axis;
use super::digest::{Oid, Sha256};
use super::path::RecordPath;

/// What was frozen at start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Code {
    /// HEAD; `None` in a repository without a commit.
    pub commit: Option<Oid>,
    /// The branch; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// `git describe --always` of the commit.
    pub describe: Option<String>,
    /// The whole tree as it was, uncommitted and untracked files included.
    pub tree: Option<Oid>,
    /// The same tree with nothing but code in it: equal trees are the same code.
    pub code_tree: Option<Oid>,
    /// Whether anything outside `experiments/` differed from the commit.
    pub dirty: bool,
    /// The commit that keeps the frozen tree; `None` when the commit itself is exact.
    pub snapshot: Option<Oid>,
    /// The uncommitted change in readable form.
    pub patch: Option<FileInRun>,
    /// Each path that differed from the commit.
    pub changes: Vec<Change>,
    /// Files that are in no snapshot, and why.
    pub left_out: Vec<LeftOut>,
    /// Paths whose exact bytes git's conversions would not give back, kept raw in the snapshot.
    pub overlay: Vec<RecordPath>,
    /// Submodules and repositories inside this one.
    pub nested: Vec<Nested>,
    /// What `patch` can't express, in words.
    pub not_in_patch: Vec<String>,
    /// Paths in conflict at start.
    pub conflicts: Vec<RecordPath>,
    /// An operation that was under way: `merge`, `rebase`, `cherry-pick`, `revert`, `bisect`.
    pub state: Option<String>,
    /// The URL of `origin` (or the only remote), without credentials.
    pub remote: Option<String>,
    /// The repository that this one is a submodule of.
    pub superproject: Option<RecordPath>,
    /// Whether history was cut off (`git clone --depth`).
    pub shallow: bool,
}

impl Code {
    /// Whether code itself (not a config or data file) differed from the commit.
    pub fn code_is_dirty(&self) -> bool {
        self.changes.iter().any(|change| change.axis == Axis::Code)
    }

    /// Whether the tree has an older version of a file that is recorded by digest only.
    pub fn has_older(&self, left_out: &LeftOut) -> bool {
        let changed = |change: &Change| change.path == left_out.path && change.status == "M";
        self.changes.iter().any(changed)
    }
}

/// A file in the run's own folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileInRun {
    /// Its path inside the run folder.
    pub path: String,
    /// Its digest.
    pub sha256: Sha256,
}

/// One path that differed from the commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Relative to the top of the working tree.
    pub path: RecordPath,
    /// git's letter: `A` added, `M` modified, `D` deleted, `T` type changed, `?` untracked.
    pub status: String,
    /// Lines added; `None` for binary content.
    pub added: Option<u64>,
    /// Lines removed; `None` for binary content.
    pub removed: Option<u64>,
    /// What the path counts as.
    pub axis: Axis,
}

/// A file that is recorded by digest only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Relative to the top of the working tree.
    pub path: RecordPath,
    /// Size in bytes.
    pub bytes: u64,
    /// Digest; `None` when the file could not be read or holds a secret.
    pub sha256: Option<Sha256>,
    /// `size`, `secret`, `fifo`, `socket`, `device`, `empty-directory`, `unreadable`, `ignored`
    pub why: String,
}

/// A repository inside the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Nested {
    /// Relative to the top of the working tree.
    pub path: RecordPath,
    /// Its HEAD.
    pub commit: Option<Oid>,
    /// Its files as they were, as a tree in the outer repository.
    pub tree: Option<Oid>,
    /// Its remote, without credentials.
    pub remote: Option<String>,
}
