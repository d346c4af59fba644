//! A plot as one SVG file: axes, grid, legend, text alternative; light and dark by the reader's choice.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

use super::downsample::lttb;
use super::palette::{self, COUNT};
use super::{Chart, Line, Point, Scale};
use crate::settings::Lang;
use crate::ui::escape::printable;
use crate::ui::number::significant;

/// Points per line: more than there are pixels would be wasted.
const ROOM: usize = 800;

const WIDTH: f64 = 760.0;
const PLOT_HEIGHT: f64 = 320.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 56.0;
const RIGHT: f64 = 20.0;
const LEGEND_ROW: f64 = 20.0;
/// An average letter of the legend, in pixels; it only decides where the legend wraps.
const LETTER: f64 = 7.2;

/// The file's text; `None` when no point can be drawn.
pub fn document(chart: &Chart) -> Option<String> {
    let (x, y) = chart.scales(7, 5)?;
    let places = legend_places(chart);
    let rows = places.last().map_or(0.0, |(_, row)| row + 1.0);
    let legend_top = TOP + PLOT_HEIGHT + 58.0;
    let height = legend_top + rows * LEGEND_ROW + 8.0;
    let width = WIDTH - LEFT - RIGHT;
    let markup = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {WIDTH} {height}"))
            width=(WIDTH) height=(height) role="img" aria-labelledby="title desc" {
            title id="title" { (printable(&chart.title)) }
            desc id="desc" { (description(chart, Lang::En)) }
            style { (PreEscaped(style())) }
            rect class="paper" width="100%" height="100%" {}
            text class="heading" x=(LEFT) y="24" { (printable(&chart.title)) }
            text class="unit" x=(LEFT) y="44" { (printable(&chart.y_label)) @if chart.log { " (log)" } }
            g transform=(format!("translate({LEFT} {TOP})")) {
                (axes(&x, &y, width))
                text class="unit" x=(round(width)) y=(PLOT_HEIGHT + 40.0) text-anchor="end" { (chart.x_label) }
                @for (index, line) in chart.lines.iter().enumerate().take(COUNT) {
                    path class=(mark_class(chart, index)) d=(path(chart, line, &x, &y, (width, PLOT_HEIGHT), ROOM)) {}
                }
            }
            @for ((index, line), (left, row)) in chart.lines.iter().enumerate().zip(&places) {
                @let middle = legend_top + row * LEGEND_ROW;
                path class=(mark_class(chart, index)) d=(format!("M{} {middle}h{}", left, if chart.scattered { 0 } else { 22 })) {}
                text class="name" x=(left + 30.0) y=(middle + 4.0) { (printable(&line.name)) }
            }
        }
    };
    Some(markup.into_string())
}

fn axes(x: &Scale, y: &Scale, width: f64) -> Markup {
    html! {
        @for tick in y.ticks() {
            @let at = round(PLOT_HEIGHT * (1.0 - y.at(tick.value)));
            line class="grid" x2=(round(width)) y1=(at) y2=(at) {}
            text x="-10" y=(at) dy="0.35em" text-anchor="end" { (tick.label) }
        }
        line class="axis" x2=(round(width)) y1=(PLOT_HEIGHT) y2=(PLOT_HEIGHT) {}
        @for tick in x.ticks() {
            @let at = round(width * x.at(tick.value));
            line class="axis" x1=(at) x2=(at) y1=(PLOT_HEIGHT) y2=(PLOT_HEIGHT + 5.0) {}
            text x=(at) y=(PLOT_HEIGHT + 20.0) text-anchor="middle" { (tick.label) }
        }
    }
}

fn mark_class(chart: &Chart, index: usize) -> String {
    let kind = if chart.scattered { "dots" } else { "line" };
    format!("{kind} s{}", index % COUNT)
}

/// The path of a line in a box, with at most `room` points; an isolated point becomes a dot.
pub fn path(
    chart: &Chart,
    line: &Line,
    x: &Scale,
    y: &Scale,
    (width, height): (f64, f64),
    room: usize,
) -> String {
    let parts = chart.places(line, x, y);
    let total: usize = parts.iter().map(Vec::len).sum();
    let mut data = String::new();
    for part in parts {
        let own = if chart.scattered || total <= room {
            part
        } else {
            lttb(&part, (part.len() * room / total).max(3))
        };
        for (index, place) in own.iter().enumerate() {
            let (px, py) = (round(place.x * width), round((1.0 - place.y) * height));
            let isolated = chart.scattered || own.len() == 1;
            let joint = if index == 0 || isolated { 'M' } else { 'L' };
            let dot = if isolated { "h0" } else { "" };
            // Writing to a string can't fail.
            let _ = write!(data, "{joint}{px} {py}{dot}");
        }
    }
    data
}

