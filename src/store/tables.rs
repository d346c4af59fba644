//! Keeps the generated overview, `experiments.md` and `experiments.csv`, current.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::catalog::Catalog;
use super::contain::real_folder;
use super::layout::Project;
use super::lock::Lock;
use crate::atomic;
use crate::error::Result;
use crate::model::{Brief, Run, RunId, Sha256, Status};
use crate::report::overview::Overview;
use crate::report::typed::{self, Fate, Typed};
use crate::report::xlsx;
use crate::settings::{Lang, ProjectSettings};

/// The table for people who read Markdown.
pub const MARKDOWN: &str = "experiments.md";
/// The table for spreadsheet programs.
pub const CSV: &str = "experiments.csv";
/// The workbook, written on request.
pub const XLSX: &str = "experiments.xlsx";

/// A comment in a table that its record does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The run.
    pub id: RunId,
    /// The table's file name.
    pub file: &'static str,
    /// The comment.
    pub comment: String,
    /// What is to be done with it: never [`Fate::Same`] or [`Fate::Outdated`].
    pub fate: Fate,
    /// The comment that was generated before it was edited.
    before: String,
}

/// Whether [`refresh`] will be let write. Asked before a record is changed, for the table comes after it.
///
/// # Errors
/// Those of a write.
pub fn check_writable(project: &Project, exp_dir: &Path) -> Result<()> {
    Lock::check(exp_dir)?;
    atomic::check_writable(&project.experiments())
}

/// Rewrites both files from the records, if they differ. Damaged records are left out.
///
/// Comments that somebody typed into a file, and that no record has yet, stay in it: nothing that
/// was typed is lost before [`pending`] has shown it.
///
/// Under the lock, so that of two runs that finish at once the later writer sees both.
pub fn refresh(
    project: &Project,
    exp_dir: &Path,
    settings: &ProjectSettings,
    lang: Lang,
) -> Result<()> {
    refresh_renumbered(project, exp_dir, settings, lang, &[])
}

/// Like [`refresh`], after runs got other numbers: a row with one of `moved`, the numbers they had
/// and have, does not say for which run its comment was typed.
pub fn refresh_renumbered(
    project: &Project,
    exp_dir: &Path,
    settings: &ProjectSettings,
    lang: Lang,
    moved: &[u32],
) -> Result<()> {
    let _turn = Lock::take(exp_dir)?;
    real_folder(&project.experiments())?;
    let runs = Catalog::read(project)?.all();
    let is_sure = |run: &&Brief| !moved.contains(&run.number);
    let sure: Vec<Brief> = runs.iter().filter(is_sure).cloned().collect();
    for file in [MARKDOWN, CSV] {
        let Due { found, text, basis } = due(project, exp_dir, settings, lang, &runs, &sure, file);
        if found != text.as_bytes() {
            keep_foreign(exp_dir, project, file, &found);
            atomic::write(&project.experiments().join(file), text.as_bytes())?;
        }
        remember(exp_dir, project, file, basis.as_bytes());
    }
    Ok(())
}

/// A workbook that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// Runs whose comment is in the workbook alone.
    pub typed: Vec<RunId>,
    /// Where the former workbook was put, if people had edited it.
    pub former: Option<PathBuf>,
}

/// Writes `experiments.xlsx`. As in [`refresh`], comments that no record has yet stay in it.
pub fn write_workbook(
    project: &Project,
    exp_dir: &Path,
    records: &[&Run],
    settings: &ProjectSettings,
    lang: Lang,
) -> Result<Written> {
    let _turn = Lock::take(exp_dir)?;
    real_folder(&project.experiments())?;
    let path = project.experiments().join(XLSX);
    let found = std::fs::read(&path).unwrap_or_default();
    let briefs: Vec<Brief> = records.iter().map(|run| Brief::from(*run)).collect();
    let mut open = edits(XLSX, &found, &base(exp_dir, project, XLSX), &briefs);
    open.retain(|edit| matches!(edit.fate, Fate::Absorb | Fate::Conflict));
    let made = |comment: fn(&Pending) -> &str| {
        let mut runs: Vec<Run> = records.iter().map(|run| (*run).clone()).collect();
        for edit in &open {
            if let Some(run) = runs.iter_mut().find(|run| run.id() == edit.id) {
                run.conclusion = Some(comment(edit).to_owned());
            }
        }
        xlsx::xlsx(&runs.iter().collect::<Vec<_>>(), settings, lang, "")
    };
    let bytes = made(|edit| &edit.comment)?;
    let former = keep_foreign(exp_dir, project, XLSX, &found);
    atomic::write(&path, &bytes)?;
    remember(exp_dir, project, XLSX, &made(|edit| &edit.before)?);
    Ok(Written {
        path,
        typed: open.into_iter().map(|edit| edit.id).collect(),
        former,
    })
}

