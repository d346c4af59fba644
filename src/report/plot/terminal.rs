//! A plot in a terminal: braille dots where the locale has them, plain signs elsewhere.

use unicode_width::UnicodeWidthStr;

use super::downsample::{min_max, nearest};
use super::palette::{ASCII_SIGNS, COUNT, SIGNS};
use super::{Chart, Line, Point, Scale};
use crate::ui::escape::printable;
use crate::ui::table::{fit, pad_left};

/// How the plot is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Two by four dots a cell; lines are told apart by colour.
    Braille,
    /// One sign a cell; lines are told apart by their signs.
    Signs,
    /// The same in ASCII.
    Ascii,
}

/// The room for a plot, in cells, all included.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Columns.
    pub width: usize,
    /// Rows of the plot itself, without heading, axis and legend.
    pub height: usize,
}

/// Cells with the line that drew them last.
struct Grid {
    columns: usize,
    /// Braille dots, or 1 where a sign stands.
    cells: Vec<(u8, usize)>,
}

/// The plot's lines of text; `paint` colours text as the numbered line. Empty without a point.
pub fn lines(
    chart: &Chart,
    room: Room,
    ink: Ink,
    paint: &dyn Fn(usize, &str) -> String,
) -> Vec<String> {
    let rows = room.height.max(3);
    let Some((x, y)) = chart.scales((room.width / 14).max(2), (rows / 3).max(2)) else {
        return Vec::new();
    };
    let gutter = y
        .ticks()
        .iter()
        .map(|t| ascii(&t.label, ink).width())
        .max()
        .unwrap_or(0);
    let columns = room.width.saturating_sub(gutter + 3).max(8);
    let grid = draw(chart, &x, &y, columns, rows, ink);
    let mut text = vec![format!(
        "{}{}",
        fit(&printable(&chart.title), room.width),
        if chart.log { " (log)" } else { "" }
    )];
    let (tee, wall, corner, rule) = match ink {
        Ink::Ascii => ("+", "|", "+", "-"),
        _ => ("┤", "│", "└", "─"),
    };
    for row in 0..rows {
        let tick = y
            .ticks()
            .iter()
            .find(|tick| nearest(1.0 - y.at(tick.value), rows - 1) == row);
        let (label, edge) = match tick {
            Some(tick) => (ascii(&tick.label, ink), tee),
            None => (String::new(), wall),
        };
        let body = grid.row(row, ink, paint);
        text.push(format!("{} {edge}{body}", pad_left(&label, gutter)));
    }
    text.push(format!(
        "{} {corner}{}",
        " ".repeat(gutter),
        rule.repeat(columns)
    ));
    text.push(format!(
        "{}{}",
        " ".repeat(gutter + 2),
        x_labels(&x, columns, &chart.x_label, ink)
    ));
    text.extend(
        legend(chart, ink, paint)
            .into_iter()
            .map(|entry| format!("  {entry}")),
    );
    text
}

fn draw(chart: &Chart, x: &Scale, y: &Scale, columns: usize, rows: usize, ink: Ink) -> Grid {
    let mut grid = Grid {
        columns,
        cells: vec![(0, 0); columns * rows],
    };
    let (across, down) = if ink == Ink::Braille { (2, 4) } else { (1, 1) };
    let (dots, levels) = (columns * across, rows * down);
    for (index, line) in chart.lines.iter().enumerate().take(COUNT) {
        for part in chart.places(line, x, y) {
            for (dot, low, high) in strokes(&part, dots, levels, chart.scattered) {
                for level in low..=high {
                    let (row, column) = ((levels - 1 - level) / down, dot / across);
                    let bit = if ink == Ink::Braille {
                        braille_bit(dot % 2, 3 - level % 4)
                    } else {
                        1
                    };
                    let cell = &mut grid.cells[row * columns + column];
                    *cell = (
                        if ink == Ink::Braille {
                            cell.0 | bit
                        } else {
                            bit
                        },
                        index,
                    );
                }
            }
        }
    }
    grid
}

/// What to fill: a column and its lowest and highest level. Neighbouring columns are joined.
fn strokes(
    part: &[Point],
    dots: usize,
    levels: usize,
    scattered: bool,
) -> Vec<(usize, usize, usize)> {
    let level = |place: f64| nearest(place, levels - 1);
    let mut strokes = Vec::new();
    if scattered {
        let dot = |p: &Point| (nearest(p.x, dots - 1), level(p.y), level(p.y));
        return part.iter().map(dot).collect();
    }
    let mut before: Option<(usize, f64)> = None;
    for (column, span) in min_max(part.iter().copied(), dots).into_iter().enumerate() {
        let Some(span) = span else { continue };
        if let Some((from, place)) = before {
            let distance = (column - from) as f64;
            let at = |c: usize| place + (span.first - place) * ((c - from) as f64 / distance);
            for between in from + 1..=column {
                let (a, b) = (level(at(between - 1)), level(at(between)));
                strokes.push((between, a.min(b), a.max(b)));
            }
        }
        strokes.push((column, level(span.low), level(span.high)));
        before = Some((column, span.last));
    }
    strokes
}

/// The bit of a dot in a braille cell (Unicode block U+2800: dots 1–3, 7 left, 4–6, 8 right).
fn braille_bit(across: usize, down: usize) -> u8 {
    [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]][down][across]
}

impl Grid {
    fn row(&self, row: usize, ink: Ink, paint: &dyn Fn(usize, &str) -> String) -> String {
        let cells = &self.cells[row * self.columns..(row + 1) * self.columns];
        let used = cells
            .iter()
            .rposition(|cell| cell.0 != 0)
            .map_or(0, |at| at + 1);
        let mut text = String::new();
        for group in cells[..used].chunk_by(|a, b| (a.0 == 0) == (b.0 == 0) && a.1 == b.1) {
            let signs: String = group.iter().map(|cell| sign(*cell, ink)).collect();
            if group[0].0 == 0 {
                text.push_str(&signs);
            } else {
                text.push_str(&paint(group[0].1, &signs));
            }
        }
        text
    }
}

