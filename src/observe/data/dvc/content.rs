//! The MD5 by which DVC names a content.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use md5::{Digest, Md5};

use super::{DIR, is_folder};
use crate::observe::data::hash::BUFFER;
use crate::observe::data::walk::{Filter, walk};

/// DVC tells text from binary by as many bytes.
const TOLD_TEXT_FROM: usize = 512;

/// The MD5 of a content, and the one that DVC before version 3 gave it: of a text with LF for each CRLF.
pub type Md5s = [[u8; 16]; 2];

/// Whether a content is what DVC calls by an MD5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// It is.
    So,
    /// It has this one.
    Otherwise(String),
    /// A folder that is not so as it stands: of the files in it DVC may leave some out (`.dvcignore`).
    Unknown,
}

impl Called {
    /// Compares the MD5s that a content has with the one that DVC has written down, which may be that
    /// of a folder.
    pub fn of(own: &Md5s, ending: &str, md5: &str) -> Self {
        let name = |md5: &[u8; 16]| format!("{}{ending}", hex(md5));
        match own.iter().any(|own| name(own) == md5) {
            true => Self::So,
            false if ending == DIR && is_folder(md5) => Self::Unknown,
            false => Self::Otherwise(name(&own[0])),
        }
    }
}

/// Whether what is at a path is what DVC calls by this MD5.
///
/// # Errors
/// When it can't be read.
pub fn called(path: &Path, md5: &str) -> io::Result<Called> {
    Ok(match path.is_dir() {
        true => Called::of(&folder_md5s(path)?, DIR, md5),
        false => Called::of(&file_md5s(path, |_| ())?, "", md5),
    })
}

fn folder_md5s(folder: &Path) -> io::Result<Md5s> {
    let found = walk(folder, &Filter::default());
    if let Some((_, why)) = found.unreadable.first() {
        return Err(io::Error::other(why.clone()));
    }
    let mut listing = Listing::default();
    for file in &found.files {
        listing.add(&file.name.display(), &file_md5s(&file.path, |_| ())?);
    }
    Ok(listing.md5s())
}

/// The listing of a folder, whose MD5 is the folder's: as Python's `json` writes it, by both MD5s of
/// the files.
pub struct Listing([String; 2]);

impl Default for Listing {
    fn default() -> Self {
        Self(["[".to_owned(), "[".to_owned()])
    }
}

impl Listing {
    /// Adds the next file, in the order of the bytes of their names.
    pub fn add(&mut self, name: &str, md5s: &Md5s) {
        let name = in_ascii(name);
        for (text, md5) in self.0.iter_mut().zip(md5s) {
            let comma = if text.len() > 1 { ", " } else { "" };
            let md5 = hex(md5);
            text.push_str(&format!(
                r#"{comma}{{"md5": "{md5}", "relpath": "{name}"}}"#
            ));
        }
    }

    /// The MD5s of the folder.
    pub fn md5s(self) -> Md5s {
        self.0.map(|text| {
            Md5::new()
                .chain_update(text)
                .chain_update("]")
                .finalize()
                .into()
        })
    }
}

/// As `json.dumps` writes a text.
fn in_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(letter),
            _ => {
                let units = letter.encode_utf16(&mut [0; 2]).to_vec();
                units
                    .iter()
                    .for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
        }
    }
    out
}

/// The MD5s of a file; `each` sees the bytes that they are of.
///
/// # Errors
/// When it can't be read.
pub fn file_md5s(path: &Path, mut each: impl FnMut(&[u8])) -> io::Result<Md5s> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; BUFFER];
    let (mut plain, mut unix) = (Md5::new(), None);
    let mut is_text = None;
    let mut after_cr = false;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = &buffer[..count];
        each(bytes);
        let sample = &bytes[..count.min(TOLD_TEXT_FROM)];
        if *is_text.get_or_insert(!sample.contains(&0))
            && (unix.is_some() || bytes.contains(&b'\r'))
        {
            // Up to the first CR both are the same.
            let unix = unix.get_or_insert_with(|| plain.clone());
            for piece in bytes.split_inclusive(|&byte| byte == b'\r') {
                if std::mem::take(&mut after_cr) && piece[0] != b'\n' {
                    unix.update(b"\r");
                }
                after_cr = piece.ends_with(b"\r");
                unix.update(&piece[..piece.len() - usize::from(after_cr)]);
            }
        }
        plain.update(bytes);
    }
    if let Some(unix) = unix.as_mut().filter(|_| after_cr) {
        unix.update(b"\r");
    }
    let plain = plain.finalize().into();
    Ok([plain, unix.map_or(plain, |unix| unix.finalize().into())])
}

fn hex(bytes: &[u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both MD5s are those that DVC 3.67 wrote down for these files.
    #[test]
    fn contents_have_the_names_that_dvc_gives_them() {
        let folder = tempfile::tempdir().unwrap();
        let set = folder.path().join("img");
        std::fs::create_dir(&set).unwrap();
        for number in 1..=3 {
            let text = format!("img{number}\n");
            std::fs::write(set.join(format!("{number}.png")), text).unwrap();
        }
        std::fs::write(set.join("юни.txt"), "ю\n").unwrap();
        let is_so = |path: &Path, md5: &str| called(path, md5).unwrap();
        let listed = "f723c751d313fd5d24517971ab722e8f.dir";
        assert_eq!(is_so(&set, listed), Called::So);
        let table = folder.path().join("t.csv");
        std::fs::write(&table, "a,b\n1,2\n3,4\n").unwrap();
        let md5 = "c3c6bc2ae8ece4bd2510dca21225c041";
        assert_eq!(is_so(&table, md5), Called::So);
        assert_eq!(is_so(&set, md5), Called::Otherwise(listed.to_owned()));
        assert_eq!(is_so(&table, listed), Called::Otherwise(md5.to_owned()));
        // DVC 2 took a text's MD5 without its CRs.
        std::fs::write(&table, "a,b\r\n1,2\r\n3,4\r\n").unwrap();
        assert_eq!(is_so(&table, md5), Called::So);
        std::fs::write(&table, "a,b\n1,2\n3,5\n").unwrap();
        assert!(matches!(is_so(&table, md5), Called::Otherwise(own) if own != md5));
        std::fs::write(set.join("4.png"), "img4\n").unwrap();
        assert_eq!(is_so(&set, listed), Called::Unknown);
    }
}
