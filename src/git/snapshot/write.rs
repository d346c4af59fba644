//! Puts what no commit has into the object database, and says what differs from the commit.

use std::collections::BTreeSet;

use super::files::{self, Budget};
use super::keep::Extras;
use super::limits;
use super::nested::{self, Found};
use super::observe::Seen;
use super::status::IndexEntry;
use super::{direct, index, lfs, overlay};
use crate::git::objects::{Edits, Objects};
use crate::git::patch::{Compared, Comparing, Numstat};
use crate::git::tree::Entry;
use crate::git::{Error, Head};
use crate::model::code::{LeftOut, Nested};
use crate::model::{Oid, RecordPath};

/// A path that differs from the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathChange {
    /// From the top of the working tree.
    pub path: RecordPath,
    /// `A`, `M`, `D`, `T`, or `?` for an untracked path.
    pub status: char,
    /// Lines added; `None` for binary content and for what is not kept.
    pub added: Option<u64>,
    /// Lines removed; `None` for binary content and for what is not kept.
    pub removed: Option<u64>,
}

/// The exact state of a working tree, with its objects written. No ref keeps them yet.
#[derive(Debug)]
pub struct Frozen {
    /// Where HEAD stands.
    pub head: Head,
    /// `git describe --always`.
    pub describe: Option<String>,
    /// HEAD's tree; the empty tree before the first commit.
    pub base_tree: Oid,
    /// The whole tree as it was.
    pub tree: Oid,
    /// What is in the tree, outside the folders of records; tracked files that are only named have
    /// the ids of their bytes on disk, which are in no object database.
    pub entries: Vec<Entry>,
    /// Paths that differ from the commit, in path order.
    pub changes: Vec<PathChange>,
    /// Files whose bytes git's conversions would not give back.
    pub overlay: Vec<RecordPath>,
    /// Repositories inside.
    pub nested: Vec<Nested>,
    /// What is only named.
    pub left_out: Vec<LeftOut>,
    /// Paths in conflict.
    pub conflicts: Vec<RecordPath>,
    /// An operation under way.
    pub state: Option<String>,
    /// The remote's URL without credentials.
    pub remote: Option<String>,
    /// The way up to the repository that has this one as a submodule.
    pub superproject: Option<RecordPath>,
    /// Whether history was cut off.
    pub shallow: bool,
    /// Sentences for the person who started the run.
    pub warnings: Vec<String>,
    pub(super) extras: Extras,
    patch: Vec<u8>,
    /// A path without which there is no patch.
    absent: Option<RecordPath>,
}

/// A tree whose objects are written, while git still compares it with the commit's.
pub struct Written<'a> {
    seen: Seen<'a>,
    base_tree: Oid,
    tree: Oid,
    entries: Vec<Entry>,
    untouched: bool,
    captured: index::Captured,
    found: Found,
    overlay: overlay::Overlay,
    left_out: Vec<LeftOut>,
    comparing: Comparing<'a>,
}

