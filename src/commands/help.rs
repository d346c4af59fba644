//! `git exp help`: because `git exp --help` opens a man page and never reaches this program.

use clap::CommandFactory;

use crate::check::explain;
use crate::cli::Cli;
use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};

/// Arguments of `git exp help`.
#[derive(Debug, clap::Args)]
pub struct HelpArgs {
    /// A verb, or the code of a rule of `check`, such as E-commit
    pub topic: Option<String>,
}

/// Prints the long help of a verb, or of the program.
pub fn help(ctx: &Ctx, args: &HelpArgs) -> Result<ExitCode> {
    if let Some(page) = args.topic.as_deref().and_then(explain::topic) {
        ctx.ui.out(page)?;
        return Ok(ExitCode::OK);
    }
    let mut program = Cli::command();
    program.build();
    let text = match &args.topic {
        None => program.render_long_help(),
        Some(topic) => program
            .find_subcommand_mut(topic)
            .ok_or_else(|| {
                Failure::new(format!("no help on `{topic}`")).hint("see the verbs: git exp help")
            })?
            .render_long_help(),
    };
    ctx.ui.out(text.to_string())?;
    Ok(ExitCode::OK)
}
