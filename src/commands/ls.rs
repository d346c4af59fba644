//! `git exp ls`: the runs of this project, newest first.

mod elsewhere;

use std::collections::HashMap;

use rayon::prelude::*;

use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::model::{Brief, Uid};
use crate::query::ast::Span;
use crate::query::sort::{SortBy, SortKey};
use crate::query::{Attribute, Filter, Names, QueryError, Target, parse};
use crate::report::listing::{self, Column, Item, Row};
use crate::report::sheet;
use crate::store::catalog::Catalog;
use crate::store::format;
use crate::ui::escape::{printable, printable_lines};
use crate::ui::style::Style;
use crate::ui::table::{Align, Table, fit};

/// Arguments of `git exp ls`.
#[derive(Debug, clap::Args)]
#[command(after_help = FILTERS)]
pub struct LsArgs {
    /// Show at most N runs (50 unless --all)
    #[arg(short = 'n', value_name = "N")]
    pub limit: Option<usize>,
    /// Show every run
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Show only runs for which this holds: "metrics.auc > 0.8 AND params.model = 'rf'"
    #[arg(short, long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Sort by a metric (best first), parameter or attribute; - before it turns the order round
    #[arg(short, long, value_name = "NAMES", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Show these columns; with + before the list, beside the usual ones
    #[arg(long, value_name = "NAMES")]
    pub cols: Option<String>,
    /// Show only runs with this status
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// Print one run a line: number, id, uid, status, commit; TAB between. Stable for scripts
    #[arg(long, conflicts_with = "csv")]
    pub porcelain: bool,
    /// End lines with NUL and escape nothing (with --porcelain)
    #[arg(short = 'z', requires = "porcelain")]
    pub nul: bool,
    /// Print comma-separated values, exact
    #[arg(long)]
    pub csv: bool,
    /// Read every record anew, past the list index
    #[arg(long)]
    pub fresh: bool,
    /// Show the runs that have no folder here: on other branches, or pulled from others
    #[arg(long, conflicts_with_all = ["limit", "all", "filter", "sort", "cols", "status",
        "porcelain", "csv", "fresh"])]
    pub elsewhere: bool,
}

const FILTERS: &str = "\
Filters:
  metrics.auc > 0.8 AND params.model = 'rf'   as in MLflow; prefixes only where a name is ambiguous
  lr <= 1e-3 OR NOT (model IN (rf, 'svm'))    OR, NOT, (…); numbers are numbers in params too
  name LIKE 'tune%', goal ~ 'age|income'      % and _ as in SQL; ~ is a regular expression
  started > 7d, started = 2025-10-31          dates, today, 7d for 7 days ago
  status = ok, dirty, tags.best, tag = wip    flags stand alone
  touches('src/*.py')                         uncommitted change that was part of the run
  params.dropout IS NULL                      what was not recorded is neither true nor false

In the table:
  –       not recorded             ?      not known: the record of its base, the digest of its data
  dirty   uncommitted code, kept   @prod  the run in production       #tag   a tag";

/// How many runs are shown when nothing is said.
const SHOWN: usize = 50;

