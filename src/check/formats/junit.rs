//! JUnit XML: a suite for each rule, a case for each result.
//!
//! There is no standard; this is the common ground of the readers of Jenkins, GitLab and Azure:
//! `testsuites > testsuite > testcase > failure | skipped | system-out`.

use std::collections::BTreeMap;

use super::label;
use crate::check::Checked;
use crate::check::finding::{Finding, Level, Outcome};
use crate::check::rules::RULES;

/// Tells it as suites.
pub fn render(checked: &Checked) -> String {
    let mut by_rule: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &checked.findings {
        by_rule.entry(finding.code).or_default().push(finding);
    }
    let fails = |finding: &&&Finding| is_failure(finding, checked.strict);
    let skips = |finding: &&&Finding| finding.outcome == Outcome::Unverifiable;
    let failures = checked
        .findings
        .iter()
        .filter(|f| is_failure(f, checked.strict))
        .count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"git exp check\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">\n",
        checked.findings.len(),
    );
    for rule in RULES {
        let Some(findings) = by_rule.get(rule.code) else {
            continue;
        };
        text.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">\n",
            rule.code,
            findings.len(),
            findings.iter().filter(fails).count(),
            findings.iter().filter(skips).count(),
        ));
        // GitLab keeps one of the cases that share a name.
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for finding in findings {
            let mut name = name(finding);
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            if *count > 1 {
                name.push_str(&format!(" ({count})"));
            }
            text.push_str(&case(finding, &name, checked.strict));
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn is_failure(finding: &Finding, strict: bool) -> bool {
    finding.outcome == Outcome::Broken && (strict || finding.level == Level::Error)
}

/// What a case is called: the run, or the place.
fn name(finding: &Finding) -> String {
    match (&finding.run, finding.place()) {
        (Some(run), Some(place)) if finding.line.is_some() => format!("{run} {place}"),
        (Some(run), _) => run.clone(),
        (None, Some(place)) => place,
        (None, None) => "project".to_owned(),
    }
}

fn case(finding: &Finding, name: &str, strict: bool) -> String {
    let open = format!(
        "    <testcase classname=\"git-exp.{}\" name=\"{}\"",
        finding.code,
        escape(name)
    );
    let mut body: Vec<String> = finding.place().into_iter().collect();
    body.extend(finding.details.iter().cloned());
    body.extend(finding.fix.iter().map(|fix| format!("fix: {fix}")));
    let body = escape(&body.join("\n"));
    let message = escape(&finding.message);
    if finding.outcome == Outcome::Ok {
        return format!("{open}/>\n");
    }
    let inner = if is_failure(finding, strict) {
        format!(
            "<failure message=\"{message}\" type=\"{}\">{body}</failure>",
            finding.code
        )
    } else if finding.outcome == Outcome::Unverifiable {
        format!("<skipped message=\"{message}\"/>")
    } else {
        format!(
            "<system-out>{}: {message}\n{body}</system-out>",
            label(finding)
        )
    };
    format!("{open}>\n      {inner}\n    </testcase>\n")
}

/// Escapes text and attributes; characters that XML 1.0 forbids even escaped are shown.
fn escape(text: &str) -> String {
    crate::ui::escape::printable_lines(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\n', "&#10;")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{checked, hostile, sample};
    use super::*;

    /// What the schema of Jenkins' reader (`junit-10.xsd` of its xUnit plug-in) and GitLab allow: the
    /// attributes that must be there, those that may, and the elements inside.
    const ALLOWED: [(&str, [&[&str]; 3]); 6] = [
        (
            "testsuites",
            [
                &[],
                &["name", "tests", "failures", "errors"],
                &["testsuite"],
            ],
        ),
        (
            "testsuite",
            [
                &["name", "tests", "failures", "errors"],
                &["skipped"],
                &["testcase"],
            ],
        ),
        (
            "testcase",
            [
                &["name"],
                &["classname"],
                &["failure", "skipped", "system-out"],
            ],
        ),
        ("failure", [&[], &["message", "type"], &[]]),
        ("skipped", [&[], &["message"], &[]]),
        ("system-out", [&[], &[], &[]]),
    ];

    #[test]
    fn readers_are_given_what_their_schema_allows() {
        let twice = checked(vec![Finding::broken("E-metrics", "x").at("f"); 3]);
        for one in [sample(), hostile(), twice] {
            let text = render(&one);
            let document = roxmltree::Document::parse(&text).unwrap();
            for node in document.descendants().filter(roxmltree::Node::is_element) {
                let name = node.tag_name().name();
                let (_, [must, may, inside]) =
                    ALLOWED.iter().find(|known| known.0 == name).unwrap();
                let has: Vec<&str> = node.attributes().map(|a| a.name()).collect();
                assert!(
                    must.iter().all(|name| has.contains(name)),
                    "{name}: {has:?}"
                );
                assert!(
                    has.iter()
                        .all(|name| must.contains(name) || may.contains(name))
                );
                for child in node.children().filter(roxmltree::Node::is_element) {
                    assert!(inside.contains(&child.tag_name().name()), "{name}");
                }
                let cases = node
                    .children()
                    .filter(|child| child.has_tag_name("testcase"));
                let mut names: Vec<_> = cases.map(|case| case.attribute("name")).collect();
                let all = names.len();
                names.sort_unstable();
                names.dedup();
                assert_eq!(names.len(), all, "two cases share a name");
            }
        }
    }

    #[test]
    fn suites_count_what_is_in_them() {
        for strict in [false, true] {
            let mut checked = sample();
            checked.strict = strict;
            let text = render(&checked);
            let document = roxmltree::Document::parse(&text).unwrap();
            let root = document.root_element();
            assert!(root.has_tag_name("testsuites"));
            let number = |node: &roxmltree::Node<'_, '_>, name: &str| -> usize {
                node.attribute(name).unwrap().parse().unwrap()
            };
            let with = |node: &roxmltree::Node<'_, '_>, tag: &str| {
                node.descendants()
                    .filter(|child| child.has_tag_name(tag))
                    .count()
            };
            for suite in root.children().filter(roxmltree::Node::is_element) {
                assert!(suite.has_tag_name("testsuite"));
                assert_eq!(number(&suite, "tests"), with(&suite, "testcase"));
                assert_eq!(number(&suite, "failures"), with(&suite, "failure"));
                assert_eq!(number(&suite, "skipped"), with(&suite, "skipped"));
            }
            assert_eq!(number(&root, "tests"), 5);
            assert_eq!(number(&root, "failures"), if strict { 2 } else { 1 });
        }
    }

    #[test]
    fn hostile_text_stays_text() {
        let text = render(&hostile());
        let document = roxmltree::Document::parse(&text).unwrap();
        let failure = document
            .descendants()
            .find(|node| node.has_tag_name("failure"))
            .unwrap();
        let message = failure.attribute("message").unwrap();
        assert!(message.contains("</failure>]]>&\"'<script>"), "{message}");
        assert_eq!(
            document
                .descendants()
                .filter(|n| n.has_tag_name("testcase"))
                .count(),
            1
        );
    }
}
