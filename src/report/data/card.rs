//! A data card on a terminal.

use unicode_width::UnicodeWidthStr;

use super::folder::pictures;
use super::table::kind;
use crate::model::card::{Card, Column, Form, LineEndings, Table, TableFormat};
use crate::model::data::DataKind;
use crate::report::diff::Look;
use crate::report::diff::inputs::rows_of;
use crate::report::diff::words::Words;
use crate::settings::Lang;
use crate::ui::escape::printable;
use crate::ui::number;
use crate::ui::style::Style;
use crate::ui::table::{Align, fit_ends};

/// Types of files that are listed of a folder.
const TYPES_SHOWN: usize = 20;
/// What stands before each line of a list.
const INDENT: &str = "  ";
/// The most that is shown of a column's name where lines would be cut.
const NAME: usize = 20;
/// The place of the mean among the columns; where lines would be cut, it is the one to spare.
const MEAN: usize = 6;
/// Columns that are told to hold odd cells.
const ODD_SHOWN: usize = 5;

/// The card of what lies at a path, ending with a line break.
pub fn card(path: &str, card: &Card, look: &Look) -> String {
    let w = look.words();
    let mut lines = vec![look.paint(Style::Id, &printable(path))];
    let mut fact = |name: &str, text: &str| {
        lines.push(format!("  {}{text}", crate::ui::table::pad(name, 11)));
    };
    fact("sha256", card.sha256.as_str());
    fact(w.pick("size", "размер"), &size(card, w));
    if let Some(found) = &card.pictures {
        fact(w.pick("images", "картинки"), &pictures(found, w));
    }
    if let Some(table) = &card.table {
        fact(w.pick("table", "таблица"), &dimensions(table, w));
        fact(w.pick("form", "формат"), &form(&table.form(), w));
        let odd = odd(table, w);
        if !odd.is_empty() {
            fact(w.pick("odd", "странности"), &odd);
        }
    }
    if let Some(why) = &card.unread {
        fact(w.pick("table", "таблица"), &printable(why));
    }
    if let Some(table) = card
        .table
        .as_ref()
        .filter(|table| !table.columns.is_empty())
    {
        lines.push(String::new());
        lines.extend(columns(table, look));
    }
    lines.extend(types(card, w));
    lines.join("\n") + "\n"
}

fn size(card: &Card, w: Words) -> String {
    let mut bytes = number::bytes_in(card.bytes, w.lang);
    if card.bytes >= 1024 {
        let unit = w.pick("B", "Б");
        bytes.push_str(&format!(" ({} {unit})", w.number(card.bytes)));
    }
    match (card.kind, card.files) {
        (DataKind::Folder, Some(files)) => {
            let files = w.count(files, ["file", "files"], ["файл", "файла", "файлов"]);
            format!("{files}, {bytes}")
        }
        _ => bytes,
    }
}

fn dimensions(table: &Table, w: Words) -> String {
    let count = table.columns.len() as u64 + table.columns_left_out;
    let columns = w.count(count, ["col", "cols"], ["столбец", "столбца", "столбцов"]);
    let mut text = format!("{} {} {columns}", rows_of(table.rows, w), w.times());
    match (&table.key, table.rows_unique) {
        (Some(key), _) => {
            text.push_str(&format!(
                "   ({}: {})",
                w.pick("key", "ключ"),
                printable(key)
            ));
        }
        (None, Some(false)) => {
            text.push_str(w.pick("   (some rows are repeated)", "   (есть повторы строк)"));
        }
        _ => {}
    }
    text
}

