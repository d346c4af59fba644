//! How snapshots are kept: content of Git LFS that `git lfs prune` would delete, and refs by the
//! thousand.

use super::Finding;
use super::scene::{Scene, short};
use crate::error::Result;
use crate::git::objects::Objects;
use crate::git::refs;
use crate::git::snapshot::lfs;

/// Refs in files of their own above which git is slowed down: it opens each for `git log --decorate`
/// and for a fetch.
const MANY: usize = 1000;

pub fn look(scene: &Scene<'_>, findings: &mut Vec<Finding>) -> Result<()> {
    large_files(scene, findings)?;
    loose_refs(scene, findings);
    Ok(())
}

/// Links are lost with our folder in the git directory.
fn large_files(scene: &Scene<'_>, findings: &mut Vec<Finding>) -> Result<()> {
    if !scene.repo.common_dir.join("lfs").is_dir() {
        return Ok(());
    }
    let objects = Objects::open(scene.repo);
    for (entry, run) in scene.runs() {
        let Some(snapshot) = scene.refs.get(&run.uid) else {
            continue;
        };
        // A snapshot that is damaged or not here is told of elsewhere.
        let unkept = lfs::unkept(scene.repo, &objects, snapshot).unwrap_or_default();
        if unkept.is_empty() {
            continue;
        }
        let what = format!(
            "`git lfs prune` would delete {} of its snapshot",
            match unkept.len() {
                1 => "a file".to_owned(),
                count => format!("{count} files"),
            }
        );
        findings.push(Finding::to_do("lfs", short(&entry.id), what).mend(
            "keeps what is there",
            move |ctx| {
                for oid in &unkept {
                    lfs::keep_object(ctx.repo()?, oid)?;
                }
                Ok(())
            },
        ));
    }
    Ok(())
}

fn loose_refs(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let folder = scene.repo.common_dir.join(refs::PREFIX);
    let count = std::fs::read_dir(folder).map_or(0, Iterator::count);
    if count > MANY {
        findings.push(
            Finding::note(
                "loose-refs",
                "",
                format!("{count} refs of runs are files of their own"),
            )
            .mend("packs the refs, as `git gc` does", |ctx| {
                Ok(ctx.repo()?.pack_refs()?)
            }),
        );
    }
}
