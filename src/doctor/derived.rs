//! What is generated from records and fell behind them: the overview table and mini-logs.

use super::Finding;
use super::scene::{Scene, short};
use crate::error::Result;
use crate::model::{Run, Status};
use crate::record::end;
use crate::report::minilog;
use crate::settings::ProjectSettings;
use crate::store::layout::README;
use crate::store::{contain, format, tables};

pub fn look(scene: &Scene<'_>, findings: &mut Vec<Finding>) -> Result<()> {
    if scene.settings_problem.is_some() {
        return Ok(());
    }
    let runs: Vec<&Run> = scene.runs().map(|(_, run)| run).collect();
    let outdated = tables::outdated(
        scene.project,
        &scene.repo.exp_dir(),
        &runs,
        &scene.settings,
        scene.lang,
    );
    if !outdated.is_empty() {
        let what = format!("{} not what the records say", is_or_are(&outdated));
        findings.push(
            Finding::to_do("table", "", what).mend("writes it anew", |ctx| {
                let project = ctx.project()?;
                let settings = ProjectSettings::read(&project.settings_file())?;
                tables::refresh(project, &ctx.repo()?.exp_dir(), &settings, ctx.lang()?)
            }),
        );
    }
    for (entry, run) in scene.runs() {
        let text = std::fs::read_to_string(entry.folder.join(README)).ok();
        if text.as_deref().is_some_and(|text| !is_behind(text, run)) {
            continue;
        }
        let folder = entry.folder.clone();
        let what = match text {
            None => "its README.md is missing",
            Some(_) => "its README.md still says that it is running",
        };
        findings.push(Finding::to_do("log", short(&entry.id), what).mend(
            "brings it up to date",
            {
                move |ctx| {
                    contain::real_folder(&folder)?;
                    let run = format::read_run(&folder)?;
                    let message = run.conclusion.clone();
                    end::refresh_readme(ctx, &folder, &run, message.as_deref())
                }
            },
        ));
    }
    Ok(())
}

/// A run ended, and died before it said so in its mini-log. Settings that changed since are no
/// reason to write old logs anew.
fn is_behind(text: &str, run: &Run) -> bool {
    run.status != Status::Running
        && text
            .lines()
            .any(|line| minilog::RUNNING_LINES.contains(&line.trim_end()))
}

fn is_or_are(names: &[&str]) -> String {
    match names {
        [one] => format!("{one} is"),
        _ => format!("{} are", names.join(" and ")),
    }
}
