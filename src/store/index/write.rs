//! Puts an index together: rows of an older one as they are, new ones from records.

use std::collections::HashMap;
use std::path::Path;

use foldhash::fast::RandomState;

use super::codec::Writer;
use super::{Basis, HEADER, Index, MAGIC};
use crate::model::brief::FileBrief;
use crate::model::run::Time;
use crate::model::{Brief, MetricValue, Status};
use crate::query::Names;
use crate::store::stat::Key;

/// An index in the making.
#[derive(Debug)]
pub struct Builder {
    body: Writer,
    table: Vec<(u32, String, [u8; super::LINE])>,
    shared: Vec<Vec<u8>>,
    // A tenth of the time went into hashing with the usual hasher.
    ids: HashMap<Vec<u8>, u64, RandomState>,
    names: Names,
}

impl Builder {
    /// Starts with nothing, or with the shared strings of an older index, so that its rows can be
    /// taken over byte for byte.
    pub fn new(older: Option<&Index>) -> Self {
        let shared: Vec<Vec<u8>> = older.map_or_else(Vec::new, |older| {
            (0..older.shared.len() as u64)
                .map(|id| older.shared(id).to_vec())
                .collect()
        });
        let ids = shared.iter().cloned().zip(0..).collect();
        let names = older.map_or_else(Names::default, |older| older.names.clone());
        let body = Writer(vec![0; HEADER]);
        Self {
            body,
            table: Vec::new(),
            shared,
            ids,
            names,
        }
    }

    /// Whether so much has changed since the older index that its strings are mostly unused.
    pub fn is_bloated(&self) -> bool {
        self.shared.len() > 4096 + 4 * self.table.len()
    }

    /// Takes over a row.
    pub fn keep(&mut self, older: &Index, index: usize) {
        let line = older.line(index);
        let at = self.body.0.len();
        self.body.0.extend_from_slice(older.raw(index));
        let uid = older.row(index).uid().to_owned();
        self.line(at, line.number, uid, line.finished, &line.key);
    }

    /// Adds a run. `like` is the one before, whose names are known.
    pub fn add(&mut self, run: &Brief, key: &Key, like: Option<&Brief>) {
        self.names.learn(run, like);
        let at = self.body.0.len();
        self.encode(run);
        let finished = run.status != Status::Running;
        self.line(at, run.number, run.uid.as_str().to_owned(), finished, key);
    }

    fn line(&mut self, at: usize, number: u32, uid: String, finished: bool, key: &Key) {
        let mut line = Writer::default();
        // Four gigabytes of index would be ten million runs; such a file fails its own check.
        line.u32(u32::try_from(at).unwrap_or(u32::MAX));
        line.u32(u32::try_from(self.body.0.len() - at).unwrap_or(0));
        line.u32(number);
        line.u32(u32::from(finished));
        line.key(key);
        if let Ok(bytes) = line.0.try_into() {
            self.table.push((number, uid, bytes));
        }
    }

    /// The finished file.
    pub fn finish(mut self, basis: &Basis) -> Vec<u8> {
        let shared_at = self.body.0.len();
        self.body.varint(self.shared.len() as u64);
        for text in &self.shared {
            self.body.bytes(text);
        }
        let names = &self.names;
        for set in [&names.metrics, &names.params, &names.tags, &names.roles] {
            self.body.varint(set.len() as u64);
            for name in set {
                self.body.bytes(name.as_bytes());
            }
        }
        let table_at = self.body.0.len();
        self.table.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        for (.., line) in &self.table {
            self.body.0.extend(line);
        }
        let mut head = Writer(MAGIC.to_vec());
        head.key(&basis.runs);
        head.key(&basis.git);
        for number in [shared_at, table_at, self.table.len()] {
            head.u64(number as u64);
        }
        let mut bytes = self.body.0;
        bytes[..HEADER].copy_from_slice(&head.0);
        let mut crc = flate2::Crc::new();
        crc.update(&bytes);
        bytes.extend(crc.sum().to_le_bytes());
        bytes
    }

    fn intern(&mut self, bytes: &[u8]) {
        let next = self.shared.len() as u64;
        let id = match self.ids.get(bytes) {
            Some(id) => *id,
            None => {
                self.shared.push(bytes.to_vec());
                self.ids.insert(bytes.to_vec(), next);
                next
            }
        };
        self.body.varint(id);
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

    fn texts<'a>(&mut self, items: impl ExactSizeIterator<Item = &'a [u8]>) {
        self.body.varint(items.len() as u64);
        for item in items {
            self.intern(item);
        }
    }

