//! `git exp report`: sections of a report, or one page with everything, from the records.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::atomic;
use crate::context::Ctx;
use crate::error::{Context, ExitCode, Failure, Result};
use crate::model::Run;
use crate::observe::curves::Curves;
use crate::report::document;
use crate::report::facts::Facts;
use crate::report::html;
use crate::report::plot::Point;
use crate::report::plot::downsample::thinned;
use crate::report::sections::{Section, checklist};
use crate::store::facts::Gathered;

/// Arguments of `git exp report`.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// Rewrite the sections that stand between markers in FILE, and its bound numbers; a new file
    /// gets all sections
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "report.md")]
    pub update: Option<PathBuf>,
    /// Only this section: design, table, choice or checklist; may be given several times
    #[arg(long, value_name = "NAME")]
    pub section: Vec<String>,
    /// With --update, add the sections that the file doesn't have yet at its end
    #[arg(long, requires = "update")]
    pub append: bool,
    /// With --update, say what would change and write nothing
    #[arg(long, requires = "update")]
    pub dry_run: bool,
    /// Write one page with the table, plots and every run to FILE (- for standard output)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["update", "section"])]
    pub html: Option<PathBuf>,
}

/// Points that all curves of a page may have together.
const POINTS: usize = 150_000;
/// Points of one curve at the most, and at the least.
const PER_CURVE: (usize, usize) = (24, 400);

/// Writes a report.
pub fn report(ctx: &Ctx, args: &ReportArgs) -> Result<ExitCode> {
    let sections = args
        .section
        .iter()
        .map(|name| Section::named(name))
        .collect::<Result<Vec<_>>>()?;
    let lang = ctx.lang()?;
    let is_gone = |run: &Run| {
        run.process
            .as_ref()
            .is_some_and(|process| ctx.ambient.is_gone(process))
    };
    let gathered = Gathered::read(
        ctx.project()?,
        &ctx.repo()?.exp_dir(),
        ctx.settings()?,
        &is_gone,
    )?;
    let facts = gathered.facts(ctx.settings()?, lang);
    if let Some(file) = &args.update {
        return update(ctx, file, &sections, args, &gathered, &facts);
    }
    if let Some(doubt) = gathered.doubt() {
        ctx.ui.doubt(doubt);
    }
    if let Some(file) = &args.html {
        return page(ctx, file, &gathered, &facts);
    }
    ctx.ui.out(printed(ctx, &sections, &facts))?;
    Ok(ExitCode::OK)
}

/// What goes to standard output: JSON, the checklist for a terminal, or Markdown.
fn printed(ctx: &Ctx, sections: &[Section], facts: &Facts<'_>) -> String {
    let chosen = if sections.is_empty() {
        &Section::ALL[..]
    } else {
        sections
    };
    if ctx.globals.json {
        let texts: serde_json::Map<_, _> = chosen
            .iter()
            .map(|s| (s.name().to_owned(), s.markdown(facts).into()))
            .collect();
        let document = json!({
            "schema": "git-exp/report/1",
            "sections": texts,
            "checklist": checklist::items(facts),
        });
        return crate::ui::escape::json(&format!("{document:#}\n"));
    }
    if sections == [Section::Checklist] {
        return checklist::lines(facts, ctx.ui.width())
            .iter()
            .map(|line| format!("{line}\n"))
            .collect();
    }
    let parts: Vec<String> = chosen
        .iter()
        .map(|section| document::framed(*section, facts))
        .collect();
    parts.join("\n")
}

fn update(
    ctx: &Ctx,
    typed: &Path,
    sections: &[Section],
    args: &ReportArgs,
    gathered: &Gathered,
    facts: &Facts<'_>,
) -> Result<ExitCode> {
    let file = &ctx.absolute(typed);
    let chosen = if sections.is_empty() {
        &Section::ALL[..]
    } else {
        sections
    };
    let Some(before) = existing(file)? else {
        sure(gathered, chosen, "")?;
        let text = document::new(chosen, facts);
        if !args.dry_run {
            atomic::write(file, text.as_bytes())?;
        }
        let names: Vec<&str> = chosen.iter().map(|section| section.name()).collect();
        ctx.ui.say(format!(
            "{} {}: {}",
            done(args, "wrote", "would write"),
            file.display(),
            names.join(", ")
        ));
        return Ok(ExitCode::OK);
    };
    let text = if args.append {
        document::append(&before, chosen, facts)?
    } else {
        before.clone()
    };
    let updated = document::update(&text, sections, facts, &typed.to_string_lossy())
        .map_err(|failure| failure.because(file.display()))?;
    sure(gathered, &updated.sections, &text)?;
    for number in &updated.unknown {
        ctx.ui.warn(format!(
            "no record has {number}: that number was left as it is"
        ));
    }
    if updated.text == before {
        ctx.ui
            .say(format!("{} says what the records say", file.display()));
        return Ok(ExitCode::OK);
    }
    if !args.dry_run {
        replace(file, &updated.text)?;
    }
    ctx.ui.say(format!(
        "{} {}",
        done(args, "updated", "would update"),
        file.display()
    ));
    if text != before {
        ctx.ui.say("  sections were added at the end");
    }
    if !updated.sections.is_empty() {
        let names: Vec<&str> = updated
            .sections
            .iter()
            .map(|section| section.name())
            .collect();
        ctx.ui.say(format!("  sections: {}", names.join(", ")));
    }
    for number in &updated.numbers {
        ctx.ui.say(format!(
            "  number: {}",
            crate::ui::escape::printable(number)
        ));
    }
    Ok(ExitCode::OK)
}

