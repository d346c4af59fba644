//! A plot that fills the width of the page: heights are fixed, widths are shares, so that letters
//! stay as large as the reader's own on a phone and on a wide screen.

use maud::{Markup, html};

use crate::report::plot::svg::path;
use crate::report::plot::{Chart, Point, Scale, palette};

/// Height of the plot in pixels.
pub const HEIGHT: f64 = 260.0;
/// Room for the labels of the `x` axis below it.
const FOOT: f64 = 26.0;
/// Width of the box that paths are drawn in; it is stretched to the page's.
const BOX: f64 = 1000.0;

/// The axes and lines of a chart. `None` when there is no point.
///
/// `extra` is drawn above the lines, in the same scales.
pub fn plot(
    chart: &Chart,
    room: usize,
    label: &str,
    extra: impl FnOnce(&Scale, &Scale) -> Markup,
) -> Option<Markup> {
    let (x, y) = chart.scales(6, 5)?;
    Some(html! {
        div.plot {
            svg.scale width="52" height=(HEIGHT + FOOT) aria-hidden="true" {
                @for tick in y.ticks() {
                    text x="46" y=(place(&y, tick.value)) dy="0.35em" text-anchor="end" { (tick.label) }
                }
            }
            svg.area width="100%" height=(HEIGHT + FOOT) role="img" aria-label=(label) {
                @for tick in y.ticks() {
                    @let at = place(&y, tick.value);
                    line.grid x1="0" x2="100%" y1=(at) y2=(at) {}
                }
                line.axis x1="0" x2="100%" y1=(HEIGHT) y2=(HEIGHT) {}
                @for tick in x.ticks() { (x_tick(&x, tick.value, &tick.label)) }
                svg x="0" y="0" width="100%" height=(HEIGHT) viewBox=(format!("0 0 {BOX} {HEIGHT}"))
                    preserveAspectRatio="none" overflow="visible" {
                    @for (index, line) in chart.lines.iter().enumerate() {
                        path.(kind(chart)).(format!("s{}", index % palette::COUNT)) vector-effect="non-scaling-stroke"
                            d=(path(chart, line, &x, &y, (BOX, HEIGHT), room)) {}
                    }
                }
                (extra(&x, &y))
                (cursor())
            }
        }
    })
}

/// The best value so far, as steps that never fall back.
pub fn record(index: usize, best: &[Point], x: &Scale, y: &Scale) -> Markup {
    let at = |p: &Point| (x.at(p.x) * BOX, (1.0 - y.at(p.y)) * HEIGHT);
    let mut data = String::new();
    for (position, point) in best.iter().enumerate() {
        let (px, py) = at(point);
        let step = if position == 0 {
            format!("M{px:.1} {py:.1}")
        } else {
            format!("H{px:.1}V{py:.1}")
        };
        data.push_str(&step);
    }
    html! {
        svg width="100%" height=(HEIGHT) viewBox=(format!("0 0 {BOX} {HEIGHT}")) preserveAspectRatio="none" {
            path.record.(format!("s{}", index % palette::COUNT)) vector-effect="non-scaling-stroke" d=(data) {}
        }
    }
}

/// A ring around a value, with a word beside it.
pub fn ring(point: Point, word: &str, x: &Scale, y: &Scale) -> Markup {
    let share = x.at(point.x);
    let at = format!("{:.2}%", share * 100.0);
    let top = place(y, point.y);
    let (anchor, dx) = if share > 0.85 {
        ("end", "-11")
    } else {
        ("start", "11")
    };
    html! {
        circle.ring cx=(at) cy=(top) r="8" {}
        text.mark x=(at) y=(top) dx=(dx) dy="0.35em" text-anchor=(anchor) { (word) }
    }
}

fn kind(chart: &Chart) -> &'static str {
    if chart.scattered { "dots" } else { "line" }
}

/// Where the script points at a value; invisible until then.
fn cursor() -> Markup {
    html! {
        g.cursor hidden aria-hidden="true" {
            line y1="0" y2=(HEIGHT) {}
            circle r="6" {}
        }
    }
}

fn place(scale: &Scale, value: f64) -> String {
    format!("{:.1}", 1.0 + (HEIGHT - 1.0) * (1.0 - scale.at(value)))
}

fn x_tick(x: &Scale, value: f64, label: &str) -> Markup {
    let share = x.at(value);
    let anchor = if share < 0.04 {
        "start"
    } else if share > 0.96 {
        "end"
    } else {
        "middle"
    };
    let at = format!("{:.2}%", share * 100.0);
    html! {
        line.axis x1=(at) x2=(at) y1=(HEIGHT) y2=(HEIGHT + 4.0) {}
        text x=(at) y=(HEIGHT + 19.0) text-anchor=(anchor) { (label) }
    }
}
