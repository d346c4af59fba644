//! Comments that people typed into the generated tables, read back.

use std::borrow::Cow;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx, XlsxError};

use super::overview::{columns, comment, is_comment};
use super::sheet;
use crate::error::{Failure, Result};
use crate::model::RunId;
use crate::settings::Lang;

/// A row of a table that somebody may have edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// The run's number.
    pub number: u32,
    /// Its folder name, where the row says it.
    pub id: Option<RunId>,
    /// The comment as it reads.
    pub comment: String,
}

/// What is to be done with a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The record says the same.
    Same,
    /// The table was not edited since it was generated; the record was.
    Outdated,
    /// The comment was removed from the table; a record does not forget.
    Emptied,
    /// It goes into the record.
    Absorb,
    /// Table and record were both edited.
    Conflict,
}

/// Compares a typed comment with the record, and with what was generated last.
pub fn fate(typed: &str, recorded: &str, generated: Option<&str>) -> Fate {
    if typed == recorded {
        Fate::Same
    } else if generated == Some(typed) {
        Fate::Outdated
    } else if typed.is_empty() {
        Fate::Emptied
    } else if recorded.is_empty() || generated == Some(recorded) || typed.contains(recorded) {
        Fate::Absorb
    } else {
        Fate::Conflict
    }
}

/// A conclusion as a table shows it: on one line.
pub fn shown(conclusion: Option<&str>) -> String {
    conclusion
        .unwrap_or_default()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Reads the comments of `experiments.md`.
///
/// # Errors
/// When the table is not there or has lost its id or comment column.
pub fn from_markdown(text: &str) -> Result<Vec<Typed>> {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('|'));
    table("experiments.md", lines.map(markdown_cells), one_line)
}

/// The rows under the first line, which names the columns. Rows of no run are left out.
fn table(
    file: &str,
    mut lines: impl Iterator<Item = Vec<String>>,
    clean: impl Fn(&str) -> String,
) -> Result<Vec<Typed>> {
    let Some(headings) = lines.next() else {
        return Err(no_column(file, "id", &[]));
    };
    let (id, comment) = places(file, &headings)?;
    let row = |cells: Vec<String>| {
        let (number, run) = run_of(cells.get(id)?)?;
        let comment = cells.get(comment).map(|cell| clean(cell));
        Some(Typed {
            number,
            id: run,
            comment: comment.unwrap_or_default(),
        })
    };
    Ok(lines.filter_map(row).collect())
}

/// Splits a table's line and takes the escapes back that our own writer makes.
fn markdown_cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut chars = line.trim_start_matches('|').chars();
    let push = |cells: &mut Vec<String>, c: char| {
        if let Some(cell) = cells.last_mut() {
            cell.push(c);
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped) if escaped.is_ascii_punctuation() => push(&mut cells, escaped),
                Some(other) => {
                    push(&mut cells, '\\');
                    push(&mut cells, other);
                }
                None => push(&mut cells, '\\'),
            },
            '|' => cells.push(String::new()),
            c => push(&mut cells, c),
        }
    }
    cells
        .iter()
        .map(|cell| {
            cell.trim()
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
        })
        .collect()
}

/// Reads the comments of `experiments.csv`, as this program or a spreadsheet program wrote it.
///
/// The delimiter is the one of `,` `;` and TAB that the heading is split by. Bytes that are not
/// UTF-8 are taken for Windows-1251, as a Russian Excel saves; the second value says so.
///
/// # Errors
/// When the table has lost its id or comment column, or its quotes don't match.
pub fn from_csv(bytes: &[u8]) -> Result<(Vec<Typed>, bool)> {
    let (text, foreign) = decode(bytes);
    let heading = text.lines().next().unwrap_or_default();
    let count = |delimiter: &char| heading.matches(*delimiter).count();
    let delimiter = [',', ';', '\t']
        .into_iter()
        .max_by_key(count)
        .unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            Failure::new("experiments.csv can't be read as a table").because(error)
        })?;
        lines.push(record.iter().map(str::to_owned).collect());
    }
    let clean = |cell: &str| one_line(sheet::uncell(cell));
    let rows = table("experiments.csv", lines.into_iter(), clean)?;
    Ok((rows, foreign))
}

/// Reads the comments of `experiments.xlsx`: of its first sheet, wherever its columns were moved.
///
/// # Errors
/// When it is no workbook, or its sheet has lost its id or comment column.
pub fn from_workbook(bytes: &[u8]) -> Result<Vec<Typed>> {
    const FILE: &str = "experiments.xlsx";
    let unreadable = |error: XlsxError| {
        Failure::new(format!("{FILE} can't be read as a workbook"))
            .because(error)
            .hint("make it anew: git exp table --format xlsx")
    };
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let sheet = match book.worksheet_range_at(0) {
        Some(sheet) => sheet.map_err(unreadable)?,
        None => return Err(no_column(FILE, "id", &[])),
    };
    let cells = |row: &[Data]| row.iter().map(ToString::to_string).collect();
    table(FILE, sheet.rows().map(cells), one_line)
}

fn decode(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    let (text, encoding, broken) = encoding_rs::UTF_8.decode(bytes);
    if !broken {
        return (text, encoding != encoding_rs::UTF_8);
    }
    (encoding_rs::WINDOWS_1251.decode(bytes).0, true)
}

