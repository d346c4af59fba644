//! Files that a run read: configurations, data inputs, and what it wrote.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::{Oid, Sha256};
use super::path::RecordPath;

/// A configuration file as it was at start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigFile {
    /// Relative to the project.
    pub path: RecordPath,
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// Its git blob id, if git tracks the file with these bytes.
    #[serde(default)]
    pub blob: Option<Oid>,
    /// Its copy in the run folder.
    #[serde(default)]
    pub copy: Option<String>,
    /// Why its parameters are not in `params`, if they aren't.
    #[serde(default)]
    pub unread: Option<String>,
    /// Whether the bytes are those of the copy alone: the file at `path`, with values set on the
    /// command line, or as an earlier run had it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub derived: bool,
}

/// What a data input is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DataKind {
    /// A regular file.
    #[default]
    File,
    /// A folder; `sha256` is the digest of its manifest.
    Folder,
}

/// A data file or folder that the run was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataInput {
    /// `train`, `val`, `test`, or a name of the user's.
    pub role: String,
    /// Relative to the project; absolute when `external`.
    pub path: RecordPath,
    /// File or folder.
    #[serde(default)]
    pub kind: DataKind,
    /// Digest of the content (of the manifest for a folder).
    #[serde(default)]
    pub sha256: Option<Sha256>,
    /// Git blob id of the content, if git tracks it.
    #[serde(default)]
    pub blob: Option<Oid>,
    /// Size in bytes, summed over a folder.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Data rows, where the file is a table.
    #[serde(default)]
    pub rows: Option<u64>,
    /// Files in a folder.
    #[serde(default)]
    pub files: Option<u64>,
    /// Whether the path lies outside the repository.
    #[serde(default)]
    pub external: bool,
    /// Where the content can be had when it is not in git.
    #[serde(default)]
    pub pointer: Option<Pointer>,
    /// Whether the file changed while it was read: its digest is of no single state.
    #[serde(default)]
    pub unstable: bool,
    /// Whether a data card is stored under `experiments/data/`.
    #[serde(default)]
    pub card: bool,
}

impl DataInput {
    /// What DVC calls the content.
    pub fn dvc_md5(&self) -> Option<&str> {
        let pointer = self.pointer.as_ref()?;
        (pointer.kind == "dvc").then_some(&pointer.id)
    }
}

/// A stand-in for content that lives elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pointer {
    /// `lfs`, `dvc` or `annex`.
    pub kind: String,
    /// The identity that the other system uses (LFS oid, DVC md5, annex key).
    pub id: String,
    /// Whether the content itself is on this machine.
    #[serde(default)]
    pub present: bool,
}

impl Pointer {
    /// The command that brings the content here.
    pub fn command(&self) -> &'static str {
        match self.kind.as_str() {
            "lfs" => "git lfs pull",
            "dvc" => "dvc pull",
            _ => "git annex get",
        }
    }
}

/// A model or another file that the run produced: linked, never copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// Relative to the project.
    pub path: RecordPath,
    /// Digest.
    pub sha256: Sha256,
    /// Size in bytes.
    pub bytes: u64,
    /// Whether Git LFS keeps it.
    #[serde(default)]
    pub lfs: bool,
}

/// The metrics file, copied into the run folder byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MetricsFile {
    /// Where the program wrote it, relative to the project.
    pub path: RecordPath,
    /// Its copy in the run folder.
    pub copy: String,
    /// Digest of its bytes.
    pub sha256: Sha256,
}
