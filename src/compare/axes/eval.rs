//! The eval axis: what the metrics were measured with. A changed yardstick makes numbers incomparable.

use crate::compare::axes::code::CodeAxis;
use crate::compare::axes::config::{ConfigAxis, KeyKind};
use crate::compare::axes::data::{
    DataAxis, InputChange, changed_roles, compare_inputs, gaps_of, is_yardstick,
};
use crate::compare::axis::{Gap, Sides, State};
use crate::compare::evidence::Evidence;
use crate::compare::rules::Rules;
use crate::model::Run;
use crate::model::metric::{Goal, Yardstick, yardstick};

/// How the yardsticks differ.
#[derive(Clone, Debug)]
pub struct EvalAxis {
    /// The whole.
    pub state: State,
    /// What is unknown.
    pub gaps: Vec<Gap>,
    /// Validation and test inputs, the same ones included.
    pub inputs: Vec<InputChange>,
    /// The split in words, before and after.
    pub split: (Option<String>, Option<String>),
    /// Whether the split rule changed, by its keys or in words.
    pub split_changed: bool,
    /// The code of the metrics.
    pub metric_code: State,
    /// Training rows.
    pub train: RoleState,
    /// Validation rows.
    pub val: RoleState,
    /// Test rows.
    pub test: RoleState,
}

/// What is known of one yardstick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleState {
    /// Whether it is the same.
    pub state: State,
    /// Why it changed, if it did.
    pub cause: Option<Cause>,
    /// Whether its rows are cut from the training data instead of being an input of their own.
    pub cut: bool,
}

/// Why a yardstick changed, the most decisive reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The code of the metrics changed.
    MetricCode,
    /// Its own file changed.
    Input,
    /// Its rows are cut from training data that changed.
    CutFromTrain,
    /// Its rows are cut by a split rule that changed.
    Split,
}

impl EvalAxis {
    /// Compares the yardsticks; the data, code and config axes are decided before.
    pub fn between(
        a: &Run,
        b: &Run,
        evidence: &Evidence<'_>,
        rules: &Rules,
        others: (&DataAxis, &CodeAxis, &ConfigAxis),
    ) -> Self {
        let (data, code, config) = others;
        let inputs = compare_inputs(a, b, &is_yardstick, &evidence.inside);
        let metric_code = metric_code(a, b, evidence, rules, code);
        let split_changed = split_changed(a, b, config, rules);
        let cut = (data.training_state(), split_changed);
        let role = |role| role_state(role, (a, b), &inputs, metric_code, cut);
        let (val, test) = (role(Yardstick::Val), role(Yardstick::Test));
        let train = train_state(metric_code, data);
        let mut gaps = gaps_of(&inputs);
        for input in &inputs {
            let sides = Sides::of(input.a.is_none(), input.b.is_none());
            gaps.extend(sides.map(|sides| Gap::NoInput {
                role: input.role.clone(),
                sides,
            }));
        }
        if metric_code == State::Unknown {
            gaps.push(Gap::MetricCode);
        }
        let nothing = Sides::of(a.data.is_empty(), b.data.is_empty());
        gaps.extend(nothing.map(Gap::NotRecorded));
        Self {
            state: State::of([
                if measures(Yardstick::Val, (a, b), rules) {
                    val.state
                } else {
                    State::Same
                },
                if measures(Yardstick::Test, (a, b), rules) {
                    test.state
                } else {
                    State::Same
                },
                State::changed(split_changed),
            ]),
            gaps,
            inputs,
            split: (a.eval.split.clone(), b.eval.split.clone()),
            split_changed,
            metric_code,
            train,
            val,
            test,
        }
    }

    /// What is known of a yardstick.
    pub fn role(&self, role: Yardstick) -> RoleState {
        match role {
            Yardstick::Train => self.train,
            Yardstick::Val => self.val,
            Yardstick::Test => self.test,
        }
    }

    /// Validation and test roles whose own data changed: one factor a role.
    pub fn changed_roles(&self) -> Vec<&str> {
        let both = |input: &&InputChange| input.a.is_some() && input.b.is_some();
        let inputs: Vec<InputChange> = self.inputs.iter().filter(both).cloned().collect();
        let changed: Vec<String> = changed_roles(&inputs)
            .into_iter()
            .map(str::to_owned)
            .collect();
        let mut roles: Vec<&str> = self.inputs.iter().map(|i| i.role.as_str()).collect();
        roles.dedup();
        roles.retain(|role| changed.iter().any(|c| c == role));
        roles
    }
}

