//! `git exp which`: the run behind a stage, or behind any file.

use rayon::prelude::*;
use serde_json::json;

use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::model::run::Time;
use crate::model::{Brief, RecordPath, RunId, Sha256};
use crate::observe::data::{Spec, stat};
use crate::record::{end::record_path, gather};
use crate::settings::Profile;
use crate::store::catalog::Catalog;
use crate::store::contain;
use crate::store::stage::{self, Stage};
use crate::ui::escape::printable;

/// Arguments of `git exp which`.
#[derive(Debug, clap::Args)]
pub struct WhichArgs {
    /// A file or folder, a stage (production), or a SHA-256 (a Git LFS oid)
    pub what: String,
}

/// How a run knows a content.
struct Match {
    run: Brief,
    /// `model`, `data train`, `config`, `metrics` or `artifact`.
    part: String,
    path: RecordPath,
}

/// Prints the runs; exit code 1 when no run knows the content.
pub fn which(ctx: &Ctx, args: &WhichArgs) -> Result<ExitCode> {
    let project = ctx.project()?;
    let place = ctx.absolute(args.what.as_ref());
    if place.symlink_metadata().is_ok() {
        return file(ctx, args, &place);
    }
    let name = args.what.trim_start_matches('@');
    let name = if name == "prod" {
        stage::PRODUCTION
    } else {
        name
    };
    if let Ok(path) = stage::file(project, name)
        && path.exists()
        && let Some(stage) = stage::read(project, name)?
    {
        return of_stage(ctx, &stage);
    }
    let hex = args
        .what
        .strip_prefix("sha256:")
        .unwrap_or(&args.what)
        .to_ascii_lowercase();
    if hex.len() >= 8 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        let matches = find(ctx, |digest| digest.as_str().starts_with(&hex))?;
        return answer(ctx, &args.what, &matches);
    }
    let failure = Failure::new(format!("there is no file and no stage `{}`", args.what));
    let stages: Vec<String> = stage::all(project).0.into_iter().map(|s| s.stage).collect();
    Err(match stages.is_empty() {
        true => failure.hint("decide on one: git exp promote exp_001 -m \"why this one\""),
        false => failure.hint(format!("stages are {}", stages.join(", "))),
    })
}

fn file(ctx: &Ctx, args: &WhichArgs, place: &std::path::Path) -> Result<ExitCode> {
    let spec = Spec {
        role: String::new(),
        path: place.to_owned(),
    };
    let seen = gather::observe_data(ctx, &[spec], Profile::None, false)?;
    let Some(digest) = seen.inputs.first().and_then(|input| input.sha256.clone()) else {
        return Err(
            Failure::new(format!("the content of {} is not known here", args.what))
                .because("it is a pointer without a SHA-256, or changed while it was read")
                .hint("get the content itself: git lfs pull, dvc pull"),
        );
    };
    let matches = find(ctx, |found| *found == digest)?;
    if !matches.is_empty() {
        return answer(ctx, &args.what, &matches);
    }
    if let Some(own) = of_folder(ctx, place)? {
        return answer(ctx, &args.what, &[own]);
    }
    let code = answer(ctx, &args.what, &matches)?;
    // Whoever wrote this path before: the file was overwritten since.
    let path = record_path(ctx, place)?;
    if let Some(last) = written_by(ctx, &path)?
        && !ctx.globals.json
    {
        let newer = match (modified(place), last.finished) {
            (Some(modified), Some(finished)) if modified > finished => {
                format!(", {} after it finished", span(modified - finished))
            }
            _ => String::new(),
        };
        ctx.ui.say(format!(
            "{} recorded {} with other content: the file was changed{newer}",
            last.id(),
            printable(&path.display())
        ));
    }
    Ok(code)
}

