//! The manifest of a folder, in the format of `sha256sum`.
//!
//! One line a file, sorted by the bytes of the path; the digest of that text is the folder's. So
//! ordinary tools verify both: `sha256sum -c MANIFEST` inside the folder, and
//!
//! ```sh
//! find -L . -name .git -prune -o -type f -printf '%P\0' |
//!   LC_ALL=C sort -z | xargs -0r sha256sum -- | sha256sum
//! ```

use std::collections::BTreeMap;

use super::hash::Raw;
use crate::model::card::TypeTotal;
use crate::model::{RecordPath, Sha256};

/// A folder's content, line by line.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    text: Vec<u8>,
    /// Files.
    pub files: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Files by extension in lower case (empty when there is none).
    pub types: BTreeMap<String, TypeTotal>,
    /// The extension of the last file, as it was written and in lower case.
    last: (Vec<u8>, String),
}

impl Manifest {
    /// Makes room for files whose paths have so many bytes together.
    pub fn reserve(&mut self, files: usize, paths: usize) {
        self.text.reserve(files * (64 + 3) + paths);
    }

    /// Adds the next file; paths must come sorted by their bytes.
    pub fn push(&mut self, path: &RecordPath, digest: &Raw, bytes: u64) {
        line(&mut self.text, path.as_bytes(), digest);
        self.files += 1;
        self.bytes += bytes;
        let extension = path.raw_extension();
        if extension != self.last.0.as_slice() {
            self.last = (extension.to_owned(), path.extension());
        }
        // Files of a folder are mostly of one type: its name is made once.
        match self.types.get_mut(&self.last.1) {
            Some(total) => total.add(bytes),
            None => self
                .types
                .entry(self.last.1.clone())
                .or_default()
                .add(bytes),
        }
    }

    /// The text. Paths are bytes, so it need not be UTF-8.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The text itself.
    pub fn into_text(self) -> Vec<u8> {
        self.text
    }

    /// The folder's digest.
    pub fn sha256(&self) -> Sha256 {
        Sha256::of(&self.text)
    }
}

/// Escapes a name as coreutils does: a backslash before the line says that the name is escaped.
fn line(text: &mut Vec<u8>, path: &[u8], digest: &Raw) {
    let nasty = path.iter().any(|b| matches!(b, b'\\' | b'\n' | b'\r'));
    if nasty {
        text.push(b'\\');
    }
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [b' '; 66];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(digest) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text.extend_from_slice(&hex);
    if !nasty {
        text.extend_from_slice(path);
        text.push(b'\n');
        return;
    }
    for &byte in path {
        match byte {
            b'\\' => text.extend_from_slice(b"\\\\"),
            b'\n' => text.extend_from_slice(b"\\n"),
            b'\r' => text.extend_from_slice(b"\\r"),
            _ => text.push(byte),
        }
    }
    text.push(b'\n');
}

/// A line of a manifest, taken apart again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Relative to the folder.
    pub path: RecordPath,
    /// Digest of the file.
    pub sha256: Sha256,
}

/// Reads a manifest; `None` when it is none.
pub fn parse(text: &[u8]) -> Option<Vec<Line>> {
    let body = match text.strip_suffix(b"\n") {
        Some(body) => body,
        None if text.is_empty() => return Some(Vec::new()),
        None => return None,
    };
    body.split(|&b| b == b'\n').map(parse_line).collect()
}

fn parse_line(line: &[u8]) -> Option<Line> {
    let (escaped, line) = match line.strip_prefix(b"\\") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let (digest, name) = line.split_at_checked(64)?;
    let name = name.strip_prefix(b"  ")?;
    let sha256 = Sha256::parse(std::str::from_utf8(digest).ok()?)?;
    let name = if escaped {
        unescape(name)?
    } else {
        name.to_vec()
    };
    Some(Line {
        path: RecordPath::from_bytes(name),
        sha256,
    })
}

fn unescape(name: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next()? {
                b'n' => b'\n',
                b'r' => b'\r',
                b'\\' => b'\\',
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_name_survives_a_manifest(names in prop::collection::btree_set(
            prop::collection::vec(1_u8..=255, 1..20), 0..8)) {
            let mut manifest = Manifest::default();
            for name in &names {
                manifest.push(&RecordPath::from_bytes(name.clone()), &[7; 32], 1);
            }
            let lines = parse(manifest.text()).unwrap();
            let read: Vec<_> = lines.iter().map(|l| l.path.as_bytes().to_vec()).collect();
            prop_assert_eq!(read, names.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn totals_are_kept_by_type() {
        let mut manifest = Manifest::default();
        for (name, bytes) in [("a.PNG", 3), ("b.png", 4), ("c", 5)] {
            manifest.push(&name.into(), &[0; 32], bytes);
        }
        let total = |name: &str| {
            let total = manifest.types[name];
            (total.files, total.bytes, total.smallest, total.largest)
        };
        assert_eq!(total("png"), (2, 7, Some(3), Some(4)));
        assert_eq!(total(""), (1, 5, Some(5), Some(5)));
        assert_eq!((manifest.files, manifest.bytes), (3, 12));
    }
}
