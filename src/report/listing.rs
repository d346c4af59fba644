//! `git exp ls`: one line a run, its columns chosen by what varies.

use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr;

use super::since;
use crate::choose::{self, Groups, Ruler};
use crate::compare::Rules;
use crate::model::command_line::is_argument;
use crate::model::{Brief, Status};
use crate::query::{Attribute, Subject, Target, Value};
use crate::settings::ProjectSettings;
use crate::ui::escape::printable;
use crate::ui::number;
use crate::ui::table::Align;

/// Parameters shown when nothing is said; more would be a wall.
const PARAMS: usize = 6;

/// A run to list.
#[derive(Clone, Debug)]
pub struct Item {
    /// The run.
    pub run: Brief,
    /// Its base, if it is known here.
    pub base: Option<Brief>,
    /// The stages that it is in.
    pub stages: Vec<String>,
}

/// A line: a run, or the folder whose record can't be read and why.
#[derive(Clone, Debug)]
pub enum Row {
    /// A readable record.
    Run(Box<Item>),
    /// A damaged one.
    Damaged(String, String),
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// Something with a name in the filter language.
    Value(Target),
    /// What the run changed against its base.
    Changed,
    /// Name and digest of its training data.
    DataVersion,
    /// Status, uncommitted code, duration, stages and tags.
    State,
}

impl Column {
    /// The heading.
    pub fn heading(&self) -> String {
        match self {
            Self::Value(target) => target.heading(),
            Self::Changed => "changed".to_owned(),
            Self::DataVersion => "data".to_owned(),
            Self::State => "status".to_owned(),
        }
    }

    /// The name for programs and `--cols`.
    pub fn typed(&self) -> String {
        match self {
            Self::Value(target) => target.typed(),
            other => other.heading(),
        }
    }

    fn align(&self) -> Align {
        match self {
            Self::Value(Target::Metric(_)) => Align::Right,
            Self::Value(Target::Attribute(Attribute::Number | Attribute::Seconds)) => Align::Right,
            _ => Align::Left,
        }
    }

    /// Which columns give way on a narrow terminal: the highest first; 0 and 1 never.
    fn rank(&self, primary: Option<&str>) -> u8 {
        match self {
            Self::Value(Target::Attribute(Attribute::Id)) => 0,
            Self::State => 1,
            Self::Value(Target::Metric(name)) => 1 + 2 * u8::from(Some(name.as_str()) != primary),
            Self::Value(Target::Attribute(Attribute::Name)) => 2,
            Self::Changed => 4,
            Self::DataVersion => 5,
            Self::Value(_) => 6,
        }
    }
}

/// The columns that say something about these runs: what varies among them, the primary metric and
/// its test twin.
pub fn columns(rows: &[Row], settings: &ProjectSettings) -> Vec<Column> {
    let runs: Vec<&Brief> = runs(rows).map(|item| &item.run).collect();
    let mut columns = vec![
        Column::Value(Target::Attribute(Attribute::Id)),
        Column::Value(Target::Attribute(Attribute::Name)),
    ];
    if runs.iter().any(|run| run.base.is_some()) {
        columns.push(Column::Changed);
    }
    let versions: BTreeSet<String> = runs.iter().map(|run| data_version(run)).collect();
    if versions.len() > 1 {
        columns.push(Column::DataVersion);
    }
    let mut varying = varying_params(&runs);
    // What names the data is told beside its digest.
    varying.retain(|name| {
        let mut with = runs.iter().filter(|run| run.params.contains_key(name));
        !with.all(|run| since::names_file(run, name))
    });
    varying.truncate(PARAMS);
    columns.extend(
        varying
            .into_iter()
            .map(|name| Column::Value(Target::Param(name))),
    );
    let metrics = metrics(&runs, settings);
    columns.extend(
        metrics
            .into_iter()
            .map(|name| Column::Value(Target::Metric(name))),
    );
    columns.push(Column::State);
    columns
}

fn runs(rows: &[Row]) -> impl Iterator<Item = &Item> {
    rows.iter().filter_map(|row| match row {
        Row::Run(item) => Some(item.as_ref()),
        Row::Damaged(..) => None,
    })
}

fn metrics(runs: &[&Brief], settings: &ProjectSettings) -> Vec<String> {
    let names: BTreeSet<String> = runs
        .iter()
        .flat_map(|run| run.metrics.keys())
        .cloned()
        .collect();
    match choose::primary(&names, settings) {
        Some(primary) => {
            let twin = choose::test_twin(&primary, &names);
            std::iter::once(primary).chain(twin).collect()
        }
        None => names.into_iter().take(2).collect(),
    }
}

