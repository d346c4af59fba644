//! Keys that stand in another section now.

use std::collections::{BTreeMap, BTreeSet};

use super::{KeyChange, KeyKind, KeyRole};
use crate::compare::fingerprint::canonical;
use crate::model::Param;
use crate::model::param::ParamKind;

/// Joins a removed and an added parameter of the same value whose names end alike: the key was moved,
/// which is one change.
///
/// The longest common end decides, and it must be the only such pair. A value that half of all keys
/// have (`true`, `null`) proves nothing unless a neighbour moved the same way.
pub(super) fn marked(mut keys: Vec<KeyChange>) -> Vec<KeyChange> {
    let moves = moves(&keys);
    for (from, to) in &moves {
        (keys[*to].kind, keys[*to].from) = (KeyKind::Moved, Some(keys[*from].key.clone()));
        keys[*to].a = keys[*from].a.take();
    }
    let gone: BTreeSet<usize> = moves.into_iter().map(|(from, _)| from).collect();
    let mut place = 0..;
    keys.retain(|_| place.next().is_some_and(|at| !gone.contains(&at)));
    keys
}

fn moves(keys: &[KeyChange]) -> Vec<(usize, usize)> {
    let candidates: Vec<usize> = (0..keys.len())
        .filter(|at| keys[*at].role == KeyRole::Param)
        .filter(|at| matches!(keys[*at].kind, KeyKind::Removed | KeyKind::Added))
        .collect();
    let depth = |at: &usize| keys[*at].key.split('.').count();
    let deepest = candidates.iter().map(depth).max().unwrap_or(0);
    let mut moves: Vec<(usize, usize)> = Vec::new();
    let mut taken = BTreeSet::new();
    for parts in (1..=deepest).rev() {
        let mut ends: BTreeMap<(&str, String), [Vec<usize>; 2]> = BTreeMap::new();
        for at in candidates.iter().filter(|at| !taken.contains(*at)) {
            let key = &keys[*at];
            let (Some(end), Some(value)) =
                (end(&key.key, parts), key.a.as_ref().or(key.b.as_ref()))
            else {
                continue;
            };
            let side = usize::from(key.kind == KeyKind::Added);
            ends.entry((end, canonical(value))).or_default()[side].push(*at);
        }
        for [removed, added] in ends.into_values() {
            if let ([from], [to]) = (&removed[..], &added[..]) {
                moves.push((*from, *to));
                taken.extend([*from, *to]);
            }
        }
    }
    let sections =
        |(from, to): &(usize, usize)| (section(&keys[*from].key), section(&keys[*to].key));
    let (sure, weak): (Vec<_>, Vec<_>) = moves
        .into_iter()
        .partition(|(from, _)| keys[*from].a.as_ref().is_some_and(is_telling));
    let known: BTreeSet<(&str, &str)> = sure.iter().map(sections).collect();
    let followed = weak
        .into_iter()
        .filter(|pair| known.contains(&sections(pair)));
    sure.iter().copied().chain(followed).collect()
}

/// The last parts of a name; `None` when it has fewer.
fn end(name: &str, parts: usize) -> Option<&str> {
    match name.rmatch_indices('.').nth(parts - 1) {
        Some((dot, _)) => Some(&name[dot + 1..]),
        None => (name.split('.').count() == parts).then_some(name),
    }
}

fn section(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(section, _)| section)
}

fn is_telling(value: &Param) -> bool {
    !matches!(
        value,
        Param::Leaf {
            kind: ParamKind::Null | ParamKind::Bool | ParamKind::Map,
            ..
        }
    )
}
