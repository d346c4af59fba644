//! The mini-log of a run: `README.md` in the course note's form.
//!
//! Date, goal, settings and results stand between markers and belong to the program. The
//! conclusions below them belong to people and are never overwritten.

use super::diff::words::Words;
use super::lang::status as status_word;
use super::markers::{BEGIN, END, code, markdown, plain};
use crate::model::{MetricValue, Run};
use crate::settings::{Lang, ProjectSettings};
use crate::ui::number;

/// Parameters listed at the most; the config copy beside has them all.
const PARAMS_SHOWN: usize = 20;

/// How the log of a run that goes on says so, in each language.
pub const RUNNING_LINES: [&str; 2] = ["- Status: running", "- Статус: идёт"];

/// The whole file for a new run.
pub fn new(run: &Run, settings: &ProjectSettings, lang: Lang) -> String {
    let heading = lang.pick("Conclusions", "Выводы");
    let invitation = lang.pick(
        "<!-- yours: what was learnt, and what follows; never overwritten -->",
        "<!-- ваше: что узнали и что из этого следует; программа этот раздел не меняет -->",
    );
    let mut text = format!(
        "# {} {}\n\n{BEGIN}\n{}{END}\n\n## {heading}\n\n{invitation}\n",
        lang.pick("Experiment", "Эксперимент"),
        run.id(),
        generated(run, settings, lang)
    );
    if let Some(conclusion) = &run.conclusion {
        text.push_str(&bullet(conclusion));
    }
    text
}

/// A conclusion as it is added at the end of the file.
pub fn bullet(conclusion: &str) -> String {
    let lines: Vec<String> = conclusion.lines().map(markdown).collect();
    format!("\n- {}\n", lines.join("\n  "))
}

/// What a person wrote below the generated part, as a conclusion for the record; `None` when nothing
/// is there, or no such part.
pub fn conclusion(readme: &str) -> Option<String> {
    let (_, own) = readme.split_once(END)?;
    let mut said = String::new();
    let mut rest = own;
    while let Some((before, comment)) = rest.split_once("<!--") {
        said.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    said.push_str(rest);
    let lines = said.lines().filter(|line| !line.starts_with("## "));
    let lines = lines.map(|line| line.trim().trim_start_matches("- "));
    let text = lines.map(plain).collect::<Vec<_>>().join("\n");
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The part between the markers.
pub fn generated(run: &Run, settings: &ProjectSettings, lang: Lang) -> String {
    let mut text = String::new();
    let mut line = |parts: &str| {
        text.push_str(parts);
        text.push('\n');
    };
    line(&format!(
        "{}: {}  ",
        lang.pick("Date", "Дата"),
        run.started.format("%Y-%m-%d")
    ));
    let goal = run.goal.as_deref().unwrap_or(if run.title.is_empty() {
        "–"
    } else {
        &run.title
    });
    line(&format!(
        "{}: {}",
        lang.pick("Goal", "Цель"),
        markdown(goal)
    ));
    if let Some(hypothesis) = &run.hypothesis {
        line(&format!(
            "  \n{}: {}",
            lang.pick("Hypothesis", "Гипотеза"),
            markdown(hypothesis)
        ));
    }
    line(&format!("\n## {}\n", lang.pick("Settings", "Настройки")));
    for setting in settings_list(run, lang) {
        line(&setting);
    }
    line(&format!("\n## {}\n", lang.pick("Results", "Результаты")));
    for result in results(run, settings, lang) {
        line(&result);
    }
    text
}

fn settings_list(run: &Run, lang: Lang) -> Vec<String> {
    let w = Words {
        lang,
        unicode: true,
    };
    let mut list = Vec::new();
    for input in &run.data {
        let digest = input.sha256.as_ref().map_or("?", |digest| digest.short());
        let rows = match input.rows {
            Some(rows) => {
                let rows = w.count(rows, ["row", "rows"], ["строка", "строки", "строк"]);
                format!(", {rows}")
            }
            None => String::new(),
        };
        list.push(format!(
            "- {} ({}): {} ({digest}{rows})",
            lang.pick("Data", "Данные"),
            markdown(&input.role),
            code(&input.path.display())
        ));
    }
    for file in &run.config {
        let path = code(&file.path.display());
        list.push(format!("- {}: {path}", lang.pick("Config", "Конфиг")));
    }
    if !run.params.is_empty() {
        list.push(format!("- {}:", lang.pick("Parameters", "Параметры")));
        for (name, value) in run.params.iter().take(PARAMS_SHOWN) {
            list.push(format!(
                "  - {}: {}",
                markdown(name),
                markdown(&value.spelling())
            ));
        }
        if let Some(more) = run.params.len().checked_sub(PARAMS_SHOWN + 1) {
            list.push(format!("  - … +{}", more + 1));
        }
    }
    if let Some(split) = &run.eval.split {
        list.push(format!(
            "- {}: {}",
            lang.pick("Split", "Сплит"),
            markdown(split)
        ));
    }
    if let Some(seed) = &run.seed {
        list.push(format!(
            "- {}: {}",
            lang.pick("Seed", "Seed"),
            markdown(&seed.spelling())
        ));
    }
    list.push(format!(
        "- {}: {}",
        lang.pick("Code", "Код"),
        code_state(run, lang)
    ));
    if let Some(command) = &run.command {
        let shown = command.argv.join(" ");
        list.push(format!(
            "- {}: {}",
            lang.pick("Command", "Команда"),
            code(&shown)
        ));
    }
    list
}

/// The code in one phrase: `a41c9d2 + uncommitted changes (frozen)`.
pub fn code_state(run: &Run, lang: Lang) -> String {
    let commit = match &run.code.commit {
        Some(commit) => commit.short().to_owned(),
        None => lang.pick("no commit yet", "коммита ещё нет").to_owned(),
    };
    if run.code.dirty {
        let frozen = lang.pick(
            "uncommitted changes (frozen)",
            "незакоммиченные правки (сохранены)",
        );
        format!("{commit} + {frozen}")
    } else {
        format!("{commit} ({})", lang.pick("clean", "без правок"))
    }
}

fn results(run: &Run, settings: &ProjectSettings, lang: Lang) -> Vec<String> {
    let mut list: Vec<String> = run
        .metrics
        .iter()
        .map(|(name, value)| {
            let shown = match value {
                MetricValue::Number(number) => number::mean(number, run.scatter(name)),
                MetricValue::Text(text) => markdown(text),
                MetricValue::Bool(yes) => yes.to_string(),
                MetricValue::Null => "–".to_owned(),
            };
            let primary = settings.primary.as_deref() == Some(name);
            let mark = if primary {
                lang.pick(" (primary)", " (главная)")
            } else {
                ""
            };
            format!("- {}: {shown}{mark}", markdown(name))
        })
        .collect();
    for model in &run.models {
        let path = code(&model.path.display());
        list.push(format!(
            "- {}: {path} ({})",
            lang.pick("Model", "Модель"),
            model.sha256.short()
        ));
    }
    let status = lang.pick("Status", "Статус");
    let seconds = run
        .seconds
        .as_ref()
        .map(|s| format!(", {}", number::duration_in(s.as_f64(), lang)));
    list.push(format!(
        "- {status}: {}{}",
        status_word(run.status, lang),
        seconds.unwrap_or_default()
    ));
    for warning in &run.warnings {
        list.push(format!(
            "- {}: {}",
            lang.pick("Warning", "Внимание"),
            markdown(warning)
        ));
    }
    list
}
