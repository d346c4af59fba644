//! No English word gets into a Russian report, page, table or log: what people typed and what was recorded
//! may be in any language, the program's own words may not.

use std::collections::{BTreeMap, BTreeSet};

use calamine::{Reader, Xlsx};

use super::facts::{Choice, Facts, FileState, InUse};
use super::html::{self, Curves};
use super::overview::Overview;
use super::plot::Point;
use super::sections::Section;
use super::{document, minilog, sample, xlsx};
use crate::model::run::Base;
use crate::model::{Brief, Param, Run, Status};
use crate::settings::Lang;

/// Names that are the same in every language.
const NAMES: [&str; 14] = [
    "git",
    "exp",
    "md",
    "id",
    "seed",
    "Seed",
    "Python",
    "python",
    "predict",
    "production",
    "promote",
    "experiments",
    "FILE",
    "Enter",
];

/// Runs that ended in every way and differ on every axis.
fn runs() -> Vec<Run> {
    let mut runs = sample::runs();
    let changes: [fn(&mut Run); 7] = [
        |run| run.status = Status::Failed,
        |run| run.status = Status::Aborted,
        |run| run.status = Status::Stale,
        |run| run.status = Status::Running,
        |run| {
            run.data.clear();
            run.metrics.clear();
            run.code.code_tree = None;
            run.env = None;
            run.hardware = None;
        },
        |run| {
            run.eval.split = Some("90/10".into());
            run.seed = Some(Param::text("7"));
            run.code.branch = Some("main".into());
            if let Some(machine) = &mut run.hardware {
                machine.cores = Some(16);
            }
            if let Some(env) = &mut run.env {
                env.python = Some("3.12.1".into());
            }
        },
        |run| run.base = None,
    ];
    for (change, number) in changes.iter().zip(5..) {
        let mut run = sample::run(&format!("exp_{number:03}_zzz"), "0.7", "0.7");
        run.eval.split = Some("80/20".into());
        run.seconds = crate::model::Number::parse("11100");
        run.data[0].bytes = Some(3_000_000);
        let base = &runs[2];
        run.base = Some(Base {
            id: base.id().to_string(),
            uid: base.uid.clone(),
        });
        change(&mut run);
        runs.push(run);
    }
    runs
}

/// Words of the records themselves: every value, and the names that are the user's.
fn recorded(runs: &[Run]) -> BTreeSet<String> {
    fn walk(value: &serde_json::Value, found: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::String(text) => found.extend(words(text)),
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            serde_json::Value::Object(fields) => fields.values().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let mut found: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    for run in runs {
        let mut value = serde_json::to_value(run).unwrap();
        value["status"] = serde_json::Value::Null;
        for change in value["code"]["changes"].as_array_mut().unwrap() {
            change["axis"] = serde_json::Value::Null;
        }
        walk(&value, &mut found);
        found.extend(words(&run.slug.replace('_', " ")));
        found.extend(
            run.params
                .keys()
                .chain(run.metrics.keys())
                .flat_map(|name| words(name)),
        );
        found.extend(run.env.iter().flat_map(|env| env.direct.keys().cloned()));
    }
    found
}

/// Latin words; what has a digit or an underscore in it is a name.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_alphabetic()))
        .map(str::to_owned)
        .collect()
}

/// What a reader sees or hears of a page: text and the attributes that are read out, without code.
fn visible(page: &str) -> String {
    let mut text = page.to_owned();
    for element in ["style", "script", "code"] {
        let (open, close) = (format!("<{element}"), format!("</{element}>"));
        while let Some(from) = text.find(&open) {
            let to = text[from..]
                .find(&close)
                .map_or(text.len(), |at| from + at + close.len());
            text.replace_range(from..to, " ");
        }
    }
    let mut seen = String::new();
    for part in text.split('<') {
        let (tag, after) = part.split_once('>').unwrap_or(("", part));
        for name in ["aria-label=\"", "title=\"", "placeholder=\"", "alt=\""] {
            if let Some((_, rest)) = tag.split_once(name) {
                seen.push_str(rest.split('"').next().unwrap_or_default());
                seen.push('\n');
            }
        }
        seen.push_str(after);
        seen.push('\n');
    }
    seen
}

