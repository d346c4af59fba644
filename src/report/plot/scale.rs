//! Axes: where a value stands, and which values get a tick.

use crate::ui::number::significant;

/// An axis from `low` to `high`, linear or logarithmic.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
    ticks: Vec<Tick>,
}

/// A labelled place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where.
    pub value: f64,
    /// How it is written.
    pub label: String,
}

impl Scale {
    /// An axis that ends at its outermost values.
    pub fn exact(low: f64, high: f64, ticks: usize) -> Self {
        let (low, high) = widened(low, high);
        let step = nice_step(low, high, ticks);
        Self {
            ticks: multiples(low, high, step),
            low,
            high,
            log: false,
        }
    }

    /// An axis of whole numbers, such as steps, that ends at its outermost values.
    pub fn whole(low: f64, high: f64, ticks: usize) -> Self {
        let (low, high) = if low < high {
            (low, high)
        } else {
            (low - 1.0, high + 1.0)
        };
        let step = nice_step(low, high, ticks).max(1.0);
        Self {
            ticks: multiples(low, high, step),
            low,
            high,
            log: false,
        }
    }

    /// An axis that reaches to the ticks around its outermost values.
    pub fn padded(low: f64, high: f64, ticks: usize) -> Self {
        let (low, high) = widened(low, high);
        let step = nice_step(low, high, ticks);
        let (outer_low, outer_high) = ((low / step).floor() * step, (high / step).ceil() * step);
        if !(outer_low.is_finite() && outer_high.is_finite()) {
            return Self::exact(low, high, ticks);
        }
        Self {
            ticks: multiples(outer_low, outer_high, step),
            low: outer_low,
            high: outer_high,
            log: false,
        }
    }

    /// A logarithmic axis; both ends must be above zero.
    ///
    /// It ends at powers of ten, or at its values when they span less than one.
    pub fn log(low: f64, high: f64) -> Self {
        let (low, high) = (low.max(f64::MIN_POSITIVE), high.max(f64::MIN_POSITIVE));
        let (first, last) = (low.log10().floor(), high.log10().ceil());
        if last - first <= 1.0 {
            return Self {
                log: true,
                ..Self::padded_above_zero(low, high)
            };
        }
        let stride = ((last - first) / 6.0).ceil().max(1.0);
        let mut ticks = Vec::new();
        let mut exponent = first;
        while exponent <= last {
            let value = 10f64.powf(exponent);
            ticks.push(Tick {
                value,
                label: power_of_ten(exponent),
            });
            exponent += stride;
        }
        Self {
            low: 10f64.powf(first),
            high: 10f64.powf(last),
            log: true,
            ticks,
        }
    }

    fn padded_above_zero(low: f64, high: f64) -> Self {
        let padded = Self::padded(low, high, 4);
        if padded.low > 0.0 {
            padded
        } else {
            Self::exact(low, high, 4)
        }
    }

    /// The place of a value: 0 at the low end, 1 at the high one.
    pub fn at(&self, value: f64) -> f64 {
        if self.log {
            let (low, high) = (self.low.log10(), self.high.log10());
            return (value.log10() - low) / (high - low);
        }
        // Halves, for the distance between two doubles may be more than a double can hold.
        (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
    }

    /// The low end.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The high end.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// The labelled places, from low to high.
    pub fn ticks(&self) -> &[Tick] {
        &self.ticks
    }
}

/// Gives a single value room on both sides.
fn widened(low: f64, high: f64) -> (f64, f64) {
    if low < high {
        return (low, high);
    }
    let room = if low == 0.0 { 1.0 } else { low.abs() * 0.05 };
    (low - room, low + room)
}

/// The 1, 2 or 5 × 10ⁿ that gives about `count` intervals, rather fewer than more.
///
/// After P. Heckbert, "Nice Numbers for Graph Labels", Graphics Gems, 1990.
fn nice_step(low: f64, high: f64, count: usize) -> f64 {
    let rough = (high / 2.0 - low / 2.0) / (count.max(1) as f64 / 2.0);
    let power = 10f64.powf(rough.log10().floor());
    let fraction = rough / power;
    let nice = if fraction < 1.1 {
        1.0
    } else if fraction < 2.2 {
        2.0
    } else if fraction < 5.5 {
        5.0
    } else {
        10.0
    };
    nice * power
}

fn multiples(low: f64, high: f64, step: f64) -> Vec<Tick> {
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let count = last - first;
    // Beyond 2^53 neighbouring multiples fall together: name the ends, and no tick twice.
    if !(0.0..100.0).contains(&count) || first.abs() > 9e15 || last.abs() > 9e15 {
        return [low, high]
            .map(|value| Tick {
                value,
                label: significant(value, 3),
            })
            .to_vec();
    }
    let mut ticks = Vec::new();
    let mut index = first;
    while index <= last {
        let value = index * step;
        ticks.push(Tick {
            value,
            label: label(value, step),
        });
        index += 1.0;
    }
    ticks
}

/// A tick's text, with just the decimals that its step needs: `0.85`, `20k`, `1.5M`, `2e-7`.
fn label(value: f64, step: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if size >= 1e15 || size < 1e-4 && step < 1e-4 {
        return significant(value, 3);
    }
    for (unit, sign) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if size >= unit && (unit > 1e3 || size >= 1e4) {
            let number = fixed(value / unit, step / unit);
            let short = match number.split_once('.') {
                Some(_) => number.trim_end_matches('0').trim_end_matches('.'),
                None => &number,
            };
            return format!("{short}{sign}");
        }
    }
    fixed(value, step)
}

