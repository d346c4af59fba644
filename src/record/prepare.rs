//! What a run would be: everything observed, nothing recorded yet.

use std::thread::JoinHandle;

use super::begin::Request;
use super::earlier::Earlier;
use super::inputs::{self, Proposal};
use super::launch::Launch;
use super::{claims, configuration, gather, guard, naming};
use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::git::numbers;
use crate::git::snapshot::config::Asked;
use crate::git::snapshot::{Frozen, Observation, Scope, Written};
use crate::git::tree::Entry;
use crate::model::axis::Claims;
use crate::model::data::ConfigFile;
use crate::model::run::Base;
use crate::model::{Axis, Oid, Run, RunId};
use crate::observe::{code, data, environment, hardware, secrets};
use crate::store::lock::Lock;
use crate::store::runs;

/// Everything observed that is not in the record.
pub(super) struct Observed {
    pub config: configuration::Files,
    pub packages: String,
    pub frozen: Frozen,
    /// The highest number on other branches, being looked up meanwhile.
    pub taken: Option<JoinHandle<std::result::Result<u32, crate::git::Error>>>,
}

/// A run before it has a number.
pub(super) struct Prepared {
    pub run: Run,
    pub base: Option<Run>,
    pub launch: Launch,
    pub observed: Observed,
    /// The data inputs with their cards.
    pub data: Vec<data::Input>,
    pub specs: Vec<data::Spec>,
    /// What a new exp.toml would say, if there is none.
    pub proposal: Option<Proposal>,
    /// Held from the first object to the note, so that `doctor` doesn't take what is half-written
    /// for left over.
    pub writing: Lock,
}

/// A run as it would be if it began now. Objects of its tree are written, which nothing refers to
/// and git clears away by itself; nothing else is.
#[derive(Debug)]
pub struct Preview {
    /// Its record, without a number.
    pub run: Run,
    /// The run that it would be compared with.
    pub base: Option<Run>,
    /// Its packages, one `name==version` a line.
    pub packages: String,
    /// Its configuration files with their bytes.
    pub config: Vec<(ConfigFile, Vec<u8>)>,
}

/// Observes what a run would be.
///
/// # Errors
/// As [`super::begin::begin`].
pub fn preview(ctx: &Ctx, request: &Request) -> Result<Preview> {
    let prepared = prepare(ctx, request, false, &mut |_, _, _| ())?;
    Ok(Preview {
        run: prepared.run,
        base: prepared.base,
        packages: prepared.observed.packages,
        config: prepared.observed.config,
    })
}

/// Told of the run to compare with, of what was written and of the tree of the code.
pub type Foresee<'f> = dyn FnMut(&Run, &Written<'_>, &Oid) + 'f;

