//! The data of a restored run: whether it is there with its digest, and where it can be had from.

use std::path::{Path, PathBuf};

use crate::atomic;
use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::git::snapshot::lfs;
use crate::model::data::{DataInput, DataKind, Pointer};
use crate::model::{RecordPath, Run, Sha256};
use crate::observe::data::dvc::content::{Called, called};
use crate::observe::data::{Spec, dvc};
use crate::record::gather::observe_data;
use crate::settings::Profile;
use crate::store::layout::normalize;
use crate::store::{contain, runs};

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
    /// Something is there, and not all of it could be read.
    Unread,
    /// Nowhere on this machine; the command that brings it, if it is known.
    Missing(Option<&'static str>),
    /// The record has no hash to compare with.
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
            Self::Unread => "present, but not all of it could be read: not verified".to_owned(),
            Self::Missing(None) => "not on this machine".to_owned(),
            Self::Missing(Some(command)) => format!("not on this machine ({command})"),
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

/// What the content of an input is called.
#[derive(Clone, Copy)]
enum Name<'r> {
    /// Its digest.
    Sha256(&'r Sha256),
    /// What DVC calls it: it was not here when the run was recorded.
    Md5(&'r str),
}

impl<'r> Name<'r> {
    fn of(input: &'r DataInput) -> Option<Self> {
        let sha256 = input.sha256.as_ref().map(Self::Sha256);
        sha256.or_else(|| input.dvc_md5().map(Self::Md5))
    }

    /// Whether a place has the content; `None` when nothing is there.
    fn is_at(self, ctx: &Ctx, place: &Path) -> Result<Option<Found>> {
        if !place.exists() {
            return Ok(None);
        }
        match self {
            Self::Sha256(wanted) => {
                let spec = Spec {
                    role: String::new(),
                    path: place.to_owned(),
                };
                let mut seen = observe_data(ctx, &[spec], Profile::None, false)?;
                let input = seen.inputs.pop();
                Ok(
                    input.map(|input| match input.sha256.as_ref() == Some(wanted) {
                        // A pointer has the name of the content and is not the content.
                        _ if input.stands_in => Found::Pointer,
                        _ if input.sha256.is_none() => Found::Unread,
                        true => Found::It,
                        false => Found::Other,
                    }),
                )
            }
            Self::Md5(wanted) => {
                let called = called(place, wanted);
                let called = called.context(|| format!("cannot read {}", place.display()))?;
                Ok(Some(match called {
                    Called::So => Found::It,
                    _ => Found::Other,
                }))
            }
        }
    }
}

/// What a place has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// The content.
    It,
    /// A pointer in the place of it, or of some of it.
    Pointer,
    /// Something else.
    Other,
    /// Something that can't be read whole.
    Unread,
}

fn state(ctx: &Ctx, input: &DataInput, root: &Path, fetch: bool) -> Result<State> {
    let Some(wanted) = Name::of(input) else {
        return Ok(State::Unknown);
    };
    let command = input.pointer.as_ref().map(Pointer::command);
    let other = |here| match here {
        Some(Found::Other) => State::Differs,
        Some(Found::Unread) => State::Unread,
        // Of a folder, some files are pointers, and no record says whose.
        Some(Found::Pointer) => State::Missing(command.or(Some("git lfs pull, git annex get"))),
        _ => State::Missing(command),
    };
    if input.external {
        return Ok(match wanted.is_at(ctx, &input.path.to_path())? {
            Some(Found::It) => State::Present,
            here => other(here),
        });
    }
    // What stands there may be a link of git-annex, which is replaced.
    let place = contain::entry(root, &input.path)?;
    let here = wanted.is_at(ctx, &place)?;
    if here == Some(Found::It) {
        return Ok(State::Present);
    }
    let Some((name, from)) = elsewhere(ctx, input, wanted)? else {
        return Ok(other(here));
    };
    if !fetch {
        return Ok(State::At(name));
    }
    if place
        .symlink_metadata()
        .is_ok_and(|found| found.is_symlink())
    {
        // Nothing is written through it.
        std::fs::remove_file(&place).map_err(|error| atomic::failed(&place, &error))?;
    }
    match &from {
        From::Path(from) => copy(from, &place)?,
        From::Listing(members) => {
            for (name, object) in members {
                copy(object, &contain::below(&place, name)?)?;
            }
        }
    }
    if wanted.is_at(ctx, &place)? == Some(Found::It) {
        return Ok(State::Copied(name));
    }
    Err(Failure::new(format!(
        "{} is not what the run read, although {name} had that",
        place.display()
    ))
    .hint("try again when nothing writes to it"))
}

/// What to copy.
enum From {
    /// A file or folder.
    Path(PathBuf),
    /// The files of a folder, each by its name in it.
    Listing(Vec<(RecordPath, PathBuf)>),
}

/// A place on this machine that has the content: a working tree of the project, Git LFS, the cache of
/// DVC.
fn elsewhere(ctx: &Ctx, input: &DataInput, wanted: Name) -> Result<Option<(String, From)>> {
    if let Some((name, path)) = in_working_trees(ctx, input, wanted)? {
        return Ok(Some((name, From::Path(path))));
    }
    if let Name::Sha256(sha256) = wanted
        && input.kind == DataKind::File
        && let Some(path) = lfs::find(ctx.repo()?, sha256)
    {
        return Ok(Some(("Git LFS".to_owned(), From::Path(path))));
    }
    let found = in_dvc(ctx, input, wanted)?;
    Ok(found.map(|from| ("the cache of DVC".to_owned(), from)))
}

/// In the cache of DVC, by the MD5 that was recorded beside the digest.
fn in_dvc(ctx: &Ctx, input: &DataInput, wanted: Name) -> Result<Option<From>> {
    let Some(md5) = input.dvc_md5() else {
        return Ok(None);
    };
    let (repo, project) = (ctx.repo()?, ctx.project()?);
    let mut tops = vec![repo.top()?.to_owned(), project.root.clone()];
    // A linked working tree has a cache of its own, empty as a rule.
    for top in repo.worktrees()? {
        tops.push(top.join(project.prefix.to_path()));
        tops.push(top);
    }
    let objects = |md5: &str| -> Vec<PathBuf> {
        let places = tops.iter().flat_map(|top| dvc::objects(top, md5));
        places.filter(|place| place.is_file()).collect()
    };
    if dvc::is_folder(md5) {
        // Whether it is the folder that the run read shows when it is put together.
        let listing = objects(md5).iter().find_map(|object| dvc::listing(object));
        let whole = |members: Vec<dvc::Member>| -> Option<Vec<_>> {
            let object =
                |member: dvc::Member| Some((member.path, objects(&member.md5).into_iter().next()?));
            members.into_iter().map(object).collect()
        };
        return Ok(listing.and_then(whole).map(From::Listing));
    }
    for path in objects(md5) {
        if wanted.is_at(ctx, &path)? == Some(Found::It) {
            return Ok(Some(From::Path(path)));
        }
    }
    Ok(None)
}

/// The content at its own path, or at another that a run read it from: data are renamed, too. Here
/// first, then in the other working trees of this repository.
fn in_working_trees(
    ctx: &Ctx,
    input: &DataInput,
    wanted: Name,
) -> Result<Option<(String, PathBuf)>> {
    let (repo, project) = (ctx.repo()?, ctx.project()?);
    let mut paths = vec![input.path.clone()];
    let read = |entry: runs::Entry| entry.run.map(|run| run.data).unwrap_or_default();
    let same = |data: &DataInput| {
        let same = match wanted {
            Name::Sha256(sha256) => data.sha256.as_ref() == Some(sha256),
            Name::Md5(md5) => data.dvc_md5() == Some(md5),
        };
        same && !data.external
    };
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
            if place.starts_with(&root) && wanted.is_at(ctx, &place)? == Some(Found::It) {
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
