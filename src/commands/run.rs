//! `git exp run -- command…`: start, the command, finish.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::finish::{ResultArgs, closing};
use super::start::{CaptureArgs, begin_told, dry_run};
use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::failpoint;
use crate::model::{Run, Status, template};
use crate::record::child::Ended;
use crate::record::isolated::{Isolated, OUTPUTS};
use crate::record::launch::{Launch, copies};
use crate::record::like::Like;
use crate::record::{attach, begin, child, end, repeats};
use crate::store::layout::{OUTPUT_LOG, SERIES_LOG};
use crate::store::runs::{self, Entry};

/// Arguments of `git exp run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    #[command(flatten)]
    capture: CaptureArgs,
    #[command(flatten)]
    results: ResultArgs,
    /// Keep a copy of what the command prints in the run's folder
    #[arg(long)]
    pub log: bool,
    /// Run the command of a run that `git exp start` has begun; nothing but its folder is written
    #[arg(long, value_name = "RUN", conflicts_with_all = ["name", "goal", "hypothesis", "base",
        "config", "data", "param", "changes", "tag", "require_clean", "dry_run"])]
    pub attach: Option<String>,
    /// Run in a plain export of the frozen tree below $TMPDIR; data that is not in git is linked
    #[arg(long)]
    pub isolated: bool,
    /// Take the configuration, data and command of an earlier run; the command may be said anew
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "attach"])]
    pub like: Option<String>,
    /// Change one value of the configuration, in a copy in the run's folder that the command gets as
    /// {config}, or one argument of the command; may be repeated
    #[arg(long, value_name = "KEY=VALUE", conflicts_with = "attach")]
    pub set: Vec<String>,
    /// Run the command once for each seed, as {seed} or in the configuration; metrics are the means
    #[arg(
        long,
        value_name = "SEEDS",
        value_delimiter = ',',
        allow_hyphen_values = true,
        conflicts_with = "attach"
    )]
    pub seeds: Vec<i64>,
    /// The command and its arguments; {config} stands for the run's copy of the configuration
    #[arg(last = true, required_unless_present = "like", value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// What there is to run.
struct Begun {
    entry: Entry,
    launch: Launch,
    seeds: Vec<i64>,
    isolated: Option<Isolated>,
}

