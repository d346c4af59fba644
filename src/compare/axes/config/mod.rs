//! The configuration axis: typed leaves by dotted name, whatever the order, comments or spelling.

mod files;
mod lists;
mod moves;
mod roles;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::compare::axis::{Gap, Sides, State};
use crate::compare::fingerprint::canonical;
use crate::compare::rules::Rules;
use crate::model::command_line::is_argument;
use crate::model::param::ParamKind;
use crate::model::{Param, Run};

pub use files::FilePair;
pub use roles::KeyRole;
pub use roles::names_output;
pub(in crate::compare) use roles::{is_seed, names_data};

type Params = BTreeMap<String, Param>;

/// How the configurations differ.
#[derive(Clone, Debug)]
pub struct ConfigAxis {
    /// The whole.
    pub state: State,
    /// What is unknown.
    pub gaps: Vec<Gap>,
    /// Configuration files, paired.
    pub files: Vec<FilePair>,
    /// Keys that differ in value or spelling, by name.
    pub keys: Vec<KeyChange>,
    /// Distinct keys of both runs.
    pub total: usize,
}

/// One key that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// Dotted name: in the second run, unless only the first has it or has the longer list around it.
    pub key: String,
    /// Its name in the first run, where that is another one: it moved, or its list grew before it.
    pub from: Option<String>,
    /// Its name in the second run, where that is another one: its list shrank before it.
    pub to: Option<String>,
    /// Value in the first run.
    pub a: Option<Param>,
    /// Value in the second run.
    pub b: Option<Param>,
    /// What happened to it.
    pub kind: KeyKind,
    /// Where it counts.
    pub role: KeyRole,
    /// Whether it says how data is split, so that it changes the yardstick.
    pub splits: bool,
}

impl KeyChange {
    /// The types before and after, when they differ: a program sees another kind of thing.
    pub fn type_change(&self) -> Option<(ParamKind, ParamKind)> {
        match (self.a.as_ref()?, self.b.as_ref()?) {
            (Param::Leaf { kind: a, .. }, Param::Leaf { kind: b, .. }) if a != b => Some((*a, *b)),
            _ => None,
        }
    }
}

/// What happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Another value.
    Value,
    /// Only in the second run.
    Added,
    /// Only in the first run.
    Removed,
    /// The same value under another name, which ends alike.
    Moved,
    /// Elements of a list came or went.
    Elements {
        /// Only in the second run.
        added: Vec<Param>,
        /// Only in the first run.
        removed: Vec<Param>,
    },
    /// The same elements in another order; of a list of mappings, whatever else happened in it.
    Reordered,
    /// The same value, spelled otherwise: listed, never counted.
    Spelling,
}

impl ConfigAxis {
    /// Compares the configurations of two runs.
    pub fn between(a: &Run, b: &Run, rules: &Rules) -> Self {
        let files = files::pairs(&a.config, &b.config);
        if let Some(sides) = nothing_known(a, b) {
            return Self {
                state: State::Unknown,
                gaps: vec![Gap::NotRecorded(sides)],
                files,
                keys: Vec::new(),
                total: a.params.len().max(b.params.len()),
            };
        }
        let (params_a, params_b) = (params(a, b), params(b, a));
        let opaque = files.iter().any(FilePair::is_opaque_change);
        let unread = Sides::of(unread(a) > unread(b), unread(b) > unread(a));
        // Keys of a file that only one side could read would all look new.
        let keys = match unread {
            Some(_) => Vec::new(),
            None => moves::marked(differing((a, &params_a), (b, &params_b), rules)),
        };
        let untold = unread.filter(|_| !opaque && !files.iter().all(|file| file.same_bytes));
        let counted = keys
            .iter()
            .any(|key| key.role == KeyRole::Param && key.kind != KeyKind::Spelling);
        Self {
            state: State::of([
                State::changed(counted || opaque),
                untold.map_or(State::Same, |_| State::Unknown),
            ]),
            gaps: untold.map(Gap::NotRecorded).into_iter().collect(),
            files,
            keys,
            total: total(&params_a, &params_b),
        }
    }

    /// Keys that count on this very axis.
    pub fn counted(&self) -> impl Iterator<Item = &KeyChange> {
        self.keys
            .iter()
            .filter(|key| key.role == KeyRole::Param && key.kind != KeyKind::Spelling)
    }
}

