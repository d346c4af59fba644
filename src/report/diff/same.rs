//! What is the same, what is unknown, and how a table changed inside.

use super::changed::{code_point, machine, rows_of, size_of};
use super::sentence::gap_note;
use super::told::Row;
use super::words::Words;
use crate::compare::axes::config::KeyKind;
use crate::compare::axes::data::{InputChange, InputKind};
use crate::compare::evidence::TableChange;
use crate::compare::suggest::names;
use crate::compare::{Axis, Comparison, Gap, State};
use crate::settings::Lang;
use crate::ui::number;
use crate::ui::style::Style;

/// Equal axes with their evidence. Machine and command only when `all` is asked for.
pub fn same(c: &Comparison<'_>, w: Words, all: bool) -> Vec<String> {
    let mut parts = Vec::new();
    for axis in c.axes_in(State::Same) {
        if matches!(axis, Axis::Hardware | Axis::Command) && !all {
            continue;
        }
        let evidence = evidence(axis, c, w);
        parts.push(match evidence.is_empty() {
            true => w.axis(axis).to_owned(),
            false => format!("{} ({evidence})", w.axis(axis)),
        });
    }
    let eval = &c.axes.eval;
    if eval.state != State::Same
        && !eval.split_changed
        && let (Some(_), Some(split)) = &eval.split
    {
        parts.push(format!(
            "{} ({split})",
            w.pick("split rule", "правило разбиения")
        ));
    }
    parts
}

fn evidence(axis: Axis, c: &Comparison<'_>, w: Words) -> String {
    match axis {
        Axis::Eval => inputs(&c.axes.eval.inputs, w, true),
        Axis::Data => inputs(&c.axes.data.inputs, w, false),
        Axis::Code => code(c, w),
        Axis::Config => config(c, w),
        Axis::Seed => {
            c.b.seed
                .as_ref()
                .map(|seed| seed.spelling())
                .unwrap_or_default()
        }
        Axis::Env => env(c, w),
        Axis::Hardware => machine(c.b, w),
        Axis::Command => String::new(),
    }
}

