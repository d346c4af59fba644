//! Ends a run: metrics, series, models, status; then the record, the mini-log, the table, the note.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::child::Ended;
use super::{metrics_file, setup};
use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::failpoint;
use crate::git::notes;
use crate::model::data::{Artifact, MetricsFile};
use crate::model::{MetricValue, RecordPath, Run, Sha256, Status};
use crate::observe::{data, metrics, series};
use crate::report::{markers, minilog, noteline};
use crate::settings::{Profile, ProjectSettings};
use crate::store::layout::{README, RUN_JSON, SERIES, SERIES_LOG};
use crate::store::lock::Lock;
use crate::store::runs::Entry;
use crate::store::{atomic, contain, format, seal, tables};

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
}

/// Everything that was read before anything is written.
struct Results {
    metrics: BTreeMap<String, MetricValue>,
    file: Option<(MetricsFile, Vec<u8>)>,
    series: series::SeriesRead,
    models: Vec<Artifact>,
    artifacts: Vec<Artifact>,
    warnings: Vec<String>,
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
    let results = read_results(ctx, &run, &folder, request)?;
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
    run.warnings.extend(changed_data(ctx, &run)?);
    write(ctx, &folder, run, results, request.message.as_deref())
}

fn status_of(ended: Option<Ended>) -> Status {
    match ended {
        None => Status::Ok,
        Some(ended) if ended.code == Some(0) => Status::Ok,
        Some(ended) if ended.signal.is_some() || ended.interrupted => Status::Aborted,
        Some(_) => Status::Failed,
    }
}

fn read_results(ctx: &Ctx, run: &Run, folder: &Path, request: &Request) -> Result<Results> {
    let project = ctx.project()?;
    let settings = ctx.settings()?;
    let mut warnings = Vec::new();
    let since = began(ctx, folder, run);
    let place = match &request.metrics {
        Some(typed) => Some(given_metrics(ctx, run, typed, since)?),
        None => metrics_file::fresh(
            &metrics_file::candidates(project, settings, run, folder),
            since,
        ),
    };
    let mut found = BTreeMap::new();
    let mut file = None;
    if let Some(place) = place {
        let (read, copy, bytes) = read_metrics(ctx, &place)?;
        warnings.extend(read.notes);
        found = read.metrics;
        file = Some((copy, bytes));
    }
    let series = read_series(folder, &mut warnings)?;
    if file.is_none() && !series.series.is_empty() {
        for (name, values) in &series.series {
            if let Some(summary) = series::summary(values) {
                found.insert(name.clone(), MetricValue::Number(summary.last));
            }
        }
        warnings.push("no metrics file: metrics are the last values that were logged".to_owned());
    }
    let models = match request.models.is_empty() {
        true => metrics_file::models(project, settings, run, since),
        false => request
            .models
            .iter()
            .map(|path| ctx.absolute(path))
            .collect(),
    };
    let artifacts: Vec<PathBuf> = request
        .artifacts
        .iter()
        .map(|path| ctx.absolute(path))
        .collect();
    Ok(Results {
        metrics: found,
        file,
        series,
        models: link(ctx, &models)?,
        artifacts: link(ctx, &artifacts)?,
        warnings,
    })
}

/// The moment of the start by the file system's own clock: the reservation of the number is written
/// once, at start; the record itself stands in where that is gone (another clone).
fn began(ctx: &Ctx, folder: &Path, run: &Run) -> SystemTime {
    let reserved = ctx
        .repo()
        .ok()
        .zip(ctx.project().ok())
        .map(|(repo, project)| {
            crate::store::ids::folder(&repo.exp_dir(), project).join(format!("{:06}", run.number))
        });
    let modified = |path: &Path| path.metadata().ok()?.modified().ok();
    reserved
        .and_then(|path| modified(&path))
        .or_else(|| modified(&folder.join(RUN_JSON)))
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

fn given_metrics(ctx: &Ctx, run: &Run, typed: &Path, since: SystemTime) -> Result<PathBuf> {
    let place = ctx.absolute(typed);
    if !place.is_file() {
        let id = run.id().short();
        return Err(
            Failure::new(format!("there is no metrics file {}", typed.display()))
                .because(format!("{} is not a file", place.display()))
                .hint("name the file that the program wrote: git exp finish --metrics FILE")
                .hint(format!("or finish without: git exp finish {id}")),
        );
    }
    if !metrics_file::is_fresh(&place, since) {
        return Err(Failure::new(format!(
            "{} was written before {} began",
            typed.display(),
            run.id()
        ))
        .because("it is an earlier run's, or the program did not write it")
        .hint("run the program, then finish")
        .hint(format!(
            "if it is this run's after all: touch {}",
            typed.display()
        )));
    }
    Ok(place)
}

fn read_metrics(ctx: &Ctx, place: &Path) -> Result<(metrics::MetricsRead, MetricsFile, Vec<u8>)> {
    let shown = record_path(ctx, place)?;
    let bytes = std::fs::read(place).context(|| format!("cannot read {}", shown.display()))?;
    let read = metrics::read(&shown, &bytes)
        .context(|| format!("{} can't be used as metrics", shown.display()))
        .map_err(|failure| failure.hint(format!("look at it: head {}", shown.display())))?;
    let extension = shown.extension();
    let extension = if extension.is_empty() {
        "json"
    } else {
        &extension
    };
    let file = MetricsFile {
        path: shown.clone(),
        copy: format!("metrics.{extension}"),
        sha256: Sha256::of(&bytes),
    };
    Ok((read, file, bytes))
}

/// A path of this machine as the record names it: relative to the project where it is inside.
pub fn record_path(ctx: &Ctx, place: &Path) -> Result<RecordPath> {
    let project = ctx.project()?;
    Ok(project
        .relative(place)
        .unwrap_or_else(|| RecordPath::from_path(place)))
}

fn read_series(folder: &Path, warnings: &mut Vec<String>) -> Result<series::SeriesRead> {
    let path = folder.join(SERIES_LOG);
    let file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(series::SeriesRead::default());
        }
        Err(error) => {
            return Err(Failure::new(format!("cannot read {}", path.display())).because(error));
        }
    };
    let read =
        series::read(BufReader::new(file)).context(|| format!("cannot read {}", path.display()))?;
    warnings.extend(series_notes(&read));
    Ok(read)
}

