//! Reads of a `run.json` only what [`Brief`] needs; the rest is skipped, not parsed into anything.
//!
//! Of a record's cost half is opening the file; of the other half most is building what nobody
//! asked for. Numbers stay the text they are until somebody compares them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::format::{self, RUN_SCHEMA};
use super::layout::RUN_JSON;
use super::stat::Key;
use crate::error::Result;
use crate::model::brief::{DataBrief, FileBrief};
use crate::model::command_line::{Files, neutral, untold};
use crate::model::repeats;
use crate::model::run::{Base, Process, Repeat, Time};
use crate::model::{Axis, Brief, MetricValue, Number, Oid, Param, RecordPath, Sha256, Status, Uid};

/// Reads a run's folder in brief.
///
/// # Errors
/// As [`format::read_run`]: whatever this reader does not like, that one explains.
pub fn read(folder: &Path) -> Result<Brief> {
    let bytes = format::read_run_bytes(folder)?;
    understand(&bytes, &folder.join(RUN_JSON))
}

/// Like [`read`], with the key that the record had before it was read: a change in between makes the
/// key outdated, never the brief.
pub fn read_with_key(folder: &Path) -> (Key, Result<Brief>) {
    let path = folder.join(RUN_JSON);
    match path.symlink_metadata() {
        Ok(found) => {
            let run = format::read_seen(&path, &found).and_then(|bytes| understand(&bytes, &path));
            (Key::from_metadata(&found), run)
        }
        Err(_) => (Key::default(), read(folder)),
    }
}

fn understand(bytes: &[u8], path: &Path) -> Result<Brief> {
    match parse(bytes) {
        Some(brief) => Ok(brief),
        None => format::parse_run(bytes, path).map(|run| Brief::from(&run)),
    }
}

/// Parses a record in brief; `None` when it is not exactly what this version writes.
pub fn parse(bytes: &[u8]) -> Option<Brief> {
    let lean: Lean<'_> = serde_json::from_slice(bytes).ok()?;
    if lean.schema.0 != RUN_SCHEMA {
        return None;
    }
    let values = |map: RawMap<'_>| -> Option<BTreeMap<String, Param>> {
        map.0
            .into_iter()
            .map(|(name, raw)| Some((name, param(raw)?)))
            .collect()
    };
    let metrics = (lean.metrics.0.into_iter())
        .map(|(name, raw)| Some((name, metric(raw)?)))
        .collect::<Option<_>>()?;
    let dirty = lean
        .code
        .changes
        .iter()
        .any(|change| change.axis == Axis::Code);
    let seed = match lean.seed {
        Some(raw) => Some(param(raw.get())?),
        None => None,
    };
    let params = values(lean.params)?;
    let arguments = match &lean.command {
        Some(command) => {
            let written = lean.models.iter().chain(&lean.artifacts);
            let written = written.map(|file| &file.path);
            let config = lean.config.iter().map(|file| &file.path);
            let data = lean.data.iter().map(|input| &input.path);
            let metrics = lean.metrics_file.iter().map(|file| &file.path);
            let files: Files<'_> = config.chain(data).chain(written).chain(metrics).collect();
            neutral(untold(&command.argv, &params), seed.as_ref(), &files)
        }
        None => Vec::new(),
    };
    Some(Brief {
        uid: lean.uid,
        rev: lean.rev,
        number: lean.number,
        slug: lean.slug,
        title: lean.title,
        aliases: lean.aliases,
        status: lean.status,
        goal: lean.goal,
        base: lean.base,
        tags: lean.tags,
        started: lean.started,
        finished: lean.finished,
        seconds: match lean.seconds {
            Some(raw) => Some(number(raw.get())?),
            None => None,
        },
        process: lean.process,
        commit: lean.code.commit,
        branch: lean.code.branch,
        code_tree: lean.code.code_tree,
        dirty,
        changes: lean
            .code
            .changes
            .into_iter()
            .map(|change| change.path)
            .collect(),
        config: lean.config.into_iter().map(FileBrief::from).collect(),
        params,
        data: lean.data.into_iter().map(DataBrief::from).collect(),
        split: lean.eval.split,
        metric_code: lean.eval.metric_code,
        seed,
        arguments,
        metrics,
        metrics_file: lean.metrics_file.map(FileBrief::from),
        scatter: repeats::scatters(&lean.repeats),
        models: lean.models.into_iter().map(FileBrief::from).collect(),
        artifacts: lean.artifacts.into_iter().map(FileBrief::from).collect(),
        conclusion: lean.conclusion,
    })
}

/// A metric from its JSON text.
pub(super) fn metric(raw: &str) -> Option<MetricValue> {
    match raw.as_bytes().first()? {
        b'-' | b'0'..=b'9' => Number::parse(raw).map(MetricValue::Number),
        _ => serde_json::from_str(raw).ok(),
    }
}

/// A parameter from its JSON text. Plain numbers and words, which nearly all are, need no parser.
pub(super) fn param(raw: &str) -> Option<Param> {
    match raw.as_bytes() {
        [b'-' | b'0'..=b'9', ..] => Number::parse(raw).map(|number| Param::number_of(&number)),
        [b'"', inside @ .., b'"'] if !inside.iter().any(|b| matches!(b, b'"' | b'\\')) => {
            raw.get(1..raw.len() - 1).map(Param::text)
        }
        _ => serde_json::from_str(raw).ok(),
    }
}

fn number(raw: &str) -> Option<Number> {
    match raw.as_bytes().first()? {
        b'-' | b'0'..=b'9' => Number::parse(raw),
        _ => serde_json::from_str(raw).ok(),
    }
}

