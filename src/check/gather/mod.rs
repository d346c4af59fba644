//! Gathers facts: reads records, mini-logs and reports from the working tree, the index or a commit,
//! and asks git what it still has.

mod claims;
mod content;
mod documents;
mod files;
mod history;
mod noted;
mod originals;
mod records;
mod source;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use super::facts::{CloneFacts, Facts};
use super::policy::Policy;
use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::git::history::{Remotes, Tips};
use crate::git::objects::Objects;
use crate::git::{Error, Repo};
use crate::model::{Oid, RecordPath};
use crate::settings::ProjectSettings;
use crate::store::layout::{EXPERIMENTS, SETTINGS};
use source::Source;

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Only runs and documents that are new or changed since this revision.
    pub since: Option<String>,
    /// The index instead of the working tree, and only what is staged.
    pub staged: bool,
    /// Whether commits must be on a remote.
    pub pushed: bool,
    /// Revisions that are being pushed just now.
    pub pushing: Vec<String>,
}

/// Everything that gathering shares.
struct Work<'a, 'r> {
    ctx: &'a Ctx,
    repo: &'a Repo,
    objects: &'a Objects<'r>,
    source: Source<'a, 'r>,
    /// The project's folder, from the top of the working tree.
    prefix: RecordPath,
    /// The project's folder on disk, when the working tree is looked at.
    root: Option<PathBuf>,
    settings: ProjectSettings,
    /// The last commit.
    head: Option<Oid>,
    /// What was there before.
    before: Vec<Before>,
    /// Whether only what differs from [`Work::before`] is asked about.
    only_new: bool,
}

/// An earlier version of the files.
struct Before {
    /// What it is called.
    name: String,
    /// Where it is.
    commit: Oid,
    /// What is another file by now, new or gone.
    changed: BTreeSet<RecordPath>,
}

impl Before {
    /// Whether a file, or anything below a folder, changed.
    fn differs(&self, place: &RecordPath) -> bool {
        // Names that go on where the folder's ends sort between it and what is in it.
        let from = self.changed.range(place.clone()..);
        from.take_while(|path| path.as_bytes().starts_with(place.as_bytes()))
            .any(|path| path.is_within(place))
    }
}

impl Work<'_, '_> {
    fn experiments(&self) -> RecordPath {
        RecordPath::from(EXPERIMENTS).below(&self.prefix)
    }

    fn in_tree(&self, path: &RecordPath) -> RecordPath {
        path.below(&self.prefix)
    }
}

/// Gathers the facts.
///
/// # Errors
/// A revision that is not here, settings that can't be read, or a git that fails.
pub fn gather(
    ctx: &Ctx,
    ask: &Ask,
    read_policy: &dyn Fn(&ProjectSettings) -> Result<Policy>,
) -> Result<(Facts, Policy)> {
    let repo = ctx.repo()?;
    // A bare repository is opened without a look at its HEAD.
    let head = match &repo.opened_at {
        Some(tip) => Some(tip.commit.clone()),
        None => repo.resolve("HEAD")?,
    };
    let objects = Objects::open(repo);
    std::thread::scope(|scope| {
        // git looks through its own files while records are read.
        let refs = scope.spawn(|| {
            let tips = crate::git::history::tips(repo, head.as_ref())?;
            Ok((tips, crate::git::history::remotes(repo)?))
        });
        let work = prepare(ctx, repo, &objects, ask, head.clone())?;
        let policy = read_policy(&work.settings)?;
        let mut facts = records::facts(&work)?;
        facts.pushed = ask.pushed;
        facts.require_clean = policy.require_clean;
        facts.strict_commit = policy.strict_commit;
        facts.now = Some(ctx.ambient.now());
        let (tips, remotes) = finished(refs)?;
        facts.clone = clone_facts(&work, &tips, remotes);
        history::fill(&work, &mut facts, &policy, &tips, &ask.pushing)?;
        documents::fill(&work, &mut facts)?;
        content::fill(&work, &mut facts, &policy)?;
        facts.settings = work.settings;
        Ok((facts, policy))
    })
}

/// What a thread found out.
fn finished<T>(thread: std::thread::ScopedJoinHandle<'_, Result<T, Error>>) -> Result<T> {
    let found = thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    found.map_err(Failure::from)
}

fn prepare<'a, 'r>(
    ctx: &'a Ctx,
    repo: &'a Repo,
    objects: &'a Objects<'r>,
    ask: &Ask,
    head: Option<Oid>,
) -> Result<Work<'a, 'r>> {
    let bare = repo.work_tree.is_none();
    if bare && ask.staged {
        return Err(
            Failure::new("--staged needs a working tree").because("this repository is bare")
        );
    }
    let (source, prefix, root) = match (&repo.work_tree, &head) {
        (Some(top), _) => {
            let project = ctx.project()?;
            let source = if ask.staged {
                let file = ctx.ambient.var_os("GIT_INDEX_FILE").map(OsString::from);
                Source::index(repo, objects, file)?
            } else {
                Source::worktree(repo, top, &project.prefix)?
            };
            let is_partly_out = is_empty(&source, &project.prefix) || source.is_sparse();
            match (&head, is_partly_out) {
                // Sparse, or cloned without a checkout: the records are there, only not on disk.
                (Some(head), true) if !ask.staged => {
                    let committed = commit_source(repo, head, objects)?;
                    let prefix = shallowest_project(&committed);
                    if is_empty(&committed, &prefix) {
                        (source, project.prefix.clone(), Some(project.root.clone()))
                    } else {
                        ctx.ui
                            .say("experiments/ is not all checked out: HEAD is checked instead");
                        (committed, prefix, None)
                    }
                }
                _ => (source, project.prefix.clone(), Some(project.root.clone())),
            }
        }
        (None, Some(head)) => {
            let source = commit_source(repo, head, objects)?;
            let prefix = shallowest_project(&source);
            (source, prefix, None)
        }
        (None, None) => {
            return Err(Failure::new("there is no commit to check")
                .because("the repository is bare and its HEAD names no commit")
                .hint("name a branch: git symbolic-ref HEAD refs/heads/main"));
        }
    };
    let settings_path =
        RecordPath::from(SETTINGS).below(&RecordPath::from(EXPERIMENTS).below(&prefix));
    let settings = match source.read(&settings_path) {
        Some(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            ProjectSettings::parse(&text, &settings_path.display())?
        }
        None => ProjectSettings::default(),
    };
    let mut work = Work {
        ctx,
        repo,
        objects,
        source,
        prefix,
        root,
        settings,
        head,
        before: Vec::new(),
        only_new: ask.staged || ask.since.is_some(),
    };
    earlier(&mut work, ask)?;
    Ok(work)
}

