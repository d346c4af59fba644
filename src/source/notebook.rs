//! A Jupyter notebook by what is typed into it: outputs, counts and metadata are left aside
//! (nbformat 4).

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Language, cosmetic};

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// Whether it is code; else it is text.
    pub code: bool,
    /// What is typed into it.
    pub source: String,
}

/// How two notebooks differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellChange {
    /// Cells that differ, came or went, text included.
    pub cells: u64,
    /// Whether code differs by more than comments and white space.
    pub code: bool,
}

/// Cells that are compared pairwise at the most; the cost grows with the square.
const MOST: usize = 5_000;

/// The cells of a notebook; `None` when it is none of format 4.
pub fn cells(text: &[u8]) -> Option<Vec<Cell>> {
    let document: Value = serde_json::from_slice(text).ok()?;
    let list = document.get("cells")?.as_array()?;
    list.iter().map(cell).collect()
}

fn cell(value: &Value) -> Option<Cell> {
    let source = match value.get("source")? {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines
            .iter()
            .map(Value::as_str)
            .collect::<Option<String>>()?,
        _ => return None,
    };
    Some(Cell {
        code: value.get("cell_type")?.as_str()? == "code",
        source: source.trim_end().replace("\r\n", "\n"),
    })
}

/// Compares two notebooks; `None` when one can't be read.
pub fn compare(a: &[u8], b: &[u8]) -> Option<CellChange> {
    let (a, b) = (cells(a)?, cells(b)?);
    if a.len().max(b.len()) > MOST {
        return None;
    }
    let mut change = CellChange {
        cells: 0,
        code: false,
    };
    for op in capture_diff_slices(Algorithm::Myers, &a, &b) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (old, new) = (&a[op.old_range()], &b[op.new_range()]);
        change.cells += old.len().max(new.len()) as u64;
        change.code |= !same_code(old, new);
    }
    Some(change)
}

/// Whether the code cells of both stretches are the same but for comments and white space.
fn same_code(a: &[Cell], b: &[Cell]) -> bool {
    let code = |cells: &[Cell]| -> Vec<String> {
        let code = cells
            .iter()
            .filter(|cell| cell.code && !cell.source.is_empty());
        code.map(|cell| cell.source.clone()).collect()
    };
    let (a, b) = (code(a), code(b));
    let same = |a: &String, b: &String| {
        // A line of the shell or a magic is none of Python's, and nobody's here.
        a == b || cosmetic::is_cosmetic(Language::Python, a.as_bytes(), b.as_bytes()) == Some(true)
    };
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| same(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notebook(cells: &[(&str, &str, u32)]) -> Vec<u8> {
        let cells: Vec<Value> = cells
            .iter()
            .map(|(kind, source, count)| {
                serde_json::json!({"cell_type": kind, "source": [source], "execution_count": count,
                    "outputs": [{"text": format!("{count}")}], "metadata": {"id": count}})
            })
            .collect();
        serde_json::to_vec(&serde_json::json!({"cells": cells, "nbformat": 4})).unwrap()
    }

    #[test]
    fn outputs_and_counts_are_no_change() {
        let before = notebook(&[("code", "x = 1", 1), ("markdown", "text", 0)]);
        let change = |after: &[(&str, &str, u32)]| {
            let change = compare(&before, &notebook(after)).unwrap();
            (change.cells, change.code)
        };
        assert_eq!(
            change(&[("code", "x = 1\n", 7), ("markdown", "text", 9)]),
            (0, false)
        );
        assert_eq!(
            change(&[("code", "x = 2", 1), ("markdown", "text", 0)]),
            (1, true)
        );
        assert_eq!(
            change(&[("code", "x =  1 # one", 1), ("markdown", "other", 0)]),
            (2, false)
        );
        assert_eq!(change(&[("code", "x = 1", 1)]), (1, false));
        assert_eq!(
            change(&[("code", "!ls", 1), ("code", "x = 1", 1)]),
            (2, true)
        );
        assert_eq!(compare(&before, b"{}"), None);
        assert_eq!(compare(&before, b"not json"), None);
    }
}
