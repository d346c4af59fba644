//! Data files and folders: digests, manifests, and the cache that makes them cheap.
//!
//! [`observe`] takes all inputs of a run in one parallel pass: [`target`] finds what each path leads
//! to, [`walk`] lists folders, [`batch`] digests what the [`stat_cache`] does not know, a
//! [`profile`] of each table is gathered from the same bytes, and [`manifest`] joins a folder's
//! digests into one.

pub mod batch;
pub mod card;
pub mod cell;
pub mod column;
pub mod columnar;
pub mod dvc;
pub mod hash;
pub mod input;
mod lanes;
pub mod manifest;
pub mod picture;
pub mod pointer;
pub mod profile;
pub mod rows;
pub mod sketch;
pub mod stat;
pub mod stat_cache;
pub mod stream;
pub mod tabular;
pub mod target;
pub mod text;
pub mod value;
pub mod walk;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::{Failure, Result};
use crate::model::card::{Pictures, TypeTotal};
use crate::model::data::{DataKind, Pointer};
use crate::model::{Card, Sha256};
use crate::settings::Profile;
use batch::{Batch, Item, MOST_THREADS, Results};
use hash::Raw;
use input::Found;
use profile::{Profiler, Shape, Wanted};
use stat_cache::StatCache;
use target::Place;
use walk::{Filter, Walk};

/// A path to look at, and what it is to the run.
#[derive(Clone, Debug)]
pub struct Spec {
    /// `train`, `val`, `test`, or a name of the user's.
    pub role: String,
    /// Absolute.
    pub path: PathBuf,
}

/// Looks a stored card up by its content.
pub type StoredCards<'a> = dyn Fn(&Sha256) -> Option<Card> + Sync + 'a;

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
    /// How much the cards tell.
    pub profile: Profile,
    /// The target column, whose values are counted up to a higher bound.
    pub target: Option<&'a str>,
    /// The column to tell rows apart by; found when not given.
    pub key: Option<&'a str>,
    /// The stored card of a content. Without it, a table is read again for its card even when its
    /// digest is remembered.
    pub known: Option<&'a StoredCards<'a>>,
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
    /// Whether pointers stand where the content, or some of it, should be.
    pub stands_in: bool,
    /// Another system's name for the content.
    pub pointer: Option<Pointer>,
    /// What DVC has written down of content that is here, as far as a look at its size tells: data are
    /// changed without telling DVC ([`dvc::known`]).
    pub dvc: Option<dvc::Out>,
    /// A folder's manifest; its SHA-256 is `sha256`. Bytes, for paths need not be UTF-8.
    pub manifest: Option<Vec<u8>>,
    /// A folder's files by extension.
    pub types: BTreeMap<String, TypeTotal>,
    /// A folder's images.
    pub pictures: Option<Pictures>,
    /// Rows of a table.
    pub rows: Option<u64>,
    /// The card of a table or a folder; none of a content that did not hold still.
    pub card: Option<Card>,
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
    let mut found = find(specs, &options, threads)?;
    let items: Vec<Item> = found.iter().flat_map(Found::items).collect();
    let roots: Vec<&[u8]> = found.iter().filter_map(Found::root).collect();
    let batch = Batch {
        cache: &cache,
        roots: &roots,
        threads,
        progress: options.progress,
        must_read: &|item, raw| items[item].tee.is_some() && options.known_card(raw).is_none(),
    };
    let results = batch.run(&items);
    drop(items);
    let cards = cards(&mut found, &results, &options);
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
        input.card = match input.kind {
            _ if input.unstable || options.profile == Profile::None => None,
            DataKind::Folder => card::of_folder(&input, options.known),
            DataKind::File => found.card(&results, &cards),
        };
        if let Some(card) = &input.card {
            input.rows = card.table.as_ref().map(|table| table.rows);
            let unclosed = card.table.as_ref().and_then(|table| table.unclosed_quote);
            notes.extend(unclosed.map(|line| {
                let shown = &found.shown;
                format!("{shown}: a quote that opens on line {line} is never closed, so what follows it is one cell")
            }));
            notes.extend(
                card.unread
                    .as_ref()
                    .map(|why| format!("{} could not be read as a table: {why}", found.shown)),
            );
        }
        observed.inputs.push(input);
    }
    Ok(observed)
}

impl Options<'_> {
    fn wanted(&self) -> Wanted {
        Wanted {
            full: self.profile == Profile::Full,
            target: self.target.map(str::to_owned),
            key: self.key.map(str::to_owned),
        }
    }

    /// The stored card of a content, if it tells enough.
    fn known_card(&self, raw: &Raw) -> Option<Card> {
        let card = self.known?(&Sha256::from_bytes(raw))?;
        card::satisfies(&card, &self.wanted()).then_some(card)
    }
}

/// The cards of tables, by the number of the file: gathered just now, or stored before.
fn cards(found: &mut [Found], results: &Results, options: &Options) -> BTreeMap<usize, Card> {
    let mut cards = BTreeMap::new();
    for one in found {
        let Some(profiler) = one.profiler.take() else {
            continue;
        };
        let Ok(done) = results.get(one.first) else {
            continue;
        };
        if done.stub.is_some() || results.read_for(one.first) != one.first {
            continue;
        }
        let card = if done.read {
            let profiler = profiler
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner);
            Some(card::of_file(&done.raw, done.bytes, profiler.finish()))
        } else {
            options.known_card(&done.raw)
        };
        cards.extend(card.map(|card| (one.first, card)));
    }
    cards
}

fn profiler(place: &Place, options: &Options) -> Option<Mutex<Profiler>> {
    let Place::File(path, _) = place else {
        return None;
    };
    let shape = Shape::of(path).filter(|_| options.profile != Profile::None)?;
    Some(Mutex::new(Profiler::new(shape, options.wanted())))
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
            profiler: profiler(&target.place, options),
            shown,
            target,
            walk: walked,
            first,
        });
        first += files;
    }
    Ok(all)
}

/// A path in the words of the user, who is in `base`.
pub fn shown(path: &Path, base: Option<&Path>) -> String {
    let short = base.and_then(|base| path.strip_prefix(base).ok());
    match short {
        Some(short) if short.as_os_str().is_empty() => ".".to_owned(),
        Some(short) => short.display().to_string(),
        None => path.display().to_string(),
    }
}
