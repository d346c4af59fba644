//! The digest of a record's immutable part, so that a later edit can be seen.

use serde_json::Value;

use crate::model::{Run, Sha256};

/// What people may change after a run is finished, and what describes the record itself.
const MUTABLE: [&str; 16] = [
    "aliases",
    "base",
    "conclusion",
    "declared",
    "digest",
    "goal",
    "hypothesis",
    "links",
    "number",
    "rev",
    "slug",
    "status",
    "tags",
    "title",
    "tool",
    "warnings",
];

/// SHA-256 over the compact JSON of everything that must never change, keys sorted.
pub fn digest(run: &Run) -> String {
    digest_json(serde_json::to_value(run).unwrap_or_default())
}

/// The same for a record as it is in its file: fields that this version doesn't know are sealed too.
pub fn digest_json(mut value: Value) -> String {
    if let Value::Object(fields) = &mut value {
        fields.retain(|name, _| !is_left_out(name.as_bytes()));
    }
    Sha256::of(value.to_string().as_bytes()).as_str().to_owned()
}

/// The same for the bytes of a file; `None` when they are no JSON.
///
/// What our writers left and nobody touched is not parsed: when the text that it has for the sealed
/// part fits the digest in the record, it *is* what was sealed.
pub fn digest_file(bytes: &[u8], recorded: Option<&str>) -> Option<String> {
    let fits = |recorded: &&str| Sha256::of(&sealed_text(bytes)).as_str() == *recorded;
    if let Some(recorded) = recorded.filter(fits) {
        return Some(recorded.to_owned());
    }
    serde_json::from_slice(bytes).ok().map(digest_json)
}

/// The text that [`digest_json`] digests, if the members of a file are in order and spelled as
/// [`super::format::to_json`] writes them: all but white space and what may change.
fn sealed_text(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let (mut at, mut depth) = (0, 0_usize);
    let (mut at_key, mut left_out) = (false, false);
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'"' => string_end(bytes, at),
            _ => at + 1,
        };
        let token = &bytes[at..end];
        at = end;
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => continue,
            b'"' if at_key => {
                left_out = is_left_out(token.get(1..token.len() - 1).unwrap_or_default());
                at_key = false;
            }
            b'{' | b'[' => {
                depth += 1;
                at_key = depth == 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends_member = depth == 1 && *byte == b',';
        let ends_record = depth == 0 && *byte == b'}';
        if ends_record {
            left_out = false;
            // What stood after this comma was left out.
            text.pop_if(|last| *last == b',');
        }
        if !left_out {
            text.extend_from_slice(token);
        }
        if ends_member {
            (at_key, left_out) = (true, false);
        }
    }
    text
}

/// Where the string ends that begins here.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
    {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// Whether a member is not sealed.
fn is_left_out(key: &[u8]) -> bool {
    key == b"schema" || MUTABLE.iter().any(|name| name.as_bytes() == key)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::model::{MetricValue, Number, RunId, Uid};

    #[test]
    fn conclusions_may_change_and_metrics_may_not() {
        let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
        let id = RunId::parse("exp_003_new_features").unwrap();
        let mut run = Run::new(Uid::new(0, &[7; 10]), id, started);
        let before = digest(&run);
        run.conclusion = Some("better".into());
        run.number = 8;
        assert_eq!(digest(&run), before);
        run.metrics
            .insert("auc".into(), MetricValue::Number(Number::from_f64(0.9)));
        assert_ne!(digest(&run), before);
        let file = crate::store::format::to_json("git-exp/run/1", &run, None).unwrap();
        let value = serde_json::from_slice(&file).unwrap();
        assert_eq!(digest_json(value), digest(&run), "the file says the same");
    }

    #[test]
    fn the_text_of_a_file_is_what_was_sealed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/records/v1");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let Ok(mut value) =
                serde_json::from_slice::<Value>(&std::fs::read(entry.path()).unwrap())
            else {
                continue;
            };
            let odd = serde_json::json!({
                "a \" \\": "x\n  \"title\": 1", "": {}, "title": [" ", [], {}, "\": "], "я": -1.25
            });
            value["odd"] = odd.clone();
            value["zz"] = odd.clone();
            value["tags"] = odd;
            let file = crate::store::format::to_json("git-exp/run/1", &value, None).unwrap();
            let expected = digest_json(value);
            assert_eq!(Sha256::of(&sealed_text(&file)).as_str(), expected);
            assert_eq!(digest_file(&file, Some(&expected)), Some(expected.clone()));
            // Written in another way it is the same record; edited it is another one, and what is
            // added where changes are allowed does not pass for them.
            let value: Value = serde_json::from_slice(&file).unwrap();
            let other = value.to_string();
            assert_eq!(
                digest_file(other.as_bytes(), Some(&expected)),
                Some(expected.clone())
            );
            let edited = other.replace("-1.25", "-1.26");
            assert_ne!(
                digest_file(edited.as_bytes(), Some(&expected)),
                Some(expected.clone())
            );
            let text = String::from_utf8(file).unwrap();
            for (from, to) in [
                (
                    "  \"title\": ",
                    "  \"title\": 0, \"more\": [],\n  \"title\": ",
                ),
                ("  \"metrics\": {", "  \"metrics\": {\n  \"title\": 1,"),
                ("\"metrics\": {", "\"metrics\": {}, \"metrics\": {"),
                ("\"metrics\"", "\"metric\\u0073\""),
            ] {
                let forged = text.replacen(from, to, 1);
                let exact = serde_json::from_str(&forged).map(digest_json).ok();
                assert_ne!(forged, text);
                assert_eq!(
                    digest_file(forged.as_bytes(), Some(&expected)),
                    exact,
                    "{to}"
                );
            }
            seen += 1;
        }
        assert!(seen > 1);
    }
}
