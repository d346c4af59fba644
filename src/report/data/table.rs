//! How two versions of a table differ, line by line.

use super::card::{form, unclosed};
use crate::model::Number;
use crate::model::card::ColumnType;
use crate::model::table_diff::{
    Basis, Count, Distance, Measure, Outline, Overlap, Remark, Retyped, RowChange, Sample,
    SampleCell, Shift, Size, Statistic, TableDiff, Target,
};
use crate::report::diff::inputs::rows_of;
use crate::report::diff::told::Row;
use crate::report::diff::words::Words;
use crate::ui::number;
use crate::ui::style::Style;

/// Columns and shifts that are named; the others are counted.
const LISTED: usize = 12;
/// Cells of a whole row that are shown.
const CELLS_SHOWN: usize = 8;

/// Everything that is known, a line a fact.
pub fn rows(diff: &TableDiff, w: Words) -> Vec<Row> {
    let mut rows = vec![size(diff, w)];
    rows.extend(
        diff.form
            .as_ref()
            .map(|[a, b]| Row::new(w.pick("form", "формат"), w.change(&form(a, w), &form(b, w)))),
    );
    rows.extend(changed_rows(diff, w));
    rows.extend(columns(diff, w));
    rows.extend(labelled(
        w.pick("types", "типы"),
        diff.columns_retyped.iter().map(|change| retyped(change, w)),
        w,
    ));
    rows.extend(cells(diff, w));
    rows.extend(diff.target.iter().flat_map(|change| target(change, w)));
    rows.extend(shifts(&diff.shifted, w));
    rows.extend(overlaps(&diff.overlaps, w));
    rows.extend(samples(&diff.samples, w));
    rows.extend(remarks(diff, w));
    rows
}

/// Lines of which only the first carries the label; beyond a bound they are counted.
fn labelled(label: &str, texts: impl Iterator<Item = String>, w: Words) -> Vec<Row> {
    let mut texts: Vec<String> = texts.collect();
    let more = texts.len().saturating_sub(LISTED);
    if more > 1 {
        texts.truncate(LISTED);
        texts.push(and_more(more as u64, w));
    }
    let name = |index| if index == 0 { label } else { "" };
    let texts = texts.into_iter().enumerate();
    texts
        .map(|(index, text)| Row::new(name(index), text))
        .collect()
}

fn and_more(count: u64, w: Words) -> String {
    let (and, more) = (w.pick("and", "и ещё"), w.pick(" more", ""));
    format!("{and} {}{more}", w.number(count))
}

fn size(diff: &TableDiff, w: Words) -> Row {
    let shown = |size: Size| {
        let columns = w.count(
            size.columns,
            ["col", "cols"],
            ["столбец", "столбца", "столбцов"],
        );
        format!("{} {} {columns}", rows_of(size.rows, w), w.times())
    };
    let mut text = w.change(&shown(diff.a), &shown(diff.b));
    if !diff.key.is_empty() {
        let key = w.pick("key", "ключ");
        text.push_str(&format!("   ({key}: {})", diff.key.join(", ")));
    }
    Row::new(w.pick("size", "размер"), text)
}

fn changed_rows(diff: &TableDiff, w: Words) -> Option<Row> {
    let rows = diff.rows.as_ref()?;
    let count = |count: Count, sign: &str, what: &str| {
        let error = count
            .error
            .map(|e| format!(" {} {}", w.plus_minus(), w.number(e)));
        let about = if error.is_some() {
            w.pick("about ", "примерно ")
        } else {
            ""
        };
        let value = w.number(count.value);
        format!("{about}{sign}{value}{} {what}", error.unwrap_or_default())
    };
    let mut parts = vec![
        count(rows.added, "+", w.pick("added", "добавлено")),
        count(rows.removed, "-", w.pick("removed", "удалено")),
    ];
    parts.extend(match rows.changed {
        Some(n) => Some(count(n, "", w.pick("changed", "изменено"))),
        None if diff.key.is_empty() => None,
        None => Some(
            w.pick("changed: unknown", "изменено: неизвестно")
                .to_owned(),
        ),
    });
    parts.extend(
        rows.same
            .map(|n| count(n, "", w.pick("the same", "без изменений"))),
    );
    let mut text = parts.join("   ");
    if let Some(respelled) = rows.respelled.filter(|count| *count > 0) {
        let words = w.pick("of these spelled otherwise", "из них записаны иначе");
        text.push_str(&format!("   ({} {words})", w.number(respelled)));
    }
    if diff.basis == Basis::Cards {
        text.push_str(match diff.unread {
            true => w.pick(
                "   (from the stored profiles; --data reads the rows)",
                "   (по сохранённым профилям; --data прочитает строки)",
            ),
            false => w.pick(
                "   (from the stored profiles; a version is not here)",
                "   (по сохранённым профилям: одной из версий здесь нет)",
            ),
        });
    }
    Some(Row::new(w.pick("rows", "строки"), text))
}

