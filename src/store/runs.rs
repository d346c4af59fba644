//! The runs of a project: all of them, or the one that a person means.

use std::path::PathBuf;

use rayon::prelude::*;

use super::catalog::is_tombstone;
use super::format::read_run;
use super::layout::{Project, RUN_JSON};
use super::stage;
use crate::choose::{self, best::NoChoice};
use crate::error::{Failure, Result};
use crate::model::{Brief, Run, RunId, Uid};
use crate::settings::ProjectSettings;

/// A run's folder, and the record in it or why it can't be read.
#[derive(Debug)]
pub struct Entry {
    /// The folder's name.
    pub id: RunId,
    /// The folder.
    pub folder: PathBuf,
    /// The record.
    pub run: Result<Run>,
}

/// All runs in order of number, then uid. One damaged record never hides the others.
pub fn list(project: &Project) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = folders(project)?
        .into_par_iter()
        .with_min_len(32)
        .map(|(id, folder)| entry(id, folder))
        .filter(|entry| entry.run.is_ok() || !is_tombstone(&entry.folder))
        .collect();
    entries.sort_by(|a, b| {
        let uid = |entry: &Entry| entry.run.as_ref().ok().map(|run| run.uid.clone());
        a.id.number
            .cmp(&b.id.number)
            .then_with(|| uid(a).cmp(&uid(b)))
    });
    Ok(entries)
}

/// The records of some runs, without those that can't be read.
pub fn read(project: &Project, ids: Vec<RunId>) -> Vec<Run> {
    ids.into_par_iter()
        .with_min_len(32)
        .filter_map(|id| read_run(&project.run(&id)).ok())
        .collect()
}

