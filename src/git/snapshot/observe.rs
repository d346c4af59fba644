//! Looks at the working tree: all questions to git at once, none of which writes anything.

use std::process::Output;
use std::thread::JoinHandle;

use super::config::{Asked, Config, without_filters};
use super::conversion::Said;
use super::index::is_behind_a_link;
use super::look::{self, Finished, Look};
use super::nested::is_filled;
use super::status::{IndexEntry, Status};
use super::{Scope, gitlinks, state};
use crate::git::tree::{Entry, GITLINK};
use crate::git::{Error, Git, Head, Repo, packed};
use crate::model::code::LeftOut;
use crate::model::{Oid, RecordPath};

/// Answers to the small questions.
struct Facts {
    config: Config,
    describe: Option<String>,
}

/// Questions that git is answering. The caller may do other work meanwhile.
pub struct Observation<'a> {
    repo: &'a Repo,
    scope: &'a Scope<'a>,
    looking: JoinHandle<Result<Look, Error>>,
    facts: JoinHandle<Result<Facts, Error>>,
}

impl<'a> Observation<'a> {
    /// Starts the commands.
    ///
    /// # Errors
    /// In a bare repository, and when git can't be started.
    pub fn begin(repo: &'a Repo, scope: &'a Scope<'a>) -> Result<Self, Error> {
        Self::begin_with(repo, scope, None)
    }

    /// The same where git was asked for the configuration before.
    pub fn begin_with(
        repo: &'a Repo,
        scope: &'a Scope<'a>,
        asked: Option<Asked>,
    ) -> Result<Self, Error> {
        repo.top()?;
        // Only a git that must run no filter has to know their names beforehand.
        let config = match scope.filters {
            true => Config::default(),
            false => Config::read(repo)?,
        };
        // The longest goes first; the small ones share a thread, for there are few processors.
        let looking = look::begin(repo, scope, &config);
        let repo_of_facts = repo.clone();
        Ok(Self {
            repo,
            scope,
            looking,
            facts: std::thread::spawn(move || facts(&repo_of_facts, asked)),
        })
    }

    /// Waits for the index alone.
    ///
    /// # Errors
    /// When git could not read the index.
    pub fn listed(self) -> Result<Listed<'a>, Error> {
        Ok(Listed {
            repo: self.repo,
            scope: self.scope,
            look: joined(self.looking)?,
            facts: self.facts,
        })
    }

    /// Waits for all answers.
    ///
    /// # Errors
    /// When git could not read the index or the working tree.
    pub fn finish(self) -> Result<Seen<'a>, Error> {
        self.listed()?.finish()
    }
}

/// The index is known; git may still be looking at the files.
pub struct Listed<'a> {
    repo: &'a Repo,
    scope: &'a Scope<'a>,
    look: Look,
    facts: JoinHandle<Result<Facts, Error>>,
}

impl<'a> Listed<'a> {
    /// What the index holds outside the folders of records. Where nothing was touched, that is what
    /// the tree will hold: [`Written::untouched`](super::Written). `None` where something was, as far as
    /// is known by now.
    pub fn entries(&self) -> Option<Vec<&Entry>> {
        (!self.look.differs()).then(|| outside(&self.look.index, self.scope).collect())
    }

    /// Waits for all answers.
    ///
    /// # Errors
    /// When git could not read the working tree.
    pub fn finish(self) -> Result<Seen<'a>, Error> {
        let Self {
            repo, scope, look, ..
        } = self;
        let hidden = Hidden::find(repo, scope, &look.index)?;
        let Facts { config, describe } = joined(self.facts)?;
        let (state, superproject) = (state::under_way(repo)?, state::superproject(repo)?);
        let Finished {
            mut status,
            said,
            odd,
            index,
            resized,
        } = look.finish(repo, scope, &config)?;
        let head_tree = tree_of(repo, &status.head)?;
        let restaged = gitlinks::staged(repo, scope, head_tree.as_ref(), &index, &mut status)?;
        Ok(Seen {
            odd,
            describe,
            head_tree,
            state,
            superproject,
            hidden,
            status,
            restaged,
            said,
            index,
            resized,
            config,
            repo,
            scope,
        })
    }
}

pub(super) fn joined<T>(thread: JoinHandle<Result<T, Error>>) -> Result<T, Error> {
    let stopped = |_| Err(Error::Unexpected("a thread that asked git stopped".into()));
    thread.join().unwrap_or_else(stopped)
}

/// The tree of the commit that git compared with.
fn tree_of(repo: &Repo, head: &Head) -> Result<Option<Oid>, Error> {
    let Some(commit) = &head.commit else {
        return Ok(None);
    };
    match &repo.opened_at {
        Some(tip) if tip.commit == *commit => Ok(Some(tip.tree.clone())),
        // HEAD has moved since.
        _ => {
            let tree = format!("{commit}^{{tree}}");
            let output = repo
                .git()
                .args(["rev-parse", "--verify", "--quiet", &tree])
                .output()?;
            Ok(text(&output).and_then(|id| Oid::parse(&id)))
        }
    }
}

fn facts(repo: &Repo, asked: Option<Asked>) -> Result<Facts, Error> {
    let ask = |args: &[&str]| repo.git().args(args).output().map(|output| text(&output));
    let describe = match &repo.opened_at {
        Some(tip) if !may_have_tags(repo) => Some(tip.short.clone()),
        _ => ask(&["describe", "--always", "HEAD"])?,
    };
    Ok(Facts {
        config: match asked.and_then(Asked::finish) {
            Some(config) => config,
            None => Config::read(repo)?,
        },
        describe,
    })
}

