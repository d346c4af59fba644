//! Which model is in use, and what the records say for and against it.

use super::{bound, nothing};
use crate::model::Run;
use crate::model::metric::{Yardstick, yardstick};
use crate::report::bound::bind_pair;
use crate::report::facts::{Choice, Facts, FileState, InUse};
use crate::report::markers::{code, markdown as safe};
use crate::report::yardsticks::Groups;
use crate::settings::Lang;

/// Runs with a higher value that are named.
const RIVALS_SHOWN: usize = 3;

/// The section's text.
pub fn markdown(facts: &Facts<'_>) -> String {
    let lang = facts.lang;
    if facts.runs.is_empty() {
        return nothing(lang);
    }
    let mut text = String::new();
    let chosen = facts.run_in_use();
    match &facts.choice {
        Choice::Made(used) => text.push_str(&in_use(facts, used, chosen)),
        Choice::Unclear(runs) => {
            let said = safe(&unclear(runs, lang));
            text.push_str(&format!(
                "{} {}.\n",
                lang.pick(
                    "It can't be told which model is in use:",
                    "Нельзя сказать, какая модель используется:"
                ),
                said
            ));
        }
        Choice::None => text.push_str(&format!(
            "{}\n",
            lang.pick(
                "No run has been promoted: the records don't say which model is in use.",
                "Ни один запуск не выбран: по записям нельзя сказать, какая модель используется."
            )
        )),
    }
    let Some(primary) = facts.primary() else {
        return text;
    };
    let lines = match chosen {
        Some(run) => reasons(facts, run, &primary),
        None => best(facts, &primary).into_iter().collect(),
    };
    if !lines.is_empty() {
        text.push('\n');
    }
    for line in lines {
        text.push_str(&format!("- {line}\n"));
    }
    text
}

fn in_use(facts: &Facts<'_>, used: &InUse, chosen: Option<&Run>) -> String {
    let lang = facts.lang;
    let name = chosen.map_or_else(|| used.run.clone(), |run| run.id().to_string());
    let mut text = format!(
        "{} **{}**",
        lang.pick("In use:", "Используется"),
        safe(&name)
    );
    if let Some(path) = &used.path {
        text.push_str(&format!(
            ", {} {}",
            lang.pick("model", "модель"),
            code(&path.display())
        ));
    }
    if let Some(digest) = &used.sha256 {
        text.push_str(&format!(
            " ({}, {})",
            digest.short(),
            file_state(&used.file, lang)
        ));
    }
    if let Some(when) = &used.when {
        text.push_str(&format!(
            ", {} {}",
            lang.pick("since", "с"),
            when.format("%Y-%m-%d")
        ));
    }
    text.push_str(".\n");
    let why = used
        .why
        .as_deref()
        .map(str::trim)
        .filter(|why| !why.is_empty());
    text.push_str(&format!(
        "\n{}: {}\n",
        lang.pick("Why this one", "Почему она"),
        why.map_or_else(
            || lang
                .pick("no reason was written down.", "причина не записана.")
                .to_owned(),
            |why| why.lines().map(safe).collect::<Vec<_>>().join(" ")
        )
    ));
    if chosen.is_none() {
        text.push_str(&format!(
            "\n{}\n",
            lang.pick(
                "The record of this run is not here.",
                "Записи этого запуска здесь нет."
            )
        ));
    }
    text
}

/// Why it can't be told which run is in use.
pub fn unclear(runs: &[String], lang: Lang) -> String {
    match runs {
        [] => lang
            .pick(
                "the file of the stage production can't be read",
                "файл стадии production не читается",
            )
            .to_owned(),
        [run] => format!(
            "production {} {run}",
            lang.pick("was decided twice:", "выбран дважды:")
        ),
        runs => format!(
            "{} {}",
            lang.pick(
                "production is two runs at once:",
                "production — сразу два запуска:"
            ),
            runs.join(lang.pick(" and ", " и "))
        ),
    }
}

/// A file's state in words.
pub fn file_state(state: &FileState, lang: Lang) -> String {
    match state {
        FileState::Same => lang.pick("digest matches", "хеш совпадает").to_owned(),
        FileState::Differs => lang
            .pick("the file is another one now", "файл теперь другой")
            .to_owned(),
        FileState::Absent => lang
            .pick("the file is not here", "файла здесь нет")
            .to_owned(),
        FileState::Unknown(why) => format!(
            "{}: {}",
            lang.pick("not verified", "не проверено"),
            safe(why)
        ),
    }
}