/// The last readable run with a number below `number`.
pub fn before(project: &Project, number: u32) -> Result<Option<Entry>> {
    let mut names = folders(project)?;
    names.retain(|(id, _)| id.number < number);
    names.sort();
    while let Some(last) = names.last().map(|(id, _)| id.number) {
        let first = names.partition_point(|(id, _)| id.number < last);
        let twins = names.split_off(first).into_iter();
        let readable = twins
            .map(|(id, folder)| entry(id, folder))
            .filter(|entry| entry.run.is_ok());
        let found = readable.max_by_key(|entry| entry.run.as_ref().ok().map(|run| run.uid.clone()));
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn entry(id: RunId, folder: PathBuf) -> Entry {
    Entry {
        run: read_run(&folder),
        id,
        folder,
    }
}

/// The folders that have a run's name, in no order.
pub fn folders(project: &Project) -> Result<Vec<(RunId, PathBuf)>> {
    named(project, |id, entry| (id, entry.path()))
}

/// The names of those folders.
pub fn ids(project: &Project) -> Result<Vec<RunId>> {
    named(project, |id, _| id)
}

fn named<T>(project: &Project, take: fn(RunId, &std::fs::DirEntry) -> T) -> Result<Vec<T>> {
    let runs = project.runs();
    let listing = match std::fs::read_dir(&runs) {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(Failure::new(format!("cannot read {}", runs.display())).because(error));
        }
    };
    let named = |entry: std::fs::DirEntry| {
        let id = RunId::parse(entry.file_name().to_str()?)?;
        entry.file_type().ok()?.is_dir().then(|| take(id, &entry))
    };
    Ok(listing.flatten().filter_map(named).collect())
}

/// A link is no run's folder: what it leads to is not ours.
fn is_folder(path: &std::path::Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

/// Finds the run that a person means.
///
/// Understood: `exp_003`, `3`, `exp_003_new_features`, a slug, an alias, a unique prefix of the uid,
/// a title, `@` (the last), `@-1` (the one before), `@base` (the base of the last), `@best`, `@prod`
/// and `@stage` for any other stage. What the folders' names answer costs no more than reading them.
///
/// # Errors
/// An unknown name suggests the nearest; an ambiguous one lists the candidates.
pub fn resolve(project: &Project, name: &str) -> Result<Entry> {
    if let Some(id) = RunId::parse(name)
        && is_folder(&project.run(&id))
        && project.run(&id).join(RUN_JSON).symlink_metadata().is_ok()
    {
        let folder = project.run(&id);
        return Ok(entry(id, folder));
    }
    let mut names = folders(project)?;
    names.sort();
    match name.strip_prefix('@') {
        Some("") => return nth_last(&names, 0, name),
        Some("best") => return best(project),
        Some("base") => return base_of_last(project, &names),
        Some("prod") => return of_stage(project, stage::PRODUCTION),
        Some(rest) => {
            return match rest.strip_prefix('-').map(str::parse) {
                Some(Ok(back)) => nth_last(&names, back, name),
                _ => of_stage(project, rest),
            };
        }
        None => {}
    }
    let number = name.strip_prefix("exp_").unwrap_or(name).parse().ok();
    let by_number = |id: &RunId| number == Some(id.number);
    let by_name = |id: &RunId| id.slug == name || id.to_string() == name;
    for rule in [&by_number as &dyn Fn(&RunId) -> bool, &by_name] {
        let found: Vec<&(RunId, PathBuf)> = names
            .iter()
            .filter(|(id, folder)| rule(id) && !is_tombstone(folder))
            .collect();
        if !found.is_empty() {
            let found = found
                .into_iter()
                .map(|(id, folder)| entry(id.clone(), folder.clone()));
            return only(found.collect(), name);
        }
    }
    by_content(project, name)
}

/// The only one of several, or an error that lists them.
fn only(mut found: Vec<Entry>, name: &str) -> Result<Entry> {
    if found.len() == 1 {
        return Ok(found.remove(0));
    }
    let list: Vec<String> = found
        .iter()
        .map(|entry| match &entry.run {
            Ok(run) => format!("{} ({})", entry.id, run.uid),
            Err(_) => entry.id.to_string(),
        })
        .collect();
    Err(
        Failure::new(format!("`{name}` could be {}", list.join(" or ")))
            .hint("use the full folder name or the uid"),
    )
}

/// By what only the records know: aliases, uid, title.
fn by_content(project: &Project, name: &str) -> Result<Entry> {
    let entries = list(project)?;
    if entries.is_empty() {
        return Err(no_runs(name));
    }
    let alias = |run: &Run| run.aliases.iter().any(|alias| same_label(alias, name));
    let uid = |run: &Run| name.len() >= 4 && run.uid.as_str().starts_with(name);
    let title = |run: &Run| !name.is_empty() && run.title == name;
    for rule in [&alias as &dyn Fn(&Run) -> bool, &uid, &title] {
        let fits = |entry: &Entry| entry.run.as_ref().is_ok_and(rule);
        if entries.iter().any(fits) {
            return only(entries.into_iter().filter(fits).collect(), name);
        }
    }
    Err(unknown(&entries, name))
}

fn no_runs(name: &str) -> Failure {
    Failure::new(format!("no run named `{name}`: there are no runs yet"))
        .hint("record one: git exp run -- python3 train.py")
}

/// An alias is meant by its full name or by its `exp_NNN`.
fn same_label(alias: &str, name: &str) -> bool {
    alias == name
        || RunId::parse(alias).is_some_and(|id| id.short() == name || id.number.to_string() == name)
}

/// The last run but so many. Runs of one number are in order of uid, so such are read.
fn nth_last(names: &[(RunId, PathBuf)], back: usize, name: &str) -> Result<Entry> {
    let alive: Vec<&(RunId, PathBuf)> = names
        .iter()
        .filter(|(_, folder)| folder.join(RUN_JSON).exists())
        .collect();
    let Some(at) = alive
        .len()
        .checked_sub(1)
        .and_then(|last| last.checked_sub(back))
    else {
        if alive.is_empty() {
            return Err(no_runs(name));
        }
        return Err(
            Failure::new(format!("no run named `{name}`: there are {}", alive.len()))
                .hint("list them with: git exp ls"),
        );
    };
    let number = alive[at].0.number;
    let first = alive.partition_point(|(id, _)| id.number < number);
    let mut twins: Vec<Entry> = alive[first..]
        .iter()
        .take_while(|(id, _)| id.number == number)
        .map(|(id, folder)| entry(id.clone(), folder.clone()))
        .collect();
    twins.sort_by_key(|entry| entry.run.as_ref().ok().map(|run| run.uid.clone()));
    Ok(twins.swap_remove(at - first))
}

fn base_of_last(project: &Project, names: &[(RunId, PathBuf)]) -> Result<Entry> {
    let last = nth_last(names, 0, "@base")?;
    let Some(base) = last.run?.base else {
        return Err(Failure::new(format!("{} has no base", last.id)).hint("name a run: git exp ls"));
    };
    of_uid(project, &base.uid, &base.id)
}

/// The run of an identity; `label` is where it was, and where it is looked for first.
pub fn of_uid(project: &Project, uid: &Uid, label: &str) -> Result<Entry> {
    let is = |entry: &Entry| entry.run.as_ref().is_ok_and(|run| run.uid == *uid);
    if let Some(id) = RunId::parse(label) {
        let folder = project.run(&id);
        let there = entry(id, folder);
        if is(&there) {
            return Ok(there);
        }
    }
    list(project)?.into_iter().find(is).ok_or_else(|| {
        Failure::new(format!("{label} is not here"))
            .because(format!(
                "no record in {} has its uid",
                project.runs().display()
            ))
            .hint("it may be on another branch: git log --all --oneline -- experiments/runs")
    })
}

fn of_stage(project: &Project, name: &str) -> Result<Entry> {
    match stage::read(project, name)? {
        Some(stage) => of_uid(project, &stage.current.uid, &stage.current.run),
        None => Err(
            Failure::new(format!("nothing was promoted to {name} yet")).hint(format!(
                "git exp promote exp_001 --as {name} -m \"why this one\""
            )),
        ),
    }
}

fn best(project: &Project) -> Result<Entry> {
    let settings = ProjectSettings::read(&project.settings_file())?;
    let mut entries = list(project)?;
    entries.retain(|entry| entry.run.is_ok());
    let runs: Vec<Brief> = entries
        .iter()
        .filter_map(|entry| entry.run.as_ref().ok())
        .map(Brief::from)
        .collect();
    match choose::best(&runs, &settings, &choose::Options::default()) {
        Ok(best) => Ok(entries.swap_remove(best.ranking[0])),
        Err(NoChoice::Failure(failure)) => Err(failure),
        Err(NoChoice::Nobody(metric, _)) => {
            Err(Failure::new(format!("no run is best by {metric}"))
                .hint("see why: git exp best --why"))
        }
    }
}

fn unknown(entries: &[Entry], name: &str) -> Failure {
    let failure = Failure::new(format!("no run named `{name}`"));
    let nearest = entries
        .iter()
        .flat_map(|entry| {
            [
                entry.id.to_string(),
                entry.id.short(),
                entry.id.slug.clone(),
            ]
        })
        .map(|candidate| (strsim::jaro_winkler(&candidate, name), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(score, _)| *score > 0.75);
    match nearest {
        Some((_, candidate)) => failure.hint(format!(
            "did you mean `{candidate}`? list them with: git exp ls"
        )),
        None => failure.hint("list them with: git exp ls"),
    }
}
