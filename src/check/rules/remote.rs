//! E-remote: others can get the code that was run. Asked with `--pushed`.

use super::{Rule, Topic, of_each};
use crate::check::facts::{Facts, RunFacts};
use crate::check::finding::Finding;
use crate::model::Run;

const CODE: &str = "E-remote";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "with --pushed: the commit that was run is on a remote",
    topic: Topic {
        cause: "The run was made at a commit that was never pushed, or at an earlier commit of a \
                branch that will be squashed. After the merge it is too late to find it. A dirty \
                run's code is in its snapshot, which travels by its keep-ref only.",
        example: "broken   E-remote  exp_003_new_features  a41c9d2 is on no remote branch",
        way_out: "Push the branch: git push\n\
                  Push the keep-refs, which a squash merge can't touch: git exp push\n\
                  In a pre-push hook: git exp check --pushed --pushing <commit being pushed>",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    if !facts.pushed {
        return Vec::new();
    }
    of_each(facts, |seen, record| {
        let has_code = record.code.commit.is_some() || record.code.snapshot.is_some();
        has_code.then(|| check(facts, seen, record))
    })
}

fn check(facts: &Facts, seen: &RunFacts, record: &Run) -> Finding {
    if !facts.clone.has_remote {
        return Finding::unverifiable(CODE, "this repository has no remote")
            .fix("git remote add origin URL");
    }
    let commit = record
        .code
        .commit
        .as_ref()
        .or(record.code.snapshot.as_ref());
    let short = commit.map_or("?", |commit| commit.short());
    let needs_snapshot = record.code.code_is_dirty() && seen.commit.twin.is_none();
    if seen.commit.keep_ref_pushed || (seen.commit.on_remote && !needs_snapshot) {
        return Finding::ok(CODE);
    }
    if let Some(twin) = seen.commit.twin.as_ref().filter(|twin| twin.on_remote) {
        let message = format!(
            "{short} is on no remote; {} there has the same code",
            twin.commit.short()
        );
        return Finding::note(CODE, message).fix("git exp push");
    }
    let what = if needs_snapshot && seen.commit.on_remote {
        "its uncommitted code was not pushed".to_owned()
    } else {
        format!("{short} is on no remote branch")
    };
    // Also where the branch has no upstream yet.
    let remote = facts.clone.remote.as_deref().unwrap_or("origin");
    Finding::broken(CODE, what).fix(format!("git push -u {remote} HEAD && git exp push"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, oid, outcome, run};
    use super::*;
    use crate::check::facts::Twin;
    use crate::check::finding::Outcome;

    #[test]
    fn asked_only_with_pushed_and_answered_by_the_remote() {
        let mut here = facts(vec![run("exp_001_a")]);
        here.clone.has_remote = true;
        assert!((RULE.run)(&here).is_empty());
        here.pushed = true;
        assert_eq!(outcome(&RULE, &here), Outcome::Broken);
        here.runs[0].commit.twin = Some(Twin {
            commit: oid(9),
            branch: None,
            on_remote: true,
        });
        assert_eq!(outcome(&RULE, &here), Outcome::Note);
        here.runs[0].commit.on_remote = true;
        assert_eq!(outcome(&RULE, &here), Outcome::Ok);
        here.clone.has_remote = false;
        assert_eq!(outcome(&RULE, &here), Outcome::Unverifiable);
    }
}
