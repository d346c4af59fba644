//! A row as it lies in the index: asked without being unpacked, or unpacked into a [`Brief`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};

use super::Index;
use super::codec::Reader;
use crate::model::brief::{DataBrief, FileBrief};
use crate::model::repeats::Scatter;
use crate::model::run::{Base, Time};
use crate::model::{Brief, Number, Oid, RecordPath, RunId, Sha256, Status, Uid};
use crate::query::{Attribute, Subject, Target, Value};
use crate::store::lean;

/// One run of an index.
#[derive(Clone, Copy, Debug)]
pub struct RowView<'a> {
    index: &'a Index,
    bytes: &'a [u8],
    first: u32,
}

/// Where the parts of a row begin.
struct Parts<'a> {
    uid: &'a str,
    slug: &'a str,
    status: Status,
    dirty: bool,
    started: Time,
    metrics: Reader<'a>,
    params: Reader<'a>,
    rest: Reader<'a>,
}

impl<'a> RowView<'a> {
    pub(super) fn new(index: &'a Index, bytes: &'a [u8], first: u32) -> Self {
        Self {
            index,
            bytes,
            first,
        }
    }

    /// The next shared string.
    fn shared(&self, r: &mut Reader<'_>) -> Option<&'a [u8]> {
        let id = r.varint()?.checked_add(u64::from(self.first))?;
        Some(self.index.shared(id))
    }

    /// The run's identity.
    pub fn uid(&self) -> &'a str {
        Reader::new(self.bytes).text().unwrap_or_default()
    }

    /// The label's name.
    pub fn slug(&self) -> &'a str {
        let mut reader = Reader::new(self.bytes);
        reader
            .text()
            .and_then(|_| reader.text())
            .unwrap_or_default()
    }

    fn parts(&self) -> Option<Parts<'a>> {
        let mut reader = Reader::new(self.bytes);
        let uid = reader.text()?;
        let slug = reader.text()?;
        let status = status(reader.u8()?)?;
        let dirty = reader.u8()? == 1;
        let started = time(&mut reader)?;
        let mut part = || {
            let length = reader.u32()? as usize;
            reader.take(length).map(Reader::new)
        };
        let (metrics, params) = (part()?, part()?);
        Some(Parts {
            uid,
            slug,
            status,
            dirty,
            started,
            metrics,
            params,
            rest: reader,
        })
    }

    /// The JSON text of a metric.
    fn metric(&self, name: &str) -> Option<&'a str> {
        let mut reader = self.parts()?.metrics;
        for _ in 0..reader.varint()? {
            let found = self.shared(&mut reader)?;
            let raw = reader.text()?;
            if found == name.as_bytes() {
                return Some(raw);
            }
        }
        None
    }

    fn param(&self, name: &str) -> Option<&'a str> {
        let mut reader = self.parts()?.params;
        for _ in 0..reader.varint()? {
            let found = self.shared(&mut reader)?;
            let raw = self.shared(&mut reader)?;
            if found == name.as_bytes() {
                return std::str::from_utf8(raw).ok();
            }
        }
        None
    }

    /// The run in brief; `None` when the row makes no sense.
    pub fn brief(&self) -> Option<Brief> {
        let parts = self.parts()?;
        let mut reader = parts.rest;
        let r = &mut reader;
        let number = u32::try_from(r.varint()?).ok()?;
        let rev = u32::try_from(r.varint()?).ok()?;
        let title = r.text()?.to_owned();
        let goal = some_text(r)?;
        let conclusion = some_text(r)?;
        let base = match (some_text(r)?, some_text(r)?) {
            (Some(id), Some(uid)) => Some(Base {
                id,
                uid: Uid::parse(&uid)?,
            }),
            _ => None,
        };
        let tags = self.texts(r)?;
        let aliases = self.texts(r)?;
        let finished = match r.u8()? {
            1 => Some(time(r)?),
            _ => None,
        };
        let seconds = some_text(r)?.and_then(|text| Number::parse(&text));
        let process = some_text(r)?.and_then(|json| serde_json::from_str(&json).ok());
        let commit = self.some(r)?.and_then(|text| Oid::parse(&text));
        let branch = self.some(r)?;
        let code_tree = self.some(r)?.and_then(|text| Oid::parse(&text));
        let changes = self.list(r, |bytes| Some(RecordPath::from_bytes(bytes)))?;
        let config = self.shared_files(r)?;
        let data = self.data(r)?;
        let split = self.some(r)?;
        let metric_code = self.texts(r)?;
        let seed = self.some(r)?.and_then(|raw| lean::param(&raw));
        let (models, artifacts) = (files(r)?, files(r)?);
        let metrics_file = files(r)?.pop();
        let scatter = self.scatter(r)?;
        let arguments = self.texts(r)?;
        Some(Brief {
            uid: Uid::parse(parts.uid)?,
            slug: parts.slug.to_owned(),
            status: parts.status,
            dirty: parts.dirty,
            started: parts.started,
            metrics: self.metrics(parts.metrics)?,
            params: self.params(parts.params)?,
            rev,
            number,
            title,
            aliases,
            goal,
            base,
            tags,
            finished,
            seconds,
            process,
            commit,
            branch,
            code_tree,
            changes,
            config,
            data,
            split,
            metric_code,
            seed,
            metrics_file,
            arguments,
            models,
            artifacts,
            scatter,
            conclusion,
        })
    }

    fn scatter(&self, r: &mut Reader<'_>) -> Option<BTreeMap<String, Scatter>> {
        (0..r.varint()?)
            .map(|_| {
                let name = text(self.shared(r)?)?;
                let n = usize::try_from(r.varint()?).ok()?;
                let sd = f64::from_bits(r.u64()?);
                Some((name, Scatter { sd, n }))
            })
            .collect()
    }

    fn metrics(
        &self,
        mut reader: Reader<'_>,
    ) -> Option<BTreeMap<String, crate::model::MetricValue>> {
        (0..reader.varint()?)
            .map(|_| {
                let name = text(self.shared(&mut reader)?)?;
                Some((name, lean::metric(reader.text()?)?))
            })
            .collect()
    }

    fn params(&self, mut reader: Reader<'_>) -> Option<BTreeMap<String, crate::model::Param>> {
        (0..reader.varint()?)
            .map(|_| {
                let name = text(self.shared(&mut reader)?)?;
                let raw = std::str::from_utf8(self.shared(&mut reader)?).ok()?;
                Some((name, lean::param(raw)?))
            })
            .collect()
    }

    fn list<T>(&self, r: &mut Reader<'_>, item: fn(&[u8]) -> Option<T>) -> Option<Vec<T>> {
        (0..r.varint()?).map(|_| item(self.shared(r)?)).collect()
    }

    fn texts(&self, r: &mut Reader<'_>) -> Option<Vec<String>> {
        self.list(r, text)
    }

    /// An optional shared string; the outer `None` is damage.
    fn some(&self, r: &mut Reader<'_>) -> Option<Option<String>> {
        match r.u8()? {
            0 => Some(None),
            _ => text(self.shared(r)?).map(Some),
        }
    }

    fn shared_files(&self, r: &mut Reader<'_>) -> Option<Vec<FileBrief>> {
        (0..r.varint()?)
            .map(|_| {
                let path = RecordPath::from_bytes(self.shared(r)?);
                let sha256 = Sha256::parse(&text(self.shared(r)?)?)?;
                Some(FileBrief { path, sha256 })
            })
            .collect()
    }

    fn data(&self, r: &mut Reader<'_>) -> Option<Vec<DataBrief>> {
        (0..r.varint()?)
            .map(|_| {
                let role = text(self.shared(r)?)?;
                let path = RecordPath::from_bytes(self.shared(r)?);
                let sha256 = self.some(r)?.and_then(|text| Sha256::parse(&text));
                let blob = self.some(r)?.and_then(|text| Oid::parse(&text));
                Some(DataBrief {
                    role,
                    path,
                    sha256,
                    blob,
                    unstable: r.u8()? != 0,
                })
            })
            .collect()
    }
}

