//! The runs of a project: all of them, or the one that a person means.

use std::path::PathBuf;

use super::format::read_run;
use super::layout::Project;
use crate::error::{Failure, Result};
use crate::model::{Run, RunId};

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
        .into_iter()
        .map(|(id, folder)| Entry {
            run: read_run(&folder),
            id,
            folder,
        })
        .collect();
    entries.sort_by(|a, b| {
        let uid = |entry: &Entry| entry.run.as_ref().ok().map(|run| run.uid.clone());
        a.id.number
            .cmp(&b.id.number)
            .then_with(|| uid(a).cmp(&uid(b)))
    });
    Ok(entries)
}

/// The folders that have a run's name, in no order.
pub fn folders(project: &Project) -> Result<Vec<(RunId, PathBuf)>> {
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
        entry.file_type().ok()?.is_dir().then(|| (id, entry.path()))
    };
    Ok(listing.flatten().filter_map(named).collect())
}

/// Finds the run that a person means.
///
/// Understood: `exp_003`, `3`, `exp_003_new_features`, an alias, a slug, a unique prefix of the uid,
/// `@` (the last), `@-1` (the one before), `@base` (the base of the last).
///
/// # Errors
/// An unknown name suggests the nearest; an ambiguous one lists the candidates.
pub fn resolve(project: &Project, name: &str) -> Result<Entry> {
    if let Some(id) = RunId::parse(name)
        && project.run(&id).is_dir()
    {
        let folder = project.run(&id);
        return Ok(Entry {
            run: read_run(&folder),
            id,
            folder,
        });
    }
    let mut entries = list(project)?;
    if entries.is_empty() {
        return Err(
            Failure::new(format!("no run named `{name}`: there are no runs yet"))
                .hint("record one: git exp run -- python3 train.py"),
        );
    }
    let matches = candidates(&entries, name);
    match matches[..] {
        [index] => Ok(entries.swap_remove(index)),
        [] => Err(unknown(&entries, name)),
        _ => {
            let list: Vec<String> = matches
                .iter()
                .map(|&index| match &entries[index].run {
                    Ok(run) => format!("{} ({})", entries[index].id, run.uid),
                    Err(_) => entries[index].id.to_string(),
                })
                .collect();
            Err(
                Failure::new(format!("`{name}` could be {}", list.join(" or ")))
                    .hint("use the full folder name or the uid"),
            )
        }
    }
}

/// The indices of the runs that a name fits, by the first rule that fits any.
fn candidates(entries: &[Entry], name: &str) -> Vec<usize> {
    if let Some(rest) = name.strip_prefix('@') {
        return relative(entries, rest).into_iter().collect();
    }
    let number = name
        .strip_prefix("exp_")
        .unwrap_or(name)
        .parse::<u32>()
        .ok();
    let run = |index: usize| entries[index].run.as_ref().ok();
    let rules: [&dyn Fn(usize) -> bool; 5] = [
        &|i| number.is_some_and(|number| entries[i].id.number == number),
        &|i| entries[i].id.to_string() == name || entries[i].id.slug == name,
        &|i| run(i).is_some_and(|run| run.aliases.iter().any(|alias| same_label(alias, name))),
        &|i| run(i).is_some_and(|run| name.len() >= 4 && run.uid.as_str().starts_with(name)),
        &|i| run(i).is_some_and(|run| !name.is_empty() && run.title == name),
    ];
    rules
        .iter()
        .map(|rule| (0..entries.len()).filter(|&i| rule(i)).collect::<Vec<_>>())
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// An alias is meant by its full name or by its `exp_NNN`.
fn same_label(alias: &str, name: &str) -> bool {
    alias == name
        || RunId::parse(alias).is_some_and(|id| id.short() == name || id.number.to_string() == name)
}

fn relative(entries: &[Entry], rest: &str) -> Option<usize> {
    let last = entries.len().checked_sub(1)?;
    match rest {
        "" => Some(last),
        "base" => {
            let base = entries[last].run.as_ref().ok()?.base.as_ref()?;
            let is_base = |entry: &Entry| entry.run.as_ref().is_ok_and(|run| run.uid == base.uid);
            entries.iter().position(is_base)
        }
        _ => last.checked_sub(rest.strip_prefix('-')?.parse().ok()?),
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
