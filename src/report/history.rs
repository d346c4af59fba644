//! `git exp log`: the runs as a story, oldest first: what each changed against its base, and what that
//! did to the primary metric.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::diff::text::wrap;
use super::diff::words::Words;
use super::facts::Facts;
use super::graph;
use super::story::{Against, Change, Step, against};
use crate::compare::noise::Repeats;
use crate::compare::{Evidence, Side};
use crate::model::{MetricValue, Run, Status, Uid};
use crate::settings::Lang;
use crate::ui::escape::printable;
use crate::ui::number;
use crate::ui::table::{pad, pad_left};
use unicode_width::UnicodeWidthStr;

/// One run of the story.
#[derive(Debug)]
pub struct Chapter<'a> {
    /// The run.
    pub run: &'a Run,
    /// Its base, if its record is here.
    pub base: Option<&'a Run>,
    step: Option<Step>,
    against: Against,
    within_noise: Option<bool>,
}

/// The chapters of some runs, in the order given.
pub fn chapters<'a>(facts: &Facts<'a>, runs: &[&'a Run], metric: Option<&str>) -> Vec<Chapter<'a>> {
    runs.iter()
        .map(|run| {
            let base = facts.base_of(run);
            let step = base.map(|base| Step::between(facts, base, run));
            let told = match (&step, base, metric) {
                (Some(step), Some(base), Some(metric)) => against(facts, step, base, run, metric),
                _ => Against::Nothing,
            };
            let noise = base
                .zip(metric)
                .and_then(|(base, metric)| noise(base, run, metric));
            Chapter {
                run,
                base,
                step,
                against: told,
                within_noise: noise,
            }
        })
        .collect()
}

/// Whether luck alone explains the difference, as far as the two runs' own repeats tell.
fn noise(base: &Run, run: &Run, metric: &str) -> Option<bool> {
    let evidence = Evidence::default();
    let (a, b) = (
        base.metrics.get(metric)?.number()?,
        run.metrics.get(metric)?.number()?,
    );
    let repeats = Repeats::find(&Side::new(base), &Side::new(run), &evidence);
    Some(repeats.noise(metric, a.as_f64(), b.as_f64())?.within())
}

/// How the story is to be told.
#[derive(Clone, Copy, Debug)]
pub struct Telling {
    /// With what changed, instead of when and what for.
    pub why: bool,
    /// The language.
    pub lang: Lang,
    /// Whether signs beyond ASCII can be shown.
    pub unicode: bool,
    /// Columns to fill at the most.
    pub width: usize,
}

/// The story in lines.
pub fn lines(
    facts: &Facts<'_>,
    chapters: &[Chapter<'_>],
    metric: Option<&str>,
    telling: Telling,
) -> Vec<String> {
    let w = Words {
        lang: telling.lang,
        unicode: telling.unicode,
    };
    let rows: Vec<[String; 4]> = chapters
        .iter()
        .map(|chapter| {
            let delta = if telling.why {
                difference(chapter, w)
            } else {
                chapter.run.started.format("%Y-%m-%d %H:%M").to_string()
            };
            [
                facts.label(chapter.run),
                printable(&chapter.run.slug).into_owned(),
                value(chapter.run, metric, w),
                delta,
            ]
        })
        .collect();
    let widest = |at: usize| rows.iter().map(|row| row[at].width()).max().unwrap_or(0);
    let widths = [widest(0), widest(1), widest(2), widest(3)];
    let picture = graph::draw(&places(chapters));
    let lane = |at: usize| picture.as_ref().map(|picture| picture[at].node.as_str());
    let margin = (0..rows.len()).filter_map(lane).map(str::len).max();
    let mut lines = Vec::new();
    for (at, (row, chapter)) in rows.iter().zip(chapters).enumerate() {
        let drawn = picture.as_ref().map(|picture| &picture[at]);
        lines.extend(drawn.and_then(|drawn| drawn.above.clone()));
        let mut line = match (lane(at), margin) {
            (Some(lane), Some(margin)) => format!("{}  ", pad(lane, margin)),
            _ => String::new(),
        };
        let delta = match telling.why {
            true => pad_left(&row[3], widths[3]),
            false => pad(&row[3], widths[3]),
        };
        line.push_str(&format!(
            "{} {}  {}  {delta}  ",
            pad(&row[0], widths[0]),
            pad(&row[1], widths[1]),
            pad_left(&row[2], widths[2]),
        ));
        let told = match telling.why {
            true => why(chapter, w),
            false => aim(chapter, w),
        };
        let lanes = drawn.map_or("", |drawn| drawn.beside.as_str());
        let beside = pad(lanes, margin.map_or(0, |margin| margin + 2));
        lines.extend(with_text(line, &printable(&told), &beside, telling.width));
        lines.extend(drawn.and_then(|drawn| drawn.below.clone()));
    }
    lines
}

/// Where each run's base stands among them.
fn places(chapters: &[Chapter<'_>]) -> Vec<Option<usize>> {
    let place = |base: &Run| chapters.iter().position(|other| other.run.uid == base.uid);
    chapters
        .iter()
        .enumerate()
        .map(|(at, chapter)| place(chapter.base?).filter(|base| *base < at))
        .collect()
}

fn value(run: &Run, metric: Option<&str>, w: Words) -> String {
    if run.status != Status::Ok {
        return w.status(run.status).to_owned();
    }
    let found = metric.and_then(|name| Some((name, run.metrics.get(name)?.number()?)));
    match found {
        Some((name, value)) => match run.scatter(name) {
            Some(scatter) => number::with_deviation(value, scatter.sd, w.plus_minus()),
            None => number::metric(value),
        },
        None => w.dash().to_owned(),
    }
}

fn difference(chapter: &Chapter<'_>, w: Words) -> String {
    match &chapter.against {
        Against::Nothing => String::new(),
        Against::Equal => "=".to_owned(),
        Against::NotComparable => w.pick("(n/c)", "(н/с)").to_owned(),
        Against::Unknown(delta) => format!("{delta}?"),
        Against::Difference(delta, _) => delta.clone(),
    }
}

/// What changed against the base, in one line.
fn why(chapter: &Chapter<'_>, w: Words) -> String {
    let Some(step) = &chapter.step else {
        return match &chapter.run.base {
            Some(base) => {
                let gone = w.pick("its record is not here", "его записи здесь нет");
                format!("{} {}: {gone}", w.pick("base", "основа"), base.id)
            }
            None => String::new(),
        };
    };
    let phrases: Vec<String> = step
        .changes
        .iter()
        .map(|change| change.phrase(w.lang))
        .collect();
    let mut text = match step.factors {
        0 if phrases.is_empty() => w.pick("same inputs", "те же входные данные").to_owned(),
        0 | 1 => phrases.join("; "),
        n => {
            let count = w.count(
                n as u64,
                ["factor", "factors"],
                ["фактор", "фактора", "факторов"],
            );
            format!(
                "{count} {}: {}",
                w.pick("at once", "сразу"),
                phrases.join("; ")
            )
        }
    };
    if chapter.within_noise == Some(true) {
        text.push_str(w.pick("; within noise", "; в пределах шума"));
    }
    if !step.unknown.is_empty() {
        let unknown = w.pick("not recorded", "не записано");
        text.push_str(&format!("; {unknown}: {}", step.unknown(w.lang)));
    }
    text
}

/// What the run was compared with and for.
fn aim(chapter: &Chapter<'_>, w: Words) -> String {
    let run = chapter.run;
    let base = chapter
        .base
        .map(|base| format!("{} {}", w.pick("base", "основа"), base.id().short()));
    let said = run.conclusion.as_ref().or(run.goal.as_ref()).cloned();
    let parts: Vec<String> = base.into_iter().chain(said).collect();
    parts.join("  ")
}

/// A line and what is said of it: behind it where there is room, else below it.
fn with_text(line: String, text: &str, beside: &str, width: usize) -> Vec<String> {
    const INDENT: &str = "        ";
    if text.is_empty() || line.width() + text.width() <= width {
        return vec![format!("{line}{text}").trim_end().to_owned()];
    }
    let room = width.saturating_sub(beside.width() + INDENT.len()).max(24);
    let below = wrap(text, room).into_iter();
    std::iter::once(line.trim_end().to_owned())
        .chain(below.map(|text| format!("{beside}{INDENT}{text}")))
        .collect()
}

/// The name and version of the story for programs.
pub const LOG_SCHEMA: &str = "git-exp/log/1";

/// The story for programs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Log {
    /// The metric that is told: the primary one.
    pub metric: Option<String>,
    /// The runs, oldest first.
    pub runs: Vec<LogRun>,
}

/// One run of the story.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LogRun {
    /// The name of its folder.
    pub run: String,
    /// Its identity.
    pub uid: Uid,
    /// How it ended.
    pub status: Status,
    /// When it began, by RFC 3339.
    pub started: String,
    /// The folder of the run that it is compared with.
    pub base: Option<String>,
    /// Its metric.
    pub value: Option<MetricValue>,
    /// The metric's standard deviation over repeats.
    pub sd: Option<f64>,
    /// How many repeats.
    pub n: Option<usize>,
    /// Whether the metric was measured with the base's yardstick; null when that is not known.
    pub comparable: Option<bool>,
    /// Whether it is better than the base's.
    pub better: Option<bool>,
    /// Whether luck alone explains the difference; null when there are no repeats.
    pub within_noise: Option<bool>,
    /// How many independent things changed against the base; null without a base.
    pub factors: Option<usize>,
    /// What changed.
    pub changes: Option<Vec<Change>>,
    /// Axes of which the records don't say whether they changed.
    pub unknown: Option<Vec<&'static str>>,
}

/// The story as a document, with its schema.
pub fn document(chapters: &[Chapter<'_>], metric: Option<&str>) -> Value {
    let log = Log {
        metric: metric.map(str::to_owned),
        runs: chapters
            .iter()
            .map(|chapter| log_run(chapter, metric))
            .collect(),
    };
    let mut value = serde_json::to_value(&log).unwrap_or_default();
    value["schema"] = LOG_SCHEMA.into();
    value
}

fn log_run(chapter: &Chapter<'_>, metric: Option<&str>) -> LogRun {
    let run = chapter.run;
    let scatter = metric.and_then(|name| run.scatter(name));
    let step = chapter.step.as_ref();
    LogRun {
        run: run.id().to_string(),
        uid: run.uid.clone(),
        status: run.status,
        started: run.started.to_rfc3339(),
        base: run.base.as_ref().map(|base| base.id.clone()),
        value: metric.and_then(|name| run.metrics.get(name)).cloned(),
        sd: scatter.map(|scatter| scatter.sd),
        n: scatter.map(|scatter| scatter.n),
        comparable: match chapter.against {
            Against::NotComparable => Some(false),
            Against::Equal | Against::Difference(..) => Some(true),
            _ => None,
        },
        better: match chapter.against {
            Against::Difference(_, better) => better,
            _ => None,
        },
        within_noise: chapter.within_noise,
        factors: step.map(|step| step.factors),
        changes: step.map(|step| step.changes.clone()),
        unknown: step.map(|step| step.unknown.clone()),
    }
}