/// Which runs have no configuration, neither in a file nor on the command line. A command without
/// arguments is as well known as one with some.
fn nothing_known(a: &Run, b: &Run) -> Option<Sides> {
    let bare = |run: &Run| run.config.is_empty() && run.params.is_empty();
    let by_arguments = |run: &Run| {
        run.command.is_some()
            && run.config.is_empty()
            && run.params.keys().all(|key| is_argument(key))
    };
    Sides::of(bare(a), bare(b))
        .filter(|sides| *sides == Sides::Both || !(by_arguments(a) && by_arguments(b)))
}

/// The parameters that can be compared: without a command, arguments are not none but unknown.
fn params<'a>(run: &'a Run, other: &Run) -> Cow<'a, Params> {
    if other.command.is_some() || !run.params.keys().any(|key| is_argument(key)) {
        return Cow::Borrowed(&run.params);
    }
    let mut params = run.params.clone();
    params.retain(|key, _| !is_argument(key));
    Cow::Owned(params)
}

fn total(a: &Params, b: &Params) -> usize {
    a.len() + b.keys().filter(|key| !a.contains_key(*key)).count()
}

/// How many configuration files a run could not look into.
fn unread(run: &Run) -> usize {
    run.config
        .iter()
        .filter(|file| file.unread.is_some())
        .count()
}

fn differing(
    (a, params_a): (&Run, &Params),
    (b, params_b): (&Run, &Params),
    rules: &Rules,
) -> Vec<KeyChange> {
    let found = lists::aligned(params_a, params_b);
    let splits_by = |name: &String| rules.is_split_key(name);
    let mut keys: Vec<KeyChange> = found
        .pairs
        .into_iter()
        .filter_map(|pair| {
            let (name_a, name_b) = (pair.a.map(|at| at.0), pair.b.map(|at| at.0));
            let (va, vb) = (pair.a.map(|at| at.1), pair.b.map(|at| at.1));
            let kind = kind_of(va, vb)?;
            let key = match pair.by_first {
                true => name_a.or(name_b)?,
                false => name_b.or(name_a)?,
            };
            let other = |name: Option<&String>| name.filter(|name| *name != key).cloned();
            Some(KeyChange {
                key: key.clone(),
                from: other(name_a),
                to: other(name_b),
                a: va.cloned(),
                b: vb.cloned(),
                kind,
                role: roles::role_of(key, (a, va), (b, vb), rules),
                splits: [name_a, name_b].into_iter().flatten().any(splits_by),
            })
        })
        .collect();
    keys.extend(found.reordered.into_iter().map(|list| {
        let splits = splits_by(&list);
        KeyChange {
            key: list,
            from: None,
            to: None,
            a: None,
            b: None,
            kind: KeyKind::Reordered,
            role: if splits {
                KeyRole::Split
            } else {
                KeyRole::Param
            },
            splits,
        }
    }));
    keys.sort_by(|x, y| x.key.cmp(&y.key));
    keys
}

fn kind_of(a: Option<&Param>, b: Option<&Param>) -> Option<KeyKind> {
    Some(match (a, b) {
        (None, None) => return None,
        (None, Some(_)) => KeyKind::Added,
        (Some(_), None) => KeyKind::Removed,
        (Some(a), Some(b)) if a == b => return None,
        (Some(a), Some(b)) if a.same_value(b) => KeyKind::Spelling,
        (Some(Param::List(a)), Some(Param::List(b))) => {
            let (added, removed) = (without(b, a), without(a, b));
            if added.is_empty() && removed.is_empty() {
                KeyKind::Reordered
            } else {
                KeyKind::Elements { added, removed }
            }
        }
        _ => KeyKind::Value,
    })
}

/// The elements of `list` that have no partner in `other`, in order.
fn without(list: &[Param], other: &[Param]) -> Vec<Param> {
    let mut partners: BTreeMap<String, usize> = BTreeMap::new();
    for item in other {
        *partners.entry(canonical(item)).or_default() += 1;
    }
    list.iter()
        .filter(|item| match partners.get_mut(&canonical(item)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        })
        .cloned()
        .collect()
}
