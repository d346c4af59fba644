//! `git exp table`: all runs in one table, for files, papers and spreadsheets; and back.

use std::path::{Path, PathBuf};

use crate::atomic;
use crate::choose;
use crate::context::Ctx;
use crate::error::{ExitCode, Result};
use crate::model::{Brief, Run};
use crate::query::{Attribute, Target, parse};
use crate::record::{end, revise};
use crate::report::listing::{self, Column, Item, Row};
use crate::report::overview::{Digits, Overview};
use crate::report::typed::{self, Fate};
use crate::report::xlsx;
use crate::settings::{Lang, ProjectSettings};
use crate::store::catalog::Catalog;
use crate::store::layout::{self, README};
use crate::store::runs;
use crate::store::tables::{self, Pending};
use crate::ui::escape::{printable, printable_lines};

/// How the table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Markdown.
    #[default]
    Md,
    /// Comma-separated values.
    Csv,
    /// JSON.
    Json,
    /// LaTeX with booktabs.
    Latex,
    /// A workbook for Excel or LibreOffice, into experiments/experiments.xlsx.
    Xlsx,
}

/// Which side a conflict is decided for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Side {
    /// What was typed.
    Table,
    /// What is recorded.
    Record,
}

/// Arguments of `git exp table`.
#[derive(Debug, clap::Args)]
pub struct TableArgs {
    /// Rewrite experiments/experiments.md and .csv
    #[arg(long, conflicts_with_all = ["format", "excel", "only_changed", "absorb"])]
    pub write: bool,
    /// Print in this form
    #[arg(long, value_enum, value_name = "FORM", conflicts_with = "excel")]
    pub format: Option<Format>,
    /// Write to FILE instead (- for standard output)
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["write", "absorb"])]
    pub output: Option<PathBuf>,
    /// Print CSV for a Russian Excel: byte order mark, `;`, decimal commas
    #[arg(long)]
    pub excel: bool,
    /// Show what varies between the runs and all metrics, a column each
    #[arg(long)]
    pub only_changed: bool,
    /// Take comments typed into experiments.md, .csv or .xlsx into the records
    #[arg(long)]
    pub absorb: bool,
    /// Decide conflicts for one side (with --absorb)
    #[arg(long, value_enum, value_name = "SIDE", requires = "absorb")]
    pub prefer: Option<Side>,
    /// Say what would be taken, and write nothing (with --absorb)
    #[arg(long, requires = "absorb")]
    pub dry_run: bool,
}

/// Prints or writes the table, or reads comments back.
pub fn table(ctx: &Ctx, args: &TableArgs) -> Result<ExitCode> {
    let (repo, project) = (ctx.repo()?, ctx.project()?);
    if args.write {
        let settings = ctx.settings()?;
        tables::refresh(project, &repo.exp_dir(), settings, ctx.lang()?)?;
        ctx.ui.say(format!(
            "wrote {0}/{1} and {0}/{2}",
            "experiments",
            tables::MARKDOWN,
            tables::CSV
        ));
        return Ok(ExitCode::OK);
    }
    let catalog = Catalog::open(repo, project, false)?;
    if args.absorb {
        return absorb(ctx, &catalog.all(), args);
    }
    if args.format == Some(Format::Xlsx) {
        return workbook(ctx, args);
    }
    let mut overview = overview(ctx, &catalog, args)?;
    overview.way = way(ctx, args.output.as_deref())?;
    let json = ctx.globals.json || args.format == Some(Format::Json);
    let text = match args.format.unwrap_or_default() {
        _ if json => crate::ui::escape::json(&format!("{:#}\n", overview.json())),
        _ if args.excel => overview.csv_for_excel(),
        Format::Csv => overview.csv(),
        Format::Latex => overview.latex(),
        _ => overview.markdown(),
    };
    if args.output.is_some() {
        return deliver(ctx, args.output.as_deref(), text.as_bytes());
    }
    if ctx.ui.stdout_is_terminal() {
        ctx.page(&printable_lines(&text))?;
    } else {
        ctx.ui.out(text)?;
    }
    Ok(ExitCode::OK)
}

/// A workbook is bytes: it goes to a file unless standard output is asked for by name.
fn workbook(ctx: &Ctx, args: &TableArgs) -> Result<ExitCode> {
    let project = ctx.project()?;
    let entries = runs::list(project)?;
    let records: Vec<&Run> = entries.iter().filter_map(|e| e.run.as_ref().ok()).collect();
    let (settings, lang) = (ctx.settings()?, ctx.lang()?);
    let usual = project.experiments().join(tables::XLSX);
    let elsewhere = args
        .output
        .as_deref()
        .filter(|file| *file == Path::new("-") || ctx.absolute(file) != usual);
    if let Some(file) = elsewhere {
        let bytes = xlsx::xlsx(&records, settings, lang, &way(ctx, Some(file))?)?;
        return deliver(ctx, Some(file), &bytes);
    }
    let exp_dir = ctx.repo()?.exp_dir();
    let written = tables::write_workbook(project, &exp_dir, &records, settings, lang)?;
    ctx.ui.say(format!("wrote {}", written.path.display()));
    if let Some(former) = &written.former {
        let former = former.display();
        ctx.ui.say(format!(
            "  it had been edited; that one is kept as {former}"
        ));
    }
    if !written.typed.is_empty() {
        let ids: Vec<String> = written.typed.iter().map(|id| id.short()).collect();
        ctx.ui.say(format!(
            "  the typed comments of {} stay in it; into the records: git exp table --absorb",
            ids.join(", ")
        ));
    }
    Ok(ExitCode::OK)
}

