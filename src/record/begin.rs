//! Begins a run: observes everything, freezes the tree, and writes in the order that a crash at any
//! point can't hurt.

use std::path::{Path, PathBuf};

use super::inputs::Proposal;
use super::launch::Launch;
use super::like::Like;
use super::prepare::{self, Foresee, Observed, Prepared};
use super::{end, setup};
use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::failpoint;
use crate::git::notes::{Appending, Publishing};
use crate::git::refs;
use crate::git::snapshot::{Frozen, Keep};
use crate::model::code::FileInRun;
use crate::model::data::ConfigFile;
use crate::model::{Run, Sha256};
use crate::observe::{code, data};
use crate::report::minilog;
use crate::settings::ProjectSettings;
use crate::store::folder::Draft;
use crate::store::layout::{ENV_TXT, PATCH, README, RUN_JSON};
use crate::store::lock::Lock;
use crate::store::{cards, format, ids, tables};

/// What `start` or `run` was told. Paths are absolute.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The name as typed.
    pub name: Option<String>,
    /// What the run is for.
    pub goal: Option<String>,
    /// What is expected.
    pub hypothesis: Option<String>,
    /// The run to compare with.
    pub base: Option<String>,
    /// Configuration files; exp.toml's when empty.
    pub config: Vec<PathBuf>,
    /// Data by role; exp.toml's when empty.
    pub data: Vec<(String, PathBuf)>,
    /// `key=value` parameters that are in no file.
    pub params: Vec<String>,
    /// What is meant to change.
    pub declared: Vec<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// Refuse uncommitted code.
    pub require_clean: bool,
    /// Accept inputs that a finished run has had.
    pub allow_same: bool,
    /// Accept what looks like a secret.
    pub allow_secrets: bool,
    /// Don't trust the stat cache.
    pub rehash: bool,
    /// The command, if we are going to run it.
    pub launch: Option<Launch>,
    /// The run whose configuration, data and command are taken.
    pub like: Option<Like>,
    /// `key`, `value` of the configuration that are to be changed.
    pub set: Vec<(String, String)>,
    /// The seeds of the repeats, if there are to be any.
    pub seeds: Vec<i64>,
}

/// A run that has begun.
#[derive(Debug)]
pub struct Begun {
    /// Its record.
    pub run: Run,
    /// Its folder.
    pub folder: PathBuf,
    /// The run that it is compared with.
    pub base: Option<Run>,
    /// What there is to execute, if anything.
    pub launch: Launch,
    /// Files that were set up because this is the first run here.
    pub set_up: Vec<String>,
    noting: Option<Publishing>,
    /// Held until the note is there.
    writing: Option<Lock>,
}

impl Begun {
    /// Waits for the note, which is written while the caller finds out what there is to tell. Must be
    /// called before anything is run, and before the process ends.
    pub fn settle(&mut self, ctx: &Ctx) {
        if let Some(noting) = self.noting.take() {
            end::tell_of_note(ctx, noting.wait());
        }
        self.writing = None;
    }
}

/// Begins a run. All but its note is there when this returns: see [`Begun::settle`].
///
/// `foresee` is told of the run to compare with, of what was written and of the tree of the code as soon as
/// they are known, while git still works: a chance to start what takes long.
///
/// # Errors
/// Bad input, a dirty tree where a clean one was asked for, a secret, inputs that were run before:
/// nothing is written then.
pub fn begin(ctx: &Ctx, request: &Request, foresee: &mut Foresee<'_>) -> Result<Begun> {
    let project = ctx.project()?;
    let Prepared {
        mut run,
        base,
        launch,
        observed,
        data,
        specs,
        proposal,
        writing,
    } = prepare::prepare(ctx, request, true, foresee)?;
    let set_up = match proposal {
        Some(proposal) => {
            let wishes = wishes(ctx, &run, &specs, proposal)?;
            setup::ensure(project, &wishes, ctx.lang()?)?
        }
        None => Vec::new(),
    };
    // A run whose end can't be told in the table need not begin.
    tables::check_writable(project, &ctx.repo()?.exp_dir())?;
    keep_cards(ctx, &data)?;
    let (folder, noting) = write(ctx, &mut run, observed, ctx.settings()?)?;
    Ok(Begun {
        run,
        folder,
        base,
        launch,
        set_up,
        noting,
        writing: Some(writing),
    })
}

/// Writes cards and manifests: they are named by content, so writing them early harms nothing.
fn keep_cards(ctx: &Ctx, inputs: &[data::Input]) -> Result<()> {
    let project = ctx.project()?;
    for input in inputs {
        if let Some(card) = &input.card {
            cards::write(project, card)?;
        }
        if let (Some(manifest), Some(sha256)) = (&input.manifest, &input.sha256) {
            cards::write_manifest(project, sha256, manifest)?;
        }
    }
    Ok(())
}

