//! Noise: how far a metric moves when nothing but luck changes.
//!
//! Runs that share all inputs but the seed are repeats of one experiment. With repeats on both sides
//! the means are compared by Welch's t-test at 95 % (B. L. Welch, Biometrika 34, 1947), whose degrees
//! of freedom allow for small and unequal samples. With repeats on one side only, their standard
//! deviation s is taken for both: the difference of two single runs then has standard deviation s·√2,
//! and below twice that it is within noise. Without repeats noise is unknown, and nothing is ever
//! called significant; n stands beside every ± because three seeds are weak evidence.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Evidence, Side};
use super::fingerprint::{canonical, fingerprint_but_seed};
use crate::model::repeats::{deviation, mean};
use crate::model::run::Repeat;
use crate::model::seed::names_seed;
use crate::model::{MetricValue, Oid, Param, Run, Status};

/// What is known of a metric's noise between two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// How it was estimated.
    pub method: Method,
    /// Values on the first side.
    pub n_a: usize,
    /// Values on the second side.
    pub n_b: usize,
    /// Standard deviation (of the one sample, or pooled over both).
    pub sd: f64,
    /// A smaller difference is within noise.
    pub threshold: f64,
    /// The difference that the threshold is for: of the means, or of the two runs.
    pub difference: f64,
}

/// The rule that decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Welch's t-test on the means, 95 %, two-sided.
    Welch,
    /// Twice s·√2 with the s of the only repeated side.
    OneSample,
}

impl Noise {
    /// Whether luck alone explains the difference.
    pub fn within(&self) -> bool {
        self.difference.abs() < self.threshold
    }

    /// Values behind the estimate.
    pub fn n(&self) -> usize {
        match self.method {
            Method::Welch => self.n_a + self.n_b,
            Method::OneSample => self.n_a.max(self.n_b),
        }
    }
}

/// Mean and spread of the runs that share the inputs of both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The metric.
    pub metric: String,
    /// How many runs.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub sd: f64,
}

impl Spread {
    /// Differences between two such runs below this are noise: 2·s·√2.
    pub fn threshold(&self) -> f64 {
        threshold(self.sd)
    }
}

fn threshold(sd: f64) -> f64 {
    2.0 * sd * std::f64::consts::SQRT_2
}

/// The repeats of both sides, found once for all metrics.
#[derive(Debug)]
pub struct Repeats<'a> {
    a: Vec<Sample<'a>>,
    b: Vec<Sample<'a>>,
    /// Whether both sides repeat the same experiment.
    pub shared: bool,
}

#[derive(Clone, Debug)]
struct Sample<'a> {
    seed: Option<String>,
    metrics: &'a BTreeMap<String, MetricValue>,
}

impl<'a> Repeats<'a> {
    /// Looks for repeats of both sides among the project's runs and inside the two themselves.
    pub fn find(a: &Side<'a>, b: &Side<'a>, evidence: &Evidence<'a>) -> Self {
        let (print_a, print_b) = (fingerprint_but_seed(a.run), fingerprint_but_seed(b.run));
        let shared = print_a == print_b && print_a.is_proof();
        let (mut group_a, mut group_b) = (own(a), own(b));
        for run in evidence.runs.iter().copied() {
            if run.uid == a.run.uid || run.uid == b.run.uid || run.status != Status::Ok {
                continue;
            }
            // Hashing every record costs more than this look at what differs most.
            let alike = |other| may_repeat(run.code.code_tree.as_ref(), &run.params, other);
            if !alike(a.run) && !alike(b.run) {
                continue;
            }
            let print = fingerprint_but_seed(run);
            if !print.is_proof() {
                continue;
            }
            let side = Side::new(run);
            if print.digest == print_a.digest {
                group_a.extend(own(&side));
            }
            if print.digest == print_b.digest {
                group_b.extend(own(&side));
            }
        }
        Self {
            a: group_a,
            b: group_b,
            shared,
        }
    }

    /// The noise of one metric, given the values of the two runs.
    pub fn noise(&self, metric: &str, a: f64, b: f64) -> Option<Noise> {
        let (values_a, values_b) = (values(&self.a, metric), values(&self.b, metric));
        if self.shared {
            // Both sides draw from one sample; two values alone would measure themselves.
            let all = self.all(metric);
            let sd = (all.len() >= 3).then(|| deviation(&all))?;
            return Some(one_sample(all.len(), 0, sd, b - a));
        }
        match (values_a.len(), values_b.len()) {
            (2.., 2..) => Some(welch(&values_a, &values_b)),
            (n @ 2.., _) => Some(one_sample(n, 1, deviation(&values_a), b - a)),
            (_, n @ 2..) => Some(one_sample(1, n, deviation(&values_b), b - a)),
            _ => None,
        }
    }

    /// Mean and spread over both sides, when they are repeats of one experiment.
    pub fn spread(&self, metric: &str) -> Option<Spread> {
        let all = self.all(metric);
        (self.shared && all.len() >= 3).then(|| Spread {
            metric: metric.to_owned(),
            n: all.len(),
            mean: mean(&all),
            sd: deviation(&all),
        })
    }

    /// How many values of a metric each side has.
    pub fn counts(&self, metric: &str) -> (usize, usize) {
        (values(&self.a, metric).len(), values(&self.b, metric).len())
    }

