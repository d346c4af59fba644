//! Plots: pure functions from points to SVG or to text.
//!
//! Values that are not finite are never drawn; a line is interrupted where they stand.

pub mod downsample;
pub mod palette;
pub mod scale;
pub mod svg;
pub mod terminal;

pub use scale::Scale;

/// A point in the units of its axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Usually a step or the number of a run.
    pub x: f64,
    /// The value; not finite where the program logged NaN or an infinity.
    pub y: f64,
}

/// A named line of points, ordered by `x`.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// What the legend calls it.
    pub name: String,
    /// Its points.
    pub points: Vec<Point>,
}

impl Line {
    /// Orders points by step. A training that was resumed logs some steps twice, the later values
    /// after the earlier ones; both are kept.
    pub fn new(name: impl Into<String>, mut points: Vec<Point>) -> Self {
        points.retain(|point| point.x.is_finite());
        if !points.is_sorted_by(|a, b| a.x <= b.x) {
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
        }
        Self {
            name: name.into(),
            points,
        }
    }

    /// How many points can't be drawn.
    pub fn gaps(&self) -> usize {
        self.points.iter().filter(|p| !p.y.is_finite()).count()
    }
}

/// What is to be drawn, whatever it is drawn with.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// The heading.
    pub title: String,
    /// What `x` counts.
    pub x_label: String,
    /// What `y` measures, with its unit where one is known.
    pub y_label: String,
    /// The lines, in the order of the legend.
    pub lines: Vec<Line>,
    /// Whether `y` is logarithmic; values that are not above zero are then left out.
    pub log: bool,
    /// Whether points stand for themselves instead of being joined by a line.
    pub scattered: bool,
}

impl Chart {
    /// The scales that hold every point that can be drawn; `None` when there is no such point.
    pub fn scales(&self, x_ticks: usize, y_ticks: usize) -> Option<(Scale, Scale)> {
        let drawable = || {
            self.lines
                .iter()
                .flat_map(|line| &line.points)
                .filter(|p| self.draws(p.y))
        };
        let (x_low, x_high) = range(drawable().map(|p| p.x))?;
        let (y_low, y_high) = range(drawable().map(|p| p.y))?;
        let y = if self.log {
            Scale::log(y_low, y_high)
        } else {
            Scale::padded(y_low, y_high, y_ticks)
        };
        // Points that stand for themselves keep off the edges.
        let room = if self.scattered {
            ((x_high - x_low) * 0.02).max(0.5)
        } else {
            0.0
        };
        Some((Scale::whole(x_low - room, x_high + room, x_ticks), y))
    }

    /// The parts of a line that can be drawn, as places from 0 to 1 on both axes.
    pub fn places(&self, line: &Line, x: &Scale, y: &Scale) -> Vec<Vec<Point>> {
        downsample::unbroken(&line.points, |value| self.draws(value))
            .into_iter()
            .map(|part| {
                let place = |point: &Point| Point {
                    x: x.at(point.x),
                    y: y.at(point.y),
                };
                part.iter().map(place).collect()
            })
            .collect()
    }

    /// Whether a value has a place on the `y` axis.
    pub fn draws(&self, y: f64) -> bool {
        y.is_finite() && (!self.log || y > 0.0)
    }
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| {
        let (low, high) = range.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}
