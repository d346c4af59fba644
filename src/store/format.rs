//! JSON on disk: versions checked first, unknown fields kept, one fact per line.

use std::fs::Metadata;
use std::io::Read;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::layout::RUN_JSON;
use crate::error::{Failure, Result};
use crate::git::snapshot::open_regular;
use crate::model::Run;

/// The version of `run.json` that this program writes.
pub const RUN_SCHEMA: &str = "git-exp/run/1";
/// Larger records are refused before they are read.
const RUN_LIMIT: u64 = 1 << 20;
/// Objects whose keys are the user's, where a missing key was removed on purpose.
const OPEN_MAPS: [&str; 7] = [
    "params", "metrics", "vars", "direct", "links", "series", "columns",
];

#[derive(serde::Deserialize)]
struct Versioned {
    schema: Option<String>,
}

/// Reads `run.json` of a run's folder.
///
/// # Errors
/// Names the file and the place in it; an unknown version names the newer tool.
pub fn read_run(folder: &Path) -> Result<Run> {
    let path = folder.join(RUN_JSON);
    parse_run(&read_bounded(&path)?, &path)
}

/// The bytes of `run.json` of a run's folder: a regular file of bearable size.
pub fn read_run_bytes(folder: &Path) -> Result<Vec<u8>> {
    read_bounded(&folder.join(RUN_JSON))
}

/// Parses the bytes of a `run.json`; `origin` is for the error message.
pub fn parse_run(bytes: &[u8], origin: &Path) -> Result<Run> {
    parse(bytes, origin, RUN_SCHEMA)
}

/// Writes a run anew: fields that a newer version put into the file stay in it.
pub fn write_run(folder: &Path, run: &Run) -> Result<()> {
    let path = folder.join(RUN_JSON);
    let before = std::fs::read(&path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    crate::atomic::write(&path, &to_json(RUN_SCHEMA, run, before.as_ref())?)
}

fn read_bounded(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_into(path, &mut bytes)?;
    Ok(bytes)
}

pub(super) fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("cannot read {}", path.display()))
        .because(why)
        .hint("see what happened: git exp doctor")
}

/// Reads a record in the place of what `bytes` held, and says what the file system said of it before;
/// only a regular file of a bearable size.
pub(super) fn read_into(path: &Path, bytes: &mut Vec<u8>) -> Result<Metadata> {
    let failed = |error: &dyn std::fmt::Display| unreadable(path, error);
    let (file, found) = match open_regular(path) {
        Ok(opened) => opened,
        Err(_) if path.is_symlink() => return Err(failed(&"it is not a regular file")),
        Err(error) => return Err(failed(&error)),
    };
    if found.len() > RUN_LIMIT {
        return Err(failed(&format!("it is larger than {RUN_LIMIT} bytes")));
    }
    bytes.clear();
    // Room for more than was seen: the end is found without asking for the size again.
    bytes.reserve(usize::try_from(found.len()).unwrap_or(0) + 64);
    file.take(RUN_LIMIT + 1)
        .read_to_end(bytes)
        .map_err(|error| failed(&error))?;
    Ok(found)
}

/// Parses versioned JSON of one kind.
pub fn parse<T: DeserializeOwned>(bytes: &[u8], origin: &Path, schema: &str) -> Result<T> {
    let damaged = |error: serde_json::Error| {
        Failure::new(format!("{} is damaged", origin.display()))
            .because(error)
            .hint(format!(
                "get the committed version back: git checkout HEAD -- {}",
                origin.display()
            ))
    };
    let found: Versioned = serde_json::from_slice(bytes).map_err(damaged)?;
    match found.schema.as_deref() {
        Some(version) if version == schema => serde_json::from_slice(bytes).map_err(damaged),
        Some(version) => Err(
            Failure::new(format!("{} has schema `{version}`", origin.display()))
                .because(format!(
                    "this git-exp {} reads `{schema}`",
                    env!("CARGO_PKG_VERSION")
                ))
                .hint("a newer git-exp wrote it: cargo install git-exp"),
        ),
        None => Err(Failure::new(format!("{} has no schema", origin.display()))
            .because(format!("expected \"schema\": \"{schema}\""))),
    }
}

/// The JSON form of a record: sorted keys, two spaces, a newline at the end.
pub fn to_json<T: Serialize>(schema: &str, record: &T, before: Option<&Value>) -> Result<Vec<u8>> {
    let mut value = serde_json::to_value(record)
        .map_err(|error| Failure::new("a record could not be put into JSON").because(error))?;
    if let Value::Object(fields) = &mut value {
        fields.insert("schema".to_owned(), Value::String(schema.to_owned()));
    }
    if let Some(before) = before {
        keep_unknown(&mut value, before);
    }
    let mut bytes = serde_json::to_vec_pretty(&value)
        .map_err(|error| Failure::new("a record could not be put into JSON").because(error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Copies what only the old value has. Our writers always write all of their own fields, so a field
/// that is missing in `new` is one that this version doesn't know.
fn keep_unknown(new: &mut Value, old: &Value) {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            for (key, value) in old {
                match new.get_mut(key) {
                    Some(_) if OPEN_MAPS.contains(&key.as_str()) => {}
                    Some(known) => keep_unknown(known, value),
                    None => {
                        new.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(new), Value::Array(old)) => {
            for item in new {
                if let Some(twin) = old.iter().find(|twin| same_item(item, twin)) {
                    keep_unknown(item, twin);
                }
            }
        }
        _ => {}
    }
}

/// Items of a list are the same thing when they have the same role and path.
fn same_item(a: &Value, b: &Value) -> bool {
    let key = |value: &Value| (value.get("role").cloned(), value.get("path").cloned());
    a.is_object() && a.get("path").is_some() && key(a) == key(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RunId, Uid};

    fn sample() -> Run {
        let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
        let id = RunId::parse("exp_003_new_features").unwrap();
        Run::new(Uid::new(0, &[7; 10]), id, started)
    }

    #[test]
    fn unknown_fields_are_kept_at_every_level() {
        let folder = tempfile::tempdir().unwrap();
        let mut value: Value =
            serde_json::from_slice(&to_json(RUN_SCHEMA, &sample(), None).unwrap()).unwrap();
        value["from_the_future"] = Value::Bool(true);
        value["code"]["signature"] = Value::String("x".into());
        value["params"]["gone"] = Value::from(1);
        std::fs::write(folder.path().join(RUN_JSON), value.to_string()).unwrap();
        let mut run = read_run(folder.path()).unwrap();
        run.params.clear();
        run.goal = Some("a goal".into());
        write_run(folder.path(), &run).unwrap();
        let after: Value =
            serde_json::from_slice(&std::fs::read(folder.path().join(RUN_JSON)).unwrap()).unwrap();
        assert_eq!(after["from_the_future"], true);
        assert_eq!(after["code"]["signature"], "x");
        assert!(
            after["params"].get("gone").is_none(),
            "a removed parameter stays removed"
        );
        assert_eq!(read_run(folder.path()).unwrap(), run);
    }

    #[test]
    fn an_unknown_version_is_refused_by_name() {
        let bytes = br#"{"schema": "git-exp/run/2", "uid": 3}"#;
        let error = parse_run(bytes, Path::new("run.json")).unwrap_err();
        assert_eq!(error.message(), "run.json has schema `git-exp/run/2`");
    }

    #[test]
    fn damage_is_located() {
        let error = parse_run(b"{\n  \"schema\": ", Path::new("run.json")).unwrap_err();
        assert!(error.causes()[0].contains("line 2"), "{error}");
    }
}
