//! What is gathered of one column, cell by cell.

use super::cell::{Cell, date_text};
use super::sketch::{Quantiles, Unique, Values};
use crate::model::Number;
use crate::model::card::{Column, ColumnType, DateRange, Distinct, NumberStats, ValueCount};
use crate::model::sketch::{K, Sketch};

/// Values that are listed of a column, when it has no more.
const LISTED: usize = 32;
/// The same for the target.
const LISTED_OF_TARGET: usize = 1000;
const SHARES: [(&str, f64); 5] = [
    ("p05", 0.05),
    ("p25", 0.25),
    ("p50", 0.5),
    ("p75", 0.75),
    ("p95", 0.95),
];
/// Integers below are exact as doubles.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;
/// Types in the order of [`ColumnType`], as `mixed` names them.
const TYPES: [&str; 7] = ["empty", "bool", "int", "float", "date", "datetime", "text"];

/// Running statistics of a column.
#[derive(Debug, Default)]
pub struct ColumnStats {
    name: String,
    declared: ColumnType,
    cells: [u64; 7],
    ints: Option<Ints>,
    moments: Moments,
    times: Option<(i64, i64)>,
    zoned: bool,
    quantiles: Quantiles,
    values: Values,
    unique: Unique,
    content: u64,
}

/// A cell's share of the hash of its column: what it holds and where. Multipliers are those of
/// Fibonacci hashing and of Degski's 64-bit mixer.
fn placed(hash: u64, row: u64) -> u64 {
    let mixed =
        (hash ^ row.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

impl ColumnStats {
    /// Starts a column.
    pub fn new(name: String) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    /// Says what type the file gives the column: it has that even when no cell has a value.
    pub fn declare(&mut self, kind: ColumnType) {
        self.declared = kind;
    }

    /// Counts a cell by its type only.
    pub fn count(&mut self, cell: Cell) {
        self.cells[cell.kind() as usize] += 1;
    }

    /// Takes a cell in full; `hash` is that of its value, `row` its row's number.
    pub fn add(&mut self, cell: Cell, hash: u64, row: u64, budget: &mut usize) {
        self.count(cell);
        if cell == Cell::Empty {
            return;
        }
        self.content = self.content.wrapping_add(placed(hash, row));
        let mut order = None;
        match cell {
            Cell::Empty => {}
            Cell::Int(value) => {
                self.ints.get_or_insert(Ints::new(value)).add(value);
                self.number(value as f64);
                order = Some(value);
            }
            Cell::Float(value) => self.number(value),
            Cell::Date(seconds) => {
                self.time(seconds);
                order = Some(seconds.into());
            }
            Cell::Datetime(seconds, zoned) => {
                self.time(seconds);
                self.zoned |= zoned;
            }
            Cell::Bool(_) | Cell::Text => {}
        }
        self.values.add(hash);
        match cell {
            // Measurements differ without naming anything.
            Cell::Float(_) => self.unique.give_up(budget),
            _ => self.unique.add(hash, order, budget),
        }
    }

    fn number(&mut self, value: f64) {
        self.moments.add(value);
        if value.is_finite() {
            self.quantiles.add(value);
        }
    }

    fn time(&mut self, seconds: i64) {
        let (low, high) = self.times.unwrap_or((seconds, seconds));
        self.times = Some((low.min(seconds), high.max(seconds)));
    }

    fn of(&self, kind: ColumnType) -> u64 {
        self.cells[kind as usize]
    }

    fn filled(&self) -> u64 {
        self.cells[1..].iter().sum()
    }

    /// The type that fits all cells.
    pub fn kind(&self) -> ColumnType {
        use ColumnType::{Bool, Date, Datetime, Float, Int, Text};
        let only = |kinds: &[ColumnType]| {
            kinds.iter().map(|&kind| self.of(kind)).sum::<u64>() == self.filled()
        };
        if self.filled() == 0 {
            return self.declared;
        }
        let fits: [(ColumnType, &[ColumnType]); 5] = [
            (Bool, &[Bool]),
            (Int, &[Int]),
            (Float, &[Int, Float]),
            (Date, &[Date]),
            (Datetime, &[Date, Datetime]),
        ];
        let found = fits.into_iter().find(|(_, kinds)| only(kinds));
        found.map_or(Text, |(kind, _)| kind)
    }

    /// Whether the column names each of so many rows.
    pub fn is_key(&self, rows: u64) -> bool {
        rows > 1
            && self.filled() == rows
            && self.of(ColumnType::Float) == 0
            && self.unique.answer() == Some(true)
    }

    /// The sketch of its values.
    pub fn sketch(&self) -> Sketch {
        self.values.sketch()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The outline of types only; `rows` were looked at.
    pub fn schema(&self, rows: u64) -> Column {
        Column {
            name: self.name.clone(),
            kind: self.kind(),
            mixed: self.mixed(),
            empty: rows - self.filled(),
            ..Column::default()
        }
    }

    fn mixed(&self) -> std::collections::BTreeMap<String, u64> {
        let kinds = self.cells[1..].iter().filter(|&&count| count > 0).count();
        if kinds < 2 || self.kind() != ColumnType::Text {
            return Default::default();
        }
        let named = TYPES.iter().zip(self.cells).skip(1);
        named
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| ((*name).to_owned(), count))
            .collect()
    }

    /// Everything; `rows` were looked at.
    pub fn full(&self, rows: u64, is_target: bool) -> Column {
        let most = if is_target { LISTED_OF_TARGET } else { LISTED };
        let values = self.values.counts(most);
        let told = self.of(ColumnType::Float) == 0 && self.filled() > 0;
        let unique = self.unique.answer().filter(|_| told);
        Column {
            distinct: Some(if unique == Some(true) {
                Distinct {
                    count: self.filled(),
                    error: None,
                }
            } else {
                let mut distinct = self.values.distinct();
                // An estimate knows nothing of how many cells there were, nor of what was kept.
                if distinct.error.is_some() {
                    distinct.count = distinct.count.clamp(K as u64, self.filled());
                }
                distinct
            }),
            unique,
            content: (self.filled() > 0).then(|| format!("{:016x}", self.content)),
            numbers: self.numbers(),
            dates: self.dates(),
            values: values
                .into_iter()
                .map(|(hash, count)| ValueCount {
                    hash: format!("{hash:016x}"),
                    count,
                })
                .collect(),
            ..self.schema(rows)
        }
    }

    /// Numbers strewn among text could be anybody's text: they are told of when they prevail.
    fn numbers(&self) -> Option<NumberStats> {
        let count = self.of(ColumnType::Int) + self.of(ColumnType::Float);
        if count == 0 || count * 2 < self.filled() {
            return None;
        }
        let integers = self.of(ColumnType::Float) == 0;
        let float = |value: f64| Some(value).filter(|v| v.is_finite()).map(Number::from_f64);
        let exact = |value: i128| Number::parse(&value.to_string());
        let shares = SHARES.map(|(_, share)| share);
        let at = self.quantiles.at(&shares).into_iter();
        let quantiles = SHARES.iter().zip(at).filter_map(|((name, _), value)| {
            // Beyond this, doubles are not all integers: what is told is a number near the quantile.
            let value = if integers && value.abs() < MOST_EXACT {
                Number::parse(&format!("{value:.0}"))?
            } else {
                Number::from_f64(value)
            };
            Some(((*name).to_owned(), value))
        });
        let (low, high) = match (self.ints, integers) {
            (Some(ints), true) => (exact(ints.min), exact(ints.max)),
            _ => (float(self.moments.min), float(self.moments.max)),
        };
        let sum = self.ints.filter(|_| integers).and_then(|ints| ints.sum);
        let mean = sum.map_or(self.moments.mean, |sum| sum as f64 / count as f64);
        Some(NumberStats {
            count,
            infinite: self.moments.infinite,
            min: low,
            max: high,
            mean: float(mean).filter(|_| self.moments.count > 0),
            sd: self.moments.sd().and_then(float),
            quantiles: quantiles.collect(),
            rank_error: self.quantiles.rank_error().map(Number::from_f64),
        })
    }

    fn dates(&self) -> Option<DateRange> {
        let kind = self.kind();
        if !matches!(kind, ColumnType::Date | ColumnType::Datetime) {
            return None;
        }
        let text = |seconds| date_text(seconds, kind == ColumnType::Date, self.zoned);
        let (low, high) = self.times?;
        Some(DateRange {
            earliest: text(low)?,
            latest: text(high)?,
        })
    }
}

/// Integers, exact where floats would round.
#[derive(Clone, Copy, Debug)]
struct Ints {
    min: i128,
    max: i128,
    /// `None` once it grew too large.
    sum: Option<i128>,
}

impl Ints {
    fn new(first: i128) -> Self {
        Self {
            min: first,
            max: first,
            sum: Some(0),
        }
    }

    fn add(&mut self, value: i128) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sum = self.sum.and_then(|sum| sum.checked_add(value));
    }
}

/// Mean and spread of finite numbers in one pass (Welford 1962).
#[derive(Debug)]
struct Moments {
    count: u64,
    infinite: u64,
    mean: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            count: 0,
            infinite: 0,
            mean: 0.0,
            squares: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }
}