/// What a file says, what it should say, and what an edit in it is judged by.
struct Due {
    found: Vec<u8>,
    text: String,
    basis: String,
}

fn due(
    project: &Project,
    exp_dir: &Path,
    settings: &ProjectSettings,
    lang: Lang,
    runs: &[Brief],
    commented: &[Brief],
    file: &'static str,
) -> Due {
    let found = std::fs::read(project.experiments().join(file)).unwrap_or_default();
    // Programs read the other one, and know its columns by the course note's names.
    let (lang, render): (Lang, fn(&Overview) -> String) = match file {
        MARKDOWN => (lang, Overview::markdown),
        _ => (Lang::En, Overview::csv),
    };
    let table = Overview::standard(&runs.iter().collect::<Vec<_>>(), settings, lang);
    let mut kept = table.clone();
    // An edit is judged by what was generated before it, however often the table is made anew.
    let mut basis = table;
    for edit in edits(file, &found, &base(exp_dir, project, file), commented) {
        if matches!(edit.fate, Fate::Absorb | Fate::Conflict) {
            kept.comment(&edit.id, &edit.comment);
            basis.comment(&edit.id, &edit.before);
        }
    }
    Due {
        found,
        text: render(&kept),
        basis: render(&basis),
    }
}

/// Whether a run must be in an overview that is this text: a run that is under way need not be, for
/// it is the end of a run that writes the overview.
pub fn is_due(run: &Brief, overview: &str) -> bool {
    run.status != Status::Running || overview.contains(&format!("runs/{}/", run.id()))
}

/// The files that don't say what the records say. A run that goes on may be missing: its row is
/// written when it, or another one, ends.
pub fn outdated(
    project: &Project,
    exp_dir: &Path,
    runs: &[&Run],
    settings: &ProjectSettings,
    lang: Lang,
) -> Vec<&'static str> {
    let listed = std::fs::read_to_string(project.experiments().join(MARKDOWN)).unwrap_or_default();
    let rows = runs.iter().map(|run| Brief::from(*run));
    let rows: Vec<Brief> = rows.filter(|run| is_due(run, &listed)).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let stale = |file: &&'static str| {
        let due = due(project, exp_dir, settings, lang, &rows, &rows, file);
        due.found != due.text.as_bytes()
    };
    [MARKDOWN, CSV].into_iter().filter(stale).collect()
}

/// Like [`refresh`], for the records' side: typed comments that are in conflict are written over.
pub fn reset(
    project: &Project,
    exp_dir: &Path,
    settings: &ProjectSettings,
    lang: Lang,
) -> Result<()> {
    for file in [MARKDOWN, CSV, XLSX] {
        // What was generated last is now what is there: so nothing in it counts as typed.
        if let Ok(found) = std::fs::read(project.experiments().join(file)) {
            remember(exp_dir, project, file, &found);
        }
    }
    refresh(project, exp_dir, settings, lang)
}

