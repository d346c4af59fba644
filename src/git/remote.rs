//! Refs and notes of runs to and from a remote, by git itself: its transports, credentials, proxies
//! and the user's hooks are the user's own.
//!
//! What a remote has is kept apart from what is here:
//!
//! ```text
//! refs/exp/<uid>      on the remote → refs/exp-remote/<remote>/<uid> here → refs/exp/<uid>
//! refs/notes/exp      on the remote → refs/notes/<remote>/exp here        → merged line by line
//! ```
//!
//! A refspec that wrote `refs/exp/*` directly would, with `fetch.prune`, delete every ref that was
//! not pushed yet.

use std::collections::BTreeMap;

use super::{Error, Git, Repo, notes, refs};
use crate::error::{Failure, Result};
use crate::model::{Oid, Uid};
use crate::store::lock::Lock;

/// Where a remote's refs are kept here.
pub const TRACKING: &str = "refs/exp-remote/";

/// What a remote has of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct There {
    /// The refs of runs.
    pub runs: BTreeMap<Uid, Oid>,
    /// The notes.
    pub notes: Option<Oid>,
}

/// What a remote said to one ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The ref's name there.
    pub name: String,
    /// Why it was refused; `None` when it is as it should be.
    pub refused: Option<String>,
}

impl Answer {
    /// Whether another push was faster, or had been seen too late.
    pub fn is_race(&self) -> bool {
        const WORDS: [&str; 7] = [
            "fetch first",
            "non-fast-forward",
            "stale info",
            "cannot lock ref",
            "failed to update ref",
            "failed to lock",
            "incorrect old value",
        ];
        self.refused
            .as_ref()
            .is_some_and(|why| WORDS.iter().any(|word| why.contains(word)))
    }
}

/// What a fetch brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Runs whose refs are new here.
    pub new: Vec<Uid>,
    /// Runs whose ref here names something else; ours stays.
    pub differing: Vec<Uid>,
    /// All runs that the remote has.
    pub there: Vec<Uid>,
}

