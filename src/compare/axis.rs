//! The eight axes that two runs can differ on, and what can be known of each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One dimension in which two runs can differ, in the order they are told.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// The yardstick: validation and test data, the split, the code of the metrics.
    Eval,
    /// Training data and every other data input.
    Data,
    /// Program code.
    Code,
    /// The leaves of configuration files.
    Config,
    /// The random seed.
    Seed,
    /// Interpreter and packages.
    Env,
    /// CPU threads and accelerators.
    Hardware,
    /// The command line: listed, never counted.
    Command,
}

impl Axis {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Eval,
        Self::Data,
        Self::Code,
        Self::Config,
        Self::Seed,
        Self::Env,
        Self::Hardware,
        Self::Command,
    ];

    /// The word in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Eval => "eval",
            Self::Data => "data",
            Self::Code => "code",
            Self::Config => "config",
            Self::Seed => "seed",
            Self::Env => "env",
            Self::Hardware => "hardware",
            Self::Command => "command",
        }
    }
}

/// What is known of an axis. Ordered: of several parts the greatest speaks for the whole.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Proven equal.
    Same,
    /// Not recorded well enough to say.
    Unknown,
    /// Proven different, in at least one part.
    Changed,
}

impl State {
    /// The state of a whole: changed if a part is, else unknown if a part is, else the same.
    pub fn of(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().max().unwrap_or(Self::Same)
    }

    /// Changed or the same, for what is known.
    pub fn changed(yes: bool) -> Self {
        if yes { Self::Changed } else { Self::Same }
    }
}

/// Which of the two runs is meant.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Sides {
    /// The first.
    A,
    /// The second.
    B,
    /// Both.
    Both,
}

impl Sides {
    /// The sides for which something holds; `None` when for neither.
    pub fn of(a: bool, b: bool) -> Option<Self> {
        match (a, b) {
            (true, true) => Some(Self::Both),
            (true, false) => Some(Self::A),
            (false, true) => Some(Self::B),
            (false, false) => None,
        }
    }

    /// The same seen from the other end of the comparison.
    pub fn mirrored(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
            Self::Both => Self::Both,
        }
    }
}

/// Why something about an axis is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Nothing about the axis is in the record.
    NotRecorded(Sides),
    /// A data role has no digest.
    NoDigest {
        /// The role.
        role: String,
        /// Where.
        sides: Sides,
    },
    /// A data role is recorded in one run only.
    NoInput {
        /// The role.
        role: String,
        /// Where it is missing.
        sides: Sides,
    },
    /// A data file changed while its digest was taken.
    Unstable {
        /// The role.
        role: String,
        /// Where.
        sides: Sides,
    },
    /// The installed packages are not listed.
    Packages(Sides),
    /// The number of CPU threads is missing.
    Cores(Sides),
    /// Accelerators could not be looked up.
    Accelerator(Sides),
    /// Whether the code of the metrics changed can't be told.
    MetricCode,
    /// The frozen code can't be compared, and why.
    Tree(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_change_outranks_what_is_unknown() {
        use State::{Changed, Same, Unknown};
        assert_eq!(State::of([Same, Unknown, Changed]), Changed);
        assert_eq!(State::of([Same, Unknown]), Unknown);
        assert_eq!(State::of([]), Same);
    }
}
