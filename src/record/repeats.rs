//! One command under several seeds: each repeat in a folder of its own inside the run's.
//!
//! The record gets each repeat as soon as it has ended: whatever stops the next one, the values so
//! far are kept.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use super::child::{self, Ended};
use super::isolated::Isolated;
use super::launch::{Launch, copies};
use super::metrics_file;
use super::results::{read_metrics, read_series};
use crate::atomic;
use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::model::param::ParamKind;
use crate::model::run::Repeat;
use crate::model::{MetricValue, Number, Param, Run};
use crate::observe::config::edit;
use crate::observe::series;
use crate::store::layout::{OUTPUT_LOG, SERIES, SERIES_LOG};
use crate::store::{contain, format, runs};

/// The folder of the repeats, inside a run's folder.
pub const REPEATS: &str = "repeats";

/// How the repeats are to be run.
#[derive(Debug)]
pub struct Plan<'p> {
    /// The command.
    pub launch: &'p Launch,
    /// The seeds, in the order of the repeats.
    pub seeds: &'p [i64],
    /// Where the command runs, if not in the working tree.
    pub isolated: Option<&'p Isolated>,
    /// The metrics file, if it was named.
    pub metrics: Option<&'p Path>,
    /// Whether to keep what is printed.
    pub log: bool,
}

/// Runs all repeats; the first that fails is the last.
///
/// # Returns
/// How the last one ended, and the seconds of all.
pub fn run(ctx: &Ctx, name: &str, plan: &Plan<'_>) -> Result<(Ended, f64)> {
    let mut total = 0.0;
    let mut last = None;
    for (at, seed) in plan.seeds.iter().enumerate() {
        ctx.ui
            .say(format!("seed {seed}  ({} of {})", at + 1, plan.seeds.len()));
        let (ended, repeat) = one(ctx, name, plan, *seed)?;
        total += repeat.seconds.as_ref().map_or(0.0, Number::as_f64);
        keep(ctx, name, repeat)?;
        last = Some(ended);
        if ended.code != Some(0) {
            break;
        }
    }
    let ended = last.ok_or_else(|| Failure::new("no seed was given"))?;
    Ok((ended, total))
}

/// Adds a repeat to the record as it is by now: notes may have been added meanwhile.
fn keep(ctx: &Ctx, name: &str, repeat: Repeat) -> Result<()> {
    let entry = runs::resolve(ctx.project()?, name)?;
    let mut run = entry.run?;
    run.repeats.retain(|before| before.seed != repeat.seed);
    run.repeats.push(repeat);
    run.rev += 1;
    format::write_run(&entry.folder, &run)
}

