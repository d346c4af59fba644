//! What is left of a removed run: a folder of its name with one small file in it.
//!
//! The folder keeps the number taken on every branch and in every clone, by the same rule that run
//! folders keep theirs.

use std::collections::BTreeSet;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layout::{Project, RUN_JSON, TOMBSTONE};
use super::{contain, format, runs};
use crate::atomic;
use crate::error::{Failure, Result};
use crate::model::run::Time;
use crate::model::{Run, Sha256, Uid};

/// The version of a tombstone that this program writes.
pub const TOMBSTONE_SCHEMA: &str = "git-exp/tombstone/1";

/// `tombstone.json`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tombstone {
    /// The run's identity.
    pub uid: Uid,
    /// The number that is never used again.
    pub number: u32,
    /// The label's name.
    pub slug: String,
    /// When it was removed.
    pub when: Time,
    /// By whom.
    #[serde(default)]
    pub who: Option<String>,
    /// Why.
    #[serde(default)]
    pub why: Option<String>,
    /// Digest of the `run.json` that was there, to find it in history.
    pub record: Sha256,
}

/// Reads the tombstone in a folder, if there is one that can be read.
pub fn read(folder: &Path) -> Option<Tombstone> {
    let path = folder.join(TOMBSTONE);
    let found = path.symlink_metadata().ok()?;
    let bytes = (found.is_file() && found.len() < LIMIT).then(|| std::fs::read(&path).ok())??;
    format::parse(&bytes, &path, TOMBSTONE_SCHEMA).ok()
}

/// The runs of a project that were removed on purpose.
pub fn all(project: &Project) -> Result<BTreeSet<Uid>> {
    let stones = runs::folders(project)?
        .into_iter()
        .filter_map(|(_, folder)| read(&folder));
    Ok(stones.map(|stone| stone.uid).collect())
}

/// A larger file is no tombstone of ours, in bytes.
const LIMIT: u64 = 64 << 10;

/// Puts a tombstone in the place of a run's files.
///
/// The tombstone is written first and the record goes next, so that after a crash the folder is
/// either still a run or already a tombstone.
pub fn bury(
    folder: &Path,
    run: &Run,
    when: Time,
    who: Option<String>,
    why: Option<String>,
) -> Result<()> {
    contain::real_folder(folder)?;
    let record = format::read_run_bytes(folder)?;
    let tombstone = Tombstone {
        uid: run.uid.clone(),
        number: run.number,
        slug: run.slug.clone(),
        when,
        who,
        why,
        record: Sha256::of(&record),
    };
    let json = format::to_json(TOMBSTONE_SCHEMA, &tombstone, None)?;
    atomic::write(&folder.join(TOMBSTONE), &json)?;
    let failed = |path: &Path, error: std::io::Error| {
        Failure::new(format!("cannot remove {}", path.display())).because(error)
    };
    let path = folder.join(RUN_JSON);
    std::fs::remove_file(&path).map_err(|error| failed(&path, error))?;
    atomic::sync_folder(folder).map_err(|error| failed(folder, error))?;
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.file_name() == TOMBSTONE {
            continue;
        }
        let path = entry.path();
        let result = match entry.file_type() {
            Ok(kind) if kind.is_dir() => std::fs::remove_dir_all(&path),
            _ => std::fs::remove_file(&path),
        };
        result.map_err(|error| failed(&path, error))?;
    }
    Ok(())
}
