//! Records and stages that can't be read, say another name than their folder's, or share a number.

use std::collections::BTreeMap;

use super::Finding;
use super::scene::{Scene, short};
use crate::error::Result;
use crate::model::{Run, Uid};
use crate::record::revise;
use crate::store::runs::Entry;
use crate::store::{contain, format, stage};

pub fn look(scene: &Scene<'_>, findings: &mut Vec<Finding>) -> Result<()> {
    if let Some(failure) = &scene.settings_problem {
        let finding = Finding::to_do("settings", "", failure.to_string());
        findings.push(with_hint(finding, failure.hints()));
    }
    if let Err(failure) = contain::real_folder(&scene.project.runs()) {
        let finding = Finding::to_do("linked-folder", "", failure.to_string());
        findings.push(with_hint(finding, failure.hints()));
    }
    let mut numbers: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut uids: BTreeMap<&Uid, Vec<String>> = BTreeMap::new();
    for entry in &scene.entries {
        numbers
            .entry(entry.id.number)
            .or_default()
            .push(entry.id.to_string());
        match &entry.run {
            Err(failure) => {
                let finding = Finding::to_do("record", short(&entry.id), failure.to_string());
                findings.push(with_hint(finding, failure.hints()));
            }
            Ok(run) => {
                uids.entry(&run.uid).or_default().push(entry.id.to_string());
                if run.id() != entry.id {
                    findings.push(misnamed(entry, run));
                }
            }
        }
    }
    for failure in stage::all(scene.project).1 {
        let finding = Finding::to_do("stage", "", failure.to_string());
        findings.push(match failure.hints() {
            [] => finding,
            hints => finding.advise(hints.join("; ")),
        });
    }
    for (number, names) in numbers.iter().filter(|(_, names)| names.len() > 1) {
        let what = format!("{} share a number", names.join(" and "));
        findings.push(
            Finding::to_do("number", format!("exp_{number:03}"), what)
                .advise(format!("git exp renumber {}", names[names.len() - 1])),
        );
    }
    for names in uids.values().filter(|names| names.len() > 1) {
        let what = format!("it is a copy of the record of {}", names[0]);
        findings.push(
            Finding::to_do("copy", &names[names.len() - 1], what)
                .advise("keep one of the two folders"),
        );
    }
    Ok(())
}

/// Folder and record disagree: `rename` died between the two, or somebody moved the folder. The
/// folder is what people see and type.
fn misnamed(entry: &Entry, run: &Run) -> Finding {
    let what = format!("its record says {}", run.id());
    let finding = Finding::to_do("folder-name", &entry.id, what);
    let (id, folder) = (entry.id.clone(), entry.folder.clone());
    finding.mend(format!("calls it {id}; the other name stays an alias"), {
        move |ctx| {
            let mut run = format::read_run(&folder)?;
            let old = run.id().to_string();
            run.aliases
                .retain(|alias| *alias != id.to_string() && *alias != old);
            run.aliases.push(old);
            (run.number, run.slug) = (id.number, id.slug.clone());
            revise::revise(ctx, &folder, &mut run)
        }
    })
}

fn with_hint(finding: Finding, hints: &[String]) -> Finding {
    // The reader of one broken record is sent here; from here that would be a circle.
    match hints.iter().find(|hint| !hint.contains("doctor")) {
        Some(hint) => finding.advise(hint),
        None => finding,
    }
}
