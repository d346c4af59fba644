//! `git exp diff`: what changed between two runs, and whether it can be the cause.

use crate::compare::{Rules, compare};
use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::evidence::{self, Subject};
use crate::model::Run;
use crate::report::diff::{Look, json, lines, markdown, short, text};

/// Arguments of `git exp diff`.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// Two runs (`exp_001 exp_002` or `exp_001..exp_002`), or one against its base; the last run
    /// against its base when none is given
    #[arg(value_name = "RUN", num_args = 0..=2)]
    pub runs: Vec<String>,
    /// Print one line
    #[arg(long)]
    pub short: bool,
    /// Show the changed lines of code and configuration as well
    #[arg(long)]
    pub patch: bool,
    /// Write Markdown, for a pull request
    #[arg(long, conflicts_with = "short")]
    pub md: bool,
    /// Tell everything, equal axes and indirect packages too
    #[arg(long)]
    pub all: bool,
    /// List every package that differs, also those that no file of the project names
    #[arg(long)]
    pub env: bool,
    /// Exit with 1 if anything differs
    #[arg(long)]
    pub exit_code: bool,
}

/// Compares two runs.
pub fn diff(ctx: &Ctx, args: &DiffArgs) -> Result<ExitCode> {
    let (a, b) = subjects(ctx, &args.runs)?;
    let all = evidence::project_runs(ctx)?;
    let others: Vec<&Run> = all.iter().collect();
    let seen = evidence::gather(ctx, &a.run, &b.run, &others)?;
    let rules = Rules::from(ctx.settings()?);
    let comparison = compare(&a.side(), &b.side(), &seen, &rules);
    let look = Look {
        width: ctx.ui.width(),
        unicode: ctx.ui.unicode(),
        color: ctx.ui.color(),
        lang: ctx.lang()?,
        all: args.all,
        env: args.env,
    };
    if ctx.globals.json {
        ctx.ui.out(json::json(&comparison, &look))?;
    } else if args.md {
        ctx.ui.out(markdown::markdown(&comparison, &look))?;
    } else if args.short {
        ctx.ui
            .out(format!("{}\n", short::short(&comparison, &look).trim_end()))?;
    } else {
        ctx.ui.out(text::text(&comparison, &look))?;
    }
    if args.patch && !ctx.globals.json {
        let mut patch = config_lines(&a, &b);
        patch.push_str(&evidence::code::lines(ctx, &a.run, &b.run, &seen.code)?);
        ctx.ui
            .out(format!("\n{}", lines::shown(&patch, ctx.ui.color())))?;
    }
    Ok(if args.exit_code && comparison.differs() {
        ExitCode::NO
    } else {
        ExitCode::OK
    })
}

/// The changed lines of the configurations, file by file in the order they were given.
fn config_lines(a: &Subject, b: &Subject) -> String {
    let (before, after) = (a.config_texts(), b.config_texts());
    let name = |subject: &Subject, path: &str| format!("{} {path}", subject.run.id().short());
    let pairs = before.iter().zip(&after);
    pairs
        .map(|((path_a, text_a), (path_b, text_b))| {
            lines::unified(text_a, text_b, &name(a, path_a), &name(b, path_b))
        })
        .collect()
}

fn subjects(ctx: &Ctx, names: &[String]) -> Result<(Subject, Subject)> {
    let pair = match names {
        [one] => one.split_once("..").map(|(a, b)| (or_last(a), or_last(b))),
        [a, b] => Some((a.as_str(), b.as_str())),
        _ => None,
    };
    if let Some((a, b)) = pair {
        return Ok((Subject::named(ctx, a)?, Subject::named(ctx, b)?));
    }
    let b = Subject::named(ctx, names.first().map_or("@", String::as_str))?;
    let a = b.base(ctx)?.ok_or_else(|| {
        Failure::new(format!("{} has no base to be compared with", b.run.id()))
            .hint("name two runs: git exp diff exp_001 exp_002")
    })?;
    Ok((a, b))
}

fn or_last(name: &str) -> &str {
    if name.is_empty() { "@" } else { name }
}