/// Parameters that are not the same in all runs that have parameters, by name. A command without
/// arguments tells that it has none.
pub fn varying_params(runs: &[&Brief]) -> Vec<String> {
    let names: BTreeSet<&String> = runs.iter().flat_map(|run| run.params.keys()).collect();
    let varies = |name: &&String| {
        let is_known = |run: &&&Brief| {
            !run.params.is_empty() || (is_argument(name) && !run.arguments.is_empty())
        };
        let mut values = runs
            .iter()
            .filter(is_known)
            .map(|run| run.params.get(*name));
        let first = values.next().flatten();
        values.any(|value| match (first, value) {
            (Some(a), Some(b)) => !a.same_value(b),
            (a, b) => a.is_some() != b.is_some(),
        })
    };
    names.into_iter().filter(varies).cloned().collect()
}

/// The cell of a column for people.
pub fn cell(column: &Column, item: &Item) -> String {
    let run = &item.run;
    match column {
        Column::Value(Target::Attribute(Attribute::Id)) => run.id().short(),
        Column::Value(Target::Attribute(Attribute::Base)) => match &run.base {
            Some(base) => base.id.clone(),
            None => "–".to_owned(),
        },
        Column::Value(Target::Attribute(Attribute::Started)) => {
            run.started.format("%Y-%m-%d %H:%M").to_string()
        }
        Column::Value(Target::Attribute(Attribute::Finished)) => match &run.finished {
            Some(time) => time.format("%Y-%m-%d %H:%M").to_string(),
            None => "–".to_owned(),
        },
        Column::Value(Target::Metric(name)) => match run.metric(name) {
            Some(number) => number::mean(number, run.scatter.get(name).copied()),
            None => plain(&run.value(&Target::Metric(name.clone())), true),
        },
        Column::Value(target) => plain(&run.value(target), true),
        Column::Changed => since::changed(run, item.base.as_ref()),
        Column::DataVersion => data_version(run),
        Column::State => state(item),
    }
}

/// The cell of a column for programs: exact, and empty when there is nothing.
pub fn exact(column: &Column, item: &Item) -> String {
    match column {
        Column::Value(Target::Attribute(Attribute::Id)) => item.run.id().to_string(),
        Column::Value(Target::Attribute(Attribute::Started)) => item.run.started.to_rfc3339(),
        Column::Value(Target::Attribute(Attribute::Finished)) => item
            .run
            .finished
            .map(|time| time.to_rfc3339())
            .unwrap_or_default(),
        Column::Value(target) => plain(&item.run.value(target), false),
        Column::State => item.run.status.word().to_owned(),
        other => cell(other, item),
    }
}

fn plain(value: &Value<'_>, human: bool) -> String {
    match value {
        Value::Missing if human => "–".to_owned(),
        Value::Missing => String::new(),
        Value::Number(_, text) | Value::Text(text) => text.clone().into_owned(),
        Value::Hash(text) if human => text.chars().take(8).collect(),
        Value::Hash(text) => text.clone().into_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Time(millis) => chrono::DateTime::from_timestamp_millis(*millis)
            .map(|time| time.to_rfc3339())
            .unwrap_or_default(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| plain(item, human)).collect();
            items.join(if human { ", " } else { ";" })
        }
    }
}

fn state(item: &Item) -> String {
    let run = &item.run;
    let mut text = run.status.word().to_owned();
    if run.dirty {
        text.push_str("  dirty");
    }
    if let (Some(seconds), Status::Ok) = (&run.seconds, run.status) {
        text.push_str(&format!("  {}", number::duration(seconds.as_f64())));
    }
    for stage in &item.stages {
        let shown = if stage == "production" { "prod" } else { stage };
        text.push_str(&format!("  @{shown}"));
    }
    for tag in &run.tags {
        text.push_str(&format!("  #{tag}"));
    }
    text
}

/// `train_v2 5d07`: the training data, or the first input.
fn data_version(run: &Brief) -> String {
    let train = run.data.iter().find(|input| input.role == "train");
    let Some(input) = train.or(run.data.first()) else {
        return "–".to_owned();
    };
    let name = String::from_utf8_lossy(input.path.file_name()).into_owned();
    let stem = name.split('.').next().unwrap_or(&name);
    let digest = input
        .sha256
        .as_ref()
        .map_or("?", |digest| &digest.as_str()[..4]);
    format!("{stem} {digest}")
}

/// The table as it is shown.
#[derive(Debug, Default)]
pub struct Listing {
    /// Column headings.
    pub headings: Vec<(String, Align)>,
    /// Cells by row.
    pub rows: Vec<Vec<String>>,
    /// Sentences that go between rows: before the row of this index.
    pub breaks: Vec<(usize, String)>,
    /// Columns for which there was no room.
    pub hidden: Vec<String>,
}

