//! Two versions of a file or folder, compared, on a page of their own.

use super::{folder, table};
use crate::model::data::DataKind;
use crate::model::table_diff::{Change, DataDiff, Version};
use crate::report::diff::Look;
use crate::report::diff::text;
use crate::report::diff::told::Row;
use crate::report::diff::words::Words;
use crate::ui::escape::printable;
use crate::ui::number;
use crate::ui::style::Style;

/// The page, ending with a line break; `files` names of each kind are listed of a folder.
pub fn diff(diff: &DataDiff, files: usize, look: &Look) -> String {
    let w = look.words();
    let paths = w.change(&diff.a.path.display(), &diff.b.path.display());
    let digests = w.change(&digest(&diff.a, w), &digest(&diff.b, w));
    let mut page = format!(
        "{}    {digests}\n",
        look.paint(Style::Id, &printable(&paths))
    );
    page.push_str(&text::rows(&rows(diff, files, w), look, 2));
    for note in &diff.notes {
        page.push_str(&format!("{}\n", look.paint(Style::Dim, &printable(note))));
    }
    page
}

fn digest(version: &Version, w: Words) -> String {
    match &version.sha256 {
        Some(sha256) => sha256.short().to_owned(),
        None => w.dash().to_owned(),
    }
}

fn rows(diff: &DataDiff, files: usize, w: Words) -> Vec<Row> {
    match (diff.change, &diff.table, &diff.folder) {
        (Change::Same, ..) => vec![Row::spanning(
            w.pick("the same content", "содержимое то же"),
        )],
        (Change::LineEndings, ..) => vec![Row::spanning(w.pick(
            "only line endings differ (CRLF and LF)",
            "различаются только концы строк (CRLF и LF)",
        ))],
        (Change::Changed, Some(table), _) => table::rows(table, w),
        (Change::Changed, None, Some(folder)) => folder::rows(folder, files, w),
        (Change::Changed, None, None) => vec![other(diff, w)],
    }
}

/// Neither two tables nor two folders.
fn other(diff: &DataDiff, w: Words) -> Row {
    let size = |version: &Version| {
        let bytes = version
            .bytes
            .map_or(w.dash().to_owned(), |bytes| number::bytes_in(bytes, w.lang));
        match version.kind {
            DataKind::File => bytes,
            DataKind::Folder => format!("{} {bytes}", w.pick("folder,", "папка,")),
        }
    };
    Row::new(
        w.pick("size", "размер"),
        w.change(&size(&diff.a), &size(&diff.b)),
    )
}
