//! What a report is written from: the records, and what was seen around them.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::Rules;
use crate::model::metric::{Goal, Yardstick, yardstick};
use crate::model::run::Time;
use crate::model::{Number, RecordPath, Run, RunId, Sha256, Status, Uid};
use crate::settings::{Lang, ProjectSettings};

/// Everything that a report may say.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The project's name: that of its folder.
    pub project: String,
    /// Readable runs in order of number, then uid.
    pub runs: Vec<&'a Run>,
    /// Folders whose record can't be read, with the reason.
    pub damaged: Vec<(String, String)>,
    /// The project's choices.
    pub settings: &'a ProjectSettings,
    /// The language of the report.
    pub lang: Lang,
    /// The run that stands in `production`.
    pub choice: Choice,
    /// Whether `experiments.md` says what the records say; `None` when there is no such file.
    pub overview_is_current: Option<bool>,
    /// Tables known from data cards, by digest.
    pub tables: BTreeMap<Sha256, DataTable>,
    /// The rules that runs are compared by.
    pub rules: Rules,
    /// Where each run stands in `runs`.
    positions: BTreeMap<Uid, usize>,
    /// Numbers that more than one run has.
    shared: BTreeSet<u32>,
}

/// Which run was promoted.
#[derive(Clone, Debug, Default)]
pub enum Choice {
    /// None was.
    #[default]
    None,
    /// This one.
    Made(InUse),
    /// Nobody can tell: these runs claim the place, or its file can't be read.
    Unclear(Vec<String>),
}

/// A promoted run.
#[derive(Clone, Debug)]
pub struct InUse {
    /// Its label when it was promoted.
    pub run: String,
    /// Its identity.
    pub uid: Option<Uid>,
    /// The model's file.
    pub path: Option<RecordPath>,
    /// The model's digest when it was promoted.
    pub sha256: Option<Sha256>,
    /// When.
    pub when: Option<Time>,
    /// By whom.
    pub who: Option<String>,
    /// Why this one.
    pub why: Option<String>,
    /// The file as it is now.
    pub file: FileState,
}

/// How a file stands against its recorded digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// The digest is the recorded one.
    Same,
    /// It is another one.
    Differs,
    /// There is no such file here.
    Absent,
    /// Nobody can say here, for this reason.
    Unknown(String),
}

/// The outline of a table in a data file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataTable {
    /// Data rows.
    pub rows: Option<u64>,
    /// Names of the columns, in order.
    pub columns: Vec<String>,
}

impl<'a> Facts<'a> {
    /// Facts that consist of records only; what was seen around them is set afterwards.
    pub fn new(runs: Vec<&'a Run>, settings: &'a ProjectSettings, lang: Lang) -> Self {
        let mut numbers = BTreeSet::new();
        let shared = runs.iter().map(|run| run.number);
        let shared = shared.filter(|number| !numbers.insert(*number)).collect();
        let positions = runs.iter().enumerate();
        Self {
            project: String::new(),
            positions: positions.map(|(at, run)| (run.uid.clone(), at)).collect(),
            shared,
            rules: Rules::from(settings),
            runs,
            damaged: Vec::new(),
            settings,
            lang,
            choice: Choice::None,
            overview_is_current: None,
            tables: BTreeMap::new(),
        }
    }

    /// The promoted run, as its promotion names it.
    pub fn in_use(&self) -> Option<&InUse> {
        match &self.choice {
            Choice::Made(used) => Some(used),
            Choice::None | Choice::Unclear(_) => None,
        }
    }

