//! Reasons to say no before a run begins.

use std::fs::File;

use crate::compare::fingerprint::fingerprint;
use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::model::{RecordPath, Run, Status};
use crate::observe::secrets::{self, Finding};

/// Changed and untracked files larger than this are data or models, where a token is no accident of
/// editing; reading them would cost more than it finds.
const SCANNED_BYTES: u64 = 4 << 20;

/// Refuses when a file that the snapshot would keep holds what looks like a secret: what is in a
/// pushed ref can't be called back.
pub fn secrets<'a>(ctx: &Ctx, changed: impl IntoIterator<Item = &'a RecordPath>) -> Result<()> {
    let top = ctx.repo()?.top().map_err(Failure::from)?;
    for path in changed {
        let place = top.join(path.to_path());
        let regular = place
            .symlink_metadata()
            .is_ok_and(|found| found.is_file() && found.len() <= SCANNED_BYTES);
        if !regular {
            continue;
        }
        let Ok(file) = File::open(&place) else {
            continue;
        };
        let findings = secrets::scan_reader(file).unwrap_or_default();
        if let Some(Finding { kind, line }) = findings.first() {
            let shown = path.display();
            return Err(
                Failure::new(format!("{shown}:{line} holds what looks like a secret"))
                    .because(format!(
                        "{kind}; the file would be kept in the run's snapshot"
                    ))
                    .hint(format!(
                        "move it to the environment, or add {shown} to .gitignore"
                    ))
                    .hint("if it is none: add --allow-secrets"),
            );
        }
    }
    Ok(())
}

/// Refuses inputs that a finished run has had already: running them again would only show the noise.
pub fn same_inputs(run: &Run, earlier: &[Run]) -> Result<()> {
    let inputs = fingerprint(run);
    let same = |other: &&Run| other.status == Status::Ok && fingerprint(other) == inputs;
    let Some(twin) = earlier
        .iter()
        .rev()
        .find(same)
        .filter(|_| inputs.is_proof())
    else {
        return Ok(());
    };
    Err(Failure::new(format!("{} has the same inputs", twin.id()))
        .because("code, data, configuration, environment and command are all equal")
        .hint(format!(
            "look at its results: git exp show {}",
            twin.id().short()
        ))
        .hint("to measure the noise, run it again: add --allow-same"))
}
