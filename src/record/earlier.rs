//! The runs before this one, read no further than a new run needs: there may be very many.

use crate::compare::State;
use crate::compare::axes::command::CommandAxis;
use crate::compare::axes::config::names_output;
use crate::compare::fingerprint::fingerprint;
use crate::context::Ctx;
use crate::error::Result;
use crate::model::param::ParamKind;
use crate::model::{Brief, Param, RecordPath, Run, Sha256, Status};
use crate::store::catalog::Catalog;
use crate::store::{Project, format};

/// How many runs are read in search of the last one of the same program.
const LOOKED_AT: usize = 64;

/// The runs of a project, newest first.
pub struct Earlier<'a> {
    project: &'a Project,
    catalog: Catalog,
}

impl<'a> Earlier<'a> {
    /// Lists them. Damaged records are passed over.
    pub fn list(ctx: &'a Ctx) -> Result<Self> {
        let project = ctx.project()?;
        Ok(Self {
            project,
            catalog: Catalog::open(ctx.repo()?, project, false)?,
        })
    }

    /// What they wrote, from the project's folder.
    pub fn outputs(&self) -> Vec<RecordPath> {
        use rayon::prelude::*;
        let written = |at| {
            let run = self.catalog.get(at).ok()?;
            // Among very many, one that has finished meanwhile may be listed as it was.
            if run.status == Status::Running && !self.catalog.is_confirmed() {
                return Some(self.whole(at)?.outputs().cloned().collect());
            }
            Some(run.outputs().cloned().collect::<Vec<_>>())
        };
        let runs = (0..self.catalog.len()).into_par_iter().with_min_len(512);
        runs.filter_map(written).flatten_iter().collect()
    }

    fn whole(&self, at: usize) -> Option<Run> {
        format::read_run(&self.project.run(&self.catalog.id(at))).ok()
    }

    fn newest_first(&self) -> impl Iterator<Item = (usize, Brief)> {
        let all = (0..self.catalog.len()).rev();
        all.filter_map(|at| Some((at, self.catalog.get(at).ok()?)))
    }

    /// The run to compare a new one with: the last one of the same program if it is not long ago,
    /// else the last. Failed ones are passed over.
    pub fn base(&self, argv: Option<&[String]>) -> Option<Run> {
        let usable = || {
            let runs = self.newest_first();
            runs.filter(|(_, run)| run.status != Status::Failed)
                .filter_map(|(at, _)| self.whole(at))
        };
        let program = |argv: &[String]| argv.iter().take(2).cloned().collect::<Vec<_>>();
        let wanted = argv.map(program);
        let is_same = |run: &Run| {
            let command = run.command.as_ref();
            command.map(|command| program(&command.argv)) == wanted
        };
        let same = wanted
            .is_some()
            .then(|| usable().take(LOOKED_AT).find(is_same))
            .flatten();
        same.or_else(|| usable().next())
    }

    /// A finished run that had the same inputs as this one, as far as that can be proven.
    pub fn twin(&self, run: &Run) -> Option<Run> {
        if !fingerprint(run).is_proof() {
            return None;
        }
        let brief = Brief::from(run);
        let mut alike = self
            .newest_first()
            .filter(|(_, other)| other.status == Status::Ok && may_equal(&brief, other))
            .filter_map(|(at, _)| self.whole(at));
        alike.find(|other| is_twin(run, other))
    }
}

fn is_twin(run: &Run, other: &Run) -> bool {
    // Where a parameter names what a run wrote counts for nothing; this one has yet to write it.
    let mut ended = run.clone();
    ended.models.clone_from(&other.models);
    ended.artifacts.clone_from(&other.artifacts);
    ended.metrics_file.clone_from(&other.metrics_file);
    for (key, value) in &mut ended.params {
        if let Some(before) = other.params.get(key).filter(|p| names_output(other, p)) {
            value.clone_from(before);
        }
    }
    fingerprint(&ended) == fingerprint(other)
        && CommandAxis::between(&ended, other).state != State::Changed
}

/// Whether the inputs of two runs can be equal at all, by what is known without reading a record.
fn may_equal(a: &Brief, b: &Brief) -> bool {
    let digests = |run: &Brief| {
        let mut digests: Vec<Option<Sha256>> = run.data.iter().map(|d| d.sha256.clone()).collect();
        digests.sort();
        digests
    };
    // Only what is a text can name data or an output, which are compared by content.
    let is_value =
        |value: &Param| matches!(value, Param::Leaf { kind, .. } if *kind != ParamKind::Str);
    let differs = |(key, value): (&String, &Param)| {
        let other = b.params.get(key);
        is_value(value) && other.is_some_and(|other| is_value(other) && !value.same_value(other))
    };
    // A seed is told apart from other parameters by the record alone; where it differs, so do they.
    a.code_tree == b.code_tree && digests(a) == digests(b) && !a.params.iter().any(differs)
}
