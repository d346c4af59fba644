//! Counting and ranking in bounded memory: distinct values, uniqueness, quantiles.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::model::card;
use crate::model::sketch::{K, Sketch};

/// Hashes are spread evenly already; hashing them again would only cost time.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

type Build = BuildHasherDefault<AsIs>;

/// The `K` smallest hashes seen.
#[derive(Debug, Default)]
pub struct Smallest {
    heap: BinaryHeap<u64>,
    members: HashSet<u64, Build>,
}

impl Smallest {
    /// Takes one more.
    pub fn add(&mut self, hash: u64) {
        let full = self.heap.len() == K;
        if full && self.heap.peek().is_some_and(|&largest| hash >= largest) {
            return;
        }
        if self.members.insert(hash) {
            self.heap.push(hash);
            if full && let Some(largest) = self.heap.pop() {
                self.members.remove(&largest);
            }
        }
    }

    /// The sketch so far.
    pub fn sketch(&self) -> Sketch {
        Sketch::new(K, self.heap.iter().copied())
    }
}

/// Values and how often each comes, while they are few; afterwards a sketch of them.
#[derive(Debug)]
pub enum Values {
    /// Fewer than [`K`] values.
    Few(HashMap<u64, u64, Build>),
    /// More.
    Many(Smallest),
}

impl Default for Values {
    fn default() -> Self {
        Self::Few(HashMap::default())
    }
}

impl Values {
    /// Takes one more.
    pub fn add(&mut self, hash: u64) {
        match self {
            Self::Few(counts) => {
                *counts.entry(hash).or_default() += 1;
                if counts.len() == K {
                    let mut smallest = Smallest::default();
                    counts.keys().for_each(|&hash| smallest.add(hash));
                    *self = Self::Many(smallest);
                }
            }
            Self::Many(smallest) => smallest.add(hash),
        }
    }

    /// How many values differ.
    pub fn distinct(&self) -> card::Distinct {
        match self {
            Self::Few(counts) => card::Distinct {
                count: counts.len() as u64,
                error: None,
            },
            Self::Many(smallest) => {
                let estimate = smallest.sketch().distinct();
                card::Distinct {
                    count: whole(estimate.value),
                    error: Some(whole(estimate.error.ceil())),
                }
            }
        }
    }

    /// The sketch of the values.
    pub fn sketch(&self) -> Sketch {
        match self {
            Self::Few(counts) => Sketch::new(K, counts.keys().copied()),
            Self::Many(smallest) => smallest.sketch(),
        }
    }

    /// The values, most frequent first, unless there are more than `most`.
    pub fn counts(&self, most: usize) -> Vec<(u64, u64)> {
        match self {
            Self::Few(counts) if counts.len() <= most => {
                let mut list: Vec<_> = counts.iter().map(|(&hash, &count)| (hash, count)).collect();
                list.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
                list
            }
            _ => Vec::new(),
        }
    }
}

/// Rounds an estimate, which is neither negative nor near 2^64.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// Hashes that all uniqueness checks of one table may keep together: some 25 MiB.
pub const UNIQUE_BUDGET: usize = 1 << 20;

/// Whether a value comes twice, as long as that can be told.
#[derive(Debug)]
pub struct Unique {
    seen: Option<HashSet<u64, Build>>,
    repeated: bool,
    last: Option<i128>,
    rising: bool,
    falling: bool,
}

impl Default for Unique {
    fn default() -> Self {
        Self {
            seen: Some(HashSet::default()),
            repeated: false,
            last: None,
            rising: true,
            falling: true,
        }
    }
}

impl Unique {
    /// Takes one more; `order` is its place among integers or moments, if it has one. A column that
    /// only rises or only falls is unique however long it is.
    pub fn add(&mut self, hash: u64, order: Option<i128>, budget: &mut usize) {
        if self.repeated {
            return;
        }
        match (self.last, order) {
            (_, None) => (self.rising, self.falling) = (false, false),
            (Some(last), Some(now)) => {
                self.rising &= now > last;
                self.falling &= now < last;
            }
            (None, Some(_)) => {}
        }
        self.last = order;
        let Some(seen) = &mut self.seen else { return };
        if *budget == 0 {
            *budget += seen.len();
            self.seen = None;
        } else if seen.insert(hash) {
            *budget -= 1;
        } else {
            self.repeated = true;
            self.give_up(budget);
        }
    }

