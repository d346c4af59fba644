//! The course note's checklist, answered from records. What the records don't say is not a yes.

use std::collections::BTreeMap;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::choice::{file_state, unclear};
use super::runs_counted;
use crate::choose;
use crate::model::data::DataInput;
use crate::model::metric::{Yardstick, yardstick};
use crate::model::{Brief, Run, Sha256};
use crate::report::diff::text::wrap;
use crate::report::diff::words::Words;
use crate::report::facts::{Choice, Facts, FileState, InUse};
use crate::report::markers::markdown as safe;
use crate::report::story::Step;
use crate::settings::Lang;
use crate::ui::escape::printable;
use crate::ui::table::pad;

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The records say yes.
    Yes,
    /// The records say no.
    No,
    /// It can't be told here.
    Unknown,
}

impl Answer {
    /// The word in tables.
    pub fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Yes => lang.pick("yes", "да"),
            Self::No => lang.pick("NO", "НЕТ"),
            Self::Unknown => lang.pick("unknown", "неизвестно"),
        }
    }
}

/// One line of the checklist. Texts may hold what people wrote: escape them where they are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What is asked.
    pub question: String,
    /// The answer.
    pub answer: Answer,
    /// What it rests on.
    pub evidence: String,
    /// The command that would help, when the answer is not a yes.
    pub fix: Option<String>,
}

/// The questions with their answers.
pub fn items(facts: &Facts<'_>) -> Vec<Item> {
    vec![
        place(facts),
        experiments(facts),
        overview(facts),
        model(facts),
        reason(facts),
        data(facts),
    ]
}

fn item(facts: &Facts<'_>, question: (&str, &str), answer: Answer, evidence: String) -> Item {
    Item {
        question: facts.lang.pick(question.0, question.1).to_owned(),
        answer,
        evidence,
        fix: None,
    }
}

impl Item {
    fn fix(mut self, command: impl Into<String>) -> Self {
        if self.answer != Answer::Yes {
            self.fix = Some(command.into());
        }
        self
    }
}

fn place(facts: &Facts<'_>) -> Item {
    let (total, finished) = (facts.runs.len(), facts.finished().count());
    let lang = facts.lang;
    let evidence = format!(
        "experiments/ ({}, {} {finished})",
        runs_counted(total, lang),
        lang.pick("finished:", "завершено:")
    );
    let answer = if total > 0 { Answer::Yes } else { Answer::No };
    item(
        facts,
        ("A place for experiments", "Место для экспериментов"),
        answer,
        evidence,
    )
    .fix("git exp run -- python3 train.py")
}

fn experiments(facts: &Facts<'_>) -> Item {
    let lang = facts.lang;
    let question = (
        "3–5 experiments and how they differ",
        "3–5 экспериментов и отличия",
    );
    let finished: Vec<&Run> = facts.finished().collect();
    if finished.len() < 3 {
        let evidence = format!(
            "{} {}",
            lang.pick("finished:", "завершено:"),
            finished.len()
        );
        return item(facts, question, Answer::No, evidence)
            .fix("git exp run NAME -- python3 train.py");
    }
    let labels = |runs: &[&Run]| match runs {
        [first, .., last] if runs.len() > 3 => {
            format!("{}…{}", facts.label(first), facts.label(last))
        }
        _ => runs
            .iter()
            .map(|run| facts.label(run))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let mute: Vec<&Run> = finished
        .iter()
        .copied()
        .filter(|run| !run.metrics.values().any(|value| value.number().is_some()))
        .collect();
    if let Some(first) = mute.first() {
        let evidence = format!(
            "{} {}",
            labels(&mute),
            lang.pick("have no metrics", "без метрик")
        );
        return item(facts, question, Answer::No, evidence)
            .fix(format!("git exp show {} --metrics", facts.label(first)));
    }
    let base_is_lost = |run: &Run| run.base.is_some() && facts.base_of(run).is_none();
    let alone = finished.iter().filter(|run| run.base.is_none()).count();
    let unclear: Vec<&Run> = finished
        .iter()
        .copied()
        .filter(|run| {
            base_is_lost(run)
                || Step::of(facts, run)
                    .is_some_and(|step| step.changes.is_empty() && !step.unknown.is_empty())
        })
        .collect();
    if !unclear.is_empty() || alone == finished.len() {
        let runs = if unclear.is_empty() {
            &finished
        } else {
            &unclear
        };
        let evidence = format!(
            "{}: {}",
            labels(runs),
            lang.pick(
                "the records don't say what changed",
                "по записям не видно, что менялось"
            )
        );
        return item(facts, question, Answer::Unknown, evidence).fix("git exp diff @base @");
    }
    item(facts, question, Answer::Yes, labels(&finished))
}

fn overview(facts: &Facts<'_>) -> Item {
    let lang = facts.lang;
    let (answer, words) = match facts.overview_is_current {
        Some(true) => (Answer::Yes, lang.pick("up to date", "актуален")),
        Some(false) => (
            Answer::No,
            lang.pick("differs from the records", "расходится с записями"),
        ),
        None => (Answer::No, lang.pick("is missing", "отсутствует")),
    };
    let evidence = format!("experiments/experiments.md {words}");
    item(facts, ("An overview", "Обзор"), answer, evidence).fix("git exp table --write")
}

fn model(facts: &Facts<'_>) -> Item {
    let lang = facts.lang;
    let question = ("The model in use (/predict)", "Модель в /predict");
    let used = match in_use(facts, question, " --model FILE") {
        Ok(used) => used,
        Err(item) => return item,
    };
    let run = facts.find(used.uid.as_ref(), &used.run);
    let label = run.map_or_else(|| used.run.clone(), |run| facts.label(run));
    let Some(path) = &used.path else {
        let evidence = format!(
            "{label}: {}",
            lang.pick("no model file is named", "файл модели не указан")
        );
        return item(facts, question, Answer::No, evidence)
            .fix(format!("git exp promote {label} --model FILE -m \"…\""));
    };
    let evidence = format!(
        "{} ← {label}, {}",
        path.display(),
        file_state(&used.file, lang)
    );
    let (answer, evidence) = match (&used.file, run) {
        (_, None) => (
            Answer::Unknown,
            format!(
                "{evidence}; {}",
                lang.pick("its record is not here", "записи запуска здесь нет")
            ),
        ),
        (FileState::Same, Some(_)) => (Answer::Yes, evidence),
        (FileState::Differs, Some(_)) => (Answer::No, evidence),
        (FileState::Absent | FileState::Unknown(_), Some(_)) => (Answer::Unknown, evidence),
    };
    item(facts, question, answer, evidence).fix(format!("git exp which {}", path.display()))
}

/// The promoted run, or the answer to a question about it when there is none.
fn in_use<'f>(
    facts: &'f Facts<'_>,
    question: (&str, &str),
    options: &str,
) -> Result<&'f InUse, Item> {
    let (answer, evidence) = match &facts.choice {
        Choice::Made(used) => return Ok(used),
        Choice::Unclear(runs) => (Answer::Unknown, unclear(runs, facts.lang)),
        Choice::None => {
            let words = ("no run has been promoted", "ни один запуск не выбран");
            (Answer::No, facts.lang.pick(words.0, words.1).to_owned())
        }
    };
    let promote = format!("git exp promote {}{options} -m \"…\"", candidate(facts));
    Err(item(facts, question, answer, evidence).fix(promote))
}