impl Moments {
    fn add(&mut self, value: f64) {
        if !value.is_finite() {
            self.infinite += 1;
            return;
        }
        self.count += 1;
        let off = value - self.mean;
        self.mean += off / self.count as f64;
        self.squares += off * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    fn sd(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / (self.count - 1) as f64).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A column of so many measurements, each of which comes so often.
    fn column(values: u64, times: u64, salt: u64) -> Distinct {
        let mut column = ColumnStats::new("x".to_owned());
        for row in 0..values * times {
            let hash =
                twox_hash::XxHash3_64::oneshot_with_seed(salt, &(row % values).to_le_bytes());
            column.add(Cell::Float(0.5), hash, row, &mut 0);
        }
        column.full(values * times, false).distinct.unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn as_many_values_differ_as_there_can_be(
            values in 1_u64..6_000, times in 1_u64..4, salt: u64) {
            let told = column(values, times, salt);
            prop_assert_eq!(told.error.is_none(), values < K as u64);
            let off = told.count.abs_diff(values);
            prop_assert!(off <= 5 * told.error.unwrap_or(0), "{:?} of {}", told, values);
            prop_assert!(told.count <= values * times, "{:?} of {}", told, values);
            prop_assert!(told.error.is_none() || told.count >= K as u64, "{:?}", told);
        }
    }

    #[test]
    fn two_of_three_counts_are_within_their_stated_error() {
        const COLUMNS: u64 = 400;
        let within = (0..COLUMNS).filter(|&salt| {
            let told = column(4_000, 2, salt);
            told.count.abs_diff(4_000) <= told.error.unwrap_or(0)
        });
        let share = within.count() as f64 / COLUMNS as f64;
        assert!((0.6..0.76).contains(&share), "{share}");
    }

    #[test]
    fn a_quantile_of_integers_beyond_doubles_is_no_integer() {
        let mut column = ColumnStats::new("x".to_owned());
        for (row, value) in [-5, i128::from(i64::MAX), i128::from(i64::MAX) + 1]
            .into_iter()
            .enumerate()
        {
            column.add(Cell::Int(value), row as u64, row as u64, &mut 9);
        }
        let numbers = column.full(3, false).numbers.unwrap();
        assert_eq!(numbers.max.unwrap().to_string(), "9223372036854775808");
        assert_eq!(numbers.quantiles["p50"].to_string(), "9.223372036854776e18");
        assert_eq!(numbers.quantiles["p05"].to_string(), "-5");
    }

    #[test]
    fn integers_beyond_doubles_have_their_exact_mean() {
        let mut column = ColumnStats::new("x".to_owned());
        for (row, value) in [i128::from(i64::MAX), i128::from(i64::MIN), 4]
            .into_iter()
            .enumerate()
        {
            column.add(Cell::Int(value), row as u64, row as u64, &mut 9);
        }
        let numbers = column.full(3, false).numbers.unwrap();
        assert_eq!(numbers.mean.unwrap().as_f64(), 1.0);
    }

    #[test]
    fn a_key_names_every_row() {
        let mut column = ColumnStats::new("x".to_owned());
        let mut budget = 9;
        for row in 1..=3 {
            column.add(Cell::Int(row.into()), row, row, &mut budget);
        }
        assert!(column.is_key(3));
        column.add(Cell::Empty, 0, 4, &mut budget);
        assert!(!column.is_key(4), "the fourth has no name");
    }
}
