//! Bytes that git's conversions would not give back, kept raw beside the tree.

use std::collections::BTreeMap;

use super::checkout::{Likeness, likeness};
use super::config::Config;
use super::conversion::{Reach, Suspect, suspects};
use super::limits::Held;
use super::{Scope, lfs, raw};
use crate::git::objects::Objects;
use crate::git::tree::{Entry, SYMLINK};
use crate::git::{Error, Repo};
use crate::model::RecordPath;

/// What git-crypt's files begin with, and how much longer they are than their content.
const CRYPT: &[u8] = b"\0GITCRYPT\0";
const CRYPT_HEADER: u64 = 22;

/// What has to be kept beside a tree so that every byte comes back.
#[derive(Debug, Default)]
pub struct Overlay {
    /// Files kept raw.
    pub raw: Vec<RecordPath>,
    /// Files that are their blob with CRLF for LF: kept by name.
    pub crlf: Vec<RecordPath>,
    /// Files that git would not give back by itself at checkout.
    pub needed: Vec<RecordPath>,
    /// Pointers of Git LFS in the tree whose content is on disk.
    pub lfs: Vec<Entry>,
    /// Sentences about what is kept only as its filter made it.
    pub notes: Vec<String>,
}

/// A working tree, and what git goes by when it converts its files.
pub struct Rules<'a> {
    pub repo: &'a Repo,
    pub scope: &'a Scope<'a>,
    pub config: &'a Config,
    pub reach: Reach,
    /// Files of the index that have another size than their blobs ([`super::sizes`]).
    pub resized: &'a [Entry],
    /// Whether git ignores some of the attributes that it goes by: see
    /// [`Status::ignores_attributes`](super::status::Status::ignores_attributes).
    pub are_ignored: bool,
}

impl Rules<'_> {
    /// Whether a checkout of the same tree elsewhere might convert what is not converted here.
    pub fn hold_here_alone(&self) -> bool {
        self.are_ignored && self.reach != Reach::Nowhere
    }
}

/// Compares each file that has a conversion, or had one, with its blob in the tree.
pub fn find(rules: &Rules<'_>, entries: &[Entry], held: &Held) -> Result<Overlay, Error> {
    let mut search = Search {
        rules,
        objects: Objects::open(rules.repo),
        overlay: Overlay::default(),
        cleaned: BTreeMap::new(),
    };
    for suspect in suspects(rules, entries)? {
        if !held.contains(&suspect.entry.path) {
            search.judge(&suspect)?;
        }
    }
    if rules.config.links_are_files {
        let links = entries.iter().filter(|entry| entry.mode == SYMLINK);
        let links = links.map(|entry| &entry.path);
        search.links(links.filter(|path| !held.contains(path)))?;
    }
    Ok(search.told())
}

struct Search<'r> {
    rules: &'r Rules<'r>,
    objects: Objects<'r>,
    overlay: Overlay,
    /// How many files are kept as a filter stores them, by its name.
    cleaned: BTreeMap<String, usize>,
}

