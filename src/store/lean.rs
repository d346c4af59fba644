//! Reads of a `run.json` only what lists need, and builds nothing of it: a row of the index is packed
//! straight from the record's text.
//!
//! Of a record's cost half is opening the file; of the other half most is building what nobody
//! asked for. Only the spelling that this version writes is understood: what else a record may be
//! says the full reader, which then spells it so.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::path::Path;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::format::{self, RUN_SCHEMA};
use crate::error::Result;
use crate::model::command_line::{neutral, untold};
use crate::model::run::{Process, Repeat, Time};
use crate::model::{Axis, MetricValue, Number, Oid, Param, RecordPath, Sha256, Status, Uid};

/// Hands on what lists need of a record; `origin` is for the error message.
///
/// # Errors
/// As [`format::parse_run`].
pub(super) fn understand<T>(
    bytes: &[u8],
    origin: &Path,
    take: impl FnOnce(&Lean<'_>) -> T,
) -> Result<T> {
    if let Some(lean) = Lean::parse(bytes) {
        return Ok(take(&lean));
    }
    let run = format::parse_run(bytes, origin)?;
    let spelled = format::to_json(RUN_SCHEMA, &run, None)?;
    let lean = Lean::parse(&spelled);
    let lean = lean.ok_or_else(|| format::unreadable(origin, &"it has a spelling of its own"))?;
    Ok(take(&lean))
}

/// A record as far as lists need it, borrowed from its JSON. The fields mean what they mean in
/// [`crate::model::Run`].
#[derive(Deserialize)]
pub(super) struct Lean<'a> {
    schema: &'a str,
    pub uid: &'a str,
    #[serde(default)]
    pub rev: u32,
    pub number: u32,
    pub slug: &'a str,
    #[serde(default, borrow)]
    pub title: Text<'a>,
    #[serde(default, borrow)]
    pub aliases: Vec<Text<'a>>,
    #[serde(default)]
    pub status: Status,
    #[serde(default, borrow)]
    pub goal: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub base: Option<LeanBase<'a>>,
    #[serde(default, borrow)]
    pub tags: Vec<Text<'a>>,
    pub started: Time,
    #[serde(default)]
    pub finished: Option<Time>,
    #[serde(default, borrow)]
    pub seconds: Option<&'a RawValue>,
    #[serde(default)]
    pub process: Option<Process>,
    #[serde(default, borrow)]
    pub code: LeanCode<'a>,
    #[serde(default, borrow)]
    pub config: Vec<LeanFile<'a>>,
    #[serde(default, borrow)]
    pub params: RawMap<'a>,
    #[serde(default, borrow)]
    pub data: Vec<LeanData<'a>>,
    #[serde(default, borrow)]
    pub eval: LeanEval<'a>,
    #[serde(default, borrow)]
    pub seed: Option<&'a RawValue>,
    #[serde(default, borrow)]
    command: Option<LeanCommand<'a>>,
    #[serde(default, borrow)]
    pub metrics: RawMap<'a>,
    #[serde(default, borrow)]
    pub metrics_file: Option<LeanFile<'a>>,
    #[serde(default)]
    pub repeats: Vec<Repeat>,
    #[serde(default, borrow)]
    pub models: Vec<LeanFile<'a>>,
    #[serde(default, borrow)]
    pub artifacts: Vec<LeanFile<'a>>,
    #[serde(default, borrow)]
    pub conclusion: Option<Text<'a>>,
}

