//! Where a run's files can be had from: its ref, its snapshot, its commit, or its commit and patch.

use std::path::{Path, PathBuf};

use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::git::objects::Objects;
use crate::git::snapshot::parts;
use crate::git::{Repo, refs};
use crate::model::{Oid, Run, Sha256, Uid};
use crate::store::{contain, elsewhere, runs};

/// A run as far as this clone knows it.
#[derive(Debug)]
pub struct Found {
    /// Its identity.
    pub uid: Uid,
    /// What people call it.
    pub label: String,
    /// The record; `None` when only a ref or a note is known.
    pub run: Option<Run>,
    /// Its folder, if it has one here.
    pub folder: Option<PathBuf>,
    /// What its note or ref names.
    commit: Option<Oid>,
}

/// A commit that has the files.
#[derive(Clone, Debug)]
pub struct Source {
    /// What people call the run.
    pub label: String,
    /// A snapshot, or the commit that was run.
    pub commit: Oid,
    /// The commit that was run; `None` before the first.
    pub base: Option<Oid>,
    /// The files as they were.
    pub tree: Oid,
    /// The staged tree, where it was kept.
    pub staged: Option<Oid>,
    /// The tree that the record names.
    pub expected: Option<Oid>,
    /// What it was put together from.
    pub how: How,
}

/// What a source was found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The run's own ref, or the snapshot that the record names.
    Snapshot,
    /// The commit that was run: the working tree was clean.
    Commit,
    /// The commit and the patch in the run's folder: the snapshot is not here.
    Patch,
}

/// Finds a run by name: in this working tree, else on other branches, by refs and by notes.
pub fn find(ctx: &Ctx, name: &str) -> Result<Found> {
    let project = ctx.project()?;
    let missing = match runs::resolve(project, name) {
        Ok(entry) => {
            let run = entry.run?;
            return Ok(Found {
                uid: run.uid.clone(),
                label: run.id().to_string(),
                commit: None,
                run: Some(run),
                folder: Some(entry.folder),
            });
        }
        Err(missing) => missing,
    };
    let known = elsewhere::runs(ctx.repo()?, project)?;
    let Some(known) = elsewhere::find(&known, name)? else {
        return Err(missing.hint("if somebody else ran it: git exp pull"));
    };
    Ok(Found {
        uid: known.uid.clone(),
        label: known.label(),
        commit: known.commit.clone(),
        run: known.run.as_deref().cloned(),
        folder: None,
    })
}

impl Found {
    /// A run whose record and folder are at hand.
    pub fn recorded(run: &Run, folder: &Path) -> Self {
        Self {
            uid: run.uid.clone(),
            label: run.id().to_string(),
            run: Some(run.clone()),
            folder: Some(folder.to_owned()),
            commit: None,
        }
    }

    /// The tree of the files as they were, put together from commit and patch where the snapshot is
    /// gone.
    ///
    /// # Errors
    /// When nothing that is in this clone gives it.
    pub fn tree(&self, ctx: &Ctx, objects: &Objects<'_>) -> Result<Oid> {
        let code = self.run.as_ref().map(|run| &run.code);
        let commit = code.and_then(|code| code.commit.clone());
        let here = |id: &Oid| matches!(objects.read(id), Ok(Some(_)));
        let tree = code.and_then(|code| code.tree.clone()).filter(here);
        match (tree, commit) {
            (Some(tree), _) => Ok(tree),
            (None, Some(commit)) if !here(&commit) => Err(self.gone(Some(&commit), ctx.repo()?)),
            (None, commit) => self.patched(ctx.repo()?, commit.as_ref()),
        }
    }

    /// The commit that has the files.
    ///
    /// # Errors
    /// When neither the snapshot nor the commit is in this clone; says how to get them.
    pub fn source(&self, ctx: &Ctx) -> Result<Source> {
        let repo = ctx.repo()?;
        let objects = Objects::open(repo);
        let code = self.run.as_ref().map(|run| &run.code);
        let expected = code.and_then(|code| code.tree.clone());
        let here = |id: &Oid| matches!(objects.read(id), Ok(Some(_)));
        let snapshot = refs::read(repo, &self.uid)?
            .or_else(|| code.and_then(|code| code.snapshot.clone()))
            .or_else(|| self.commit.clone());
        if let Some(commit) = snapshot.filter(here) {
            return self.taken_from(&objects, commit, expected, How::Snapshot);
        }
        let commit = code.and_then(|code| code.commit.clone());
        match &commit {
            Some(commit) if !here(commit) => return Err(self.gone(Some(commit), repo)),
            Some(commit) if code.is_some_and(|code| code.snapshot.is_none()) => {
                return self.taken_from(&objects, commit.clone(), expected, How::Commit);
            }
            _ => {}
        }
        let tree = self.patched(repo, commit.as_ref())?;
        let parents: Vec<&Oid> = commit.iter().collect();
        Ok(Source {
            label: self.label.clone(),
            commit: repo.commit_as_tool(&tree, &parents, "put together from a patch")?,
            base: commit,
            tree,
            staged: None,
            expected,
            how: How::Patch,
        })
    }

    fn taken_from(
        &self,
        objects: &Objects<'_>,
        commit: Oid,
        expected: Option<Oid>,
        how: How,
    ) -> Result<Source> {
        let parts = parts(objects, &commit)?;
        let staged = match &parts.extras {
            Some(extras) => objects.at(extras, &"index".into())?,
            None => None,
        };
        Ok(Source {
            label: self.label.clone(),
            commit,
            base: parts.base,
            tree: parts.tree,
            staged: staged.map(|item| item.id),
            expected,
            how,
        })
    }

    fn gone(&self, commit: Option<&Oid>, repo: &Repo) -> Failure {
        let patch = self.run.as_ref().and_then(|run| run.code.patch.as_ref());
        let what = match (commit, patch, &self.folder) {
            (Some(commit), ..) => commit.short(),
            (None, Some(_), None) => "the folder with its patch",
            (None, ..) => "a patch",
        };
        let failure = Failure::new(format!("the code of {} is not in this clone", self.label))
            .because(format!("neither refs/exp/{} nor {what} is here", self.uid))
            .hint("fetch what others pushed: git exp pull");
        match repo.shallow {
            true => failure.hint("history was cut off here: git fetch --unshallow"),
            false => failure,
        }
    }

    /// The commit's tree with the run's patch on it; before the first commit it is a patch on nothing.
    fn patched(&self, repo: &Repo, commit: Option<&Oid>) -> Result<Oid> {
        let patch = self.run.as_ref().and_then(|run| run.code.patch.as_ref());
        let (Some(folder), Some(patch)) = (&self.folder, patch) else {
            return Err(self.gone(None, repo));
        };
        let path = contain::below(folder, &patch.path.as_str().into())?;
        let bytes = read(&path)?;
        if Sha256::of(&bytes) != patch.sha256 {
            return Err(Failure::new(format!("{} was changed", path.display()))
                .because("its digest is not the recorded one, and the snapshot is not here")
                .hint("fetch the snapshot: git exp pull"));
        }
        repo.tree_with_patch(commit, &bytes).context(|| {
            let base = commit.map_or("an empty tree", Oid::short);
            format!("{} can't be applied to {base}", path.display())
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).context(|| format!("cannot read {}", path.display()))
}

impl Source {
    /// Whether there was work that no commit of the user's has.
    pub fn is_uncommitted(&self) -> bool {
        self.base.as_ref() != Some(&self.commit)
    }
}
