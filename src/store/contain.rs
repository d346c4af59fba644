//! Opens what a record names, and nothing outside of its folder.

use std::path::{Path, PathBuf};

use super::layout::EXPERIMENTS;
use crate::error::{Failure, Result};
use crate::model::RecordPath;

/// Turns a recorded path into one below `root`, or says why it may not be opened.
///
/// Refused: absolute paths, `..`, drive letters, NUL, a `.git` component in any of its disguises,
/// and any component on the way that is a symbolic link.
pub fn below(root: &Path, path: &RecordPath) -> Result<PathBuf> {
    let refuse = |why: &str| {
        Err(Failure::new(format!(
            "the recorded path `{}` may not be opened",
            path.display()
        ))
        .because(why))
    };
    let bytes = path.as_bytes();
    if bytes.is_empty() || bytes.contains(&0) {
        return refuse("it is empty or holds a NUL");
    }
    let mut place = root.to_owned();
    for part in bytes.split(|&b| b == b'/' || (cfg!(windows) && b == b'\\')) {
        match part {
            b"" | b"." | b".." => return refuse("it leaves its folder"),
            _ if part.get(1) == Some(&b':') => return refuse("it names a drive"),
            _ if is_dot_git(part) => return refuse("it reaches into `.git`"),
            _ => place.push(RecordPath::from_bytes(part).to_path()),
        }
        if place
            .symlink_metadata()
            .is_ok_and(|found| found.file_type().is_symlink())
        {
            return refuse("a symbolic link is on the way");
        }
    }
    Ok(place)
}

/// As [`below`], for an entry that is replaced or looked at and never opened through: it may itself
/// be a symbolic link.
pub fn entry(root: &Path, path: &RecordPath) -> Result<PathBuf> {
    let (folder, name) = path.split();
    let place = match folder {
        b"" => root.to_owned(),
        folder => below(root, &RecordPath::from_bytes(folder))?,
    };
    let plain = RecordPath::from_bytes(name);
    // Another root, where nothing can be in the way: the name alone is judged.
    below(Path::new(""), &plain).map(|name| place.join(name))
}

/// `.git` as some file system may understand it: case folded, `git~1`, trailing dots and spaces,
/// with code points that HFS+ ignores.
fn is_dot_git(part: &[u8]) -> bool {
    let visible: String = String::from_utf8_lossy(part)
        .chars()
        .filter(|c| !matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'))
        .collect::<String>()
        .to_lowercase();
    let name = visible
        .split(':')
        .next()
        .unwrap_or_default()
        .trim_end_matches(['.', ' ']);
    name == ".git" || name == "git~1"
}

/// Refuses to write through a symbolic link: `experiments/` and whatever is below it on the way to a
/// folder must be real folders.
pub fn real_folder(path: &Path) -> Result<()> {
    let below = path
        .ancestors()
        .position(|place| place.file_name() == Some(EXPERIMENTS.as_ref()));
    path.ancestors()
        .take(below.unwrap_or(0) + 1)
        .try_for_each(is_real)
}

fn is_real(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_symlink() => Err(Failure::new(format!(
            "{} is a symbolic link",
            path.display()
        ))
        .because("records are never written through links")
        .hint(format!(
            "replace it by a real folder: rm {}",
            path.display()
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_their_folder_are_refused() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "C:/x",
            ".git/config",
            ".GIT/x",
            "a/git~1/x",
            ".git. /x",
            ".g\u{200c}it/x",
            "a\0b",
            ".git::$INDEX_ALLOCATION/x",
        ] {
            assert!(below(root.path(), &path.into()).is_err(), "{path:?}");
        }
        assert!(below(root.path(), &"data/.gitignore".into()).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn links_on_the_way_are_refused() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc", root.path().join("data")).unwrap();
        assert!(entry(root.path(), &"data/passwd".into()).is_err());
        assert_eq!(
            entry(root.path(), &"data".into()).unwrap(),
            root.path().join("data")
        );
        assert!(entry(root.path(), &".git".into()).is_err());
        assert!(entry(root.path(), &"..".into()).is_err());
        assert!(below(root.path(), &"data/passwd".into()).is_err());
        assert!(real_folder(&root.path().join("data")).is_err());
        let runs = root.path().join("experiments/runs");
        std::fs::create_dir_all(runs.join("exp_001_a")).unwrap();
        assert!(real_folder(&runs.join("exp_001_a")).is_ok());
        std::fs::rename(&runs, root.path().join("runs")).unwrap();
        std::os::unix::fs::symlink(root.path().join("runs"), &runs).unwrap();
        assert!(real_folder(&runs.join("exp_001_a")).is_err());
    }
}
