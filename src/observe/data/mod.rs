//! Data files and folders: digests, manifests, and the cache that makes them cheap.
//!
//! [`observe`] takes all inputs of a run in one parallel pass: [`target`] finds what each path leads
//! to, [`walk`] lists folders, [`batch`] digests what the [`stat_cache`] does not know, and
//! [`manifest`] joins a folder's digests into one.

pub mod batch;
pub mod hash;
pub mod manifest;
pub mod pointer;
pub mod stat;
pub mod stat_cache;
pub mod target;
pub mod walk;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Failure, Result};
use crate::model::data::{DataKind, Pointer};
use crate::model::{RecordPath, Sha256};
use batch::{Batch, Done, Item, MOST_THREADS, Results};
use hash::Problem;
use manifest::Manifest;
use pointer::Stub;
use stat::Stat;
use stat_cache::StatCache;
use target::{Place, Target};
use walk::{Filter, Walk};

/// A path to look at, and what it is to the run.
#[derive(Clone, Debug)]
pub struct Spec {
    /// `train`, `val`, `test`, or a name of the user's.
    pub role: String,
    /// Absolute.
    pub path: PathBuf,
}

/// How to look.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// The common git directory: the cache is in its `exp/`, Git LFS objects in its `lfs/`.
    pub git_dir: Option<&'a Path>,
    /// Messages name paths relative to this.
    pub base: Option<&'a Path>,
    /// Globs of files in folders to take; all when empty.
    pub include: &'a [String],
    /// Globs of files in folders to leave out.
    pub exclude: &'a [String],
    /// Told how far it is, from any thread.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
    /// Whether to read every file, whatever the cache says.
    pub rehash: bool,
    /// As many as there are cores when not given.
    pub threads: Option<usize>,
}

/// How far the reading is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files to read.
    pub files: u64,
    /// Files read.
    pub files_done: u64,
    /// Bytes to read.
    pub bytes: u64,
    /// Bytes read.
    pub bytes_done: u64,
}

/// What all inputs are.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// In the order they were asked for.
    pub inputs: Vec<Input>,
    /// What the user should know, in sentences.
    pub notes: Vec<String>,
}

/// What one input is.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// As asked.
    pub role: String,
    /// File or folder.
    pub kind: DataKind,
    /// Digest; `None` when some of the content could not be read.
    pub sha256: Option<Sha256>,
    /// Bytes, summed over a folder.
    pub bytes: Option<u64>,
    /// Files of a folder.
    pub files: Option<u64>,
    /// Whether the content changed while it was read.
    pub unstable: bool,
    /// Another system's name for the content.
    pub pointer: Option<Pointer>,
    /// A folder's manifest; its SHA-256 is `sha256`. Bytes, for paths need not be UTF-8.
    pub manifest: Option<Vec<u8>>,
    /// A folder's files and bytes by extension.
    pub types: BTreeMap<String, (u64, u64)>,
    /// Rows of a table.
    pub rows: Option<u64>,
}

/// A target with its files, numbered through all targets.
struct Found {
    shown: String,
    target: Target,
    walk: Walk,
    first: usize,
}

/// Looks at all inputs, reading each file at most once.
///
/// # Errors
/// When a path is missing, unreadable, or no file or folder. Inside a folder such things are said
/// in the notes, and leave the folder without a digest where they leave its content unknown.
pub fn observe(specs: &[Spec], options: Options) -> Result<Observed> {
    let cache_folder = options.git_dir.map(|folder| folder.join("exp"));
    // Before the first look at any file: see the module.
    let cache = StatCache::open(cache_folder.as_deref(), options.rehash);
    let threads = options.threads.unwrap_or_else(threads);
    let found = find(specs, &options, threads)?;
    let items = items(&found);
    let roots: Vec<&[u8]> = found.iter().filter_map(Found::root).collect();
    let batch = Batch {
        cache: &cache,
        roots: &roots,
        threads,
        progress: options.progress,
        must_read: &|_, _| false,
    };
    let results = batch.run(&items);
    let mut observed = Observed::default();
    for (spec, found) in specs.iter().zip(&found) {
        let notes = &mut observed.notes;
        notes.extend(found.target.note.clone());
        let mut input = found.input(&results, &options, notes)?;
        input.role.clone_from(&spec.role);
        if input.unstable {
            notes.push(format!(
                "{} changed while it was read: its digest is of no single state",
                found.shown
            ));
        }
        observed.inputs.push(input);
    }
    Ok(observed)
}

