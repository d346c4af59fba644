//! A git command that waits for a pipe: git opens files of rules without a look at what they are, and
//! where a pipe has such a name it waits for ever.
//!
//! That a process waits for a pipe shows when the other end is opened, and opening it sets the process
//! free: it reads that there is nothing in it. So the command is neither killed nor trusted. Who reads
//! what it prints sees that it is silent, and looks only then.

use std::path::{Path, PathBuf};
use std::process::{Child, Output};

use super::Error;

/// Where a command works.
#[derive(Debug)]
// Where no file is a pipe, nothing is looked for.
#[cfg_attr(not(unix), allow(dead_code))]
pub struct Place {
    pub git_dir: PathBuf,
    pub work_tree: Option<PathBuf>,
}

/// Reads what a command prints until it ends; and gives the pipe that it waited for.
#[cfg(not(unix))]
pub fn output(child: Child, _: Option<&Place>) -> std::io::Result<(Output, Option<PathBuf>)> {
    child.wait_with_output().map(|output| (output, None))
}
#[cfg(unix)]
pub use watched::output;

/// Reads a file of rules outside of the working tree, where git follows links; `None` without it.
///
/// # Errors
/// For a pipe, instead of waiting.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if path
            .metadata()
            .is_ok_and(|found| found.file_type().is_fifo())
        {
            return Err(Error::Pipe(path.to_owned()));
        }
    }
    Ok(std::fs::read(path).ok())
}

