//! `git exp help E-…`: what a rule means, why it fails, and the way out.

use super::rules::{self, Rule};

/// The explanation of a rule, by its code or name; `None` when there is no such rule.
pub fn topic(code: &str) -> Option<String> {
    // A verb is never shadowed by the short name of a rule (`git exp help report`).
    let coded = code.len() > 2 && code.as_bytes()[1] == b'-';
    rules::find(code).filter(|_| coded).map(explain)
}

/// One line a rule: code and title.
pub fn list() -> String {
    let width = rules::RULES
        .iter()
        .map(|rule| rule.code.len())
        .max()
        .unwrap_or(0);
    rules::RULES
        .iter()
        .map(|rule| format!("  {:width$}  {}\n", rule.code, rule.title))
        .collect()
}

fn explain(rule: &Rule) -> String {
    let indent = |text: &str| {
        text.lines()
            .map(|line| format!("  {line}\n"))
            .collect::<String>()
    };
    format!(
        "{}: {}\n\nCause\n{}\nExample\n{}\nWay out\n{}\nLevel\n{}",
        rule.code,
        rule.title,
        indent(&fold(rule.topic.cause)),
        indent(rule.topic.example),
        indent(rule.topic.way_out),
        indent(&format!(
            "in experiments/exp.toml:  [check]  {} = \"error\" | \"warn\" | \"off\"",
            rule.name()
        )),
    )
}

/// Breaks paragraphs at 88 columns.
fn fold(text: &str) -> String {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > 88 {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_page_that_fits_a_terminal() {
        for rule in rules::RULES {
            let page = topic(rule.code).unwrap();
            for part in ["Cause", "Example", "Way out", "[check]"] {
                assert!(page.contains(part), "{}: {part}", rule.code);
            }
            let cause = page.split("Example").next().unwrap();
            assert!(
                cause.lines().skip(1).all(|line| line.chars().count() <= 90),
                "{page}"
            );
        }
        assert!(topic("report").is_none() && topic("e-report").is_some());
        assert_eq!(list().lines().count(), rules::RULES.len());
    }
}
