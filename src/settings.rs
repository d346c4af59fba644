//! Every setting in one place: its name, its default, its typed getter.
//!
//! `experiments/exp.toml` holds the project's choices and is committed; `git config exp.*` holds a
//! person's and is read by git itself, so that `git -c exp.lang=ru exp …` works.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Context, Failure, Result};
use crate::model::metric::{Goal, guess_goal};

/// The language of generated text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
}

impl Lang {
    /// Both versions of a sentence stand side by side where it is written.
    pub fn pick<'a>(self, english: &'a str, russian: &'a str) -> &'a str {
        match self {
            Self::En => english,
            Self::Ru => russian,
        }
    }
}

/// `experiments/exp.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectSettings {
    /// Language of generated files.
    pub lang: Option<Lang>,
    /// The metric that choices are made by.
    pub primary: Option<String>,
    /// `[metrics] name = "max" | "min" | "info"`
    pub metrics: BTreeMap<String, Goal>,
    /// `[inputs]`
    pub inputs: Inputs,
    /// `[outputs]`
    pub outputs: Outputs,
    /// `[code]`
    pub code: CodeRules,
    /// `[eval]`
    pub eval: EvalRules,
    /// `[factors] bundle = ["features.*"]`
    pub factors: BTreeMap<String, Vec<String>>,
    /// `[table]`
    pub table: TableRules,
    /// `[check]`
    pub check: BTreeMap<String, toml::Value>,
    /// `[snapshot]`
    pub snapshot: SnapshotRules,
    /// `[data]`
    pub data: DataRules,
}

/// What a run is given when the command line names nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inputs {
    /// Configuration files.
    pub config: Vec<String>,
    /// Data by role: `data = { train = "data/train.csv" }`
    pub data: BTreeMap<String, String>,
}

/// Where the program writes its results.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outputs {
    /// The metrics file; found by itself when not given.
    pub metrics: Option<String>,
    /// Model files to link at `finish`.
    pub models: Vec<String>,
}

/// Which paths are code.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodeRules {
    /// Globs that count for nothing.
    pub ignore: Vec<String>,
    /// When given, only these folders are code (relative to the project).
    pub paths: Vec<String>,
}

/// How results are measured.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvalRules {
    /// The role of metrics whose names don't say.
    pub default: Option<String>,
    /// The split in words.
    pub split: Option<String>,
    /// Files that compute the metrics.
    pub metric_code: Vec<String>,
    /// Config keys that say how data is split, such as `split.*`.
    pub split_keys: Vec<String>,
}

/// The overview table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TableRules {
    /// Columns, in order.
    pub columns: Vec<String>,
}

/// Limits of the freeze, in mebibytes.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnapshotRules {
    /// The largest untracked or changed file that is kept.
    pub max_file_mib: u64,
    /// All untracked and changed files together.
    pub max_total_mib: u64,
}

impl Default for SnapshotRules {
    fn default() -> Self {
        Self {
            max_file_mib: 100,
            max_total_mib: 1024,
        }
    }
}

/// How much is remembered of data.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataRules {
    /// `full`, `schema` or `none`.
    pub profile: Profile,
    /// The target column.
    pub target: Option<String>,
    /// The key column.
    pub key: Option<String>,
    /// Globs of files in data folders to take.
    pub include: Vec<String>,
    /// Globs of files in data folders to leave out.
    pub exclude: Vec<String>,
}

/// How much a data card tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Statistics of every column.
    #[default]
    Full,
    /// Columns and types only.
    Schema,
    /// Digest and size only.
    None,
}

impl ProjectSettings {
    /// Reads exp.toml; a missing file means the defaults.
    pub fn read(file: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(Failure::new(format!("cannot read {}", file.display())).because(error));
            }
        };
        Self::parse(&text, &file.display().to_string())
    }

    /// Parses the text of an exp.toml; `origin` is for the error message.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        toml::from_str(text)
            .context(|| format!("{origin} is not right"))
            .map_err(|failure| failure.hint(format!("edit {origin}")))
    }

    /// The goal of a metric: what the project says, else what its name suggests.
    pub fn goal(&self, metric: &str) -> Option<Goal> {
        self.metrics
            .get(metric)
            .copied()
            .or_else(|| guess_goal(metric))
    }
}
