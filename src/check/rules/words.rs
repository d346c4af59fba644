//! W-nogoal and W-why: a run says what it was for and what came of it.

use super::{Rule, Topic, of_each};
use crate::check::facts::Facts;
use crate::check::finding::Finding;
use crate::model::Status;

/// The rule about goals.
pub const GOAL: Rule = Rule {
    code: "W-nogoal",
    title: "every run says what it was for",
    topic: Topic {
        cause: "The run was started without -m, so in a month nobody will know what it was to find out.",
        example: "warning  W-nogoal  exp_003_new_features  no goal",
        way_out: "Say it at the start: git exp run new_features -m \"does age_bucket help?\" -- python train.py\n\
                  For a run that is there: git exp note exp_003 --edit",
    },
    run: goals,
};

/// The rule about conclusions and reasons.
pub const WHY: Rule = Rule {
    code: "W-why",
    title: "every finished run has a conclusion, and every promotion a reason",
    topic: Topic {
        cause: "The conclusion of a finished run, or the reason of a promotion, is empty. The report's \
                question is \"why this model?\"",
        example: "warning  W-why  exp_003_new_features  no conclusion",
        way_out: "Write what was learnt: git exp note exp_003 -m \"better on val, the same on test\"\n\
                  Say why a run is in use: git exp promote exp_003 -m \"best on validation, simple\"",
    },
    run: reasons,
};

fn empty(text: Option<&String>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

fn goals(facts: &Facts) -> Vec<Finding> {
    of_each(facts, |seen, record| {
        let silent = empty(record.goal.as_ref()) && empty(record.hypothesis.as_ref());
        Some(if silent {
            Finding::broken(GOAL.code, "no goal")
                .fix(format!("git exp note {} --edit", seen.id.short()))
        } else {
            Finding::ok(GOAL.code)
        })
    })
}

fn reasons(facts: &Facts) -> Vec<Finding> {
    let runs = of_each(facts, |seen, record| {
        let silent = empty(record.conclusion.as_ref()) && !has_conclusions(facts, &seen.folder);
        let fix = || format!("git exp note {} -m \"what was learnt\"", seen.id.short());
        (record.status == Status::Ok).then(|| match silent {
            true => Finding::broken(WHY.code, "no conclusion").fix(fix()),
            false => Finding::ok(WHY.code),
        })
    });
    let stages = facts.stages.iter().filter_map(|stage| {
        let says = stage.says.as_ref().ok()?;
        let finding = if empty(says.why.as_ref()) {
            Finding::broken(
                WHY.code,
                format!("nobody says why {} is {}", stage.name, says.run),
            )
            .fix(format!("git exp promote {} -m \"why this one\"", says.run))
        } else {
            Finding::ok(WHY.code)
        };
        Some(finding.of(&says.run).at(stage.path.clone()))
    });
    runs.into_iter().chain(stages).collect()
}

/// Whether somebody wrote below the machine's part of the mini-log.
fn has_conclusions(facts: &Facts, folder: &str) -> bool {
    let readme = format!("{folder}/{}", crate::store::layout::README);
    let Some(document) = facts
        .documents
        .iter()
        .find(|document| document.path == readme)
    else {
        return false;
    };
    let end = crate::report::markers::END;
    let own = document.text.split_once(end).map_or("", |(_, own)| own);
    let mut inside_comment = false;
    own.lines().map(str::trim).any(|line| {
        let opens = line.starts_with("<!--");
        let counts = !inside_comment && !opens && !line.is_empty() && !line.starts_with('#');
        inside_comment = (inside_comment || opens) && !line.ends_with("-->");
        counts
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, outcome, record, run};
    use super::*;
    use crate::check::facts::{Document, Stage, StageRecord};
    use crate::check::finding::Outcome;

    #[test]
    fn a_run_speaks_for_itself() {
        let mut all = facts(vec![run("exp_001_a")]);
        assert_eq!(outcome(&GOAL, &all), Outcome::Ok);
        assert_eq!(outcome(&WHY, &all), Outcome::Ok);
        record(&mut all.runs[0]).goal = Some("  ".into());
        record(&mut all.runs[0]).conclusion = None;
        assert_eq!(outcome(&GOAL, &all), Outcome::Broken);
        assert_eq!(outcome(&WHY, &all), Outcome::Broken);
    }

    #[test]
    fn a_conclusion_in_the_mini_log_counts_and_the_invitation_does_not() {
        let mut all = facts(vec![run("exp_001_a")]);
        record(&mut all.runs[0]).conclusion = None;
        all.documents.push(Document {
            path: "experiments/runs/exp_001_a/README.md".into(),
            text: "<!-- exp:end -->\n\n## Выводы\n\n<!-- ваше -->\n".into(),
            run: Some(0),
            in_scope: true,
        });
        assert_eq!(outcome(&WHY, &all), Outcome::Broken);
        all.documents[0].text.push_str("\nСтало лучше.\n");
        assert_eq!(outcome(&WHY, &all), Outcome::Ok);
    }

    #[test]
    fn a_promotion_needs_a_reason() {
        let mut all = facts(vec![run("exp_001_a")]);
        all.stages.push(Stage {
            path: "experiments/stages/production.json".into(),
            name: "production".into(),
            says: Ok(StageRecord {
                run: "exp_001_a".into(),
                ..StageRecord::default()
            }),
            model: None,
        });
        assert_eq!(outcome(&WHY, &all), Outcome::Broken);
        all.stages[0].says.as_mut().unwrap().why = Some("the best".into());
        assert_eq!(outcome(&WHY, &all), Outcome::Ok);
    }
}
