//! Reads the records, and what each of them looked like before.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde_json::Value;

use super::Work;
use super::source::{Source, read_file};
use crate::check::facts::{CopyFacts, Facts, MetricsFacts, RunFacts};
use crate::error::{Failure, Result};
use crate::git::command::split_nul;
use crate::model::{MetricValue, Number, RecordPath, Run, RunId, Sha256};
use crate::observe::{metrics, secrets};
use crate::store::layout::{ENV_TXT, PATCH, README, RUN_JSON};
use crate::store::{format, seal};

/// A run's folder and the files in it.
struct Folder<'p> {
    id: RunId,
    name: String,
    files: Vec<(String, &'p RecordPath)>,
    /// Whether rules are asked about it.
    in_scope: bool,
    /// For each earlier version, whether the folder was another then.
    changed: Vec<bool>,
}

/// So many folders are in memory at once.
const AT_ONCE: usize = 64;

/// Facts of all records, without what git knows.
pub fn facts(work: &Work<'_, '_>) -> Result<Facts> {
    let runs = RecordPath::from("runs").below(&work.experiments());
    let (mut folders, strays) = folders(work, &runs);
    for folder in &mut folders {
        scope(work, folder, &runs);
    }
    let notes = Notes::read(work);
    let mut all: Vec<RunFacts> = Vec::with_capacity(folders.len());
    for some in folders.chunks(AT_ONCE) {
        let read = read(work, some);
        all.par_extend(
            some.into_par_iter()
                .zip(read)
                .map(|(folder, files)| one(folder, &files, &runs)),
        );
    }
    for (facts, folder) in all.iter_mut().zip(&folders) {
        facts.in_scope = folder.in_scope;
        versions(work, facts, &folder.changed);
    }
    all.sort_by(|a, b| {
        let uid = |facts: &RunFacts| facts.run.as_ref().ok().map(|run| run.uid.clone());
        a.id.number
            .cmp(&b.id.number)
            .then_with(|| uid(a).cmp(&uid(b)))
    });
    let ignored = ignored(work)?;
    for facts in &mut all {
        facts.left_on_server = facts.run.is_err() && is_left_on_server(work, facts);
        let folder = RecordPath::from(facts.folder.as_str());
        let own = ignored.iter().filter_map(|path| path.strip(&folder));
        facts.ignored = own
            .map(|path| path.display().into_owned())
            .filter(|name| is_record_file(name))
            .collect();
        if let Ok(run) = &facts.run {
            facts.process_gone = run
                .process
                .as_ref()
                .is_some_and(|process| work.ctx.ambient.is_gone(process));
            if notes.disagrees(run) {
                facts
                    .before
                    .push(("refs/notes/exp".to_owned(), String::new()));
            }
        }
    }
    Ok(Facts {
        runs: all,
        strays,
        runs_folder: runs.display().into_owned(),
        ..Facts::default()
    })
}

/// Files below `experiments/` that git ignores. Asked of the working tree only.
fn ignored(work: &Work<'_, '_>) -> Result<Vec<RecordPath>> {
    if !matches!(work.source, Source::Worktree { .. }) {
        return Ok(Vec::new());
    }
    let listed = work
        .repo
        .git()
        .args([
            "ls-files",
            "-z",
            "--others",
            "--ignored",
            "--exclude-standard",
            "--",
        ])
        .arg(work.experiments().to_path())
        .run()
        .map_err(Failure::from)?;
    Ok(split_nul(&listed).map(RecordPath::from_bytes).collect())
}

/// What a record consists of; logs and series may be left out of git.
fn is_record_file(name: &str) -> bool {
    let stem = |prefix: &str| name.starts_with(prefix) && !name.contains('/');
    [RUN_JSON, README, PATCH, ENV_TXT].contains(&name) || stem("config") || stem("metrics.")
}

/// Whether the record is listed and its content is not here.
fn is_left_on_server(work: &Work<'_, '_>, facts: &RunFacts) -> bool {
    let path = RecordPath::from(facts.record_file().as_str());
    let blob = work.source.blob(&path);
    blob.is_some_and(|blob| matches!(work.objects.read(blob), Ok(None)))
}

