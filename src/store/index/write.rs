//! Puts an index together: rows of an older one as they are, new ones straight from records.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use foldhash::fast::RandomState;

use super::codec::{Reader, Writer};
use super::{Basis, HEADER, Index, LINE, MAGIC};
use crate::model::run::Time;
use crate::model::{Status, repeats};
use crate::query::Names;
use crate::store::lean::{self, Lean, LeanFile, RawMap};
use crate::store::stat::Key;

/// What a shared string is the name of.
const METRIC: u8 = 1;
const PARAM: u8 = 2;
const ROLE: u8 = 4;

/// An index in the making, or a part of one that is appended to another.
#[derive(Debug)]
pub struct Builder<'o> {
    body: Writer,
    lines: Vec<Line>,
    /// The strings that rows share, one after the other.
    strings: Writer,
    /// Where to find them. A tenth of the time went into hashing with the usual hasher.
    ids: HashMap<Cow<'o, [u8]>, u32, RandomState>,
    /// Of each string, what it is the name of.
    kinds: Vec<u8>,
    names: Names,
    /// How many strings there were when every row was new.
    clean: Option<u64>,
}

/// A line of the table to be.
#[derive(Debug)]
struct Line {
    at: usize,
    length: usize,
    number: u32,
    finished: bool,
    first: u32,
    key: Key,
}

impl<'o> Builder<'o> {
    /// Starts with nothing, or with the shared strings of an older index, so that its rows can be
    /// taken over byte for byte.
    pub fn new(older: Option<&'o Index>) -> Self {
        let count = older.map_or(0, |older| older.shared.len());
        let shared = (0u32..).take(count);
        let string = |id: u32| Some((Cow::Borrowed(older?.shared(id.into())), id));
        Self {
            body: Writer(vec![0; HEADER]),
            lines: Vec::new(),
            strings: Writer(older.map_or_else(Vec::new, |older| {
                older.bytes[older.strings.clone()].to_vec()
            })),
            ids: shared.filter_map(string).collect(),
            kinds: vec![0; count],
            names: older.map_or_else(Names::default, |older| older.names.clone()),
            clean: older.map(|older| older.clean),
        }
    }

    /// Whether so many strings were added since every row was new that most may be unused.
    pub fn is_bloated(&self) -> bool {
        let limit = |clean: u64| 4096 + 2 * clean;
        self.clean
            .is_some_and(|clean| self.kinds.len() as u64 > limit(clean))
    }

    /// Takes over a row.
    pub fn keep(&mut self, older: &Index, index: usize) {
        let line = older.line(index);
        let at = self.body.0.len();
        self.body.0.extend_from_slice(older.raw(&line));
        self.line(at, line.number, line.finished, line.first, &line.key);
    }

    /// Adds a run.
    pub(in crate::store) fn add(&mut self, run: &Lean<'_>, key: &Key) {
        let at = self.body.0.len();
        self.encode(run);
        self.line(at, run.number, run.status != Status::Running, 0, key);
    }

    /// Takes over the rows of a part. Its strings stay its own: to look each up again would cost more
    /// than the few bytes are worth.
    pub fn append(&mut self, part: Builder<'_>) {
        let (at, first) = (self.body.0.len() - HEADER, self.kinds.len() as u32);
        self.body.0.extend_from_slice(&part.body.0[HEADER..]);
        self.strings.0.extend_from_slice(&part.strings.0);
        self.kinds.extend_from_slice(&part.kinds);
        self.names.merge(part.names);
        self.lines.extend(part.lines.into_iter().map(|line| Line {
            at: line.at + at,
            first: line.first + first,
            ..line
        }));
    }

    fn line(&mut self, at: usize, number: u32, finished: bool, first: u32, key: &Key) {
        self.lines.push(Line {
            at,
            length: self.body.0.len() - at,
            number,
            finished,
            first,
            key: *key,
        });
    }

