//! Digests of many files in one parallel pass, as few as the cache leaves to be read.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::Progress;
use super::hash::{self, Hashed, Problem, Raw, Reader, Reading, Tee};
use super::lanes;
use super::pointer::Stub;
use super::stat::Stat;
use super::stat_cache::{Entry, Keep, StatCache};
use crate::model::card::Pixels;

/// A task holds so many small files, or one large one.
const FILES_PER_TASK: usize = 64;
const BYTES_PER_TASK: u64 = 4 << 20;
/// More threads than this wait for the disk and not for the processor.
pub const MOST_THREADS: usize = 8;

/// A file to digest.
pub struct Item<'a> {
    /// Absolute path of a regular file.
    pub path: &'a Path,
    /// As it was found.
    pub stat: Stat,
    /// Sees the bytes, when they are read.
    pub tee: Option<&'a Mutex<dyn Tee + Send>>,
}

/// The digest of one item.
#[derive(Clone, Debug)]
pub struct Done {
    /// SHA-256 of the bytes.
    pub raw: Raw,
    /// How many.
    pub bytes: u64,
    /// Whether the file did not hold still.
    pub unstable: bool,
    /// What the file stands in for.
    pub stub: Option<Box<Stub>>,
    /// The size of an image.
    pub pixels: Option<Pixels>,
    /// Whether the digest may be remembered for the file as it was found.
    pub keep: bool,
    /// Whether the bytes were read now, and not remembered.
    pub read: bool,
}

/// How to go through a batch.
pub struct Batch<'a> {
    /// Digests from before.
    pub cache: &'a StatCache,
    /// Folders that were walked for the items.
    pub roots: &'a [&'a [u8]],
    /// At least one.
    pub threads: usize,
    /// Told now and then, from any thread.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
    /// Whether an item must be read although its digest is remembered.
    pub must_read: &'a (dyn Fn(usize, &Raw) -> bool + Sync),
}

type Outcome = Result<Done, Problem>;

/// Results in the order of the items; the same path twice is read once.
pub struct Results {
    outcomes: Vec<Option<Outcome>>,
    same_as: Vec<usize>,
}

impl Results {
    /// The item that was read for this one: itself, or another of the same path.
    pub fn read_for(&self, item: usize) -> usize {
        self.same_as[item]
    }

    /// The outcome of an item.
    pub fn get(&self, item: usize) -> Result<&Done, &Problem> {
        match self.outcomes[self.same_as[item]].as_ref() {
            Some(outcome) => outcome.as_ref(),
            None => Err(&Problem::Missing),
        }
    }
}

