//! One command under several seeds: the means stand in the record, the values behind them beside.

use std::collections::BTreeMap;

use super::run::Repeat;
use super::{MetricValue, Number, Run};

/// How far a metric of repeated seeds scatters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scatter {
    /// The standard deviation of the values (divided by n - 1).
    pub sd: f64,
    /// How many values.
    pub n: usize,
}

impl Repeat {
    /// Whether the command ended well.
    pub fn is_done(&self) -> bool {
        self.exit_code == Some(0)
    }
}

impl Run {
    /// The scatter of a metric over the run's own repeats; `None` with fewer than two values.
    pub fn scatter(&self, metric: &str) -> Option<Scatter> {
        scatter(&self.repeats, metric)
    }
}

fn scatter(repeats: &[Repeat], metric: &str) -> Option<Scatter> {
    let values = values(repeats, metric);
    (values.len() >= 2).then(|| Scatter {
        sd: deviation(&values),
        n: values.len(),
    })
}

/// The scatter of each metric that has one.
pub fn scatters(repeats: &[Repeat]) -> BTreeMap<String, Scatter> {
    let names = repeats.iter().flat_map(|repeat| repeat.metrics.keys());
    let names: std::collections::BTreeSet<&String> = names.collect();
    names
        .into_iter()
        .filter_map(|name| Some((name.clone(), scatter(repeats, name)?)))
        .collect()
}

/// The metrics of a run that was repeated: means of numbers, and other values where all agree.
///
/// Whole numbers that agree stay as they are written; repeats that failed don't count.
pub fn means(repeats: &[Repeat]) -> BTreeMap<String, MetricValue> {
    let done: Vec<&Repeat> = repeats.iter().filter(|repeat| repeat.is_done()).collect();
    let mut means = BTreeMap::new();
    for name in done.iter().flat_map(|repeat| repeat.metrics.keys()) {
        if means.contains_key(name) {
            continue;
        }
        let all: Vec<&MetricValue> = done.iter().filter_map(|r| r.metrics.get(name)).collect();
        let agreed = all
            .iter()
            .all(|value| *value == all[0])
            .then(|| all[0].clone());
        let numbers: Option<Vec<f64>> = all
            .iter()
            .map(|value| value.number().map(Number::as_f64))
            .collect();
        let average = numbers.map(|values| MetricValue::Number(Number::from_f64(mean(&values))));
        if let Some(value) = agreed.or(average) {
            means.insert(name.clone(), value);
        }
    }
    means
}

fn values(repeats: &[Repeat], metric: &str) -> Vec<f64> {
    repeats
        .iter()
        .filter(|repeat| repeat.is_done())
        .filter_map(|repeat| Some(repeat.metrics.get(metric)?.number()?.as_f64()))
        .filter(|value| value.is_finite())
        .collect()
}

/// The arithmetic mean.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard deviation of a sample (divided by n - 1).
pub fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Param;
    use crate::model::param::ParamKind;

    fn repeat(seed: i64, exit_code: i32, metrics: &[(&str, &str)]) -> Repeat {
        let value = |text: &str| match Number::parse(text) {
            Some(number) => MetricValue::Number(number),
            None => MetricValue::Text(text.to_owned()),
        };
        Repeat {
            seed: Param::leaf(ParamKind::Int, seed.to_string()),
            folder: format!("repeats/seed_{seed}"),
            metrics: metrics
                .iter()
                .map(|(name, text)| ((*name).to_owned(), value(text)))
                .collect(),
            seconds: None,
            exit_code: Some(exit_code),
            metrics_sha256: None,
        }
    }

    #[test]
    fn means_are_of_what_ended_well() {
        let all = [
            repeat(
                1,
                0,
                &[("auc", "0.80"), ("rows", "100"), ("who", "a"), ("odd", "1")],
            ),
            repeat(
                2,
                0,
                &[
                    ("auc", "0.82"),
                    ("rows", "100"),
                    ("who", "b"),
                    ("odd", "nan"),
                ],
            ),
            repeat(3, 1, &[("auc", "0.10")]),
        ];
        let found = means(&all);
        let number = |name: &str| found[name].number().unwrap().as_f64();
        assert!((number("auc") - 0.81).abs() < 1e-12);
        assert_eq!(found["rows"], MetricValue::Number(Number::from_i64(100)));
        assert!(!found.contains_key("who"), "two texts have no mean");
        assert!(
            number("odd").is_nan(),
            "a value that is none is not left out"
        );
        let auc = scatter(&all, "auc").unwrap();
        assert_eq!(auc.n, 2);
        assert!((auc.sd - 0.0141421).abs() < 1e-6);
        assert_eq!(scatter(&all, "odd"), None);
        assert_eq!(scatters(&all).keys().collect::<Vec<_>>(), ["auc", "rows"]);
    }
}
