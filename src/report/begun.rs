//! What `start` says first: which run it is, and what was frozen.

use super::minilog::code_state;
use crate::model::Run;
use crate::settings::Lang;

/// The announcement in one line; what will change is [`super::preflight`]'s to tell.
pub fn head(run: &Run, base: Option<&Run>, lang: Lang) -> String {
    let base_text = match base {
        Some(base) => format!("   {} {}", lang.pick("base", "основа"), base.id()),
        None => String::new(),
    };
    format!(
        "{}  {}{base_text}   {} {}",
        run.id(),
        lang.pick("started", "начат"),
        lang.pick("code", "код"),
        code_state(run, lang)
    )
}
