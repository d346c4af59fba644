//! A bounded sample of a set, by which two sets are compared when neither is at hand.
//!
//! A sketch keeps the `k` smallest 64-bit hashes of a set's members. Below a threshold that both
//! sketches reach, both are complete: so the members that one set has and the other has not can be
//! counted there and scaled up. The method is the theta sketch (Dasgupta, Lang, Rhodes, Thaler:
//! "A Framework for Estimating Stream Expression Cardinalities", ICDT 2016).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Hashes that a sketch keeps at the most.
pub const K: usize = 1024;

/// The smallest hashes of a set.
///
/// In JSON: `{"k": 1024, "hashes": "<base64 of little-endian 64-bit words, ascending>"}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Sketch {
    k: usize,
    hashes: Vec<u64>,
}

/// A number with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// One standard error; zero when the value is exact.
    pub error: f64,
}

/// How two sets overlap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Members of the second set only.
    pub added: Estimate,
    /// Members of the first set only.
    pub removed: Estimate,
    /// Members of both.
    pub common: Estimate,
}

impl Sketch {
    /// Takes hashes, of which it keeps the `k` smallest.
    pub fn new(k: usize, hashes: impl IntoIterator<Item = u64>) -> Self {
        let mut hashes: Vec<u64> = hashes.into_iter().collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes.truncate(k);
        Self { k, hashes }
    }

    /// Whether every member of the set is in it, so that counts are exact.
    pub fn is_complete(&self) -> bool {
        self.hashes.len() < self.k
    }

    /// The hashes, ascending.
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// Below this, all hashes of the set are in the sketch; `None` when that holds everywhere.
    fn threshold(&self) -> Option<u64> {
        match self.hashes.last() {
            Some(&last) if !self.is_complete() => Some(last),
            _ => None,
        }
    }

    /// How many members the set has.
    pub fn distinct(&self) -> Estimate {
        let threshold = self.threshold();
        estimate(below(&self.hashes, threshold).len(), threshold)
    }

    /// Compares the set with a later one.
    pub fn overlap(&self, later: &Self) -> Overlap {
        let threshold = match (self.threshold(), later.threshold()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let (a, b) = (
            below(&self.hashes, threshold),
            below(&later.hashes, threshold),
        );
        let common = a
            .iter()
            .filter(|hash| b.binary_search(hash).is_ok())
            .count();
        Overlap {
            added: estimate(b.len() - common, threshold),
            removed: estimate(a.len() - common, threshold),
            common: estimate(common, threshold),
        }
    }
}

fn below(hashes: &[u64], threshold: Option<u64>) -> &[u64] {
    match threshold {
        Some(threshold) => &hashes[..hashes.partition_point(|&hash| hash < threshold)],
        None => hashes,
    }
}

/// Scales a count below the threshold to all hashes. The count is binomial; none at all is as
/// uncertain as one.
fn estimate(count: usize, threshold: Option<u64>) -> Estimate {
    let Some(threshold) = threshold else {
        return Estimate {
            value: count as f64,
            error: 0.0,
        };
    };
    let share = (threshold as f64 / 2_f64.powi(64)).max(f64::MIN_POSITIVE);
    let spread = (count.max(1) as f64 * (1.0 - share)).sqrt();
    Estimate {
        value: count as f64 / share,
        error: spread / share,
    }
}

impl std::fmt::Debug for Sketch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sketch({} of {})", self.hashes.len(), self.k)
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Encoded {
    k: u32,
    hashes: String,
}

impl Serialize for Sketch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.hashes.iter().flat_map(|h| h.to_le_bytes()).collect();
        Encoded {
            k: u32::try_from(self.k).map_err(serde::ser::Error::custom)?,
            hashes: STANDARD.encode(bytes),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sketch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let encoded = Encoded::deserialize(deserializer)?;
        let bytes = STANDARD.decode(encoded.hashes).map_err(D::Error::custom)?;
        let (words, rest) = bytes.as_chunks::<8>();
        let hashes: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let k = usize::try_from(encoded.k).map_err(D::Error::custom)?;
        if !rest.is_empty() || hashes.len() > k || !hashes.is_sorted_by(|a, b| a < b) {
            return Err(D::Error::custom("a sketch is k ascending 64-bit words"));
        }
        Ok(Self { k, hashes })
    }
}

