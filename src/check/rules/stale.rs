//! W-stale: a run that began has ended.

use super::{Rule, Topic, of_each};
use crate::check::facts::{Facts, RunFacts};
use crate::check::finding::Finding;
use crate::model::{Run, Status};

const CODE: &str = "W-stale";

/// After so many hours a run that nobody finished is worth a word.
const HOURS: i64 = 24;

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "every run that was started was finished",
    topic: Topic {
        cause: "The process was killed, the job ended, or nobody typed `finish`. The record says \
                `running` and nothing runs.",
        example: "warning  W-stale  exp_005_resnet50  still `running`: its process is gone",
        way_out: "Keep what there is: git exp finish exp_005 --status failed\n\
                  Finish it properly: git exp finish exp_005 --metrics metrics.json",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    of_each(facts, |seen, record| {
        let Some(why) = why(facts, seen, record) else {
            return Some(Finding::ok(CODE));
        };
        let message = format!("still `{}`: {why}", record.status.word());
        let fix = format!("git exp finish {} --status failed", seen.id.short());
        Some(Finding::broken(CODE, message).fix(fix))
    })
}

fn why(facts: &Facts, seen: &RunFacts, record: &Run) -> Option<String> {
    match record.status {
        Status::Stale => Some("nobody finished it".to_owned()),
        Status::Running if seen.process_gone => Some("its process is gone".to_owned()),
        Status::Running => {
            let hours = (facts.now? - record.started).num_hours();
            (hours >= HOURS).then(|| format!("started {hours} hours ago"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, outcome, record, run};
    use super::*;
    use crate::check::finding::{Level, Outcome};

    #[test]
    fn a_run_that_still_runs_is_fine_for_a_day() {
        let mut one = run("exp_001_a");
        record(&mut one).status = Status::Running;
        let started = record(&mut one).started;
        let mut all = facts(vec![one]);
        all.now = Some(started + chrono::Duration::hours(3));
        assert_eq!(outcome(&RULE, &all), Outcome::Ok);
        all.now = Some(started + chrono::Duration::hours(30));
        let found = (RULE.run)(&all);
        assert_eq!(
            (found[0].outcome, found[0].level),
            (Outcome::Broken, Level::Warn)
        );
        all.now = Some(started);
        all.runs[0].process_gone = true;
        assert_eq!(outcome(&RULE, &all), Outcome::Broken);
    }
}
