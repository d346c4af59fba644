//! What `doctor` asks git: versions, remotes, worktrees, objects that must be there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::command::{path_from_git, split_nul};
use super::{Error, Repo, refs, remote};
use crate::model::{Oid, RecordPath, Uid};

/// A remote and what is fetched from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// `origin`, or the only one.
    pub name: String,
    /// Its refspecs.
    pub fetch: Vec<String>,
}

impl Remote {
    /// Where the notes of this remote are kept until they are merged into ours.
    pub fn notes_ref(&self) -> String {
        format!("refs/notes/{}/exp", self.name)
    }

    /// Where the refs of runs of this remote are kept.
    pub fn mirror(&self) -> String {
        format!("{}{}/", remote::TRACKING, self.name)
    }

    /// Fetches notes beside ours, never over them.
    pub fn notes_refspec(&self) -> String {
        let [_, notes] = remote::refspecs(&self.name);
        notes
    }

    /// Fetches the refs of runs beside ours. Straight into `refs/exp/`, `git fetch --prune` would
    /// delete every snapshot that was not pushed yet.
    pub fn runs_refspec(&self) -> String {
        let [runs, _] = remote::refspecs(&self.name);
        runs
    }
}

impl Repo {
    /// `2.47.3`
    pub fn git_version(&self) -> Result<String, Error> {
        let text = self.git().arg("--version").text()?;
        let version = text.split(' ').nth(2).unwrap_or(&text);
        Ok(version.to_owned())
    }

    /// `origin`, or the only remote. One whose name could be an option is none.
    pub fn remote(&self) -> Result<Option<Remote>, Error> {
        let names = self.git().arg("remote").text()?;
        let names: Vec<&str> = names
            .lines()
            .filter(|name| !name.starts_with('-'))
            .collect();
        let name = match names[..] {
            [only] => only,
            _ if names.contains(&"origin") => "origin",
            _ => return Ok(None),
        };
        let asked = self
            .git()
            .args(["config", "-z", "--get-all"])
            .arg(format!("remote.{name}.fetch"))
            .output()?;
        let fetch = split_nul(&asked.stdout).map(|spec| String::from_utf8_lossy(spec).into_owned());
        Ok(Some(Remote {
            name: name.to_owned(),
            fetch: fetch.collect(),
        }))
    }

    /// Adds a refspec to a remote, in place of another if one is given.
    pub fn fetch_also(&self, remote: &Remote, new: &str, old: Option<&str>) -> Result<(), Error> {
        let key = format!("remote.{}.fetch", remote.name);
        let git = self.git().args(["config", "--local"]);
        match old {
            Some(old) => git
                .args(["--replace-all", "--fixed-value", &key, new, old])
                .run(),
            None => git.args(["--add", &key, new]).run(),
        }
        .map(drop)
    }

    /// The refs of runs that the remote has. Goes over the network.
    pub fn remote_runs(&self, remote: &Remote) -> Result<BTreeSet<Uid>, Error> {
        let printed = self
            .git()
            .args(["ls-remote", "--refs", "--", &remote.name])
            .arg(format!("{}*", refs::PREFIX))
            .text()?;
        let uid = |line: &str| Uid::parse(line.split('\t').nth(1)?.strip_prefix(refs::PREFIX)?);
        Ok(printed.lines().filter_map(uid).collect())
    }

    /// The refs of runs that the last fetch brought; `None` when they are not fetched.
    pub fn mirrored_runs(&self, remote: &Remote) -> Result<Option<Vec<(Uid, Oid)>>, Error> {
        if !remote.fetch.contains(&remote.runs_refspec()) {
            return Ok(None);
        }
        let mirror = remote.mirror();
        let printed = self
            .git()
            .args(["for-each-ref", "--format=%(objectname) %(refname)", &mirror])
            .text()?;
        let parse = |line: &str| {
            let (id, name) = line.split_once(' ')?;
            Some((Uid::parse(name.strip_prefix(&mirror)?)?, Oid::parse(id)?))
        };
        Ok(Some(printed.lines().filter_map(parse).collect()))
    }

    /// What the notes of a remote are, as of the last fetch.
    pub fn mirrored_notes(&self, remote: &Remote) -> Result<Option<Oid>, Error> {
        refs::read_name(self, &remote.notes_ref())
    }

    /// Whether one commit is the other, or reachable from it.
    pub fn contains(&self, commit: &Oid, ancestor: &Oid) -> Result<bool, Error> {
        self.git()
            .args(["merge-base", "--is-ancestor"])
            .args([ancestor.as_str(), commit.as_str()])
            .yes()
    }

    /// The tops of all working trees of this repository that still exist.
    pub fn worktrees(&self) -> Result<Vec<PathBuf>, Error> {
        let printed = self
            .git()
            .args(["worktree", "list", "--porcelain", "-z"])
            .run()?;
        let tops = split_nul(&printed)
            .filter_map(|line| line.strip_prefix(b"worktree "))
            .map(path_from_git);
        Ok(tops.filter(|top| top.is_dir()).collect())
    }

    /// Those of some objects that are not here.
    pub fn missing(&self, ids: &BTreeSet<Oid>) -> Result<BTreeSet<Oid>, Error> {
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let lines: String = ids.iter().map(|id| format!("{id}\n")).collect();
        let printed = self
            .git()
            .args(["cat-file", "--batch-check"])
            .stdin(lines)
            .text()?;
        let missing = |line: &str| Oid::parse(line.strip_suffix(" missing")?);
        Ok(printed.lines().filter_map(missing).collect())
    }

    /// The blobs of all records and tombstones on local and remote branches, below one folder.
    pub fn recorded_on_branches(&self, runs: &RecordPath) -> Result<BTreeSet<Oid>, Error> {
        let tips = self
            .git()
            .args(["for-each-ref", "--format=%(objectname)"])
            .args(["refs/heads", "refs/remotes"])
            .text()?;
        let tips: BTreeSet<Oid> = tips.lines().filter_map(Oid::parse).collect();
        let mut blobs = BTreeSet::new();
        for tip in &tips {
            let listed = self
                .git()
                .env("GIT_LITERAL_PATHSPECS", "1")
                .args(["ls-tree", "-r", "-z", "--full-tree", tip.as_str(), "--"])
                .arg(runs.to_path())
                .run();
            // A branch of a partial clone has no records that could be known.
            let Ok(listed) = listed else { continue };
            for entry in super::tree::parse_listing(&listed)? {
                if entry.is_file() && is_record(entry.path.file_name()) {
                    blobs.insert(entry.id);
                }
            }
        }
        Ok(blobs)
    }

    /// Puts all refs into one file.
    pub fn pack_refs(&self) -> Result<(), Error> {
        let git = self.git().durable().args(["pack-refs", "--all"]);
        git.run().map(drop)
    }
}

fn is_record(name: &[u8]) -> bool {
    name == b"run.json" || name == b"tombstone.json"
}