/// What leads from the file that is written to `experiments/`, as the start of a link.
fn way(ctx: &Ctx, file: Option<&Path>) -> Result<String> {
    let Some(file) = file.filter(|file| *file != Path::new("-")) else {
        return Ok(String::new());
    };
    let file = ctx.absolute(file);
    let folder = file.parent().unwrap_or(&file);
    let way = layout::from_here(folder, &ctx.project()?.experiments());
    let mut link = String::new();
    for c in way.display().chars() {
        match c {
            ' ' | '(' | ')' | '<' | '>' | '%' | '#' | '?' => {
                link.push_str(&format!("%{:02X}", u32::from(c)));
            }
            c => link.push(c),
        }
    }
    if !link.is_empty() {
        link.push('/');
    }
    Ok(link)
}

fn deliver(ctx: &Ctx, file: Option<&Path>, bytes: &[u8]) -> Result<ExitCode> {
    match file {
        Some(file) if file != Path::new("-") => {
            let path = ctx.absolute(file);
            atomic::write(&path, bytes)?;
            ctx.ui.say(format!("wrote {}", path.display()));
        }
        _ => ctx.ui.out_bytes(bytes)?,
    }
    Ok(ExitCode::OK)
}

/// The seven columns, those of `[table] columns`, or what varies.
fn overview(ctx: &Ctx, catalog: &Catalog, args: &TableArgs) -> Result<Overview> {
    let settings = ctx.settings()?;
    let runs = catalog.all();
    let for_programs = ctx.globals.json || matches!(args.format, Some(Format::Csv | Format::Json));
    let lang = match for_programs {
        true => Lang::En,
        false => ctx.lang()?,
    };
    if !args.only_changed && settings.table.columns.is_empty() {
        let runs: Vec<&Brief> = runs.iter().collect();
        return Ok(Overview::standard(&runs, settings, lang));
    }
    let columns = match args.only_changed {
        true => changed(&runs, settings),
        false => chosen(settings, catalog)?,
    };
    let stages = ctx.stages();
    let item = |run: Brief| Item {
        base: run
            .base
            .as_ref()
            .and_then(|base| catalog.find(&base.uid, &base.id)),
        stages: stages
            .iter()
            .filter(|stage| stage.current.uid == run.uid)
            .map(|stage| stage.stage.clone())
            .collect(),
        run,
    };
    let items: Vec<Item> = runs.into_iter().map(item).collect();
    let digits = match for_programs || args.excel {
        true => Digits::Exact,
        false => Digits::Short,
    };
    Ok(Overview::of(&items, &columns, digits, lang))
}

/// Name, every parameter that varies, data where it varies, and every metric.
fn changed(runs: &[Brief], settings: &ProjectSettings) -> Vec<Column> {
    let refs: Vec<&Brief> = runs.iter().collect();
    let mut columns = vec![
        Column::Value(Target::Attribute(Attribute::Id)),
        Column::Value(Target::Attribute(Attribute::Name)),
    ];
    let rows: Vec<Row> = runs
        .iter()
        .map(|run| {
            Row::Run(Box::new(Item {
                run: run.clone(),
                base: None,
                stages: Vec::new(),
            }))
        })
        .collect();
    if listing::columns(&rows, settings).contains(&Column::DataVersion) {
        columns.push(Column::DataVersion);
    }
    let params = listing::varying_params(&refs)
        .into_iter()
        .map(Target::Param);
    columns.extend(params.map(Column::Value));
    let mut metrics: Vec<&String> = runs.iter().flat_map(|run| run.metrics.keys()).collect();
    metrics.sort();
    metrics.dedup();
    let known: std::collections::BTreeSet<String> = metrics.iter().copied().cloned().collect();
    let primary = choose::primary(&known, settings);
    metrics.sort_by_key(|name| Some(*name) != primary.as_ref());
    columns.extend(
        metrics
            .into_iter()
            .map(|name| Column::Value(Target::Metric(name.clone()))),
    );
    columns
}

fn chosen(settings: &ProjectSettings, catalog: &Catalog) -> Result<Vec<Column>> {
    let names = catalog.names();
    let column = |text: &String| -> Result<Column> {
        Ok(match text.as_str() {
            "changed" => Column::Changed,
            "data" => Column::DataVersion,
            "status" => Column::State,
            _ => {
                let target = names.resolve(&parse::field(text), text).map_err(|error| {
                    error.in_text("[table] columns in experiments/exp.toml", text)
                })?;
                Column::Value(target)
            }
        })
    };
    settings.table.columns.iter().map(column).collect()
}