    /// The finished file.
    pub fn finish(mut self, basis: &Basis) -> Vec<u8> {
        let rows = std::mem::take(&mut self.body.0);
        let uid = |line: &Line| Reader::new(&rows[line.at..]).text();
        self.lines.sort_by(|a, b| {
            let number = a.number.cmp(&b.number);
            number.then_with(|| uid(a).cmp(&uid(b)))
        });
        let mut file = Writer(rows);
        let shared_at = file.0.len();
        let count = self.kinds.len() as u64;
        file.varint(count);
        file.0.extend_from_slice(&self.strings.0);
        let names = &self.names;
        for set in [&names.metrics, &names.params, &names.tags, &names.roles] {
            file.varint(set.len() as u64);
            for name in set {
                file.bytes(name.as_bytes());
            }
        }
        let table_at = file.0.len();
        file.0.reserve(self.lines.len() * LINE + 4);
        for line in &self.lines {
            // Four gigabytes of index would be ten million runs; such a file fails its own check.
            file.u32(u32::try_from(line.at).unwrap_or(u32::MAX));
            file.u32(u32::try_from(line.length).unwrap_or(0));
            file.u32(line.number);
            file.u32(u32::from(line.finished));
            file.u32(line.first);
            file.key(&line.key);
        }
        let mut head = Writer(MAGIC.to_vec());
        head.key(&basis.runs);
        head.key(&basis.git);
        let clean = self.clean.unwrap_or(count);
        for number in [
            shared_at as u64,
            table_at as u64,
            self.lines.len() as u64,
            clean,
        ] {
            head.u64(number);
        }
        let mut bytes = file.0;
        bytes[..HEADER].copy_from_slice(&head.0);
        let mut crc = flate2::Crc::new();
        crc.update(&bytes);
        bytes.extend(crc.sum().to_le_bytes());
        bytes
    }

    fn intern(&mut self, bytes: &[u8]) -> usize {
        let id = match self.ids.get(bytes) {
            Some(id) => *id,
            None => {
                let next = self.kinds.len() as u32;
                self.strings.bytes(bytes);
                self.kinds.push(0);
                self.ids.insert(Cow::Owned(bytes.to_vec()), next);
                next
            }
        };
        self.body.varint(id.into());
        id as usize
    }

    /// A name that people can ask for.
    fn name(&mut self, name: &str, kind: u8) {
        let id = self.intern(name.as_bytes());
        if self.kinds[id] & kind == 0 {
            self.kinds[id] |= kind;
            let known: &mut BTreeSet<String> = match kind {
                METRIC => &mut self.names.metrics,
                PARAM => &mut self.names.params,
                _ => &mut self.names.roles,
            };
            known.insert(name.to_owned());
        }
    }