impl<'a> Seen<'a> {
    /// Writes the tree. A clean working tree writes no object.
    ///
    /// # Errors
    /// When git can't write objects (disk full, permissions), or a file can't be read twice.
    pub fn write(mut self) -> Result<Written<'a>, Error> {
        let repo = self.repo;
        let mut budget = Budget::of(self.scope);
        // What is tracked goes first: it is what the run was made of.
        let held = limits::find(&self, &mut budget)?;
        let untracked = self.sort_untracked(&mut budget)?;
        let base_tree = match &self.head_tree {
            Some(tree) => tree.clone(),
            None => repo.format().empty_tree(),
        };
        let is_touched = self.is_touched() || !untracked.kept.is_empty();
        let direct = match is_touched {
            true => direct::capture(&self, &untracked.kept, &held)?,
            false => None,
        };
        let (tree, mut captured) = match &direct {
            Some(direct) => (direct.tree.clone(), index::Captured::default()),
            None if is_touched => index::capture(&self, &untracked.kept, &held)?,
            None => (base_tree.clone(), index::Captured::default()),
        };
        let excluded = &self.scope.experiments;
        let trees = [&base_tree, &tree];
        let comparing = Comparing::begin(repo, trees, excluded, self.scope.patch)?;
        // git reads what is not on disk yet, too.
        let edits = match direct {
            Some(direct) => {
                direct.settle()?;
                Some(direct.edits)
            }
            None if is_touched => self.edits_of_index(&base_tree, &tree, &held)?,
            None => Some(Edits::new()),
        };
        let found = nested::freeze(&self, &mut budget)?;
        let untouched = tree == base_tree && !is_touched;
        let mut entries = match edits {
            Some(edits) => self.edited_listing(&edits),
            None => self.list_tree(&tree)?,
        };
        let overlay = overlay::find(&self.rules(), &entries, &held)?;
        held.mark(&self, &mut entries)?;

        let mut left_out = untracked.left_out;
        left_out.extend(held.left_out);
        left_out.append(&mut captured.left_out);
        left_out.extend_from_slice(&found.left_out);
        left_out.append(&mut self.odd);
        left_out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Written {
            seen: self,
            base_tree,
            tree,
            entries,
            untouched,
            captured,
            found,
            overlay,
            left_out,
            comparing,
        })
    }
}

impl Written<'_> {
    /// The whole tree as it was.
    pub fn tree(&self) -> &Oid {
        &self.tree
    }

    /// What is in the tree: [`Frozen::entries`].
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether the tree is another than the commit's. There may be more that differs than is in it.
    pub fn differs(&self) -> bool {
        self.tree != self.base_tree
    }

    /// Whether the entries are those of the index, with which nothing was done.
    pub fn untouched(&self) -> bool {
        self.untouched
    }

    /// Whether nothing but its content says how a file is compared with another version of it.
    pub fn compares_plainly(&self) -> bool {
        !self.seen.said.tells_diff
    }

    /// Waits for git, and writes what belongs to the tree and is not in it.
    ///
    /// # Errors
    /// As [`Seen::write`].
    pub fn finish(self) -> Result<Frozen, Error> {
        let Self {
            seen,
            base_tree,
            tree,
            overlay,
            left_out,
            captured,
            found,
            ..
        } = self;
        let repo = seen.repo;
        let Compared {
            numbers,
            patch,
            absent,
        } = self.comparing.finish()?;
        let changes = seen.changes(numbers, &tree, &found, &left_out)?;
        let exact = seen.status.head.commit.is_some()
            && tree == base_tree
            && overlay.needed.is_empty()
            && !seen.rules().hold_here_alone()
            && found.nested.iter().all(|nested| nested.tree.is_none());

        let mut warnings = captured.warnings;
        warnings.extend(found.warnings);
        warnings.extend(limits::told(&left_out));
        warnings.extend(absent.as_ref().map(|path| {
            format!(
                "there is no patch, for this partial clone is without {} as it was committed; the \
                 snapshot is whole",
                path.display()
            )
        }));
        warnings.extend(overlay.notes.iter().cloned());
        warnings.extend(seen.keep_lfs(&overlay.lfs, &changes)?);
        let extras = match exact {
            true => Extras::default(),
            false => Extras {
                raw: overlay::write(repo, &overlay)?,
                crlf: overlay.crlf,
                lfs: overlay.lfs.into_iter().map(|entry| entry.path).collect(),
                staged: captured.staged,
                needed: true,
            },
        };
        Ok(Frozen {
            head: seen.status.head,
            describe: seen.describe,
            base_tree,
            tree,
            entries: self.entries,
            changes,
            overlay: overlay.needed,
            nested: found.nested,
            left_out,
            conflicts: seen.status.conflicts,
            state: seen.state,
            remote: seen.config.remote(),
            superproject: seen.superproject,
            shallow: repo.shallow,
            warnings,
            extras,
            patch,
            absent,
        })
    }
}