fn threads() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MOST_THREADS)
}

fn find(specs: &[Spec], options: &Options, threads: usize) -> Result<Vec<Found>> {
    let filter = Filter::new(options.include, options.exclude)?;
    let mut pool = None;
    let mut first = 0;
    let mut all = Vec::new();
    for spec in specs {
        let shown = shown(&spec.path, options.base);
        let target = target::resolve(&spec.path, &shown)?;
        let mut walked = Walk::default();
        if let Place::Folder(folder) = &target.place {
            if pool.is_none() {
                pool = Some(
                    rayon::ThreadPoolBuilder::new()
                        .num_threads(threads)
                        .build()
                        .map_err(|error| Failure::new("cannot start threads").because(error))?,
                );
            }
            if let Some(pool) = &pool {
                walked = pool.install(|| walk::walk(folder, &filter));
            }
        }
        let files = match target.place {
            Place::File(..) => 1,
            _ => walked.files.len(),
        };
        all.push(Found {
            shown,
            target,
            walk: walked,
            first,
        });
        first += files;
    }
    Ok(all)
}

fn shown(path: &Path, base: Option<&Path>) -> String {
    let short = base.and_then(|base| path.strip_prefix(base).ok());
    match short {
        Some(short) if short.as_os_str().is_empty() => ".".to_owned(),
        Some(short) => short.display().to_string(),
        None => path.display().to_string(),
    }
}

fn items(found: &[Found]) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    let mut push = |path, stat: Stat| {
        items.push(Item {
            path,
            stat,
            tee: None,
        });
    };
    for one in found {
        match &one.target.place {
            Place::File(path, stat) => push(path, *stat),
            _ => one
                .walk
                .files
                .iter()
                .for_each(|file| push(&file.path, file.stat)),
        }
    }
    items
}

impl Found {
    fn root(&self) -> Option<&[u8]> {
        match &self.target.place {
            Place::Folder(folder) => Some(folder.as_os_str().as_encoded_bytes()),
            _ => None,
        }
    }

    fn input(
        &self,
        results: &Results,
        options: &Options,
        notes: &mut Vec<String>,
    ) -> Result<Input> {
        let mut input = match &self.target.place {
            Place::File(..) => self.file(results, options, notes)?,
            Place::Folder(_) => self.folder(results, notes),
            Place::Elsewhere { sha256, bytes } => Input {
                sha256: sha256.clone(),
                bytes: *bytes,
                ..Input::default()
            },
        };
        input.pointer = input.pointer.or_else(|| self.target.pointer.clone());
        Ok(input)
    }

    fn file(&self, results: &Results, options: &Options, notes: &mut Vec<String>) -> Result<Input> {
        let shown = &self.shown;
        let done = results
            .get(self.first)
            .map_err(|problem| target::unreadable(shown, problem))?;
        let mut input = Input {
            sha256: Some(Sha256::from_bytes(&done.raw)),
            bytes: Some(done.bytes),
            unstable: done.unstable,
            ..Input::default()
        };
        match &done.stub {
            Some(Stub::Lfs { oid, bytes }) => {
                input.sha256 = Some(Sha256::from_bytes(oid));
                input.bytes = Some(*bytes);
                notes.push(format!(
                    "{shown} is a Git LFS pointer and not the data: git lfs pull --include {shown}"
                ));
            }
            Some(Stub::Annex(key)) => {
                input.sha256 = key.sha256.as_ref().map(Sha256::from_bytes);
                input.bytes = key.bytes;
                input.pointer = Some(Pointer {
                    kind: "annex".to_owned(),
                    id: key.text.clone(),
                    present: false,
                });
                notes.push(format!(
                    "{shown} is a git-annex pointer and not the data: git annex get {shown}"
                ));
                return Ok(input);
            }
            None => {}
        }
        input.pointer = lfs_pointer(&input, done, options);
        Ok(input)
    }

