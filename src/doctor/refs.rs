//! Refs of runs: each run has one, and it names what the record says.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::scene::{Scene, short};
use crate::error::Result;
use crate::git::refs;
use crate::model::{Oid, Run, Uid};
use crate::store::runs::Entry;

pub fn look(scene: &Scene<'_>, findings: &mut Vec<Finding>) -> Result<()> {
    let named = scene.runs().filter_map(|(_, run)| target(run).cloned());
    let ids: BTreeSet<Oid> = scene.refs.values().cloned().chain(named).collect();
    let missing = scene.repo.missing(&ids)?;
    let mirrored: BTreeMap<Uid, Oid> = match &scene.remote {
        Some(remote) => scene.repo.mirrored_runs(remote)?.unwrap_or_default(),
        None => Vec::new(),
    }
    .into_iter()
    .collect();
    for (uid, id) in scene.refs.iter().filter(|(_, id)| missing.contains(id)) {
        let what = format!("it names {}, which is not here", id.short());
        findings.push(
            Finding::to_do("broken-ref", refs::name(uid), what)
                .advise(fetch(scene).unwrap_or_else(|| "git fsck".to_owned())),
        );
    }
    for (entry, run) in scene.runs() {
        let Some(wanted) = target(run) else {
            // Adopted by hand: its code was never known.
            continue;
        };
        match scene.refs.get(&run.uid) {
            Some(found) if found == wanted => {}
            Some(found) => {
                let what = format!(
                    "its ref names {}, its record {}",
                    found.short(),
                    wanted.short()
                );
                findings.push(
                    Finding::to_do("other-ref", short(&entry.id), what)
                        .advise(format!("git show {}", refs::name(&run.uid))),
                );
            }
            None => {
                let here = mirrored
                    .get(&run.uid)
                    .or_else(|| (!missing.contains(wanted)).then_some(wanted));
                findings.push(without_ref(scene, entry, run, here));
            }
        }
    }
    Ok(())
}

/// What the ref of a run names.
fn target(run: &Run) -> Option<&Oid> {
    run.code.snapshot.as_ref().or(run.code.commit.as_ref())
}

fn without_ref(scene: &Scene<'_>, entry: &Entry, run: &Run, here: Option<&Oid>) -> Finding {
    let id = short(&entry.id);
    if let Some(here) = here {
        let (uid, here) = (run.uid.clone(), here.clone());
        return Finding::to_do("no-ref", id, "nothing keeps its code from `git gc`")
            .mend("creates its ref", move |ctx| {
                Ok(refs::create(ctx.repo()?, &uid, &here, ctx.ambient.now())?)
            });
    }
    let (what, otherwise) = match (&run.code.snapshot, &run.code.patch) {
        (None, _) if scene.repo.shallow => (
            "its commit is not in this shallow clone",
            "git fetch --unshallow".to_owned(),
        ),
        (None, _) => (
            "its commit is not in this clone",
            "git fetch --all".to_owned(),
        ),
        (Some(_), Some(_)) => (
            "its snapshot is not in this clone; the patch has all but binary conversions and what \
             the record lists as left out",
            format!("git exp restore {id}"),
        ),
        (Some(_), None) => (
            "its snapshot is not in this clone, and it has no patch",
            "git fetch --all".to_owned(),
        ),
    };
    let command = match &run.code.snapshot {
        Some(_) => fetch(scene).unwrap_or(otherwise),
        None => otherwise,
    };
    Finding::to_do("lost-snapshot", id, what).advise(command)
}

/// The command that brings the snapshots of others.
fn fetch(scene: &Scene<'_>) -> Option<String> {
    let remote = scene.remote.as_ref()?;
    Some(format!(
        "git fetch --no-prune {} 'refs/exp/*:refs/exp/*'",
        remote.name
    ))
}
