//! The runs of a project in brief, for lists and choices: from the records, or from the index where
//! there are so many that reading them all would be felt.
//!
//! What an index row says is believed only while the stat key of its record is unchanged. Up to
//! [`EVERY`] runs every record is looked at each time. Beyond that a look at each costs more than
//! all the rest, so the rows of finished runs are believed as long as neither the folder of runs nor
//! git's own index has changed, and [`Catalog::confirm`] looks at those that are about to be shown.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::index::{self, Basis, Builder, Index};
use super::layout::{Project, RUN_JSON, TOMBSTONE};
use super::lean;
use super::runs;
use super::stat::Key;
use crate::error::{Failure, Result};
use crate::git::Repo;
use crate::model::run::Process;
use crate::model::{Brief, RunId, Status, Uid};
use crate::query::{Names, Subject};

/// Below this, reading the records costs less than a cache is worth (about 10 ms).
const KNEE: usize = 500;
/// Up to this many runs, every record is looked at each time (about 30 ms for 10,000).
const EVERY: usize = 20_000;

/// The runs of a project, in order of number and uid.
#[derive(Debug)]
pub struct Catalog {
    folder: PathBuf,
    slots: Vec<Slot>,
    index: Option<Index>,
}

#[derive(Debug)]
struct Slot {
    number: u32,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Row(u32),
    Read(Box<Brief>),
    Damaged(Box<(RunId, Failure)>),
}

/// A record that was read, with the key that it had before it was read.
struct Fresh {
    id: RunId,
    key: Key,
    run: Result<Brief>,
}

impl Catalog {
    /// Opens the catalog of a project. `anew` reads every record past the index.
    pub fn open(repo: &Repo, project: &Project, anew: bool) -> Result<Self> {
        let runs = project.runs();
        let place = index::place(&repo.exp_dir(), &runs);
        let basis = Basis {
            runs: Key::of(&runs).unwrap_or_default(),
            git: Key::of(&repo.git_dir.join("index")).unwrap_or_default(),
        };
        if let (false, Some(index)) = (anew, Index::load(&place)) {
            return Self::from_index(project, index, &basis, &place);
        }
        let names = runs::folders(project)?;
        let large = names.len() > KNEE;
        let ids: Vec<RunId> = names.into_iter().map(|(id, _)| id).collect();
        let fresh = read_all(&runs, ids);
        if large {
            write(&place, None, &[], &fresh, &basis);
        }
        Ok(Self::assemble(runs, None, Vec::new(), fresh))
    }

    /// Reads every record, past the index.
    pub fn read(project: &Project) -> Result<Self> {
        let ids = runs::folders(project)?
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        let runs = project.runs();
        let fresh = read_all(&runs, ids);
        Ok(Self::assemble(runs, None, Vec::new(), fresh))
    }

    fn from_index(project: &Project, index: Index, basis: &Basis, place: &Path) -> Result<Self> {
        let runs = project.runs();
        let mut rows: Vec<u32> = (0..index.len())
            .filter_map(|row| row.try_into().ok())
            .collect();
        let mut changed: Vec<RunId> = Vec::new();
        // A folder that is as it was holds the same names.
        let same_names = basis.runs == index.basis.runs && basis.runs != Key::default();
        if !same_names {
            (rows, changed) = match_names(project, &index)?;
        }
        let removed = index.len() - rows.len();
        let every = rows.len() <= EVERY || basis.git != index.basis.git;
        let (kept, stale): (Vec<u32>, Vec<u32>) = rows
            .par_iter()
            .partition(|row| is_current(&runs, &index, **row as usize, every));
        let id = |row: &u32| {
            index
                .row(*row as usize)
                .id(index.line(*row as usize).number)
        };
        changed.extend(stale.iter().map(id));
        let fresh = read_all(&runs, changed);
        if removed > 0 || !fresh.is_empty() || *basis != index.basis {
            write(place, Some(&index), &kept, &fresh, basis);
        }
        Ok(Self::assemble(runs, Some(index), kept, fresh))
    }

    fn assemble(folder: PathBuf, index: Option<Index>, kept: Vec<u32>, fresh: Vec<Fresh>) -> Self {
        let mut slots: Vec<Slot> = Vec::with_capacity(kept.len() + fresh.len());
        if let Some(index) = &index {
            slots.extend(kept.into_iter().map(|row| {
                let line = index.line(row as usize);
                // Whether a running run's process is gone is asked each time, so it is unpacked.
                let running = (!line.finished)
                    .then(|| index.row(row as usize).brief())
                    .flatten();
                let source = running.map_or(Source::Row(row), |run| Source::Read(Box::new(run)));
                Slot {
                    number: line.number,
                    source,
                }
            }));
        }
        slots.extend(fresh.into_iter().map(|fresh| Slot {
            number: fresh.id.number,
            source: match fresh.run {
                Ok(run) => Source::Read(Box::new(run)),
                Err(why) => Source::Damaged(Box::new((fresh.id, why))),
            },
        }));
        let mut catalog = Self {
            folder,
            slots: Vec::new(),
            index,
        };
        slots.sort_by(|a, b| {
            a.number
                .cmp(&b.number)
                .then_with(|| catalog.uid_of(a).cmp(catalog.uid_of(b)))
        });
        catalog.slots = slots;
        catalog
    }

