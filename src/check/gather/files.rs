//! The contents of record files: each is read and looked through once, also where many runs have it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use super::records::digests;
use crate::git::unchanged::Known;
use crate::model::Sha256;
use crate::observe::secrets::{self, Finding};

/// The bytes of a file, and what was seen in them.
#[derive(Debug)]
pub struct Content {
    /// The bytes.
    pub bytes: Vec<u8>,
    secrets: OnceLock<Vec<Finding>>,
    digests: OnceLock<[Sha256; 2]>,
}

impl Content {
    /// Takes bytes that nothing was seen in yet.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            secrets: OnceLock::new(),
            digests: OnceLock::new(),
        }
    }

    /// What looks like a secret.
    pub fn secrets(&self) -> &[Finding] {
        self.secrets.get_or_init(|| secrets::scan(&self.bytes))
    }

    /// Digests of the bytes as they are, and with line ends made `\n`.
    pub fn digests(&self) -> &[Sha256; 2] {
        self.digests.get_or_init(|| digests(&self.bytes))
    }
}

/// The files of a run, by their path in its folder.
pub type Files = BTreeMap<String, Arc<Content>>;

/// What more than one run has: environments, the configuration of repeats.
pub struct Shared {
    contents: HashMap<Known, OnceLock<Option<Arc<Content>>>>,
}

impl Shared {
    /// Takes the files that occur more than once.
    pub fn among<'k>(all: impl Iterator<Item = &'k Known>) -> Self {
        let mut count: HashMap<&Known, usize> = HashMap::new();
        for known in all {
            *count.entry(known).or_default() += 1;
        }
        let often = count.into_iter().filter(|(_, count)| *count > 1);
        Self {
            contents: often
                .map(|(known, _)| (known.clone(), OnceLock::new()))
                .collect(),
        }
    }

    /// The content of a file, which is read if none of the same content was.
    pub fn get(
        &self,
        known: Option<&Known>,
        read: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Option<Arc<Content>> {
        let look = || read().map(|bytes| Arc::new(Content::new(bytes)));
        match known.and_then(|known| self.contents.get(known)) {
            Some(shared) => shared.get_or_init(look).clone(),
            None => look(),
        }
    }
}
