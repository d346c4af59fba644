//! Which runs a metric may be compared between: those that were measured on the same data.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use crate::model::metric::{Goal, Yardstick, yardstick};
use crate::model::{Run, Uid};

/// The runs of one metric, grouped by what they were measured on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The yardsticks in the order in which runs first used them.
    pub names: Vec<Group>,
    by_run: BTreeMap<Uid, usize>,
    best: BTreeSet<Uid>,
}

/// Stands for a yardstick that no record names.
pub const UNKNOWN: &str = "?";

/// One yardstick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `A`, `B`, …; `?` when the records don't say what was measured on.
    pub letter: String,
    /// The data in words: `test.csv 5d07ab13`.
    pub data: String,
    /// How many finished runs used it.
    pub runs: usize,
}

impl Groups {
    /// Groups the runs that have a value of the metric.
    pub fn of(facts: &Facts<'_>, metric: &str) -> Self {
        let mut groups = Self::default();
        let mut seen: Vec<Option<String>> = Vec::new();
        for run in facts.finished() {
            if facts.number(run, metric).is_none() {
                continue;
            }
            let key = key(facts, run, metric);
            let index = match seen.iter().position(|other| *other == key) {
                Some(index) => index,
                None => {
                    let known = seen.iter().flatten().count();
                    groups.names.push(Group {
                        letter: key
                            .as_ref()
                            .map_or_else(|| UNKNOWN.to_owned(), |_| letter(known)),
                        data: measured_on(facts, run, metric).unwrap_or_default(),
                        runs: 0,
                    });
                    seen.push(key);
                    seen.len() - 1
                }
            };
            groups.names[index].runs += 1;
            groups.by_run.insert(run.uid.clone(), index);
        }
        groups.find_best(facts, metric);
        groups
    }

    /// The best of each group; of equal ones, all. One run alone is not the best of anything.
    fn find_best(&mut self, facts: &Facts<'_>, metric: &str) {
        if !matches!(facts.goal(metric), Some(Goal::Max | Goal::Min)) {
            return;
        }
        let mut tops: Vec<Option<f64>> = vec![None; self.names.len()];
        for (run, value) in facts.ranked(metric) {
            let Some(index) = self.index(run) else {
                continue;
            };
            let top = *tops[index].get_or_insert(value);
            let group = &self.names[index];
            if group.runs > 1 && group.letter != UNKNOWN && !facts.better(metric, top, value) {
                self.best.insert(run.uid.clone());
            }
        }
    }

    /// Whether a run has the best value of all that were measured on the same, known rows.
    pub fn is_best(&self, run: &Run) -> bool {
        self.best.contains(&run.uid)
    }

    /// Whether any run is the best of others.
    pub fn has_best(&self) -> bool {
        !self.best.is_empty()
    }

    /// The index of a run's group.
    pub fn index(&self, run: &Run) -> Option<usize> {
        self.by_run.get(&run.uid).copied()
    }

    /// A run's group.
    pub fn group(&self, run: &Run) -> Option<&Group> {
        self.names.get(self.index(run)?)
    }

    /// Whether two runs were measured on the same data; `None` when that is not recorded.
    pub fn comparable(&self, a: &Run, b: &Run) -> Option<bool> {
        let (a, b) = (self.index(a)?, self.index(b)?);
        let known = |index: usize| self.names[index].letter != UNKNOWN;
        if a == b {
            known(a).then_some(true)
        } else {
            (known(a) && known(b)).then_some(false)
        }
    }

    /// Whether there is more than one yardstick.
    pub fn differ(&self) -> bool {
        self.names.len() > 1
    }
}

fn letter(index: usize) -> String {
    let letters = u8::try_from(index % 26).unwrap_or_default();
    let round = index / 26;
    let tail = if round == 0 {
        String::new()
    } else {
        (round + 1).to_string()
    };
    format!("{}{tail}", char::from(b'A' + letters))
}

/// The role that a metric speaks of: by its name, else by `[eval] default`, else validation.
fn role(facts: &Facts<'_>, metric: &str) -> Yardstick {
    let default = facts.settings.eval.default.as_deref();
    yardstick(metric)
        .or_else(|| yardstick(default.unwrap_or("val")))
        .unwrap_or(Yardstick::Val)
}

/// The input that a metric was measured on: one with its role, else the training data, from which
/// the split rule cut those rows.
fn input<'r>(
    facts: &Facts<'_>,
    run: &'r Run,
    metric: &str,
) -> Option<&'r crate::model::data::DataInput> {
    let role = role(facts, metric);
    let of = |wanted: Yardstick| {
        run.data
            .iter()
            .find(move |input| yardstick(&input.role) == Some(wanted))
    };
    of(role).or_else(|| of(Yardstick::Train))
}

/// What must be equal for two values to be comparable. The seed is left out: repeats with other
/// seeds are how noise is measured.
fn key(facts: &Facts<'_>, run: &Run, metric: &str) -> Option<String> {
    let input = input(facts, run, metric)?;
    let mut key = input.sha256.as_ref()?.as_str().to_owned();
    if yardstick(&input.role) != Some(role(facts, metric)) {
        key.push_str(&format!("\n{:?}", run.eval.split));
    }
    for code in &run.eval.metric_code {
        key.push('\n');
        key.push_str(code);
    }
    Some(key)
}

fn measured_on(facts: &Facts<'_>, run: &Run, metric: &str) -> Option<String> {
    let input = input(facts, run, metric)?;
    let name = String::from_utf8_lossy(input.path.file_name()).into_owned();
    let digest = input.sha256.as_ref().map_or("?", |digest| digest.short());
    Some(format!("{name} {digest}"))
}
