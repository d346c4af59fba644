//! Begins a run: observes everything, freezes the tree, and writes in the order that a crash at any
//! point can't hurt.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::inputs::{self, Proposal};
use super::{guard, naming, setup};
use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::failpoint;
use crate::git::snapshot::{Frozen, Keep, Observation, Scope};
use crate::git::tree::filtered_tree;
use crate::git::{numbers, patch, refs};
use crate::model::axis::Claims;
use crate::model::code::FileInRun;
use crate::model::data::{ConfigFile, DataInput};
use crate::model::run::{Base, Command};
use crate::model::{Axis, Oid, Param, RecordPath, Run, RunId, Sha256, Status};
use crate::observe::{code, config, data, environment, hardware, secrets};
use crate::report::minilog;
use crate::settings::{Profile, ProjectSettings};
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
    let config_paths = config_paths(ctx, request, &proposal)?;

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

    let config = read_config(ctx, &config_paths, &mut run)?;
    for text in &request.params {
        let (name, value) = config::from_flag(text)
            .context(|| format!("`--param {text}` is not KEY=VALUE"))
            .map_err(|failure| failure.hint("git exp start --param model.depth=8"))?;
        run.params.insert(name, value);
    }
    run.command = request.argv.as_ref().map(|argv| command(ctx, argv));
    let argv = request.argv.clone().unwrap_or_default();
    run.seed = inputs::seed_of(&run.params, &argv);
    let specs = data_specs(ctx, request, settings, &proposal, &run.params)?;
    let (data, seen_data) = record_data(ctx, &specs, request.rehash, &mut run.warnings)?;
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
        .or_else(|| split_of(&run.params));

    let seen = watching.finish()?;
    if !request.allow_secrets {
        guard::secrets(ctx, seen.differing())?;
    }
    // From here to the note, so that `doctor` doesn't take what is half-written for left over.
    let _writing = Lock::share(&repo.exp_dir())?;
    let frozen = seen.write()?;
    run.warnings.extend(frozen.warnings.iter().cloned());
    let claims = claims(ctx, settings, &run, &earlier)?;
    run.code = code::code(&frozen, &claims, repo.format());
    refuse(request, &run, &earlier)?;
    let mut observed = Observed {
        config,
        packages,
        frozen,
    };
    name_blobs(ctx, &mut run, &mut observed)?;
    run.eval.metric_code = metric_code(ctx, settings, &observed.frozen)?;
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

fn config_paths(ctx: &Ctx, request: &Request, proposal: &Proposal) -> Result<Vec<PathBuf>> {
    if !request.config.is_empty() {
        return Ok(request.config.clone());
    }
    let project = ctx.project()?;
    let named = &ctx.settings()?.inputs.config;
    let named = if named.is_empty() {
        &proposal.config
    } else {
        named
    };
    Ok(named.iter().map(|path| project.root.join(path)).collect())
}

/// Reads configuration files. One that can't be parsed is kept by digest, with a warning.
fn read_config(ctx: &Ctx, paths: &[PathBuf], run: &mut Run) -> Result<Vec<(ConfigFile, Vec<u8>)>> {
    let mut files: Vec<(ConfigFile, Vec<u8>)> = Vec::new();
    for place in paths {
        let path = super::end::record_path(ctx, place)?;
        let bytes = std::fs::read(place)
            .context(|| format!("cannot read the configuration {}", path.display()))
            .map_err(|failure| failure.hint("name another: git exp start --config FILE"))?;
        let mut file = ConfigFile {
            sha256: Sha256::of(&bytes),
            blob: None,
            copy: Some(copy_name(&path, files.iter().map(|(file, _)| file))),
            unread: None,
            path,
        };
        match config::read(&file.path, &bytes) {
            Ok(params) => merge(params, run),
            Err(error) => {
                let shown = file.path.display();
                run.warnings
                    .push(format!("{shown} is recorded by hash only: {error}"));
                file.unread = Some(error.to_string());
            }
        }
        files.push((file, bytes));
    }
    Ok(files)
}

/// A later file overrides an earlier one, as programs that read several do; it is said.
fn merge(params: BTreeMap<String, Param>, run: &mut Run) {
    for (name, value) in params {
        if let Some(before) = run.params.insert(name.clone(), value.clone())
            && !before.same_value(&value)
        {
            run.warnings.push(format!(
                "{name} is {} in one configuration file and {} in a later one, which was taken",
                before.spelling(),
                value.spelling()
            ));
        }
    }
}

