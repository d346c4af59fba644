//! Ends a run: metrics, series, models, status; then the record, the mini-log, the table, the note.

use std::path::{Path, PathBuf};

use super::child::Ended;
use super::isolated::Isolated;
use super::results::{self, Results, series_notes};
use super::setup;
use crate::atomic;
use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::failpoint;
use crate::git::notes::Appending;
use crate::model::{RecordPath, Run, Status};
use crate::observe::series;
use crate::report::{markers, minilog, noteline};
use crate::settings::ProjectSettings;
use crate::store::layout::{README, SERIES, SERIES_LOG};
use crate::store::lock::Lock;
use crate::store::runs::Entry;
use crate::store::{contain, format, seal, tables};

/// What `finish` or the end of `run` was told.
#[derive(Debug, Default)]
pub struct Request {
    /// The metrics file; looked for when not given.
    pub metrics: Option<PathBuf>,
    /// Models to link.
    pub models: Vec<PathBuf>,
    /// Other files to link.
    pub artifacts: Vec<PathBuf>,
    /// The conclusion.
    pub message: Option<String>,
    /// The status, if it isn't to follow from how the command ended.
    pub status: Option<Status>,
    /// How the command ended, if we ran it.
    pub ended: Option<Ended>,
    /// How long the command ran, in seconds, if we ran it.
    pub seconds: Option<f64>,
    /// Where the command ran, if not in the working tree.
    pub isolated: Option<Isolated>,
    /// Whether nothing but the run's folder may be written.
    pub folder_only: bool,
}

impl Request {
    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.metrics.is_none()
            && self.models.is_empty()
            && self.artifacts.is_empty()
            && self.message.is_none()
            && self.status.is_none()
            && self.ended.is_none()
    }
}

/// Ends a run.
///
/// # Errors
/// A metrics file that can't be read stops it before anything is written.
pub fn end(ctx: &Ctx, entry: Entry, request: &Request) -> Result<Run> {
    let Entry { folder, run, .. } = entry;
    let mut run = run?;
    if run.status == Status::Ok {
        let id = run.id().short();
        return Err(Failure::new(format!("{} is finished already", run.id()))
            .because("metrics and inputs stay as they are")
            .hint(format!(
                "add a conclusion: git exp note {id} -m \"what was learnt\""
            )));
    }
    contain::real_folder(&folder)?;
    let results = results::read_results(ctx, &run, &folder, request)?;
    let now = ctx.ambient.now();
    run.finished = Some(now);
    let elapsed = (now - run.started).num_milliseconds() as f64 / 1000.0;
    let seconds = request.seconds.unwrap_or(elapsed);
    run.seconds = Some(crate::model::Number::from_f64(
        (seconds * 1000.0).round() / 1000.0,
    ));
    run.status = request.status.unwrap_or_else(|| status_of(request.ended));
    if let (Some(command), Some(ended)) = (&mut run.command, request.ended) {
        command.exit_code = ended.code;
        command.signal = ended.signal;
    }
    run.process = None;
    run.warnings.extend(results.warnings.iter().cloned());
    run.warnings
        .extend(results::changed_data(ctx, &run, request.folder_only)?);
    write(ctx, &folder, run, results, request)
}

fn status_of(ended: Option<Ended>) -> Status {
    match ended {
        None => Status::Ok,
        Some(ended) if ended.code == Some(0) => Status::Ok,
        Some(ended) if ended.signal.is_some() || ended.interrupted => Status::Aborted,
        Some(_) => Status::Failed,
    }
}

/// A path of this machine as the record names it: relative to the project where it is inside.
pub fn record_path(ctx: &Ctx, place: &Path) -> Result<RecordPath> {
    let project = ctx.project()?;
    Ok(project
        .relative(place)
        .unwrap_or_else(|| RecordPath::from_path(place)))
}