/// Markdown without code, comments and the targets of links.
fn read(markdown: &str) -> String {
    let mut text = markdown.to_owned();
    for (open, close) in [("<!--", "-->"), ("`", "`"), ("](", ")")] {
        while let Some(from) = text.find(open) {
            let rest = from + open.len();
            let to = text[rest..]
                .find(close)
                .map_or(text.len(), |at| rest + at + close.len());
            text.replace_range(from..to, " ");
        }
    }
    text.replace('\\', "")
}

#[track_caller]
fn is_russian(what: &str, text: &str, allowed: &BTreeSet<String>) {
    assert!(
        text.contains(|c| matches!(c, 'а'..='я')),
        "{what} is Russian at all"
    );
    let entities = ["&lt;", "&gt;", "&amp;", "&quot;"].iter();
    let text = entities.fold(text.to_owned(), |text, entity| text.replace(entity, " "));
    let foreign: Vec<&str> = text
        .lines()
        .filter(|line| words(line).iter().any(|word| !allowed.contains(word)))
        .collect();
    assert!(foreign.is_empty(), "{what}: {foreign:#?}");
}

#[test]
fn a_russian_reader_is_told_in_russian() {
    let runs = runs();
    let allowed = recorded(&runs);
    let settings = sample::settings();
    let made = runs[0].started;
    let used = |file| {
        Choice::Made(InUse {
            run: runs[2].id().to_string(),
            uid: Some(runs[2].uid.clone()),
            path: Some("models/final/model_v2.pkl".into()),
            sha256: Some(sample::digest("abcd")),
            when: Some(made),
            who: None,
            why: None,
            file,
        })
    };
    let choices = [
        Choice::None,
        Choice::Unclear(Vec::new()),
        Choice::Unclear(vec![runs[0].id().to_string()]),
        Choice::Unclear(vec![runs[0].id().to_string(), runs[1].id().to_string()]),
        used(FileState::Same),
        used(FileState::Differs),
        used(FileState::Absent),
    ];
    let curves = Curves::from([(
        runs[1].uid.clone(),
        BTreeMap::from([("roc_auc_val".to_owned(), vec![Point { x: 0.0, y: 1.0 }])]),
    )]);
    for (choice, current) in choices
        .into_iter()
        .zip([None, Some(false), Some(true)].into_iter().cycle())
    {
        let mut facts = Facts::new(runs.iter().collect(), &settings, Lang::Ru);
        facts.choice = choice;
        facts.overview_is_current = current;
        let page = html::page(&facts, &curves, made);
        is_russian("page", &visible(&page), &allowed);
        for section in Section::ALL {
            let text = document::framed(section, &facts);
            is_russian(section.name(), &read(&text), &allowed);
        }
    }
    let empty = Facts::new(Vec::new(), &settings, Lang::Ru);
    is_russian(
        "no runs",
        &visible(&html::page(&empty, &Curves::new(), made)),
        &allowed,
    );
    for run in &runs {
        let log = minilog::new(run, &settings, Lang::Ru);
        is_russian("mini-log", &read(&log), &allowed);
    }
    let briefs: Vec<Brief> = runs.iter().map(Brief::from).collect();
    let table = Overview::standard(&briefs.iter().collect::<Vec<_>>(), &settings, Lang::Ru);
    is_russian("table", &read(&table.markdown()), &allowed);
    let book = xlsx::xlsx(&runs.iter().collect::<Vec<_>>(), &settings, Lang::Ru, "").unwrap();
    let mut book = Xlsx::new(std::io::Cursor::new(book)).unwrap();
    for (name, sheet) in book.worksheets() {
        let cells: Vec<String> = sheet.rows().flatten().map(ToString::to_string).collect();
        is_russian(
            "workbook",
            &format!("{name}\n{}", cells.join("\n")),
            &allowed,
        );
    }
}
