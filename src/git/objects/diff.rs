//! Two trees side by side. Folders with the same id are never opened.

use super::Objects;
use crate::git::Error;
use crate::git::tree::{FOLDER, Item};
use crate::model::{Oid, RecordPath};

/// One path that differs between two trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeChange {
    /// From the top.
    pub path: RecordPath,
    /// `A`, `D`, `M`, or `T` when a file became a link or a submodule.
    pub status: char,
    /// Mode and id before; `None` when it was not there.
    pub old: Option<(u32, Oid)>,
    /// Mode and id after; `None` when it is no longer there.
    pub new: Option<(u32, Oid)>,
}

pub(super) fn compare(
    objects: &Objects<'_>,
    from: &Oid,
    to: &Oid,
) -> Result<Vec<TreeChange>, Error> {
    let mut changes = Vec::new();
    let empty = objects.format().empty_tree();
    let items = |id: &Oid| match *id == empty {
        // git knows the empty tree without storing it.
        true => Ok(Vec::new()),
        false => objects.tree(id),
    };
    walk(
        objects,
        &RecordPath::default(),
        items(from)?,
        items(to)?,
        &mut changes,
    )?;
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

fn walk(
    objects: &Objects<'_>,
    folder: &RecordPath,
    mut old: Vec<Item>,
    mut new: Vec<Item>,
    changes: &mut Vec<TreeChange>,
) -> Result<(), Error> {
    // By name alone, so that a file and the folder that took its place meet.
    old.sort_by(|a, b| a.name.cmp(&b.name));
    new.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return Ok(()),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(a), Some(b)) => a.name.cmp(&b.name),
        };
        let before = if order.is_le() { old.next() } else { None };
        let after = if order.is_ge() { new.next() } else { None };
        pair(objects, folder, before, after, changes)?;
    }
}

fn pair(
    objects: &Objects<'_>,
    folder: &RecordPath,
    old: Option<Item>,
    new: Option<Item>,
    changes: &mut Vec<TreeChange>,
) -> Result<(), Error> {
    if old == new {
        return Ok(());
    }
    let Some(name) = old.as_ref().or(new.as_ref()).map(|item| item.name.clone()) else {
        return Ok(());
    };
    let path = RecordPath::from_bytes(name).below(folder);
    let inside = |item: &Option<Item>| match item {
        Some(item) if item.mode == FOLDER => objects.tree(&item.id),
        _ => Ok(Vec::new()),
    };
    let (inside_old, inside_new) = (inside(&old)?, inside(&new)?);
    let leaf = |item: Option<Item>| item.filter(|i| i.mode != FOLDER).map(|i| (i.mode, i.id));
    let (old, new) = (leaf(old), leaf(new));
    let status = match (&old, &new) {
        (None, None) => None,
        (None, Some(_)) => Some('A'),
        (Some(_), None) => Some('D'),
        (Some((a, _)), Some((b, _))) if a & 0o170_000 != b & 0o170_000 => Some('T'),
        _ => Some('M'),
    };
    if let Some(status) = status {
        changes.push(TreeChange {
            path: path.clone(),
            status,
            old,
            new,
        });
    }
    walk(objects, &path, inside_old, inside_new, changes)
}
