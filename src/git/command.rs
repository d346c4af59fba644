//! The one way in which the git binary is run.
//!
//! Every call gets the hardened environment and flags: nothing that a repository's configuration
//! names (hooks, fsmonitor, external diff, textconv, pager) is ever executed, no lazy fetch happens,
//! and no lock is taken for convenience.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Error;
use super::stuck::{self, Place};

/// Variables that point git at another repository or index; the caller says what it wants instead.
const DROPPED: [&str; 12] = [
    "GIT_INDEX_FILE",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// Set for every call.
const SET: [(&str, &str); 7] = [
    ("LC_ALL", "C"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_PAGER", "cat"),
    ("GIT_EDITOR", ":"),
];

/// Configuration overrides for every call.
const FLAGS: [&str; 13] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.safecrlf=false",
    "core.splitIndex=false",
    "core.ignoreStat=false",
    "core.quotePath=false",
    "index.sparse=false",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
    "i18n.commitEncoding=UTF-8",
    "diff.orderFile=/dev/null",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// A git command being put together.
#[derive(Debug)]
pub struct Git {
    command: Command,
    stdin: Option<Vec<u8>>,
    place: Option<Place>,
    shown: String,
}

impl Git {
    fn of(command: Command) -> Self {
        Self {
            command,
            stdin: None,
            place: None,
            shown: "git".to_owned(),
        }
    }

    /// Starts `git` in a directory, hardened, with no repository chosen yet.
    pub fn new(directory: &Path) -> Self {
        let mut command = Command::new("git");
        command.current_dir(directory);
        for name in DROPPED {
            command.env_remove(name);
        }
        command.envs(SET);
        for flag in FLAGS {
            command.args(["-c", flag]);
        }
        Self::of(command)
    }

    /// Starts `git` so that it finds the repository by the user's own environment: for discovery
    /// and for configuration, the two questions where `GIT_DIR` and `git -c` must be honoured.
    pub fn as_user(directory: &Path) -> Self {
        let mut command = Command::new("git");
        command
            .current_dir(directory)
            .envs(SET)
            .env_remove("GIT_INDEX_FILE");
        Self::of(command)
    }

    /// Like [`Git::as_user`], and as hardened as [`Git::new`].
    pub fn as_user_hardened(directory: &Path) -> Self {
        FLAGS
            .iter()
            .fold(Self::as_user(directory), |git, flag| git.config(flag))
    }

    /// Like [`Git::as_user`], with the user's own choice of editor left in the environment.
    pub fn as_user_editor(directory: &Path) -> Self {
        let mut command = Command::new("git");
        command.current_dir(directory);
        Self::of(command)
    }

    /// Starts `git` for an act of the user's own that leaves this machine: hooks, credentials and
    /// prompts are as in the user's own shell. Only the repository is chosen by the caller.
    pub fn as_user_transport(directory: &Path) -> Self {
        let mut git = Self::as_user_editor(directory);
        for name in DROPPED {
            git.command.env_remove(name);
        }
        git
    }

    /// Chooses the repository explicitly.
    pub fn repository(mut self, git_dir: &Path, work_tree: Option<&Path>) -> Self {
        self.command.env("GIT_DIR", git_dir);
        if let Some(work_tree) = work_tree {
            self.command.env("GIT_WORK_TREE", work_tree);
        }
        self.place = Some(Place {
            git_dir: git_dir.to_owned(),
            work_tree: work_tree.map(Path::to_owned),
        });
        self
    }

    /// Uses another index file.
    pub fn index(self, path: &Path) -> Self {
        self.env("GIT_INDEX_FILE", path)
    }

    /// Makes what this command writes to objects and refs reach the disk before it ends. git does
    /// neither by default (git-config(1), `core.fsync`).
    pub fn durable(self) -> Self {
        self.config("core.fsync=objects,reference")
            .config("core.fsyncMethod=batch")
    }

    /// Signs what it writes with the tool's own name, so that no identity of the user's is needed.
    pub fn as_tool(self) -> Self {
        ["AUTHOR", "COMMITTER"].iter().fold(self, |git, role| {
            git.env(&format!("GIT_{role}_NAME"), "git-exp")
                .env(&format!("GIT_{role}_EMAIL"), "git-exp@localhost")
        })
    }

    /// Overrides one configuration value.
    pub fn config(mut self, setting: &str) -> Self {
        self.command.args(["-c", setting]);
        self
    }

    /// Refuses a bare repository that came with the files of another (git-config(1),
    /// `safe.bareRepository`).
    pub fn refusing_embedded(self) -> Self {
        self.config("safe.bareRepository=explicit")
    }

    /// Adds an option of git itself; must come before the first argument.
    pub fn global(mut self, option: impl AsRef<OsStr>) -> Self {
        self.command.arg(option);
        self
    }

    /// Sets one variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Adds one argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.shown.push(' ');
        self.shown.push_str(&argument.as_ref().to_string_lossy());
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    pub fn args<T: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = T>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// Feeds bytes to its standard input.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Runs it to its end, whatever the exit code.
    pub fn output(mut self) -> Result<Output, Error> {
        let child = self.spawn_inner()?;
        wait(child, self.stdin, self.place, self.shown)
    }

    /// Starts it and lets the caller go on with other work meanwhile.
    ///
    /// A thread reads its output from the start: a pipe holds 64 KiB, and a command that fills it
    /// stands still.
    pub fn spawn(mut self) -> Result<Running, Error> {
        let child = self.spawn_inner()?;
        let Self {
            stdin,
            place,
            shown,
            ..
        } = self;
        Ok(Running {
            shown: shown.clone(),
            reader: std::thread::spawn(move || wait(child, stdin, place, shown)),
        })
    }

    /// Starts it with both pipes open, for a conversation.
    pub fn converse(mut self) -> Result<Child, Error> {
        self.stdin = Some(Vec::new());
        self.spawn_inner()
    }

    fn spawn_inner(&mut self) -> Result<Child, Error> {
        let stdin = if self.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        self.command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| match source.kind() {
                std::io::ErrorKind::NotFound => Error::NoGit,
                _ => Error::Spawn {
                    command: self.shown.clone(),
                    source,
                },
            })
    }

    /// Runs it and takes its output; any exit code but 0 is an error that carries its message.
    pub fn run(self) -> Result<Vec<u8>, Error> {
        let shown = self.shown.clone();
        checked(self.output()?, shown)
    }

    /// Like [`Git::run`], but stops it when the time is over: then what it has printed so far, and
    /// `false`.
    pub fn run_within(self, limit: Duration) -> Result<(Vec<u8>, bool), Error> {
        self.spawn_within(limit)?.finish()
    }

    /// Like [`Git::spawn`], but stops it when the time is over.
    pub fn spawn_within(mut self, limit: Duration) -> Result<Limited, Error> {
        let mut child = self.spawn_inner()?;
        let (sender, ended) = std::sync::mpsc::channel();
        let pipe = child.stdout.take();
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = pipe.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes));
            // Nobody listens any more once the time is over.
            let _ = sender.send(());
            read.map(|_| bytes)
        });
        Ok(Limited {
            child: Stopped(Some(child)),
            reader,
            ended,
            until: Instant::now() + limit,
            shown: self.shown,
        })
    }

    /// Like [`Git::run`], as text without the last newline.
    pub fn text(self) -> Result<String, Error> {
        let bytes = self.run()?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }

    /// Runs it for a yes or no: exit code 0 or 1; anything else is an error.
    pub fn yes(self) -> Result<bool, Error> {
        let shown = self.shown.clone();
        let output = self.output()?;
        match output.status.code() {
            Some(1) => Ok(false),
            _ => checked(output, shown).map(|_| true),
        }
    }
}

