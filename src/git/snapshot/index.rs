//! A private copy of the index. The user's own is read, never written.

use std::path::PathBuf;

use filetime::FileTime;

use super::Scope;
use super::config::Config;
use super::observe::{Seen, prepared};
use super::raw;
use crate::git::command::split_nul;
use crate::git::tree::Entry;
use crate::git::{Error, Git, Repo};
use crate::model::code::LeftOut;
use crate::model::{Oid, RecordPath};

/// How names of our folders in the git directory begin; `doctor` removes what a killed process left.
pub const SCRATCH_PREFIX: &str = "exp-index-";

/// An index file of our own, removed with everything beside it when dropped.
#[derive(Debug)]
pub struct Scratch {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Scratch {
    /// An index with nothing in it.
    pub fn empty(repo: &Repo) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix(SCRATCH_PREFIX)
            .tempdir_in(&repo.git_dir)
            .map_err(|source| failed(&repo.git_dir, source))?;
        Ok(Self {
            path: folder.path().join("index"),
            _folder: folder,
        })
    }

    /// A copy of the user's index with its modification time: an entry as young as the index is
    /// compared by content, and would pass for unchanged in a younger one.
    pub fn copy(repo: &Repo) -> Result<Self, Error> {
        let scratch = Self::empty(repo)?;
        let source = repo.git_dir.join("index");
        let copied = std::fs::File::open(&source).and_then(|mut original| {
            let found = original.metadata()?;
            let mut copy = std::fs::File::create(&scratch.path)?;
            std::io::copy(&mut original, &mut copy)?;
            let modified = FileTime::from_last_modification_time(&found);
            filetime::set_file_handle_times(&copy, None, Some(modified))
        });
        match copied {
            // Before the first `git add` there is none.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(scratch),
            Err(error) => Err(failed(&source, error)),
            Ok(()) => Ok(scratch),
        }
    }

    /// git on this index.
    pub fn on(&self, git: Git) -> Git {
        git.index(&self.path).durable()
    }

    /// Puts entries in by id, whatever is on disk.
    pub fn put(&self, repo: &Repo, entries: &[Entry]) -> Result<(), Error> {
        let mut lines = Vec::new();
        for entry in entries {
            lines.extend(format!("{:06o} {}\t", entry.mode, entry.id).into_bytes());
            lines.extend(entry.path.as_bytes());
            lines.push(0);
        }
        self.on(repo.git())
            .args(["update-index", "-z", "--replace", "--index-info"])
            .stdin(lines)
            .run()
            .map(drop)
    }

    /// Writes the tree.
    pub fn write_tree(&self, repo: &Repo) -> Result<Oid, Error> {
        let printed = self.on(repo.git()).arg("write-tree").text()?;
        Oid::parse(&printed).ok_or(Error::Unexpected(printed))
    }
}

fn failed(path: &std::path::Path, source: std::io::Error) -> Error {
    Error::File {
        path: path.display().to_string(),
        source,
    }
}

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

/// Writes the tree of everything tracked plus the given untracked files.
pub fn capture(seen: &Seen<'_>, untracked: &[RecordPath]) -> Result<(Oid, Captured), Error> {
    let (repo, scope) = (seen.repo, seen.scope);
    let scratch = Scratch::copy(repo)?;
    let mut captured = Captured::default();
    // An index in conflict has no tree; `conflicts` says so.
    let staged = match seen.status.conflicts.is_empty() {
        true => Some(scratch.write_tree(repo)?),
        false => None,
    };
    forget_records(seen, &scratch)?;
    uncover(seen, &scratch)?;
    let work = Work {
        scratch: &scratch,
        repo,
        scope,
        config: &seen.config,
    };
    let all = work
        .git()
        .args(["add", "--sparse", "-u"])
        .args(scope.pathspecs())
        .run();
    let mut failed = Vec::new();
    if all.is_err() {
        let mut touched: Vec<&RecordPath> = seen.status.tracked.iter().collect();
        touched.extend(seen.status.conflicts.iter().chain(seen.hidden.paths()));
        work.add(&touched, &mut failed)?;
    }
    work.add(&untracked.iter().collect::<Vec<_>>(), &mut failed)?;
    work.keep_raw(failed, &mut captured)?;
    let tree = scratch.write_tree(repo)?;
    captured.staged = staged.filter(|id| *id != tree && Some(id) != seen.head_tree.as_ref());
    Ok((tree, captured))
}

