//! `git exp ls`: one line a run.

use std::collections::BTreeMap;

use crate::model::{Run, Status};
use crate::settings::ProjectSettings;
use crate::ui::number;
use crate::ui::table::Align;

/// A listed run: its record, or the reason why there is none to show.
#[derive(Debug)]
pub enum Row<'a> {
    /// A readable record.
    Run(&'a Run),
    /// A damaged one: folder name and reason.
    Damaged(String, String),
}

/// Headings and cells of the list.
#[derive(Debug)]
pub struct Listing {
    /// Column headings.
    pub headings: Vec<(String, Align)>,
    /// Cells by row.
    pub rows: Vec<Vec<String>>,
}

/// Builds the list, in the order given.
pub fn list(rows: &[Row<'_>], settings: &ProjectSettings) -> Listing {
    let runs: Vec<&Run> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Run(run) => Some(*run),
            Row::Damaged(..) => None,
        })
        .collect();
    let metrics = metric_columns(&runs, settings);
    let by_uid: BTreeMap<&str, &Run> = runs.iter().map(|run| (run.uid.as_str(), *run)).collect();
    let mut headings: Vec<(String, Align)> = ["id", "name", "changed", "data"]
        .iter()
        .map(|h| ((*h).to_owned(), Align::Left))
        .collect();
    headings.extend(metrics.iter().map(|name| (name.clone(), Align::Right)));
    headings.push(("status".to_owned(), Align::Left));
    let cells = rows.iter().map(|row| match row {
        Row::Run(run) => {
            let base = run
                .base
                .as_ref()
                .and_then(|base| by_uid.get(base.uid.as_str()).copied());
            cells(run, base, &metrics)
        }
        Row::Damaged(id, why) => {
            let mut cells = vec![id.clone(), String::new(), String::new(), String::new()];
            cells.extend(metrics.iter().map(|_| String::new()));
            cells.push(format!("unreadable: {why}"));
            cells
        }
    });
    Listing {
        rows: cells.collect(),
        headings,
    }
}

/// The primary metric and, if there is room, one test metric beside it.
fn metric_columns(runs: &[&Run], settings: &ProjectSettings) -> Vec<String> {
    use crate::model::metric::{Goal, Yardstick, yardstick};
    let mut names: Vec<&String> = runs.iter().flat_map(|run| run.metrics.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let judged = |name: &str| matches!(settings.goal(name), Some(Goal::Max | Goal::Min));
    let primary = settings
        .primary
        .clone()
        .or_else(|| {
            let val = |name: &&&String| yardstick(name) == Some(Yardstick::Val) && judged(name);
            names.iter().find(val).map(|name| (*name).clone())
        })
        .or_else(|| {
            names
                .iter()
                .find(|name| judged(name))
                .map(|name| (*name).clone())
        });
    let Some(primary) = primary else {
        return names.into_iter().take(2).cloned().collect();
    };
    let stem = |name: &str| name.replace("val", "").replace("test", "");
    let test = names
        .iter()
        .find(|name| yardstick(name) == Some(Yardstick::Test) && stem(name) == stem(&primary));
    let test = test.map(|name| (*name).clone());
    std::iter::once(primary).chain(test).collect()
}

fn cells(run: &Run, base: Option<&Run>, metrics: &[String]) -> Vec<String> {
    let mut cells = vec![
        run.id().short(),
        run.slug.clone(),
        changed(run, base),
        data(run),
    ];
    cells.extend(metrics.iter().map(|name| {
        run.metrics
            .get(name)
            .and_then(|value| value.number())
            .map_or_else(|| "–".to_owned(), number::metric)
    }));
    let dirty = if run.code.code_is_dirty() {
        "  dirty"
    } else {
        ""
    };
    let seconds = match (&run.seconds, run.status) {
        (Some(seconds), Status::Ok) => format!("  {}", number::duration(seconds.as_f64())),
        _ => String::new(),
    };
    cells.push(format!("{}{dirty}{seconds}", run.status.word()));
    cells
}

/// What a run changed against its base, in a few words; `–` without one, `?` when the base is gone.
fn changed(run: &Run, base: Option<&Run>) -> String {
    let Some(base) = base else {
        return if run.base.is_some() { "?" } else { "–" }.to_owned();
    };
    let mut words: Vec<String> = Vec::new();
    let names: std::collections::BTreeSet<&String> =
        run.params.keys().chain(base.params.keys()).collect();
    for name in names {
        let same = match (base.params.get(name), run.params.get(name)) {
            (Some(a), Some(b)) => a.same_value(b),
            _ => false,
        };
        if !same {
            words.push(name.clone());
        }
    }
    if run.code.code_tree != base.code.code_tree {
        words.push("code".to_owned());
    }
    for input in &run.data {
        let before = base.data.iter().find(|before| before.role == input.role);
        if before.is_none_or(|before| before.sha256 != input.sha256) {
            words.push(format!("data {}", input.role));
        }
    }
    match words.len() {
        0 => "same inputs".to_owned(),
        1 | 2 => words.join(", "),
        n => format!("{n} changes"),
    }
}

fn data(run: &Run) -> String {
    let input = run
        .data
        .iter()
        .find(|input| input.role == "train")
        .or(run.data.first());
    input
        .and_then(|input| input.sha256.as_ref())
        .map_or("–".to_owned(), |d| d.short()[..4].to_owned())
}
