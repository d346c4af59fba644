//! E-dirty: code that was not committed when it ran is committed by now, or kept whole.

use super::commit::may_be_kept;
use super::{FROM_ITS_MACHINE, PULL, Rule, Topic, of_each};
use crate::check::facts::{Facts, Kept, RunFacts};
use crate::check::finding::Finding;
use crate::model::Run;

const CODE: &str = "E-dirty";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "the run was clean, its code was committed afterwards, or patch and snapshot keep it",
    topic: Topic {
        cause: "The working tree differed from the commit when the run started. That is honest as long \
                as the code is kept: best by a commit made afterwards with exactly this code, else by \
                the snapshot (refs/exp/<uid>) and dirty.patch. `[check] dirty = \"error\"` or \
                --require-clean wants a commit.",
        example: "note     E-dirty  exp_004_lightgbm  ran first, committed after: 77e01fa has exactly its code",
        way_out: "Commit the code that ran, unchanged: git add src && git commit\n\
                  Bring it back first if you went on: git exp restore exp_004 --branch exp_004\n\
                  The snapshot is on another machine: there git exp push, here git exp pull",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    of_each(facts, |seen, record| Some(check(facts, seen, record)))
}

fn check(facts: &Facts, seen: &RunFacts, record: &Run) -> Finding {
    // Changed config and data files have rules and digests of their own.
    if !record.code.dirty || !differs(record) {
        return Finding::ok(CODE);
    }
    if let Some(snapshot) = record
        .code
        .snapshot
        .as_ref()
        .filter(|_| is_another(seen, record))
    {
        return Finding::broken(CODE, "its snapshot is not the tree that the record names")
            .fix(format!("git show {snapshot}"));
    }
    if let Some(twin) = &seen.commit.twin {
        let message = format!(
            "ran first, committed after: {} has exactly its code",
            twin.commit.short()
        );
        return Finding::note(CODE, message);
    }
    let kept = kept(facts, seen, record);
    if facts.require_clean && kept.outcome != crate::check::finding::Outcome::Broken {
        return Finding::broken(
            CODE,
            "its code is in no commit, and a clean run is required",
        )
        .detail(kept.message)
        .fix(format!(
            "git exp restore {} --branch {0}, then commit",
            seen.id.short()
        ));
    }
    kept
}

/// Whether the snapshot that is here is none of this tree on this commit.
fn is_another(seen: &RunFacts, record: &Run) -> bool {
    let code = &record.code;
    let parent_differs = code.commit.is_some() && seen.frozen.parent != code.commit;
    seen.frozen.present && (seen.frozen.tree != code.tree || parent_differs)
}

/// Whether anything but config and data differed. Records without a list of changes say it by
/// `dirty` alone.
fn differs(record: &Run) -> bool {
    record.code.changes.is_empty() || record.code.code_is_dirty()
}

