//! `git exp ls`: the runs of this project, newest first.

use crate::context::Ctx;
use crate::error::{ExitCode, Result};
use crate::model::Status;
use crate::report::listing::{self, Row};
use crate::store::runs::{self, Entry};
use crate::ui::table::{Align, Table};

/// Arguments of `git exp ls`.
#[derive(Debug, clap::Args)]
pub struct LsArgs {
    /// Show at most N runs (50 unless --all)
    #[arg(short = 'n', value_name = "N")]
    pub limit: Option<usize>,
    /// Show every run
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Show only runs with this status
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// Print one run a line: number, id, uid, status, commit; TAB between. Stable for scripts
    #[arg(long)]
    pub porcelain: bool,
}

/// How many runs are shown when nothing is said.
const SHOWN: usize = 50;

/// Lists runs.
pub fn ls(ctx: &Ctx, args: &LsArgs) -> Result<ExitCode> {
    let project = ctx.project()?;
    let mut entries = runs::list(project)?;
    entries.reverse();
    if let Some(status) = &args.status {
        entries.retain(|e| {
            e.run
                .as_ref()
                .is_ok_and(|run| shown_status(ctx, run).word() == status)
        });
    }
    let total = entries.len();
    entries.truncate(if args.all {
        usize::MAX
    } else {
        args.limit.unwrap_or(SHOWN)
    });
    for entry in &mut entries {
        if let Ok(run) = &mut entry.run {
            run.status = shown_status(ctx, run);
        }
    }
    if ctx.globals.json {
        return json(ctx, &entries);
    }
    if args.porcelain {
        return porcelain(ctx, &entries);
    }
    if total == 0 {
        ctx.ui
            .say("no runs yet; record one: git exp run -- python3 train.py");
        return Ok(ExitCode::OK);
    }
    let rows: Vec<Row<'_>> = entries
        .iter()
        .map(|entry| match &entry.run {
            Ok(run) => Row::Run(run),
            Err(why) => Row::Damaged(entry.id.to_string(), why.to_string()),
        })
        .collect();
    let list = listing::list(&rows, ctx.settings()?);
    let headings: Vec<(&str, Align)> = list
        .headings
        .iter()
        .map(|(text, align)| (text.as_str(), *align))
        .collect();
    let mut table = Table::new(&headings);
    for row in &list.rows {
        table.row(row);
    }
    let mut text = String::new();
    for line in table.lines(ctx.ui.width()) {
        text.push_str(&line);
        text.push('\n');
    }
    ctx.ui.out(text)?;
    if entries.len() < total {
        ctx.ui.say(format!(
            "{} of {total} runs shown; all: git exp ls --all",
            entries.len()
        ));
    }
    Ok(ExitCode::OK)
}

/// A running run whose process is certainly gone is shown as stale; the record is not touched.
fn shown_status(ctx: &Ctx, run: &crate::model::Run) -> Status {
    match (&run.process, run.status) {
        (Some(process), Status::Running) if ctx.ambient.is_gone(process) => Status::Stale,
        _ => run.status,
    }
}

fn json(ctx: &Ctx, entries: &[Entry]) -> Result<ExitCode> {
    let rows: Vec<serde_json::Value> = entries
        .iter()
        .map(|entry| match &entry.run {
            Ok(run) => serde_json::to_value(run).unwrap_or_default(),
            Err(why) => serde_json::json!({"id": entry.id.to_string(), "error": why.to_string()}),
        })
        .collect();
    let document = serde_json::json!({"schema": "git-exp/list/1", "runs": rows});
    ctx.ui.out(format!("{document:#}\n"))?;
    Ok(ExitCode::OK)
}

fn porcelain(ctx: &Ctx, entries: &[Entry]) -> Result<ExitCode> {
    let mut text = String::new();
    for entry in entries {
        let line = match &entry.run {
            Ok(run) => format!(
                "{}\t{}\t{}\t{}\t{}\n",
                run.number,
                run.id(),
                run.uid,
                run.status.word(),
                run.code
                    .commit
                    .as_ref()
                    .map_or("-", |commit| commit.as_str())
            ),
            Err(_) => format!("{}\t{}\t-\tunreadable\t-\n", entry.id.number, entry.id),
        };
        text.push_str(&line);
    }
    ctx.ui.out(text)?;
    Ok(ExitCode::OK)
}
