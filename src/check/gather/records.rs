//! Reads the records, and what each of them looked like before.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::files::{Content, Files, Shared};
use super::noted::Notes;
use super::source::{Source, read_regular};
use super::{Before, Work};
use crate::check::facts::{CopyFacts, Earlier, Facts, Looked, MetricsFacts, RunFacts};
use crate::check::roll::Roll;
use crate::error::{Failure, Result};
use crate::model::run::Repeat;
use crate::model::{RecordPath, Run, RunId, Sha256};
use crate::observe::metrics;
use crate::record::repeats::REPEATS;
use crate::store::catalog::Catalog;
use crate::store::layout::{ENV_TXT, PATCH, README, RUN_JSON, TOMBSTONE};
use crate::store::{contain, format, seal};

/// A run's folder and the files in it.
struct Folder<'p> {
    id: RunId,
    name: String,
    files: Vec<(String, &'p RecordPath)>,
    /// Whether rules are asked about it.
    in_scope: bool,
}

/// Facts of records, without what git knows. Of runs that did not change since the version that
/// counts, all that rules may ask is in the list index, or in the record alone.
pub fn facts(work: &Work<'_, '_>) -> Result<Facts> {
    let runs = RecordPath::from("runs").below(&work.experiments());
    let (mut folders, strays) = folders(work, &runs);
    for folder in &mut folders {
        scope(work, folder, &runs);
    }
    let listed = listed(work, &mut folders)?;
    let mut all = read(work, &folders, &runs);
    for (facts, folder) in all.iter_mut().zip(&folders) {
        facts.in_scope = folder.in_scope;
        versions(work, facts);
    }
    mark_ignored(work, &folders, &mut all)?;
    all.sort_by(|a, b| {
        let uid = |facts: &RunFacts| facts.run.as_ref().ok().map(|run| run.uid.clone());
        a.id.number
            .cmp(&b.id.number)
            .then_with(|| uid(a).cmp(&uid(b)))
    });
    let asked = all.iter().filter(|facts| facts.in_scope);
    let notes = Notes::of(work, asked.filter_map(|facts| facts.run.as_ref().ok()));
    for facts in &mut all {
        facts.left_on_server = facts.run.is_err() && is_left_on_server(work, facts);
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
    let files = folders.iter().filter(|folder| folder.in_scope);
    let looked = Looked {
        records: all.len(),
        files: files.map(|folder| folder.files.len()).sum(),
        commits: 0,
    };
    let roll = match listed {
        Some((catalog, rows)) => Roll::with_rows(&all, catalog, &rows),
        None => Roll::of(&all),
    };
    Ok(Facts {
        looked,
        deleted: deleted(work, &roll, &runs),
        roll,
        runs: all,
        strays,
        runs_folder: runs.display().into_owned(),
        ..Facts::default()
    })
}

/// Records that an earlier version has, and this one neither there nor under another name nor as
/// `git exp rm` leaves them.
fn deleted(work: &Work<'_, '_>, roll: &Roll, runs: &RecordPath) -> Vec<(String, RunId)> {
    let gone = |path: &RecordPath, before: &Before| {
        let inside = path.strip(runs)?.display().into_owned();
        let (folder, file) = inside.split_once('/')?;
        let id = RunId::parse(folder).filter(|_| file == RUN_JSON)?;
        let tombstone = RecordPath::from(format!("{folder}/{TOMBSTONE}").as_str()).below(runs);
        if work.source.has(path) || work.source.has(&tombstone) {
            return None;
        }
        let record = work.objects.blob_at(&before.commit, path).ok()??;
        let run = parse(&record).ok()?;
        roll.of_uid(&run.uid)
            .is_none()
            .then_some((before.name.clone(), id))
    };
    let before = work.before.first().into_iter();
    before
        .flat_map(|before| before.changed.iter().filter_map(|path| gone(path, before)))
        .collect()
}

/// Takes out folders that no rule is asked about and whose record is a row of the list index.
fn listed(
    work: &Work<'_, '_>,
    folders: &mut Vec<Folder<'_>>,
) -> Result<Option<(Catalog, Vec<usize>)>> {
    let is_other = |folder: &Folder<'_>| !folder.in_scope && folder.id.to_string() == folder.name;
    let on_disk = matches!(work.source, Source::Worktree { .. });
    if !on_disk || !folders.iter().any(is_other) {
        return Ok(None);
    }
    let mut catalog = Catalog::open(work.repo, work.ctx.project()?, false)?;
    let all: Vec<usize> = (0..catalog.len()).collect();
    catalog.confirm(&all);
    let readable = all.into_iter().filter(|&row| !catalog.uid(row).is_empty());
    let row_of: HashMap<RunId, usize> = readable.map(|row| (catalog.id(row), row)).collect();
    let mut rows = Vec::new();
    folders.retain(|folder| match row_of.get(&folder.id) {
        Some(&row) if is_other(folder) => {
            rows.push(row);
            false
        }
        _ => true,
    });
    Ok(Some((catalog, rows)))
}

/// Says which files of records git ignores. Only those that the index does not have can be.
fn mark_ignored(work: &Work<'_, '_>, folders: &[Folder<'_>], all: &mut [RunFacts]) -> Result<()> {
    if !matches!(work.source, Source::Worktree { .. }) {
        return Ok(());
    }
    let files = folders.iter().filter(|folder| folder.in_scope);
    let paths = files
        .flat_map(|folder| &folder.files)
        .filter(|(name, path)| is_record_file(name) && work.source.known(path).is_none())
        .map(|(_, path)| *path);
    let ignored = work.repo.ignored(paths).map_err(Failure::from)?;
    for (facts, folder) in all.iter_mut().zip(folders) {
        let own = folder
            .files
            .iter()
            .filter(|(name, path)| is_record_file(name) && ignored.contains(*path));
        facts.ignored = own.map(|(name, _)| name.clone()).collect();
    }
    Ok(())
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
        if !file.is_empty() && is_looked_at(file) {
            files.push((file.to_owned(), path));
        }
    }
    let (mut folders, mut strays) = (Vec::new(), Vec::new());
    for (name, files) in by_name {
        let Some(id) = RunId::parse(&name) else {
            strays.push(name);
            continue;
        };
        let has = |wanted: &str| files.iter().any(|(file, _)| file == wanted);
        // What `git exp rm` removed is no record any more.
        if has(TOMBSTONE) && !has(RUN_JSON) {
            continue;
        }
        folders.push(Folder {
            id,
            name,
            files,
            in_scope: true,
        });
    }
    (folders, strays)
}

/// Of deeper files only those of repeats are looked at, and not their series.
fn is_looked_at(file: &str) -> bool {
    let mut parts = file.split('/');
    let top = parts.next();
    match parts.count() {
        0 => true,
        2 => top == Some(REPEATS),
        _ => false,
    }
}

fn one(folder: &Folder<'_>, files: &Files, runs: &RecordPath) -> RunFacts {
    let shown = format!("{}/{}", runs.display(), folder.name);
    let record = files.get(RUN_JSON);
    let run = match record {
        None => Err(format!("{RUN_JSON} is missing")),
        Some(file) => parse(&file.bytes),
    };
    let mut facts = RunFacts::new(folder.id.clone(), shown, run);
    facts.digest = record
        .filter(|_| folder.in_scope)
        .and_then(|file| seal::digest_file(&file.bytes, recorded(&facts.run)));
    let listed = folder.files.iter().map(|(name, _)| name);
    facts.unread = listed
        .filter(|name| !files.contains_key(*name))
        .cloned()
        .collect();
    let looked_through = files.iter().filter(|_| folder.in_scope);
    facts.secrets = looked_through
        .flat_map(|(name, file)| {
            let found = file.secrets().iter();
            found.map(|secret| (facts.file(name), secret.line, format!("a {}", secret.kind)))
        })
        .collect();
    facts.readme = files
        .get(README)
        .map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
    if let Ok(run) = &facts.run {
        let file = |name: &str| files.get(name).map(AsRef::as_ref);
        facts.config = run
            .config
            .iter()
            .map(|config| copy_facts(file(config.copy.as_deref().unwrap_or_default())))
            .collect();
        let packages = run.env.as_ref().and_then(|env| env.lock.as_deref());
        facts.packages = copy_facts(packages.and_then(file));
        let patch = run.code.patch.as_ref();
        facts.frozen.patch = file(patch.map_or(PATCH, |patch| patch.path.as_str()))
            .map(|file| file.digests()[0].clone());
        facts.metrics = run
            .metrics_file
            .as_ref()
            .map(|metrics| metrics_facts(&metrics.copy, file(&metrics.copy)));
        facts.repeats = run
            .repeats
            .iter()
            .map(|repeat| repeat_facts(repeat, files))
            .collect();
    }
    facts
}

fn metrics_facts(name: &str, file: Option<&Content>) -> MetricsFacts {
    MetricsFacts {
        name: name.to_owned(),
        copy: copy_facts(file),
        values: match file {
            None => Err("it is gone".to_owned()),
            Some(file) => metrics::read(&name.into(), &file.bytes)
                .map(|read| read.metrics)
                .map_err(|error| error.to_string()),
        },
    }
}

/// The metrics file of a repeat; `None` when it wrote none.
fn repeat_facts(repeat: &Repeat, files: &Files) -> Option<MetricsFacts> {
    let recorded = repeat.metrics_sha256.as_ref()?;
    let prefix = format!("{}/metrics.", repeat.folder);
    let here = || files.iter().filter(|(name, _)| name.starts_with(&prefix));
    let same = here().find(|(_, file)| file.digests().contains(recorded));
    Some(match same.or_else(|| here().next()) {
        Some((name, file)) => metrics_facts(name, Some(file)),
        None => metrics_facts(&format!("{prefix}json"), None),
    })
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

/// The digest that a record has of its immutable part.
fn recorded(run: &Result<Run, String>) -> Option<&str> {
    run.as_ref().ok()?.digest.as_deref()
}

/// Digests of a copy, as it is and with line ends made `\n`.
fn copy_facts(file: Option<&Content>) -> CopyFacts {
    let found = file.map(|file| <(_, _)>::from(file.digests().clone()));
    let (sha256, unix_sha256) = found.unzip();
    CopyFacts {
        sha256,
        unix_sha256,
        in_tree: None,
    }
}

/// Digests of bytes as they are, and with line ends made `\n`.
pub fn digests(bytes: &[u8]) -> [Sha256; 2] {
    let found = Sha256::of(bytes);
    let same = memchr::memchr(b'\r', bytes).is_none();
    let unix = if same {
        found.clone()
    } else {
        Sha256::of(&unix(bytes))
    };
    [found, unix]
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
    // The first version is the one that `--since` and `--staged` measure by.
    let first = work.before.first().filter(|_| work.only_new);
    folder.in_scope = first.is_none_or(|before| before.differs(&place));
    if !folder.in_scope {
        folder.files.retain(|(name, _)| name == RUN_JSON);
    }
}

/// Reads the files of folders and says what is in them.
fn read(work: &Work<'_, '_>, folders: &[Folder<'_>], runs: &RecordPath) -> Vec<RunFacts> {
    let look = |folder: &Folder<'_>, content: &dyn Fn(&RecordPath) -> Option<Arc<Content>>| {
        let named = |(name, path): &(String, &RecordPath)| Some((name.clone(), content(path)?));
        one(
            folder,
            &folder.files.iter().filter_map(named).collect(),
            runs,
        )
    };
    let Source::Worktree { top, indexed, .. } = &work.source else {
        let content = |path: &RecordPath| Some(Arc::new(Content::new(work.source.read(path)?)));
        return folders
            .iter()
            .map(|folder| look(folder, &content))
            .collect();
    };
    let known = &indexed.known;
    let all = folders.iter().flat_map(|folder| &folder.files);
    let shared = Shared::among(all.filter_map(|(_, path)| known.get(&**path)));
    let read = |folder: &Folder<'_>| {
        // Files were listed without following links: what holds for the folder holds for them.
        let inside = RecordPath::from(folder.name.as_str()).below(runs);
        let place = contain::below(top, &inside).ok();
        look(folder, &|path| {
            let place = || Some(place.as_ref()?.join(path.strip(&inside)?.to_path()));
            shared.get(known.get(path), || read_regular(&place()?))
        })
    };
    folders.par_iter().map(read).collect()
}

/// Compares a record with its earlier versions.
fn versions(work: &Work<'_, '_>, facts: &mut RunFacts) {
    let path = RecordPath::from(facts.record_file().as_str());
    for Before {
        name,
        commit,
        changed,
    } in &work.before
    {
        let changed = changed.contains(&path);
        let before = changed.then(|| work.objects.blob_at(commit, &path).ok()?);
        let Some(before) = before.flatten() else {
            if name == "HEAD" && facts.earlier == Earlier::Unknown {
                facts.earlier = if changed {
                    Earlier::Never
                } else {
                    Earlier::Committed
                };
            }
            continue;
        };
        if facts.earlier == Earlier::Unknown {
            facts.earlier = Earlier::Version(name.clone());
        }
        let run = parse(&before);
        // A version that was edited itself is no witness.
        if let Some(sealed) = recorded(&run)
            && let Some(digest) = seal::digest_file(&before, Some(sealed))
            && digest == sealed
        {
            facts.before.push((name.clone(), digest));
        }
    }
}
