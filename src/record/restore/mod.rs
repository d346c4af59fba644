//! Gives a run's files back: into a new folder, a linked worktree, or a branch. Never over edits.

pub mod config;
pub mod data;
pub mod source;
pub mod worktree;

use std::path::{Path, PathBuf};

use crate::context::Ctx;
use crate::error::{Context, Failure, Result, pasted};
use crate::git::restore::{Restored, export};
use crate::git::{Repo, refs};
use crate::model::Run;
use crate::observe::environment;
use crate::store::layout::ENV_TXT;
use source::Source;

/// Where the files go.
#[derive(Clone, Debug)]
pub enum Target {
    /// A plain folder that must be new or empty.
    Folder(PathBuf),
    /// A linked worktree, on a new branch if one is named.
    Worktree(PathBuf, Option<String>),
}

impl Target {
    /// The folder.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Worktree(path, _) => path,
        }
    }
}

/// What came back, and how sure it is.
#[derive(Debug)]
pub struct Given {
    /// What git's objects gave.
    pub restored: Restored,
    /// Whether the files on disk are the tree that the record names. `None` when the record names
    /// none.
    pub as_recorded: Option<bool>,
}

impl Given {
    /// Whether everything that can be compared is the same.
    pub fn is_exact(&self) -> bool {
        self.restored.tree_verified && self.as_recorded != Some(false)
    }
}

/// Writes the files of a run.
///
/// # Errors
/// When the place is taken, or an object is not in this clone. What was begun is removed again.
pub fn give(ctx: &Ctx, source: &Source, target: &Target) -> Result<Given> {
    let place = target.path();
    refuse_occupied(place, &source.label)?;
    let was_there = place.is_dir();
    let written = match target {
        Target::Folder(path) => fill(ctx, source, path),
        Target::Worktree(path, branch) => {
            worktree::give(ctx, source, path, branch.as_deref(), fill)
        }
    };
    written.inspect_err(|_| {
        // All of it is ours: the folder was new or empty.
        if !was_there {
            let _ = std::fs::remove_dir_all(place);
        }
    })
}

/// Writes the files into a folder that is new or empty.
pub fn fill(ctx: &Ctx, source: &Source, place: &Path) -> Result<Given> {
    let exported = export(ctx.repo()?, &source.commit, place).map_err(|error| {
        let failure = Failure::from(error);
        match failure.hints().is_empty() {
            true => failure.hint("objects may be missing here: git exp pull"),
            false => failure,
        }
    });
    let restored = exported.context(|| format!("cannot restore into {}", place.display()))?;
    let as_recorded = source
        .expected
        .as_ref()
        .map(|expected| *expected == restored.tree);
    Ok(Given {
        restored,
        as_recorded,
    })
}

fn refuse_occupied(place: &Path, label: &str) -> Result<()> {
    let taken = match place.symlink_metadata() {
        Ok(found) if found.is_dir() => std::fs::read_dir(place)
            .map_err(|error| {
                Failure::new(format!("cannot read {}", place.display())).because(error)
            })?
            .next()
            .is_some(),
        Ok(_) => true,
        Err(_) => false,
    };
    if taken {
        let mut beside = place.as_os_str().to_owned();
        beside.push("-2");
        let beside = PathBuf::from(beside);
        return Err(
            Failure::new(format!("{} is not an empty folder", place.display()))
                .because("files are never written over what is there")
                .hint(format!(
                    "name a new one: git exp restore {label} {}",
                    pasted(&beside)
                )),
        );
    }
    Ok(())
}

/// Makes a branch that holds exactly the run's code; uncommitted work becomes one commit on it.
///
/// # Returns
/// Whether there was uncommitted work.
pub fn branch(ctx: &Ctx, source: &Source, name: &str, run: Option<&Run>) -> Result<bool> {
    let repo = ctx.repo()?;
    check_branch(repo, name, run)?;
    let dirty = source.is_uncommitted();
    let commit = if dirty {
        let label = run.map(|run| run.id().short());
        let mut message = format!(
            "{}: uncommitted work of the run\n",
            label.as_deref().unwrap_or("git exp")
        );
        if let Some(run) = run {
            message.push_str(&format!("\nExp-Run: {}\n", run.id()));
        }
        let parents = source.base.iter().collect::<Vec<_>>();
        repo.commit_as_user(&source.tree, &parents, &message)?
    } else {
        source.commit.clone()
    };
    repo.new_branch(name, &commit)?;
    Ok(dirty)
}

fn check_branch(repo: &Repo, name: &str, run: Option<&Run>) -> Result<()> {
    if !repo.can_name_branch(name)? {
        let label = run.map_or_else(|| "exp".to_owned(), |run| run.id().to_string());
        return Err(
            Failure::new(format!("`{name}` can't be the name of a branch"))
                .hint(format!("name another: --branch {label}")),
        );
    }
    if refs::read_name(repo, &refs::branch(name))?.is_some() {
        return Err(Failure::new(format!("a branch `{name}` already exists"))
            .hint(format!("name another: --branch {name}-2")));
    }
    Ok(())
}

/// How many packages differ between the run's list and what its command would get here now; `None`
/// when the run has no list.
pub fn packages_that_differ(ctx: &Ctx, run: &Run, folder: Option<&Path>) -> Result<Option<usize>> {
    let Some(list) = folder.and_then(|folder| std::fs::read_to_string(folder.join(ENV_TXT)).ok())
    else {
        return Ok(None);
    };
    let program = run
        .command
        .as_ref()
        .and_then(|command| command.argv.first());
    let program = program.map(std::ffi::OsString::from);
    let root = &ctx.project()?.root;
    let now = environment::observe(&ctx.ambient, program.as_deref(), root);
    let now = environment::env_txt(&now.packages);
    let names = |text: &str| -> std::collections::BTreeMap<String, String> {
        text.lines()
            .filter_map(|line| line.split_once("=="))
            .map(|(name, version)| (name.to_owned(), version.to_owned()))
            .collect()
    };
    let (then, now) = (names(&list), names(&now));
    let all: std::collections::BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    Ok(Some(
        all.into_iter()
            .filter(|name| then.get(*name) != now.get(*name))
            .count(),
    ))
}
