//! Files that pin or ask for dependencies, by digest.

use std::path::Path;

use crate::model::environment::Lockfile;
use crate::model::{RecordPath, Sha256};

/// Names as their tools write them. Other languages' are here too: they cost one comparison.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "Cargo.lock", "Manifest.toml", "Pipfile", "Pipfile.lock", "conda-lock.yml", "environment.yaml",
    "environment.yml", "pdm.lock", "pixi.lock", "pixi.toml", "poetry.lock", "pylock.toml",
    "pyproject.toml", "renv.lock", "setup.cfg", "setup.py", "uv.lock",
];

/// A lock file over this size, in bytes, is something else.
const LARGEST: u64 = 64 << 20;

/// The project's own, in the order of their names.
pub(super) fn read(project_root: &Path, notes: &mut Vec<String>) -> Vec<Lockfile> {
    let mut found: Vec<Lockfile> = names(project_root)
        .filter_map(|name| {
            let bytes = match read_small(&project_root.join(&name), LARGEST) {
                Ok(bytes) => bytes?,
                Err(error) => {
                    notes.push(format!("{name} could not be read: {error}"));
                    return None;
                }
            };
            Some(Lockfile {
                path: RecordPath::from(name.as_str()),
                sha256: Sha256::of(&bytes),
            })
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn names(project_root: &Path) -> impl Iterator<Item = String> {
    super::packages::entries(project_root)
        .filter(|name| NAMES.contains(&name.as_str()) || is_requirements(name))
}

/// `requirements.txt`, `requirements-dev.txt`, `requirements.in`
pub(super) fn is_requirements(name: &str) -> bool {
    name.starts_with("requirements") && (name.ends_with(".txt") || name.ends_with(".in"))
}

/// A regular file's bytes, or `None` when it is no regular file (a pipe would block) or larger than
/// `limit`.
pub(super) fn read_small(path: &Path, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() || metadata.len() > limit {
        return Ok(None);
    }
    std::fs::read(path).map(Some)
}

/// The same as text, where any trouble is as good as no file.
pub(super) fn read_text(path: &Path, limit: u64) -> Option<String> {
    let bytes = read_small(path, limit).ok()??;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
