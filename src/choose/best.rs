//! Which run is best.

use std::collections::BTreeSet;

use super::noise::{self, Noise};
use super::yardstick::Ruler;
use crate::compare::Rules;
use crate::compare::axis::State;
use crate::error::{Failure, Result};
use crate::model::metric::{Goal, Yardstick, yardstick};
use crate::model::{Brief, Number, Status, Uid};
use crate::settings::ProjectSettings;

/// What the person asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// By this metric and not the primary one.
    pub metric: Option<String>,
    /// A test metric is meant, and its price is known.
    pub by_test: bool,
    /// Runs of uncommitted code may win.
    pub allow_dirty: bool,
    /// On the yardstick of this run; else of the newest that may win.
    pub like: Option<Uid>,
}

/// Why a run could not win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excluded {
    /// It is not finished with success.
    Status(Status),
    /// It has no such metric.
    NoMetric,
    /// The metric is NaN or infinite.
    NotFinite,
    /// Its code was not committed.
    Dirty,
    /// It was measured otherwise; in words.
    Yardstick(String),
}

/// The choice.
#[derive(Clone, Debug)]
pub struct Best {
    /// The metric it was made by.
    pub metric: String,
    /// Which way is better.
    pub goal: Goal,
    /// Runs that could win, best first, as indices; never empty. Of equals the earlier run is first.
    pub ranking: Vec<usize>,
    /// The others, and why.
    pub excluded: Vec<(usize, Excluded)>,
    /// Whether the records say what those were measured on.
    pub known: bool,
    /// The spread of repeats of the winner, else of the second.
    pub noise: Option<Noise>,
}

/// Why there is no choice.
#[derive(Debug)]
pub enum NoChoice {
    /// The question makes no sense as it was put.
    Failure(Failure),
    /// No run could win; each with its reason.
    Nobody(String, Vec<(usize, Excluded)>),
}

/// Chooses among runs in order of number.
///
/// # Errors
/// An unknown metric, one without a goal, and a test metric that was not asked for as such.
pub fn best(
    runs: &[Brief],
    settings: &ProjectSettings,
    options: &Options,
) -> Result<Best, NoChoice> {
    let (metric, goal) = metric(runs, settings, options).map_err(NoChoice::Failure)?;
    let mut excluded = Vec::new();
    let mut able = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        match obstacle(run, &metric, options) {
            Some(why) => excluded.push((index, why)),
            None => able.push(index),
        }
    }
    let reference = match &options.like {
        Some(uid) => runs.iter().find(|run| run.uid == *uid),
        None => able
            .iter()
            .map(|index| &runs[*index])
            .max_by_key(|run| (run.started, run.number)),
    };
    let Some(reference) = reference else {
        return Err(NoChoice::Nobody(metric, excluded));
    };
    let rules = Rules::from(settings);
    let ruler = Ruler::of(reference, &metric, &rules);
    let known = ruler.is_known();
    let mut ranking = Vec::new();
    for index in able {
        let own = Ruler::of(&runs[index], &metric, &rules);
        match ruler.against(&own) {
            State::Same => ranking.push(index),
            State::Unknown if !known && !own.is_known() => ranking.push(index),
            State::Unknown if !known => {
                let others = "rows that the records name".to_owned();
                excluded.push((index, Excluded::Yardstick(others)));
            }
            _ => excluded.push((index, Excluded::Yardstick(ruler.difference(&own)))),
        }
    }
    if ranking.is_empty() {
        return Err(NoChoice::Nobody(metric, excluded));
    }
    excluded.sort_by_key(|(index, _)| *index);
    let value = |index: &usize| {
        runs[*index]
            .metric(&metric)
            .map_or(f64::NAN, Number::as_f64)
    };
    ranking.sort_by(|a, b| {
        let order = value(a).total_cmp(&value(b));
        if goal == Goal::Min {
            order
        } else {
            order.reverse()
        }
    });
    let noise = ranking
        .iter()
        .take(2)
        .find_map(|index| noise::of(&runs[*index], runs, &metric));
    Ok(Best {
        metric,
        goal,
        ranking,
        excluded,
        noise,
        known,
    })
}

/// Whatever keeps a run from winning on any yardstick.
fn obstacle(run: &Brief, metric: &str, options: &Options) -> Option<Excluded> {
    if run.status != Status::Ok {
        return Some(Excluded::Status(run.status));
    }
    match run.metric(metric) {
        None => Some(Excluded::NoMetric),
        Some(number) if !number.is_finite() => Some(Excluded::NotFinite),
        Some(_) if run.dirty && !options.allow_dirty => Some(Excluded::Dirty),
        Some(_) => None,
    }
}

fn metric(runs: &[Brief], settings: &ProjectSettings, options: &Options) -> Result<(String, Goal)> {
    let names: BTreeSet<String> = runs
        .iter()
        .flat_map(|run| run.metrics.keys())
        .cloned()
        .collect();
    if names.is_empty() {
        return Err(Failure::new("no run has metrics yet")
            .hint("finish a run with them: git exp finish --metrics metrics.json"));
    }
    let list = || names.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    let chosen = options
        .metric
        .clone()
        .or_else(|| super::primary(&names, settings));
    let Some(metric) = chosen else {
        return Err(Failure::new("it is not known by which metric to choose")
            .because(format!("there are {}", list()))
            .hint("name one: git exp best --by METRIC")
            .hint("or for good, in experiments/exp.toml: primary = \"METRIC\""));
    };
    if !names.contains(&metric) {
        let nearest = names
            .iter()
            .map(|name| (strsim::jaro_winkler(name, &metric), name))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(likeness, _)| *likeness > 0.75);
        let failure = Failure::new(format!("no run has a metric `{metric}`"));
        return Err(match nearest {
            Some((_, name)) => failure.hint(format!("did you mean `{name}`?")),
            None => failure.hint(format!("there are {}", list())),
        });
    }
    if yardstick(&metric) == Some(Yardstick::Test) && !options.by_test {
        return Err(Failure::new(format!("`{metric}` is measured on test data"))
            .because("whoever chooses by test data has no test data left")
            .hint("choose by a validation metric: git exp best --by METRIC")
            .hint(format!(
                "if that is meant: git exp best --by {metric} --by-test"
            )));
    }
    match settings.goal(&metric) {
        Some(goal @ (Goal::Max | Goal::Min)) => Ok((metric, goal)),
        Some(Goal::Info) => Err(Failure::new(format!(
            "`{metric}` is information: no value of it is better"
        ))
        .hint(format!(
            "if one is, say so in experiments/exp.toml: [metrics] {metric} = \"min\""
        ))),
        None => Err(
            Failure::new(format!("it is not known whether a high `{metric}` is good")).hint(
                format!(
                    "say so in experiments/exp.toml: [metrics] \"{metric}\" = \"max\" (or \"min\")"
                ),
            ),
        ),
    }
}
