//! Reads everything that a run left behind, before anything of it is written.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::end::{Request, record_path};
use super::{gather, metrics_file};
use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::model::data::{Artifact, DataInput, MetricsFile};
use crate::model::{MetricValue, Param, Run, Sha256, repeats};
use crate::observe::{data, metrics, series};
use crate::settings::Profile;
use crate::store::layout::{RUN_JSON, SERIES_LOG};
use crate::store::{Project, contain};

/// Everything that was read before anything is written.
pub(super) struct Results {
    pub metrics: BTreeMap<String, MetricValue>,
    pub file: Option<(MetricsFile, Vec<u8>)>,
    pub series: series::SeriesRead,
    pub models: Vec<Artifact>,
    pub artifacts: Vec<Artifact>,
    pub warnings: Vec<String>,
}

pub(super) fn read_results(
    ctx: &Ctx,
    run: &Run,
    folder: &Path,
    request: &Request,
) -> Result<Results> {
    let project = ctx.project()?;
    let settings = ctx.settings()?;
    let mut warnings = Vec::new();
    let isolated = request.isolated.as_ref();
    let since = match isolated {
        Some(isolated) => isolated.since,
        None => began(ctx, folder, run),
    };
    let outputs = isolated.map_or(project, |isolated| &isolated.project);
    let absolute = |path: &PathBuf| match isolated {
        Some(isolated) => isolated.absolute(path),
        None => ctx.absolute(path),
    };
    if !run.repeats.is_empty() && (request.metrics.is_none() || request.ended.is_some()) {
        return repeated(ctx, run, folder, request, since);
    }
    let place = match &request.metrics {
        Some(typed) => Some(given_metrics(run, typed, absolute(typed), since)?),
        None => metrics_file::fresh(
            &metrics_file::candidates(outputs, settings, run, folder),
            since,
        ),
    };
    let mut found = BTreeMap::new();
    let mut file = None;
    if let Some(place) = place {
        let (read, copy, bytes) = read_metrics(ctx, outputs, &place)?;
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
    let (models, artifacts) = linked(ctx, run, folder, request, since)?;
    Ok(Results {
        metrics: found,
        file,
        series,
        models,
        artifacts,
        warnings,
    })
}

/// The models and other files that the command wrote; what lies in an export is saved first.
fn linked(
    ctx: &Ctx,
    run: &Run,
    folder: &Path,
    request: &Request,
    since: SystemTime,
) -> Result<(Vec<Artifact>, Vec<Artifact>)> {
    let isolated = request.isolated.as_ref();
    let outputs = isolated.map_or(ctx.project()?, |isolated| &isolated.project);
    let absolute = |path: &PathBuf| match isolated {
        Some(isolated) => isolated.absolute(path),
        None => ctx.absolute(path),
    };
    let models = match request.models.is_empty() {
        true => metrics_file::models(outputs, ctx.settings()?, run, since),
        false => request.models.iter().map(absolute).collect(),
    };
    let artifacts: Vec<PathBuf> = request.artifacts.iter().map(absolute).collect();
    let save = |files: Vec<PathBuf>| -> Result<Vec<PathBuf>> {
        match isolated {
            Some(isolated) => files
                .iter()
                .map(|file| isolated.save(file, folder))
                .collect(),
            None => Ok(files),
        }
    };
    Ok((link(ctx, &save(models)?)?, link(ctx, &save(artifacts)?)?))
}

/// The means over the repeats; their files are in their own folders already.
fn repeated(
    ctx: &Ctx,
    run: &Run,
    folder: &Path,
    request: &Request,
    since: SystemTime,
) -> Result<Results> {
    let (models, artifacts) = linked(ctx, run, folder, request, since)?;
    let mut warnings = Vec::new();
    if let (false, [_, .., last]) = (models.is_empty(), &run.repeats[..]) {
        let seed = last.seed.spelling();
        warnings.push(format!(
            "the model is the one of the last repeat, seed {seed}"
        ));
    }
    let done = run.repeats.iter().filter(|repeat| repeat.is_done()).count();
    if let Some(Param::List(seeds)) = &run.seed
        && seeds.len() > done
    {
        warnings.push(format!("{done} of {} repeats ended well", seeds.len()));
    }
    Ok(Results {
        metrics: repeats::means(&run.repeats),
        file: None,
        series: series::SeriesRead::default(),
        models,
        artifacts,
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

fn given_metrics(run: &Run, typed: &Path, place: PathBuf, since: SystemTime) -> Result<PathBuf> {
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

pub(super) fn read_metrics(
    ctx: &Ctx,
    outputs: &Project,
    place: &Path,
) -> Result<(metrics::MetricsRead, MetricsFile, Vec<u8>)> {
    // As the command named it, wherever it ran.
    let shown = match outputs.relative(place) {
        Some(path) => path,
        None => record_path(ctx, place)?,
    };
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

pub(super) fn read_series(folder: &Path, warnings: &mut Vec<String>) -> Result<series::SeriesRead> {
    let path = contain::below(folder, &SERIES_LOG.into())?;
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
pub(super) fn series_notes(read: &series::SeriesRead) -> Vec<String> {
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

/// Whether an input was on disk at start, and not only named by what keeps it.
fn was_here(input: &DataInput) -> bool {
    match &input.pointer {
        Some(pointer) if pointer.kind == "annex" => pointer.present,
        Some(pointer) if pointer.kind == "dvc" => input.sha256.is_some(),
        _ => true,
    }
}

/// Data files whose content is no longer what it was at start.
///
/// With `folder_only` the cache of digests is neither read nor written: it is not in the run's
/// folder.
pub(super) fn changed_data(ctx: &Ctx, run: &Run, folder_only: bool) -> Result<Vec<String>> {
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
    let changed = |input: &DataInput, why: &str| {
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
        .filter(|(input, _)| was_here(input))
        .map(|(input, _)| changed(input, "was removed"))
        .collect();
    let (inputs, specs): (Vec<_>, Vec<_>) = present.into_iter().unzip();
    let seen = match folder_only {
        true => gather::observe_data_uncached(ctx, &specs)?,
        false => gather::observe_data(ctx, &specs, Profile::None, false)?,
    };
    for (input, now) in inputs.iter().zip(&seen.inputs) {
        match was_here(input) {
            true if now.sha256 != input.sha256 => warnings.push(changed(input, "changed")),
            false if now.sha256.is_some() => warnings.push(changed(input, "was put in place")),
            _ => {}
        }
    }
    Ok(warnings)
}