fn columns(diff: &TableDiff, w: Words) -> Vec<Row> {
    let width = |outlines: &[Outline]| {
        let names = outlines.iter().map(|outline| outline.name.chars().count());
        names.max().unwrap_or(0)
    };
    let width = width(&diff.columns_added).min(30);
    let added = diff.columns_added.iter().map(|outline| {
        let gap = " ".repeat(width.saturating_sub(outline.name.chars().count()));
        format!("+ {}{gap}   {}", outline.name, outlined(outline, w))
    });
    let removed = diff
        .columns_removed
        .iter()
        .map(|outline| format!("- {}", outline.name));
    let renamed = diff.columns_renamed.iter().map(|renamed| {
        let same = w.pick("the same cells", "те же ячейки");
        format!("{}   ({same})", w.change(&renamed.a, &renamed.b))
    });
    let all = added.chain(removed).chain(renamed);
    labelled(w.pick("columns", "столбцы"), all, w)
}

/// `text, 6 values, 0 % empty`; `0/1, mean 0.61`
fn outlined(outline: &Outline, w: Words) -> String {
    let distinct = outline
        .distinct
        .as_ref()
        .map_or(0, |distinct| distinct.count);
    let binary = outline.kind == ColumnType::Int && distinct == 2;
    let mut parts = vec![if binary {
        "0/1".to_owned()
    } else {
        kind(outline.kind).to_owned()
    }];
    match &outline.mean {
        Some(mean) if !binary || is_share(mean) => {
            parts.push(format!(
                "{} {}",
                w.pick("mean", "среднее"),
                number::metric(mean)
            ));
        }
        _ if distinct > 0 => {
            let about = outline.distinct.as_ref().is_some_and(|d| d.error.is_some());
            let values = w.count(
                distinct,
                ["value", "values"],
                ["значение", "значения", "значений"],
            );
            let about = if about {
                w.pick("about ", "около ")
            } else {
                ""
            };
            parts.push(format!("{about}{values}"));
        }
        _ => {}
    }
    if binary && !outline.mean.as_ref().is_some_and(is_share) {
        parts[0] = kind(outline.kind).to_owned();
    }
    if outline.cells > 0 && !(binary && outline.empty == 0) {
        let share = outline.empty as f64 / outline.cells as f64 * 100.0;
        let share = if outline.empty == 0 {
            "0".to_owned()
        } else {
            format!("{share:.1}")
        };
        parts.push(format!("{share} % {}", w.pick("empty", "пустых")));
    }
    parts.join(", ")
}

/// Of two integers, only 0 and 1 have their mean in between.
fn is_share(mean: &Number) -> bool {
    (0.0..=1.0).contains(&mean.as_f64())
}

/// A type as cards name it.
pub fn kind(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Empty => "empty",
        ColumnType::Bool => "bool",
        ColumnType::Int => "int",
        ColumnType::Float => "float",
        ColumnType::Date => "date",
        ColumnType::Datetime => "datetime",
        ColumnType::Text => "text",
    }
}

fn retyped(change: &Retyped, w: Words) -> String {
    let types = w.change(kind(change.a), kind(change.b));
    let appeared = change.empty_b.saturating_sub(change.empty_a);
    let why = if change.empty_a == 0 && appeared > 0 {
        let cells = w.count(
            appeared,
            ["empty cell", "empty cells"],
            ["пустая ячейка", "пустые ячейки", "пустых ячеек"],
        );
        match w.pick("en", "ru") {
            "en" => format!(" ({cells} appeared)"),
            _ => format!(" (появилось: {cells})"),
        }
    } else {
        String::new()
    };
    format!("{}: {types}{why}", change.column)
}

fn cells(diff: &TableDiff, w: Words) -> Option<Row> {
    if diff.cells.is_empty() {
        return None;
    }
    let listed = diff.cells.iter().take(LISTED);
    let mut texts: Vec<String> = listed
        .map(|cells| format!("{} {}", cells.column, rows_of(cells.rows, w)))
        .collect();
    if diff.cells.len() > LISTED {
        texts.push(and_more((diff.cells.len() - LISTED) as u64, w));
    }
    Some(Row::new(w.pick("cells", "ячейки"), texts.join(", ")))
}

