//! What was done and what it was to find out.

use super::{nothing, runs_counted};
use crate::model::{Run, Status};
use crate::report::facts::Facts;
use crate::report::markers::{code, markdown as safe};
use crate::report::story::Step;
use crate::report::yardsticks::Groups;

/// Changes named one by one; the rest is counted.
const CHANGES_SHOWN: usize = 4;

/// The section's text.
pub fn markdown(facts: &Facts<'_>) -> String {
    let lang = facts.lang;
    if facts.runs.is_empty() {
        return nothing(lang);
    }
    let mut text = intro(facts);
    text.push('\n');
    for run in &facts.runs {
        text.push_str(&item(facts, run));
    }
    if !facts.damaged.is_empty() {
        let names: Vec<String> = facts.damaged.iter().map(|(id, _)| safe(id)).collect();
        text.push_str(&format!(
            "\n{}: {}.\n",
            lang.pick("Records that can't be read", "Записи, которые не читаются"),
            names.join(", ")
        ));
    }
    text
}

fn intro(facts: &Facts<'_>) -> String {
    let lang = facts.lang;
    let mut text = match lang {
        crate::settings::Lang::En => format!("{} recorded, ", runs_counted(facts.runs.len(), lang)),
        crate::settings::Lang::Ru => format!("Записано {}, ", runs_counted(facts.runs.len(), lang)),
    };
    let finished = facts.finished().count();
    text.push_str(&match lang {
        crate::settings::Lang::En => format!("{finished} of them finished."),
        crate::settings::Lang::Ru => format!("из них успешно завершено: {finished}."),
    });
    if let Some(primary) = facts.primary() {
        text.push_str(&format!(
            " {} {}.",
            lang.pick("Choices are made by", "Выбор делается по"),
            code(&primary)
        ));
        let groups = Groups::of(facts, &primary);
        if groups.differ() {
            text.push_str(&format!(
                " {}",
                lang.pick(
                    "It was not measured on the same data in every run: values with different letters in the table must not be compared.",
                    "Измерена она не на одних и тех же данных: значения с разными буквами в таблице сравнивать нельзя."
                )
            ));
        }
    }
    text.push('\n');
    text
}

fn item(facts: &Facts<'_>, run: &Run) -> String {
    let lang = facts.lang;
    let name = if run.title.is_empty() {
        run.slug.replace('_', " ")
    } else {
        run.title.clone()
    };
    let mut text = format!("- **{}** {}", facts.label(run), safe(&name));
    if let Some(goal) = run.goal.as_ref().filter(|goal| **goal != name) {
        text.push_str(&format!(": {}", safe(goal)));
    }
    let stop = if text.ends_with(['.', '?', '!', '…']) {
        ""
    } else {
        "."
    };
    text.push_str(&format!("{stop} {}.", changed(facts, run)));
    if let Some(hypothesis) = &run.hypothesis {
        let word = lang.pick("Hypothesis", "Гипотеза");
        text.push_str(&format!(
            " {word}: {}",
            safe(hypothesis.trim_end_matches('.'))
        ));
        text.push('.');
    }
    if run.status != Status::Ok {
        text.push_str(&format!(
            " {}: {}.",
            lang.pick("Status", "Статус"),
            crate::report::lang::status(run.status, lang)
        ));
    }
    text.push('\n');
    text
}

/// What a run changed, in words for Markdown.
pub fn changed(facts: &Facts<'_>, run: &Run) -> String {
    let lang = facts.lang;
    let Some(base) = facts.base_of(run) else {
        return match &run.base {
            None => lang.pick("The starting point", "Точка отсчёта").to_owned(),
            Some(base) => format!(
                "{} {}",
                safe(&base.id),
                lang.pick(
                    "was its base; that record is not here",
                    "— основа, но её записи здесь нет"
                )
            ),
        };
    };
    let step = Step::between(facts, base, run);
    let against = format!(
        "{} {}",
        lang.pick("Against", "По сравнению с"),
        facts.label(base)
    );
    let mut words: Vec<String> = step
        .changes
        .iter()
        .map(|change| safe(&change.phrase(lang)))
        .collect();
    let more = words.len().saturating_sub(CHANGES_SHOWN);
    words.truncate(CHANGES_SHOWN);
    if more > 0 {
        words.push(format!("{} {more}", lang.pick("and", "и ещё")) + lang.pick(" more", ""));
    }
    let unknown = match step.unknown[..] {
        [] => String::new(),
        _ => format!(
            "; {}: {}",
            lang.pick("not recorded", "не записано"),
            step.unknown(lang)
        ),
    };
    if words.is_empty() {
        let same = lang.pick("no recorded input changed", "записанные входы не менялись");
        return format!("{against}: {same}{unknown}");
    }
    format!("{against}: {}{unknown}", words.join(", "))
}
