//! What each run changed against its base, by the same comparison as `git exp diff`, as far as the
//! records go: frozen trees and data files are not opened for a report.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::diff::words::Words;
use super::facts::Facts;
use crate::compare::axes::Axes;
use crate::compare::axes::config::{KeyChange, KeyKind};
use crate::compare::axis::{Axis, State};
use crate::compare::evidence::{Evidence, Side};
use crate::compare::factor;
use crate::model::data::DataInput;
use crate::model::metric::Yardstick;
use crate::model::{Param, Run};
use crate::settings::Lang;

/// One step from a base to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What changed, in the order of the axes; the command line where nothing else did.
    pub changes: Vec<Change>,
    /// Axes of which the records don't say whether they changed.
    pub unknown: Vec<&'static str>,
    /// How many independent things changed, by the rule that `git exp diff` counts with.
    pub factors: usize,
    yardsticks: [(Yardstick, State); 3],
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    /// `data`, `split`, `code`, `config`, `seed`, `env`, `hardware` or `command`.
    pub axis: &'static str,
    /// Which: a role, a parameter, a package.
    pub what: String,
    /// Before; empty when there is nothing short to say.
    pub before: String,
    /// After.
    pub after: String,
}

impl Change {
    /// `model.n_estimators`, `data train`, `code`
    pub fn name(&self, lang: Lang) -> String {
        match self.axis {
            "config" => self.what.clone(),
            axis => format!("{} {}", axis_word(axis, lang), self.what)
                .trim_end()
                .to_owned(),
        }
    }

    /// `model.n_estimators 100 → 300`
    pub fn phrase(&self, lang: Lang) -> String {
        let name = self.name(lang);
        match (self.before.is_empty(), self.after.is_empty()) {
            (true, true) => name,
            (true, false) => format!("{name} {}", shortened(&self.after)),
            _ => format!(
                "{name} {} → {}",
                shortened(&self.before),
                shortened(&self.after)
            ),
        }
    }
}