/// A git command under way.
#[derive(Debug)]
pub struct Running {
    reader: JoinHandle<Result<Output, Error>>,
    shown: String,
}

impl Running {
    /// Waits for its output; any exit code but 0 is an error that carries its message.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        let shown = self.shown.clone();
        checked(self.output()?, shown)
    }

    /// Waits for its output, whatever the exit code.
    pub fn output(self) -> Result<Output, Error> {
        let source = std::io::Error::other("its reader stopped");
        let gone = Error::Spawn {
            command: self.shown,
            source,
        };
        self.reader.join().unwrap_or(Err(gone))
    }
}

/// A git command under way that is stopped when its time is over, or when nobody waits for it.
#[derive(Debug)]
pub struct Limited {
    child: Stopped,
    reader: JoinHandle<std::io::Result<Vec<u8>>>,
    ended: Receiver<()>,
    until: Instant,
    shown: String,
}

/// A process that ends with this.
#[derive(Debug)]
struct Stopped(Option<Child>);

impl Drop for Stopped {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Limited {
    /// Waits for its output: all of it, or what it printed in time and `false`. Any exit code but 0 is
    /// an error that carries its message.
    pub fn finish(mut self) -> Result<(Vec<u8>, bool), Error> {
        let left = self.until.saturating_duration_since(Instant::now());
        let in_time = self.ended.recv_timeout(left).is_ok();
        let child = match in_time {
            true => self.child.0.take(),
            false => None,
        };
        // Its end closes the pipe that is read.
        drop(self.child);
        let failed = |source| Error::Spawn {
            command: self.shown.clone(),
            source,
        };
        let gone = || Err(std::io::Error::other("its reader stopped"));
        let stdout = self
            .reader
            .join()
            .unwrap_or_else(|_| gone())
            .map_err(failed)?;
        let Some(child) = child else {
            return Ok((stdout, false));
        };
        let mut output = child.wait_with_output().map_err(failed)?;
        output.stdout = stdout;
        Ok((checked(output, self.shown)?, true))
    }
}

/// Writes the input beside reading the output, so that neither side can block the other.
fn wait(
    mut child: Child,
    input: Option<Vec<u8>>,
    place: Option<Place>,
    command: String,
) -> Result<Output, Error> {
    let writer = match (child.stdin.take(), input) {
        (Some(mut pipe), Some(bytes)) => Some(std::thread::spawn(move || pipe.write_all(&bytes))),
        _ => None,
    };
    let output = stuck::output(child, place.as_ref());
    if let Some(writer) = writer {
        // git may stop reading once it has failed; its own message says why.
        let _ = writer.join();
    }
    match output.map_err(|source| Error::Spawn { command, source })? {
        (_, Some(pipe)) => Err(Error::Pipe(pipe)),
        (output, None) => Ok(output),
    }
}

fn checked(output: Output, command: String) -> Result<Vec<u8>, Error> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let mut message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if message.is_empty() {
        // Such as "signal: 25 (SIGXFSZ)", or the code alone: there is nothing better.
        message = output.status.to_string();
    }
    Err(Error::Command {
        command,
        code: output.status.code(),
        message,
    })
}

/// Splits the output of a `-z` command.
pub fn split_nul(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&b| b == 0).filter(|part| !part.is_empty())
}

/// A path that git printed, as this machine's path.
pub fn path_from_git(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        PathBuf::from(OsString::from_vec(bytes.to_vec()))
    }
    #[cfg(not(unix))]
    PathBuf::from(OsString::from(String::from_utf8_lossy(bytes).into_owned()))
}