/// What speaks of the promoted run is not rewritten while nobody can tell which one it is.
fn sure(gathered: &Gathered, rewritten: &[Section], text: &str) -> Result<()> {
    let speaks = |section: &Section| matches!(section, Section::Choice | Section::Checklist);
    let Some(doubt) = gathered.doubt().filter(|_| rewritten.iter().any(speaks)) else {
        return Ok(());
    };
    let rest: Vec<String> = Section::ALL
        .iter()
        .filter(|section| !speaks(section) && text.contains(&document::begin(**section)))
        .map(|section| format!(" --section {}", section.name()))
        .collect();
    let failure = doubt.clone().because("so nothing was written");
    Err(match rest.is_empty() {
        true => failure,
        false => failure.hint(format!(
            "the other sections alone: git exp report --update{}",
            rest.concat()
        )),
    })
}

fn done<'t>(args: &ReportArgs, yes: &'t str, would: &'t str) -> &'t str {
    if args.dry_run { would } else { yes }
}

/// A report's text; `None` when there is no such file.
fn existing(file: &Path) -> Result<Option<String>> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::new(format!("cannot read {}", file.display())).because(error));
        }
    };
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        Failure::new(format!("{} is not UTF-8", file.display()))
            .because(format!("byte {} is not part of a character", good + 1))
            .hint(format!(
                "convert it: iconv -f cp1251 -t utf-8 {0} > new.md",
                file.display()
            ))
    })
}

/// Replaces the text of a file that may be a link and has permissions of its own.
fn replace(file: &Path, text: &str) -> Result<()> {
    let file = std::fs::canonicalize(file).context(|| format!("cannot find {}", file.display()))?;
    let permissions = std::fs::metadata(&file)
        .context(|| format!("cannot read {}", file.display()))?
        .permissions();
    if permissions.readonly() {
        // A new file could take its place all the same, but it is marked so on purpose.
        return Err(Failure::new(format!("cannot write {}", file.display()))
            .because("it is read-only")
            .hint(format!("make it writable: chmod u+w {}", file.display())));
    }
    atomic::write(&file, text.as_bytes())?;
    std::fs::set_permissions(&file, permissions).map_err(|error| atomic::failed(&file, &error))
}

fn page(ctx: &Ctx, file: &Path, gathered: &Gathered, facts: &Facts<'_>) -> Result<ExitCode> {
    let curves = curves(ctx, gathered);
    let text = html::page(facts, &curves, ctx.ambient.now());
    if file == Path::new("-") {
        ctx.ui.out(text)?;
        return Ok(ExitCode::OK);
    }
    let path = ctx.absolute(file);
    atomic::write(&path, text.as_bytes())?;
    let size = crate::ui::number::bytes(text.len() as u64);
    ctx.ui.say(format!(
        "wrote {} ({}, {size})",
        path.display(),
        crate::report::sections::runs_counted(facts.runs.len(), facts.lang)
    ));
    Ok(ExitCode::OK)
}

/// What every run logged, thinned out to what a page can hold. A damaged file is told and left out.
fn curves(ctx: &Ctx, gathered: &Gathered) -> html::Curves {
    let total: usize = gathered
        .runs
        .iter()
        .map(|run| run.series.len().max(1))
        .sum();
    let room = (POINTS / total.max(1)).clamp(PER_CURVE.0, PER_CURVE.1);
    let mut all = html::Curves::new();
    for (run, folder) in gathered.runs.iter().zip(&gathered.folders) {
        let opened = match Curves::open(folder, run) {
            Ok(opened) => opened,
            Err(failure) => {
                ctx.ui.warn(failure.to_string());
                continue;
            }
        };
        for name in opened.names() {
            match opened.read(&name) {
                Ok(curve) => {
                    let points = curve.into_iter().map(|(x, y)| Point { x, y }).collect();
                    let line = crate::report::plot::Line::new(&name, points);
                    all.entry(run.uid.clone())
                        .or_default()
                        .insert(name, thinned(&line.points, room));
                }
                Err(failure) => ctx.ui.warn(failure.to_string()),
            }
        }
    }
    all
}
