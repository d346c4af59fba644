//! Runs that have no folder in this working tree: on other branches, or known by their refs and
//! notes alone. Everything is read from git's objects; nothing is checked out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::layout::{Project, RUN_JSON};
use super::{format, runs, tombstone};
use crate::error::{Failure, Result};
use crate::git::objects::Objects;
use crate::git::snapshot::parts;
use crate::git::tree::FOLDER;
use crate::git::{Error, Repo, notes, refs};
use crate::model::{MetricValue, Oid, RecordPath, Run, RunId, Status, Uid};

/// A run known from elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its identity.
    pub uid: Uid,
    /// Its label; `None` when only a ref is known.
    pub id: Option<RunId>,
    /// How it stands, as far as is known here.
    pub status: Option<Status>,
    /// Its metrics, as far as they are known here: a note has only the first few.
    pub metrics: BTreeMap<String, MetricValue>,
    /// The commit that was run, or its snapshot.
    pub commit: Option<Oid>,
    /// The record. Of a run that is on no branch it is the copy that was made at start.
    pub run: Option<Box<Run>>,
    /// Where it was found.
    pub place: Place,
}

/// Where a run was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a branch, such as `feature` or `origin/feature`; with its folder there.
    Branch {
        /// The branch.
        name: String,
        /// The tree of the run's folder.
        folder: Oid,
    },
    /// Only its snapshot is here.
    Snapshot,
    /// Only its note is here, or its ref.
    Note,
}

impl Place {
    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Branch { name, .. } => format!("on {name}"),
            Self::Snapshot => "snapshot only".to_owned(),
            Self::Note => "note only".to_owned(),
        }
    }
}

impl Known {
    /// The label, or the beginning of the uid.
    pub fn label(&self) -> String {
        match &self.id {
            Some(id) => id.to_string(),
            None => self.uid.as_str()[..12].to_owned(),
        }
    }
}

/// A run's folder in a tree.
#[derive(Debug)]
pub struct InTree {
    /// The folder's name.
    pub id: RunId,
    /// The folder's tree.
    pub folder: Oid,
    /// The record, or why it can't be read.
    pub run: Result<Run>,
}

/// The runs whose folders are in a commit or tree, in order of number and name.
pub fn in_tree(objects: &Objects<'_>, root: &Oid, project: &Project) -> Result<Vec<InTree>> {
    let place = RecordPath::from("runs").below(&project.experiments_in_tree());
    let Some(runs) = objects.at(root, &place)?.filter(|item| item.mode == FOLDER) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for item in objects.tree(&runs.id)? {
        let id = std::str::from_utf8(&item.name).ok().and_then(RunId::parse);
        let Some(id) = id.filter(|_| item.mode == FOLDER) else {
            continue;
        };
        found.push(InTree {
            run: read(objects, &item.id, &id),
            id,
            folder: item.id,
        });
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

fn read(objects: &Objects<'_>, folder: &Oid, id: &RunId) -> Result<Run> {
    let origin = Path::new(&id.to_string()).join(RUN_JSON);
    let bytes = objects.blob_at(folder, &RUN_JSON.into())?;
    let bytes = bytes.ok_or_else(|| Failure::new(format!("{} is missing", origin.display())))?;
    format::parse_run(&bytes, &origin)
}

/// All runs that have no folder here, in order of number, then uid.
pub fn runs(repo: &Repo, project: &Project) -> Result<Vec<Known>> {
    without_folder(project, all(repo, project)?)
}

/// Those of all known runs that have no folder here, and were not removed here.
pub fn without_folder(project: &Project, mut known: Vec<Known>) -> Result<Vec<Known>> {
    let mut here: BTreeSet<Uid> = runs::list(project)?
        .into_iter()
        .filter_map(|entry| Some(entry.run.ok()?.uid))
        .collect();
    here.extend(tombstone::all(project)?);
    known.retain(|run| !here.contains(&run.uid));
    Ok(known)
}

/// All runs that branches, refs and notes know, in order of number, then uid.
pub fn all(repo: &Repo, project: &Project) -> Result<Vec<Known>> {
    let objects = Objects::open(repo);
    let mut known: BTreeMap<Uid, Known> = BTreeMap::new();
    on_branches(repo, &objects, project, &mut known)?;
    by_refs(repo, &objects, &mut known)?;
    by_notes(repo, &mut known)?;
    let mut list: Vec<Known> = known.into_values().collect();
    let number = |run: &Known| run.id.as_ref().map(|id| id.number);
    list.sort_by(|a, b| (number(a), &a.uid).cmp(&(number(b), &b.uid)));
    Ok(list)
}

/// Finds the run that a person means among those of [`runs()`]; `None` when there is none.
///
/// # Errors
/// An ambiguous name lists the candidates.
pub fn find<'k>(known: &'k [Known], name: &str) -> Result<Option<&'k Known>> {
    let number: Option<u32> = name.strip_prefix("exp_").unwrap_or(name).parse().ok();
    let id = |run: &&Known| run.id.clone();
    let rules: [&dyn Fn(&&Known) -> bool; 4] = [
        &|run| id(run).is_some_and(|id| id.to_string() == name),
        &|run| name.len() >= 4 && run.uid.as_str().starts_with(name),
        &|run| number.is_some() && id(run).map(|id| id.number) == number,
        &|run| id(run).is_some_and(|id| id.slug == name),
    ];
    for rule in rules {
        let found: Vec<&Known> = known.iter().filter(rule).collect();
        match found[..] {
            [] => {}
            [only] => return Ok(Some(only)),
            _ => {
                let list: Vec<String> = found
                    .iter()
                    .map(|run| format!("{} ({})", run.label(), run.uid))
                    .collect();
                return Err(
                    Failure::new(format!("`{name}` could be {}", list.join(" or ")))
                        .hint("use the full name or the uid"),
                );
            }
        }
    }
    Ok(None)
}