/// The run in whose folder a file lies: what it generated there is recorded nowhere else.
fn of_folder(ctx: &Ctx, place: &std::path::Path) -> Result<Option<Match>> {
    let project = ctx.project()?;
    let Ok(inside) = place.strip_prefix(project.runs()) else {
        return Ok(None);
    };
    let name = inside.iter().next().and_then(|name| name.to_str());
    let Some(id) = name.and_then(RunId::parse) else {
        return Ok(None);
    };
    let catalog = Catalog::open(ctx.repo()?, project, false)?;
    let at = (0..catalog.len()).find(|at| catalog.id(*at) == id);
    let Some(run) = at.and_then(|at| catalog.get(at).ok()) else {
        return Ok(None);
    };
    Ok(Some(Match {
        run,
        part: "file".to_owned(),
        path: record_path(ctx, place)?,
    }))
}

fn modified(place: &std::path::Path) -> Option<Time> {
    let found = stat::Stat::of(&place.symlink_metadata().ok()?);
    let moment = chrono::DateTime::from_timestamp_nanos(found.mtime);
    Some(moment.fixed_offset())
}

fn span(length: chrono::Duration) -> String {
    let seconds = length.num_seconds();
    if seconds >= 2 * 86_400 {
        format!("{} days", seconds / 86_400)
    } else {
        crate::ui::number::duration(seconds as f64)
    }
}

/// Every place in every record that has such a content, in order of number.
fn find(ctx: &Ctx, is: impl Fn(&Sha256) -> bool + Sync) -> Result<Vec<Match>> {
    let catalog = Catalog::open(ctx.repo()?, ctx.project()?, false)?;
    let parts = |run: &Brief| -> Vec<(String, RecordPath)> {
        let mut parts = Vec::new();
        for (name, files) in [
            ("model", &run.models),
            ("artifact", &run.artifacts),
            ("config", &run.config),
        ] {
            let hits = files.iter().filter(|file| is(&file.sha256));
            parts.extend(hits.map(|file| (name.to_owned(), file.path.clone())));
        }
        let hits = run
            .data
            .iter()
            .filter(|input| input.sha256.as_ref().is_some_and(&is));
        parts.extend(hits.map(|input| (format!("data {}", input.role), input.path.clone())));
        let hit = run.metrics_file.iter().find(|file| is(&file.sha256));
        parts.extend(hit.map(|file| ("metrics".to_owned(), file.path.clone())));
        parts
    };
    Ok((0..catalog.len())
        .into_par_iter()
        .with_min_len(256)
        .filter_map(|at| {
            let run = catalog.get(at).ok()?;
            let (part, path) = parts(&run).into_iter().next()?;
            Some(Match { run, part, path })
        })
        .collect())
}

fn written_by(ctx: &Ctx, path: &RecordPath) -> Result<Option<Brief>> {
    let catalog = Catalog::open(ctx.repo()?, ctx.project()?, false)?;
    let names = |run: &Brief| {
        let files = run.models.iter().chain(&run.artifacts).chain(&run.config);
        files
            .chain(&run.metrics_file)
            .map(|file| &file.path)
            .chain(run.data.iter().map(|input| &input.path))
            .any(|p| p == path)
    };
    Ok((0..catalog.len())
        .rev()
        .filter_map(|at| catalog.get(at).ok())
        .find(names))
}

fn answer(ctx: &Ctx, what: &str, matches: &[Match]) -> Result<ExitCode> {
    let stages = ctx.stages();
    let code = if matches.is_empty() {
        ExitCode::NO
    } else {
        ExitCode::OK
    };
    if ctx.globals.json {
        let runs: Vec<_> = matches
            .iter()
            .map(|m| json!({"run": m.run.id().to_string(), "uid": m.run.uid, "as": m.part, "path": m.path}))
            .collect();
        let document = json!({"schema": "git-exp/which/1", "runs": runs});
        ctx.ui.out_json(&document)?;
        return Ok(code);
    }
    if matches.is_empty() {
        ctx.ui.out(format!(
            "no run recorded the content of {}\n",
            printable(what)
        ))?;
        return Ok(code);
    }
    let mut text = String::new();
    for found in matches {
        let line = format!(
            "{}; {} {}",
            about(&found.run),
            found.part,
            found.path.display()
        );
        text.push_str(&format!(
            "{}{}\n",
            printable(&line),
            promoted(&found.run, &stages)
        ));
    }
    ctx.ui.out(text)?;
    Ok(code)
}

