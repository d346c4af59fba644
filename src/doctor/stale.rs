//! Runs whose process is gone and which nobody finished.

use super::Finding;
use super::jobs::{self, State};
use super::scene::{Scene, short};
use crate::ambient;
use crate::context::Ctx;
use crate::error::Result;
use crate::model::Status;
use crate::model::run::Process;
use crate::record::end;
use crate::store::format;
use crate::store::layout::{OUTPUT_LOG, RUN_JSON, SERIES_LOG};
use crate::store::runs::Entry;

pub fn look(scene: &Scene<'_>, findings: &mut Vec<Finding>) -> Result<()> {
    for (entry, run) in scene
        .runs()
        .filter(|(_, run)| run.status == Status::Running)
    {
        let Some(process) = &run.process else {
            // `start` alone: a person finishes it, whenever that may be.
            continue;
        };
        findings.extend(judge(scene, entry, process));
    }
    Ok(())
}

fn judge(scene: &Scene<'_>, entry: &Entry, process: &Process) -> Option<Finding> {
    let id = short(&entry.id);
    let finish = format!("git exp finish {id} --status failed");
    let gone = |who: String| {
        let what = format!("{who} is gone{}", last_sign(entry));
        let entry_folder = entry.folder.clone();
        Finding::to_do("stale-run", &id, what)
            .mend("status stale", move |ctx| mark(ctx, &entry_folder))
            .advise(finish.clone())
    };
    if scene.ctx.ambient.is_gone(process) {
        let pid = process.pid.map(|pid| format!(" {pid}")).unwrap_or_default();
        return Some(gone(format!("process{pid}")));
    }
    if let Some(job) = &process.job {
        match jobs::ask(job) {
            State::Gone => return Some(gone(format!("job {job}"))),
            State::Queued => return None,
            State::Unknown => {}
        }
    }
    let elsewhere = process.host.is_some() && process.host != ambient::host();
    (elsewhere || process.pid.is_none()).then(|| {
        let place = match (&process.job, &process.host) {
            (Some(job), _) => format!("job {job} can't be asked after from here"),
            (None, host) => format!(
                "it runs on {}",
                host.as_deref().unwrap_or("another machine")
            ),
        };
        Finding::note("running-elsewhere", &id, place).advise(format!("{finish}  (if it is over)"))
    })
}

/// When one of its files was last written.
fn last_sign(entry: &Entry) -> String {
    let written = |name: &&str| entry.folder.join(name).metadata().ok()?.modified().ok();
    let last = [RUN_JSON, SERIES_LOG, OUTPUT_LOG]
        .iter()
        .filter_map(written)
        .max();
    last.map_or_else(String::new, |at| {
        let at = chrono::DateTime::<chrono::Local>::from(at);
        format!(", last sign of life {}", at.format("%Y-%m-%d %H:%M"))
    })
}

fn mark(ctx: &Ctx, folder: &std::path::Path) -> Result<()> {
    let mut run = format::read_run(folder)?;
    if run.status != Status::Running {
        return Ok(());
    }
    run.status = Status::Stale;
    run.rev += 1;
    end::restate(ctx, folder, &run)
}
