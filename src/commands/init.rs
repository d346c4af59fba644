//! `git exp init`: makes `experiments/`. Safe to repeat.

use std::collections::BTreeMap;

use crate::context::Ctx;
use crate::error::{ExitCode, Result};
use crate::record::{adopt, inputs, setup};
use crate::store::Project;

/// Arguments of `git exp init`.
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// Take in folders `runs/exp_*` that were written by hand
    #[arg(long)]
    pub adopt: bool,
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
    repo.prepare_notes()?;
    if !written.is_empty() {
        ctx.ui
            .hint("record a run: git exp run -- python3 src/train.py");
    }
    Ok(ExitCode::OK)
}
