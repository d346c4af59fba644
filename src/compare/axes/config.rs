//! The configuration axis: typed leaves by dotted name, whatever the order, comments or spelling.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::axis::{Gap, Sides, State};
use crate::compare::fingerprint::canonical;
use crate::compare::rules::Rules;
use crate::model::data::ConfigFile;
use crate::model::param::ParamKind;
use crate::model::{Param, RecordPath, Run};

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

/// A configuration file in both runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePair {
    /// Its path in the first run.
    pub a: Option<RecordPath>,
    /// Its path in the second run.
    pub b: Option<RecordPath>,
    /// Whether the bytes are equal.
    pub same_bytes: bool,
    /// Why its keys can't be told, if they can't.
    pub unread: Option<String>,
}

impl FilePair {
    /// Whether it differs and nobody could look inside: one factor.
    pub fn is_opaque_change(&self) -> bool {
        self.unread.is_some() && !self.same_bytes
    }

    /// The name it is counted under.
    pub fn name(&self) -> String {
        let path = self.b.as_ref().or(self.a.as_ref());
        path.map(|path| path.display().into_owned())
            .unwrap_or_default()
    }
}

/// One key that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// Dotted name.
    pub key: String,
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
    Moved {
        /// The name in the first run.
        from: String,
    },
    /// Elements of a list came or went.
    Elements {
        /// Only in the second run.
        added: Vec<Param>,
        /// Only in the first run.
        removed: Vec<Param>,
    },
    /// The same elements in another order.
    Reordered,
    /// The same value, spelled otherwise: listed, never counted.
    Spelling,
}

/// On which axis a differing key counts: every key counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// A parameter: one factor.
    Param,
    /// It says how data is split: one factor, and another yardstick.
    Split,
    /// It is the run's seed: counted on the seed axis.
    Seed,
    /// It names a recorded data input: counted on the data axis, by content.
    DataPath,
    /// It names a file that the run wrote, which can't alter a result.
    OutputPath,
}

impl KeyRole {
    /// Whether a difference is a factor in its own right.
    pub fn counts(self) -> bool {
        matches!(self, Self::Param | Self::Split)
    }
}

impl ConfigAxis {
    /// Compares the configurations of two runs.
    pub fn between(a: &Run, b: &Run, rules: &Rules) -> Self {
        let files = pair_files(&a.config, &b.config);
        let none = |run: &Run| run.config.is_empty() && run.params.is_empty();
        if let Some(sides) = Sides::of(none(a), none(b)) {
            return Self {
                state: State::Unknown,
                gaps: vec![Gap::NotRecorded(sides)],
                files,
                keys: Vec::new(),
                total: a.params.len().max(b.params.len()),
            };
        }
        let opaque = files.iter().any(FilePair::is_opaque_change);
        let unread = Sides::of(unread(a) > unread(b), unread(b) > unread(a));
        // Keys of a file that only one side could read would all look new.
        let keys = match unread {
            Some(_) => Vec::new(),
            None => mark_moves(differing(a, b, rules)),
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
            total: names(a, b).len(),
        }
    }

    /// Keys that count on this very axis.
    pub fn counted(&self) -> impl Iterator<Item = &KeyChange> {
        self.keys
            .iter()
            .filter(|key| key.role == KeyRole::Param && key.kind != KeyKind::Spelling)
    }
}

fn names<'a>(a: &'a Run, b: &'a Run) -> BTreeSet<&'a String> {
    a.params.keys().chain(b.params.keys()).collect()
}

/// How many configuration files a run could not look into.
fn unread(run: &Run) -> usize {
    run.config
        .iter()
        .filter(|file| file.unread.is_some())
        .count()
}

/// Pairs files by path, then those that are left in their order.
fn pair_files(a: &[ConfigFile], b: &[ConfigFile]) -> Vec<FilePair> {
    let in_other = |file: &ConfigFile, other: &[ConfigFile]| {
        other
            .iter()
            .position(|candidate| candidate.path == file.path)
    };
    let mut pairs: Vec<FilePair> = Vec::new();
    let mut left_b: Vec<&ConfigFile> = b.iter().filter(|f| in_other(f, a).is_none()).collect();
    left_b.reverse();
    for file in a {
        let twin = match in_other(file, b) {
            Some(at) => Some(&b[at]),
            None => left_b.pop(),
        };
        pairs.push(pair(Some(file), twin));
    }
    left_b.reverse();
    pairs.extend(left_b.into_iter().map(|file| pair(None, Some(file))));
    pairs
}

fn pair(a: Option<&ConfigFile>, b: Option<&ConfigFile>) -> FilePair {
    let unread = |file: Option<&ConfigFile>| file.and_then(|file| file.unread.clone());
    FilePair {
        a: a.map(|file| file.path.clone()),
        b: b.map(|file| file.path.clone()),
        same_bytes: matches!((a, b), (Some(a), Some(b)) if a.sha256 == b.sha256),
        unread: unread(b).or_else(|| unread(a)),
    }
}

