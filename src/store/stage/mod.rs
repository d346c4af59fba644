//! Stages: `experiments/stages/production.json` says which run is in use, since when, and why.

mod told;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout::Project;
use super::{contain, format};
use crate::atomic;
use crate::error::{Failure, Result};
use crate::model::data::Artifact;
use crate::model::run::Time;
use crate::model::{RunId, Uid};
pub use told::{Doubt, Found, read as read_files};

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
/// A damaged file, and two decisions at once: an unresolved merge, or a second file.
pub fn read(project: &Project, stage: &str) -> Result<Option<Stage>, Doubt> {
    file(project, stage).map_err(Doubt::from)?;
    let found = found(project)?.into_iter().find(|found| found.is_of(stage));
    found.map(|found| found.says).transpose()
}

/// All stages by name. Those that can't be told are left out, with their reasons beside.
pub fn all(project: &Project) -> (Vec<Stage>, Vec<Failure>) {
    let (mut stages, mut failures): (Vec<Stage>, Vec<Failure>) = Default::default();
    match found(project) {
        Ok(all) => {
            for found in all {
                match found.says {
                    Ok(stage) => stages.push(stage),
                    Err(doubt) => failures.push(doubt.failure),
                }
            }
        }
        Err(doubt) => failures.push(doubt.failure),
    }
    // Two files of one stage tell the same twice.
    failures.dedup_by(|a, b| a.to_string() == b.to_string());
    (stages, failures)
}

fn found(project: &Project) -> Result<Vec<Found>, Doubt> {
    let folder = project.stages();
    let failed = |path: &Path, error: std::io::Error| {
        Failure::new(format!("cannot read {}", path.display())).because(error)
    };
    let listing = match std::fs::read_dir(&folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&folder, error).into()),
    };
    let paths = listing.flatten().map(|entry| entry.path());
    let files = paths.filter(|path| path.extension().is_some_and(|end| end == "json"));
    Ok(told::read(files.map(|path| {
        let bytes = std::fs::read(&path).map_err(|error| failed(&path, error));
        (path, bytes)
    })))
}

/// What a promotion did.
#[derive(Clone, Debug)]
pub struct Promoted {
    /// The run that was in use before.
    pub previous: Option<Promotion>,
    /// Whether a merge was decided by it.
    pub merged: bool,
    /// Where the damaged file is now that was there before.
    pub aside: Option<PathBuf>,
}

/// Writes a stage. Over an unresolved merge, both decisions go into the history; a damaged file is
/// set aside.
pub fn promote(project: &Project, name: &str, decision: Promotion) -> Result<Promoted> {
    let path = file(project, name)?;
    contain::real_folder(&project.experiments())?;
    contain::real_folder(&project.stages())?;
    let rival = found(project)?
        .into_iter()
        .find(|f| f.is_of(name) && f.name != name);
    if let Some(Err(doubt)) = rival.map(|rival| rival.says) {
        return Err(doubt.failure);
    }
    let bytes = std::fs::read(&path).ok();
    let sides = bytes.as_deref().and_then(told::conflict);
    let mut aside = None;
    let before: Vec<Stage> = match (&sides, &bytes) {
        (Some(sides), _) => sides
            .iter()
            .filter_map(|side| format::parse(side.as_bytes(), &path, STAGE_SCHEMA).ok())
            .collect(),
        (None, Some(bytes)) => match told::parse(bytes, &path, name) {
            Ok(stage) => vec![stage],
            Err(doubt) if told::is_newer(bytes) => return Err(doubt.failure),
            Err(_) => {
                aside = Some(set_aside(&path)?);
                Vec::new()
            }
        },
        (None, None) => Vec::new(),
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
    let old = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    atomic::make_folder(&project.stages())?;
    atomic::write(&path, &format::to_json(STAGE_SCHEMA, &stage, old.as_ref())?)?;
    Ok(Promoted {
        previous,
        merged: sides.is_some(),
        aside,
    })
}

/// Renames a damaged file to a name that is free.
fn set_aside(path: &Path) -> Result<PathBuf> {
    let name = |number: u32| match number {
        1 => path.with_extension("json.damaged"),
        _ => path.with_extension(format!("json.damaged{number}")),
    };
    let free = (1..)
        .map(name)
        .find(|path| path.symlink_metadata().is_err());
    let free = free.unwrap_or_else(|| name(1));
    std::fs::rename(path, &free).map_err(|error| atomic::failed(&free, &error))?;
    Ok(free)
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
