//! The commit and the ref that keep a frozen tree.
//!
//! ```text
//! refs/exp/<uid> ── snapshot   tree: the working tree as it was
//!                   ├─ HEAD    keeps the commit, too
//!                   └─ extras  tree: run.json, overlay/, crlf, lfs, nested/, index/
//! ```

use super::scratch::Scratch;
use super::write::Frozen;
use crate::git::objects::Objects;
use crate::git::tree::{Entry, Item, build_object, parse_listing};
use crate::git::{Error, Repo};
use crate::model::run::Time;
use crate::model::{Oid, RecordPath, Uid};

/// The first line of the commit that holds what the tree can't.
pub const EXTRAS_TITLE: &str = "git-exp: what the snapshot's tree can't hold";
/// Names the run in a snapshot's message.
pub const UID_TRAILER: &str = "Exp-Uid";

/// How a frozen tree is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep<'a> {
    /// The run.
    pub uid: &'a Uid,
    /// `exp_004: snapshot of uncommitted work`
    pub title: &'a str,
    /// When the run started: the commit's date, so that its id can be reproduced.
    pub date: Time,
    /// The record as it is known now, for the day its folder is lost.
    pub run_json: &'a [u8],
}

/// What keeps the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The snapshot commit; `None` when the commit that was run is exact.
    pub snapshot: Option<Oid>,
    /// What the ref names: the snapshot, or the commit itself.
    pub target: Oid,
}

/// What is kept beside the tree.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// Files in their own bytes.
    pub raw: Vec<Entry>,
    /// Files that are their blob with CRLF for LF.
    pub crlf: Vec<RecordPath>,
    /// Files whose blob is a pointer of Git LFS, and that had their content on disk.
    pub lfs: Vec<RecordPath>,
    /// The staged tree.
    pub staged: Option<Oid>,
    /// Whether there must be a snapshot at all.
    pub needed: bool,
}

impl Frozen {
    /// Makes the snapshot commit if one is needed. The run's ref, which is not created here, is to
    /// name [`Kept::target`].
    pub fn keep(&self, repo: &Repo, keep: &Keep<'_>) -> Result<Kept, Error> {
        Ok(match (&self.head.commit, self.extras.needed) {
            (Some(commit), false) => Kept {
                snapshot: None,
                target: commit.clone(),
            },
            _ => {
                let snapshot = self.commit(repo, keep)?;
                Kept {
                    snapshot: Some(snapshot.clone()),
                    target: snapshot,
                }
            }
        })
    }

    fn commit(&self, repo: &Repo, keep: &Keep<'_>) -> Result<Oid, Error> {
        let objects = Objects::open(repo);
        let extras = self.extras_tree(&objects, keep.run_json)?;
        let extras = write_commit(&objects, &extras, &[], EXTRAS_TITLE, keep.date)?;
        let message = format!("{}\n\n{UID_TRAILER}: {}\n", keep.title, keep.uid);
        let parents: Vec<&Oid> = self.head.commit.iter().chain([&extras]).collect();
        let snapshot = write_commit(&objects, &self.tree, &parents, &message, keep.date)?;
        objects.settle()?;
        Ok(snapshot)
    }

    fn extras_tree(&self, objects: &Objects<'_>, run_json: &[u8]) -> Result<Oid, Error> {
        let repo = objects.repo();
        let record = objects.write_soon("blob", run_json)?;
        if self.extras.is_empty() && self.nested.iter().all(|nested| nested.tree.is_none()) {
            let item = Item {
                mode: 0o100_644,
                name: b"run.json".to_vec(),
                id: record,
            };
            return objects.write_soon("tree", &build_object(vec![item]));
        }
        objects.settle()?;
        let file = |path: &str, bytes: &[u8]| -> Result<Entry, Error> {
            Ok(Entry {
                mode: 0o100_644,
                id: objects.write("blob", bytes)?,
                path: path.into(),
            })
        };
        let below = |folder: &RecordPath, entry: &Entry| Entry {
            path: entry.path.below(folder),
            ..entry.clone()
        };
        let mut entries = vec![Entry {
            mode: 0o100_644,
            id: record,
            path: "run.json".into(),
        }];
        let overlay = RecordPath::from("overlay");
        entries.extend(self.extras.raw.iter().map(|entry| below(&overlay, entry)));
        for (name, paths) in [("crlf", &self.extras.crlf), ("lfs", &self.extras.lfs)] {
            if !paths.is_empty() {
                let list: Vec<&[u8]> = paths.iter().map(RecordPath::as_bytes).collect();
                entries.push(file(name, &list.join(&0))?);
            }
        }
        for nested in &self.nested {
            if let Some(tree) = &nested.tree {
                let folder = nested.path.below(&"nested".into());
                let listed = repo
                    .git()
                    .args(["ls-tree", "-r", "-z", tree.as_str()])
                    .run()?;
                entries.extend(parse_listing(&listed)?.iter().map(|e| below(&folder, e)));
            }
        }
        let scratch = Scratch::empty(repo)?;
        scratch.put(repo.git(), &entries)?;
        if let Some(staged) = &self.extras.staged {
            scratch
                .on(repo.git())
                .args(["read-tree", "--prefix=index/", staged.as_str()])
                .run()?;
        }
        scratch.write_tree(repo.git())
    }
}

impl Extras {
    /// Whether the record is all there is to keep.
    fn is_empty(&self) -> bool {
        self.raw.is_empty() && self.crlf.is_empty() && self.lfs.is_empty() && self.staged.is_none()
    }
}

/// Writes a commit by the tool itself: it needs no identity of the user's and signs nothing.
fn write_commit(
    objects: &Objects<'_>,
    tree: &Oid,
    parents: &[&Oid],
    message: &str,
    date: Time,
) -> Result<Oid, Error> {
    let parents: String = parents.iter().map(|id| format!("parent {id}\n")).collect();
    let date = date.format("%s %z");
    let content = format!(
        "tree {tree}\n{parents}author git-exp <git-exp@localhost> {date}\n\
         committer git-exp <git-exp@localhost> {date}\n\n{message}"
    );
    objects.write_soon("commit", content.as_bytes())
}
