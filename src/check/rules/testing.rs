//! Facts made by hand, for the tests of rules.

use crate::check::facts::{Facts, Kept, RunFacts};
use crate::check::finding::{Finding, Outcome};
use crate::check::roll::Roll;
use crate::model::{MetricValue, Number, Oid, Run, RunId, Status, Uid};

/// A finished, clean run on a branch.
pub fn run(name: &str) -> RunFacts {
    let id = RunId::parse(name).unwrap();
    let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
    let number = u8::try_from(id.number).unwrap();
    let mut run = Run::new(
        Uid::new(u64::from(number), &[number; 10]),
        id.clone(),
        started,
    );
    run.status = Status::Ok;
    run.finished = Some(started);
    run.goal = Some("find out".into());
    run.conclusion = Some("found out".into());
    run.code.commit = Some(oid(number));
    run.code.tree = Some(oid(100 + number));
    run.code.code_tree = Some(oid(200));
    let mut facts = RunFacts::new(id, format!("experiments/runs/{name}"), Ok(run));
    facts.commit.kept = Kept::Branch;
    reseal(&mut facts);
    facts
}

/// An object id.
pub fn oid(byte: u8) -> Oid {
    Oid::from_bytes(&[byte; 20]).unwrap()
}

/// The record, to change it.
pub fn record(facts: &mut RunFacts) -> &mut Run {
    facts.run.as_mut().unwrap()
}

/// Gives it a metric.
pub fn metric(facts: &mut RunFacts, name: &str, value: &str) {
    let value = MetricValue::Number(Number::parse(value).unwrap());
    record(facts).metrics.insert(name.into(), value);
    reseal(facts);
}

/// Writes the digest that `finish` would.
pub fn reseal(facts: &mut RunFacts) {
    let digest = crate::store::seal::digest(record(facts));
    record(facts).digest = Some(digest.clone());
    facts.digest = Some(digest);
}

/// Facts of runs.
pub fn facts(runs: Vec<RunFacts>) -> Facts {
    Facts {
        roll: Roll::of(&runs),
        runs,
        runs_folder: "experiments/runs".into(),
        ..Facts::default()
    }
}

/// The outcomes and messages, without what is fine.
pub fn told(findings: &[Finding]) -> Vec<(Outcome, String)> {
    findings
        .iter()
        .filter(|finding| finding.outcome != Outcome::Ok)
        .map(|finding| (finding.outcome, finding.message.clone()))
        .collect()
}

/// The outcome of a rule about a single run.
pub fn outcome(rule: &super::Rule, facts: &Facts) -> Outcome {
    let findings = (rule.run)(facts);
    findings
        .iter()
        .map(|finding| finding.outcome)
        .min()
        .unwrap_or(Outcome::Ok)
}
