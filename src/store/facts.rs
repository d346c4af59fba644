//! Gathers from disk what a report is written from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::layout::{Project, README};
use super::{cards, contain, runs, stage, tables};
use crate::error::{Failure, Result};
use crate::model::data::Artifact;
use crate::model::{Run, Sha256, Status};
use crate::observe::data::hash;
use crate::observe::data::pointer::Stub;
use crate::report::facts::{Choice, DataTable, Facts, FileState, InUse};
use crate::report::markers;
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
    choice: Choice,
    doubt: Option<Failure>,
    overview_is_current: Option<bool>,
    tables: BTreeMap<Sha256, DataTable>,
}

impl Gathered {
    /// Reads all records of a project. `is_gone` tells of a running run that its process is dead.
    ///
    /// # Errors
    /// When the folder of runs can't be read.
    pub fn read(
        project: &Project,
        exp_dir: &Path,
        settings: &ProjectSettings,
        is_gone: &dyn Fn(&Run) -> bool,
    ) -> Result<Self> {
        let (choice, doubt) = match choice(project) {
            Ok(choice) => (choice, None),
            Err(doubt) => (Choice::Unclear(doubt.between), Some(doubt.failure)),
        };
        let mut gathered = Self {
            runs: Vec::new(),
            folders: Vec::new(),
            damaged: Vec::new(),
            project: name(project),
            choice,
            doubt,
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
        gathered.overview_is_current = gathered.compare_overview(project, exp_dir, settings);
        for (run, folder) in gathered.runs.iter_mut().zip(&gathered.folders) {
            if run.status == Status::Running && is_gone(run) {
                run.status = Status::Stale;
            }
            if run.conclusion.is_none() {
                run.conclusion = conclusion(folder);
            }
        }
        gathered.tables = known_tables(project, &gathered.runs);
        Ok(gathered)
    }

    /// Why it can't be told which run is in use.
    pub fn doubt(&self) -> Option<&Failure> {
        self.doubt.as_ref()
    }

    /// The facts of a report.
    pub fn facts<'a>(&'a self, settings: &'a ProjectSettings, lang: Lang) -> Facts<'a> {
        let mut facts = Facts::new(self.runs.iter().collect(), settings, lang);
        facts.project.clone_from(&self.project);
        facts.damaged.clone_from(&self.damaged);
        facts.choice.clone_from(&self.choice);
        facts.overview_is_current = self.overview_is_current;
        facts.tables.clone_from(&self.tables);
        facts
    }

    /// Whether `experiments.md` is what would be written now, in either language; `None` without it.
    fn compare_overview(
        &self,
        project: &Project,
        exp_dir: &Path,
        settings: &ProjectSettings,
    ) -> Option<bool> {
        let file = project.experiments().join(tables::MARKDOWN);
        let runs: Vec<&Run> = self.runs.iter().collect();
        let current = |lang| {
            let outdated = tables::outdated(project, exp_dir, &runs, settings, lang);
            !outdated.contains(&tables::MARKDOWN)
        };
        file.is_file()
            .then(|| current(Lang::En) || current(Lang::Ru))
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
fn known_tables(project: &Project, runs: &[Run]) -> BTreeMap<Sha256, DataTable> {
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

fn choice(project: &Project) -> Result<Choice, stage::Doubt> {
    let Some(stage) = stage::read(project, stage::PRODUCTION)? else {
        return Ok(Choice::None);
    };
    let promotion = stage.current;
    let file = match &promotion.model {
        Some(model) => file_state(project, model),
        None => FileState::Unknown("no file is named".to_owned()),
    };
    let (path, sha256) = promotion
        .model
        .map(|model| (model.path, model.sha256))
        .unzip();
    Ok(Choice::Made(InUse {
        run: promotion.run,
        uid: Some(promotion.uid),
        path,
        sha256,
        when: Some(promotion.when),
        who: promotion.who,
        why: promotion.why,
        file,
    }))
}

/// Compares a model's file with its digest; a Git LFS pointer to the same content is the same.
fn file_state(project: &Project, model: &Artifact) -> FileState {
    let recorded = &model.sha256;
    let path = match contain::below(&project.root, &model.path) {
        Ok(path) => path,
        Err(failure) => return FileState::Unknown(failure.to_string()),
    };
    if path.symlink_metadata().is_err() {
        return FileState::Absent;
    }
    match hash::file(&path).map_err(|problem| problem.to_string()) {
        Err(why) => FileState::Unknown(why),
        Ok(found) => {
            let is_pointer = matches!(found.stub.as_deref(), Some(Stub::Lfs { oid, .. }) if Sha256::from_bytes(oid) == *recorded);
            if found.sha256() == *recorded || is_pointer {
                FileState::Same
            } else {
                FileState::Differs
            }
        }
    }
}
