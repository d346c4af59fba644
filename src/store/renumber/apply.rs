//! Carries a plan out: records, folders, bases and mentions.
//!
//! The record is written before its folder is renamed. After a crash in between, the record says
//! where the folder belongs, and the next renumbering puts it there.

use std::path::{Path, PathBuf};

use super::mentions::{Rename, lines_with, renames, rewrite};
use super::{Label, Move};
use crate::atomic;
use crate::error::{Context, Failure, Result};
use crate::git::Repo;
use crate::model::{RecordPath, Run, RunId, Uid};
use crate::store::runs::{self, Entry};
use crate::store::{Project, contain, format};

/// Larger texts are no reports.
const TEXT_LIMIT: u64 = 4 << 20;
/// Kinds of texts in which people mention runs.
const TEXTS: [&str; 6] = ["*.md", "*.rst", "*.tex", "*.txt", "*.adoc", "*.org"];
/// Written anew from the records, so never edited.
const GENERATED: [&str; 2] = ["experiments.md", "experiments.csv"];

/// What was written, or what would be.
#[derive(Debug, Default)]
pub struct Done {
    /// Records whose label changed, in their new form.
    pub runs: Vec<Run>,
    /// Texts with mentions: the path from the top, and how many.
    pub texts: Vec<(RecordPath, usize)>,
    /// Mentions that could mean either run and were left alone: `report.md:41 exp_004`.
    pub unclear: Vec<String>,
}

/// The records here, as plans see them.
pub fn labels(entries: &[Entry]) -> Vec<Label> {
    let records = entries.iter().filter_map(|entry| entry.run.as_ref().ok());
    records.map(Label::from).collect()
}

/// Carries the moves out; with `dry`, only says what it would write.
pub fn apply(repo: &Repo, project: &Project, moves: &[Move], dry: bool) -> Result<Done> {
    let entries = runs::list(project)?;
    let mut done = Done::default();
    texts(repo, project, moves, &entries, dry, &mut done)?;
    for entry in entries {
        let Ok(run) = entry.run else { continue };
        let found = moves.iter().find(|m| m.uid == run.uid);
        let is_moved = found.is_some();
        let (run, changed) = relabelled(run, found, moves);
        if changed && !dry {
            contain::real_folder(&entry.folder)?;
            format::write_run(&entry.folder, &run)?;
        }
        if is_moved {
            done.runs.push(run.clone());
        }
        if !dry && entry.id != run.id() && run.aliases.contains(&entry.id.to_string()) {
            rename(project, &entry.folder, &run.id())?;
        }
    }
    if !dry {
        stages(project, moves)?;
    }
    Ok(done)
}

/// The record with its own new label and its base's.
fn relabelled(mut run: Run, own: Option<&Move>, moves: &[Move]) -> (Run, bool) {
    let mut changed = false;
    if let Some(own) = own {
        let old = own.from.to_string();
        if run.number != own.to.number {
            run.number = own.to.number;
            changed = true;
        }
        if !run.aliases.contains(&old) {
            run.aliases.push(old);
            changed = true;
        }
    }
    if let Some(base) = &mut run.base
        && let Some(found) = moves.iter().find(|m| m.uid == base.uid)
        && base.id != found.to.to_string()
    {
        base.id = found.to.to_string();
        changed = true;
    }
    run.rev += u32::from(changed);
    (run, changed)
}

fn rename(project: &Project, folder: &Path, id: &RunId) -> Result<()> {
    let target = project.run(id);
    if target.symlink_metadata().is_ok() {
        return Err(
            Failure::new(format!("{} exists already", target.display())).hint(format!(
                "give it the next free number: git exp renumber {id}"
            )),
        );
    }
    std::fs::rename(folder, &target)
        .context(|| format!("cannot rename {} to {id}", folder.display()))?;
    atomic::sync_folder(&project.runs()).context(|| "cannot sync the runs".to_owned())
}

