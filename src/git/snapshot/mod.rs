//! The freeze: the exact tree of a working tree as a git object, with nothing of the user's touched.
//!
//! Four steps, so that a caller can do its own work between them:
//!
//! 1. [`Observation::begin`] starts the git commands that look, side by side.
//! 2. [`Observation::finish`] collects what they saw. Nothing has been written yet.
//! 3. [`Seen::write`] puts files that no commit has into the object database, and [`Written::finish`]
//!    tells how they differ from the commit ([`Frozen`]).
//! 4. [`Frozen::keep`] makes the commit and the ref that keep them.
//!
//! The index is never written: all work is done on a copy ([`index`]), or without it where only plain
//! files changed ([`direct`]). What git's own conversions
//! would not give back is kept raw beside the tree ([`overlay`]), and so are repositories inside the
//! repository ([`nested`]).

pub(super) mod checkout;
pub mod config;
pub(super) mod conversion;
mod direct;
mod files;
mod folders;
mod gitlinks;
mod glance;
mod index;
pub mod index_file;
mod keep;
pub mod lfs;
mod limits;
mod look;
mod nested;
pub(super) mod observe;
mod odd;
mod overlay;
mod parts;
mod raw;
pub(super) mod scratch;
mod sizes;
mod state;
pub mod status;
mod write;

pub(super) use files::digest;
pub use files::open_regular;
pub(super) use index::is_behind_a_link;
pub use keep::{EXTRAS_TITLE, Keep, Kept, UID_TRAILER};
pub use observe::{Observation, Seen};
pub use parts::{Parts, parts};
pub(super) use raw::mode_of;
pub use scratch::SCRATCH_PREFIX;
pub use write::{Frozen, PathChange, Written};

use super::{Error, Repo, refs};
use crate::model::RecordPath;

/// What a freeze leaves out, and whether it may run the user's filters.
#[derive(Clone)]
pub struct Scope<'a> {
    /// Folders of records, from the top of the working tree: they are no part of "changed".
    pub experiments: Vec<RecordPath>,
    /// Untracked and changed files over this many bytes are named and digested, not kept.
    pub max_file_bytes: u64,
    /// All untracked and changed files together, in bytes.
    pub max_total_bytes: u64,
    /// Whether clean filters (`filter.<name>.clean`) may run. git ran them at checkout already.
    pub filters: bool,
    /// Whether the change is wanted in readable form, too ([`Frozen::patch`]).
    pub patch: bool,
    /// Whether an untracked path looks like a secret by its name, and so is named, not kept.
    pub secret_path: &'a dyn Fn(&RecordPath) -> bool,
}

impl Scope<'_> {
    /// Whether a path is outside all folders of records.
    fn covers(&self, path: &RecordPath) -> bool {
        !self.experiments.iter().any(|folder| path.is_within(folder))
    }

    /// The same as arguments for git, from the top of the working tree.
    fn pathspecs(&self) -> Vec<std::ffi::OsString> {
        pathspecs(&self.experiments)
    }
}

/// `-- . :(exclude,top,literal)<folder>…`
pub fn pathspecs(excluded: &[RecordPath]) -> Vec<std::ffi::OsString> {
    let exclude = |folder: &RecordPath| {
        let mut spec = std::ffi::OsString::from(":(exclude,top,literal)");
        spec.push(folder.to_path());
        spec
    };
    let named = excluded
        .iter()
        .filter(|folder| !folder.as_bytes().is_empty());
    ["--".into(), ".".into()]
        .into_iter()
        .chain(named.map(exclude))
        .collect()
}

/// All steps in one call, the creation of the ref included, for a caller that has nothing to do meanwhile.
pub fn freeze<'a>(
    repo: &'a Repo,
    scope: &'a Scope<'a>,
    keep: &Keep<'_>,
) -> Result<(Frozen, Kept), Error> {
    let frozen = Observation::begin(repo, scope)?
        .finish()?
        .write()?
        .finish()?;
    let kept = frozen.keep(repo, keep)?;
    refs::create(repo, keep.uid, &kept.target, keep.date)?;
    Ok((frozen, kept))
}