/// `CSV with `,`, utf-8, LF`
pub fn form(form: &Form, w: Words) -> String {
    let mut parts = vec![match form.format {
        TableFormat::Csv => "CSV".to_owned(),
        TableFormat::Jsonl => "JSON Lines".to_owned(),
        TableFormat::Parquet => return "Parquet".to_owned(),
    }];
    if let Some(delimiter) = form.delimiter {
        let shown = match delimiter {
            '\t' => "tab".to_owned(),
            other => format!("`{other}`"),
        };
        parts[0].push_str(&format!(" {} {shown}", w.pick("with", "с разделителем")));
    }
    parts.extend(
        form.decimal
            .map(|comma| format!("{} `{comma}`", w.pick("decimal", "десятичный знак"))),
    );
    let bom = if form.bom { " + BOM" } else { "" };
    parts.push(match &form.encoding {
        Some(encoding) => format!("{encoding}{bom}"),
        None => w
            .pick("unknown encoding", "кодировка неизвестна")
            .to_owned(),
    });
    parts.extend(form.line_endings.map(|endings| {
        match endings {
            LineEndings::Lf => "LF".to_owned(),
            LineEndings::Crlf => "CRLF".to_owned(),
            LineEndings::Cr => "CR".to_owned(),
            LineEndings::Mixed => w
                .pick("mixed line endings", "разные концы строк")
                .to_owned(),
        }
    }));
    if form.gzip {
        parts.push("gzip".to_owned());
    }
    if form.header == Some(false) {
        parts.push(w.pick("no header", "без заголовка").to_owned());
    }
    parts.join(", ")
}

fn odd(table: &Table, w: Words) -> String {
    let counts = [
        (table.ragged, w.pick("of another width", "другой ширины")),
        (
            table.oversized,
            w.pick("too large to look into", "слишком большие"),
        ),
    ];
    let told = counts.iter().filter(|(count, _)| *count > 0);
    let mut told: Vec<String> = told
        .map(|(n, what)| format!("{} {what}", rows_of(*n, w)))
        .collect();
    told.extend(table.unclosed_quote.map(|line| unclosed(line, w)));
    told.extend(repeated(table, w));
    if table.columns_left_out > 0 {
        let beyond = w.count(
            table.columns_left_out,
            ["col", "cols"],
            ["столбец", "столбца", "столбцов"],
        );
        told.push(format!(
            "{beyond} {}",
            w.pick("not looked at", "не прочитано")
        ));
    }
    let columns: Vec<String> = table
        .columns
        .iter()
        .filter_map(|c| odd_cells(c, w))
        .collect();
    let more = columns.len().saturating_sub(ODD_SHOWN);
    told.extend(columns.into_iter().take(ODD_SHOWN));
    if more > 0 {
        told.push(format!(
            "{} {more}",
            w.pick("and more such columns:", "и ещё таких столбцов:")
        ));
    }
    told.join("; ")
}

/// Names that several columns have.
fn repeated(table: &Table, w: Words) -> Option<String> {
    let mut names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    names.sort_unstable();
    let repeats = names.chunk_by(|a, b| a == b).filter(|same| same.len() > 1);
    let told: Vec<String> = repeats
        .take(ODD_SHOWN)
        .map(|same| format!("`{}` ({})", printable(same[0]), same.len()))
        .collect();
    let what = w.pick("columns of one name:", "столбцы с одним именем:");
    (!told.is_empty()).then(|| format!("{what} {}", told.join(", ")))
}

/// A quote that nothing closes.
pub fn unclosed(line: u64, w: Words) -> String {
    let line = w.number(line);
    match w.lang {
        Lang::En => format!("the quote that opens on line {line} is never closed"),
        Lang::Ru => format!("кавычка, открытая в строке {line}, не закрыта"),
    }
}

/// What cells of a column are not like the others.
fn odd_cells(column: &Column, w: Words) -> Option<String> {
    let infinite = column
        .numbers
        .as_ref()
        .map_or(0, |numbers| numbers.infinite);
    let mut parts: Vec<String> = column
        .mixed
        .iter()
        .map(|(kind, count)| format!("{} {kind}", number::count(*count)))
        .collect();
    if infinite > 0 {
        let what = w.pick("infinite", "бесконечных");
        parts.push(format!("{} {what}", number::count(infinite)));
    }
    let name = printable(&column.name);
    (!parts.is_empty()).then(|| format!("{name}: {}", parts.join(", ")))
}

