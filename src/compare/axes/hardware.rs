//! The hardware axis: CPU threads and accelerators count, together with the environment.

use crate::compare::axis::{Gap, Sides, State};
use crate::model::environment::Hardware;
use crate::model::{Param, Run};

/// How the machines differ.
#[derive(Clone, Debug)]
pub struct HardwareAxis {
    /// The whole: changed only if something that counts did.
    pub state: State,
    /// What is unknown.
    pub gaps: Vec<Gap>,
    /// Whether the number of CPU threads changed.
    pub cores: bool,
    /// Whether the accelerators changed.
    pub gpus: bool,
    /// A parameter that means "all threads", with what it meant before and after.
    pub all_threads: Option<(String, u32, u32)>,
    /// What differs without counting: `os`, `arch`, `cpu`, `memory`, `host`.
    pub listed: Vec<&'static str>,
}

impl HardwareAxis {
    /// Compares the machines of two runs.
    pub fn between(a: &Run, b: &Run) -> Self {
        let mut axis = Self {
            state: State::Unknown,
            gaps: Vec::new(),
            cores: false,
            gpus: false,
            all_threads: None,
            listed: Vec::new(),
        };
        let (Some(first), Some(second)) = (&a.hardware, &b.hardware) else {
            let sides = Sides::of(a.hardware.is_none(), b.hardware.is_none());
            axis.gaps.extend(sides.map(Gap::NotRecorded));
            return axis;
        };
        axis.cores = differ(first.cores.as_ref(), second.cores.as_ref());
        axis.gpus = differ(first.gpus.as_ref(), second.gpus.as_ref());
        let cores = Sides::of(first.cores.is_none(), second.cores.is_none());
        let gpus = Sides::of(first.gpus.is_none(), second.gpus.is_none());
        axis.gaps.extend(cores.map(Gap::Cores));
        axis.gaps.extend(gpus.map(Gap::Accelerator));
        axis.state = match (axis.cores || axis.gpus, axis.gaps.is_empty()) {
            (true, _) => State::Changed,
            (false, true) => State::Same,
            (false, false) => State::Unknown,
        };
        if let (true, Some(before), Some(after)) = (axis.cores, first.cores, second.cores) {
            axis.all_threads = all_threads(a, b).map(|key| (key, before, after));
        }
        axis.listed = listed(first, second);
        let host = |run: &Run| {
            run.process
                .as_ref()
                .and_then(|process| process.host.clone())
        };
        if differ(host(a).as_ref(), host(b).as_ref()) {
            axis.listed.push("host");
        }
        axis
    }
}

/// Whether two known values differ; an unknown one differs from nothing.
fn differ<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a != b)
}

fn listed(a: &Hardware, b: &Hardware) -> Vec<&'static str> {
    let mut words = Vec::new();
    let mut add = |word, yes| {
        if yes {
            words.push(word);
        }
    };
    add("os", differ(a.os.as_ref(), b.os.as_ref()));
    add("arch", differ(a.arch.as_ref(), b.arch.as_ref()));
    add("cpu", differ(a.cpu.as_ref(), b.cpu.as_ref()));
    add(
        "memory",
        differ(a.memory_bytes.as_ref(), b.memory_bytes.as_ref()),
    );
    words
}

/// The parameter `n_jobs` when it is -1 in both runs: as many threads as the machine has.
fn all_threads(a: &Run, b: &Run) -> Option<String> {
    let all = |value: &Param| value.number().is_some_and(|n| n.as_str() == "-1");
    a.params
        .iter()
        .find(|(key, value)| {
            key.rsplit('.').next() == Some("n_jobs")
                && all(value)
                && b.params.get(*key).is_some_and(all)
        })
        .map(|(key, _)| key.rsplit('.').next().unwrap_or(key).to_owned())
}
