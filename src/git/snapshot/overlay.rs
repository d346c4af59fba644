//! Bytes that git's conversions would not give back, kept raw beside the tree.

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

/// Compares each file that has a conversion with its blob in the tree.
pub fn find(rules: &Rules<'_>, entries: &[Entry], held: &Held) -> Result<Overlay, Error> {
    let (repo, config) = (rules.repo, rules.config);
    let mut overlay = Overlay::default();
    let mut cleaned: std::collections::BTreeMap<&str, usize> = Default::default();
    let suspects = suspects(rules, entries)?;
    let objects = Objects::open(repo);
    for suspect in &suspects {
        let path = &suspect.entry.path;
        if held.contains(path) {
            continue;
        }
        let filter = suspect.attributes.filter(config);
        match filter.or_else(|| one_way(suspect)) {
            // A file as small as its pointer is the pointer: nobody fetched the content.
            Some("lfs") if !suspect.resized => continue,
            Some("lfs") => {
                overlay.lfs.push(suspect.entry.clone());
                continue;
            }
            Some(name) if is_one_way(name) => {
                *cleaned.entry(name).or_default() += 1;
                continue;
            }
            _ => {}
        }
        // A file that went away since belongs to the tree that has it, and to nothing else.
        let Ok(found) = repo.top()?.join(path.to_path()).symlink_metadata() else {
            continue;
        };
        let given_up = filter
            .is_none()
            .then(|| given_up(&objects, suspect, found.len()));
        match given_up.transpose()?.flatten() {
            Some(GivenUp::Lfs) => {
                overlay.lfs.push(suspect.entry.clone());
                if !suspect.attributes.names_filter("lfs") {
                    overlay.needed.push(path.clone());
                }
                continue;
            }
            Some(GivenUp::Crypt) => {
                *cleaned.entry("git-crypt").or_default() += 1;
                continue;
            }
            None => {}
        }
        if found.len() > rules.scope.max_file_bytes {
            let path = path.display();
            overlay.notes.push(format!(
                "{path} is kept as git has it: too large to compare"
            ));
            continue;
        }
        let (likeness, given_back) = likeness(repo, config, suspect)?;
        // At checkout elsewhere the rule would be missing.
        let given_back = given_back && !(rules.are_ignored && likeness != Likeness::Equal);
        match likeness {
            // In a snapshot every blob comes back as it is.
            Likeness::Equal => {}
            Likeness::Crlf => overlay.crlf.push(path.clone()),
            Likeness::Different => overlay.raw.push(path.clone()),
        }
        if !given_back {
            overlay.needed.push(path.clone());
        }
    }
    if config.links_are_files {
        let top = repo.top()?;
        let links = entries.iter().filter(|entry| entry.mode == SYMLINK);
        let links = links.map(|entry| &entry.path);
        for path in links.filter(|path| !held.contains(path)) {
            match top.join(path.to_path()).symlink_metadata() {
                Ok(found) if found.is_file() => overlay.raw.push(path.clone()),
                // Made when links were made still.
                Ok(found) if found.is_symlink() => overlay.needed.push(path.clone()),
                _ => {}
            }
        }
    }
    for (name, count) in cleaned {
        overlay.notes.push(format!(
            "{count} file(s) are kept as the filter `{name}` stores them"
        ));
    }
    Ok(overlay)
}

/// What made a blob of a file's content, and is not at work any more.
enum GivenUp {
    /// Git LFS, which has the content.
    Lfs,
    /// git-crypt: the content is a secret.
    Crypt,
}

/// Tells by the blob what filter it came from, where none is there to be asked.
fn given_up(
    objects: &Objects<'_>,
    suspect: &Suspect<'_>,
    on_disk: u64,
) -> Result<Option<GivenUp>, Error> {
    let Some(stored) = suspect.stored.filter(|_| suspect.resized) else {
        return Ok(None);
    };
    let id = &suspect.entry.id;
    if stored == on_disk + CRYPT_HEADER && objects.blob(id)?.starts_with(CRYPT) {
        return Ok(Some(GivenUp::Crypt));
    }
    let is_short = stored < lfs::LONGEST_POINTER as u64;
    let pointer = is_short.then(|| objects.blob(id)).transpose()?;
    let pointer = pointer.and_then(|blob| lfs::pointer(&blob));
    let pointer = pointer.filter(|(_, size)| *size == on_disk);
    let is_here = pointer.is_some_and(|(oid, _)| lfs::find(objects.repo(), &oid).is_some());
    Ok(is_here.then_some(GivenUp::Lfs))
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
