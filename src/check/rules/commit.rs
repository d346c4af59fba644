//! E-commit: the commit that was run can still be had.

use super::{FROM_ITS_MACHINE, PULL, Rule, Topic, of_each};
use crate::check::facts::{CloneFacts, Facts, Kept, RunFacts, Twin};
use crate::check::finding::Finding;
use crate::model::{Oid, Run};

const CODE: &str = "E-commit";

/// What brings the rest of a shallow history.
const UNSHALLOW: &str = "git fetch --unshallow   (actions/checkout: fetch-depth: 0)";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "the commit that was run is kept by a branch, a tag, a keep-ref, or its code is on a branch",
    topic: Topic {
        cause: "A squash merge, a rebase or `commit --amend` replaced the commit by another one and \
                the old branch was deleted. With equal code on a branch this is a note (an error under \
                `[check] commit = \"strict\"`); a run at an earlier commit of a squashed branch has no \
                equal on it and lives only by its keep-ref refs/exp/<uid>.\n\
                Or the record was made to name another commit than the one that was frozen.\n\
                In a shallow clone, or one without refs/exp/*, a missing commit proves nothing: then \
                the rule can't be verified.",
        example: "note     E-commit  exp_003  a41c9d2 is on no branch; 77e01fa on main has the same code \
                  (squash merge or rebase)",
        way_out: "Send the keep-refs with your work, before the merge: git exp push\n\
                  Fetch them: git exp pull   (or: git fetch origin 'refs/exp/*:refs/exp/*')\n\
                  In CI get the whole history: actions/checkout with fetch-depth: 0; GitLab: GIT_DEPTH: \"0\"\n\
                  Found in a reflog: git branch keep-exp-003 a41c9d2",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    of_each(facts, |seen, record| Some(check(facts, seen, record)))
}

fn check(facts: &Facts, seen: &RunFacts, record: &Run) -> Finding {
    let Some(commit) = &record.code.commit else {
        return without_commit(record);
    };
    if let Some(finding) = contradicted(seen, record, commit) {
        return finding;
    }
    match seen.commit.kept {
        Kept::Branch => Finding::ok(CODE),
        Kept::Tag => note_on(commit, "is on no branch, a tag keeps it", None),
        kept => match &seen.commit.twin {
            Some(twin) => with_twin(facts, seen, commit, twin),
            None => without_twin(facts, seen, commit, kept),
        },
    }
}

/// `start` froze the tree that it recorded, and pointed the keep-ref to it: a record that was made to
/// name another commit says otherwise.
fn contradicted(seen: &RunFacts, record: &Run, commit: &Oid) -> Option<Finding> {
    let frozen = record.code.snapshot.as_ref().unwrap_or(commit);
    if let Some(kept) = seen.commit.keep_ref.as_ref().filter(|kept| *kept != frozen) {
        let (kept, named) = (kept.short(), frozen.short());
        let message = format!("its keep-ref has {kept}, the record names {named}");
        return Some(Finding::broken(CODE, message).fix(format!("git diff {kept} {named}")));
    }
    let tree = record.code.tree.as_ref()?;
    let is_clean = record.code.snapshot.is_none() && !record.code.dirty;
    let other = seen
        .commit
        .tree
        .as_ref()
        .filter(|other| is_clean && *other != tree)?;
    let message = format!(
        "the record names {} and a tree that is not its",
        commit.short()
    );
    Some(Finding::broken(CODE, message).fix(format!("git diff {tree} {other}")))
}

/// The commit is on no branch here, and another one has its code.
fn with_twin(facts: &Facts, seen: &RunFacts, commit: &Oid, twin: &Twin) -> Finding {
    let place = twin
        .branch
        .as_ref()
        .map_or(String::new(), |name| format!(" on {name}"));
    let missing = seen.commit.kept == Kept::Missing;
    let (state, cause) = match (missing, facts.clone.shallow) {
        (true, true) => ("is not in this shallow clone", ""),
        (true, false) => ("is not in this clone", " (squash merge or rebase)"),
        _ => ("is on no branch", " (squash merge or rebase)"),
    };
    let other = twin.commit.short();
    let message = format!(
        "{} {state}; {other}{place} has the same code{cause}",
        commit.short()
    );
    let fetch = if facts.clone.shallow {
        UNSHALLOW
    } else {
        "fetch the original: git exp pull"
    };
    if facts.strict_commit && missing && facts.clone.shallow {
        return Finding::unverifiable(CODE, message).fix(UNSHALLOW);
    }
    if facts.strict_commit {
        return Finding::broken(CODE, message)
            .detail("[check] commit = \"strict\" wants the commit itself")
            .fix(fetch);
    }
    let note = Finding::note(CODE, message);
    match (missing, seen.commit.keep_ref_pushed) {
        (true, _) => note.fix(fetch),
        (false, true) => note,
        (false, false) => note.fix("keep the original: git exp push      (pushes refs/exp/<uid>)"),
    }
}

/// A run before the first commit, or one taken in from a folder made by hand.
fn without_commit(record: &Run) -> Finding {
    if record.code.snapshot.is_some() {
        return Finding::note(
            CODE,
            "was run before the first commit; its snapshot has the code",
        );
    }
    Finding::unverifiable(CODE, "the record names no commit: its code is not known")
        .fix("record runs with: git exp run")
}

fn note_on(commit: &Oid, what: &str, fix: Option<&str>) -> Finding {
    let finding = Finding::note(CODE, format!("{} {what}", commit.short()));
    match fix {
        Some(fix) => finding.fix(fix),
        None => finding,
    }
}

