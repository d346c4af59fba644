//! How a data input changed, outside and inside.

use super::changed::block;
use super::told::{Block, Row};
use super::words::Words;
use crate::compare::axes::data::{InputChange, InputKind, short_path};
use crate::compare::evidence::TableChange;
use crate::compare::{Axis, Comparison};
use crate::model::data::DataInput;
use crate::settings::Lang;
use crate::ui::number;
use crate::ui::style::Style;

/// What happened to one input; nothing for an equal one.
pub fn data(input: &InputChange, axis: Axis, c: &Comparison<'_>, w: Words) -> Option<Block> {
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
    let rows = table_rows(input, w);
    Some(block(axis, w, format!("{}: {head}", input.role), rows))
}

fn digest(input: &DataInput, w: Words) -> String {
    match &input.sha256 {
        Some(sha256) => sha256.short().to_owned(),
        None => w.dash().to_owned(),
    }
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
        let lines = packed(shifts);
        rows.extend(
            lines
                .into_iter()
                .enumerate()
                .map(|(i, text)| Row::new(label(i, w.pick("shifted", "сдвиги")), text)),
        );
    }
    rows.extend(table.overlaps.iter().enumerate().map(|(i, overlap)| {
        let also = w.pick("rows also present in", "строки, которые есть и в");
        let counts = w.change(&number::count(overlap.a), &number::count(overlap.b));
        let about = match overlap.estimated {
            true => w.pick("about ", "примерно "),
            false => "",
        };
        let leak = if overlap.b > overlap.a {
            format!("   {} {}", w.back_arrow(), w.pick("leak?", "утечка?"))
        } else {
            String::new()
        };
        Row {
            name: label(i, w.pick("watch", "внимание")),
            text: format!("{also} {}: {about}{counts}{leak}", overlap.path.display()),
            style: (overlap.b > overlap.a).then_some(Style::Warning),
            ..Row::default()
        }
    }));
    rows
}

/// Puts items on lines of a readable length; none is broken.
fn packed(items: impl Iterator<Item = String>) -> Vec<String> {
    const WIDTH: usize = 64;
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 3 + item.chars().count() <= WIDTH => {
                line.push_str(";  ");
                line.push_str(&item);
            }
            _ => lines.push(item),
        }
    }
    lines
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
            "(estimated from the stored profiles)",
            "(оценка по сохранённым профилям)",
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
