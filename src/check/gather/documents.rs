//! Reads what people read: mini-logs, reports, the overview, the stages.

use super::Work;
use crate::check::facts::{Document, Facts, Generated, Stage, StageRecord};
use crate::error::Result;
use crate::model::{Brief, RecordPath};
use crate::report::overview::Overview;
use crate::settings::Lang;
use crate::store::layout::README;
use crate::store::{stage, tables};

/// A longer text is no report.
const LONGEST: usize = 2 << 20;

/// Fills in documents, generated files and stages.
pub fn fill(work: &Work<'_, '_>, facts: &mut Facts) -> Result<()> {
    facts.documents = documents(work, facts);
    facts.generated = generated(work, facts);
    facts.stages = stages(work);
    Ok(())
}

fn documents(work: &Work<'_, '_>, facts: &mut Facts) -> Vec<Document> {
    let experiments = work.experiments();
    let overview = RecordPath::from("experiments.md").below(&experiments);
    let mut all = Vec::new();
    for (index, seen) in facts.runs.iter_mut().enumerate() {
        let text = seen.readme.take().filter(|text| text.len() <= LONGEST);
        if seen.in_scope
            && let Some(text) = text
        {
            all.push(Document {
                path: seen.file(README),
                text,
                run: Some(index),
                in_scope: true,
            });
        }
    }
    let runs = RecordPath::from("runs").below(&experiments);
    let changed: Vec<String> = facts.scoped().map(|seen| seen.id.short()).collect();
    for path in work.source.files() {
        let is_report = matches!(path.extension().as_str(), "md" | "markdown");
        let ours = path.is_within(&work.prefix) && !path.is_within(&runs) && *path != overview;
        if !is_report || !ours {
            continue;
        }
        let in_scope = is_in_scope(work, path);
        // Without a word for a run there is nothing to bind a number to. What did not change itself
        // may be wrong about a run that did.
        let speaks = |text: &String| match in_scope {
            true => speaks_of_runs(text),
            false => changed.iter().any(|run| text.contains(run)),
        };
        if let Some(text) = text(work, path).filter(speaks) {
            all.push(Document {
                path: path.display().into_owned(),
                text,
                run: None,
                in_scope,
            });
        }
    }
    all
}

fn speaks_of_runs(text: &str) -> bool {
    ["exp_", "exp:", "xperiment", "ксперимент", "апуск"]
        .iter()
        .any(|word| text.contains(word))
}

fn is_in_scope(work: &Work<'_, '_>, path: &RecordPath) -> bool {
    match work.before.first() {
        Some(before) if work.only_new => before.differs(path),
        _ => true,
    }
}

fn text(work: &Work<'_, '_>, path: &RecordPath) -> Option<String> {
    let bytes = work
        .source
        .read(path)
        .filter(|bytes| bytes.len() <= LONGEST)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn generated(work: &Work<'_, '_>, facts: &Facts) -> Vec<Generated> {
    let read = |name: &str| {
        let path = RecordPath::from(name).below(&work.experiments());
        let found = work.source.read(&path);
        Generated {
            path: path.display().into_owned(),
            found: found.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            expected: Vec::new(),
        }
    };
    let mut markdown = read("experiments.md");
    let listed = markdown.found.as_deref().unwrap_or_default();
    let runs = facts.roll.all();
    let runs: Vec<&Brief> = runs.filter(|run| tables::is_due(run, listed)).collect();
    // A damaged record is left out of the table; that is told once, by its own rule.
    let table = |lang| Overview::standard(&runs, &work.settings, lang);
    for lang in [Lang::En, Lang::Ru] {
        let fits = markdown.found == markdown.expected.last().cloned();
        if markdown.expected.is_empty() || !fits {
            markdown.expected.push(table(lang).markdown());
        }
    }
    let mut csv = read("experiments.csv");
    csv.expected.push(table(Lang::En).csv());
    vec![markdown, csv]
}

fn stages(work: &Work<'_, '_>) -> Vec<Stage> {
    let folder = RecordPath::from("stages").below(&work.experiments());
    let of = |path: &&RecordPath| path.is_within(&folder) && path.extension() == "json";
    let files = work.source.files().into_iter().filter(of);
    let files = files.map(|path| {
        let bytes = work.source.read(path).unwrap_or_default();
        (path.to_path(), Ok(bytes))
    });
    let found = stage::read_files(files).into_iter();
    found
        .map(|found| Stage {
            path: RecordPath::from_path(&found.path).display().into_owned(),
            name: found.name,
            says: found.says.map(record).map_err(|doubt| doubt.failure),
            model: None,
        })
        .collect()
}

fn record(stage: stage::Stage) -> StageRecord {
    let model = stage.current.model;
    StageRecord {
        run: stage.current.run,
        uid: Some(stage.current.uid.to_string()),
        sha256: model.as_ref().map(|model| model.sha256.clone()),
        model: model.map(|model| model.path.display().into_owned()),
        why: stage.current.why,
    }
}
