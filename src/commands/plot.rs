//! `git exp plot`: what was logged over steps, or a metric over runs, in the terminal or as SVG.

use std::path::{Path, PathBuf};

use crate::atomic;
use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::model::{Number, Run};
use crate::observe::curves::Curves;
use crate::report::diff::next::shell_word;
use crate::report::plot::terminal::{self, Ink, Room};
use crate::report::plot::{Chart, Line, Point, palette, svg};
use crate::store::runs;
use crate::ui::style::Style;

/// Arguments of `git exp plot`.
#[derive(Debug, clap::Args)]
pub struct PlotArgs {
    /// Runs, then metrics: `exp_003 exp_004 loss`. A metric alone is drawn over all runs; a run
    /// alone shows everything that it logged
    #[arg(value_name = "RUN | METRIC")]
    pub what: Vec<String>,
    /// Write an SVG file (- for standard output) instead of drawing here
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Use a logarithmic scale for the values
    #[arg(long)]
    pub log: bool,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
    /// Rows of the plot
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u16).range(3..=200))]
    pub height: u16,
}

/// Series of one run that are drawn when none is named.
const PLOTS: usize = 6;

/// A run with its folder.
struct Source {
    run: Run,
    folder: PathBuf,
}

/// Draws.
pub fn plot(ctx: &Ctx, args: &PlotArgs) -> Result<ExitCode> {
    let (sources, metrics) = understood(ctx, &args.what)?;
    let charts = if sources.is_empty() {
        metrics
            .iter()
            .map(|metric| over_runs(ctx, metric))
            .collect::<Result<Vec<_>>>()?
    } else {
        over_steps(ctx, &sources, &metrics)?
    };
    let several = charts.len() > 1;
    for mut chart in charts {
        chart.log = args.log;
        if chart.lines.len() > palette::COUNT {
            ctx.ui.warn(format!(
                "{} of {} lines are drawn",
                palette::COUNT,
                chart.lines.len()
            ));
            chart.lines.truncate(palette::COUNT);
        }
        match &args.svg {
            Some(file) if several && file == Path::new("-") => {
                return Err(Failure::new("an SVG document holds one plot").hint(format!(
                    "name a metric: git exp plot … {} --svg -",
                    shell_word(&chart.title)
                )));
            }
            Some(file) if several => write_svg(ctx, &beside(file, &chart.title), &chart)?,
            Some(file) => write_svg(ctx, file, &chart)?,
            None => draw(ctx, args, &chart)?,
        }
    }
    Ok(ExitCode::OK)
}

/// Tells runs from metrics. A word that is a run is one; any other must be a metric of some run.
fn understood(ctx: &Ctx, words: &[String]) -> Result<(Vec<Source>, Vec<String>)> {
    let project = ctx.project()?;
    let last = ["@".to_owned()];
    let words = if words.is_empty() { &last[..] } else { words };
    let (mut sources, mut metrics) = (Vec::<Source>::new(), Vec::new());
    let mut not_runs = Vec::new();
    for word in words {
        match runs::resolve(project, word) {
            Ok(entry) => {
                let run = entry.run?;
                if !sources.iter().any(|source| source.run.uid == run.uid) {
                    sources.push(Source {
                        run,
                        folder: entry.folder,
                    });
                }
            }
            Err(failure) => not_runs.push((word, failure)),
        }
    }
    let known = known_metrics(ctx, &sources)?;
    for (word, failure) in not_runs {
        if known.contains(word) {
            metrics.push(word.clone());
            continue;
        }
        let nearest = nearest(&known, word);
        let looks_like_run = word.starts_with("exp_")
            || word.starts_with('@')
            || word.bytes().all(|b| b.is_ascii_digit());
        return Err(match nearest {
            _ if looks_like_run || known.is_empty() && sources.is_empty() => failure,
            Some(name) => Failure::new(format!("no run and no metric is called `{word}`"))
                .hint(format!("did you mean `{name}`?")),
            None => Failure::new(format!("no run and no metric is called `{word}`")).hint(
                if known.is_empty() {
                    "these runs logged nothing over steps: git exp metric loss=0.5 --step 1"
                        .to_owned()
                } else {
                    format!("the metrics are {}", known.join(", "))
                },
            ),
        });
    }
    Ok((sources, metrics))
}