/// Copies first, then the record that names them, then what can be rebuilt from it.
fn write(
    ctx: &Ctx,
    folder: &Path,
    mut run: Run,
    results: Results,
    request: &Request,
) -> Result<Run> {
    let message = request.message.as_deref();
    // A node that may write to the run's folder alone can't take part in the lock.
    let _writing = match request.folder_only {
        true => None,
        false => Some(Lock::share(&ctx.repo()?.exp_dir())?),
    };
    if let Some((file, bytes)) = results.file {
        let copy = folder.join(&file.copy);
        if std::fs::read(&copy).ok().as_deref() != Some(&bytes[..]) {
            atomic::write(&copy, &bytes)?;
        }
        run.metrics_file = Some(file);
    }
    run.metrics = results.metrics;
    if !results.series.series.is_empty() {
        atomic::make_folder(&folder.join(SERIES))?;
    }
    for (name, values) in &results.series.series {
        let path = folder.join(SERIES).join(series::file_name(name));
        atomic::write(&path, series::to_csv(values).as_bytes())?;
        if let Some(summary) = series::summary(values) {
            run.series.insert(name.clone(), summary);
        }
    }
    run.models = results.models;
    run.artifacts = results.artifacts;
    if let Some(message) = message {
        run.conclusion = Some(message.to_owned());
    }
    run.rev += 1;
    run.digest = Some(seal::digest(&run));
    if !request.folder_only {
        learn(ctx, &run)?;
    }
    format::write_run(folder, &run)?;
    failpoint::reach("record-written")?;
    if series_notes(&results.series).is_empty() {
        // Its values are in series/ now, on disk; a log with lines that made no sense is kept.
        let _ = std::fs::remove_file(folder.join(SERIES_LOG));
    }
    refresh_readme(ctx, folder, &run, message)?;
    if !request.folder_only {
        republish(ctx, &run)?;
    }
    Ok(run)
}

/// Writes the goals of new metrics down in exp.toml.
fn learn(ctx: &Ctx, run: &Run) -> Result<()> {
    let names: Vec<&String> = run.metrics.keys().collect();
    let learnt = setup::learn_goals(ctx.project()?, ctx.settings()?, &names)?;
    if !learnt.is_empty() {
        ctx.ui.detail(format!(
            "goals guessed in experiments/exp.toml: {}",
            learnt.join(", ")
        ));
    }
    Ok(())
}

/// Rewrites the machine's part of the mini-log; people's part stays, and a conclusion is added to it.
pub fn refresh_readme(ctx: &Ctx, folder: &Path, run: &Run, message: Option<&str>) -> Result<()> {
    let path = contain::below(folder, &README.into())?;
    let settings = ProjectSettings::read(&ctx.project()?.settings_file())?;
    let lang = ctx.lang()?;
    let Ok(text) = std::fs::read_to_string(&path) else {
        return atomic::write(&path, minilog::new(run, &settings, lang).as_bytes());
    };
    match markers::replace(&text, &minilog::generated(run, &settings, lang)) {
        Some(mut new) => {
            if let Some(message) = message {
                new.push_str(&minilog::bullet(message));
            }
            atomic::write(&path, new.as_bytes())
        }
        None => {
            ctx.ui.warn(format!(
                "{} was left alone: its markers {} … {} are not there once each",
                path.display(),
                markers::BEGIN,
                markers::END
            ));
            Ok(())
        }
    }
}

/// Brings what is derived from the record up to date: the overview table and the note.
pub fn republish(ctx: &Ctx, run: &Run) -> Result<()> {
    let repo = ctx.repo()?;
    let project = ctx.project()?;
    let settings = ProjectSettings::read(&project.settings_file())?;
    tables::refresh(project, &repo.exp_dir(), &settings, ctx.lang()?)?;
    annotate(ctx, run, settings.primary.as_deref())
}

/// Adds the run's line to the note on its commit (on its snapshot before the first commit).
///
/// The record is complete without its note, so a note that can't be written is only said.
pub fn annotate(ctx: &Ctx, run: &Run, primary: Option<&str>) -> Result<()> {
    if let Some(line) = annotating(ctx, run, primary)? {
        tell_of_note(ctx, line.publish().wait());
    }
    Ok(())
}

/// The line in the making; `None` when there is no commit to put it on.
pub fn annotating(ctx: &Ctx, run: &Run, primary: Option<&str>) -> Result<Option<Appending>> {
    let repo = ctx.repo()?;
    let target = run.code.commit.as_ref().or(run.code.snapshot.as_ref());
    let line = noteline::line(run, primary);
    let now = ctx.ambient.now();
    Ok(target.map(|target| Appending::prepare(repo, target, line, now)))
}

/// Warns of a note that could not be written.
pub fn tell_of_note(ctx: &Ctx, written: std::result::Result<(), crate::git::Error>) {
    if let Err(error) = written {
        let failure = Failure::from(error);
        ctx.ui
            .warn(format!("the git note was not written: {failure}"));
        // Those who look after locks are named once.
        let hints = failure
            .hints()
            .iter()
            .filter(|hint| !hint.contains("doctor"));
        hints.for_each(|hint| ctx.ui.hint(hint));
        ctx.ui.hint("add it later: git exp doctor --fix");
    }
}
