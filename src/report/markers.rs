//! Generated parts of files that people edit: text between two markers.

/// Opens a generated part.
pub const BEGIN: &str = "<!-- exp:begin -->";
/// Closes a generated part.
pub const END: &str = "<!-- exp:end -->";

/// Replaces what stands between the markers; everything else stays byte for byte.
///
/// `None` when the markers are missing, doubled or in the wrong order: then it is not known what
/// may be overwritten.
pub fn replace(text: &str, generated: &str) -> Option<String> {
    let (begin, end) = (single(text, BEGIN)?, single(text, END)?);
    if end < begin {
        return None;
    }
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let body = generated.trim_end_matches('\n').replace('\n', newline);
    let head = &text[..begin + BEGIN.len()];
    Some(format!("{head}{newline}{body}{newline}{}", &text[end..]))
}

fn single(text: &str, marker: &str) -> Option<usize> {
    let mut places = text.match_indices(marker);
    let (first, _) = places.next()?;
    places.next().is_none().then_some(first)
}

/// Makes text safe inside Markdown: no table cell, tag, link or line is broken by it.
pub fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in crate::ui::escape::printable(text).chars() {
        match c {
            '|' | '`' | '*' | '[' | ']' | '\\' => safe.extend(['\\', c]),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            c => safe.push(c),
        }
    }
    safe
}

/// The text that [`markdown`] made this of.
pub fn plain(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut chars = markdown.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = match c {
            '\\' => chars.next_if(char::is_ascii_punctuation),
            _ => None,
        };
        text.push(escaped.unwrap_or(c));
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Text as inline code in Markdown, whatever backticks it holds.
pub fn code(text: &str) -> String {
    let clean = crate::ui::escape::printable(text).replace('|', "\\|");
    let longest = clean.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{clean}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_between_the_markers_changes() {
        let text = format!("# mine\r\n{BEGIN}\r\nold\r\n{END}\r\nmy words\r\n");
        let new = replace(&text, "a\nb\n").unwrap();
        assert_eq!(
            new,
            format!("# mine\r\n{BEGIN}\r\na\r\nb\r\n{END}\r\nmy words\r\n")
        );
        assert_eq!(replace(&new, "a\nb\n").unwrap(), new);
    }

    #[test]
    fn broken_markers_are_not_guessed_at() {
        for text in [
            String::new(),
            BEGIN.into(),
            format!("{END}{BEGIN}"),
            format!("{BEGIN}{BEGIN}{END}"),
        ] {
            assert_eq!(replace(&text, "x"), None);
        }
    }

    #[test]
    fn markdown_is_disarmed() {
        assert_eq!(
            markdown("a|b <img src=x>\n"),
            "a\\|b &lt;img src=x&gt;\\\\n"
        );
        assert_eq!(code("a`b"), "`` a`b ``");
    }
}
