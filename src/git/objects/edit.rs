//! A tree with some of its paths changed: only the folders on the way to them are read and written.

use std::collections::BTreeMap;

use super::Objects;
use crate::git::Error;
use crate::git::tree::{FOLDER, Item, build_object};
use crate::model::{Oid, RecordPath};

/// What is to be at each path: mode and id, or nothing.
pub type Edits = BTreeMap<RecordPath, Option<(u32, Oid)>>;

/// One of [`Edits`], its path taken from the folder at hand.
type Edit<'e> = (&'e [u8], Option<&'e (u32, Oid)>);

pub(super) fn apply(objects: &Objects<'_>, root: &Oid, edits: &Edits) -> Result<Oid, Error> {
    let empty = objects.format().empty_tree();
    let edits: Vec<Edit<'_>> = edits
        .iter()
        .map(|(path, new)| (path.as_bytes(), new.as_ref()))
        .collect();
    // git knows the empty tree without storing it.
    let root = Some(root).filter(|root| **root != empty);
    match folder(objects, root, &edits)? {
        Some(tree) => Ok(tree),
        None => objects.write_soon("tree", b""),
    }
}

/// Edits one folder, which need not be there yet; `None` when nothing is left in it.
fn folder(
    objects: &Objects<'_>,
    old: Option<&Oid>,
    edits: &[Edit<'_>],
) -> Result<Option<Oid>, Error> {
    let items = match old {
        Some(id) => objects.tree(id)?,
        None => Vec::new(),
    };
    let mut items: BTreeMap<Vec<u8>, (u32, Oid)> = items
        .into_iter()
        .map(|item| (item.name, (item.mode, item.id)))
        .collect();
    let mut by_name: BTreeMap<&[u8], Vec<Edit<'_>>> = BTreeMap::new();
    for (path, new) in edits {
        let end = memchr::memchr(b'/', path).unwrap_or(path.len());
        by_name
            .entry(&path[..end])
            .or_default()
            .push((path.get(end + 1..).unwrap_or_default(), *new));
    }
    for (name, edits) in by_name {
        let old = items.remove(name);
        if let Some(item) = item(objects, old, &edits)? {
            items.insert(name.to_vec(), item);
        }
    }
    let items = items
        .into_iter()
        .map(|(name, (mode, id))| Item { mode, name, id });
    let items: Vec<Item> = items.collect();
    match items.is_empty() {
        true => Ok(None),
        false => objects.write_soon("tree", &build_object(items)).map(Some),
    }
}

/// What becomes of one name. A file takes the place of a whole folder; a folder that is empty goes.
fn item(
    objects: &Objects<'_>,
    old: Option<(u32, Oid)>,
    edits: &[Edit<'_>],
) -> Result<Option<(u32, Oid)>, Error> {
    let own = edits.iter().find(|(rest, _)| rest.is_empty());
    if let Some((_, Some(file))) = own {
        return Ok(Some((*file).clone()));
    }
    let inside: Vec<Edit<'_>> = edits
        .iter()
        .filter(|(rest, _)| !rest.is_empty())
        .copied()
        .collect();
    let old_folder = old.as_ref().filter(|(mode, _)| *mode == FOLDER);
    let new = folder(objects, old_folder.map(|(_, id)| id), &inside)?;
    Ok(match new {
        Some(id) => Some((FOLDER, id)),
        // Nothing was said of the file itself, and what was to go below it never was there.
        None if own.is_none() && old_folder.is_none() => old,
        None => None,
    })
}
