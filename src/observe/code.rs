//! The state of the code, asked through [`crate::git`] and sorted onto axes.

use std::borrow::Borrow;

use crate::git::ObjectFormat;
use crate::git::snapshot::{Frozen, Kept};
use crate::git::tree::{Entry, filtered_tree};
use crate::model::axis::Claims;
use crate::model::code::{Change, Code};
use crate::model::{Axis, Oid};

/// The tree of those entries that are code.
pub fn code_tree(
    entries: &[impl Borrow<Entry> + Sync],
    claims: &Claims,
    format: ObjectFormat,
) -> Oid {
    let is_code = |path: &_| claims.axis_of(path) == Axis::Code;
    filtered_tree(entries, is_code, format)
}

/// The code of a run as a record keeps it. The snapshot is still unknown, and so is the patch's
/// file: [`kept`] and the writer of the run's folder fill them in.
pub fn code(frozen: &Frozen, claims: &Claims, code_tree: Oid) -> Code {
    let changes: Vec<Change> = frozen
        .changes
        .iter()
        .map(|change| Change {
            path: change.path.clone(),
            status: change.status.to_string(),
            added: change.added,
            removed: change.removed,
            axis: claims.axis_of(&change.path),
        })
        .collect();
    Code {
        commit: frozen.head.commit.clone(),
        branch: frozen.head.branch.clone(),
        describe: frozen.describe.clone(),
        tree: Some(frozen.tree.clone()),
        code_tree: Some(code_tree),
        dirty: frozen.is_dirty(),
        snapshot: None,
        patch: None,
        changes,
        left_out: frozen.left_out.clone(),
        overlay: frozen.overlay.clone(),
        nested: frozen.nested.clone(),
        not_in_patch: frozen.not_in_patch(),
        conflicts: frozen.conflicts.clone(),
        state: frozen.state.clone(),
        remote: frozen.remote.clone(),
        superproject: frozen.superproject.clone(),
        shallow: frozen.shallow,
    }
}

/// Adds what keeps the tree, once that is known.
pub fn kept(code: &mut Code, kept: &Kept) {
    code.snapshot = kept.snapshot.clone();
}