fn target(target: &Target, w: Words) -> Vec<Row> {
    let percent = |share: &Number| format!("{:.1} %", share.as_f64());
    let values = target.values.iter().map(|value| {
        let hashed = || format!("#{}", value.hash.get(..8).unwrap_or(&value.hash));
        let quoted = |text: &String| match text.parse::<f64>() {
            // Beside a share, a bare number would read as another.
            Ok(_) => format!("`{text}`"),
            Err(_) => text.clone(),
        };
        let name = value.value.as_ref().map_or_else(hashed, quoted);
        let share = w.change(&percent(&value.a), &percent(&value.b));
        let moved = value.b.as_f64() - value.a.as_f64();
        let points = w.pick("points", "п.п.");
        format!("{}: {name} {share}   ({moved:+.1} {points})", target.column)
    });
    let mean = target.mean.iter().map(|[a, b]| {
        let means = w.change(&number::metric(a), &number::metric(b));
        format!("{}: {} {means}", target.column, w.pick("mean", "среднее"))
    });
    labelled(w.pick("target", "цель"), values.chain(mean), w)
}

fn shifts(shifts: &[Shift], w: Words) -> Option<Row> {
    if shifts.is_empty() {
        return None;
    }
    let mut texts: Vec<String> = shifts.iter().take(LISTED).map(|s| shift(s, w)).collect();
    if shifts.len() > LISTED {
        texts.push(and_more((shifts.len() - LISTED) as u64, w));
    }
    Some(Row::new(w.pick("shifted", "сдвиги"), texts.join(";  ")))
}

fn shift(shift: &Shift, w: Words) -> String {
    let show = |value: &Number| match shift.statistic {
        Statistic::Empty => format!("{:.1} %", value.as_f64()),
        Statistic::Mean | Statistic::Distinct => number::metric(value),
    };
    let statistic = match shift.statistic {
        Statistic::Mean => w.pick("mean", "среднее"),
        Statistic::Empty => w.pick("empty", "пустых"),
        Statistic::Distinct => w.pick("values", "значений"),
    };
    let moved = match (&shift.a, &shift.b) {
        (Some(a), Some(b)) => format!(" {statistic} {}", w.change(&show(a), &show(b))),
        _ => String::new(),
    };
    let apart = shift
        .distance
        .as_ref()
        .map(|d| format!(" ({})", distance(d, w)));
    format!("{}{moved}{}", shift.column, apart.unwrap_or_default())
}

fn distance(distance: &Distance, w: Words) -> String {
    let name = match distance.measure {
        Measure::Ks => "KS",
        Measure::Psi => "PSI",
    };
    let two = |value: &Number| number::significant(value.as_f64(), 2);
    let error = distance
        .error
        .as_ref()
        .map(|e| format!(" {} {}", w.plus_minus(), number::significant(e.as_f64(), 1)));
    format!(
        "{name} {}{}",
        two(&distance.value),
        error.unwrap_or_default()
    )
}

fn overlaps(overlaps: &[Overlap], w: Words) -> Vec<Row> {
    let count = |count: Option<Count>| match count {
        None => "?".to_owned(),
        Some(Count { value, error: None }) => w.number(value),
        Some(Count {
            value,
            error: Some(error),
        }) => {
            let (about, value) = (w.pick("about", "примерно"), w.number(value));
            format!("{about} {value} {} {}", w.plus_minus(), w.number(error))
        }
    };
    let row = |(index, overlap): (usize, &Overlap)| {
        let also = w.pick("rows also present in", "строки, которые есть и в");
        let counts = w.change(&count(overlap.a), &count(overlap.b));
        let leaks = is_leak(overlap);
        let leak = if leaks {
            format!("   {} {}", w.back_arrow(), w.pick("leak?", "утечка?"))
        } else {
            String::new()
        };
        Row {
            name: if index == 0 {
                w.pick("watch", "внимание").to_owned()
            } else {
                String::new()
            },
            text: format!("{also} {}: {counts}{leak}", overlap.path.display()),
            style: leaks.then_some(Style::Warning),
            ..Row::default()
        }
    };
    overlaps.iter().enumerate().map(row).collect()
}

/// Whether more rows are shared than before, and more than an estimate's error would do by itself.
fn is_leak(overlap: &Overlap) -> bool {
    let value = |count: Option<Count>| count.map_or(0, |count| count.value);
    let error = overlap.b.and_then(|count| count.error).unwrap_or(0);
    value(overlap.b) > value(overlap.a) + error
}