/// The folders in `runs/` with their files, and the names that are no run's.
fn folders<'p>(work: &'p Work<'_, '_>, runs: &RecordPath) -> (Vec<Folder<'p>>, Vec<String>) {
    let mut by_name: BTreeMap<String, Vec<(String, &RecordPath)>> = BTreeMap::new();
    for path in work.source.files() {
        let Some(inside) = path.strip(runs) else {
            continue;
        };
        let inside = inside.display().into_owned();
        let (folder, file) = inside.split_once('/').unwrap_or((&inside, ""));
        if folder.starts_with('.') || folder.is_empty() {
            continue;
        }
        let files = by_name.entry(folder.to_owned()).or_default();
        // Deeper files (series, repeats) are not looked at.
        if !file.is_empty() && !file.contains('/') {
            files.push((file.to_owned(), path));
        }
    }
    let (mut folders, mut strays) = (Vec::new(), Vec::new());
    for (name, files) in by_name {
        let Some(id) = RunId::parse(&name) else {
            strays.push(name);
            continue;
        };
        folders.push(Folder {
            id,
            name,
            files,
            in_scope: true,
            changed: Vec::new(),
        });
    }
    (folders, strays)
}

fn one(folder: &Folder<'_>, files: &BTreeMap<String, Vec<u8>>, runs: &RecordPath) -> RunFacts {
    let shown = format!("{}/{}", runs.display(), folder.name);
    let record = files.get(RUN_JSON);
    let run = match record {
        None => Err(format!("{RUN_JSON} is missing")),
        Some(bytes) => parse(bytes),
    };
    let mut facts = RunFacts::new(folder.id.clone(), shown, run);
    facts.digest = record
        .filter(|_| folder.in_scope)
        .and_then(|bytes| raw_digest(bytes));
    let listed = folder.files.iter().map(|(name, _)| name);
    facts.unread = listed
        .filter(|name| !files.contains_key(*name))
        .cloned()
        .collect();
    facts.secrets = files
        .iter()
        .flat_map(|(name, bytes)| {
            let file = facts.file(name);
            let found = secrets::scan(bytes).into_iter();
            found.map(move |secret| (file.clone(), secret.line, format!("a {}", secret.kind)))
        })
        .collect();
    if let Ok(run) = &facts.run {
        let copy = |name: &str| copy_facts(files.get(name).map(Vec::as_slice));
        facts.config = run
            .config
            .iter()
            .map(|file| copy(file.copy.as_deref().unwrap_or_default()))
            .collect();
        facts.frozen.patch = files
            .get(
                run.code
                    .patch
                    .as_ref()
                    .map_or(PATCH, |patch| patch.path.as_str()),
            )
            .map(|bytes| Sha256::of(bytes));
        facts.metrics = run.metrics_file.as_ref().map(|file| MetricsFacts {
            copy: copy(&file.copy),
            values: match files.get(&file.copy) {
                None => Err("it is gone".to_owned()),
                Some(bytes) => metrics::read(&file.copy.as_str().into(), bytes)
                    .map(|read| read.metrics)
                    .map_err(|error| error.to_string()),
            },
        });
    }
    facts
}

fn parse(bytes: &[u8]) -> Result<Run, String> {
    format::parse_run(bytes, Path::new(RUN_JSON)).map_err(|failure| {
        let mut text = failure.message().to_owned();
        for cause in failure.causes() {
            text.push_str(&format!(": {cause}"));
        }
        text
    })
}

/// The digest of the immutable part as a file has it.
fn raw_digest(bytes: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    Some(seal::digest_json(value))
}

/// Digests of a copy, as it is and with line ends made `\n`.
pub fn copy_facts(bytes: Option<&[u8]>) -> CopyFacts {
    CopyFacts {
        sha256: bytes.map(Sha256::of),
        unix_sha256: bytes.map(|bytes| Sha256::of(&unix(bytes))),
        in_tree: None,
    }
}

/// Text with line ends made `\n`.
pub fn unix(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().peekable();
    while let Some(&byte) = rest.next() {
        if byte != b'\r' || rest.peek() != Some(&&b'\n') {
            text.push(byte);
        }
    }
    text
}

