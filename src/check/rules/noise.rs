//! W-noise: the best run is better by more than chance.

use super::{Rule, Topic};
use crate::check::facts::Facts;
use crate::check::finding::Finding;
use crate::model::metric::Goal;
use crate::model::{MetricValue, Run, Status};

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
    let value = |run: &Run| {
        let number = run.metrics.get(metric).and_then(MetricValue::number)?;
        number.is_finite().then(|| number.as_f64() * sign)
    };
    let mut ranked: Vec<(&Run, f64)> = facts
        .all_records()
        .filter(|run| run.status == Status::Ok)
        .filter_map(|run| Some((run, value(run)?)))
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (best, top) = *ranked.first()?;
    let (second, next) = *ranked.iter().find(|(run, _)| !is_repeat(best, run))?;
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

/// The same code, data and parameters but for the seed.
fn is_repeat(a: &Run, b: &Run) -> bool {
    let digests = |run: &Run| {
        let mut all: Vec<_> = run
            .data
            .iter()
            .map(|input| (input.role.clone(), input.sha256.clone()))
            .collect();
        all.sort();
        all
    };
    let params = |run: &Run| -> Vec<(String, String)> {
        let is_seed = |name: &str| {
            name.rsplit('.')
                .next()
                .is_some_and(|last| last.contains("seed"))
        };
        run.params
            .iter()
            .filter(|(name, _)| !is_seed(name))
            .map(|(name, value)| (name.clone(), value.spelling()))
            .collect()
    };
    a.code.code_tree.is_some()
        && a.code.code_tree == b.code.code_tree
        && digests(a) == digests(b)
        && params(a) == params(b)
}

/// The pooled standard deviation of all groups of repeats; `None` when there is no group.
fn deviation(ranked: &[(&Run, f64)]) -> Option<f64> {
    let mut left: Vec<(&Run, f64)> = ranked.to_vec();
    let (mut squares, mut freedom) = (0.0, 0_usize);
    while let Some((run, first)) = left.pop() {
        let mut group = vec![first];
        left.retain(|(other, value)| {
            let repeat = is_repeat(run, other) && seeds_differ(run, other);
            if repeat {
                group.push(*value);
            }
            !repeat
        });
        let count = group.len() as f64;
        let mean = group.iter().sum::<f64>() / count;
        squares += group.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        freedom += group.len() - 1;
    }
    (freedom > 0).then(|| (squares / freedom as f64).sqrt())
}

/// A repeat with the same seed shows only whether the program is deterministic.
fn seeds_differ(a: &Run, b: &Run) -> bool {
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