    /// An optional shared string: 0, or 1 and its id.
    fn intern_some(&mut self, text: Option<&str>) {
        self.body.0.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.intern(text.as_bytes());
        }
    }

    fn text(&mut self, text: &str) {
        self.body.bytes(text.as_bytes());
    }

    fn some_text(&mut self, text: Option<&str>) {
        self.body.0.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn time(&mut self, time: &Time) {
        self.body.i64(time.timestamp_millis());
        self.body.i64(i64::from(time.offset().local_minus_utc()));
    }

    fn texts<'t>(&mut self, items: impl ExactSizeIterator<Item = &'t [u8]>) {
        self.body.varint(items.len() as u64);
        for item in items {
            self.intern(item);
        }
    }

    /// Paths are shared; a digest of a model hardly ever is.
    fn files<'f>(&mut self, files: impl ExactSizeIterator<Item = &'f LeanFile<'f>>) {
        self.body.varint(files.len() as u64);
        for file in files {
            self.body.bytes(&file.path);
            let digit = |at: usize| (file.sha256.as_bytes()[at] as char).to_digit(16);
            let byte = |at: usize| Some((digit(2 * at)? << 4 | digit(2 * at + 1)?) as u8);
            self.body.0.extend((0..32).map(|at| byte(at).unwrap_or(0)));
        }
    }

    /// What [`super::row`] reads back. What selections ask for most comes first.
    fn encode(&mut self, run: &Lean<'_>) {
        self.text(run.uid);
        self.text(run.slug);
        self.body.0.push(run.status as u8);
        self.body.0.push(u8::from(run.is_dirty()));
        self.time(&run.started);
        self.part(&run.metrics, METRIC, |builder, raw| {
            let spelled = spelled(raw, lean::metric);
            builder.text(&spelled);
        });
        self.part(&run.params, PARAM, |builder, raw| {
            let spelled = spelled(raw, lean::param);
            builder.intern(spelled.as_bytes());
        });
        self.rest(run);
    }

    /// Names and values, behind their length, for readers may skip them.
    fn part(&mut self, map: &RawMap<'_>, kind: u8, value: impl Fn(&mut Self, &str)) {
        self.body.u32(0);
        let at = self.body.0.len();
        self.body.varint(map.0.len() as u64);
        for (name, raw) in &map.0 {
            self.name(name, kind);
            value(self, raw);
        }
        let length = u32::try_from(self.body.0.len() - at).unwrap_or(0);
        self.body.0[at - 4..at].copy_from_slice(&length.to_le_bytes());
    }

    fn rest(&mut self, run: &Lean<'_>) {
        self.body.varint(u64::from(run.number));
        self.body.varint(u64::from(run.rev));
        self.text(&run.title);
        self.some_text(run.goal.as_deref());
        self.some_text(run.conclusion.as_deref());
        self.some_text(run.base.as_ref().map(|base| &*base.id));
        self.some_text(run.base.as_ref().map(|base| base.uid));
        for tag in &run.tags {
            let key = tag.split_once('=').map_or(&**tag, |(key, _)| key);
            self.names.tags.insert(key.to_owned());
        }
        self.texts(run.tags.iter().map(|text| text.as_bytes()));
        self.texts(run.aliases.iter().map(|text| text.as_bytes()));
        self.body.0.push(u8::from(run.finished.is_some()));
        if let Some(time) = &run.finished {
            self.time(time);
        }
        let seconds = run.seconds.and_then(|raw| lean::number(raw.get()));
        self.some_text(seconds.as_ref().map(|seconds| seconds.as_str()));
        self.some_text(json(&run.process).as_deref());
        self.intern_some(run.code.commit);
        self.intern_some(run.code.branch.as_deref());
        self.intern_some(run.code.code_tree);
        self.texts(run.code.changes.iter().map(|change| &*change.path));
        self.body.varint(run.config.len() as u64);
        for file in &run.config {
            self.intern(&file.path);
            self.intern(file.sha256.as_bytes());
        }
        self.body.varint(run.data.len() as u64);
        for input in &run.data {
            self.name(&input.role, ROLE);
            self.intern(&input.path);
            self.intern_some(input.sha256);
            self.intern_some(input.blob);
            self.body.0.push(u8::from(input.unstable));
        }
        self.intern_some(run.eval.split.as_deref());
        self.texts(run.eval.metric_code.iter().map(|text| text.as_bytes()));
        self.intern_some(json(&run.seed.and_then(|raw| lean::param(raw.get()))).as_deref());
        self.files(run.models.iter());
        self.files(run.artifacts.iter());
        self.files(run.metrics_file.iter());
        let scatters = repeats::scatters(&run.repeats);
        self.body.varint(scatters.len() as u64);
        for (name, scatter) in &scatters {
            self.intern(name.as_bytes());
            self.body.varint(scatter.n as u64);
            self.body.u64(scatter.sd.to_bits());
        }
        let arguments = run.arguments();
        self.texts(arguments.iter().map(String::as_bytes));
    }
}

/// The JSON text of a value as our own writer spells it.
fn spelled<T: serde::Serialize>(raw: &str, read: fn(&str) -> Option<T>) -> Cow<'_, str> {
    match lean::is_plain(raw) {
        true => Cow::Borrowed(raw),
        false => Cow::Owned(json(&read(raw)).unwrap_or_default()),
    }
}

fn json<T: serde::Serialize>(value: &Option<T>) -> Option<String> {
    value
        .as_ref()
        .and_then(|value| serde_json::to_string(value).ok())
}

/// Writes an index. It can be rebuilt, so nothing waits for the disk and a failure is nobody's.
pub fn save(path: &Path, bytes: &[u8]) {
    let write = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new()
            .prefix(".tmp-")
            .tempfile_in(folder)?;
        std::io::Write::write_all(&mut file, bytes)?;
        file.persist(path).map_err(|error| error.error).map(drop)
    };
    let _ = write();
}