/// The versions to compare with: HEAD for what is not committed yet, and the revision of `--since`.
fn earlier(work: &mut Work<'_, '_>, ask: &Ask) -> Result<()> {
    if let Some(since) = &ask.since {
        let Some(commit) = work.repo.resolve(since)? else {
            let failure = Failure::new(format!("--since {since}: no such commit in this clone"));
            return Err(if work.repo.shallow {
                failure
                    .because("the clone is shallow")
                    .hint("git fetch --unshallow   (actions/checkout: fetch-depth: 0)")
            } else {
                failure.hint("fetch it: git fetch origin")
            });
        };
        let base = fork_point(work, &commit)?.unwrap_or(commit);
        look_back(work, since, base)?;
    }
    let looks_at_head = work.root.is_none();
    if let Some(head) = work.head.clone().filter(|_| !looks_at_head)
        && (ask.staged || ask.since.is_none())
    {
        look_back(work, "HEAD", head)?;
    }
    Ok(())
}

fn look_back(work: &mut Work<'_, '_>, name: &str, commit: Oid) -> Result<()> {
    let changed = work.source.changed(work.repo, work.objects, &commit);
    work.before.push(Before {
        name: name.to_owned(),
        changed: changed.map_err(|error| unlisted(work.repo, &commit, error))?,
        commit,
    });
    Ok(())
}

/// The files of a commit, or an error that says why they can't be listed.
fn commit_source<'a, 'r>(
    repo: &Repo,
    commit: &Oid,
    objects: &'a Objects<'r>,
) -> Result<Source<'a, 'r>> {
    Source::commit(repo, commit, objects).map_err(|error| unlisted(repo, commit, error))
}

fn unlisted(repo: &Repo, commit: &Oid, error: Error) -> Failure {
    let failure =
        Failure::new(format!("the files of {} can't be listed", commit.short())).because(error);
    if crate::git::history::remotes(repo).is_ok_and(|remotes| remotes.partial) {
        failure.hint("this partial clone left trees on the server: clone with --filter=blob:none")
    } else {
        failure.hint("see what is damaged: git fsck")
    }
}

/// Whether there is no run at all.
fn is_empty(source: &Source<'_, '_>, prefix: &RecordPath) -> bool {
    let experiments = RecordPath::from(EXPERIMENTS).below(prefix);
    source
        .below(&RecordPath::from("runs").below(&experiments))
        .is_empty()
}

/// Where this history left the other one: what came there later is none of ours.
fn fork_point(work: &Work<'_, '_>, other: &Oid) -> Result<Option<Oid>> {
    let Some(head) = &work.head else {
        return Ok(None);
    };
    let printed = work
        .repo
        .git()
        .args(["merge-base", head.as_str(), other.as_str()])
        .output()
        .map_err(Failure::from)?;
    Ok(Oid::parse(String::from_utf8_lossy(&printed.stdout).trim()))
}

/// The project of a bare repository: the one nearest to the top.
fn shallowest_project(source: &Source<'_, '_>) -> RecordPath {
    let marker = format!("{EXPERIMENTS}/{SETTINGS}");
    source
        .files()
        .into_iter()
        .filter_map(|path| path.as_bytes().strip_suffix(marker.as_bytes()))
        .filter(|folder| folder.is_empty() || folder.ends_with(b"/"))
        .min_by_key(|folder| folder.iter().filter(|&&b| b == b'/').count())
        .map(|folder| RecordPath::from_bytes(folder.strip_suffix(b"/").unwrap_or(folder)))
        .unwrap_or_default()
}

/// What kind of clone this is.
fn clone_facts(work: &Work<'_, '_>, tips: &Tips, remotes: Remotes) -> CloneFacts {
    let exp_dir = work.repo.exp_dir();
    // Refs of runs that were made here say nothing about those of others.
    let all_fetched = !tips.keep.is_empty() && !exp_dir.join("ids").exists();
    // `git exp push` and `pull` ask the remote what it has, and write it down.
    let asked = exp_dir.join("pushed").exists();
    CloneFacts {
        shallow: work.repo.shallow,
        partial: remotes.partial,
        no_worktree: work.root.is_none(),
        keep_refs_known: all_fetched || asked || remotes.keep_refs || !remotes.any,
        has_remote: remotes.any,
        remote: remotes.name,
    }
}

/// The different commits that records name.
fn commits(facts: &Facts) -> BTreeSet<Oid> {
    facts
        .records()
        .flat_map(|(_, run)| run.code.commit.iter().chain(&run.code.snapshot).cloned())
        .collect()
}
