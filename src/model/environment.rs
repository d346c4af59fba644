//! The software and the machine that a run saw.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Sha256;
use super::path::RecordPath;

/// Interpreter, packages and allow-listed variables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Environment {
    /// The Python version, such as `3.11.9`; `None` when it could not be told.
    pub python: Option<String>,
    /// The interpreter's path.
    pub interpreter: Option<String>,
    /// What manages it: `venv`, `conda`, `pyenv`, `system`.
    pub manager: Option<String>,
    /// How many packages are installed.
    pub packages: Option<u32>,
    /// The file in the run folder that lists them, `name==version` a line, sorted.
    pub lock: Option<String>,
    /// Digest of that list.
    pub sha256: Option<Sha256>,
    /// Direct dependencies with the version that was installed, from the project's own files.
    pub direct: BTreeMap<String, Option<String>>,
    /// Lock and requirement files of the project.
    pub lockfiles: Vec<Lockfile>,
    /// Allow-listed variables that were set.
    pub vars: BTreeMap<String, String>,
}

/// A file that pins dependencies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lockfile {
    /// Relative to the project.
    pub path: RecordPath,
    /// Digest of its bytes.
    pub sha256: Sha256,
}

/// The machine. `None` is "not known", never "none".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Hardware {
    /// `linux 6.1.0`
    pub os: Option<String>,
    /// `x86_64`
    pub arch: Option<String>,
    /// The CPU's own name.
    pub cpu: Option<String>,
    /// Logical cores that this process may use.
    pub cores: Option<u32>,
    /// Memory in bytes (the cgroup's limit where that is smaller).
    pub memory_bytes: Option<u64>,
    /// Accelerators by name; `None` when it could not be looked up.
    pub gpus: Option<Vec<String>>,
}
