//! W-noise: the best run is better by more than chance.

use std::collections::{BTreeMap, BTreeSet};

use super::{Rule, Topic};
use crate::check::facts::Facts;
use crate::check::finding::Finding;
use crate::model::metric::Goal;
use crate::model::{Brief, Oid, Sha256, Status};
use crate::query::{Attribute, Subject, Target, Value};

const CODE: &str = "W-noise";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "the best run leads the next one by more than the noise between repeats",
    topic: Topic {
        cause: "Runs that differ in nothing but the seed scatter by more than the best run leads the \
                runner-up. Calling it the best is then luck. Without repeats the noise is unknown and \
                the rule says nothing.",
        example: "warning  W-noise  exp_004_lightgbm  leads exp_003 by 0.002; repeats scatter by 0.006",
        way_out: "Repeat both with several seeds: git exp run --like exp_004 --seeds 1,2,3\n\
                  See the margin: git exp best --why",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    check(facts).into_iter().collect()
}

fn check(facts: &Facts) -> Option<Finding> {
    let metric = facts.settings.primary.as_ref()?;
    let sign = match facts.settings.goal(metric)? {
        Goal::Max => 1.0,
        Goal::Min => -1.0,
        Goal::Info => return None,
    };
    let (is_ok, value) = (
        Target::Attribute(Attribute::Status),
        Target::Metric(metric.clone()),
    );
    let score = |run: &dyn Subject| match (run.value(&is_ok), run.value(&value)) {
        (Value::Text(status), Value::Number(value, _)) if status == Status::Ok.word() => {
            value.is_finite().then_some(value * sign)
        }
        _ => None,
    };
    let best = facts.roll.ask(score).into_iter();
    let best = best.filter_map(|(asked, score)| Some((score?, asked)));
    // Of runs that no rule is asked about nothing is said, so no more of them is looked at.
    if !best.reduce(|a, b| if b.0 > a.0 { b } else { a })?.1 {
        return None;
    }
    let mut ranked: Vec<(Repeated<'_>, &Brief, f64)> = facts
        .roll
        .all()
        .filter_map(|run| Some((Repeated::of(run), run, score(run)?)))
        .collect();
    ranked.sort_by(|a, b| b.2.total_cmp(&a.2));
    let (what, best, top) = ranked.first()?;
    let is_other =
        |(other, ..): &&(Repeated<'_>, &Brief, f64)| other.code.is_none() || other != what;
    let (_, second, next) = ranked.iter().skip(1).find(is_other)?;
    let deviation = deviation(&ranked)?;
    let lead = top - next;
    let seen = facts.scoped().find(|seen| seen.id == best.id())?;
    // Two standard deviations of the difference of two runs.
    let noise = 2.0 * std::f64::consts::SQRT_2 * deviation;
    let finding = if lead < noise {
        let message = format!(
            "leads {} by {} in {metric}; repeats scatter by {}",
            second.id().short(),
            crate::ui::number::significant(lead, 2),
            crate::ui::number::significant(deviation, 2)
        );
        Finding::broken(CODE, message)
            .detail("the lead is less than two standard deviations of the difference")
            .fix("git exp best --why")
    } else {
        Finding::ok(CODE)
    };
    Some(finding.of(&seen.id).at(seen.record_file()))
}

/// What repeats have in common: code, data, and parameters but for the seed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Repeated<'r> {
    /// Without it, a run is nobody's repeat.
    code: Option<&'r Oid>,
    data: BTreeSet<(&'r str, Option<&'r Sha256>)>,
    params: Vec<(&'r str, String)>,
}

impl<'r> Repeated<'r> {
    fn of(run: &'r Brief) -> Self {
        let is_seed = |name: &str| {
            let last = name.rsplit('.').next();
            last.is_some_and(|last| last.contains("seed"))
        };
        let data = run.data.iter();
        let params = run.params.iter().filter(|(name, _)| !is_seed(name));
        Self {
            code: run.code_tree.as_ref(),
            data: data
                .map(|input| (input.role.as_str(), input.sha256.as_ref()))
                .collect(),
            params: params
                .map(|(name, value)| (name.as_str(), value.spelling()))
                .collect(),
        }
    }
}

/// The pooled standard deviation of all groups of repeats; `None` when there is no group.
fn deviation(ranked: &[(Repeated<'_>, &Brief, f64)]) -> Option<f64> {
    let mut groups: BTreeMap<&Repeated<'_>, Vec<(&Brief, f64)>> = BTreeMap::new();
    for (what, run, value) in ranked.iter().filter(|(what, ..)| what.code.is_some()) {
        groups.entry(what).or_default().push((run, *value));
    }
    let (mut squares, mut freedom) = (0.0, 0_usize);
    for group in groups.values() {
        let Some((last, rest)) = group.split_last() else {
            continue;
        };
        // A repeat with the same seed shows only whether the program is deterministic.
        let others = rest.iter().filter(|(run, _)| seeds_differ(last.0, run));
        let values: Vec<f64> = others.chain([last]).map(|(_, value)| *value).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        squares += values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        freedom += values.len() - 1;
    }
    (freedom > 0).then(|| (squares / freedom as f64).sqrt())
}

fn seeds_differ(a: &Brief, b: &Brief) -> bool {
    match (&a.seed, &b.seed) {
        (Some(a), Some(b)) => !a.same_value(b),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, metric, oid, outcome, record, run, told};
    use super::*;
    use crate::check::finding::Outcome;

    fn scores(scores: &[(&str, &str, u8)]) -> Facts {
        let runs = scores
            .iter()
            .map(|(name, score, code)| {
                let mut one = run(name);
                record(&mut one).code.code_tree = Some(oid(*code));
                metric(&mut one, "auc", score);
                one
            })
            .collect();
        let mut all = facts(runs);
        all.settings.primary = Some("auc".into());
        all
    }

    #[test]
    fn a_lead_within_the_noise_is_told() {
        let noisy = scores(&[
            ("exp_001_a", "0.840", 1),
            ("exp_002_a", "0.850", 1),
            ("exp_003_b", "0.852", 2),
        ]);
        assert_eq!(outcome(&RULE, &noisy), Outcome::Broken);
        assert!(
            told(&(RULE.run)(&noisy))[0]
                .1
                .starts_with("leads exp_002 by 0.0020 in auc")
        );
        let clear = scores(&[
            ("exp_001_a", "0.840", 1),
            ("exp_002_a", "0.842", 1),
            ("exp_003_b", "0.900", 2),
        ]);
        assert_eq!(outcome(&RULE, &clear), Outcome::Ok);
    }

    #[test]
    fn without_repeats_nothing_is_claimed() {
        let single = scores(&[("exp_001_a", "0.840", 1), ("exp_002_b", "0.8401", 2)]);
        assert!((RULE.run)(&single).is_empty());
    }
}
