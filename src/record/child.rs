//! The training command as a child process: its streams untouched, signals passed on.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::ambient;
use crate::error::{Failure, Result};

/// How the child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether a signal to us was passed on to it.
    pub interrupted: bool,
}

impl Ended {
    /// Our own exit code: the child's, or 128 + the signal's number.
    pub fn exit_code(self) -> u8 {
        let code = self
            .code
            .or(self.signal.map(|signal| 128 + signal))
            .unwrap_or(1);
        u8::try_from(code).unwrap_or(1)
    }
}

/// Runs a command to its end.
///
/// With `log`, what it prints is copied into that file as well; its output is then a pipe, so
/// programs that ask whether they write to a terminal will see that they don't.
pub fn run(
    argv: &[OsString],
    cwd: &Path,
    vars: &[(&str, &Path)],
    log: Option<&Path>,
) -> Result<Ended> {
    let (program, arguments) = argv
        .split_first()
        .ok_or_else(|| Failure::new("no command was given"))?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(cwd)
        .envs(vars.iter().copied());
    if log.is_some() {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    let signals = Signals::watch()?;
    let mut child = ambient::with_own_mask(|| command.spawn()).map_err(|error| {
        Failure::new(format!("cannot run `{}`", program.to_string_lossy()))
            .because(error)
            .hint("is it installed, and on the PATH?")
    })?;
    let copies = match log {
        Some(path) => copy_streams(&mut child, path)?,
        None => Vec::new(),
    };
    signals.forward_to(&child);
    let status = child
        .wait()
        .map_err(|error| Failure::new("lost the command").because(error))?;
    let interrupted = signals.stop();
    for copy in copies {
        // A copy that broke off has lost its reader or its disk; the run itself is not harmed.
        let _ = copy.join();
    }
    Ok(Ended {
        code: status.code(),
        signal: signal_of(status),
        interrupted,
    })
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_: ExitStatus) -> Option<i32> {
    None
}

type Copy = std::thread::JoinHandle<std::io::Result<()>>;

/// Passes both streams on as they come and appends them to the log.
fn copy_streams(child: &mut Child, path: &Path) -> Result<Vec<Copy>> {
    let open = || {
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
    };
    let failed = |error| crate::atomic::failed(path, &error);
    let mut copies = Vec::new();
    if let Some(stream) = child.stdout.take() {
        let file = open().map_err(failed)?;
        copies.push(std::thread::spawn(move || {
            copy(stream, std::io::stdout(), file)
        }));
    }
    if let Some(stream) = child.stderr.take() {
        let file = open().map_err(failed)?;
        copies.push(std::thread::spawn(move || {
            copy(stream, std::io::stderr(), file)
        }));
    }
    Ok(copies)
}

fn copy(mut from: impl Read, mut to: impl Write, mut log: impl Write) -> std::io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    let mut reader_is_there = true;
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        // A closed terminal must not stop the training: the log goes on.
        reader_is_there = reader_is_there
            && to
                .write_all(&buffer[..count])
                .and_then(|()| to.flush())
                .is_ok();
        log.write_all(&buffer[..count])?;
    }
}

#[cfg(unix)]
mod signals {
    use std::process::Child;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::process::{Pid, Signal, kill_process};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    use signal_hook::iterator::exfiltrator::WithOrigin;
    use signal_hook::iterator::{Handle, SignalsInfo};
    use signal_hook::low_level::siginfo::Cause;

    use crate::error::{Context, Result};

    /// Catches the signals that mean "stop" or belong to the training, from before the child starts.
    pub struct Signals {
        info: std::sync::Mutex<Option<SignalsInfo<WithOrigin>>>,
        handle: Handle,
        passed_on: Arc<AtomicBool>,
    }

    impl Signals {
        pub fn watch() -> Result<Self> {
            let caught = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2];
            let info = SignalsInfo::<WithOrigin>::new(caught)
                .context(|| "signals can't be caught".to_owned())?;
            let handle = info.handle();
            let passed_on = Arc::new(AtomicBool::new(false));
            Ok(Self {
                info: std::sync::Mutex::new(Some(info)),
                handle,
                passed_on,
            })
        }

        /// Passes signals on. What the terminal sent (Ctrl-C) has reached the child already, since
        /// it shares our process group; only the second Ctrl-C is turned into a kill.
        pub fn forward_to(&self, child: &Child) {
            let Some(mut info) = self.info.lock().ok().and_then(|mut info| info.take()) else {
                return;
            };
            let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
                return;
            };
            let passed_on = Arc::clone(&self.passed_on);
            std::thread::spawn(move || {
                let mut interrupts = 0;
                for origin in info.forever() {
                    let stopping = !matches!(origin.signal, SIGUSR1 | SIGUSR2);
                    passed_on.fetch_or(stopping, Ordering::SeqCst);
                    interrupts += u32::from(origin.signal == SIGINT);
                    let by_terminal = matches!(origin.cause, Cause::Kernel);
                    let signal = if interrupts >= 2 && origin.signal == SIGINT {
                        Some(Signal::KILL)
                    } else if by_terminal {
                        None
                    } else {
                        Signal::from_named_raw(origin.signal)
                    };
                    if let Some(signal) = signal {
                        // The child may be gone by now, and then there is nobody to tell.
                        let _ = kill_process(pid, signal);
                    }
                }
            });
        }

        /// Stops listening; whether anything that means "stop" came.
        pub fn stop(&self) -> bool {
            self.handle.close();
            self.passed_on.load(Ordering::SeqCst)
        }
    }
}

#[cfg(not(unix))]
mod signals {
    use std::process::Child;

    /// The console delivers Ctrl-C to every process attached to it, the child included.
    pub struct Signals;

    impl Signals {
        pub fn watch() -> crate::error::Result<Self> {
            Ok(Self)
        }

        pub fn forward_to(&self, _: &Child) {}

        pub fn stop(&self) -> bool {
            false
        }
    }
}

use signals::Signals;
