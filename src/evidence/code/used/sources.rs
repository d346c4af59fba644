//! The Python files of a tree, by path and by module.

use std::collections::{BTreeMap, HashMap};

use crate::git::Error;
use crate::git::objects::Objects;
use crate::git::tree::FOLDER;
use crate::model::{Oid, RecordPath};

/// The Python files of a tree.
pub struct Sources {
    pub(super) files: BTreeMap<String, Oid>,
    /// Paths by the last part of their module's name.
    pub(super) by_stem: HashMap<String, Vec<String>>,
}

impl Sources {
    /// Lists a tree, without one folder of it.
    pub fn list(objects: &Objects<'_>, tree: &Oid, without: &RecordPath) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        let mut folders = vec![(tree.clone(), RecordPath::default())];
        while let Some((id, folder)) = folders.pop() {
            for item in objects.tree(&id)? {
                let path = RecordPath::from_bytes(item.name).below(&folder);
                if item.mode == FOLDER {
                    if path != *without {
                        folders.push((item.id, path));
                    }
                } else if path.extension() == "py" && item.mode & 0o170_000 == 0o100_000 {
                    files.insert(path.display().into_owned(), item.id);
                }
            }
        }
        let mut by_stem: HashMap<String, Vec<String>> = HashMap::new();
        for path in files.keys() {
            let stem = module_of(path).rsplit('/').next().unwrap_or_default();
            by_stem
                .entry(stem.to_owned())
                .or_default()
                .push(path.clone());
        }
        Ok(Self { files, by_stem })
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    pub(super) fn has_folder(&self, folder: &str) -> bool {
        let inside = format!("{folder}/");
        let next = self.files.range(inside.clone()..).next();
        next.is_some_and(|(path, _)| path.starts_with(&inside))
    }
}

/// `pkg/mod` for both `pkg/mod.py` and `pkg/mod/__init__.py`.
pub(super) fn module_of(path: &str) -> &str {
    let stem = path.strip_suffix(".py").unwrap_or(path);
    stem.strip_suffix("/__init__").unwrap_or(stem)
}

pub(super) fn join(folder: &str, rest: &str) -> String {
    match (folder, rest) {
        ("", rest) => rest.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, rest) => format!("{folder}/{rest}"),
    }
}

pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
