//! E-data and E-model: files are what the record says they were.

use super::{Rule, Topic};
use crate::check::facts::{Content, Facts, RunFacts};
use crate::check::finding::Finding;
use crate::model::Sha256;

/// The rule about data.
pub const DATA: Rule = Rule {
    code: "E-data",
    title: "data files, or the pointers that stand for them, have the recorded digest",
    topic: Topic {
        cause: "The file was regenerated or overwritten under the same name after the run, so nobody \
                can get the data of this run any more. A file that git, Git LFS or DVC still has under \
                that digest is fine; one that was renamed is a note; one that is not in this clone \
                can't be verified.",
        example: "broken   E-data   exp_001  data/train.csv was 9f2c1a07 and is 5d07ab13 now",
        way_out: "Keep each version under its own name: data/train_v1.csv, data/train_v2.csv\n\
                  Look for the old one: git log --follow -- data/train.csv\n\
                  Bring a pointer's content: git lfs pull   (or: dvc pull)",
    },
    run: data,
};

/// The rule about models.
pub const MODEL: Rule = Rule {
    code: "E-model",
    title: "model files have the digest that the run recorded for them",
    topic: Topic {
        cause: "A later run wrote its model over this one's. The record still names the file, but what \
                is there now is another run's model.",
        example: "broken   E-model  exp_003  models/checkpoints/model.pkl was 1a2b3c4d and is 99aa88bb now",
        way_out: "Let each run write its own file: models/checkpoints/model_exp_003.pkl\n\
                  Find whose model the file is: git exp which models/checkpoints/model.pkl\n\
                  Link the finished one for good: git exp promote exp_003 --model FILE",
    },
    run: models,
};

fn data(facts: &Facts) -> Vec<Finding> {
    let mut all = Vec::new();
    for (seen, record) in facts.records() {
        for (input, content) in record.data.iter().zip(&seen.data) {
            let path = input.path.display();
            let sha256 = input.sha256.as_ref().map(Sha256::short);
            let was = sha256.or(input.dvc_md5().and_then(|md5| md5.get(..8)));
            let mut finding = judge(DATA.code, &path, was, content);
            if input.unstable {
                finding = finding
                    .detail("it changed while it was read: the digest is of no single state");
            }
            if let Some(pointer) = &input.pointer
                && *content == Content::Absent
            {
                finding.fix = Some(pointer.command().to_owned());
            }
            all.push(place(finding, seen));
        }
    }
    all
}

fn models(facts: &Facts) -> Vec<Finding> {
    let mut all = Vec::new();
    for (seen, record) in facts.records() {
        for (model, content) in record.models.iter().zip(&seen.models) {
            let path = model.path.display();
            let finding = judge(MODEL.code, &path, Some(model.sha256.short()), content);
            // Overwritten by another recorded run: the file has a record, only this one's is lost.
            let owner = match content {
                Content::Other(now) => facts
                    .roll
                    .all()
                    .find(|run| run.models.iter().any(|model| model.sha256.as_str() == now)),
                _ => None,
            };
            let finding = match owner {
                Some(run) => finding
                    .warning()
                    .detail(format!("it is the model of {} now", run.id())),
                None => finding,
            };
            all.push(place(finding, seen));
        }
    }
    all
}

fn place(finding: Finding, seen: &RunFacts) -> Finding {
    finding.of(&seen.id).at(seen.record_file())
}

fn judge(code: &'static str, path: &str, was: Option<&str>, content: &Content) -> Finding {
    let was = was.unwrap_or("?");
    match content {
        Content::Same | Content::SameByPointer(_) | Content::SameInTree => Finding::ok(code),
        Content::LineEnds => Finding::note(code, format!("{path} differs in line ends only"))
            .fix(format!("git add --renormalize {path}")),
        Content::Elsewhere(other) => Finding::note(
            code,
            format!("{path} ({was}) is {other} by now: renamed, same content"),
        ),
        Content::Other(now) => {
            let now = now.get(..8).unwrap_or(now);
            Finding::broken(code, format!("{path} was {was} and is {now} now"))
                .fix(format!("git log --follow -- {path}"))
        }
        Content::NoDigest => {
            Finding::unverifiable(code, format!("no digest was recorded for {path}"))
        }
        Content::Absent => Finding::unverifiable(code, format!("{path} is not in this clone")),
        Content::Unread(why) => Finding::unverifiable(code, format!("{path}: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, outcome, record, run, told};
    use super::*;
    use crate::check::finding::Outcome;
    use crate::model::data::Artifact;

    #[test]
    fn each_state_of_a_file_has_its_outcome() {
        for (content, expected) in [
            (Content::Same, Outcome::Ok),
            (Content::SameByPointer("lfs".into()), Outcome::Ok),
            (Content::SameInTree, Outcome::Ok),
            (Content::LineEnds, Outcome::Note),
            (Content::Elsewhere("models/b.pkl".into()), Outcome::Note),
            (Content::Other("99aa88bb77".into()), Outcome::Broken),
            (Content::Absent, Outcome::Unverifiable),
            (
                Content::Unread("permission denied".into()),
                Outcome::Unverifiable,
            ),
        ] {
            let mut one = run("exp_001_a");
            record(&mut one).models.push(Artifact {
                path: "models/a.pkl".into(),
                sha256: Sha256::of(b"a"),
                bytes: 1,
                lfs: false,
            });
            one.models.push(content.clone());
            let all = facts(vec![one]);
            assert_eq!(outcome(&MODEL, &all), expected, "{content:?}");
            if expected == Outcome::Broken {
                let was = Sha256::of(b"a");
                assert_eq!(
                    told(&(MODEL.run)(&all))[0].1,
                    format!("models/a.pkl was {} and is 99aa88bb now", was.short())
                );
            }
        }
    }

    #[test]
    fn a_model_that_another_run_overwrote_is_a_warning() {
        use crate::check::finding::Level;
        let artifact = |bytes: &[u8]| Artifact {
            path: "models/a.pkl".into(),
            sha256: Sha256::of(bytes),
            bytes: 1,
            lfs: false,
        };
        let (mut one, mut two) = (run("exp_001_a"), run("exp_002_b"));
        record(&mut one).models.push(artifact(b"a"));
        record(&mut two).models.push(artifact(b"b"));
        one.models
            .push(Content::Other(Sha256::of(b"b").as_str().to_owned()));
        two.models.push(Content::Same);
        let found = (MODEL.run)(&facts(vec![one, two]));
        assert_eq!(
            (found[0].outcome, found[0].level),
            (Outcome::Broken, Level::Warn)
        );
        assert_eq!(found[1].outcome, Outcome::Ok);
    }
}
