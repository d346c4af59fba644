//! Refs of runs whose folder is nowhere.

use std::collections::BTreeSet;

use super::leftovers::in_worktrees;
use super::scene::Scene;
use super::{Finding, drafts, recover};
use crate::error::Result;
use crate::git::objects::Objects;
use crate::git::refs;
use crate::model::{Oid, RecordPath, Uid};
use crate::store::ids;

pub fn look(scene: &Scene<'_>, findings: &mut Vec<Finding>) -> Result<()> {
    let here = scene.uids();
    let drafts: BTreeSet<Uid> = drafts::list(&scene.project.runs())
        .into_iter()
        .map(|(uid, _)| uid)
        .collect();
    let mut orphans = scene
        .refs
        .iter()
        .filter(|(uid, _)| !here.contains(uid) && !drafts.contains(uid))
        .peekable();
    if orphans.peek().is_none() {
        return Ok(());
    }
    let mut elsewhere = in_worktrees(scene)?;
    elsewhere.extend(on_branches(scene)?);
    for (uid, target) in orphans.filter(|(uid, _)| !elsewhere.contains(uid)) {
        findings.push(judge(scene, uid, target)?);
    }
    Ok(())
}

fn judge(scene: &Scene<'_>, uid: &Uid, target: &Oid) -> Result<Finding> {
    let name = refs::name(uid);
    let reserved = scene.reserved.iter().find(|r| r.uid.as_ref() == Some(uid));
    if reserved.is_none() && !is_alone(scene) {
        let what = "the record of this run is on no branch here, and it was not born in this clone";
        return Ok(Finding::note("foreign-ref", name, what));
    }
    let line = scene.lines.get(uid).map(|(_, line)| line.clone());
    let copy = recover::copy(scene.repo, uid, target)?;
    let id = copy
        .as_ref()
        .map(|copy| copy.run.id().to_string())
        .or_else(|| line.as_ref()?.exp.clone());
    if let Some(id) = id {
        let (uid, target) = (uid.clone(), target.clone());
        let from = match copy {
            Some(_) => "its snapshot",
            None => "its line in the notes: code and metrics only",
        };
        return Ok(Finding::to_do(
            "lost-folder",
            id,
            "its folder is in no branch or working tree",
        )
        .mend(format!("writes it again from {from}"), move |ctx| {
            recover::rebuild(ctx, &uid, &target, line.as_ref())
        }));
    }
    let is_safe = match scene.repo.head()?.commit {
        Some(head) => scene.repo.contains(&head, target).unwrap_or(false),
        None => false,
    };
    let what = "a start that was interrupted before anything was recorded";
    let finding = Finding::to_do("half-written", &name, what);
    let (Some(reserved), true) = (reserved, is_safe) else {
        // Nothing else may keep this commit, so it is the user who lets it go.
        return Ok(finding.advise(format!("git update-ref -d {name}")));
    };
    let (uid, target, number) = (uid.clone(), target.clone(), reserved.number);
    Ok(
        finding.mend("removes the ref and frees the number", move |ctx| {
            let repo = ctx.repo()?;
            refs::delete(repo, &uid, &target)?;
            ids::release(&repo.exp_dir(), ctx.project()?, number);
            Ok(())
        }),
    )
}

/// Whether every ref of a run here must be of this project in this clone: there is no other clone
/// that it could come from, and no second project.
fn is_alone(scene: &Scene<'_>) -> bool {
    let folders = std::fs::read_dir(scene.repo.exp_dir().join("ids"));
    let others = folders
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    scene.remote.is_none() && scene.project.prefix.as_bytes().is_empty() && !others
}

fn on_branches(scene: &Scene<'_>) -> Result<BTreeSet<Uid>> {
    #[derive(serde::Deserialize)]
    struct Identity {
        uid: Uid,
    }
    let runs = RecordPath::from("runs").below(&scene.project.experiments_in_tree());
    let objects = Objects::open(scene.repo);
    let mut found = BTreeSet::new();
    for id in scene.repo.recorded_on_branches(&runs)? {
        let identity = objects.blob(&id).ok();
        let identity = identity.and_then(|bytes| serde_json::from_slice::<Identity>(&bytes).ok());
        found.extend(identity.map(|identity| identity.uid));
    }
    Ok(found)
}
