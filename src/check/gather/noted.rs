//! What the git notes say of runs.

use std::collections::{BTreeMap, BTreeSet};

use super::Work;
use crate::git::notes;
use crate::model::{MetricValue, Number, Oid, Run, Status};

/// The lines of runs in the git notes.
#[derive(Default)]
pub struct Notes(BTreeMap<String, Vec<Line>>);

/// What a line says of a run.
#[derive(serde::Deserialize)]
struct Line {
    uid: String,
    rev: u32,
    status: Status,
    #[serde(default)]
    snapshot: Option<Oid>,
    #[serde(default)]
    metrics: BTreeMap<String, MetricValue>,
}

impl Notes {
    /// Reads the notes on the commits of these runs. Only where one of them has none there, as when
    /// its record was made to name another commit, all notes are read. Notes that can't be read say
    /// nothing.
    pub fn of<'r>(work: &Work<'_, '_>, runs: impl Iterator<Item = &'r Run>) -> Self {
        let mut found = Self::default();
        let runs: Vec<&Run> = runs.collect();
        let code = runs.iter().map(|run| &run.code);
        let commits = code.flat_map(|code| code.commit.iter().chain(&code.snapshot));
        let commits: BTreeSet<&Oid> = commits.collect();
        let on_these = notes::read(work.objects, commits).unwrap_or_default();
        found.learn(on_these.iter());
        if runs
            .iter()
            .any(|run| !found.0.contains_key(run.uid.as_str()))
        {
            let all = notes::read_all(work.repo).unwrap_or_default();
            found.learn(all.values().flatten());
        }
        found
    }

    fn learn<'l>(&mut self, lines: impl Iterator<Item = &'l String>) {
        for line in lines.filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            self.0.entry(line.uid.clone()).or_default().push(line);
        }
    }

    /// Whether a note, written when the run was finished, says otherwise than the record: of its
    /// metrics, of its snapshot, or of how it ended. A run that failed may be finished anew; one that is ok may not.
    pub fn disagrees(&self, run: &Run) -> bool {
        let value = |value: &MetricValue| value.number().map(Number::as_f64);
        let differs = |(name, noted): (&String, &MetricValue)| {
            let recorded = run.metrics.get(name).and_then(value);
            let noted = value(noted);
            noted.is_some_and(f64::is_finite) && noted != recorded
        };
        let lines = self.0.get(run.uid.as_str()).into_iter().flatten();
        run.digest.is_some()
            && lines.filter(|line| line.rev <= run.rev).any(|line| {
                line.status == Status::Ok && line.metrics.iter().any(differs)
                    || line.snapshot != run.code.snapshot
                    || line.rev == run.rev && line.status != run.status
            })
    }
}