/// Lays rows out in at most `width` columns. Runs that can't be compared by the primary metric are
/// kept apart; the order within a group stays.
pub fn lay_out(
    rows: &[Row],
    mut columns: Vec<Column>,
    settings: &ProjectSettings,
    width: usize,
    chosen: bool,
) -> Listing {
    let primary = columns.iter().find_map(|column| match column {
        Column::Value(Target::Metric(name)) => Some(name.clone()),
        _ => None,
    });
    let (order, breaks) = groups(rows, primary.as_deref(), settings);
    let mut table: Vec<Vec<String>> = order
        .iter()
        .map(|&at| match &rows[at] {
            Row::Run(item) => columns.iter().map(|column| cell(column, item)).collect(),
            Row::Damaged(id, why) => damaged(&columns, id, why),
        })
        .collect();
    let mut widths: Vec<usize> = (0..columns.len()).map(|at| widest(at, &table)).collect();
    let mut hidden = Vec::new();
    while !chosen && total(&columns, &widths) > width {
        let last = (0..columns.len()).max_by_key(|at| columns[*at].rank(primary.as_deref()));
        let Some(at) = last.filter(|at| columns[*at].rank(primary.as_deref()) > 1) else {
            break;
        };
        hidden.push(columns.remove(at).typed());
        widths.remove(at);
        for cells in &mut table {
            cells.remove(at);
        }
    }
    hidden.reverse();
    Listing {
        headings: columns
            .iter()
            .map(|c| (short_heading(c, &columns), c.align()))
            .collect(),
        rows: table,
        breaks,
        hidden,
    }
}

/// `n_estimators` for `model.n_estimators`, unless another column would be called the same.
fn short_heading(column: &Column, columns: &[Column]) -> String {
    let last = |column: &Column| match column {
        Column::Value(Target::Param(name)) => name.rsplit('.').next().unwrap_or(name).to_owned(),
        other => other.heading(),
    };
    let short = last(column);
    let twins = columns.iter().filter(|other| last(other) == short).count();
    if twins == 1 { short } else { column.heading() }
}

fn damaged(columns: &[Column], id: &str, why: &str) -> Vec<String> {
    let cell = |column: &Column| match column {
        Column::Value(Target::Attribute(Attribute::Id)) => id.to_owned(),
        Column::State => format!("unreadable: {why}"),
        _ => String::new(),
    };
    columns.iter().map(cell).collect()
}

/// Display width of a column's widest cell; a damaged row's reason is cut rather than counted.
fn widest(column: usize, table: &[Vec<String>]) -> usize {
    let cells = table.iter().filter_map(|row| row.get(column));
    let shown = cells.filter(|cell| !cell.starts_with("unreadable: "));
    shown.map(|cell| printable(cell).width()).max().unwrap_or(0)
}

/// Display width of the widest line.
fn total(columns: &[Column], widths: &[usize]) -> usize {
    let shown = columns.iter().zip(widths).map(|(column, width)| {
        let heading = short_heading(column, columns).width();
        heading.max(*width) + 2
    });
    shown.sum::<usize>().saturating_sub(2)
}

/// The rows by yardstick, in order of first appearance, and what is said where one group ends.
fn groups(
    rows: &[Row],
    primary: Option<&str>,
    settings: &ProjectSettings,
) -> (Vec<usize>, Vec<(usize, String)>) {
    let Some(metric) = primary else {
        return ((0..rows.len()).collect(), Vec::new());
    };
    let rules = Rules::from(settings);
    let mut groups = Groups::default();
    let mut members: Vec<Vec<usize>> = Vec::new();
    let (mut before, mut apart) = (Vec::new(), Vec::new());
    let mut last = None;
    for (at, row) in rows.iter().enumerate() {
        let Row::Run(item) = row else {
            apart.push(at);
            continue;
        };
        // What was not measured needs no yardstick: it stays where it is.
        if !item.run.metrics.contains_key(metric) {
            last.map_or(&mut before, |group: usize| &mut members[group])
                .push(at);
            continue;
        }
        let group = groups.place(Ruler::of(&item.run, metric, &rules));
        members.resize_with(groups.len(), Vec::new);
        members[group].push(at);
        last = Some(group);
    }
    let mut order = Vec::with_capacity(rows.len());
    order.append(&mut before);
    let mut breaks = Vec::new();
    for (at, members) in members.iter().enumerate() {
        if at > 0 {
            let difference = groups.difference(at - 1, at);
            let text = format!("below: {difference}, not comparable with the lines above");
            breaks.push((order.len(), text));
        }
        order.extend(members);
    }
    order.extend(apart);
    (order, breaks)
}