    fn folder(&self, results: &Results, notes: &mut Vec<String>) -> Input {
        let mut manifest = Manifest::default();
        let mut unreadable = self.walk.unreadable.clone();
        let mut vanished = Vec::new();
        let mut stubs = Vec::new();
        let mut unstable = false;
        for (index, file) in self.walk.files.iter().enumerate() {
            match results.get(self.first + index) {
                Ok(done) => {
                    unstable |= done.unstable;
                    if done.stub.is_some() {
                        stubs.push(file.name.clone());
                    }
                    match content(done) {
                        Some((raw, bytes)) => manifest.push(&file.name, &raw, bytes),
                        None => {
                            let why = "its content is not on this machine".to_owned();
                            unreadable.push((file.name.clone(), why));
                        }
                    }
                }
                Err(Problem::Missing) => vanished.push(file.name.clone()),
                Err(problem) => unreadable.push((file.name.clone(), problem.to_string())),
            }
        }
        unstable |= !vanished.is_empty();
        self.folder_notes(&unreadable, &stubs, notes);
        let known = unreadable.is_empty();
        Input {
            kind: DataKind::Folder,
            sha256: known.then(|| manifest.sha256()),
            bytes: Some(manifest.bytes),
            files: Some(manifest.files),
            unstable,
            manifest: known.then(|| manifest.text().to_vec()),
            types: manifest.types,
            ..Input::default()
        }
    }

    fn folder_notes(
        &self,
        unreadable: &[(RecordPath, String)],
        stubs: &[RecordPath],
        notes: &mut Vec<String>,
    ) {
        let shown = &self.shown;
        let mut say = |what: &str, names: &[RecordPath]| {
            if !names.is_empty() {
                notes.push(format!("{shown}: {what}: {}", some(names)));
            }
        };
        say("links that lead nowhere are left out", &self.walk.dangling);
        say(
            "pipes, sockets and devices are left out",
            &self.walk.special,
        );
        say(
            "pointers and not the data (git lfs pull, git annex get)",
            stubs,
        );
        if let Some((name, why)) = unreadable.first() {
            let name = if name.as_bytes().is_empty() {
                ".".into()
            } else {
                name.display()
            };
            let more = match unreadable.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            notes.push(format!(
                "{shown} has no digest, for not all of it could be read: {name}: {why}{more}"
            ));
        }
        if self.walk.links > 0 {
            notes.push(format!(
                "{shown}: {} symbolic links were followed",
                self.walk.links
            ));
        }
        if self.walk.dot_git {
            notes.push(format!("{shown}: `.git` is left out"));
        }
        if self.walk.files.is_empty() && unreadable.is_empty() {
            notes.push(format!("{shown} holds no files"));
        }
    }
}

/// A file's content as the record counts it: a Git LFS pointer stands for what it points to.
fn content(done: &Done) -> Option<(hash::Raw, u64)> {
    match &done.stub {
        None => Some((done.raw, done.bytes)),
        Some(Stub::Lfs { oid, bytes }) => Some((*oid, *bytes)),
        Some(Stub::Annex(key)) => Some((key.sha256?, key.bytes?)),
    }
}

/// Git LFS names content by the digest that is recorded anyway, so its store is easily asked.
fn lfs_pointer(input: &Input, done: &Done, options: &Options) -> Option<Pointer> {
    let oid = input.sha256.as_ref()?;
    let stored = options
        .git_dir
        .is_some_and(|git_dir| pointer::lfs_object(git_dir, oid).is_file());
    (stored || done.stub.is_some()).then(|| Pointer {
        kind: "lfs".to_owned(),
        id: oid.to_string(),
        present: stored,
    })
}

/// The first names of a list.
fn some(names: &[RecordPath]) -> String {
    const SHOWN: usize = 3;
    let mut text: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| name.display().into_owned())
        .collect();
    if names.len() > SHOWN {
        text.push(format!("and {} more", names.len() - SHOWN));
    }
    text.join(", ")
}