/// Whether a yardstick is one at all here: an input has its role, or a metric was measured with it;
/// before there are metrics, the one that the project's choices are made by.
fn measures(role: Yardstick, (a, b): (&Run, &Run), rules: &Rules) -> bool {
    let mut inputs = a.data.iter().chain(&b.data);
    let mut metrics = a.metrics.keys().chain(b.metrics.keys());
    let judged = |name: &&String| rules.goal(name) != Some(Goal::Info);
    let expected = rules.primary.as_deref().unwrap_or_default();
    inputs.any(|input| yardstick(&input.role) == Some(role))
        || metrics.any(|name| judged(&name) && rules.role(name) == role)
        || (a.metrics.is_empty() && b.metrics.is_empty() && rules.role(expected) == role)
}

/// Whether the code that computes the metrics changed: by what the caller saw, by what the records
/// keep of it, or because no code changed at all.
fn metric_code(a: &Run, b: &Run, evidence: &Evidence<'_>, rules: &Rules, code: &CodeAxis) -> State {
    if let Some(changed) = evidence.metric_code_changed {
        return State::changed(changed);
    }
    let (before, after) = (&a.eval.metric_code, &b.eval.metric_code);
    if !before.is_empty() && !after.is_empty() {
        return State::changed(before != after);
    }
    if !rules.names_metric_code && before.is_empty() && after.is_empty() {
        // Nobody said which code measures; a changed program is then told on the code axis alone.
        return State::Same;
    }
    if code.state == State::Same {
        State::Same
    } else {
        State::Unknown
    }
}

/// Whether the split rule changed. Its keys decide where both runs have some; words are compared only
/// when both runs have them, for a description that was added later says nothing of the split.
fn split_changed(a: &Run, b: &Run, config: &ConfigAxis, rules: &Rules) -> bool {
    let by_key = config
        .keys
        .iter()
        .any(|key| key.splits && key.kind != KeyKind::Spelling);
    let has_keys = |run: &Run| run.params.keys().any(|key| rules.is_split_key(key));
    if by_key || (has_keys(a) && has_keys(b)) {
        return by_key;
    }
    matches!((&a.eval.split, &b.eval.split), (Some(a), Some(b)) if a != b)
}

fn train_state(metric_code: State, data: &DataAxis) -> RoleState {
    let training = data.training_state();
    let cause = match (metric_code, training) {
        (State::Changed, _) => Some(Cause::MetricCode),
        (_, State::Changed) => Some(Cause::Input),
        _ => None,
    };
    RoleState {
        state: State::of([metric_code, training]),
        cause,
        cut: false,
    }
}

fn role_state(
    role: Yardstick,
    (a, b): (&Run, &Run),
    inputs: &[InputChange],
    metric_code: State,
    (training, split_changed): (State, bool),
) -> RoleState {
    let own = |run: &Run| run.data.iter().any(|i| yardstick(&i.role) == Some(role));
    let (state, cause, cut) = match (own(a), own(b)) {
        (true, true) => {
            let of_role = inputs.iter().filter(|i| yardstick(&i.role) == Some(role));
            let one_sided = |input: &InputChange| input.a.is_none() || input.b.is_none();
            let state = State::of(of_role.map(|input| {
                if one_sided(input) {
                    State::Changed
                } else {
                    input.kind.state()
                }
            }));
            (state, Cause::Input, false)
        }
        (false, false) if training == State::Changed => (State::Changed, Cause::CutFromTrain, true),
        (false, false) if split_changed => (State::Changed, Cause::Split, true),
        (false, false) => (training, Cause::CutFromTrain, true),
        // Cut from the training data in one run and a file of its own in the other, or not recorded.
        _ => (State::Unknown, Cause::Input, false),
    };
    if metric_code == State::Changed {
        return RoleState {
            state: State::Changed,
            cause: Some(Cause::MetricCode),
            cut,
        };
    }
    RoleState {
        state: State::of([state, metric_code]),
        cause: (state == State::Changed).then_some(cause),
        cut,
    }
}
