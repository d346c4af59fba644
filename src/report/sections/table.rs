//! The runs side by side: what changed, the data, the metrics, the conclusion.

use super::{bound, nothing};
use crate::model::{Run, Status};
use crate::report::facts::Facts;
use crate::report::lang;
use crate::report::markers::{code, markdown as safe};
use crate::report::story::Step;
use crate::report::yardsticks::Groups;

/// Metrics that fit a page; the rest is in the run's own log.
const METRICS_SHOWN: usize = 4;
/// Changes named in a cell.
const CHANGES_SHOWN: usize = 3;

/// The section's text.
pub fn markdown(facts: &Facts<'_>) -> String {
    if facts.runs.is_empty() {
        return nothing(facts.lang);
    }
    let lang = facts.lang;
    let mut metrics = facts.metrics();
    let more = metrics.split_off(metrics.len().min(METRICS_SHOWN));
    let groups: Vec<Groups> = metrics
        .iter()
        .map(|metric| Groups::of(facts, metric))
        .collect();
    let lettered = groups.first().filter(|groups| groups.differ());
    let mut headings = vec![
        "id".to_owned(),
        lang.pick("what changed", "что изменилось").to_owned(),
    ];
    headings.push(lang.pick("data", "данные").to_owned());
    headings.extend(metrics.iter().map(|metric| safe(metric)));
    if lettered.is_some() {
        headings.push(lang.pick("measured on", "измерено на").to_owned());
    }
    headings.push(lang.pick("conclusion", "вывод").to_owned());
    let mut rule = vec!["---"; 3];
    rule.extend(vec!["---:"; metrics.len()]);
    rule.extend(vec!["---"; headings.len() - 3 - metrics.len()]);
    let mut text = format!("| {} |\n| {} |\n", headings.join(" | "), rule.join(" | "));
    for run in &facts.runs {
        let mut cells = vec![facts.label(run), changes(facts, run), data(run)];
        for (metric, groups) in metrics.iter().zip(&groups) {
            cells.push(value(facts, groups, run, metric));
        }
        if let Some(groups) = lettered {
            cells.push(
                groups
                    .group(run)
                    .map_or("–".to_owned(), |group| group.letter.clone()),
            );
        }
        cells.push(conclusion(facts, run));
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    let notes = notes(facts, &groups, &metrics, &more);
    if !notes.is_empty() {
        text.push_str(&format!("\n{}\n", notes.join(" ")));
    }
    text
}

/// A bound number, bold when it is the best of those measured on the same data.
fn value(facts: &Facts<'_>, groups: &Groups, run: &Run, metric: &str) -> String {
    let text = bound(facts, run, metric);
    if groups.is_best(run) {
        format!("**{text}**")
    } else {
        text
    }
}

fn changes(facts: &Facts<'_>, run: &Run) -> String {
    let Some(step) = Step::of(facts, run) else {
        return if run.base.is_some() { "?" } else { "–" }.to_owned();
    };
    let mut words: Vec<String> = step
        .changes
        .iter()
        .map(|change| match change.axis {
            "config" => safe(&change.phrase(facts.lang)),
            _ => safe(&change.name(facts.lang)),
        })
        .collect();
    let more = words.len().saturating_sub(CHANGES_SHOWN);
    words.truncate(CHANGES_SHOWN);
    if more > 0 {
        words.push(format!("+{more}"));
    }
    match (words.is_empty(), step.unknown.is_empty()) {
        (true, true) => facts.lang.pick("same inputs", "входы те же").to_owned(),
        (true, false) => "?".to_owned(),
        _ => words.join(", "),
    }
}

fn data(run: &Run) -> String {
    let input = run
        .data
        .iter()
        .find(|input| input.role == "train")
        .or(run.data.first());
    let Some(input) = input else {
        return "–".to_owned();
    };
    let name = String::from_utf8_lossy(input.path.file_name()).into_owned();
    let stem = name.split('.').next().unwrap_or(&name);
    let digest = input.sha256.as_ref().map_or("?", |digest| digest.short());
    safe(&format!("{stem} {digest}"))
}

fn conclusion(facts: &Facts<'_>, run: &Run) -> String {
    match (&run.conclusion, run.status) {
        (Some(text), _) => safe(text.lines().next().unwrap_or_default()),
        (None, Status::Ok) => "–".to_owned(),
        (None, status) => lang::status(status, facts.lang).to_owned(),
    }
}

fn notes(facts: &Facts<'_>, groups: &[Groups], metrics: &[String], more: &[String]) -> Vec<String> {
    let lang = facts.lang;
    let lettered = groups.first().filter(|groups| groups.differ());
    let mut lines = Vec::new();
    if let (Some(groups), Some(primary)) = (lettered, metrics.first()) {
        let legend: Vec<String> = groups
            .names
            .iter()
            .map(|group| match group.letter.as_str() {
                "?" => format!("? — {}", lang.pick("not recorded", "не записано")),
                letter => format!("{letter} — {}", safe(&group.data)),
            })
            .collect();
        lines.push(format!(
            "{} {}: {}. {}",
            lang.pick("Measured on, for", "На чём измерена"),
            code(primary),
            legend.join("; "),
            lang.pick(
                "Compare only runs with the same letter.",
                "Сравнивайте только запуски с одной буквой."
            )
        ));
    }
    let bold = groups.iter().any(Groups::has_best);
    if bold {
        lines.push(
            lang.pick(
                "Bold: the best among runs measured on the same data.",
                "Жирным: лучшее среди измеренных на одних и тех же данных.",
            )
            .to_owned(),
        );
    }
    if !more.is_empty() {
        let names: Vec<String> = more.iter().map(|name| code(name)).collect();
        lines.push(format!(
            "{}: {}.",
            lang.pick("Also recorded", "Также записаны"),
            names.join(", ")
        ));
    }
    if facts.runs.iter().any(|run| changes(facts, run) == "?") {
        lines.push(
            lang.pick(
                "?: the records don't say whether anything changed.",
                "?: по записям не видно, изменилось ли что-нибудь.",
            )
            .to_owned(),
        );
    }
    lines
}
