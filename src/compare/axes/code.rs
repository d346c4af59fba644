//! The code axis: from the frozen trees, so that two dirty runs compare exactly.

use std::collections::BTreeSet;

use crate::compare::axis::{Gap, Sides, State};
use crate::compare::evidence::{CodeEvidence, Evidence, FileChange, UsageGap};
use crate::model::{Axis as PathAxis, Run};

/// How the code differs.
#[derive(Clone, Debug)]
pub struct CodeAxis {
    /// The whole. `Same` also when nothing differs that the command could run.
    pub state: State,
    /// What is unknown.
    pub gaps: Vec<Gap>,
    /// Code files that differ; the ones that don't count are among them.
    pub files: Vec<FileChange>,
    /// Whether `files` is all there is to tell.
    pub files_known: bool,
    /// Commits that one of the two runs' commits has in its history and the other has not.
    pub commits_between: Option<u64>,
    /// Why it is not known which of the files the command uses, if it isn't.
    pub usage_gap: Option<UsageGap>,
    /// Repositories inside this one whose content differs.
    pub nested: Vec<String>,
}

impl CodeAxis {
    /// Compares the code of two runs.
    pub fn between(a: &Run, b: &Run, evidence: &Evidence<'_>) -> Self {
        let (files, reason) = match &evidence.code {
            CodeEvidence::Known(files) => (code_files(files), None),
            CodeEvidence::Unknown(reason) => (Vec::new(), Some(reason)),
        };
        let nested = nested(a, b);
        let trees = State::of([trees(a, b), State::changed(!nested.is_empty())]);
        let harmless = !files.is_empty()
            && nested.is_empty()
            && reason.is_none()
            && !files.iter().any(FileChange::counts);
        let state = if trees == State::Changed && harmless {
            State::Same
        } else {
            trees
        };
        let state = match (state, reason) {
            // The records don't tell, the snapshots do.
            (State::Unknown, None) => State::changed(files.iter().any(FileChange::counts)),
            _ => state,
        };
        let mut gaps = Vec::new();
        if state == State::Unknown {
            let unrecorded = |run: &Run| run.code.code_tree.is_none() && run.code.commit.is_none();
            let sides = Sides::of(unrecorded(a), unrecorded(b));
            gaps.extend(sides.map(Gap::NotRecorded));
            if gaps.is_empty() {
                gaps.extend(reason.map(|reason| Gap::Tree(reason.clone())));
            }
        }
        Self {
            state,
            gaps,
            files_known: reason.is_none(),
            files,
            commits_between: evidence.commits_between,
            usage_gap: evidence.usage_gap.clone(),
            nested,
        }
    }

    /// Files that differ without counting: cosmetic, or not used by the command.
    pub fn uncounted(&self) -> usize {
        self.files.iter().filter(|file| !file.counts()).count()
    }
}

fn code_files(files: &[FileChange]) -> Vec<FileChange> {
    files
        .iter()
        .filter(|file| file.axis == PathAxis::Code)
        .cloned()
        .collect()
}

/// Equal code trees are the same code, different ones are not; without them equal commits with no
/// uncommitted code are.
fn trees(a: &Run, b: &Run) -> State {
    let (a, b) = (&a.code, &b.code);
    if let (Some(a), Some(b)) = (&a.code_tree, &b.code_tree) {
        return State::changed(a != b);
    }
    let plain = !a.code_is_dirty() && !b.code_is_dirty() && !a.dirty && !b.dirty;
    match (&a.commit, &b.commit) {
        (Some(a), Some(b)) if a == b && plain => State::Same,
        _ => State::Unknown,
    }
}

fn nested(a: &Run, b: &Run) -> Vec<String> {
    let seen = |run: &Run| -> BTreeSet<(String, String)> {
        let id = |repo: &crate::model::code::Nested| {
            let oid = repo.tree.as_ref().or(repo.commit.as_ref());
            oid.map(|oid| oid.as_str().to_owned())
        };
        run.code
            .nested
            .iter()
            .filter_map(|repo| Some((repo.path.display().into_owned(), id(repo)?)))
            .collect()
    };
    let (a, b) = (seen(a), seen(b));
    let paths: BTreeSet<String> = a
        .symmetric_difference(&b)
        .map(|(path, _)| path.clone())
        .collect();
    paths.into_iter().collect()
}