fn kept(facts: &Facts, seen: &RunFacts, record: &Run) -> Finding {
    let Some(snapshot) = &record.code.snapshot else {
        return Finding::broken(CODE, "ran with uncommitted code that is kept nowhere")
            .fix("record runs with: git exp run");
    };
    if let Some(patch) = &record.code.patch {
        match &seen.frozen.patch {
            None if seen.unread.contains(&patch.path) => {
                return Finding::unverifiable(CODE, format!("{} could not be read", patch.path));
            }
            None => {
                return Finding::broken(CODE, format!("{} is gone", patch.path))
                    .fix(seen.restore(&patch.path));
            }
            Some(found) if *found != patch.sha256 => {
                return Finding::broken(CODE, format!("{} was edited after the run", patch.path))
                    .detail(format!(
                        "recorded {}, found {}",
                        patch.sha256.short(),
                        found.short()
                    ))
                    .fix(seen.restore(&patch.path));
            }
            Some(_) => {}
        }
    }
    if !seen.frozen.present {
        let short = snapshot.short();
        let unsure = facts.clone.shallow
            || facts.clone.partial
            || !facts.clone.keep_refs_known
            || seen.commit.keep_ref_pushed;
        return if unsure {
            Finding::unverifiable(CODE, format!("its snapshot {short} is not in this clone"))
                .fix(PULL)
        } else {
            Finding::broken(
                CODE,
                format!("its snapshot {short} is gone: its code can't be had any more"),
            )
            .fix(FROM_ITS_MACHINE)
        };
    }
    if matches!(seen.frozen.kept, Kept::Reflog | Kept::Loose) {
        let short = snapshot.short();
        if may_be_kept(&facts.clone, seen) {
            let what = format!("no ref in this clone keeps its snapshot {short}");
            return Finding::unverifiable(CODE, what).fix(PULL);
        }
        return Finding::broken(
            CODE,
            format!("no ref keeps its snapshot {short}: git will delete it"),
        )
        .fix(format!("git update-ref refs/exp/{} {snapshot}", record.uid));
    }
    if seen.frozen.patch_agrees == Some(false) {
        return Finding::broken(CODE, "its patch is not what the snapshot changed")
            .fix(format!("git diff {snapshot}^1 {snapshot}"));
    }
    Finding::note(CODE, "uncommitted code, kept by patch and snapshot").fix(format!(
        "commit it: git exp restore {} --branch {0}",
        seen.id.short()
    ))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, oid, outcome, record, run};
    use super::*;
    use crate::check::facts::Twin;
    use crate::check::finding::Outcome;
    use crate::model::Sha256;
    use crate::model::axis::Axis;
    use crate::model::code::{Change, FileInRun};

    fn dirty(axis: Axis) -> RunFacts {
        let mut one = run("exp_001_a");
        let code = &mut record(&mut one).code;
        code.dirty = true;
        code.snapshot = Some(oid(50));
        code.patch = Some(FileInRun {
            path: "dirty.patch".into(),
            sha256: Sha256::of(b"patch"),
        });
        code.changes.push(Change {
            path: "src/train.py".into(),
            status: "M".into(),
            added: None,
            removed: None,
            axis,
        });
        one.frozen.present = true;
        one.frozen.tree = Some(oid(101));
        one.frozen.parent = Some(oid(1));
        one.frozen.patch = Some(Sha256::of(b"patch"));
        one
    }

    #[test]
    fn a_kept_snapshot_is_a_note_and_a_lie_about_it_is_broken() {
        assert_eq!(
            outcome(&RULE, &facts(vec![dirty(Axis::Code)])),
            Outcome::Note
        );
        let lies: [fn(&mut RunFacts); 6] = [
            |one| one.frozen.patch = Some(Sha256::of(b"other")),
            |one| one.frozen.patch = None,
            |one| one.frozen.tree = Some(oid(9)),
            |one| one.frozen.parent = Some(oid(9)),
            |one| one.frozen.patch_agrees = Some(false),
            |one| record(one).code.snapshot = None,
        ];
        for (index, lie) in lies.iter().enumerate() {
            let mut one = dirty(Axis::Code);
            lie(&mut one);
            assert_eq!(
                outcome(&RULE, &facts(vec![one])),
                Outcome::Broken,
                "lie {index}"
            );
        }
    }

    #[test]
    fn a_commit_made_afterwards_settles_it_even_when_clean_runs_are_required() {
        let mut one = dirty(Axis::Code);
        one.commit.twin = Some(Twin {
            commit: oid(7),
            branch: None,
            on_remote: false,
        });
        let mut all = facts(vec![one]);
        all.require_clean = true;
        let found = (RULE.run)(&all);
        assert_eq!(found[0].outcome, Outcome::Note);
        assert!(found[0].message.contains("0707070"));
        let mut refused = facts(vec![dirty(Axis::Code)]);
        refused.require_clean = true;
        assert_eq!(outcome(&RULE, &refused), Outcome::Broken);
    }

    #[test]
    fn a_changed_config_is_not_changed_code() {
        let mut all = facts(vec![dirty(Axis::Config)]);
        all.require_clean = true;
        assert_eq!(outcome(&RULE, &all), Outcome::Ok);
    }

    #[test]
    fn a_snapshot_that_was_not_fetched_can_t_be_verified() {
        let mut one = dirty(Axis::Code);
        one.frozen.present = false;
        let mut all = facts(vec![one]);
        assert_eq!(outcome(&RULE, &all), Outcome::Unverifiable);
        all.clone.keep_refs_known = true;
        assert_eq!(outcome(&RULE, &all), Outcome::Broken);
    }

    #[test]
    fn a_snapshot_that_no_ref_keeps_is_as_good_as_lost() {
        let mut one = dirty(Axis::Code);
        one.frozen.kept = Kept::Loose;
        let mut all = facts(vec![one]);
        let found = (RULE.run)(&all);
        assert_eq!(found[0].outcome, Outcome::Broken);
        assert!(
            found[0]
                .fix
                .as_ref()
                .unwrap()
                .starts_with("git update-ref refs/exp/")
        );
        all.clone.has_remote = true;
        assert_eq!(outcome(&RULE, &all), Outcome::Unverifiable);
    }
}
