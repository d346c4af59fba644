//! E-name and E-dup-id: folders are called `exp_NNN_idea`, and every number is given once.

use std::collections::BTreeMap;

use super::{Rule, Topic};
use crate::check::facts::{Facts, RunFacts};
use crate::check::finding::Finding;
use crate::model::{RunId, Uid};

/// The rule about names.
pub const NAME: Rule = Rule {
    code: "E-name",
    title: "every folder in runs/ is called exp_NNN_idea and holds the record of that name",
    topic: Topic {
        cause: "A folder was made or renamed by hand: `final_v2`, `exp_3`, or a folder whose name \
                differs from the number and the name in its run.json.",
        example: "broken   E-name  experiments/runs/final2  is no run's name: exp_NNN_main_idea",
        way_out: "Rename the folder back: git mv experiments/runs/final2 experiments/runs/exp_007_final\n\
                  Take in a folder made by hand: git exp init --adopt\n\
                  Change a number properly: git exp renumber exp_004 --to 7",
    },
    run: names,
};

/// The rule about numbers.
pub const DUP_ID: Rule = Rule {
    code: "E-dup-id",
    title: "no two runs share a number or a uid",
    topic: Topic {
        cause: "Two branches took the same number while apart; git merges the two folders without \
                a conflict. Or a run's folder was copied, uid and all.",
        example: "broken   E-dup-id  exp_004_lightgbm  number 4 is also taken by exp_004_catboost",
        way_out: "Give those that were started later the next free numbers: git exp renumber\n\
                  Every clone gets the same answer, mentions follow, and the old label stays as an alias.\n\
                  A copied folder: delete it (rm -r FOLDER) and record the run anew.",
    },
    run: numbers,
};

fn names(facts: &Facts) -> Vec<Finding> {
    let strays = facts.strays.iter().map(|name| {
        Finding::broken(
            NAME.code,
            format!("`{name}` is no run's name: exp_NNN_main_idea"),
        )
        .at(format!("{}/{name}", facts.runs_folder))
        .fix("rename it, then: git exp init --adopt")
    });
    let is_taken = |id: &RunId| folders(facts).any(|(folder, _)| folder == id);
    strays
        .chain(facts.scoped().map(|seen| name(seen, &is_taken)))
        .collect()
}

/// Whether the folder is called as the record says.
fn is_at_home(facts: &RunFacts) -> bool {
    facts.run.as_ref().is_ok_and(|run| run.id() == facts.id)
}

fn name(facts: &RunFacts, is_taken: &dyn Fn(&RunId) -> bool) -> Finding {
    let finding = match &facts.run {
        Ok(run) if !is_at_home(facts) => {
            let message = format!("the folder {} holds the record of {}", facts.id, run.id());
            let fix = match is_taken(&run.id()) {
                true => format!("rm -r {}", facts.folder),
                false => git_mv(facts, &run.id()),
            };
            Finding::broken(NAME.code, message).fix(fix)
        }
        _ if !facts.folder.ends_with(&facts.id.to_string()) => Finding::broken(
            NAME.code,
            format!(
                "the number is written with at least three digits: {}",
                facts.id
            ),
        )
        .fix(git_mv(facts, &facts.id)),
        _ => Finding::ok(NAME.code),
    };
    finding.of(&facts.id).at(facts.folder.clone())
}

fn git_mv(facts: &RunFacts, id: &RunId) -> String {
    let parent = facts
        .folder
        .rsplit_once('/')
        .map_or("", |(parent, _)| parent);
    format!("git mv {} {parent}/{id}", facts.folder)
}

/// All folders of runs, with the uids of those that can be read.
fn folders(facts: &Facts) -> impl Iterator<Item = (&RunId, Option<&Uid>)> {
    let read = facts.runs.iter();
    let read = read.map(|seen| (&seen.id, seen.run.as_ref().ok().map(|run| &run.uid)));
    let unread = facts.roll.unread().map(|(id, uid)| (id, Some(uid)));
    read.chain(unread)
}

fn numbers(facts: &Facts) -> Vec<Finding> {
    let mut by_number: BTreeMap<u32, Vec<&RunId>> = BTreeMap::new();
    let mut by_uid: BTreeMap<&Uid, Vec<&RunId>> = BTreeMap::new();
    for (id, uid) in folders(facts) {
        by_number.entry(id.number).or_default().push(id);
        if let Some(uid) = uid {
            by_uid.entry(uid).or_default().push(id);
        }
    }
    facts
        .scoped()
        .map(|run| {
            let twins = |all: Option<&Vec<&RunId>>| {
                let mut others: Vec<&RunId> = all.into_iter().flatten().copied().collect();
                if let Some(own) = others.iter().position(|other| **other == run.id) {
                    others.remove(own);
                }
                others.sort();
                let names: Vec<String> = others.into_iter().map(RunId::to_string).collect();
                (!names.is_empty()).then(|| names.join(", "))
            };
            let uid = run.run.as_ref().ok().map(|record| &record.uid);
            // A copy has both; a new number would not make it a run of its own.
            let finding = if let Some(others) = twins(uid.and_then(|uid| by_uid.get(uid))) {
                let message = format!("its uid is also that of {others}: one is a copy");
                // The original is where its record says. A folder that was not read is at home.
                let is_copy = |other: &&RunFacts| {
                    let other_uid = other.run.as_ref().ok().map(|record| &record.uid);
                    other_uid == uid && !is_at_home(other)
                };
                let copy = facts.runs.iter().find(is_copy);
                let copy = copy.map_or(&run.folder, |copy| &copy.folder);
                Finding::broken(DUP_ID.code, message).fix(format!("rm -r {copy}"))
            } else if let Some(others) = twins(by_number.get(&run.id.number)) {
                let message = format!("number {} is also taken by {others}", run.id.number);
                Finding::broken(DUP_ID.code, message).fix("git exp renumber")
            } else {
                Finding::ok(DUP_ID.code)
            };
            finding.of(&run.id).at(run.folder.clone())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, outcome, record, run, told};
    use super::*;
    use crate::check::finding::Outcome;
    use crate::model::Uid;

    #[test]
    fn folder_and_record_must_agree() {
        let mut one = run("exp_001_a");
        assert_eq!(outcome(&NAME, &facts(vec![run("exp_001_a")])), Outcome::Ok);
        record(&mut one).number = 2;
        assert_eq!(outcome(&NAME, &facts(vec![one])), Outcome::Broken);
        let mut strays = facts(vec![]);
        strays.strays.push("final2".into());
        assert_eq!(outcome(&NAME, &strays), Outcome::Broken);
    }

    #[test]
    fn a_number_is_given_once_and_so_is_a_uid() {
        let other = |id| {
            let mut other = run(id);
            record(&mut other).uid = Uid::new(7, &[7; 10]);
            other
        };
        let honest = facts(vec![run("exp_001_a"), other("exp_002_a")]);
        assert_eq!(outcome(&DUP_ID, &honest), Outcome::Ok);
        let double = facts(vec![run("exp_001_a"), other("exp_001_b")]);
        assert_eq!(
            told(&(DUP_ID.run)(&double))[0].1,
            "number 1 is also taken by exp_001_b"
        );
        let (one, mut copy) = (run("exp_001_a"), run("exp_002_b"));
        record(&mut copy).uid = one.run.as_ref().unwrap().uid.clone();
        assert_eq!(told(&(DUP_ID.run)(&facts(vec![one, copy]))).len(), 2);
    }
}
