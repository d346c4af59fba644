//! What a metric was measured with. Two values from different yardsticks can't be compared.
//!
//! The rule of `git exp diff`, as far as records go and without two runs taken apart for each pair:
//! lists, choices and reports all group by it.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::Rules;
use crate::compare::axis::State;
use crate::model::metric::{Yardstick, yardstick};
use crate::model::{Brief, Oid, Param, RecordPath, Run, Sha256};

/// Rows of which nobody knows which they are.
pub const UNNAMED: &str = "rows that no record names";

/// A data input.
#[derive(Clone, Copy, Debug)]
struct Input<'r> {
    role: &'r str,
    path: &'r RecordPath,
    sha256: Option<&'r Sha256>,
    /// What git calls the content: equal where only line endings differ.
    blob: Option<&'r Oid>,
    /// Its digest is of no single state.
    unstable: bool,
}

impl Input<'_> {
    /// Whether two inputs have the same content; `None` when nothing tells.
    fn same_content(&self, other: &Self) -> Option<bool> {
        if self.unstable || other.unstable {
            return None;
        }
        if self.blob.zip(other.blob).is_some_and(|(a, b)| a == b) {
            return Some(true);
        }
        self.sha256.zip(other.sha256).map(|(a, b)| a == b)
    }
}

/// The data, the split and the code that a metric of a run was measured with.
#[derive(Clone, Debug)]
pub struct Ruler<'r> {
    role: Yardstick,
    data: Vec<Input<'r>>,
    split: Option<&'r str>,
    params: &'r BTreeMap<String, Param>,
    metric_code: &'r [String],
    code_tree: Option<&'r Oid>,
    rules: &'r Rules,
}

/// How two rulers differ; the most decisive reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Code,
    Rows,
    Split,
}

impl<'r> Ruler<'r> {
    /// The ruler of a metric in a run of a list.
    pub fn of(run: &'r Brief, metric: &str, rules: &'r Rules) -> Self {
        let input = |input: &'r crate::model::brief::DataBrief| -> Input<'r> {
            Input {
                role: &input.role,
                path: &input.path,
                sha256: input.sha256.as_ref(),
                blob: input.blob.as_ref(),
                unstable: input.unstable,
            }
        };
        Self {
            role: rules.role(metric),
            data: run.data.iter().map(input).collect(),
            split: run.split.as_deref(),
            params: &run.params,
            metric_code: &run.metric_code,
            code_tree: run.code_tree.as_ref(),
            rules,
        }
    }

    /// The ruler of a metric in a whole record.
    pub fn of_record(run: &'r Run, metric: &str, rules: &'r Rules) -> Self {
        let input = |input: &'r crate::model::data::DataInput| -> Input<'r> {
            Input {
                role: &input.role,
                path: &input.path,
                sha256: input.sha256.as_ref(),
                blob: input.blob.as_ref(),
                unstable: input.unstable,
            }
        };
        Self {
            role: rules.role(metric),
            data: run.data.iter().map(input).collect(),
            split: run.eval.split.as_deref(),
            params: &run.params,
            metric_code: &run.eval.metric_code,
            code_tree: run.code.code_tree.as_ref(),
            rules,
        }
    }

    /// Whether the record says what was measured with.
    pub fn is_known(&self) -> bool {
        self.against(self) == State::Same
    }

    /// Whether another ruler measures the same.
    pub fn against(&self, other: &Self) -> State {
        self.compare(other).0
    }

    /// What another ruler measures, in words.
    pub fn difference(&self, other: &Self) -> String {
        match self.compare(other) {
            (_, Some(Part::Code)) => "other metric code".to_owned(),
            (_, Some(Part::Split)) => "another split".to_owned(),
            (_, Some(Part::Rows)) => {
                let rows = match self.role {
                    Yardstick::Train => "training",
                    Yardstick::Val => "validation",
                    Yardstick::Test => "test",
                };
                format!("other {rows} rows")
            }
            (State::Unknown, None) => UNNAMED.to_owned(),
            (_, None) => "the same rows".to_owned(),
        }
    }

    fn compare(&self, other: &Self) -> (State, Option<Part>) {
        let code = self.metric_code(other);
        if code == State::Changed {
            return (code, Some(Part::Code));
        }
        let (rows, part) = self.rows(other);
        (
            State::of([rows, code]),
            part.filter(|_| rows == State::Changed),
        )
    }

    fn rows(&self, other: &Self) -> (State, Option<Part>) {
        let is_own = |role: &str| yardstick(role) == Some(self.role);
        let owns = |ruler: &Self| ruler.data.iter().any(|input| is_own(input.role));
        if self.role == Yardstick::Train {
            return (self.training(other), Some(Part::Rows));
        }
        match (owns(self), owns(other)) {
            (true, true) => (self.inputs(other, is_own), Some(Part::Rows)),
            (false, false) => match self.training(other) {
                State::Changed => (State::Changed, Some(Part::Rows)),
                _ if self.split_changed(other) => (State::Changed, Some(Part::Split)),
                same => (same, None),
            },
            // Cut from the training data in the one and a file of its own in the other.
            _ => (State::Unknown, None),
        }
    }

