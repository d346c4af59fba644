//! `git exp init`: makes `experiments/`. Safe to repeat.

use std::collections::BTreeMap;

use crate::context::Ctx;
use crate::error::{ExitCode, Result};
use crate::git::remote;
use crate::record::watch::{self, Forge};
use crate::record::{adopt, inputs, setup};
use crate::store::Project;

/// Arguments of `git exp init`.
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// Take in folders `runs/exp_*` that were written by hand
    #[arg(long)]
    pub adopt: bool,
    /// Let a plain `git fetch` bring everybody's runs too
    #[arg(long)]
    pub fetch: bool,
    /// Check records before every commit and push, beside the hooks that are there
    #[arg(long, conflicts_with = "no_hook")]
    pub hook: bool,
    /// Take those checks out again
    #[arg(long)]
    pub no_hook: bool,
    /// Check records in continuous integration
    #[arg(long, value_enum, value_name = "FORGE", conflicts_with = "no_ci")]
    pub ci: Option<Forge>,
    /// Take that job out again
    #[arg(long)]
    pub no_ci: bool,
}

/// Makes the current folder a project (the top of the repository when it is not below one yet).
pub fn init(ctx: &Ctx, args: &InitArgs) -> Result<ExitCode> {
    let repo = ctx.repo()?;
    let top = repo.top().map_err(crate::error::Failure::from)?;
    let found = ctx.project()?;
    let project = if found.settings_file().is_file() {
        found.clone()
    } else {
        // `init` in a subfolder makes that folder a project of its own.
        Project::at(ctx.ambient.cwd(), top)
    };
    let lang = match ctx.globals.lang {
        Some(lang) => lang,
        None => ctx.settings()?.lang.unwrap_or_default(),
    };
    let mut proposal = inputs::propose(&project);
    if proposal.data.is_empty() {
        proposal.data = BTreeMap::new();
    }
    // Before any file is written, for a lock may be in the way.
    repo.prepare_notes()?;
    let written = setup::ensure(&project, &proposal, lang)?;
    if written.is_empty() {
        ctx.ui.say(format!(
            "{} is set up already",
            project.experiments().display()
        ));
    } else {
        ctx.ui.say(format!("wrote {}", written.join(", ")));
    }
    if args.adopt {
        let adopted = adopt::adopt(ctx, &project)?;
        for line in adopted {
            ctx.ui.say(line);
        }
    }
    fetch(ctx, args.fetch)?;
    watch(ctx, args, &project)?;
    if !written.is_empty() {
        ctx.ui
            .hint("record a run: git exp run -- python3 src/train.py");
    }
    Ok(ExitCode::OK)
}

/// Hooks and the job, in and out.
fn watch(ctx: &Ctx, args: &InitArgs, project: &Project) -> Result<()> {
    let mut lines = Vec::new();
    if args.no_hook {
        lines.extend(watch::unhook(ctx)?);
    }
    if args.no_ci {
        lines.extend(watch::no_ci(ctx)?);
    }
    if let Some(forge) = args.ci {
        lines.extend(watch::ci(ctx, project, forge)?);
    }
    if args.hook {
        lines.extend(watch::hook(ctx, project)?);
    }
    for line in lines {
        ctx.ui.say(line);
    }
    Ok(())
}

/// Adds refspecs to the remote when asked; else says that it can be asked.
fn fetch(ctx: &Ctx, asked: bool) -> Result<()> {
    let repo = ctx.repo()?;
    if !asked {
        if !remote::names(repo)?.is_empty() {
            ctx.ui.hint(
                "get and share runs: git exp pull, git exp push (or once: git exp init --fetch)",
            );
        }
        return Ok(());
    }
    let remote = remote::choose(repo, None)?;
    let added = remote::configure(repo, &remote)?;
    match added.is_empty() {
        true => ctx
            .ui
            .say(format!("git fetch {remote} brings runs already")),
        false => ctx.ui.say(format!(
            "git fetch {remote} brings runs from now on: {}",
            added.join(", ")
        )),
    }
    Ok(())
}