fn without_twin(facts: &Facts, seen: &RunFacts, commit: &Oid, kept: Kept) -> Finding {
    let short = commit.short();
    match kept {
        Kept::KeepRef => note_on(
            commit,
            "is on no branch; its keep-ref in refs/exp has it (squash merge, rebase or deleted branch)",
            (!seen.commit.keep_ref_pushed).then_some("send the keep-refs along: git exp push"),
        ),
        Kept::Reflog | Kept::Loose if may_be_kept(&facts.clone, seen) => unfetched(short),
        Kept::Reflog | Kept::Loose => {
            let what = if kept == Kept::Reflog {
                "only a reflog has it"
            } else {
                "nothing keeps it"
            };
            Finding::broken(
                CODE,
                format!("{short} is on no branch and {what}: git will delete it"),
            )
            .detail("amended, rebased, squash-merged, or its branch was deleted")
            .fix(format!("git branch keep-{} {}", seen.id.short(), commit))
        }
        _ => missing(&facts.clone, short, seen),
    }
}

fn missing(clone: &CloneFacts, short: &str, seen: &RunFacts) -> Finding {
    if clone.shallow {
        return Finding::unverifiable(CODE, format!("{short} is not in this shallow clone"))
            .fix(UNSHALLOW);
    }
    if let Some(why) = &seen.commit.twin_unknown {
        return Finding::unverifiable(CODE, format!("{short} is not in this clone, and {why}"))
            .fix(PULL);
    }
    if may_be_kept(clone, seen) {
        return unfetched(short);
    }
    Finding::broken(
        CODE,
        format!("{short} is nowhere in this clone, nor is its code"),
    )
    .detail("a squash merge, rebase or deleted branch loses commits whose keep-ref was not pushed")
    .fix(FROM_ITS_MACHINE)
}

/// Whether the remote may keep, or is known to keep, what nothing here does.
pub(super) fn may_be_kept(clone: &CloneFacts, seen: &RunFacts) -> bool {
    clone.has_remote && (!clone.keep_refs_known || seen.commit.keep_ref_pushed)
}

fn unfetched(short: &str) -> Finding {
    Finding::unverifiable(
        CODE,
        format!("{short} is on no branch, and the remote's refs/exp/* are not in this clone"),
    )
    .fix(PULL)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, oid, outcome, record, run, told};
    use super::*;
    use crate::check::finding::Outcome;

    fn with(kept: Kept, twin: bool) -> Facts {
        let mut one = run("exp_001_a");
        one.commit.kept = kept;
        one.commit.twin = twin.then(|| Twin {
            commit: oid(7),
            branch: Some("main".into()),
            on_remote: true,
        });
        facts(vec![one])
    }

    #[test]
    fn the_ladder_from_branch_to_missing() {
        use Outcome::{Broken, Note, Ok};
        for (kept, twin, expected) in [
            (Kept::Branch, false, Ok),
            (Kept::Tag, false, Note),
            (Kept::KeepRef, false, Note),
            (Kept::Reflog, true, Note),
            (Kept::Missing, true, Note),
            (Kept::Reflog, false, Broken),
            (Kept::Loose, false, Broken),
            (Kept::Missing, false, Broken),
        ] {
            assert_eq!(
                outcome(&RULE, &with(kept, twin)),
                expected,
                "{kept:?} {twin}"
            );
        }
    }

    #[test]
    fn another_commit_than_the_frozen_one_is_a_lie() {
        let mut other = with(Kept::Branch, false);
        other.runs[0].commit.keep_ref = Some(oid(1));
        other.runs[0].commit.tree = Some(oid(101));
        assert_eq!(outcome(&RULE, &other), Outcome::Ok);
        other.runs[0].commit.keep_ref = Some(oid(9));
        assert_eq!(outcome(&RULE, &other), Outcome::Broken);
        other.runs[0].commit.keep_ref = None;
        other.runs[0].commit.tree = Some(oid(9));
        assert_eq!(outcome(&RULE, &other), Outcome::Broken);
    }

    #[test]
    fn strictness_refuses_an_equal_tree() {
        let mut strict = with(Kept::Missing, true);
        strict.strict_commit = true;
        assert_eq!(outcome(&RULE, &strict), Outcome::Broken);
    }

    #[test]
    fn what_was_not_fetched_is_not_called_missing() {
        let mut shallow = with(Kept::Missing, false);
        shallow.clone.shallow = true;
        let found = (RULE.run)(&shallow);
        assert_eq!(found[0].outcome, Outcome::Unverifiable);
        assert!(found[0].fix.as_ref().unwrap().contains("fetch-depth: 0"));
        let mut plain = with(Kept::Missing, false);
        plain.clone.has_remote = true;
        assert_eq!(outcome(&RULE, &plain), Outcome::Unverifiable);
        plain.runs[0].commit.kept = Kept::Loose;
        assert_eq!(outcome(&RULE, &plain), Outcome::Unverifiable);
        plain.clone.keep_refs_known = true;
        assert_eq!(outcome(&RULE, &plain), Outcome::Broken);
        plain.runs[0].commit.kept = Kept::Missing;
        assert_eq!(outcome(&RULE, &plain), Outcome::Broken);
        plain.runs[0].commit.keep_ref_pushed = true;
        assert_eq!(outcome(&RULE, &plain), Outcome::Unverifiable);
    }

    #[test]
    fn the_message_names_the_squash_merge() {
        let all = told(&(RULE.run)(&with(Kept::KeepRef, true)));
        assert_eq!(
            all[0].1,
            "0101010 is on no branch; 0707070 on main has the same code (squash merge or rebase)"
        );
    }

    #[test]
    fn a_run_without_a_commit_can_t_be_verified() {
        let mut one = run("exp_001_a");
        record(&mut one).code.commit = None;
        assert_eq!(outcome(&RULE, &facts(vec![one])), Outcome::Unverifiable);
    }
}
