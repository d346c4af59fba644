//! The seed axis.

use crate::compare::axes::config::{ConfigAxis, KeyKind, KeyRole};
use crate::compare::axis::{Gap, Sides, State};
use crate::compare::fingerprint::canonical;
use crate::model::{Param, Run};

/// How the seeds differ.
#[derive(Clone, Debug)]
pub struct SeedAxis {
    /// The whole.
    pub state: State,
    /// What is unknown.
    pub gaps: Vec<Gap>,
    /// The seed of the first run.
    pub a: Option<Param>,
    /// The seed of the second run.
    pub b: Option<Param>,
    /// Whether a side is a mean over several seeds: which ones they were is what noise is about.
    pub averaged: bool,
}

impl SeedAxis {
    /// Compares the seeds. One that appeared in the configuration is a change; one that is merely
    /// missing from a record is unknown.
    pub fn between(a: &Run, b: &Run, config: &ConfigAxis) -> Self {
        let (seed_a, seed_b) = (a.seed.clone(), b.seed.clone());
        let (state, gaps) = match (&seed_a, &seed_b) {
            (Some(a), Some(b)) => (State::changed(canonical(a) != canonical(b)), Vec::new()),
            (a, b) => {
                let appeared = config.keys.iter().any(|key| {
                    key.role == KeyRole::Seed
                        && matches!(key.kind, KeyKind::Added | KeyKind::Removed)
                });
                let sides = Sides::of(a.is_none(), b.is_none());
                if appeared {
                    (State::Changed, Vec::new())
                } else {
                    (
                        State::Unknown,
                        sides.map(Gap::NotRecorded).into_iter().collect(),
                    )
                }
            }
        };
        Self {
            state,
            gaps,
            averaged: [a, b].iter().any(|run| run.repeats.len() > 1),
            a: seed_a,
            b: seed_b,
        }
    }
}
