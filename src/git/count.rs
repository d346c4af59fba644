//! Lines of a small change, counted in process by the code that git itself counts with.

use super::Repo;
use super::objects::{Objects, TreeChange};
use super::tree::GITLINK;
use crate::model::{Oid, RecordPath};

/// More files than this are left to git.
const MOST_FILES: usize = 200;
/// Files of more bytes than this are left to git, which may stop in time.
const LARGEST: u64 = 256 << 10;
/// git looks for a NUL in so many bytes, to tell binary content.
const FIRST_BYTES: usize = 8000;

/// How one path differs between two trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numstat {
    /// The path.
    pub path: RecordPath,
    /// `A`, `M`, `D` or `T`.
    pub status: char,
    /// Lines added; `None` for binary content.
    pub added: Option<u64>,
    /// Lines removed; `None` for binary content.
    pub removed: Option<u64>,
    /// Mode and id before; `None` when it was not there.
    pub old: Option<(u32, Oid)>,
    /// Mode and id after; `None` when it is no longer there.
    pub new: Option<(u32, Oid)>,
}

/// Each path that differs between two trees, as git counts its lines where no attribute says how; `None`
/// where git must do it.
pub fn lines(repo: &Repo, trees: [&Oid; 2], excluded: &[RecordPath]) -> Option<Vec<Numstat>> {
    let objects = Objects::library(repo)?;
    let mut changes = objects.tree_diff(trees[0], trees[1]).ok()?;
    changes.retain(|change| !excluded.iter().any(|folder| change.path.is_within(folder)));
    let sides = || changes.iter().flat_map(|change| [&change.old, &change.new]);
    let ids: Vec<&Oid> = sides().flatten().map(|(_, id)| id).collect();
    let is_little = changes.len() <= MOST_FILES
        && changes.iter().all(|change| change.status != 'T')
        && sides().flatten().all(|(mode, _)| *mode != GITLINK);
    let is_small = |size: &Option<u64>| size.is_some_and(|size| size <= LARGEST);
    if !is_little || !objects.sizes(&ids).ok()?.iter().all(is_small) {
        return None;
    }
    let counted = changes.into_iter().map(|change| counted(&objects, change));
    counted.collect()
}

fn counted(objects: &Objects<'_>, change: TreeChange) -> Option<Numstat> {
    let content = |side: &Option<(u32, Oid)>| match side {
        Some((_, id)) => objects.blob(id).ok(),
        None => Some(Vec::new()),
    };
    let (old, new) = (content(&change.old)?, content(&change.new)?);
    let is_binary =
        |bytes: &[u8]| memchr::memchr(0, &bytes[..bytes.len().min(FIRST_BYTES)]).is_some();
    let (added, removed) = if is_binary(&old) || is_binary(&new) {
        (None, None)
    } else {
        let mut options = git2::DiffOptions::new();
        options.force_text(true).indent_heuristic(true);
        let patch = git2::Patch::from_buffers(&old, None, &new, None, Some(&mut options)).ok()?;
        let (_, added, removed) = patch.line_stats().ok()?;
        (Some(added as u64), Some(removed as u64))
    };
    Some(Numstat {
        path: change.path,
        status: change.status,
        added,
        removed,
        old: change.old,
        new: change.new,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::git::patch::Comparing;
    use crate::git::testing::Lab;

    fn tree(lab: &Lab) -> Oid {
        lab.git(&["add", "-A"]);
        Oid::parse(lab.git(&["write-tree"]).trim()).unwrap()
    }

    fn by_git(lab: &Lab, trees: [&Oid; 2], excluded: &[RecordPath]) -> Vec<Numstat> {
        let repo = lab.repo();
        let comparing = Comparing::begin(&repo, trees, excluded, false).unwrap();
        comparing.finish().unwrap().numbers
    }

    /// Texts of few different lines, so that they can be compared in many ways.
    fn text() -> impl Strategy<Value = String> {
        let lines = [
            "a\n", "b\n", "c\r\n", "\n", "    a\n", "}\n", "\0", "no end", "\u{e4}\n",
        ];
        prop::collection::vec(prop::sample::select(lines.to_vec()), 0..40)
            .prop_map(|lines| lines.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

        #[test]
        fn lines_are_counted_as_git_counts_them(
            files in prop::collection::vec((prop::option::of(text()), prop::option::of(text())), 40),
        ) {
            let lab = Lab::with_commit();
            let write = |texts: Vec<Option<String>>| {
                for (index, text) in texts.into_iter().enumerate() {
                    let name = format!("{}/f{index}", index % 7);
                    drop(std::fs::remove_file(lab.top().join(&name)));
                    if let Some(text) = text {
                        lab.write(&name, &text);
                    }
                }
                tree(&lab)
            };
            let (old, new): (Vec<_>, Vec<_>) = files.into_iter().unzip();
            let (from, to) = (write(old), write(new));
            let trees = [&from, &to];
            let excluded = ["3".into()];
            let found = lines(&lab.repo(), trees, &excluded).unwrap();
            prop_assert_eq!(found, by_git(&lab, trees, &excluded));
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_modes_and_names_are_told_as_git_tells_them() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let lab = Lab::with_commit();
        for name in ["a", "a.b", "a-b/c", "a0", "mode", "gone"] {
            lab.write(name, "x\n");
        }
        symlink("a", lab.top().join("link")).unwrap();
        let from = tree(&lab);
        for name in ["a.b", "a-b/c", "a0", "new"] {
            lab.write(name, "y\n");
        }
        for name in ["a", "gone", "link"] {
            std::fs::remove_file(lab.top().join(name)).unwrap();
        }
        lab.write("a/now a folder", "z");
        symlink("b\nc", lab.top().join("link")).unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(lab.top().join("mode"), mode).unwrap();
        let to = tree(&lab);
        let found = lines(&lab.repo(), [&from, &to], &[]).unwrap();
        assert_eq!(found, by_git(&lab, [&from, &to], &[]));
        assert_eq!(found.len(), 9);
    }

    #[test]
    fn what_is_not_little_is_left_to_git() {
        let lab = Lab::with_commit();
        let from = tree(&lab);
        lab.write("a.txt", &"line\n".repeat(LARGEST as usize / 5));
        let to = tree(&lab);
        assert!(lines(&lab.repo(), [&from, &to], &[]).is_some());
        lab.write("a.txt", &"line\n".repeat(LARGEST as usize / 5 + 1));
        let to = tree(&lab);
        assert_eq!(lines(&lab.repo(), [&from, &to], &[]), None);
        assert_eq!(lines(&Lab::sha256().repo(), [&from, &to], &[]), None);
    }
}