/// Takes typed comments into the records; exit code 1 when some are in conflict.
fn absorb(ctx: &Ctx, runs: &[Brief], args: &TableArgs) -> Result<ExitCode> {
    let (repo, project) = (ctx.repo()?, ctx.project()?);
    let pending = tables::pending(project, &repo.exp_dir(), runs)?;
    let mut lines = Vec::new();
    let mut conflicts = 0;
    let mut written = false;
    for run in runs {
        let id = run.id();
        let edits: Vec<&Pending> = pending.iter().filter(|edit| edit.id == id).collect();
        let Some(choice) = decide(&edits, args.prefer) else {
            continue;
        };
        match choice {
            Choice::Take(comment) => {
                lines.push(format!("{}  {comment}", id.short()));
                if !args.dry_run {
                    take(ctx, run, &comment)?;
                    written = true;
                }
            }
            Choice::Keep => written = true,
            Choice::Emptied(file) => ctx.ui.say(format!(
                "{}: the comment was emptied in {file}; a record does not forget, so it stays",
                id.short()
            )),
            Choice::Conflict(sides) => {
                conflicts += 1;
                let recorded = typed::shown(run.conclusion.as_deref());
                ctx.ui.warn(format!("{} is in conflict", id.short()));
                for (file, comment) in sides {
                    ctx.ui.say(format!("  {file}: {}", printable(&comment)));
                }
                ctx.ui.say(format!("  record: {}", printable(&recorded)));
            }
        }
    }
    // The table is written anew below, without these rows.
    for (file, number, comment) in tables::strays(project, runs) {
        ctx.ui.warn(format!(
            "{file} has a comment of exp_{number:03}, which is no run here, or two: {comment}"
        ));
    }
    let text: String = lines
        .iter()
        .map(|line| format!("{}\n", printable(line)))
        .collect();
    ctx.ui.out(text)?;
    if written && !args.dry_run {
        let settings = ProjectSettings::read(&project.settings_file())?;
        match args.prefer {
            Some(Side::Record) => tables::reset(project, &repo.exp_dir(), &settings, ctx.lang()?)?,
            _ => tables::refresh(project, &repo.exp_dir(), &settings, ctx.lang()?)?,
        }
    }
    if lines.is_empty() && conflicts == 0 {
        ctx.ui.say("no typed comment is waiting");
    }
    if conflicts > 0 {
        ctx.ui
            .hint("decide for one side: git exp table --absorb --prefer table (or record)");
        return Ok(ExitCode::NO);
    }
    Ok(ExitCode::OK)
}

enum Choice {
    Take(String),
    Keep,
    Emptied(&'static str),
    Conflict(Vec<(&'static str, String)>),
}

/// One comment out of what both files say of a run.
fn decide(edits: &[&Pending], prefer: Option<Side>) -> Option<Choice> {
    let typed: Vec<&&Pending> = edits
        .iter()
        .filter(|edit| edit.fate != Fate::Emptied)
        .collect();
    let Some(first) = typed.first() else {
        return edits.first().map(|edit| Choice::Emptied(edit.file));
    };
    let longest = typed
        .iter()
        .map(|edit| &edit.comment)
        .max_by_key(|text| text.len())?;
    let agree = typed
        .iter()
        .all(|edit| longest.contains(edit.comment.as_str()));
    let clear = agree && typed.iter().all(|edit| edit.fate == Fate::Absorb);
    Some(match (clear, prefer) {
        (true, _) => Choice::Take(longest.clone()),
        (false, Some(Side::Record)) => Choice::Keep,
        (false, Some(Side::Table)) if agree => Choice::Take(longest.clone()),
        // Markdown is what people see on the forge; both were named a line above.
        (false, Some(Side::Table)) => Choice::Take(first.comment.clone()),
        (false, None) => Choice::Conflict(
            typed
                .iter()
                .map(|edit| (edit.file, edit.comment.clone()))
                .collect(),
        ),
    })
}

fn take(ctx: &Ctx, brief: &Brief, comment: &str) -> Result<()> {
    let project = ctx.project()?;
    let entry = runs::of_uid(project, &brief.uid, &brief.id().to_string())?;
    let mut run = entry.run?;
    let before = typed::shown(run.conclusion.as_deref());
    // A longer version of the same text keeps the line breaks that the table could not show.
    let added = comment
        .strip_prefix(before.as_str())
        .filter(|_| !before.is_empty());
    run.conclusion = Some(match (&run.conclusion, added) {
        (Some(old), Some(added)) => format!("{}{added}", old.trim_end()),
        _ => comment.to_owned(),
    });
    revise::write(ctx, &entry.folder, &mut run)?;
    super::note::add_to_readme(&entry.folder.join(README), added.unwrap_or(comment).trim())?;
    let settings = ctx.settings()?;
    end::annotate(ctx, &run, settings.primary.as_deref())
}
