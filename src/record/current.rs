//! Which run is meant when none is named: the running one.

use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::model::Status;
use crate::store::runs::{self, Entry};

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
            let mut names: Vec<String> = running.iter().map(|entry| entry.id.to_string()).collect();
            names.push(last.id.to_string());
            Err(Failure::new(format!(
                "{} runs are running: {}",
                names.len(),
                names.join(", ")
            ))
            .hint(format!("name one: git exp finish {}", last.id.short())))
        }
        (None, _) => Err(Failure::new("no run is running")
            .hint("start one: git exp start")
            .hint("or name a finished one to finish it again: git exp finish exp_001")),
    }
}
