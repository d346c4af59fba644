//! Long output goes through the person's pager, as git's does.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::error::Result;

/// Feeds text to a pager and waits until it is left.
///
/// The command is a shell fragment of the person's own (git's `core.pager`). `variables` are set for
/// it: git gives `LESS=FRX` to those who have no `LESS` of their own, so that a short text is just
/// printed.
///
/// # Errors
/// When the shell can't be started; a pager that is left early is no failure.
pub fn page(command: &str, variables: &[(&str, &str)], text: &str) -> Result<()> {
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
