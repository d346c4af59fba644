//! What is exchanged with the remote, and how.

use std::collections::BTreeSet;

use super::Finding;
use super::scene::Scene;
use crate::error::{Context, Result};
use crate::git::survey::Remote;
use crate::git::{notes, refs};
use crate::model::Uid;

pub fn look(scene: &Scene<'_>, ask: bool, findings: &mut Vec<Finding>) -> Result<()> {
    if scene.repo.shallow {
        findings.push(
            Finding::note(
                "shallow",
                "",
                "history is cut off: commits of older runs may be missing",
            )
            .advise("git fetch --unshallow"),
        );
    }
    let Some(remote) = &scene.remote else {
        return Ok(());
    };
    dangerous(remote, findings);
    // A repository without runs needs none of it yet.
    if scene.entries.is_empty() && scene.refs.is_empty() {
        return Ok(());
    }
    not_fetched(remote, findings);
    unmerged(scene, remote, findings)?;
    unpushed(scene, remote, ask, findings)
}

/// Refspecs that overwrite or delete what was not pushed.
fn dangerous(remote: &Remote, findings: &mut Vec<Finding>) {
    for spec in &remote.fetch {
        let Some((_, into)) = spec.split_once(':') else {
            continue;
        };
        let (what, new) = if into == "refs/exp/*" {
            (
                "`git fetch --prune` would delete snapshots that were not pushed",
                remote.runs_refspec(),
            )
        } else if spec.starts_with('+') && (into == notes::REF || into == "refs/notes/*") {
            (
                "`git fetch` would overwrite notes that were not pushed",
                remote.notes_refspec(),
            )
        } else {
            continue;
        };
        let (remote, old) = (remote.clone(), spec.clone());
        let text = format!("fetches {new} instead");
        findings.push(
            Finding::to_do("refspec", spec, what).mend(text, move |ctx| {
                Ok(ctx.repo()?.fetch_also(&remote, &new, Some(&old))?)
            }),
        );
    }
}

fn not_fetched(remote: &Remote, findings: &mut Vec<Finding>) {
    let wanted = [
        ("notes", remote.notes_refspec()),
        ("snapshots", remote.runs_refspec()),
    ];
    for (what, spec) in wanted {
        if remote.fetch.contains(&spec) {
            continue;
        }
        let sentence = format!("not fetched from {}", remote.name);
        let (remote, text) = (remote.clone(), format!("fetches {spec} from now on"));
        findings.push(
            Finding::to_do("not-fetched", what, sentence).mend(text, move |ctx| {
                let repo = ctx.repo()?;
                repo.fetch_also(&remote, &spec, None)?;
                Ok(repo.prepare_notes()?)
            }),
        );
    }
}

/// Lines that came with the last fetch and are not among ours.
fn unmerged(scene: &Scene<'_>, remote: &Remote, findings: &mut Vec<Finding>) -> Result<()> {
    let Some(theirs) = scene.repo.mirrored_notes(remote)? else {
        return Ok(());
    };
    let ours = refs::read_name(scene.repo, notes::REF)?;
    let is_merged = match &ours {
        Some(ours) => scene.repo.contains(ours, &theirs).unwrap_or(false),
        None => false,
    };
    if !is_merged {
        let remote = remote.clone();
        findings.push(
            Finding::to_do(
                "unmerged-notes",
                remote.notes_ref(),
                "has lines that ours have not",
            )
            .mend("merges them, all lines of both kept", move |ctx| {
                Ok(ctx.repo()?.merge_notes(&remote)?)
            }),
        );
    }
    Ok(())
}

/// Snapshots that are on this machine only.
fn unpushed(
    scene: &Scene<'_>,
    remote: &Remote,
    ask: bool,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let there: Option<BTreeSet<Uid>> = if ask {
        let runs = scene.repo.remote_runs(remote);
        Some(runs.context(|| format!("{} did not answer", remote.name))?)
    } else {
        let mirrored = scene.repo.mirrored_runs(remote)?;
        mirrored.map(|runs| runs.into_iter().map(|(uid, _)| uid).collect())
    };
    let Some(there) = there else {
        return Ok(());
    };
    let count = scene.refs.keys().filter(|uid| !there.contains(uid)).count();
    if count > 0 {
        let plural = if count == 1 {
            "snapshot is"
        } else {
            "snapshots are"
        };
        let when = if ask { "" } else { ", as of the last fetch" };
        let what = format!("{count} {plural} on this machine only{when}");
        findings.push(Finding::note("not-pushed", "", what).advise(format!(
            "git push {} 'refs/exp/*:refs/exp/*' {}",
            remote.name,
            notes::REF
        )));
    }
    Ok(())
}
