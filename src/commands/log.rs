//! `git exp log`: the runs as a story, with their branches.

use std::collections::BTreeSet;

use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::evidence;
use crate::model::{Run, Uid};
use crate::report::facts::Facts;
use crate::report::history::{self, Telling};
use crate::store::runs;

/// Arguments of `git exp log`.
#[derive(Debug, clap::Args)]
pub struct LogArgs {
    /// Only this run and those it came from; A..B leaves out A and those that A came from
    #[arg(value_name = "RUN|A..B")]
    pub range: Option<String>,
    /// Tell what each run changed against its base, and what that did to the primary metric
    #[arg(long)]
    pub why: bool,
    /// Show the last N runs
    #[arg(short = 'n', value_name = "N")]
    pub limit: Option<usize>,
}

/// Tells the story of the runs, oldest first.
pub fn log(ctx: &Ctx, args: &LogArgs) -> Result<ExitCode> {
    let all = evidence::project_runs(ctx)?;
    if all.is_empty() {
        return Err(Failure::new("there are no runs yet")
            .hint("record one: git exp run -- python3 train.py"));
    }
    let facts = Facts::new(all.iter().collect(), ctx.settings()?, ctx.lang()?);
    let mut shown: Vec<&Run> = match &args.range {
        Some(range) => select(ctx, &facts, range)?,
        None => facts.runs.clone(),
    };
    let extra = args
        .limit
        .map_or(0, |limit| shown.len().saturating_sub(limit));
    shown.drain(..extra);
    let metric = facts.primary();
    let chapters = history::chapters(&facts, &shown, metric.as_deref());
    if ctx.globals.json {
        ctx.ui
            .out_json(&history::document(&chapters, metric.as_deref()))?;
        return Ok(ExitCode::OK);
    }
    let telling = Telling {
        why: args.why,
        lang: ctx.lang()?,
        unicode: ctx.ui.unicode(),
        width: ctx.ui.width(),
    };
    let lines = history::lines(&facts, &chapters, metric.as_deref(), telling);
    ctx.page(
        &lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
    )?;
    Ok(ExitCode::OK)
}

/// The runs of a range, as `git log` takes it along the bases.
fn select<'a>(ctx: &Ctx, facts: &Facts<'a>, range: &str) -> Result<Vec<&'a Run>> {
    let named = |name: &str| -> Result<Uid> {
        let name = if name.is_empty() { "@" } else { name };
        Ok(runs::resolve(ctx.project()?, name)?.run?.uid)
    };
    let (without, last) = match range.split_once("..") {
        Some((a, b)) => (origins(facts, &named(a)?), named(b)?),
        None => (BTreeSet::new(), named(range)?),
    };
    let wanted = origins(facts, &last);
    let shown: Vec<&Run> = facts
        .runs
        .iter()
        .filter(|run| wanted.contains(&run.uid) && !without.contains(&run.uid))
        .copied()
        .collect();
    if shown.is_empty() {
        return Err(Failure::new(format!("no run is in {range}"))
            .because(
                "the second run, and all that it came from, are among what the first came from",
            )
            .hint("see them all: git exp log"));
    }
    Ok(shown)
}

/// A run and all that it came from.
fn origins(facts: &Facts<'_>, uid: &Uid) -> BTreeSet<Uid> {
    let mut found = BTreeSet::new();
    let mut next = facts.run(uid);
    // Records may be edited: a circle of bases ends where it was entered.
    while let Some(run) = next.filter(|run| found.insert(run.uid.clone())) {
        next = facts.base_of(run);
    }
    found
}
