//! The shape of `git-exp/diff/1`, which other programs rely on. Fields are only ever added.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::compare::{Axis, State, Verdict};
use crate::model::metric::Goal;
use crate::model::run::SeriesSummary;
use crate::model::table_diff::{FolderDiff, TableDiff};
use crate::model::{MetricValue, Number, Oid, Param, RecordPath, Sha256, Uid};

/// The version of this form.
pub const DIFF_SCHEMA: &str = "git-exp/diff/1";

/// Two runs compared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Diff {
    /// The first run as it is named on a command line.
    pub a: String,
    /// The second run as it is named on a command line.
    pub b: String,
    /// Who the first run is.
    pub a_run: RunRef,
    /// Who the second run is.
    pub b_run: RunRef,
    /// The verdict.
    pub verdict: Verdict,
    /// How many factors changed.
    pub factors: usize,
    /// Each of them.
    pub factor_list: Vec<FactorRef>,
    /// What the second run's user said would change.
    pub declared: Vec<String>,
    /// Factors that were not declared, such as `code` and `config:model.max_depth`.
    pub undeclared: Vec<String>,
    /// What was declared and did not change.
    pub declared_unchanged: Vec<String>,
    /// What is known of each axis.
    pub axes: BTreeMap<Axis, State>,
    /// Axes whose gaps forbid to claim one factor or none.
    pub decisive_gaps: Vec<Axis>,
    /// Metrics side by side.
    pub metrics: Vec<Metric>,
    /// What both runs logged over steps, where it differs.
    pub series: Vec<Series>,
    /// What changed, in detail.
    pub changes: Changes,
    /// Runs at distance one.
    pub closest: Vec<ClosestRun>,
    /// Repeats of one experiment: mean and spread of the primary metric.
    pub repeats: Option<Repeats>,
    /// Sentences for people.
    pub text: Text,
}

/// A run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunRef {
    /// `exp_003_new_features`
    pub id: String,
    /// Its identity.
    pub uid: Uid,
}

/// An independently changed thing.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FactorRef {
    /// `config:model.max_depth`
    pub label: String,
    /// Where it counts.
    pub axis: Axis,
    /// The key, bundle or role.
    pub name: String,
    /// The keys of a bundle, or just the name.
    pub members: Vec<String>,
    /// Whether it had been declared.
    pub declared: bool,
}

/// One metric in both runs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Which way is better.
    pub goal: Option<Goal>,
    /// Whether choices are made by it.
    pub primary: bool,
    /// `train`, `val` or `test`.
    pub role: &'static str,
    /// What is known of the yardstick.
    pub yardstick: State,
    /// The first value.
    pub a: Option<MetricValue>,
    /// The second value.
    pub b: Option<MetricValue>,
    /// Second minus first.
    pub delta: Option<Number>,
    /// The delta as a share of the first value.
    pub relative: Option<Number>,
    /// `better`, `worse`, `same`, `info`, `unknown-direction`, `not-comparable`, `not-finite`,
    /// `only-a` or `only-b`.
    pub judgement: &'static str,
    /// How much of it may be luck; null when nothing was repeated.
    pub noise: Option<NoiseOf>,
}

/// The noise of a metric.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NoiseOf {
    /// Values behind the estimate.
    pub n: usize,
    /// Values on the first side.
    pub n_a: usize,
    /// Values on the second side.
    pub n_b: usize,
    /// Standard deviation.
    pub sd: Number,
    /// `welch` (t-test on means, 95 %) or `one-sample` (2·s·√2).
    pub method: &'static str,
    /// Smaller differences are within noise.
    pub threshold: Number,
    /// Whether this one is.
    pub within: bool,
}

/// A metric over steps in both runs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Which way is better.
    pub goal: Option<Goal>,
    /// What is known of the yardstick.
    pub yardstick: State,
    /// The first run's.
    pub a: SeriesSummary,
    /// The second run's.
    pub b: SeriesSummary,
}

