//! The data of a restored run: whether it is there with its digest, and where it can be had from.

use std::path::{Path, PathBuf};

use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::git::snapshot::lfs;
use crate::model::data::{DataInput, DataKind};
use crate::model::{Run, Sha256};
use crate::observe::data::Spec;
use crate::observe::data::pointer::dvc_objects;
use crate::record::gather::observe_data;
use crate::settings::Profile;
use crate::store::layout::normalize;
use crate::store::{atomic, contain, runs};

/// How one input stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its role.
    pub role: String,
    /// Its recorded path.
    pub path: String,
    /// What was found.
    pub state: State,
}

/// What was found of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Where the run's program will look, with the recorded digest.
    Present,
    /// Put there from another place, and verified.
    Copied(String),
    /// Not there, but this place has it.
    At(String),
    /// Something else is there.
    Differs,
    /// Nowhere on this machine.
    Missing,
    /// The record has no digest to compare with.
    Unknown,
}

impl State {
    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Present => "present, hash ok".to_owned(),
            Self::Copied(from) => format!("copied from {from}, hash ok"),
            Self::At(place) => format!("not in the snapshot; {place} has it (copy it: --data)"),
            Self::Differs => "present, but its hash is another".to_owned(),
            Self::Missing => "not on this machine".to_owned(),
            Self::Unknown => "no hash was recorded: not verified".to_owned(),
        }
    }

    /// Whether the program would read what the run read.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Present | Self::Copied(_))
    }
}

/// Looks at each data input below a restored folder; with `fetch`, puts in what is missing.
pub fn settle(ctx: &Ctx, run: &Run, root: &Path, fetch: bool) -> Result<Vec<Input>> {
    run.data
        .iter()
        .map(|input| {
            Ok(Input {
                role: input.role.clone(),
                path: input.path.display().into_owned(),
                state: state(ctx, input, root, fetch)?,
            })
        })
        .collect()
}

fn state(ctx: &Ctx, input: &DataInput, root: &Path, fetch: bool) -> Result<State> {
    let Some(wanted) = &input.sha256 else {
        return Ok(State::Unknown);
    };
    if input.external {
        let place = input.path.to_path();
        return Ok(match digest(ctx, &place)? {
            None => State::Missing,
            Some(found) if found == *wanted => State::Present,
            Some(_) => State::Differs,
        });
    }
    let place = contain::below(root, &input.path)?;
    let here = digest(ctx, &place)?;
    if here.as_ref() == Some(wanted) {
        return Ok(State::Present);
    }
    let Some((name, from)) = elsewhere(ctx, input, wanted)? else {
        return Ok(match here {
            Some(_) => State::Differs,
            None => State::Missing,
        });
    };
    if !fetch {
        return Ok(State::At(name));
    }
    copy(&from, &place)?;
    if digest(ctx, &place)?.as_ref() == Some(wanted) {
        return Ok(State::Copied(name));
    }
    Err(
        Failure::new(format!("{} changed while it was copied", from.display()))
            .hint("try again when nothing writes to it"),
    )
}

/// A place on this machine that has the content: a working tree of the project, Git LFS, the cache of
/// DVC.
fn elsewhere(ctx: &Ctx, input: &DataInput, wanted: &Sha256) -> Result<Option<(String, PathBuf)>> {
    let project = ctx.project()?;
    if let Some(found) = in_working_trees(ctx, input, wanted)? {
        return Ok(Some(found));
    }
    if input.kind == DataKind::Folder {
        return Ok(None);
    }
    if let Some(path) = lfs::find(ctx.repo()?, wanted) {
        return Ok(Some(("Git LFS".to_owned(), path)));
    }
    let dvc = input
        .pointer
        .as_ref()
        .filter(|pointer| pointer.kind == "dvc");
    if let Some(pointer) = dvc {
        let tops = [ctx.repo()?.top()?.to_owned(), project.root.clone()];
        for path in tops.iter().flat_map(|top| dvc_objects(top, &pointer.id)) {
            if path.is_file() && digest(ctx, &path)?.as_ref() == Some(wanted) {
                return Ok(Some(("the cache of DVC".to_owned(), path)));
            }
        }
    }
    Ok(None)
}

/// The content at its own path, or at another that a run read it from: data are renamed, too. Here
/// first, then in the other working trees of this repository.
fn in_working_trees(
    ctx: &Ctx,
    input: &DataInput,
    wanted: &Sha256,
) -> Result<Option<(String, PathBuf)>> {
    let (repo, project) = (ctx.repo()?, ctx.project()?);
    let mut paths = vec![input.path.clone()];
    let read = |entry: runs::Entry| entry.run.map(|run| run.data).unwrap_or_default();
    let same = |data: &DataInput| data.sha256.as_ref() == Some(wanted) && !data.external;
    let others = runs::list(project)?.into_iter().flat_map(read).filter(same);
    for path in others.map(|data| data.path) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let linked = repo.worktrees()?.into_iter();
    let linked = linked.map(|top| top.join(project.prefix.to_path()));
    let roots = [project.root.clone()].into_iter();
    for root in roots.chain(linked.filter(|root| *root != project.root)) {
        for path in &paths {
            // Data often lies behind the user's own link, so links are followed here: it is only
            // read, and counts only with the recorded digest.
            let place = normalize(&root.join(path.to_path()));
            if place.starts_with(&root) && digest(ctx, &place)?.as_ref() == Some(wanted) {
                let name = match (root == project.root, *path == input.path) {
                    (true, true) => "this working tree".to_owned(),
                    (true, false) => path.display().into_owned(),
                    (false, _) => place.display().to_string(),
                };
                return Ok(Some((name, place)));
            }
        }
    }
    Ok(None)
}

/// The digest as a record has it: of the content, or of the manifest of a folder.
fn digest(ctx: &Ctx, place: &Path) -> Result<Option<Sha256>> {
    if !place.exists() {
        return Ok(None);
    }
    let spec = Spec {
        role: String::new(),
        path: place.to_owned(),
    };
    let mut seen = observe_data(ctx, &[spec], Profile::None, false)?;
    Ok(seen.inputs.pop().and_then(|input| input.sha256))
}

/// Copies a file or folder. What the snapshot put at a file's place (a pointer) is replaced.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let failed = |error: std::io::Error| atomic::failed(to, &error);
    if let Some(folder) = to.parent() {
        atomic::make_folder(folder)?;
    }
    if !from.is_dir() {
        let partial = to.with_extension("git-exp-partial");
        return std::fs::copy(from, &partial)
            .and_then(|_| std::fs::rename(&partial, to))
            .map_err(failed);
    }
    atomic::make_folder(to)?;
    let entries = std::fs::read_dir(from).context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry.context(|| format!("cannot read {}", from.display()))?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
