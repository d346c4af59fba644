//! The verdict: the first sentence of an explanation, from a closed set.
//!
//! | | yardstick | factors | data, code, config, yardstick | metrics | verdict |
//! |---|---|---|---|---|---|
//! | 1 | changed | any | any | any | not comparable |
//! | 2 | | any | any | none in common | incomplete |
//! | 3 | | ≥ 2 | any | any | confounded |
//! | 4 | | 0, 1 | one is unknown | any | incomplete |
//! | 5 | same | 1 | known | any | one factor |
//! | 6 | same | 0 | known | equal | identical |
//! | 7 | same | 0 | known | differ | unexplained |
//!
//! The first line that fits decides. A changed yardstick outranks everything, for then the numbers
//! must not be subtracted at all. What is unknown can add factors but never take one away, so two
//! known factors are confounded whatever else is unknown; a claim of "one" or "none" needs the axes
//! that decide a result. Seed, environment and machine don't forbid the claim: they soften its
//! sentence ([`Caveat`]). So does a configuration that neither run has, since then the code holds it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::axes::Axes;
use super::axis::{Axis, Gap, Sides, State};

/// What two runs are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Same inputs, same metrics.
    Identical,
    /// One thing changed: the difference can be attributed to it.
    OneFactor,
    /// Several things changed at once.
    Confounded,
    /// The numbers were measured with different yardsticks.
    NotComparable,
    /// Same inputs, other metrics.
    Unexplained,
    /// A run has no metrics, or too little is recorded to claim one factor or none.
    Incomplete,
}

impl Verdict {
    /// The word in JSON and in short lines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::OneFactor => "one-factor",
            Self::Confounded => "confounded",
            Self::NotComparable => "not-comparable",
            Self::Unexplained => "unexplained",
            Self::Incomplete => "incomplete",
        }
    }
}

/// How the metrics that both runs have compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metrics {
    /// There is none in common.
    Missing,
    /// All are equal.
    Equal,
    /// At least one differs.
    Differ,
}

/// All that a verdict depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The yardsticks of the metrics in common.
    pub yardstick: State,
    /// How many factors changed.
    pub factors: usize,
    /// Whether data, code or config is unknown where that matters.
    pub gaps: bool,
    /// The metrics.
    pub metrics: Metrics,
}

/// Applies the table above.
pub fn decide(facts: Facts) -> Verdict {
    let unknown = facts.gaps || facts.yardstick == State::Unknown;
    match facts {
        Facts {
            yardstick: State::Changed,
            ..
        } => Verdict::NotComparable,
        Facts {
            metrics: Metrics::Missing,
            ..
        } => Verdict::Incomplete,
        Facts { factors: 2.., .. } => Verdict::Confounded,
        _ if unknown => Verdict::Incomplete,
        Facts { factors: 1, .. } => Verdict::OneFactor,
        Facts {
            metrics: Metrics::Equal,
            ..
        } => Verdict::Identical,
        _ => Verdict::Unexplained,
    }
}

/// Axes that decide a result and are unknown: with one of them, neither "one factor" nor "none" can
/// be claimed. An axis with a known change counts too, as long as parts of it are unknown.
pub fn decisive_gaps(axes: &Axes) -> Vec<Axis> {
    let nowhere = axes.config.gaps == [Gap::NotRecorded(Sides::Both)];
    [Axis::Data, Axis::Code, Axis::Config]
        .into_iter()
        .filter(|axis| !axes.gaps(*axis).is_empty())
        .filter(|axis| *axis != Axis::Config || !nowhere)
        .collect()
}

/// What softens a claim without forbidding it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caveat {
    /// An axis that is not known.
    Unknown(Axis),
    /// The command lines differ in something that is counted nowhere.
    Command,
    /// Packages differ that the project does not name itself.
    Packages,
}

