//! The record of one run.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::code::Code;
use super::data::{Artifact, ConfigFile, DataInput, MetricsFile};
use super::digest::Sha256;
use super::environment::{Environment, Hardware};
use super::id::{RunId, Uid};
use super::metric::MetricValue;
use super::number::Number;
use super::param::Param;
use super::path::RecordPath;

/// A moment with the offset of the place where it was seen.
pub type Time = DateTime<FixedOffset>;

/// How a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Started and not finished.
    #[default]
    Running,
    /// Finished with success.
    Ok,
    /// The command failed, or the user said so.
    Failed,
    /// Stopped by a signal from outside or by the user.
    Aborted,
    /// Its process is gone and nobody finished it.
    Stale,
}

impl Status {
    /// The word in records and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
            Self::Stale => "stale",
        }
    }
}

/// One recorded experiment: all that `run.json` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Identity.
    pub uid: Uid,
    /// Counts the versions of this record; a higher one replaces a lower one.
    #[serde(default)]
    pub rev: u32,
    /// The label's number.
    pub number: u32,
    /// The label's name.
    pub slug: String,
    /// The name as typed, in any language.
    #[serde(default)]
    pub title: String,
    /// Labels that this run had before it was renumbered or renamed.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// How it stands.
    #[serde(default)]
    pub status: Status,
    /// What the run was for.
    #[serde(default)]
    pub goal: Option<String>,
    /// What was expected.
    #[serde(default)]
    pub hypothesis: Option<String>,
    /// What the user said would change.
    #[serde(default)]
    pub declared: Vec<String>,
    /// The run to compare with.
    #[serde(default)]
    pub base: Option<Base>,
    /// The run whose configuration and command were taken: `run --like`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<Base>,
    /// Parameters that were set on the command line, with what the configuration had: `--set`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Param>,
    /// Free labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// When it was started.
    pub started: Time,
    /// When it was finished.
    #[serde(default)]
    pub finished: Option<Time>,
    /// How long the command took, in seconds.
    #[serde(default)]
    pub seconds: Option<Number>,
    /// The command, if `git exp run` started it.
    #[serde(default)]
    pub command: Option<Command>,
    /// The process that runs it.
    #[serde(default)]
    pub process: Option<Process>,
    /// The code.
    #[serde(default)]
    pub code: Code,
    /// The configuration files.
    #[serde(default)]
    pub config: Vec<ConfigFile>,
    /// The configuration's leaves by dotted name.
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    /// The data inputs.
    #[serde(default)]
    pub data: Vec<DataInput>,
    /// How it was measured.
    #[serde(default)]
    pub eval: Eval,
    /// The random seed, if one is known; the list of them when the run is its own repeats.
    #[serde(default)]
    pub seed: Option<Param>,
    /// The software.
    #[serde(default)]
    pub env: Option<Environment>,
    /// The machine.
    #[serde(default)]
    pub hardware: Option<Hardware>,
    /// The results.
    #[serde(default)]
    pub metrics: BTreeMap<String, MetricValue>,
    /// The same command under several seeds: `metrics` has the means then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<Repeat>,
    /// The file they came from.
    #[serde(default)]
    pub metrics_file: Option<MetricsFile>,
    /// What was logged step by step, summed up.
    #[serde(default)]
    pub series: BTreeMap<String, SeriesSummary>,
    /// Models, linked by digest.
    #[serde(default)]
    pub models: Vec<Artifact>,
    /// Other files, linked by digest.
    #[serde(default)]
    pub artifacts: Vec<Artifact>,
    /// Where else this run is recorded (`wandb`, `mlflow`, `slurm_job`).
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// What was learnt.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// What the reader must know before trusting the record.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The program that wrote the record.
    #[serde(default)]
    pub tool: String,
    /// Digest of the immutable part, written at `finish`.
    #[serde(default)]
    pub digest: Option<String>,
}