/// The run that one would promote: the one that `git exp best` chooses, else the best by the primary
/// metric.
fn candidate(facts: &Facts<'_>) -> String {
    let runs: Vec<Brief> = facts.runs.iter().map(|run| Brief::from(*run)).collect();
    let chosen = choose::best(&runs, facts.settings, &choose::Options::default()).ok();
    let chosen = chosen.and_then(|best| facts.runs.get(*best.ranking.first()?).copied());
    let ranked = || facts.ranked(&facts.primary()?).first().map(|(run, _)| *run);
    let found = chosen.or_else(ranked);
    found.map_or_else(|| "exp_NNN".to_owned(), |run| facts.label(run))
}

fn reason(facts: &Facts<'_>) -> Item {
    let lang = facts.lang;
    let question = (
        "Why this model and not another",
        "Почему эта модель, а не та",
    );
    let used = match in_use(facts, question, "") {
        Ok(used) => used,
        Err(item) => return item,
    };
    let by = facts.primary().map_or(String::new(), |primary| {
        format!("{} {primary}; ", lang.pick("chosen by", "выбор по"))
    });
    match used
        .why
        .as_deref()
        .map(str::trim)
        .filter(|why| !why.is_empty())
    {
        Some(why) => item(
            facts,
            question,
            Answer::Yes,
            format!("{by}{}", why.replace('\n', " ")),
        ),
        None => {
            let evidence = format!(
                "{by}{}",
                lang.pick("the reason is not written down", "запись «почему» пуста")
            );
            item(facts, question, Answer::No, evidence)
                .fix(format!("git exp promote {} -m \"…\"", used.run))
        }
    }
}

/// Training data of finished runs, by digest, in the order of first use.
fn versions<'r>(facts: &'r Facts<'_>) -> (Vec<&'r DataInput>, bool) {
    let mut seen: BTreeMap<&Sha256, ()> = BTreeMap::new();
    let (mut versions, mut complete) = (Vec::new(), true);
    for run in facts.finished() {
        let train = run
            .data
            .iter()
            .find(|input| yardstick(&input.role) == Some(Yardstick::Train));
        let Some(input) = train.or(run.data.first()) else {
            complete = false;
            continue;
        };
        match &input.sha256 {
            Some(digest) if seen.insert(digest, ()).is_none() => versions.push(input),
            Some(_) => {}
            None => complete = false,
        }
    }
    (versions, complete)
}

