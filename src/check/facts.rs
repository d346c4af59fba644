//! What rules are told: everything that was seen, gathered before any rule is asked.
//!
//! Nothing here touches a disk or git, so that each rule can be tested with facts made by hand.

use std::collections::BTreeMap;

use super::roll::Roll;
use crate::error::Failure;
use crate::model::run::Time;
use crate::model::{MetricValue, Oid, Run, RunId, Sha256};
use crate::settings::ProjectSettings;

/// Everything that was seen.
#[derive(Debug, Default)]
pub struct Facts {
    /// The runs whose folders were read, in order of number.
    pub runs: Vec<RunFacts>,
    /// All readable runs in brief.
    pub roll: Roll,
    /// Names in `runs/` that are no run's.
    pub strays: Vec<String>,
    /// Records that an earlier version has and no folder any more: what that version is called, and
    /// the folder.
    pub deleted: Vec<(String, RunId)>,
    /// The project's `runs/` folder, from the top of the working tree.
    pub runs_folder: String,
    /// The project's settings.
    pub settings: ProjectSettings,
    /// What kind of clone this is.
    pub clone: CloneFacts,
    /// Markdown that people read: mini-logs, reports.
    pub documents: Vec<Document>,
    /// Generated files and what they should be.
    pub generated: Vec<Generated>,
    /// The stages.
    pub stages: Vec<Stage>,
    /// How much was looked at.
    pub looked: Looked,
    /// The moment of the check; `None` in tests that don't need one.
    pub now: Option<Time>,
    /// Whether `--pushed` was asked.
    pub pushed: bool,
    /// Whether an uncommitted run is refused even when it is frozen.
    pub require_clean: bool,
    /// Whether an equal tree is not enough for `E-commit`.
    pub strict_commit: bool,
}

/// How much was looked at: with `--since`, no more than what is new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Records that were read.
    pub records: usize,
    /// Files of runs that were looked through.
    pub files: usize,
    /// Commits whose code may be that of a run.
    pub commits: usize,
}

/// What this clone can know.
#[derive(Clone, Debug, Default)]
pub struct CloneFacts {
    /// History was cut off.
    pub shallow: bool,
    /// Objects were left on the server.
    pub partial: bool,
    /// There is no working tree, or it was not looked at.
    pub no_worktree: bool,
    /// The remote's keep-refs were fetched or asked for, so that a missing one means something.
    pub keep_refs_known: bool,
    /// There is a remote at all.
    pub has_remote: bool,
    /// The remote that is pushed to by default.
    pub remote: Option<String>,
}

/// What was seen of one run.
#[derive(Debug)]
pub struct RunFacts {
    /// The folder's name.
    pub id: RunId,
    /// The folder, from the top of the working tree.
    pub folder: String,
    /// Whether rules are asked about it (`--since`, `--staged`).
    pub in_scope: bool,
    /// The record, or why it can't be read.
    pub run: Result<Run, String>,
    /// Its mini-log, until it is taken to [`Facts::documents`].
    pub readme: Option<String>,
    /// Digest of the immutable part as the file has it now.
    pub digest: Option<String>,
    /// The same in versions that were committed before: what the version is called, and its digest.
    pub before: Vec<(String, String)>,
    /// Where its commit is.
    pub commit: CommitFacts,
    /// The frozen tree, if the run was dirty.
    pub frozen: FrozenFacts,
    /// Copies of configuration files, in the record's order.
    pub config: Vec<CopyFacts>,
    /// The list of installed packages.
    pub packages: CopyFacts,
    /// The copy of the metrics file.
    pub metrics: Option<MetricsFacts>,
    /// Those of repeats, in the record's order; `None` where one wrote no file.
    pub repeats: Vec<Option<MetricsFacts>>,
    /// Data inputs, in the record's order.
    pub data: Vec<Content>,
    /// Models, in the record's order.
    pub models: Vec<Content>,
    /// What looks like a secret: file, line, and what kind it is.
    pub secrets: Vec<(String, usize, String)>,
    /// The process that runs it is certainly gone.
    pub process_gone: bool,
    /// The record was left on the server: this is a partial clone.
    pub left_on_server: bool,
    /// Where an honest version of its files may be.
    pub earlier: Earlier,
    /// Files of the record that could not be read: too large, links, or left on the server.
    pub unread: Vec<String>,
    /// Files of the record that git ignores, and so will not be in any clone.
    pub ignored: Vec<String>,
}

impl RunFacts {
    /// Facts of a record, with nothing looked at yet.
    pub fn new(id: RunId, folder: String, run: Result<Run, String>) -> Self {
        Self {
            id,
            folder,
            in_scope: true,
            run,
            readme: None,
            digest: None,
            before: Vec::new(),
            commit: CommitFacts::default(),
            frozen: FrozenFacts::default(),
            config: Vec::new(),
            packages: CopyFacts::default(),
            metrics: None,
            repeats: Vec::new(),
            data: Vec::new(),
            models: Vec::new(),
            secrets: Vec::new(),
            process_gone: false,
            left_on_server: false,
            earlier: Earlier::default(),
            unread: Vec::new(),
            ignored: Vec::new(),
        }
    }

    /// Its `run.json`, from the top of the working tree.
    pub fn record_file(&self) -> String {
        self.file(crate::store::layout::RUN_JSON)
    }

    /// The command that brings an honest version of a file back, or leads to it.
    pub fn restore(&self, name: &str) -> String {
        let file = self.file(name);
        match &self.earlier {
            Earlier::Unknown => format!("git checkout HEAD -- {file}"),
            Earlier::Version(version) => format!("git checkout {version} -- {file}"),
            Earlier::Committed => {
                format!("git log -p -- {file}   (then: git checkout COMMIT -- {file})")
            }
            Earlier::Never => format!(
                "record it anew: git exp run NAME --like {}",
                self.id.short()
            ),
        }
    }

