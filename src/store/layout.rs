//! Where things are: the project, its `experiments/` folder, and the names in it.

use std::path::{Component, Path, PathBuf};

use crate::model::{RecordPath, RunId};

/// The folder that a project keeps its records in.
pub const EXPERIMENTS: &str = "experiments";
/// The project's settings, inside [`EXPERIMENTS`].
pub const SETTINGS: &str = "exp.toml";
/// The record, inside a run's folder.
pub const RUN_JSON: &str = "run.json";
/// What is left of a removed run: its folder keeps the number taken, in every clone.
pub const TOMBSTONE: &str = "tombstone.json";
/// The mini-log, inside a run's folder.
pub const README: &str = "README.md";
/// The uncommitted change, inside a run's folder.
pub const PATCH: &str = "dirty.patch";
/// Installed packages, inside a run's folder.
pub const ENV_TXT: &str = "env.txt";
/// What is logged while a run goes on, inside its folder.
pub const SERIES_LOG: &str = "series.jsonl";
/// The folder of finished series, inside a run's folder.
pub const SERIES: &str = "series";
/// What the command printed, inside a run's folder.
pub const OUTPUT_LOG: &str = "output.log";

/// A folder with experiments of its own. One repository may hold several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Absolute path.
    pub root: PathBuf,
    /// Path from the top of the working tree; empty when it is the top.
    pub prefix: RecordPath,
}

impl Project {
    /// The nearest ancestor with `experiments/exp.toml`, else the top of the working tree.
    pub fn find(cwd: &Path, top: &Path) -> Self {
        let inside = cwd.ancestors().take_while(|folder| folder.starts_with(top));
        let marked = inside
            .into_iter()
            .find(|f| f.join(EXPERIMENTS).join(SETTINGS).is_file());
        Self::at(marked.unwrap_or(top), top)
    }

    /// The project of a folder.
    pub fn at(root: &Path, top: &Path) -> Self {
        let prefix = root
            .strip_prefix(top)
            .map(RecordPath::from_path)
            .unwrap_or_default();
        Self {
            root: root.to_owned(),
            prefix,
        }
    }

    /// `experiments/`
    pub fn experiments(&self) -> PathBuf {
        self.root.join(EXPERIMENTS)
    }

    /// `experiments/`, from the top of the working tree.
    pub fn experiments_in_tree(&self) -> RecordPath {
        RecordPath::from(EXPERIMENTS).below(&self.prefix)
    }

    /// `experiments/runs/`
    pub fn runs(&self) -> PathBuf {
        self.experiments().join("runs")
    }

    /// `experiments/runs/exp_003_new_features/`
    pub fn run(&self, id: &RunId) -> PathBuf {
        self.runs().join(id.to_string())
    }

    /// `experiments/exp.toml`
    pub fn settings_file(&self) -> PathBuf {
        self.experiments().join(SETTINGS)
    }

    /// `experiments/data/`: data cards and manifests by digest.
    pub fn cards(&self) -> PathBuf {
        self.experiments().join("data")
    }

    /// `experiments/stages/`
    pub fn stages(&self) -> PathBuf {
        self.experiments().join("stages")
    }

    /// Where a recorded path lies; `None` when it would leave the project. Links are the user's own
    /// (`data` is often one), so that the text of the path decides.
    pub fn inside(&self, path: &RecordPath) -> Option<PathBuf> {
        let typed = path.to_path();
        let place = normalize(&self.root.join(&typed));
        (!typed.is_absolute() && place.starts_with(&self.root)).then_some(place)
    }

    /// An absolute path relative to the project, with `/`; `None` outside of it.
    pub fn relative(&self, path: &Path) -> Option<RecordPath> {
        path.strip_prefix(&self.root)
            .ok()
            .map(RecordPath::from_path)
    }
}

/// A place in the same working tree as a person in `cwd` would type it, with `/`.
pub fn from_here(cwd: &Path, place: &Path) -> RecordPath {
    let common = cwd.ancestors().find(|folder| place.starts_with(folder));
    let Some(common) = common else {
        return RecordPath::from_path(place);
    };
    let up = cwd
        .strip_prefix(common)
        .map_or(0, |rest| rest.components().count());
    let down = place.strip_prefix(common).unwrap_or(place);
    RecordPath::from_path(
        &std::iter::repeat_n("..", up)
            .collect::<PathBuf>()
            .join(down),
    )
}

/// Resolves `.` and `..` by the text of the path alone: links are not followed.
pub fn normalize(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_marked_folder_is_the_project() {
        let top = tempfile::tempdir().unwrap();
        let inner = top.path().join("course/project");
        std::fs::create_dir_all(inner.join("experiments")).unwrap();
        assert_eq!(Project::find(&inner, top.path()).root, top.path());
        std::fs::write(inner.join("experiments/exp.toml"), "").unwrap();
        let found = Project::find(&inner.join("src"), top.path());
        assert_eq!(found.prefix, "course/project".into());
        assert_eq!(
            found.experiments_in_tree(),
            "course/project/experiments".into()
        );
    }

    #[test]
    fn a_recorded_path_stays_in_the_project() {
        let project = Project::at(Path::new("/p/q"), Path::new("/p"));
        let inside = |path: &str| project.inside(&path.into());
        assert_eq!(inside("a/../b"), Some("/p/q/b".into()));
        assert_eq!(inside("."), Some("/p/q".into()));
        assert_eq!((inside("../b"), inside("/etc/passwd")), (None, None));
    }

    #[test]
    fn a_place_is_named_from_where_the_user_stands() {
        let place = Path::new("/p/experiments");
        assert_eq!(from_here(Path::new("/p"), place), "experiments".into());
        assert_eq!(
            from_here(Path::new("/p/src/deep"), place),
            "../../experiments".into()
        );
    }

    #[test]
    fn dots_are_resolved_by_text() {
        assert_eq!(normalize(Path::new("/a/./b/../c")), Path::new("/a/c"));
    }
}