/// What the primary metric and the test metrics say of the chosen run.
fn reasons(facts: &Facts<'_>, run: &Run, primary: &str) -> Vec<String> {
    let lang = facts.lang;
    let groups = Groups::of(facts, primary);
    let mut lines = Vec::new();
    let own = facts.number(run, primary).map(crate::model::Number::as_f64);
    let Some(own) = own.filter(|value| value.is_finite()) else {
        lines.push(format!(
            "{}: {}",
            code(primary),
            lang.pick("the run has no such number", "у запуска нет такого числа")
        ));
        return lines;
    };
    let ranked = facts.ranked(primary);
    let same: Vec<_> = ranked
        .iter()
        .filter(|(other, _)| groups.comparable(run, other) == Some(true))
        .collect();
    let above = same
        .iter()
        .filter(|(_, value)| facts.better(primary, *value, own))
        .count();
    lines.push(format!(
        "{} {}: {} {} {} {}{}",
        code(primary),
        bound(facts, run, primary),
        lang.pick("place", "место"),
        above + 1,
        lang.pick("of", "из"),
        same.len().max(1),
        lang.pick(" measured on the same data", " измеренных на тех же данных")
    ));
    let next = same
        .iter()
        .find(|(other, value)| other.uid != run.uid && !facts.better(primary, *value, own));
    if let Some((next, _)) = next {
        lines.push(format!(
            "{}: {}, {}",
            lang.pick("Next", "Следующий"),
            facts.label(next),
            bound(facts, next, primary)
        ));
    }
    let rivals = ranked
        .iter()
        .filter(|(other, value)| other.uid != run.uid && facts.better(primary, *value, own));
    for (rival, _) in rivals.take(RIVALS_SHOWN) {
        lines.push(against_rival(facts, &groups, run, rival, primary));
    }
    for metric in facts
        .metrics()
        .iter()
        .filter(|m| yardstick(m) == Some(Yardstick::Test))
    {
        if facts.number(run, metric).is_some() {
            lines.push(format!(
                "{} {} ({})",
                code(metric),
                bound(facts, run, metric),
                lang.pick("not used for the choice", "в выборе не участвует")
            ));
        }
    }
    lines
}

/// Why a run with a better number is not simply better.
fn against_rival(
    facts: &Facts<'_>,
    groups: &Groups,
    run: &Run,
    rival: &Run,
    primary: &str,
) -> String {
    let lang = facts.lang;
    let mut reasons = Vec::new();
    match groups.comparable(run, rival) {
        Some(true) => {}
        Some(false) => reasons.push(
            lang.pick(
                "measured on other data, so not comparable",
                "измерено на других данных, сравнивать нельзя",
            )
            .to_owned(),
        ),
        None => reasons.push(
            lang.pick(
                "what it was measured on is not recorded",
                "на чём измерено, не записано",
            )
            .to_owned(),
        ),
    }
    if rival.code.code_is_dirty() {
        reasons.push(
            lang.pick("its code was not committed", "код не был закоммичен")
                .to_owned(),
        );
    }
    for metric in facts
        .metrics()
        .iter()
        .filter(|m| yardstick(m) == Some(Yardstick::Test))
    {
        let (Some(own), Some(other)) = (facts.number(run, metric), facts.number(rival, metric))
        else {
            continue;
        };
        let same_rows = Groups::of(facts, metric).comparable(run, rival) == Some(true);
        if same_rows && facts.better(metric, own.as_f64(), other.as_f64()) {
            let (ours, theirs) = (facts.label(run), facts.label(rival));
            let [theirs, ours] = bind_pair(metric, (&theirs, other), (&ours, own));
            reasons.push(
                format!(
                    "{} {} {}",
                    lang.pick("its", "его"),
                    code(metric),
                    lang.pick("is worse", "хуже")
                ) + &format!(": {theirs} {} {ours}", lang.pick("against", "против"),),
            );
        }
    }
    if reasons.is_empty() {
        reasons.push(
            lang.pick(
                "the records hold nothing against it",
                "по записям против него ничего нет",
            )
            .to_owned(),
        );
    }
    format!(
        "{} {} {}: {}",
        facts.label(rival),
        lang.pick("has", "имеет"),
        bound(facts, rival, primary),
        reasons.join("; ")
    )
}

/// The best finished run when none was chosen.
fn best(facts: &Facts<'_>, primary: &str) -> Option<String> {
    let ranked = facts.ranked(primary);
    let (run, _) = ranked.first()?;
    let groups = Groups::of(facts, primary);
    let lang = facts.lang;
    let same = ranked
        .iter()
        .filter(|(other, _)| groups.index(other) == groups.index(run))
        .count();
    let note = if same < ranked.len() {
        lang.pick(
            "; the others were measured on other data",
            "; остальные измерены на других данных",
        )
    } else {
        ""
    };
    Some(format!(
        "{} {}: **{}**, {} ({}{note})",
        lang.pick("The best value of", "Лучшее значение"),
        code(primary),
        run.id(),
        bound(facts, run, primary),
        match lang {
            Lang::En => format!("of {}", super::runs_counted(same, lang)),
            Lang::Ru => format!("из {same}"),
        },
    ))
}
