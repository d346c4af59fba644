//! E-prod: the run in use exists, went well, and its model is the one that is there.

use super::{Rule, Topic};
use crate::check::facts::{Content, Facts, Stage, StageRecord};
use crate::check::finding::Finding;
use crate::error::Failure;
use crate::model::{Brief, Status, Uid};

const CODE: &str = "E-prod";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "the promoted run exists and is ok, its model file is the promoted one",
    topic: Topic {
        cause: "The file under models/ was replaced after `promote`, the promoted run was deleted or \
                failed, or two stage files claim to be the same stage.",
        example: "broken   E-prod  experiments/stages/production.json  models/final/model.pkl is not the promoted model",
        way_out: "Say which run is in use now: git exp promote exp_004 --model models/final/model.pkl\n\
                  Ask whose model a file is: git exp which models/final/model.pkl",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    facts
        .stages
        .iter()
        .map(|stage| {
            let finding = match &stage.says {
                Err(why) => unclear(why),
                Ok(says) => check(facts, stage, says),
            };
            finding.at(stage.path.clone())
        })
        .collect()
}

/// What `promote` and `which` say of it, too.
fn unclear(why: &Failure) -> Finding {
    let mut hints = why.hints().iter();
    let mut finding = Finding::broken(CODE, why.to_string());
    if let Some(first) = hints.next() {
        finding = finding.fix(first);
    }
    hints.fold(finding, Finding::detail)
}

fn check(facts: &Facts, stage: &Stage, says: &StageRecord) -> Finding {
    let name = &stage.name;
    let found = match &says.uid {
        Some(uid) => Uid::parse(uid).and_then(|uid| facts.roll.of_uid(&uid)),
        None => facts.roll.labelled(&says.run),
    };
    let Some(run) = found else {
        return Finding::broken(
            CODE,
            format!("{name} is {}, which is no recorded run", says.run),
        )
        .fix(format!("git exp promote RUN --as {name}"));
    };
    let finding = if run.status != Status::Ok {
        Finding::broken(
            CODE,
            format!(
                "{name} is {}, whose status is {}",
                run.id(),
                run.status.word()
            ),
        )
        .fix(format!("git exp promote RUN --as {name}"))
    } else {
        model(stage, says, run, name)
    };
    finding.of(run.id())
}

fn model(stage: &Stage, says: &StageRecord, run: &Brief, name: &str) -> Finding {
    let (Some(path), Some(content)) = (&says.model, &stage.model) else {
        return Finding::ok(CODE);
    };
    let promote = format!("git exp promote RUN --as {name} --model {path}");
    let linked = says.sha256.as_ref().is_none_or(|digest| {
        run.models.is_empty() || run.models.iter().any(|model| model.sha256 == *digest)
    });
    match content {
        Content::Other(_) => {
            Finding::broken(CODE, format!("{path} is not the model that was promoted")).fix(promote)
        }
        Content::Absent => Finding::unverifiable(CODE, format!("{path} is not in this clone")),
        Content::Unread(why) => Finding::unverifiable(CODE, format!("{path}: {why}")),
        Content::NoDigest => {
            Finding::unverifiable(CODE, format!("no digest of {path} was recorded"))
        }
        _ if !linked => Finding::broken(
            CODE,
            format!("{path} is not a model that {} made", run.id()),
        )
        .fix(promote),
        Content::Elsewhere(other) => Finding::note(CODE, format!("{path} is {other} by now")),
        _ => Finding::ok(CODE),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, outcome, record, run};
    use super::*;
    use crate::check::finding::Outcome;
    use crate::check::roll::Roll;
    use crate::model::Sha256;
    use crate::model::data::Artifact;

    fn honest() -> Facts {
        let mut one = run("exp_001_a");
        record(&mut one).models.push(Artifact {
            path: "models/a.pkl".into(),
            sha256: Sha256::of(b"a"),
            bytes: 1,
            lfs: false,
        });
        let uid = record(&mut one).uid.to_string();
        let mut all = facts(vec![one]);
        all.stages.push(Stage {
            path: "experiments/stages/production.json".into(),
            name: "production".into(),
            says: Ok(StageRecord {
                run: "exp_001_a".into(),
                uid: Some(uid),
                model: Some("models/final/a.pkl".into()),
                sha256: Some(Sha256::of(b"a")),
                ..StageRecord::default()
            }),
            model: Some(Content::Same),
        });
        all
    }

    #[test]
    fn the_promoted_model_is_the_run_s() {
        assert_eq!(outcome(&RULE, &honest()), Outcome::Ok);
        let lies: [fn(&mut Facts); 5] = [
            |all| all.stages[0].model = Some(Content::Other("ff".into())),
            |all| record(&mut all.runs[0]).status = Status::Failed,
            |all| all.stages[0].says.as_mut().unwrap().sha256 = Some(Sha256::of(b"b")),
            |all| all.stages[0].says.as_mut().unwrap().uid = Some("0".repeat(32)),
            |all| all.stages[0].says = Err(Failure::new("not JSON").hint("put it right")),
        ];
        for (index, lie) in lies.iter().enumerate() {
            let mut all = honest();
            lie(&mut all);
            all.roll = Roll::of(&all.runs);
            assert_eq!(outcome(&RULE, &all), Outcome::Broken, "lie {index}");
        }
    }
}