fn samples(samples: &[Sample], w: Words) -> Vec<Row> {
    let mut before = None;
    let row = |sample: &Sample| {
        let label = match sample.change {
            RowChange::Changed => w.pick("changed", "изменено"),
            RowChange::Added => w.pick("added", "добавлено"),
            RowChange::Removed => w.pick("removed", "удалено"),
        };
        let first = before.replace(sample.change) != Some(sample.change);
        Row::new(if first { label } else { "" }, sampled(sample, w))
    };
    samples.iter().map(row).collect()
}

fn sampled(sample: &Sample, w: Words) -> String {
    let line = |number: u64| w.number(number);
    let place = match (sample.row_a, sample.row_b) {
        (Some(a), Some(b)) if a != b => w.change(&line(a), &line(b)),
        (Some(number), _) | (None, Some(number)) => line(number),
        (None, None) => String::new(),
    };
    let cell = |cell: &SampleCell| {
        let quoted = |text: &String| {
            if text.is_empty() {
                "\"\"".to_owned()
            } else {
                text.clone()
            }
        };
        match (&cell.a, &cell.b) {
            (Some(a), Some(b)) if a == b => format!("{}={}", cell.column, quoted(a)),
            (Some(a), Some(b)) => {
                format!("{}: {}", cell.column, w.change(&quoted(a), &quoted(b)))
            }
            (Some(text), None) | (None, Some(text)) => format!("{}={}", cell.column, quoted(text)),
            (None, None) => cell.column.clone(),
        }
    };
    let mut cells: Vec<String> = sample.cells.iter().take(CELLS_SHOWN).map(cell).collect();
    if sample.cells.len() > CELLS_SHOWN {
        cells.push(and_more((sample.cells.len() - CELLS_SHOWN) as u64, w));
    }
    format!("{} {place}: {}", w.pick("row", "строка"), cells.join(", "))
}

fn remarks(diff: &TableDiff, w: Words) -> Vec<Row> {
    let texts = diff
        .remarks
        .iter()
        .filter_map(|remark| self::remark(remark, w));
    let rows = labelled(w.pick("note", "примечание"), texts, w).into_iter();
    rows.map(|row| Row {
        style: Some(Style::Dim),
        ..row
    })
    .collect()
}

fn remark(remark: &Remark, w: Words) -> Option<String> {
    let en = w.pick("en", "ru") == "en";
    let n = |count: &u64| w.number(*count);
    Some(match remark {
        Remark::NoKey => w
            .pick(
                "no column names each row of both versions: rows are compared whole, so a changed one \
                 counts as removed and added (--key COLUMN)",
                "ни один столбец не именует все строки обеих версий: строки сравниваются целиком, и \
                 изменённая считается удалённой и добавленной (--key СТОЛБЕЦ)",
            )
            .to_owned(),
        Remark::KeyUnknown => w
            .pick(
                "too many rows to find out which column names them: name it with --key COLUMN",
                "строк слишком много, чтобы найти столбец, который их именует: назовите его: --key СТОЛБЕЦ",
            )
            .to_owned(),
        Remark::KeyLost { column, in_a } => match (en, in_a) {
            (true, true) => format!("{column} named each row before and repeats now: duplicates?"),
            (true, false) => format!("{column} names each row now and repeated before"),
            (false, true) => {
                format!("{column}: раньше значения не повторялись, теперь повторяются: дубликаты?")
            }
            (false, false) => format!("{column}: раньше значения повторялись, теперь нет"),
        },
        Remark::KeyRepeats { a, b } => match en {
            true => format!("rows that share their key with another: {}", w.change(&n(a), &n(b))),
            false => format!("строк с повторяющимся ключом: {}", w.change(&n(a), &n(b))),
        },
        Remark::NoCommonColumns => w
            .pick("no column is in both versions", "в версиях нет общих столбцов")
            .to_owned(),
        // Plain from the columns that are listed above.
        Remark::CommonColumns { .. } => return None,
        Remark::Oversized { rows } => match en {
            true => format!("{} were too large to be compared", rows_of(*rows, w)),
            false => format!("не сравнивались слишком большие строки: {}", n(rows)),
        },
        Remark::UnclosedQuote { a, b } => {
            let side = |line: &Option<u64>, en, ru| {
                line.map(|line| format!("{}: {}", w.pick(en, ru), unclosed(line, w)))
            };
            let sides = [side(a, "before", "было"), side(b, "now", "стало")];
            sides.into_iter().flatten().collect::<Vec<_>>().join("; ")
        }
        Remark::RowsUnknown => w
            .pick(
                "rows can't be estimated: the columns differ, or a card has no hashes of rows, and \
                 there is no key",
                "строки не оценить: столбцы различаются или в карточке нет хешей строк, а ключа нет",
            )
            .to_owned(),
    })
}
