//! Two folders compared by their manifests.

use std::collections::BTreeMap;

use crate::model::table_diff::{FolderDiff, RenamedFile};
use crate::model::{RecordPath, Sha256};
use crate::observe::data::manifest::Line;

/// Files added, removed, changed, renamed. A file that is gone from one path and appears with the
/// same content at another was renamed; of several, the first in the order of paths.
pub fn compare(a: &[Line], b: &[Line]) -> FolderDiff {
    let by_path = |lines: &[Line]| -> BTreeMap<RecordPath, Sha256> {
        let lines = lines
            .iter()
            .map(|line| (line.path.clone(), line.sha256.clone()));
        lines.collect()
    };
    let (before, after) = (by_path(a), by_path(b));
    let mut diff = FolderDiff::default();
    let mut gone: BTreeMap<&Sha256, Vec<&RecordPath>> = BTreeMap::new();
    for (path, sha256) in before.iter().rev() {
        match after.get(path) {
            Some(now) if now == sha256 => diff.same += 1,
            Some(_) => diff.changed.push(path.clone()),
            None => gone.entry(sha256).or_default().push(path),
        }
    }
    for (path, sha256) in &after {
        if before.contains_key(path) {
            continue;
        }
        match gone.get_mut(sha256).and_then(Vec::pop) {
            Some(old) => diff.renamed.push(RenamedFile {
                a: old.clone(),
                b: path.clone(),
            }),
            None => diff.added.push(path.clone()),
        }
    }
    diff.removed = gone.into_values().flatten().cloned().collect();
    diff.removed.sort_unstable();
    diff.changed.sort_unstable();
    diff
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(files: &[(&str, &str)]) -> Vec<Line> {
        let line = |(path, content): &(&str, &str)| Line {
            path: (*path).into(),
            sha256: Sha256::of(content.as_bytes()),
        };
        files.iter().map(line).collect()
    }

    #[test]
    fn files_are_told_by_path_and_content() {
        let a = lines(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "4")]);
        let b = lines(&[("a", "1"), ("b", "5"), ("f", "3"), ("g", "4"), ("h", "6")]);
        let diff = compare(&a, &b);
        let shown = |paths: &[RecordPath]| -> Vec<String> {
            paths.iter().map(|p| p.display().into_owned()).collect()
        };
        assert_eq!(shown(&diff.added), ["h"]);
        assert_eq!(shown(&diff.removed), ["e"]);
        assert_eq!(shown(&diff.changed), ["b"]);
        let renamed: Vec<_> = diff
            .renamed
            .iter()
            .map(|r| (r.a.display(), r.b.display()))
            .collect();
        assert_eq!(
            renamed,
            [("c".into(), "f".into()), ("d".into(), "g".into())]
        );
        assert_eq!(diff.same, 1);
        let back = compare(&b, &a);
        assert_eq!(
            (back.added.len(), back.removed.len(), back.renamed.len()),
            (1, 1, 2)
        );
    }
}
