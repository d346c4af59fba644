//! Takes in run folders that were written by hand in the course note's form.

use std::path::Path;

use chrono::{NaiveDate, TimeZone};

use super::configuration;
use crate::context::Ctx;
use crate::error::Result;
use crate::model::data::{ConfigFile, MetricsFile};
use crate::model::run::Time;
use crate::model::{MetricValue, RecordPath, Run, RunId, Sha256, Status, Uid};
use crate::observe::metrics;
use crate::settings::ProjectSettings;
use crate::store::layout::{README, RUN_JSON};
use crate::store::{Project, format, ids, runs, seal, tables};

/// Writes a record beside each `runs/exp_*` folder that has none. Nothing else in the folder is
/// touched; what the folder doesn't say stays unknown in the record.
///
/// # Returns
/// One line for each folder: what was taken in, or why not.
pub fn adopt(ctx: &Ctx, project: &Project) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut folders = runs::folders(project)?;
    folders.sort();
    let mut taken = 0;
    for (id, folder) in folders {
        if folder.join(RUN_JSON).symlink_metadata().is_ok() {
            continue;
        }
        let run = record(ctx, &id, &folder);
        format::write_run(&folder, &run)?;
        ids::claim(&ctx.repo()?.exp_dir(), project, run.number, &run.uid);
        lines.push(format!("adopted {id}: {} metrics", run.metrics.len()));
        taken += 1;
    }
    lines.extend(misnamed(project));
    if taken > 0 {
        let settings = ProjectSettings::read(&project.settings_file())?;
        let lang = ctx.globals.lang.or(settings.lang).unwrap_or_default();
        tables::refresh(project, &ctx.repo()?.exp_dir(), &settings, lang)?;
    } else if lines.is_empty() {
        lines.push("nothing to adopt: every run folder has a record".to_owned());
    }
    Ok(lines)
}

/// Folders that look like runs but have no usable name.
fn misnamed(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.runs())
        .into_iter()
        .flatten()
        .flatten();
    let mut lines: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && RunId::parse(name).is_none())
        .map(|name| format!("left alone {name}: rename it to exp_NNN_main_idea first"))
        .collect();
    lines.sort();
    lines
}

fn record(ctx: &Ctx, id: &RunId, folder: &Path) -> Run {
    let log = std::fs::read_to_string(folder.join(README)).unwrap_or_default();
    let started = date_of(&log).unwrap_or_else(|| modified(ctx, folder));
    let mut run = Run::new(adopted_uid(id, started), id.clone(), started);
    run.status = Status::Ok;
    run.finished = Some(started);
    run.goal = labelled(&log, &["Цель", "Goal"]);
    run.conclusion = section(&log, &["Выводы", "Conclusions"]);
    run.warnings.push(
        "adopted from a folder written by hand: code, data and environment are not known".into(),
    );
    take_files(folder, &mut run);
    run.digest = Some(seal::digest(&run));
    run
}

/// The same folder gives the same identity in every clone that adopts it.
fn adopted_uid(id: &RunId, started: Time) -> Uid {
    let digest = Sha256::of(format!("adopted\n{id}\n{}", started.timestamp()).as_bytes());
    let mut random = [0; 10];
    for (byte, pair) in random.iter_mut().zip(digest.as_str().as_bytes().chunks(2)) {
        let text = std::str::from_utf8(pair).unwrap_or("0");
        *byte = u8::from_str_radix(text, 16).unwrap_or(0);
    }
    Uid::new(
        u64::try_from(started.timestamp_millis()).unwrap_or(0),
        &random,
    )
}

fn take_files(folder: &Path, run: &mut Run) {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    let mut room = configuration::PARAMS_LIMIT;
    for name in names {
        let path = RecordPath::from(name.as_str());
        let Ok(bytes) = std::fs::read(folder.join(&name)) else {
            continue;
        };
        let sha256 = Sha256::of(&bytes);
        if name == "metrics.json" || name == "metrics.csv" {
            match metrics::read(&path, &bytes) {
                Ok(read) => {
                    run.metrics.extend(read.metrics);
                    run.metrics_file = Some(MetricsFile {
                        path,
                        copy: name,
                        sha256,
                    });
                }
                Err(error) => run.warnings.push(format!("{name} can't be read: {error}")),
            }
        } else if ["yaml", "yml", "json", "toml", "ini"].contains(&path.extension().as_str()) {
            let unread = match configuration::read(&path, &bytes, &mut room) {
                Ok(params) => {
                    run.params.extend(params);
                    None
                }
                Err(why) => Some(why),
            };
            run.config.push(ConfigFile {
                derived: false,
                path,
                sha256,
                blob: None,
                copy: Some(name),
                unread,
            });
        }
    }
    run.metrics
        .retain(|_, value| !matches!(value, MetricValue::Null));
}

fn modified(ctx: &Ctx, folder: &Path) -> Time {
    let when = folder.metadata().and_then(|found| found.modified());
    when.map_or_else(
        |_| ctx.ambient.now(),
        |t| chrono::DateTime::<chrono::Utc>::from(t).into(),
    )
}

/// `Дата: 2025-10-10` or `Date: 2025-10-10`, as noon UTC: the hour is not known.
fn date_of(log: &str) -> Option<Time> {
    let text = labelled(log, &["Дата", "Date"])?;
    let date = NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()?;
    Some(
        chrono::Utc
            .from_utc_datetime(&date.and_hms_opt(12, 0, 0)?)
            .fixed_offset(),
    )
}

/// The rest of the first line `Label: text`.
fn labelled(log: &str, labels: &[&str]) -> Option<String> {
    log.lines().find_map(|line| {
        let (label, text) = line.split_once(':')?;
        let label = label.trim_matches([' ', '*', '-', '#']);
        let text = text.trim().trim_matches('*').trim();
        (labels.contains(&label) && !text.is_empty()).then(|| text.to_owned())
    })
}

/// The text under a heading, up to the next one.
fn section(log: &str, headings: &[&str]) -> Option<String> {
    let mut lines = log.lines().skip_while(|line| {
        !(line.starts_with('#') && headings.contains(&line.trim_matches(['#', ' '])))
    });
    lines.next()?;
    let body: Vec<&str> = lines.take_while(|line| !line.starts_with('#')).collect();
    let text = body.join("\n").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "# Эксперимент exp_003_new_features\n\nДата: 2025-10-10  \nЦель: проверить \
                        фичи\n\n## Выводы\n\n- стало лучше\n\n## Ещё\n";

    #[test]
    fn the_course_note_s_form_is_understood() {
        assert_eq!(
            date_of(NOTE).unwrap().to_rfc3339(),
            "2025-10-10T12:00:00+00:00"
        );
        assert_eq!(labelled(NOTE, &["Цель"]).as_deref(), Some("проверить фичи"));
        assert_eq!(section(NOTE, &["Выводы"]).as_deref(), Some("- стало лучше"));
        assert_eq!(section(NOTE, &["Results"]), None);
    }
}