#[derive(Deserialize)]
struct Lean<'a> {
    #[serde(borrow)]
    schema: Text<'a>,
    uid: Uid,
    #[serde(default)]
    rev: u32,
    number: u32,
    slug: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    status: Status,
    #[serde(default)]
    goal: Option<String>,
    #[serde(default)]
    base: Option<Base>,
    #[serde(default)]
    tags: Vec<String>,
    started: Time,
    #[serde(default)]
    finished: Option<Time>,
    #[serde(default, borrow)]
    seconds: Option<&'a RawValue>,
    #[serde(default)]
    process: Option<Process>,
    #[serde(default)]
    code: LeanCode,
    #[serde(default)]
    config: Vec<LeanFile>,
    #[serde(default, borrow)]
    params: RawMap<'a>,
    #[serde(default)]
    data: Vec<LeanData>,
    #[serde(default)]
    eval: LeanEval,
    #[serde(default, borrow)]
    seed: Option<&'a RawValue>,
    #[serde(default)]
    command: Option<LeanCommand>,
    #[serde(default, borrow)]
    metrics: RawMap<'a>,
    #[serde(default)]
    metrics_file: Option<LeanFile>,
    #[serde(default)]
    repeats: Vec<Repeat>,
    #[serde(default)]
    models: Vec<LeanFile>,
    #[serde(default)]
    artifacts: Vec<LeanFile>,
    #[serde(default)]
    conclusion: Option<String>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Default, Deserialize)]
#[serde(default)]
struct LeanCode {
    commit: Option<Oid>,
    branch: Option<String>,
    code_tree: Option<Oid>,
    changes: Vec<LeanChange>,
}

#[derive(Deserialize)]
struct LeanChange {
    path: RecordPath,
    axis: Axis,
}

#[derive(Deserialize)]
struct LeanFile {
    path: RecordPath,
    sha256: Sha256,
}

#[derive(Deserialize)]
struct LeanCommand {
    argv: Vec<String>,
}

#[derive(Deserialize)]
struct LeanData {
    role: String,
    path: RecordPath,
    #[serde(default)]
    sha256: Option<Sha256>,
    #[serde(default)]
    blob: Option<Oid>,
    #[serde(default)]
    unstable: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LeanEval {
    split: Option<String>,
    metric_code: Vec<String>,
}

impl From<LeanFile> for FileBrief {
    fn from(file: LeanFile) -> Self {
        Self {
            path: file.path,
            sha256: file.sha256,
        }
    }
}

impl From<LeanData> for DataBrief {
    fn from(input: LeanData) -> Self {
        Self {
            role: input.role,
            path: input.path,
            sha256: input.sha256,
            blob: input.blob,
            unstable: input.unstable,
        }
    }
}

/// Names with the JSON text of their values.
#[derive(Default)]
struct RawMap<'a>(Vec<(String, &'a str)>);

impl<'de: 'a, 'a> Deserialize<'de> for RawMap<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Entries<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Entries<'a> {
            type Value = RawMap<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((name, raw)) = map.next_entry::<String, &'de RawValue>()? {
                    entries.push((name, raw.get()));
                }
                Ok(RawMap(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Run, RunId};

    #[test]
    fn the_lean_reader_agrees_with_the_full_one() {
        let json = r#"{
          "schema": "git-exp/run/1", "uid": "01900000000070008000000000000000", "rev": 3,
          "number": 3, "slug": "tuned", "title": "опыт", "started": "2025-10-10T14:02:11+03:00",
          "status": "ok", "seconds": 45.30, "seed": {"text": "042", "type": "int"}, "goal": "a\"b",
          "from_the_future": {"x": [1, 2]},
          "env": {"vars": {"A": "b"}, "packages": 64},
          "code": {"commit": "a41c9d2a41c9d2a41c9d2a41c9d2a41c9d2a41c9", "dirty": true, "changes": [
            {"path": {"b64": "Y2Fm6Q=="}, "status": "M", "added": 1, "removed": null, "axis": "code"}]},
          "params": {"lr": 0.0010, "a b": "x", "n": null, "l": [1, "two"], "t": {"text": "1e-4", "type": "str"}},
          "metrics": {"auc": 0.8420, "big": 18446744073709551617, "loss": {"float": "nan"}, "name": "x", "none": null},
          "metrics_file": {"path": "out/m.json", "copy": "metrics.json", "sha256": "abababababababababababababababababababababababababababababababab"},
          "data": [{"role": "train", "path": "a.csv", "sha256": null}],
          "repeats": [{"seed": 1, "folder": "repeats/seed_1", "metrics": {"auc": 0.8}, "exit_code": 0},
            {"seed": 2, "folder": "repeats/seed_2", "metrics": {"auc": 0.9}, "exit_code": 0}],
          "command": {"argv": ["python", "t.py", "a.csv", "--seed", "42", "--lr=1"], "cwd": "."}
        }"#;
        let full = format::parse_run(json.as_bytes(), Path::new("run.json")).unwrap();
        let lean = parse(json.as_bytes()).unwrap();
        assert_eq!(lean, Brief::from(&full));
        assert_eq!(lean.metric("auc").unwrap().as_str(), "0.8420");
        assert!(lean.dirty);
        assert_eq!(lean.scatter["auc"].n, 2);
        assert_eq!(lean.arguments, ["python", "t.py", "--seed", "42", "--lr=1"]);
    }

    #[test]
    fn an_unknown_version_is_left_to_the_full_reader() {
        let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
        let run = Run::new(
            Uid::new(0, &[7; 10]),
            RunId::parse("exp_003_a").unwrap(),
            started,
        );
        let json = format::to_json("git-exp/run/2", &run, None).unwrap();
        assert!(parse(&json).is_none());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("run.json"), &json).unwrap();
        assert!(
            read(folder.path())
                .unwrap_err()
                .message()
                .contains("git-exp/run/2")
        );
    }
}