/// The name of a configuration's copy in the run folder: the course note's `config.yaml` for the
/// first, the file's own name for the others.
fn copy_name<'a>(path: &RecordPath, others: impl Iterator<Item = &'a ConfigFile>) -> String {
    let taken: Vec<&String> = others.filter_map(|file| file.copy.as_ref()).collect();
    let extension = path.extension();
    let first = if extension.is_empty() {
        "config".into()
    } else {
        format!("config.{extension}")
    };
    if taken.is_empty() {
        return first;
    }
    let own: String = String::from_utf8_lossy(path.file_name())
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '_'
            }
        })
        .collect();
    (1..)
        .map(|n| {
            if n == 1 {
                format!("config_{own}")
            } else {
                format!("config_{n}_{own}")
            }
        })
        .find(|name| !taken.contains(&name))
        .unwrap_or(first)
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

/// Which data the run has: the command line's, else exp.toml's; what the configuration itself names
/// under the same role goes before exp.toml, for that is what the program will read.
fn data_specs(
    ctx: &Ctx,
    request: &Request,
    settings: &ProjectSettings,
    proposal: &Proposal,
    params: &BTreeMap<String, Param>,
) -> Result<Vec<data::Spec>> {
    let project = ctx.project()?;
    let mut by_role: BTreeMap<String, PathBuf> = BTreeMap::new();
    if request.data.is_empty() {
        let named = &settings.inputs.data;
        let named = if named.is_empty() {
            &proposal.data
        } else {
            named
        };
        let paths = named
            .iter()
            .map(|(role, path)| (role.clone(), project.root.join(path)));
        by_role.extend(paths);
        by_role.extend(inputs::named_by_config(project, params));
        return Ok(specs(by_role));
    }
    for (role, path) in &request.data {
        if let Some(before) = by_role.insert(role.clone(), path.clone()) {
            return Err(
                Failure::new(format!("two data inputs have the role `{role}`"))
                    .because(format!("{} and {}", before.display(), path.display()))
                    .hint(format!(
                        "give one of them another: --data {role}2={}",
                        path.display()
                    )),
            );
        }
    }
    Ok(specs(by_role))
}

fn specs(by_role: BTreeMap<String, PathBuf>) -> Vec<data::Spec> {
    by_role
        .into_iter()
        .map(|(role, path)| data::Spec { role, path })
        .collect()
}

/// Digests data inputs through the stat cache, with a progress bar when it takes long.
pub fn observe_data(
    ctx: &Ctx,
    specs: &[data::Spec],
    profile: Profile,
    rehash: bool,
) -> Result<data::Observed> {
    let rules = &ctx.settings()?.data;
    let project = ctx.project()?;
    let known = |sha256: &Sha256| cards::read(project, sha256);
    let bar = crate::ui::progress::Progress::new(&ctx.ui);
    let report = |seen: data::Progress| {
        bar.set(
            "hashing",
            (seen.files_done, seen.files),
            (seen.bytes_done, seen.bytes),
        );
    };
    let options = data::Options {
        git_dir: Some(&ctx.repo()?.common_dir),
        base: Some(ctx.ambient.cwd()),
        include: &rules.include,
        exclude: &rules.exclude,
        progress: bar
            .is_shown()
            .then_some(&report as &(dyn Fn(data::Progress) + Sync)),
        rehash,
        profile,
        target: rules.target.as_deref(),
        key: rules.key.as_deref(),
        known: Some(&known),
        threads: None,
    };
    data::observe(specs, options)
}

