//! What changed, axis by axis.

use super::inputs::data;
use super::keys::key_text;
use super::surroundings;
use super::told::{Block, Row};
use super::words::Words;
use crate::compare::axes::config::{ConfigAxis, KeyChange, KeyKind, KeyRole};
use crate::compare::axes::data::short_path;
use crate::compare::evidence::{FileNote, UsageGap};
use crate::compare::suggest::names;
use crate::compare::{Axis, Comparison, FileChange, State};
use crate::model::command_line::is_argument;
use crate::model::{Param, Run};
use crate::settings::Lang;
use crate::ui::number;
use crate::ui::style::Style;

/// A block for each axis with something to tell.
pub fn blocks(c: &Comparison<'_>, w: Words, all: bool) -> Vec<Block> {
    let mut blocks = Vec::new();
    blocks.extend(eval(c, w));
    blocks.extend(
        c.axes
            .data
            .inputs
            .iter()
            .filter_map(|input| data(input, Axis::Data, c, w)),
    );
    blocks.extend(code(c, w));
    blocks.extend(config(c, w));
    blocks.extend(seed(c, w));
    blocks.extend(surroundings::env(c, w, all));
    blocks.extend(surroundings::hardware(c, w));
    blocks.extend(surroundings::command(c, w));
    blocks
}

pub(super) fn block(axis: Axis, w: Words, head: String, rows: Vec<Row>) -> Block {
    Block {
        label: w.axis(axis).to_owned(),
        head,
        rows,
    }
}

fn eval(c: &Comparison<'_>, w: Words) -> Vec<Block> {
    let eval = &c.axes.eval;
    let mut blocks: Vec<Block> = eval
        .inputs
        .iter()
        .filter_map(|input| data(input, Axis::Eval, c, w))
        .collect();
    let keys: Vec<&KeyChange> = c
        .axes
        .config
        .keys
        .iter()
        .filter(|key| key.role == KeyRole::Split && key.kind != KeyKind::Spelling)
        .collect();
    if eval.split_changed {
        let rule = w.pick("split rule", "правило разбиения");
        let words = match &eval.split {
            (Some(a), Some(b)) if keys.is_empty() => format!("{rule}: {}", w.change(a, b)),
            _ => rule.to_owned(),
        };
        let rows = keys.into_iter().map(|key| key_row(key, c, w)).collect();
        blocks.push(block(Axis::Eval, w, words, rows));
    }
    if eval.metric_code == State::Changed {
        let text = w.pick(
            "the code that computes the metrics",
            "код, который считает метрики",
        );
        blocks.push(block(Axis::Eval, w, text.to_owned(), Vec::new()));
    }
    blocks
}

fn code(c: &Comparison<'_>, w: Words) -> Option<Block> {
    let code = &c.axes.code;
    if code.state != State::Changed && code.files.is_empty() {
        return None;
    }
    let mut head = w.change(&code_point(c.a, w), &code_point(c.b, w));
    if let Some(n) = code.commits_between.filter(|n| *n > 0) {
        let commits = w.count(n, ["commit", "commits"], ["коммит", "коммита", "коммитов"]);
        head.push_str(&format!("   {commits}"));
    }
    let mut rows: Vec<Row> = code.files.iter().map(|file| file_row(file, w)).collect();
    rows.extend(code.usage_gap.as_ref().map(|gap| usage_row(gap, w)));
    let text = w.pick("a repository inside this one", "вложенный репозиторий");
    rows.extend(code.nested.iter().map(|path| Row::new(path, text)));
    if !code.files_known && code.state == State::Changed {
        let text = w.pick(
            "(the files are not known here)",
            "(какие файлы, здесь неизвестно)",
        );
        rows.push(Row {
            style: Some(Style::Dim),
            ..Row::spanning(text)
        });
    }
    Some(block(Axis::Code, w, head, rows))
}

/// `a41c9d2 + uncommitted changes (frozen copy kept)`
pub fn code_point(run: &Run, w: Words) -> String {
    let commit = match &run.code.commit {
        Some(oid) => oid.short().to_owned(),
        None => w.pick("no commit", "нет коммита").to_owned(),
    };
    if !is_dirty(run) {
        return format!("{commit} ({})", w.pick("clean", "без правок"));
    }
    let kept = match run.code.snapshot {
        Some(_) => w.pick(" (frozen copy kept)", " (копия сохранена)"),
        None => "",
    };
    let edits = w.pick("uncommitted changes", "незакоммиченные правки");
    format!("{commit} + {edits}{kept}")
}

