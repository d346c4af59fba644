//! Direct dependencies: what the project's own files ask for, beside what that brought along.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::lockfiles::{is_requirements, read_small};
use super::packages::{entries, normalized};
use super::requirement;
use crate::model::Param;
use crate::observe::config;

/// The largest file of dependencies that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// How many requirement files may include one another.
const MOST_INCLUDES: usize = 32;

/// What is asked for, by normalised name: `true` when every run needs it, `false` when it is an
/// extra, a group or under a condition, and so counts only if it is installed.
#[derive(Debug, Default)]
struct Asked(BTreeMap<String, bool>);

impl Asked {
    fn add(&mut self, name: &str, always: bool) {
        // Python is not a package, though conda and Poetry list it like one.
        let name = normalized(name);
        if !name.is_empty() && name != "python" {
            *self.0.entry(name).or_default() |= always;
        }
    }

    fn add_line(&mut self, line: &str, always: bool) {
        if let Some(found) = requirement::parse(line) {
            self.add(&found.name, always && !found.conditional);
        }
    }

    fn add_lines(&mut self, list: Option<&toml::Value>, always: bool) {
        for line in list.and_then(toml::Value::as_array).into_iter().flatten() {
            self.add_line(line.as_str().unwrap_or_default(), always);
        }
    }

    fn add_keys(&mut self, table: Option<&toml::Value>, always: bool) {
        for (name, how) in table.and_then(toml::Value::as_table).into_iter().flatten() {
            let optional = how.get("optional").and_then(toml::Value::as_bool) == Some(true);
            let marked = how.get("markers").or_else(|| how.get("python")).is_some();
            self.add(name, always && !optional && !marked);
        }
    }
}

/// Direct dependencies with the version that is installed; `None` when it is not, or not known.
pub(super) fn read(
    project_root: &Path,
    packages: &[(String, String)],
    notes: &mut Vec<String>,
) -> BTreeMap<String, Option<String>> {
    let mut asked = Asked::default();
    let mut source = |name: &str, take: &dyn Fn(&str, &mut Asked) -> Result<(), String>| {
        let result = match read_small(&project_root.join(name), LARGEST) {
            Ok(None) => Ok(()),
            Ok(Some(bytes)) => take(&String::from_utf8_lossy(&bytes), &mut asked),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = result {
            let reason = error.lines().next().unwrap_or_default().to_owned();
            notes.push(format!(
                "{name} could not be read ({reason}): dependencies that it names are not known"
            ));
        }
    };
    source("pyproject.toml", &pyproject);
    source("Pipfile", &pipfile);
    source("pixi.toml", &pixi);
    source("setup.cfg", &setup_cfg);
    source("environment.yml", &conda);
    source("environment.yaml", &conda);
    requirements(project_root, &mut asked);

    let installed: BTreeMap<&str, &str> = packages
        .iter()
        .map(|(name, version)| (name.as_str(), version.as_str()))
        .collect();
    asked
        .0
        .into_iter()
        .map(|(name, always)| {
            let version = installed.get(name.as_str()).map(|&v| v.to_owned());
            (name, always, version)
        })
        .filter(|(_, always, version)| *always || version.is_some())
        .map(|(name, _, version)| (name, version))
        .collect()
}

fn parse_toml(text: &str) -> Result<toml::Value, String> {
    let table: toml::Table = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    Ok(toml::Value::Table(table))
}

fn at<'a>(value: &'a toml::Value, path: &[&str]) -> Option<&'a toml::Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

fn tables(value: Option<&toml::Value>) -> impl Iterator<Item = &toml::Value> {
    value
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(|table| table.values())
}

/// `[project]` (PEP 621), `[dependency-groups]` (PEP 735), Poetry, uv, PDM and pixi.
fn pyproject(text: &str, asked: &mut Asked) -> Result<(), String> {
    let file = parse_toml(text)?;
    asked.add_lines(at(&file, &["project", "dependencies"]), true);
    for place in [
        &["project", "optional-dependencies"][..],
        &["dependency-groups"],
        &["tool", "pdm", "dev-dependencies"],
    ] {
        for group in tables(at(&file, place)) {
            asked.add_lines(Some(group), false);
        }
    }
    asked.add_lines(at(&file, &["tool", "uv", "dev-dependencies"]), false);
    asked.add_keys(at(&file, &["tool", "poetry", "dependencies"]), true);
    asked.add_keys(at(&file, &["tool", "poetry", "dev-dependencies"]), false);
    for group in tables(at(&file, &["tool", "poetry", "group"])) {
        asked.add_keys(group.get("dependencies"), false);
    }
    if let Some(tool) = at(&file, &["tool", "pixi"]) {
        add_pixi(tool, asked);
    }
    Ok(())
}

