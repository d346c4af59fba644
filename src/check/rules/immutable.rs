//! E-immutable: what a finished run had and gave stays as it was.

use super::{Rule, Topic, of_each};
use crate::check::facts::{Facts, RunFacts};
use crate::check::finding::Finding;
use crate::model::environment::Environment;
use crate::model::{Run, Status};
use crate::store::layout::RUN_JSON;

const CODE: &str = "E-immutable";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "inputs, metrics and code of a finished run were not edited, nor was it deleted",
    topic: Topic {
        cause: "`finish` seals inputs, metrics and code by a digest. The record was edited afterwards: \
                the digest no longer fits, was taken out, or differs from the version that was \
                committed before. Or a record that was committed is gone. Goal, conclusion, tags and \
                number may change.",
        example: "broken   E-immutable  exp_003_new_features  its sealed part was edited after it was finished",
        way_out: "See what was changed: git diff HEAD -- experiments/runs/exp_003_new_features/run.json\n\
                  Put it back: git checkout HEAD -- experiments/runs/exp_003_new_features/run.json\n\
                  A wrong result is a new run: git exp run NAME --like exp_003; say why in a note.",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    let mut all = of_each(facts, |seen, record| {
        is_finished(record).then(|| check(seen, record))
    });
    all.extend(facts.deleted.iter().map(|(version, id)| {
        let folder = format!("{}/{id}", facts.runs_folder);
        Finding::broken(CODE, format!("it was deleted; {version} has its record"))
            .detail("what was tried stays on record: git exp rm removes a run and keeps its number")
            .fix(format!("git checkout {version} -- {folder}"))
            .of(id)
            .at(folder)
    }));
    all
}

fn is_finished(record: &Run) -> bool {
    record.digest.is_some() || !matches!(record.status, Status::Running | Status::Stale)
}

fn check(seen: &RunFacts, record: &Run) -> Finding {
    let file = seen.record_file();
    match (&record.digest, &seen.digest) {
        (None, _) => {
            return Finding::broken(
                CODE,
                "it is finished and has no seal: the digest was taken out",
            )
            .fix(format!("git log -p -- {file}"));
        }
        (Some(sealed), Some(now)) if sealed != now => {
            return Finding::broken(CODE, "its sealed part was edited after it was finished")
                .detail(format!(
                    "sealed {}, found {}",
                    shorten(sealed),
                    shorten(now)
                ))
                .fix(seen.restore(RUN_JSON));
        }
        _ => {}
    }
    if let Some(env) = record.env.as_ref().filter(|env| is_other_list(seen, env)) {
        let file = env.lock.as_deref().unwrap_or_default();
        return Finding::broken(CODE, format!("{file}, its list of packages, was edited"))
            .fix(seen.restore(file));
    }
    let edited = |(_, digest): &&(String, String)| Some(digest) != seen.digest.as_ref();
    match seen.before.iter().find(edited) {
        Some((version, _)) => Finding::broken(
            CODE,
            format!("its sealed part differs from the version in {version}"),
        )
        .detail("the digest was made to fit, the earlier version tells")
        .fix(format!("git diff {version} -- {file}")),
        None => Finding::ok(CODE),
    }
}

/// Whether the list of installed packages is another than the recorded one, line ends aside.
fn is_other_list(seen: &RunFacts, env: &Environment) -> bool {
    let found = [&seen.packages.sha256, &seen.packages.unix_sha256];
    found
        .iter()
        .all(|found| found.is_some() && **found != env.sha256)
}

fn shorten(digest: &str) -> &str {
    digest.get(..8).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, metric, outcome, record, reseal, run};
    use super::*;
    use crate::check::finding::Outcome;

    #[test]
    fn the_list_of_packages_is_part_of_what_stays() {
        use crate::model::Sha256;
        let told = |text: &[u8]| {
            let mut one = run("exp_001_a");
            record(&mut one).env = Some(Environment {
                lock: Some("env.txt".into()),
                sha256: Some(Sha256::of(b"torch==2.1\n")),
                ..Environment::default()
            });
            reseal(&mut one);
            let unix: Vec<u8> = text.iter().copied().filter(|&b| b != b'\r').collect();
            one.packages.sha256 = Some(Sha256::of(text));
            one.packages.unix_sha256 = Some(Sha256::of(&unix));
            outcome(&RULE, &facts(vec![one]))
        };
        assert_eq!(told(b"torch==2.1\r\n"), Outcome::Ok);
        assert_eq!(told(b"torch==1.0\n"), Outcome::Broken);
    }

    #[test]
    fn an_edit_shows_and_a_conclusion_does_not() {
        let mut one = run("exp_001_a");
        metric(&mut one, "auc", "0.842");
        let before = one.digest.clone().unwrap();
        one.before.push(("origin/main".into(), before));
        record(&mut one).conclusion = Some("better words".into());
        let mut all = facts(vec![one]);
        assert_eq!(outcome(&RULE, &all), Outcome::Ok);
        all.runs[0].digest = Some("f".repeat(64));
        assert_eq!(outcome(&RULE, &all), Outcome::Broken, "edited");
        metric(&mut all.runs[0], "auc", "0.942");
        reseal(&mut all.runs[0]);
        let found = (RULE.run)(&all);
        assert_eq!(
            found[0].message,
            "its sealed part differs from the version in origin/main"
        );
        all.runs[0].before.clear();
        record(&mut all.runs[0]).digest = None;
        assert_eq!(outcome(&RULE, &all), Outcome::Broken, "unsealed");
    }

    #[test]
    fn a_running_run_has_no_seal_yet() {
        let mut one = run("exp_001_a");
        record(&mut one).status = Status::Running;
        record(&mut one).digest = None;
        assert!((RULE.run)(&facts(vec![one])).is_empty());
    }
}