/// Runs a command as a recorded run; our exit code is the command's.
pub fn run(ctx: &Ctx, args: &RunArgs) -> Result<ExitCode> {
    if args.capture.dry_run {
        return dry_run(ctx, &request(ctx, args)?);
    }
    let Begun {
        entry,
        launch,
        seeds,
        isolated,
    } = begin(ctx, args)?;
    let id = entry.id.clone();
    let ended = if seeds.is_empty() {
        child(ctx, args, &entry, &launch)
    } else {
        let plan = repeats::Plan {
            launch: &launch,
            seeds: &seeds,
            isolated: isolated.as_ref(),
            metrics: args.results.metrics.as_deref(),
            log: args.log,
        };
        repeats::run(ctx, &id.to_string(), &plan)
    };
    failpoint::reach("command-ended")?;
    let mut finish = args.results.request();
    finish.folder_only = args.attach.is_some();
    finish.isolated = isolated;
    let (code, failure) = match ended {
        Ok((ended, seconds)) => {
            finish.ended = Some(ended);
            finish.seconds = Some(seconds);
            (ExitCode(ended.exit_code()), None)
        }
        Err(failure) => {
            finish.status = Some(Status::Failed);
            (ExitCode::ERROR, Some(failure))
        }
    };
    // The record may have got values and notes meanwhile.
    let entry = runs::resolve(ctx.project()?, &id.to_string())?;
    let folder = entry.folder.clone();
    let done = end::end(ctx, entry, &finish)
        .map_err(|failure| failure.hint(format!("the run is kept: git exp finish {}", id.short())));
    if let Some(isolated) = finish.isolated.take() {
        let saved = match &done {
            Ok(run) => saved(&isolated, run, &folder),
            Err(_) => Vec::new(),
        };
        isolated.close(ctx, &saved);
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    match done {
        Ok(run) => tell(ctx, &run, finish.folder_only)?,
        // The command's own exit code must not be hidden by what happened after it.
        Err(failure) if code != ExitCode::OK => ctx.ui.failure(&failure),
        Err(failure) => return Err(failure),
    }
    Ok(code)
}

/// Starts a run, or takes one over that was started elsewhere.
fn begin(ctx: &Ctx, args: &RunArgs) -> Result<Begun> {
    if let Some(name) = &args.attach {
        // First the export: a run that can't be run is not claimed.
        let isolated = args
            .isolated
            .then(|| Isolated::export(ctx, name))
            .transpose()?;
        let argv: Vec<String> = args
            .command
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        let entry = attach::claim(ctx, name, &argv, args.isolated)?;
        ctx.ui.say(format!("{}  attached", entry.id));
        let mut launch = Launch {
            argv: args.command.clone(),
            cwd: ctx.ambient.cwd().to_owned(),
            ..Launch::default()
        };
        move_into(ctx, &mut launch, isolated.as_ref())?;
        return Ok(Begun {
            entry,
            launch,
            seeds: args.seeds.clone(),
            isolated,
        });
    }
    let request = request(ctx, args)?;
    let (begun, told) = begin_told(ctx, &request, true)?;
    for line in told? {
        ctx.ui.say(line);
    }
    let name = begun.run.id().to_string();
    let isolated = args
        .isolated
        .then(|| Isolated::export(ctx, &name))
        .transpose()?;
    let mut launch = begun.launch;
    move_into(ctx, &mut launch, isolated.as_ref())?;
    Ok(Begun {
        entry: runs::resolve(ctx.project()?, &name)?,
        launch,
        seeds: request.seeds,
        isolated,
    })
}

/// What the recorder is asked for.
fn request(ctx: &Ctx, args: &RunArgs) -> Result<begin::Request> {
    let like = args.like.as_deref().map(|name| Like::named(ctx, name));
    let like = like.transpose()?;
    let (argv, cwd) = match &like {
        Some(like) if args.command.is_empty() => like.command(ctx)?,
        _ => (args.command.clone(), ctx.ambient.cwd().to_owned()),
    };
    for (at, seed) in args.seeds.iter().enumerate() {
        if args.seeds[..at].contains(seed) {
            return Err(Failure::new(format!("the seed {seed} is named twice"))
                .because("the same seed again says nothing about luck")
                .hint("name different ones: --seeds 1,2,3"));
        }
    }
    let launch = Launch {
        argv,
        cwd,
        ..Launch::default()
    };
    let seeds = match &like {
        Some(like) if args.seeds.is_empty() && template::has(&launch.argv, template::SEED) => {
            like.seeds()?
        }
        _ => args.seeds.clone(),
    };
    let mut request = args.capture.request(ctx, Some(launch))?;
    request.like = like;
    request.seeds = seeds;
    for text in &args.set {
        let (key, value) = text
            .split_once('=')
            .filter(|(key, _)| !key.trim().is_empty())
            .ok_or_else(|| {
                Failure::new(format!("`--set {text}` is not KEY=VALUE"))
                    .hint("git exp run --like @ --set model.max_depth=8")
            })?;
        request
            .set
            .push((key.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(request)
}

/// Moves the place of a command into the export that it is to run in.
fn move_into(ctx: &Ctx, launch: &mut Launch, isolated: Option<&Isolated>) -> Result<()> {
    if let Some(isolated) = isolated {
        let top = ctx.repo()?.top()?;
        launch.is_exported = true;
        launch.cwd = match launch.cwd.strip_prefix(top) {
            Ok(inside) => isolated.top().join(inside),
            Err(_) => isolated.cwd.clone(),
        };
    }
    Ok(())
}

/// Runs the command; how it ended, and after how many seconds.
fn child(ctx: &Ctx, args: &RunArgs, entry: &Entry, launch: &Launch) -> Result<(Ended, f64)> {
    let series = entry.folder.join(SERIES_LOG);
    let id = entry.id.to_string();
    let record = entry.run.as_ref().ok();
    let uid = record.map_or(id.as_str(), |run| run.uid.as_str());
    let vars = [
        ("GIT_EXP_RUN", uid.as_ref()),
        ("GIT_EXP_RUN_DIR", entry.folder.as_path()),
        ("GIT_EXP_SERIES", series.as_path()),
    ];
    let log = args.log.then(|| entry.folder.join(OUTPUT_LOG));
    let config = record.map_or_else(Vec::new, |run| copies(&run.config, &entry.folder));
    if config.is_empty() && template::has(&launch.argv, &template::config(0)) {
        ctx.ui
            .warn("the command has {config} in it, but the run has no configuration");
    }
    let argv = launch.filled(&config, None);
    let started = Instant::now();
    let ended = child::run(&argv, &launch.cwd, &vars, log.as_deref())?;
    Ok((ended, started.elapsed().as_secs_f64()))
}

/// Files of the export that are in the run's folder by now.
fn saved(isolated: &Isolated, run: &Run, folder: &Path) -> Vec<PathBuf> {
    let root = &isolated.project.root;
    let outputs = folder.join(OUTPUTS);
    let copied = isolated.written().into_iter().filter(|file| {
        file.strip_prefix(root)
            .is_ok_and(|inside| outputs.join(inside).is_file())
    });
    let metrics = run
        .metrics_file
        .iter()
        .map(|file| root.join(file.path.to_path()));
    copied.chain(metrics).collect()
}

fn tell(ctx: &Ctx, run: &Run, folder_only: bool) -> Result<()> {
    let mut lines = closing(ctx, run)?;
    if folder_only {
        // The table and the note are not ours to write here.
        lines.truncate(1);
        lines.push(
            "  table and note follow on the machine of the repository: git exp doctor --fix".into(),
        );
    }
    for line in lines {
        ctx.ui.say(line);
    }
    Ok(())
}