    /// Whether the sealed part was edited.
    pub fn is_edited(&self) -> bool {
        let sealed = self.run.as_ref().ok().and_then(|run| run.digest.as_ref());
        self.digest.is_some() && sealed.is_some_and(|sealed| self.digest.as_ref() != Some(sealed))
    }

    /// A file in its folder, from the top of the working tree.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

/// Where another version of a run's files is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Earlier {
    /// It was not looked for.
    #[default]
    Unknown,
    /// In this revision.
    Version(String),
    /// In history: the last commit has the files as they are.
    Committed,
    /// Nowhere: they were never committed.
    Never,
}

/// What keeps a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// A branch, here or on a remote, or HEAD itself.
    Branch,
    /// A tag only.
    Tag,
    /// A keep-ref of `refs/exp/` only.
    KeepRef,
    /// A reflog only: the next clean-up may delete it.
    Reflog,
    /// Nothing; it is still in the object store by chance.
    Loose,
    /// It is not in this clone.
    #[default]
    Missing,
}

/// A commit on a branch whose code is the run's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// The commit.
    pub commit: Oid,
    /// A branch that has it.
    pub branch: Option<String>,
    /// Whether a remote has it.
    pub on_remote: bool,
}

/// Where a run's commit is.
#[derive(Clone, Debug, Default)]
pub struct CommitFacts {
    /// What keeps it.
    pub kept: Kept,
    /// Whether a remote-tracking branch has it, or it is being pushed.
    pub on_remote: bool,
    /// Its tree, if it is here.
    pub tree: Option<Oid>,
    /// What the run's keep-ref names here.
    pub keep_ref: Option<Oid>,
    /// Whether a remote is known to have its keep-ref.
    pub keep_ref_pushed: bool,
    /// A commit with the same code, looked for when it matters.
    pub twin: Option<Twin>,
    /// Why a twin could not be looked for.
    pub twin_unknown: Option<String>,
}

/// What is left of the freeze of a dirty run.
#[derive(Clone, Debug, Default)]
pub struct FrozenFacts {
    /// Whether the snapshot commit is here.
    pub present: bool,
    /// The tree that it holds.
    pub tree: Option<Oid>,
    /// What keeps it.
    pub kept: Kept,
    /// The commit that it was taken on.
    pub parent: Option<Oid>,
    /// The digest of `dirty.patch` as it is now.
    pub patch: Option<Sha256>,
    /// Whether the patch is the difference of the two trees; `None` when that was not compared.
    pub patch_agrees: Option<bool>,
}

/// A copy of a file in a run's folder.
#[derive(Clone, Debug, Default)]
pub struct CopyFacts {
    /// Its digest; `None` when it is not there.
    pub sha256: Option<Sha256>,
    /// Its digest with line ends made `\n`.
    pub unix_sha256: Option<Sha256>,
    /// The original in the frozen tree: its digest as it is, and with line ends made `\n`.
    pub in_tree: Option<[Sha256; 2]>,
}

/// A copy of a metrics file.
#[derive(Clone, Debug)]
pub struct MetricsFacts {
    /// Its path in the run's folder.
    pub name: String,
    /// The copy.
    pub copy: CopyFacts,
    /// What it says, or why it can't be read.
    pub values: Result<BTreeMap<String, MetricValue>, String>,
}

/// How the content of a file compares with the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The file has the recorded content.
    Same,
    /// A pointer of this kind names the recorded content.
    SameByPointer(String),
    /// The frozen tree has it.
    SameInTree,
    /// The record has no digest to compare with.
    NoDigest,
    /// The same but for line ends.
    LineEnds,
    /// The path holds something else; the recorded content is under another path.
    Elsewhere(String),
    /// The path holds something else, with this digest.
    Other(String),
    /// It is not in this clone.
    Absent,
    /// It could not be looked at, and why.
    Unread(String),
}

/// Markdown that people read.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// From the top of the working tree.
    pub path: String,
    /// Its text.
    pub text: String,
    /// The run whose folder it is in, as an index into [`Facts::runs`].
    pub run: Option<usize>,
    /// Whether rules are asked about it; else only about runs in it that they are asked about.
    pub in_scope: bool,
}

/// A generated file.
#[derive(Clone, Debug)]
pub struct Generated {
    /// From the top of the working tree.
    pub path: String,
    /// What it holds; `None` when it is not there.
    pub found: Option<String>,
    /// What it may hold: one text a language.
    pub expected: Vec<String>,
}

/// A stage: a named pointer to the run in use.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its file, from the top of the working tree.
    pub path: String,
    /// Its name: the file's stem.
    pub name: String,
    /// What it says, or why it can't be read.
    pub says: Result<StageRecord, Failure>,
    /// How the model's file compares.
    pub model: Option<Content>,
}

/// What a stage file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageRecord {
    /// The run's label.
    pub run: String,
    /// The run's identity.
    pub uid: Option<String>,
    /// The model's path.
    pub model: Option<String>,
    /// The model's digest.
    pub sha256: Option<Sha256>,
    /// Why this run.
    pub why: Option<String>,
}

impl Facts {
    /// The runs that rules are asked about.
    pub fn scoped(&self) -> impl Iterator<Item = &RunFacts> {
        self.runs.iter().filter(|facts| facts.in_scope)
    }

    /// The readable ones of them.
    pub fn records(&self) -> impl Iterator<Item = (&RunFacts, &Run)> {
        self.scoped()
            .filter_map(|facts| Some((facts, facts.run.as_ref().ok()?)))
    }
}
