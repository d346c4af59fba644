//! Fewer points that look like all of them.

use super::Point;

/// The lowest and the highest value that fall on one column of a terminal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The lowest place, 0 to 1.
    pub low: f64,
    /// The highest place, 0 to 1.
    pub high: f64,
    /// The place of the first value in the column.
    pub first: f64,
    /// The place of the last value in the column.
    pub last: f64,
}

/// Puts places (0 to 1 on both axes, ordered by `x`) into columns; no spike is lost.
pub fn min_max(places: impl Iterator<Item = Point>, columns: usize) -> Vec<Option<Span>> {
    let mut spans: Vec<Option<Span>> = vec![None; columns];
    let Some(last_column) = columns.checked_sub(1) else {
        return spans;
    };
    for place in places.filter(|place| place.y.is_finite()) {
        let column = nearest(place.x, last_column);
        let y = place.y;
        spans[column] = Some(match spans[column] {
            None => Span {
                low: y,
                high: y,
                first: y,
                last: y,
            },
            Some(span) => Span {
                low: span.low.min(y),
                high: span.high.max(y),
                last: y,
                ..span
            },
        });
    }
    spans
}

/// The index, 0 to `last`, that a place of 0 to 1 falls on.
pub fn nearest(place: f64, last: usize) -> usize {
    // Clamped to the range first, so the conversion is exact.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let index = (place.clamp(0.0, 1.0) * last as f64).round() as usize;
    index.min(last)
}

/// Cuts a line where a value can't be drawn.
pub fn unbroken(points: &[Point], draws: impl Fn(f64) -> bool) -> Vec<&[Point]> {
    points
        .split(|point| !draws(point.y))
        .filter(|part| !part.is_empty())
        .collect()
}

/// Chooses at most `room` points by largest triangle three buckets; the first and last stay.
///
/// After S. Steinarsson, "Downsampling Time Series for Visual Representation", 2013. Points must be
/// ordered by `x` and finite.
pub fn lttb(points: &[Point], room: usize) -> Vec<Point> {
    if points.len() <= room || room < 3 {
        return match (points, room) {
            (points, room) if points.len() <= room => points.to_vec(),
            ([first, .., last], 2) => vec![*first, *last],
            (points, _) => points.last().copied().into_iter().take(room).collect(),
        };
    }
    let inner = points.len() - 2;
    let buckets = room - 2;
    let bounds = |bucket: usize| 1 + bucket * inner / buckets;
    let mut chosen = Vec::with_capacity(room);
    let mut before = points[0];
    chosen.push(before);
    for bucket in 0..buckets {
        let own = &points[bounds(bucket)..bounds(bucket + 1)];
        let next = if bucket + 1 < buckets {
            &points[bounds(bucket + 1)..bounds(bucket + 2)]
        } else {
            &points[points.len() - 1..]
        };
        let after = mean(next);
        // Twice the triangle's area; only its order matters.
        let area = |p: &Point| {
            ((before.x - after.x) * (p.y - before.y) - (before.x - p.x) * (after.y - before.y))
                .abs()
        };
        let best = own
            .iter()
            .copied()
            .max_by(|a, b| area(a).total_cmp(&area(b)));
        if let Some(best) = best {
            chosen.push(best);
            before = best;
        }
    }
    chosen.push(points[points.len() - 1]);
    chosen
}

/// At most about `room` points of a line, with one that can't be drawn wherever there was a gap.
pub fn thinned(points: &[Point], room: usize) -> Vec<Point> {
    if points.len() <= room {
        return points.to_vec();
    }
    let parts = unbroken(points, f64::is_finite);
    let total: usize = parts.iter().map(|part| part.len()).sum();
    let mut few: Vec<Point> = Vec::with_capacity(room + parts.len());
    for part in parts {
        if let Some(last) = few.last().copied() {
            few.push(Point {
                x: last.x,
                y: f64::NAN,
            });
        }
        few.extend(lttb(part, (part.len() * room / total).max(3)));
    }
    few
}

fn mean(points: &[Point]) -> Point {
    let count = points.len() as f64;
    Point {
        x: points.iter().map(|p| p.x / count).sum(),
        y: points.iter().map(|p| p.y / count).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(count: usize) -> Vec<Point> {
        (0..count)
            .map(|i| Point {
                x: i as f64,
                y: (i as f64 / 50.0).sin(),
            })
            .collect()
    }

    #[test]
    fn a_spike_of_one_step_in_a_million_is_seen() {
        let mut points = wave(1_000_000);
        points[777_777].y = 9.0;
        let places = points.iter().map(|p| Point {
            x: p.x / 999_999.0,
            y: p.y,
        });
        let spans = min_max(places, 160);
        assert_eq!(spans.iter().flatten().filter(|s| s.high == 9.0).count(), 1);
        let few = lttb(&points, 400);
        assert!(
            few.iter().any(|p| p.y == 9.0),
            "the spike has the largest triangle"
        );
    }

    #[test]
    fn a_gap_stays_a_gap_when_points_are_thinned_out() {
        let mut points = wave(10_000);
        points[5_000].y = f64::NAN;
        let few = thinned(&points, 100);
        assert!(few.len() <= 104, "{}", few.len());
        assert_eq!(few.iter().filter(|p| p.y.is_nan()).count(), 1);
        assert_eq!(unbroken(&few, f64::is_finite).len(), 2);
    }

    #[test]
    fn columns_without_a_value_stay_empty() {
        let places = [(0.0, 0.5), (0.5, f64::NAN), (1.0, 0.25)].map(|(x, y)| Point { x, y });
        let spans = min_max(places.into_iter(), 3);
        assert_eq!(
            spans.iter().map(Option::is_some).collect::<Vec<_>>(),
            [true, false, true]
        );
        assert!(min_max(places.into_iter(), 0).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn chosen_points_are_real_ones_in_order(count in 0usize..300, room in 0usize..50) {
            let points = wave(count);
            let few = lttb(&points, room);
            proptest::prop_assert!(few.len() <= room);
            proptest::prop_assert!(few.iter().all(|p| points.contains(p)));
            proptest::prop_assert!(few.windows(2).all(|w| w[0].x < w[1].x));
            if count >= 2 && room >= 2 {
                proptest::prop_assert_eq!(few[0], points[0]);
                proptest::prop_assert_eq!(few[few.len() - 1], points[count - 1]);
            }
        }
    }
}
