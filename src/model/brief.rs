//! What lists, tables and choices need of a run: the record without its machine, its packages and
//! its logs. A fraction of the cost of a [`Run`] where there are ten thousand.

use std::collections::BTreeMap;

use super::command_line::{Files, neutral, untold};
use super::data::{Artifact, ConfigFile, DataInput, MetricsFile};
use super::repeats::{self, Scatter};
use super::run::{Base, Process, Time};
use super::{MetricValue, Number, Oid, Param, RecordPath, Run, RunId, Sha256, Status, Uid};

/// A run in brief. The fields mean what they mean in [`Run`].
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Brief {
    pub uid: Uid,
    pub rev: u32,
    pub number: u32,
    pub slug: String,
    pub title: String,
    pub aliases: Vec<String>,
    pub status: Status,
    pub goal: Option<String>,
    pub base: Option<Base>,
    pub tags: Vec<String>,
    pub started: Time,
    pub finished: Option<Time>,
    pub seconds: Option<Number>,
    pub process: Option<Process>,
    pub commit: Option<Oid>,
    pub branch: Option<String>,
    pub code_tree: Option<Oid>,
    /// Whether code itself differed from the commit.
    pub dirty: bool,
    /// Paths that differed from the commit, from the top of the working tree.
    pub changes: Vec<RecordPath>,
    pub config: Vec<FileBrief>,
    pub params: BTreeMap<String, Param>,
    pub data: Vec<DataBrief>,
    pub split: Option<String>,
    pub metric_code: Vec<String>,
    pub seed: Option<Param>,
    /// The command's arguments, without what other fields tell; none without a command.
    pub arguments: Vec<String>,
    pub metrics: BTreeMap<String, MetricValue>,
    pub metrics_file: Option<FileBrief>,
    /// Of metrics that are means over repeated seeds.
    pub scatter: BTreeMap<String, Scatter>,
    pub models: Vec<FileBrief>,
    pub artifacts: Vec<FileBrief>,
    pub conclusion: Option<String>,
}

/// A file by path and content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FileBrief {
    pub path: RecordPath,
    pub sha256: Sha256,
}

/// A data input by role, path and content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct DataBrief {
    pub role: String,
    pub path: RecordPath,
    pub sha256: Option<Sha256>,
    pub blob: Option<Oid>,
    pub unstable: bool,
}

impl Brief {
    /// The paths of what it wrote, as [`Run::outputs`] gives them.
    pub fn outputs(&self) -> impl Iterator<Item = &RecordPath> {
        let files = self.models.iter().chain(&self.artifacts);
        files.chain(&self.metrics_file).map(|file| &file.path)
    }

    /// `exp_003_new_features`
    pub fn id(&self) -> RunId {
        RunId {
            number: self.number,
            slug: self.slug.clone(),
        }
    }

    /// A metric's number, if it is one.
    pub fn metric(&self, name: &str) -> Option<&Number> {
        self.metrics.get(name)?.number()
    }
}

impl From<&Run> for Brief {
    fn from(run: &Run) -> Self {
        let arguments = match &run.command {
            Some(command) => {
                let words = untold(&command.argv, run.params.keys());
                neutral(words, run.seed.as_ref(), &Files::of(run))
            }
            None => Vec::new(),
        };
        let run = run.clone();
        Self {
            arguments,
            dirty: run.code.code_is_dirty(),
            uid: run.uid,
            rev: run.rev,
            number: run.number,
            slug: run.slug,
            title: run.title,
            aliases: run.aliases,
            status: run.status,
            goal: run.goal,
            base: run.base,
            tags: run.tags,
            started: run.started,
            finished: run.finished,
            seconds: run.seconds,
            process: run.process,
            commit: run.code.commit,
            branch: run.code.branch,
            code_tree: run.code.code_tree,
            changes: run.code.changes.into_iter().map(|c| c.path).collect(),
            config: run.config.into_iter().map(FileBrief::from).collect(),
            params: run.params,
            data: run.data.into_iter().map(DataBrief::from).collect(),
            split: run.eval.split,
            metric_code: run.eval.metric_code,
            seed: run.seed,
            metrics: run.metrics,
            metrics_file: run.metrics_file.map(FileBrief::from),
            scatter: repeats::scatters(&run.repeats),
            models: run.models.into_iter().map(FileBrief::from).collect(),
            artifacts: run.artifacts.into_iter().map(FileBrief::from).collect(),
            conclusion: run.conclusion,
        }
    }
}

impl From<ConfigFile> for FileBrief {
    fn from(file: ConfigFile) -> Self {
        Self {
            path: file.path,
            sha256: file.sha256,
        }
    }
}

impl From<MetricsFile> for FileBrief {
    fn from(file: MetricsFile) -> Self {
        Self {
            path: file.path,
            sha256: file.sha256,
        }
    }
}

impl From<Artifact> for FileBrief {
    fn from(file: Artifact) -> Self {
        Self {
            path: file.path,
            sha256: file.sha256,
        }
    }
}

impl From<DataInput> for DataBrief {
    fn from(input: DataInput) -> Self {
        Self {
            role: input.role,
            path: input.path,
            sha256: input.sha256,
            blob: input.blob,
            unstable: input.unstable,
        }
    }
}
