//! `git exp pull`: gets the refs and notes of everybody's runs. Branches and files stay as they are.

use std::collections::BTreeMap;

use crate::context::Ctx;
use crate::error::{ExitCode, Result};
use crate::git::remote;
use crate::model::Uid;
use crate::report;
use crate::store::elsewhere::{self, Known};
use crate::store::{ids, others, runs, shared};
use crate::ui::escape::printable;

/// Arguments of `git exp pull`.
#[derive(Debug, clap::Args)]
pub struct PullArgs {
    /// The remote (where `git push` would go when not given)
    pub remote: Option<String>,
}

/// So many runs are named; more are counted.
const NAMED: usize = 20;

/// Pulls.
pub fn pull(ctx: &Ctx, args: &PullArgs) -> Result<ExitCode> {
    let repo = ctx.repo()?;
    let remote = remote::choose(repo, args.remote.as_deref())?;
    let fetched = remote::pull(repo, &remote)?;
    shared::remember(&repo.exp_dir(), fetched.there.iter())?;
    let project = ctx.project()?;
    let all = elsewhere::all(repo, project)?;
    for (run, id) in all.iter().filter_map(|run| Some((run, run.id.as_ref()?))) {
        ids::claim(&repo.exp_dir(), project, id.number, &run.uid);
    }
    // Only what `ls` shows beside its own runs: without it a pull has done its work all the same.
    let primary = ctx.settings()?.primary.as_deref();
    let _ = others::remember(&repo.exp_dir(), project, &all, |run| {
        report::elsewhere::cells(run, primary).into()
    });
    let known: BTreeMap<Uid, Known> = elsewhere::without_folder(project, all)?
        .into_iter()
        .map(|run| (run.uid.clone(), run))
        .collect();
    match fetched.new.len() {
        0 => ctx.ui.say(format!("{remote}: no new runs")),
        1 => ctx.ui.say(format!("{remote}: 1 new run")),
        count => ctx.ui.say(format!("{remote}: {count} new runs")),
    }
    for uid in fetched.new.iter().take(NAMED) {
        let line = match known.get(uid) {
            Some(run) => describe(run),
            None => here(ctx, uid)?,
        };
        ctx.ui.out(format!("  {line}\n"))?;
    }
    if fetched.new.len() > NAMED {
        ctx.ui
            .say(format!("  and {} more", fetched.new.len() - NAMED));
    }
    for uid in &fetched.differing {
        ctx.ui.warn(format!(
            "refs/exp/{uid} names another commit on {remote}; ours is kept"
        ));
    }
    Ok(ExitCode::OK)
}

fn describe(run: &Known) -> String {
    let status = run.status.map_or("?", crate::model::Status::word);
    printable(&format!("{}  {status}  {}", run.label(), run.place.words())).into_owned()
}

/// A run whose folder came here by a branch before its ref did.
fn here(ctx: &Ctx, uid: &Uid) -> Result<String> {
    let entries = runs::list(ctx.project()?)?;
    let mut records = entries.iter().filter_map(|entry| entry.run.as_ref().ok());
    Ok(match records.find(|run| run.uid == *uid) {
        Some(run) => format!("{}  {}  here", run.id(), run.status.word()),
        None => uid.to_string(),
    })
}
