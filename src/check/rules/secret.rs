//! E-secret: no key stands in a record, a mini-log or a patch.

use super::{Rule, Topic};
use crate::check::facts::Facts;
use crate::check::finding::Finding;

const CODE: &str = "E-secret";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "no record, mini-log, config copy or patch holds something that looks like a secret",
    topic: Topic {
        cause: "A token stood in the configuration, on the command line or in the uncommitted code, \
                and is now in the run's folder. The check names the place and never prints the value.",
        example: "broken   E-secret  experiments/runs/exp_003_new_features/config.yaml:4  looks like a GitHub token",
        way_out: "Revoke the key first: what was pushed can't be called back.\n\
                  Then take it out of the file and of history: git filter-repo --replace-text FILE\n\
                  Read secrets from the environment; git exp records no variable that is not on its list.",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    let mut all = Vec::new();
    for seen in facts.scoped() {
        if !seen.unread.is_empty() {
            let names = seen.unread.join(", ");
            all.push(
                Finding::unverifiable(
                    CODE,
                    format!("{names} could not be read: too large, or not here"),
                )
                .of(&seen.id)
                .at(seen.folder.clone()),
            );
        } else if seen.secrets.is_empty() {
            all.push(Finding::ok(CODE).of(&seen.id).at(seen.folder.clone()));
        }
        all.extend(seen.secrets.iter().map(|(file, line, kind)| {
            Finding::broken(CODE, format!("looks like {kind}"))
                .of(&seen.id)
                .at(file.clone())
                .line(*line, 1)
                .fix("revoke it, then take it out: git exp help E-secret")
        }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, outcome, run};
    use super::*;
    use crate::check::finding::Outcome;

    #[test]
    fn a_place_is_named_for_every_secret() {
        let mut all = facts(vec![run("exp_001_a")]);
        assert_eq!(outcome(&RULE, &all), Outcome::Ok);
        all.runs[0]
            .secrets
            .push(("config.yaml".into(), 4, "a GitHub token".into()));
        let found = (RULE.run)(&all);
        assert_eq!(found[0].outcome, Outcome::Broken);
        assert_eq!(found[0].place().unwrap(), "config.yaml:4:1");
    }
}