/// What of the log could not be read.
fn series_notes(read: &series::SeriesRead) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some((line, why)) = &read.first_bad {
        let count = read.bad_lines;
        notes.push(format!(
            "{count} lines of the series log were left out, first line {line}: {why}"
        ));
    }
    if read.torn {
        notes.push("the last line of the series log was cut off".to_owned());
    }
    if read.not_numbers > 0 {
        notes.push(format!(
            "{} values in the series log are no numbers",
            read.not_numbers
        ));
    }
    notes
}

fn link(ctx: &Ctx, places: &[PathBuf]) -> Result<Vec<Artifact>> {
    places
        .iter()
        .map(|place| {
            let path = record_path(ctx, place)?;
            let found = data::hash::file(place)
                .context(|| format!("cannot read {}", path.display()))
                .map_err(|failure| failure.hint("name a file that the program wrote"))?;
            let lfs = ctx.repo()?.is_lfs(place);
            Ok(Artifact {
                path,
                sha256: found.sha256(),
                bytes: found.bytes,
                lfs,
            })
        })
        .collect()
}

/// Data files whose content is no longer what it was at start.
fn changed_data(ctx: &Ctx, run: &Run) -> Result<Vec<String>> {
    let project = ctx.project()?;
    let specs: Vec<data::Spec> = run
        .data
        .iter()
        .map(|input| data::Spec {
            role: input.role.clone(),
            path: if input.external {
                input.path.to_path()
            } else {
                project.root.join(input.path.to_path())
            },
        })
        .collect();
    let changed = |input: &crate::model::data::DataInput, why: &str| {
        format!(
            "{} ({}) {why} while the run went on",
            input.path.display(),
            input.role
        )
    };
    let (present, gone): (Vec<_>, Vec<_>) = run
        .data
        .iter()
        .zip(specs)
        .partition(|(_, spec)| spec.path.exists());
    let mut warnings: Vec<String> = gone
        .iter()
        .map(|(input, _)| changed(input, "was removed"))
        .collect();
    let (inputs, specs): (Vec<_>, Vec<_>) = present.into_iter().unzip();
    let seen = super::begin::observe_data(ctx, &specs, Profile::None, false)?;
    for (input, now) in inputs.iter().zip(&seen.inputs) {
        if now.sha256 != input.sha256 {
            warnings.push(changed(input, "changed"));
        }
    }
    Ok(warnings)
}

/// Copies first, then the record that names them, then what can be rebuilt from it.
fn write(
    ctx: &Ctx,
    folder: &Path,
    mut run: Run,
    results: Results,
    message: Option<&str>,
) -> Result<Run> {
    let _writing = Lock::share(&ctx.repo()?.exp_dir())?;
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
        let path = folder
            .join(SERIES)
            .join(format!("{}.csv", series::file_name(name)));
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
    let names: Vec<&String> = run.metrics.keys().collect();
    let learnt = setup::learn_goals(ctx.project()?, ctx.settings()?, &names)?;
    if !learnt.is_empty() {
        ctx.ui.detail(format!(
            "goals guessed in experiments/exp.toml: {}",
            learnt.join(", ")
        ));
    }
    format::write_run(folder, &run)?;
    failpoint::reach("record-written")?;
    if series_notes(&results.series).is_empty() {
        // Its values are in series/ now, on disk; a log with lines that made no sense is kept.
        let _ = std::fs::remove_file(folder.join(SERIES_LOG));
    }
    refresh_readme(ctx, folder, &run, message)?;
    republish(ctx, &run)?;
    Ok(run)
}

/// Writes a changed record and all that is derived from it.
pub fn restate(ctx: &Ctx, folder: &Path, run: &Run) -> Result<()> {
    contain::real_folder(folder)?;
    format::write_run(folder, run)?;
    refresh_readme(ctx, folder, run, None)?;
    republish(ctx, run)
}

/// Rewrites the machine's part of the mini-log; people's part stays, and a conclusion is added to it.
pub fn refresh_readme(ctx: &Ctx, folder: &Path, run: &Run, message: Option<&str>) -> Result<()> {
    let path = folder.join(README);
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
    let Some(target) = run.code.commit.as_ref().or(run.code.snapshot.as_ref()) else {
        return Ok(());
    };
    let line = noteline::line(run, primary);
    if let Err(error) = notes::append(ctx.repo()?, target, &line, ctx.ambient.now()) {
        ctx.ui
            .warn(format!("the git note was not written: {error}"));
        ctx.ui.hint("add it later: git exp doctor --fix");
    }
    Ok(())
}
