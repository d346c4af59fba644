//! TOML's tokens (TOML 1.0): keys, values and brackets without comments and white space.

/// The tokens of a document, with `"\n"` where a line ends that means something; `None` when a
/// string is left open or brackets don't match.
pub fn tokens(text: &[u8]) -> Option<Vec<&[u8]>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut tokens: Vec<&[u8]> = Vec::new();
    let (mut at, mut brackets) = (0, Vec::new());
    while let Some(&byte) = text.get(at) {
        let start = at;
        match byte {
            b' ' | b'\t' => at += 1,
            b'\r' if text.get(at + 1) == Some(&b'\n') => at += 1,
            b'#' => {
                at += memchr::memchr(b'\n', &text[at..]).unwrap_or(text.len() - at);
            }
            b'\n' => {
                at += 1;
                // Inside an array, and after nothing, a line's end means nothing.
                if brackets.is_empty() && tokens.last().is_some_and(|last| *last != b"\n") {
                    tokens.push(b"\n");
                }
            }
            b'"' | b'\'' => {
                at = string_end(text, at)?;
                tokens.push(&text[start..at]);
            }
            b'[' | b'{' => {
                brackets.push(byte);
                at += 1;
                tokens.push(&text[start..at]);
            }
            b']' | b'}' => {
                let open = brackets.pop()?;
                if !matches!((open, byte), (b'[', b']') | (b'{', b'}')) {
                    return None;
                }
                at += 1;
                tokens.push(&text[start..at]);
            }
            b'=' | b',' => {
                at += 1;
                tokens.push(&text[start..at]);
            }
            _ => {
                let ends = |b: &u8| {
                    b.is_ascii_whitespace()
                        || matches!(
                            b,
                            b'#' | b'"' | b'\'' | b'[' | b']' | b'{' | b'}' | b'=' | b','
                        )
                };
                let length = text[at + 1..].iter().position(ends);
                at = length.map_or(text.len(), |length| at + 1 + length);
                tokens.push(&text[start..at]);
            }
        }
    }
    if tokens.last().is_some_and(|last| *last == b"\n") {
        tokens.pop();
    }
    brackets.is_empty().then_some(tokens)
}

/// Where the string that begins here ends.
fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let quote = text[start];
    let triple = text[start..].starts_with(&[quote; 3]);
    let mut at = start + if triple { 3 } else { 1 };
    loop {
        match text.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            b'\n' if !triple => return None,
            byte if *byte == quote && !triple => return Some(at + 1),
            byte if *byte == quote && text[at..].starts_with(&[quote; 3]) => {
                // Up to two quotes of the text may stand before the three that end it.
                let run = text[at..].iter().take_while(|b| **b == quote).count();
                return Some(at + run.min(5));
            }
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_white_space_are_gone_and_nothing_else() {
        let before = "a = 1 # one\n\n[t]\nlist = [\n  1, # x\n  2\n]\ns = \"# no\"\n";
        let after = "# head\na=1\n[t]\nlist=[1,2]\r\ns =   \"# no\"";
        assert_eq!(tokens(before.as_bytes()), tokens(after.as_bytes()));
        for other in [
            "a = 2",
            "a = 1\nb = 2",
            "a = '1'",
            "a = \"\"\"1\n  2\"\"\"",
            "a = \"\"\"1\n2\"\"\"",
            "[a]\n1",
        ] {
            assert_ne!(tokens(b"a = 1"), tokens(other.as_bytes()), "{other}");
        }
        assert_ne!(
            tokens(b"a = \"\"\"1\n  2\"\"\""),
            tokens(b"a = \"\"\"1\n2\"\"\"")
        );
        assert_eq!(tokens(b"a = \"\"\"x\"\"\"\"\"\nb=1").unwrap().len(), 7);
    }

    #[test]
    fn what_is_left_open_is_not_known() {
        for text in [
            "a = [1", "a = \"x", "a = '''x", "a = ]", "a = [1}", "a = \"\\",
        ] {
            assert_eq!(tokens(text.as_bytes()), None, "{text}");
        }
    }
}
