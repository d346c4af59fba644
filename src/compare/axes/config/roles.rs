//! On which axis a key counts.

use crate::compare::fingerprint::canonical;
use crate::compare::rules::Rules;
use crate::model::seed::names_seed;
use crate::model::{Param, Run};

/// On which axis a differing key counts: every key counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// A parameter: one factor.
    Param,
    /// It says how data is split: one factor, and another yardstick.
    Split,
    /// It is the run's seed: counted on the seed axis.
    Seed,
    /// It names a recorded data input: counted on the data axis, by content.
    DataPath,
    /// It names a file that the run wrote, which can't alter a result.
    OutputPath,
}

impl KeyRole {
    /// Whether a difference is a factor in its own right.
    pub fn counts(self) -> bool {
        matches!(self, Self::Param | Self::Split)
    }
}

type At<'a> = (&'a Run, Option<&'a Param>);

pub(super) fn role_of(key: &str, a: At<'_>, b: At<'_>, rules: &Rules) -> KeyRole {
    let holds = |test: fn(&str, &Run, &Param) -> bool| {
        [a, b]
            .iter()
            .all(|(run, value)| value.is_none_or(|value| test(key, run, value)))
    };
    let on_both = a.1.is_some() && b.1.is_some();
    let seeds_differ = canonical_seed(a.0) != canonical_seed(b.0);
    // A seed key that went away while the seed stayed leaves some generator unseeded: a parameter.
    if holds(is_seed) && (on_both || seeds_differ) {
        KeyRole::Seed
    } else if holds(names_data) {
        KeyRole::DataPath
    } else if on_both && names_outputs(a, b) {
        KeyRole::OutputPath
    } else if rules.is_split_key(key) {
        KeyRole::Split
    } else {
        KeyRole::Param
    }
}

/// Whether both values name something written. What a run under way will write is not known yet: there
/// the other's word counts.
fn names_outputs(a: At<'_>, b: At<'_>) -> bool {
    let known = |(run, value): At<'_>| value.is_some_and(|value| names_output(run, value));
    let possible = |(run, value): At<'_>| {
        let is_text = |value: &Param| value.is_all_text(&|_| true);
        known((run, value)) || (run.finished.is_none() && value.is_some_and(is_text))
    };
    (known(a) && possible(b)) || (possible(a) && known(b))
}

fn canonical_seed(run: &Run) -> Option<String> {
    run.seed.as_ref().map(canonical)
}

/// Whether a key is the seed of the run: called so, and with the very value that was recorded.
pub(in crate::compare) fn is_seed(key: &str, run: &Run, value: &Param) -> bool {
    names_seed(key)
        && run
            .seed
            .as_ref()
            // A list: each repeat had one of its own, whatever the file says.
            .is_some_and(|seed| {
                matches!(seed, Param::List(_)) || canonical(seed) == canonical(value)
            })
}

/// Whether a value is the path of a data input that the run recorded (or a list of such paths).
pub(in crate::compare) fn names_data(_: &str, run: &Run, value: &Param) -> bool {
    value.is_all_text(&|text| run.data.iter().any(|input| input.path.is_spelled(text)))
}

/// Whether a value is the path of something that the run wrote.
pub fn names_output(run: &Run, value: &Param) -> bool {
    value.is_all_text(&|text| run.outputs().any(|out| out.is_spelled(text)))
}
