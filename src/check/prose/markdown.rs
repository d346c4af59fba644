//! Markdown as far as needed: which parts are text, which are tables, and which don't count.
//!
//! What doesn't count (code fences, comments, link targets, bound numbers) is replaced by blanks of
//! the same length, so that every offset stays one of the original text.

use crate::report::markers::{BEGIN, END};

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// A paragraph, a list item or a heading.
    Text,
    /// A table, header and all.
    Table,
}

/// Lines that belong together.
#[derive(Clone, Debug)]
pub struct Block<'a> {
    /// What it is.
    pub kind: BlockKind,
    /// Its text; offsets in it plus [`Block::start`] are offsets in the document.
    pub text: &'a str,
    /// Where it starts.
    pub start: usize,
    /// The run id in the heading that it stands under, if there is exactly one.
    pub heading: Option<&'a str>,
}

/// A document with everything that is no text blanked.
#[derive(Debug)]
pub struct Page {
    masked: String,
    generated: Vec<std::ops::Range<usize>>,
}

impl Page {
    /// Blanks what doesn't count.
    pub fn read(text: &str) -> Self {
        let mut masked = text.as_bytes().to_vec();
        let mut generated = Vec::new();
        if let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END))
            && begin < end
        {
            generated.push(begin..end);
        }
        blank_fences(text, &mut masked);
        for (open, close) in [("<!-- exp:", "<!-- /exp -->"), ("<!--", "-->"), ("](", ")")] {
            blank_between(&mut masked, open, close);
        }
        // Only whole characters were replaced, by as many blanks as they had bytes.
        let masked = String::from_utf8(masked).unwrap_or_else(|_| " ".repeat(text.len()));
        Self { masked, generated }
    }

    /// Whether a place is in the machine's part.
    pub fn is_generated(&self, at: usize) -> bool {
        self.generated.iter().any(|range| range.contains(&at))
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block<'_>> = Vec::new();
        let mut heading = None;
        let mut open = false;
        let mut start = 0;
        for line in self.masked.split_inclusive('\n') {
            let at = start;
            start += line.len();
            let trimmed = line.trim();
            if trimmed.is_empty() {
                open = false;
                continue;
            }
            let is_row = trimmed.starts_with('|') || (trimmed.contains(" | ") && open);
            let kind = if is_row {
                BlockKind::Table
            } else {
                BlockKind::Text
            };
            let is_heading = trimmed.starts_with('#');
            if is_heading {
                heading = only_run(trimmed);
            }
            let goes_on = open
                && !is_heading
                && !starts_item(trimmed)
                && blocks.last().is_some_and(|last| last.kind == kind);
            match blocks.last_mut() {
                Some(last) if goes_on => {
                    last.text = &self.masked[last.start..start];
                }
                _ => blocks.push(Block {
                    kind,
                    text: line,
                    start: at,
                    heading,
                }),
            }
            open = !is_heading;
        }
        blocks
    }
}

fn starts_item(line: &str) -> bool {
    let number = line.bytes().take_while(u8::is_ascii_digit).count();
    let after = &line[number..];
    ["- ", "* ", "+ "].iter().any(|mark| line.starts_with(mark))
        || (number > 0 && (after.starts_with(". ") || after.starts_with(") ")))
}

/// The run id in a heading, if there is exactly one.
fn only_run(line: &str) -> Option<&str> {
    let mut ids = line
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| {
            word.starts_with("exp_") && word[4..].starts_with(|c: char| c.is_ascii_digit())
        });
    let first = ids.next()?;
    ids.next().is_none().then_some(first)
}

fn blank(masked: &mut [u8], range: std::ops::Range<usize>) {
    for byte in &mut masked[range] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn blank_fences(text: &str, masked: &mut [u8]) {
    let mut fence: Option<(char, usize)> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let range = start..start + line.len();
        start += line.len();
        let trimmed = line.trim_start();
        let mark = trimmed.chars().next().filter(|c| matches!(c, '`' | '~'));
        let width = mark.map_or(0, |mark| trimmed.chars().take_while(|c| *c == mark).count());
        match (fence, mark) {
            (Some((open, size)), Some(mark)) if mark == open && width >= size => {
                fence = None;
                blank(masked, range);
            }
            (Some(_), _) => blank(masked, range),
            (None, Some(mark)) if width >= 3 => {
                fence = Some((mark, width));
                blank(masked, range);
            }
            _ => {}
        }
    }
}

/// Blanks from each `open` to the next `close`; an `open` that is never closed stays as it is, but a
/// comment: that swallows the rest, as browsers do.
fn blank_between(masked: &mut [u8], open: &str, close: &str) {
    let mut from = 0;
    while let Some(at) = find(masked, open.as_bytes(), from) {
        let after = at + open.len();
        let end = match find(masked, close.as_bytes(), after) {
            Some(end) => end + close.len(),
            None if open == "<!--" => masked.len(),
            // Nor is there one for any later `open`.
            None => return,
        };
        let is_link = open == "](";
        let is_part = masked[after..].starts_with(b"begin") || masked[after..].starts_with(b"end");
        if open == "<!-- exp:" && is_part {
            from = after;
            continue;
        }
        if !is_link || !masked[at..end].contains(&b'\n') {
            blank(masked, at..end);
        }
        from = end.min(masked.len());
    }
}

fn find(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    memchr::memmem::find(bytes.get(from..)?, what).map(|at| at + from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_of_open_ends_is_read_in_one_pass() {
        let text = "](<!-- exp:".repeat(200_000);
        assert!(Page::read(&text).blocks().len() <= 1);
    }

    fn texts(text: &str) -> Vec<String> {
        let page = Page::read(text);
        let blocks = page.blocks();
        blocks
            .iter()
            .map(|block| {
                assert_eq!(
                    block.text.len(),
                    text[block.start..block.start + block.text.len()].len()
                );
                block.text.split_whitespace().collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    #[test]
    fn blocks_are_paragraphs_items_headings_and_tables() {
        let text =
            "# exp_003\none\ntwo\n\n- a\n  b\n- c\n\n| x | y |\n|---|---|\n| 1 | 2 |\nafter\n";
        assert_eq!(
            texts(text),
            [
                "# exp_003",
                "one two",
                "- a b",
                "- c",
                "| x | y | |---|---| | 1 | 2 |",
                "after"
            ]
        );
        let page = Page::read(text);
        assert!(
            page.blocks()
                .iter()
                .all(|block| block.heading == Some("exp_003"))
        );
    }

    #[test]
    fn code_comments_link_targets_and_bound_numbers_are_blank() {
        let text = "a <!-- 0.1 --> b\n```\n0.2\n```\n[c](x_0.3.png) <!-- exp:exp_003.auc -->0.4<!-- /exp --> d\n";
        assert_eq!(texts(text), ["a b", "[c d"]);
    }

    #[test]
    fn the_machine_s_part_is_known() {
        let text = format!("a\n{BEGIN}\nb\n{END}\nc\n");
        let page = Page::read(&text);
        assert!(page.is_generated(text.find("\nb\n").unwrap() + 1));
        assert!(!page.is_generated(text.len() - 2));
        assert_eq!(texts(&text), ["a", "b", "c"]);
    }

    #[test]
    fn an_open_comment_swallows_the_rest_and_characters_stay_whole() {
        assert_eq!(texts("точность <!-- 0.5 дальше\n\nи ещё\n"), ["точность"]);
    }
}
