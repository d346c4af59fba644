//! E-metrics: results are numbers that can be, and the file agrees with the record.

use std::collections::{BTreeMap, BTreeSet};

use super::{Rule, Topic};
use crate::check::facts::{Facts, MetricsFacts, RunFacts};
use crate::check::finding::Finding;
use crate::model::{MetricValue, Number, Run, Sha256, Status};
use crate::store::layout::RUN_JSON;

const CODE: &str = "E-metrics";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "metrics are finite and in range, the primary one is there, and file and record agree",
    topic: Topic {
        cause: "The metrics copy, or that of a repeat, was edited or can't be read, a metric is NaN or infinite, lies where \
                it can't (an AUC of 1.3), or the primary metric of exp.toml is missing in a finished run.",
        example: "broken   E-metrics  exp_003  roc_auc_val is 0.842 in the record and 0.942 in metrics.json",
        way_out: "Get the copy back: git checkout HEAD -- experiments/runs/exp_003_new_features/metrics.json\n\
                  Record a run whose metrics were wrong anew: git exp run NAME --like exp_003\n\
                  Name the right primary metric: primary = \"roc_auc_val\" in experiments/exp.toml",
    },
    run,
};

/// Words in a metric's name that say its range.
const UNIT_RANGE: [&str; 13] = [
    "auc",
    "accuracy",
    "acc",
    "f1",
    "precision",
    "recall",
    "iou",
    "dice",
    "ap",
    "specificity",
    "sensitivity",
    "auprc",
    "auroc",
];
const NOT_NEGATIVE: [&str; 9] = [
    "loss",
    "rmse",
    "mse",
    "mae",
    "mape",
    "logloss",
    "brier",
    "perplexity",
    "wer",
];

fn run(facts: &Facts) -> Vec<Finding> {
    let mut all = Vec::new();
    for (seen, record) in facts.records() {
        let mut found = Vec::new();
        found.extend(copies(seen, record));
        found.extend(
            record
                .metrics
                .iter()
                .filter_map(|(name, value)| range(name, value.number()?)),
        );
        found.extend(primary(facts, record));
        if found.is_empty() {
            found.push(Finding::ok(CODE));
        }
        let place = |finding: Finding| match &finding.file {
            Some(_) => finding,
            None => finding.at(seen.record_file()),
        };
        all.extend(found.into_iter().map(|finding| place(finding.of(&seen.id))));
    }
    all
}

/// The file of the run, and those of its repeats.
fn copies(seen: &RunFacts, record: &Run) -> Vec<Finding> {
    let whole = record.metrics_file.iter().zip(&seen.metrics);
    let whole = whole.map(|(file, found)| (&file.sha256, &record.metrics, found));
    let repeats = record.repeats.iter().zip(&seen.repeats);
    let repeats = repeats.filter_map(|(repeat, found)| {
        Some((
            repeat.metrics_sha256.as_ref()?,
            &repeat.metrics,
            found.as_ref()?,
        ))
    });
    whole
        .chain(repeats)
        .flat_map(|(sha256, recorded, found)| copy(seen, sha256, recorded, found))
        .collect()
}

fn copy(
    seen: &RunFacts,
    sha256: &Sha256,
    recorded: &BTreeMap<String, MetricValue>,
    found: &MetricsFacts,
) -> Vec<Finding> {
    let name = &found.name;
    let file = seen.file(name);
    let edited = ![&found.copy.sha256, &found.copy.unix_sha256].contains(&&Some(sha256.clone()));
    // Where the file is what it was, the record is not.
    let restore = seen.restore(if edited { name } else { RUN_JSON });
    let broken = |message: String| {
        let finding = Finding::broken(CODE, message).at(file.clone());
        finding.fix(restore.clone())
    };
    if found.copy.sha256.is_none() {
        return vec![broken(format!("{name}, the metrics file, is gone"))];
    }
    match &found.values {
        Err(why) => vec![broken(format!("{name} can't be read: {why}"))],
        Ok(values) => {
            let differing = differing(recorded, values);
            if differing.is_empty() && edited {
                return vec![broken(format!("{name} was edited after the run"))];
            }
            let told = |what| broken(format!("{what} in {name}"));
            differing.into_iter().map(told).collect()
        }
    }
}

/// `roc_auc_val is 0.842 in the record and 0.942`
fn differing(
    recorded: &BTreeMap<String, MetricValue>,
    found: &BTreeMap<String, MetricValue>,
) -> Vec<String> {
    let show = |value: Option<&MetricValue>| match value {
        Some(MetricValue::Number(number)) => number.as_str().to_owned(),
        Some(MetricValue::Text(text)) => format!("`{text}`"),
        Some(MetricValue::Bool(yes)) => yes.to_string(),
        Some(MetricValue::Null) => "null".to_owned(),
        None => "missing".to_owned(),
    };
    let names: BTreeSet<&String> = recorded.keys().chain(found.keys()).collect();
    names
        .into_iter()
        .filter(|name| !same(recorded.get(*name), found.get(*name)))
        .map(|name| {
            let (mine, theirs) = (show(recorded.get(name)), show(found.get(name)));
            format!("{name} is {mine} in the record and {theirs}")
        })
        .collect()
}

