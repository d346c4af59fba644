//! Where files are read from: the working tree, the index, or a commit.
//!
//! All three answer the same two questions, so that a bare clone and a pre-commit hook are checked by
//! the same rules as a working tree.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::error::Result;
use crate::git::command::{path_from_git, split_nul};
use crate::git::objects::Objects;
use crate::git::tree::{SYMLINK, parse_listing};
use crate::git::unchanged::{Indexed, Known, staged};
use crate::git::{self, ObjectFormat, Repo};
use crate::model::{Oid, RecordPath};
use crate::store::contain;
use crate::store::layout::EXPERIMENTS;

/// Larger files are not read; the record that needs them says so.
pub const LIMIT: u64 = 64 << 20;
/// What a run logs while it goes on is never looked at.
const SKIPPED: [&str; 3] = ["series", "series.jsonl", "output.log"];

/// Where files are read from.
pub enum Source<'a, 'r> {
    /// Files on disk, below the top of the working tree.
    Worktree {
        /// The top.
        top: PathBuf,
        /// The files that matter.
        files: BTreeSet<RecordPath>,
        /// What the index says of them.
        indexed: Indexed,
    },
    /// Blobs of the index or of a commit.
    Blobs {
        /// Mode and id by path.
        files: BTreeMap<RecordPath, (u32, Oid)>,
        /// Where they are.
        objects: &'a Objects<'r>,
        /// Which of the two.
        from: Listing,
    },
}

/// Where blobs are listed.
pub enum Listing {
    /// In an index: git's own, or the one that a hook was given.
    Index(Option<OsString>),
    /// In a commit.
    Commit(Oid),
}

impl<'a, 'r> Source<'a, 'r> {
    /// The working tree: everything below `experiments/`, and all Markdown that git would track.
    pub fn worktree(repo: &Repo, top: &Path, prefix: &RecordPath) -> Result<Self> {
        let experiments = RecordPath::from(EXPERIMENTS).below(prefix);
        let listed = repo
            .git()
            .args(["ls-files", "-z", "--others", "--exclude-standard"])
            // What is not tracked there is found below; git need not look for it.
            .arg("--exclude")
            .arg(pattern(&experiments))
            .args(["--", ":(top,glob)**/*.md", ":(top,glob)**/*.markdown"])
            .spawn()?;
        let wanted = |path: &RecordPath| path.is_within(&experiments) || is_report(path);
        let (mut files, indexed) = rayon::join(
            || walk(&top.join(experiments.to_path()), &experiments, 0),
            || git::unchanged::files(repo, wanted),
        );
        let indexed = indexed?;
        let listed = listed.finish()?;
        let listed = split_nul(&listed).map(|path| RecordPath::from_path(&path_from_git(path)));
        files.extend(listed);
        // The index still has what was removed or renumbered and is not committed yet.
        let elsewhere = |path: &&RecordPath| !path.is_within(&experiments);
        let touched = indexed.touched.keys().filter(elsewhere);
        let there = touched.filter(|path| top.join(path.to_path()).symlink_metadata().is_ok());
        files.extend(there.cloned());
        files.extend(indexed.known.keys().filter(elsewhere).cloned());
        Ok(Self::Worktree {
            top: top.to_owned(),
            files: files.into_iter().collect(),
            indexed,
        })
    }

    /// The index; in a hook, the one that is to be committed.
    pub fn index(repo: &Repo, objects: &'a Objects<'r>, file: Option<OsString>) -> Result<Self> {
        let from = Listing::Index(file);
        let listed = from.git(repo).args(["ls-files", "-s", "-z"]).run()?;
        let mut files = BTreeMap::new();
        for record in split_nul(&listed) {
            // `<mode> <id> <stage>\t<path>`
            let Some(tab) = record.iter().position(|&b| b == b'\t') else {
                continue;
            };
            let head = String::from_utf8_lossy(&record[..tab]).into_owned();
            let mut words = head.split(' ');
            let mode = words
                .next()
                .and_then(|mode| u32::from_str_radix(mode, 8).ok());
            let id = words.next().and_then(Oid::parse);
            if let (Some(mode), Some(id)) = (mode, id) {
                files.insert(RecordPath::from_bytes(&record[tab + 1..]), (mode, id));
            }
        }
        Ok(Self::Blobs {
            files,
            objects,
            from,
        })
    }