impl Run {
    /// The paths of what it wrote, from the project's folder: models, artifacts and the file of metrics.
    pub fn outputs(&self) -> impl Iterator<Item = &RecordPath> {
        let files = self.models.iter().chain(&self.artifacts);
        files
            .map(|file| &file.path)
            .chain(self.metrics_file.iter().map(|file| &file.path))
    }

    /// A run that has just been born: everything but its identity is empty.
    pub fn new(uid: Uid, id: RunId, started: Time) -> Self {
        Self {
            uid,
            rev: 1,
            number: id.number,
            slug: id.slug,
            title: String::new(),
            aliases: Vec::new(),
            status: Status::Running,
            goal: None,
            hypothesis: None,
            declared: Vec::new(),
            base: None,
            like: None,
            set: BTreeMap::new(),
            tags: Vec::new(),
            started,
            finished: None,
            seconds: None,
            command: None,
            process: None,
            code: Code::default(),
            config: Vec::new(),
            params: BTreeMap::new(),
            data: Vec::new(),
            eval: Eval::default(),
            seed: None,
            env: None,
            hardware: None,
            metrics: BTreeMap::new(),
            repeats: Vec::new(),
            metrics_file: None,
            series: BTreeMap::new(),
            models: Vec::new(),
            artifacts: Vec::new(),
            links: BTreeMap::new(),
            conclusion: None,
            warnings: Vec::new(),
            tool: concat!("git-exp ", env!("CARGO_PKG_VERSION")).to_owned(),
            digest: None,
        }
    }

    /// `exp_003_new_features`
    pub fn id(&self) -> RunId {
        RunId {
            number: self.number,
            slug: self.slug.clone(),
        }
    }
}

/// The run that this one is meant to be compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Base {
    /// Its label at that time.
    pub id: String,
    /// Its identity.
    pub uid: Uid,
}

/// What was executed. Secrets in it are redacted before it is recorded; `{config}` and `{seed}` stand
/// in it as they were typed ([`super::template`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Command {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Working directory relative to the project.
    pub cwd: RecordPath,
    /// The exit code, once it ended by itself.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    #[serde(default)]
    pub signal: Option<i32>,
}

/// One of a run's repeats under other seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Repeat {
    /// Its seed.
    pub seed: Param,
    /// Its folder inside the run's.
    pub folder: String,
    /// What it measured.
    #[serde(default)]
    pub metrics: BTreeMap<String, MetricValue>,
    /// How long the command took, in seconds.
    #[serde(default)]
    pub seconds: Option<Number>,
    /// The exit code, if it ended by itself.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// Digest of its metrics file.
    #[serde(default)]
    pub metrics_sha256: Option<Sha256>,
}

/// Enough to tell later whether the process still lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Process {
    /// Process id of the recorder.
    pub pid: Option<u32>,
    /// The machine's boot, for pids start anew with each.
    pub boot_id: Option<String>,
    /// Start time in clock ticks since boot.
    pub started_ticks: Option<u64>,
    /// Host name.
    pub host: Option<String>,
    /// Batch job id (`slurm:8812`).
    pub job: Option<String>,
}

/// The yardstick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Eval {
    /// How train and validation rows were split, in words or as the split's parameters.
    pub split: Option<String>,
    /// `path@tree` of the code that computes the metrics (`[eval] metric_code`).
    pub metric_code: Vec<String>,
}

/// A metric over steps, summed up; the values are in `series/<metric>.csv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesSummary {
    /// How many values were logged.
    pub count: u64,
    /// The last step.
    pub last_step: i64,
    /// The value at the last step.
    pub last: Number,
    /// The lowest finite value and its step.
    pub min: Option<AtStep>,
    /// The highest finite value and its step.
    pub max: Option<AtStep>,
}

/// A value and where it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AtStep {
    /// The step.
    pub step: i64,
    /// The value.
    pub value: Number,
}
