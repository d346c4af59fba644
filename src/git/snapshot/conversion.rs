//! Which files git converts on the way in or out, told as cheaply as can be.
//!
//! Most repositories convert nothing, and then nothing is asked, unless an old rule shows in a file's
//! size ([`super::sizes`]). Where LF is all that git writes
//! (`* text=auto` on Unix), a file can only shrink on its way in, and its size is enough to see that
//! nothing happened. Only CRLF, `$Id$`, encodings and filters need a look at every path.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use super::config::{AutoCrlf, Config};
use super::observe::prepared;
use super::overlay::Rules;
use super::{Scope, files};
use crate::ambient;
use crate::git::command::split_nul;
use crate::git::objects::Objects;
use crate::git::tree::Entry;
use crate::git::{Error, Git, Repo, stuck};
use crate::model::{Oid, RecordPath};

/// Attributes that change bytes (gitattributes(5)).
const ATTRIBUTES: [&str; 6] = [
    "text",
    "crlf",
    "eol",
    "ident",
    "filter",
    "working-tree-encoding",
];

/// Names attributes for the paths of its folder.
pub const ATTRIBUTES_FILE: &[u8] = b".gitattributes";

/// How far conversions may reach in this repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// No attribute and no setting names any.
    Nowhere,
    /// Line ends on the way in alone: what comes out is the blob as it is.
    Inward,
    /// Anything.
    Anywhere,
    /// Anything, by rules that are there no more: attributes changed since files were checked out,
    /// and git looks at no file again for that.
    Unknown,
}

/// A file whose bytes may differ from the blob that git made of it.
#[derive(Debug)]
pub struct Suspect<'a> {
    /// Its entry in the tree.
    pub entry: &'a Entry,
    /// What git does to it.
    pub attributes: Attributes,
    /// How long its blob is, if that is here.
    pub stored: Option<u64>,
    /// Whether it has another size on disk.
    pub resized: bool,
}

/// The conversion attributes of one path.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    values: BTreeMap<&'static str, String>,
}

impl Attributes {
    pub(super) fn value(&self, name: &str) -> &str {
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

    /// The filter driver that the path names, with or without a command for it.
    pub fn named_filter(&self) -> Option<&str> {
        self.named("filter")
    }

    /// Whether the path names this filter, with or without a command for it.
    pub fn names_filter(&self, name: &str) -> bool {
        self.value("filter") == name
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
        match config.autocrlf {
            AutoCrlf::True => return true,
            AutoCrlf::Input => return false,
            AutoCrlf::False => {}
        }
        let is_text = text == "set" || text == "auto";
        is_text && (config.eol == "crlf" || (cfg!(windows) && config.eol != "lf"))
    }
}

/// The files whose bytes must be compared with their blobs.
pub fn suspects<'a>(rules: &Rules<'_>, entries: &'a [Entry]) -> Result<Vec<Suspect<'a>>, Error> {
    let Rules {
        repo,
        scope,
        config,
        reach,
        ..
    } = *rules;
    let regular = entries.iter().filter(|entry| entry.is_file());
    let regular: Vec<&Entry> = match reach {
        // What today's rules leave alone and git looked at is its blob.
        Reach::Nowhere if rules.resized.is_empty() => return Ok(Vec::new()),
        Reach::Nowhere => {
            let resized: HashSet<&Entry> = rules.resized.iter().collect();
            regular.filter(|entry| resized.contains(entry)).collect()
        }
        _ => regular.collect(),
    };
    let mut asked = measured(repo, &regular)?;
    if reach < Reach::Anywhere {
        asked.retain(Measured::is_resized);
    }
    let entries: Vec<&Entry> = asked.iter().map(|measured| measured.entry).collect();
    let attributes = ask(repo, scope, config, &entries)?;
    let mut suspects = Vec::new();
    for (measured, attributes) in asked.into_iter().zip(attributes) {
        let any_size = reach == Reach::Unknown
            || attributes.filter(config).is_some()
            || attributes.encoded()
            || attributes.ident()
            || attributes.checked_out_with_crlf(config);
        let resized = measured.is_resized();
        if any_size || resized {
            suspects.push(Suspect {
                entry: measured.entry,
                attributes,
                stored: measured.stored,
                resized,
            });
        }
    }
    Ok(suspects)
}

/// What settings and attributes say of all files together.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// How far conversions reach.
    pub reach: Reach,
    /// Whether they may say of a file outside the folders of records how it is compared.
    pub tells_diff: bool,
}

