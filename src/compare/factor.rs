//! Factors: independently changed things, counted by one published rule.
//!
//! One for each changed config key (or bundle of keys), one for code, one for each changed data role,
//! one for the seed, one for environment and machine together. Indirect packages, host names and the
//! command line are listed, never counted. A split key is a config key; it counts once, although it
//! changes the yardstick too.

use std::collections::BTreeMap;

use super::axes::Axes;
use super::axes::config::{KeyChange, KeyKind};
use super::axis::{Axis, State};
use super::rules::{Rules, matcher};
use crate::model::command_line::ARGUMENT;

/// One independently changed thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor {
    /// Where it counts.
    pub axis: Axis,
    /// The key, the bundle, the data role, or the axis's own word.
    pub name: String,
    /// What it consists of: a bundle's keys, both names of a moved key, or just the name.
    pub members: Vec<String>,
}

impl Factor {
    fn new(axis: Axis, name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            axis,
            members: vec![name.clone()],
            name,
        }
    }

    /// `config:model.max_depth`, `data:train`, `code`: the name in JSON and in short lines.
    pub fn label(&self) -> String {
        let word = self.axis.word();
        if self.name == word {
            self.name.clone()
        } else {
            format!("{word}:{}", self.name)
        }
    }
}

/// Counts the factors between two runs, in the order of the axes.
pub fn count(axes: &Axes, rules: &Rules) -> Vec<Factor> {
    let mut factors: Vec<Factor> = Vec::new();
    factors.extend(
        axes.eval
            .changed_roles()
            .into_iter()
            .map(|r| Factor::new(Axis::Eval, r)),
    );
    factors.extend(
        axes.data
            .changed_roles()
            .into_iter()
            .map(|r| Factor::new(Axis::Data, r)),
    );
    if axes.code.state == State::Changed {
        factors.push(Factor::new(Axis::Code, "code"));
    }
    factors.extend(config(axes, rules));
    if axes.env.state == State::Changed {
        factors.push(Factor::new(Axis::Env, "env"));
    } else if axes.hardware.state == State::Changed {
        factors.push(Factor::new(Axis::Hardware, "hardware"));
    }
    // Which seeds a mean was taken over explains nothing beside a real change.
    if axes.seed.state == State::Changed && (!axes.seed.averaged || factors.is_empty()) {
        let place = factors.partition_point(|factor| factor.axis < Axis::Seed);
        factors.insert(place, Factor::new(Axis::Seed, "seed"));
    }
    factors
}

fn config(axes: &Axes, rules: &Rules) -> Vec<Factor> {
    let mut factors = Vec::new();
    let mut bundles: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let keys = axes.config.keys.iter();
    for key in keys.filter(|key| key.role.counts() && key.kind != KeyKind::Spelling) {
        match rules.bundle(&key.key) {
            Some(bundle) => bundles.entry(bundle).or_default().extend(names(key)),
            None => factors.push(Factor {
                axis: Axis::Config,
                name: key.key.clone(),
                members: names(key),
            }),
        }
    }
    let files = axes
        .config
        .files
        .iter()
        .filter(|file| file.is_opaque_change());
    factors.extend(files.map(|file| Factor::new(Axis::Config, file.name())));
    factors.extend(bundles.into_iter().map(|(name, mut members)| {
        members.sort_unstable();
        Factor {
            axis: Axis::Config,
            name: name.to_owned(),
            members,
        }
    }));
    factors
}

/// Both names of a key that has two, in an order that doesn't depend on the direction.
fn names(key: &KeyChange) -> Vec<String> {
    let mut names = vec![key.key.clone()];
    names.extend(key.from.iter().chain(&key.to).cloned());
    names.sort_unstable();
    names
}

/// What the user said would change, against what did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// As it was said.
    pub said: Vec<String>,
    /// Factors that nobody said; all of them when nothing was said.
    pub undeclared: Vec<Factor>,
    /// What was said and did not change.
    pub unchanged: Vec<String>,
}

