//! How a data input changed, outside and inside.

use super::changed::block;
use super::told::{Block, Row};
use super::words::Words;
use crate::compare::axes::data::{InputChange, InputKind, short_path};
use crate::compare::evidence::Difference;
use crate::compare::{Axis, Comparison};
use crate::model::data::DataInput;
use crate::report::data::{folder, table};
use crate::ui::escape::printable;
use crate::ui::number;

/// Files of a folder that are named.
const FILES_SHOWN: usize = 5;
/// As much of another system's name for a content as of a digest.
const SHORT_ID: usize = 8;

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
    let rows = inside_rows(input, w);
    Some(block(axis, w, format!("{}: {head}", input.role), rows))
}

fn digest(input: &DataInput, w: Words) -> String {
    match (&input.sha256, &input.pointer) {
        (Some(sha256), _) => sha256.short().to_owned(),
        // Nobody saw the content; what keeps it has a name for it.
        (None, Some(pointer)) => {
            // A key of git-annex begins with how it was made: `SHA256E-s5--…`.
            let name = pointer.id.rsplit("--").next().unwrap_or(&pointer.id);
            let id: String = name.chars().take(SHORT_ID).collect();
            format!("{} {}", pointer.kind, printable(&id))
        }
        (None, None) => w.dash().to_owned(),
    }
}

/// How an input changed inside, as far as anybody looked; else its size.
pub fn inside_rows(input: &InputChange, w: Words) -> Vec<Row> {
    match &input.inside {
        Some(Difference::Table(diff)) => table::rows(diff, w),
        Some(Difference::Folder(diff)) => {
            let size = size_row(input, w).into_iter();
            size.chain(folder::rows(diff, FILES_SHOWN, w)).collect()
        }
        Some(Difference::LineEndings) | None => size_row(input, w).into_iter().collect(),
    }
}

fn size_row(input: &InputChange, w: Words) -> Option<Row> {
    let (a, b) = (input.a.as_ref()?, input.b.as_ref()?);
    let text = w.change(&size_of(a, w)?, &size_of(b, w)?);
    let delta = match (a.rows, b.rows) {
        (Some(a), Some(b)) if a != b => {
            let sign = if b > a { "+" } else { "-" };
            format!("   ({sign}{})", w.number(a.abs_diff(b)))
        }
        _ => String::new(),
    };
    Some(Row::new(w.pick("size", "размер"), format!("{text}{delta}")))
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
        (None, Some(n), Some(bytes)) => {
            Some(format!("{}, {}", files(n), number::bytes_in(bytes, w.lang)))
        }
        (None, Some(n), None) => Some(files(n)),
        (None, None, Some(bytes)) => Some(number::bytes_in(bytes, w.lang)),
        (None, None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::sample;
    use crate::settings::Lang;

    #[test]
    fn sizes_are_told_in_the_language_of_the_reader() {
        let mut input = sample::data("train", "img", "5d07ab13", 1);
        (input.rows, input.files, input.bytes) = (None, Some(4), Some(16));
        let told = |input: &DataInput, lang| {
            size_of(
                input,
                Words {
                    lang,
                    unicode: true,
                },
            )
            .unwrap()
        };
        assert_eq!(told(&input, Lang::Ru), "4 файла, 16 Б");
        input.files = None;
        assert_eq!(told(&input, Lang::Ru), "16 Б");
        assert_eq!(told(&input, Lang::En), "16 B");
    }
}
