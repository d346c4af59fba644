//! `git exp run -- command…`: start, the command, finish.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::finish::{ResultArgs, closing};
use super::start::{CaptureArgs, announce};
use crate::context::Ctx;
use crate::error::{ExitCode, Result};
use crate::failpoint;
use crate::model::{Run, Status};
use crate::record::child::Ended;
use crate::record::isolated::{Isolated, OUTPUTS};
use crate::record::{attach, begin, child, end};
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
        "config", "data", "param", "changes", "tag", "require_clean"])]
    pub attach: Option<String>,
    /// Run in a plain export of the frozen tree below $TMPDIR; data that is not in git is linked
    #[arg(long)]
    pub isolated: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// What there is to run.
struct Begun {
    entry: Entry,
    isolated: Option<Isolated>,
}

/// Runs a command as a recorded run; our exit code is the command's.
pub fn run(ctx: &Ctx, args: &RunArgs) -> Result<ExitCode> {
    let Begun { entry, isolated } = begin(ctx, args)?;
    let id = entry.id.clone();
    let ended = child(ctx, args, &entry, isolated.as_ref());
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
    let argv: Vec<String> = args
        .command
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if let Some(name) = &args.attach {
        // First the export: a run that can't be run is not claimed.
        let isolated = args
            .isolated
            .then(|| Isolated::export(ctx, name))
            .transpose()?;
        let entry = attach::claim(ctx, name, &argv, args.isolated)?;
        ctx.ui.say(format!("{}  attached", entry.id));
        return Ok(Begun { entry, isolated });
    }
    let request = args.capture.request(ctx, Some(argv))?;
    let begun = begin::begin(ctx, &request)?;
    for line in announce(ctx, &begun)? {
        ctx.ui.say(line);
    }
    let name = begun.run.id().to_string();
    let isolated = args
        .isolated
        .then(|| Isolated::export(ctx, &name))
        .transpose()?;
    Ok(Begun {
        entry: runs::resolve(ctx.project()?, &name)?,
        isolated,
    })
}

/// Runs the command; how it ended, and after how many seconds.
fn child(
    ctx: &Ctx,
    args: &RunArgs,
    entry: &Entry,
    isolated: Option<&Isolated>,
) -> Result<(Ended, f64)> {
    let series = entry.folder.join(SERIES_LOG);
    let id = entry.id.to_string();
    let uid = entry
        .run
        .as_ref()
        .map_or(id.as_str(), |run| run.uid.as_str());
    let vars = [
        ("GIT_EXP_RUN", uid.as_ref()),
        ("GIT_EXP_RUN_DIR", entry.folder.as_path()),
        ("GIT_EXP_SERIES", series.as_path()),
    ];
    let log = args.log.then(|| entry.folder.join(OUTPUT_LOG));
    let cwd = isolated.map_or(ctx.ambient.cwd(), |isolated| &isolated.cwd);
    let started = Instant::now();
    let ended = child::run(&args.command, cwd, &vars, log.as_deref())?;
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