/// The data inputs as the record keeps them, and what is kept beside it.
fn record_data(
    ctx: &Ctx,
    specs: &[data::Spec],
    rehash: bool,
    warnings: &mut Vec<String>,
) -> Result<(Vec<DataInput>, Vec<data::Input>)> {
    let project = ctx.project()?;
    let seen = observe_data(ctx, specs, ctx.settings()?.data.profile, rehash)?;
    warnings.extend(seen.notes);
    let record = |(spec, input): (&data::Spec, &data::Input)| {
        let inside = project.relative(&spec.path);
        DataInput {
            role: input.role.clone(),
            external: inside.is_none(),
            path: inside.unwrap_or_else(|| RecordPath::from_path(&spec.path)),
            kind: input.kind,
            sha256: input.sha256.clone(),
            blob: None,
            bytes: input.bytes,
            rows: input.rows,
            files: input.files,
            pointer: input.pointer.clone(),
            unstable: input.unstable,
            card: input.card.is_some(),
        }
    };
    Ok((
        specs.iter().zip(&seen.inputs).map(record).collect(),
        seen.inputs,
    ))
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

/// The split as the configuration describes it: the leaves below `split`.
fn split_of(params: &BTreeMap<String, Param>) -> Option<String> {
    let parts: Vec<String> = params
        .iter()
        .filter(|(name, _)| name.split('.').any(|part| part == "split"))
        .map(|(name, value)| {
            let last = name.rsplit("split.").next().unwrap_or(name);
            format!("{last}={}", value.spelling())
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Sorts paths onto axes: by what this run and earlier ones claim, then by the project's rules.
fn claims(ctx: &Ctx, settings: &ProjectSettings, run: &Run, earlier: &[Run]) -> Result<Claims> {
    let project = ctx.project()?;
    let in_tree = |path: &RecordPath| path.below(&project.prefix);
    let mut globs = globset::GlobSetBuilder::new();
    for pattern in &settings.code.ignore {
        let glob = globset::Glob::new(pattern).context(|| {
            format!("`{pattern}` under [code] ignore in experiments/exp.toml is no glob")
        })?;
        globs.add(glob);
    }
    let ignore = globs
        .build()
        .context(|| "[code] ignore can't be used".to_owned())?;
    let outputs = earlier.iter().flat_map(|run| {
        let files = run
            .models
            .iter()
            .chain(&run.artifacts)
            .map(|file| &file.path);
        files.chain(run.metrics_file.iter().map(|file| &file.path))
    });
    Ok(Claims {
        experiments: project.experiments_in_tree(),
        config: run.config.iter().map(|file| in_tree(&file.path)).collect(),
        data: run
            .data
            .iter()
            .filter(|d| !d.external)
            .map(|d| in_tree(&d.path))
            .collect(),
        output: outputs.map(in_tree).collect(),
        ignore: Some(ignore),
        only: settings
            .code
            .paths
            .iter()
            .map(|path| in_tree(&path.as_str().into()))
            .collect(),
    })
}

/// Adds git's own name of the content to each configuration and data file that is in the tree: two
/// checkouts may differ in line endings alone.
fn name_blobs(ctx: &Ctx, run: &mut Run, observed: &mut Observed) -> Result<()> {
    let prefix = &ctx.project()?.prefix;
    let mut slots: BTreeMap<RecordPath, Vec<&mut Option<Oid>>> = BTreeMap::new();
    for (file, _) in &mut observed.config {
        slots
            .entry(file.path.below(prefix))
            .or_default()
            .push(&mut file.blob);
    }
    for input in run.data.iter_mut().filter(|input| !input.external) {
        slots
            .entry(input.path.below(prefix))
            .or_default()
            .push(&mut input.blob);
    }
    for entry in &observed.frozen.entries {
        for slot in slots.get_mut(&entry.path).into_iter().flatten() {
            **slot = Some(entry.id.clone());
        }
    }
    Ok(())
}

/// `path@id` of the code that computes the metrics, as it is in the frozen tree: a file's blob, or
/// the tree of what lies below a folder. A path that is not there is `path@missing`.
fn metric_code(ctx: &Ctx, settings: &ProjectSettings, frozen: &Frozen) -> Result<Vec<String>> {
    let (repo, prefix) = (ctx.repo()?, &ctx.project()?.prefix);
    let name = |path: &String| {
        let place = RecordPath::from(path.as_str()).below(prefix);
        let file = frozen.entries.iter().find(|entry| entry.path == place);
        let within = |entry: &RecordPath| entry.is_within(&place);
        let id = match file {
            Some(entry) => entry.id.to_string(),
            None if frozen.entries.iter().any(|entry| within(&entry.path)) => {
                filtered_tree(&frozen.entries, within, repo.format()).to_string()
            }
            None => "missing".to_owned(),
        };
        format!("{path}@{id}")
    };
    Ok(settings.eval.metric_code.iter().map(name).collect())
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
    observed: Observed,
    settings: &ProjectSettings,
) -> Result<PathBuf> {
    let repo = ctx.repo()?;
    let project = ctx.project()?;
    let taken = numbers::highest_run_number(repo, &project.experiments_in_tree())?;
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
