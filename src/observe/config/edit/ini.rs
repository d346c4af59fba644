//! INI: the line of a key, behind its delimiter.

use super::{Candidate, EditError};
use crate::model::Param;

pub(super) fn set(text: &str, key: &str, value: &str) -> Result<Candidate, EditError> {
    if value.contains(['\n', '\r']) {
        return Err(EditError::impossible("a value stands on one line"));
    }
    let mut section = String::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let body = line.trim();
        if body.starts_with(['#', ';', '!']) {
            continue;
        }
        if body.starts_with('[') {
            let name = body.rfind(']').map_or("", |end| &body[1..end]);
            section = format!("{name}.");
            continue;
        }
        let Some(delimiter) = line.find(['=', ':']) else {
            continue;
        };
        if format!("{section}{}", line[..delimiter].trim()) != key {
            continue;
        }
        let behind = &line[delimiter + 1..];
        let blank = behind.len() - behind.trim_start_matches([' ', '\t']).len();
        let from = start + delimiter + 1 + blank;
        let to = start + line.trim_end().len();
        // Lines that go on with the old value would go on with the new one: they are seen when the
        // file is read back.
        let wanted = Some(Param::text(value.trim()));
        return Ok(Candidate::splice(
            text,
            from..to.max(from),
            value.trim(),
            wanted,
        ));
    }
    Err(EditError::impossible("its place was not found"))
}
