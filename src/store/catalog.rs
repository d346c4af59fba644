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

use super::format;
use super::index::{self, Basis, Builder, Index};
use super::layout::{Project, RUN_JSON, TOMBSTONE};
use super::lean::{self, Lean};
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
    index: Index,
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
    Damaged(Box<Damaged>),
}

/// A folder whose record can't be read, and why.
type Damaged = (RunId, Failure);

impl Catalog {
    /// Opens the catalog of a project. `anew` reads every record past the index.
    pub fn open(repo: &Repo, project: &Project, anew: bool) -> Result<Self> {
        let runs = project.runs();
        let place = index::place(&repo.exp_dir(), &runs);
        let basis = Basis {
            runs: Key::of(&runs).unwrap_or_default(),
            git: Key::of(&repo.git_dir.join("index")).unwrap_or_default(),
        };
        if let (false, Some(index)) = (anew, Index::load(&place))
            && let Some(catalog) = Self::renew(project, index, &basis, &place)?
        {
            return Ok(catalog);
        }
        Self::anew(project, Some((&place, basis)))
    }

    /// Reads every record, past the index.
    pub fn read(project: &Project) -> Result<Self> {
        Self::anew(project, None)
    }

    /// Reads every record, and keeps an index of them where it is worth it.
    fn anew(project: &Project, keep: Option<(&Path, Basis)>) -> Result<Self> {
        let (runs, ids) = (project.runs(), runs::ids(project)?);
        let kept = keep.filter(|_| ids.len() > KNEE);
        let now = kept.and_then(|(place, _)| clock(place));
        let mut builder = Builder::new(None);
        let damaged = read_all(&runs, &ids, now, &mut builder);
        let basis = kept.map(|(_, basis)| basis).unwrap_or_default();
        let index = finish(builder, basis, now, kept.map(|(place, _)| place))?;
        let rows = (0..index.len()).collect();
        Ok(Self::assemble(runs, index, rows, damaged))
    }

    /// Takes from an index what still holds, and reads the rest; `None` when little of it does.
    fn renew(project: &Project, index: Index, basis: &Basis, place: &Path) -> Result<Option<Self>> {
        let runs = project.runs();
        let mut rows: Vec<usize> = (0..index.len()).collect();
        let mut changed: Vec<RunId> = Vec::new();
        // A folder that is as it was holds the same names.
        let same_names = basis.runs == index.basis.runs && basis.runs != Key::default();
        if !same_names {
            (rows, changed) = match_names(project, &index)?;
        }
        let removed = index.len() - rows.len();
        let every = rows.len() <= EVERY || basis.git != index.basis.git;
        let (kept, stale): (Vec<usize>, Vec<usize>) = rows
            .par_iter()
            .partition(|row| is_current(&runs, &index, **row, every));
        let id = |row: &usize| index.row(*row).id(index.line(*row).number);
        changed.extend(stale.iter().map(id));
        if removed == 0 && changed.is_empty() && *basis == index.basis {
            return Ok(Some(Self::assemble(runs, index, kept, Vec::new())));
        }
        let now = clock(place);
        let mut builder = Builder::new(Some(&index));
        kept.iter().for_each(|row| builder.keep(&index, *row));
        let damaged = read_all(&runs, &changed, now, &mut builder);
        if builder.is_bloated() {
            return Ok(None);
        }
        let index = finish(builder, *basis, now, Some(place))?;
        let rows = (0..index.len()).collect();
        Ok(Some(Self::assemble(runs, index, rows, damaged)))
    }

    /// `rows` are in the order of the index.
    fn assemble(folder: PathBuf, index: Index, rows: Vec<usize>, damaged: Vec<Damaged>) -> Self {
        let mut slots: Vec<Slot> = Vec::with_capacity(rows.len() + damaged.len());
        slots.extend(damaged.into_iter().map(|damaged| Slot {
            number: damaged.0.number,
            source: Source::Damaged(Box::new(damaged)),
        }));
        let any_damaged = !slots.is_empty();
        slots.extend(rows.into_iter().map(|row| {
            let line = index.line(row);
            // Whether a running run's process is gone is asked each time, so it is unpacked.
            let running = (!line.finished).then(|| index.row(row).brief()).flatten();
            Slot {
                number: line.number,
                source: match running {
                    Some(run) => Source::Read(Box::new(run)),
                    None => Source::Row(row as u32),
                },
            }
        }));
        if any_damaged {
            slots.sort_by_key(|slot| slot.number);
        }
        Self {
            folder,
            slots,
            index,
        }
    }

    fn uid_of<'a>(&'a self, slot: &'a Slot) -> &'a str {
        match &slot.source {
            Source::Read(run) => run.uid.as_str(),
            Source::Row(row) => self.index.row(*row as usize).uid(),
            Source::Damaged(_) => "",
        }
    }

