//! `git exp show`: all about one run.

use super::minilog::code_state;
use crate::model::run::Repeat;
use crate::model::{MetricValue, Run};
use crate::settings::Lang;
use crate::ui::escape::printable;
use crate::ui::number;
use crate::ui::table::pad;

/// Width of the label column.
const LABEL: usize = 11;

/// The run in full, as lines of text.
pub fn text(run: &Run) -> String {
    let mut lines = vec![format!("{}  {}", run.id(), run.status.word())];
    let mut put = |label: &str, value: &str| {
        lines.push(format!("  {} {}", pad(label, LABEL), printable(value)));
    };
    for (label, value) in facts(run) {
        put(label, &value);
    }
    section(&mut lines, "Data", data(run));
    section(&mut lines, "Config", config(run));
    section(&mut lines, "Metrics", metrics(run));
    section(&mut lines, "Repeats", repeats(run));
    section(&mut lines, "Series", series(run));
    section(&mut lines, "Models", models(run));
    section(&mut lines, "Changes", changes(run));
    section(&mut lines, "Warnings", run.warnings.clone());
    lines.push(String::new());
    lines.join("\n")
}

fn section(lines: &mut Vec<String>, title: &str, items: Vec<String>) {
    if items.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(title.to_owned());
    lines.extend(items.iter().map(|item| format!("  {}", printable(item))));
}

fn facts(run: &Run) -> Vec<(&'static str, String)> {
    let mut facts = vec![("uid", run.uid.to_string())];
    let mut put = |label, value: Option<String>| {
        if let Some(value) = value {
            facts.push((label, value));
        }
    };
    put(
        "title",
        Some(run.title.clone()).filter(|title| !title.is_empty()),
    );
    put("goal", run.goal.clone());
    put("hypothesis", run.hypothesis.clone());
    put("conclusion", run.conclusion.clone());
    put("base", run.base.as_ref().map(|base| base.id.clone()));
    put("like", run.like.as_ref().map(|like| like.id.clone()));
    put(
        "declared",
        Some(run.declared.join(", ")).filter(|text| !text.is_empty()),
    );
    put("started", Some(run.started.to_rfc3339()));
    let seconds = run.seconds.as_ref().map(|s| number::duration(s.as_f64()));
    put("took", seconds);
    put(
        "command",
        run.command.as_ref().map(|command| command.argv.join(" ")),
    );
    let branch = run
        .code
        .branch
        .as_ref()
        .map(|b| format!(" on {b}"))
        .unwrap_or_default();
    put(
        "code",
        Some(format!("{}{branch}", code_state(run, Lang::En))),
    );
    put("seed", run.seed.as_ref().map(|seed| seed.spelling()));
    put("env", environment(run));
    put("hardware", hardware(run));
    facts
}

fn environment(run: &Run) -> Option<String> {
    let env = run.env.as_ref()?;
    let python = env
        .python
        .as_ref()
        .map(|version| format!("python {version}"));
    let packages = env.packages.map(|count| format!("{count} packages"));
    let parts: Vec<String> = python.into_iter().chain(packages).collect();
    Some(if parts.is_empty() {
        "not known".to_owned()
    } else {
        parts.join(", ")
    })
}

fn hardware(run: &Run) -> Option<String> {
    let machine = run.hardware.as_ref()?;
    let gpus = match &machine.gpus {
        Some(gpus) if gpus.is_empty() => Some("no GPU".to_owned()),
        Some(gpus) => Some(gpus.join(" + ")),
        None => None,
    };
    let parts = [
        machine.cpu.clone(),
        machine.cores.map(|cores| format!("{cores} cores")),
        machine.memory_bytes.map(number::bytes),
        gpus,
        machine.os.clone(),
    ];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
}

fn data(run: &Run) -> Vec<String> {
    run.data
        .iter()
        .map(|input| {
            let digest = input.sha256.as_ref().map_or("?", |digest| digest.short());
            let mut text = format!(
                "{}  {}  {digest}",
                pad(&input.role, 6),
                input.path.display()
            );
            if let Some(bytes) = input.bytes {
                text.push_str(&format!("  {}", number::bytes(bytes)));
            }
            if let Some(rows) = input.rows {
                text.push_str(&format!("  {} rows", number::count(rows)));
            }
            if let Some(files) = input.files {
                text.push_str(&format!("  {} files", number::count(files)));
            }
            if input.unstable {
                text.push_str("  changed while it was read");
            }
            text
        })
        .collect()
}