/// What a new exp.toml says: this first run's own inputs, so that the next one needs no flags.
fn wishes(ctx: &Ctx, run: &Run, specs: &[data::Spec], proposal: Proposal) -> Result<Proposal> {
    let project = ctx.project()?;
    let inside = |path: &Path| {
        project
            .relative(path)
            .map(|path| path.display().into_owned())
    };
    let data = specs
        .iter()
        .filter_map(|s| Some((s.role.clone(), inside(&s.path)?)))
        .collect();
    Ok(Proposal {
        config: run
            .config
            .iter()
            .filter_map(|file| inside(&project.root.join(file.path.to_path())))
            .collect(),
        data,
        ..proposal
    })
}

/// Number → objects → ref → folder → note. A failure gives the number back.
fn write(
    ctx: &Ctx,
    run: &mut Run,
    mut observed: Observed,
    settings: &ProjectSettings,
) -> Result<(PathBuf, Option<Publishing>)> {
    let repo = ctx.repo()?;
    let project = ctx.project()?;
    let taken = observed
        .taken
        .take()
        .and_then(|search| search.join().ok())
        .ok_or_else(|| Failure::new("the search for the next number broke off"))??;
    let number = ids::reserve(&repo.exp_dir(), project, &run.uid, taken)?;
    run.number = number;
    freeze_and_publish(ctx, run, observed, settings).inspect_err(|_| give_back(ctx, run))
}

/// Leaves nothing of a run that could not be published: neither its ref nor its number. What can't be
/// undone (on a full disk) stays whole, for `doctor`: the number goes last.
fn give_back(ctx: &Ctx, run: &Run) {
    let (Ok(repo), Ok(project)) = (ctx.repo(), ctx.project()) else {
        return;
    };
    let is_published = project.run(&run.id()).symlink_metadata().is_ok();
    let ref_is_gone = || match refs::read(repo, &run.uid) {
        Ok(Some(target)) => refs::delete(repo, &run.uid, &target).is_ok(),
        Ok(None) => true,
        Err(_) => false,
    };
    if !is_published && ref_is_gone() {
        ids::release(&repo.exp_dir(), project, run.number);
    }
}

fn freeze_and_publish(
    ctx: &Ctx,
    run: &mut Run,
    observed: Observed,
    settings: &ProjectSettings,
) -> Result<(PathBuf, Option<Publishing>)> {
    failpoint::reach("number-taken")?;
    let project = ctx.project()?;
    let repo = ctx.repo()?;
    let Observed {
        config,
        packages,
        frozen,
        ..
    } = observed;
    if run.command.is_some() {
        run.process = Some(ctx.ambient.process());
    } else if let Some(job) = ctx.ambient.job() {
        run.process = Some(crate::model::run::Process {
            job: Some(job),
            ..Default::default()
        });
    }
    if let Some(env) = &mut run.env {
        env.lock = (!packages.is_empty()).then(|| ENV_TXT.to_owned());
    }
    let title = format!("{}: snapshot of uncommitted work", run.id().short());
    let copy = format::to_json(format::RUN_SCHEMA, run, None)?;
    let keep = Keep {
        uid: &run.uid,
        title: &title,
        date: run.started,
        run_json: &copy,
    };
    let kept = frozen.keep(repo, &keep)?;
    code::kept(&mut run.code, &kept);
    // git writes the ref while the folder is filled; the folder is shown when there is a ref.
    let creating = std::thread::spawn({
        let (repo, uid, started) = (repo.clone(), run.uid.clone(), run.started);
        move || refs::create(&repo, &uid, &kept.target, started)
    });
    let noting = end::annotating(ctx, run, settings.primary.as_deref())?;
    let draft = fill(ctx, run, &frozen, &config, &packages, settings);
    creating
        .join()
        .map_err(|_| Failure::new("the creation of the run's ref broke off"))??;
    failpoint::reach("ref-created")?;
    let folder = draft?.publish(project, &run.id())?;
    Ok((folder, noting.map(Appending::publish)))
}

/// Everything that the run's folder holds, where nobody sees it yet.
fn fill(
    ctx: &Ctx,
    run: &mut Run,
    frozen: &Frozen,
    config: &[(ConfigFile, Vec<u8>)],
    packages: &str,
    settings: &ProjectSettings,
) -> Result<Draft> {
    let draft = Draft::create(ctx.project()?, &run.uid)?;
    if let Some(patch) = frozen.patch() {
        run.code.patch = Some(FileInRun {
            path: PATCH.to_owned(),
            sha256: Sha256::of(patch),
        });
        draft.write(PATCH, patch)?;
    }
    for (file, bytes) in config {
        if let Some(name) = &file.copy {
            draft.write(name, bytes)?;
        }
    }
    if !packages.is_empty() {
        draft.write(ENV_TXT, packages.as_bytes())?;
    }
    draft.write(README, minilog::new(run, settings, ctx.lang()?).as_bytes())?;
    draft.write(RUN_JSON, &format::to_json(format::RUN_SCHEMA, run, None)?)?;
    Ok(draft)
}