/// Reads every place that attributes come from, for the words alone. The paths are all that may be in
/// the tree.
pub fn said<'a>(
    repo: &Repo,
    scope: &Scope<'_>,
    config: &Config,
    paths: impl Iterator<Item = &'a RecordPath>,
) -> Result<Said, Error> {
    let top = repo.top()?;
    let inside = paths
        .filter(|path| path.file_name() == ATTRIBUTES_FILE)
        .filter_map(|path| {
            let text = files::read_regular(&top.join(path.to_path())).ok()?;
            Some((text, scope.covers(path)))
        });
    let mut places = vec![repo.common_dir.join("info/attributes")];
    places.extend(user_attributes(config));
    let mut said = Said {
        reach: match config.autocrlf {
            AutoCrlf::True => Reach::Anywhere,
            AutoCrlf::Input => Reach::Inward,
            AutoCrlf::False => Reach::Nowhere,
        },
        tells_diff: false,
    };
    if cfg!(windows) {
        // Git for Windows brings a file of its own, at a place that depends on the installation.
        said = Said {
            reach: Reach::Anywhere,
            tells_diff: true,
        };
    } else {
        places.push(PathBuf::from("/etc/gitattributes"));
    }
    // Outside of the working tree they may be links (gitattributes(5), "Notes").
    let outside = places.iter().map(|place| stuck::read(place));
    let outside = outside.collect::<Result<Vec<_>, Error>>()?;
    let outside = outside.into_iter().flatten().map(|text| (text, true));
    for (text, is_covered) in inside.chain(outside) {
        said.reach = said.reach.max(words(&text, config));
        said.tells_diff |= is_covered && tells_diff(&text);
    }
    Ok(said)
}

/// `diff`, `binary`, or a macro of the user's that may stand for them.
fn tells_diff(text: &[u8]) -> bool {
    let words: [&[u8]; 3] = [b"diff", b"binary", b"[attr]"];
    words
        .iter()
        .any(|word| memchr::memmem::find(text, word).is_some())
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
            let both_ways = ["working-tree-encoding", "crlf", "ident"]
                .into_iter()
                .any(says);
            if both_ways || (says("filter") && !config.filters.is_empty()) {
                Reach::Anywhere
            } else if says("text") || says("eol") {
                match config.eol == "crlf" {
                    true => Reach::Anywhere,
                    false => Reach::Inward,
                }
            } else {
                Reach::Nowhere
            }
        })
        .max()
        .unwrap_or(Reach::Nowhere)
}

/// An entry whose file is there, and its sizes.
struct Measured<'a> {
    entry: &'a Entry,
    /// How long its file is.
    on_disk: u64,
    /// How long its blob is, if that is here.
    stored: Option<u64>,
}

impl Measured<'_> {
    /// A missing blob (partial clone) has no size: then only the bytes can tell.
    fn is_resized(&self) -> bool {
        self.stored != Some(self.on_disk)
    }
}

/// Those of the entries that are files on disk.
fn measured<'a>(repo: &Repo, entries: &[&'a Entry]) -> Result<Vec<Measured<'a>>, Error> {
    let top = repo.top()?;
    let file = |entry: &&'a Entry| {
        let found = top.join(entry.path.to_path()).symlink_metadata().ok()?;
        found.is_file().then_some((*entry, found.len()))
    };
    let files: Vec<(&Entry, u64)> = entries.iter().filter_map(file).collect();
    let ids: Vec<&Oid> = files.iter().map(|(entry, _)| &entry.id).collect();
    let stored = Objects::binary(repo).sizes(&ids)?;
    let files = files.into_iter().zip(stored);
    let measured = files.map(|((entry, on_disk), stored)| Measured {
        entry,
        on_disk,
        stored,
    });
    Ok(measured.collect())
}

