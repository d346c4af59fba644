//! The rules: one file a family. A new rule is one file and one line of [`RULES`].

mod commit;
mod config;
mod content;
mod dirty;
mod ignored;
mod immutable;
mod metrics;
mod name;
mod noise;
mod prod;
mod remote;
mod report;
mod schema;
mod secret;
mod stale;
mod table;
mod undeclared;
mod words;

#[cfg(test)]
mod testing;

use super::facts::{Facts, RunFacts};
use super::finding::Finding;
use crate::model::Run;

/// A rule: its code, what it is about, and the function from facts to findings.
#[derive(Clone, Copy)]
pub struct Rule {
    /// The stable code.
    pub code: &'static str,
    /// What holds when it is not broken, in one line.
    pub title: &'static str,
    /// What `git exp help CODE` says.
    pub topic: Topic,
    /// The rule itself.
    pub run: fn(&Facts) -> Vec<Finding>,
}

/// The explanation of a rule, in the order that it is read.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// Why it happens.
    pub cause: &'static str,
    /// What it looks like.
    pub example: &'static str,
    /// What to do.
    pub way_out: &'static str,
}

impl Rule {
    /// The code without its letter: the name in exp.toml and in `--require`.
    pub fn name(&self) -> &'static str {
        self.code.get(2..).unwrap_or(self.code)
    }

    /// Whether a person means this rule: `E-commit`, `commit`, in any case.
    pub fn is_called(&self, text: &str) -> bool {
        text.eq_ignore_ascii_case(self.code) || text.eq_ignore_ascii_case(self.name())
    }
}

/// Brings the keep-refs that this clone has not got.
const PULL: &str = "git exp pull   (or: git fetch origin 'refs/exp/*:refs/exp/*')";

/// Brings what exists only where the run was made.
const FROM_ITS_MACHINE: &str = "where the run was made: git exp push; then here: git exp pull";

/// Asks about each readable record; a rule that does not concern one says nothing. Findings are at
/// the record.
fn of_each(facts: &Facts, ask: impl Fn(&RunFacts, &Run) -> Option<Finding>) -> Vec<Finding> {
    let asked = facts.records().filter_map(|(seen, record)| {
        let finding = ask(seen, record)?;
        Some(finding.of(&seen.id).at(seen.record_file()))
    });
    asked.collect()
}

/// All rules, in the order in which they are told.
pub const RULES: [Rule; 21] = [
    schema::RULE,
    name::NAME,
    name::DUP_ID,
    commit::RULE,
    remote::RULE,
    dirty::RULE,
    content::DATA,
    content::MODEL,
    config::RULE,
    metrics::RULE,
    report::RULE,
    table::RULE,
    prod::RULE,
    secret::RULE,
    immutable::RULE,
    ignored::RULE,
    stale::RULE,
    undeclared::RULE,
    noise::RULE,
    words::GOAL,
    words::WHY,
];

/// Finds a rule by its code or its name.
pub fn find(text: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.is_called(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_own_code_and_is_explained() {
        let mut codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), RULES.len());
        for rule in RULES {
            let Topic {
                cause,
                example,
                way_out,
            } = rule.topic;
            for part in [rule.title, cause, example, way_out] {
                assert!(part.len() > 20, "{}: {part:?}", rule.code);
            }
            assert!(way_out.contains("git "), "{}: no command", rule.code);
        }
    }

    #[test]
    fn rules_are_found_by_code_and_by_name() {
        assert_eq!(find("e-COMMIT").unwrap().code, "E-commit");
        assert_eq!(find("noise").unwrap().code, "W-noise");
        assert!(find("commi").is_none());
    }
}
