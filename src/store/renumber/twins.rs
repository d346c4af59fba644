//! Two runs in one folder: the same number and name on two branches that are being merged.
//!
//! The record of a run is never merged line by line, so git leaves our side in the folder and calls
//! it a conflict. Both sides are whole in the commits that are being merged.

use std::collections::BTreeSet;
use std::path::Path;

use crate::atomic;
use crate::error::{Context, Result};
use crate::git::objects::Objects;
use crate::git::tree::FOLDER;
use crate::git::{Error, Repo};
use crate::model::{Oid, RecordPath, Run, RunId};
use crate::store::elsewhere::{InTree, in_tree};
use crate::store::{Project, contain, format};

/// One side of a folder.
#[derive(Clone, Debug)]
pub struct Side {
    /// The record.
    pub run: Run,
    /// The folder's tree.
    pub folder: Oid,
}

/// A folder that two runs claim.
#[derive(Clone, Debug)]
pub struct Twins {
    /// The folder's name.
    pub id: RunId,
    /// The run of HEAD.
    pub ours: Side,
    /// The run of what is being merged.
    pub theirs: Side,
}

/// What git calls the other side of an operation under way.
const OTHERS: [&str; 4] = [
    "MERGE_HEAD",
    "REBASE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
];

/// The folders that two runs claim, while a merge is under way.
pub fn find(repo: &Repo, project: &Project) -> Result<Vec<Twins>> {
    let mut other = None;
    for name in OTHERS {
        other = other.or(repo.resolve(name)?);
    }
    let (Some(ours), Some(theirs)) = (repo.resolve("HEAD")?, other) else {
        return Ok(Vec::new());
    };
    let objects = Objects::open(repo);
    let (ours, mut theirs) = (
        in_tree(&objects, &ours, project)?,
        in_tree(&objects, &theirs, project)?,
    );
    let mut twins = Vec::new();
    for ours in ours {
        let Some(at) = theirs.iter().position(|theirs| theirs.id == ours.id) else {
            continue;
        };
        let id = ours.id.clone();
        let (Some(ours), Some(theirs)) = (side(ours), side(theirs.swap_remove(at))) else {
            continue;
        };
        // Once told apart, the folder has one run, and the other has a folder of its own.
        let is_settled = project.run(&id).is_dir() && has_both(project, &ours, &theirs)?;
        if ours.run.uid != theirs.run.uid && !is_settled {
            twins.push(Twins { id, ours, theirs });
        }
    }
    Ok(twins)
}

fn side(found: InTree) -> Option<Side> {
    Some(Side {
        run: found.run.ok()?,
        folder: found.folder,
    })
}

fn has_both(project: &Project, ours: &Side, theirs: &Side) -> Result<bool> {
    let here: BTreeSet<_> = crate::store::runs::list(project)?
        .into_iter()
        .filter_map(|entry| Some(entry.run.ok()?.uid))
        .collect();
    Ok(here.contains(&ours.run.uid) && here.contains(&theirs.run.uid))
}

/// Gives each run a folder of its own: the one that keeps the name, and the other under `to`.
pub fn separate(
    repo: &Repo,
    project: &Project,
    twins: &Twins,
    keeps: &Side,
    moves: &Side,
    to: &RunId,
) -> Result<()> {
    let objects = Objects::open(repo);
    let folder = project.run(&twins.id);
    contain::real_folder(&folder)?;
    let draft = |side: &Side| project.runs().join(format!(".tmp-{}", side.run.uid));
    for side in [keeps, moves] {
        let place = draft(side);
        let _ = std::fs::remove_dir_all(&place);
        write_tree(&objects, &side.folder, &place)?;
    }
    // The label follows at once: a folder and its record never disagree.
    let mut run = moves.run.clone();
    run.number = to.number;
    run.aliases.push(twins.id.to_string());
    run.rev += 1;
    format::write_run(&draft(moves), &run)?;
    let failed = |path: &Path| format!("cannot replace {}", path.display());
    let aside = project.runs().join(format!(".tmp-{}-merged", twins.id));
    if folder.is_dir() {
        std::fs::rename(&folder, &aside).context(|| failed(&folder))?;
    }
    std::fs::rename(draft(keeps), &folder).context(|| failed(&folder))?;
    let target = project.run(to);
    std::fs::rename(draft(moves), &target).context(|| failed(&target))?;
    rescue(&objects, &aside, &folder, [&keeps.folder, &moves.folder])?;
    std::fs::remove_dir_all(&aside).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error).context(|| failed(&aside)),
    })
}

/// Files that neither side has committed stay with the run that keeps the folder.
fn rescue(objects: &Objects<'_>, aside: &Path, folder: &Path, sides: [&Oid; 2]) -> Result<()> {
    for entry in std::fs::read_dir(aside).into_iter().flatten().flatten() {
        let name = RecordPath::from_path(Path::new(&entry.file_name()));
        let mut committed = false;
        for side in sides {
            committed |= objects.at(side, &name)?.is_some();
        }
        let target = folder.join(entry.file_name());
        if !committed && target.symlink_metadata().is_err() {
            std::fs::rename(entry.path(), &target)
                .context(|| format!("cannot move {}", target.display()))?;
        }
    }
    Ok(())
}

fn write_tree(
    objects: &Objects<'_>,
    tree: &Oid,
    place: &Path,
) -> Result<(), crate::error::Failure> {
    atomic::make_folder(place)?;
    for item in objects.tree(tree)? {
        let path = contain::below(place, &RecordPath::from_bytes(item.name))?;
        if item.mode == FOLDER {
            write_tree(objects, &item.id, &path)?;
        } else if item.mode & 0o170_000 == 0o100_000 {
            let bytes: Result<_, Error> = objects.blob(&item.id);
            atomic::write(&path, &bytes?)?;
        }
    }
    Ok(())
}