    /// The record of the promoted run.
    pub fn run_in_use(&self) -> Option<&'a Run> {
        let used = self.in_use()?;
        self.find(used.uid.as_ref(), &used.run)
    }

    /// The run with this identity.
    pub fn run(&self, uid: &Uid) -> Option<&'a Run> {
        self.runs.get(*self.positions.get(uid)?).copied()
    }

    /// A run as the report names it: `exp_003`, or the whole id where two runs have one number.
    pub fn label(&self, run: &Run) -> String {
        if self.shared.contains(&run.number) {
            run.id().to_string()
        } else {
            run.id().short()
        }
    }

    /// The run that this one is to be compared with, if its record is here.
    pub fn base_of(&self, run: &Run) -> Option<&'a Run> {
        self.run(&run.base.as_ref()?.uid)
    }

    /// The run with this identity; without one, that with this label, number or former label.
    ///
    /// A number that two runs have names none of them.
    pub fn find(&self, uid: Option<&Uid>, label: &str) -> Option<&'a Run> {
        if let Some(uid) = uid {
            return self.run(uid);
        }
        let whole = |run: &&&Run| run.id().to_string() == label;
        let short = |run: &&&Run| !self.shared.contains(&run.number) && run.id().short() == label;
        let alias = |run: &&&Run| {
            let of =
                |a: &String| a == label || RunId::parse(a).is_some_and(|id| id.short() == label);
            run.aliases.iter().any(of)
        };
        let runs = || self.runs.iter();
        runs()
            .find(whole)
            .or_else(|| runs().find(short))
            .or_else(|| runs().find(alias))
            .copied()
    }

    /// Runs that ended well.
    pub fn finished(&self) -> impl Iterator<Item = &'a Run> {
        let ok = |run: &&&Run| run.status == Status::Ok;
        self.runs.iter().filter(ok).copied()
    }

    /// Which way a metric is better; `None` when nobody said and its name doesn't tell.
    pub fn goal(&self, metric: &str) -> Option<Goal> {
        self.settings.goal(metric)
    }

    /// The metric that choices are made by: the project's, else a validation one that is judged,
    /// else any that is judged.
    pub fn primary(&self) -> Option<String> {
        if let Some(primary) = &self.settings.primary {
            return Some(primary.clone());
        }
        let judged = self.judged();
        let validation = judged
            .iter()
            .find(|name| yardstick(name) == Some(Yardstick::Val));
        validation.or(judged.first()).cloned()
    }

    /// Metrics with a better and a worse, the primary one first, then by yardstick and name.
    pub fn metrics(&self) -> Vec<String> {
        let primary = self.primary();
        let mut names = self.judged();
        if let Some(primary) = &primary
            && !names.contains(primary)
        {
            names.push(primary.clone());
        }
        let rank = |name: &str| match yardstick(name) {
            Some(Yardstick::Val) | None => 0,
            Some(Yardstick::Test) => 1,
            Some(Yardstick::Train) => 2,
        };
        names.sort_by_cached_key(|name| (Some(name) != primary.as_ref(), rank(name), name.clone()));
        names
    }

    fn judged(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self
            .runs
            .iter()
            .flat_map(|run| &run.metrics)
            .filter(|(_, value)| value.number().is_some())
            .map(|(name, _)| name)
            .collect();
        let judged = |name: &&String| matches!(self.goal(name), Some(Goal::Max | Goal::Min));
        names.into_iter().filter(judged).cloned().collect()
    }

    /// A metric of a run, if it is a number.
    pub fn number<'r>(&self, run: &'r Run, metric: &str) -> Option<&'r Number> {
        run.metrics.get(metric)?.number()
    }

    /// Whether `a` beats `b` by this metric's goal.
    pub fn better(&self, metric: &str, a: f64, b: f64) -> bool {
        match self.goal(metric) {
            Some(Goal::Max) => a > b,
            Some(Goal::Min) => a < b,
            _ => false,
        }
    }

    /// Finished runs with a finite value of the metric, best first; equal ones by number.
    pub fn ranked(&self, metric: &str) -> Vec<(&'a Run, f64)> {
        let value = |run: &Run| self.number(run, metric).map(Number::as_f64);
        let finite = self.finished().filter_map(|run| {
            let value = value(run).filter(|value| value.is_finite())?;
            Some((run, value))
        });
        let mut ranked: Vec<(&'a Run, f64)> = finite.collect();
        if self.goal(metric) == Some(Goal::Min) {
            ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
        } else {
            ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        }
        ranked
    }
}
