//! Data cards and folder manifests under `experiments/data/`, by the digest of the content.

use crate::error::Result;
use crate::model::{Card, Sha256};
use crate::observe::data::card;

use super::contain;
use super::layout::Project;
use crate::atomic;

/// The stored card of a content; a missing or damaged one is none, for it can be made again.
pub fn read(project: &Project, sha256: &Sha256) -> Option<Card> {
    let path = project.cards().join(card::file_name(sha256));
    let found = path
        .symlink_metadata()
        .ok()
        .filter(std::fs::Metadata::is_file)?;
    let bytes = (found.len() <= LIMIT).then(|| std::fs::read(&path).ok())??;
    card::parse(&bytes, &path)
        .ok()
        .filter(|card| card.sha256 == *sha256)
}

/// A card has a bounded number of columns and sketches; a larger file is none of ours.
const LIMIT: u64 = 64 << 20;

/// Writes a card, unless the same is there already.
pub fn write(project: &Project, card: &Card) -> Result<()> {
    put(
        project,
        &card::file_name(&card.sha256),
        &card::to_json(card)?,
    )
}

/// Writes a folder's manifest in `sha256sum` format, unless it is there already.
pub fn write_manifest(project: &Project, sha256: &Sha256, manifest: &[u8]) -> Result<()> {
    put(project, &manifest_name(sha256), manifest)
}

/// A folder's stored manifest; a missing or damaged one is none.
pub fn read_manifest(project: &Project, sha256: &Sha256) -> Option<Vec<u8>> {
    let path = project.cards().join(manifest_name(sha256));
    let found = path.symlink_metadata().ok()?;
    if !found.is_file() || found.len() > MANIFEST_LIMIT {
        return None;
    }
    let text = std::fs::read(&path).ok()?;
    (Sha256::of(&text) == *sha256).then_some(text)
}

/// Some five million files.
const MANIFEST_LIMIT: u64 = 512 << 20;

/// The file name of a folder's manifest.
pub fn manifest_name(sha256: &Sha256) -> String {
    format!("{sha256}.sha256")
}

fn put(project: &Project, name: &str, bytes: &[u8]) -> Result<()> {
    let folder = project.cards();
    contain::real_folder(&folder)?;
    let path = folder.join(name);
    if std::fs::read(&path).ok().as_deref() == Some(bytes) {
        return Ok(());
    }
    atomic::make_folder(&folder)?;
    atomic::write(&path, bytes)
}
