//! The name of a run: typed, or made from what changed against its base.

use crate::error::Result;
use crate::model::Run;

/// temporary
pub fn slug(typed: Option<&str>, _run: &Run, base: Option<&Run>, _earlier: &[Run]) -> Result<String> {
    Ok(typed.map_or(if base.is_none() {"baseline".to_owned()} else {"changed".to_owned()}, |t| t.to_lowercase().replace(' ', "_")))
}
