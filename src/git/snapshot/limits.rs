//! Tracked files whose changed content is over the limits: named with their digest, not kept.
//!
//! The tree keeps what git has of them already, the staged version or the commit's, so that a
//! checkpoint of 600 MB that somebody once committed doesn't enter the object database with each run.

use std::path::PathBuf;

use super::conversion;
use super::files::{Budget, fit, open_regular};
use super::observe::Seen;
use crate::git::Error;
use crate::git::tree::Entry;
use crate::model::code::LeftOut;
use crate::model::{Oid, RecordPath};

/// So many paths are named in one sentence.
const SHOWN: usize = 3;

/// Tracked files that are only named.
#[derive(Debug, Default)]
pub struct Held {
    /// With size and digest, in path order.
    pub left_out: Vec<LeftOut>,
}

impl Held {
    /// Whether a path is one of them.
    pub fn contains(&self, path: &RecordPath) -> bool {
        let found = self.left_out.binary_search_by(|held| held.path.cmp(path));
        found.is_ok()
    }

    /// Their paths.
    pub fn paths(&self) -> impl Iterator<Item = &RecordPath> {
        self.left_out.iter().map(|held| &held.path)
    }

    /// Gives the entries of these files the ids that their bytes would have, so that a digest over
    /// all entries tells two contents apart. Nothing is written.
    pub fn mark(&self, seen: &Seen<'_>, entries: &mut [Entry]) -> Result<(), Error> {
        if self.left_out.is_empty() {
            return Ok(());
        }
        for entry in entries.iter_mut() {
            if self.contains(&entry.path) {
                entry.id = raw_id(seen, &entry.path)?.unwrap_or_else(|| entry.id.clone());
            }
        }
        Ok(())
    }
}

/// Finds them. What is staged as it is on disk is in the object database already, and Git LFS keeps
/// its files elsewhere: both are always allowed.
pub fn find(seen: &Seen<'_>, budget: &mut Budget) -> Result<Held, Error> {
    let (status, scope) = (&seen.status, seen.scope);
    let mut sized = Vec::new();
    for path in status.edited.iter().chain(&status.conflicts) {
        sized.extend(length(seen, path)?.map(|bytes| (bytes, path)));
    }
    for path in seen.hidden.paths() {
        // git was told not to look, so that they may be as they were.
        let large = length(seen, path)?.filter(|bytes| *bytes > scope.max_file_bytes);
        if let Some(bytes) = large
            && raw_id(seen, path)?.as_ref() != staged(seen, path).map(|entry| &entry.id)
        {
            sized.push((bytes, path));
        }
    }
    drop_lfs(seen, &mut sized)?;
    let (_, mut left_out) = fit(
        seen.repo.top()?,
        &RecordPath::default(),
        sized,
        scope,
        budget,
    );
    left_out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Held { left_out })
}

/// The entry of a path in the index; our side in a conflict.
pub fn staged<'s>(seen: &'s Seen<'_>, path: &RecordPath) -> Option<&'s Entry> {
    let of_path = |stage: u8| {
        let mut entries = seen.index.iter();
        entries.find(|entry| entry.stage == stage && entry.entry.path == *path)
    };
    let entry = [0, 2, 3, 1].into_iter().find_map(of_path)?;
    Some(&entry.entry)
}

/// Says which files are in no snapshot though the run may have read them.
pub fn told(left_out: &[LeftOut]) -> Vec<String> {
    let reasons = [
        ("size", "too large to keep, recorded by digest only"),
        ("secret", "named like a secret, not kept"),
        ("unreadable", "can't be read, not kept"),
    ];
    let sentence = |(why, words): (&str, &str)| {
        let files = left_out.iter().filter(|entry| entry.why == why);
        let names: Vec<_> = files.map(|entry| entry.path.display()).collect();
        let (shown, more) = names.split_at(names.len().min(SHOWN));
        let more = match more.len() {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        (!names.is_empty()).then(|| format!("{words}: {}{more}", shown.join(", ")))
    };
    reasons.into_iter().filter_map(sentence).collect()
}

fn drop_lfs(seen: &Seen<'_>, sized: &mut Vec<(u64, &RecordPath)>) -> Result<(), Error> {
    if sized.is_empty() || !seen.config.filters.contains("lfs") {
        return Ok(());
    }
    let paths = sized.iter().map(|(_, path)| *path);
    let attributes = conversion::ask_paths(seen.repo, seen.scope, &seen.config, paths)?;
    let mut attributes = attributes.into_iter();
    sized.retain(|_| {
        !attributes
            .next()
            .is_some_and(|found| found.names_filter("lfs"))
    });
    Ok(())
}

fn place(seen: &Seen<'_>, path: &RecordPath) -> Result<PathBuf, Error> {
    Ok(seen.repo.top()?.join(path.to_path()))
}

/// The size of a regular file.
fn length(seen: &Seen<'_>, path: &RecordPath) -> Result<Option<u64>, Error> {
    let found = place(seen, path)?.symlink_metadata().ok();
    Ok(found
        .filter(|found| found.is_file())
        .map(|found| found.len()))
}

/// The id that a file's bytes would have as a blob; `None` when they can't be read.
fn raw_id(seen: &Seen<'_>, path: &RecordPath) -> Result<Option<Oid>, Error> {
    let Ok((mut file, _)) = open_regular(&place(seen, path)?) else {
        return Ok(None);
    };
    let id = seen.repo.format().blob_of_file(&mut file);
    Ok(id.unwrap_or_default())
}