/// Lists runs.
pub fn ls(ctx: &Ctx, args: &LsArgs) -> Result<ExitCode> {
    if args.elsewhere {
        return elsewhere::list(ctx);
    }
    let mut catalog = Catalog::open(ctx.repo()?, ctx.project()?, args.fresh)?;
    catalog.mark_stale(|process| ctx.ambient.is_gone(process));
    let asked = args.filter.is_some() || args.sort.is_some() || args.cols.is_some();
    let names = match asked || args.status.is_some() {
        true => catalog.names(),
        false => Names::default(),
    };
    let filter = filter(ctx, args, &names)?;
    let sort = match &args.sort {
        Some(text) => SortBy::parse(text, &names, |metric| ctx.settings().ok()?.goal(metric))
            .map_err(|error| error.in_text("--sort", text))?,
        None => Vec::new(),
    };
    let limit = if args.all {
        usize::MAX
    } else {
        args.limit.unwrap_or(SHOWN)
    };
    let (mut shown, mut total) = select(&catalog, filter.as_ref(), &sort, limit);
    // Each round reads what changed, so the second nearly always agrees.
    for _ in 0..4 {
        if !catalog.confirm(&shown) {
            break;
        }
        (shown, total) = select(&catalog, filter.as_ref(), &sort, limit);
    }
    if ctx.globals.json {
        return json(ctx, &catalog, &shown);
    }
    let rows = rows(ctx, &catalog, &shown);
    let columns = match &args.cols {
        Some(text) => Some(columns(ctx, text, &names, &rows)?),
        None => None,
    };
    if args.porcelain {
        return porcelain(ctx, &rows, columns.as_deref(), args.nul);
    }
    if args.csv {
        return csv(ctx, &rows, columns);
    }
    let is_plain = columns.is_none() && filter.is_none() && sort.is_empty();
    let others = if is_plain {
        elsewhere::seen(ctx, &catalog)?
    } else {
        String::new()
    };
    table(ctx, &rows, columns, &others)?;
    say_more(ctx, &catalog, args, shown.len(), total);
    // The process ends here: to take ten thousand runs apart first would be felt.
    std::mem::forget((catalog, rows));
    Ok(ExitCode::OK)
}

fn filter(ctx: &Ctx, args: &LsArgs, names: &Names) -> Result<Option<Filter>> {
    let text = match (&args.filter, &args.status) {
        (None, None) => return Ok(None),
        (Some(filter), None) => filter.clone(),
        (None, Some(status)) => format!("status = {status}"),
        (Some(filter), Some(status)) => format!("({filter}) AND status = {status}"),
    };
    parse::parse(&text)
        .and_then(|expr| Filter::new(&expr, &text, names, ctx.ambient.now()))
        .map(Some)
        .map_err(|error| error.in_text("the filter", &text))
}

/// The runs that are asked for, in order, no more than `limit`; and how many there are in all.
///
/// Damaged records can't be asked: they are listed where nothing is asked.
fn select(
    catalog: &Catalog,
    filter: Option<&Filter>,
    sort: &[SortBy],
    limit: usize,
) -> (Vec<usize>, usize) {
    let asked = |at: &usize| match filter {
        Some(filter) => catalog.ask(*at, |run| filter.matches(run)).unwrap_or(false),
        None => true,
    };
    if sort.is_empty() {
        let newest = (0..catalog.len()).rev();
        let found: Vec<usize> = match filter {
            Some(_) => {
                let mut found: Vec<usize> = (0..catalog.len())
                    .into_par_iter()
                    .with_min_len(1024)
                    .filter(asked)
                    .collect();
                found.reverse();
                found
            }
            None => newest.collect(),
        };
        let total = found.len();
        return (found.into_iter().take(limit).collect(), total);
    }
    let keys = |at: usize| -> Vec<SortKey> {
        sort.iter()
            .map(|by| catalog.ask(at, |run| by.key(run)).unwrap_or(SortKey::Last))
            .collect()
    };
    let mut found: Vec<(Vec<SortKey>, usize)> = (0..catalog.len())
        .into_par_iter()
        .with_min_len(1024)
        .filter(asked)
        .map(|at| (keys(at), at))
        .collect();
    let total = found.len();
    found.sort_by(|(a, x), (b, y)| {
        let by = sort
            .iter()
            .zip(a.iter().zip(b))
            .map(|(by, (a, b))| by.order(a, b));
        by.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
            .then(y.cmp(x))
    });
    (
        found.into_iter().take(limit).map(|(_, at)| at).collect(),
        total,
    )
}