fn sign((bits, line): (u8, usize), ink: Ink) -> char {
    match ink {
        _ if bits == 0 => ' ',
        Ink::Braille => char::from_u32(0x2800 + u32::from(bits)).unwrap_or(' '),
        Ink::Signs => SIGNS[line % COUNT],
        Ink::Ascii => ASCII_SIGNS[line % COUNT],
    }
}

fn x_labels(x: &Scale, columns: usize, unit: &str, ink: Ink) -> String {
    let mut row = String::new();
    for tick in x.ticks() {
        let label = ascii(&tick.label, ink);
        let middle = nearest(x.at(tick.value), columns - 1);
        let start = middle
            .saturating_sub(label.width() / 2)
            .min(columns.saturating_sub(label.width()));
        if start < row.width() + usize::from(!row.is_empty()) {
            continue;
        }
        row.push_str(&" ".repeat(start - row.width()));
        row.push_str(&label);
    }
    format!("{row}  {}", printable(unit))
}

fn legend(chart: &Chart, ink: Ink, paint: &dyn Fn(usize, &str) -> String) -> Vec<String> {
    let entry = |(index, line): (usize, &Line)| {
        let sample = match ink {
            Ink::Braille => "⠒⠒".to_owned(),
            Ink::Signs => SIGNS[index % COUNT].to_string(),
            Ink::Ascii => ASCII_SIGNS[index % COUNT].to_string(),
        };
        let last = line.points.iter().rev().find(|p| chart.draws(p.y));
        let value = last.map_or_else(
            || "–".to_owned(),
            |p| crate::ui::number::significant(p.y, 4),
        );
        let gaps = match line.gaps() {
            0 => String::new(),
            count => format!("  ({count} NaN)"),
        };
        let text = format!("{}  {value}{gaps}", printable(&line.name));
        ascii(&format!("{} {text}", paint(index, &sample)), ink)
    };
    chart
        .lines
        .iter()
        .enumerate()
        .take(COUNT)
        .map(entry)
        .collect()
}

/// Minus signs and raised digits as ASCII has them.
fn ascii(text: &str, ink: Ink) -> String {
    if ink != Ink::Ascii {
        return text.to_owned();
    }
    let mut plain = String::new();
    let mut raised = false;
    for c in text.chars() {
        let digit = "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|r| r == c);
        if (digit.is_some() || c == '⁻') && !raised {
            plain.push('^');
            raised = true;
        }
        match (c, digit) {
            (_, Some(digit)) => plain.push_str(&digit.to_string()),
            ('⁻' | '−' | '–', None) => plain.push('-'),
            (c, None) => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(lines: &[(&str, &[f64])]) -> Chart {
        let line = |(name, values): &(&str, &[f64])| {
            let point = |(i, y): (usize, &f64)| Point { x: i as f64, y: *y };
            Line::new(*name, values.iter().enumerate().map(point).collect())
        };
        Chart {
            title: "loss".into(),
            x_label: "step".into(),
            y_label: "loss".into(),
            lines: lines.iter().map(line).collect(),
            ..Chart::default()
        }
    }

    const ROOM: Room = Room {
        width: 44,
        height: 6,
    };

    fn plain(_: usize, text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn a_falling_line_falls() {
        let chart = chart(&[("exp_001", &[1.0, 0.5, 0.25, 0.125, 0.0625])]);
        insta::assert_snapshot!(lines(&chart, ROOM, Ink::Braille, &plain).join("\n"), @r"
        loss
        1.0 ┤⠙⠲⢤⡀
            │   ⠉⠓⢦⣀
            │      ⠈⠙⠦⣄⡀
        0.5 ┤          ⠉⠙⠒⠦⢤⣀⣀
            │                ⠈⠉⠓⠒⠦⠤⠤⣄⣀⣀⣀
          0 ┤                          ⠈⠉⠉⠉⠙⠒⠒⠒⠒⠒⠒⠲
            └──────────────────────────────────────
             0                  2                 4  step
          ⠒⠒ exp_001  0.06250
        ");
    }

    #[test]
    fn two_lines_have_two_signs_in_ascii() {
        let chart = chart(&[("a", &[0.0, 1.0]), ("b\x1b[2J", &[1.0, f64::NAN, 0.0])]);
        let text = lines(&chart, ROOM, Ink::Ascii, &plain).join("\n");
        assert!(text.is_ascii(), "{text}");
        insta::assert_snapshot!(text, @r"
        loss
        1.0 ++                 **
            |              *****
            |          *****
        0.5 +      *****
            |  *****
          0 +***                                  +
            +--------------------------------------
             0                  1                 2  step
          * a  1.000
          + b\x1b[2J  0  (1 NaN)
        ");
    }

    #[test]
    fn nothing_to_draw_is_nothing() {
        assert!(lines(&chart(&[("a", &[f64::NAN])]), ROOM, Ink::Braille, &plain).is_empty());
    }

    #[test]
    fn every_row_fits_the_room() {
        let values: Vec<f64> = (0..500).map(|i| f64::from(i % 37) - 1e6).collect();
        for width in [20, 40, 200] {
            let room = Room { width, height: 9 };
            let text = lines(&chart(&[("a", &values)]), room, Ink::Braille, &plain);
            for line in &text[1..text.len() - 3] {
                assert!(line.width() <= width, "{line}");
            }
        }
    }
}