/// An axis in the reader's language; the rule that splits data is said apart from the data.
pub fn axis_word(axis: &'static str, lang: Lang) -> &'static str {
    let w = Words {
        lang,
        unicode: true,
    };
    let known = Axis::ALL.into_iter().find(|known| known.word() == axis);
    match known {
        Some(known) => w.axis(known),
        None => w.pick("split", "разбиение"),
    }
}

/// Longer values are cut in phrases; the tables of a run have them whole.
const VALUE_SHOWN: usize = 48;

fn shortened(value: &str) -> String {
    if value.chars().count() <= VALUE_SHOWN {
        return value.to_owned();
    }
    value
        .chars()
        .take(VALUE_SHOWN - 1)
        .chain(std::iter::once('…'))
        .collect()
}

impl Step {
    /// Compares a run with its base; `None` without a base whose record is here.
    pub fn of(facts: &Facts<'_>, run: &Run) -> Option<Self> {
        Some(Self::between(facts, facts.base_of(run)?, run))
    }

    /// Compares two runs by their records alone.
    pub fn between(facts: &Facts<'_>, base: &Run, run: &Run) -> Self {
        let rules = &facts.rules;
        let (a, b) = (Side::new(base), Side::new(run));
        let axes = Axes::between(&a, &b, &Evidence::default(), rules);
        let state = |axis| axes.state(axis);
        let unknown = Axis::ALL
            .into_iter()
            .filter(|axis| *axis != Axis::Command && state(*axis) == State::Unknown);
        let mut step = Self {
            changes: Vec::new(),
            unknown: unknown.map(Axis::word).collect(),
            factors: factor::count(&axes, rules).len(),
            yardsticks: [Yardstick::Train, Yardstick::Val, Yardstick::Test]
                .map(|role| (role, axes.eval.role(role).state)),
        };
        step.data(&axes);
        if state(Axis::Code) == State::Changed {
            step.push("code", "", code(base, facts.lang), code(run, facts.lang));
        }
        step.config(&axes);
        if state(Axis::Seed) == State::Changed {
            step.push("seed", "", spelled(&axes.seed.a), spelled(&axes.seed.b));
        }
        if state(Axis::Env) == State::Changed {
            step.environment(base, run);
        }
        if state(Axis::Hardware) == State::Changed {
            let lang = facts.lang;
            step.push("hardware", "", machine(base, lang), machine(run, lang));
        }
        // It is no factor beside what counts, and often says the same once more.
        if step.changes.is_empty() && state(Axis::Command) == State::Changed {
            let (before, after) = axes.command.sides();
            step.push("command", "", before, after);
        }
        step
    }

    /// The axes that nothing is known of, in the reader's language.
    pub fn unknown(&self, lang: Lang) -> String {
        let words: Vec<&str> = self
            .unknown
            .iter()
            .map(|axis| axis_word(axis, lang))
            .collect();
        words.join(", ")
    }

    /// What is known of the data that a metric of this role was measured on.
    pub fn yardstick(&self, role: Yardstick) -> State {
        let found = self.yardsticks.iter().find(|(known, _)| *known == role);
        found.map_or(State::Unknown, |(_, state)| *state)
    }

    fn push(&mut self, axis: &'static str, what: &str, before: String, after: String) {
        self.changes.push(Change {
            axis,
            what: what.to_owned(),
            before,
            after,
        });
    }

    fn data(&mut self, axes: &Axes) {
        for input in axes.eval.inputs.iter().chain(&axes.data.inputs) {
            if input.kind.state() == State::Changed {
                self.push("data", &input.role, file(&input.a), file(&input.b));
            }
        }
        if axes.eval.split.0 != axes.eval.split.1 {
            let text = |split: &Option<String>| split.clone().unwrap_or_else(|| "–".to_owned());
            self.push(
                "split",
                "",
                text(&axes.eval.split.0),
                text(&axes.eval.split.1),
            );
        }
    }

    fn config(&mut self, axes: &Axes) {
        let counts = |key: &&KeyChange| key.role.counts() && key.kind != KeyKind::Spelling;
        for key in axes.config.keys.iter().filter(counts) {
            let (before, after) = match &key.kind {
                KeyKind::Elements { added, removed } => (String::new(), elements(added, removed)),
                KeyKind::Moved => (key.from.clone().unwrap_or_default(), key.key.clone()),
                _ => (spelled(&key.a), spelled(&key.b)),
            };
            self.push("config", &key.key, before, after);
        }
        for pair in axes
            .config
            .files
            .iter()
            .filter(|pair| pair.is_opaque_change())
        {
            self.push("config", &pair.name(), String::new(), String::new());
        }
    }

    /// The interpreter and the direct dependencies; nothing more is known by name in a record.
    fn environment(&mut self, base: &Run, run: &Run) {
        let (Some(a), Some(b)) = (&base.env, &run.env) else {
            return;
        };
        let version = |version: Option<String>| version.unwrap_or_else(|| "–".to_owned());
        let told = self.changes.len();
        if a.python != b.python {
            self.push(
                "env",
                "python",
                version(a.python.clone()),
                version(b.python.clone()),
            );
        }
        let names: BTreeSet<&String> = a.direct.keys().chain(b.direct.keys()).collect();
        for name in names {
            let (before, after) = (a.direct.get(name), b.direct.get(name));
            if before != after {
                let shown = |found: Option<&Option<String>>| version(found.cloned().flatten());
                self.push("env", name, shown(before), shown(after));
            }
        }
        if self.changes.len() == told {
            self.push("env", "", String::new(), String::new());
        }
    }
}

fn file(input: &Option<DataInput>) -> String {
    let Some(input) = input else {
        return "–".to_owned();
    };
    let name = String::from_utf8_lossy(input.path.file_name()).into_owned();
    let digest = input.sha256.as_ref().map_or("?", |digest| digest.short());
    format!("{name} {digest}")
}

/// The commit as `git describe --dirty` would mark it.
fn code(run: &Run, lang: Lang) -> String {
    let commit = run
        .code
        .commit
        .as_ref()
        .map_or("?", |commit| commit.short());
    let dirty = if run.code.code_is_dirty() {
        lang.pick("-dirty", " + правки")
    } else {
        ""
    };
    format!("{commit}{dirty}")
}

fn machine(run: &Run, lang: Lang) -> String {
    let Some(machine) = &run.hardware else {
        return "–".to_owned();
    };
    let gpus = machine.gpus.iter().flatten().cloned();
    let w = Words {
        lang,
        unicode: true,
    };
    let count = |n: u32| w.count(n.into(), ["core", "cores"], ["ядро", "ядра", "ядер"]);
    let cores = machine.cores.map(count);
    let parts: Vec<String> = machine
        .cpu
        .iter()
        .cloned()
        .chain(cores)
        .chain(gpus)
        .collect();
    parts.join(", ")
}

fn spelled(value: &Option<Param>) -> String {
    value
        .as_ref()
        .map_or_else(|| "–".to_owned(), Param::spelling)
}

/// What a list gained and lost: `+new, −old`.
fn elements(added: &[Param], removed: &[Param]) -> String {
    let signed = |sign: char| move |item: &Param| format!("{sign}{}", item.spelling());
    let gained = added.iter().map(signed('+'));
    gained
        .chain(removed.iter().map(signed('−')))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A metric against the base: by how much, and whether the two may be subtracted at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// The same value, measured on the same data.
    Equal,
    /// Measured on the same data: the signed difference, and whether it is better (`None`: nobody
    /// said which way is better).
    Difference(String, Option<bool>),
    /// Measured on other data.
    NotComparable,
    /// The records don't say what was measured on.
    Unknown(String),
    /// One of the two has no such number.
    Nothing,
}

/// Compares a metric of a run with that of its base; `step` leads from the one to the other.
pub fn against(facts: &Facts<'_>, step: &Step, base: &Run, run: &Run, metric: &str) -> Against {
    let (Some(before), Some(after)) = (facts.number(base, metric), facts.number(run, metric))
    else {
        return Against::Nothing;
    };
    let (a, b) = (before.as_f64(), after.as_f64());
    let shown = crate::ui::number::signed(b - a, before, after);
    match step.yardstick(facts.rules.role(metric)) {
        State::Changed => Against::NotComparable,
        State::Unknown => Against::Unknown(shown),
        State::Same if before.same_value(after) => Against::Equal,
        State::Same => {
            let better = facts.better(metric, b, a);
            let worse = facts.better(metric, a, b);
            Against::Difference(shown, (better || worse).then_some(better))
        }
    }
}
