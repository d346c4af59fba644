//! A git command that waits for a pipe: git opens files of rules without a look at what they are, and
//! where a pipe has such a name it waits for ever.
//!
//! That a process waits for a pipe shows when the other end is opened, and opening it sets the process
//! free: it reads that there is nothing in it. So the command is neither killed nor trusted.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Files that git reads in whatever folder it comes to, or at the top.
const NAMES: [&str; 3] = [".gitignore", ".gitattributes", ".gitmodules"];
/// Longer than git takes in most repositories; a search costs as much as a `find`.
const PATIENCE: Duration = Duration::from_secs(2);
/// Once one was found there may be more.
const NEXT: Duration = Duration::from_millis(100);

/// Looks after a command as long as it runs.
pub struct Watch {
    end: Sender<()>,
    watching: JoinHandle<Option<PathBuf>>,
}

impl Watch {
    /// Begins, for a command that works on the files below `top`.
    pub fn begin(top: PathBuf) -> Self {
        let (end, ended) = channel();
        let watching = std::thread::spawn(move || {
            let (mut found, mut patience) = (None, PATIENCE);
            while ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                let waiting = set_free(&top);
                patience = if waiting.is_some() {
                    NEXT
                } else {
                    patience * 4
                };
                found = found.or(waiting);
            }
            found
        });
        Self { end, watching }
    }

    /// Ends; gives the pipe that was waited for.
    pub fn end(self) -> Option<PathBuf> {
        drop(self.end);
        self.watching.join().ok()?
    }
}

/// Finds a pipe that somebody waits for, and lets them go on.
#[cfg(unix)]
fn set_free(top: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (name, kind) = (entry.file_name(), entry.file_type());
            let Ok(kind) = kind else { continue };
            if kind.is_dir() && name != ".git" {
                folders.push(entry.path());
            }
            if !kind.is_fifo() || !NAMES.iter().any(|rules| name == *rules) {
                continue;
            }
            // Without a reader this is an error.
            let mut options = std::fs::OpenOptions::new();
            let options = options.write(true).custom_flags(flags.bits() as i32);
            if options.open(entry.path()).is_ok() {
                return Some(entry.path());
            }
        }
    }
    None
}

#[cfg(not(unix))]
fn set_free(_: &Path) -> Option<PathBuf> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use crate::git::Error;
    use crate::git::testing::Lab;

    #[test]
    fn a_command_that_waits_for_pipes_ends_and_says_for_which() {
        let lab = Lab::with_commit();
        std::fs::create_dir_all(lab.top().join("new/deep")).unwrap();
        for folder in ["new", "new/deep"] {
            let place = lab.top().join(folder).join(".gitignore");
            let (mode, kind) = (0o644.into(), rustix::fs::FileType::Fifo);
            rustix::fs::mknodat(rustix::fs::CWD, place, kind, mode, 0).unwrap();
        }
        lab.write("new/deep/file", "");
        let repo = lab.repo();
        let asked = repo.git().args(["status", "--porcelain", "-uall"]).run();
        assert!(
            matches!(&asked, Err(Error::Pipe(path)) if path.ends_with("new/.gitignore")),
            "{asked:?}"
        );
    }
}
