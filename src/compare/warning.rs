//! What the numbers alone don't say and a reader has to know.

use super::axes::Axes;
use super::axes::data::InputChange;
use super::axis::{Sides, State};
use super::metrics::{Judgement, MetricRow, stem};
use crate::model::metric::{Goal, Yardstick};
use crate::model::{Run, Status};

/// A caution that stands below the metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Validation got better while test got worse: the choice may fit the validation rows.
    ValBetterTestWorse {
        /// The validation metric.
        val: String,
        /// The test metric.
        test: String,
        /// Which way is better.
        goal: Goal,
    },
    /// The primary metric is a test metric: choosing by it makes test a validation set.
    PrimaryIsTest(String),
    /// What some metrics were measured on is not recorded.
    YardstickUnknown(Vec<String>),
    /// The seed changed, and the validation rows are cut from the training data: they may have moved
    /// with it.
    SeedMaySplit,
    /// A run did not end well: its metrics may be partial.
    NotFinished {
        /// Which one.
        sides: Sides,
        /// How it stands.
        status: Status,
    },
    /// A data file changed while it was read.
    Unstable {
        /// Its role.
        role: String,
        /// Where.
        sides: Sides,
    },
}

/// Gathers the warnings of a comparison.
pub fn warnings(a: &Run, b: &Run, axes: &Axes, rows: &[MetricRow]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    warnings.extend(overfitted(rows));
    let test = rows
        .iter()
        .find(|row| row.primary && row.role == Yardstick::Test);
    warnings.extend(test.map(|row| Warning::PrimaryIsTest(row.name.clone())));
    let untold: Vec<String> = rows
        .iter()
        .filter(|row| row.is_shared() && row.yardstick == State::Unknown)
        .map(|row| row.name.clone())
        .collect();
    if !untold.is_empty() {
        warnings.push(Warning::YardstickUnknown(untold));
    }
    let cut = rows
        .iter()
        .any(|row| row.is_shared() && row.role != Yardstick::Train && axes.eval.role(row.role).cut);
    if cut && axes.seed.state == State::Changed && axes.eval.state == State::Same {
        warnings.push(Warning::SeedMaySplit);
    }
    warnings.extend(unfinished(a, b));
    warnings.extend(
        axes.data
            .inputs
            .iter()
            .chain(&axes.eval.inputs)
            .filter_map(unstable),
    );
    warnings
}

/// A fall of less than this share of the rise is no fall to speak of.
const SHARE: f64 = 0.1;

fn overfitted(rows: &[MetricRow]) -> Option<Warning> {
    let size = |row: &MetricRow| row.delta.as_ref().map_or(0.0, |delta| delta.as_f64().abs());
    let beyond_noise = |row: &MetricRow| row.noise.as_ref().is_none_or(|noise| !noise.within());
    rows.iter()
        .filter(|row| row.role == Yardstick::Val && row.judgement == Judgement::Better)
        .filter(|row| beyond_noise(row))
        .find_map(|val| {
            let test = rows.iter().find(|row| {
                row.role == Yardstick::Test
                    && row.judgement == Judgement::Worse
                    && beyond_noise(row)
                    && size(row) >= SHARE * size(val)
                    && row.goal == val.goal
                    && stem(&row.name) == stem(&val.name)
            })?;
            Some(Warning::ValBetterTestWorse {
                val: val.name.clone(),
                test: test.name.clone(),
                goal: val.goal?,
            })
        })
}

fn unfinished(a: &Run, b: &Run) -> Vec<Warning> {
    if a.status == b.status {
        let both = Warning::NotFinished {
            sides: Sides::Both,
            status: a.status,
        };
        return if a.status == Status::Ok {
            Vec::new()
        } else {
            vec![both]
        };
    }
    [(a, Sides::A), (b, Sides::B)]
        .into_iter()
        .filter(|(run, _)| run.status != Status::Ok)
        .map(|(run, sides)| Warning::NotFinished {
            sides,
            status: run.status,
        })
        .collect()
}

fn unstable(input: &InputChange) -> Option<Warning> {
    let on = |side: &Option<crate::model::data::DataInput>| {
        side.as_ref().is_some_and(|input| input.unstable)
    };
    let sides = Sides::of(on(&input.a), on(&input.b))?;
    Some(Warning::Unstable {
        role: input.role.clone(),
        sides,
    })
}
