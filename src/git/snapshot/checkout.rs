//! What git does to a file's bytes between the object database and the disk.

use super::config::Config;
use super::conversion::{Attributes, Suspect};
use super::files;
use crate::git::{Error, Repo};
use crate::model::Oid;

/// What git does to a blob at checkout, short of running a filter or changing an encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkout {
    /// `$Id$` is expanded.
    pub ident: bool,
    /// LF becomes CRLF.
    pub crlf: bool,
}

impl Checkout {
    /// Every LF becomes CRLF, and that is all.
    pub const CRLF: Self = Self {
        ident: false,
        crlf: true,
    };

    /// What happens to this blob. Where git guesses that a file is text, it leaves binary content
    /// and any file that has a CR alone.
    pub fn of(attributes: &Attributes, config: &Config, blob: &[u8]) -> Self {
        if attributes.encoded() || attributes.filter(config).is_some() {
            return Self::default();
        }
        let surely_text = attributes.value("text") == "set" || attributes.value("crlf") == "set";
        let takes_crlf = surely_text || !(blob.contains(&b'\r') || blob.contains(&0));
        Self {
            ident: attributes.ident(),
            crlf: takes_crlf && attributes.checked_out_with_crlf(config),
        }
    }

    /// The bytes that git would write.
    pub fn apply(self, blob: &[u8], id: &Oid) -> Vec<u8> {
        let mut bytes = blob.to_vec();
        if self.ident {
            bytes = replace(&bytes, b"$Id$", expansion(id).as_bytes());
        }
        if self.crlf {
            bytes = with_crlf(&bytes);
        }
        bytes
    }
}

fn expansion(id: &Oid) -> String {
    format!("$Id: {id} $")
}

/// How the bytes on disk relate to the blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// The same.
    Equal,
    /// The blob with CRLF for every LF, and nothing else.
    Crlf,
    /// Only the bytes themselves say it.
    Different,
}

/// Compares a file's bytes with its blob, without reading the blob, and says whether git would give
/// just these bytes back.
pub fn likeness(
    repo: &Repo,
    config: &Config,
    suspect: &Suspect<'_>,
) -> Result<(Likeness, bool), Error> {
    let place = repo.top()?.join(suspect.entry.path.to_path());
    let bytes = files::read_regular(&place).map_err(|source| Error::File {
        path: place.display().to_string(),
        source,
    })?;
    let id = &suspect.entry.id;
    let is_blob = |bytes: &[u8]| repo.format().id("blob", bytes) == *id;
    let given_back =
        |blob: &[u8]| Checkout::of(&suspect.attributes, config, blob).apply(blob, id) == bytes;
    if is_blob(&bytes) {
        return Ok((Likeness::Equal, given_back(&bytes)));
    }
    let lf = only_crlf(&bytes);
    if let Some(lf) = lf.as_ref().filter(|lf| is_blob(lf)) {
        return Ok((Likeness::Crlf, given_back(lf)));
    }
    let collapsed = replace(
        lf.as_ref().unwrap_or(&bytes),
        expansion(id).as_bytes(),
        b"$Id$",
    );
    let is_expanded = suspect.attributes.ident() && is_blob(&collapsed);
    Ok((Likeness::Different, is_expanded && given_back(&collapsed)))
}

/// The text with LF line ends if every one of its line ends is CRLF.
fn only_crlf(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        if byte == b'\n' && text.pop() != Some(b'\r') {
            return None;
        }
        text.push(byte);
    }
    Some(text)
}

/// The text with CRLF line ends.
fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() + bytes.len() / 16);
    for &byte in bytes {
        if byte == b'\n' {
            text.push(b'\r');
        }
        text.push(byte);
    }
    text
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        if let Some(after) = rest.strip_prefix(from) {
            out.extend_from_slice(to);
            rest = after;
        } else {
            out.push(first);
            rest = &rest[1..];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crlf_is_undone_only_where_it_is_the_only_line_end() {
        assert_eq!(only_crlf(b"a\r\nb\r\n").as_deref(), Some(&b"a\nb\n"[..]));
        assert_eq!(only_crlf(b"a\r\nb\n"), None);
        for text in [&b""[..], b"\r\n", b"a\r\r\nb", b"no end"] {
            let lf = only_crlf(text).unwrap();
            assert_eq!(with_crlf(&lf), text);
        }
    }
}
