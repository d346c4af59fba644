//! For people.

use std::collections::BTreeMap;

use super::{asked, counts, label, not_asked};
use crate::check::Checked;
use crate::check::finding::{Finding, Level, Outcome};
use crate::ui::Ui;
use crate::ui::escape::printable;
use crate::ui::style::Style;
use crate::ui::table::pad;

/// Of notes and warnings with one code, so many are shown; `-v` shows all.
const SHOWN: usize = 5;

/// What was found, the gravest first; then the counts.
pub fn render(checked: &Checked, ui: &Ui) -> String {
    let mut text = format!("{}, {} finished\n", asked(checked), checked.finished);
    let mut seen: BTreeMap<(&str, Outcome, Level), usize> = BTreeMap::new();
    let told: Vec<&Finding> = checked.told().collect();
    let code_width = told.iter().map(|f| f.code.len()).max().unwrap_or(0);
    for finding in &told {
        let key = (finding.code, finding.outcome, finding.level);
        let count = seen.entry(key).or_default();
        *count += 1;
        let is_error = finding.outcome == Outcome::Broken && finding.level == Level::Error;
        if is_error || *count <= SHOWN || ui.is_verbose() {
            text.push_str(&one(finding, code_width, ui));
        }
    }
    for ((code, outcome, level), count) in seen {
        let is_error = outcome == Outcome::Broken && level == Level::Error;
        if count > SHOWN && !is_error && !ui.is_verbose() {
            let probe = Finding {
                outcome,
                level,
                ..Finding::ok(code)
            };
            let word = pad(label(&probe), 8);
            let code = pad(code, code_width);
            text.push_str(&format!(
                "  {word} {code}  and {} more; all: git exp check -v\n",
                count - SHOWN
            ));
        }
    }
    if let Some(not_asked) = not_asked(checked) {
        text.push_str(&format!("  {not_asked}\n"));
    }
    let code = format!("exit {}", checked.exit.0);
    let counts = counts(checked);
    let gap = ui
        .width()
        .min(80)
        .saturating_sub(counts.len() + code.len())
        .max(2);
    text.push_str(&format!("{counts}{}{code}\n", " ".repeat(gap)));
    text
}

fn one(finding: &Finding, code_width: usize, ui: &Ui) -> String {
    let style = match (finding.outcome, finding.level) {
        (Outcome::Broken, Level::Error) => Style::Error,
        (Outcome::Broken, Level::Warn) | (Outcome::Unverifiable, _) => Style::Warning,
        _ => Style::Hint,
    };
    let word = ui.paint(style, pad(label(finding), 8));
    let code = pad(finding.code, code_width);
    let place = place(finding);
    let subject = [place, Some(printable(&finding.message).into_owned())];
    let subject: Vec<String> = subject.into_iter().flatten().collect();
    let mut text = format!("  {word} {code}  {}\n", subject.join("  "));
    let indent = " ".repeat(2 + 8 + 1 + code_width + 2);
    for detail in &finding.details {
        text.push_str(&format!("{indent}{}\n", printable(detail)));
    }
    if let Some(fix) = &finding.fix {
        text.push_str(&format!(
            "{indent}{} {}\n",
            ui.paint(Style::Hint, "fix:"),
            printable(fix)
        ));
    }
    text
}

/// The place in a file that people read, else the run.
fn place(finding: &Finding) -> Option<String> {
    let file = finding.file.as_deref().unwrap_or_default();
    let is_read = finding.line.is_some() || finding.run.is_none();
    let place = if is_read && !file.is_empty() {
        finding.place()
    } else {
        finding.run.clone()
    };
    place.map(|place| printable(&place).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{checked, hostile, sample};
    use super::*;
    use crate::ui::UiOptions;

    fn ui(verbose: bool) -> Ui {
        Ui::new(UiOptions {
            columns: Some(80),
            verbose,
            ..UiOptions::default()
        })
    }

    #[test]
    fn findings_read_like_sentences() {
        insta::assert_snapshot!(render(&sample(), &ui(false)), @r"
        5 runs, 4 finished
          broken   E-report  отчёт 1/report.md:41:52  roc_auc_val of exp_003 is written as 0.83, the record says 0.842
                             no run has 0.83 for this metric
                             fix: git exp report --update report.md
          warning  W-nogoal  exp_003_new_features  no goal
          unknown  E-data    exp_001_baseline  data/train.csv is not in this clone
          note     E-commit  exp_003_new_features  a41c9d2 is on no branch; 77e01fa on main has the same code
                             fix: keep the original: git exp push
        1 broken, 1 warning, 1 note, 1 not verifiable, 1 ok                       exit 1
        ");
    }

    #[test]
    fn many_of_a_kind_are_folded_and_errors_never_are() {
        let mut findings = vec![Finding::broken("E-name", "x"); 9];
        findings.extend(vec![Finding::note("E-dirty", "y"); 9]);
        let text = render(&checked(findings.clone()), &ui(false));
        assert_eq!(text.matches("E-name").count(), 9);
        assert_eq!(text.matches("E-dirty").count(), 6);
        assert!(text.contains("and 4 more; all: git exp check -v"), "{text}");
        let all = render(&checked(findings), &ui(true));
        assert_eq!(all.matches("E-dirty").count(), 9);
    }

    #[test]
    fn nothing_reaches_the_terminal_as_a_command() {
        let text = render(&hostile(), &ui(false));
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "{text:?}"
        );
    }
}