impl Batch<'_> {
    /// Digests all items.
    pub fn run(&self, items: &[Item]) -> Results {
        let mut order: Vec<usize> = (0..items.len()).collect();
        // Of the same path twice, the item that wants to see the bytes stands for both.
        order.sort_by_key(|&item| (key(&items[item]), items[item].tee.is_none()));
        let mut same_as: Vec<usize> = (0..items.len()).collect();
        for pair in order.windows(2) {
            if key(&items[pair[0]]) == key(&items[pair[1]]) {
                same_as[pair[1]] = same_as[pair[0]];
            }
        }
        order.retain(|&item| same_as[item] == item);

        let mut outcomes: Vec<Option<Outcome>> = items.iter().map(|_| None).collect();
        let missing = self.remembered(items, &order, &mut outcomes);
        let tasks = tasks(items, missing);
        for (task, done) in self.read(items, &tasks).into_iter().flatten() {
            for (&item, outcome) in tasks[task].iter().zip(done) {
                outcomes[item] = Some(outcome);
            }
        }
        self.remember(items, &order, &outcomes);
        Results { outcomes, same_as }
    }

    /// Joins the items, in the order of their paths, with the cache; returns those to be read.
    fn remembered(
        &self,
        items: &[Item],
        order: &[usize],
        outcomes: &mut [Option<Outcome>],
    ) -> Vec<usize> {
        let cache = self.cache;
        let mut next = None;
        let mut missing = Vec::new();
        for &item in order {
            let path = key(&items[item]);
            // The first item may lie far into the cache; from there on they are neighbours.
            let mut place = next.unwrap_or_else(|| cache.place_of(path));
            while cache.path(place).is_some_and(|other| other < path) {
                place += 1;
            }
            next = Some(place);
            let known = cache
                .entry(place)
                .filter(|entry| entry.path == path && entry.stat == items[item].stat);
            match known {
                Some(entry) if !(self.must_read)(item, &entry.raw) => {
                    outcomes[item] = Some(Ok(Done {
                        raw: entry.raw,
                        bytes: entry.stat.size,
                        unstable: false,
                        stub: None,
                        pixels: entry.pixels,
                        keep: true,
                        read: false,
                    }));
                }
                _ => missing.push(item),
            }
        }
        missing
    }

    /// The outcomes of each task, by its number.
    fn read(&self, items: &[Item], tasks: &[Vec<usize>]) -> Vec<Vec<(usize, Vec<Outcome>)>> {
        let missing = || tasks.iter().flatten();
        let meter = Meter {
            files: missing().count() as u64,
            bytes: missing().map(|&item| items[item].stat.size).sum(),
            files_done: AtomicU64::new(0),
            bytes_done: AtomicU64::new(0),
            tell: self.progress.filter(|_| !tasks.is_empty()),
        };
        let next = AtomicUsize::new(0);
        // Taken strictly in order, which rayon's splitting would not do.
        let work = || {
            let mut reader = Reader::default();
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(task) = tasks.get(number) else {
                    return done;
                };
                let mut outcomes = Vec::with_capacity(task.len());
                let mut rest = &task[..];
                while !rest.is_empty() {
                    let (group, others) = rest.split_at(self.together(items, rest));
                    outcomes.extend(self.read_group(items, group, &mut reader, &meter));
                    rest = others;
                }
                done.push((number, outcomes));
                meter
                    .files_done
                    .fetch_add(task.len() as u64, Ordering::Relaxed);
                meter.tell();
            }
        };
        let threads = self.threads.clamp(1, MOST_THREADS).min(tasks.len());
        if threads <= 1 {
            return vec![work()];
        }
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let done = workers.into_iter().map(|worker| {
                let panic = |panic| std::panic::resume_unwind(panic);
                worker.join().unwrap_or_else(panic)
            });
            done.collect()
        })
    }

    /// How many of the first files can be digested together; at least one.
    fn together(&self, items: &[Item], task: &[usize]) -> usize {
        let is_small = |item: &Item| {
            item.tee.is_none() && item.stat.size <= hash::SMALL && !self.must_sync(item)
        };
        let blocks = |&item: &usize| {
            let item = &items[item];
            is_small(item).then(|| lanes::blocks(item.stat.size))
        };
        let first = task.first().and_then(blocks);
        let like_first = |item: &&usize| first.is_some() && blocks(item) == first;
        let alike = task.iter().take(lanes::width()).take_while(like_first);
        alike.count().max(1)
    }

    fn must_sync(&self, item: &Item) -> bool {
        self.cache.keep(&item.stat) == Keep::AfterSync
    }

    fn read_group(
        &self,
        items: &[Item],
        group: &[usize],
        reader: &mut Reader,
        meter: &Meter,
    ) -> Vec<Outcome> {
        let items = || group.iter().map(|&item| &items[item]);
        let hashed = match group {
            &[_] => items()
                .map(|item| self.read_one(item, reader, meter))
                .collect(),
            _ => {
                let files: Vec<(&Path, Stat)> =
                    items().map(|item| (item.path, item.stat)).collect();
                hash::read_together(&files, reader, &|count| meter.add(count))
            }
        };
        let outcomes = items().zip(hashed);
        outcomes
            .map(|(item, hashed)| hashed.map(|hashed| self.done(item, hashed)))
            .collect()
    }

    fn read_one(&self, item: &Item, reader: &mut Reader, meter: &Meter) -> Result<Hashed, Problem> {
        let mut tee = item.tee.map(|tee| {
            tee.lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        });
        hash::read(
            item.path,
            Reading {
                found: Some(item.stat),
                reader,
                sync: self.must_sync(item),
                progress: &|count| meter.add(count),
                tee: tee.as_deref_mut().map(|tee| tee as &mut dyn Tee),
            },
        )
    }

    fn done(&self, item: &Item, hashed: Hashed) -> Done {
        let whole = hashed.cacheable && !hashed.unstable && hashed.stub.is_none();
        let as_found = hashed.stat == item.stat;
        Done {
            keep: whole && as_found && self.cache.keep(&hashed.stat) != Keep::No,
            raw: hashed.raw,
            bytes: hashed.bytes,
            unstable: hashed.unstable,
            stub: hashed.stub,
            pixels: hashed.pixels,
            read: true,
        }
    }

    fn remember(&self, items: &[Item], order: &[usize], outcomes: &[Option<Outcome>]) {
        let done = |item: usize| outcomes[item].as_ref()?.as_ref().ok();
        // Nothing new and nothing gone, as on most days: nothing to write down.
        let as_remembered = |&item: &usize| done(item).is_some_and(|done| !done.read);
        let known = self.cache.len() == order.len() && order.iter().all(as_remembered);
        if !self.cache.is_on() || known {
            return;
        }
        let entry = |&item: &usize| {
            let done = done(item).filter(|done| done.keep)?;
            Some(Entry {
                path: key(&items[item]),
                stat: items[item].stat,
                raw: done.raw,
                pixels: done.pixels,
            })
        };
        self.cache.save(order.iter().filter_map(entry), self.roots);
    }
}

