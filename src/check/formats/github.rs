//! Workflow commands of GitHub Actions: `::error file=…,line=…::message`.
//!
//! GitHub shows 10 annotations of each kind for a step and says nothing about the rest, so the worst
//! ten are sent and the others are counted in plain text.
//! Format: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::collections::BTreeMap;

use super::{counts, not_asked, sentence};
use crate::check::Checked;
use crate::check::finding::{Finding, Level, Outcome};
use crate::ui::escape::printable;

/// Annotations of one kind for one step.
const LIMIT: usize = 10;

/// Tells it as annotations.
pub fn render(checked: &Checked) -> String {
    let mut text = String::new();
    let mut sent: BTreeMap<&str, usize> = BTreeMap::new();
    let mut left = 0;
    for finding in checked.told() {
        let kind = kind(finding, checked.strict);
        let count = sent.entry(kind).or_default();
        if *count == LIMIT {
            left += 1;
            continue;
        }
        *count += 1;
        text.push_str(&command(kind, finding));
    }
    if left > 0 {
        text.push_str(&format!("and {left} more, see the summary\n"));
    }
    if let Some(not_asked) = not_asked(checked) {
        text.push_str(&format!("{not_asked}\n"));
    }
    text.push_str(&format!("{}\n", counts(checked)));
    text
}

fn kind(finding: &Finding, strict: bool) -> &'static str {
    match (finding.outcome, finding.level) {
        (Outcome::Broken, Level::Error) => "error",
        (Outcome::Broken, Level::Warn) if strict => "error",
        (Outcome::Broken, Level::Warn) | (Outcome::Unverifiable, _) => "warning",
        _ => "notice",
    }
}

fn command(kind: &str, finding: &Finding) -> String {
    let mut properties = Vec::new();
    if let Some(file) = &finding.file {
        properties.push(format!("file={}", property(file)));
    }
    if let Some(line) = finding.line {
        properties.push(format!("line={line}"));
    }
    if let Some(column) = finding.column {
        properties.push(format!("col={column}"));
    }
    properties.push(format!("title={}", property(finding.code)));
    let mut message = sentence(finding);
    for line in finding.details.iter().chain(&finding.fix) {
        message.push('\n');
        message.push_str(line);
    }
    format!("::{kind} {}::{}\n", properties.join(","), data(&message))
}

/// Escapes the message of a command.
fn data(text: &str) -> String {
    let visible = |line: &str| printable(line).into_owned();
    let lines: Vec<String> = text.split('\n').map(visible).collect();
    lines
        .join("\n")
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{checked, hostile, sample};
    use super::*;

    #[test]
    fn annotations_name_place_and_code() {
        insta::assert_snapshot!(render(&sample()), @r"
        ::error file=отчёт 1/report.md,line=41,col=52,title=E-report::roc_auc_val of exp_003 is written as 0.83, the record says 0.842%0Ano run has 0.83 for this metric%0Agit exp report --update report.md
        ::warning file=a/run.json,title=W-nogoal::exp_003: no goal
        ::warning file=experiments/runs/exp_001_baseline/run.json,title=E-data::exp_001: data/train.csv is not in this clone
        ::notice title=E-commit::exp_003: a41c9d2 is on no branch; 77e01fa on main has the same code%0Akeep the original: git exp push
        1 broken, 1 warning, 1 note, 1 not verifiable, 1 ok
        ");
    }

    #[test]
    fn ten_of_a_kind_are_sent_and_the_rest_is_counted() {
        let mut findings = vec![Finding::broken("E-name", "x"); 30];
        findings.extend(vec![Finding::note("E-dirty", "y"); 27]);
        let mut checked = checked(findings);
        checked.not_asked = vec!["E-data", "W-why"];
        let text = render(&checked);
        assert!(text.contains("\nnot asked: E-data, W-why\n"), "{text}");
        assert_eq!(text.matches("::error ").count(), 10);
        assert_eq!(text.matches("::notice ").count(), 10);
        assert!(text.contains("and 37 more, see the summary\n"), "{text}");
    }

    #[test]
    fn hostile_text_stays_one_command() {
        let text = render(&hostile());
        let commands = text.lines().filter(|line| line.starts_with("::"));
        assert_eq!(commands.count(), 1, "{text}");
    }
}
