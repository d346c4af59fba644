//! `git exp compare`: several runs side by side, a column each, only what differs.

use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr;

use crate::choose::{Groups, Ruler};
use crate::compare::Rules;
use crate::model::metric::Goal;
use crate::model::{Brief, Param, Run};
use crate::settings::ProjectSettings;
use crate::ui::escape::printable;
use crate::ui::number;
use crate::ui::table::{Align, Table, fit_ends};

/// The widest value that is shown whole; a command line would push the other runs off the screen.
const WIDEST: usize = 40;
/// Runs stand side by side as long as each has so much room.
const NARROWEST: usize = 12;

/// A line of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The part of the record: `code`, `data`, `config`, `seed`, `env`, `hardware`, `metrics`.
    pub axis: &'static str,
    /// The name inside it.
    pub name: String,
    /// One value a run; `None` was not recorded.
    pub values: Vec<Option<String>>,
}

impl Line {
    /// Whether the runs differ here.
    pub fn differs(&self) -> bool {
        self.values.iter().any(|value| *value != self.values[0])
    }
}

/// Everything in a fixed order; metrics last, so that causes stand above effects.
pub fn lines(runs: &[&Run]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut put = |axis, name: &str, value: &dyn Fn(&Run) -> Option<String>| {
        let values = runs.iter().map(|run| value(run)).collect();
        lines.push(Line {
            axis,
            name: name.to_owned(),
            values,
        });
    };
    let short = |text: &str| text.chars().take(8).collect::<String>();
    put("code", "commit", &|run| {
        run.code.commit.as_ref().map(|c| c.short().to_owned())
    });
    put("code", "code tree", &|run| {
        run.code.code_tree.as_ref().map(|t| t.short().to_owned())
    });
    put("code", "uncommitted", &|run| {
        Some(
            if run.code.code_is_dirty() {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
        )
    });
    for role in names(runs, |run| {
        run.data.iter().map(|input| input.role.clone()).collect()
    }) {
        put("data", &role, &|run| {
            let input = run.data.iter().find(|input| input.role == role)?;
            let name = String::from_utf8_lossy(input.path.file_name()).into_owned();
            Some(format!("{name} {}", short(input.sha256.as_ref()?.as_str())))
        });
    }
    put("eval", "split", &|run| run.eval.split.clone());
    for name in names(runs, |run| run.params.keys().cloned().collect()) {
        put("config", &name, &|run| {
            run.params.get(&name).map(Param::spelling)
        });
    }
    put("seed", "seed", &|run| {
        run.seed.as_ref().map(Param::spelling)
    });
    put("env", "python", &|run| run.env.as_ref()?.python.clone());
    let direct = |run: &Run| -> Vec<String> {
        run.env
            .iter()
            .flat_map(|env| env.direct.keys().cloned())
            .collect()
    };
    for name in names(runs, direct) {
        put("env", &name, &|run| {
            run.env.as_ref()?.direct.get(&name)?.clone()
        });
    }
    put("hardware", "cpu", &|run| run.hardware.as_ref()?.cpu.clone());
    put("hardware", "gpus", &|run| {
        Some(run.hardware.as_ref()?.gpus.as_ref()?.join(", "))
    });
    put("command", "argv", &|run| {
        Some(run.command.as_ref()?.argv.join(" "))
    });
    put("status", "status", &|run| {
        Some(run.status.word().to_owned())
    });
    put("status", "seconds", &|run| {
        run.seconds
            .as_ref()
            .map(|seconds| number::duration(seconds.as_f64()))
    });
    for name in names(runs, |run| run.metrics.keys().cloned().collect()) {
        put("metrics", &name, &|run| {
            use crate::model::MetricValue::{Bool, Null, Number, Text};
            match run.metrics.get(&name)? {
                Number(value) => Some(number::mean(value, run.scatter(&name))),
                Text(text) => Some(text.clone()),
                Bool(yes) => Some(yes.to_string()),
                Null => None,
            }
        });
    }
    lines.retain(|line| line.values.iter().any(Option::is_some));
    lines
}

/// The lines as tables for a terminal: as many runs in each as there is room for. What is too long
/// loses its middle, for paths and lists differ at their ends.
pub fn blocks(runs: &[String], lines: &[&Line], width: usize) -> Vec<String> {
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let axis = widest(&mut lines.iter().map(|line| line.axis.width()));
    let name = widest(&mut lines.iter().map(|line| printable(&line.name).width()));
    let name = name.min(width / 3);
    let room = width.saturating_sub(axis + 2 + name);
    let column = |run: usize| {
        let values = widest(&mut lines.iter().map(|line| value(line, run).width()));
        values.min(WIDEST).max(runs[run].width())
    };
    let columns: Vec<usize> = (0..runs.len()).map(column).collect();
    let used = |shown: &[usize], cap: usize| -> usize {
        shown.iter().map(|column| (*column).min(cap) + 2).sum()
    };
    let most = (1..=runs.len()).rev().find(|count| {
        let mut blocks = columns.chunks(*count);
        blocks.all(|shown| used(shown, NARROWEST) <= room)
    });
    // As few blocks as can be, and as many runs in the last as in the first.
    let count = runs.len().div_ceil(most.unwrap_or(1));
    let count = runs.len().div_ceil(count.max(1)).max(1);
    let starts = (0..runs.len()).step_by(count);
    let draw = |from: usize| {
        let shown = from..runs.len().min(from + count);
        let fits = |cap: &usize| used(&columns[shown.clone()], *cap) <= room;
        let cap = (NARROWEST..=WIDEST).rev().find(fits);
        block(runs, lines, shown, width, (name, cap.unwrap_or(NARROWEST)))
    };
    starts.map(draw).collect()
}

fn value(line: &Line, run: usize) -> String {
    match &line.values[run] {
        Some(value) => printable(value).into_owned(),
        None => "–".to_owned(),
    }
}

/// `caps` are the widest name and the widest value.
fn block(
    runs: &[String],
    lines: &[&Line],
    shown: std::ops::Range<usize>,
    width: usize,
    caps: (usize, usize),
) -> String {
    let mut headings = vec![("", Align::Left), ("", Align::Left)];
    headings.extend(
        runs[shown.clone()]
            .iter()
            .map(|run| (run.as_str(), Align::Right)),
    );
    let mut table = Table::new(&headings);
    let mut axis = "";
    for line in lines {
        let first = if line.axis == axis { "" } else { line.axis };
        axis = line.axis;
        let name = fit_ends(&printable(&line.name), caps.0);
        let mut cells = vec![first.to_owned(), name];
        let values = shown.clone().map(|run| fit_ends(&value(line, run), caps.1));
        cells.extend(values);
        table.row(&cells);
    }
    let lines = table.lines(width);
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Which judged metrics were not measured alike in all these runs, and who was measured apart.
pub fn incomparable(runs: &[Brief], settings: &ProjectSettings) -> Vec<String> {
    let rules = Rules::from(settings);
    let names: BTreeSet<&String> = runs.iter().flat_map(|run| run.metrics.keys()).collect();
    let judged = |name: &&&String| matches!(settings.goal(name), Some(Goal::Max | Goal::Min));
    let mut sentences: Vec<(String, Vec<&str>)> = Vec::new();
    for name in names.iter().filter(judged) {
        let mut groups = Groups::default();
        let mut members: Vec<Vec<String>> = Vec::new();
        for run in runs.iter().filter(|run| run.metric(name).is_some()) {
            let group = groups.place(Ruler::of(run, name, &rules));
            members.resize_with(groups.len(), Vec::new);
            members[group].push(run.id().short());
        }
        for (at, group) in members.iter().enumerate().skip(1) {
            let told = format!("{} on {}", group.join(", "), groups.difference(0, at));
            match sentences.iter_mut().find(|(known, _)| *known == told) {
                Some((_, metrics)) => metrics.push(name),
                None => sentences.push((told, vec![name])),
            }
        }
    }
    sentences
        .into_iter()
        .map(|(told, metrics)| format!("not comparable: {}: {told}", metrics.join(", ")))
        .collect()
}

fn names(runs: &[&Run], of: impl Fn(&Run) -> Vec<String>) -> BTreeSet<String> {
    runs.iter().flat_map(|run| of(run)).collect()
}