impl Seen<'_> {
    /// Whether the tree may be another than the commit's.
    fn is_touched(&self) -> bool {
        self.head_tree.is_none()
            || !self.status.tracked.is_empty()
            || !self.status.conflicts.is_empty()
            || !self.hidden.is_empty()
    }

    fn rules(&self) -> overlay::Rules<'_> {
        overlay::Rules {
            repo: self.repo,
            scope: self.scope,
            config: &self.config,
            reach: self.said.reach,
            resized: &self.resized,
            are_ignored: self.status.ignores_attributes(),
        }
    }

    /// Keeps the content of changed Git LFS files; the rest is in the history of the commit.
    fn keep_lfs(&self, pointers: &[Entry], changes: &[PathChange]) -> Result<Vec<String>, Error> {
        let changed: BTreeSet<&RecordPath> = changes.iter().map(|change| &change.path).collect();
        let pointers = pointers
            .iter()
            .filter(|entry| changed.contains(&entry.path));
        let pointers: Vec<Entry> = pointers.cloned().collect();
        match pointers.is_empty() {
            true => Ok(Vec::new()),
            false => lfs::keep(self.repo, &Objects::binary(self.repo), &pointers),
        }
    }

    pub(super) fn sort_untracked(&self, budget: &mut Budget) -> Result<files::Sorted, Error> {
        let top = self.repo.top()?;
        let paths = &self.status.untracked;
        files::sort(top, &RecordPath::default(), paths, self.scope, budget).map_err(|source| {
            Error::File {
                path: top.display().to_string(),
                source,
            }
        })
    }

    /// How the tree differs from the index; `None` where that is not the commit's tree, so that git
    /// must list it.
    fn edits_of_index(
        &self,
        from: &Oid,
        to: &Oid,
        held: &limits::Held,
    ) -> Result<Option<Edits>, Error> {
        let status = &self.status;
        let is_plain = !status.is_staged
            && status.conflicts.is_empty()
            && self.head_tree.is_some()
            && self.hidden.is_empty()
            && held.paths().next().is_none();
        // What is only meant to be added is in the index as an empty file, and in no tree.
        let nothing = self.repo.format().id("blob", b"");
        let touched: BTreeSet<&RecordPath> = status.tracked.iter().collect();
        let may_be_meant = |staged: &IndexEntry| {
            staged.entry.id == nothing && touched.contains(&staged.entry.path)
        };
        if !is_plain || self.index.iter().any(may_be_meant) {
            return Ok(None);
        }
        let changes = Objects::open(self.repo).tree_diff(from, to)?;
        let edits = changes.into_iter().map(|change| (change.path, change.new));
        Ok(Some(edits.collect()))
    }

    /// The listing of the tree, told from the index and from how it differs.
    fn edited_listing(&mut self, edits: &Edits) -> Vec<Entry> {
        let mut entries = self.take_listing();
        if edits.is_empty() {
            return entries;
        }
        let replaced: Vec<_> = edits
            .iter()
            .filter(|(_, new)| new.is_some())
            .flat_map(|(path, _)| replaced_by(&entries, path))
            .collect();
        let mut place = 0;
        entries.retain(|entry| {
            let is_replaced = replaced.iter().any(|places| places.contains(&place));
            place += 1;
            !is_replaced && !edits.contains_key(&entry.path)
        });
        entries.extend(edits.iter().filter_map(|(path, new)| {
            let (mode, id) = new.clone()?;
            let path = path.clone();
            Some(Entry { mode, id, path })
        }));
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries
    }

    fn list_tree(&self, tree: &Oid) -> Result<Vec<Entry>, Error> {
        let listed = self
            .repo
            .git()
            .args(["ls-tree", "-r", "-z", tree.as_str()])
            .run()?;
        let mut entries = crate::git::tree::parse_listing(&listed)?;
        entries.retain(|entry| self.scope.covers(&entry.path));
        Ok(entries)
    }

    fn changes(
        &self,
        numbers: Vec<Numstat>,
        tree: &Oid,
        found: &Found,
        left_out: &[LeftOut],
    ) -> Result<Vec<PathChange>, Error> {
        let untracked: BTreeSet<&RecordPath> = self.status.untracked.iter().collect();
        let mut changes: Vec<PathChange> = numbers
            .into_iter()
            .map(
                |Numstat {
                     path,
                     status,
                     added,
                     removed,
                     ..
                 }| PathChange {
                    status: if status == 'A' && untracked.contains(&path) {
                        '?'
                    } else {
                        status
                    },
                    path,
                    added,
                    removed,
                },
            )
            .collect();
        let bare = |path: &RecordPath, status| PathChange {
            path: path.clone(),
            status,
            added: None,
            removed: None,
        };
        let unknown = self.status.nested.iter().collect::<BTreeSet<_>>();
        for path in &found.changed {
            let status = if unknown.contains(path) { '?' } else { 'M' };
            changes.push(bare(path, status));
        }
        let tracked = self.status.tracked.iter().chain(&self.status.conflicts);
        let tracked: BTreeSet<&RecordPath> = tracked.chain(self.hidden.paths()).collect();
        for path in left_out.iter().map(|entry| &entry.path) {
            if untracked.contains(path) {
                changes.push(bare(path, '?'));
            } else if tracked.contains(path) {
                // It differs, but can't be read or is too large: the tree has what git has of it.
                let known = Objects::binary(self.repo).at(tree, path)?.is_some();
                changes.push(bare(path, if known { 'M' } else { 'A' }));
            }
        }
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        changes.dedup_by(|a, b| a.path == b.path);
        Ok(changes)
    }
}

