//! The data axis: inputs by role, compared by content. Paths may change without any difference.

use crate::compare::axis::{Gap, Sides, State};
use crate::compare::evidence::{Difference, Inside};
use crate::model::data::DataInput;
use crate::model::metric::{Yardstick, yardstick};
use crate::model::{RecordPath, Run};

/// How data inputs differ.
#[derive(Clone, Debug)]
pub struct DataAxis {
    /// The whole.
    pub state: State,
    /// What is unknown.
    pub gaps: Vec<Gap>,
    /// Each input, the same ones included.
    pub inputs: Vec<InputChange>,
}

/// One data input in both runs.
#[derive(Clone, Debug)]
pub struct InputChange {
    /// Its role.
    pub role: String,
    /// In the first run.
    pub a: Option<DataInput>,
    /// In the second run.
    pub b: Option<DataInput>,
    /// What happened to it.
    pub kind: InputKind,
    /// What changed inside, if the caller looked.
    pub inside: Option<Difference>,
}

/// What happened to an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// The same content at the same path.
    Same,
    /// The same content at another path.
    Renamed,
    /// Other bytes, but git knows the same content: only line endings differ.
    LineEndings,
    /// Other content.
    Changed,
    /// Only in the second run.
    Added,
    /// Only in the first run.
    Removed,
    /// There is no digest to tell by.
    Unknown,
}

impl InputKind {
    /// The state that this means.
    pub fn state(self) -> State {
        match self {
            Self::Same | Self::Renamed | Self::LineEndings => State::Same,
            Self::Changed | Self::Added | Self::Removed => State::Changed,
            Self::Unknown => State::Unknown,
        }
    }
}

/// Whether a role is a yardstick (validation, test) rather than something to learn from.
pub fn is_yardstick(role: &str) -> bool {
    matches!(yardstick(role), Some(Yardstick::Val | Yardstick::Test))
}

impl DataAxis {
    /// Compares what was learnt from: every role that is no yardstick.
    pub fn between(a: &Run, b: &Run, inside: &[Inside]) -> Self {
        if let Some(sides) = Sides::of(a.data.is_empty(), b.data.is_empty()) {
            return Self {
                state: State::Unknown,
                gaps: vec![Gap::NotRecorded(sides)],
                inputs: Vec::new(),
            };
        }
        let learnt = |role: &str| !is_yardstick(role);
        let inputs = compare_inputs(a, b, &learnt, inside);
        let mut gaps = gaps_of(&inputs);
        // Every model learns from something: what one run calls `train` was not absent in the other.
        let mut states: Vec<State> = Vec::new();
        for input in &inputs {
            let one_sided = matches!(input.kind, InputKind::Added | InputKind::Removed);
            if one_sided
                && is_train(&input.role)
                && !has_train(if input.a.is_none() { a } else { b })
            {
                let sides = if input.a.is_none() {
                    Sides::A
                } else {
                    Sides::B
                };
                let role = input.role.clone();
                gaps.push(Gap::NoInput { role, sides });
                states.push(State::Unknown);
            } else {
                states.push(input.kind.state());
            }
        }
        Self {
            state: State::of(states),
            gaps,
            inputs,
        }
    }

    /// Roles that changed, each once: one factor a role.
    pub fn changed_roles(&self) -> Vec<&str> {
        let unknown = |role: &str| {
            self.gaps
                .iter()
                .any(|gap| matches!(gap, Gap::NoInput { role: r, .. } if r == role))
        };
        changed_roles(&self.inputs)
            .into_iter()
            .filter(|role| !unknown(role))
            .collect()
    }

    /// What is known of the data that validation rows would be cut from.
    pub fn training_state(&self) -> State {
        if self
            .gaps
            .iter()
            .any(|gap| matches!(gap, Gap::NotRecorded(_)))
        {
            return State::Unknown;
        }
        let train: Vec<&InputChange> = self
            .inputs
            .iter()
            .filter(|input| is_train(&input.role))
            .collect();
        if train.is_empty() {
            return if self.inputs.is_empty() {
                State::Unknown
            } else {
                self.state
            };
        }
        let missing = |input: &InputChange| {
            self.gaps
                .iter()
                .any(|gap| matches!(gap, Gap::NoInput { role, .. } if *role == input.role))
        };
        State::of(train.into_iter().map(|input| {
            if missing(input) {
                State::Unknown
            } else {
                input.kind.state()
            }
        }))
    }
}

fn is_train(role: &str) -> bool {
    yardstick(role) == Some(Yardstick::Train)
}

fn has_train(run: &Run) -> bool {
    run.data.iter().any(|input| is_train(&input.role))
}

/// Roles with a proven change, each once, in order.
pub(super) fn changed_roles(inputs: &[InputChange]) -> Vec<&str> {
    let mut roles: Vec<&str> = inputs
        .iter()
        .filter(|input| input.kind.state() == State::Changed)
        .map(|input| input.role.as_str())
        .collect();
    roles.dedup();
    roles
}

/// Reasons for which the content of an input can't be compared.
pub(super) fn gaps_of(inputs: &[InputChange]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for input in inputs.iter().filter(|i| i.kind == InputKind::Unknown) {
        let (Some(a), Some(b)) = (&input.a, &input.b) else {
            continue;
        };
        let role = || input.role.clone();
        if let Some(sides) = Sides::of(a.sha256.is_none(), b.sha256.is_none()) {
            gaps.push(Gap::NoDigest {
                role: role(),
                sides,
            });
        } else if let Some(sides) = Sides::of(a.unstable, b.unstable) {
            gaps.push(Gap::Unstable {
                role: role(),
                sides,
            });
        }
    }
    gaps
}