fn ask(
    repo: &Repo,
    scope: &Scope<'_>,
    config: &Config,
    entries: &[&Entry],
) -> Result<Vec<Attributes>, Error> {
    ask_paths(repo, scope, config, entries.iter().map(|entry| &entry.path))
}

/// The attributes of paths, as the working tree has them.
pub fn ask_paths<'a>(
    repo: &Repo,
    scope: &Scope<'_>,
    config: &Config,
    paths: impl Iterator<Item = &'a RecordPath> + Clone,
) -> Result<Vec<Attributes>, Error> {
    answers(prepared(repo, scope, config).arg("check-attr"), paths)
}

/// The attributes of an index, whatever is on disk.
pub fn ask_cached(git: Git, entries: &[Entry]) -> Result<Vec<Attributes>, Error> {
    let git = git.args(["check-attr", "--cached"]);
    answers(git, entries.iter().map(|entry| &entry.path))
}

fn answers<'a>(
    git: Git,
    paths: impl Iterator<Item = &'a RecordPath> + Clone,
) -> Result<Vec<Attributes>, Error> {
    let mut list = Vec::new();
    for path in paths.clone() {
        list.extend(path.as_bytes());
        list.push(0);
    }
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let printed = git
        .args(["-z", "--stdin"])
        .args(ATTRIBUTES)
        .stdin(list)
        .run()?;
    // `path NUL attribute NUL value NUL`, for each path each attribute in the order asked for.
    let mut fields = split_nul(&printed);
    let mut all = Vec::new();
    for path in paths {
        let mut attributes = Attributes::default();
        for name in ATTRIBUTES {
            let (of, _, value) = (fields.next(), fields.next(), fields.next());
            match (of, value) {
                (Some(of), Some(value)) if of == path.as_bytes() => {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decide_how_far_to_look() {
        let plain = Config::default();
        let lfs = Config::parse(b"filter.lfs.clean\ngit-lfs clean\0");
        assert_eq!(words(b"*.py diff=python\n# text\n", &plain), Reach::Nowhere);
        assert_eq!(words(b"* text=auto\n", &plain), Reach::Inward);
        assert_eq!(words(b"*.bat eol=crlf\n", &plain), Reach::Anywhere);
        assert_eq!(words(b"*.bin filter=lfs\n", &plain), Reach::Nowhere);
        assert_eq!(words(b"*.bin filter=lfs\n", &lfs), Reach::Anywhere);
        assert_eq!(
            words(b"x working-tree-encoding=UTF-16\n", &plain),
            Reach::Anywhere
        );
    }

    #[test]
    fn attributes_that_may_tell_how_to_compare_are_seen_wherever_they_are() {
        use crate::git::snapshot::Observation;
        use crate::git::testing::{Lab, scope};
        let plainly = |lab: &Lab| {
            let (repo, scope) = (lab.repo(), scope());
            let seen = Observation::begin(&repo, &scope).unwrap().finish().unwrap();
            seen.write().unwrap().compares_plainly()
        };
        let lab = Lab::with_commit();
        lab.write(".gitattributes", "* text=auto\n");
        lab.write("experiments/.gitattributes", "*.json diff=run\n");
        assert!(plainly(&lab));
        let ignored = [
            (".git/info/exclude", "/new/.gitattributes\n"),
            ("new/.gitattributes", "x binary\n"),
        ];
        for told in [
            &[(".gitattributes", "*.py -diff\n")][..],
            &[(".git/info/attributes", "[attr]mine text\n")],
            &ignored,
        ] {
            let lab = Lab::with_commit();
            told.iter().for_each(|(path, text)| lab.write(path, text));
            assert!(!plainly(&lab), "{told:?}");
        }
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