/// The places, in a listing in path order, of what a file at this path leaves no room for: all that is
/// below the path. No edit tells of those that a sparse checkout keeps from the disk.
fn replaced_by(entries: &[Entry], path: &RecordPath) -> Option<std::ops::Range<usize>> {
    let inside = [path.as_bytes(), b"/"].concat();
    let from = entries.partition_point(|entry| entry.path.as_bytes() < &inside[..]);
    let count = entries[from..].partition_point(|entry| entry.path.is_within(path));
    (count > 0).then(|| from..from + count)
}

impl Frozen {
    /// Whether anything outside the folders of records differed from the commit.
    pub fn is_dirty(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The uncommitted change as `git apply` takes it; `None` when the tree is the commit's, and when
    /// it was not asked for.
    pub fn patch(&self) -> Option<&[u8]> {
        (!self.patch.is_empty()).then_some(&self.patch)
    }

    /// What the patch can't express, in words.
    pub fn not_in_patch(&self) -> Vec<String> {
        let missing = |path: &RecordPath| {
            let path = path.display();
            format!("any change, for {path} is not here as it was committed: in the snapshot")
        };
        let mut sentences: Vec<String> = self.absent.as_ref().map(missing).into_iter().collect();
        for nested in self.nested.iter().filter(|nested| nested.tree.is_some()) {
            let path = nested.path.display();
            sentences.push(format!(
                "the files of the repository in {path}: in the snapshot"
            ));
        }
        for path in &self.overlay {
            let path = path.display();
            sentences.push(format!(
                "the exact bytes of {path}, which git converts: in the snapshot"
            ));
        }
        for entry in &self.left_out {
            let path = entry.path.display();
            sentences.push(match entry.why.as_str() {
                "size" => format!("{path}: its {} bytes are over the limit", entry.bytes),
                "secret" => format!("{path}: its name looks like a secret's"),
                "empty-directory" => format!("{path}: an empty folder"),
                "unreadable" => format!("{path}: it can't be read"),
                kind => format!("{path}: a {kind}"),
            });
        }
        sentences
    }
}
