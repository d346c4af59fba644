//! Which files git converts on the way in or out, told as cheaply as can be.
//!
//! Most repositories convert nothing, and then nothing is asked. Line ends and `$Id$` only ever
//! shrink a file on its way in, so there a size is enough to see that nothing happened. Only
//! encodings and filters need a look at every path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::config::Config;
use super::observe::prepared;
use super::{Scope, files};
use crate::ambient;
use crate::git::command::split_nul;
use crate::git::tree::Entry;
use crate::git::{Error, Repo};
use crate::model::RecordPath;

/// Attributes that change bytes (gitattributes(5)).
const ATTRIBUTES: [&str; 6] = [
    "text",
    "crlf",
    "eol",
    "ident",
    "filter",
    "working-tree-encoding",
];

/// How far conversions may reach in this repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// No attribute and no setting names any.
    Nowhere,
    /// Line ends and `$Id$`.
    Shrinking,
    /// Anything.
    Anywhere,
}

/// A file whose bytes may differ from the blob that git made of it.
#[derive(Debug)]
pub struct Suspect<'a> {
    /// Its entry in the tree.
    pub entry: &'a Entry,
    /// What git does to it.
    pub attributes: Attributes,
}

/// The conversion attributes of one path.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    values: BTreeMap<&'static str, String>,
}

impl Attributes {
    fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("unspecified", String::as_str)
    }

    fn named(&self, name: &str) -> Option<&str> {
        Some(self.value(name)).filter(|v| !matches!(*v, "unspecified" | "unset" | "set"))
    }

    /// The filter driver, if it has a command.
    pub fn filter<'s>(&'s self, config: &Config) -> Option<&'s str> {
        self.named("filter")
            .filter(|name| config.filters.contains(*name))
    }

    /// Whether `$Id$` is expanded.
    pub fn ident(&self) -> bool {
        self.value("ident") == "set"
    }

    /// Whether the text is stored in another encoding than it has on disk.
    pub fn encoded(&self) -> bool {
        self.named("working-tree-encoding").is_some()
    }

    /// Whether git writes this file with CRLF at checkout: git's rules for `text`, the older
    /// `crlf`, `eol`, `core.autocrlf` and `core.eol` (gitattributes(5), "End-of-line conversion").
    pub fn checked_out_with_crlf(&self, config: &Config) -> bool {
        let text = match self.value("text") {
            "unspecified" => self.value("crlf"),
            text => text,
        };
        if text == "unset" || text == "input" {
            return false;
        }
        match self.value("eol") {
            "lf" => return false,
            "crlf" => return true,
            _ => {}
        }
        match config.autocrlf.as_str() {
            "true" | "yes" | "on" | "1" => return true,
            "input" => return false,
            _ => {}
        }
        let is_text = text == "set" || text == "auto";
        is_text && (config.eol == "crlf" || (cfg!(windows) && config.eol != "lf"))
    }
}

/// The files whose bytes must be compared with their blobs.
pub fn suspects<'a>(
    repo: &Repo,
    scope: &Scope<'_>,
    config: &Config,
    entries: &'a [Entry],
) -> Result<Vec<Suspect<'a>>, Error> {
    let top = repo.top()?;
    let regular: Vec<&Entry> = entries.iter().filter(|entry| entry.is_file()).collect();
    let reach = reach(repo, config, &regular)?;
    if reach == Reach::Nowhere {
        return Ok(Vec::new());
    }
    let resized = resized(repo, top, &regular)?;
    let asked: Vec<&Entry> = match reach {
        Reach::Anywhere => regular,
        _ => resized.iter().copied().collect(),
    };
    let attributes = ask(repo, scope, config, &asked)?;
    let mut suspects = Vec::new();
    for (entry, attributes) in asked.into_iter().zip(attributes) {
        let any_size = attributes.filter(config).is_some() || attributes.encoded();
        if any_size || resized.contains(entry) {
            suspects.push(Suspect { entry, attributes });
        }
    }
    Ok(suspects)
}

/// Reads every place that attributes come from, for the words alone.
fn reach(repo: &Repo, config: &Config, entries: &[&Entry]) -> Result<Reach, Error> {
    let top = repo.top()?;
    let mut places: Vec<PathBuf> = entries
        .iter()
        .filter(|entry| entry.path.file_name() == b".gitattributes")
        .map(|entry| top.join(entry.path.to_path()))
        .collect();
    places.push(repo.common_dir.join("info/attributes"));
    places.extend(user_attributes(config));
    let mut reach = match config.converts_line_ends() {
        true => Reach::Shrinking,
        false => Reach::Nowhere,
    };
    if cfg!(windows) {
        // Git for Windows brings a file of its own, at a place that depends on the installation.
        reach = Reach::Anywhere;
    } else {
        places.push(PathBuf::from("/etc/gitattributes"));
    }
    for place in places {
        if let Ok(text) = std::fs::read(&place) {
            reach = reach.max(words(&text, config));
        }
    }
    Ok(reach)
}

fn user_attributes(config: &Config) -> Option<PathBuf> {
    let Some(file) = &config.attributes_file else {
        return Some(ambient::config_home()?.join("git/attributes"));
    };
    match file.strip_prefix("~") {
        Ok(rest) => Some(ambient::home()?.join(rest)),
        Err(_) => Some(file.clone()),
    }
}