impl JsonSchema for Sketch {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sketch".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Encoded::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Spreads small numbers over all 64 bits (the finalizer of SplitMix64).
    fn mix(number: u64) -> u64 {
        let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn of(range: std::ops::Range<u64>, salt: u64) -> Sketch {
        Sketch::new(K, range.map(|n| mix(mix(salt) ^ n)))
    }

    fn off(estimate: Estimate, truth: u64) -> f64 {
        (estimate.value - truth as f64).abs() / estimate.error
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn estimates_lie_within_their_error(
            removed in 0_u64..8_000, common in 0_u64..12_000, added in 0_u64..8_000,
            salt: u64) {
            let a = of(0..removed + common, salt);
            let b = of(removed..removed + common + added, salt);
            let overlap = a.overlap(&b);
            // Six standard errors, and a little for the few counts that are far from normal.
            for (estimate, truth) in [
                (overlap.removed, removed), (overlap.common, common), (overlap.added, added),
                (a.distinct(), removed + common),
            ] {
                let allowed = 6.0 * estimate.error;
                prop_assert!((estimate.value - truth as f64).abs() <= allowed, "{estimate:?} {truth}");
            }
            let mirrored = b.overlap(&a);
            prop_assert_eq!(mirrored.added, overlap.removed);
            prop_assert_eq!(mirrored.common, overlap.common);
        }

        #[test]
        fn small_sets_are_compared_exactly(
            removed in 0_u64..300, common in 0_u64..300, added in 0_u64..300) {
            let overlap = of(0..removed + common, 0).overlap(&of(removed..removed + common + added, 0));
            let exact = |count: u64| Estimate { value: count as f64, error: 0.0 };
            prop_assert_eq!(overlap, Overlap {
                added: exact(added), removed: exact(removed), common: exact(common),
            });
        }

        #[test]
        fn json_keeps_a_sketch(hashes in prop::collection::vec(any::<u64>(), 0..50)) {
            let sketch = Sketch::new(20, hashes);
            let json = serde_json::to_string(&sketch).unwrap();
            prop_assert_eq!(serde_json::from_str::<Sketch>(&json).unwrap(), sketch);
        }
    }

    #[test]
    fn two_of_three_estimates_are_within_one_error_and_they_lean_to_no_side() {
        let (mut within, mut sum) = (0, 0.0);
        let rounds = 200;
        for salt in 0..rounds {
            let overlap = of(0..5_000, salt).overlap(&of(100..5_512, salt));
            within += u32::from(off(overlap.added, 512) <= 1.0);
            sum += overlap.added.value;
        }
        let share = f64::from(within) / rounds as f64;
        assert!((0.58..0.78).contains(&share), "{share}");
        // Each estimate has an error of about 45; their mean, of 3.
        let mean = sum / rounds as f64;
        assert!((mean - 512.0).abs() < 12.0, "{mean}");
    }

    /// Three thousand pairs of sets, with sketches small enough to be estimates.
    #[test]
    fn stated_errors_hold_as_often_as_they_say() {
        const PAIRS: u64 = 3000;
        let mut within = [0_u32; 3];
        for salt in 0..PAIRS {
            let (removed, common) = (200 + mix(salt) % 300, 200 + mix(salt + PAIRS) % 300);
            let of =
                |range: std::ops::Range<u64>| Sketch::new(128, range.map(|n| mix(mix(salt) ^ n)));
            let overlap = of(0..removed + common).overlap(&of(removed..2 * removed + common));
            let off = off(overlap.added, removed);
            for (count, errors) in within.iter_mut().zip(1..) {
                *count += u32::from(off <= f64::from(errors));
            }
        }
        // A normal distribution has 68.3, 95.4 and 99.7 % within one, two and three.
        let share = within.map(|count| f64::from(count) / PAIRS as f64);
        assert!((0.65..0.72).contains(&share[0]), "{share:?}");
        assert!(share[1] > 0.93 && share[2] > 0.985, "{share:?}");
    }

    #[test]
    fn damaged_sketches_are_refused() {
        for json in [
            r#"{"k": 1, "hashes": "AAAA"}"#,
            r#"{"k": 0, "hashes": "AAAAAAAAAAA="}"#,
            r#"{"k": 2, "hashes": "AQAAAAAAAAAAAAAAAAAAAA=="}"#,
        ] {
            assert!(serde_json::from_str::<Sketch>(json).is_err(), "{json}");
        }
    }
}
