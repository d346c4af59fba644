//! Markdown for a job summary (`--summary "$GITHUB_STEP_SUMMARY"`): everything, without a limit.

use super::{asked, counts, label, not_asked, sentence};
use crate::check::Checked;
use crate::report::markers::{code, markdown};

/// GitHub refuses a summary over 1 MiB.
const LONGEST: usize = 1 << 20;

/// Tells it as Markdown.
pub fn render(checked: &Checked) -> String {
    let verdict = match checked.exit.0 {
        0 => "passed",
        3 => "could not verify what it had to",
        _ => "failed",
    };
    let mut text = format!(
        "## git exp check {verdict}\n\n{}: {}\n",
        asked(checked),
        counts(checked)
    );
    if let Some(not_asked) = not_asked(checked) {
        text.push_str(&format!("\n{not_asked}\n"));
    }
    let told: Vec<_> = checked.told().collect();
    if told.is_empty() {
        return text;
    }
    text.push_str("\n| | rule | where | what | fix |\n| --- | --- | --- | --- | --- |\n");
    for (index, finding) in told.iter().enumerate() {
        let place = finding
            .place()
            .or_else(|| finding.run.clone())
            .unwrap_or_default();
        let mut what = markdown(&sentence(finding));
        for detail in &finding.details {
            what.push_str("<br>");
            what.push_str(&markdown(detail));
        }
        let inline = |text: &str| {
            if text.is_empty() {
                String::new()
            } else {
                code(text)
            }
        };
        let fix = inline(finding.fix.as_deref().unwrap_or_default());
        let row = format!(
            "| {} | {} | {} | {what} | {fix} |\n",
            label(finding),
            finding.code,
            inline(&place)
        );
        if text.len() + row.len() > LONGEST - 100 {
            text.push_str(&format!("\nand {} more\n", told.len() - index));
            break;
        }
        text.push_str(&row);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::testing::{checked, hostile, sample};
    use super::*;
    use crate::check::finding::Finding;

    #[test]
    fn every_finding_has_a_row() {
        let text = render(&sample());
        assert!(
            text.starts_with("## git exp check failed\n\n5 runs: 1 broken, 1 warning"),
            "{text}"
        );
        assert_eq!(
            text.lines().filter(|line| line.starts_with("| ")).count(),
            2 + 4
        );
    }

    #[test]
    fn hostile_text_breaks_no_row_and_length_is_bounded() {
        let text = render(&hostile());
        // Between double backticks everything is text.
        let outside: String = text.split("``").step_by(2).collect();
        assert!(
            !outside.contains("<script>") && outside.contains("&lt;script&gt;"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 7, "{text}");
        let many = vec![Finding::broken("E-name", "x".repeat(500)); 5000];
        let text = render(&checked(many));
        assert!(text.len() < LONGEST && text.contains("more\n"));
    }
}
