//! How two versions of a folder differ, line by line.

use crate::model::RecordPath;
use crate::model::card::{Extent, Pictures, Pixels};
use crate::model::table_diff::FolderDiff;
use crate::report::diff::told::Row;
use crate::report::diff::words::Words;
use crate::settings::Lang;

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
    rows.extend(diff.pictures.as_ref().map(|[a, b]| {
        let text = w.change(&pictures(a, w), &pictures(b, w));
        Row::new(w.pick("images", "картинки"), text)
    }));
    rows
}

/// `20,000 of 224 × 224 px`; `37 of 64 to 512 × 48 to 512 px, usually 224 × 224`
pub fn pictures(pictures: &Pictures, w: Words) -> String {
    let times = w.times();
    let of = w.pick("of", "по");
    let mut parts = Vec::new();
    if let (Some(width), Some(height), Some(usual)) =
        (pictures.width, pictures.height, pictures.frequent.first())
    {
        let range = |side: Extent| match (side.least == side.most, w.lang) {
            (true, _) => side.least.to_string(),
            (false, Lang::En) => format!("{} to {}", side.least, side.most),
            (false, Lang::Ru) => format!("{}–{}", side.least, side.most),
        };
        let (width, height) = (range(width), range(height));
        let px = w.pick("px", "пикселей");
        let files = w.number(pictures.files);
        parts.push(format!("{files} {of} {width} {times} {height} {px}"));
        if pictures.sizes > 1 {
            let usually = w.pick("most often", "чаще всего");
            let Pixels { width, height } = usual.pixels;
            let files = w.number(usual.files);
            parts.push(format!("{usually} {width} {times} {height} ({files})"));
        }
    }
    if pictures.unknown > 0 {
        let unknown = w.number(pictures.unknown);
        let what = w.pick("with no size in their header", "без размера в заголовке");
        parts.push(format!("{unknown} {what}"));
    }
    parts.join(", ")
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
