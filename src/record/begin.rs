//! Begins a run: observes everything, freezes the tree, and writes in the order that a crash at any
//! point can't hurt.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use super::inputs::{self, Proposal};
use super::{claims, gather, guard, naming, setup};
use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::failpoint;
use crate::git::snapshot::{Frozen, Keep, Observation, Scope};
use crate::git::{numbers, patch, refs};
use crate::model::code::FileInRun;
use crate::model::data::ConfigFile;
use crate::model::run::{Base, Command};
use crate::model::{Axis, Run, RunId, Sha256, Status};
use crate::observe::{code, config, data, environment, hardware, secrets};
use crate::report::minilog;
use crate::settings::ProjectSettings;
use crate::store::folder::Draft;
use crate::store::layout::{ENV_TXT, PATCH, README, RUN_JSON};
use crate::store::lock::Lock;
use crate::store::{cards, format, ids, runs};

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
    pub argv: Option<Vec<String>>,
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
    /// Files that were set up because this is the first run here.
    pub set_up: Vec<String>,
}

/// Everything observed, before anything is written.
struct Observed {
    config: Vec<(ConfigFile, Vec<u8>)>,
    packages: String,
    frozen: Frozen,
    /// The highest number on other branches, being looked up meanwhile.
    taken: Option<JoinHandle<std::result::Result<u32, crate::git::Error>>>,
}

/// Begins a run.
///
/// # Errors
/// Bad input, a dirty tree where a clean one was asked for, a secret, inputs that were run before:
/// nothing is written then.
pub fn begin(ctx: &Ctx, request: &Request) -> Result<Begun> {
    let repo = ctx.repo()?;
    let project = ctx.project()?;
    let settings = ctx.settings()?;
    let earlier: Vec<Run> = runs::list(project)?
        .into_iter()
        .filter_map(|entry| entry.run.ok())
        .collect();
    let base = base_of(ctx, request, &earlier)?;
    let is_new = !project.settings_file().is_file();
    let proposal = if is_new {
        inputs::propose(project)
    } else {
        Proposal::default()
    };
    let config_paths = gather::config_paths(ctx, request, &proposal)?;

    let uid = ctx.ambient.new_uid();
    let placeholder = RunId {
        number: 0,
        slug: "x".to_owned(),
    };
    let mut run = Run::new(uid, placeholder, ctx.ambient.now());
    let scope = Scope {
        experiments: vec![project.experiments_in_tree()],
        max_file_bytes: settings.snapshot.max_file_mib << 20,
        max_total_bytes: settings.snapshot.max_total_mib << 20,
        filters: true,
        secret_path: &secrets::is_secret_path,
    };
    // git looks at the working tree while this process reads data, configuration and environment.
    let watching = Observation::begin(repo, &scope)?;
    let taken = std::thread::spawn({
        let (repo, folder) = (repo.clone(), project.experiments_in_tree());
        move || numbers::highest_run_number(&repo, &folder)
    });

    let config = gather::read_config(ctx, &config_paths, &mut run)?;
    for text in &request.params {
        let (name, value) = config::from_flag(text)
            .context(|| format!("`--param {text}` is not KEY=VALUE"))
            .map_err(|failure| failure.hint("git exp start --param model.depth=8"))?;
        run.params.insert(name, value);
    }
    run.command = request.argv.as_ref().map(|argv| command(ctx, argv));
    let argv = request.argv.clone().unwrap_or_default();
    run.seed = inputs::seed_of(&run.params, &argv);
    let specs = gather::data_specs(ctx, request, settings, &proposal, &run.params)?;
    let (data, seen_data) = gather::record_data(ctx, &specs, request.rehash, &mut run.warnings)?;
    run.data = data;
    let program = argv.first().map(std::ffi::OsString::from);
    let seen = environment::observe(&ctx.ambient, program.as_deref(), &project.root);
    let packages = environment::env_txt(&seen.packages);
    run.warnings.extend(seen.notes);
    run.env = Some(seen.environment);
    run.hardware = Some(hardware::observe(&ctx.ambient));
    run.eval.split = settings
        .eval
        .split
        .clone()
        .or_else(|| gather::split_of(&run.params));

    let seen = watching.finish()?;
    if !request.allow_secrets {
        guard::secrets(ctx, seen.differing())?;
        guard::inputs(&config, &request.params)?;
    }
    // From here to the note, so that `doctor` doesn't take what is half-written for left over.
    let _writing = Lock::share(&repo.exp_dir())?;
    let frozen = seen.write()?;
    run.warnings.extend(frozen.warnings.iter().cloned());
    let claims = claims::claims(&ctx.project()?.prefix, settings, &run, &earlier)?;
    run.code = code::code(&frozen, &claims, repo.format());
    refuse(request, &run, &earlier)?;
    let mut observed = Observed {
        config,
        packages,
        frozen,
        taken: Some(taken),
    };
    gather::name_blobs(ctx, &mut run, &mut observed.config, &observed.frozen)?;
    run.eval.metric_code = gather::metric_code(ctx, settings, &observed.frozen)?;
    describe(&mut run, request, base.as_ref())?;

    let set_up = if is_new {
        let wishes = wishes(ctx, &config_paths, &specs, proposal)?;
        setup::ensure(project, &wishes, ctx.lang()?)?
    } else {
        Vec::new()
    };
    keep_cards(ctx, &seen_data)?;
    let folder = write(ctx, &mut run, observed, settings)?;
    Ok(Begun {
        run,
        folder,
        base,
        set_up,
    })
}

