//! Repositories inside the repository: their files become trees in the outer object database, so
//! that one ref keeps and one push carries all of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::config::Config;
use super::files::{Budget, fit, sort};
use super::index::is_behind_a_link;
use super::observe::Seen;
use super::status::{Status, folder_name};
use super::{conversion, direct, glance, index_file, limits, overlay, raw, sizes};
use crate::git::command::split_nul;
use crate::git::tree::{Entry, GITLINK};
use crate::git::{Error, Git, Repo};
use crate::model::code::{LeftOut, Nested};
use crate::model::{Oid, RecordPath};

/// All that was found inside.
#[derive(Debug, Default)]
pub struct Found {
    /// The repositories.
    pub nested: Vec<Nested>,
    /// Those that differ from what the commit names.
    pub changed: Vec<RecordPath>,
    /// Files in them that are only named.
    pub left_out: Vec<LeftOut>,
    /// Sentences.
    pub warnings: Vec<String>,
}

/// Freezes submodules that are not as their commit says, and every repository that git knows
/// nothing of.
pub fn freeze(seen: &Seen<'_>, budget: &mut Budget) -> Result<Found, Error> {
    let mut found = Found::default();
    let mut work = Work {
        seen,
        budget,
        found: &mut found,
    };
    for entry in seen.submodules()? {
        if seen.scope.covers(&entry.path) {
            work.repository(&entry.path, Some(&entry.id))?;
        }
    }
    for path in seen.status.nested.iter().chain(unseen(seen)?) {
        work.repository(path, None)?;
    }
    found.nested.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Repositories in the places of tracked files: git says of these only that they are gone.
fn unseen<'s>(seen: &'s Seen<'_>) -> Result<BTreeSet<&'s RecordPath>, Error> {
    let top = seen.repo.top()?;
    let submodules = seen.submodules()?;
    let is_submodule = |path: &RecordPath| submodules.iter().any(|entry| entry.path == *path);
    // Where the index has nothing at the path itself, git lists what is there.
    let is_tracked = |path: &RecordPath| seen.index.iter().any(|known| known.entry.path == *path);
    let tracked = seen.status.tracked.iter().chain(&seen.status.conflicts);
    let there = tracked.chain(seen.hidden.paths()).filter(|path| {
        let place = top.join(path.to_path());
        place.join(".git").symlink_metadata().is_ok()
            && is_filled(&place)
            && !is_behind_a_link(top, path)
            && is_tracked(path)
            && !is_submodule(path)
            && !seen.status.nested.contains(path)
    });
    Ok(there.collect())
}

struct Work<'w, 's> {
    seen: &'w Seen<'s>,
    budget: &'w mut Budget,
    found: &'w mut Found,
}

impl Work<'_, '_> {
    /// Looks at one repository. `pinned` is the commit that the outer one names for it.
    fn repository(&mut self, path: &RecordPath, pinned: Option<&Oid>) -> Result<(), Error> {
        let root = self.seen.repo.top()?.join(path.to_path());
        let is_own = root.join(".git").symlink_metadata().is_ok();
        let inside = Inside {
            root: &root,
            borrowed: (!is_own).then_some(&self.seen.repo.git_dir),
        };
        let listed = inside
            .git()
            .args(["ls-files", "-z", "-s", "-o", "--exclude-standard"])
            .run();
        let listed = match listed {
            Ok(listed) => listed,
            // Broken, or of another user's: its files can't be told from its rubbish.
            Err(Error::Command { message, .. }) => {
                self.refused(path, &message);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let (commit, remote) = match is_own {
            true => (inside.commit()?, inside.remote()?),
            false => (None, None),
        };
        let as_pinned = pinned.is_some() && commit.as_ref() == pinned;
        let files = Files::parse(&listed);
        let inner_before = self.found.changed.len();
        for inner in &files.repositories {
            let full = inner.below(path);
            if is_filled(&root.join(inner.to_path())) {
                self.repository(&full, files.pin(inner))?;
            }
        }
        let state = match as_pinned && self.found.changed.len() == inner_before {
            true => inside.state(self.seen)?,
            false => State::Changed,
        };
        let tree = match state {
            State::GivenBack => None,
            _ => Some(self.write(path, &root, &files)?),
        };
        if state == State::Changed {
            self.found.changed.push(path.clone());
        }
        self.found.nested.push(Nested {
            path: path.clone(),
            commit,
            tree,
            remote,
        });
        Ok(())
    }

    fn write(&mut self, path: &RecordPath, root: &Path, files: &Files) -> Result<Oid, Error> {
        let scope = self.seen.scope;
        let tracked = self.tracked(path, root, &files.tracked);
        let sorted = sort(root, path, &files.untracked, scope, self.budget);
        let sorted = sorted.map_err(|source| Error::File {
            path: root.display().to_string(),
            source,
        })?;
        self.found.left_out.extend(sorted.left_out);
        let paths: Vec<RecordPath> = tracked.into_iter().chain(sorted.kept).collect();
        let repo = self.seen.repo;
        raw::write_tree(repo, &raw::write_entries(repo, root, &paths)?)
    }

    /// Tracked files within the limits, and whatever is no file. All of them would be new here, for
    /// the inner repository has its objects elsewhere.
    fn tracked(
        &mut self,
        path: &RecordPath,
        root: &Path,
        tracked: &[RecordPath],
    ) -> Vec<RecordPath> {
        let (mut sized, mut kept) = (Vec::new(), Vec::new());
        for inner in tracked {
            match root.join(inner.to_path()).symlink_metadata() {
                Ok(found) if found.is_file() => sized.push((found.len(), inner)),
                _ => kept.push(inner.clone()),
            }
        }
        let (fitting, left_out) = fit(root, path, sized, self.seen.scope, self.budget);
        self.found.left_out.extend(left_out);
        kept.extend(fitting.into_iter().cloned());
        kept
    }

    fn refused(&mut self, path: &RecordPath, message: &str) {
        self.found.warnings.push(format!(
            "the repository in {} can't be read, so its files are not kept: {}",
            path.display(),
            message.lines().next().unwrap_or_default()
        ));
        self.found.changed.push(path.clone());
        self.found.left_out.push(LeftOut {
            path: path.clone(),
            bytes: 0,
            sha256: None,
            why: "unreadable".to_owned(),
        });
    }
}

/// Whether there is anything in a folder: a submodule that was never fetched is an empty one.
pub(super) fn is_filled(folder: &Path) -> bool {
    let is_folder = folder.symlink_metadata().is_ok_and(|found| found.is_dir());
    is_folder && std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// git inside the inner repository, which is named explicitly so that a broken one is never taken
/// for the outer.
struct Inside<'a> {
    root: &'a Path,
    /// The outer repository's git directory, where the inner one has lost its own: git passes over
    /// the files of such a submodule in silence.
    borrowed: Option<&'a PathBuf>,
}

/// What a submodule is beside its commit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A checkout of its commit gives just the bytes that are there.
    GivenBack,
    /// git sees no change, and yet the bytes are others.
    Converted,
    Changed,
}

impl Inside<'_> {
    fn git(&self) -> Git {
        let own = self.root.join(".git");
        match self.borrowed {
            None => Git::new(self.root).repository(&own, Some(self.root)),
            // No index is there, and so nothing is tracked.
            Some(outer) => Git::new(self.root)
                .repository(outer, Some(self.root))
                .index(&own.join("index")),
        }
    }

    fn commit(&self) -> Result<Option<Oid>, Error> {
        let output = self
            .git()
            .args(["rev-parse", "--verify", "--quiet", "HEAD"])
            .output()?;
        Ok(Oid::parse(String::from_utf8_lossy(&output.stdout).trim()))
    }

    fn remote(&self) -> Result<Option<String>, Error> {
        let output = self
            .git()
            .args(["config", "-z", "--get-regexp", r"^remote\..+\.url$"])
            .output()?;
        Ok(Config::parse(&output.stdout).remote())
    }

    /// Its status, if its files are those of its commit. Never asked where filters may not run, for
    /// git can't tell without them.
    fn clean_status(&self, seen: &Seen<'_>) -> Result<Option<Status>, Error> {
        if !seen.scope.filters {
            return Ok(None);
        }
        let hidden = self.git().args(["ls-files", "-v", "-z"]).run()?;
        if split_nul(&hidden).any(|line| !line.starts_with(b"H ")) {
            return Ok(None);
        }
        let printed = self
            .git()
            .args(["status", "--porcelain=v2", "-z", "--no-renames"])
            .args(["--untracked-files=all", "--ignored=matching"])
            .arg("--ignore-submodules=dirty")
            .run()?;
        let status = Status::parse(&printed)?;
        Ok(Some(status).filter(Status::is_clean))
    }

    /// Compares its files with its commit, those too that git takes for unchanged.
    fn state(&self, seen: &Seen<'_>) -> Result<State, Error> {
        let Some(status) = self.clean_status(seen)? else {
            return Ok(State::Changed);
        };
        let repo = Repo {
            work_tree: Some(self.root.to_owned()),
            ..Repo::at(&self.root.join(".git"))?
        };
        let config = Config::read(&repo)?;
        let bytes = index_file::bytes(&repo.git_dir.join("index"));
        let id = bytes.as_deref().map(glance::index_id);
        let index = match bytes.and_then(|bytes| index_file::parse(&bytes, repo.format())) {
            Some(index) => index,
            None => index_file::listed(&repo)?,
        };
        for entry in glance::overlooked(&repo, &index, &[]) {
            if direct::differs(&repo, seen.scope, &config, &entry)? {
                return Ok(State::Changed);
            }
        }
        let resized = sizes::resized(&repo, &seen.repo.exp_dir(), &index, id, &[]);
        let entries: Vec<Entry> = index.entries.into_iter().map(|entry| entry.entry).collect();
        let paths = entries.iter().map(|entry| &entry.path);
        let paths = paths.chain(&status.ignored);
        let said = conversion::said(&repo, seen.scope, &config, paths)?;
        let rules = overlay::Rules {
            reach: said.reach,
            resized: &resized,
            repo: &repo,
            scope: seen.scope,
            config: &config,
            are_ignored: status.ignores_attributes(),
        };
        let found = overlay::find(&rules, &entries, &limits::Held::default())?;
        let is_given_back = found.needed.is_empty() && !rules.hold_here_alone();
        Ok(match is_given_back {
            true => State::GivenBack,
            false => State::Converted,
        })
    }
}

/// `git ls-files -s -o`: tracked entries with mode and id, other files by name alone.
#[derive(Default)]
struct Files {
    tracked: Vec<RecordPath>,
    untracked: Vec<RecordPath>,
    repositories: Vec<RecordPath>,
    pins: Vec<(RecordPath, Oid)>,
}

impl Files {
    fn parse(listed: &[u8]) -> Self {
        let mut files = Self::default();
        for record in split_nul(listed) {
            match staged(record) {
                Some((GITLINK, id, path)) => {
                    files.pins.push((path.clone(), id));
                    files.repositories.push(path);
                }
                Some((_, _, path)) => files.tracked.push(path),
                None if record.ends_with(b"/") => {
                    files
                        .repositories
                        .push(folder_name(&RecordPath::from_bytes(record)));
                }
                None => files.untracked.push(RecordPath::from_bytes(record)),
            }
        }
        // A path in conflict has up to three entries.
        files.tracked.dedup();
        files
    }

    fn pin(&self, path: &RecordPath) -> Option<&Oid> {
        self.pins
            .iter()
            .find(|(pinned, _)| pinned == path)
            .map(|(_, id)| id)
    }
}

/// `<mode> <id> <stage>\t<path>`
fn staged(record: &[u8]) -> Option<(u32, Oid, RecordPath)> {
    let tab = record.iter().position(|&b| b == b'\t')?;
    let mut words = std::str::from_utf8(&record[..tab]).ok()?.split(' ');
    let mode = words.next().filter(|mode| mode.len() == 6)?;
    let mode = u32::from_str_radix(mode, 8).ok()?;
    let id = Oid::parse(words.next()?)?;
    Some((mode, id, RecordPath::from_bytes(&record[tab + 1..])))
}