fn config(run: &Run) -> Vec<String> {
    let mut lines: Vec<String> = run
        .config
        .iter()
        .map(|file| {
            let unread = file.unread.as_ref().map(|why| format!("  not read: {why}"));
            format!(
                "{}  {}{}",
                file.path.display(),
                file.sha256.short(),
                unread.unwrap_or_default()
            )
        })
        .collect();
    let width = run.params.keys().map(String::len).max().unwrap_or(0);
    lines.extend(run.params.iter().map(|(name, value)| {
        let set = run.set.get(name);
        let before = set.map(|before| format!("  (--set; was {})", before.spelling()));
        format!(
            "{}  {}{}",
            pad(name, width),
            value.spelling(),
            before.unwrap_or_default()
        )
    }));
    lines
}

/// One metric a line, names padded to one width.
pub fn metrics(run: &Run) -> Vec<String> {
    let width = run.metrics.keys().map(String::len).max().unwrap_or(0);
    let shown = |name: &str, value: &MetricValue| match value {
        MetricValue::Number(number) => match run.scatter(name) {
            Some(scatter) => number::mean(number, Some(scatter)),
            None => number.to_string(),
        },
        MetricValue::Text(text) => text.clone(),
        MetricValue::Bool(yes) => yes.to_string(),
        MetricValue::Null => "null".to_owned(),
    };
    run.metrics
        .iter()
        .map(|(name, value)| format!("{}  {}", pad(name, width), shown(name, value)))
        .collect()
}

/// One line a repeat: its seed, its metrics, how long it took.
fn repeats(run: &Run) -> Vec<String> {
    let line = |repeat: &Repeat| {
        let mut parts = vec![format!("seed {}", repeat.seed.spelling())];
        if !repeat.is_done() {
            let code = repeat
                .exit_code
                .map_or("–".to_owned(), |code| code.to_string());
            parts.push(format!("failed (exit code {code})"));
        }
        let numbers = repeat.metrics.iter().filter_map(|(name, value)| {
            Some(format!("{name} {}", number::metric(value.number()?)))
        });
        parts.extend(numbers);
        parts.extend(
            repeat
                .seconds
                .as_ref()
                .map(|s| number::duration(s.as_f64())),
        );
        parts.join("  ")
    };
    run.repeats.iter().map(line).collect()
}

fn series(run: &Run) -> Vec<String> {
    run.series
        .iter()
        .map(|(name, summary)| {
            let at = |point: &Option<crate::model::run::AtStep>| {
                point.as_ref().map_or("–".to_owned(), |p| {
                    format!("{} at step {}", number::metric(&p.value), p.step)
                })
            };
            format!(
                "{name}  {} values, last {} at step {}, lowest {}, highest {}",
                number::count(summary.count),
                number::metric(&summary.last),
                summary.last_step,
                at(&summary.min),
                at(&summary.max)
            )
        })
        .collect()
}

fn models(run: &Run) -> Vec<String> {
    run.models
        .iter()
        .chain(&run.artifacts)
        .map(|file| {
            let size = number::bytes(file.bytes);
            format!("{}  {}  {size}", file.path.display(), file.sha256.short())
        })
        .collect()
}

fn changes(run: &Run) -> Vec<String> {
    let changed = run.code.changes.iter().map(|change| {
        let lines = match (change.added, change.removed) {
            (Some(added), Some(removed)) => format!("  +{added} -{removed}"),
            _ => String::new(),
        };
        format!("{} {}{lines}", change.status, change.path.display())
    });
    let left_out = run.code.left_out.iter().map(|file| {
        format!(
            "! {}  {} left out: {}",
            file.path.display(),
            number::bytes(file.bytes),
            file.why
        )
    });
    changed.chain(left_out).collect()
}
