//! The only user of git: of its binary for whatever touches the working tree, the index,
//! configuration and remotes, and of libgit2 for objects and notes where it is fastest.
//!
//! What libgit2 can't open (SHA-256, reftable, partial clones) works through the binary all the
//! same, behind [`objects`] and [`refs`].

pub mod blob;
pub mod command;
pub mod commit;
mod count;
pub mod hash;
pub mod history;
pub mod hooks;
pub mod large;
pub mod locks;
mod loose;
mod loss;
pub mod notes;
pub mod numbers;
pub mod objects;
pub mod open;
mod packed;
pub mod patch;
pub mod refs;
pub mod remote;
pub mod restore;
pub mod settings;
pub mod snapshot;
mod spread;
mod stuck;
pub mod survey;
#[cfg(test)]
mod testing;
pub mod tree;
pub mod unchanged;
pub mod user;
pub mod worktree;

pub use command::Git;
pub use hash::ObjectFormat;
pub use open::{Head, Repo};
pub use snapshot::freeze;

use std::path::{Path, PathBuf};

use crate::error::{DISK_FULL, Failure, OVER_LIMIT, pasted, to_make_writable};
use crate::model::{Oid, RecordPath};

/// What can go wrong when git is asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The binary is missing.
    #[error("git is not on the PATH")]
    NoGit,
    /// No repository here.
    #[error("not a git repository (or any of the parent directories)")]
    NotARepository,
    /// git refuses the repository.
    #[error("{0}")]
    Refused(String),
    /// A bare repository that came with the files of another.
    #[error("{} is a bare repository among the files of {}", inner.display(), outer.display())]
    Embedded {
        /// Its git directory.
        inner: PathBuf,
        /// The working tree that it is in.
        outer: PathBuf,
    },
    /// The program could not be started or read.
    #[error("`{command}` could not be run: {source}")]
    Spawn {
        /// What was run.
        command: String,
        /// Why not.
        source: std::io::Error,
    },
    /// git said no.
    #[error("`{command}` failed{}: {message}", code.map(|c| format!(" with exit code {c}")).unwrap_or_default())]
    Command {
        /// What was run, without the hardening flags.
        command: String,
        /// Its exit code; `None` for a signal.
        code: Option<i32>,
        /// What it printed on standard error.
        message: String,
    },
    /// An index that no git would write, were it not for a fault of its own.
    #[error("git's index is damaged: it has {} more than once", .0.display())]
    DamagedIndex(RecordPath),
    /// git waited for a pipe in the place of a file of rules.
    #[error("{} is a pipe, and git waits until something writes to it", .0.display())]
    Pipe(PathBuf),
    /// Output that git should never print.
    #[error("git printed what was not expected: {0}")]
    Unexpected(String),
    /// Somebody else changed the ref meanwhile.
    #[error("`{0}` was changed by another process")]
    Changed(String),
    /// A lock file of git is there.
    #[error("git's lock {} is in the way", .0.display())]
    Locked(PathBuf),
    /// An object that is not in this clone.
    #[error("object {0} is not here (a partial or damaged clone?)")]
    Missing(Oid),
    /// A path in a tree that could leave the folder it belongs to.
    #[error("{0}")]
    Contained(Failure),
    /// Another git-exp holds our lock.
    #[error("{0}")]
    Busy(Failure),
    /// A file of ours in the git directory could not be used.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// libgit2 said no.
    #[error("{}", .0.message())]
    Library(#[from] git2::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Busy(failure) | Error::Contained(failure) = error {
            return failure;
        }
        let lock = match &error {
            Error::Locked(lock) => Some(lock.clone()),
            Error::Command { message, .. } => locks::named(message),
            Error::Library(error) => locks::named(error.message()),
            _ => None,
        };
        if let Some(lock) = lock {
            return locks::failure(&lock);
        }
        let failure = Failure::new(error.to_string());
        match error {
            Error::NoGit => failure.hint("install git, or put it on the PATH"),
            Error::NotARepository => failure.hint("make one: git init"),
            Error::Embedded { inner, outer } => failure
                .hint(format!("go to the other: cd {}", outer.display()))
                .hint(format!(
                    "if you trust it: git --git-dir={} exp ...",
                    inner.display()
                )),
            Error::DamagedIndex(_) => failure.hint(
                "make it anew, files stay as they are: rm \"$(git rev-parse --git-path index)\" && git reset",
            ),
            Error::Pipe(path) => failure.hint(format!("remove it: rm {}", pasted(&path))),
            Error::File { source, .. } if is_forbidden(&source) => hint_writable(failure),
            Error::Library(_) | Error::Command { .. } if is_unwritable(failure.message()) => {
                hint_writable(failure)
            }
            _ if is_disk_full(failure.message()) => failure.hint(DISK_FULL),
            _ if is_over_limit(failure.message()) => {
                failure.hint(OVER_LIMIT)
            }
            _ => failure,
        }
    }
}

/// Names the folder that a message is about, where it names a file.
fn hint_writable(failure: Failure) -> Failure {
    let message = failure.message();
    let written = message.strip_prefix("cannot write ");
    let written = written.and_then(|rest| rest.split(": ").next());
    let named = message.split('\'').chain(written).map(Path::new);
    let folder = named
        .filter(|path| path.is_absolute())
        .find_map(|path| path.ancestors().skip(1).find(|folder| folder.is_dir()));
    let hint = match folder {
        Some(folder) => to_make_writable(folder),
        None => "make it writable: chmod -R u+w .git/refs .git/objects .git/exp".to_owned(),
    };
    failure.hint(hint)
}

/// What libgit2 and git say when they can't make an object or a lock.
fn is_unwritable(message: &str) -> bool {
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    says(&[
        "Permission denied",
        "Read-only file system",
        "insufficient permission",
    ]) && says(&[".git/", "object database"])
}

fn is_forbidden(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem)
}

/// The system's words, and the signal that git dies by.
fn is_over_limit(message: &str) -> bool {
    message.contains("File too large") || message.contains("SIGXFSZ")
}

/// git and libgit2 say it in the system's words, and git now and then in its own: "couldn't write"
/// is what it says of a file that it could create and then not fill.
fn is_disk_full(message: &str) -> bool {
    [
        "No space left on device",
        "Out of diskspace",
        "couldn't write",
    ]
    .iter()
    .any(|words| message.contains(words))
}
