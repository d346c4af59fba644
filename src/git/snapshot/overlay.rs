//! Bytes that git's conversions would not give back, kept raw beside the tree.

use super::checkout::{Likeness, likeness};
use super::config::Config;
use super::conversion::{Reach, suspects};
use super::limits::Held;
use super::{Scope, raw};
use crate::git::tree::{Entry, SYMLINK};
use crate::git::{Error, Repo};
use crate::model::RecordPath;

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
    let suspects = suspects(repo, rules.scope, config, rules.reach, entries)?;
    for suspect in &suspects {
        let path = &suspect.entry.path;
        if held.contains(path) {
            continue;
        }
        let filter = suspect.attributes.filter(config);
        match filter {
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
        let is_file_now = |entry: &&Entry| {
            let place = top.join(entry.path.to_path());
            entry.mode == SYMLINK && place.symlink_metadata().is_ok_and(|found| found.is_file())
        };
        let links = entries.iter().filter(is_file_now).map(|entry| &entry.path);
        let links = links.filter(|path| !held.contains(path));
        overlay.raw.extend(links.cloned());
    }
    for (name, count) in cleaned {
        overlay.notes.push(format!(
            "{count} file(s) are kept as the filter `{name}` stores them"
        ));
    }
    Ok(overlay)
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
