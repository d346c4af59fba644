//! Reasons to say no before a run begins.

use std::fs::File;

use super::earlier::Earlier;
use crate::compare::State;
use crate::compare::axes::command::CommandAxis;
use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::model::data::ConfigFile;
use crate::model::{RecordPath, Run};
use crate::observe::secrets::{self, Finding};
use crate::ui::number;

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
            if is_left_out(ctx, path)? {
                continue;
            }
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

/// Whether a file is in no snapshot anyway: `.env` and its like, while git does not track them.
fn is_left_out(ctx: &Ctx, path: &RecordPath) -> Result<bool> {
    if !secrets::is_secret_path(path) {
        return Ok(false);
    }
    let tracked = ctx
        .repo()?
        .git()
        .env("GIT_LITERAL_PATHSPECS", "1")
        .args(["ls-files", "-z", "--"])
        .arg(path.to_path())
        .run()?;
    Ok(tracked.is_empty())
}

/// Refuses a configuration whose copy in the run's folder would hold what looks like a secret, and a
/// parameter that is one by its name. git may ignore the file itself; the record is for committing.
pub fn inputs(config: &[(ConfigFile, Vec<u8>)], params: &[String]) -> Result<()> {
    let refused = |what: String, why: String| {
        Failure::new(format!("{what} looks like a secret"))
            .because(why)
            .hint("move it to the environment: the program can read it there")
            .hint("if it is none: add --allow-secrets")
    };
    for (file, bytes) in config {
        if let Some(Finding { kind, line }) = secrets::scan(bytes).first() {
            let why = format!("{kind}; a copy of the file would be kept with the run");
            return Err(refused(format!("{}:{line}", file.path.display()), why));
        }
    }
    for param in params {
        if secrets::redact_argv(std::slice::from_ref(param))[0] != *param {
            let name = param.split('=').next().unwrap_or_default();
            let why = "parameters are kept with the run".to_owned();
            return Err(refused(format!("`--param {name}=…`"), why));
        }
    }
    Ok(())
}

/// Refuses inputs that a finished run has had already: running them again would only show the noise.
pub fn same_inputs(run: &Run, earlier: &Earlier<'_>, primary: Option<&str>) -> Result<()> {
    let Some(twin) = earlier.twin(run) else {
        return Ok(());
    };
    let command = match CommandAxis::between(run, &twin).state {
        State::Same => " and command",
        _ => "",
    };
    let value = primary
        .and_then(|name| Some((name, twin.metrics.get(name)?.number()?)))
        .map(|(name, value)| format!(" ({name} {})", number::mean(value, twin.scatter(name))));
    Err(Failure::new(format!(
        "{} has the same inputs{}",
        twin.id(),
        value.unwrap_or_default()
    ))
    .because(format!(
        "code, data, configuration, environment{command} are all equal"
    ))
    .hint(format!(
        "look at its results: git exp show {}",
        twin.id().short()
    ))
    .hint(format!(
        "to measure the noise: git exp run --like {} --seeds 1,2,3",
        twin.id().short()
    ))
    .hint("or run it again as it is: add --allow-same"))
}
