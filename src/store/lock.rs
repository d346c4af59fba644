//! The lock that gives writers of one repository their turn.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::atomic::failed;
use crate::error::{Failure, Result};

/// How long to wait for another process before giving up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Held until dropped. The operating system releases it when its process dies, so it can't go stale.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock file of a folder.
    ///
    /// # Errors
    /// When the folder can't be written, or another process holds the lock for 30 seconds.
    pub fn take(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        let path = folder.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| failed(&path, &error))?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
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
