//! Where files are read from: the working tree, the index, or a commit.
//!
//! All three answer the same two questions, so that a bare clone and a pre-commit hook are checked by
//! the same rules as a working tree.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::git::command::{path_from_git, split_nul};
use crate::git::objects::Objects;
use crate::git::tree::{SYMLINK, parse_listing};
use crate::git::unchanged::Known;
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
        /// The blobs of those that nobody touched since they were added.
        known: BTreeMap<RecordPath, Known>,
    },
    /// Blobs of the index or of a commit.
    Blobs {
        /// Mode and id by path.
        files: BTreeMap<RecordPath, (u32, Oid)>,
        /// Where they are.
        objects: &'a Objects<'r>,
    },
}

impl<'a, 'r> Source<'a, 'r> {
    /// The working tree: everything below `experiments/`, and all Markdown that git would track.
    pub fn worktree(repo: &Repo, top: &Path, prefix: &RecordPath) -> Result<Self> {
        let experiments = RecordPath::from(EXPERIMENTS).below(prefix);
        let listed = repo
            .git()
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            // What is not tracked there is found below; git need not look for it.
            .arg("--exclude")
            .arg(pattern(&experiments))
            .args(["--", ":(top,glob)**/*.md", ":(top,glob)**/*.markdown"])
            .spawn()?;
        let mut files = BTreeSet::new();
        let is_report = |path: &RecordPath| matches!(path.extension().as_str(), "md" | "markdown");
        let ((), mut known) = rayon::join(
            || walk(&top.join(experiments.to_path()), &experiments, &mut files),
            || git::unchanged::blobs(repo, |path| path.is_within(&experiments) || is_report(path)),
        );
        let listed = listed.finish()?;
        let listed = split_nul(&listed).map(|path| RecordPath::from_path(&path_from_git(path)));
        // The index still has what was removed or renumbered and is not committed yet.
        for path in listed {
            if !files.contains(&path) && top.join(path.to_path()).symlink_metadata().is_ok() {
                files.insert(path);
            }
        }
        known.retain(|path, _| files.contains(path));
        Ok(Self::Worktree {
            top: top.to_owned(),
            files,
            known,
        })
    }

    /// The index.
    pub fn index(repo: &Repo, objects: &'a Objects<'r>) -> Result<Self> {
        let listed = repo.git().args(["ls-files", "-s", "-z"]).run()?;
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
        Ok(Self::Blobs { files, objects })
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
        Ok(Self::Blobs { files, objects })
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
            Self::Worktree { known, .. } => match known.get(path) {
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
            Self::Blobs { files, objects } => {
                let (mode, id) = files.get(path)?;
                (*mode != SYMLINK).then(|| objects.blob(id).ok())?
            }
        }
    }

    /// What the index knows of a file of the working tree.
    pub fn known(&self, path: &RecordPath) -> Option<&Known> {
        match self {
            Self::Worktree { known, .. } => known.get(path),
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

/// Lists regular files below a folder, without following links.
fn walk(folder: &Path, name: &RecordPath, files: &mut BTreeSet<RecordPath>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let file_name = entry.file_name();
        let hidden = file_name.to_string_lossy().starts_with(".tmp-");
        if hidden || SKIPPED.iter().any(|skipped| file_name == *skipped) {
            continue;
        }
        let path = RecordPath::from_path(Path::new(&file_name)).below(name);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), &path, files),
            Ok(kind) if kind.is_file() => {
                files.insert(path);
            }
            _ => {}
        }
    }
}
