//! What each run changed against its base.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::yardsticks::Groups;
use crate::model::{Param, Run};

/// One step from a base to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What changed, in the order of the axes.
    pub changes: Vec<Change>,
    /// Axes of which the records don't say whether they changed.
    pub unknown: Vec<&'static str>,
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `data`, `code`, `config`, `seed`, `env` or `hardware`.
    pub axis: &'static str,
    /// Which: a role, a parameter, a package.
    pub what: String,
    /// Before; empty when there is nothing short to say.
    pub before: String,
    /// After.
    pub after: String,
}

impl Change {
    /// `model.n_estimators 100 → 300`
    pub fn phrase(&self) -> String {
        let name = match self.axis {
            "config" => self.what.clone(),
            axis if self.what.is_empty() => axis.to_owned(),
            axis => format!("{axis} {}", self.what),
        };
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

/// What a list gained and lost, `+new, −old`; `None` when its items only moved.
fn list_change(before: &[Param], after: &[Param]) -> Option<String> {
    let missing = |item: &&Param, list: &[Param]| !list.iter().any(|other| other.same_value(item));
    let gained = after.iter().filter(|item| missing(item, before));
    let lost = before.iter().filter(|item| missing(item, after));
    let signed: Vec<String> = gained
        .map(|item| format!("+{}", item.spelling()))
        .chain(lost.map(|item| format!("−{}", item.spelling())))
        .collect();
    (!signed.is_empty()).then(|| signed.join(", "))
}

/// Whether a parameter only names a data input, which is compared by its content.
fn names_data(run: &Run, value: Option<&Param>) -> bool {
    let path = value.map(Param::spelling);
    path.is_some_and(|path| run.data.iter().any(|input| input.path.display() == path))
}

impl Step {
    /// Compares a run with its base; `None` without a base whose record is here.
    pub fn of(facts: &Facts<'_>, run: &Run) -> Option<Self> {
        Some(Self::between(facts.base_of(run)?, run))
    }

    /// Compares two runs.
    pub fn between(base: &Run, run: &Run) -> Self {
        let mut step = Self {
            changes: Vec::new(),
            unknown: Vec::new(),
        };
        step.data(base, run);
        step.code(base, run);
        step.config(base, run);
        step.environment(base, run);
        step
    }

    /// How many independent things changed: environment and hardware count as one together.
    pub fn factors(&self) -> usize {
        let machine = |change: &&Change| matches!(change.axis, "env" | "hardware");
        let other = self.changes.iter().filter(|c| !machine(c)).count();
        other + usize::from(self.changes.iter().any(|c| machine(&c)))
    }

    fn push(&mut self, axis: &'static str, what: &str, before: String, after: String) {
        self.changes.push(Change {
            axis,
            what: what.to_owned(),
            before,
            after,
        });
    }

    fn data(&mut self, base: &Run, run: &Run) {
        let roles: BTreeSet<&str> = base
            .data
            .iter()
            .chain(&run.data)
            .map(|d| d.role.as_str())
            .collect();
        for role in roles {
            let of = |run: &Run| run.data.iter().find(|input| input.role == role).cloned();
            let (before, after) = (of(base), of(run));
            let digest = |input: &Option<crate::model::data::DataInput>| {
                input.as_ref().and_then(|input| input.sha256.clone())
            };
            match (digest(&before), digest(&after)) {
                (Some(a), Some(b)) if a == b => continue,
                (None, _) | (_, None) if before.is_some() && after.is_some() => {
                    self.unknown.push("data");
                    continue;
                }
                _ => {}
            }
            let shown = |input: &Option<crate::model::data::DataInput>| match input {
                Some(input) => {
                    let name = String::from_utf8_lossy(input.path.file_name()).into_owned();
                    let digest = input.sha256.as_ref().map_or("?", |digest| digest.short());
                    format!("{name} {digest}")
                }
                None => "–".to_owned(),
            };
            self.push("data", role, shown(&before), shown(&after));
        }
    }

    fn code(&mut self, base: &Run, run: &Run) {
        match (&base.code.code_tree, &run.code.code_tree) {
            (Some(a), Some(b)) if a == b => {}
            (Some(_), Some(_)) => {
                let state = |run: &Run| {
                    let commit = run
                        .code
                        .commit
                        .as_ref()
                        .map_or("?", |commit| commit.short());
                    let dirty = if run.code.code_is_dirty() {
                        "-dirty"
                    } else {
                        ""
                    };
                    format!("{commit}{dirty}")
                };
                self.push("code", "", state(base), state(run));
            }
            _ => self.unknown.push("code"),
        }
    }

    fn config(&mut self, base: &Run, run: &Run) {
        let names: BTreeSet<&String> = base.params.keys().chain(run.params.keys()).collect();
        let spelled = |value: Option<&Param>| value.map_or("–".to_owned(), Param::spelling);
        for name in names {
            let (before, after) = (base.params.get(name), run.params.get(name));
            if matches!((before, after), (Some(a), Some(b)) if a.same_value(b)) {
                continue;
            }
            if names_data(base, before) && names_data(run, after) {
                continue;
            }
            if let (Some(Param::List(a)), Some(Param::List(b))) = (before, after)
                && let Some(change) = list_change(a, b)
            {
                self.push("config", name, String::new(), change);
                continue;
            }
            self.push("config", name, spelled(before), spelled(after));
        }
        match (&base.seed, &run.seed) {
            (Some(a), Some(b)) if a.same_value(b) => {}
            (None, None) => {}
            (a, b) => self.push("seed", "", spelled(a.as_ref()), spelled(b.as_ref())),
        }
    }

    fn environment(&mut self, base: &Run, run: &Run) {
        let none = || "–".to_owned();
        match (&base.env, &run.env) {
            (Some(a), Some(b)) => {
                if a.python != b.python {
                    let shown = |version: &Option<String>| version.clone().unwrap_or_else(none);
                    self.push("env", "python", shown(&a.python), shown(&b.python));
                }
                let names: BTreeSet<&String> = a.direct.keys().chain(b.direct.keys()).collect();
                for name in names {
                    let (before, after) = (a.direct.get(name), b.direct.get(name));
                    if before != after {
                        let shown = |version: Option<&Option<String>>| {
                            version.cloned().flatten().unwrap_or_else(none)
                        };
                        self.push("env", name, shown(before), shown(after));
                    }
                }
            }
            _ => self.unknown.push("env"),
        }
        match (&base.hardware, &run.hardware) {
            (Some(a), Some(b)) => {
                if a.cpu != b.cpu || a.cores != b.cores || a.gpus != b.gpus {
                    let shown = |machine: &crate::model::environment::Hardware| {
                        let gpus = machine.gpus.iter().flatten().cloned();
                        let parts: Vec<String> = machine.cpu.iter().cloned().chain(gpus).collect();
                        parts.join(", ")
                    };
                    self.push("hardware", "", shown(a), shown(b));
                }
            }
            _ => self.unknown.push("hardware"),
        }
    }
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

/// Compares a metric of a run with that of its base.
pub fn against(facts: &Facts<'_>, groups: &Groups, base: &Run, run: &Run, metric: &str) -> Against {
    let (Some(before), Some(after)) = (facts.number(base, metric), facts.number(run, metric))
    else {
        return Against::Nothing;
    };
    let (a, b) = (before.as_f64(), after.as_f64());
    let shown = crate::ui::number::signed(b - a, before, after);
    match groups.comparable(base, run) {
        Some(false) => Against::NotComparable,
        None => Against::Unknown(shown),
        Some(true) if before.same_value(after) => Against::Equal,
        Some(true) => {
            let better = facts.better(metric, b, a);
            let worse = facts.better(metric, a, b);
            Against::Difference(shown, (better || worse).then_some(better))
        }
    }
}