/// Says whether rules are asked about a folder. Of others only the record is read, for its label.
fn scope(work: &Work<'_, '_>, folder: &mut Folder<'_>, runs: &RecordPath) {
    let place = RecordPath::from(folder.name.as_str()).below(runs);
    let differs = |(_, source): &(String, Source<'_, '_>)| changed(work, source, &place);
    folder.changed = work.before.iter().map(differs).collect();
    // The first version is the one that `--since` and `--staged` measure by.
    let is_new = folder.changed.first().is_none_or(|changed| *changed);
    folder.in_scope = !work.only_new || is_new;
    if !folder.in_scope {
        folder.files.retain(|(name, _)| name == RUN_JSON);
    }
}

/// Reads the files of some folders.
fn read(work: &Work<'_, '_>, folders: &[Folder<'_>]) -> Vec<BTreeMap<String, Vec<u8>>> {
    let each = |folder: &Folder<'_>, read: &dyn Fn(&RecordPath) -> Option<Vec<u8>>| {
        let files = folder.files.iter();
        files
            .filter_map(|(name, path)| Some((name.clone(), read(path)?)))
            .collect()
    };
    match &work.source {
        Source::Worktree { top, .. } => folders
            .par_iter()
            .map(|folder| each(folder, &|path| read_file(top, path)))
            .collect(),
        source => folders
            .iter()
            .map(|folder| each(folder, &|path| source.read(path)))
            .collect(),
    }
}

/// Compares a record with its earlier versions.
fn versions(work: &Work<'_, '_>, facts: &mut RunFacts, changed: &[bool]) {
    let path = RecordPath::from(facts.record_file().as_str());
    for ((name, source), _) in work
        .before
        .iter()
        .zip(changed)
        .filter(|(_, changed)| **changed)
    {
        let Some(before) = source.read(&path) else {
            continue;
        };
        let sealed = parse(&before).is_ok_and(|run| run.digest.is_some());
        if sealed && let Some(digest) = raw_digest(&before) {
            facts.before.push((name.clone(), digest));
        }
    }
}

/// Whether anything below a folder differs between two sources.
pub fn changed(work: &Work<'_, '_>, before: &Source<'_, '_>, folder: &RecordPath) -> bool {
    let now = &work.source;
    let is_other = |path: &RecordPath| {
        let old = before.blob(path);
        old.is_none() || now.id(path, work.repo.format()).as_ref() != old
    };
    now.below(folder).into_iter().any(is_other)
        || before
            .below(folder)
            .into_iter()
            .any(|path| !now.has(path) && !is_skipped(path))
}

/// Logs are committed but never looked at.
fn is_skipped(path: &RecordPath) -> bool {
    let text = path.display();
    text.contains("/series") || text.ends_with("output.log")
}

/// The last line of each run in the git notes.
struct Notes(BTreeMap<String, (u64, u64, BTreeMap<String, MetricValue>)>);

impl Notes {
    /// Notes that can't be read say nothing.
    fn read(work: &Work<'_, '_>) -> Self {
        let mut last: BTreeMap<String, (u64, u64, BTreeMap<String, MetricValue>)> = BTreeMap::new();
        let all = crate::git::notes::read_all(work.repo).unwrap_or_default();
        for line in all.into_values().flatten() {
            let Ok(value) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            let (Some(uid), Some(rev)) = (value["uid"].as_str(), value["rev"].as_u64()) else {
                continue;
            };
            let Ok(metrics) = serde_json::from_value(value["metrics"].clone()) else {
                continue;
            };
            let entry = last
                .entry(uid.to_owned())
                .or_insert((rev, rev, BTreeMap::new()));
            if rev >= entry.1 {
                *entry = (entry.0.min(rev), rev, metrics);
            }
        }
        Self(last)
    }

    /// Whether a note, written when the run was finished, has other metrics than the record.
    fn disagrees(&self, run: &Run) -> bool {
        let Some((_, rev, metrics)) = self.0.get(run.uid.as_str()) else {
            return false;
        };
        let value = |value: &MetricValue| value.number().map(Number::as_f64);
        *rev <= u64::from(run.rev)
            && run.digest.is_some()
            && metrics.iter().any(|(name, noted)| {
                let recorded = run.metrics.get(name).and_then(value);
                let noted = value(noted);
                noted.is_some_and(f64::is_finite) && noted != recorded
            })
    }
}
