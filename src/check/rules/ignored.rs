//! W-ignored: every file of a record can be committed.

use super::{Rule, Topic};
use crate::check::facts::Facts;
use crate::check::finding::Finding;

const CODE: &str = "W-ignored";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "git ignores no file of a record, so that every clone will have it",
    topic: Topic {
        cause: "A pattern in .gitignore, such as `metrics.json`, was meant for the program's output and \
                also fits the copy in the run's folder. `git add experiments` passes over it in silence, \
                and in every other clone the record is incomplete.",
        example: "warning  W-ignored  exp_001_baseline  git ignores metrics.json: it will be in no clone",
        way_out: "Fix the pattern to the top of the project: /metrics.json\n\
                  See which pattern it is: git check-ignore -v experiments/runs/exp_001_baseline/metrics.json\n\
                  Add what was left out: git add -f experiments/runs/exp_001_baseline/metrics.json",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    facts
        .scoped()
        .map(|seen| {
            let finding = match seen.ignored.first() {
                None => Finding::ok(CODE),
                Some(first) => {
                    let names = seen.ignored.join(", ");
                    let them = if seen.ignored.len() == 1 {
                        "it"
                    } else {
                        "they"
                    };
                    Finding::broken(
                        CODE,
                        format!("git ignores {names}: {them} will be in no clone"),
                    )
                    .fix(format!(
                        "git check-ignore -v {}; then git add -f",
                        seen.file(first)
                    ))
                }
            };
            finding.of(&seen.id).at(seen.folder.clone())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, outcome, run, told};
    use super::*;
    use crate::check::finding::Outcome;

    #[test]
    fn an_ignored_file_is_named() {
        let mut all = facts(vec![run("exp_001_a")]);
        assert_eq!(outcome(&RULE, &all), Outcome::Ok);
        all.runs[0].ignored.push("metrics.json".into());
        assert_eq!(
            told(&(RULE.run)(&all))[0].1,
            "git ignores metrics.json: it will be in no clone"
        );
    }
}
