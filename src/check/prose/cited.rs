//! Parameters that a mini-log cites: `- model.n_estimators: 300`, `depth = 8`.

use std::collections::BTreeMap;

use super::markdown::{BlockKind, Page};
use super::{Places, Written};
use crate::model::{Number, Param};

/// A parameter written with another value than the record has.
#[derive(Clone, Debug, PartialEq)]
pub struct Cited {
    /// The parameter's full name.
    pub name: String,
    /// The value as written.
    pub written: String,
    /// The recorded value.
    pub recorded: Param,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// The wrong citations of a text.
///
/// A line counts when it is `key: value` or `key = value` with a number or a truth value, as a list
/// item, where the key is a parameter's full name or the last part of a single one.
pub fn params(text: &str, params: &BTreeMap<String, Param>) -> Vec<Cited> {
    if params.is_empty() {
        return Vec::new();
    }
    let page = Page::read(text);
    let places = Places::new(text);
    let mut wrong = Vec::new();
    for block in page.blocks() {
        if block.kind == BlockKind::Table {
            continue;
        }
        let mut start = block.start;
        for line in block.text.split_inclusive('\n') {
            if let Some((name, offset, value)) = citation(line)
                && let Some((name, recorded)) = resolve(params, name)
                && differs(value, recorded)
            {
                let (line, column) = places.of(start + offset);
                wrong.push(Cited {
                    name: name.clone(),
                    written: value.to_owned(),
                    recorded: recorded.clone(),
                    line,
                    column,
                });
            }
            start += line.len();
        }
    }
    wrong
}

/// Key, offset of the value, value.
fn citation(line: &str) -> Option<(&str, usize, &str)> {
    let trimmed = line.trim_start();
    let item = trimmed.strip_prefix(['-', '*', '+'])?.trim_start();
    let at = item.find([':', '='])?;
    let key = item[..at].trim().trim_matches(['`', '*']);
    let value = item[at + 1..]
        .trim()
        .trim_end_matches(['.', ';', ','])
        .trim_matches(['`', '*']);
    let known = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let plain = !key.is_empty() && key.replace('\\', "").chars().all(known);
    let offset = line.find(value).filter(|_| !value.is_empty())?;
    plain.then_some((key, offset, value))
}

fn resolve<'a>(params: &'a BTreeMap<String, Param>, key: &str) -> Option<(&'a String, &'a Param)> {
    let key = key.replace('\\', "");
    if let Some(found) = params.get_key_value(&key) {
        return Some(found);
    }
    let mut ends = params
        .iter()
        .filter(|(name, _)| name.rsplit('.').next() == Some(&key));
    let found = ends.next()?;
    ends.next().is_none().then_some(found)
}

/// Only what is surely another value: numbers and truth values are compared, words are not.
fn differs(written: &str, recorded: &Param) -> bool {
    if let Some(number) = recorded.number() {
        let exact = Number::parse(written).is_some_and(|written| written.same_value(&number));
        return !exact && Written::parse(written).is_some_and(|written| !written.matches(&number));
    }
    let truth = |text: &str| match text.to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    };
    match (truth(written), truth(&recorded.spelling())) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::param::ParamKind;

    #[test]
    fn wrong_values_are_found_and_right_ones_in_any_spelling_are_not() {
        let recorded: BTreeMap<String, Param> = [
            ("model.n_estimators", ParamKind::Int, "300"),
            ("optim.lr", ParamKind::Float, "0.001"),
            ("train.shuffle", ParamKind::Bool, "true"),
            ("a.depth", ParamKind::Int, "1"),
            ("b.depth", ParamKind::Int, "2"),
            ("model.type", ParamKind::Str, "rf"),
        ]
        .into_iter()
        .map(|(name, kind, text)| (name.to_owned(), Param::leaf(kind, text)))
        .collect();
        let text = "- model.n_estimators: 300\n- `n_estimators` = 500\n- lr: 1e-3\n- lr: 0,002\n\
                    - shuffle: False\n- depth: 9\n- model.type: boosting\n- n\\_estimators: 300\n\
                    n_estimators: 7 in a sentence\n";
        let found: Vec<String> = params(text, &recorded)
            .into_iter()
            .map(|cited| {
                format!(
                    "{}:{} {} {}",
                    cited.line, cited.column, cited.name, cited.written
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                "2:20 model.n_estimators 500",
                "4:7 optim.lr 0,002",
                "5:12 train.shuffle False"
            ]
        );
    }
}