/// The run to compare with: the named one, else the last one of the same command, else the last one
/// on the same branch, else the last.
fn base_of(ctx: &Ctx, request: &Request, earlier: &[Run]) -> Result<Option<Run>> {
    if let Some(name) = &request.base {
        return Ok(Some(runs::resolve(ctx.project()?, name)?.run?));
    }
    let usable = || {
        earlier
            .iter()
            .rev()
            .filter(|run| run.status != Status::Failed)
    };
    let program = |argv: &[String]| argv.iter().take(2).cloned().collect::<Vec<_>>();
    let same_command = request.argv.as_ref().and_then(|argv| {
        usable().find(|run| {
            run.command
                .as_ref()
                .is_some_and(|command| program(&command.argv) == program(argv))
        })
    });
    Ok(same_command.or_else(|| usable().next()).cloned())
}

fn command(ctx: &Ctx, argv: &[String]) -> Command {
    let cwd = ctx
        .project()
        .ok()
        .and_then(|project| project.relative(ctx.ambient.cwd()));
    Command {
        argv: secrets::redact_argv(argv),
        cwd: cwd
            .filter(|path| !path.as_bytes().is_empty())
            .unwrap_or_else(|| ".".into()),
        exit_code: None,
        signal: None,
    }
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

/// Says no before anything is kept.
fn refuse(request: &Request, run: &Run, earlier: &[Run]) -> Result<()> {
    if request.require_clean && run.code.code_is_dirty() {
        let first = run
            .code
            .changes
            .iter()
            .find(|change| change.axis == Axis::Code);
        let path = first
            .map(|change| change.path.display().into_owned())
            .unwrap_or_default();
        return Err(Failure::new("there are uncommitted changes in the code")
            .because(format!("{path} differs from the commit"))
            .hint("commit them: git commit -a")
            .hint("or leave out --require-clean: the changes are frozen with the run"));
    }
    if request.allow_same {
        Ok(())
    } else {
        guard::same_inputs(run, earlier)
    }
}

fn describe(run: &mut Run, request: &Request, base: Option<&Run>) -> Result<()> {
    run.goal = request.goal.clone();
    run.hypothesis = request.hypothesis.clone();
    run.declared = request.declared.clone();
    run.tags = request.tags.clone();
    run.base = base.map(|base| Base {
        id: base.id().to_string(),
        uid: base.uid.clone(),
    });
    run.slug = naming::slug(request.name.as_deref(), run, base)?;
    run.title = request.name.clone().unwrap_or_default();
    Ok(())
}

/// What a new exp.toml says: this first run's own inputs, so that the next one needs no flags.
fn wishes(
    ctx: &Ctx,
    config: &[PathBuf],
    specs: &[data::Spec],
    proposal: Proposal,
) -> Result<Proposal> {
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
        config: config.iter().filter_map(|path| inside(path)).collect(),
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
) -> Result<PathBuf> {
    let repo = ctx.repo()?;
    let project = ctx.project()?;
    let taken = observed
        .taken
        .take()
        .and_then(|search| search.join().ok())
        .ok_or_else(|| Failure::new("the search for the next number broke off"))??;
    let number = ids::reserve(&repo.exp_dir(), project, &run.uid, taken)?;
    run.number = number;
    let folder =
        freeze_and_publish(ctx, run, observed, settings).inspect_err(|_| give_back(ctx, run))?;
    super::end::annotate(ctx, run, settings.primary.as_deref())?;
    Ok(folder)
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
) -> Result<PathBuf> {
    failpoint::reach("number-taken")?;
    let project = ctx.project()?;
    let repo = ctx.repo()?;
    let Observed {
        config,
        packages,
        frozen,
        ..
    } = observed;
    run.config = config.iter().map(|(file, _)| file.clone()).collect();
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
    failpoint::reach("ref-created")?;
    let draft = Draft::create(project, &run.uid)?;
    if frozen.tree != frozen.base_tree {
        let excluded = [project.experiments_in_tree()];
        let patch = patch::patch(repo, &frozen.base_tree, &frozen.tree, &excluded)?;
        run.code.patch = Some(FileInRun {
            path: PATCH.to_owned(),
            sha256: Sha256::of(&patch),
        });
        draft.write(PATCH, &patch)?;
    }
    for (file, bytes) in &config {
        if let Some(name) = &file.copy {
            draft.write(name, bytes)?;
        }
    }
    if !packages.is_empty() {
        draft.write(ENV_TXT, packages.as_bytes())?;
    }
    draft.write(README, minilog::new(run, settings, ctx.lang()?).as_bytes())?;
    draft.write(RUN_JSON, &format::to_json(format::RUN_SCHEMA, run, None)?)?;
    draft.publish(project, &run.id())
}