/// The names of all remotes.
pub fn names(repo: &Repo) -> Result<Vec<String>, Error> {
    let text = repo.git().arg("remote").text()?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The remote that is meant: the named one; else where git would push the current branch to, then
/// `origin`, then the only one.
///
/// # Errors
/// When there is none, or several and none of these.
pub fn choose(repo: &Repo, named: Option<&str>) -> Result<String> {
    let all = names(repo)?;
    if let Some(name) = named {
        return match all.iter().any(|known| known == name) {
            true => Ok(name.to_owned()),
            false => {
                Err(Failure::new(format!("no remote named `{name}`"))
                    .hint("see them: git remote -v"))
            }
        };
    }
    let branch = repo.head()?.branch;
    let settings = branch.iter().flat_map(|branch| {
        [
            format!("branch.{branch}.pushRemote"),
            "remote.pushDefault".to_owned(),
            format!("branch.{branch}.remote"),
        ]
    });
    for setting in settings {
        let output = repo.git().args(["config", "--get", &setting]).output()?;
        let value = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if all.contains(&value) {
            return Ok(value);
        }
    }
    match &all[..] {
        [] => Err(Failure::new("this repository has no remote")
            .hint("add one: git remote add origin URL")),
        [only] => Ok(only.clone()),
        _ if all.iter().any(|name| name == "origin") => Ok("origin".to_owned()),
        _ => Err(
            Failure::new(format!("there are several remotes: {}", all.join(", ")))
                .hint(format!("name one: git exp push {}", all[0])),
        ),
    }
}

/// Asks the remote what it has.
pub fn list(repo: &Repo, remote: &str) -> Result<There, Error> {
    let printed = transport(repo)
        .args(["ls-remote", "--refs", "--", remote])
        .args(["refs/exp/*", notes::REF])
        .run()?;
    let mut there = There::default();
    for line in String::from_utf8_lossy(&printed).lines() {
        let Some((id, name)) = line.split_once('\t') else {
            continue;
        };
        let Some(id) = Oid::parse(id) else { continue };
        if name == notes::REF {
            there.notes = Some(id);
        } else if let Some(uid) = name.strip_prefix(refs::PREFIX).and_then(Uid::parse) {
            there.runs.insert(uid, id);
        }
    }
    Ok(there)
}

/// The refspecs by which a remote's refs come here. Safe with `--prune`, and no error when the
/// remote has none of them.
pub fn refspecs(remote: &str) -> [String; 2] {
    [
        format!("+refs/exp/*:{TRACKING}{remote}/*"),
        format!("+{0}*:refs/notes/{remote}/exp*", notes::REF),
    ]
}

/// Brings what the remote has, gives each new run its ref here, and merges the notes.
pub fn pull(repo: &Repo, remote: &str) -> Result<Fetched, Error> {
    fetch(repo, remote)?;
    let fetched = adopt(repo, remote)?;
    merge_notes(repo, remote)?;
    Ok(fetched)
}

fn fetch(repo: &Repo, remote: &str) -> Result<(), Error> {
    transport(repo)
        .args(["fetch", "--quiet", "--prune", "--no-tags", "--refmap="])
        .args([
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--",
            remote,
        ])
        .args(refspecs(remote))
        .run()
        .map(drop)
}

/// Copies tracking refs to refs of our own, where there is none yet.
fn adopt(repo: &Repo, remote: &str) -> Result<Fetched, Error> {
    let prefix = format!("{TRACKING}{remote}/");
    let printed = repo
        .git()
        .args(["for-each-ref", "--format=%(objectname) %(refname)", &prefix])
        .run()?;
    let text = String::from_utf8_lossy(&printed);
    let there: Vec<(Uid, Oid)> = text
        .lines()
        .filter_map(|line| {
            let (id, name) = line.split_once(' ')?;
            Some((Uid::parse(name.strip_prefix(&prefix)?)?, Oid::parse(id)?))
        })
        .collect();
    let mut attempts = 0;
    loop {
        let here: BTreeMap<Uid, Oid> = refs::list(repo)?.into_iter().collect();
        let mut fetched = Fetched::default();
        let mut commands = String::from("start\n");
        for (uid, id) in &there {
            match here.get(uid) {
                None => {
                    commands.push_str(&format!("create {} {id}\n", refs::name(uid)));
                    fetched.new.push(uid.clone());
                }
                Some(ours) if ours != id => fetched.differing.push(uid.clone()),
                Some(_) => {}
            }
            fetched.there.push(uid.clone());
        }
        if fetched.new.is_empty() {
            return Ok(fetched);
        }
        let done = repo
            .git()
            .durable()
            .args(["update-ref", "--stdin"])
            .stdin(format!("{commands}prepare\ncommit\n"))
            .run();
        match done {
            Ok(_) => return Ok(fetched),
            // Another pull was faster with one of them.
            Err(Error::Command { message, .. })
                if attempts < 5 && message.contains("cannot lock ref") =>
            {
                attempts += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Merges the remote's notes into ours: all lines of both, each once. A growing set of lines has no
/// conflicts.
pub fn merge_notes(repo: &Repo, remote: &str) -> Result<(), Error> {
    let theirs = format!("refs/notes/{remote}/exp");
    if refs::read_name(repo, &theirs)?.is_none() {
        return Ok(());
    }
    // Writers of notes take the same lock, so nobody moves the ref under git's merge.
    let _turn = Lock::take(&repo.exp_dir()).map_err(Error::Busy)?;
    repo.git()
        .as_tool()
        .args(["notes", "--ref", notes::REF, "merge", "--quiet"])
        .args(["--strategy", "cat_sort_uniq", &theirs])
        .run()
        .map(drop)
}

/// Pushes refs. Nothing is ever forced.
pub fn push(repo: &Repo, remote: &str, refspecs: &[String]) -> Result<Vec<Answer>, Error> {
    let output = transport(repo)
        // Tells our own pre-push hook that this push is what it asks for.
        .env("GIT_EXP_PUSHING", "1")
        .args(["push", "--porcelain", "--no-follow-tags"])
        .args(["--no-recurse-submodules", "--", remote])
        .args(refspecs)
        .output()?;
    let answers = answers(&String::from_utf8_lossy(&output.stdout));
    let explained = answers.iter().any(|answer| answer.refused.is_some());
    if output.status.success() || explained {
        return Ok(answers);
    }
    Err(Error::Command {
        command: format!("git push {remote}"),
        code: output.status.code(),
        message: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// `<flag> TAB <from>:<to> TAB <summary> (<reason>)`, git-push(1).
fn answers(text: &str) -> Vec<Answer> {
    let parse = |line: &str| {
        let mut fields = line.splitn(3, '\t');
        let (flag, pair, summary) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Answer {
            name: pair.split_once(':')?.1.to_owned(),
            refused: (flag == "!").then(|| summary.to_owned()),
        })
    };
    text.lines().filter_map(parse).collect()
}

/// The commits that would become public with these: what no branch of the remote is known to have and
/// none of its runs has, with their parents, newest first.
pub fn unpublished(
    repo: &Repo,
    remote: &str,
    there: &There,
    commits: &[Oid],
) -> Result<Vec<(Oid, Vec<Oid>)>, Error> {
    if commits.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = commits.iter().map(|commit| format!("{commit}\n"));
    let there = there.runs.values().map(|run| format!("^{run}\n"));
    let printed = repo
        .git()
        .args([
            "rev-list",
            "--parents",
            "--ignore-missing",
            "--stdin",
            "--not",
        ])
        // Options among the commits of standard input are for git 2.42 and later.
        .arg(format!("--remotes={remote}"))
        .stdin(wanted.chain(there).collect::<String>())
        .text()?;
    let parse = |line: &str| {
        let mut ids = line.split(' ').filter_map(Oid::parse);
        Some((ids.next()?, ids.collect()))
    };
    Ok(printed.lines().filter_map(parse).collect())
}

/// Adds the refspecs to the remote's configuration, so that a plain `git fetch` brings runs too.
///
/// # Returns
/// Those that were not there yet.
pub fn configure(repo: &Repo, remote: &str) -> Result<Vec<String>, Error> {
    let setting = format!("remote.{remote}.fetch");
    let output = repo
        .git()
        .args(["config", "--local", "--get-all", &setting])
        .output()?;
    let present = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut added = Vec::new();
    for refspec in refspecs(remote) {
        if present.lines().any(|line| line == refspec) {
            continue;
        }
        repo.git()
            .args(["config", "--local", "--add", &setting, &refspec])
            .run()?;
        added.push(refspec);
    }
    Ok(added)
}

impl Repo {
    /// The commit that holds our notes.
    pub fn notes_tip(&self) -> Result<Option<Oid>, Error> {
        refs::read_name(self, notes::REF)
    }
}

/// git as the user runs it: hooks, credentials, prompts and transports are the user's own.
pub(super) fn transport(repo: &Repo) -> Git {
    let directory = repo.work_tree.as_deref().unwrap_or(&repo.git_dir);
    Git::as_user_transport(directory).repository(&repo.git_dir, repo.work_tree.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_from_porcelain_output() {
        let text = "To /tmp/x.git\n\
                    *\trefs/exp/a:refs/exp/a\t[new reference]\n\
                    !\trefs/notes/exp:refs/notes/exp\t[rejected] (fetch first)\n\
                    !\trefs/exp/b:refs/exp/b\t[remote rejected] (pre-receive hook declined)\n\
                    Done\n";
        let found = answers(text);
        assert_eq!(found.len(), 3);
        assert!(found[0].refused.is_none());
        assert!(found[1].is_race() && !found[2].is_race());
        assert_eq!(found[2].name, "refs/exp/b");
    }
}