/// The comments in all three files that the records don't have.
///
/// # Errors
/// When a file has lost its id or comment column.
pub fn pending(project: &Project, exp_dir: &Path, runs: &[Brief]) -> Result<Vec<Pending>> {
    let mut all = Vec::new();
    for file in [MARKDOWN, CSV, XLSX] {
        let found = match std::fs::read(project.experiments().join(file)) {
            Ok(found) => found,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        // Asked first for its errors, which `edits` swallows.
        parse(file, &found)?;
        all.extend(edits(file, &found, &base(exp_dir, project, file), runs));
    }
    Ok(all)
}

/// Comments of rows that name no run of these, or two: the file, the row's number, the comment.
pub fn strays(project: &Project, runs: &[Brief]) -> Vec<(&'static str, u32, String)> {
    let mut all = Vec::new();
    for file in [MARKDOWN, CSV, XLSX] {
        let Ok(found) = std::fs::read(project.experiments().join(file)) else {
            continue;
        };
        let rows = parse(file, &found).unwrap_or_default().into_iter();
        let strays = rows.filter(|row| !row.comment.is_empty() && meant(row, runs).is_none());
        all.extend(strays.map(|row| (file, row.number, row.comment)));
    }
    all
}

/// The run of a row. Of two runs with one number, a row does not say which is meant.
fn meant<'r>(row: &Typed, runs: &'r [Brief]) -> Option<&'r Brief> {
    let is = |run: &&Brief| match &row.id {
        Some(id) => run.id() == *id,
        None => run.number == row.number,
    };
    let mut named = runs.iter().filter(is);
    match (named.next(), named.next()) {
        (Some(run), None) => Some(run),
        _ => None,
    }
}

fn parse(file: &str, bytes: &[u8]) -> Result<Vec<Typed>> {
    match file {
        MARKDOWN => typed::from_markdown(&String::from_utf8_lossy(bytes)),
        XLSX => typed::from_workbook(bytes),
        _ => typed::from_csv(bytes).map(|(rows, _)| rows),
    }
}

fn edits(file: &'static str, found: &[u8], base: &[u8], runs: &[Brief]) -> Vec<Pending> {
    let generated = parse(file, base).unwrap_or_default();
    let rows = parse(file, found).unwrap_or_default();
    let mut times: BTreeMap<(u32, Option<RunId>), usize> = BTreeMap::new();
    for row in &rows {
        *times.entry((row.number, row.id.clone())).or_default() += 1;
    }
    rows.into_iter()
        .filter_map(|row| {
            // git's union of two branches' tables: neither row was typed.
            if times.get(&(row.number, row.id.clone())) != Some(&1) {
                return None;
            }
            let run = meant(&row, runs)?;
            let before = generated.iter().find(|old| old.number == row.number);
            let before = before.map(|old| old.comment.as_str());
            let recorded = typed::shown(run.conclusion.as_deref());
            let fate = typed::fate(&row.comment, &recorded, before);
            let open = !matches!(fate, Fate::Same | Fate::Outdated);
            open.then(|| Pending {
                id: run.id(),
                file,
                before: before.unwrap_or_default().to_owned(),
                comment: row.comment,
                fate,
            })
        })
        .collect()
}

/// A table that was edited beyond its comments (columns of one's own, another encoding) is set aside
/// before it is written anew; says where.
fn keep_foreign(exp_dir: &Path, project: &Project, file: &str, found: &[u8]) -> Option<PathBuf> {
    let base = base(exp_dir, project, file);
    if found.is_empty() || found == base {
        return None;
    }
    let path = memory(exp_dir, project, &format!("edited-{file}"));
    std::fs::create_dir_all(path.parent().unwrap_or(exp_dir)).ok()?;
    std::fs::write(&path, found).ok()?;
    Some(path)
}

/// Where the last generated text of a file is kept, so that an edit can be told from an old table.
fn memory(exp_dir: &Path, project: &Project, file: &str) -> PathBuf {
    let place = Sha256::of(project.experiments().as_os_str().as_encoded_bytes());
    exp_dir
        .join("tables")
        .join(&place.as_str()[..16])
        .join(file)
}

fn base(exp_dir: &Path, project: &Project, file: &str) -> Vec<u8> {
    std::fs::read(memory(exp_dir, project, file)).unwrap_or_default()
}

fn remember(exp_dir: &Path, project: &Project, file: &str, text: &[u8]) {
    let path = memory(exp_dir, project, file);
    // Without this memory a conflict is reported where there may be none; nothing is lost.
    let _ = std::fs::create_dir_all(path.parent().unwrap_or(exp_dir))
        .and_then(|()| std::fs::write(&path, text));
}
