//! What the files of stages say together: one run a stage, or why nobody can tell which.

use std::path::{Path, PathBuf};

use super::{STAGE_SCHEMA, Stage};
use crate::error::{Failure, Result};
use crate::store::format;

/// A stage's file as it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The stage that the file is named for.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub says: Result<Stage, Doubt>,
    claims: String,
}

/// Why nobody can tell which run a stage is.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// The runs that claim the stage, if that is the trouble.
    pub between: Vec<String>,
    /// The same for people, with what to type.
    pub failure: Failure,
}

impl From<Failure> for Doubt {
    fn from(failure: Failure) -> Self {
        Self {
            between: Vec::new(),
            failure,
        }
    }
}

impl From<Doubt> for Failure {
    fn from(doubt: Doubt) -> Self {
        doubt.failure
    }
}

impl Found {
    /// Whether the file is of this stage, by its name or by what it says.
    pub fn is_of(&self, stage: &str) -> bool {
        self.name == stage || self.claims.eq_ignore_ascii_case(stage)
    }
}

/// Reads the files of all stages, in the order of their names. They are read together, for two of
/// them may claim one stage.
pub fn read(files: impl IntoIterator<Item = (PathBuf, Result<Vec<u8>>)>) -> Vec<Found> {
    let mut all: Vec<Found> = files
        .into_iter()
        .map(|(path, bytes)| one(path, bytes))
        .collect();
    all.sort_by(|a, b| a.path.cmp(&b.path));
    let mut doubts = Vec::new();
    for (at, found) in all.iter().enumerate() {
        let rivals: Vec<&Found> = all
            .iter()
            .filter(|other| other.is_of(&found.claims))
            .collect();
        if rivals.len() > 1 {
            doubts.push((at, rival_files(&found.claims, &rivals)));
        } else if found.claims != found.name && found.says.is_ok() {
            doubts.push((at, misnamed(found)));
        }
    }
    for (at, doubt) in doubts {
        all[at].says = Err(doubt);
    }
    all
}

fn one(path: PathBuf, bytes: Result<Vec<u8>>) -> Found {
    let name = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let says = match bytes {
        Ok(bytes) => parse(&bytes, &path, &name),
        Err(failure) => Err(failure.into()),
    };
    let claims = says
        .as_ref()
        .map_or_else(|_| name.clone(), |stage| stage.stage.clone());
    Found {
        name,
        path,
        says,
        claims,
    }
}

/// Reads the file of one stage.
pub fn parse(bytes: &[u8], path: &Path, name: &str) -> Result<Stage, Doubt> {
    if let Some(sides) = conflict(bytes) {
        return Err(unmerged(&sides, path, name));
    }
    format::parse(bytes, path, STAGE_SCHEMA).map_err(|failure| Doubt {
        between: Vec::new(),
        failure: match is_newer(bytes) {
            true => failure,
            false => Failure::new(failure.message())
                .because(failure.causes().join(": "))
                .hint(anew("decide anew", "RUN", name))
                .hint(format!(
                    "or take the committed one: git checkout HEAD -- {}",
                    path.display()
                )),
        },
    })
}

/// Whether a file was written by a later version of this program.
pub fn is_newer(bytes: &[u8]) -> bool {
    let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let schema = value
        .as_ref()
        .and_then(|value| value.get("schema")?.as_str());
    schema.is_some_and(|schema| schema != STAGE_SCHEMA)
}

fn anew(what: &str, run: &str, stage: &str) -> String {
    format!("{what}: git exp promote {run} --as {stage} -m \"why this one\"")
}

fn two_at_once(stage: &str, mut between: Vec<String>, cause: String) -> Doubt {
    between.dedup();
    let what = match &between[..] {
        [] => format!("it can't be told which run {stage} is"),
        [run] => format!("{stage} was decided twice: {run}"),
        runs => format!("{stage} is two runs at once: {}", runs.join(" and ")),
    };
    Doubt {
        between,
        failure: Failure::new(what).because(cause),
    }
}

fn unmerged(sides: &[String; 2], path: &Path, name: &str) -> Doubt {
    let runs = sides
        .iter()
        .filter_map(|side| format::parse::<Stage>(side.as_bytes(), path, STAGE_SCHEMA).ok())
        .map(|stage| stage.current.run)
        .collect();
    let cause = format!("{} holds an unresolved merge", path.display());
    let mut doubt = two_at_once(name, runs, cause);
    let hints = match &doubt.between[..] {
        [] => vec![anew("decide anew", "RUN", name)],
        [run] => vec![anew("keep it", run, name)],
        [ours, theirs, ..] => {
            vec![
                anew("keep ours", ours, name),
                anew("keep theirs", theirs, name),
            ]
        }
    };
    doubt.failure = hints.into_iter().fold(doubt.failure, Failure::hint);
    doubt
}

fn rival_files(stage: &str, rivals: &[&Found]) -> Doubt {
    let runs = rivals
        .iter()
        .filter_map(|found| Some(found.says.as_ref().ok()?.current.run.clone()));
    let paths: Vec<String> = rivals
        .iter()
        .map(|found| found.path.display().to_string())
        .collect();
    let mut doubt = two_at_once(
        stage,
        runs.collect(),
        format!("{} both claim it", paths.join(" and ")),
    );
    let others = rivals.iter().filter(|found| found.name != stage);
    for path in others.map(|found| found.path.display()) {
        doubt.failure = doubt
            .failure
            .hint(format!("remove the other file: rm {path}"));
    }
    doubt
}

fn misnamed(found: &Found) -> Doubt {
    let right = found.path.with_file_name(format!("{}.json", found.claims));
    let what = format!(
        "the file of the stage {} says that it is {}",
        found.name, found.claims
    );
    Doubt {
        between: Vec::new(),
        failure: Failure::new(what).hint(format!(
            "name it so: mv {} {}",
            found.path.display(),
            right.display()
        )),
    }
}

/// The two sides of a file with git's conflict markers; `None` when it has none.
pub fn conflict(bytes: &[u8]) -> Option<[String; 2]> {
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
