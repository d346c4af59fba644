//! What a metric was measured with. Two values from different yardsticks can't be compared.

use crate::model::metric::{Yardstick, yardstick};
use crate::model::{Brief, Sha256};
use crate::settings::ProjectSettings;

/// The data, the split and the metric's code. Equal rulers measure the same.
///
/// Where the data that a metric speaks of is no input of its own, it was cut from the other inputs
/// by the split, so those are the ruler. What was not recorded is equal to what was not recorded:
/// without any record, nothing is known to differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruler {
    role: Yardstick,
    own: bool,
    data: Vec<Option<Sha256>>,
    split: Option<String>,
    metric_code: Vec<String>,
}

impl Ruler {
    /// The ruler of a metric in a run.
    pub fn of(run: &Brief, metric: &str, settings: &ProjectSettings) -> Self {
        let role = yardstick(metric)
            .or_else(|| settings.eval.default.as_deref().and_then(yardstick))
            .unwrap_or(Yardstick::Val);
        let digests = |wanted: &dyn Fn(Option<Yardstick>) -> bool| {
            let mut digests: Vec<Option<Sha256>> = run
                .data
                .iter()
                .filter(|input| wanted(yardstick(&input.role)))
                .map(|input| input.sha256.clone())
                .collect();
            digests.sort();
            digests
        };
        let own = digests(&|found| found == Some(role));
        if !own.is_empty() {
            return Self {
                role,
                own: true,
                data: own,
                split: None,
                metric_code: run.metric_code.clone(),
            };
        }
        let cut_from = |found| !matches!(found, Some(Yardstick::Val | Yardstick::Test));
        Self {
            role,
            own: false,
            data: digests(&cut_from),
            split: run.split.clone(),
            metric_code: run.metric_code.clone(),
        }
    }

    /// What makes another ruler another, in words.
    pub fn difference(&self, other: &Self) -> String {
        let rows = match self.role {
            Yardstick::Train => "training",
            Yardstick::Val => "validation",
            Yardstick::Test => "test",
        };
        if self.own != other.own || self.data != other.data {
            format!("other {rows} rows")
        } else if self.split != other.split {
            "another split".to_owned()
        } else {
            "other metric code".to_owned()
        }
    }
}
