//! How two versions of a folder differ, line by line.

use crate::model::RecordPath;
use crate::model::table_diff::FolderDiff;
use crate::report::diff::told::Row;
use crate::report::diff::words::Words;

/// Counts, and the first `most` names of each kind.
pub fn rows(diff: &FolderDiff, most: usize, w: Words) -> Vec<Row> {
    let n = |count: usize| w.number(count as u64);
    let counts = [
        format!("+{} {}", n(diff.added.len()), w.pick("added", "добавлено")),
        format!(
            "-{} {}",
            n(diff.removed.len()),
            w.pick("removed", "удалено")
        ),
        format!(
            "{} {}",
            n(diff.changed.len()),
            w.pick("changed", "изменено")
        ),
        format!(
            "{} {}",
            n(diff.renamed.len()),
            w.pick("renamed", "переименовано")
        ),
        format!(
            "{} {}",
            w.number(diff.same),
            w.pick("the same", "без изменений")
        ),
    ];
    let mut rows = vec![Row::new(w.pick("files", "файлы"), counts.join("   "))];
    let paths = |list: &[RecordPath]| -> Vec<String> {
        list.iter()
            .map(|path| path.display().into_owned())
            .collect()
    };
    let renamed: Vec<String> = diff
        .renamed
        .iter()
        .map(|file| w.change(&file.a.display(), &file.b.display()))
        .collect();
    rows.extend(names(
        w.pick("added", "добавлено"),
        &paths(&diff.added),
        most,
        w,
    ));
    rows.extend(names(
        w.pick("removed", "удалено"),
        &paths(&diff.removed),
        most,
        w,
    ));
    rows.extend(names(
        w.pick("changed", "изменено"),
        &paths(&diff.changed),
        most,
        w,
    ));
    rows.extend(names(w.pick("renamed", "переименовано"), &renamed, most, w));
    rows
}

fn names(label: &str, names: &[String], most: usize, w: Words) -> Option<Row> {
    if names.is_empty() || most == 0 {
        return None;
    }
    let mut shown: Vec<String> = names.iter().take(most).cloned().collect();
    if names.len() > most {
        let more = w.number((names.len() - most) as u64);
        shown.push(format!(
            "{} {more}{}",
            w.pick("and", "и ещё"),
            w.pick(" more", "")
        ));
    }
    Some(Row::new(label, shown.join(", ")))
}