    /// Stops looking, and gives the memory back.
    pub fn give_up(&mut self, budget: &mut usize) {
        *budget += self.seen.take().map_or(0, |seen| seen.len());
        (self.rising, self.falling) = (false, false);
    }

    /// The answer. Two values with the same hash would make it wrongly "no": among a million
    /// values, once in 40 million tables.
    pub fn answer(&self) -> Option<bool> {
        if self.repeated {
            return Some(false);
        }
        let ordered = self.last.is_some() && (self.rising || self.falling);
        (self.seen.is_some() || ordered).then_some(true)
    }
}

/// Items that one level of [`Quantiles`] holds.
const CAPACITY: usize = 512;

/// Ranks of numbers in bounded memory.
///
/// Each level is a buffer whose items stand for twice as many numbers as those of the level below.
/// A full buffer is sorted and every other item moves up, from the first or second by a coin: the
/// sketch of Karnin, Lang and Liberty ("Optimal Quantile Approximation in Streams", FOCS 2016) with
/// all levels of the same size. A compaction at weight `w` moves a rank by `w` or not at all, so
/// after `n` numbers the variance is at most `n w / CAPACITY` a level, and the standard error of a
/// rank at most `n / CAPACITY`. Exact up to [`CAPACITY`] numbers. The coin is seeded: the same
/// numbers give the same answer.
#[derive(Debug)]
pub struct Quantiles {
    levels: Vec<Vec<f64>>,
    coin: u64,
}

impl Default for Quantiles {
    fn default() -> Self {
        Self {
            levels: vec![Vec::new()],
            coin: 0x9e37_79b9_7f4a_7c15,
        }
    }
}

impl Quantiles {
    /// One standard error of a rank, as a share of the count; `None` while ranks are exact.
    pub fn rank_error(&self) -> Option<f64> {
        (self.levels.len() > 1).then(|| 1.0 / CAPACITY as f64)
    }

    /// Takes a number that is not NaN.
    pub fn add(&mut self, value: f64) {
        if self.levels[0].len() == CAPACITY {
            self.compact(0);
        }
        self.levels[0].push(value);
    }

    fn compact(&mut self, level: usize) {
        if self.levels.len() == level + 1 {
            self.levels.push(Vec::new());
        }
        if self.levels[level + 1].len() + CAPACITY / 2 > CAPACITY {
            self.compact(level + 1);
        }
        let mut full = std::mem::take(&mut self.levels[level]);
        full.sort_unstable_by(f64::total_cmp);
        let start = usize::from(self.toss());
        let kept = full.iter().copied().skip(start).step_by(2);
        self.levels[level + 1].extend(kept);
        full.clear();
        self.levels[level] = full;
    }

    /// Xorshift (Marsaglia 2003).
    fn toss(&mut self) -> bool {
        self.coin ^= self.coin << 13;
        self.coin ^= self.coin >> 7;
        self.coin ^= self.coin << 17;
        self.coin >> 63 == 1
    }

    /// The largest distance of two distribution functions (the statistic of Smirnov 1948), with its
    /// standard error if either sketch is an estimate; `None` when one is of nothing.
    pub fn distance(&self, other: &Self) -> Option<(f64, Option<f64>)> {
        let (ours, theirs) = (self.items(), other.items());
        let total = |items: &[(f64, u64)]| items.iter().map(|item| item.1).sum::<u64>() as f64;
        let (n, m) = (total(&ours), total(&theirs));
        if n == 0.0 || m == 0.0 {
            return None;
        }
        let (mut i, mut j, mut passed, mut passed_there, mut most) = (0, 0, 0, 0, 0.0_f64);
        while let (Some(a), Some(b)) = (ours.get(i), theirs.get(j)) {
            let value = a.0.min(b.0);
            while let Some(item) = ours.get(i).filter(|item| item.0 <= value) {
                (passed, i) = (passed + item.1, i + 1);
            }
            while let Some(item) = theirs.get(j).filter(|item| item.0 <= value) {
                (passed_there, j) = (passed_there + item.1, j + 1);
            }
            most = most.max((passed as f64 / n - passed_there as f64 / m).abs());
        }
        let errors = [self.rank_error(), other.rank_error()];
        let error = errors
            .iter()
            .flatten()
            .fold(0.0, |sum: f64, e| sum.hypot(*e));
        Some((most, errors.iter().any(Option::is_some).then_some(error)))
    }

