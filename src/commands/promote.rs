//! `git exp promote`: decides which run is in use.

use std::path::{Path, PathBuf};

use crate::context::Ctx;
use crate::error::{Context, ExitCode, Failure, Result};
use crate::git::user;
use crate::model::data::Artifact;
use crate::model::{Run, Status};
use crate::observe::data::{hash, pointer};
use crate::record::end::record_path;
use crate::report::diff::words::Words;
use crate::store::stage::{self, Promotion};
use crate::store::{contain, runs};
use crate::ui::escape::printable;

/// Arguments of `git exp promote`.
#[derive(Debug, clap::Args)]
pub struct PromoteArgs {
    /// The run: exp_003, 3, @best, …
    pub run: String,
    /// The stage
    #[arg(long = "as", value_name = "STAGE", default_value = stage::PRODUCTION)]
    pub stage: String,
    /// The model file that is put to use, wherever it is now
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Why this run
    #[arg(short, long = "message", value_name = "TEXT")]
    pub message: Option<String>,
    /// Say what would be decided, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Writes `experiments/stages/STAGE.json`; what was there becomes its history.
pub fn promote(ctx: &Ctx, args: &PromoteArgs) -> Result<ExitCode> {
    let project = ctx.project()?;
    let run = runs::resolve(project, &args.run)?.run?;
    let file = stage::file(project, &args.stage)?;
    if run.status != Status::Ok {
        return Err(Failure::new(format!(
            "{} {}",
            run.id(),
            Words::ENGLISH.status(run.status)
        ))
        .because("only a run that finished well can be promoted")
        .hint(format!("look at it: git exp show {}", run.id().short())));
    }
    let model = model(ctx, &run, args.model.as_deref())?;
    if let Ok(Some(now)) = stage::read(project, &args.stage)
        && now.current.uid == run.uid
        && now.current.model == model
        && args.message.is_none()
    {
        ctx.ui
            .say(format!("{} is {} already", run.id(), args.stage));
        return Ok(ExitCode::OK);
    }
    let decision = Promotion {
        run: run.id().to_string(),
        uid: run.uid.clone(),
        model,
        when: ctx.ambient.now(),
        who: user::person(ctx.ambient.cwd()),
        why: args.message.clone(),
    };
    let (previous, done) = if args.dry_run {
        let before = stage::read(project, &args.stage)?;
        (before.map(|stage| stage.current), None)
    } else {
        let done = stage::promote(project, &args.stage, decision)?;
        (done.previous.clone(), Some(done))
    };
    let was = match &previous {
        Some(previous) if previous.uid != run.uid => format!("   was {}", previous.run),
        _ => String::new(),
    };
    ctx.ui.out(format!("{}: {}{was}\n", args.stage, run.id()))?;
    let shown =
        crate::model::RecordPath::from_path(file.strip_prefix(ctx.ambient.cwd()).unwrap_or(&file));
    let verb = if args.dry_run { "would write" } else { "wrote" };
    ctx.ui.say(format!("{verb} {}", shown.display()));
    if let Some(done) = done {
        if let Some(aside) = &done.aside {
            let name = aside.file_name().unwrap_or_default().to_string_lossy();
            ctx.ui
                .say(format!("the damaged file is kept as {}", printable(&name)));
        }
        if done.merged {
            ctx.ui.hint(format!(
                "mark the merge as decided: git add {}",
                shown.display()
            ));
        }
    }
    if args.message.is_none() {
        ctx.ui.hint(format!(
            "say why, for the report: git exp promote {} --as {} -m \"…\"",
            run.id().short(),
            args.stage
        ));
    }
    Ok(ExitCode::OK)
}

/// The model that goes with the decision: the named file, or the only one of the run. Its content
/// must be what the run recorded, for a stage that names another model is worse than none.
fn model(ctx: &Ctx, run: &Run, typed: Option<&Path>) -> Result<Option<Artifact>> {
    let id = run.id().short();
    if let Some(typed) = typed {
        let place = ctx.absolute(typed);
        if !place.exists() {
            return Err(
                Failure::new(format!("there is no file {}", typed.display()))
                    .hint(format!("see the run's models: git exp show {id}")),
            );
        }
        let (sha256, bytes) = content(&place)?;
        let known = run
            .models
            .iter()
            .chain(&run.artifacts)
            .any(|model| model.sha256 == sha256);
        if !known {
            return Err(
                Failure::new(format!("{} is no model of {}", typed.display(), run.id()))
                    .because(format!(
                        "its content ({}) is not in the record",
                        sha256.short()
                    ))
                    .hint(format!(
                        "ask whose it is: git exp which {}",
                        typed.display()
                    )),
            );
        }
        let lfs = ctx.repo()?.is_lfs(&place);
        return Ok(Some(Artifact {
            path: record_path(ctx, &place)?,
            sha256,
            bytes,
            lfs,
        }));
    }
    match &run.models[..] {
        [] => Ok(None),
        [only] => {
            check_present(ctx, run, only)?;
            Ok(Some(only.clone()))
        }
        several => {
            let list: Vec<String> = several
                .iter()
                .map(|model| model.path.display().into_owned())
                .collect();
            Err(Failure::new(format!(
                "{} has {} models: {}",
                run.id(),
                several.len(),
                list.join(", ")
            ))
            .hint(format!(
                "name one: git exp promote {id} --model {}",
                list[0]
            )))
        }
    }
}

fn check_present(ctx: &Ctx, run: &Run, model: &Artifact) -> Result<()> {
    let place = contain::below(&ctx.project()?.root, &model.path)?;
    let id = run.id().short();
    if !place.exists() {
        return Err(
            Failure::new(format!("the model of {} is not here", run.id()))
                .because(format!("there is no file {}", model.path.display()))
                .hint(format!(
                    "if it was moved: git exp promote {id} --model FILE"
                ))
                .hint("if Git LFS or DVC keeps it: git lfs pull, dvc pull"),
        );
    }
    if content(&place)?.0 != model.sha256 {
        return Err(Failure::new(format!(
            "{} is no longer what {} wrote",
            model.path.display(),
            run.id()
        ))
        .because("its content has changed since")
        .hint(format!(
            "ask whose it is: git exp which {}",
            model.path.display()
        ))
        .hint(format!(
            "if the right one is elsewhere: git exp promote {id} --model FILE"
        )));
    }
    Ok(())
}

/// Digest and size of a file's content; of what it stands for, if it is a Git LFS pointer.
fn content(place: &Path) -> Result<(crate::model::Sha256, u64)> {
    let small = place
        .metadata()
        .is_ok_and(|found| found.len() < pointer::LIMIT as u64);
    if small
        && let Ok(bytes) = std::fs::read(place)
        && let Some(pointer::Stub::Lfs { oid, bytes }) = pointer::stub(&bytes)
    {
        return Ok((crate::model::Sha256::from_bytes(&oid), bytes));
    }
    let found = hash::file(place).context(|| format!("cannot read {}", place.display()))?;
    Ok((found.sha256(), found.bytes))
}
