//! How much a metric varies when nothing but the seed changes.

use crate::model::Brief;
use crate::model::seed::names_seed;

/// Spread of repeated runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// How many runs.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their sample standard deviation (n − 1 in the denominator).
    pub sd: f64,
}

impl Noise {
    /// Below this, the difference of two single runs can't be told from luck: two standard
    /// deviations of a difference, which is √2 times as wide as one value's.
    pub fn threshold(&self) -> f64 {
        2.0 * self.sd * std::f64::consts::SQRT_2
    }
}

/// The spread of a metric over the runs that repeat `run`; `None` without a second one.
pub fn of(run: &Brief, runs: &[Brief], metric: &str) -> Option<Noise> {
    let values: Vec<f64> = runs
        .iter()
        .filter(|other| repeats(run, other))
        .filter_map(|other| other.metric(metric))
        .map(|number| number.as_f64())
        .filter(|value| value.is_finite())
        .collect();
    let n = values.len();
    if n < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some(Noise {
        n,
        mean,
        sd: (squares / (n - 1) as f64).sqrt(),
    })
}

/// Whether two runs had the same inputs but for the seed (a run repeats itself).
pub fn repeats(a: &Brief, b: &Brief) -> bool {
    let inputs = |run: &Brief| -> Vec<_> {
        run.data
            .iter()
            .map(|input| (input.role.clone(), input.sha256.clone()))
            .collect()
    };
    let mut names = a
        .params
        .keys()
        .chain(b.params.keys())
        .filter(|name| !names_seed(name));
    a.code_tree.is_some()
        && a.code_tree == b.code_tree
        && inputs(a) == inputs(b)
        && names.all(|name| match (a.params.get(name), b.params.get(name)) {
            (Some(x), Some(y)) => x.same_value(y),
            _ => false,
        })
}
