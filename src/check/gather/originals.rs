//! Configurations as they were in the frozen trees.

use std::collections::HashMap;

use super::Work;
use super::records::digests;
use crate::model::{Oid, RecordPath, Sha256};

/// Digests of configurations in frozen trees. Many runs have one tree, and many trees one file.
#[derive(Default)]
pub struct Originals {
    at: HashMap<(Oid, RecordPath), Option<[Sha256; 2]>>,
    of_blob: HashMap<Oid, [Sha256; 2]>,
}

impl Originals {
    /// As it is, and with line ends made `\n`; `None` when there is no such file, or it is not here.
    pub fn digests(
        &mut self,
        work: &Work<'_, '_>,
        root: &Oid,
        path: &RecordPath,
    ) -> Option<[Sha256; 2]> {
        let place = (root.clone(), path.clone());
        if let Some(known) = self.at.get(&place) {
            return known.clone();
        }
        let found = self.read(work, root, path);
        self.at.insert(place, found.clone());
        found
    }

    fn read(&mut self, work: &Work<'_, '_>, root: &Oid, path: &RecordPath) -> Option<[Sha256; 2]> {
        let item = work.objects.at(root, path).ok()??;
        if let Some(known) = self.of_blob.get(&item.id) {
            return Some(known.clone());
        }
        let found = digests(&work.objects.file(&item).ok()??);
        self.of_blob.insert(item.id, found.clone());
        Some(found)
    }
}