fn one(ctx: &Ctx, name: &str, plan: &Plan<'_>, seed: i64) -> Result<(Ended, Repeat)> {
    let entry = runs::resolve(ctx.project()?, name)?;
    let run = entry.run?;
    let text = seed.to_string();
    let inside = format!("{REPEATS}/seed_{text}");
    let folder = contain::below(&entry.folder, &inside.as_str().into())?;
    atomic::make_folder(&folder)?;
    let argv = command(plan.launch, &run, &entry.folder, &folder, &text)?;
    let outputs = outputs(ctx, plan, &run, &folder)?;
    let before: Vec<Option<Stamp>> = outputs.iter().map(|path| stamp(path)).collect();
    let since = now(&folder)?;

    let series = folder.join(SERIES_LOG);
    let vars = [
        ("GIT_EXP_RUN", Path::new(run.uid.as_str())),
        ("GIT_EXP_RUN_DIR", folder.as_path()),
        ("GIT_EXP_SERIES", series.as_path()),
    ];
    let log = plan.log.then(|| folder.join(OUTPUT_LOG));
    let started = Instant::now();
    let ended = child::run(&argv, &plan.launch.cwd, &vars, log.as_deref())?;
    let seconds = (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;

    let written = outputs
        .iter()
        .zip(before)
        .find(|(path, before)| metrics_file::is_fresh(path, since) && stamp(path) != *before);
    let mut repeat = Repeat {
        seed: Param::leaf(ParamKind::Int, text.as_str()),
        folder: inside,
        metrics: std::collections::BTreeMap::new(),
        seconds: Some(Number::from_f64(seconds)),
        exit_code: ended.code,
        metrics_sha256: None,
    };
    match written {
        Some((place, _)) => take_metrics(ctx, plan, place, &folder, &mut repeat)?,
        None => ctx.ui.warn(format!("seed {text} wrote no metrics file")),
    }
    take_series(&folder, &mut repeat)?;
    Ok((ended, repeat))
}

/// The command of one repeat, with a configuration of its own where the seed stands in it.
fn command(
    launch: &Launch,
    run: &Run,
    run_folder: &Path,
    folder: &Path,
    seed: &str,
) -> Result<Vec<OsString>> {
    let mut config = copies(&run.config, run_folder);
    if let Some((index, key)) = &launch.seed_in
        && let (Some(place), Some(file)) = (config.get_mut(*index), run.config.get(*index))
    {
        let shown = file.path.display();
        let failed = || format!("seed {seed} can't be set in the copy of {shown}");
        let bytes = std::fs::read(&place).context(failed)?;
        let edited = edit::set(&file.path, &bytes, key, seed).map_err(|_| {
            Failure::new(failed()).because(format!("`{key}` was there at the start"))
        })?;
        *place = folder.join(file.copy.as_deref().unwrap_or("config"));
        atomic::write(place, &edited.bytes)?;
    }
    Ok(launch.filled(&config, Some(seed)))
}

/// Where the metrics of a repeat may appear: in its own folder first.
fn outputs(ctx: &Ctx, plan: &Plan<'_>, run: &Run, folder: &Path) -> Result<Vec<PathBuf>> {
    if let Some(named) = plan.metrics {
        return Ok(vec![match plan.isolated {
            Some(isolated) => isolated.absolute(named),
            None => ctx.absolute(named),
        }]);
    }
    let project = match plan.isolated {
        Some(isolated) => &isolated.project,
        None => ctx.project()?,
    };
    let mut places = vec![folder.join("metrics.json"), folder.join("metrics.csv")];
    places.extend(metrics_file::candidates(
        project,
        ctx.settings()?,
        run,
        folder,
    ));
    places.dedup();
    Ok(places)
}

/// A file as `stat` tells it from what was there before: the next repeat writes to the same place.
type Stamp = (u64, SystemTime);

fn stamp(path: &Path) -> Option<Stamp> {
    let found = path.metadata().ok()?;
    Some((found.len(), found.modified().ok()?))
}

/// This moment by the clock of the folder's own file system.
fn now(folder: &Path) -> Result<SystemTime> {
    tempfile::NamedTempFile::new_in(folder)
        .and_then(|file| file.as_file().metadata()?.modified())
        .map_err(|error| atomic::failed(folder, &error))
}

fn take_metrics(
    ctx: &Ctx,
    plan: &Plan<'_>,
    place: &Path,
    folder: &Path,
    repeat: &mut Repeat,
) -> Result<()> {
    let project = match plan.isolated {
        Some(isolated) => &isolated.project,
        None => ctx.project()?,
    };
    let (read, file, bytes) = read_metrics(ctx, project, place)?;
    let copy = folder.join(&file.copy);
    if copy != *place {
        atomic::write(&copy, &bytes)?;
    }
    repeat.metrics_sha256 = Some(file.sha256);
    repeat.metrics = read.metrics;
    for note in read.notes {
        ctx.ui.warn(note);
    }
    Ok(())
}

fn take_series(folder: &Path, repeat: &mut Repeat) -> Result<()> {
    let mut notes = Vec::new();
    let read = read_series(folder, &mut notes)?;
    if read.series.is_empty() {
        return Ok(());
    }
    atomic::make_folder(&folder.join(SERIES))?;
    for (name, values) in &read.series {
        let path = folder.join(SERIES).join(series::file_name(name));
        atomic::write(&path, series::to_csv(values).as_bytes())?;
        let summary = series::summary(values);
        if let Some(summary) = summary.filter(|_| repeat.metrics_sha256.is_none()) {
            let last = MetricValue::Number(summary.last);
            repeat.metrics.insert(name.clone(), last);
        }
    }
    if notes.is_empty() {
        // Its values are in series/ now, on disk.
        let _ = std::fs::remove_file(folder.join(SERIES_LOG));
    }
    Ok(())
}
