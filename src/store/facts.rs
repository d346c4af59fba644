//! Gathers from disk what a report is written from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::layout::{Project, README};
use super::{cards, contain, runs};
use crate::error::{Failure, Result};
use crate::model::run::Time;
use crate::model::{Brief, RecordPath, Run, Sha256, Status, Uid};
use crate::observe::data::hash;
use crate::observe::data::pointer::Stub;
use crate::report::facts::{DataTable, Facts, FileState, InUse};
use crate::report::markers;
use crate::report::overview::Overview;
use crate::settings::{Lang, ProjectSettings};

/// The records, and what was seen around them.
#[derive(Debug)]
pub struct Gathered {
    /// Readable runs in order of number, then uid.
    pub runs: Vec<Run>,
    /// Their folders, in the same order.
    pub folders: Vec<PathBuf>,
    damaged: Vec<(String, String)>,
    project: String,
    in_use: Option<InUse>,
    overview_is_current: Option<bool>,
    tables: BTreeMap<Sha256, DataTable>,
}

impl Gathered {
    /// Reads all records of a project. `is_gone` tells of a running run that its process is dead.
    ///
    /// # Errors
    /// When the folder of runs, or the stage in use, can't be read.
    pub fn read(
        project: &Project,
        settings: &ProjectSettings,
        lang: Lang,
        is_gone: &dyn Fn(&Run) -> bool,
    ) -> Result<Self> {
        let mut gathered = Self {
            runs: Vec::new(),
            folders: Vec::new(),
            damaged: Vec::new(),
            project: name(project),
            in_use: in_use(project)?,
            overview_is_current: None,
            tables: BTreeMap::new(),
        };
        for entry in runs::list(project)? {
            match entry.run {
                Ok(run) => {
                    gathered.runs.push(run);
                    gathered.folders.push(entry.folder);
                }
                Err(why) => gathered
                    .damaged
                    .push((entry.id.to_string(), why.to_string())),
            }
        }
        gathered.overview_is_current = gathered.compare_overview(project, settings, lang);
        for (run, folder) in gathered.runs.iter_mut().zip(&gathered.folders) {
            if run.status == Status::Running && is_gone(run) {
                run.status = Status::Stale;
            }
            if run.conclusion.is_none() {
                run.conclusion = conclusion(folder);
            }
        }
        gathered.tables = tables(project, &gathered.runs);
        Ok(gathered)
    }

    /// The facts of a report.
    pub fn facts<'a>(&'a self, settings: &'a ProjectSettings, lang: Lang) -> Facts<'a> {
        let mut facts = Facts::new(self.runs.iter().collect(), settings, lang);
        facts.project.clone_from(&self.project);
        facts.damaged.clone_from(&self.damaged);
        facts.in_use.clone_from(&self.in_use);
        facts.overview_is_current = self.overview_is_current;
        facts.tables.clone_from(&self.tables);
        facts
    }

    /// Whether `experiments.md` is what would be written now, in either language; `None` without it.
    fn compare_overview(
        &self,
        project: &Project,
        settings: &ProjectSettings,
        lang: Lang,
    ) -> Option<bool> {
        let text = std::fs::read(project.experiments().join("experiments.md")).ok()?;
        let briefs: Vec<Brief> = self.runs.iter().map(Brief::from).collect();
        let runs: Vec<&Brief> = briefs.iter().collect();
        let other = if lang == Lang::En { Lang::Ru } else { Lang::En };
        let table = Overview::standard(&runs, settings);
        let same = |lang| table.markdown(lang).as_bytes() == text;
        Some(same(lang) || same(other))
    }
}

/// The name of the project's folder.
fn name(project: &Project) -> String {
    let name = project.root.file_name().unwrap_or(project.root.as_os_str());
    name.to_string_lossy().into_owned()
}

/// What was written below the generated part of the mini-log, where conclusions are people's own.
fn conclusion(folder: &Path) -> Option<String> {
    let path = contain::below(folder, &README.into()).ok()?;
    let text = std::fs::read_to_string(path).ok()?;
    let (_, own) = text.split_once(markers::END)?;
    let mut hidden = false;
    let mut lines = Vec::new();
    for line in own.lines().map(str::trim) {
        let opens = line.starts_with("<!--");
        hidden |= opens;
        if !hidden && !line.starts_with('#') && !line.is_empty() {
            lines.push(line.trim_start_matches(['-', '*', ' ']));
        }
        if hidden && line.ends_with("-->") {
            hidden = false;
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// What the cards say of the tables that runs were given.
fn tables(project: &Project, runs: &[Run]) -> BTreeMap<Sha256, DataTable> {
    let digests: BTreeSet<&Sha256> = runs
        .iter()
        .flat_map(|run| &run.data)
        .filter_map(|input| input.sha256.as_ref())
        .collect();
    let table = |digest: &Sha256| {
        let table = cards::read(project, digest)?.table?;
        let columns = table
            .columns
            .into_iter()
            .map(|column| column.name)
            .collect();
        Some(DataTable {
            rows: Some(table.rows),
            columns,
        })
    };
    digests
        .into_iter()
        .filter_map(|digest| Some((digest.clone(), table(digest)?)))
        .collect()
}

/// The part of a stage file that a report needs.
#[derive(Deserialize)]
struct Stage {
    run: String,
    uid: Option<Uid>,
    model: Option<Model>,
    when: Option<Time>,
    who: Option<String>,
    why: Option<String>,
}

#[derive(Deserialize)]
struct Model {
    path: RecordPath,
    sha256: Option<Sha256>,
}

fn in_use(project: &Project) -> Result<Option<InUse>> {
    let path = project.stages().join("production.json");
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::new(format!("cannot read {}", path.display())).because(error));
        }
    };
    let stage: Stage = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::new(format!("{} is damaged", path.display()))
            .because(error)
            .hint(format!(
                "get the committed version back: git checkout -- {}",
                path.display()
            ))
    })?;
    let file = match &stage.model {
        Some(model) => file_state(project, model),
        None => FileState::Unknown("no file is named".to_owned()),
    };
    let (path, sha256) = stage.model.map(|model| (model.path, model.sha256)).unzip();
    Ok(Some(InUse {
        run: stage.run,
        uid: stage.uid,
        path,
        sha256: sha256.flatten(),
        when: stage.when,
        who: stage.who,
        why: stage.why,
        file,
    }))
}

/// Compares a model's file with its digest; a Git LFS pointer to the same content is the same.
fn file_state(project: &Project, model: &Model) -> FileState {
    let Some(recorded) = &model.sha256 else {
        return FileState::Unknown("its digest was not recorded".to_owned());
    };
    let hashed = contain::below(&project.root, &model.path)
        .map_err(|failure| failure.to_string())
        .and_then(|path| hash::file(&path).map_err(|problem| problem.to_string()));
    match hashed {
        Err(why) => FileState::Unknown(why),
        Ok(found) => {
            let is_pointer = matches!(found.stub, Some(Stub::Lfs { oid, .. }) if Sha256::from_bytes(&oid) == *recorded);
            if found.sha256() == *recorded || is_pointer {
                FileState::Same
            } else {
                FileState::Differs
            }
        }
    }
}