/// `exp_003_new_features (seed 42), code a41c9d2, data train_v2.csv 5d07ab13`
fn about(run: &Brief) -> String {
    let mut text = run.id().to_string();
    if let Some(seed) = &run.seed {
        text.push_str(&format!(" (seed {})", seed.spelling()));
    }
    if let Some(commit) = &run.commit {
        let dirty = if run.dirty {
            " + uncommitted changes"
        } else {
            ""
        };
        text.push_str(&format!(", code {}{dirty}", commit.short()));
    }
    let train = run
        .data
        .iter()
        .find(|input| input.role == "train")
        .or(run.data.first());
    if let Some(input) = train {
        let name = String::from_utf8_lossy(input.path.file_name());
        let digest = input.sha256.as_ref().map_or("?", |digest| digest.short());
        text.push_str(&format!(", data {name} {digest}"));
    }
    text
}

fn promoted(run: &Brief, stages: &[Stage]) -> String {
    stages
        .iter()
        .filter(|stage| stage.current.uid == run.uid)
        .map(|stage| {
            format!(
                "; promoted to {} {}",
                stage.stage,
                stage.current.when.format("%Y-%m-%d")
            )
        })
        .collect()
}

/// The run of a stage, and whether its model file is still the one that was promoted.
fn of_stage(ctx: &Ctx, stage: &Stage) -> Result<ExitCode> {
    let project = ctx.project()?;
    let catalog = Catalog::open(ctx.repo()?, project, false)?;
    let current = &stage.current;
    let run = catalog.find(&current.uid, &current.run);
    let mut code = ExitCode::OK;
    let mut state = None;
    if let Some(model) = &current.model {
        let place = contain::below(&project.root, &model.path)?;
        let spec = Spec {
            role: String::new(),
            path: place.clone(),
        };
        let now = match place.exists() {
            true => gather::observe_data(ctx, &[spec], Profile::None, false)?
                .inputs
                .first()
                .and_then(|input| input.sha256.clone()),
            false => None,
        };
        state = Some(match now {
            Some(digest) if digest == model.sha256 => "same",
            Some(_) => "changed",
            None => "missing",
        });
        if state != Some("same") {
            code = ExitCode::NO;
        }
    }
    if ctx.globals.json {
        let document = json!({
            "schema": "git-exp/which/1", "stage": stage, "model_file": state,
            "runs": [{"run": current.run, "uid": current.uid, "as": format!("stage {}", stage.stage)}],
        });
        ctx.ui.out_json(&document)?;
        return Ok(code);
    }
    let run = run.map_or_else(
        || format!("{} (its record is not here)", current.run),
        |run| about(&run),
    );
    let when = current.when.format("%Y-%m-%d");
    let who = current
        .who
        .as_ref()
        .map(|who| format!(" by {who}"))
        .unwrap_or_default();
    let why = current
        .why
        .as_ref()
        .map(|why| format!(": {why}"))
        .unwrap_or_default();
    let line = format!("{run}; promoted to {} {when}{who}{why}", stage.stage);
    ctx.ui.out(format!("{}\n", printable(&line)))?;
    if let (Some(model), Some(state)) = (&current.model, state) {
        let path = model.path.display();
        let path = printable(&path);
        match state {
            "same" => ctx.ui.out(format!("{path} is that model\n"))?,
            "changed" => ctx
                .ui
                .out(format!("{path} was changed after it was promoted\n"))?,
            _ => ctx.ui.out(format!("{path} is not here\n"))?,
        }
    }
    Ok(code)
}