impl<'a> Lean<'a> {
    /// `None` when the record is not exactly what this version writes.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let lean: Self = serde_json::from_str(std::str::from_utf8(bytes).ok()?).ok()?;
        (lean.schema == RUN_SCHEMA && lean.is_spelled_as_ours()).then_some(lean)
    }

    fn is_spelled_as_ours(&self) -> bool {
        let all = |map: &RawMap<'_>, reads: fn(&str) -> bool| {
            map.0.iter().all(|(_, raw)| is_plain(raw) || reads(raw))
        };
        let mut files = self
            .config
            .iter()
            .chain(&self.metrics_file)
            .chain(&self.models)
            .chain(&self.artifacts);
        let is_oid = |oid: &Option<&str>| oid.is_none_or(Oid::is_canonical);
        Uid::is_valid(self.uid)
            && self.base.iter().all(|base| Uid::is_valid(base.uid))
            && all(&self.params, |raw| param(raw).is_some())
            && all(&self.metrics, |raw| metric(raw).is_some())
            && self.seed.is_none_or(|raw| param(raw.get()).is_some())
            && self.seconds.is_none_or(|raw| number(raw.get()).is_some())
            && is_oid(&self.code.commit)
            && is_oid(&self.code.code_tree)
            && files.all(|file| Sha256::is_canonical(file.sha256))
            && self
                .data
                .iter()
                .all(|input| input.sha256.is_none_or(Sha256::is_canonical) && is_oid(&input.blob))
    }

    /// Whether code itself differed from the commit.
    pub fn is_dirty(&self) -> bool {
        let mut changes = self.code.changes.iter();
        changes.any(|change| change.axis == Axis::Code)
    }

    /// The command's arguments, without what other fields tell; none without a command.
    pub fn arguments(&self) -> Vec<String> {
        let Some(command) = &self.command else {
            return Vec::new();
        };
        let files = self.config.iter().chain(&self.metrics_file);
        let files = files.chain(&self.models).chain(&self.artifacts);
        let data = self.data.iter().map(|input| &input.path);
        let paths = files.map(|file| &file.path).chain(data);
        let paths: Vec<RecordPath> = paths.map(|p| RecordPath::from_bytes(&**p)).collect();
        let argv: Vec<String> = command
            .argv
            .iter()
            .map(|word| (**word).to_owned())
            .collect();
        let names = self.params.0.iter().map(|(name, _)| &**name);
        let seed = self.seed.and_then(|raw| param(raw.get()));
        neutral(untold(&argv, names), seed.as_ref(), &paths.iter().collect())
    }
}

/// Whether JSON text is a number or a word that reads back as it stands: nearly all values are.
pub(super) fn is_plain(raw: &str) -> bool {
    match raw.as_bytes() {
        [b'"', inside @ .., b'"'] => !inside.contains(&b'\\'),
        _ => is_plain_number(raw),
    }
}

/// Exponents are spelled anew by the JSON reader.
fn is_plain_number(raw: &str) -> bool {
    raw.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-'))
}

/// A metric from its JSON text.
pub(super) fn metric(raw: &str) -> Option<MetricValue> {
    match is_plain_number(raw) {
        true => Number::parse(raw).map(MetricValue::Number),
        false => serde_json::from_str(raw).ok(),
    }
}

/// A parameter from its JSON text. Plain numbers and words, which nearly all are, need no parser.
pub(super) fn param(raw: &str) -> Option<Param> {
    match raw.as_bytes() {
        _ if is_plain_number(raw) => Number::parse(raw).map(|number| Param::number_of(&number)),
        [b'"', .., b'"'] if is_plain(raw) => raw.get(1..raw.len() - 1).map(Param::text),
        _ => serde_json::from_str(raw).ok(),
    }
}

/// A number from its JSON text.
pub(super) fn number(raw: &str) -> Option<Number> {
    match is_plain_number(raw) {
        true => Number::parse(raw),
        false => serde_json::from_str(raw).ok(),
    }
}

/// Text, borrowed unless it has escapes.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A path's bytes, borrowed where they are text.
pub(super) struct PathBytes<'a>(Cow<'a, [u8]>);

impl Deref for PathBytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for PathBytes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = PathBytes<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path")
            }

            fn visit_borrowed_str<E: Error>(
                self,
                text: &'de str,
            ) -> std::result::Result<Self::Value, E> {
                Ok(PathBytes(Cow::Borrowed(text.as_bytes())))
            }

            fn visit_str<E: Error>(self, text: &str) -> std::result::Result<Self::Value, E> {
                Ok(PathBytes(Cow::Owned(text.as_bytes().to_owned())))
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let path = RecordPath::deserialize(MapAccessDeserializer::new(map))?;
                Ok(PathBytes(Cow::Owned(path.as_bytes().to_owned())))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

#[derive(Deserialize)]
pub(super) struct LeanBase<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub uid: &'a str,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct LeanCode<'a> {
    #[serde(borrow)]
    pub commit: Option<&'a str>,
    #[serde(borrow)]
    pub branch: Option<Text<'a>>,
    #[serde(borrow)]
    pub code_tree: Option<&'a str>,
    #[serde(borrow)]
    pub changes: Vec<LeanChange<'a>>,
}

#[derive(Deserialize)]
pub(super) struct LeanChange<'a> {
    #[serde(borrow)]
    pub path: PathBytes<'a>,
    axis: Axis,
}

