//! A snapshot taken apart again.

use super::keep::{EXTRAS_TITLE, UID_TRAILER};
use crate::git::Error;
use crate::git::objects::Objects;
use crate::model::{Oid, RecordPath, Uid};

/// What a run's ref leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The files as they were.
    pub tree: Oid,
    /// The commit that was run; `None` before the first.
    pub base: Option<Oid>,
    /// The commit with what the tree can't hold; `None` when the ref names the commit that was run.
    pub extras: Option<Oid>,
    /// The run that a snapshot belongs to.
    pub uid: Option<Uid>,
}

/// Tells a snapshot from an ordinary commit, and takes it apart.
pub fn parts(objects: &Objects<'_>, commit: &Oid) -> Result<Parts, Error> {
    let object = objects.read(commit)?;
    let object = object.ok_or_else(|| Error::Missing(commit.clone()))?;
    if object.kind != "commit" {
        return Err(Error::Unexpected(format!("{commit} is a {}", object.kind)));
    }
    let text = String::from_utf8_lossy(&object.content);
    let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
    let field = |name: &'static str| {
        head.lines()
            .filter_map(move |line| Oid::parse(line.strip_prefix(name)?.strip_prefix(' ')?))
    };
    let tree = field("tree").next();
    let tree = tree.ok_or_else(|| Error::Unexpected(format!("{commit} has no tree")))?;
    let mut parents: Vec<Oid> = field("parent").collect();
    let uid = message
        .lines()
        .find_map(|line| Uid::parse(line.strip_prefix(UID_TRAILER)?.strip_prefix(": ")?));
    // A user may quote our trailer, but not our second commit.
    let extras = match (&uid, parents.last()) {
        (Some(_), Some(last)) if is_extras(objects, last)? => parents.pop(),
        _ => {
            return Ok(Parts {
                tree,
                base: Some(commit.clone()),
                extras: None,
                uid: None,
            });
        }
    };
    Ok(Parts {
        tree,
        base: parents.pop(),
        extras,
        uid,
    })
}

fn is_extras(objects: &Objects<'_>, commit: &Oid) -> Result<bool, Error> {
    let title = format!("\n\n{EXTRAS_TITLE}");
    Ok(objects.read(commit)?.is_some_and(|object| {
        let text = String::from_utf8_lossy(&object.content);
        text.trim_end().ends_with(&title)
    }))
}

impl Parts {
    /// The copy of the record that was made at start.
    pub fn run_json(&self, objects: &Objects<'_>) -> Result<Option<Vec<u8>>, Error> {
        match &self.extras {
            Some(extras) => objects.blob_at(extras, &"run.json".into()),
            None => Ok(None),
        }
    }

    /// A list of paths kept beside the tree.
    pub fn list(&self, objects: &Objects<'_>, name: &str) -> Result<Vec<RecordPath>, Error> {
        let Some(extras) = &self.extras else {
            return Ok(Vec::new());
        };
        let bytes = objects.blob_at(extras, &name.into())?.unwrap_or_default();
        let paths = bytes.split(|&b| b == 0).filter(|path| !path.is_empty());
        Ok(paths.map(RecordPath::from_bytes).collect())
    }
}
