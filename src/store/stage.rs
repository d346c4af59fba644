//! Stages: `experiments/stages/production.json` says which run is in use, since when, and why.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout::Project;
use super::{atomic, contain, format};
use crate::error::{Failure, Result};
use crate::model::data::Artifact;
use crate::model::run::Time;
use crate::model::{RunId, Uid};

/// The version of a stage file that this program writes.
pub const STAGE_SCHEMA: &str = "git-exp/stage/1";
/// What `@prod` and `promote` mean when nothing is said.
pub const PRODUCTION: &str = "production";

/// A stage: the run that is in use, and those before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// Its name, as the file's.
    pub stage: String,
    /// The run in use.
    #[serde(flatten)]
    pub current: Promotion,
    /// Earlier runs, newest first.
    #[serde(default)]
    pub history: Vec<Promotion>,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Promotion {
    /// The run's label at that time.
    pub run: String,
    /// Its identity.
    pub uid: Uid,
    /// The model file that is in use.
    #[serde(default)]
    pub model: Option<Artifact>,
    /// When it was decided.
    pub when: Time,
    /// Who decided.
    #[serde(default)]
    pub who: Option<String>,
    /// Why.
    #[serde(default)]
    pub why: Option<String>,
}

/// The file of a stage.
///
/// # Errors
/// A name that can't be a file name on every system.
pub fn file(project: &Project, stage: &str) -> Result<PathBuf> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    if stage.is_empty() || stage.len() > 40 || !stage.bytes().all(plain) || stage.starts_with('-') {
        return Err(
            Failure::new(format!("`{stage}` can't be the name of a stage"))
                .because("a stage is named by small letters, digits, `-` and `_`")
                .hint("git exp promote R --as staging"),
        );
    }
    Ok(project.stages().join(format!("{stage}.json")))
}

/// Reads a stage; `None` when nothing was promoted to it yet.
///
/// # Errors
/// An unresolved merge is two decisions, and names both.
pub fn read(project: &Project, stage: &str) -> Result<Option<Stage>> {
    let path = file(project, stage)?;
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::new(format!("cannot read {}", path.display())).because(error));
        }
    };
    if let Some(sides) = conflict(&bytes) {
        let runs: Vec<String> = sides
            .iter()
            .filter_map(|side| format::parse::<Stage>(side.as_bytes(), &path, STAGE_SCHEMA).ok())
            .map(|stage| stage.current.run)
            .collect();
        let failure = Failure::new(format!(
            "{stage} is two runs at once: {}",
            runs.join(" and ")
        ))
        .because(format!("{} holds an unresolved merge", path.display()));
        return Err(match &runs[..] {
            [ours, theirs] => failure
                .hint(format!(
                    "keep ours: git exp promote {ours} --as {stage} -m \"why\""
                ))
                .hint(format!(
                    "keep theirs: git exp promote {theirs} --as {stage} -m \"why\""
                )),
            _ => failure.hint(format!(
                "resolve it: git checkout --ours -- {}",
                path.display()
            )),
        });
    }
    format::parse(&bytes, &path, STAGE_SCHEMA).map(Some)
}

/// All stages by name. Damaged ones are left out, with their reasons beside.
pub fn all(project: &Project) -> (Vec<Stage>, Vec<Failure>) {
    let mut names: Vec<String> = std::fs::read_dir(project.stages())
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some(
                entry
                    .file_name()
                    .to_str()?
                    .strip_suffix(".json")?
                    .to_owned(),
            )
        })
        .collect();
    names.sort();
    let (mut stages, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match read(project, &name) {
            Ok(stage) => stages.extend(stage),
            Err(failure) => failures.push(failure),
        }
    }
    (stages, failures)
}

/// Writes a stage. Over an unresolved merge, both decisions go into the history.
pub fn promote(project: &Project, name: &str, decision: Promotion) -> Result<Option<Promotion>> {
    let path = file(project, name)?;
    contain::real_folder(&project.experiments())?;
    contain::real_folder(&project.stages())?;
    let bytes = std::fs::read(&path).unwrap_or_default();
    let sides = conflict(&bytes);
    let before: Vec<Stage> = match &sides {
        Some(sides) => sides
            .iter()
            .filter_map(|side| format::parse(side.as_bytes(), &path, STAGE_SCHEMA).ok())
            .collect(),
        None => read(project, name)?.into_iter().collect(),
    };
    let mut history: Vec<Promotion> = Vec::new();
    for stage in before {
        for promotion in std::iter::once(stage.current).chain(stage.history) {
            if !history.contains(&promotion) {
                history.push(promotion);
            }
        }
    }
    history.sort_by_key(|promotion| std::cmp::Reverse(promotion.when));
    let previous = history.first().cloned();
    let stage = Stage {
        stage: name.to_owned(),
        current: decision,
        history,
    };
    let old = serde_json::from_slice(&bytes).ok();
    atomic::make_folder(&project.stages())?;
    atomic::write(&path, &format::to_json(STAGE_SCHEMA, &stage, old.as_ref())?)?;
    Ok(previous)
}

/// Follows a run that got another label.
pub fn relabel(project: &Project, uid: &Uid, label: &RunId) -> Result<Vec<String>> {
    let mut touched = Vec::new();
    for mut stage in all(project).0 {
        if stage.current.uid != *uid {
            continue;
        }
        stage.current.run = label.to_string();
        let path = file(project, &stage.stage)?;
        let old = std::fs::read(&path)
            .ok()
            .and_then(|b| serde_json::from_slice(&b).ok());
        atomic::write(&path, &format::to_json(STAGE_SCHEMA, &stage, old.as_ref())?)?;
        touched.push(stage.stage);
    }
    Ok(touched)
}

/// The two sides of a file with git's conflict markers; `None` when it has none.
fn conflict(bytes: &[u8]) -> Option<[String; 2]> {
    let text = std::str::from_utf8(bytes).ok()?;
    if !text.lines().any(|line| line.starts_with("<<<<<<<")) {
        return None;
    }
    let mut sides = [String::new(), String::new()];
    // Which sides a line belongs to: both, ours, none (the base in diff3 style), theirs.
    let mut within = [true, true];
    for line in text.lines() {
        match line.get(..7) {
            Some("<<<<<<<") => within = [true, false],
            Some("|||||||") => within = [false, false],
            Some("=======") => within = [false, true],
            Some(">>>>>>>") => within = [true, true],
            _ => {
                for (side, takes) in sides.iter_mut().zip(within) {
                    if takes {
                        side.push_str(line);
                        side.push('\n');
                    }
                }
            }
        }
    }
    Some(sides)
}
