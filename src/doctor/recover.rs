//! Writes the folder of a run again: from a draft, from its snapshot, or from its line in the notes.

use std::path::Path;

use super::scene::NoteLine;
use crate::atomic;
use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::git::objects::Objects;
use crate::git::snapshot::{Parts, parts};
use crate::git::{Repo, numbers, patch};
use crate::model::code::FileInRun;
use crate::model::data::ConfigFile;
use crate::model::{Oid, RecordPath, Run, RunId, Sha256, Status, Uid};
use crate::record::end;
use crate::report::minilog;
use crate::settings::ProjectSettings;
use crate::store::folder::Draft;
use crate::store::layout::{PATCH, README, RUN_JSON};
use crate::store::{Project, format, ids, runs, seal};

/// How a run stands that nobody saw the end of.
pub const STATUS: Status = Status::Stale;

/// The record that a snapshot keeps, and the snapshot taken apart.
pub struct Copy {
    pub run: Run,
    parts: Parts,
}

/// The copy in a snapshot; `None` for a commit of the user's.
pub fn copy(repo: &Repo, uid: &Uid, target: &Oid) -> Result<Option<Copy>> {
    let objects = Objects::open(repo);
    let Ok(parts) = parts(&objects, target) else {
        // Damaged, or not here: that is said of the ref.
        return Ok(None);
    };
    let Some(bytes) = parts.run_json(&objects)? else {
        return Ok(None);
    };
    let origin = format!("{}:{RUN_JSON}", target.short());
    let run = format::parse_run(&bytes, Path::new(&origin))?;
    Ok((run.uid == *uid).then_some(Copy { run, parts }))
}

/// Gives a draft that is whole its name.
pub fn publish(ctx: &Ctx, mut run: Run, folder: &Path) -> Result<()> {
    let project = ctx.project()?;
    let settings = ProjectSettings::read(&project.settings_file())?;
    keep_number(ctx, &mut run)?;
    run.status = STATUS;
    run.rev += 1;
    run.warnings
        .push("recovered by git exp doctor: its start was interrupted".to_owned());
    format::write_run(folder, &run)?;
    let readme = minilog::new(&run, &settings, ctx.lang()?);
    atomic::write(&folder.join(README), readme.as_bytes())?;
    let target = project.run(&run.id());
    std::fs::rename(folder, &target)
        .and_then(|()| atomic::sync_folder(&project.runs()))
        .map_err(|error| atomic::failed(&target, &error))?;
    end::republish(ctx, &run)
}

/// Writes the folder of a run whose ref is all that is left.
pub fn rebuild(ctx: &Ctx, uid: &Uid, target: &Oid, line: Option<&NoteLine>) -> Result<()> {
    let repo = ctx.repo()?;
    let project = ctx.project()?;
    let copy = copy(repo, uid, target)?;
    let mut run = match (&copy, line) {
        (Some(copy), _) => {
            let mut run = copy.run.clone();
            run.code.snapshot = Some(target.clone());
            run
        }
        (None, Some(line)) => from_line(ctx, uid, target, line)?,
        (None, None) => return Err(Failure::new(format!("nothing is known of {uid}"))),
    };
    tell(&mut run, copy.is_some(), line);
    keep_number(ctx, &mut run)?;
    let draft = Draft::create(project, uid)?;
    if let Some(copy) = &copy {
        refill(repo, project, copy, &mut run, &draft)?;
    }
    if run.status != STATUS {
        // What is finished is sealed: from here on an edit shows.
        run.digest = Some(seal::digest(&run));
    }
    let settings = ProjectSettings::read(&project.settings_file())?;
    draft.write(
        README,
        minilog::new(&run, &settings, ctx.lang()?).as_bytes(),
    )?;
    draft.write(RUN_JSON, &format::to_json(format::RUN_SCHEMA, &run, None)?)?;
    draft.publish(project, &run.id())?;
    ids::claim(&repo.exp_dir(), project, run.number, uid);
    end::republish(ctx, &run)
}

