//! Numbers in tables: a column that is a metric and a row that is a run, or the other way round.

use std::collections::BTreeSet;

use super::alias::{Names, split_word};
use super::markdown::Block;
use super::mention::{Mentions, runs_in};
use super::token::{Token, tokens};
use super::{Kind, Loose, Records, compare};
use crate::model::Brief;

/// A cell: its text and its offset in the document.
struct Cell<'a> {
    text: &'a str,
    at: usize,
}

/// The claims of a table.
pub fn claims(block: &Block<'_>, own: Option<&Brief>, records: &dyn Records) -> Vec<Loose> {
    let rows = rows(block);
    let Some((header, body)) = rows.split_first() else {
        return Vec::new();
    };
    let body: Vec<&Vec<Cell<'_>>> = body.iter().filter(|row| !is_rule(row)).collect();
    let columns: Vec<Option<&Brief>> = header
        .iter()
        .map(|cell| only_run(cell.text, records))
        .collect();
    if columns.iter().flatten().count() > 0 {
        return by_row(&body, &columns);
    }
    let mut all = Vec::new();
    for row in body {
        let Some(run) = row_run(row, records).or(own) else {
            continue;
        };
        let names = Names::of([run]);
        for (heading, cell) in header.iter().zip(row) {
            let candidates = metric_of(&names, heading.text);
            all.extend(claim(run, &candidates, cell));
        }
    }
    all
}

/// Runs stand in the header, metrics in the first column.
fn by_row(body: &[&Vec<Cell<'_>>], columns: &[Option<&Brief>]) -> Vec<Loose> {
    let mut all = Vec::new();
    for row in body {
        let Some(first) = row.first() else {
            continue;
        };
        for (run, cell) in columns.iter().zip(row.iter()).skip(1) {
            if let Some(run) = run {
                let candidates = metric_of(&Names::of([*run]), first.text);
                all.extend(claim(run, &candidates, cell));
            }
        }
    }
    all
}

fn claim(run: &Brief, candidates: &[String], cell: &Cell<'_>) -> Option<Loose> {
    let found = tokens(cell.text).into_iter().find_map(|at| match at.token {
        Token::Number(number) => Some((number, at.start)),
        _ => None,
    });
    let (written, start) = found?;
    if written.is_signed() {
        return None;
    }
    compare(run, candidates, written, cell.at + start, Kind::Table)
}

/// The metrics that a heading names. It must name nothing else, or a column of differences or
/// thresholds would be taken for the metric.
fn metric_of(names: &Names, heading: &str) -> Vec<String> {
    let all = tokens(heading);
    let mentions = Mentions::find(&all, names);
    let [mention] = &mentions.all[..] else {
        return Vec::new();
    };
    let split = mentions.words.iter().find_map(|word| split_word(word));
    let around: BTreeSet<String> = mentions.words.iter().cloned().collect();
    let foreign = [
        "δ",
        "delta",
        "diff",
        "разница",
        "прирост",
        "порог",
        "threshold",
        "std",
        "±",
        "rank",
        "место",
    ];
    if mentions
        .words
        .iter()
        .any(|word| foreign.contains(&word.as_str()))
        || heading.contains(['Δ', '±'])
    {
        return Vec::new();
    }
    names.candidates(&mention.mention, split, &around)
}

/// The run that a row is about: the only one in the first cell that names any.
fn row_run<'r>(row: &[Cell<'_>], records: &'r dyn Records) -> Option<&'r Brief> {
    row.iter()
        .map(|cell| runs_in(cell.text, records))
        .find(|runs| !runs.is_empty())
        .and_then(|runs| match runs[..] {
            [run] => Some(run),
            _ => None,
        })
}

fn only_run<'r>(text: &str, records: &'r dyn Records) -> Option<&'r Brief> {
    match runs_in(text, records)[..] {
        [run] => Some(run),
        _ => None,
    }
}

fn rows<'a>(block: &Block<'a>) -> Vec<Vec<Cell<'a>>> {
    let mut start = block.start;
    let mut rows = Vec::new();
    for line in block.text.split_inclusive('\n') {
        rows.push(cells(line, start));
        start += line.len();
    }
    rows
}

fn cells(line: &str, start: usize) -> Vec<Cell<'_>> {
    let body = line.trim_end();
    let lead = body.len() - body.trim_start().len();
    let inner = body.trim_start();
    let inner_start = start + lead + usize::from(inner.starts_with('|'));
    let inner = inner.strip_prefix('|').unwrap_or(inner);
    let inner = inner
        .strip_suffix('|')
        .filter(|rest| !rest.ends_with('\\'))
        .unwrap_or(inner);
    let mut cells = Vec::new();
    let mut from = 0;
    let bytes = inner.as_bytes();
    for at in 0..=bytes.len() {
        let is_end =
            at == bytes.len() || (bytes[at] == b'|' && (at == 0 || bytes[at - 1] != b'\\'));
        if is_end {
            cells.push(Cell {
                text: &inner[from..at],
                at: inner_start + from,
            });
            from = at + 1;
        }
    }
    cells
}

fn is_rule(row: &[Cell<'_>]) -> bool {
    row.iter()
        .all(|cell| cell.text.trim().chars().all(|c| matches!(c, '-' | ':')))
}