/// Pairs and compares the inputs whose role passes `wanted`, ordered by role.
pub(super) fn compare_inputs(
    a: &Run,
    b: &Run,
    wanted: &dyn Fn(&str) -> bool,
    inside: &[Inside],
) -> Vec<InputChange> {
    let mut roles: Vec<&str> = a
        .data
        .iter()
        .chain(&b.data)
        .map(|i| i.role.as_str())
        .collect();
    roles.retain(|role| wanted(role));
    roles.sort_unstable();
    roles.dedup();
    roles.sort_by_key(|role| !is_train(role));
    let of = |run: &'_ Run, role: &str| -> Vec<DataInput> {
        run.data
            .iter()
            .filter(|input| input.role == role)
            .cloned()
            .collect()
    };
    let mut changes = Vec::new();
    for role in roles {
        for (a, b) in pair(of(a, role), of(b, role)) {
            let mut kind = kind_of(a.as_ref(), b.as_ref());
            let digests = (digest(a.as_ref()), digest(b.as_ref()));
            let looked = inside
                .iter()
                .find(|seen| digests == (Some(&seen.a), Some(&seen.b)))
                .filter(|_| kind == InputKind::Changed)
                .map(|seen| seen.difference.clone());
            if looked == Some(Difference::LineEndings) {
                kind = InputKind::LineEndings;
            }
            changes.push(InputChange {
                role: role.to_owned(),
                a,
                b,
                kind,
                inside: looked,
            });
        }
    }
    changes
}

fn digest(input: Option<&DataInput>) -> Option<&crate::model::Sha256> {
    input?.sha256.as_ref()
}

/// Both versions of each input whose content changed.
pub fn changed_pairs(a: &Run, b: &Run) -> Vec<(DataInput, DataInput)> {
    compare_inputs(a, b, &|_| true, &[])
        .into_iter()
        .filter(|input| input.kind == InputKind::Changed)
        .filter_map(|input| Some((input.a?, input.b?)))
        .collect()
}

type Pair = (Option<DataInput>, Option<DataInput>);

/// Pairs the files of one role: those of the same content, then of the same path, then in order.
fn pair(a: Vec<DataInput>, mut b: Vec<DataInput>) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = a.into_iter().map(|input| (Some(input), None)).collect();
    let tests: [fn(&DataInput, &DataInput) -> bool; 3] = [
        |a, b| same_content(a, b) == Some(true),
        |a, b| a.path == b.path,
        |_, _| true,
    ];
    for test in tests {
        for (a, twin) in &mut pairs {
            let Some(a) = a.as_ref().filter(|_| twin.is_none()) else {
                continue;
            };
            if let Some(at) = b.iter().position(|b| test(a, b)) {
                *twin = Some(b.remove(at));
            }
        }
    }
    pairs.extend(b.into_iter().map(|input| (None, Some(input))));
    pairs
}

/// Whether two inputs have the same content; `None` when nothing tells.
fn same_content(a: &DataInput, b: &DataInput) -> Option<bool> {
    if a.unstable || b.unstable {
        // A digest of no single state proves nothing when it is equal, and a difference may be its own.
        return None;
    }
    if let (Some(a), Some(b)) = (&a.sha256, &b.sha256)
        && a == b
    {
        return Some(true);
    }
    if let (Some(a), Some(b)) = (&a.blob, &b.blob)
        && a == b
    {
        return Some(true);
    }
    if let (Some(a), Some(b)) = (&a.pointer, &b.pointer)
        && a.kind == b.kind
        && (a.id == b.id)
    {
        return Some(true);
    }
    match (&a.sha256, &b.sha256, &a.pointer, &b.pointer) {
        (Some(_), Some(_), _, _) => Some(false),
        (_, _, Some(a), Some(b)) if a.kind == b.kind => Some(false),
        _ => None,
    }
}

fn kind_of(a: Option<&DataInput>, b: Option<&DataInput>) -> InputKind {
    let (Some(a), Some(b)) = (a, b) else {
        return if a.is_none() {
            InputKind::Added
        } else {
            InputKind::Removed
        };
    };
    match same_content(a, b) {
        None => InputKind::Unknown,
        Some(false) => InputKind::Changed,
        Some(true) if line_endings_differ(a, b) => InputKind::LineEndings,
        Some(true) if a.path != b.path => InputKind::Renamed,
        Some(true) => InputKind::Same,
    }
}

fn line_endings_differ(a: &DataInput, b: &DataInput) -> bool {
    matches!((&a.sha256, &b.sha256), (Some(a), Some(b)) if a != b)
}

/// The second path, without the folder that it shares with the first.
pub fn short_path<'a>(first: &RecordPath, second: &'a RecordPath) -> std::borrow::Cow<'a, str> {
    let folder = |path: &RecordPath| {
        let bytes = path.as_bytes();
        bytes
            .iter()
            .rposition(|b| *b == b'/')
            .map(|at| bytes[..at].to_vec())
    };
    if folder(first) == folder(second) {
        String::from_utf8_lossy(second.file_name())
    } else {
        second.display()
    }
}