/// What changed, in detail.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Changes {
    /// Data inputs that are not the same, or the same under another path or with other line endings.
    pub data: Vec<DataChange>,
    /// Code files.
    pub code: Vec<CodeFile>,
    /// Commits of both runs.
    pub commits: [Option<Oid>; 2],
    /// Commits that only one of the two histories has; null when that is not known.
    pub commits_between: Option<u64>,
    /// Configuration keys.
    pub config: Vec<ConfigKey>,
    /// Seeds, when they differ.
    pub seed: Option<[Option<Param>; 2]>,
    /// Interpreter versions, when they differ.
    pub python: Option<[String; 2]>,
    /// Packages.
    pub packages: Vec<Package>,
    /// What differs about the machine.
    pub hardware: Vec<&'static str>,
    /// Arguments that differ.
    pub command: Option<[Vec<String>; 2]>,
}

/// A data input that changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DataChange {
    /// Its role.
    pub role: String,
    /// `eval` or `data`.
    pub axis: Axis,
    /// `renamed`, `line-endings`, `changed`, `added`, `removed` or `unknown`.
    pub change: &'static str,
    /// Paths, digests and rows before.
    pub a: Option<DataFile>,
    /// Paths, digests and rows after.
    pub b: Option<DataFile>,
    /// How the tables differ, as far as anybody looked.
    pub table: Option<TableDiff>,
    /// How the folders differ, as far as anybody looked.
    pub folder: Option<FolderDiff>,
}

/// A data file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DataFile {
    /// Where it is.
    pub path: RecordPath,
    /// Its digest.
    pub sha256: Option<Sha256>,
    /// Its rows.
    pub rows: Option<u64>,
    /// Its size.
    pub bytes: Option<u64>,
}

/// A code file that changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CodeFile {
    /// Where it is.
    pub path: RecordPath,
    /// git's letter.
    pub status: String,
    /// Lines added.
    pub added: Option<u64>,
    /// Lines removed.
    pub removed: Option<u64>,
    /// Whether only comments and white space differ.
    pub cosmetic: Option<bool>,
    /// Whether the command uses it.
    pub used: Option<bool>,
    /// Whether it counts.
    pub counts: bool,
    /// Cells that differ, in a notebook.
    pub cells: Option<u64>,
    /// Functions and classes that hold changed lines.
    pub functions: Vec<String>,
    /// Whether the lines were not compared to the end: then a function too many may be named, or
    /// counts are missing.
    pub approximate: bool,
}

/// A configuration key that differs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConfigKey {
    /// Its dotted name.
    pub key: String,
    /// `value`, `added`, `removed`, `moved`, `elements`, `reordered` or `spelling`.
    pub change: &'static str,
    /// Where it counts: `config`, `eval`, `seed`, `data`, or null for nowhere.
    pub counts_on: Option<Axis>,
    /// Its name before, where that is another one: it was moved, or its list grew before it.
    pub from: Option<String>,
    /// Its name after, where that is another one: its list shrank before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Its value before.
    pub a: Option<Param>,
    /// Its value after.
    pub b: Option<Param>,
}

/// A package that differs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version before.
    pub a: Option<String>,
    /// Its version after.
    pub b: Option<String>,
    /// Whether the project names it itself.
    pub direct: bool,
}

/// A run that isolates a factor.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ClosestRun {
    /// The run.
    pub run: String,
    /// The label of the one factor.
    pub isolates: String,
    /// Whether it is `a` plus this factor, or `b` without it.
    pub side: &'static str,
    /// What that factor alone did to the primary metric.
    pub delta: Option<Number>,
}

/// Repeats of one experiment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Repeats {
    /// The metric.
    pub metric: String,
    /// How many runs.
    pub n: usize,
    /// Their mean.
    pub mean: Number,
    /// Their standard deviation.
    pub sd: Number,
}

/// Sentences for people.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Text {
    /// The verdict.
    pub verdict: String,
    /// Cautions.
    pub warnings: Vec<String>,
    /// What is unknown and why.
    pub unknown: Vec<String>,
    /// Likely reasons.
    pub reasons: Vec<String>,
    /// Commands to type next.
    pub commands: Vec<String>,
}