fn fixed(value: f64, step: f64) -> String {
    let decimals = (-step.log10().floor()).clamp(0.0, 12.0);
    let digits = (0..=12u8)
        .find(|&n| f64::from(n) >= decimals)
        .unwrap_or_default();
    format!("{value:.*}", usize::from(digits)).replace('-', "−")
}

fn power_of_ten(exponent: f64) -> String {
    if (-3.0..=4.0).contains(&exponent) {
        return format!("{}", 10f64.powf(exponent));
    }
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised: String = format!("{exponent:.0}")
        .chars()
        .map(|c| match c.to_digit(10) {
            Some(digit) => RAISED[digit as usize],
            None => '⁻',
        })
        .collect();
    format!("10{raised}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<&str> {
        scale.ticks().iter().map(|t| t.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers_around_the_values() {
        let metric = Scale::padded(0.793, 0.861, 5);
        assert_eq!(
            labels(&metric),
            ["0.78", "0.80", "0.82", "0.84", "0.86", "0.88"]
        );
        assert_eq!((metric.at(0.78), metric.at(0.88)), (0.0, 1.0));
        assert_eq!(labels(&Scale::whole(0.0, 1.0, 5)), ["0", "1"]);
        let steps = Scale::whole(0.0, 1_000_000.0, 5);
        assert_eq!(labels(&steps), ["0", "200k", "400k", "600k", "800k", "1M"]);
        assert_eq!(
            labels(&Scale::whole(1.0, 6.0, 5)),
            ["1", "2", "3", "4", "5", "6"]
        );
    }

    #[test]
    fn one_value_and_the_widest_range_have_axes_too() {
        for (low, high) in [
            (0.5, 0.5),
            (0.0, 0.0),
            (-1e308, 1e308),
            (1e15, 1e15 + 0.25),
            (5e-324, 1e-323),
        ] {
            let scale = Scale::padded(low, high, 5);
            let (a, b) = (scale.at(low), scale.at(high));
            assert!(
                (0.0..=1.0).contains(&a) && (0.0..=1.0).contains(&b),
                "{low} {high}: {a} {b}"
            );
            assert!(!scale.ticks().is_empty(), "{low} {high}");
        }
    }

    #[test]
    fn a_log_axis_counts_in_powers_of_ten() {
        let scale = Scale::log(3e-5, 2.0);
        assert_eq!(
            labels(&scale),
            ["10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1", "10"]
        );
        assert!((scale.at(1e-2) - 0.5).abs() < 1e-12);
        assert!(Scale::log(0.2, 0.9).at(0.2) >= 0.0);
    }

    proptest::proptest! {
        #[test]
        fn every_value_in_range_stands_on_the_axis(a in -1e12..1e12f64, b in -1e12..1e12f64, t in 0.0..1.0f64) {
            let (low, high) = (a.min(b), a.max(b));
            let scale = Scale::padded(low, high, 5);
            let place = scale.at(low + (high - low) * t);
            proptest::prop_assert!((-1e-9..=1.0 + 1e-9).contains(&place));
            let ticks = scale.ticks();
            proptest::prop_assert!(ticks.len() >= 2 && ticks.len() <= 12, "{}", ticks.len());
            proptest::prop_assert!(ticks.windows(2).all(|w| w[0].value < w[1].value));
        }
    }
}