    fn all(&self, metric: &str) -> Vec<f64> {
        // In a shared experiment both groups hold the same other runs: the second side adds itself.
        let mut samples = self.a.clone();
        samples.extend(
            self.b
                .iter()
                .filter(|sample| {
                    !self
                        .a
                        .iter()
                        .any(|known| std::ptr::eq(known.metrics, sample.metrics))
                })
                .cloned(),
        );
        values(&samples, metric)
    }
}

/// A quick look that spares most runs the fingerprint: a repeat has the same code, and each number of
/// the configuration that is no seed.
pub fn may_repeat(code_tree: Option<&Oid>, params: &BTreeMap<String, Param>, other: &Run) -> bool {
    let equal = |(key, value): (&String, &Param)| {
        let twin = other.params.get(key);
        value.number().is_none() || names_seed(key) || twin.is_some_and(|t| t.same_value(value))
    };
    code_tree == other.code.code_tree.as_ref()
        && params.len() == other.params.len()
        && params.iter().all(equal)
}

/// A run's own values: its repeats if it has some (its metrics are then their mean), else itself.
fn own<'a>(side: &Side<'a>) -> Vec<Sample<'a>> {
    let repeats: Vec<&'a Repeat> = side.run.repeats.iter().filter(|r| r.is_done()).collect();
    if repeats.is_empty() {
        return vec![Sample {
            seed: side.run.seed.as_ref().map(canonical),
            metrics: &side.run.metrics,
        }];
    }
    let sample = |repeat: &'a Repeat| Sample {
        seed: Some(canonical(&repeat.seed)),
        metrics: &repeat.metrics,
    };
    repeats.into_iter().map(sample).collect()
}

/// The finite values of a metric. The same value under the same seed is one observation, however
/// often it was repeated.
fn values(samples: &[Sample<'_>], metric: &str) -> Vec<f64> {
    let mut seen = BTreeSet::new();
    samples
        .iter()
        .filter_map(|sample| {
            let value = sample.metrics.get(metric)?.number()?.as_f64();
            let new = match &sample.seed {
                Some(seed) => seen.insert((seed.clone(), value.to_bits())),
                None => true,
            };
            (value.is_finite() && new).then_some(value)
        })
        .collect()
}

fn one_sample(n_a: usize, n_b: usize, sd: f64, difference: f64) -> Noise {
    Noise {
        method: Method::OneSample,
        n_a,
        n_b,
        sd,
        threshold: threshold(sd),
        difference,
    }
}

fn welch(a: &[f64], b: &[f64]) -> Noise {
    let (na, nb) = (a.len() as f64, b.len() as f64);
    let (va, vb) = (deviation(a).powi(2), deviation(b).powi(2));
    let (sa, sb) = (va / na, vb / nb);
    let degrees = if sa + sb > 0.0 {
        (sa + sb).powi(2) / (sa.powi(2) / (na - 1.0) + sb.powi(2) / (nb - 1.0))
    } else {
        na + nb - 2.0
    };
    let pooled = ((na - 1.0) * va + (nb - 1.0) * vb) / (na + nb - 2.0);
    Noise {
        method: Method::Welch,
        n_a: a.len(),
        n_b: b.len(),
        sd: pooled.sqrt(),
        threshold: t_quantile(degrees) * (sa + sb).sqrt(),
        difference: mean(b) - mean(a),
    }
}

/// The 97.5 % quantile of Student's t, for whole degrees of freedom rounded down: the wider, more
/// careful bound.
fn t_quantile(degrees: f64) -> f64 {
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045, 2.042,
    ];
    const WIDER: [(f64, f64); 3] = [(120.0, 1.980), (60.0, 2.000), (40.0, 2.021)];
    if let Some((_, quantile)) = WIDER.iter().find(|(least, _)| degrees >= *least) {
        return *quantile;
    }
    // Degrees are at least 1 in a sample of two, and below 40 here.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = degrees.clamp(1.0, 30.0) as usize;
    TABLE[whole - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-3
    }

    #[test]
    fn welch_agrees_with_another_computation() {
        // By Python's statistics module: the means differ by -1.548571, the standard error is
        // 1.268887 with 9.817 degrees of freedom, hence t(9) = 2.262.
        let a = [20.4, 24.2, 15.4, 21.4, 20.2, 18.5, 21.5];
        let b = [20.2, 16.9, 18.5, 17.3, 20.5];
        let noise = welch(&a, &b);
        assert!(close(noise.difference, -1.548_571));
        assert!(close(noise.threshold, 2.262 * 1.268_887), "{noise:?}");
        assert!(noise.within());
    }

    #[test]
    fn two_against_two_is_hard_to_beat() {
        let noise = welch(&[0.80, 0.81], &[0.82, 0.83]);
        assert!(noise.within(), "four runs are weak evidence: {noise:?}");
        assert!(!welch(&[0.80, 0.801], &[0.83, 0.831]).within());
    }

    #[test]
    fn repeats_without_spread_make_every_difference_real() {
        let noise = welch(&[0.5, 0.5], &[0.6, 0.6]);
        assert_eq!(noise.threshold, 0.0);
        assert!(!noise.within());
    }

    #[test]
    fn quantiles_fall_towards_the_normal_one() {
        let degrees = [1.0, 1.9, 2.0, 9.7, 30.0, 39.0, 45.0, 60.0, 1e6];
        let quantiles: Vec<f64> = degrees.iter().map(|d| t_quantile(*d)).collect();
        assert!(quantiles.windows(2).all(|pair| pair[0] >= pair[1]));
        assert_eq!((quantiles[1], quantiles[3]), (12.706, 2.262));
    }
}
