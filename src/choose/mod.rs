//! Decisions from records: by which metric, on which yardstick, which run is best, and why the
//! others are not. Pure: runs in brief come in, reasons come out.

pub mod best;
pub mod noise;
pub mod yardstick;

pub use best::{Best, Excluded, Options, best};
pub use yardstick::{Groups, Ruler};

use std::collections::BTreeSet;

use crate::model::metric::{Goal, Yardstick, yardstick};
use crate::settings::ProjectSettings;

/// The metric that choices are made by: the project's, else the first validation metric with a
/// known goal, else the first with a known goal.
pub fn primary(names: &BTreeSet<String>, settings: &ProjectSettings) -> Option<String> {
    if let Some(primary) = &settings.primary {
        return Some(primary.clone());
    }
    let judged = |name: &&String| matches!(settings.goal(name), Some(Goal::Max | Goal::Min));
    let of = |wanted: Option<Yardstick>| {
        names
            .iter()
            .filter(judged)
            .find(|name| yardstick(name) == wanted)
            .cloned()
    };
    of(Some(Yardstick::Val))
        .or_else(|| of(None))
        .or_else(|| names.iter().find(judged).cloned())
}

/// The test metric beside a validation metric: `roc_auc_test` for `roc_auc_val`.
pub fn test_twin(metric: &str, names: &BTreeSet<String>) -> Option<String> {
    let stem = |name: &str| -> Vec<String> {
        name.to_ascii_lowercase()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| yardstick(word).is_none())
            .map(str::to_owned)
            .collect()
    };
    names
        .iter()
        .find(|name| {
            *name != metric
                && yardstick(name) == Some(Yardstick::Test)
                && stem(name) == stem(metric)
        })
        .cloned()
}
