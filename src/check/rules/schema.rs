//! E-schema: a record can be read, and names nothing outside of the project.

use super::{Rule, Topic};
use crate::check::facts::{Facts, RunFacts};
use crate::check::finding::Finding;
use crate::model::{RecordPath, Run};
use crate::store::layout::RUN_JSON;

const CODE: &str = "E-schema";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "run.json can be read, its version is known, its paths stay in the project",
    topic: Topic {
        cause: "A merge conflict or a hand edit broke the JSON, a newer git-exp wrote it, or a path \
                in it is absolute or climbs out with `..`. Data outside of the repository is fine \
                when the record marks it `external`.",
        example: "broken   E-schema  exp_003_new_features  run.json is damaged: expected `,` at line 12",
        way_out: "Get the committed version back: git checkout HEAD -- experiments/runs/exp_003_new_features/run.json\n\
                  Find the commit that broke it: git log -p -- experiments/runs/exp_003_new_features/run.json\n\
                  A newer schema needs a newer program: cargo install git-exp",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    facts.scoped().map(check).collect()
}

fn check(facts: &RunFacts) -> Finding {
    let finding = match &facts.run {
        Err(_) if facts.left_on_server => {
            Finding::unverifiable(CODE, "run.json was left on the server: a partial clone")
                .fix("git checkout HEAD   (fetches the files)")
        }
        Err(why) => Finding::broken(CODE, why.clone()).fix(facts.restore(RUN_JSON)),
        Ok(run) => match outside(run) {
            None => Finding::ok(CODE),
            Some(path) => Finding::broken(
                CODE,
                format!("the record names `{path}`, which is outside of the project"),
            )
            .fix(facts.restore(RUN_JSON)),
        },
    };
    finding.of(&facts.id).at(facts.record_file())
}

/// The first recorded path that must not be opened.
fn outside(run: &Run) -> Option<String> {
    let data = run
        .data
        .iter()
        .filter(|input| !input.external)
        .map(|input| &input.path);
    let config = run.config.iter().map(|file| &file.path);
    let changes = run.code.changes.iter().map(|change| &change.path);
    let path = data.chain(config).chain(changes).find(|path| escapes(path));
    let copies = run
        .config
        .iter()
        .filter_map(|file| file.copy.as_deref())
        .chain(run.metrics_file.iter().map(|file| file.copy.as_str()))
        .chain(run.code.patch.iter().map(|file| file.path.as_str()))
        .map(RecordPath::from)
        .find(escapes);
    path.cloned()
        .or(copies)
        .map(|path| path.display().into_owned())
}

fn escapes(path: &RecordPath) -> bool {
    let bytes = path.as_bytes();
    let mut parts = bytes.split(|&b| b == b'/' || b == b'\\');
    bytes.is_empty()
        || bytes.contains(&0)
        || matches!(bytes[0], b'/' | b'\\')
        || bytes.get(1) == Some(&b':')
        || parts.any(|part| part == b"..")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, outcome, record, run};
    use super::*;
    use crate::check::finding::Outcome;
    use crate::model::data::{DataInput, DataKind};

    fn with_data(path: &str, external: bool) -> Facts {
        let mut one = run("exp_001_a");
        record(&mut one).data.push(DataInput {
            role: "train".into(),
            path: path.into(),
            kind: DataKind::File,
            sha256: None,
            blob: None,
            bytes: None,
            rows: None,
            files: None,
            external,
            pointer: None,
            unstable: false,
            card: false,
        });
        facts(vec![one])
    }

    #[test]
    fn paths_stay_inside_unless_marked_external() {
        for path in ["/data/x.csv", "../x.csv", "a/../../x", "C:\\x", ""] {
            assert_eq!(
                outcome(&RULE, &with_data(path, false)),
                Outcome::Broken,
                "{path}"
            );
        }
        assert_eq!(outcome(&RULE, &with_data("/data/x.csv", true)), Outcome::Ok);
        assert_eq!(
            outcome(&RULE, &with_data("data/a..b.csv", false)),
            Outcome::Ok
        );
    }

    #[test]
    fn a_damaged_record_is_told_with_the_reason() {
        let mut one = run("exp_001_a");
        one.run = Err("run.json is damaged: line 3".into());
        let found = (RULE.run)(&facts(vec![one]));
        assert_eq!(found[0].message, "run.json is damaged: line 3");
        assert_eq!(
            found[0].file.as_deref(),
            Some("experiments/runs/exp_001_a/run.json")
        );
    }
}
