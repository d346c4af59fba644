//! What the working tree looks like: the index, what git passes over in silence, and git's status,
//! which is asked for only where its last answer doesn't hold any more.

use std::thread::JoinHandle;

use super::config::Config;
use super::folders::{Draft, Folders, Met};
use super::glance::{self, Seen};
use super::odd::{self, Sighting};
use super::status::{IndexEntry, Status, parse_index};
use super::{Scope, index_file, observe};
use crate::git::command::Running;
use crate::git::{Error, Git, Head, Repo};
use crate::model::RecordPath;
use crate::model::code::LeftOut;

/// What was seen.
pub struct Look {
    pub index: Vec<IndexEntry>,
    /// Length and digest of the index; `None` where only git could read it.
    index_id: Option<[u64; 2]>,
    sightings: Vec<Sighting>,
    folders: Folders,
    met: Vec<Met>,
    answer: Answer,
}

/// Where git's status comes from.
enum Answer {
    /// From the last time, when all was clean; HEAD is as it was read now.
    Before(Head),
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
    let clean = folders
        .clean()
        .filter(|clean| Some(clean.index) == index_id && Some(&clean.tree) == tree);
    let (described, answer) = match clean {
        // The longest goes first.
        None => {
            let answer = ask(&folders, question)?;
            (described(), answer)
        }
        Some(clean) => {
            let described = described();
            let holds = |index: &_| glance::holds(repo, clean, &folders, index, experiments);
            let head = described.as_ref().filter(|index| holds(index));
            let answer = match head.and_then(|_| glance::head(repo)) {
                Some(head) => Answer::Before(head),
                None => ask(&folders, question)?,
            };
            (described, answer)
        }
    };
    let index = match described {
        Some(described) => described.entries,
        None => parse_index(&repo.git().args(["ls-files", "-v", "-s", "-z"]).run()?)?,
    };
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

    /// Waits for git, and remembers what it said: the status, what git passes over, and the index.
    pub fn finish(
        self,
        repo: &Repo,
        scope: &Scope<'_>,
        config: &Config,
    ) -> Result<(Status, Vec<LeftOut>, Vec<IndexEntry>), Error> {
        let Self { index, folders, .. } = self;
        let (status, draft) = match (self.answer, folders.clean()) {
            (Answer::Asked(git, draft), _) => (Status::parse(&git.finish()?)?, draft),
            (Answer::Before(head), Some(clean))
                if glance::settings(repo, scope, config) == Some(clean.settings) =>
            {
                (Status::clean(head, clean.ignored.clone()), None)
            }
            (Answer::Before(_), _) => {
                folders.forget();
                let status = question(repo, scope, config).run()?;
                (Status::parse(&status)?, None)
            }
        };
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
            let clean = self.index_id.and_then(|id| glance::remembered(seen, id));
            folders.keep(draft, &met, clean);
        }
        Ok((status, sorted.left_out, index))
    }
}
