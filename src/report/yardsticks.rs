//! Which runs a metric may be compared between: those that were measured on the same data.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use crate::choose::{self, Ruler};
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
    /// Groups the runs that have a value of the metric, by the rule of lists and choices.
    pub fn of(facts: &Facts<'_>, metric: &str) -> Self {
        let mut groups = Self::default();
        let mut rulers = choose::Groups::default();
        for run in facts.finished() {
            if facts.number(run, metric).is_none() {
                continue;
            }
            let known = rulers.known();
            let index = rulers.place(Ruler::of_record(run, metric, &facts.rules));
            if index == groups.names.len() {
                let is_known = rulers.is_known(index);
                groups.names.push(Group {
                    letter: match is_known {
                        true => letter(known),
                        false => UNKNOWN.to_owned(),
                    },
                    data: measured_on(facts, run, metric)
                        .filter(|_| is_known)
                        .unwrap_or_default(),
                    runs: 0,
                });
            }
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

fn measured_on(facts: &Facts<'_>, run: &Run, metric: &str) -> Option<String> {
    let input = input(facts, run, metric)?;
    let name = String::from_utf8_lossy(input.path.file_name()).into_owned();
    let digest = input.sha256.as_ref().map_or("?", |digest| digest.short());
    Some(format!("{name} {digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::axis::State;
    use crate::model::Brief;
    use crate::report::sample;
    use crate::report::story::Step;
    use crate::settings::Lang;

    /// Runs that were measured in every way that the rule tells apart.
    fn runs() -> Vec<Run> {
        let mut runs = sample::runs();
        runs[1].eval.split = Some("80/20".into());
        let changes: [fn(&mut Run); 12] = [
            |run| run.data.clear(),
            |run| run.eval.metric_code = vec!["src/metrics.py@e1f0".into()],
            |run| run.data[1].role = "val".into(),
            |run| run.data[1].role = "holdout".into(),
            |run| run.data[0].role = "raw".into(),
            |run| run.data[0].sha256 = None,
            |run| run.data[0].unstable = true,
            |run| run.data.push(run.data[1].clone()),
            |run| {
                for input in &mut run.data {
                    input.sha256 = Some(sample::digest("cc"));
                    input.blob = crate::model::Oid::parse(&"c".repeat(40));
                }
            },
            |run| {
                for input in &mut run.data {
                    input.blob = crate::model::Oid::parse(&"c".repeat(40));
                }
            },
            |run| {
                let ratio = crate::model::Param::text("0.8");
                run.params.insert("data.split.ratio".into(), ratio);
            },
            |run| {
                let ratio = crate::model::Param::text("0.9");
                run.params.insert("data.split.ratio".into(), ratio);
                run.eval.split = Some("90/10".into());
            },
        ];
        for (change, number) in changes.iter().zip(5..) {
            let mut run = sample::run(&format!("exp_{number:03}_odd"), "0.7", "0.7");
            change(&mut run);
            runs.push(run);
        }
        runs
    }

    /// Lists, choices and `git exp diff` must never disagree about what may be compared.
    #[test]
    fn one_rule_measures_lists_records_and_pairs() {
        let runs = runs();
        let mut settings = sample::settings();
        for named in [false, true] {
            if named {
                settings.eval.metric_code = vec!["src/metrics.py".into()];
            }
            let facts = Facts::new(runs.iter().collect(), &settings, Lang::En);
            let mut seen = BTreeMap::new();
            for (a, b) in runs.iter().flat_map(|a| runs.iter().map(move |b| (a, b))) {
                let step = Step::between(&facts, a, b);
                let briefs = (Brief::from(a), Brief::from(b));
                for metric in ["roc_auc_val", "roc_auc_test", "roc_auc_train"] {
                    let told = step.yardstick(facts.rules.role(metric));
                    let record = |run| Ruler::of_record(run, metric, &facts.rules);
                    let brief = |run| Ruler::of(run, metric, &facts.rules);
                    let names = (metric, a.id().to_string(), b.id().to_string());
                    assert_eq!(record(a).against(&record(b)), told, "{names:?}");
                    assert_eq!(
                        brief(&briefs.0).against(&brief(&briefs.1)),
                        told,
                        "{names:?}"
                    );
                    *seen.entry(told).or_insert(0) += 1;
                }
            }
            assert!(seen.values().all(|count| *count > 20), "{seen:?}");
            assert_eq!(seen.len(), 3, "same, changed and unknown were all met");
        }
    }

    /// Groups and `git exp diff` must never disagree about what may be compared.
    #[test]
    fn groups_agree_with_the_comparison_of_each_pair() {
        let mut runs = runs();
        // Known by two digests of one content, it belongs to two groups at once.
        runs.retain(|run| run.number != 14);
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