/// What a sentence about one factor or none has to admit.
pub fn caveats(axes: &Axes) -> Vec<Caveat> {
    let soft = [Axis::Config, Axis::Seed, Axis::Env, Axis::Hardware];
    let decisive = decisive_gaps(axes);
    let unknown = soft
        .into_iter()
        .filter(|axis| axes.state(*axis) == State::Unknown && !decisive.contains(axis));
    let mut caveats: Vec<Caveat> = unknown.map(Caveat::Unknown).collect();
    if axes.command.state == State::Changed {
        caveats.push(Caveat::Command);
    }
    if axes.env.state == State::Same && (axes.env.unlisted || axes.env.indirect().next().is_some())
    {
        caveats.push(Caveat::Packages);
    }
    caveats
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_has_the_verdict_of_the_table() {
        let mut table = String::from("yardstick  factors  gaps  metrics   verdict\n");
        for yardstick in [State::Changed, State::Unknown, State::Same] {
            for metrics in [Metrics::Missing, Metrics::Equal, Metrics::Differ] {
                for factors in 0..=2 {
                    for gaps in [false, true] {
                        let facts = Facts {
                            yardstick,
                            factors,
                            gaps,
                            metrics,
                        };
                        table.push_str(&format!(
                            "{:<9}  {factors:<7}  {:<4}  {:<8}  {}\n",
                            format!("{yardstick:?}"),
                            if gaps { "yes" } else { "no" },
                            format!("{metrics:?}"),
                            decide(facts).word()
                        ));
                    }
                }
            }
        }
        insta::assert_snapshot!(table, @r#"
        yardstick  factors  gaps  metrics   verdict
        Changed    0        no    Missing   not-comparable
        Changed    0        yes   Missing   not-comparable
        Changed    1        no    Missing   not-comparable
        Changed    1        yes   Missing   not-comparable
        Changed    2        no    Missing   not-comparable
        Changed    2        yes   Missing   not-comparable
        Changed    0        no    Equal     not-comparable
        Changed    0        yes   Equal     not-comparable
        Changed    1        no    Equal     not-comparable
        Changed    1        yes   Equal     not-comparable
        Changed    2        no    Equal     not-comparable
        Changed    2        yes   Equal     not-comparable
        Changed    0        no    Differ    not-comparable
        Changed    0        yes   Differ    not-comparable
        Changed    1        no    Differ    not-comparable
        Changed    1        yes   Differ    not-comparable
        Changed    2        no    Differ    not-comparable
        Changed    2        yes   Differ    not-comparable
        Unknown    0        no    Missing   incomplete
        Unknown    0        yes   Missing   incomplete
        Unknown    1        no    Missing   incomplete
        Unknown    1        yes   Missing   incomplete
        Unknown    2        no    Missing   incomplete
        Unknown    2        yes   Missing   incomplete
        Unknown    0        no    Equal     incomplete
        Unknown    0        yes   Equal     incomplete
        Unknown    1        no    Equal     incomplete
        Unknown    1        yes   Equal     incomplete
        Unknown    2        no    Equal     confounded
        Unknown    2        yes   Equal     confounded
        Unknown    0        no    Differ    incomplete
        Unknown    0        yes   Differ    incomplete
        Unknown    1        no    Differ    incomplete
        Unknown    1        yes   Differ    incomplete
        Unknown    2        no    Differ    confounded
        Unknown    2        yes   Differ    confounded
        Same       0        no    Missing   incomplete
        Same       0        yes   Missing   incomplete
        Same       1        no    Missing   incomplete
        Same       1        yes   Missing   incomplete
        Same       2        no    Missing   incomplete
        Same       2        yes   Missing   incomplete
        Same       0        no    Equal     identical
        Same       0        yes   Equal     incomplete
        Same       1        no    Equal     one-factor
        Same       1        yes   Equal     incomplete
        Same       2        no    Equal     confounded
        Same       2        yes   Equal     confounded
        Same       0        no    Differ    unexplained
        Same       0        yes   Differ    incomplete
        Same       1        no    Differ    one-factor
        Same       1        yes   Differ    incomplete
        Same       2        no    Differ    confounded
        Same       2        yes   Differ    confounded
        "#);
    }
}
