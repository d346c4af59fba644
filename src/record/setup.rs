//! The files of `experiments/` that exist before the first run.

use std::path::{Path, PathBuf};

use super::inputs::Proposal;
use crate::atomic;
use crate::error::Result;
use crate::model::metric::{Goal, guess_goal};
use crate::report::lang;
use crate::settings::{Lang, ProjectSettings};
use crate::store::contain::real_folder;
use crate::store::layout::{Project, README};

/// Attributes of the records: never converted, never merged line by line; generated tables are
/// merged by taking the lines of both sides until `git exp` rewrites them.
const ATTRIBUTES: &str = "\
runs/** -text -merge
runs/**/README.md text=auto merge
runs/**/*.patch -whitespace
experiments.md merge=union linguist-generated
experiments.csv merge=union linguist-generated
";

/// Records are never ignored by rules for the project's own outputs (`metrics.json`, `data/`,
/// `*.csv`): a rule nearer to the file wins. Files of running runs are not worth a commit, and what else
/// lies in a run's folder (`*.pkl`, `*.log`) stays under the project's own rules.
const IGNORE: &str = "\
!/*.md
!/*.csv
!/data/
!/data/**
!/stages/
!/stages/**
!/runs/
!/runs/*/
!/runs/*/*.json
!/runs/*/*.csv
!/runs/*/*.md
!/runs/*/config*
!/runs/*/metrics*
!/runs/*/env.txt
!/runs/*/dirty.patch
!/runs/*/series/
!/runs/*/series/**
!/runs/*/repeats/
!/runs/*/repeats/**
.tmp-*
/runs/*/series.jsonl
";

/// Writes what is missing and leaves what is there.
///
/// # Returns
/// The paths written, relative to the project.
pub fn ensure(project: &Project, proposal: &Proposal, lang: Lang) -> Result<Vec<String>> {
    let folder = project.experiments();
    real_folder(&folder)?;
    atomic::make_folder(&project.runs())?;
    let files: [(PathBuf, String); 4] = [
        (project.settings_file(), settings_text(proposal, lang)),
        (folder.join(README), lang::folder_readme(lang).to_owned()),
        (folder.join(".gitattributes"), ATTRIBUTES.to_owned()),
        (folder.join(".gitignore"), IGNORE.to_owned()),
    ];
    let mut written = Vec::new();
    for (path, text) in files {
        if path.symlink_metadata().is_err() {
            atomic::write(&path, text.as_bytes())?;
            written.push(shown(project, &path));
        }
    }
    Ok(written)
}

fn shown(project: &Project, path: &Path) -> String {
    path.strip_prefix(&project.root)
        .unwrap_or(path)
        .display()
        .to_string()
}

/// The text of a new exp.toml.
fn settings_text(proposal: &Proposal, lang: Lang) -> String {
    let mut document = toml_edit::DocumentMut::new();
    document["lang"] = toml_edit::value(lang.pick("en", "ru"));
    if let Some(primary) = &proposal.primary {
        document["primary"] = toml_edit::value(primary);
    }
    let mut inputs = toml_edit::Table::new();
    inputs["config"] = toml_edit::value(proposal.config.iter().collect::<toml_edit::Array>());
    let mut data = toml_edit::Table::new();
    for (role, path) in &proposal.data {
        data[role] = toml_edit::value(path);
    }
    inputs["data"] = toml_edit::Item::Table(data);
    document["inputs"] = toml_edit::Item::Table(inputs);
    let mut metrics = toml_edit::Table::new();
    for (name, goal) in &proposal.goals {
        metrics[name] = toml_edit::value(goal_word(*goal));
    }
    document["metrics"] = toml_edit::Item::Table(metrics);
    format!("{}{document}", lang::settings_head(lang))
}

fn goal_word(goal: Goal) -> &'static str {
    match goal {
        Goal::Max => "max",
        Goal::Min => "min",
        Goal::Info => "info",
    }
}

/// Writes down the goals of metrics that were seen for the first time, for the user to correct, and
/// proposes a primary metric if none is set. Only names that say which way is better are guessed.
///
/// # Returns
/// The names added.
pub fn learn_goals(
    project: &Project,
    settings: &ProjectSettings,
    names: &[&String],
) -> Result<Vec<String>> {
    let path = project.settings_file();
    let guesses: Vec<(&String, Goal)> = names
        .iter()
        .filter(|name| !settings.metrics.contains_key(**name))
        .filter_map(|name| Some((*name, guess_goal(name)?)))
        .collect();
    if guesses.is_empty() {
        return Ok(Vec::new());
    }
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(Vec::new());
    };
    let Ok(mut document) = text.parse::<toml_edit::DocumentMut>() else {
        return Ok(Vec::new());
    };
    for (name, goal) in &guesses {
        document["metrics"][name.as_str()] = toml_edit::value(goal_word(*goal));
    }
    if settings.primary.is_none()
        && let Some(primary) = propose_primary(names)
    {
        document["primary"] = toml_edit::value(primary);
    }
    atomic::write(&path, document.to_string().as_bytes())?;
    Ok(guesses.into_iter().map(|(name, _)| name.clone()).collect())
}

/// A validation metric that is to be raised; else one to be lowered; never a test metric.
pub fn propose_primary<'a>(names: &[&'a String]) -> Option<&'a String> {
    use crate::model::metric::{Yardstick, yardstick};
    let best = |goal: Goal, wanted: Option<Yardstick>| {
        names
            .iter()
            .copied()
            .filter(|name| guess_goal(name) == Some(goal))
            .find(|name| yardstick(name) == wanted)
    };
    best_auc(names)
        .or_else(|| best(Goal::Max, Some(Yardstick::Val)))
        .or_else(|| best(Goal::Min, Some(Yardstick::Val)))
        .or_else(|| best(Goal::Max, None))
        .or_else(|| best(Goal::Min, None))
}

/// Of several validation metrics, the one that doesn't depend on a threshold.
fn best_auc<'a>(names: &[&'a String]) -> Option<&'a String> {
    use crate::model::metric::{Yardstick, yardstick};
    names
        .iter()
        .copied()
        .find(|name| name.contains("auc") && yardstick(name) == Some(Yardstick::Val))
}