    /// Numbers with their weights, ascending.
    fn items(&self) -> Vec<(f64, u64)> {
        let mut items: Vec<(f64, u64)> = Vec::new();
        for (level, values) in self.levels.iter().enumerate() {
            items.extend(values.iter().map(|&value| (value, 1 << level)));
        }
        items.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        items
    }

    /// For each share, in ascending order, the smallest number at or below which that share lies
    /// (the inverted distribution function).
    pub fn at(&self, shares: &[f64]) -> Vec<f64> {
        let items = self.items();
        let total: u64 = items.iter().map(|item| item.1).sum();
        let mut passed = 0;
        let mut rest = items.iter().peekable();
        let mut answers = Vec::with_capacity(shares.len());
        for share in shares {
            let wanted = (share * total as f64).ceil().max(1.0);
            while let Some(item) = rest.peek() {
                if (passed + item.1) as f64 >= wanted {
                    answers.push(item.0);
                    break;
                }
                passed += item.1;
                rest.next();
            }
        }
        answers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(number: u64) -> u64 {
        twox_hash::XxHash3_64::oneshot(&number.to_le_bytes())
    }

    #[test]
    fn distinct_values_are_exact_while_few_and_close_when_many() {
        for count in [0, 1, 1000, 1023, 1024, 50_000] {
            let mut values = Values::default();
            for number in 0..count * 3 {
                values.add(hash(number % count));
            }
            let distinct = values.distinct();
            assert_eq!(distinct.error.is_none(), count < 1024);
            let off = distinct.count.abs_diff(count);
            assert!(
                off <= 4 * distinct.error.unwrap_or(0),
                "{distinct:?} {count}"
            );
        }
    }

    #[test]
    fn uniqueness_is_told_within_the_budget_and_by_order_beyond_it() {
        let told = |numbers: &mut dyn Iterator<Item = u64>, ordered: bool, mut budget: usize| {
            let mut unique = Unique::default();
            for number in numbers {
                unique.add(hash(number), ordered.then_some(number.into()), &mut budget);
            }
            unique.answer()
        };
        assert_eq!(told(&mut (0..100), false, 1000), Some(true));
        assert_eq!(told(&mut (0..100).chain([7]), false, 1000), Some(false));
        assert_eq!(told(&mut (0..100), false, 50), None);
        assert_eq!(told(&mut (0..100), true, 50), Some(true));
        assert_eq!(told(&mut (0..100).rev(), true, 50), Some(true));
        assert_eq!(told(&mut (0..100).chain([7]), true, 50), None);
    }

    #[test]
    fn the_budget_is_shared_and_given_back() {
        let mut budget = 10;
        let (mut a, mut b) = (Unique::default(), Unique::default());
        (0..6).for_each(|n| a.add(n, None, &mut budget));
        (0..4).for_each(|n| b.add(n, None, &mut budget));
        assert_eq!(budget, 0);
        a.give_up(&mut budget);
        assert_eq!(budget, 6);
        b.add(3, None, &mut budget);
        assert_eq!((b.answer(), budget), (Some(false), 10));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn quantiles_lie_within_their_rank_error(
            count in 1_usize..20_000, seed: u64, shape in 0..4) {
            let mut numbers: Vec<f64> = (0..count as u64).map(|n| {
                let random = hash(n ^ seed) as f64 / 2_f64.powi(64);
                match shape {
                    0 => random,
                    1 => n as f64,
                    2 => (random * 5.0).floor(),
                    _ => -random.ln() * 1e9,
                }
            }).collect();
            let mut sketch = Quantiles::default();
            numbers.iter().for_each(|&number| sketch.add(number));
            numbers.sort_unstable_by(f64::total_cmp);
            let shares = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];
            let answers = sketch.at(&shares);
            prop_assert_eq!(answers.len(), shares.len());
            let slack = 5.0 * sketch.rank_error().unwrap_or(0.0) * count as f64;
            for (share, answer) in shares.into_iter().zip(answers) {
                let low = numbers.partition_point(|&n| n < answer) as f64;
                let high = numbers.partition_point(|&n| n <= answer) as f64;
                let wanted = (share * count as f64).ceil().max(1.0);
                prop_assert!(low - slack < wanted && wanted <= high + slack,
                    "{share} of {count}: {low}..{high}");
            }
        }
    }
}
