//! The line of a run in the git note on its commit: one JSON object, ASCII, under about 200
//! characters, so that `git log --notes=exp` reads well and line-wise merges are safe.

use crate::model::metric::{Goal, guess_goal};
use crate::model::{MetricValue, Run};

/// A longer line would wrap in `git log`; the rest is in `run.json`.
const ROOM: usize = 200;

/// Renders the line, without a newline. `primary` goes first among the metrics.
pub fn line(run: &Run, primary: Option<&str>) -> String {
    let mut head = format!(
        "{{\"uid\":\"{}\",\"rev\":{},\"exp\":\"{}\",\"status\":\"{}\"",
        run.uid,
        run.rev,
        run.id(),
        run.status.word()
    );
    if let Some(snapshot) = &run.code.snapshot {
        head.push_str(&format!(",\"snapshot\":\"{snapshot}\""));
    }
    let mut names: Vec<&String> = run
        .metrics
        .iter()
        .filter(|(name, value)| {
            matches!(value, MetricValue::Number(_)) && guess_goal(name) != Some(Goal::Info)
        })
        .map(|(name, _)| name)
        .collect();
    names.sort_by_key(|name| (Some(name.as_str()) != primary, name.as_str()));
    let mut metrics: Vec<String> = Vec::new();
    let mut used = head.len() + r#","metrics":{}}"#.len();
    for name in names {
        let Ok(value) = serde_json::to_string(&run.metrics[name]) else {
            continue;
        };
        let item = format!("{}:{value}", ascii_json(name));
        used += item.len() + 1;
        if used > ROOM && !metrics.is_empty() {
            break;
        }
        metrics.push(item);
    }
    if !metrics.is_empty() {
        head.push_str(&format!(",\"metrics\":{{{}}}", metrics.join(",")));
    }
    head.push('}');
    head
}

/// A JSON string with everything beyond ASCII escaped, so that no terminal can misread it.
fn ascii_json(text: &str) -> String {
    let mut json = String::from("\"");
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ (b'"' | b'\\')) => json.extend(['\\', char::from(byte)]),
            Ok(byte @ 0x20..=0x7e) => json.push(char::from(byte)),
            _ => json.push_str(&format!("\\u{unit:04x}")),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Number, RunId, Uid};

    #[test]
    fn the_line_is_one_short_ascii_object() {
        let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
        let id = RunId::parse("exp_003_new_features").unwrap();
        let mut run = Run::new(Uid::new(0, &[7; 10]), id, started);
        for name in ["точность", "a\nb", "roc_auc_val", "zz"] {
            run.metrics
                .insert(name.into(), MetricValue::Number(Number::from_f64(0.5)));
        }
        for i in 0..100 {
            run.metrics
                .insert(format!("m{i}"), MetricValue::Number(Number::from_i64(i)));
        }
        let line = line(&run, Some("roc_auc_val"));
        assert!(
            line.len() <= ROOM && line.is_ascii() && !line.contains('\n'),
            "{line}"
        );
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["metrics"]["roc_auc_val"].to_string(), "0.5");
        assert!(line.starts_with("{\"uid\":"));
    }
}
