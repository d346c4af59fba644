//! Plain tables for a terminal: columns by display width, cut at the terminal's edge.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::escape::printable;

/// Where a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells under headings. Cells are escaped when they are added.
#[derive(Debug, Default)]
pub struct Table {
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Starts a table with headings.
    pub fn new(headings: &[(&str, Align)]) -> Self {
        Self {
            align: headings.iter().map(|(_, align)| *align).collect(),
            rows: vec![
                headings
                    .iter()
                    .map(|(text, _)| printable(text).into_owned())
                    .collect(),
            ],
        }
    }

    /// Adds a row; missing cells are empty.
    pub fn row<T: AsRef<str>>(&mut self, cells: &[T]) {
        self.rows.push(
            cells
                .iter()
                .map(|cell| printable(cell.as_ref()).into_owned())
                .collect(),
        );
    }

    /// The table's lines, none wider than `width` columns, two spaces between columns.
    pub fn lines(&self, width: usize) -> Vec<String> {
        let columns = self.align.len();
        let widest = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|c| c.width())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(widest).collect();
        self.rows
            .iter()
            .map(|row| {
                let mut line = String::new();
                for (column, cell_width) in widths.iter().enumerate() {
                    let cell = row.get(column).map_or("", String::as_str);
                    let padding = " ".repeat(cell_width - cell.width());
                    if column > 0 {
                        line.push_str("  ");
                    }
                    match self.align[column] {
                        Align::Left => line.extend([cell, &padding]),
                        Align::Right => line.extend([&padding, cell]),
                    }
                }
                fit(line.trim_end(), width)
            })
            .collect()
    }
}

/// Cuts text to `width` display columns, with `…` as the last when something was cut.
pub fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let mut cut = String::new();
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used >= width {
            break;
        }
        cut.push(c);
    }
    cut.push('…');
    cut
}

/// Cuts text to `width` display columns, with `…` where its middle was: more of the end is kept.
pub fn fit_ends(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let take = |chars: &mut dyn Iterator<Item = char>, room: usize| -> Vec<char> {
        let mut used = 0;
        let fits = |c: &char| {
            used += c.width().unwrap_or(0);
            used <= room
        };
        chars.take_while(fits).collect()
    };
    let start = take(&mut text.chars(), room / 3);
    let end = take(&mut text.chars().rev(), room - room / 3);
    let end = end.into_iter().rev();
    start.into_iter().chain(['…']).chain(end).collect()
}

/// Pads text on the right to `width` display columns.
pub fn pad(text: &str, width: usize) -> String {
    let padding = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(padding))
}

/// Pads text on the left to `width` display columns.
pub fn pad_left(text: &str, width: usize) -> String {
    let padding = width.saturating_sub(text.width());
    format!("{}{text}", " ".repeat(padding))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_are_counted_as_wide() {
        let mut table = Table::new(&[("name", Align::Left), ("n", Align::Right)]);
        table.row(&["実験", "1"]);
        table.row(&["опыт", "12"]);
        assert_eq!(table.lines(80), ["name   n", "実験   1", "опыт  12"]);
    }

    #[test]
    fn long_lines_are_cut_visibly() {
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("実験室", 4), "実…");
        assert_eq!(fit("abcd", 4), "abcd");
        assert_eq!(fit_ends("data/processed/train_v2.csv", 13), "data…n_v2.csv");
        assert_eq!(fit_ends("実験室実験室", 6), "…験室");
        assert_eq!(fit_ends("abcd", 4), "abcd");
    }
}
