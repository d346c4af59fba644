//! Runs the command of a run that was started elsewhere: on a login node, hours ago.
//!
//! Whoever attaches writes into the run's folder and nowhere else: no ref, no index, no note, no
//! table, no cache. A hundred jobs on one network file system never meet. What is left out,
//! `git exp doctor --fix` adds later, from the record.

use super::configuration;
use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::model::run::Command;
use crate::model::{RecordPath, Run, Status};
use crate::observe::secrets;
use crate::store::runs::Entry;
use crate::store::{contain, format, runs};

/// Takes a started run over and writes down who runs it.
///
/// # Errors
/// When the run has ended, or another process runs it.
pub fn claim(ctx: &Ctx, name: &str, argv: &[String], isolated: bool) -> Result<Entry> {
    let Entry { id, folder, run } = runs::resolve(ctx.project()?, name)?;
    contain::real_folder(&folder)?;
    let mut run = run?;
    refuse(ctx, &run)?;
    run.process = Some(ctx.ambient.process());
    let command = Command {
        argv: secrets::redact_argv(argv),
        cwd: cwd(ctx)?,
        exit_code: None,
        signal: None,
    };
    let files: Vec<&RecordPath> = run.config.iter().map(|file| &file.path).collect();
    let told = configuration::told_by(&command, &files);
    run.params.extend(told);
    run.command = Some(command);
    if !isolated {
        run.warnings.push(
            "attached in the working tree: whether the code was still the frozen one is not known \
             (--isolated runs the frozen code)"
                .to_owned(),
        );
    }
    run.rev += 1;
    format::write_run(&folder, &run)?;
    Ok(Entry {
        id,
        folder,
        run: Ok(run),
    })
}

fn refuse(ctx: &Ctx, run: &Run) -> Result<()> {
    if run.status != Status::Running {
        return Err(
            Failure::new(format!("{} is {} already", run.id(), run.status.word()))
                .hint("start another: git exp start"),
        );
    }
    let other = run.process.as_ref().filter(|process| process.pid.is_some());
    let Some(process) = other.filter(|process| !ctx.ambient.is_gone(process)) else {
        return Ok(());
    };
    let host = process.host.as_deref().unwrap_or("another machine");
    let pid = process.pid.unwrap_or_default();
    Err(Failure::new(format!(
        "{} is being run by process {pid} on {host}",
        run.id()
    ))
    .hint(format!(
        "if it is gone: git exp finish {} --status aborted",
        run.id().short()
    )))
}

fn cwd(ctx: &Ctx) -> Result<RecordPath> {
    let inside = ctx.project()?.relative(ctx.ambient.cwd());
    Ok(inside
        .filter(|path| !path.as_bytes().is_empty())
        .unwrap_or_else(|| ".".into()))
}