    fn uid_of<'a>(&'a self, slot: &'a Slot) -> &'a str {
        match (&slot.source, &self.index) {
            (Source::Read(run), _) => run.uid.as_str(),
            (Source::Row(row), Some(index)) => index.row(*row as usize).uid(),
            _ => "",
        }
    }

    /// How many runs there are, damaged ones included.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The folder's name of a run.
    pub fn id(&self, at: usize) -> RunId {
        match (&self.slots[at].source, &self.index) {
            (Source::Read(run), _) => run.id(),
            (Source::Damaged(damaged), _) => damaged.0.clone(),
            (Source::Row(row), Some(index)) => index.row(*row as usize).id(self.slots[at].number),
            (Source::Row(_), None) => RunId {
                number: self.slots[at].number,
                slug: String::new(),
            },
        }
    }

    /// A run in brief, or why it can't be read.
    pub fn get(&self, at: usize) -> Result<Brief, &Failure> {
        match (&self.slots[at].source, &self.index) {
            (Source::Read(run), _) => Ok((**run).clone()),
            (Source::Damaged(damaged), _) => Err(&damaged.1),
            (Source::Row(row), index) => {
                let row = index.as_ref().map(|index| index.row(*row as usize));
                row.and_then(|row| row.brief()).ok_or_else(damaged_row)
            }
        }
    }

    /// Asks a run something; `None` for a damaged one.
    pub fn ask<T>(&self, at: usize, question: impl FnOnce(&dyn Subject) -> T) -> Option<T> {
        match (&self.slots[at].source, &self.index) {
            (Source::Read(run), _) => Some(question(run.as_ref())),
            (Source::Row(row), Some(index)) => Some(question(&index.row(*row as usize))),
            _ => None,
        }
    }

    /// The run of an identity; `label` is what it was called.
    pub fn find(&self, uid: &Uid, label: &str) -> Option<Brief> {
        let is = |at: &usize| self.uid_of(&self.slots[*at]) == uid.as_str();
        let near = RunId::parse(label).and_then(|id| {
            let first = self.slots.partition_point(|slot| slot.number < id.number);
            let same = (first..self.len()).take_while(|at| self.slots[*at].number == id.number);
            same.into_iter().find(is)
        });
        near.or_else(|| (0..self.len()).find(is))
            .and_then(|at| self.get(at).ok())
    }

    /// The identities of all readable runs.
    pub fn uids(&self) -> HashSet<&str> {
        self.slots.iter().map(|slot| self.uid_of(slot)).collect()
    }

    /// All readable runs.
    pub fn all(&self) -> Vec<Brief> {
        let runs = (0..self.len()).into_par_iter().with_min_len(512);
        runs.filter_map(|at| self.get(at).ok()).collect()
    }

    /// Readable runs that pass a test, by place. Those that fail the first one are not unpacked.
    pub fn pick(
        &self,
        first: impl Fn(&dyn Subject) -> bool + Sync,
        test: impl Fn(&Brief) -> bool + Sync,
    ) -> Vec<usize> {
        let all = (0..self.len()).into_par_iter().with_min_len(128);
        all.filter(|at| match &self.slots[*at].source {
            Source::Read(run) => test(run),
            _ => self.ask(*at, &first) == Some(true) && self.get(*at).is_ok_and(|run| test(&run)),
        })
        .collect()
    }

    /// The names that the runs have.
    pub fn names(&self) -> Names {
        let mut names = self
            .index
            .as_ref()
            .map(|index| index.names.clone())
            .unwrap_or_default();
        let mut like = None;
        for slot in &self.slots {
            if let Source::Read(run) = &slot.source {
                names.learn(run, like);
                like = Some(run.as_ref());
            }
        }
        names
    }

    /// Calls running runs stale whose process is certainly gone. No record is touched.
    pub fn mark_stale(&mut self, is_gone: impl Fn(&Process) -> bool) {
        for slot in &mut self.slots {
            if let Source::Read(run) = &mut slot.source
                && run.status == Status::Running
                && run.process.as_ref().is_some_and(&is_gone)
            {
                run.status = Status::Stale;
            }
        }
    }

