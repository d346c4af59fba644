//! Installed packages, from the names of the folders that installers leave
//! (PyPA's "Recording installed projects", PEP 376 and PEP 610).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::observe::secrets::redact_url;

use super::installation::Installation;
use super::lockfiles::read_text;

/// More folders than this in `.pth` files are somebody's mistake.
const MOST_FOLDERS: usize = 200;

/// A package as one folder shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Package {
    name: String,
    version: String,
}

/// Lists what an interpreter can import: normalised name and version, sorted. Where two folders have
/// the same package, the one that Python searches first counts.
pub(super) fn read(
    installation: &Installation,
    project_root: &Path,
    notes: &mut Vec<String>,
) -> Vec<(String, String)> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut queue = installation.folders.clone();
    let mut next = 0;
    while let Some(folder) = queue.get(next).cloned() {
        next += 1;
        let listed = list(&folder);
        let mut here: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for name in &listed {
            if let Some(package) = from_entry(&folder, name, project_root, notes) {
                here.entry(package.name)
                    .or_default()
                    .insert(package.version);
            } else if name.ends_with(".pth") && !name.starts_with('.') {
                let more = paths_in(&folder, name);
                let known = queue.len();
                queue.extend(more.into_iter().take(MOST_FOLDERS.saturating_sub(known)));
            }
        }
        queue = unique(queue);
        for (name, versions) in here {
            all.entry(name)
                .or_insert_with_key(|name| one_of(name, versions, notes));
        }
    }
    if let Some(folder) = &installation.conda_meta {
        for file in entries(folder) {
            if let Some((name, version)) = conda_file(&file) {
                all.entry(normalized(name))
                    .or_insert_with(|| version.to_owned());
            }
        }
    }
    all.into_iter().collect()
}

/// Names in a folder that are valid UTF-8; an unreadable folder has none.
pub(super) fn entries(folder: &Path) -> impl Iterator<Item = String> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
}

/// In order of their names, so that two looks at one folder give the same list.
fn list(folder: &Path) -> Vec<String> {
    let interesting = [".dist-info", ".egg-info", ".egg-link", ".egg", ".pth"];
    let mut names: Vec<String> = entries(folder)
        .filter(|name| interesting.iter().any(|end| name.ends_with(end)))
        .collect();
    names.sort();
    names
}

fn unique(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    paths
        .into_iter()
        .filter(|path| seen.insert(path.clone()))
        .collect()
}

/// Two versions in one folder are the trace of an interrupted update; which of them is imported is
/// chance, so the list has both, and no tool can take it for one of them.
fn one_of(name: &str, versions: BTreeSet<String>, notes: &mut Vec<String>) -> String {
    let versions: Vec<String> = versions.into_iter().collect();
    if versions.len() > 1 {
        notes.push(format!(
            "`{name}` is there in {} versions at once ({}): which one is imported is not known",
            versions.len(),
            versions.join(", ")
        ));
    }
    versions.join(" or ")
}

fn from_entry(
    folder: &Path,
    entry: &str,
    project_root: &Path,
    notes: &mut Vec<String>,
) -> Option<Package> {
    // pip renames what it is about to remove so; a leftover is not importable.
    if entry.starts_with('~') {
        return None;
    }
    let path = folder.join(entry);
    if let Some(stem) = entry.strip_suffix(".dist-info") {
        let mut package = from_dist_info(&path, stem)?;
        if let Some(origin) = read_text(&path.join("direct_url.json"), 1 << 20) {
            package.version += &from_origin(&origin, &package.name, project_root, notes);
        }
        return Some(package);
    }
    if let Some(stem) = entry.strip_suffix(".egg-info") {
        return from_egg_name(stem).or_else(|| from_metadata(&[path.join("PKG-INFO"), path]));
    }
    if let Some(stem) = entry.strip_suffix(".egg") {
        return from_egg_name(stem).filter(|_| path.is_dir());
    }
    if entry.ends_with(".egg-link") {
        return from_link(&path, entry, project_root, notes);
    }
    None
}

/// The folder's name holds both in escaped form, so the file inside is opened only when the version
/// has characters that escaping could have changed. Without that file an uninstall was interrupted.
fn from_dist_info(path: &Path, stem: &str) -> Option<Package> {
    let metadata = path.join("METADATA");
    match stem.rsplit_once('-') {
        Some((name, version)) if is_version(version) && !version.contains('_') => {
            metadata.is_file().then(|| Package {
                name: normalized(name),
                version: version.to_owned(),
            })
        }
        _ => from_metadata(&[metadata]),
    }
}