fn data(facts: &Facts<'_>) -> Item {
    let lang = facts.lang;
    let question = (
        "How the data versions differ",
        "Чем отличаются версии данных",
    );
    let (versions, complete) = versions(facts);
    let stem = |input: &DataInput| {
        let name = String::from_utf8_lossy(input.path.file_name()).into_owned();
        name.split('.').next().unwrap_or(&name).to_owned()
    };
    let [.., before, after] = versions[..] else {
        let Some(only) = versions.first().filter(|_| complete) else {
            let evidence = lang
                .pick(
                    "not every run names its data",
                    "не у всех запусков записаны данные",
                )
                .to_owned();
            return item(facts, question, Answer::Unknown, evidence)
                .fix("git exp run --data train=FILE -- python3 train.py");
        };
        let digest = only.sha256.as_ref().map_or("?", |digest| digest.short());
        let evidence = format!(
            "{}: {} {digest}",
            lang.pick("one version only", "версия одна"),
            stem(only)
        );
        return item(facts, question, Answer::Yes, evidence);
    };
    let difference = difference(facts, before, after);
    let answer = match (&difference, complete) {
        (Some(_), true) => Answer::Yes,
        _ => Answer::Unknown,
    };
    let words = difference.unwrap_or_else(|| {
        lang.pick("only the digests are recorded", "записаны только хеши")
            .to_owned()
    });
    let mut evidence = format!("{} → {}: {words}", stem(before), stem(after));
    if !complete {
        evidence.push_str(lang.pick(
            "; not every run names its data",
            "; не у всех запусков записаны данные",
        ));
    }
    item(facts, question, answer, evidence).fix("git exp diff --data")
}

/// Rows and columns of two versions; `None` when neither is recorded for both.
fn difference(facts: &Facts<'_>, before: &DataInput, after: &DataInput) -> Option<String> {
    let lang = facts.lang;
    let w = Words {
        lang,
        unicode: true,
    };
    let table = |input: &DataInput| facts.tables.get(input.sha256.as_ref()?).cloned();
    let rows = |input: &DataInput| input.rows.or_else(|| table(input)?.rows);
    let mut words = Vec::new();
    if let (Some(a), Some(b)) = (rows(before), rows(after)) {
        words.push(format!(
            "{} {} → {}",
            lang.pick("rows", "строк"),
            w.number(a),
            w.number(b)
        ));
    }
    if let (Some(a), Some(b)) = (table(before), table(after))
        && !a.columns.is_empty()
        && !b.columns.is_empty()
    {
        let new = b.columns.iter().filter(|name| !a.columns.contains(name));
        let gone = a.columns.iter().filter(|name| !b.columns.contains(name));
        let signed: Vec<String> = new
            .map(|name| format!("+{name}"))
            .chain(gone.map(|name| format!("−{name}")))
            .collect();
        words.push(match signed[..] {
            [] => lang.pick("the same columns", "столбцы те же").to_owned(),
            _ => format!("{} {}", lang.pick("columns", "столбцы"), signed.join(", ")),
        });
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// The section's text: a Markdown table.
pub fn markdown(facts: &Facts<'_>) -> String {
    let lang = facts.lang;
    let mut text = format!(
        "| № | {} | {} | {} |\n| ---: | --- | --- | --- |\n",
        lang.pick("question", "вопрос"),
        lang.pick("records say", "по записям"),
        lang.pick("answer", "ответ")
    );
    for (index, item) in items(facts).iter().enumerate() {
        text.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            index + 1,
            safe(&item.question),
            safe(&item.evidence),
            item.answer.word(lang)
        ));
    }
    text
}

/// The checklist for a terminal: the answers at the ends of the lines, and what to do about it behind
/// the question, or below where `width` columns leave no room.
pub fn lines(facts: &Facts<'_>, width: usize) -> Vec<String> {
    let items = items(facts);
    let answers: Vec<&str> = items.iter().map(|i| i.answer.word(facts.lang)).collect();
    let answer = answers.iter().map(|answer| answer.width()).max();
    let room = width.saturating_sub(2 + answer.unwrap_or(0));
    let fix = |item: &Item| {
        item.fix
            .as_ref()
            .map(|fix| printable(&format!("→ {fix}")).into_owned())
    };
    let texts: Vec<String> = (1..)
        .zip(&items)
        .map(|(n, item)| {
            printable(&format!("{n} {}: {}", item.question, item.evidence)).into_owned()
        })
        .collect();
    let whole = texts
        .iter()
        .zip(&items)
        .map(|(text, item)| match fix(item) {
            Some(fix) => format!("{text}   {fix}"),
            None => text.clone(),
        });
    let whole: Vec<String> = whole.collect();
    if let Some(widest) = whole.iter().map(|text| text.width()).max()
        && widest <= room
    {
        let line = |(text, answer): (&String, &&str)| format!("{}  {answer}", pad(text, widest));
        return whole.iter().zip(&answers).map(line).collect();
    }
    let mut lines = Vec::new();
    for ((text, answer), item) in texts.iter().zip(&answers).zip(&items) {
        for (at, part) in wrap(text, room).iter().enumerate() {
            lines.push(match at {
                0 => format!("{}  {answer}", pad(part, room)),
                _ => format!("  {part}"),
            });
        }
        lines.extend(fix(item).map(|fix| format!("  {fix}")));
    }
    lines
}