/// Where the two columns are that matter; people may have moved and added others.
fn places(file: &str, headings: &[String]) -> Result<(usize, usize)> {
    let place = |is: fn(&str) -> bool, name: &str| {
        let found = headings.iter().position(|heading| is(heading));
        found.ok_or_else(|| no_column(file, name, headings))
    };
    let id = place(|heading| heading.trim().eq_ignore_ascii_case("id"), "id")?;
    Ok((id, place(is_comment, comment(language(headings)))?))
}

/// The language of a table: of its other headings, when people took one away.
fn language(headings: &[String]) -> Lang {
    let is_ru = |heading: &String| columns(Lang::Ru)[1..].contains(&heading.trim());
    match headings.iter().any(is_ru) {
        true => Lang::Ru,
        false => Lang::En,
    }
}

fn no_column(file: &str, name: &str, headings: &[String]) -> Failure {
    let failure = Failure::new(format!("{file} has no column `{name}`"));
    let failure = match headings {
        [] => failure.because("there is no table in it"),
        _ => {
            let named = headings.iter().filter(|heading| !heading.trim().is_empty());
            let named: Vec<&str> = named.map(String::as_str).collect();
            failure.because(format!("its columns are {}", named.join(", ")))
        }
    };
    let anew = match file.ends_with(".xlsx") {
        true => "git exp table --format xlsx",
        false => "git exp table --write",
    };
    failure
        .hint(format!(
            "name the column `{name}` again; others may be moved, added and removed"
        ))
        .hint(format!("or make the table anew: {anew}"))
}

/// `exp_003`, `[exp_003](runs/exp_003_tuned/README.md)`, `exp_003_tuned` or `3`.
fn run_of(cell: &str) -> Option<(u32, Option<RunId>)> {
    let cell = cell.trim();
    let linked = cell.split_once("](").and_then(|(_, target)| {
        RunId::parse(target.trim_start_matches("runs/").split('/').next()?)
    });
    let label = cell
        .trim_start_matches('[')
        .split(']')
        .next()
        .unwrap_or(cell);
    let id = linked.or_else(|| RunId::parse(label));
    let number = match &id {
        Some(id) => id.number,
        None => label.strip_prefix("exp_").unwrap_or(label).parse().ok()?,
    };
    Some((number, id))
}

fn one_line(text: &str) -> String {
    shown(Some(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Brief, Run, Uid};
    use crate::report::overview::Overview;
    use crate::settings::ProjectSettings;

    #[test]
    fn every_case_of_who_edited_what() {
        for (typed, recorded, generated, expected) in [
            ("a", "a", None, Fate::Same),
            ("a", "b", Some("a"), Fate::Outdated),
            ("", "b", Some("b"), Fate::Emptied),
            ("a", "", None, Fate::Absorb),
            ("a", "b", Some("b"), Fate::Absorb),
            ("b, and more", "b", None, Fate::Absorb),
            ("a", "b", Some("c"), Fate::Conflict),
            ("a", "b", None, Fate::Conflict),
        ] {
            assert_eq!(
                fate(typed, recorded, generated),
                expected,
                "{typed} {recorded}"
            );
        }
    }

    fn table(comment: &str, lang: Lang) -> Overview {
        let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
        let id = RunId::parse("exp_003_tuned").unwrap();
        let mut run = Brief::from(&Run::new(Uid::new(0, &[7; 10]), id, started));
        run.conclusion = Some(comment.to_owned());
        Overview::standard(&[&run], &ProjectSettings::default(), lang)
    }

    proptest! {
        #[test]
        fn what_was_generated_reads_back_as_it_was(comment in "[a-zа-я0-9|`*<>&;,\"'=+@\\[\\]\\\\\n -]{0,30}") {
            for lang in [Lang::En, Lang::Ru] {
                let table = table(&comment, lang);
                let wanted = Typed {
                    number: 3,
                    id: RunId::parse("exp_003_tuned"),
                    comment: shown(Some(&comment)),
                };
                prop_assert_eq!(from_markdown(&table.markdown()).unwrap(), std::slice::from_ref(&wanted));
                let wanted = Typed { id: None, ..wanted };
                for csv in [table.csv(), table.csv_for_excel()] {
                    let (rows, foreign) = from_csv(csv.as_bytes()).unwrap();
                    prop_assert!(!foreign);
                    prop_assert_eq!(&rows, std::slice::from_ref(&wanted), "{}", csv);
                }
            }
        }
    }

    #[test]
    fn what_a_spreadsheet_program_saves_is_read() {
        let russian = "comment;id;mine\r\nлучший;exp_003;x\r\n\r\n;4;\r\n";
        let (bytes, ..) = encoding_rs::WINDOWS_1251.encode(russian);
        let (rows, foreign) = from_csv(&bytes).unwrap();
        assert!(foreign);
        assert_eq!(rows.iter().map(|r| r.number).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(rows[0].comment, "лучший");
        let error = from_csv(b"number,remark\n1,x\n").unwrap_err();
        assert_eq!(error.message(), "experiments.csv has no column `id`");
        let error = from_markdown("| id | Описание | метрики |\n").unwrap_err();
        assert_eq!(
            error.message(),
            "experiments.md has no column `комментарий`"
        );
    }
}