    /// How many runs there are, damaged ones included.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether every record was looked at, so that none has changed since it was listed.
    pub fn is_confirmed(&self) -> bool {
        self.slots.len() <= EVERY
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The folder's name of a run.
    pub fn id(&self, at: usize) -> RunId {
        match &self.slots[at].source {
            Source::Read(run) => run.id(),
            Source::Damaged(damaged) => damaged.0.clone(),
            Source::Row(row) => self.index.row(*row as usize).id(self.slots[at].number),
        }
    }

    /// The identity of a run; nothing for a damaged one.
    pub fn uid(&self, at: usize) -> &str {
        self.uid_of(&self.slots[at])
    }

    /// A run in brief, or why it can't be read.
    pub fn get(&self, at: usize) -> Result<Brief, &Failure> {
        match &self.slots[at].source {
            Source::Read(run) => Ok((**run).clone()),
            Source::Damaged(damaged) => Err(&damaged.1),
            Source::Row(row) => {
                let run = self.index.row(*row as usize).brief();
                run.ok_or_else(damaged_row)
            }
        }
    }

    /// Asks a run something; `None` for a damaged one.
    pub fn ask<T>(&self, at: usize, question: impl FnOnce(&dyn Subject) -> T) -> Option<T> {
        match &self.slots[at].source {
            Source::Read(run) => Some(question(run.as_ref())),
            Source::Row(row) => Some(question(&self.index.row(*row as usize))),
            Source::Damaged(_) => None,
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
        let mut names = self.index.names.clone();
        for slot in &self.slots {
            if let Source::Read(run) = &slot.source {
                names.learn(run);
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
            let Source::Row(row) = &self.slots[at].source else {
                continue;
            };
            if is_current(&self.folder, &self.index, *row as usize, true) {
                continue;
            }
            let id = self.id(at);
            self.slots[at].source = match format::read_run(&self.folder.join(id.to_string())) {
                Ok(run) => Source::Read(Box::new(Brief::from(&run))),
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
fn match_names(project: &Project, index: &Index) -> Result<(Vec<usize>, Vec<RunId>)> {
    let mut known: HashMap<(u32, &str), usize> = HashMap::with_capacity(index.len());
    for row in 0..index.len() {
        known.insert((index.line(row).number, index.row(row).slug()), row);
    }
    let (mut rows, mut unknown) = (Vec::with_capacity(index.len()), Vec::new());
    for id in runs::ids(project)? {
        match known.get(&(id.number, id.slug.as_str())) {
            Some(row) => rows.push(*row),
            None => unknown.push(id),
        }
    }
    rows.sort_unstable();
    Ok((rows, unknown))
}

/// Adds records to an index, several at a time, and gives those that can't be read. Tombstones are no
/// runs. `now` is from before the first is read: what changes later then has another key.
fn read_all(
    runs: &Path,
    ids: &[RunId],
    now: Option<i64>,
    builder: &mut Builder<'_>,
) -> Vec<Damaged> {
    if ids.len() < 64 {
        return read_some(runs, ids, now, builder);
    }
    let share = ids.len().div_ceil(4 * rayon::current_num_threads());
    let parts: Vec<(Builder<'_>, Vec<Damaged>)> = ids
        .par_chunks(share.max(32))
        .map(|ids| {
            let mut part = Builder::new(None);
            let damaged = read_some(runs, ids, now, &mut part);
            (part, damaged)
        })
        .collect();
    let mut all = Vec::new();
    for (part, damaged) in parts {
        builder.append(part);
        all.extend(damaged);
    }
    all
}

fn read_some(
    runs: &Path,
    ids: &[RunId],
    now: Option<i64>,
    builder: &mut Builder<'_>,
) -> Vec<Damaged> {
    let mut bytes = Vec::new();
    let mut add = |id: &RunId| -> Result<()> {
        let path = record(runs, id);
        let found = format::read_into(&path, &mut bytes)?;
        let key = Key::from_metadata(&found).settled(now.unwrap_or(i64::MIN));
        lean::understand(&bytes, &path, |run| {
            if run.number != id.number || run.slug != id.slug {
                return Err(misnamed(runs, id, run));
            }
            builder.add(run, &key);
            Ok(())
        })?
    };
    ids.iter()
        .filter_map(|id| match add(id) {
            Err(_) if is_tombstone(&runs.join(id.to_string())) => None,
            read => read.err().map(|why| (id.clone(), why)),
        })
        .collect()
}

/// A folder that was renamed by hand: which of the two names is right is not ours to guess.
fn misnamed(runs: &Path, id: &RunId, run: &Lean<'_>) -> Failure {
    let says = RunId {
        number: run.number,
        slug: run.slug.to_owned(),
    };
    let folder = runs.join(id.to_string());
    Failure::new(format!("{} holds the record of {says}", folder.display()))
        .hint("name the folder as the record says, or rename the run: git exp rename")
}

/// Whether a folder only keeps the number of a removed run.
pub fn is_tombstone(folder: &Path) -> bool {
    !folder.join(RUN_JSON).exists() && folder.join(TOMBSTONE).is_file()
}

/// The index of what was read, kept at `place` unless there is no telling how old it will be.
fn finish(
    builder: Builder<'_>,
    basis: Basis,
    now: Option<i64>,
    place: Option<&Path>,
) -> Result<Index> {
    let basis = Basis {
        runs: basis.runs.settled(now.unwrap_or(i64::MIN)),
        ..basis
    };
    let bytes = builder.finish(&basis);
    if let (Some(_), Some(place)) = (now, place) {
        index::save(place, &bytes);
    }
    Index::trust(bytes).ok_or_else(|| Failure::new("there are too many records to list"))
}

/// The file system's own clock, read off a file that is written now.
fn clock(place: &Path) -> Option<i64> {
    let folder = place.parent()?;
    std::fs::create_dir_all(folder).ok()?;
    let probe = tempfile::tempfile_in(folder).ok()?;
    Some(Key::from_metadata(&probe.metadata().ok()?).ctime)
}