fn pipfile(text: &str, asked: &mut Asked) -> Result<(), String> {
    let file = parse_toml(text)?;
    asked.add_keys(file.get("packages"), true);
    asked.add_keys(file.get("dev-packages"), false);
    Ok(())
}

fn pixi(text: &str, asked: &mut Asked) -> Result<(), String> {
    add_pixi(&parse_toml(text)?, asked);
    Ok(())
}

fn add_pixi(table: &toml::Value, asked: &mut Asked) {
    for kind in ["dependencies", "pypi-dependencies"] {
        asked.add_keys(table.get(kind), true);
        for feature in tables(table.get("feature")) {
            asked.add_keys(feature.get(kind), false);
        }
    }
}

/// `install_requires` and extras of setuptools: values that go on over indented lines.
fn setup_cfg(text: &str, asked: &mut Asked) -> Result<(), String> {
    let (mut section, mut key) = (String::new(), String::new());
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let mut value = trimmed;
        if !line.starts_with([' ', '\t']) {
            if let Some(name) = trimmed.strip_prefix('[') {
                section = name.trim_end_matches(']').trim().to_owned();
                key.clear();
                continue;
            }
            let Some((name, rest)) = trimmed.split_once('=') else {
                continue;
            };
            key = name.trim().to_owned();
            value = rest.trim();
        }
        match (section.as_str(), key.as_str()) {
            ("options", "install_requires") => asked.add_line(value, true),
            ("options.extras_require", _) => asked.add_line(value, false),
            _ => {}
        }
    }
    Ok(())
}

/// conda's environment file: `name=version=build`, `channel::name >=1`, and a list for pip.
fn conda(text: &str, asked: &mut Asked) -> Result<(), String> {
    let leaves = config::read(&"environment.yml".into(), text.as_bytes())
        .map_err(|error| error.to_string())?;
    for (name, value) in &leaves {
        // The list is one leaf, unless pip's own list in it spells it out by position.
        let own = name == "dependencies"
            || name
                .strip_prefix("dependencies.")
                .is_some_and(|rest| !rest.contains('.'));
        let pip = name.starts_with("dependencies.") && name.ends_with(".pip");
        if !own && !pip {
            continue;
        }
        let items = match value {
            Param::List(items) => items.iter().map(Param::spelling).collect(),
            leaf => vec![leaf.spelling()],
        };
        for text in items {
            asked.add_line(
                if pip {
                    &text
                } else {
                    text.rsplit("::").next().unwrap_or(&text)
                },
                true,
            );
        }
    }
    Ok(())
}

/// requirements*.txt. Of `requirements.in` and the `.txt` that was compiled from it, only the first
/// was written by a person.
fn requirements(project_root: &Path, asked: &mut Asked) {
    let mut names: Vec<String> = entries(project_root)
        .filter(|name| is_requirements(name))
        .collect();
    names.sort();
    let sources: Vec<String> = names
        .iter()
        .filter_map(|name| Some(format!("{}.txt", name.strip_suffix(".in")?)))
        .collect();
    let mut seen = Vec::new();
    for name in names.iter().filter(|name| !sources.contains(name)) {
        // Tools for development and documentation are often not installed where models are trained.
        let always = matches!(name.as_str(), "requirements.txt" | "requirements.in");
        include(&project_root.join(name), always, asked, &mut seen);
    }
}

fn include(file: &Path, always: bool, asked: &mut Asked, seen: &mut Vec<(PathBuf, bool)>) {
    let visit = (file.to_path_buf(), always);
    if seen.len() >= MOST_INCLUDES || seen.contains(&visit) {
        return;
    }
    seen.push(visit);
    let Ok(Some(bytes)) = read_small(file, LARGEST) else {
        return;
    };
    let text = String::from_utf8_lossy(&bytes).replace("\\\n", " ");
    for line in text.lines().map(str::trim) {
        let included = ["--requirement", "-r"]
            .iter()
            .find_map(|option| line.strip_prefix(option));
        match included.map(|rest| rest.trim_start_matches([' ', '=']).trim()) {
            Some(path) if !path.is_empty() && !path.contains("://") => {
                let folder = file.parent().unwrap_or(Path::new(""));
                include(&folder.join(path), always, asked, seen);
            }
            Some(_) => {}
            None => asked.add_line(line, always),
        }
    }
}
