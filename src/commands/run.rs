//! `git exp run -- command…`: start, the command, finish.

use std::ffi::OsString;
use std::time::Instant;

use super::finish::{ResultArgs, closing};
use super::start::{CaptureArgs, announce};
use crate::context::Ctx;
use crate::error::{ExitCode, Result};
use crate::failpoint;
use crate::model::Status;
use crate::record::{begin, child, end};
use crate::store::layout::{OUTPUT_LOG, SERIES_LOG};
use crate::store::runs;

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
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// Runs a command as a recorded run; our exit code is the command's.
pub fn run(ctx: &Ctx, args: &RunArgs) -> Result<ExitCode> {
    let argv = args
        .command
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let request = args.capture.request(ctx, Some(argv))?;
    let begun = begin::begin(ctx, &request)?;
    for line in announce(ctx, &begun)? {
        ctx.ui.say(line);
    }
    let series = begun.folder.join(SERIES_LOG);
    let vars = [
        ("GIT_EXP_RUN", begun.run.uid.as_str().as_ref()),
        ("GIT_EXP_RUN_DIR", begun.folder.as_path()),
        ("GIT_EXP_SERIES", series.as_path()),
    ];
    let log = args.log.then(|| begun.folder.join(OUTPUT_LOG));
    let started = Instant::now();
    let ended = child::run(&args.command, ctx.ambient.cwd(), &vars, log.as_deref());
    failpoint::reach("command-ended")?;
    let mut finish = args.results.request();
    finish.seconds = Some(started.elapsed().as_secs_f64());
    let (code, failure) = match ended {
        Ok(ended) => {
            finish.ended = Some(ended);
            (ExitCode(ended.exit_code()), None)
        }
        Err(failure) => {
            finish.status = Some(Status::Failed);
            (ExitCode::ERROR, Some(failure))
        }
    };
    let entry = runs::resolve(ctx.project()?, &begun.run.id().to_string())?;
    let done = end::end(ctx, entry, &finish).map_err(|failure| {
        failure.hint(format!(
            "the run is kept: git exp finish {}",
            begun.run.id().short()
        ))
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    match done {
        Ok(run) => {
            for line in closing(ctx, &run)? {
                ctx.ui.say(line);
            }
        }
        // The command's own exit code must not be hidden by what happened after it.
        Err(failure) if code != ExitCode::OK => ctx.ui.failure(&failure),
        Err(failure) => return Err(failure),
    }
    Ok(code)
}