    /// Looks at the records of runs that are about to be shown, and reads those anew that are not
    /// what the index knew. Says whether there were any: then the selection must be made again.
    pub fn confirm(&mut self, shown: &[usize]) -> bool {
        if self.len() <= EVERY {
            return false;
        }
        let mut any = false;
        for &at in shown {
            let (Source::Row(row), Some(index)) = (&self.slots[at].source, &self.index) else {
                continue;
            };
            if is_current(&self.folder, index, *row as usize, true) {
                continue;
            }
            let id = self.id(at);
            self.slots[at].source = match lean::read(&self.folder.join(id.to_string())) {
                Ok(run) => Source::Read(Box::new(run)),
                Err(why) => Source::Damaged(Box::new((id, why))),
            };
            any = true;
        }
        any
    }
}

/// The checksum covers every row, so this takes a defect of this program.
fn damaged_row() -> &'static Failure {
    static DAMAGED: std::sync::OnceLock<Failure> = std::sync::OnceLock::new();
    DAMAGED.get_or_init(|| {
        Failure::new("the list index is damaged").hint("read the records anew: git exp ls --fresh")
    })
}

/// Whether a row may be used as it is.
fn is_current(runs: &Path, index: &Index, row: usize, look: bool) -> bool {
    let line = index.line(row);
    if line.key == Key::default() {
        return false;
    }
    if !look && line.finished {
        return true;
    }
    let id = index.row(row).id(line.number);
    Key::of(&record(runs, &id)) == Some(line.key)
}

fn record(runs: &Path, id: &RunId) -> PathBuf {
    let mut path = runs.to_owned();
    path.push(id.to_string());
    path.push(RUN_JSON);
    path
}

/// Splits the folders that are there into rows of the index and names that it doesn't know.
fn match_names(project: &Project, index: &Index) -> Result<(Vec<u32>, Vec<RunId>)> {
    let mut known: HashMap<(u32, &str), u32> = HashMap::with_capacity(index.len());
    for row in 0..index.len() {
        if let Ok(short) = u32::try_from(row) {
            known.insert((index.line(row).number, index.row(row).slug()), short);
        }
    }
    let (mut rows, mut unknown) = (Vec::with_capacity(index.len()), Vec::new());
    for (id, _) in runs::folders(project)? {
        match known.get(&(id.number, id.slug.as_str())) {
            Some(row) => rows.push(*row),
            None => unknown.push(id),
        }
    }
    Ok((rows, unknown))
}

/// Reads records, several at a time. Tombstones are no runs.
fn read_all(runs: &Path, ids: Vec<RunId>) -> Vec<Fresh> {
    let read = |id: RunId| {
        let folder = runs.join(id.to_string());
        let (key, run) = lean::read_with_key(&folder);
        if run.is_err() && is_tombstone(&folder) {
            return None;
        }
        let run = run.and_then(|run| match run.id() == id {
            true => Ok(run),
            false => Err(misnamed(&folder, &run)),
        });
        Some(Fresh { id, key, run })
    };
    if ids.len() < 64 {
        return ids.into_iter().filter_map(read).collect();
    }
    ids.into_par_iter()
        .with_min_len(32)
        .filter_map(read)
        .collect()
}

/// A folder that was renamed by hand: which of the two names is right is not ours to guess.
fn misnamed(folder: &Path, run: &Brief) -> Failure {
    Failure::new(format!(
        "{} holds the record of {}",
        folder.display(),
        run.id()
    ))
    .hint("name the folder as the record says, or rename the run: git exp rename")
}

/// Whether a folder only keeps the number of a removed run.
pub fn is_tombstone(folder: &Path) -> bool {
    !folder.join(RUN_JSON).exists() && folder.join(TOMBSTONE).is_file()
}

fn write(place: &Path, older: Option<&Index>, kept: &[u32], fresh: &[Fresh], basis: &Basis) {
    let Some(now) = clock(place) else { return };
    let mut builder = Builder::new(older);
    if let Some(older) = older {
        kept.iter()
            .for_each(|row| builder.keep(older, *row as usize));
    }
    let put = |builder: &mut Builder| {
        let mut like = None;
        for fresh in fresh {
            if let Ok(run) = &fresh.run {
                builder.add(run, &fresh.key.settled(now), like);
                like = Some(run);
            }
        }
    };
    put(&mut builder);
    if let (true, Some(older)) = (builder.is_bloated(), older) {
        builder = Builder::new(None);
        for row in kept {
            if let Some(run) = older.row(*row as usize).brief() {
                builder.add(&run, &older.line(*row as usize).key, None);
            }
        }
        put(&mut builder);
    }
    let basis = Basis {
        runs: basis.runs.settled(now),
        git: basis.git,
    };
    index::save(place, &builder.finish(&basis));
}

/// The file system's own clock, read off a file that is written now.
fn clock(place: &Path) -> Option<i64> {
    let folder = place.parent()?;
    std::fs::create_dir_all(folder).ok()?;
    let probe = tempfile::tempfile_in(folder).ok()?;
    Some(Key::from_metadata(&probe.metadata().ok()?).ctime)
}
