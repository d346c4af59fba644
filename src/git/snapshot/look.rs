//! What the working tree looks like: the index, what git passes over in silence, and git's status,
//! which is asked for only where its last answer says too little.

use std::thread::JoinHandle;

use super::config::Config;
use super::conversion::{self, Reach, Said};
use super::folders::{Draft, Folders, Met};
use super::glance::{self, Difference, Seen};
use super::odd::{self, Sighting};
use super::status::{self, IndexEntry, Status};
use super::{Scope, direct, index_file, observe, sizes};
use crate::git::command::Running;
use crate::git::tree::Entry;
use crate::git::{Error, Git, Repo};
use crate::model::RecordPath;
use crate::model::code::LeftOut;

/// What was seen.
pub struct Look {
    pub index: Vec<IndexEntry>,
    /// Length and digest of the index; `None` where it can't be read.
    index_id: Option<[u64; 2]>,
    sightings: Vec<Sighting>,
    folders: Folders,
    met: Vec<Met>,
    /// Files that git may take for unchanged.
    overlooked: Vec<Entry>,
    /// Files that have another size than their blobs.
    resized: Vec<Entry>,
    answer: Answer,
}

/// All that is to be known before anything is written.
pub struct Finished {
    pub status: Status,
    pub said: Said,
    /// What git passes over.
    pub odd: Vec<LeftOut>,
    pub index: Vec<IndexEntry>,
    /// Files that have another size than their blobs.
    pub resized: Vec<Entry>,
}

/// Where git's status comes from.
enum Answer {
    /// Told from the last one.
    Before(Difference),
    /// git is at it. The draft is older than what it sees.
    Asked(Running, Option<Draft>),
}

/// Starts to look, in a thread of its own.
pub fn begin(repo: &Repo, scope: &Scope<'_>, config: &Config) -> JoinHandle<Result<Look, Error>> {
    let (repo, experiments) = (repo.clone(), scope.experiments.clone());
    let question = question(&repo, scope, config);
    std::thread::spawn(move || look(&repo, &experiments, question))
}

/// The one long question to git.
fn question(repo: &Repo, scope: &Scope<'_>, config: &Config) -> Git {
    observe::prepared(repo, scope, config)
        .args(["status", "--porcelain=v2", "--branch", "-z"])
        .args(["--no-renames", "--no-ahead-behind"])
        .args(["--untracked-files=all", "--ignored=matching"])
        // Inside submodules we look ourselves, for git would only say that there is something.
        .arg("--ignore-submodules=dirty")
        .args(scope.pathspecs())
}

fn look(repo: &Repo, experiments: &[RecordPath], question: Git) -> Result<Look, Error> {
    let folders = Folders::open(repo);
    let bytes = index_file::bytes(&repo.git_dir.join("index"));
    let index_id = bytes.as_deref().map(glance::index_id);
    let described = || index_file::parse(bytes.as_deref()?, repo.format());
    let tree = repo.opened_at.as_ref().map(|tip| &tip.tree);
    let told = folders
        .told()
        .filter(|told| Some(told.index) == index_id && Some(&told.tree) == tree);
    let (described, answer) = match told {
        // The longest goes first.
        None => {
            let answer = ask(&folders, question)?;
            (described(), answer)
        }
        Some(told) => {
            let described = described();
            let difference =
                |index: &_| glance::difference(repo, told, &folders, index, experiments);
            let difference = described.as_ref().and_then(difference);
            let answer = match difference {
                Some(difference) => Answer::Before(difference),
                None => ask(&folders, question)?,
            };
            (described, answer)
        }
    };
    let described = match described {
        Some(described) => described,
        None => index_file::listed(repo)?,
    };
    let overlooked = match answer {
        Answer::Asked(..) => glance::overlooked(repo, &described, experiments),
        Answer::Before(_) => Vec::new(),
    };
    let memory = repo.exp_dir();
    let resized = sizes::resized(repo, &memory, &described, index_id, experiments);
    let index = described.entries;
    if let Some(path) = status::twice(&index) {
        return Err(Error::DamagedIndex(path.clone()));
    }
    let (sightings, met) = match answer {
        Answer::Before(_) => (odd::search(&index, experiments, folders.all()), Vec::new()),
        Answer::Asked(..) => {
            let met = odd::look_through(repo, &index, experiments, &folders);
            let seen = met.iter().map(|(path, _, names)| (path.as_bytes(), names));
            (odd::search(&index, experiments, seen), met)
        }
    };
    Ok(Look {
        index,
        index_id,
        sightings,
        folders,
        met,
        overlooked,
        resized,
        answer,
    })
}

fn ask(folders: &Folders, question: Git) -> Result<Answer, Error> {
    let draft = folders.clock();
    Ok(Answer::Asked(question.spawn()?, draft))
}

impl Look {
    /// Whether git's last answer holds, as far as it does not hang on settings.
    #[cfg(test)]
    pub fn is_told_before(&self) -> bool {
        matches!(self.answer, Answer::Before(_))
    }

    /// Whether it is known already that something differs.
    pub fn differs(&self) -> bool {
        matches!(&self.answer, Answer::Before(difference) if !difference.status.is_clean())
    }

    /// Waits for git, and remembers what it said.
    pub fn finish(
        self,
        repo: &Repo,
        scope: &Scope<'_>,
        config: &Config,
    ) -> Result<Finished, Error> {
        let Self { index, folders, .. } = self;
        let (mut status, draft, signs) = match self.answer {
            Answer::Asked(git, draft) => (Status::parse(&git.finish()?)?, draft, None),
            Answer::Before(Difference { status, signs }) => (status, None, Some(signs)),
        };
        let said_of = |status: &Status| {
            if status.changes_attributes() {
                return Ok(Said {
                    reach: Reach::Unknown,
                    tells_diff: true,
                });
            }
            let tracked = index.iter().map(|entry| &entry.entry.path);
            let others = status.untracked.iter().chain(&status.ignored);
            conversion::said(repo, scope, config, tracked.chain(others))
        };
        let mut said = said_of(&status)?;
        if signs.is_some_and(|signs| !signs.hold(repo, scope, config, said.reach)) {
            folders.forget();
            status = Status::parse(&question(repo, scope, config).run()?)?;
            said = said_of(&status)?;
        }
        for entry in self.overlooked {
            let path = &entry.path;
            if !status.edited.contains(path) && direct::differs(repo, scope, config, &entry)? {
                status.tracked.push(path.clone());
                status.edited.push(path.clone());
                status.overlooked.push(path.clone());
            }
        }
        let sorted = odd::sort(repo, scope, &status, &index, self.sightings)?;
        if let Some(draft) = draft {
            let mut met = self.met;
            met.extend(sorted.met);
            let seen = Seen {
                repo,
                scope,
                config,
                index: &index,
                met: &met,
                status: &status,
                ignored: sorted.ignored,
            };
            let told = self.index_id.and_then(|id| glance::remembered(seen, id));
            folders.keep(draft, &met, told);
        }
        Ok(Finished {
            status,
            said,
            odd: sorted.left_out,
            index,
            resized: self.resized,
        })
    }
}