/// What is shown, with the runs that it is compared with and the stages that it is in.
fn rows(ctx: &Ctx, catalog: &Catalog, shown: &[usize]) -> Vec<Row> {
    let stages = ctx.stages();
    let read: Vec<std::result::Result<Brief, &Failure>> = shown
        .par_iter()
        .with_min_len(64)
        .map(|&at| catalog.get(at))
        .collect();
    // Many runs have one base, and one that is gone is looked for everywhere.
    let wanted: HashMap<&Uid, &str> = read
        .iter()
        .filter_map(|run| run.as_ref().ok()?.base.as_ref())
        .map(|base| (&base.uid, base.id.as_str()))
        .collect();
    let wanted: Vec<(&Uid, &str)> = wanted.into_iter().collect();
    let bases: HashMap<Uid, Brief> = wanted
        .into_par_iter()
        .with_min_len(64)
        .filter_map(|(uid, label)| Some((uid.clone(), catalog.find(uid, label)?)))
        .collect();
    let row = |(&at, run): (&usize, std::result::Result<Brief, &Failure>)| match run {
        Ok(run) => Row::Run(Box::new(Item {
            base: run
                .base
                .as_ref()
                .and_then(|base| bases.get(&base.uid))
                .cloned(),
            stages: stages
                .iter()
                .filter(|stage| stage.current.uid == run.uid)
                .map(|stage| stage.stage.clone())
                .collect(),
            run,
        })),
        Err(why) => Row::Damaged(catalog.id(at).to_string(), why.to_string()),
    };
    shown.iter().zip(read).map(row).collect()
}

