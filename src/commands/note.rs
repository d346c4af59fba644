//! `git exp note`: the conclusion of a run. Inputs and metrics stay as they are.

use std::path::Path;

use crate::atomic;
use crate::context::Ctx;
use crate::error::{Context, ExitCode, Failure, Result};
use crate::model::Run;
use crate::report::minilog;
use crate::store::layout::README;
use crate::store::{contain, format, runs, tables};

/// Arguments of `git exp note`.
#[derive(Debug, clap::Args)]
pub struct NoteArgs {
    /// The run (the last one when not given)
    #[arg(default_value = "@")]
    pub run: String,
    /// The conclusion
    #[arg(short, long = "message", value_name = "TEXT", conflicts_with = "edit")]
    pub message: Option<String>,
    /// Open the run's README.md in git's editor; what is written under its last heading is the
    /// conclusion
    #[arg(long)]
    pub edit: bool,
}

/// Adds a conclusion, opens the mini-log, or prints it.
pub fn note(ctx: &Ctx, args: &NoteArgs) -> Result<ExitCode> {
    let entry = runs::resolve(ctx.project()?, &args.run)?;
    contain::real_folder(&entry.folder)?;
    let readme = contain::below(&entry.folder, &README.into())?;
    let mut run = entry.run?;
    if args.edit || args.message.is_some() {
        tables::check_writable(ctx.project()?, &ctx.repo()?.exp_dir())?;
    }
    match &args.message {
        Some(message) if message.trim().is_empty() => {
            return Err(Failure::new("the conclusion is empty").hint(format!(
                "git exp note {} -m \"what was learnt\"",
                run.id().short()
            )));
        }
        Some(message) => {
            add_to_readme(&readme, message)?;
            record(ctx, &entry.folder, &mut run, message)?;
        }
        None if args.edit => {
            let said = || std::fs::read_to_string(&readme).ok();
            let before = said().and_then(|text| minilog::conclusion(&text));
            edit(ctx, &readme)?;
            let after = said().and_then(|text| minilog::conclusion(&text));
            if let Some(conclusion) = after.filter(|after| Some(after) != before.as_ref()) {
                record(ctx, &entry.folder, &mut run, &conclusion)?;
            }
        }
        None => {
            let text = std::fs::read_to_string(&readme)
                .context(|| format!("cannot read {}", readme.display()))?;
            ctx.ui.out(crate::ui::escape::printable_lines(&text))?;
        }
    }
    Ok(ExitCode::OK)
}

fn record(ctx: &Ctx, folder: &Path, run: &mut Run, conclusion: &str) -> Result<()> {
    run.conclusion = Some(conclusion.to_owned());
    run.rev += 1;
    format::write_run(folder, run)?;
    crate::record::end::republish(ctx, run)?;
    ctx.ui.say(format!("{}  conclusion recorded", run.id()));
    Ok(())
}

/// Adds a conclusion below what is there.
pub fn add_to_readme(readme: &Path, message: &str) -> Result<()> {
    let mut text = match std::fs::read_to_string(readme) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(Failure::new(format!("cannot read {}", readme.display())).because(error));
        }
    };
    text.push_str(&minilog::bullet(message));
    atomic::write(readme, text.as_bytes())
}

/// git's own choice of editor, run as git runs it.
fn edit(ctx: &Ctx, readme: &Path) -> Result<()> {
    let editor = ctx.repo()?.editor(ctx.ambient.cwd())?;
    let status = crate::git::settings::run_editor(&editor, readme)?;
    if status {
        Ok(())
    } else {
        Err(Failure::new(format!("the editor `{editor}` failed"))
            .hint("choose another: git config --global core.editor nano"))
    }
}