#[derive(Deserialize)]
pub(super) struct LeanFile<'a> {
    #[serde(borrow)]
    pub path: PathBytes<'a>,
    pub sha256: &'a str,
}

#[derive(Deserialize)]
struct LeanCommand<'a> {
    #[serde(borrow)]
    argv: Vec<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct LeanData<'a> {
    #[serde(borrow)]
    pub role: Text<'a>,
    #[serde(borrow)]
    pub path: PathBytes<'a>,
    #[serde(default, borrow)]
    pub sha256: Option<&'a str>,
    #[serde(default, borrow)]
    pub blob: Option<&'a str>,
    #[serde(default)]
    pub unstable: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct LeanEval<'a> {
    #[serde(borrow)]
    pub split: Option<Text<'a>>,
    #[serde(borrow)]
    pub metric_code: Vec<Text<'a>>,
}

/// Names with the JSON text of their values, in the order of the names.
#[derive(Default)]
pub(super) struct RawMap<'a>(pub Vec<(Text<'a>, &'a str)>);

impl<'de: 'a, 'a> Deserialize<'de> for RawMap<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Entries<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Entries<'a> {
            type Value = RawMap<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with sorted names")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut entries: Vec<(Text<'a>, &'a str)> = Vec::new();
                while let Some((name, raw)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    if entries.last().is_some_and(|(last, _)| **last >= *name) {
                        return Err(A::Error::custom("names out of order"));
                    }
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
    use crate::model::{Brief, Run, RunId};
    use crate::store::index::{Basis, Builder, Index};
    use crate::store::stat::Key;

    fn brief(json: &[u8]) -> Result<Brief> {
        let mut builder = Builder::new(None);
        understand(json, Path::new("run.json"), |run| {
            builder.add(run, &Key::default());
        })?;
        let index = Index::trust(builder.finish(&Basis::default())).unwrap();
        Ok(index.row(0).brief().unwrap())
    }

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
        let lean = brief(json.as_bytes()).unwrap();
        assert_eq!(lean, Brief::from(&full));
        assert_eq!(lean.metric("auc").unwrap().as_str(), "0.8420");
        assert!(lean.dirty);
        assert_eq!(lean.scatter["auc"].n, 2);
        assert_eq!(lean.arguments, ["python", "t.py", "--seed", "42", "--lr=1"]);
    }

    #[test]
    fn what_is_spelled_otherwise_is_left_to_the_full_reader() {
        let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
        let id = RunId::parse("exp_003_a").unwrap();
        let mut run = Run::new(Uid::new(0, &[7; 10]), id, started);
        run.code.commit = Oid::parse(&"ab".repeat(20));
        run.params.insert("a".into(), Param::text("x"));
        run.params.insert("b".into(), Param::text("y"));
        let json = String::from_utf8(format::to_json(RUN_SCHEMA, &run, None).unwrap()).unwrap();
        assert!(Lean::parse(json.as_bytes()).is_some());
        for (ours, theirs) in [
            ("abab", "ABAB"),
            (
                "\"a\": \"x\",\n    \"b\": \"y\"",
                "\"b\": \"y\", \"a\": \"x\"",
            ),
        ] {
            let other = json.replace(ours, theirs);
            assert_ne!(other, json);
            assert!(Lean::parse(other.as_bytes()).is_none(), "{theirs}");
            assert_eq!(brief(other.as_bytes()).unwrap(), Brief::from(&run));
        }
        let newer = format::to_json("git-exp/run/2", &run, None).unwrap();
        let error = brief(&newer).unwrap_err();
        assert!(error.message().contains("git-exp/run/2"), "{error}");
    }
}