fn status(byte: u8) -> Option<Status> {
    const ALL: [Status; 5] = [
        Status::Running,
        Status::Ok,
        Status::Failed,
        Status::Aborted,
        Status::Stale,
    ];
    ALL.into_iter().find(|status| *status as u8 == byte)
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn some_text(r: &mut Reader<'_>) -> Option<Option<String>> {
    match r.u8()? {
        0 => Some(None),
        _ => r.text().map(|text| Some(text.to_owned())),
    }
}

fn time(r: &mut Reader<'_>) -> Option<Time> {
    let moment = DateTime::from_timestamp_millis(r.i64()?)?;
    let offset = FixedOffset::east_opt(i32::try_from(r.i64()?).ok()?)?;
    Some(moment.with_timezone(&offset))
}

fn files(r: &mut Reader<'_>) -> Option<Vec<FileBrief>> {
    (0..r.varint()?)
        .map(|_| {
            let path = RecordPath::from_bytes(r.bytes()?);
            let sha256 = Sha256::from_bytes(r.take(32)?.try_into().ok()?);
            Some(FileBrief { path, sha256 })
        })
        .collect()
}

/// JSON text as a value to compare: plain numbers are not unpacked.
fn value<'a, T>(raw: &'a str, unpack: fn(&str) -> Option<T>) -> Value<'a>
where
    T: 'static,
    for<'b> Value<'b>: From<&'b T>,
{
    match raw.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => {
            Value::Number(raw.parse().unwrap_or(f64::NAN), Cow::Borrowed(raw))
        }
        _ => unpack(raw).map_or(Value::Missing, |whole| Value::from(&whole).into_owned()),
    }
}

impl Subject for RowView<'_> {
    fn value(&self, target: &Target) -> Value<'_> {
        match target {
            Target::Metric(name) => self
                .metric(name)
                .map_or(Value::Missing, |raw| value(raw, lean::metric)),
            Target::Param(name) => self
                .param(name)
                .map_or(Value::Missing, |raw| value(raw, lean::param)),
            Target::Attribute(Attribute::Name) => Value::Text(self.slug().into()),
            Target::Attribute(Attribute::Uid) => Value::Hash(self.uid().into()),
            Target::Attribute(
                attribute @ (Attribute::Status | Attribute::Dirty | Attribute::Started),
            ) => self
                .parts()
                .map_or(Value::Missing, |parts| match attribute {
                    Attribute::Status => Value::Text(parts.status.word().into()),
                    Attribute::Dirty => Value::Bool(parts.dirty),
                    _ => Value::Time(parts.started.timestamp_millis()),
                }),
            _ => self
                .brief()
                .map_or(Value::Missing, |run| run.value(target).into_owned()),
        }
    }

    fn touches(&self, test: &dyn Fn(&[u8]) -> bool) -> bool {
        self.brief().is_some_and(|run| run.touches(test))
    }
}

impl RowView<'_> {
    /// Folder name; the number is in the table's line.
    pub fn id(&self, number: u32) -> RunId {
        RunId {
            number,
            slug: self.slug().to_owned(),
        }
    }
}
