//! `git exp best`: the winner, the runner-up, and how sure that is.

use crate::choose::{self, Options, best::NoChoice};
use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::report::choice;
use crate::store::catalog::Catalog;
use crate::store::runs;
use crate::ui::escape::printable;

/// Arguments of `git exp best`.
#[derive(Debug, clap::Args)]
pub struct BestArgs {
    /// Choose by this metric (the primary one when not given)
    #[arg(long, value_name = "METRIC")]
    pub by: Option<String>,
    /// Say of every other run why it is not best
    #[arg(long)]
    pub why: bool,
    /// Choose by a test metric although that uses up the test data
    #[arg(long)]
    pub by_test: bool,
    /// Let runs of uncommitted code win
    #[arg(long)]
    pub allow_dirty: bool,
    /// Choose among the runs measured like this one (the newest when not given)
    #[arg(long, value_name = "RUN")]
    pub like: Option<String>,
}

/// Prints the best run; exit code 1 when no run can be chosen.
pub fn best(ctx: &Ctx, args: &BestArgs) -> Result<ExitCode> {
    let project = ctx.project()?;
    let settings = ctx.settings()?;
    let mut catalog = Catalog::open(ctx.repo()?, project, false)?;
    if catalog.is_empty() {
        return Err(Failure::new("there are no runs yet")
            .hint("record one: git exp run -- python3 train.py"));
    }
    ctx.stages();
    catalog.mark_stale(|process| ctx.ambient.is_gone(process));
    let runs = catalog.all();
    let like = match &args.like {
        Some(name) => Some(runs::resolve(project, name)?.run?.uid),
        None => None,
    };
    let options = Options {
        metric: args.by.clone(),
        by_test: args.by_test,
        allow_dirty: args.allow_dirty,
        like,
    };
    let (lines, code) = match choose::best(&runs, settings, &options) {
        Ok(best) if ctx.globals.json => {
            ctx.ui.out_json(&choice::json(&best, &runs))?;
            return Ok(ExitCode::OK);
        }
        Ok(best) => (
            choice::lines(&best, &runs, settings, args.why),
            ExitCode::OK,
        ),
        Err(NoChoice::Failure(failure)) => return Err(failure),
        Err(NoChoice::Nobody(metric, excluded)) => {
            (choice::nobody(&metric, &excluded, &runs), ExitCode::NO)
        }
    };
    let text: String = lines
        .iter()
        .map(|line| format!("{}\n", printable(line)))
        .collect();
    ctx.ui.out(text)?;
    Ok(code)
}