/// Whether there can be tags. `git describe` opens every ref to find out, those of runs included, and
/// without a tag it says no more than the short id.
fn may_have_tags(repo: &Repo) -> bool {
    let loose = std::fs::read_dir(repo.common_dir.join("refs/tags"));
    loose.is_ok_and(|mut tags| tags.next().is_some())
        || packed::under(repo, "refs/tags/").is_none_or(|tags| !tags.is_empty())
}

/// What a command printed; `None` when it failed.
fn text(output: &Output) -> Option<String> {
    let text = String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// git with the settings of a freeze: exec bits as they are, and filters only if they may run.
pub(super) fn prepared(repo: &Repo, scope: &Scope<'_>, config: &Config) -> Git {
    let mut git = repo.git();
    if honours_exec_bits(repo) {
        git = git.config("core.fileMode=true");
    }
    if scope.filters {
        git
    } else {
        without_filters(git, config)
    }
}

/// Whether this file system keeps exec bits. git never sets one on its own files, so that one there
/// means that every file has it (FAT, NTFS and SMB mounts).
pub(super) fn honours_exec_bits(repo: &Repo) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let head = std::fs::symlink_metadata(repo.git_dir.join("HEAD"));
        head.is_ok_and(|head| head.is_symlink() || head.permissions().mode() & 0o111 == 0)
    }
    #[cfg(not(unix))]
    {
        let _ = repo;
        false
    }
}

/// Tracked files that the index tells git not to look at, and that are there all the same.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    pub assume_unchanged: Vec<RecordPath>,
    pub skip_worktree: Vec<RecordPath>,
}

impl Hidden {
    fn find(repo: &Repo, scope: &Scope<'_>, index: &[IndexEntry]) -> Result<Self, Error> {
        let top = repo.top()?;
        let mut hidden = Self::default();
        for entry in index.iter().filter(|entry| entry.tag != b'H') {
            let path = &entry.entry.path;
            if !scope.covers(path) {
                continue;
            }
            let is_skipped = entry.tag.eq_ignore_ascii_case(&b'S');
            if is_skipped && top.join(path.to_path()).symlink_metadata().is_err() {
                // Meant not to be there, whatever else is said of it.
                continue;
            }
            if entry.tag.is_ascii_lowercase() {
                hidden.assume_unchanged.push(path.clone());
            }
            if is_skipped {
                hidden.skip_worktree.push(path.clone());
            }
        }
        Ok(hidden)
    }

    pub fn is_empty(&self) -> bool {
        self.assume_unchanged.is_empty() && self.skip_worktree.is_empty()
    }

    pub fn paths(&self) -> impl Iterator<Item = &RecordPath> {
        self.assume_unchanged.iter().chain(&self.skip_worktree)
    }
}

/// The working tree as it was seen. Nothing has been written.
pub struct Seen<'a> {
    pub(super) repo: &'a Repo,
    pub(super) scope: &'a Scope<'a>,
    pub(super) status: Status,
    /// Entries that git's own index tells wrong things of: [`gitlinks`].
    pub(super) restaged: Vec<Entry>,
    pub(super) said: Said,
    pub(super) index: Vec<IndexEntry>,
    pub(super) resized: Vec<Entry>,
    pub(super) hidden: Hidden,
    pub(super) config: Config,
    pub(super) odd: Vec<LeftOut>,
    pub(super) describe: Option<String>,
    pub(super) head_tree: Option<Oid>,
    pub(super) state: Option<String>,
    pub(super) superproject: Option<RecordPath>,
}

impl Seen<'_> {
    /// Where HEAD stands.
    pub fn head(&self) -> &Head {
        &self.status.head
    }

    /// Whether git sees no difference outside the folders of records. What its index hides, what is
    /// inside submodules and what its conversions change is found by [`Seen::write`] alone.
    pub fn looks_clean(&self) -> bool {
        self.status.is_clean()
    }

    /// Paths that git sees as different from the commit, untracked ones included.
    pub fn differing(&self) -> impl Iterator<Item = &RecordPath> {
        let status = &self.status;
        status
            .tracked
            .iter()
            .chain(&status.conflicts)
            .chain(&status.untracked)
    }

    /// Takes the index outside the folders of records, as it is in a tree.
    pub(super) fn take_listing(&mut self) -> Vec<Entry> {
        let scope = self.scope;
        let mut index = std::mem::take(&mut self.index);
        index.retain(|entry| is_outside(entry, scope));
        index.into_iter().map(|entry| entry.entry).collect()
    }

    /// Submodules with anything in them.
    pub(super) fn submodules(&self) -> Result<Vec<&Entry>, Error> {
        let top = self.repo.top()?;
        let present = |entry: &&Entry| {
            is_filled(&top.join(entry.path.to_path())) && !is_behind_a_link(top, &entry.path)
        };
        Ok(self
            .index
            .iter()
            // In a conflict, our side (git-read-tree(1)).
            .filter(|entry| matches!(entry.stage, 0 | 2))
            .map(|entry| &entry.entry)
            .filter(|entry| entry.mode == GITLINK)
            .filter(present)
            .collect())
    }
}

/// Entries of no conflict outside the folders of records.
fn outside<'i>(index: &'i [IndexEntry], scope: &Scope<'_>) -> impl Iterator<Item = &'i Entry> {
    let entries = index.iter().filter(move |entry| is_outside(entry, scope));
    entries.map(|entry| &entry.entry)
}

fn is_outside(entry: &IndexEntry, scope: &Scope<'_>) -> bool {
    entry.stage == 0 && scope.covers(&entry.entry.path)
}