    /// A commit.
    pub fn commit(repo: &Repo, commit: &Oid, objects: &'a Objects<'r>) -> Result<Self, git::Error> {
        let listed = repo
            .git()
            .args(["ls-tree", "-r", "-z", "--full-tree", commit.as_str()])
            .run()?;
        let files = parse_listing(&listed)?
            .into_iter()
            .map(|entry| (entry.path, (entry.mode, entry.id)))
            .collect();
        Ok(Self::Blobs {
            files,
            objects,
            from: Listing::Commit(commit.clone()),
        })
    }

    /// What differs from a commit: other files, new ones, and those that are gone. What is logged
    /// counts for nothing.
    pub fn changed(
        &self,
        repo: &Repo,
        objects: &Objects<'_>,
        commit: &Oid,
    ) -> Result<BTreeSet<RecordPath>, git::Error> {
        let (files, indexed) = match self {
            Self::Blobs { from, .. } => {
                let changed: BTreeSet<RecordPath> = match from {
                    Listing::Index(_) => staged(from.git(repo), commit)?.into_keys().collect(),
                    Listing::Commit(now) => {
                        let changes = objects.tree_diff(commit, now)?.into_iter();
                        changes.map(|change| change.path).collect()
                    }
                };
                return Ok(changed.into_iter().filter(counts).collect());
            }
            Self::Worktree { files, indexed, .. } => (files, indexed),
        };
        let staged = staged(repo.git(), commit)?;
        // Both are in order.
        let mut known = indexed.known.keys().peekable();
        let open = files.iter().filter(|path| {
            while known.next_if(|known| known < path).is_some() {}
            known.peek() != Some(path) || staged.contains_key(*path)
        });
        let before = |path: &RecordPath| match staged.get(path) {
            Some(before) => before.as_ref(),
            None => indexed.touched.get(path),
        };
        let differs = |path: &&RecordPath| {
            before(path).is_none_or(|before| self.id(path, repo.format()).as_ref() != Some(before))
        };
        let mut changed: BTreeSet<RecordPath> = open.filter(differs).cloned().collect();
        let earlier = staged.keys().chain(indexed.touched.keys());
        let gone = earlier.filter(|path| before(path).is_some() && !files.contains(*path));
        changed.extend(gone.filter(|path| counts(path)).cloned());
        Ok(changed)
    }

    /// The files, in order.
    pub fn files(&self) -> Vec<&RecordPath> {
        match self {
            Self::Worktree { files, .. } => files.iter().collect(),
            Self::Blobs { files, .. } => files.keys().collect(),
        }
    }

    /// The files below a folder.
    pub fn below(&self, folder: &RecordPath) -> Vec<&RecordPath> {
        let inside = |path: &&RecordPath| path.is_within(folder);
        // Paths are in byte order, so those of a folder follow it without a gap, but for names that
        // sort before the slash.
        let range = folder.clone()..;
        match self {
            Self::Worktree { files, .. } => files
                .range(range)
                .take_while(|path| path.as_bytes().starts_with(folder.as_bytes()))
                .filter(inside)
                .collect(),
            Self::Blobs { files, .. } => files
                .range(range)
                .map(|(path, _)| path)
                .take_while(|path| path.as_bytes().starts_with(folder.as_bytes()))
                .filter(inside)
                .collect(),
        }
    }

    /// Whether a sparse checkout leaves out some of what matters.
    pub fn is_sparse(&self) -> bool {
        matches!(self, Self::Worktree { indexed, .. } if !indexed.left_out.is_empty())
    }

    /// Whether a file is there.
    pub fn has(&self, path: &RecordPath) -> bool {
        match self {
            Self::Worktree { files, .. } => files.contains(path),
            Self::Blobs { files, .. } => files.contains_key(path),
        }
    }