    /// Compares what was learnt from, which the other rows would be cut from.
    fn training(&self, other: &Self) -> State {
        let is_train = |role: &str| yardstick(role) == Some(Yardstick::Train);
        let is_learnt =
            |role: &str| !matches!(yardstick(role), Some(Yardstick::Val | Yardstick::Test));
        let has =
            |ruler: &Self, is: &dyn Fn(&str) -> bool| ruler.data.iter().any(|input| is(input.role));
        if self.data.is_empty() || other.data.is_empty() {
            return State::Unknown;
        }
        match (has(self, &is_train), has(other, &is_train)) {
            (true, true) => self.inputs(other, is_train),
            (false, false) if has(self, &is_learnt) || has(other, &is_learnt) => {
                self.inputs(other, is_learnt)
            }
            _ => State::Unknown,
        }
    }

    /// Compares the inputs of some roles by content, role for role.
    fn inputs(&self, other: &Self, wanted: impl Fn(&str) -> bool) -> State {
        let inputs = |ruler: &Self| -> Vec<Input<'r>> {
            ruler
                .data
                .iter()
                .filter(|input| wanted(input.role))
                .copied()
                .collect()
        };
        let (mut left, mut right) = (inputs(self), inputs(other));
        // Equal content first, then the same path: so `git exp diff` pairs them.
        let same: [fn(&Input<'_>, &Input<'_>) -> bool; 3] = [
            |a, b| a.same_content(b) == Some(true),
            |a, b| a.path == b.path,
            |_, _| true,
        ];
        let mut state = State::Same;
        for same in same {
            left.retain(|a| {
                let twin = |b: &Input<'_>| a.role == b.role && same(a, b);
                let Some(at) = right.iter().position(twin) else {
                    return true;
                };
                let b = right.remove(at);
                state = state.max(match a.same_content(&b) {
                    Some(same) => State::changed(!same),
                    None => State::Unknown,
                });
                false
            });
        }
        match left.is_empty() && right.is_empty() {
            true => state,
            false => State::Changed,
        }
    }

    /// The keys of the split decide where both runs have some, else its description.
    fn split_changed(&self, other: &Self) -> bool {
        let keys = |ruler: &Self| -> BTreeSet<&'r String> {
            let names = ruler.params.keys();
            names.filter(|name| self.rules.is_split_key(name)).collect()
        };
        let (own, others) = (keys(self), keys(other));
        let differs = |name: &&String| match (self.params.get(*name), other.params.get(*name)) {
            (Some(a), Some(b)) => !a.same_value(b),
            _ => true,
        };
        let by_key = own.union(&others).any(differs);
        if by_key || (!own.is_empty() && !others.is_empty()) {
            return by_key;
        }
        matches!((self.split, other.split), (Some(a), Some(b)) if a != b)
    }

    fn metric_code(&self, other: &Self) -> State {
        let (a, b) = (self.metric_code, other.metric_code);
        if !a.is_empty() && !b.is_empty() {
            return State::changed(a != b);
        }
        if !self.rules.names_metric_code && a.is_empty() && b.is_empty() {
            return State::Same;
        }
        match self.code_tree.zip(other.code_tree) {
            Some((a, b)) if a == b => State::Same,
            _ => State::Unknown,
        }
    }
}

/// Runs by what they were measured with, in the order in which they come.
#[derive(Clone, Debug, Default)]
pub struct Groups<'r> {
    /// The first run of each group speaks for it. The group of those that can't be told apart from
    /// another, nor put into one, has no speaker.
    speakers: Vec<Option<Ruler<'r>>>,
}

impl<'r> Groups<'r> {
    /// The group of a run; a new one is the last.
    pub fn place(&mut self, ruler: Ruler<'r>) -> usize {
        let mut doubt = !ruler.is_known();
        if !doubt {
            for (index, speaker) in self.speakers.iter().enumerate() {
                match speaker.as_ref().map(|speaker| speaker.against(&ruler)) {
                    Some(State::Same) => return index,
                    Some(State::Unknown) => doubt = true,
                    Some(State::Changed) | None => {}
                }
            }
        }
        if doubt && let Some(index) = self.speakers.iter().position(Option::is_none) {
            return index;
        }
        self.speakers.push((!doubt).then_some(ruler));
        self.speakers.len() - 1
    }

    /// Whether it is known what the runs of a group were measured with.
    pub fn is_known(&self, index: usize) -> bool {
        self.speakers.get(index).is_some_and(Option::is_some)
    }

    /// How many groups of known yardsticks there are.
    pub fn known(&self) -> usize {
        self.speakers.iter().flatten().count()
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.speakers.len()
    }

    /// Whether no run was placed yet.
    pub fn is_empty(&self) -> bool {
        self.speakers.is_empty()
    }

    /// What a group was measured on beside another one, in words.
    pub fn difference(&self, from: usize, to: usize) -> String {
        let speaker = |index: usize| self.speakers.get(index)?.as_ref();
        match (speaker(from), speaker(to)) {
            (Some(from), Some(to)) => from.difference(to),
            (None, Some(_)) => "rows that the records name".to_owned(),
            (_, None) => UNNAMED.to_owned(),
        }
    }
}