/// Observes everything and freezes the tree; `patch` says whether the change is wanted as one.
pub(super) fn prepare(
    ctx: &Ctx,
    request: &Request,
    patch: bool,
    foresee: &mut Foresee<'_>,
) -> Result<Prepared> {
    // The repository is looked for at the same time, if it is not known yet.
    let asked = Asked::begin(ctx.ambient.cwd());
    let repo = ctx.repo()?;
    let project = ctx.project()?;
    let settings = ctx.settings()?;
    let scope = Scope {
        experiments: vec![project.experiments_in_tree()],
        max_file_bytes: settings.snapshot.max_file_mib << 20,
        max_total_bytes: settings.snapshot.max_total_mib << 20,
        filters: true,
        patch,
        secret_path: &secrets::is_secret_path,
    };
    // git looks at the working tree while this process reads data, configuration and environment.
    let watching = Observation::begin_with(repo, &scope, asked)?;
    let taken = std::thread::spawn({
        let (repo, folder) = (repo.clone(), project.experiments_in_tree());
        move || numbers::highest_run_number(&repo, &folder)
    });

    let is_new = !project.settings_file().is_file();
    let proposal = if is_new {
        inputs::propose(project)
    } else {
        Proposal::default()
    };

    let uid = ctx.ambient.new_uid();
    let placeholder = RunId {
        number: 0,
        slug: "x".to_owned(),
    };
    let mut run = Run::new(uid, placeholder, ctx.ambient.now());
    let earlier = Earlier::list(ctx)?;
    let base = base_of(ctx, request, &earlier)?;
    let (config, launch) = configuration::configure(ctx, request, &proposal, &mut run)?;
    let specs = gather::data_specs(ctx, request, settings, &proposal, &run.params)?;
    let (inputs, data) = gather::record_data(ctx, &specs, request.rehash, &mut run.warnings)?;
    run.data = inputs;
    let program = launch.argv.first().cloned();
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

    run.config = config.iter().map(|(file, _)| file.clone()).collect();
    // While git still looks: the tree as it is if nothing was touched, which is so mostly.
    let unclaimed = claims::claims(&project.prefix, settings, &run, [])?;
    let watching = watching.listed()?;
    let code_tree = |entries: Vec<_>| code::code_tree(&entries, &unclaimed, repo.format());
    let listed = watching.entries().map(code_tree);
    let seen = watching.finish()?;
    if !request.allow_secrets {
        guard::secrets(ctx, seen.differing())?;
        guard::inputs(&config, &request.params)?;
    }
    // From here to the note, so that `doctor` doesn't take what is half-written for left over.
    let writing = Lock::share(&repo.exp_dir())?;
    let written = seen.write()?;
    // While git compares the trees: as it is if that finds what is expected.
    let expected = written.differs();
    let mut sorted = match listed.filter(|_| written.untouched()) {
        Some(listed) => (unclaimed, listed),
        None => sort_code(ctx, &run, &earlier, written.entries(), expected)?,
    };
    if let Some(base) = &base {
        foresee(base, &written, &sorted.1);
    }
    let frozen = written.finish()?;
    if frozen.is_dirty() != expected {
        sorted = sort_code(ctx, &run, &earlier, &frozen.entries, frozen.is_dirty())?;
    }
    run.warnings.extend(frozen.warnings.iter().cloned());
    let (claims, code_tree) = sorted;
    run.code = code::code(&frozen, &claims, code_tree);
    refuse(request, &run, &earlier, settings.primary.as_deref())?;
    let mut observed = Observed {
        config,
        packages,
        frozen,
        taken: Some(taken),
    };
    gather::name_blobs(ctx, &mut run, &mut observed.config, &observed.frozen)?;
    run.eval.metric_code = gather::metric_code(ctx, settings, &observed.frozen)?;
    describe(&mut run, request, base.as_ref())?;
    run.config = observed
        .config
        .iter()
        .map(|(file, _)| file.clone())
        .collect();
    Ok(Prepared {
        run,
        base,
        launch,
        observed,
        data,
        specs,
        proposal: is_new.then_some(proposal),
        writing,
    })
}

/// Which paths are code, and the tree of those. What earlier runs wrote sorts the paths of a dirty
/// tree; for a clean one no record is read.
fn sort_code(
    ctx: &Ctx,
    run: &Run,
    earlier: &Earlier<'_>,
    entries: &[Entry],
    is_dirty: bool,
) -> Result<(Claims, Oid)> {
    let outputs = match is_dirty {
        true => earlier.outputs(),
        false => Vec::new(),
    };
    let claims = claims::claims(&ctx.project()?.prefix, ctx.settings()?, run, &outputs)?;
    let tree = code::code_tree(entries, &claims, ctx.repo()?.format());
    Ok((claims, tree))
}

/// The run to compare with: the named one, else the one that comes before by itself.
fn base_of(ctx: &Ctx, request: &Request, earlier: &Earlier<'_>) -> Result<Option<Run>> {
    if let Some(name) = &request.base {
        return Ok(Some(runs::resolve(ctx.project()?, name)?.run?));
    }
    if let Some(like) = &request.like {
        return Ok(Some(like.run.clone()));
    }
    let words = request.launch.as_ref().map(Launch::words);
    Ok(earlier.base(words.as_deref()))
}

/// Says no before anything is kept.
fn refuse(
    request: &Request,
    run: &Run,
    earlier: &Earlier<'_>,
    primary: Option<&str>,
) -> Result<()> {
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
        guard::same_inputs(run, earlier, primary)
    }
}

fn describe(run: &mut Run, request: &Request, base: Option<&Run>) -> Result<()> {
    run.goal = request.goal.clone();
    run.hypothesis = request.hypothesis.clone();
    run.declared = request.declared.clone();
    // What is set on the command line is meant to change.
    run.declared.extend(
        run.set
            .keys()
            .filter(|key| !request.declared.contains(key))
            .cloned()
            .collect::<Vec<_>>(),
    );
    run.tags = request.tags.clone();
    run.base = base.map(|base| Base {
        id: base.id().to_string(),
        uid: base.uid.clone(),
    });
    let runs_it = request.launch.is_some() || request.like.is_some();
    run.slug = naming::slug(request.name.as_deref(), run, base, |name| match runs_it {
        true => format!("git exp run {name} …"),
        false => format!("git exp start {name}"),
    })?;
    run.title = request.name.clone().unwrap_or_default();
    Ok(())
}