fn key<'a>(item: &Item<'a>) -> &'a [u8] {
    item.path.as_os_str().as_encoded_bytes()
}

/// Cuts items, which come in the order of their paths, into tasks: the large ones first, largest first,
/// for one that starts last keeps one thread busy while the others stand idle; then the small ones,
/// folder by folder.
fn tasks(items: &[Item], missing: Vec<usize>) -> Vec<Vec<usize>> {
    let size = |item: &usize| items[*item].stat.size;
    let (mut large, small): (Vec<usize>, Vec<usize>) = missing
        .into_iter()
        .partition(|item| size(item) >= BYTES_PER_TASK);
    large.sort_by_key(|item| std::cmp::Reverse(size(item)));
    let mut tasks: Vec<Vec<usize>> = large.into_iter().map(|item| vec![item]).collect();
    let mut small = &small[..];
    while !small.is_empty() {
        let mut bytes = 0;
        let count = small
            .iter()
            .take(FILES_PER_TASK)
            .take_while(|&item| {
                let room = bytes < BYTES_PER_TASK;
                bytes += size(item);
                room
            })
            .count();
        let (task, rest) = small.split_at(count);
        tasks.push(task.to_vec());
        small = rest;
    }
    tasks
}

/// Counts what is done, for all threads.
struct Meter<'a> {
    files: u64,
    bytes: u64,
    files_done: AtomicU64,
    bytes_done: AtomicU64,
    tell: Option<&'a (dyn Fn(Progress) + Sync)>,
}

impl Meter<'_> {
    fn add(&self, count: u64) {
        let before = self.bytes_done.fetch_add(count, Ordering::Relaxed);
        if before / BYTES_PER_TASK != (before + count) / BYTES_PER_TASK {
            self.tell();
        }
    }

    fn tell(&self) {
        if let Some(tell) = self.tell {
            tell(Progress {
                files: self.files,
                files_done: self.files_done.load(Ordering::Relaxed),
                bytes: self.bytes,
                bytes_done: self.bytes_done.load(Ordering::Relaxed),
            });
        }
    }
}
