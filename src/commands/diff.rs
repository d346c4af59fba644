//! `git exp diff`: what changed between two runs, and whether it can be the cause.

use std::collections::BTreeMap;

use crate::compare::axes::config::FilePair;
use crate::compare::{Evidence, Rules, Verdict, compare};
use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::evidence::data::Look;
use crate::evidence::{self, Subject};
use crate::model::data::DataInput;
use crate::model::{RecordPath, Run};
use crate::record::begin::Request;
use crate::record::launch::Launch;
use crate::record::prepare;
use crate::report::diff::{self, json, lines, markdown, short, text};
use crate::report::preflight;
use crate::settings::Lang;
use crate::ui::escape::printable;
use crate::ui::style::Style;

/// Arguments of `git exp diff`.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// Two runs (`exp_001 exp_002` or `exp_001..exp_002`), or one against its base; the last run
    /// against its base when none is given
    #[arg(value_name = "RUN", num_args = 0..=2)]
    pub runs: Vec<String>,
    /// Compare the run with what would run now: uncommitted edits, configuration and data as they are
    #[arg(long, conflicts_with_all = ["short", "md"])]
    pub worktree: bool,
    /// Print one line
    #[arg(long)]
    pub short: bool,
    /// Show the changed lines of code and configuration as well
    #[arg(long)]
    pub patch: bool,
    /// Compare changed data row by row, however large it is
    #[arg(long)]
    pub data: bool,
    /// Show so many rows of each kind that differ
    #[arg(long, value_name = "N", requires = "data")]
    pub rows: Option<usize>,
    /// Tell rows apart by this column; give it again for a key of several
    #[arg(long, value_name = "COLUMN", requires = "data")]
    pub key: Vec<String>,
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

impl DiffArgs {
    fn look(&self) -> Look {
        if !self.data {
            return Look::default();
        }
        Look {
            most: u64::MAX,
            samples: self.rows.unwrap_or(0),
            key: self.key.clone(),
        }
    }
}

/// Compares two runs.
pub fn diff(ctx: &Ctx, args: &DiffArgs) -> Result<ExitCode> {
    if args.worktree {
        return worktree(ctx, args);
    }
    let (a, b) = subjects(ctx, &args.runs)?;
    let all = evidence::relatives(ctx, &a.run, &b.run)?;
    let others: Vec<&Run> = all.iter().collect();
    let mut seen = evidence::gather(ctx, &a.run, &b.run, &others, &args.look(), None)?;
    let rules = Rules::from(ctx.settings()?);
    let mut comparison = compare(&a.side(), &b.side(), &seen, &rules);
    if comparison.verdict == Verdict::Unexplained {
        // Reasons are only looked for where they are wanted: that takes reading whole trees.
        seen.unrecorded = evidence::code::unrecorded(ctx, &a.run, &b.run)?;
        if a.run.seed.is_none() || b.run.seed.is_none() {
            seen.unseeded = evidence::code::unseeded(ctx, &b.run)?;
        }
        comparison = compare(&a.side(), &b.side(), &seen, &rules);
    }
    let look = look(ctx, args)?;
    let mut told = if ctx.globals.json {
        json::json(&comparison, &look)
    } else if args.md {
        markdown::markdown(&comparison, &look)
    } else if args.short {
        format!("{}\n", short::short(&comparison, &look).trim_end())
    } else {
        text::text(&comparison, &look)
    };
    if args.patch && !ctx.globals.json {
        told.push_str(&patch(ctx, &a, &b, &seen, &comparison.axes.config.files)?);
    }
    ctx.page(&told)?;
    Ok(if args.exit_code && comparison.differs() {
        ExitCode::NO
    } else {
        ExitCode::OK
    })
}

fn look(ctx: &Ctx, args: &DiffArgs) -> Result<diff::Look> {
    Ok(diff::Look {
        width: ctx.ui.width(),
        unicode: ctx.ui.unicode(),
        color: ctx.ui.color(),
        lang: ctx.lang()?,
        all: args.all,
        env: args.env,
    })
}

