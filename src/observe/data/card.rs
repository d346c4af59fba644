//! Data cards: put together, and in their stored form.

use std::path::Path;

use super::columnar::NOT_BUILT;
use super::profile::{Profiled, Wanted};
use super::{Input, StoredCards, hash};
use crate::error::Result;
use crate::model::Sha256;
use crate::model::card::{CARD_SCHEMA, Card};
use crate::model::data::DataKind;
use crate::store::format;

/// The file name of a card: content-addressed, so that runs share it.
pub fn file_name(sha256: &Sha256) -> String {
    format!("{sha256}.json")
}

/// The stored form: sorted keys, one fact a line.
///
/// # Errors
/// Never, as long as a card holds what JSON can say.
pub fn to_json(card: &Card) -> Result<Vec<u8>> {
    format::to_json(CARD_SCHEMA, card, None)
}

/// Reads the stored form; `origin` is for the message.
///
/// # Errors
/// When the bytes are damaged or of another version.
pub fn parse(bytes: &[u8], origin: &Path) -> Result<Card> {
    let mut card: Card = format::parse(bytes, origin, CARD_SCHEMA)?;
    if let Some(table) = &mut card.table {
        table.forget_other_hashes();
    }
    Ok(card)
}

/// Whether a card tells all that is wanted of a file.
pub fn satisfies(card: &Card, wanted: &Wanted) -> bool {
    let Some(table) = &card.table else {
        // Another build may have been without.
        let why = card.unread.as_deref();
        return why.is_some_and(|why| why != NOT_BUILT || cfg!(not(feature = "parquet")));
    };
    let has = |name: &String| table.column(name).is_some();
    let target = wanted.target.as_ref().filter(|name| has(name));
    let key = wanted.key.as_ref().filter(|name| has(name));
    let keyed = || table.key_sketch.as_ref().map(|key| &key.column);
    !wanted.full
        || table.row_sketch.is_some()
            && (target.is_none() || table.target.as_ref() == target)
            && (key.is_none() || keyed() == key)
}

/// The card of a file.
pub fn of_file(raw: &hash::Raw, bytes: u64, profile: Profiled) -> Card {
    let (table, unread) = match profile.table {
        Ok(table) => (Some(table), None),
        Err(why) => (None, Some(why)),
    };
    Card {
        sha256: Sha256::from_bytes(raw),
        kind: DataKind::File,
        bytes,
        lf_sha256: profile.lf.as_ref().map(Sha256::from_bytes),
        files: None,
        types: Default::default(),
        pictures: None,
        table,
        unread,
    }
}

/// The card of a folder; `None` while its content is not known. The images that are but pointers
/// now may have been looked at when a card was stored.
pub fn of_folder(input: &Input, known: Option<&StoredCards>) -> Option<Card> {
    let sha256 = input.sha256.clone()?;
    let stored = || known?(&sha256)?.pictures;
    Some(Card {
        pictures: input.pictures.clone().or_else(stored),
        sha256,
        kind: DataKind::Folder,
        bytes: input.bytes?,
        lf_sha256: None,
        files: input.files,
        types: input.types.clone(),
        table: None,
        unread: None,
    })
}
