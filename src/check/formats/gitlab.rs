//! GitLab Code Quality: a JSON array of issues.
//!
//! Required fields: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use std::collections::BTreeMap;

use serde_json::json;

use super::sentence;
use crate::check::Checked;
use crate::check::finding::{Finding, Level, Outcome};

/// Tells it as issues.
pub fn render(checked: &Checked) -> String {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let issues: Vec<serde_json::Value> = checked
        .told()
        .map(|finding| issue(finding, &mut seen))
        .collect();
    crate::ui::escape::json(&format!("{:#}\n", serde_json::Value::Array(issues)))
}

fn issue(finding: &Finding, seen: &mut BTreeMap<String, usize>) -> serde_json::Value {
    let severity = match (finding.outcome, finding.level) {
        (Outcome::Broken, Level::Error) => "critical",
        (Outcome::Broken, Level::Warn) => "minor",
        _ => "info",
    };
    let mut description = sentence(finding);
    if let Some(fix) = &finding.fix {
        description.push_str(&format!(" (fix: {fix})"));
    }
    // The same sentence in two places of one file is two issues; their order tells them apart.
    let mut fingerprint = finding.fingerprint();
    let count = seen.entry(fingerprint.clone()).or_default();
    *count += 1;
    if *count > 1 {
        fingerprint = crate::model::Sha256::of(format!("{fingerprint}\n{count}").as_bytes())
            .as_str()
            .to_owned();
    }
    json!({
        "description": description,
        "check_name": finding.code,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {
            "path": finding.file.as_deref().unwrap_or("experiments"),
            "lines": {"begin": finding.line.unwrap_or(1)},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{checked, hostile, sample};
    use super::*;

    /// The documented fields, and no other.
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Issue {
        description: String,
        check_name: String,
        fingerprint: String,
        severity: String,
        location: Location,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Location {
        path: String,
        lines: Lines,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Lines {
        begin: u64,
    }

    #[test]
    fn issues_have_the_documented_fields() {
        for one in [sample(), hostile()] {
            let issues: Vec<Issue> = serde_json::from_str(&render(&one)).unwrap();
            assert_eq!(issues.len(), one.told().count());
            for issue in &issues {
                let known = ["info", "minor", "major", "critical", "blocker"];
                assert!(known.contains(&issue.severity.as_str()));
                assert!(issue.location.lines.begin >= 1 && !issue.location.path.is_empty());
                assert!(!issue.description.is_empty() && issue.check_name.len() > 2);
            }
        }
    }

    #[test]
    fn fingerprints_are_unique_and_do_not_depend_on_lines() {
        let twice = vec![Finding::broken("E-name", "x").at("f").line(1, 1); 2];
        let of = |checked: &Checked| -> Vec<String> {
            let issues: Vec<Issue> = serde_json::from_str(&render(checked)).unwrap();
            issues.into_iter().map(|issue| issue.fingerprint).collect()
        };
        let before = of(&checked(twice.clone()));
        assert_ne!(before[0], before[1]);
        let moved = twice
            .into_iter()
            .map(|finding| finding.line(9, 1))
            .collect();
        assert_eq!(of(&checked(moved)), before);
    }
}
