//! The explanation on a terminal.

use unicode_width::UnicodeWidthStr;

use super::Look;
use super::metrics::Cells;
use super::told::{Block, Paragraph, Row, Told, told};
use super::words::Words;
use crate::compare::Comparison;
use crate::ui::escape::printable;
use crate::ui::style::Style;
use crate::ui::table::{pad, pad_left};

/// Longer lines are hard to read, however wide the terminal is.
const WIDEST: usize = 100;

/// The whole explanation, ending with a line break.
pub fn text(c: &Comparison<'_>, look: &Look) -> String {
    let w = Words {
        lang: look.lang,
        unicode: look.unicode,
    };
    let told = told(c, look);
    let page = Page {
        look,
        width: look.width.min(WIDEST),
    };
    let sections = [
        page.verdict(&told),
        page.metrics(&told, w),
        page.series(&told, w),
        page.changed(&told, w),
        page.rest(&told, w),
        page.reasons(&told, w),
        page.next(&told),
    ];
    let title = vec![look.paint(Style::Id, &printable(&told.title))];
    let mut text = String::new();
    for section in std::iter::once(&title)
        .chain(&sections)
        .filter(|section| !section.is_empty())
    {
        if !text.is_empty() {
            text.push('\n');
        }
        for line in section {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

/// Lines with names in a column of their own, below something that stands further left.
pub fn rows(rows: &[Row], look: &Look, indent: usize) -> String {
    let page = Page {
        look,
        width: look.width.min(WIDEST),
    };
    let lines = page.rows(rows, indent);
    let lines = lines.iter().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

struct Page<'l> {
    look: &'l Look,
    width: usize,
}

impl Page<'_> {
    fn verdict(&self, told: &Told) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for sentence in &told.verdict {
            let wrapped = wrap(&printable(sentence), self.width);
            lines.extend(
                wrapped
                    .iter()
                    .map(|line| self.look.paint(Style::Verdict, line)),
            );
        }
        if let Some(declared) = &told.declared {
            lines.extend(wrap(&printable(declared), self.width));
        }
        lines
    }

    fn metrics(&self, told: &Told, w: Words) -> Vec<String> {
        let mut lines = Vec::new();
        if !told.metrics.is_empty() {
            lines = table(told, w, self.look);
        }
        for warning in &told.warnings {
            let wrapped = wrap(&printable(warning), self.width.saturating_sub(4));
            for (index, line) in wrapped.into_iter().enumerate() {
                let mark = if index == 0 { "  ! " } else { "    " };
                lines.push(self.look.paint(Style::Warning, &format!("{mark}{line}")));
            }
        }
        lines
    }

    fn series(&self, told: &Told, w: Words) -> Vec<String> {
        if told.series.is_empty() {
            return Vec::new();
        }
        let heading = w.pick("Series", "Кривые");
        let mut lines = vec![self.look.paint(Style::Heading, heading)];
        lines.extend(self.rows(&told.series, 2));
        lines
    }

    fn changed(&self, told: &Told, w: Words) -> Vec<String> {
        if told.changed.is_empty() {
            return Vec::new();
        }
        let heading = w.pick("Changed", "Изменено");
        let mut lines = vec![self.look.paint(Style::Heading, heading)];
        let label = told
            .changed
            .iter()
            .map(|block| block.label.width())
            .max()
            .unwrap_or(0)
            .max(6);
        let mut before = "";
        for block in &told.changed {
            // A second block of one axis goes on below the first.
            let shown = if block.label == before {
                ""
            } else {
                block.label.as_str()
            };
            before = &block.label;
            lines.extend(self.block(block, shown, label));
        }
        lines
    }

    fn block(&self, block: &Block, shown: &str, label: usize) -> Vec<String> {
        // The label stands in a column of nine, as long as it fits.
        let column = (label + 1).max(9);
        let indent = column + 2;
        let head = hang(&printable(&block.head), self.width.saturating_sub(indent));
        let mut lines = Vec::new();
        for (index, line) in head.iter().enumerate() {
            let label = if index == 0 {
                pad(shown, column)
            } else {
                " ".repeat(column)
            };
            lines.push(format!("  {label}{line}"));
        }
        lines.extend(self.rows(&block.rows, indent + 2));
        lines
    }

    /// Rows below each other, their names and counts in columns.
    fn rows(&self, rows: &[Row], indent: usize) -> Vec<String> {
        let widest = |pick: &dyn Fn(&Row) -> usize| rows.iter().map(pick).max().unwrap_or(0);
        let names = widest(&|row| printable(&row.name).width());
        let counts = widest(&|row| row.count.width());
        let lines = rows
            .iter()
            .flat_map(|row| self.row(row, indent, names, counts));
        lines.collect()
    }

    fn row(&self, row: &Row, indent: usize, names: usize, counts: usize) -> Vec<String> {
        let margin = " ".repeat(indent);
        let mut start = String::new();
        if !row.spans {
            start = format!("{}    ", pad(&printable(&row.name), names));
            if counts > 0 {
                start.push_str(&pad_left(&row.count, counts));
                start.push_str("    ");
            }
        }
        let room = self.width.saturating_sub(indent + start.width()).max(20);
        let text = hang(&printable(&row.text), room);
        if text.is_empty() {
            return vec![format!("{margin}{start}")];
        }
        let blank = " ".repeat(start.width());
        text.iter()
            .enumerate()
            .map(|(index, line)| {
                let painted = row
                    .style
                    .map_or(line.clone(), |style| self.look.paint(style, line));
                format!(
                    "{margin}{}{painted}",
                    if index == 0 { &start } else { &blank }
                )
            })
            .collect()
    }

    /// What is the same and what is unknown.
    fn rest(&self, told: &Told, w: Words) -> Vec<String> {
        let (same, unknown) = (w.pick("Same", "Так же"), w.pick("Unknown", "Неизвестно"));
        let column = same.width().max(unknown.width()).max(7) + 4;
        let mut lines = Vec::new();
        for (heading, items) in [(same, &told.same), (unknown, &told.unknown)] {
            let wrapped = wrap_items(items, self.width.saturating_sub(column));
            for (index, line) in wrapped.into_iter().enumerate() {
                let heading = if index == 0 { heading } else { "" };
                let padded = pad(heading, column);
                lines.push(format!(
                    "{}{line}",
                    self.look.paint(Style::Heading, &padded)
                ));
            }
        }
        lines
    }

    fn reasons(&self, told: &Told, w: Words) -> Vec<String> {
        if told.reasons.is_empty() {
            return Vec::new();
        }
        let heading = w.pick(
            "Likely reasons, most checkable first",
            "Вероятные причины, сначала те, что легче проверить",
        );
        let mut lines = vec![self.look.paint(Style::Heading, heading)];
        let column = told
            .reasons
            .iter()
            .map(|(word, _)| word.width())
            .max()
            .unwrap_or(0)
            .max(9);
        for (index, (word, text)) in told.reasons.iter().enumerate() {
            let start = format!("  {} {}", index + 1, pad(word, column));
            let start = format!("{start} ");
            let room = self.width.saturating_sub(start.width()).max(20);
            for (at, line) in wrap(&printable(text), room).into_iter().enumerate() {
                let margin = if at == 0 {
                    start.clone()
                } else {
                    " ".repeat(start.width())
                };
                lines.push(format!("{margin}{line}"));
            }
        }
        lines
    }

    fn next(&self, told: &Told) -> Vec<String> {
        told.next
            .iter()
            .flat_map(|paragraph| self.paragraph(paragraph))
            .collect()
    }

    fn paragraph(&self, paragraph: &Paragraph) -> Vec<String> {
        let text = printable(&paragraph.text);
        let command = |line: &str| self.look.paint(Style::Hint, &printable(line));
        if let ([only], true) = (&paragraph.commands[..], paragraph.inline)
            && text.width() + 1 + only.width() <= self.width
        {
            return vec![format!("{text} {}", command(only))];
        }
        let mut lines = wrap(&text, self.width);
        lines.extend(
            paragraph
                .commands
                .iter()
                .map(|line| format!("  {}", command(line))),
        );
        lines
    }
}

/// The metrics as a table. Changes stand right-aligned with `)` and ` %` hanging over. Where that is
/// too wide, each name has a line of its own above its numbers.
fn table(told: &Told, w: Words, look: &Look) -> Vec<String> {
    let clean = |text: &str| printable(text).into_owned();
    let widest = |pick: &dyn Fn(&Cells) -> String, least: usize| {
        told.metrics
            .iter()
            .map(|cells| pick(cells).width())
            .max()
            .unwrap_or(0)
            .max(least)
    };
    let heading = w.pick("Metrics", "Метрики");
    let change = w.pick("change", "разница");
    let name = widest(&|c| clean(&c.name), heading.width().saturating_sub(2)) + 2;
    let mark = widest(&|c| c.mark.clone(), 0);
    let a = widest(&|c| clean(&c.a), told.names.0.width());
    let b = widest(&|c| clean(&c.b), told.names.1.width());
    let changes = widest(&|c| c.change.clone(), change.width());
    let hang = widest(&|c| c.hang.to_owned(), 0);
    let word = widest(&|c| c.word.clone(), 0);
    let numbers = 3 + a + 4 + b + 4 + changes + hang.max(1) + 2 + word;
    let stacked = 2 + name + mark + numbers > look.width;
    let names = if stacked {
        heading.width().max(4)
    } else {
        2 + name + mark
    };
    let mut lines = vec![format!(
        "{}   {}    {}    {}",
        look.paint(Style::Heading, &pad(heading, names)),
        pad_left(&told.names.0, a),
        pad_left(&told.names.1, b),
        pad_left(change, changes)
    )];
    for cells in &told.metrics {
        let mut head = format!(
            "  {}{}",
            pad(&clean(&cells.name), name),
            pad(&cells.mark, mark)
        );
        if stacked {
            lines.push(format!("  {}  {}", clean(&cells.name), cells.mark));
            head.clear();
        }
        let start = format!(
            "{}   {}    {}    {}{}",
            pad(&head, names),
            pad_left(&clean(&cells.a), a),
            pad_left(&clean(&cells.b), b),
            pad_left(&cells.change, changes),
            pad(cells.hang, hang.max(1)),
        );
        let painted = match cells.style {
            Some(style) => look.paint(style, &cells.word),
            None => cells.word.clone(),
        };
        let note = clean(&cells.note);
        let room = look.width.saturating_sub(start.width() + 5 + note.width());
        let gap = word.saturating_sub(cells.word.width());
        if room >= cells.word.width() || note.is_empty() {
            // Remarks stand below each other as long as there is room.
            let gap = " ".repeat(gap.min(room.saturating_sub(cells.word.width())));
            lines.push(format!("{start}  {painted}{gap}   {note}"));
        } else {
            lines.push(format!("{start}  {painted}"));
            lines.extend(
                wrap(&note, look.width.saturating_sub(4))
                    .iter()
                    .map(|l| format!("    {l}")),
            );
        }
    }
    lines
}

/// Breaks text at spaces into lines of at most `width` columns. Runs of spaces stay as they are.
pub(in crate::report) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let fits = line.is_empty() || line.width() + 1 + word.width() <= width;
        if !fits {
            lines.push(line.trim_end().to_owned());
            line = String::new();
        } else if !line.is_empty() || (word.is_empty() && !lines.is_empty()) {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Like [`wrap`], with further lines indented by two.
fn hang(text: &str, width: usize) -> Vec<String> {
    if text.width() <= width {
        return if text.is_empty() {
            Vec::new()
        } else {
            vec![text.to_owned()]
        };
    }
    let mut lines = wrap(text, width.saturating_sub(2).max(10));
    for line in lines.iter_mut().skip(1) {
        *line = format!("  {}", line.trim_start());
    }
    lines
}

/// Joins items by commas, breaking lines between items where one fits.
fn wrap_items(items: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let comma = if index + 1 < items.len() { "," } else { "" };
        let item = format!("{}{comma}", printable(item));
        match lines.last_mut() {
            Some(line) if line.width() + 1 + item.width() <= width => {
                line.push(' ');
                line.push_str(&item);
            }
            _ => lines.extend(hang(&item, width)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_only() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 4), ["unbreakable"]);
        assert_eq!(wrap("опыт номер два", 10), ["опыт номер", "два"]);
        assert_eq!(hang("one two three", 9), ["one two", "  three"]);
        assert_eq!(
            wrap_items(&["a b".into(), "c".into(), "d".into()], 6),
            ["a b,", "c, d"]
        );
    }
}
