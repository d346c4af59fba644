//! Which configuration file of one run belongs to which of the other.

use crate::model::RecordPath;
use crate::model::data::ConfigFile;

/// A configuration file in both runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePair {
    /// Its path in the first run.
    pub a: Option<RecordPath>,
    /// Its path in the second run.
    pub b: Option<RecordPath>,
    /// Whether the bytes are equal.
    pub same_bytes: bool,
    /// Why its keys can't be told, if they can't.
    pub unread: Option<String>,
}

impl FilePair {
    /// Whether it differs and nobody could look inside: one factor.
    pub fn is_opaque_change(&self) -> bool {
        self.unread.is_some() && !self.same_bytes
    }

    /// The name it is counted under.
    pub fn name(&self) -> String {
        let path = self.b.as_ref().or(self.a.as_ref());
        path.map(|path| path.display().into_owned())
            .unwrap_or_default()
    }
}

/// Pairs files by path, then those that are left in their order.
pub(super) fn pairs(a: &[ConfigFile], b: &[ConfigFile]) -> Vec<FilePair> {
    let in_other = |file: &ConfigFile, other: &[ConfigFile]| {
        other
            .iter()
            .position(|candidate| candidate.path == file.path)
    };
    let mut pairs: Vec<FilePair> = Vec::new();
    let mut left_b: Vec<&ConfigFile> = b.iter().filter(|f| in_other(f, a).is_none()).collect();
    left_b.reverse();
    for file in a {
        let twin = match in_other(file, b) {
            Some(at) => Some(&b[at]),
            None => left_b.pop(),
        };
        pairs.push(pair(Some(file), twin));
    }
    left_b.reverse();
    pairs.extend(left_b.into_iter().map(|file| pair(None, Some(file))));
    pairs
}

fn pair(a: Option<&ConfigFile>, b: Option<&ConfigFile>) -> FilePair {
    let unread = |file: Option<&ConfigFile>| file.and_then(|file| file.unread.clone());
    FilePair {
        a: a.map(|file| file.path.clone()),
        b: b.map(|file| file.path.clone()),
        same_bytes: matches!((a, b), (Some(a), Some(b)) if a.sha256 == b.sha256),
        unread: unread(b).or_else(|| unread(a)),
    }
}
