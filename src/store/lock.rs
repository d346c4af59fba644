//! The lock that gives writers of one repository their turn.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::atomic::failed;
use crate::error::{Failure, Result};

/// How long to wait for another process before giving up.
const PATIENCE: Duration = Duration::from_secs(30);

/// The lock file of those who write runs.
const WRITERS: &str = "writers";

/// Held until dropped. The operating system releases it when its process dies, so it can't go stale.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock of a folder: one writer of the notes and the table at a time.
    ///
    /// # Errors
    /// When the folder can't be written, or another process holds the lock for 30 seconds.
    pub fn take(folder: &Path) -> Result<Self> {
        Self::wait(folder, "lock", File::try_lock)
    }

    /// Says that a run is being written. Any number of processes may say so at once; meanwhile
    /// nobody is [alone](Self::alone), and so nobody takes what is half-written for left over.
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub fn share(folder: &Path) -> Result<Self> {
        Self::wait(folder, WRITERS, File::try_lock_shared)
    }

    /// Waits until no run is being written, and keeps it so.
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub fn alone(folder: &Path) -> Result<Self> {
        Self::wait(folder, WRITERS, File::try_lock)
    }

    /// Whether the lock of a folder can be taken at all, now or later.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn check(folder: &Path) -> Result<()> {
        open(folder, "lock").map(drop)
    }

    /// Whether a run is being written at this moment. Writes nothing itself; unknown is no.
    pub fn is_shared(folder: &Path) -> bool {
        File::open(folder.join(WRITERS))
            .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    fn wait(
        folder: &Path,
        name: &str,
        lock: impl Fn(&File) -> std::result::Result<(), TryLockError>,
    ) -> Result<Self> {
        let (path, file) = open(folder, name)?;
        let started = Instant::now();
        loop {
            match lock(&file) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Failure::new(format!(
                        "another git-exp has held {} for {} seconds",
                        path.display(),
                        PATIENCE.as_secs()
                    ))
                    .hint("see which one: ps -ef | grep git-exp"));
                }
                Err(TryLockError::Error(error)) => return Err(failed(&path, &error)),
            }
        }
    }
}

fn open(folder: &Path, name: &str) -> Result<(PathBuf, File)> {
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let path = folder.join(name);
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).write(true);
    match options.open(&path) {
        Ok(file) => Ok((path, file)),
        Err(error) => Err(failed(&path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_share_and_nobody_is_alone_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!Lock::is_shared(folder.path()));
        let first = Lock::share(folder.path()).unwrap();
        let second = Lock::share(folder.path()).unwrap();
        drop(first);
        assert!(Lock::is_shared(folder.path()));
        drop(second);
        assert!(!Lock::is_shared(folder.path()));
        let alone = Lock::alone(folder.path()).unwrap();
        assert!(Lock::is_shared(folder.path()));
        drop(alone);
        drop(Lock::share(folder.path()).unwrap());
    }
}