/// What the runs logged; without runs, the numbers that any run ended with.
fn known_metrics(ctx: &Ctx, sources: &[Source]) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for source in sources {
        names.extend(Curves::open(&source.folder, &source.run)?.names());
    }
    if sources.is_empty() {
        for entry in runs::list(ctx.project()?)? {
            let Ok(run) = entry.run else { continue };
            names.extend(
                run.metrics
                    .into_iter()
                    .filter(|(_, v)| v.number().is_some())
                    .map(|(name, _)| name),
            );
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn nearest<'n>(names: &'n [String], word: &str) -> Option<&'n String> {
    let scored = names
        .iter()
        .map(|name| (strsim::jaro_winkler(name, word), name));
    scored
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// One chart a metric, with a line for each run.
fn over_steps(ctx: &Ctx, sources: &[Source], metrics: &[String]) -> Result<Vec<Chart>> {
    let opened = sources
        .iter()
        .map(|source| Curves::open(&source.folder, &source.run))
        .collect::<Result<Vec<_>>>()?;
    let chosen: Vec<String> = if metrics.is_empty() {
        known_metrics(ctx, sources)?
    } else {
        metrics.to_vec()
    };
    if chosen.is_empty() {
        let names: Vec<String> = sources
            .iter()
            .map(|source| source.run.id().short())
            .collect();
        return Err(Failure::new(format!("{} logged nothing over steps", names.join(", ")))
            .because("a program logs by appending lines to the file named by $GIT_EXP_SERIES")
            .hint("from a shell: git exp metric loss=0.5 --step 1; over runs: git exp plot METRIC"));
    }
    if chosen.len() > PLOTS && metrics.is_empty() {
        ctx.ui.hint(format!(
            "{} more: {}",
            chosen.len() - PLOTS,
            chosen[PLOTS..].join(", ")
        ));
    }
    let limit = if metrics.is_empty() {
        PLOTS
    } else {
        usize::MAX
    };
    let mut charts = Vec::new();
    for name in chosen.iter().take(limit) {
        let mut lines = Vec::new();
        for (source, curves) in sources.iter().zip(&opened) {
            if !curves.names().contains(name) {
                continue;
            }
            let points = curves
                .read(name)?
                .into_iter()
                .map(|(x, y)| Point { x, y })
                .collect();
            lines.push(Line::new(source.run.id().to_string(), points));
        }
        charts.push(Chart {
            title: name.clone(),
            x_label: "step".to_owned(),
            y_label: name.clone(),
            lines,
            ..Chart::default()
        });
    }
    Ok(charts)
}

/// A metric of all runs that have it.
fn over_runs(ctx: &Ctx, metric: &str) -> Result<Chart> {
    let mut points = Vec::new();
    for entry in runs::list(ctx.project()?)? {
        let Ok(run) = entry.run else { continue };
        if let Some(value) = run.metrics.get(metric).and_then(|value| value.number()) {
            points.push(Point {
                x: f64::from(run.number),
                y: Number::as_f64(value),
            });
        }
    }
    Ok(Chart {
        title: metric.to_owned(),
        x_label: "run".to_owned(),
        y_label: metric.to_owned(),
        lines: vec![Line::new(metric, points)],
        scattered: true,
        ..Chart::default()
    })
}

fn nothing(chart: &Chart) -> Failure {
    let failure = Failure::new(format!("`{}` has no value that can be drawn", chart.title));
    if chart.log {
        failure.hint("values that are not above zero have no logarithm: leave out --log")
    } else {
        failure.because("all of them are NaN or infinite, or there are none")
    }
}

fn draw(ctx: &Ctx, args: &PlotArgs, chart: &Chart) -> Result<()> {
    let ink = match (
        args.ascii || !ctx.ui.unicode(),
        chart.lines.len() > 1 && !ctx.ui.color(),
    ) {
        (true, _) => Ink::Ascii,
        (false, true) => Ink::Signs,
        (false, false) if chart.scattered => Ink::Signs,
        (false, false) => Ink::Braille,
    };
    let room = Room {
        width: ctx.ui.width().min(160),
        height: usize::from(args.height),
    };
    let paint = |index: usize, text: &str| ctx.ui.paint(Style::Line(index), text);
    let lines = terminal::lines(chart, room, ink, &paint);
    if lines.is_empty() {
        return Err(nothing(chart));
    }
    ctx.ui.out(
        lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
    )
}

/// `plot_loss_val.svg` for `plot.svg`: each of several plots has a file of its own.
fn beside(file: &Path, metric: &str) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let plain = |c: char| {
        if c.is_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    let name: String = metric.chars().map(plain).collect();
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{stem}_{name}.{extension}").trim_end_matches('.'))
}

fn write_svg(ctx: &Ctx, file: &Path, chart: &Chart) -> Result<()> {
    let text = svg::document(chart).ok_or_else(|| nothing(chart))?;
    if file == Path::new("-") {
        return ctx.ui.out(text);
    }
    let path = ctx.absolute(file);
    atomic::write(&path, text.as_bytes())?;
    ctx.ui.say(format!("wrote {}", path.display()));
    Ok(())
}
