//! The environment axis: interpreter and direct dependencies count, the rest is listed.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::axis::{Gap, Sides, State};
use crate::compare::evidence::Side;
use crate::model::environment::Environment;

/// How the software differs.
#[derive(Clone, Debug)]
pub struct EnvAxis {
    /// The whole: changed only if something that counts did.
    pub state: State,
    /// What is unknown.
    pub gaps: Vec<Gap>,
    /// The interpreter's versions, where they differ.
    pub python: Option<(String, String)>,
    /// Packages that differ, by name.
    pub packages: Vec<PackageChange>,
    /// Whether indirect packages differ in a way that no list at hand tells.
    pub unlisted: bool,
    /// Variables that differ: name, before, after.
    pub vars: Vec<VarChange>,
    /// Lock files whose bytes differ or that only one run has.
    pub lockfiles: Vec<String>,
}

/// A package that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageChange {
    /// Its name.
    pub name: String,
    /// Its version in the first run; `None` when it was not installed.
    pub a: Option<String>,
    /// Its version in the second run.
    pub b: Option<String>,
    /// Whether the project names it itself.
    pub direct: bool,
}

/// A variable that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VarChange {
    /// Its name.
    pub name: String,
    /// Its value in the first run; `None` when it was not set.
    pub a: Option<String>,
    /// Its value in the second run.
    pub b: Option<String>,
}

impl VarChange {
    /// Whether it sets the number of CPU threads, which counts.
    pub fn sets_threads(&self) -> bool {
        self.name.ends_with("_NUM_THREADS")
    }
}

impl EnvAxis {
    /// Compares the software of two runs.
    pub fn between(a: &Side<'_>, b: &Side<'_>) -> Self {
        let (Some(first), Some(second)) = (&a.run.env, &b.run.env) else {
            let sides = Sides::of(a.run.env.is_none(), b.run.env.is_none());
            return Self::unknown(sides.map(Gap::NotRecorded));
        };
        let python = match (&first.python, &second.python) {
            (Some(a), Some(b)) if a != b => Some((a.clone(), b.clone())),
            _ => None,
        };
        let packages = packages((first, a.packages), (second, b.packages));
        let same_list = matches!((&first.sha256, &second.sha256), (Some(a), Some(b)) if a == b);
        let listed = a.packages.is_some() && b.packages.is_some();
        let differ = matches!((&first.sha256, &second.sha256), (Some(a), Some(b)) if a != b);
        let vars = vars(first, second);
        let counted = python.is_some()
            || packages.iter().any(|package| package.direct)
            || vars.iter().any(VarChange::sets_threads);
        let mut axis = Self {
            state: State::changed(counted),
            gaps: Vec::new(),
            python,
            unlisted: differ && !listed,
            packages,
            vars,
            lockfiles: lockfiles(first, second),
        };
        if !counted && !same_list && !listed && !axis.direct_known(first, second) {
            let lacks = |env: &Environment| env.sha256.is_none() && env.direct.is_empty();
            let sides = Sides::of(lacks(first), lacks(second)).unwrap_or(Sides::Both);
            axis.gaps.push(Gap::Packages(sides));
            axis.state = State::Unknown;
        }
        axis
    }

    /// Whether the versions of all direct dependencies are known in both runs.
    fn direct_known(&self, a: &Environment, b: &Environment) -> bool {
        let known =
            |env: &Environment| !env.direct.is_empty() && env.direct.values().all(Option::is_some);
        known(a) && known(b) && a.python.is_some() && b.python.is_some()
    }

    fn unknown(gap: Option<Gap>) -> Self {
        Self {
            state: State::Unknown,
            gaps: gap.into_iter().collect(),
            python: None,
            packages: Vec::new(),
            unlisted: false,
            vars: Vec::new(),
            lockfiles: Vec::new(),
        }
    }

    /// Direct dependencies that differ.
    pub fn direct(&self) -> impl Iterator<Item = &PackageChange> {
        self.packages.iter().filter(|package| package.direct)
    }

    /// Packages that differ without being named by the project.
    pub fn indirect(&self) -> impl Iterator<Item = &PackageChange> {
        self.packages.iter().filter(|package| !package.direct)
    }

    /// Whether anything differs that is listed without counting.
    pub fn lists_more(&self) -> bool {
        self.unlisted || self.indirect().next().is_some() || !self.vars.is_empty()
    }
}

type Software<'a> = (&'a Environment, Option<&'a [(String, String)]>);

/// Packages whose versions differ. Where a list is not at hand only direct dependencies are told.
fn packages(a: Software<'_>, b: Software<'_>) -> Vec<PackageChange> {
    let (known_a, known_b) = (installed(a), installed(b));
    let direct: BTreeSet<String> =
        a.0.direct
            .keys()
            .chain(b.0.direct.keys())
            .map(|name| normal(name))
            .collect();
    let names: BTreeSet<&String> = known_a.keys().chain(known_b.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let (va, vb) = (known_a.get(name), known_b.get(name));
            // Absent from a list of everything is not installed; absent from less is not known.
            let absent = |found: bool, list: &Software<'_>| found || list.1.is_some();
            let told = absent(va.is_some(), &a) && absent(vb.is_some(), &b);
            (told && va != vb).then(|| PackageChange {
                name: name.clone(),
                a: va.cloned(),
                b: vb.cloned(),
                direct: direct.contains(name),
            })
        })
        .collect()
}

fn installed((env, list): Software<'_>) -> BTreeMap<String, String> {
    let listed = list.into_iter().flatten();
    let mut found: BTreeMap<String, String> = listed
        .map(|(name, version)| (normal(name), version.clone()))
        .collect();
    for (name, version) in &env.direct {
        if let Some(version) = version {
            found.insert(normal(name), version.clone());
        }
    }
    found
}

/// PEP 503's normal form of a package name.
fn normal(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !text.ends_with('-') {
                text.push('-');
            }
        } else {
            text.extend(c.to_lowercase());
        }
    }
    text
}

fn vars(a: &Environment, b: &Environment) -> Vec<VarChange> {
    let names: BTreeSet<&String> = a.vars.keys().chain(b.vars.keys()).collect();
    names
        .into_iter()
        .filter(|name| a.vars.get(*name) != b.vars.get(*name))
        .map(|name| VarChange {
            name: name.clone(),
            a: a.vars.get(name).cloned(),
            b: b.vars.get(name).cloned(),
        })
        .collect()
}

fn lockfiles(a: &Environment, b: &Environment) -> Vec<String> {
    let set = |env: &Environment| -> BTreeSet<(String, String)> {
        let files = env.lockfiles.iter();
        files
            .map(|file| {
                (
                    file.path.display().into_owned(),
                    file.sha256.as_str().to_owned(),
                )
            })
            .collect()
    };
    let (a, b) = (set(a), set(b));
    let paths: BTreeSet<String> = a
        .symmetric_difference(&b)
        .map(|(path, _)| path.clone())
        .collect();
    paths.into_iter().collect()
}