/// What a note says of a run, and what its commit adds.
fn from_line(ctx: &Ctx, uid: &Uid, target: &Oid, line: &NoteLine) -> Result<Run> {
    let named = line.exp.as_deref().and_then(RunId::parse);
    let id = named.ok_or_else(|| Failure::new(format!("the note on {uid} names no run")))?;
    let mut run = Run::new(
        uid.clone(),
        id,
        uid.born().unwrap_or_else(|| ctx.ambient.now()),
    );
    run.code.commit = Some(target.clone());
    run.code.tree = Some(parts(&Objects::open(ctx.repo()?), target)?.tree);
    Ok(run)
}

/// What is known of the end, and what the reader must know before trusting the record.
fn tell(run: &mut Run, has_copy: bool, line: Option<&NoteLine>) {
    run.status = match line.and_then(|line| line.status) {
        None | Some(Status::Running) => STATUS,
        Some(seen) => seen,
    };
    run.rev = run.rev.max(line.map_or(0, |line| line.rev)) + 1;
    if let Some(line) = line {
        run.metrics = line.metrics.clone();
    }
    run.warnings.push(
        match has_copy {
            true => {
                "recovered by git exp doctor from its snapshot: the record is as it was at start, \
                 metrics are those of the git note"
            }
            false => {
                "recovered by git exp doctor from its git note: configuration, data and \
                 environment are not known"
            }
        }
        .to_owned(),
    );
}

/// Its own number, unless another run has it by now.
fn keep_number(ctx: &Ctx, run: &mut Run) -> Result<()> {
    let project = ctx.project()?;
    let is_taken = runs::folders(project)?
        .iter()
        .any(|(id, _)| id.number == run.number);
    if is_taken {
        let repo = ctx.repo()?;
        run.aliases.push(run.id().to_string());
        let highest = numbers::highest_run_number(repo, &project.experiments_in_tree())?;
        run.number = ids::reserve(&repo.exp_dir(), project, &run.uid, highest)?;
    }
    Ok(())
}

/// The files beside the record that a snapshot still has: configuration copies and the patch.
fn refill(repo: &Repo, project: &Project, copy: &Copy, run: &mut Run, draft: &Draft) -> Result<()> {
    let objects = Objects::open(repo);
    let mut lost = Vec::new();
    for file in &mut run.config {
        let Some(name) = file.copy.clone() else {
            continue;
        };
        let path = file.path.below(&project.prefix);
        match content(&objects, copy, file, &path)? {
            Some(bytes) if is_plain(&name) => draft.write(&name, &bytes)?,
            _ => {
                lost.push(file.path.display().into_owned());
                file.copy = None;
            }
        }
    }
    if !lost.is_empty() {
        run.warnings.push(format!(
            "not in the snapshot, and lost: {}",
            lost.join(", ")
        ));
    }
    if let Some(env) = &mut run.env {
        env.lock = None;
    }
    let base = match &copy.parts.base {
        Some(commit) => parts(&objects, commit)?.tree,
        None => repo.format().empty_tree(),
    };
    if base != copy.parts.tree {
        let excluded = [project.experiments_in_tree()];
        let text = patch::patch(repo, &base, &copy.parts.tree, &excluded)?;
        run.code.patch = Some(FileInRun {
            path: PATCH.to_owned(),
            sha256: Sha256::of(&text),
        });
        draft.write(PATCH, &text)?;
    }
    Ok(())
}

/// The bytes of a configuration: raw beside the tree where git converts them, else in the tree.
fn content(
    objects: &Objects<'_>,
    copy: &Copy,
    file: &ConfigFile,
    path: &RecordPath,
) -> Result<Option<Vec<u8>>> {
    let raw = match &copy.parts.extras {
        Some(extras) => objects.blob_at(extras, &path.below(&"overlay".into()))?,
        None => None,
    };
    let found = match raw {
        Some(bytes) => Some(bytes),
        None => objects.blob_at(&copy.parts.tree, path)?,
    };
    Ok(found.filter(|bytes| Sha256::of(bytes) == file.sha256))
}

/// A copy's name comes from a record: it must be one plain file name.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0', ':'])
}