impl Search<'_> {
    fn judge(&mut self, suspect: &Suspect<'_>) -> Result<(), Error> {
        let (rules, path) = (self.rules, &suspect.entry.path);
        let filter = suspect.attributes.filter(rules.config);
        match filter.or_else(|| one_way(suspect)) {
            // A file as small as its pointer is the pointer: nobody fetched the content.
            Some("lfs") if !suspect.resized => return Ok(()),
            Some("lfs") => {
                self.overlay.lfs.push(suspect.entry.clone());
                return Ok(());
            }
            Some(name) if is_one_way(name) => {
                self.strip(name);
                return Ok(());
            }
            _ => {}
        }
        // A file that went away since belongs to the tree that has it, and to nothing else.
        let Ok(found) = rules.repo.top()?.join(path.to_path()).symlink_metadata() else {
            return Ok(());
        };
        if filter.is_none() && self.is_given_up(suspect, found.len())? {
            return Ok(());
        }
        if found.len() > rules.scope.max_file_bytes {
            let path = path.display();
            self.overlay.notes.push(format!(
                "{path} is kept as git has it: too large to compare"
            ));
            return Ok(());
        }
        self.compare(suspect)
    }

    fn compare(&mut self, suspect: &Suspect<'_>) -> Result<(), Error> {
        let path = &suspect.entry.path;
        let (likeness, given_back) = likeness(self.rules.repo, self.rules.config, suspect)?;
        // At checkout elsewhere the rule would be missing.
        let given_back = given_back && !(self.rules.are_ignored && likeness != Likeness::Equal);
        match likeness {
            // In a snapshot every blob comes back as it is.
            Likeness::Equal => {}
            Likeness::Crlf => self.overlay.crlf.push(path.clone()),
            Likeness::Different => self.overlay.raw.push(path.clone()),
        }
        if !given_back {
            self.overlay.needed.push(path.clone());
        }
        Ok(())
    }

    /// Deals with what a filter made that has no command here any more: its blob tells which.
    fn is_given_up(&mut self, suspect: &Suspect<'_>, on_disk: u64) -> Result<bool, Error> {
        let Some(stored) = suspect.stored.filter(|_| suspect.resized) else {
            return Ok(false);
        };
        let id = &suspect.entry.id;
        if stored == on_disk + CRYPT_HEADER && self.objects.blob(id)?.starts_with(CRYPT) {
            self.strip("git-crypt");
            return Ok(true);
        }
        if stored >= lfs::LONGEST_POINTER as u64 {
            return Ok(false);
        }
        let pointer = lfs::pointer(&self.objects.blob(id)?);
        let pointer = pointer.filter(|(_, size)| *size == on_disk);
        let is_here = pointer.is_some_and(|(oid, _)| lfs::find(self.rules.repo, &oid).is_some());
        if is_here {
            self.overlay.lfs.push(suspect.entry.clone());
            // A restore of the commit alone goes by the name.
            if !suspect.attributes.names_filter("lfs") {
                self.overlay.needed.push(suspect.entry.path.clone());
            }
        }
        Ok(is_here)
    }

    fn strip(&mut self, filter: &str) {
        *self.cleaned.entry(filter.to_owned()).or_default() += 1;
    }

    /// Looks at links where git makes files for them.
    fn links<'p>(&mut self, links: impl Iterator<Item = &'p RecordPath>) -> Result<(), Error> {
        let top = self.rules.repo.top()?;
        for path in links {
            match top.join(path.to_path()).symlink_metadata() {
                Ok(found) if found.is_file() => self.overlay.raw.push(path.clone()),
                // From a time when git made links.
                Ok(found) if found.is_symlink() => self.overlay.needed.push(path.clone()),
                _ => {}
            }
        }
        Ok(())
    }

    fn told(mut self) -> Overlay {
        for (name, count) in self.cleaned {
            self.overlay.notes.push(format!(
                "{count} file(s) are kept as the filter `{name}` stores them"
            ));
        }
        self.overlay
    }
}

/// A filter that is named, has no command here, and must not be undone all the same.
fn one_way<'s>(suspect: &'s Suspect<'_>) -> Option<&'s str> {
    let named = suspect.attributes.named_filter();
    named.filter(|name| suspect.resized && is_one_way(name))
}

/// Filters whose purpose is that the bytes on disk do not enter git: notebooks without their
/// outputs, and files that are encrypted.
fn is_one_way(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["nbstripout", "crypt", "sops", "vault", "secret", "agebox"]
        .iter()
        .any(|word| name.contains(word))
}

/// Writes the raw files and gives their entries.
pub fn write(repo: &Repo, overlay: &Overlay) -> Result<Vec<Entry>, Error> {
    raw::write_entries(repo, repo.top()?, &overlay.raw)
}
