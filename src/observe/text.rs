//! Bytes of a small file as text, in the encodings that real projects hand over.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1251};

/// How the bytes were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16 of either byte order: what `>` writes in Windows PowerShell 5.
    Utf16,
    /// Windows-1251: what a Russian Excel calls "CSV".
    Windows1251,
}

/// A file's text without its byte order mark.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// How it was encoded.
    pub encoding: Encoding,
}

/// Bytes that are no text in the encoding that they claim to be in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotText {
    /// What is wrong.
    pub message: String,
    /// Where in the file, in bytes from its start.
    pub offset: usize,
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (byte {})", self.message, self.offset)
    }
}

impl std::error::Error for NotText {}

/// Reads UTF-8 or UTF-16, told apart by the byte order mark or, without one, by zero bytes.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>, NotText> {
    if let Some((utf16, skipped)) = utf16_of(bytes) {
        let text = utf16
            .decode_without_bom_handling_and_without_replacement(&bytes[skipped..])
            .ok_or_else(|| NotText {
                message: "not valid UTF-16".to_owned(),
                offset: skipped,
            })?;
        return Ok(Decoded {
            text,
            encoding: Encoding::Utf16,
        });
    }
    let (body, skipped) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(body) => (body, 3),
        None => (bytes, 0),
    };
    let text = std::str::from_utf8(body).map_err(|error| NotText {
        message: "not valid UTF-8".to_owned(),
        offset: skipped + error.valid_up_to(),
    })?;
    Ok(Decoded {
        text: Cow::Borrowed(text),
        encoding: Encoding::Utf8,
    })
}

/// Like [`decode`], but takes what is not UTF-8 for Windows-1251, in which every byte is a letter.
///
/// Only for tables: there the encoding can't change a number, at worst the look of a name.
pub fn decode_table(bytes: &[u8]) -> Result<Decoded<'_>, NotText> {
    match decode(bytes) {
        Err(_) if utf16_of(bytes).is_none() => Ok(Decoded {
            text: WINDOWS_1251.decode_without_bom_handling(bytes).0,
            encoding: Encoding::Windows1251,
        }),
        other => other,
    }
}

/// The byte order of UTF-16 text and the length of its mark; `None` for anything else.
fn utf16_of(bytes: &[u8]) -> Option<(&'static encoding_rs::Encoding, usize)> {
    match bytes {
        [0xff, 0xfe, ..] => Some((UTF_16LE, 2)),
        [0xfe, 0xff, ..] => Some((UTF_16BE, 2)),
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Some((UTF_16LE, 0)),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some((UTF_16BE, 0)),
        _ => None,
    }
}

/// The line and the column (in characters) of a byte offset, both from 1.
pub fn position(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, mark: bool) -> Vec<u8> {
        let units = mark
            .then_some(0xfeff)
            .into_iter()
            .chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn marks_are_skipped_and_utf16_is_seen_without_one() {
        assert_eq!(decode(b"\xef\xbb\xbfa: 1").unwrap().text, "a: 1");
        for mark in [true, false] {
            let bytes = utf16("{\"потери\": 1}", mark);
            let read = decode(&bytes).unwrap();
            assert_eq!(
                (read.text.as_ref(), read.encoding),
                ("{\"потери\": 1}", Encoding::Utf16)
            );
        }
    }

    #[test]
    fn what_is_no_text_says_where() {
        assert_eq!(decode(b"ok: caf\xe9").unwrap_err().offset, 7);
        let mut torn = utf16("ab", true);
        torn.pop();
        assert!(decode(&torn).is_err());
    }

    #[test]
    fn a_table_may_be_in_the_russian_code_page() {
        let read = decode_table(b"\xf2\xee\xf7\xed\xee\xf1\xf2\xfc;0,8").unwrap();
        assert_eq!(read.text, "точность;0,8");
        assert_eq!(read.encoding, Encoding::Windows1251);
    }

    #[test]
    fn positions_count_characters() {
        assert_eq!(position("да: 1\nнет", "да: 1\nн".len()), (2, 2));
        assert_eq!(position("ab", 99), (1, 3));
    }
}