fn words(text: &[u8], config: &Config) -> Reach {
    let text = String::from_utf8_lossy(text);
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    lines
        .map(|line| {
            let says = |word: &str| line.contains(word);
            if says("working-tree-encoding") || (says("filter") && !config.filters.is_empty()) {
                Reach::Anywhere
            } else if ["text", "eol", "crlf", "ident"].into_iter().any(says) {
                Reach::Shrinking
            } else {
                Reach::Nowhere
            }
        })
        .max()
        .unwrap_or(Reach::Nowhere)
}

/// The files that have another size on disk than in the object database.
fn resized<'a>(
    repo: &Repo,
    top: &Path,
    entries: &[&'a Entry],
) -> Result<std::collections::HashSet<&'a Entry>, Error> {
    let list: String = entries
        .iter()
        .map(|entry| format!("{}\n", entry.id))
        .collect();
    let printed = repo
        .git()
        .args(["cat-file", "--batch-check=%(objectsize)"])
        .stdin(list)
        .text()?;
    let mut sizes = printed.lines();
    let mut differing = std::collections::HashSet::new();
    for entry in entries {
        // A missing blob (partial clone) has no size: then only the bytes can tell.
        let stored: Option<u64> = sizes.next().and_then(|size| size.parse().ok());
        let Ok(found) = top.join(entry.path.to_path()).symlink_metadata() else {
            continue;
        };
        if found.is_file() && stored != Some(found.len()) {
            differing.insert(*entry);
        }
    }
    Ok(differing)
}

fn ask(
    repo: &Repo,
    scope: &Scope<'_>,
    config: &Config,
    entries: &[&Entry],
) -> Result<Vec<Attributes>, Error> {
    let mut list = Vec::new();
    for entry in entries {
        list.extend(entry.path.as_bytes());
        list.push(0);
    }
    let printed = prepared(repo, scope, config)
        .args(["check-attr", "-z", "--stdin"])
        .args(ATTRIBUTES)
        .stdin(list)
        .run()?;
    // `path NUL attribute NUL value NUL`, for each path each attribute in the order asked for.
    let mut fields = split_nul(&printed);
    let mut all = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut attributes = Attributes::default();
        for name in ATTRIBUTES {
            let (path, _, value) = (fields.next(), fields.next(), fields.next());
            match (path, value) {
                (Some(path), Some(value)) if path == entry.path.as_bytes() => {
                    let value = String::from_utf8_lossy(value).into_owned();
                    attributes.values.insert(name, value);
                }
                _ => return Err(Error::Unexpected("attributes of another path".into())),
            }
        }
        all.push(attributes);
    }
    Ok(all)
}

/// How the bytes on disk relate to the blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// The same.
    Equal,
    /// The blob with CRLF for every LF, and nothing else.
    Crlf,
    /// The blob with `$Id$` expanded as git does, in either line end.
    Expanded,
    /// Only the bytes themselves say it.
    Different,
}

/// Compares a file's bytes with a blob, without reading the blob.
pub fn likeness(repo: &Repo, path: &RecordPath, suspect: &Suspect<'_>) -> Result<Likeness, Error> {
    let place = repo.top()?.join(path.to_path());
    let failed = |source| Error::File {
        path: place.display().to_string(),
        source,
    };
    let (mut file, _) = files::open_regular(&place).map_err(failed)?;
    let format = repo.format();
    let id = &suspect.entry.id;
    if format.blob_of_file(&mut file).map_err(failed)?.as_ref() == Some(id) {
        return Ok(Likeness::Equal);
    }
    let bytes = std::fs::read(&place).map_err(failed)?;
    let is_blob = |bytes: &[u8]| format.id("blob", bytes) == *id;
    let lf = only_crlf(&bytes);
    if lf.as_ref().is_some_and(|lf| is_blob(lf)) {
        return Ok(Likeness::Crlf);
    }
    if suspect.attributes.ident() {
        let expansion = format!("$Id: {id} $");
        let collapsed = replace(lf.as_ref().unwrap_or(&bytes), expansion.as_bytes(), b"$Id$");
        if is_blob(&collapsed) {
            return Ok(Likeness::Expanded);
        }
    }
    Ok(Likeness::Different)
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
pub fn with_crlf(bytes: &[u8]) -> Vec<u8> {
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

    #[test]
    fn words_decide_how_far_to_look() {
        let plain = Config::default();
        let lfs = Config::parse(b"filter.lfs.clean\ngit-lfs clean\0");
        assert_eq!(words(b"*.py diff=python\n# text\n", &plain), Reach::Nowhere);
        assert_eq!(words(b"* text=auto\n", &plain), Reach::Shrinking);
        assert_eq!(words(b"*.bin filter=lfs\n", &plain), Reach::Nowhere);
        assert_eq!(words(b"*.bin filter=lfs\n", &lfs), Reach::Anywhere);
        assert_eq!(
            words(b"x working-tree-encoding=UTF-16\n", &plain),
            Reach::Anywhere
        );
    }

    #[test]
    fn line_ends_at_checkout_follow_gits_rules() {
        let crlf = |pairs: &[(&'static str, &str)], config: &[u8]| {
            let values = pairs.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
            Attributes { values }.checked_out_with_crlf(&Config::parse(config))
        };
        let auto = b"core.autocrlf\ntrue\0";
        assert!(crlf(&[], auto));
        assert!(!crlf(&[("text", "unset")], auto));
        assert!(!crlf(&[("eol", "lf")], auto));
        assert!(crlf(&[("eol", "crlf")], b""));
        assert!(crlf(&[("text", "auto")], b"core.eol\ncrlf\0"));
        assert!(!crlf(&[], b"core.eol\ncrlf\0"));
        assert!(!crlf(
            &[("text", "set")],
            b"core.autocrlf\ninput\0core.eol\ncrlf\0"
        ));
    }
}