/// Reads `--cols`.
fn columns(ctx: &Ctx, text: &str, names: &Names, rows: &[Row]) -> Result<Vec<Column>> {
    let (mut columns, list) = match text.strip_prefix('+') {
        Some(rest) => (listing::columns(rows, ctx.settings()?), rest),
        None => (Vec::new(), text),
    };
    let mut at = text.len() - list.len();
    for part in list.split(',') {
        let start = at + (part.len() - part.trim_start().len());
        at += part.len() + 1;
        let name = part.trim();
        let column = match name {
            "" => {
                let place = Span { start, end: start };
                return Err(QueryError::new("a name is missing", place).in_text("--cols", text));
            }
            "changed" => Column::Changed,
            "data" => Column::DataVersion,
            "status" => Column::State,
            _ => {
                let mut field = parse::field(name);
                field.span = Span {
                    start,
                    end: start + name.len(),
                };
                let target = names.resolve(&field, name);
                Column::Value(target.map_err(|error| error.in_text("--cols", text))?)
            }
        };
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(columns)
}

/// Prints the table, and below it what is known of runs elsewhere.
fn table(ctx: &Ctx, rows: &[Row], columns: Option<Vec<Column>>, others: &str) -> Result<()> {
    let chosen = columns.is_some();
    let settings = ctx.settings()?;
    let columns = columns.unwrap_or_else(|| listing::columns(rows, settings));
    if rows.is_empty() {
        return if others.is_empty() {
            Ok(())
        } else {
            ctx.page(others)
        };
    }
    // Whoever names columns and reads them through a pipe wants them whole.
    let width = match chosen && !ctx.ui.has_edge() {
        true => usize::MAX,
        false => ctx.ui.width(),
    };
    let list = listing::lay_out(rows, columns, settings, width, chosen);
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
    let mut breaks = list.breaks.iter().peekable();
    for (at, line) in table.lines(width).into_iter().enumerate() {
        if let Some((_, sentence)) = breaks.next_if(|(before, _)| *before + 1 == at) {
            let sentence = fit(&format!("---- {sentence} ----"), width);
            text.push_str(&format!("{}\n", ctx.ui.paint(Style::Dim, sentence)));
        }
        let line = if at == 0 {
            ctx.ui.paint(Style::Heading, line)
        } else {
            line
        };
        text.push_str(&format!("{line}\n"));
    }
    text.push_str(others);
    ctx.page(&text)?;
    if !list.hidden.is_empty() {
        ctx.ui.say(format!(
            "no room for {}; see them: git exp ls --cols id,{}",
            printable(&list.hidden.join(", ")),
            printable(&list.hidden.join(","))
        ));
    }
    Ok(())
}

fn say_more(ctx: &Ctx, catalog: &Catalog, args: &LsArgs, shown: usize, total: usize) {
    if catalog.is_empty() {
        ctx.ui
            .say("no runs yet; record one: git exp run -- python3 train.py");
    } else if total == 0 {
        ctx.ui
            .say(format!("none of {} runs is asked for", catalog.len()));
    } else if shown < total {
        ctx.ui.say(format!(
            "{shown} of {total} runs shown; all: git exp ls --all"
        ));
    }
    if args.filter.is_some() || args.status.is_some() {
        let damaged = (0..catalog.len())
            .filter(|at| catalog.ask(*at, |_| ()).is_none())
            .count();
        if damaged > 0 {
            ctx.ui.warn(format!(
                "{damaged} unreadable records were not asked; see: git exp ls"
            ));
        }
    }
}

fn json(ctx: &Ctx, catalog: &Catalog, shown: &[usize]) -> Result<ExitCode> {
    let project = ctx.project()?;
    let rows: Vec<serde_json::Value> = shown
        .iter()
        .map(|&at| {
            let id = catalog.id(at);
            match format::read_run(&project.run(&id)) {
                Ok(mut run) => {
                    // A running run whose process is gone is told as the list tells it.
                    run.status = catalog
                        .get(at)
                        .map_or(run.status, |brief: Brief| brief.status);
                    serde_json::to_value(&run).unwrap_or_default()
                }
                Err(why) => serde_json::json!({"id": id.to_string(), "error": why.to_string()}),
            }
        })
        .collect();
    let document = serde_json::json!({"schema": "git-exp/list/1", "runs": rows});
    ctx.ui.out_json(&document)?;
    Ok(ExitCode::OK)
}

fn porcelain(ctx: &Ctx, rows: &[Row], columns: Option<&[Column]>, nul: bool) -> Result<ExitCode> {
    let mut text = String::new();
    for row in rows {
        let fields: Vec<String> = match (row, columns) {
            (Row::Run(item), Some(columns)) => columns
                .iter()
                .map(|column| listing::exact(column, item))
                .collect(),
            (Row::Run(item), None) => {
                let run = &item.run;
                let commit = run.commit.as_ref().map_or("-", |commit| commit.as_str());
                vec![
                    run.number.to_string(),
                    run.id().to_string(),
                    run.uid.to_string(),
                    run.status.word().to_owned(),
                    commit.to_owned(),
                ]
            }
            (Row::Damaged(id, _), Some(columns)) => {
                let id_column = Column::Value(Target::Attribute(Attribute::Id));
                let field = |column: &Column| match column {
                    column if *column == id_column => id.clone(),
                    Column::State => "unreadable".to_owned(),
                    _ => String::new(),
                };
                columns.iter().map(field).collect()
            }
            (Row::Damaged(id, _), None) => {
                let number = crate::model::RunId::parse(id).map_or(0, |id| id.number);
                [number.to_string().as_str(), id, "-", "unreadable", "-"]
                    .map(str::to_owned)
                    .into()
            }
        };
        let line = fields.join("\t");
        match nul {
            true => text.push_str(&format!("{line}\0")),
            false => {
                let clean: Vec<_> = fields.iter().map(|field| printable(field)).collect();
                text.push_str(&format!("{}\n", clean.join("\t")));
            }
        }
    }
    ctx.ui.out(text)?;
    Ok(ExitCode::OK)
}

fn csv(ctx: &Ctx, rows: &[Row], columns: Option<Vec<Column>>) -> Result<ExitCode> {
    let settings = ctx.settings()?;
    let columns = columns.unwrap_or_else(|| listing::columns(rows, settings));
    let headings: Vec<String> = columns.iter().map(Column::typed).collect();
    let mut text = sheet::csv_line(&headings, ',');
    for row in rows {
        if let Row::Run(item) = row {
            let cells: Vec<String> = columns
                .iter()
                .map(|column| listing::exact(column, item))
                .collect();
            text.push_str(&sheet::csv_line(&cells, ','));
        }
    }
    if ctx.ui.stdout_is_terminal() {
        text = printable_lines(&text);
    }
    ctx.ui.out(text)?;
    Ok(ExitCode::OK)
}
