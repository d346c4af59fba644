//! `git exp check`: rules → findings.
//!
//! [`facts`] are gathered first ([`gather`]), then each of [`rules`] is asked, and the findings are
//! weighed by the project's [`policy`] and told in one of [`formats`]. [`prose`] reads the numbers that
//! people write about runs; [`roll`] has all runs in brief.

pub mod explain;
pub mod facts;
pub mod finding;
pub mod formats;
pub mod gather;
pub mod policy;
pub mod prose;
pub mod roll;
pub mod rules;

use rayon::prelude::*;

use facts::{Facts, Looked};
use finding::{Finding, Outcome};
use policy::Policy;

use crate::error::ExitCode;

/// What came out of a check.
#[derive(Clone, Debug)]
pub struct Checked {
    /// All results, the gravest first, in order of rule, run and place.
    pub findings: Vec<Finding>,
    /// How many runs there are.
    pub runs: usize,
    /// How many of them were asked about.
    pub asked: usize,
    /// How many of them are finished.
    pub finished: usize,
    /// How much was looked at.
    pub looked: Looked,
    /// How it ends.
    pub exit: ExitCode,
    /// Whether warnings fail it.
    pub strict: bool,
    /// Codes of the rules that were not asked.
    pub not_asked: Vec<&'static str>,
}

/// Asks every rule.
pub fn check(facts: &Facts, policy: &Policy) -> Checked {
    let mut findings: Vec<Finding> = rules::RULES
        .par_iter()
        .filter(|rule| policy.asks(rule.code))
        .flat_map_iter(|rule| (rule.run)(facts))
        .collect();
    for finding in &mut findings {
        policy.weigh(finding);
    }
    // Stable: rules stay in their order, runs in order of number.
    findings.sort_by_key(|finding| (finding.outcome, finding.level));
    let asked = facts.scoped().count();
    let finished = facts
        .records()
        .filter(|(_, run)| run.finished.is_some())
        .count();
    Checked {
        exit: policy.exit_code(&findings),
        strict: policy.strict,
        not_asked: rules::RULES
            .iter()
            .map(|rule| rule.code)
            .filter(|code| !policy.asks(code))
            .collect(),
        runs: facts.runs.len() + facts.roll.unread().count(),
        looked: facts.looked,
        asked,
        finished,
        findings,
    }
}

impl Checked {
    /// How many results came out so.
    pub fn count(&self, outcome: Outcome) -> usize {
        let same = |finding: &&Finding| finding.outcome == outcome;
        self.findings.iter().filter(same).count()
    }

    /// Everything but what is fine.
    pub fn told(&self) -> impl Iterator<Item = &Finding> {
        let told = |finding: &&Finding| finding.outcome != Outcome::Ok;
        self.findings.iter().filter(told)
    }
}