impl Declared {
    /// Compares words such as `model.type`, `model`, `model.*`, `data.train`, `code`, `seed`, `env`
    /// with the factors.
    pub fn check(said: &[String], factors: &[Factor]) -> Self {
        let undeclared = factors
            .iter()
            .filter(|factor| !is_declared(factor, said))
            .cloned()
            .collect();
        let unchanged = said
            .iter()
            .filter(|word| !factors.iter().any(|factor| touches(word, factor)))
            .cloned()
            .collect();
        Self {
            said: said.to_vec(),
            undeclared,
            unchanged,
        }
    }
}

fn is_declared(factor: &Factor, said: &[String]) -> bool {
    let whole = said
        .iter()
        .any(|word| covers(word, &factor.label(), factor));
    whole
        || factor
            .members
            .iter()
            .all(|member| said.iter().any(|word| covers(word, member, factor)))
        || (factor.members.len() == 2 && touches_moved(factor, said))
}

/// A moved key is declared by either of its names.
fn touches_moved(factor: &Factor, said: &[String]) -> bool {
    let is_key = factor.members.contains(&factor.name);
    is_key && said.iter().any(|word| touches(word, factor))
}

fn touches(word: &str, factor: &Factor) -> bool {
    covers(word, &factor.label(), factor)
        || factor
            .members
            .iter()
            .any(|member| covers(word, member, factor))
}

/// Whether a declared word means a name of a factor: itself, a prefix up to a dot, or a glob.
fn covers(word: &str, name: &str, factor: &Factor) -> bool {
    let word = word.trim();
    let axis = factor.axis.word();
    let meant = word
        .strip_prefix(axis)
        .and_then(|rest| rest.strip_prefix([':', '.']))
        .unwrap_or(word);
    let argument = name.strip_prefix(ARGUMENT).unwrap_or(name);
    if word == axis
        || meant == factor.name
        || word == factor.label()
        || meant == name
        || meant.trim_start_matches('-') == argument
    {
        return true;
    }
    // The yardstick's files are data to whoever declares them, and the machine is environment.
    let other = match factor.axis {
        Axis::Eval => word == "data" || word.strip_prefix("data.") == Some(name),
        Axis::Env => matches!(word, "environment" | "hardware"),
        Axis::Hardware => matches!(word, "environment" | "env"),
        _ => false,
    };
    let prefix = factor.axis == Axis::Config
        && name
            .strip_prefix(meant)
            .is_some_and(|rest| rest.starts_with('.'));
    let dotted = format!("{axis}.{name}");
    let glob = word.contains(['*', '?', '['])
        && matcher(word).is_some_and(|glob| glob.is_match(name) || glob.is_match(&dotted));
    other || prefix || glob
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors() -> Vec<Factor> {
        vec![
            Factor::new(Axis::Eval, "test"),
            Factor::new(Axis::Data, "train"),
            Factor::new(Axis::Code, "code"),
            Factor::new(Axis::Config, "model.type"),
            Factor {
                axis: Axis::Config,
                name: "features".into(),
                members: vec!["features.list".into(), "features.scale".into()],
            },
            Factor::new(Axis::Env, "env"),
        ]
    }

    fn undeclared(said: &[&str]) -> Vec<String> {
        let said: Vec<String> = said.iter().map(|s| (*s).to_owned()).collect();
        let found = Declared::check(&said, &factors());
        found.undeclared.iter().map(Factor::label).collect()
    }

    #[test]
    fn declared_words_are_names_prefixes_and_globs() {
        assert_eq!(undeclared(&[]).len(), 6);
        let all = [
            "data.test",
            "data.train",
            "code",
            "model",
            "features",
            "env",
        ];
        assert!(undeclared(&all).is_empty());
        assert_eq!(
            undeclared(&["data", "code", "config", "hardware"]),
            Vec::<String>::new()
        );
        assert_eq!(
            undeclared(&["model.*", "features.list", "data:train"]),
            ["eval:test", "code", "config:features", "env"]
        );
        assert_eq!(undeclared(&["mod", "model.typ"]).len(), 6);
    }

    #[test]
    fn what_was_declared_and_did_not_change_is_told() {
        let said = [
            "model.type".to_owned(),
            "model.max_depth".to_owned(),
            "seed".to_owned(),
        ];
        let found = Declared::check(&said, &factors());
        assert_eq!(found.unchanged, ["model.max_depth", "seed"]);
    }
}
