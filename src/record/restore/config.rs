//! Gives the configuration files of a run back, byte for byte.

use std::path::{Path, PathBuf};

use super::source::Found;
use crate::atomic;
use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::git::objects::Objects;
use crate::model::Sha256;
use crate::model::data::ConfigFile;
use crate::store::contain;

/// Writes them below a folder, or to their own places in the project when none is named.
///
/// In the project, a file is replaced only if git has what is there now: in HEAD, unchanged.
///
/// # Returns
/// The paths, and whether each had to be written.
pub fn give(ctx: &Ctx, found: &Found, folder: Option<&Path>) -> Result<Vec<(PathBuf, bool)>> {
    let files = found.run.iter().flat_map(|run| &run.config);
    let mut plan = Vec::new();
    for file in files {
        let bytes = content(ctx, found, file)?;
        let root = folder.unwrap_or(&ctx.project()?.root);
        let place = contain::below(root, &file.path)?;
        let is_same = std::fs::read(&place).ok().as_deref() == Some(&bytes[..]);
        if !is_same {
            refuse_edits(ctx, &place, folder.is_some(), &found.label)?;
        }
        plan.push((place, bytes, is_same));
    }
    if plan.is_empty() {
        return Err(Failure::new(format!(
            "{} has no configuration file",
            found.label
        )));
    }
    // Nothing is written before every file may be.
    let mut written = Vec::new();
    for (place, bytes, is_same) in plan {
        if !is_same {
            atomic::make_folder(place.parent().unwrap_or(&place))?;
            atomic::write(&place, &bytes)?;
        }
        written.push((place, !is_same));
    }
    Ok(written)
}

/// The copy in the run's folder, else the file in the frozen tree; either only with its digest.
fn content(ctx: &Ctx, found: &Found, file: &ConfigFile) -> Result<Vec<u8>> {
    let is_it = |bytes: &Vec<u8>| Sha256::of(bytes) == file.sha256;
    if let (Some(folder), Some(copy)) = (&found.folder, &file.copy) {
        let path = contain::below(folder, &copy.as_str().into())?;
        if let Some(bytes) = std::fs::read(&path).ok().filter(is_it) {
            return Ok(bytes);
        }
    }
    let source = found.source(ctx)?;
    let objects = Objects::open(ctx.repo()?);
    let path = file.path.below(&ctx.project()?.prefix);
    let bytes = objects.blob_at(&source.tree, &path)?.filter(is_it);
    bytes.ok_or_else(|| {
        Failure::new(format!(
            "{} of {} is not to be had with its recorded digest",
            file.path.display(),
            found.label
        ))
        .because("its copy in the run's folder was changed, and the snapshot has other bytes")
    })
}

fn refuse_edits(ctx: &Ctx, place: &Path, is_elsewhere: bool, label: &str) -> Result<()> {
    if place.symlink_metadata().is_err() {
        return Ok(());
    }
    let committed = || {
        ctx.repo()?
            .is_committed(place)
            .context(|| format!("cannot look at {}", place.display()))
    };
    if !is_elsewhere && committed()? {
        return Ok(());
    }
    Err(
        Failure::new(format!("{} has other content", place.display()))
            .because("it is not committed, and would be lost")
            .hint(format!(
                "write it elsewhere: git exp restore {label} NEWDIR --config-only"
            ))
            .hint("or commit it first"),
    )
}
