//! Looks at the working tree: all questions to git at once, none of which writes anything.

use std::thread::JoinHandle;

use super::config::{Config, without_filters};
use super::odd::{self, Sighting};
use super::status::{IndexEntry, Status, parse_index};
use super::{Scope, state};
use crate::git::command::Running;
use crate::git::tree::{Entry, GITLINK};
use crate::git::{Error, Git, Head, Repo};
use crate::model::code::LeftOut;
use crate::model::{Oid, RecordPath};

type Listing = (Vec<IndexEntry>, Vec<Sighting>);

/// Questions that git is answering. The caller may do other work meanwhile.
pub struct Observation<'a> {
    repo: &'a Repo,
    scope: &'a Scope<'a>,
    config: Config,
    pending_config: Option<Running>,
    status: Running,
    describe: Running,
    head_tree: Running,
    listing: JoinHandle<Result<Listing, Error>>,
}

impl<'a> Observation<'a> {
    /// Starts the commands.
    ///
    /// # Errors
    /// In a bare repository, and when git can't be started.
    pub fn begin(repo: &'a Repo, scope: &'a Scope<'a>) -> Result<Self, Error> {
        repo.top()?;
        let asked = Config::ask(repo).spawn()?;
        // Only a git that must run no filter has to know their names beforehand.
        let (config, pending_config) = if scope.filters {
            (Config::default(), Some(asked))
        } else {
            (Config::parse(&asked.output()?.stdout), None)
        };
        let listing = {
            let repo = repo.clone();
            let experiments = scope.experiments.clone();
            std::thread::spawn(move || list(&repo, &experiments))
        };
        let status = prepared(repo, scope, &config)
            .args(["status", "--porcelain=v2", "--branch", "-z", "--no-renames"])
            .args([
                "--no-ahead-behind",
                "--untracked-files=all",
                "--ignored=matching",
            ])
            // Inside submodules we look ourselves, for git would only say that there is something.
            .arg("--ignore-submodules=dirty")
            .args(scope.pathspecs())
            .spawn()?;
        Ok(Self {
            repo,
            scope,
            config,
            pending_config,
            status,
            describe: repo.git().args(["describe", "--always", "HEAD"]).spawn()?,
            head_tree: repo
                .git()
                .args(["rev-parse", "--verify", "--quiet", "HEAD^{tree}"])
                .spawn()?,
            listing,
        })
    }

    /// Waits for all answers.
    ///
    /// # Errors
    /// When git could not read the index or the working tree.
    pub fn finish(self) -> Result<Seen<'a>, Error> {
        let Self { repo, scope, .. } = self;
        let status = Status::parse(&self.status.finish()?)?;
        let (index, sightings) = match self.listing.join() {
            Ok(listing) => listing?,
            Err(_) => return Err(Error::Unexpected("the index could not be listed".into())),
        };
        let config = match self.pending_config {
            // Exit code 1: no such key.
            Some(asked) => Config::parse(&asked.output()?.stdout),
            None => self.config,
        };
        let hidden = Hidden::find(repo, scope, &index)?;
        Ok(Seen {
            describe: text(self.describe)?,
            head_tree: text(self.head_tree)?.and_then(|id| Oid::parse(&id)),
            state: state::under_way(repo)?,
            superproject: state::superproject(repo)?,
            odd: odd::sort(repo, scope, &status, &index, sightings)?,
            hidden,
            status,
            index,
            config,
            repo,
            scope,
        })
    }
}

/// `git ls-files`, and meanwhile-readable folders searched for what git passes over.
fn list(repo: &Repo, experiments: &[RecordPath]) -> Result<Listing, Error> {
    let index = parse_index(&repo.git().args(["ls-files", "-v", "-s", "-z"]).run()?)?;
    let sightings = odd::search(repo.top()?, &index, experiments);
    Ok((index, sightings))
}

/// The first line that a command printed; `None` when it failed.
fn text(running: Running) -> Result<Option<String>, Error> {
    let output = running.output()?;
    let text = String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned();
    Ok((output.status.success() && !text.is_empty()).then_some(text))
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
fn honours_exec_bits(repo: &Repo) -> bool {
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
            if entry.tag.is_ascii_lowercase() {
                hidden.assume_unchanged.push(path.clone());
            }
            let present = || top.join(path.to_path()).symlink_metadata().is_ok();
            if entry.tag.eq_ignore_ascii_case(&b'S') && present() {
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
    pub(super) index: Vec<IndexEntry>,
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
        let status = &self.status;
        status.tracked.is_empty()
            && status.untracked.is_empty()
            && status.nested.is_empty()
            && status.conflicts.is_empty()
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

    /// The index outside the folders of records, as it is in a tree.
    pub(super) fn listing(&self) -> Vec<Entry> {
        let outside =
            |entry: &&IndexEntry| entry.stage == 0 && self.scope.covers(&entry.entry.path);
        self.index
            .iter()
            .filter(outside)
            .map(|entry| entry.entry.clone())
            .collect()
    }

    /// Submodules that are checked out.
    pub(super) fn submodules(&self) -> Result<Vec<&Entry>, Error> {
        let top = self.repo.top()?;
        let present = |entry: &&Entry| top.join(entry.path.to_path()).join(".git").exists();
        Ok(self
            .index
            .iter()
            .map(|entry| &entry.entry)
            .filter(|entry| entry.mode == GITLINK)
            .filter(present)
            .collect())
    }
}
