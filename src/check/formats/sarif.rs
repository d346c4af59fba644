//! SARIF 2.1.0, for code scanning services.
//!
//! Specification: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use serde_json::{Value, json};

use super::sentence;
use crate::check::Checked;
use crate::check::finding::{Finding, Level, Outcome};
use crate::check::rules::RULES;

/// Tells it as one SARIF run.
pub fn render(checked: &Checked) -> String {
    let results: Vec<Value> = checked.told().map(result).collect();
    let rules: Vec<Value> = RULES.iter().map(rule).collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "git-exp",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "exitCode": checked.exit.0,
            }],
            "results": results,
        }],
    });
    crate::ui::escape::json(&format!("{log:#}\n"))
}

fn rule(rule: &crate::check::rules::Rule) -> Value {
    let level = if rule.code.starts_with("W-") {
        "warning"
    } else {
        "error"
    };
    json!({
        "id": rule.code,
        "name": rule.name(),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.topic.cause},
        "help": {"text": rule.topic.way_out},
        "defaultConfiguration": {"level": level},
    })
}

fn result(finding: &Finding) -> Value {
    // A level other than "none" is for failures only (3.27.9); "open" is what could not be decided.
    let (kind, level) = match (finding.outcome, finding.level) {
        (Outcome::Broken, Level::Error) => ("fail", "error"),
        (Outcome::Broken, Level::Warn) => ("fail", "warning"),
        (Outcome::Unverifiable, _) => ("open", "none"),
        (Outcome::Note, _) => ("informational", "none"),
        (Outcome::Ok, _) => ("pass", "none"),
    };
    let mut text = sentence(finding);
    for line in finding.details.iter().chain(&finding.fix) {
        text.push('\n');
        text.push_str(line);
    }
    let index = RULES.iter().position(|rule| rule.code == finding.code);
    let mut result = json!({
        "ruleId": finding.code,
        "kind": kind,
        "level": level,
        "message": {"text": plain(&text)},
        "partialFingerprints": {"gitExp/v1": finding.fingerprint()},
    });
    if let Some(index) = index {
        result["ruleIndex"] = index.into();
    }
    if let Some(file) = &finding.file {
        let mut place = json!({
            "artifactLocation": {"uri": uri(file), "uriBaseId": "%SRCROOT%"},
        });
        if let Some(line) = finding.line {
            place["region"] = json!({"startLine": line});
            if let Some(column) = finding.column {
                place["region"]["startColumn"] = column.into();
            }
        }
        result["locations"] = json!([{"physicalLocation": place}]);
    }
    result
}

/// Plain text: a viewer takes `[text](target)` in a message for a link (3.11.6), so brackets are
/// escaped, and control characters are shown.
fn plain(text: &str) -> String {
    crate::ui::escape::printable_lines(text)
        .replace('\\', "\\\\")
        .replace('[', "\\[")
        .replace(']', "\\]")
}

/// A relative URI reference (RFC 3986): everything but unreserved characters and `/` is encoded.
fn uri(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::testing::{hostile, sample};
    use super::*;

    fn validator() -> jsonschema::Validator {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/fixtures/schemas/sarif-2.1.0.json"
        );
        let mut schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        // The pattern of languages has a stray bracket: no regular expression to a strict reader.
        for part in ["run", "toolComponent"] {
            let language = &mut schema["definitions"][part]["properties"]["language"];
            language.as_object_mut().unwrap().remove("pattern").unwrap();
        }
        jsonschema::validator_for(&schema).unwrap()
    }

    #[test]
    fn the_output_is_valid_sarif() {
        let validator = validator();
        for checked in [sample(), hostile()] {
            let log: Value = serde_json::from_str(&render(&checked)).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&log)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
        let mut wrong: Value = serde_json::from_str(&render(&sample())).unwrap();
        wrong["runs"][0]["results"][0]["level"] = "severe".into();
        assert!(!validator.is_valid(&wrong), "the validator can say no");
    }

    #[test]
    fn places_and_kinds() {
        let log: Value = serde_json::from_str(&render(&sample())).unwrap();
        let results = &log["runs"][0]["results"];
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(
            place["artifactLocation"]["uri"],
            "%D0%BE%D1%82%D1%87%D1%91%D1%82%201/report.md"
        );
        assert_eq!(place["region"]["startColumn"], 52);
        let kinds: Vec<&str> = results
            .as_array()
            .unwrap()
            .iter()
            .map(|result| result["kind"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["fail", "fail", "open", "informational"]);
        let index = results[0]["ruleIndex"].as_u64().unwrap();
        let rules = &log["runs"][0]["tool"]["driver"]["rules"];
        assert_eq!(rules[usize::try_from(index).unwrap()]["id"], "E-report");
    }
}
