//! Which configuration and data a run has: from the command line, from exp.toml, or from what lies
//! in the project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::model::metric::Goal;
use crate::model::seed::{flag_names_seed, names_seed};
use crate::model::{Param, RecordPath};
use crate::store::Project;

/// What `init` writes into a new exp.toml. Paths are relative to the project, with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Configuration files.
    pub config: Vec<String>,
    /// Data by role.
    pub data: BTreeMap<String, String>,
    /// Goals of metrics that were seen.
    pub goals: BTreeMap<String, Goal>,
    /// The primary metric.
    pub primary: Option<String>,
}

const CONFIG_FOLDERS: [&str; 5] = ["configs", "config", "conf", "params", ""];
const CONFIG_STEMS: [&str; 7] = [
    "base", "default", "config", "params", "train", "main", "baseline",
];
const CONFIG_EXTENSIONS: [&str; 5] = ["yaml", "yml", "toml", "json", "ini"];
const DATA_FOLDERS: [&str; 4] = ["data/processed", "data", "data/raw", "datasets"];
const DATA_EXTENSIONS: [&str; 9] = [
    "csv", "tsv", "parquet", "jsonl", "npz", "npy", "gz", "feather", "h5",
];

/// Looks for one obvious configuration and obvious data. What is ambiguous is not proposed: the
/// first run's own flags will say.
pub fn propose(project: &Project) -> Proposal {
    let config = CONFIG_FOLDERS
        .iter()
        .find_map(|folder| obvious_config(&project.root, folder));
    let data = DATA_FOLDERS
        .iter()
        .map(|folder| obvious_data(&project.root, folder))
        .find(|found| !found.is_empty())
        .unwrap_or_default();
    Proposal {
        config: config.into_iter().collect(),
        data,
        ..Proposal::default()
    }
}

/// The regular files of a folder with one of the extensions: stem and path from the project.
fn files(root: &Path, folder: &str, extensions: &[&str]) -> Vec<(String, String)> {
    let Ok(listing) = std::fs::read_dir(root.join(folder)) else {
        return Vec::new();
    };
    let mut found: Vec<(String, String)> = listing
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
            extensions.contains(&extension.as_str()).then_some(())?;
            let stem = name.split('.').next()?.to_ascii_lowercase();
            let path = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            Some((stem, path))
        })
        .collect();
    found.sort();
    found
}

fn obvious_config(root: &Path, folder: &str) -> Option<String> {
    let mut found = files(root, folder, &CONFIG_EXTENSIONS);
    if folder.is_empty() {
        // At the top lie package.json, pyproject.toml and the like: only a telling name counts.
        found.retain(|(stem, _)| CONFIG_STEMS.contains(&stem.as_str()));
    }
    let by_name = |wanted: &&str| found.iter().find(|(stem, _)| stem == wanted);
    match CONFIG_STEMS.iter().find_map(by_name) {
        Some((_, path)) => Some(path.clone()),
        None => (found.len() == 1).then(|| found.swap_remove(0).1),
    }
}

fn obvious_data(root: &Path, folder: &str) -> BTreeMap<String, String> {
    let found = files(root, folder, &DATA_EXTENSIONS);
    let mut data = BTreeMap::new();
    for role in ["train", "val", "test"] {
        let fits: Vec<_> = found
            .iter()
            .filter(|(stem, _)| role_of(stem) == Some(role))
            .collect();
        if let [(_, path)] = fits[..] {
            data.insert(role.to_owned(), path.clone());
        }
    }
    if data.is_empty()
        && let [(stem, path)] = &found[..]
    {
        data.insert(role_of(stem).unwrap_or("train").to_owned(), path.clone());
    }
    data
}

/// The role that a name suggests: `train_v2` → train, `x_valid` → val.
pub fn role_of(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find_map(|word| match word {
            "train" | "training" => Some("train"),
            "val" | "valid" | "validation" | "dev" => Some("val"),
            "test" | "holdout" => Some("test"),
            _ => None,
        })
}