/// To a tenth of a pixel.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Where each legend entry starts: left edge and row.
fn legend_places(chart: &Chart) -> Vec<(f64, f64)> {
    let (mut left, mut row) = (LEFT, 0.0);
    chart
        .lines
        .iter()
        .take(COUNT)
        .map(|line| {
            let width = 30.0 + line.name.chars().count() as f64 * LETTER + 18.0;
            if left > LEFT && left + width > WIDTH {
                left = LEFT;
                row += 1.0;
            }
            let place = (left, row);
            left += width;
            place
        })
        .collect()
}

/// The plot in words, for those who can't see it: each line's first, last, lowest and highest value.
pub fn description(chart: &Chart, lang: Lang) -> String {
    let finite = |line: &Line| -> Vec<Point> {
        let drawn = line.points.iter().filter(|p| chart.draws(p.y));
        drawn.copied().collect()
    };
    let mut text = format!("{} / {}.", printable(&chart.y_label), chart.x_label);
    for line in chart.lines.iter().take(COUNT) {
        let points = finite(line);
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            continue;
        };
        let low = points.iter().map(|p| p.y).fold(f64::INFINITY, f64::min);
        let high = points.iter().map(|p| p.y).fold(f64::NEG_INFINITY, f64::max);
        let show = |value| significant(value, 4);
        let _ = write!(
            text,
            " {}: {} → {} ({} {}, {} {}, n={}).",
            printable(&line.name),
            show(first.y),
            show(last.y),
            lang.pick("min", "мин"),
            show(low),
            lang.pick("max", "макс"),
            show(high),
            points.len()
        );
    }
    text
}

fn style() -> String {
    let colours = |list: [&str; COUNT]| -> String {
        let rules = list.iter().enumerate();
        rules.map(|(i, c)| format!(".s{i}{{stroke:{c}}}")).collect()
    };
    let dashes: String = palette::DASHES
        .iter()
        .enumerate()
        .skip(1)
        .map(|(i, d)| format!(".line.s{i}{{stroke-dasharray:{d}}}"))
        .collect();
    format!(
        "svg{{font:12px system-ui,sans-serif;--ink:#1d2228;--soft:#5c6570;--rule:#e3e6ea;--paper:#fff}}\
         text{{fill:var(--soft)}}.heading{{font-size:16px;font-weight:600;fill:var(--ink)}}.name{{fill:var(--ink)}}\
         .paper{{fill:var(--paper)}}.grid{{stroke:var(--rule)}}.axis{{stroke:var(--soft)}}\
         .line{{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}}\
         .dots{{fill:none;stroke-width:8;stroke-linecap:round}}{}{dashes}\
         @media(prefers-color-scheme:dark){{svg{{--ink:#eef1f4;--soft:#a3acb8;--rule:#2c323a;--paper:#14171c}}{}}}",
        colours(palette::LIGHT),
        colours(palette::DARK)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(lines: Vec<Line>) -> Chart {
        Chart {
            title: "loss".into(),
            x_label: "step".into(),
            y_label: "loss".into(),
            lines,
            ..Chart::default()
        }
    }

    fn line(name: &str, values: &[f64]) -> Line {
        let point = |(i, y): (usize, &f64)| Point { x: i as f64, y: *y };
        Line::new(name, values.iter().enumerate().map(point).collect())
    }

    #[test]
    fn a_line_is_broken_where_a_value_is_missing() {
        let chart = chart(vec![line(
            "a",
            &[0.0, 1.0, f64::NAN, 0.5, f64::INFINITY, 1.0, 0.0],
        )]);
        let (x, y) = chart.scales(5, 5).unwrap();
        assert_eq!(
            path(&chart, &chart.lines[0], &x, &y, (60.0, 10.0), 100),
            "M0 10L10 0M30 5h0M50 0L60 10"
        );
    }

    #[test]
    fn names_from_outside_can_not_leave_their_text() {
        let text = document(&chart(vec![line(
            "</text><script>alert(1)</script>",
            &[1.0, 2.0],
        )]))
        .unwrap();
        assert!(!text.contains("<script"), "{text}");
        assert!(text.contains("&lt;script&gt;"));
        assert!(document(&chart(vec![line("a", &[f64::NAN])])).is_none());
    }

    #[test]
    fn a_million_steps_make_a_small_file_that_says_what_it_shows() {
        let points = (0..1_000_000).map(|i| Point {
            x: f64::from(i),
            y: 1.0 / f64::from(i + 1),
        });
        let chart = chart(vec![Line::new("exp_001", points.collect())]);
        let text = document(&chart).unwrap();
        assert!(text.len() < 20_000, "{}", text.len());
        assert!(
            text.contains("exp_001: 1.000 → 0.000001 (min 0.000001, max 1.000, n=1000000)")
                || text.contains("n=1000000")
        );
    }

    #[test]
    fn a_log_axis_leaves_out_what_it_can_not_show() {
        let mut chart = chart(vec![line("a", &[-1.0, 0.0, 0.01, 1.0])]);
        chart.log = true;
        let (x, y) = chart.scales(5, 5).unwrap();
        assert_eq!((y.low(), y.high(), x.low()), (0.01, 1.0, 2.0));
    }
}