fn differing(a: &Run, b: &Run, rules: &Rules) -> Vec<KeyChange> {
    names(a, b)
        .into_iter()
        .filter_map(|key| {
            let (va, vb) = (a.params.get(key), b.params.get(key));
            let kind = kind_of(va, vb)?;
            Some(KeyChange {
                key: key.clone(),
                a: va.cloned(),
                b: vb.cloned(),
                kind,
                role: role_of(key, (a, va), (b, vb), rules),
                splits: rules.is_split_key(key),
            })
        })
        .collect()
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
    let mut partners: Vec<&Param> = other.iter().collect();
    list.iter()
        .filter(
            |item| match partners.iter().position(|p| p.same_value(item)) {
                Some(at) => {
                    partners.swap_remove(at);
                    false
                }
                None => true,
            },
        )
        .cloned()
        .collect()
}

type At<'a> = (&'a Run, Option<&'a Param>);

fn role_of(key: &str, a: At<'_>, b: At<'_>, rules: &Rules) -> KeyRole {
    let holds = |test: fn(&str, &Run, &Param) -> bool| {
        [a, b]
            .iter()
            .all(|(run, value)| value.is_none_or(|value| test(key, run, value)))
    };
    let on_both = a.1.is_some() && b.1.is_some();
    let seeds_differ = canonical_seed(a.0) != canonical_seed(b.0);
    // A seed key that went away while the seed stayed leaves some generator unseeded: a parameter.
    if holds(is_seed) && (on_both || seeds_differ) {
        KeyRole::Seed
    } else if holds(names_data) {
        KeyRole::DataPath
    } else if on_both && holds(names_output) {
        KeyRole::OutputPath
    } else if rules.is_split_key(key) {
        KeyRole::Split
    } else {
        KeyRole::Param
    }
}

fn canonical_seed(run: &Run) -> Option<String> {
    run.seed.as_ref().map(canonical)
}

/// Whether a key is the seed of the run: called so, and with the very value that was recorded.
pub(in crate::compare) fn is_seed(key: &str, run: &Run, value: &Param) -> bool {
    names_seed(key)
        && run
            .seed
            .as_ref()
            // A list: each repeat had one of its own, whatever the file says.
            .is_some_and(|seed| {
                matches!(seed, Param::List(_)) || canonical(seed) == canonical(value)
            })
}

/// Whether a key is called like a seed.
pub(in crate::compare) fn names_seed(key: &str) -> bool {
    const NAMES: [&str; 6] = [
        "seed",
        "random_state",
        "random_seed",
        "rng_seed",
        "manual_seed",
        "global_seed",
    ];
    let last = key.rsplit('.').next().unwrap_or(key).to_ascii_lowercase();
    NAMES.contains(&last.as_str())
}

/// Whether a value is the path of a data input that the run recorded (or a list of such paths).
pub(in crate::compare) fn names_data(_: &str, run: &Run, value: &Param) -> bool {
    every_path(value, &|path| {
        run.data.iter().any(|input| same_path(path, &input.path))
    })
}

/// Whether a value is the path of something that the run wrote.
pub(in crate::compare) fn names_output(_: &str, run: &Run, value: &Param) -> bool {
    let written = || {
        let files = run.models.iter().chain(&run.artifacts);
        files
            .map(|file| &file.path)
            .chain(run.metrics_file.iter().map(|file| &file.path))
    };
    every_path(value, &|path| written().any(|out| same_path(path, out)))
}

fn every_path(value: &Param, test: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Param::Leaf {
            kind: ParamKind::Str,
            text,
        } => test(text),
        Param::Leaf { .. } => false,
        Param::List(items) => !items.is_empty() && items.iter().all(|i| every_path(i, test)),
    }
}

fn same_path(text: &str, path: &RecordPath) -> bool {
    let plain = text.replace('\\', "/");
    let plain = plain.trim_start_matches("./").trim_end_matches('/');
    !plain.is_empty() && plain.as_bytes() == path.as_bytes()
}

/// Joins a removed and an added parameter of the same value whose names end alike, when there is
/// only one such pair: the key was moved, which is one change.
fn mark_moves(keys: Vec<KeyChange>) -> Vec<KeyChange> {
    let identity = |key: &KeyChange| {
        let value = key.a.as_ref().or(key.b.as_ref())?;
        let last = key.key.rsplit('.').next()?;
        (key.role == KeyRole::Param).then(|| (last.to_owned(), canonical(value)))
    };
    let mut ends: BTreeMap<(String, String), (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, key) in keys.iter().enumerate() {
        let Some(identity) = identity(key) else {
            continue;
        };
        let found = ends.entry(identity).or_default();
        match key.kind {
            KeyKind::Removed => found.0.push(index),
            KeyKind::Added => found.1.push(index),
            _ => {}
        }
    }
    let moves: BTreeMap<usize, usize> = ends
        .into_values()
        .filter_map(|(removed, added)| match (&removed[..], &added[..]) {
            ([from], [to]) => Some((*to, *from)),
            _ => None,
        })
        .collect();
    let from_names: BTreeMap<usize, String> = moves
        .iter()
        .map(|(to, from)| (*to, keys[*from].key.clone()))
        .collect();
    let sources: BTreeMap<usize, Option<Param>> = moves
        .iter()
        .map(|(to, from)| (*to, keys[*from].a.clone()))
        .collect();
    let gone: BTreeSet<usize> = moves.into_values().collect();
    keys.into_iter()
        .enumerate()
        .filter(|(index, _)| !gone.contains(index))
        .map(|(index, mut key)| {
            if let Some(from) = from_names.get(&index) {
                key.kind = KeyKind::Moved { from: from.clone() };
                key.a = sources.get(&index).cloned().flatten();
            }
            key
        })
        .collect()
}