/// Puts the folders of records back to what HEAD has, so that they are no difference.
fn forget_records(seen: &Seen<'_>, scratch: &Scratch) -> Result<(), Error> {
    let (repo, scope) = (seen.repo, seen.scope);
    let within = |entry: &Entry| !scope.covers(&entry.path);
    if !seen.index.iter().any(|entry| within(&entry.entry)) && seen.head_tree.is_none() {
        return Ok(());
    }
    let empty = repo.format().empty_tree();
    let head = seen.head_tree.as_ref().unwrap_or(&empty);
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
    let listed = scratch
        .on(repo.git())
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
    if entries.is_empty() {
        return Ok(());
    }
    scratch.put(repo, &entries)
}

/// Makes git look again at the files that the index tells it to pass over. Two calls: one with
/// both options heeds only the last.
fn uncover(seen: &Seen<'_>, scratch: &Scratch) -> Result<(), Error> {
    let hidden = &seen.hidden;
    for (option, paths) in [
        ("--no-assume-unchanged", &hidden.assume_unchanged),
        ("--no-skip-worktree", &hidden.skip_worktree),
    ] {
        if !paths.is_empty() {
            scratch
                .on(seen.repo.git())
                .args(["update-index", "-z", option, "--stdin"])
                .stdin(joined(paths.iter()))
                .run()?;
        }
    }
    Ok(())
}

fn joined<'a>(paths: impl Iterator<Item = &'a RecordPath>) -> Vec<u8> {
    let mut list = Vec::new();
    for path in paths {
        list.extend(path.as_bytes());
        list.push(0);
    }
    list
}

/// What adding to the copy takes.
struct Work<'a> {
    scratch: &'a Scratch,
    repo: &'a Repo,
    scope: &'a Scope<'a>,
    config: &'a Config,
}

impl Work<'_> {
    fn git(&self) -> Git {
        self.scratch
            .on(prepared(self.repo, self.scope, self.config))
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
        let added = self
            .git()
            .args([
                "update-index",
                "-z",
                "--add",
                "--remove",
                "--replace",
                "--stdin",
            ])
            .stdin(joined(paths.iter().copied()))
            .run();
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

    /// Keeps the bytes of files whose filter failed. What can't be read even so is named.
    fn keep_raw(
        &self,
        failed: Vec<(&RecordPath, Error)>,
        captured: &mut Captured,
    ) -> Result<(), Error> {
        for (path, error) in failed {
            let top = self.repo.top()?;
            let place = top.join(path.to_path());
            if let Err(unreadable) = super::files::open_regular(&place)
                && unreadable.kind() == std::io::ErrorKind::PermissionDenied
            {
                captured.left_out.push(LeftOut {
                    path: path.clone(),
                    bytes: place.symlink_metadata().map_or(0, |found| found.len()),
                    sha256: None,
                    why: "unreadable".to_owned(),
                });
                continue;
            }
            let entries = raw::write_entries(self.repo, top, std::slice::from_ref(path))?;
            if entries.is_empty() {
                return Err(error);
            }
            self.scratch.put(self.repo, &entries)?;
            let why = match &error {
                Error::Command { message, .. } => message.lines().next().unwrap_or_default(),
                _ => "",
            };
            captured.warnings.push(format!(
                "{} is kept as it is, for its filter failed: {why}",
                path.display()
            ));
        }
        Ok(())
    }
}
