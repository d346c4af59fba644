//! What changed, axis by axis.

use super::told::{Block, Row};
use super::words::Words;
use crate::compare::axes::config::{ConfigAxis, KeyChange, KeyKind, KeyRole};
use crate::compare::axes::data::{InputChange, InputKind, short_path};
use crate::compare::axes::env::PackageChange;
use crate::compare::{Axis, Comparison, FileChange, State};
use crate::model::data::DataInput;
use crate::model::param::ParamKind;
use crate::model::{Param, Run};
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
    blocks.extend(env(c, w, all));
    blocks.extend(hardware(c, w));
    blocks.extend(command(c, w));
    blocks
}

fn block(axis: Axis, w: Words, head: String, rows: Vec<Row>) -> Block {
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
        let rows = keys.into_iter().map(|key| key_row(key, w)).collect();
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
    if !run.code.dirty {
        return format!("{commit} ({})", w.pick("clean", "без правок"));
    }
    let kept = match run.code.snapshot {
        Some(_) => w.pick(" (frozen copy kept)", " (копия сохранена)"),
        None => "",
    };
    format!(
        "{commit} + {}{kept}",
        w.pick("uncommitted changes", "незакоммиченные правки")
    )
}

fn file_row(file: &FileChange, w: Words) -> Row {
    let count = match (file.cells, file.added, file.removed) {
        (Some(n), ..) => w.count(n, ["cell", "cells"], ["ячейка", "ячейки", "ячеек"]),
        (None, Some(added), Some(removed)) => format!("+{added} -{removed}"),
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
        file.used == Some(true),
        w.pick("used by the command", "используется командой"),
    );
    note(
        file.used == Some(false),
        w.pick("not used by the command", "командой не используется"),
    );
    let cosmetic = w.pick(
        "cosmetic (comments, whitespace)",
        "косметика (комментарии, пробелы)",
    );
    note(file.cosmetic == Some(true), cosmetic);
    notes.extend(file.note.clone());
    if !file.functions.is_empty() {
        notes.push(file.functions.join(", "));
    }
    Row {
        name: file.path.display().into_owned(),
        count,
        text: notes.join("; "),
        style: (!file.counts()).then_some(Style::Dim),
        ..Row::default()
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
        crate::settings::Lang::En => {
            let keys = if config.total == 1 { "key" } else { "keys" };
            format!("({counted} of {} {keys})", config.total)
        }
        crate::settings::Lang::Ru => format!("({counted} из {} ключей)", config.total),
    };
    if let ([only], [], KeyKind::Elements { .. }) =
        (&listed[..], &opaque[..], &listed.first()?.kind)
    {
        let head = format!("{}: {}     {of}", only.key, key_text(only, w));
        return Some(block(Axis::Config, w, head, Vec::new()));
    }
    let files = files(config, w);
    let head = [files, of]
        .iter()
        .filter(|s| !s.is_empty())
        .cloned()
        .collect::<Vec<_>>();
    let mut rows: Vec<Row> = listed.into_iter().map(|key| key_row(key, w)).collect();
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

fn key_row(key: &KeyChange, w: Words) -> Row {
    let mut row = Row::new(&key.key, key_text(key, w));
    if key.kind == KeyKind::Spelling {
        row.style = Some(Style::Dim);
    }
    row
}

/// `8 → -1`, `+ age_bucket, - city`, `1e-4 → 0.0001   (type: str → float)`
pub fn key_text(key: &KeyChange, w: Words) -> String {
    let shown = |value: &Option<Param>| value.as_ref().map_or(String::new(), Param::spelling);
    let (a, b) = (shown(&key.a), shown(&key.b));
    match &key.kind {
        KeyKind::Value => {
            let kinds = key
                .type_change()
                .map(|(x, y)| w.change(kind_word(x), kind_word(y)));
            let note = kinds.map(|kinds| format!("   ({}: {kinds})", w.pick("type", "тип")));
            format!("{}{}", w.change(&a, &b), note.unwrap_or_default())
        }
        KeyKind::Added => format!("{b}   ({})", w.pick("new key", "новый ключ")),
        KeyKind::Removed => format!("{a}   ({})", w.pick("key removed", "ключ удалён")),
        KeyKind::Moved { from } => {
            format!("{b}   ({} {from})", w.pick("moved from", "перенесён из"))
        }
        KeyKind::Elements { added, removed } => {
            let plus = added.iter().map(|item| format!("+ {}", item.spelling()));
            let minus = removed.iter().map(|item| format!("- {}", item.spelling()));
            plus.chain(minus).collect::<Vec<_>>().join(", ")
        }
        KeyKind::Reordered => w
            .pick(
                "the same elements in another order",
                "те же элементы в другом порядке",
            )
            .to_owned(),
        KeyKind::Spelling => {
            let note = w.pick(
                "same value, other spelling",
                "то же значение, другая запись",
            );
            format!("{}   ({note})", w.change(&a, &b))
        }
    }
}

fn kind_word(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Null => "null",
        ParamKind::Bool => "bool",
        ParamKind::Int => "int",
        ParamKind::Float => "float",
        ParamKind::Str => "str",
        ParamKind::Date => "date",
        ParamKind::Map => "map",
    }
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

fn env(c: &Comparison<'_>, w: Words, all: bool) -> Option<Block> {
    let env = &c.axes.env;
    let indirect = env.indirect().count();
    if env.state != State::Changed && indirect == 0 && !env.unlisted && env.vars.is_empty() {
        return None;
    }
    let version = |version: &Option<String>| {
        version
            .clone()
            .unwrap_or_else(|| w.pick("not installed", "не установлен").to_owned())
    };
    let row = |package: &PackageChange, word: &str| {
        let text = w.change(&version(&package.a), &version(&package.b));
        Row::new(&package.name, format!("{text}     {word}"))
    };
    let mut rows: Vec<Row> = env
        .direct()
        .map(|package| row(package, w.pick("direct", "прямой")))
        .collect();
    if all {
        rows.extend(
            env.indirect()
                .map(|package| row(package, w.pick("indirect", "косвенный"))),
        );
    } else if indirect > 0 {
        let forms = ["косвенный пакет", "косвенных пакета", "косвенных пакетов"];
        let n = w.count(
            indirect as u64,
            ["indirect package", "indirect packages"],
            forms,
        );
        let more = match (w.lang, env.direct().next().is_some()) {
            (crate::settings::Lang::En, true) => n.replacen(' ', " more ", 1),
            (crate::settings::Lang::Ru, true) => format!("ещё {n}"),
            _ => n,
        };
        let hint = w.pick("(--env to list)", "(--env: показать)");
        rows.push(Row::spanning(format!("{more}         {hint}")));
    } else if env.unlisted {
        let text = w.pick(
            "indirect packages differ (no list at hand)",
            "косвенные пакеты (без списка)",
        );
        rows.push(Row::spanning(text));
    }
    let value = |value: &Option<String>| {
        value
            .clone()
            .unwrap_or_else(|| w.pick("not set", "не задана").to_owned())
    };
    rows.extend(
        env.vars
            .iter()
            .map(|var| Row::new(&var.name, w.change(&value(&var.a), &value(&var.b)))),
    );
    let head = match &env.python {
        Some((a, b)) => format!("python {}", w.change(a, b)),
        None if env.state == State::Changed => w.pick("packages", "пакеты").to_owned(),
        None => w
            .pick("listed, not counted", "перечислено, не учитывается")
            .to_owned(),
    };
    Some(block(Axis::Env, w, head, rows))
}

fn hardware(c: &Comparison<'_>, w: Words) -> Option<Block> {
    let axis = &c.axes.hardware;
    if axis.state != State::Changed {
        return None;
    }
    let mut head = w.change(&machine(c.a, w), &machine(c.b, w));
    if let Some((key, a, b)) = &axis.all_threads {
        let threads = w.pick("threads", "потоков");
        let means = w.pick("means", "означает");
        let (a, b) = (a.to_string(), b.to_string());
        head.push_str(&format!(
            "; {key} -1 {means} {} {threads}",
            w.change(&a, &b)
        ));
    }
    Some(block(Axis::Hardware, w, head, Vec::new()))
}

/// `node g017 (64 cores, A100)`
pub fn machine(run: &Run, w: Words) -> String {
    let host = run
        .process
        .as_ref()
        .and_then(|process| process.host.clone());
    let Some(hardware) = &run.hardware else {
        return host.unwrap_or_default();
    };
    let mut parts = Vec::new();
    parts.extend(
        hardware
            .cores
            .map(|n| w.count(u64::from(n), ["core", "cores"], ["ядро", "ядра", "ядер"])),
    );
    match hardware.gpus.as_deref() {
        Some([]) => parts.push(w.pick("no GPU", "без GPU").to_owned()),
        Some(names) => parts.push(grouped(names, w)),
        None => {}
    }
    let parts = parts.join(", ");
    match host {
        Some(host) if !parts.is_empty() => format!("{host} ({parts})"),
        Some(host) => host,
        None => parts,
    }
}

/// `A100 × 4`
fn grouped(names: &[String], w: Words) -> String {
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for name in names {
        match groups.iter_mut().find(|(known, _)| known == name) {
            Some((_, n)) => *n += 1,
            None => groups.push((name, 1)),
        }
    }
    let shown = |(name, n): &(&str, usize)| match n {
        1 => (*name).to_owned(),
        n => format!("{name} {} {n}", w.times()),
    };
    groups.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn command(c: &Comparison<'_>, w: Words) -> Option<Block> {
    let command = &c.axes.command;
    if command.state != State::Changed {
        return None;
    }
    let words = |list: &[String]| {
        if list.is_empty() {
            w.dash().to_owned()
        } else {
            list.join(" ")
        }
    };
    let mut parts = Vec::new();
    if !command.only_a.is_empty() || !command.only_b.is_empty() {
        parts.push(w.change(&words(&command.only_a), &words(&command.only_b)));
    }
    if let Some((a, b)) = &command.cwd {
        let shown = |path: &crate::model::RecordPath| match path.display() {
            empty if empty.is_empty() => ".".to_owned(),
            path => path.into_owned(),
        };
        let folder = w.pick("run in", "запущено в");
        parts.push(format!("{folder} {}", w.change(&shown(a), &shown(b))));
    }
    let note = w.pick("(listed, not counted)", "(перечислено, не учитывается)");
    Some(block(
        Axis::Command,
        w,
        format!("{}   {note}", parts.join("; ")),
        Vec::new(),
    ))
}

fn data(input: &InputChange, axis: Axis, c: &Comparison<'_>, w: Words) -> Option<Block> {
    let head = match (input.kind, &input.a, &input.b) {
        (InputKind::Changed, Some(a), Some(b)) => {
            let paths = if a.path == b.path {
                b.path.display().into_owned()
            } else {
                w.change(&a.path.display(), &short_path(&a.path, &b.path))
            };
            format!("{paths}    {}", w.change(&digest(a, w), &digest(b, w)))
        }
        (InputKind::Added, _, Some(b)) => {
            format!(
                "{}    {}   ({})",
                b.path.display(),
                digest(b, w),
                w.pick("new input", "новый")
            )
        }
        (InputKind::Removed, Some(a), _) => {
            let gone = w.pick("no longer an input", "больше не используется");
            format!("{}    {}   ({gone})", a.path.display(), digest(a, w))
        }
        _ => return None,
    };
    let told =
        c.axes.gaps(axis).iter().any(
            |gap| matches!(gap, crate::compare::Gap::NoInput { role, .. } if *role == input.role),
        );
    if told {
        return None;
    }
    let rows = super::same::table_rows(input, w);
    Some(block(axis, w, format!("{}: {head}", input.role), rows))
}

fn digest(input: &DataInput, w: Words) -> String {
    match &input.sha256 {
        Some(sha256) => sha256.short().to_owned(),
        None => w.dash().to_owned(),
    }
}

/// `10,412 rows`
pub fn rows_of(n: u64, w: Words) -> String {
    w.count(n, ["row", "rows"], ["строка", "строки", "строк"])
}

/// The size of an input in its most telling unit.
pub fn size_of(input: &DataInput, w: Words) -> Option<String> {
    let files = |n| w.count(n, ["file", "files"], ["файл", "файла", "файлов"]);
    match (input.rows, input.files, input.bytes) {
        (Some(n), ..) => Some(rows_of(n, w)),
        (None, Some(n), Some(bytes)) => Some(format!("{}, {}", files(n), number::bytes(bytes))),
        (None, Some(n), None) => Some(files(n)),
        (None, None, Some(bytes)) => Some(number::bytes(bytes)),
        (None, None, None) => None,
    }
}
