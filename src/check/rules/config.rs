//! E-config: the configuration copy is the one that ran, and the mini-log cites it right.

use super::{Rule, Topic};
use crate::check::facts::{CopyFacts, Document, Facts, RunFacts};
use crate::check::finding::Finding;
use crate::check::prose::cited;
use crate::model::Run;
use crate::model::data::ConfigFile;

const CODE: &str = "E-config";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "configuration copies are what ran, and the mini-log cites their keys as they are",
    topic: Topic {
        cause: "The copy in the run's folder was edited, replaced or deleted; or the mini-log names a \
                parameter with another value than the copy has.",
        example: "broken   E-config  experiments/runs/exp_003_new_features/README.md:12  \
                  model.n_estimators written 500, recorded 300",
        way_out: "Get the copy back: git checkout HEAD -- experiments/runs/exp_003_new_features/config.yaml\n\
                  See what the run had: git exp show exp_003 --config\n\
                  Correct the value in the mini-log; it explains the record and can't change it.",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    let mut all = Vec::new();
    for (seen, record) in facts.records() {
        for (file, copy) in record.config.iter().zip(&seen.config) {
            all.push(check(seen, file, copy).of(&seen.id));
        }
    }
    for document in facts.documents.iter().filter(|document| document.in_scope) {
        let seen = document.run.and_then(|index| facts.runs.get(index));
        if let Some((seen, record)) = seen.and_then(|seen| Some((seen, seen.run.as_ref().ok()?))) {
            all.extend(citations(document, seen, record));
        }
    }
    all
}

fn check(seen: &RunFacts, file: &ConfigFile, copy: &CopyFacts) -> Finding {
    let Some(name) = &file.copy else {
        return Finding::ok(CODE).at(seen.record_file());
    };
    let shown = file.path.display();
    let restore = seen.restore(name);
    let finding = match &copy.sha256 {
        None => Finding::broken(CODE, format!("{name}, the copy of {shown}, is gone")).fix(restore),
        Some(found) if *found == file.sha256 => match &copy.in_tree {
            // A derived file was never in the tree.
            Some(tree)
                if !file.derived
                    && !tree.contains(&file.sha256)
                    && Some(&tree[1]) != copy.unix_sha256.as_ref() =>
            {
                Finding::broken(
                    CODE,
                    format!("{name} is not what {shown} was in the frozen tree"),
                )
                .detail(format!(
                    "recorded {}, frozen {}",
                    file.sha256.short(),
                    tree[0].short()
                ))
                .fix(format!("git exp show {} --config", seen.id.short()))
            }
            _ => Finding::ok(CODE),
        },
        Some(_) if copy.unix_sha256.as_ref() == Some(&file.sha256) => Finding::note(
            CODE,
            format!("{name} differs from {shown} in line ends only"),
        )
        .fix("git exp init   (writes .gitattributes that keep records as they are)"),
        Some(found) => Finding::broken(
            CODE,
            format!("{name}, the copy of {shown}, was edited after the run"),
        )
        .detail(format!(
            "recorded {}, found {}",
            file.sha256.short(),
            found.short()
        ))
        .fix(restore),
    };
    finding.at(seen.file(name))
}

/// `key: value` and `key = value` in the mini-log, where the key is a parameter of the run.
fn citations(document: &Document, seen: &RunFacts, record: &Run) -> Vec<Finding> {
    cited::params(&document.text, &record.params)
        .into_iter()
        .map(|cited| {
            let recorded = cited.recorded.spelling();
            let message = format!(
                "{} written {}, recorded {recorded}",
                cited.name, cited.written
            );
            Finding::broken(CODE, message)
                .of(&seen.id)
                .at(document.path.clone())
                .line(cited.line, cited.column)
                .fix(format!("write {recorded}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, outcome, record, run, told};
    use super::*;
    use crate::check::finding::Outcome;
    use crate::model::param::ParamKind;
    use crate::model::{Param, Sha256};

    fn with(copy: CopyFacts) -> Facts {
        let mut one = run("exp_001_a");
        record(&mut one).config.push(ConfigFile {
            derived: false,
            path: "configs/base.yaml".into(),
            sha256: Sha256::of(b"a: 1\n"),
            blob: None,
            copy: Some("config.yaml".into()),
            unread: None,
        });
        one.config.push(copy);
        facts(vec![one])
    }

    fn copy_of(bytes: &[u8], tree: Option<&[u8]>) -> CopyFacts {
        let digest = Sha256::of(bytes);
        CopyFacts {
            sha256: Some(digest),
            unix_sha256: Some(Sha256::of(
                &bytes
                    .iter()
                    .copied()
                    .filter(|b| *b != b'\r')
                    .collect::<Vec<_>>(),
            )),
            in_tree: tree.map(|tree| [Sha256::of(tree), Sha256::of(tree)]),
        }
    }

    #[test]
    fn the_copy_is_what_ran() {
        for (copy, expected) in [
            (copy_of(b"a: 1\n", None), Outcome::Ok),
            (copy_of(b"a: 1\n", Some(b"a: 1\n")), Outcome::Ok),
            (copy_of(b"a: 1\n", Some(b"a: 2\n")), Outcome::Broken),
            (copy_of(b"a: 1\r\n", None), Outcome::Note),
            (copy_of(b"a: 2\n", None), Outcome::Broken),
            (CopyFacts::default(), Outcome::Broken),
        ] {
            assert_eq!(outcome(&RULE, &with(copy.clone())), expected, "{copy:?}");
        }
    }

    #[test]
    fn a_parameter_cited_wrong_is_found_on_its_line() {
        let mut one = run("exp_001_a");
        record(&mut one)
            .params
            .insert("model.depth".into(), Param::leaf(ParamKind::Int, "8"));
        let mut all = facts(vec![one]);
        all.documents.push(Document {
            path: "experiments/runs/exp_001_a/README.md".into(),
            text: "# x\n\n- model.depth: 8\n- depth = 9\n".into(),
            run: Some(0),
            in_scope: true,
        });
        let found = (RULE.run)(&all);
        assert_eq!(told(&found).len(), 1);
        assert_eq!(found[0].message, "model.depth written 9, recorded 8");
        assert_eq!(found[0].line, Some(4));
    }
}