/// Whether code was edited: an edited configuration is told on its own axis.
pub fn is_dirty(run: &Run) -> bool {
    run.code.dirty && (run.code.changes.is_empty() || run.code.code_is_dirty())
}

/// Definitions that are named before the rest is counted.
const NAMED: usize = 3;

fn file_row(file: &FileChange, w: Words) -> Row {
    let count = match (file.cells, file.added, file.removed) {
        (Some(n), ..) => w.count(n, ["cell", "cells"], ["ячейка", "ячейки", "ячеек"]),
        (None, Some(0), Some(0)) if file.status == "M" => String::new(),
        (None, Some(added), Some(removed)) => format!("+{added} -{removed}"),
        _ if matches!(file.note, Some(FileNote::TooLarge(_) | FileNote::Uncounted)) => {
            String::new()
        }
        _ => w.pick("binary", "двоичный").to_owned(),
    };
    let mut notes: Vec<String> = Vec::new();
    let mut note = |yes: bool, text: &str| {
        if yes {
            notes.push(text.to_owned());
        }
    };
    note(file.status == "A", w.pick("new file", "новый файл"));
    note(file.status == "D", w.pick("deleted", "удалён"));
    note(
        file.used == Some(true) && file.cosmetic != Some(true),
        w.pick("used by the command", "используется командой"),
    );
    note(
        file.used == Some(false),
        w.pick("not used by the command", "командой не используется"),
    );
    note(file.cosmetic == Some(true), cosmetic(file, w));
    notes.extend(file.note.and_then(|note| file_note(note, file, w)));
    notes.extend(functions(&file.functions, w));
    Row {
        name: file.path.display().into_owned(),
        count,
        text: notes.join("; "),
        style: (!file.counts()).then_some(Style::Dim),
        ..Row::default()
    }
}

fn cosmetic(file: &FileChange, w: Words) -> &'static str {
    match file.cells {
        Some(0) => w.pick(
            "cosmetic (outputs, metadata)",
            "косметика (выводы, метаданные)",
        ),
        Some(_) => w.pick(
            "cosmetic (text, comments)",
            "косметика (текст, комментарии)",
        ),
        None => w.pick(
            "cosmetic (comments, whitespace)",
            "косметика (комментарии, пробелы)",
        ),
    }
}

fn file_note(note: FileNote, file: &FileChange, w: Words) -> Option<String> {
    match note {
        // Said already: nothing else changed.
        FileNote::OutputsIgnored if file.cells == Some(0) => None,
        FileNote::OutputsIgnored => Some(w.pick("outputs ignored", "выводы не учтены").to_owned()),
        FileNote::Approximate => Some(
            w.pick("approximate functions", "функции приблизительно")
                .to_owned(),
        ),
        FileNote::Uncounted => Some(
            w.pick(
                "approximate: not counted in time",
                "приблизительно: не сосчитано за отведённое время",
            )
            .to_owned(),
        ),
        FileNote::ModeOnly => Some(
            w.pick("only its permissions", "только права доступа")
                .to_owned(),
        ),
        FileNote::TooLarge(bytes) => {
            let text = w.pick(
                "too large to compare line by line",
                "слишком велик для построчного сравнения",
            );
            Some(format!("{} ({text})", number::bytes_in(bytes, w.lang)))
        }
    }
}

/// `in train_model, main, +2`
fn functions(names: &[String], w: Words) -> Option<String> {
    let (shown, rest) = names.split_at(names.len().min(NAMED));
    if shown.is_empty() {
        return None;
    }
    let more = (!rest.is_empty()).then(|| format!(", +{}", rest.len()));
    Some(format!(
        "{} {}{}",
        w.pick("in", "в"),
        shown.join(", "),
        more.unwrap_or_default()
    ))
}

