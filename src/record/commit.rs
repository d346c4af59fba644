//! `finish --commit`: one commit with the run's folder and what goes with it, and nothing else.
//!
//! It is made beside the user's index, like `git commit --only`: what was staged stays staged, and
//! what was edited stays edited. No hook of the user's runs.

use std::path::{Path, PathBuf};

use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::git::commit::{Beside, under_way};
use crate::git::objects::Objects;
use crate::model::{Brief, Oid, RecordPath, Run};
use crate::observe::data::card;
use crate::report::overview::Overview;
use crate::settings::{Lang, ProjectSettings};
use crate::store::layout::{ENV_TXT, PATCH, README, RUN_JSON};
use crate::store::{cards, elsewhere, tables};

/// Files of the project that `finish` may change and HEAD had as they were.
#[derive(Debug)]
pub struct Before {
    settings_committed: bool,
}

/// Looks before the run is finished, so that later changes are known to be ours.
///
/// # Errors
/// When a merge or the like is under way: git makes no partial commit then, either.
pub fn before(ctx: &Ctx) -> Result<Before> {
    let repo = ctx.repo()?;
    if let Some(operation) = under_way(repo)? {
        return Err(
            Failure::new(format!("a {operation} is under way: nothing is committed"))
                .because("a commit now would become a part of it")
                .hint(format!("end it first: git {operation} --continue"))
                .hint("or finish without --commit"),
        );
    }
    Ok(Before {
        settings_committed: repo.is_committed(&ctx.project()?.settings_file())?,
    })
}

/// Commits a finished run.
///
/// # Returns
/// The commit; `None` when HEAD has everything already.
pub fn commit(ctx: &Ctx, run: &Run, before: &Before) -> Result<Option<Oid>> {
    let (repo, project) = (ctx.repo()?, ctx.project()?);
    let beside = Beside::begin(repo)?;
    beside.take_folder(&project.run(&run.id()))?;
    let mut files = own_files(run, &project.run(&run.id()));
    files.extend(card_files(ctx, run)?);
    files.extend(setup_files(ctx, &beside, before)?);
    files.retain(|path| path.symlink_metadata().is_ok_and(|found| found.is_file()));
    beside.take(&files)?;
    put_tables(ctx, &beside)?;
    Ok(beside.finish(&message(run))?)
}

/// The record's files are committed even where the user's own rules ignore such names.
fn own_files(run: &Run, folder: &Path) -> Vec<PathBuf> {
    let fixed = [RUN_JSON, README, PATCH, ENV_TXT].map(str::to_owned);
    let copies = run.config.iter().filter_map(|file| file.copy.clone());
    let metrics = run.metrics_file.iter().map(|file| file.copy.clone());
    fixed
        .into_iter()
        .chain(copies)
        .chain(metrics)
        .map(|name| folder.join(name))
        .collect()
}

fn card_files(ctx: &Ctx, run: &Run) -> Result<Vec<PathBuf>> {
    let folder = ctx.project()?.cards();
    let names = run
        .data
        .iter()
        .filter_map(|input| input.sha256.as_ref())
        .flat_map(|sha256| [card::file_name(sha256), cards::manifest_name(sha256)]);
    Ok(names.map(|name| folder.join(name)).collect())
}

/// What `init` wrote and nobody has committed yet; and exp.toml, if the only change in it is what
/// `finish` has just learnt.
fn setup_files(ctx: &Ctx, beside: &Beside<'_>, before: &Before) -> Result<Vec<PathBuf>> {
    let project = ctx.project()?;
    let folder = project.experiments();
    let mut files = Vec::new();
    for name in ["README.md", ".gitattributes", ".gitignore", "exp.toml"] {
        let path = folder.join(name);
        let ours = name == "exp.toml" && before.settings_committed;
        if ours || !beside.has(&path)? {
            files.push(path);
        }
    }
    Ok(files)
}

/// The overview of the runs that are committed by then. On disk it may have more.
fn put_tables(ctx: &Ctx, beside: &Beside<'_>) -> Result<()> {
    let (repo, project) = (ctx.repo()?, ctx.project()?);
    let settings = ProjectSettings::read(&project.settings_file())?;
    let tree = beside.tree()?;
    let mut runs: Vec<Run> = elsewhere::in_tree(&Objects::open(repo), &tree, project)?
        .into_iter()
        .filter_map(|found| found.run.ok())
        .collect();
    runs.sort_by(|a, b| (a.number, &a.uid).cmp(&(b.number, &b.uid)));
    let briefs: Vec<Brief> = runs.iter().map(Brief::from).collect();
    let briefs: Vec<&Brief> = briefs.iter().collect();
    let folder = project.experiments_in_tree();
    let table = |lang| Overview::standard(&briefs, &settings, lang);
    for (name, text) in [
        (tables::MARKDOWN, table(ctx.lang()?).markdown()),
        (tables::CSV, table(Lang::En).csv()),
    ] {
        beside.put(&RecordPath::from(name).below(&folder), text.as_bytes())?;
    }
    Ok(())
}

/// `exp_004: lightgbm`, the conclusion, and the trailer.
fn message(run: &Run) -> String {
    let title = match run.title.lines().next() {
        Some(title) if !title.trim().is_empty() => title.trim().to_owned(),
        _ => run.slug.replace('_', " "),
    };
    let mut text = format!("{}: {title}\n\n", run.id().short());
    if let Some(conclusion) = &run.conclusion {
        text.push_str(&format!("{}\n\n", conclusion.trim()));
    }
    text.push_str(&format!("Exp-Run: {}\n", run.id()));
    text
}
