//! The index, brought on a private copy to the state of the working tree.

use std::collections::BTreeSet;
use std::path::Path;

use super::config::without_filters;
use super::limits::{self, Held};
use super::observe::{Seen, prepared};
use super::raw;
use super::scratch::Scratch;
use crate::git::command::split_nul;
use crate::git::objects::Objects;
use crate::git::tree::{Entry, GITLINK, filtered_tree};
use crate::git::{Error, Git};
use crate::model::code::LeftOut;
use crate::model::{Oid, RecordPath};

/// The tree of the working tree as it is, and what stood in its way.
#[derive(Debug, Default)]
pub struct Captured {
    /// What the user had staged, when that is neither HEAD nor this tree.
    pub staged: Option<Oid>,
    /// Files that could not be read.
    pub left_out: Vec<LeftOut>,
    /// Sentences.
    pub warnings: Vec<String>,
}

/// Writes the tree of everything tracked plus the given untracked files. Held files stay as git has
/// them.
pub fn capture(
    seen: &Seen<'_>,
    untracked: &[RecordPath],
    held: &Held,
) -> Result<(Oid, Captured), Error> {
    let work = Work {
        scratch: Scratch::copy(seen.repo)?,
        seen,
    };
    let mut captured = Captured::default();
    work.put(&seen.restaged)?;
    let staged = work.staged()?;
    work.forget_records()?;
    work.uncover()?;
    work.unsettle()?;
    work.hold(held)?;
    // Not `git add -u`: it would look at every file once more. What is staged is in the copy; a path
    // that is staged as deleted and is on disk is untracked, or ignored.
    let status = &seen.status;
    let edited = status.edited.iter().chain(&status.conflicts);
    let touched = edited
        .chain(seen.hidden.paths())
        .filter(|path| !held.contains(path));
    let top = seen.repo.top()?;
    work.settle_submodules(top)?;
    let (gone, there): (Vec<_>, Vec<_>) =
        touched.partition(|path| is_behind_a_link(top, path) || work.is_no_file_now(top, path));
    work.flag("--force-remove", gone.into_iter())?;
    let paths: Vec<&RecordPath> = there.into_iter().chain(untracked).collect();
    let mut failed = Vec::new();
    work.add(&paths, &mut failed)?;
    work.keep_raw(failed, &mut captured)?;
    let tree = work.scratch.write_tree(work.quiet())?;
    captured.staged = staged.filter(|id| *id != tree && Some(id) != seen.head_tree.as_ref());
    Ok((tree, captured))
}

/// A copy of the index being brought to the state of the working tree.
struct Work<'a> {
    scratch: Scratch,
    seen: &'a Seen<'a>,
}

