//! E-report: a number that is written about a run is the recorded one.

use rayon::prelude::*;

use super::{Rule, Topic};
use crate::check::facts::{Document, Facts, RunFacts};
use crate::check::finding::Finding;
use crate::check::prose::{self, Claim, Kind, Verdict};
use crate::check::roll::Roll;
use crate::model::{Brief, MetricValue, Number, RunId};
use crate::store::layout::RUN_JSON;

const CODE: &str = "E-report";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "numbers in reports, mini-logs and tables are the recorded ones, rounded",
    topic: Topic {
        cause: "A run was repeated and the report still has the old number, or it was mistyped. Bound \
                numbers and table cells are errors; a number in a sentence is a warning, for a \
                sentence can be misread. A number matches when it is the recorded one rounded to the \
                digits that are printed: 0,84, 84 % and 84.2% are all 0.842.",
        example: "broken   E-report  report.md:41:52  ROC-AUC (val) of exp_003 is written as 0.83, the record says 0.842",
        way_out: "Bind the number, and it can be kept right: <!-- exp:exp_003.roc_auc_val -->0.842<!-- /exp -->\n\
                  Rewrite all bound numbers: git exp report --update report.md\n\
                  Not a metric at all? Say it in a sentence that does not name the metric.",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    let documents = facts.documents.par_iter();
    documents
        .flat_map_iter(|document| {
            let mut found = check(facts, document);
            if !document.in_scope {
                // A marker may have the short name.
                let is_asked = |run: &String| {
                    let mut ids = facts.scoped().map(|seen| &seen.id);
                    ids.any(|id| id.to_string() == *run || id.short() == *run)
                };
                found.retain(|finding| finding.run.as_ref().is_some_and(is_asked));
            } else if found.is_empty() {
                let run = document.run.and_then(|index| facts.runs.get(index));
                let mut ok = Finding::ok(CODE).at(document.path.clone());
                ok.run = run.map(|run| run.id.to_string());
                found.push(ok);
            }
            found
        })
        .collect()
}

impl prose::Records for Roll {
    fn run(&self, label: &str) -> Option<&Brief> {
        self.labelled(label)
    }
}

fn check(facts: &Facts, document: &Document) -> Vec<Finding> {
    let own = document
        .run
        .and_then(|index| facts.runs.get(index))
        .and_then(|seen| seen.run.as_ref().ok())
        .map(Brief::from);
    prose::claims(&document.text, own.as_ref(), &facts.roll)
        .iter()
        .filter_map(|claim| judge(facts, document, claim))
        .collect()
}

fn judge(facts: &Facts, document: &Document, claim: &Claim) -> Option<Finding> {
    let finding = match &claim.verdict {
        Verdict::Matches => return None,
        Verdict::Unreadable(why) => Finding::broken(CODE, why.clone()),
        Verdict::Truncated { recorded } => Finding::note(
            CODE,
            format!(
                "{} of {} is written as {}: cut off, not rounded, from {}",
                claim.metric,
                short(&claim.run),
                claim.written,
                recorded.as_str()
            ),
        ),
        Verdict::Differs { recorded } => {
            let message = format!(
                "{} of {} is written as {}, the record says {}",
                claim.metric,
                short(&claim.run),
                claim.written,
                recorded.as_str()
            );
            let finding = Finding::broken(CODE, message);
            finding.detail(whose(facts, claim))
        }
    };
    let finding = match claim.kind {
        Kind::Prose => finding.warning(),
        Kind::Bound | Kind::Table | Kind::Generated => finding,
    };
    let named = |seen: &&RunFacts| seen.id.to_string() == claim.run;
    let edited = facts
        .runs
        .iter()
        .find(named)
        .filter(|seen| seen.is_edited());
    let fix = match (&claim.kind, &claim.verdict, edited) {
        (_, Verdict::Unreadable(_), _) => "git exp help E-report".to_owned(),
        // The text may well be right.
        (_, _, Some(edited)) => edited.restore(RUN_JSON),
        (Kind::Bound, ..) => format!("git exp report --update {}", document.path),
        (Kind::Generated, ..) => "git exp check --fix".to_owned(),
        (_, Verdict::Truncated { recorded } | Verdict::Differs { recorded }, _) => {
            format!("write {}", claim.rounded(recorded))
        }
        (_, Verdict::Matches, _) => return None,
    };
    Some(
        finding
            .of(&claim.run)
            .at(document.path.clone())
            .line(claim.line, claim.column)
            .fix(fix),
    )
}

/// `exp_003` of a folder's name.
fn short(run: &str) -> String {
    RunId::parse(run).map_or_else(|| run.to_owned(), |id| id.short())
}

/// Whose number it is, if it is any run's.
fn whose(facts: &Facts, claim: &Claim) -> String {
    let owner = facts.roll.all().find(|run| {
        run.metrics
            .get(&claim.metric)
            .and_then(MetricValue::number)
            .is_some_and(|number: &Number| claim.written.matches(number))
    });
    match owner {
        Some(run) => format!(
            "{} is what {} has for this metric",
            claim.written,
            run.id().short()
        ),
        None => format!("no run has {} for this metric", claim.written),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, metric, run, told};
    use super::*;
    use crate::check::finding::{Level, Outcome};

    fn told_of(text: &str, own: Option<usize>) -> Vec<Finding> {
        let (mut one, mut two) = (run("exp_002_trees"), run("exp_003_new_features"));
        metric(&mut one, "roc_auc_val", "0.8101");
        metric(&mut two, "roc_auc_val", "0.842");
        let mut all = facts(vec![one, two]);
        all.documents.push(Document {
            path: "report.md".into(),
            text: text.into(),
            run: own,
            in_scope: true,
        });
        (RULE.run)(&all)
    }

    #[test]
    fn a_wrong_number_is_told_with_place_and_owner() {
        let found = told_of("# Итог\n\nУ exp_003 ROC-AUC (val) равен 0.83.\n", None);
        assert_eq!(found[0].place().unwrap(), "report.md:3:31");
        assert_eq!(
            found[0].message,
            "roc_auc_val of exp_003 is written as 0.83, the record says 0.842"
        );
        assert_eq!(found[0].details, ["no run has 0.83 for this metric"]);
        assert_eq!(found[0].level, Level::Warn);
        assert_eq!(found[0].fix.as_deref(), Some("write 0.84"));
        let bound = told_of("<!-- exp:exp_003.roc_auc_val -->0.81<!-- /exp -->\n", None);
        assert_eq!(bound[0].level, Level::Error);
        assert_eq!(
            bound[0].details,
            ["0.81 is what exp_002 has for this metric"]
        );
        assert_eq!(
            bound[0].fix.as_deref(),
            Some("git exp report --update report.md")
        );
    }

    #[test]
    fn right_and_rounded_numbers_are_left_alone() {
        for text in [
            "exp_003: ROC-AUC (val) 0.842",
            "exp_003: ROC-AUC (val) 0,84",
            "exp_003 reached a validation ROC-AUC of 84.2%.",
            "exp_003 reached a validation ROC-AUC of 84 %.",
        ] {
            assert!(told(&told_of(text, None)).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_cut_off_number_is_a_hint_only() {
        let mut one = run("exp_001_a");
        metric(&mut one, "auc", "0.8479");
        let mut all = facts(vec![one]);
        all.documents.push(Document {
            path: "r.md".into(),
            text: "exp_001: AUC 0.847".into(),
            run: None,
            in_scope: true,
        });
        assert_eq!((RULE.run)(&all)[0].outcome, Outcome::Note);
    }
}
