//! Likely reasons for metrics that differ although every recorded input is the same.

use super::axes::Axes;
use super::axis::{Axis, Sides};
use super::evidence::{Evidence, Place, Side};
use super::verdict::{Caveat, caveats};
use crate::model::{Param, RecordPath, Run};

/// Metrics files are usually written just before the run is finished; an hour is not "just".
const LATE_SECONDS: i64 = 3600;

/// One likely reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No seed is recorded.
    NoSeed {
        /// Where.
        sides: Sides,
        /// Places in the code that take a random state without a value.
        places: Vec<Place>,
    },
    /// An axis is not known.
    Unknown(Axis),
    /// The command lines differ in arguments that are counted nowhere.
    Command,
    /// Packages differ that the project does not name; `None` when no list tells how many.
    Packages(Option<usize>),
    /// Files that changed between the runs and are no recorded input.
    Unrecorded(Vec<RecordPath>),
    /// A data file changed while it was read.
    Unstable(String),
    /// Parallel sums: `n_jobs` is -1, or thread variables are not set.
    Threads {
        /// The parameter that asks for all threads.
        n_jobs: Option<String>,
        /// Whether `OMP_NUM_THREADS` is unset.
        omp_unset: bool,
    },
    /// Accelerator kernels add up in no fixed order unless they are told to.
    Accelerator,
    /// A run was finished long after its metrics were written: they may be of another run.
    FinishedLate {
        /// Which one.
        side: Sides,
        /// How many seconds later.
        seconds: i64,
    },
}

/// Gathers reasons, the most checkable first.
pub fn reasons(a: &Side<'_>, b: &Side<'_>, axes: &Axes, evidence: &Evidence<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if let Some(sides) = Sides::of(a.run.seed.is_none(), b.run.seed.is_none()) {
        reasons.push(Reason::NoSeed {
            sides,
            places: evidence.unseeded.clone(),
        });
    }
    for caveat in caveats(axes) {
        match caveat {
            // Told above, with the place to look at.
            Caveat::Unknown(Axis::Seed) => {}
            Caveat::Unknown(axis) => reasons.push(Reason::Unknown(axis)),
            Caveat::Command => reasons.push(Reason::Command),
            Caveat::Packages => {
                let listed = axes.env.indirect().count();
                reasons.push(Reason::Packages((listed > 0).then_some(listed)));
            }
        }
    }
    if !evidence.unrecorded.is_empty() {
        reasons.push(Reason::Unrecorded(evidence.unrecorded.clone()));
    }
    let unstable = |run: &Run| run.data.iter().find(|i| i.unstable).map(|i| i.role.clone());
    reasons.extend(
        unstable(a.run)
            .or_else(|| unstable(b.run))
            .map(Reason::Unstable),
    );
    reasons.extend(threads(b.run));
    let gpus = |run: &Run| {
        let found = run
            .hardware
            .as_ref()
            .and_then(|machine| machine.gpus.as_ref());
        found.is_some_and(|gpus| !gpus.is_empty())
    };
    if gpus(a.run) && gpus(b.run) {
        reasons.push(Reason::Accelerator);
    }
    for (side, which) in [(a, Sides::A), (b, Sides::B)] {
        let late = late(side).filter(|seconds| *seconds >= LATE_SECONDS);
        reasons.extend(late.map(|seconds| Reason::FinishedLate {
            side: which,
            seconds,
        }));
    }
    reasons
}

fn threads(run: &Run) -> Option<Reason> {
    let all = |value: &Param| value.number().is_some_and(|n| n.as_str() == "-1");
    let n_jobs = run
        .params
        .iter()
        .find(|(key, value)| key.rsplit('.').next() == Some("n_jobs") && all(value))
        .map(|(key, _)| key.clone());
    let env = run.env.as_ref()?;
    let omp_unset = !env.vars.contains_key("OMP_NUM_THREADS");
    let cores = run.hardware.as_ref().and_then(|machine| machine.cores);
    // With one thread there is no order to vary.
    let parallel = cores != Some(1) && (n_jobs.is_some() || omp_unset);
    parallel.then_some(Reason::Threads { n_jobs, omp_unset })
}

/// Seconds from the metrics to the end of the run: by the file's own time where it is known, else
/// for runs whose command's duration is.
fn late(side: &Side<'_>) -> Option<i64> {
    let finished = side.run.finished?;
    if let Some(written) = side.metrics_written {
        return Some((finished - written).num_seconds());
    }
    let seconds = side.run.seconds.as_ref()?.as_f64();
    side.run.command.as_ref().filter(|_| seconds.is_finite())?;
    // Durations are far below 2^53 seconds.
    #[allow(clippy::cast_possible_truncation)]
    let ran = seconds as i64;
    Some((finished - side.run.started).num_seconds() - ran)
}