impl Work<'_> {
    /// git as it adds files.
    fn git(&self) -> Git {
        prepared(self.seen.repo, self.seen.scope, &self.seen.config)
    }

    /// git for all the rest. Whenever it writes an index it compares young entries with their files,
    /// and would run their filters for that.
    fn quiet(&self) -> Git {
        without_filters(self.git(), &self.seen.config)
    }

    /// The tree that is staged; an index in conflict has none, and `conflicts` says so.
    fn staged(&self) -> Result<Option<Oid>, Error> {
        let status = &self.seen.status;
        match &self.seen.head_tree {
            _ if !status.conflicts.is_empty() => Ok(None),
            Some(head) if !status.is_staged => Ok(Some(head.clone())),
            _ => self.scratch.write_tree(self.quiet()).map(Some),
        }
    }

    /// Whether the index has of the records what HEAD has.
    fn has_records_as_committed(&self) -> Result<bool, Error> {
        let objects = Objects::open(self.seen.repo);
        for folder in &self.seen.scope.experiments {
            let mut inside = Vec::new();
            for staged in &self.seen.index {
                if let Some(path) = staged.entry.path.strip(folder) {
                    if staged.stage != 0 {
                        return Ok(false);
                    }
                    let entry = staged.entry.clone();
                    inside.push(Entry { path, ..entry });
                }
            }
            let committed = match &self.seen.head_tree {
                Some(tree) => objects.at(tree, folder)?,
                None => None,
            };
            let is_same = match committed {
                Some(item) => item.id == filtered_tree(&inside, |_| true, objects.format()),
                None => inside.is_empty(),
            };
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts the folders of records back to what HEAD has, so that they are no difference.
    fn forget_records(&self) -> Result<(), Error> {
        if self.has_records_as_committed()? {
            return Ok(());
        }
        let (repo, scope) = (self.seen.repo, self.seen.scope);
        let empty = repo.format().empty_tree();
        let head = self.seen.head_tree.as_ref().unwrap_or(&empty);
        let mut folders: Vec<std::ffi::OsString> = vec!["--".into()];
        folders.extend(
            scope
                .experiments
                .iter()
                .map(|folder| folder.to_path().into()),
        );
        if folders.len() == 1 {
            return Ok(());
        }
        let listed = self
            .scratch
            .on(self.quiet())
            .env("GIT_LITERAL_PATHSPECS", "1")
            .args([
                "diff-index",
                "--cached",
                "--raw",
                "-z",
                "--no-renames",
                "--no-abbrev",
            ])
            .arg(head.as_str())
            .args(folders)
            .run()?;
        let mut parts = split_nul(&listed);
        let mut entries = Vec::new();
        while let (Some(head), Some(path)) = (parts.next(), parts.next()) {
            let text = String::from_utf8_lossy(head);
            let mut words = text.trim_start_matches(':').split(' ');
            let mode = words
                .next()
                .and_then(|mode| u32::from_str_radix(mode, 8).ok());
            let id = words.nth(1).and_then(Oid::parse);
            let (Some(mode), Some(id)) = (mode, id) else {
                return Err(Error::Unexpected(text.into_owned()));
            };
            // Mode 0 removes the entry, all stages of a conflict included.
            entries.push(Entry {
                mode,
                id,
                path: RecordPath::from_bytes(path),
            });
        }
        self.put(&entries)
    }

    /// Makes git look again at the files that the index tells it to pass over. Two calls: one with
    /// both options heeds only the last.
    fn uncover(&self) -> Result<(), Error> {
        let hidden = &self.seen.hidden;
        for (option, paths) in [
            ("--no-assume-unchanged", &hidden.assume_unchanged),
            ("--no-skip-worktree", &hidden.skip_worktree),
        ] {
            self.flag(option, paths.iter())?;
        }
        Ok(())
    }

    /// Makes git read the files that it might take for unchanged: their entries lose their times.
    fn unsettle(&self) -> Result<(), Error> {
        let overlooked: BTreeSet<&RecordPath> = self.seen.status.overlooked.iter().collect();
        let index = self.seen.index.iter().filter(|entry| entry.stage == 0);
        let index = index.filter(|entry| overlooked.contains(&entry.entry.path));
        let entries: Vec<Entry> = index.map(|entry| entry.entry.clone()).collect();
        self.put(&entries)
    }

    /// Makes git pass over files that are too large to keep. What is in conflict is settled first:
    /// only then has it an entry that can be passed over.
    fn hold(&self, held: &Held) -> Result<(), Error> {
        let conflicts = self.seen.status.conflicts.iter();
        let entries: Vec<Entry> = conflicts
            .filter(|path| held.contains(path))
            .filter_map(|path| limits::staged(self.seen, path).cloned())
            .collect();
        self.put(&entries)?;
        self.flag("--assume-unchanged", held.paths())
    }

    fn flag<'p>(
        &self,
        option: &str,
        paths: impl Iterator<Item = &'p RecordPath>,
    ) -> Result<(), Error> {
        let list = joined(paths);
        if list.is_empty() {
            return Ok(());
        }
        let git = self.scratch.on(self.quiet());
        let git = git.args(["update-index", "-z", option, "--stdin"]);
        git.stdin(list).run().map(drop)
    }

    /// Whether a folder, or what no commit can hold, has taken the place of a file. What is in a
    /// folder has paths of its own; the path itself git refuses to add.
    fn is_no_file_now(&self, top: &Path, path: &RecordPath) -> bool {
        let Ok(found) = top.join(path.to_path()).symlink_metadata() else {
            return false;
        };
        let is_submodule = || {
            let entry = limits::staged(self.seen, path);
            found.is_dir() && entry.is_some_and(|entry| entry.mode == GITLINK)
        };
        !found.is_file() && !found.is_symlink() && !is_submodule()
    }

    /// A submodule in conflict that is not checked out stays at the commit of our side: there is
    /// none on disk that could be added.
    fn settle_submodules(&self, top: &Path) -> Result<(), Error> {
        let conflicts = self.seen.status.conflicts.iter();
        let ours = conflicts.filter_map(|path| limits::staged(self.seen, path));
        let absent: Vec<Entry> = ours
            .filter(|entry| entry.mode == GITLINK)
            .filter(|entry| !top.join(entry.path.to_path()).join(".git").exists())
            .cloned()
            .collect();
        self.put(&absent)
    }

    fn put(&self, entries: &[Entry]) -> Result<(), Error> {
        match entries.is_empty() {
            true => Ok(()),
            false => self.scratch.put(self.quiet(), entries),
        }
    }

    /// Adds paths as they are on disk. git takes all or none, so halves find those that it can't.
    fn add<'p>(
        &self,
        paths: &[&'p RecordPath],
        failed: &mut Vec<(&'p RecordPath, Error)>,
    ) -> Result<(), Error> {
        if paths.is_empty() {
            return Ok(());
        }
        let added = self.update(self.git(), paths);
        match (added, paths) {
            (Ok(_), _) => Ok(()),
            (Err(error @ Error::Command { .. }), [path]) => {
                failed.push((path, error));
                Ok(())
            }
            (Err(Error::Command { .. }), _) => {
                let (left, right) = paths.split_at(paths.len() / 2);
                self.add(left, failed)?;
                self.add(right, failed)
            }
            (Err(error), _) => Err(error),
        }
    }

    fn update(&self, git: Git, paths: &[&RecordPath]) -> Result<Vec<u8>, Error> {
        self.scratch
            .on(git)
            .args(["update-index", "-z", "--add", "--remove", "--replace"])
            .arg("--stdin")
            .stdin(joined(paths.iter().copied()))
            .run()
    }

    /// Keeps files that git can't convert (a filter fails, an encoding is another than declared) as
    /// they are on disk. What can't be read even so is named.
    fn keep_raw(
        &self,
        failed: Vec<(&RecordPath, Error)>,
        captured: &mut Captured,
    ) -> Result<(), Error> {
        for (path, error) in failed {
            let top = self.seen.repo.top()?;
            let place = top.join(path.to_path());
            let readable = super::files::open_regular(&place);
            if readable.is_err_and(|e| e.kind() == std::io::ErrorKind::PermissionDenied) {
                captured.left_out.push(LeftOut {
                    path: path.clone(),
                    bytes: place.symlink_metadata().map_or(0, |found| found.len()),
                    sha256: None,
                    why: "unreadable".to_owned(),
                });
                continue;
            }
            let entries = raw::write_entries(self.seen.repo, top, std::slice::from_ref(path))?;
            if entries.is_empty() {
                return Err(error);
            }
            self.put(&entries)?;
            let why = match &error {
                Error::Command { message, .. } => message.lines().next().unwrap_or_default(),
                _ => "",
            };
            captured.warnings.push(format!(
                "{} is kept as it is on disk, for git can't convert it: {why}",
                path.display()
            ));
        }
        Ok(())
    }
}

/// Whether a link has taken the place of a folder that the path leads through: git finds nothing
/// behind it, and adding the path would be an error.
pub(in crate::git) fn is_behind_a_link(top: &Path, path: &RecordPath) -> bool {
    let place = path.to_path();
    place.ancestors().skip(1).any(|folder| {
        !folder.as_os_str().is_empty()
            && top
                .join(folder)
                .symlink_metadata()
                .is_ok_and(|f| f.is_symlink())
    })
}

fn joined<'a>(paths: impl Iterator<Item = &'a RecordPath>) -> Vec<u8> {
    let mut list = Vec::new();
    for path in paths {
        list.extend(path.as_bytes());
        list.push(0);
    }
    list
}
