//! Which runs a metric may be compared between: those that were measured on the same data.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::story::Step;
use crate::compare::axis::State;
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
    /// Groups the runs that have a value of the metric, by the same comparison as `git exp diff`.
    pub fn of(facts: &Facts<'_>, metric: &str) -> Self {
        let mut groups = Self::default();
        // The first run of each group speaks for it; the unknown group has no speaker.
        let mut speakers: Vec<Option<&Run>> = Vec::new();
        for run in facts.finished() {
            if facts.number(run, metric).is_none() {
                continue;
            }
            let index = match place(facts, &speakers, run, metric) {
                Place::Group(index) => index,
                place => {
                    let known = speakers.iter().flatten().count();
                    let is_new = matches!(place, Place::New);
                    speakers.push(is_new.then_some(run));
                    groups.names.push(Group {
                        letter: if is_new {
                            letter(known)
                        } else {
                            UNKNOWN.to_owned()
                        },
                        data: measured_on(facts, run, metric)
                            .filter(|_| is_new)
                            .unwrap_or_default(),
                        runs: 0,
                    });
                    speakers.len() - 1
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

/// The input that a metric was measured on: one with its role, else the training data, from which
/// the split rule cut those rows.
fn input<'r>(
    facts: &Facts<'_>,
    run: &'r Run,
    metric: &str,
) -> Option<&'r crate::model::data::DataInput> {
    let role = facts.rules.role(metric);
    let of = |wanted: Yardstick| {
        run.data
            .iter()
            .find(move |input| yardstick(&input.role) == Some(wanted))
    };
    of(role).or_else(|| of(Yardstick::Train))
}

/// Where a run belongs.
enum Place {
    Group(usize),
    New,
    Unknown,
}

/// Finds the group whose first run was measured on the same data. What can't be told apart from a
/// known group, nor put into one, is unknown.
fn place(facts: &Facts<'_>, speakers: &[Option<&Run>], run: &Run, metric: &str) -> Place {
    let unknown = || match speakers.iter().position(Option::is_none) {
        Some(index) => Place::Group(index),
        None => Place::Unknown,
    };
    let digest = input(facts, run, metric).and_then(|input| input.sha256.as_ref());
    if digest.is_none() {
        return unknown();
    }
    let role = facts.rules.role(metric);
    let mut doubt = false;
    for (index, speaker) in speakers.iter().enumerate() {
        let Some(speaker) = speaker else { continue };
        match Step::between(facts, speaker, run).yardstick(role) {
            State::Same => return Place::Group(index),
            State::Changed => {}
            State::Unknown => doubt = true,
        }
    }
    if doubt { unknown() } else { Place::New }
}

fn measured_on(facts: &Facts<'_>, run: &Run, metric: &str) -> Option<String> {
    let input = input(facts, run, metric)?;
    let name = String::from_utf8_lossy(input.path.file_name()).into_owned();
    let digest = input.sha256.as_ref().map_or("?", |digest| digest.short());
    Some(format!("{name} {digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::settings::Lang;

    /// Groups and `git exp diff` must never disagree about what may be compared.
    #[test]
    fn groups_agree_with_the_comparison_of_each_pair() {
        let mut runs = sample::runs();
        runs[1].eval.split = Some("80/20".into());
        runs.push(sample::run("exp_005_no_data", "0.7", "0.7"));
        runs[4].data.clear();
        runs.push(sample::run("exp_006_metric_code", "0.7", "0.7"));
        runs[5].eval.metric_code = vec!["src/metrics.py@e1f0".into()];
        let settings = sample::settings();
        let facts = Facts::new(runs.iter().collect(), &settings, Lang::En);
        let mut seen = BTreeSet::new();
        for metric in ["roc_auc_val", "roc_auc_test"] {
            let groups = Groups::of(&facts, metric);
            for (a, b) in runs.iter().flat_map(|a| runs.iter().map(move |b| (a, b))) {
                if a.uid == b.uid {
                    continue;
                }
                let step = Step::between(&facts, a, b);
                let expected = match step.yardstick(facts.rules.role(metric)) {
                    State::Same => Some(true),
                    State::Changed => Some(false),
                    State::Unknown => None,
                };
                seen.insert(expected);
                let told = groups.comparable(a, b);
                let names = (a.id().to_string(), b.id().to_string());
                // A pair may leave open what groups conclude through a third run, or the other way
                // round; a contradiction there must never be.
                let open = told.is_none() || expected.is_none();
                assert!(
                    open || told == expected,
                    "{metric} {names:?} {told:?} {expected:?}"
                );
            }
        }
        assert_eq!(seen.len(), 3, "same, changed and unknown were all met");
    }
}
