//! "Already have": runs that differ from one of the two in a single one of their factors.

use std::collections::{BTreeMap, BTreeSet};

use super::axes::Axes;
use super::evidence::{CodeEvidence, Evidence, Side};
use super::factor::{Factor, count};
use super::metrics::difference;
use super::rules::Rules;
use super::verdict::decisive_gaps;
use crate::model::{Number, Oid, Param, Run, RunId, Status};

/// A run that isolates a factor of a confounded pair.
#[derive(Clone, Debug)]
pub struct Closest {
    /// The run.
    pub run: RunId,
    /// The one factor.
    pub factor: Factor,
    /// Whether it is the first run plus this factor; else the second run without it.
    pub from_first: bool,
    /// The primary metric's difference that this factor alone made, if it can be told.
    pub delta: Option<(String, Number)>,
}

/// Runs at distance one from either side, on the way between them: their other factors are exactly
/// the rest. One for each factor, the nearest to the first run preferred.
pub fn closest(
    a: &Side<'_>,
    b: &Side<'_>,
    factors: &[Factor],
    evidence: &Evidence<'_>,
    rules: &Rules,
    primary: Option<&str>,
) -> Vec<Closest> {
    let all: BTreeSet<String> = factors.iter().map(Factor::label).collect();
    let mut found: Vec<Closest> = Vec::new();
    for run in evidence.runs.iter().copied() {
        let known = run.uid != a.run.uid && run.uid != b.run.uid;
        let usable = run.status == Status::Ok && !run.metrics.is_empty();
        if !known
            || !usable
            || !may_lie_between(run.code.code_tree.as_ref(), &run.params, a.run, b.run)
        {
            continue;
        }
        let Some(before) = between(a.run, run, rules).filter(|labels| labels.is_subset(&all))
        else {
            continue;
        };
        let rest: BTreeSet<String> = all.difference(&before).cloned().collect();
        if before.len() != 1 && rest.len() != 1 || between(run, b.run, rules) != Some(rest.clone())
        {
            continue;
        }
        let from_first = before.len() == 1;
        let single = if from_first { &before } else { &rest };
        let Some(factor) = factors
            .iter()
            .find(|factor| single.contains(&factor.label()))
        else {
            continue;
        };
        let ends = if from_first {
            (a.run, run)
        } else {
            (run, b.run)
        };
        found.push(Closest {
            run: run.id(),
            factor: factor.clone(),
            from_first,
            delta: primary.and_then(|name| step(name, ends)),
        });
    }
    found.sort_by(|x, y| {
        let key = |c: &Closest| (c.factor.clone(), !c.from_first, c.run.clone());
        key(x).cmp(&key(y))
    });
    found.dedup_by(|later, kept| later.factor == kept.factor);
    found
}

/// A quick look that spares most runs the whole comparison: whatever lies on the way has the code of
/// one end, and each number of its configuration from one end too.
pub fn may_lie_between(
    code_tree: Option<&Oid>,
    params: &BTreeMap<String, Param>,
    a: &Run,
    b: &Run,
) -> bool {
    let trees = [&a.code.code_tree, &b.code.code_tree].map(Option::as_ref);
    let number = |value: &Param| value.number().is_some();
    let from = |end: &Run, key: &String, value: &Param| {
        end.params
            .get(key)
            .is_some_and(|other| other.same_value(value))
    };
    trees.contains(&code_tree)
        && params
            .iter()
            .all(|(key, value)| from(a, key, value) || from(b, key, value) || !number(value))
}

fn step(metric: &str, (a, b): (&Run, &Run)) -> Option<(String, Number)> {
    let (x, y) = (
        a.metrics.get(metric)?.number()?,
        b.metrics.get(metric)?.number()?,
    );
    (x.is_finite() && y.is_finite()).then(|| (metric.to_owned(), difference(x, y)))
}

/// The labels of all factors between two records; `None` when too much is unknown to say.
fn between(a: &Run, b: &Run, rules: &Rules) -> Option<BTreeSet<String>> {
    let evidence = Evidence {
        code: CodeEvidence::default(),
        ..Evidence::default()
    };
    let axes = Axes::between(&Side::new(a), &Side::new(b), &evidence, rules);
    decisive_gaps(&axes)
        .is_empty()
        .then(|| count(&axes, rules).iter().map(Factor::label).collect())
}