    /// Paths are shared; a digest of a model hardly ever is.
    fn files(&mut self, files: &[FileBrief], digest_is_shared: bool) {
        self.body.varint(files.len() as u64);
        for file in files {
            match digest_is_shared {
                true => self.intern(file.path.as_bytes()),
                false => self.body.bytes(file.path.as_bytes()),
            }
            match digest_is_shared {
                true => self.intern(file.sha256.as_str().as_bytes()),
                false => self.body.0.extend(file.sha256.to_bytes()),
            }
        }
    }

    /// What [`super::row`] reads back. What selections ask for most comes first.
    fn encode(&mut self, run: &Brief) {
        self.text(run.uid.as_str());
        self.text(&run.slug);
        self.body.0.push(run.status as u8);
        self.body.0.push(u8::from(run.dirty));
        self.time(&run.started);
        let at = self.hole();
        self.body.varint(run.metrics.len() as u64);
        for (name, value) in &run.metrics {
            self.intern(name.as_bytes());
            match value {
                MetricValue::Number(number) if number.as_json().is_some() => {
                    self.text(number.as_str());
                }
                value => self.text(&serde_json::to_string(value).unwrap_or_default()),
            }
        }
        self.fill(at);
        let at = self.hole();
        self.body.varint(run.params.len() as u64);
        for (name, value) in &run.params {
            self.intern(name.as_bytes());
            match value.plain_json() {
                Some(raw) => self.intern(raw.as_bytes()),
                None => self.intern(serde_json::to_string(value).unwrap_or_default().as_bytes()),
            }
        }
        self.fill(at);
        self.rest(run);
    }

    fn rest(&mut self, run: &Brief) {
        self.body.varint(u64::from(run.number));
        self.body.varint(u64::from(run.rev));
        self.text(&run.title);
        self.some_text(run.goal.as_deref());
        self.some_text(run.conclusion.as_deref());
        self.some_text(run.base.as_ref().map(|base| base.id.as_str()));
        self.some_text(run.base.as_ref().map(|base| base.uid.as_str()));
        self.texts(run.tags.iter().map(String::as_bytes));
        self.texts(run.aliases.iter().map(String::as_bytes));
        self.body.0.push(u8::from(run.finished.is_some()));
        if let Some(time) = &run.finished {
            self.time(time);
        }
        let seconds = run.seconds.as_ref().map(|s| s.as_str().to_owned());
        self.some_text(seconds.as_deref());
        let process = run
            .process
            .as_ref()
            .and_then(|p| serde_json::to_string(p).ok());
        self.some_text(process.as_deref());
        self.intern_some(run.commit.as_ref().map(|c| c.as_str()));
        self.intern_some(run.branch.as_deref());
        self.intern_some(run.code_tree.as_ref().map(|c| c.as_str()));
        self.texts(run.changes.iter().map(|path| path.as_bytes()));
        self.files(&run.config, true);
        self.body.varint(run.data.len() as u64);
        for input in &run.data {
            self.intern(input.role.as_bytes());
            self.intern(input.path.as_bytes());
            self.intern_some(input.sha256.as_ref().map(|d| d.as_str()));
            self.intern_some(input.blob.as_ref().map(|oid| oid.as_str()));
            self.body.0.push(u8::from(input.unstable));
        }
        self.intern_some(run.split.as_deref());
        self.texts(run.metric_code.iter().map(String::as_bytes));
        let seed = run
            .seed
            .as_ref()
            .and_then(|seed| serde_json::to_string(seed).ok());
        self.intern_some(seed.as_deref());
        self.files(&run.models, false);
        self.files(&run.artifacts, false);
        self.files(run.metrics_file.as_slice(), false);
        self.body.varint(run.scatter.len() as u64);
        for (name, scatter) in &run.scatter {
            self.intern(name.as_bytes());
            self.body.varint(scatter.n as u64);
            self.body.u64(scatter.sd.to_bits());
        }
        self.texts(run.arguments.iter().map(String::as_bytes));
    }

    /// Room for the length of a part that readers may skip.
    fn hole(&mut self) -> usize {
        self.body.u32(0);
        self.body.0.len()
    }

    fn fill(&mut self, at: usize) {
        let length = u32::try_from(self.body.0.len() - at).unwrap_or(0);
        self.body.0[at - 4..at].copy_from_slice(&length.to_le_bytes());
    }
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
