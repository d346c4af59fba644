//! Which paths were code for a run: the claims that `start` made, rebuilt from the record.

use std::collections::BTreeSet;

use super::Work;
use crate::error::Result;
use crate::model::axis::{Axis, Claims};
use crate::model::data::DataKind;
use crate::model::{Brief, RecordPath, Run};
use crate::record::claims::rules;

/// Rebuilds claims, less those that change nothing: runs that agree on what is code then share one
/// key, and their trees are filtered once.
pub struct Rebuilt<'f> {
    /// The project's rules alone.
    rules: Claims,
    /// What was written that would count as code. Nearly always nothing: models and metrics are told
    /// by their kind.
    written: Vec<(&'f Brief, Vec<RecordPath>)>,
}

impl<'f> Rebuilt<'f> {
    /// Takes in all records.
    pub fn new(work: &Work<'_, '_>, runs: impl Iterator<Item = &'f Brief>) -> Result<Self> {
        let rules = rules(&work.prefix, &work.settings)?;
        let written = |run: &'f Brief| {
            let paths = run.outputs().map(|path| work.in_tree(path));
            let paths: Vec<RecordPath> = paths.filter(|path| is_code(&rules, path)).collect();
            (!paths.is_empty()).then_some((run, paths))
        };
        let written = runs.filter_map(written).collect();
        Ok(Self { rules, written })
    }

    /// The claims of a run.
    pub fn of(&self, work: &Work<'_, '_>, run: &Run) -> (Key, Claims) {
        let matters = |path: &RecordPath| is_code(&self.rules, path);
        let config = run.config.iter().map(|file| work.in_tree(&file.path));
        let data = run
            .data
            .iter()
            .filter(|input| !input.external)
            .map(|input| (input.kind, work.in_tree(&input.path)))
            .filter(|(kind, path)| *kind == DataKind::Folder || matters(path))
            .map(|(_, path)| path);
        let earlier = self
            .written
            .iter()
            .filter(|(other, _)| other.started < run.started || other.number < run.number);
        let key = Key {
            config: config.filter(matters).collect(),
            data: data.collect(),
            output: earlier.flat_map(|(_, paths)| paths).cloned().collect(),
        };
        let list = |paths: &BTreeSet<RecordPath>| paths.iter().cloned().collect();
        let claims = Claims {
            config: list(&key.config),
            data: list(&key.data),
            output: key.output.iter().cloned().collect(),
            ..self.rules.clone()
        };
        (key, claims)
    }
}

/// Whether a path is code where no run claims it.
fn is_code(rules: &Claims, path: &RecordPath) -> bool {
    rules.axis_of(path) == Axis::Code
}

/// What tells the claims of two runs apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    config: BTreeSet<RecordPath>,
    data: BTreeSet<RecordPath>,
    output: BTreeSet<RecordPath>,
}