fn columns(table: &Table, look: &Look) -> Vec<String> {
    let w = look.words();
    let room = look.width.saturating_sub(INDENT.len());
    let lines = |is_narrow: bool| {
        let mut headings = vec![
            (w.pick("column", "столбец"), Align::Left),
            (w.pick("type", "тип"), Align::Left),
            (w.pick("empty", "пусто"), Align::Right),
            (w.pick("values", "значений"), Align::Right),
            (w.pick("min", "мин"), Align::Right),
            (w.pick("median", "медиана"), Align::Right),
            (w.pick("max", "макс"), Align::Right),
        ];
        if !is_narrow {
            headings.insert(MEAN, (w.pick("mean", "среднее"), Align::Right));
        }
        let mut grid = crate::ui::table::Table::new(&headings);
        for column in &table.columns {
            let mut cells = cells(column, table, w).to_vec();
            if is_narrow {
                cells.remove(MEAN);
                cells[0] = fit_ends(&cells[0], NAME);
                cells[1..].iter_mut().for_each(day_only);
            }
            grid.row(&cells);
        }
        grid.lines(usize::MAX)
    };
    let mut whole = lines(false);
    if whole.iter().any(|line| line.width() > room) {
        whole = lines(true);
    }
    let line = |line: String| format!("{INDENT}{}", crate::ui::table::fit(&line, room));
    whole.into_iter().map(line).collect()
}

/// Takes the time off `2024-01-31T10:00:00`.
fn day_only(cell: &mut String) {
    if let Some((day, _)) = cell.split_once('T') {
        *cell = day.to_owned();
    }
}

fn cells(column: &Column, table: &Table, w: Words) -> [String; 8] {
    let looked_at = table.rows - table.oversized;
    let empty = match (column.empty, looked_at) {
        (0, _) | (_, 0) => "0 %".to_owned(),
        (empty, all) => format!("{:.1} %", empty as f64 / all as f64 * 100.0),
    };
    let distinct = column
        .distinct
        .as_ref()
        .map(|distinct| match distinct.error {
            Some(_) => format!("{}{}", w.pick("about ", "около "), w.number(distinct.count)),
            None => w.number(distinct.count),
        });
    let numbers = column.numbers.as_ref();
    let of = |value: Option<&crate::model::Number>| value.map(number::metric).unwrap_or_default();
    let dates = column.dates.as_ref();
    let bound = |number, date: Option<&String>| match date {
        Some(date) => date.clone(),
        None => of(number),
    };
    [
        column.name.clone(),
        kind(column.kind).to_owned(),
        empty,
        distinct.unwrap_or_default(),
        bound(
            numbers.and_then(|n| n.min.as_ref()),
            dates.map(|d| &d.earliest),
        ),
        of(numbers.and_then(|n| n.quantiles.get("p50"))),
        of(numbers.and_then(|n| n.mean.as_ref())),
        bound(
            numbers.and_then(|n| n.max.as_ref()),
            dates.map(|d| &d.latest),
        ),
    ]
}

fn types(card: &Card, w: Words) -> Vec<String> {
    let mut types: Vec<_> = card.types.iter().collect();
    types.sort_by_key(|(_, total)| std::cmp::Reverse(total.bytes));
    let more = types.len().saturating_sub(TYPES_SHOWN);
    types.truncate(TYPES_SHOWN);
    let line = |(name, total): (&String, &crate::model::card::TypeTotal)| {
        let name = match name.as_str() {
            "" => w.pick("(no extension)", "(без расширения)").to_owned(),
            name => format!(".{}", printable(name)),
        };
        let files = w.count(total.files, ["file", "files"], ["файл", "файла", "файлов"]);
        let each = match (total.smallest, total.largest) {
            (Some(least), Some(most)) if least < most => {
                let (least, most) = (
                    number::bytes_in(least, w.lang),
                    number::bytes_in(most, w.lang),
                );
                match w.lang {
                    Lang::En => format!(" ({least} to {most} each)"),
                    Lang::Ru => format!(" (от {least} до {most})"),
                }
            }
            _ => String::new(),
        };
        format!(
            "  {}{files}, {}{each}",
            crate::ui::table::pad(&name, 16),
            number::bytes_in(total.bytes, w.lang)
        )
    };
    let mut lines: Vec<String> = types.into_iter().map(line).collect();
    if more > 0 {
        lines.push(format!(
            "  {} {more}",
            w.pick("and more types:", "и ещё типов:")
        ));
    }
    lines
}
