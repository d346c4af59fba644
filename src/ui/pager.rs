//! Long output goes through the person's pager, as git's does.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::error::Result;

/// Ctrl-C is the pager's: it stops a search there, and must not leave the terminal to two readers.
///
/// A caught signal is a default one again in the program that is started; an ignored one would stay
/// ignored.
#[cfg(unix)]
fn ignore_interrupts() {
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    // Without it Ctrl-C ends us at once, as it would without a pager.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, seen);
}

/// Feeds text to a pager and waits until it is left.
///
/// The command is a shell fragment of the person's own (git's `core.pager`). `variables` are set for
/// it: git gives `LESS=FRX` to those who have no `LESS` of their own, so that a short text is just
/// printed.
///
/// # Errors
/// When the shell can't be started; a pager that is left early is no failure.
pub fn page(command: &str, variables: &[(&str, &str)], text: &str) -> Result<()> {
    #[cfg(unix)]
    ignore_interrupts();
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(command)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A pager that was left before the end has read what the person wanted to see.
        let _ = stdin.write_all(text.as_bytes());
    }
    child.wait()?;
    Ok(())
}