#[cfg(unix)]
mod watched {
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec};
    use rustix::fs::OFlags;
    use rustix::io::Errno;

    use super::*;
    use crate::ambient;
    use crate::git::Git;
    use crate::git::command::{path_from_git, split_nul};

    /// Files that git reads in whatever folder it comes to, or at the top.
    const NAMES: [&str; 3] = [".gitignore", ".gitattributes", ".gitmodules"];
    /// Files that it reads in its own folder.
    const INFO: [&str; 3] = ["info/exclude", "info/attributes", "info/sparse-checkout"];
    /// Settings that name files of rules.
    const SETTINGS: &str = r"^core\.(excludesfile|attributesfile)$";
    /// Silence for longer than git takes in most repositories; a search costs as much as a `find`.
    const PATIENCE: Duration = Duration::from_secs(2);
    /// Once one was found there may be more.
    const NEXT: Duration = Duration::from_millis(100);
    /// Room for what is read at once, at least.
    const ROOM: usize = 8 << 10;

    /// Reads what a command prints until it ends; and gives the pipe that it waited for.
    pub fn output(
        mut child: Child,
        place: Option<&Place>,
    ) -> std::io::Result<(Output, Option<PathBuf>)> {
        let mut printed = [
            Printed::from(child.stdout.take().map(OwnedFd::from)),
            Printed::from(child.stderr.take().map(OwnedFd::from)),
        ];
        let (mut found, mut patience) = (None, PATIENCE);
        while printed.iter().any(|printed| printed.pipe.is_some()) {
            if read_ready(&mut printed, patience)? {
                continue;
            }
            let waiting = place.and_then(Place::set_free);
            patience = match waiting {
                Some(_) => NEXT,
                None => patience * 4,
            };
            found = found.or(waiting);
        }
        let status = child.wait()?;
        let [stdout, stderr] = printed.map(|printed| printed.bytes);
        let output = Output {
            status,
            stdout,
            stderr,
        };
        Ok((output, found))
    }

    /// One of the two that a process prints to.
    struct Printed {
        /// Until its end.
        pipe: Option<OwnedFd>,
        bytes: Vec<u8>,
    }

    impl From<Option<OwnedFd>> for Printed {
        fn from(pipe: Option<OwnedFd>) -> Self {
            let bytes = Vec::new();
            Self { pipe, bytes }
        }
    }

    impl Printed {
        fn read(&mut self) -> std::io::Result<()> {
            let Some(pipe) = &self.pipe else {
                return Ok(());
            };
            self.bytes.reserve(ROOM);
            match rustix::io::read(pipe, rustix::buffer::spare_capacity(&mut self.bytes)) {
                Ok(0) => self.pipe = None,
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            Ok(())
        }
    }

    /// Waits until something is printed, and reads it; `false` for silence.
    fn read_ready(printed: &mut [Printed; 2], patience: Duration) -> std::io::Result<bool> {
        let timeout = Timespec {
            tv_sec: patience.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        };
        let mut open: Vec<&mut Printed> = printed.iter_mut().filter(|p| p.pipe.is_some()).collect();
        let mut asked: Vec<PollFd<'_>> = open
            .iter()
            .filter_map(|printed| printed.pipe.as_ref())
            .map(|pipe| PollFd::new(pipe, PollFlags::IN))
            .collect();
        match rustix::event::poll(&mut asked, Some(&timeout)) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
        let is_ready = asked.iter().map(|pipe| !pipe.revents().is_empty());
        let is_ready: Vec<bool> = is_ready.collect();
        for (printed, is_ready) in open.iter_mut().zip(is_ready) {
            if is_ready {
                printed.read()?;
            }
        }
        Ok(true)
    }

    impl Place {
        /// Finds a pipe that somebody waits for, and lets them go on.
        fn set_free(&self) -> Option<PathBuf> {
            let follow = OFlags::empty();
            let outside = self.outside().into_iter();
            let found =
                outside.filter(|path| path.metadata().is_ok_and(|m| m.file_type().is_fifo()));
            found
                .filter(|path| open_other_end(path, follow))
                .chain(self.inside())
                .next()
        }

        /// The files of rules outside of the working tree.
        fn outside(&self) -> Vec<PathBuf> {
            let folder = self.work_tree.as_deref().unwrap_or(&self.git_dir);
            // Not as in `Git::repository`: nobody looks after these in turn.
            let git = || Git::new(folder).env("GIT_DIR", &self.git_dir);
            let info = INFO.iter().flat_map(|name| ["--git-path", name]);
            let info = git().arg("rev-parse").args(info).text().unwrap_or_default();
            let info = info.lines().map(|path| folder.join(path));
            let set = git().args(["config", "--path", "-z", "--get-regexp", SETTINGS]);
            let set = set.run().unwrap_or_default();
            let set = split_nul(&set).filter_map(|record| {
                let end = record.iter().position(|&b| b == b'\n')?;
                Some(folder.join(path_from_git(&record[end + 1..])))
            });
            let mut places: Vec<PathBuf> = info.chain(set).collect();
            let home = ambient::config_home().into_iter();
            places.extend(
                home.flat_map(|home| ["git/ignore", "git/attributes"].map(|name| home.join(name))),
            );
            places.push("/etc/gitattributes".into());
            places
        }

        /// A pipe in the working tree that was waited for.
        fn inside(&self) -> Option<PathBuf> {
            let mut folders: Vec<PathBuf> = self.work_tree.iter().cloned().collect();
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                    let (name, kind) = (entry.file_name(), entry.file_type());
                    let Ok(kind) = kind else { continue };
                    if kind.is_dir() && name != ".git" {
                        folders.push(entry.path());
                    }
                    let is_rules = kind.is_fifo() && NAMES.iter().any(|rules| name == *rules);
                    if is_rules && open_other_end(&entry.path(), OFlags::NOFOLLOW) {
                        return Some(entry.path());
                    }
                }
            }
            None
        }
    }

    /// Opens a pipe to write, which is an error without a reader.
    fn open_other_end(path: &Path, flags: OFlags) -> bool {
        let flags = flags | OFlags::NONBLOCK;
        let mut options = std::fs::OpenOptions::new();
        let options = options.write(true).custom_flags(flags.bits() as i32);
        options.open(path).is_ok()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::git::testing::Lab;

    fn pipe(place: impl AsRef<Path>) {
        let (mode, kind) = (0o644.into(), rustix::fs::FileType::Fifo);
        rustix::fs::mknodat(rustix::fs::CWD, place.as_ref(), kind, mode, 0).unwrap();
    }

    #[test]
    fn a_command_that_waits_for_pipes_ends_and_says_for_which() {
        let lab = Lab::with_commit();
        std::fs::create_dir_all(lab.top().join("new/deep")).unwrap();
        for folder in ["new", "new/deep"] {
            pipe(lab.top().join(folder).join(".gitignore"));
        }
        lab.write("new/deep/file", "");
        let repo = lab.repo();
        let asked = repo.git().args(["status", "--porcelain", "-uall"]).run();
        assert!(
            matches!(&asked, Err(Error::Pipe(path)) if path.ends_with("new/.gitignore")),
            "{asked:?}"
        );
    }

    #[test]
    fn rules_outside_of_the_working_tree_are_looked_for_in_a_linked_one_too() {
        type Case = (&'static str, fn(&Lab, &Path));
        let cases: [Case; 4] = [
            ("info/exclude", |_, _| {}),
            ("info/attributes", |_, _| {}),
            ("a rules", |lab, at| {
                drop(lab.git(&["config", "core.excludesFile", &at.to_string_lossy()]))
            }),
            ("a rules", |lab, at| {
                drop(lab.git(&["config", "core.attributesFile", &at.to_string_lossy()]))
            }),
        ];
        // Each waits until patience is over.
        std::thread::scope(|scope| {
            for (name, set) in cases {
                scope.spawn(move || {
                    let lab = Lab::with_commit();
                    lab.git(&["worktree", "add", "-q", "linked"]);
                    let place = lab.top().join(".git").join(name);
                    let _ = std::fs::remove_file(&place);
                    pipe(&place);
                    set(&lab, &place);
                    let linked = lab.top().join("linked");
                    std::fs::write(linked.join("new"), "").unwrap();
                    for top in [lab.top(), &linked] {
                        let repo = crate::git::Repo::discover(top).unwrap();
                        let asks = [&["status", "--porcelain"][..], &["check-attr", "text", "a"]];
                        let asked = asks.map(|question| repo.git().args(question).run());
                        let is_named = asked.iter().any(
                            |asked| matches!(asked, Err(Error::Pipe(path)) if path.ends_with(name)),
                        );
                        assert!(is_named, "{name}: {asked:?}");
                    }
                    assert!(matches!(read(&place), Err(Error::Pipe(_))));
                });
            }
        });
    }

    #[test]
    fn all_that_is_printed_is_read_from_both() {
        let lab = Lab::with_commit();
        let long = "x".repeat(300_000);
        let repo = lab.repo();
        lab.write("long", &long);
        lab.commit("long");
        let output = repo
            .git()
            .args(["cat-file", "blob", "HEAD:long"])
            .output()
            .unwrap();
        assert_eq!(output.stdout, long.as_bytes());
        let names = "no-such\n".repeat(60_000);
        let output = repo
            .git()
            .args(["cat-file", "--batch"])
            .stdin(names)
            .output()
            .unwrap();
        assert_eq!(output.stdout.len(), 60_000 * "no-such missing\n".len());
    }
}