fn same(a: Option<&MetricValue>, b: Option<&MetricValue>) -> bool {
    match (a, b) {
        (Some(MetricValue::Number(a)), Some(MetricValue::Number(b))) => a.same_value(b),
        (a, b) => a == b,
    }
}

fn range(name: &str, value: &Number) -> Option<Finding> {
    if !value.is_finite() {
        return Some(
            Finding::broken(CODE, format!("{name} is {}", value.as_str())).detail(
                "a metric that is no number can't be compared; find out why the program wrote it",
            ),
        );
    }
    let lower = name.to_ascii_lowercase();
    let words = || lower.split(|c: char| !c.is_ascii_alphanumeric());
    let any = |list: &[&str]| words().any(|word| list.contains(&word));
    // A difference, a threshold or a deviation of a metric has a range of its own.
    if any(&[
        "diff", "delta", "std", "time", "sec", "log", "neg", "pct", "percent",
    ]) {
        return None;
    }
    let x = value.as_f64();
    if any(&NOT_NEGATIVE) && !lower.contains("neg") {
        return (x < 0.0 && any(&["rmse", "mse", "mae", "brier", "perplexity", "wer"])).then(
            || {
                Finding::broken(
                    CODE,
                    format!("{name} is {}: it can't be negative", value.as_str()),
                )
            },
        );
    }
    // 0 to 100 is the same measure in percent.
    let bad = any(&UNIT_RANGE) && (x < 0.0 || (x > 1.0 && x <= 1.5) || x > 100.0);
    bad.then(|| {
        Finding::broken(
            CODE,
            format!("{name} is {}: outside of 0..1", value.as_str()),
        )
    })
}

fn primary(facts: &Facts, record: &Run) -> Option<Finding> {
    let name = facts.settings.primary.as_ref()?;
    let missing = record.status == Status::Ok
        && !record.metrics.is_empty()
        && record
            .metrics
            .get(name)
            .and_then(MetricValue::number)
            .is_none();
    missing.then(|| {
        Finding::broken(CODE, format!("the primary metric {name} is missing"))
            .fix("name another in experiments/exp.toml: primary = \"…\"")
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, metric, outcome, record, run, told};
    use super::*;
    use crate::check::facts::CopyFacts;
    use crate::check::finding::Outcome;
    use crate::model::data::MetricsFile;

    fn with(name: &str, value: &str) -> RunFacts {
        let mut one = run("exp_001_a");
        metric(&mut one, name, value);
        one
    }

    #[test]
    fn values_lie_where_they_can() {
        for (name, value, expected) in [
            ("roc_auc_val", "0.842", Outcome::Ok),
            ("roc_auc_val", "84.2", Outcome::Ok),
            ("roc_auc_val", "1.3", Outcome::Broken),
            ("accuracy", "-0.1", Outcome::Broken),
            ("loss", "nan", Outcome::Broken),
            ("rmse", "-3", Outcome::Broken),
            ("log_loss", "-0.2", Outcome::Ok),
            ("auc_std", "0.01", Outcome::Ok),
            ("rmse", "1200", Outcome::Ok),
            ("profit", "-5", Outcome::Ok),
        ] {
            assert_eq!(
                outcome(&RULE, &facts(vec![with(name, value)])),
                expected,
                "{name} {value}"
            );
        }
    }

    #[test]
    fn the_file_says_what_the_record_says() {
        let mut one = with("auc", "0.842");
        record(&mut one).metrics_file = Some(MetricsFile {
            path: "metrics.json".into(),
            copy: "metrics.json".into(),
            sha256: Sha256::of(b"x"),
        });
        let values = |text: &str| {
            let value = MetricValue::Number(Number::parse(text).unwrap());
            [("auc".to_owned(), value)].into_iter().collect()
        };
        let copy = CopyFacts {
            sha256: Some(Sha256::of(b"x")),
            ..CopyFacts::default()
        };
        one.metrics = Some(MetricsFacts {
            name: "metrics.json".into(),
            copy,
            values: Ok(values("0.8420")),
        });
        let mut all = facts(vec![one]);
        assert_eq!(outcome(&RULE, &all), Outcome::Ok);
        let copy = all.runs[0].metrics.as_mut().unwrap();
        copy.values = Ok(values("0.942"));
        copy.copy.sha256 = Some(Sha256::of(b"y"));
        assert_eq!(
            told(&(RULE.run)(&all))[0].1,
            "auc is 0.842 in the record and 0.942 in metrics.json"
        );
    }

    #[test]
    fn a_finished_run_has_the_primary_metric() {
        let mut all = facts(vec![with("auc", "0.8")]);
        all.settings.primary = Some("auc".into());
        assert_eq!(outcome(&RULE, &all), Outcome::Ok);
        all.settings.primary = Some("f1".into());
        assert_eq!(outcome(&RULE, &all), Outcome::Broken);
    }
}
