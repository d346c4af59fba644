//! Lines in the notes: each state of a record that was written has had one.

use std::collections::BTreeSet;

use super::Finding;
use super::scene::{Scene, short};
use crate::error::Result;
use crate::git::notes;
use crate::model::{Oid, Run};
use crate::report::noteline;

pub fn look(scene: &Scene<'_>, findings: &mut Vec<Finding>) -> Result<()> {
    let behind: Vec<(String, &Run, &Oid, Option<u32>)> = scene
        .runs()
        .filter_map(|(entry, run)| {
            let target = run.code.commit.as_ref().or(run.code.snapshot.as_ref())?;
            let seen = scene.lines.get(&run.uid).map(|(_, line)| line.rev);
            let is_behind = seen.is_none_or(|rev| rev < run.rev);
            is_behind.then(|| (short(&entry.id), run, target, seen))
        })
        .collect();
    // `git notes prune` would drop a line on a commit that is not here.
    let targets: BTreeSet<Oid> = behind.iter().map(|(_, _, id, _)| (*id).clone()).collect();
    let missing = scene.repo.missing(&targets)?;
    for (id, run, target, seen) in behind {
        if missing.contains(target) {
            continue;
        }
        let what = match seen {
            None => "the git note on its commit has no line for it",
            Some(_) => "its line in the git note is older than its record",
        };
        let line = noteline::line(run, scene.settings.primary.as_deref());
        let target = target.clone();
        findings.push(
            Finding::to_do("note", id, what).mend("adds the line", move |ctx| {
                let now = ctx.ambient.now();
                Ok(notes::append(ctx.repo()?, &target, &line, now)?)
            }),
        );
    }
    Ok(())
}