    /// The blob that a file is in the index, or would be without conversion.
    pub fn id(&self, path: &RecordPath, format: ObjectFormat) -> Option<Oid> {
        match self {
            Self::Worktree { indexed, .. } => match indexed.known.get(path) {
                Some(known) => Some(known.id.clone()),
                None => Some(format.id("blob", &self.read(path)?)),
            },
            Self::Blobs { files, .. } => files.get(path).map(|(_, id)| id.clone()),
        }
    }

    /// The content of a file; `None` when there is none, when it is a link, or when it is too large.
    pub fn read(&self, path: &RecordPath) -> Option<Vec<u8>> {
        match self {
            Self::Worktree { top, .. } => read_file(top, path),
            Self::Blobs { files, objects, .. } => {
                let (mode, id) = files.get(path)?;
                (*mode != SYMLINK).then(|| objects.blob(id).ok())?
            }
        }
    }

    /// What the index knows of a file of the working tree.
    pub fn known(&self, path: &RecordPath) -> Option<&Known> {
        match self {
            Self::Worktree { indexed, .. } => indexed.known.get(path),
            Self::Blobs { .. } => None,
        }
    }

    /// The blob of a file, where it is known without reading.
    pub fn blob(&self, path: &RecordPath) -> Option<&Oid> {
        match self {
            Self::Worktree { .. } => None,
            Self::Blobs { files, .. } => files.get(path).map(|(_, id)| id),
        }
    }
}

/// A regular file of moderate size below the top of the working tree.
pub fn read_file(top: &Path, path: &RecordPath) -> Option<Vec<u8>> {
    read_regular(&contain::below(top, path).ok()?)
}

/// A pattern of gitignore(5) for a folder.
fn pattern(folder: &RecordPath) -> std::ffi::OsString {
    let mut pattern = b"/".to_vec();
    for &byte in folder.as_bytes() {
        if b"\\*?[ ".contains(&byte) {
            pattern.push(b'\\');
        }
        pattern.push(byte);
    }
    pattern.push(b'/');
    path_from_git(&pattern).into_os_string()
}

/// A regular file of moderate size.
pub fn read_regular(place: &Path) -> Option<Vec<u8>> {
    let found = place.symlink_metadata().ok()?;
    if !found.is_file() || found.len() > LIMIT {
        return None;
    }
    // One byte more than was seen: the end is found without asking for the size again.
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).ok()? + 1);
    let file = std::fs::File::open(place).ok()?;
    file.take(LIMIT + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Whether a change of a file matters: what a run logs is committed, but never looked at.
fn counts(path: &RecordPath) -> bool {
    let mut parts = path.as_bytes().split(|&b| b == b'/');
    let is_log = |part: &[u8]| SKIPPED.iter().any(|skipped| part == skipped.as_bytes());
    is_report(path) || !parts.any(is_log)
}

fn is_report(path: &RecordPath) -> bool {
    matches!(path.extension().as_str(), "md" | "markdown")
}

/// Lists regular files below a folder, without following links. The first folders are gone into side
/// by side.
fn walk(folder: &Path, name: &RecordPath, depth: usize) -> Vec<RecordPath> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let file_name = entry.file_name();
        let hidden = file_name.as_encoded_bytes().starts_with(b".tmp-");
        if hidden || SKIPPED.iter().any(|skipped| file_name == *skipped) {
            continue;
        }
        let path = RecordPath::from_path(Path::new(&file_name)).below(name);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => folders.push((entry.path(), path)),
            Ok(kind) if kind.is_file() => files.push(path),
            _ => {}
        }
    }
    let into = |(folder, name): &(PathBuf, RecordPath)| walk(folder, name, depth + 1);
    match depth {
        0 | 1 => files.par_extend(folders.par_iter().flat_map_iter(into)),
        _ => files.extend(folders.iter().flat_map(into)),
    }
    files
}

impl Listing {
    fn git(&self, repo: &Repo) -> git::Git {
        match self {
            Self::Index(Some(file)) => repo.git().index(Path::new(file)),
            _ => repo.git(),
        }
    }
}