/// What would differ from a run if its command ran now.
fn worktree(ctx: &Ctx, args: &DiffArgs) -> Result<ExitCode> {
    if args.runs.len() > 1 {
        return Err(Failure::new("--worktree compares one run")
            .hint(format!("git exp diff {} --worktree", args.runs[0])));
    }
    let a = Subject::named(ctx, args.runs.first().map_or("@", String::as_str))?;
    let (request, gone) = as_before(ctx, &a.run)?;
    let b = Subject::previewed(prepare::preview(ctx, &request)?);
    let seen = evidence::gather(ctx, &a.run, &b.run, &[], &args.look(), None)?;
    let rules = Rules::from(ctx.settings()?);
    let mut comparison = compare(&a.side(), &b.side(), &seen, &rules);
    // Nothing has been measured, and there is no run to name in a command.
    comparison.metrics.clear();
    comparison.warnings.clear();
    comparison.suggestions.clear();
    let look = look(ctx, args)?;
    let mut told = if ctx.globals.json {
        let mut diff = json::diff(&comparison, &look);
        diff.b = "worktree".to_owned();
        diff.b_run.id = "worktree".to_owned();
        json::document(&diff)
    } else {
        let arrow = if look.unicode { "→" } else { "->" };
        let tree = look.lang.pick("working tree", "рабочая копия");
        let title = format!("{} {arrow} {tree}", a.run.id());
        let mut lines: Vec<String> = gone
            .iter()
            .map(|path| {
                let text = look.lang.pick("not here any more", "больше нет");
                format!("  {text}: {}", printable(&path.display()))
            })
            .collect();
        lines.extend(preflight::lines(&comparison, &look));
        format!("{}\n{}\n", ctx.ui.paint(Style::Id, title), lines.join("\n"))
    };
    if args.patch && !ctx.globals.json {
        told.push_str(&patch(ctx, &a, &b, &seen, &comparison.axes.config.files)?);
    }
    ctx.page(&told)?;
    Ok(
        if args.exit_code && (!gone.is_empty() || comparison.differs()) {
            ExitCode::NO
        } else {
            ExitCode::OK
        },
    )
}

/// A run of the same command on what lies in the project now. An input that is gone is left out: that
/// is a difference, not a failure.
fn as_before(ctx: &Ctx, run: &Run) -> Result<(Request, Vec<RecordPath>)> {
    let project = ctx.project()?;
    let place = |path: &RecordPath| project.inside(path).filter(|place| place.exists());
    let data_place = |input: &DataInput| match input.external {
        true => Some(input.path.to_path()).filter(|place| place.is_file() || place.is_dir()),
        false => place(&input.path),
    };
    let config = run
        .config
        .iter()
        .map(|file| (&file.path, place(&file.path)));
    let data = run
        .data
        .iter()
        .map(|input| (&input.path, data_place(input)));
    let gone = config
        .chain(data)
        .filter(|(_, place)| place.is_none())
        .map(|(path, _)| path.clone())
        .collect();
    let request = Request {
        config: run
            .config
            .iter()
            .filter_map(|file| place(&file.path))
            .collect(),
        data: run
            .data
            .iter()
            .filter_map(|input| Some((input.role.clone(), data_place(input)?)))
            .collect(),
        launch: run.command.as_ref().map(|command| Launch {
            argv: command.argv.iter().map(Into::into).collect(),
            cwd: project
                .inside(&command.cwd)
                .unwrap_or_else(|| project.root.clone()),
            ..Launch::default()
        }),
        base: Some(run.id().to_string()),
        allow_same: true,
        // Nothing of it is kept.
        allow_secrets: true,
        ..Request::default()
    };
    Ok((request, gone))
}

/// The changed lines of configuration and code.
fn patch(
    ctx: &Ctx,
    a: &Subject,
    b: &Subject,
    seen: &Evidence<'_>,
    files: &[FilePair],
) -> Result<String> {
    let mut patch = config_lines(a, b, files, ctx.lang()?);
    patch.push_str(&evidence::code::lines(ctx, &a.run, &b.run, &seen.code)?);
    Ok(format!("\n{}", lines::shown(&patch, ctx.ui.color())))
}

/// The changed lines of the configuration files, as the comparison paired them.
fn config_lines(a: &Subject, b: &Subject, files: &[FilePair], lang: Lang) -> String {
    let (before, after) = (a.config_texts(), b.config_texts());
    let name = |subject: &Subject, path: &Option<RecordPath>| match path {
        None => "/dev/null".to_owned(),
        Some(path) if subject.run.number == 0 => format!("worktree {}", path.display()),
        Some(path) => format!("{} {}", subject.run.id().short(), path.display()),
    };
    let text = |texts: &BTreeMap<RecordPath, String>, path: &Option<RecordPath>| match path {
        None => Some(String::new()),
        Some(path) => texts.get(path).cloned(),
    };
    let differ = files.iter().filter(|pair| !pair.same_bytes);
    let told = differ.map(|pair| {
        let (name_a, name_b) = (name(a, &pair.a), name(b, &pair.b));
        match (text(&before, &pair.a), text(&after, &pair.b)) {
            (Some(a), Some(b)) => lines::unified(&a, &b, &name_a, &name_b, lang),
            _ => {
                let gone = lang.pick(
                    "a copy is not here, or too large to be shown",
                    "одной из копий здесь нет, или она слишком велика",
                );
                format!("--- {name_a}\n+++ {name_b}\n{gone}\n")
            }
        }
    });
    told.collect()
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