/// The tips of all branches, by their short names. Remote `HEAD`s only repeat another branch.
fn branches(repo: &Repo) -> Result<Vec<(String, Oid)>, Error> {
    let printed = repo
        .git()
        .args([
            "for-each-ref",
            "--format=%(objectname) %(refname)%00%(symref)",
        ])
        .args(["refs/heads", "refs/remotes"])
        .run()?;
    let text = String::from_utf8_lossy(&printed);
    let parse = |line: &str| {
        let (line, symref) = line.split_once('\0')?;
        let (id, name) = line.split_once(' ')?;
        let short = name
            .strip_prefix("refs/heads/")
            .or_else(|| name.strip_prefix("refs/remotes/"))?;
        symref
            .is_empty()
            .then(|| Some((short.to_owned(), Oid::parse(id)?)))?
    };
    Ok(text.lines().filter_map(parse).collect())
}

/// A record on several branches is taken from the one with its highest revision.
fn on_branches(
    repo: &Repo,
    objects: &Objects<'_>,
    project: &Project,
    known: &mut BTreeMap<Uid, Known>,
) -> Result<()> {
    let place = RecordPath::from("runs").below(&project.experiments_in_tree());
    let mut seen = BTreeSet::new();
    for (name, tip) in branches(repo)? {
        let folder = match objects.at(&tip, &place) {
            Ok(Some(item)) => item.id,
            // A branch of a partial or broken clone shows nothing.
            Ok(None) | Err(Error::Missing(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        if !seen.insert(folder) {
            continue;
        }
        for found in in_tree(objects, &tip, project)? {
            let Ok(run) = found.run else { continue };
            let newer = known
                .get(&run.uid)
                .and_then(|before| before.run.as_ref())
                .is_none_or(|before| before.rev < run.rev);
            if newer {
                let place = Place::Branch {
                    name: name.clone(),
                    folder: found.folder,
                };
                known.insert(run.uid.clone(), of_record(run, place));
            }
        }
    }
    Ok(())
}

fn of_record(run: Run, place: Place) -> Known {
    Known {
        uid: run.uid.clone(),
        id: Some(run.id()),
        status: Some(run.status),
        metrics: run.metrics.clone(),
        commit: run.code.snapshot.clone().or(run.code.commit.clone()),
        run: Some(Box::new(run)),
        place,
    }
}

fn by_refs(repo: &Repo, objects: &Objects<'_>, known: &mut BTreeMap<Uid, Known>) -> Result<()> {
    for (uid, target) in refs::list(repo)? {
        if known.contains_key(&uid) {
            continue;
        }
        let copy = match parts(objects, &target) {
            // A partial clone left the copy on the server.
            Ok(parts) => match parts.run_json(objects) {
                Err(Error::Missing(_)) => None,
                copy => copy?,
            },
            Err(_) => None,
        };
        let run = copy.and_then(|bytes| format::parse_run(&bytes, Path::new(RUN_JSON)).ok());
        let found = match run.filter(|run| run.uid == uid) {
            Some(mut run) => {
                // The copy was made before the snapshot had an id.
                run.code.snapshot = Some(target);
                of_record(run, Place::Snapshot)
            }
            None => Known {
                uid: uid.clone(),
                id: None,
                status: None,
                metrics: BTreeMap::new(),
                commit: Some(target),
                run: None,
                place: Place::Note,
            },
        };
        known.insert(uid, found);
    }
    Ok(())
}

/// What a note's line says; other fields are not needed here.
#[derive(Deserialize)]
struct Line {
    uid: Uid,
    #[serde(default)]
    rev: u32,
    exp: String,
    #[serde(default)]
    status: Option<Status>,
    #[serde(default)]
    snapshot: Option<Oid>,
    #[serde(default)]
    metrics: BTreeMap<String, MetricValue>,
}

/// Notes say how a run ended, which a snapshot's copy can't know. A record on a branch knows more.
fn by_notes(repo: &Repo, known: &mut BTreeMap<Uid, Known>) -> Result<()> {
    let mut latest: BTreeMap<Uid, (Oid, Line)> = BTreeMap::new();
    for (commit, lines) in notes::read_all(repo)? {
        for text in lines {
            // A line that another tool or a newer version wrote says nothing here.
            let Ok(line) = serde_json::from_str::<Line>(&text) else {
                continue;
            };
            let newer = latest
                .get(&line.uid)
                .is_none_or(|(_, before)| before.rev < line.rev);
            if newer {
                latest.insert(line.uid.clone(), (commit.clone(), line));
            }
        }
    }
    for (uid, (commit, line)) in latest {
        let found = known.entry(uid.clone()).or_insert_with(|| Known {
            uid,
            id: None,
            status: None,
            metrics: BTreeMap::new(),
            commit: Some(line.snapshot.clone().unwrap_or(commit)),
            run: None,
            place: Place::Note,
        });
        if matches!(found.place, Place::Branch { .. }) {
            continue;
        }
        found.id = RunId::parse(&line.exp).or(found.id.take());
        found.status = line.status.or(found.status);
        if !line.metrics.is_empty() {
            found.metrics = line.metrics;
        }
    }
    Ok(())
}
