//! Passwords that travel in addresses: `https://user:password@host/`, `?access_token=…`.

use std::ops::Range;

use super::generated;
use super::names::{self, Secrecy};

/// Query parameters that grant access by themselves, beside those whose name says it (signed
/// addresses of S3, Google Cloud Storage and Azure).
const GRANTS: &[&str] = &[
    "sig",
    "signature",
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
    "x-goog-signature",
    "x-goog-credential",
];

/// Finds what must not stay of every address in a text.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut done = 0;
    for colon in memchr::memmem::find_iter(text.as_bytes(), "://") {
        if colon < done {
            continue;
        }
        let start = colon + 3;
        let scheme_length = text[..colon]
            .bytes()
            .rev()
            .take_while(|b| b.is_ascii_alphanumeric() || b"+.-".contains(b))
            .count();
        if scheme_length == 0 {
            continue;
        }
        let scheme = &text[colon - scheme_length..colon];
        let end = start + length_of_url(&text[start..]);
        let url = &text[start..end];
        if let Some(length) = user_info(url, scheme) {
            found.push(start..start + length);
        }
        found.extend(parameters(url).map(|range| start + range.start..start + range.end));
        done = end;
    }
    found
}

fn length_of_url(rest: &str) -> usize {
    rest.find(|c: char| c.is_whitespace() || c.is_control() || "\"'`<>\\".contains(c))
        .unwrap_or(rest.len())
}

/// How many bytes of user and password precede the `@`, if they hold a secret. A user alone stays:
/// `ssh://git@host` and `https://org@dev.azure.com` name nobody's key, unless it looks generated.
fn user_info(url: &str, scheme: &str) -> Option<usize> {
    let authority = url.find(['/', '?', '#']).unwrap_or(url.len());
    let at = match url[..authority].rfind('@') {
        Some(at) => at,
        None => at_after_slash(url, authority)?,
    };
    let info = &url[..at];
    let secret = match info.split_once(':') {
        Some((_, password)) => !password.is_empty() && password != super::REDACTED,
        None => scheme.starts_with("http") && generated::is_generated(info.as_bytes()),
    };
    (secret && info != super::REDACTED).then_some(at)
}

/// A password with an unescaped `/` in it: then what stands where the port should is no number.
fn at_after_slash(url: &str, authority: usize) -> Option<usize> {
    let (_, port) = url[..authority].rsplit_once(':')?;
    if url.starts_with('[') || port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    url.rfind('@')
}

/// Values of query parameters (and of the fragment, where OAuth puts them) that grant access.
fn parameters(url: &str) -> impl Iterator<Item = Range<usize>> {
    let query = url.find(['?', '#']).map_or(url.len(), |mark| mark + 1);
    let mut start = query;
    url[query..].split(['&', ';', '#']).filter_map(move |pair| {
        let begin = start;
        start += pair.len() + 1;
        let (key, value) = pair.split_once('=')?;
        let grants = GRANTS.iter().any(|name| key.eq_ignore_ascii_case(name));
        let secrecy = if grants {
            Secrecy::Certain
        } else {
            names::secrecy(key)
        };
        names::is_secret_value(secrecy, value).then_some(begin + key.len() + 1..begin + pair.len())
    })
}
