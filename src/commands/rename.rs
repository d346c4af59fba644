//! `git exp rename`: another name for a run; number, identity and facts stay.

use crate::atomic;
use crate::context::Ctx;
use crate::error::{Context, ExitCode, Failure, Result};
use crate::record::{naming, revise};
use crate::store::{contain, runs, stage, tables};

/// Arguments of `git exp rename`.
#[derive(Debug, clap::Args)]
pub struct RenameArgs {
    /// The run
    pub run: String,
    /// What it tries, in a few words, in any language
    pub name: String,
}

/// Renames a run and its folder. The old label stays as an alias.
pub fn rename(ctx: &Ctx, args: &RenameArgs) -> Result<ExitCode> {
    let project = ctx.project()?;
    let entry = runs::resolve(project, &args.run)?;
    let mut run = entry.run?;
    let old = run.id();
    // A base that is not here has nothing to propose.
    let base = run.base.as_ref();
    let base = base.and_then(|base| runs::of_uid(project, &base.uid, &base.id).ok()?.run.ok());
    let slug = naming::slug(Some(&args.name), &run, base.as_ref(), |name| {
        format!("git exp rename {} {name}", old.short())
    })?;
    if slug == run.slug {
        ctx.ui.say(format!("{old} is called so already"));
        return Ok(ExitCode::OK);
    }
    run.slug = slug;
    run.title.clone_from(&args.name);
    let new = run.id();
    // A name that it had before is its own again.
    run.aliases.retain(|alias| *alias != new.to_string());
    run.aliases.push(old.to_string());
    let folder = project.run(&new);
    if folder.symlink_metadata().is_ok() {
        return Err(Failure::new(format!("{} exists already", folder.display()))
            .hint("choose another name"));
    }
    contain::real_folder(&entry.folder)?;
    for place in [project.runs(), entry.folder.clone()] {
        atomic::check_writable(&place)?;
    }
    tables::check_writable(project, &ctx.repo()?.exp_dir())?;
    std::fs::rename(&entry.folder, &folder)
        .context(|| format!("cannot rename {}", entry.folder.display()))?;
    atomic::sync_folder(&project.runs())?;
    revise::revise(ctx, &folder, &mut run)?;
    let stages = stage::relabel(project, &run.uid, &new)?;
    ctx.ui.out(format!("{old} → {new}\n"))?;
    ctx.ui.say(format!("`{old}` is kept as an alias"));
    if !stages.is_empty() {
        ctx.ui.say(format!("stages follow: {}", stages.join(", ")));
    }
    Ok(ExitCode::OK)
}
