//! Which run is meant when none is named: the running one.

use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::model::Status;
use crate::store::runs::{self, Entry};

/// How many running ones an error names: the last.
const SHOWN: usize = 8;

/// The named run; else the one of `$GIT_EXP_RUN`; else the only running one.
///
/// # Errors
/// None is running, or several are: then they are listed.
pub fn find(ctx: &Ctx, name: Option<&str>) -> Result<Entry> {
    let project = ctx.project()?;
    if let Some(name) = name.or_else(|| ctx.ambient.var("GIT_EXP_RUN")) {
        return runs::resolve(project, name);
    }
    let mut running: Vec<Entry> = runs::list(project)?
        .into_iter()
        .filter(|entry| {
            entry
                .run
                .as_ref()
                .is_ok_and(|run| run.status == Status::Running)
        })
        .collect();
    match (running.pop(), running.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            let count = running.len() + 1;
            let earlier = running.iter().rev().take(SHOWN - 1).rev();
            let names: Vec<String> = (count > SHOWN)
                .then(|| "…".to_owned())
                .into_iter()
                .chain(earlier.chain([&last]).map(|entry| entry.id.to_string()))
                .collect();
            Err(
                Failure::new(format!("{count} runs are running: {}", names.join(", ")))
                    .hint(format!("name one: git exp finish {}", last.id.short())),
            )
        }
        (None, _) => Err(Failure::new("no run is running")
            .hint("start one: git exp start")
            .hint("or name a finished one to finish it again: git exp finish exp_001")),
    }
}
