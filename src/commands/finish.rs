//! `git exp finish`: adds metrics and models to the run that was started.

use std::path::PathBuf;

use crate::context::Ctx;
use crate::error::{ExitCode, Result};
use crate::model::{Run, Status};
use crate::record::{commit, current, end};
use crate::report::ended;
use crate::settings::ProjectSettings;
use crate::store::layout::from_here;
use crate::store::runs::{self, Entry};
use crate::store::tables;

/// How a run may be said to have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum EndStatus {
    /// It worked.
    Ok,
    /// It failed.
    Failed,
    /// It was stopped.
    Aborted,
}

/// Results of a run; shared by `finish` and `run`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ResultArgs {
    /// The metrics file that the program wrote (found by itself in the usual places)
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
    /// A model file to link; may be repeated
    #[arg(long, value_name = "FILE")]
    pub model: Vec<PathBuf>,
    /// Another file to link; may be repeated
    #[arg(long, value_name = "FILE")]
    pub artifact: Vec<PathBuf>,
}

/// Arguments of `git exp finish`.
#[derive(Debug, clap::Args)]
pub struct FinishArgs {
    /// The run (the running one when not given)
    pub run: Option<String>,
    #[command(flatten)]
    results: ResultArgs,
    /// The conclusion
    #[arg(short, long = "message", value_name = "TEXT")]
    pub message: Option<String>,
    /// How it ended
    #[arg(long, value_enum, value_name = "STATUS")]
    pub status: Option<EndStatus>,
    /// Commit the run's folder and nothing else; what is staged stays staged, no commit hook runs
    #[arg(long)]
    pub commit: bool,
}

impl ResultArgs {
    /// Reads the arguments into what the recorder wants.
    pub fn request(&self) -> end::Request {
        end::Request {
            metrics: self.metrics.clone(),
            models: self.model.clone(),
            artifacts: self.artifact.clone(),
            ..end::Request::default()
        }
    }
}

/// Finishes a run.
pub fn finish(ctx: &Ctx, args: &FinishArgs) -> Result<ExitCode> {
    let entry = current::find(ctx, args.run.as_deref())?;
    tables::check_writable(ctx.project()?, &ctx.repo()?.exp_dir())?;
    let status = args.status.map(|status| match status {
        EndStatus::Ok => Status::Ok,
        EndStatus::Failed => Status::Failed,
        EndStatus::Aborted => Status::Aborted,
    });
    let request = end::Request {
        message: args.message.clone(),
        status,
        ..args.results.request()
    };
    let before = args.commit.then(|| commit::before(ctx)).transpose()?;
    let run = match entry.run {
        // What `run` has finished may still be committed.
        Ok(run) if args.commit && run.status == Status::Ok && request.is_empty() => run,
        run => end::end(ctx, Entry { run, ..entry }, &request)?,
    };
    let committed = before
        .map(|before| commit::commit(ctx, &run, &before))
        .transpose()
        .map_err(|failure| {
            failure.hint("the run is finished; commit it yourself: git add experiments, git commit")
        })?;
    if ctx.globals.json {
        let value = serde_json::to_value(&run).unwrap_or_default();
        ctx.ui.out_json(&value)?;
        return Ok(ExitCode::OK);
    }
    let mut lines = closing(ctx, &run)?;
    if let Some(commit) = committed {
        lines.pop();
        lines.push(match commit {
            Some(commit) => format!("  committed {}", commit.short()),
            None => "  committed already".to_owned(),
        });
    }
    ctx.ui.out(format!("{}\n", lines.join("\n")))?;
    Ok(ExitCode::OK)
}

/// The closing lines of a run, with warnings said first.
pub fn closing(ctx: &Ctx, run: &Run) -> Result<Vec<String>> {
    let project = ctx.project()?;
    let settings = ProjectSettings::read(&project.settings_file())?;
    let entries = runs::list(project)?;
    let others: Vec<&Run> = entries
        .iter()
        .filter_map(|entry| entry.run.as_ref().ok())
        .collect();
    for warning in &run.warnings {
        ctx.ui.warn(warning);
    }
    let experiments = project.experiments();
    let shown = from_here(ctx.ambient.cwd(), &experiments);
    Ok(ended::lines(
        run,
        &others,
        &settings,
        ctx.lang()?,
        &shown.display(),
    ))
}