/// Data files that the configuration itself names: text leaves that are paths of existing files
/// with a data file's extension. The role is the last part of the key, or what the name suggests.
pub fn named_by_config(
    project: &Project,
    params: &BTreeMap<String, Param>,
) -> BTreeMap<String, PathBuf> {
    let mut named = BTreeMap::new();
    for (key, value) in params {
        let Param::Leaf { text, .. } = value else {
            continue;
        };
        let path = RecordPath::from(text.as_str());
        if !DATA_EXTENSIONS.contains(&path.extension().as_str()) {
            continue;
        }
        let place = crate::store::layout::normalize(&project.root.join(text));
        if !place.is_file() {
            continue;
        }
        let last = key.rsplit('.').next().unwrap_or(key);
        let role = role_of(last)
            .or_else(|| role_of(text))
            .map_or(last, |role| role);
        named.entry(role.to_owned()).or_insert(place);
    }
    named
}

/// The seed: a parameter whose last part is called so, the shortest name first.
pub fn seed_of(params: &BTreeMap<String, Param>, argv: &[String]) -> Option<Param> {
    let flags = argv.iter().enumerate();
    for (index, flag) in flags.filter(|(_, word)| flag_names_seed(word)) {
        let value = match flag.split_once('=') {
            Some((_, value)) => Some(value),
            None => argv.get(index + 1).map(String::as_str),
        };
        if let Some(value) = value.filter(|value| value.parse::<i64>().is_ok()) {
            return Some(Param::leaf(crate::model::param::ParamKind::Int, value));
        }
    }
    let mut named: Vec<(&String, &Param)> = params
        .iter()
        .filter(|(name, _)| names_seed(name))
        .filter(|(_, value)| value.number().is_some())
        .collect();
    named.sort_by_key(|(name, _)| (name.matches('.').count(), name.as_str()));
    named.first().map(|(_, value)| (*value).clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::param::ParamKind;

    fn project(files: &[&str]) -> (tempfile::TempDir, Project) {
        let top = tempfile::tempdir().unwrap();
        for file in files {
            let path = top.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let project = Project::at(top.path(), top.path());
        (top, project)
    }

    #[test]
    fn the_obvious_is_proposed_and_the_ambiguous_is_not() {
        let (_top, project) = project(&[
            "configs/base.yaml",
            "configs/experiment_v2.yaml",
            "data/processed/train_v1.csv",
            "data/processed/train_v2.csv",
            "data/processed/test.csv",
            "package.json",
        ]);
        let found = propose(&project);
        assert_eq!(found.config, ["configs/base.yaml"]);
        assert_eq!(
            found.data.get("test").map(String::as_str),
            Some("data/processed/test.csv")
        );
        assert!(
            !found.data.contains_key("train"),
            "two versions: the run must say which"
        );
    }

    #[test]
    fn data_named_in_the_configuration_is_found() {
        let (_top, project) = project(&["data/train_v2.csv"]);
        let mut params = BTreeMap::new();
        params.insert("data.train".to_owned(), Param::text("data/train_v2.csv"));
        params.insert("data.gone".to_owned(), Param::text("data/no.csv"));
        let named = named_by_config(&project, &params);
        assert_eq!(named.len(), 1);
        assert!(named["train"].ends_with("data/train_v2.csv"));
    }

    #[test]
    fn the_command_line_wins_over_the_configuration() {
        let mut params = BTreeMap::new();
        params.insert(
            "model.random_state".to_owned(),
            Param::leaf(ParamKind::Int, "1"),
        );
        params.insert("seed".to_owned(), Param::leaf(ParamKind::Int, "42"));
        assert_eq!(seed_of(&params, &[]).unwrap().spelling(), "42");
        let argv = ["x", "--seed", "7"].map(str::to_owned);
        assert_eq!(seed_of(&params, &argv).unwrap().spelling(), "7");
    }
}