/// Why nothing is said of a file's use.
fn usage_row(gap: &UsageGap, w: Words) -> Row {
    let head = w.pick(
        "Which of them the command uses is not known",
        "Какие из них использует команда, неизвестно",
    );
    let why = match gap {
        UsageGap::Program(name) => match w.lang {
            Lang::En => format!("`{name}` is no Python program of this repository"),
            Lang::Ru => format!("`{name}` не программа на Python из этого репозитория"),
        },
        UsageGap::Dynamic(place) => {
            let at = format!("{}:{}", place.path.display(), place.line);
            match w.lang {
                Lang::En => format!("{at} may load more than it imports ({})", place.name),
                Lang::Ru => format!("{at} может загружать не только импорты ({})", place.name),
            }
        }
        UsageGap::Unread(path) => match w.lang {
            Lang::En => format!("{} can't be read as Python", path.display()),
            Lang::Ru => format!("{} не читается как Python", path.display()),
        },
    };
    Row {
        style: Some(Style::Dim),
        ..Row::spanning(format!("{head}: {why}"))
    }
}

fn config(c: &Comparison<'_>, w: Words) -> Option<Block> {
    let config = &c.axes.config;
    let listed: Vec<&KeyChange> = config
        .keys
        .iter()
        .filter(|key| key.role == KeyRole::Param)
        .collect();
    let opaque: Vec<Row> = config
        .files
        .iter()
        .filter(|file| file.is_opaque_change())
        .map(|file| Row::new(file.name(), file.unread.clone().unwrap_or_default()))
        .collect();
    if listed.is_empty() && opaque.is_empty() {
        return None;
    }
    let counted = config.counted().count();
    let of = match w.lang {
        Lang::En => {
            let keys = if config.total == 1 { "key" } else { "keys" };
            format!("({counted} of {} {keys})", config.total)
        }
        Lang::Ru => format!("({counted} из {} ключей)", config.total),
    };
    if let ([only], []) = (&listed[..], &opaque[..])
        && matches!(only.kind, KeyKind::Elements { .. })
    {
        let head = format!("{}: {}     {of}", only.key, key_text(only, w));
        return Some(block(Axis::Config, w, head, Vec::new()));
    }
    let mut files = files(config, w);
    if files.is_empty() && listed.iter().any(|key| is_argument(&key.key)) {
        files = w.pick("arguments", "аргументы").to_owned();
    }
    // A configuration that nobody could read has no keys to count.
    let of = if listed.is_empty() { String::new() } else { of };
    let head = [files, of]
        .iter()
        .filter(|s| !s.is_empty())
        .cloned()
        .collect::<Vec<_>>();
    let mut rows: Vec<Row> = listed.into_iter().map(|key| key_row(key, c, w)).collect();
    rows.extend(opaque);
    Some(block(Axis::Config, w, head.join("   "), rows))
}

fn files(config: &ConfigAxis, w: Words) -> String {
    let name = |pair: &crate::compare::axes::config::FilePair| match (&pair.a, &pair.b) {
        (Some(a), Some(b)) if a != b => w.change(&a.display(), &short_path(a, b)),
        (Some(path), _) | (None, Some(path)) => path.display().into_owned(),
        (None, None) => String::new(),
    };
    let mut names: Vec<String> = config
        .files
        .iter()
        .filter(|pair| !pair.same_bytes)
        .map(name)
        .collect();
    let more = names.len().saturating_sub(2);
    names.truncate(2);
    if more > 0 {
        names.push(format!("+{more}"));
    }
    names.join(", ")
}

fn key_row(key: &KeyChange, c: &Comparison<'_>, w: Words) -> Row {
    let mut row = Row::new(&key.key, key_text(key, w));
    if let Some(origin) = origin(key, c, w) {
        row.text.push_str(&format!("   ({origin})"));
    }
    if key.kind == KeyKind::Spelling {
        row.style = Some(Style::Dim);
    }
    row
}

/// Whether a value was set on the command line.
fn origin(key: &KeyChange, c: &Comparison<'_>, w: Words) -> Option<String> {
    let set =
        |run: &Run, name: &Option<String>| run.set.contains_key(name.as_ref().unwrap_or(&key.key));
    if set(c.b, &key.to) {
        return Some("--set".to_owned());
    }
    let (first, _) = names(c.a, c.b);
    set(c.a, &key.from).then(|| format!("--set {} {first}", w.pick("in", "в")))
}

fn seed(c: &Comparison<'_>, w: Words) -> Option<Block> {
    let seed = &c.axes.seed;
    let shown = |value: &Option<Param>| {
        value
            .as_ref()
            .map_or_else(|| w.pick("none", "нет").to_owned(), Param::spelling)
    };
    (seed.state == State::Changed).then(|| {
        block(
            Axis::Seed,
            w,
            w.change(&shown(&seed.a), &shown(&seed.b)),
            Vec::new(),
        )
    })
}