/// `train_v1.csv 9f2c41d8`; of a yardstick only what needs a word.
fn inputs(inputs: &[InputChange], w: Words, brief: bool) -> String {
    let shown = inputs.iter().filter_map(|input| {
        let (a, b) = (input.a.as_ref()?, input.b.as_ref()?);
        let name = String::from_utf8_lossy(b.path.file_name()).into_owned();
        let note = match input.kind {
            InputKind::LineEndings => w
                .pick("only line endings differ", "различаются только концы строк")
                .to_owned(),
            InputKind::Renamed => {
                let was = String::from_utf8_lossy(a.path.file_name()).into_owned();
                let moved = if was == name {
                    a.path.display().into_owned()
                } else {
                    was
                };
                format!("{} {moved}", w.pick("was", "раньше"))
            }
            _ if brief => return None,
            _ => String::new(),
        };
        let digest = b
            .sha256
            .as_ref()
            .map(|sha| format!(" {}", sha.short()))
            .unwrap_or_default();
        let note = if note.is_empty() {
            note
        } else {
            format!(": {note}")
        };
        Some(format!("{name}{digest}{note}"))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn code(c: &Comparison<'_>, w: Words) -> String {
    let uncounted = c.axes.code.uncounted();
    if uncounted > 0 {
        return w
            .pick(
                "nothing that the command runs differs",
                "исполняемое командой не изменилось",
            )
            .to_owned();
    }
    let (a, b) = (&c.a.code, &c.b.code);
    let clean = w.pick("clean", "без правок");
    match (&a.commit, &b.commit) {
        (Some(x), Some(y)) if x != y => match w.lang {
            Lang::En => format!("{} and {} have the same code", x.short(), y.short()),
            Lang::Ru => format!("в {} и {} один и тот же код", x.short(), y.short()),
        },
        (Some(commit), _) if !a.dirty && !b.dirty => format!("{}, {clean}", commit.short()),
        _ => code_point(c.b, w),
    }
}

fn config(c: &Comparison<'_>, w: Words) -> String {
    let config = &c.axes.config;
    let total = config.total as u64;
    let keys = w.count(total, ["key", "keys"], ["ключ", "ключа", "ключей"]);
    let spelled = config
        .keys
        .iter()
        .filter(|key| key.kind == KeyKind::Spelling)
        .count() as u64;
    if spelled == 0 {
        return keys;
    }
    match w.lang {
        Lang::En => format!("{keys}, {spelled} spelled otherwise"),
        Lang::Ru => format!("{keys}, из них {spelled} записаны иначе"),
    }
}

fn env(c: &Comparison<'_>, w: Words) -> String {
    let mut parts = Vec::new();
    let env = c.b.env.as_ref();
    parts.extend(
        env.and_then(|env| env.python.as_ref())
            .map(|python| format!("python {python}")),
    );
    parts.extend(env.and_then(|env| env.packages).map(|n| {
        w.count(
            u64::from(n),
            ["package", "packages"],
            ["пакет", "пакета", "пакетов"],
        )
    }));
    parts.join(", ")
}

/// Axes with gaps, and why. What two axes lack for the same reason is told once.
pub fn unknown(c: &Comparison<'_>, w: Words) -> Vec<String> {
    let (a, b) = names(c.a, c.b);
    let mut parts = Vec::new();
    for axis in Axis::ALL.into_iter().filter(|axis| *axis != Axis::Command) {
        let whole = |gap: &&Gap| !(axis == Axis::Eval && matches!(gap, Gap::NotRecorded(_)));
        let notes: Vec<String> = c
            .axes
            .gaps(axis)
            .iter()
            .filter(whole)
            .map(|gap| gap_note(gap, (&a, &b), w))
            .collect();
        if !notes.is_empty() {
            parts.push(format!("{} ({})", w.axis(axis), notes.join("; ")));
        }
    }
    parts
}

/// How a table changed inside, as far as anybody looked; else its size.
pub fn table_rows(input: &InputChange, w: Words) -> Vec<Row> {
    let Some(table) = &input.table else {
        return size_row(input, w).into_iter().collect();
    };
    let mut rows = Vec::new();
    rows.extend(dimensions(table, w).or_else(|| size_row(input, w)));
    rows.extend(changed_rows(table, w));
    rows.extend(columns(table, w));
    rows.extend(table.types.iter().enumerate().map(|(i, change)| {
        let note = change
            .note
            .as_ref()
            .map(|note| format!(" ({note})"))
            .unwrap_or_default();
        let text = format!(
            "{}: {}{note}",
            change.column,
            w.change(&change.a, &change.b)
        );
        Row::new(label(i, w.pick("types", "типы")), text)
    }));
    if !table.cells.is_empty() {
        let cells = table
            .cells
            .iter()
            .map(|(name, n)| format!("{name} {}", rows_of(*n, w)));
        rows.push(Row::new(
            w.pick("cells", "ячейки"),
            cells.collect::<Vec<_>>().join(", "),
        ));
    }
    rows.extend(table.target.as_ref().map(|target| {
        let share = w.change(&percent(target.a), &percent(target.b));
        let points = w.pick("points", "п.п.");
        let text = format!(
            "{}: {} {share}   ({:+.1} {points})",
            target.column,
            target.value,
            target.b - target.a
        );
        Row::new(w.pick("target", "цель"), text)
    }));
    if !table.shifted.is_empty() {
        let shifts = table
            .shifted
            .iter()
            .map(|s| format!("{} {} {}", s.column, s.statistic, w.change(&s.a, &s.b)));
        rows.push(Row::new(
            w.pick("shifted", "сдвиги"),
            shifts.collect::<Vec<_>>().join(";  "),
        ));
    }
    rows.extend(table.overlaps.iter().enumerate().map(|(i, overlap)| {
        let also = w.pick("rows also present in", "строки, которые есть и в");
        let counts = w.change(&number::count(overlap.a), &number::count(overlap.b));
        let leak = if overlap.b > overlap.a {
            format!("   {} {}", w.back_arrow(), w.pick("leak?", "утечка?"))
        } else {
            String::new()
        };
        Row {
            name: label(i, w.pick("watch", "внимание")),
            text: format!("{also} {}: {counts}{leak}", overlap.path.display()),
            style: (overlap.b > overlap.a).then_some(Style::Warning),
            ..Row::default()
        }
    }));
    rows
}

/// Only the first of several lines carries the label.
fn label(index: usize, text: &str) -> String {
    if index == 0 {
        text.to_owned()
    } else {
        String::new()
    }
}

fn size_row(input: &InputChange, w: Words) -> Option<Row> {
    let (a, b) = (input.a.as_ref()?, input.b.as_ref()?);
    let text = w.change(&size_of(a, w)?, &size_of(b, w)?);
    let delta = match (a.rows, b.rows) {
        (Some(a), Some(b)) if a != b => {
            let sign = if b > a { "+" } else { "-" };
            format!("   ({sign}{})", number::count(a.abs_diff(b)))
        }
        _ => String::new(),
    };
    Some(Row::new(w.pick("size", "размер"), format!("{text}{delta}")))
}

fn dimensions(table: &TableChange, w: Words) -> Option<Row> {
    let shown = |(rows, columns): (u64, u64)| {
        let columns = w.count(columns, ["col", "cols"], ["столбец", "столбца", "столбцов"]);
        format!("{} {} {columns}", rows_of(rows, w), w.times())
    };
    let key = table
        .key
        .as_ref()
        .map(|key| format!("   ({}: {key})", w.pick("key", "ключ")));
    let text = w.change(&shown(table.size_a?), &shown(table.size_b?));
    Some(Row::new(
        w.pick("size", "размер"),
        format!("{text}{}", key.unwrap_or_default()),
    ))
}

fn changed_rows(table: &TableChange, w: Words) -> Option<Row> {
    let rows = table.rows.as_ref()?;
    let n = number::count;
    let text = if rows.estimated {
        let why = w.pick(
            "(estimated from the stored profile; the old file is not here)",
            "(оценка по сохранённому профилю: старого файла здесь нет)",
        );
        match w.lang {
            Lang::En => {
                format!(
                    "about +{} added, about -{} removed {why}",
                    n(rows.added),
                    n(rows.removed)
                )
            }
            Lang::Ru => {
                format!(
                    "примерно +{} новых, −{} удалённых {why}",
                    n(rows.added),
                    n(rows.removed)
                )
            }
        }
    } else {
        let mut parts = vec![
            format!("+{} {}", n(rows.added), w.pick("added", "добавлено")),
            format!("-{} {}", n(rows.removed), w.pick("removed", "удалено")),
        ];
        parts.extend(
            rows.changed
                .map(|c| format!("{} {}", n(c), w.pick("changed", "изменено"))),
        );
        parts.extend(
            rows.same
                .map(|s| format!("{} {}", n(s), w.pick("the same", "без изменений"))),
        );
        parts.join("   ")
    };
    Some(Row::new(w.pick("rows", "строки"), text))
}

fn columns(table: &TableChange, w: Words) -> Vec<Row> {
    let width = table
        .columns_added
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let added = table.columns_added.iter().map(|(name, what)| {
        let padding = " ".repeat(width - name.chars().count());
        format!("+ {name}{padding}   {what}")
    });
    let removed = table.columns_removed.iter().map(|name| format!("- {name}"));
    added
        .chain(removed)
        .enumerate()
        .map(|(i, text)| Row::new(label(i, w.pick("columns", "столбцы")), text.trim_end()))
        .collect()
}

fn percent(share: f64) -> String {
    format!("{share:.1} %")
}
