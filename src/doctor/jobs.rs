//! Asks a batch system whether a job still is.

use std::process::{Command, Stdio};

/// What is known of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waiting or running.
    Queued,
    /// The batch system knows no such job any more.
    Gone,
    /// It could not be asked.
    Unknown,
}

/// Asks `squeue` about `slurm:8812` or `slurm:8812_3`. Other systems are not asked.
pub fn ask(job: &str) -> State {
    let Some(id) = job.strip_prefix("slurm:") else {
        return State::Unknown;
    };
    let plain = id.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if !plain || !id.starts_with(|c: char| c.is_ascii_digit()) {
        return State::Unknown;
    }
    let output = Command::new("squeue")
        .args(["--noheader", "--format=%T", "--jobs", id])
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        return State::Unknown;
    };
    let says = |bytes: &[u8], text: &str| String::from_utf8_lossy(bytes).contains(text);
    match output.status.success() {
        true if output.stdout.iter().all(u8::is_ascii_whitespace) => State::Gone,
        true => State::Queued,
        // A job that ended long ago is an error to `squeue`.
        false if says(&output.stderr, "Invalid job id") => State::Gone,
        false => State::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_slurm_ids_are_asked_about() {
        for job in [
            "pbs:7",
            "slurm:",
            "slurm:--help",
            "slurm:_1",
            "slurm:1;x",
            "8812",
        ] {
            assert_eq!(ask(job), State::Unknown, "{job}");
        }
    }
}
