//! Values that a file gives to the name of a secret: `api_key = "…"`, `HF_TOKEN=…`, `secret: …`.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::names::{self, Secrecy};
use super::{Match, REDACTED, generated};

/// Parts of names, in any case, that are worth a closer look.
const ANCHORS: &[&str] = &[
    "passw",
    "passphrase",
    "secret",
    "token",
    "key",
    "pwd",
    "_pass",
];

/// The longest name that is read, to either side of its anchor, in bytes.
const LONGEST_NAME: usize = 64;

static NAMES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(ANCHORS)
        .ok()
});

/// Finds literals under the name of a secret that look generated.
pub(super) fn find(bytes: &[u8]) -> Vec<Match> {
    find_where(bytes, |name, value| {
        // The value first: most anchors are words in running text, which it rules out at once.
        let literal = &bytes[value.clone()];
        if !generated::is_generated(literal) || is_path(bytes, &name) {
            return false;
        }
        let quoted = bytes[..value.start].ends_with(b"\"") || bytes[..value.start].ends_with(b"'");
        if !quoted && generated::is_identifier(literal) {
            return false;
        }
        match names::secrecy(&String::from_utf8_lossy(&bytes[name])) {
            Secrecy::Certain => true,
            Secrecy::Likely => generated::has_three_classes(literal),
            Secrecy::Possible | Secrecy::No => false,
        }
    })
}

/// Finds whatever is given to the name of a secret, for command lines (`{"password": "hunter2"}`).
pub(super) fn find_named(text: &str) -> Vec<Match> {
    let bytes = text.as_bytes();
    find_where(bytes, |name, value| {
        let name = String::from_utf8_lossy(&bytes[name]);
        names::is_secret_value(
            names::secrecy(&name),
            &String::from_utf8_lossy(&bytes[value]),
        )
    })
}

/// A part of a longer name, which nothing is assigned to: `arn:aws:…:secret:name`, `AWS::ApiKey`.
fn is_path(bytes: &[u8], name: &Range<usize>) -> bool {
    let before = &bytes[..name.start];
    before.ends_with(b"::") || (before.ends_with(b":") && bytes.get(name.end) == Some(&b':'))
}

fn find_where(bytes: &[u8], is_secret: impl Fn(Range<usize>, Range<usize>) -> bool) -> Vec<Match> {
    let Some(names) = NAMES.as_ref() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut done = 0;
    for hit in names.find_iter(bytes) {
        if hit.start() < done {
            continue;
        }
        let name = name_around(bytes, hit.range());
        done = name.end;
        let Some(value) = value_after(bytes, &name) else {
            continue;
        };
        if is_secret(name, value.clone()) {
            found.push(Match {
                kind: "password or key in an assignment",
                range: value,
            });
        }
    }
    found
}

fn in_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"_-.".contains(&b)
}

fn name_around(bytes: &[u8], anchor: Range<usize>) -> Range<usize> {
    let before = bytes[..anchor.start]
        .iter()
        .rev()
        .take(LONGEST_NAME)
        .take_while(|&&b| in_name(b))
        .count();
    let after = bytes[anchor.end..]
        .iter()
        .take(LONGEST_NAME)
        .take_while(|&&b| in_name(b))
        .count();
    anchor.start - before..anchor.end + after
}

/// The literal that is assigned to a name: after `=` or `:`, an annotation such as `: str =`, or,
/// for a flag in a script, after a space.
fn value_after(bytes: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    // `environ["NAME"] = ` closes a quote and a bracket first; in JSON inside JSON quotes are escaped.
    let mut at = skip(bytes, name.end, b"\\\"']");
    let is_flag = bytes[name.clone()].starts_with(b"--");
    let spaces = skip(bytes, at, b" \t");
    match bytes.get(spaces) {
        Some(b'=' | b':') => at = skip(bytes, spaces, b"=:>"),
        // The next flag is no value of this one.
        _ if is_flag && spaces > at && bytes.get(spaces) != Some(&b'-') => at = spaces,
        _ => return None,
    }
    at = skip(bytes, at, b" \t");
    let annotated = [&b"str"[..], b"String", b"&str"]
        .iter()
        .find_map(|name| bytes[at..].strip_prefix(*name));
    if let Some(rest) = annotated {
        let equals = skip(bytes, bytes.len() - rest.len(), b" \t");
        if bytes.get(equals) == Some(&b'=') {
            at = skip(bytes, equals + 1, b" \t");
        }
    }
    literal(bytes, at)
}

/// At most eight bytes of a set: more is formatting that nobody assigns with.
fn skip(bytes: &[u8], start: usize, set: &[u8]) -> usize {
    let length = bytes[start..]
        .iter()
        .take(8)
        .take_while(|b| set.contains(b))
        .count();
    start + length
}

fn literal(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let mut start = at;
    if let [b'r' | b'b' | b'f' | b'u', b'"' | b'\'', ..] = bytes[start..] {
        start += 1;
    }
    if bytes.get(start) == Some(&b'\\') && matches!(bytes.get(start + 1), Some(b'"' | b'\'')) {
        start += 1;
    }
    let limit = bytes.len().min(start + 600);
    let quote = bytes.get(start).copied().filter(|b| b"\"'`".contains(b));
    let Some(quote) = quote else {
        if bytes[start..].starts_with(REDACTED.as_bytes()) || bytes[start..].starts_with(b"${") {
            return None;
        }
        let length = bytes[start..limit]
            .iter()
            .position(|b| b.is_ascii_whitespace() || b",;\"'}&|#\\)]".contains(b))
            .unwrap_or(limit - start);
        return Some(start..start + length);
    };
    start += 1;
    let length = bytes
        .get(start..limit)?
        .iter()
        .position(|&b| b == quote || b == b'\\' || b == b'\n')?;
    Some(start..start + length)
}
