//! E-table: generated files are what the records give.

use super::{Rule, Topic};
use crate::check::facts::Facts;
use crate::check::finding::Finding;
use crate::model::Status;
use crate::store::layout::RUN_JSON;

const CODE: &str = "E-table";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "the overview table is what the records give",
    topic: Topic {
        cause: "experiments.md or experiments.csv was edited by hand, a merge mixed two of them, or a \
                record changed and the table was not written anew.",
        example: "broken   E-table  experiments/experiments.md:7  differs from what the records give",
        way_out: "Write it anew: git exp table --write   (or: git exp check --fix)\n\
                  A comment belongs to the run: git exp note exp_003 -m \"…\"",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    if facts.runs.is_empty() {
        return Vec::new();
    }
    if facts.runs.iter().any(|seen| seen.left_on_server) {
        return vec![Finding::unverifiable(
            CODE,
            "records were left on the server: a partial clone",
        )];
    }
    // The first run that ends writes it.
    let is_due = facts
        .runs
        .iter()
        .any(|seen| !matches!(&seen.run, Ok(run) if run.status == Status::Running));
    facts
        .generated
        .iter()
        .filter(|file| file.found.is_some() || is_due)
        .map(|file| {
            let Some(found) = &file.found else {
                return Finding::broken(CODE, "the overview is missing")
                    .at(file.path.clone())
                    .fix("git exp table --write");
            };
            let found = found.replace("\r\n", "\n");
            if file.expected.contains(&found) {
                return Finding::ok(CODE).at(file.path.clone());
            }
            let nearest = file
                .expected
                .iter()
                .map(|expected| agreeing_lines(&found, expected))
                .max()
                .unwrap_or(0);
            let finding = Finding::broken(CODE, "differs from what the records give")
                .at(file.path.clone())
                .line(nearest + 1, 1);
            // A table that is written anew would say what an edited record says.
            match facts.runs.iter().find(|seen| seen.is_edited()) {
                Some(edited) => finding.fix(edited.restore(RUN_JSON)),
                None => finding.fix("git exp table --write"),
            }
        })
        .collect()
}

fn agreeing_lines(a: &str, b: &str) -> usize {
    a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, outcome, record, run};
    use super::*;
    use crate::check::facts::Generated;
    use crate::check::finding::Outcome;

    #[test]
    fn an_edited_table_is_told_with_its_first_wrong_line() {
        let mut all = facts(vec![run("exp_001_a")]);
        let expected = vec![
            "# Experiments\na\nb\n".to_owned(),
            "# Эксперименты\na\nb\n".to_owned(),
        ];
        all.generated.push(Generated {
            path: "experiments/experiments.md".into(),
            found: Some("# Эксперименты\r\na\r\nb\r\n".into()),
            expected,
        });
        assert_eq!(outcome(&RULE, &all), Outcome::Ok);
        all.generated[0].found = Some("# Experiments\na\nB\n".into());
        assert_eq!((RULE.run)(&all)[0].line, Some(3));
        all.generated[0].found = None;
        assert_eq!(outcome(&RULE, &all), Outcome::Broken);
        record(&mut all.runs[0]).status = Status::Running;
        assert!((RULE.run)(&all).is_empty(), "no run has ended yet");
    }
}
