//! `git exp compare`: several runs side by side.

use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::model::{Brief, Run};
use crate::report::sheet;
use crate::report::sidebyside::{self, Line};
use crate::store::runs;

/// Arguments of `git exp compare`.
#[derive(Debug, clap::Args)]
pub struct CompareArgs {
    /// The runs, two or more
    #[arg(required = true, num_args = 2..)]
    pub runs: Vec<String>,
    /// Show what is the same, too
    #[arg(long)]
    pub all: bool,
    /// Show only what differs (the default)
    #[arg(long, conflicts_with = "all")]
    pub only_changed: bool,
    /// Print comma-separated values
    #[arg(long)]
    pub csv: bool,
}

/// Prints one line for each thing that differs, one column a run.
pub fn compare(ctx: &Ctx, args: &CompareArgs) -> Result<ExitCode> {
    let project = ctx.project()?;
    let found = args
        .runs
        .iter()
        .map(|name| runs::resolve(project, name)?.run)
        .collect::<Result<Vec<Run>>>()?;
    for (at, run) in found.iter().enumerate() {
        if found[..at].iter().any(|other| other.uid == run.uid) {
            return Err(Failure::new(format!("{} is named twice", run.id()))
                .hint("name different runs: git exp ls"));
        }
    }
    let refs: Vec<&Run> = found.iter().collect();
    let all = sidebyside::lines(&refs);
    let same = all.iter().filter(|line| !line.differs()).count();
    let lines: Vec<&Line> = all
        .iter()
        .filter(|line| args.all || line.differs())
        .collect();
    if ctx.globals.json {
        return json(ctx, &found, &lines);
    }
    let mut headings = vec![String::new(), String::new()];
    headings.extend(found.iter().map(|run| run.id().short()));
    if args.csv {
        headings[0] = "axis".to_owned();
        headings[1] = "name".to_owned();
        let mut text = sheet::csv_line(&headings, ',');
        for line in &lines {
            let mut cells = vec![line.axis.to_owned(), line.name.clone()];
            cells.extend(
                line.values
                    .iter()
                    .map(|value| value.clone().unwrap_or_default()),
            );
            text.push_str(&sheet::csv_line(&cells, ','));
        }
        ctx.ui.out(text)?;
        return Ok(ExitCode::OK);
    }
    let briefs: Vec<Brief> = refs.iter().map(|run| Brief::from(*run)).collect();
    let mut text = sidebyside::blocks(&headings[2..], &lines, ctx.ui.width()).join("\n");
    for sentence in sidebyside::incomparable(&briefs, ctx.settings()?) {
        text.push_str(&sentence);
        text.push('\n');
    }
    ctx.page(&text)?;
    if same > 0 && !args.all {
        ctx.ui.say(format!("{same} more are the same: --all"));
    }
    Ok(ExitCode::OK)
}

fn json(ctx: &Ctx, runs: &[Run], lines: &[&Line]) -> Result<ExitCode> {
    let lines: Vec<serde_json::Value> = lines
        .iter()
        .map(|line| {
            serde_json::json!({
                "axis": line.axis, "name": line.name, "values": line.values,
                "differs": line.differs(),
            })
        })
        .collect();
    let document = serde_json::json!({
        "schema": "git-exp/compare/1",
        "runs": runs.iter().map(|run| run.id().to_string()).collect::<Vec<_>>(),
        "lines": lines,
    });
    ctx.ui.out_json(&document)?;
    Ok(ExitCode::OK)
}