/// Puts new labels into the texts that people write, the runs' own mini-logs included.
fn texts(
    repo: &Repo,
    project: &Project,
    moves: &[Move],
    entries: &[Entry],
    dry: bool,
    done: &mut Done,
) -> Result<()> {
    let labels = labels(entries);
    let (clear, unclear): (Vec<_>, Vec<_>) = moves
        .iter()
        .flat_map(|m| renames(&m.from, &m.to).map(|rename| (&m.uid, rename)))
        .partition(|(uid, rename)| is_clear(&labels, uid, &rename.from));
    let clear: Vec<Rename> = clear.into_iter().map(|(_, rename)| rename).collect();
    for path in repo.texts(project, &TEXTS)? {
        let place = repo.top()?.join(path.to_path());
        let Some(text) = read(&place) else { continue };
        let own = owner(entries, &place).and_then(|uid| moves.iter().find(|m| m.uid == *uid));
        let (new, count) = match own {
            // In a run's own folder both forms mean the run itself.
            Some(own) => rewrite(&text, &renames(&own.from, &own.to)),
            None => rewrite(&text, &clear),
        };
        if count > 0 {
            if !dry {
                atomic::write(&place, new.as_bytes())?;
            }
            done.texts.push((path.clone(), count));
        }
        if owner(entries, &place).is_none() {
            for (_, label) in &unclear {
                let lines = lines_with(&new, &label.from);
                let shown = |line| format!("{}:{line} {}", path.display(), label.from);
                done.unclear.extend(lines.into_iter().map(shown));
            }
        }
    }
    done.unclear.sort();
    done.unclear.dedup();
    Ok(())
}

/// Whether a label can mean only this run.
fn is_clear(labels: &[Label], uid: &Uid, text: &str) -> bool {
    let means = |id: &RunId| id.to_string() == text || id.short() == text;
    let others = labels.iter().filter(|label| label.uid != *uid);
    !others.into_iter().any(|label| {
        let had = |alias: &String| RunId::parse(alias).is_some_and(|id| means(&id));
        means(&label.id) || label.aliases.iter().any(had)
    })
}

/// The run in whose folder a file is.
fn owner<'e>(entries: &'e [Entry], place: &Path) -> Option<&'e Uid> {
    let entry = entries
        .iter()
        .find(|entry| place.starts_with(&entry.folder))?;
    Some(&entry.run.as_ref().ok()?.uid)
}

/// A regular file of moderate size in UTF-8.
fn read(place: &PathBuf) -> Option<String> {
    let found = place.symlink_metadata().ok()?;
    let is_text = found.is_file() && found.len() <= TEXT_LIMIT;
    is_text.then(|| std::fs::read_to_string(place).ok())?
}

impl Repo {
    /// Files of the project that look like texts, tracked or not, from the top; without what is
    /// ignored and what is generated.
    fn texts(&self, project: &Project, patterns: &[&str]) -> Result<Vec<RecordPath>> {
        let specs = patterns.iter().map(|pattern| {
            let mut spec = std::ffi::OsString::from(":(top,glob)");
            if !project.prefix.as_bytes().is_empty() {
                spec.push(project.prefix.to_path());
                spec.push("/");
            }
            spec.push("**/");
            spec.push(pattern);
            spec
        });
        let listed = self
            .git()
            .args(["ls-files", "-z", "-c", "-o", "--exclude-standard", "--"])
            .args(specs)
            .run()?;
        let generated: Vec<RecordPath> = GENERATED
            .iter()
            .map(|name| RecordPath::from(*name).below(&project.experiments_in_tree()))
            .collect();
        let mut paths: Vec<RecordPath> = crate::git::command::split_nul(&listed)
            .map(RecordPath::from_bytes)
            .filter(|path| !generated.contains(path))
            .collect();
        paths.sort();
        paths.dedup();
        Ok(paths)
    }
}

/// Stages name runs by label and uid; the label follows.
fn stages(project: &Project, moves: &[Move]) -> Result<()> {
    let folder = project.stages();
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        contain::real_folder(&folder)?;
        let parsed = std::fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
        let Some(mut value) = parsed else { continue };
        if relabel(&mut value, moves) {
            atomic::write(&path, format!("{value:#}\n").as_bytes())?;
        }
    }
    Ok(())
}

/// Wherever an object names a moved run's uid, its `run` becomes the new label.
fn relabel(value: &mut serde_json::Value, moves: &[Move]) -> bool {
    let mut changed = false;
    match value {
        serde_json::Value::Object(fields) => {
            let uid = fields.get("uid").and_then(|uid| uid.as_str());
            let found = uid.and_then(|uid| moves.iter().find(|m| m.uid.as_str() == uid));
            if let (Some(found), Some(run)) = (found, fields.get_mut("run")) {
                *run = found.to.to_string().into();
                changed = true;
            }
            for inner in fields.values_mut() {
                changed |= relabel(inner, moves);
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                changed |= relabel(item, moves);
            }
        }
        _ => {}
    }
    changed
}

/// Whether a folder's record and name disagree: a renumbering was cut off.
pub fn is_cut_off(entry: &Entry) -> bool {
    let had = |run: &Run| run.id() != entry.id && run.aliases.contains(&entry.id.to_string());
    entry.run.as_ref().is_ok_and(had)
}