/// `name-version`, `name-version-py3.8`
fn from_egg_name(stem: &str) -> Option<Package> {
    let mut parts = stem.split('-');
    let (name, version) = (parts.next()?, parts.next()?);
    is_version(version).then(|| Package {
        name: normalized(name),
        version: version.to_owned(),
    })
}

/// `python setup.py develop`: a file that names the folder of the sources.
fn from_link(
    path: &Path,
    entry: &str,
    project_root: &Path,
    notes: &mut Vec<String>,
) -> Option<Package> {
    let text = read_text(path, 64 << 10)?;
    let source = path.parent()?.join(text.lines().next()?.trim());
    let wanted = normalized(entry.strip_suffix(".egg-link")?);
    let info = entries(&source).find(|name| {
        name.strip_suffix(".egg-info")
            .is_some_and(|stem| normalized(stem) == wanted)
    })?;
    let package = from_metadata(&[source.join(info).join("PKG-INFO")])?;
    notes.extend(editable(&package.name, &source, project_root));
    Some(package)
}

/// Reads `Name` and `Version` from the header of the first of these files that is there.
fn from_metadata(files: &[PathBuf]) -> Option<Package> {
    let text = files.iter().find_map(|file| read_text(file, 16 << 20))?;
    let header = text.lines().take_while(|line| !line.trim().is_empty());
    let (mut name, mut version) = (None, None);
    for line in header {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        match key.to_ascii_lowercase().as_str() {
            "name" => name = Some(normalized(value.trim())),
            "version" => version = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    Some(Package {
        name: name.filter(|name| !name.is_empty())?,
        version: version.filter(|version| is_version(version))?,
    })
}

/// What `direct_url.json` (PEP 610) adds to the version: the commit of a repository. The same version
/// from another commit is other code, so the list must differ; as a comment it stays a list for pip.
fn from_origin(json: &str, name: &str, project_root: &Path, notes: &mut Vec<String>) -> String {
    let Ok(origin) = serde_json::from_str::<Value>(json) else {
        return String::new();
    };
    let url = origin["url"].as_str().unwrap_or_default();
    if origin["dir_info"]["editable"] == Value::Bool(true) {
        let source = url.strip_prefix("file://").unwrap_or(url);
        notes.extend(editable(name, Path::new(source), project_root));
        return String::new();
    }
    let vcs = origin["vcs_info"]["vcs"].as_str();
    let commit = origin["vcs_info"]["commit_id"].as_str();
    match (vcs, commit) {
        (Some(vcs), Some(commit)) => {
            let text = format!("  # {vcs}+{}@{commit}", redact_url(url));
            text.chars().filter(|c| !c.is_control()).collect()
        }
        _ => String::new(),
    }
}

/// The project itself is recorded as code; any other folder can change and keep its version.
fn editable(name: &str, source: &Path, project_root: &Path) -> Option<String> {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or(path.to_path_buf());
    let outside = !real(source).starts_with(real(project_root));
    outside.then(|| {
        format!(
            "`{name}` is installed from a folder outside of the project ({}): its code can change \
             and keep its version",
            source.display()
        )
    })
}

/// Folders that a `.pth` file adds to the search; lines of code in it are not run.
fn paths_in(folder: &Path, file: &str) -> Vec<PathBuf> {
    let text = read_text(&folder.join(file), 1 << 20).unwrap_or_default();
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("import"))
        .map(|line| folder.join(line))
        .filter(|path| path.is_dir())
        .collect()
}

/// Name and version of `name-version-build.json`.
pub(super) fn conda_file(file: &str) -> Option<(&str, &str)> {
    let (rest, _build) = file.strip_suffix(".json")?.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    (!name.is_empty() && !version.is_empty()).then_some((name, version))
}

/// Every version of PEP 440 and most others begin so; `v1.0` is one of the most others.
fn is_version(text: &str) -> bool {
    let digits = text.strip_prefix('v').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(char::is_whitespace)
}

/// A name as package indexes compare it (PEP 503): lower case, runs of `-`, `_` and `.` as one `-`.
pub(super) fn normalized(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.push(c.to_ascii_lowercase()),
        }
    }
    normal
}
