//! What `start` says first: which run it is, and what was frozen.

use super::minilog::code_state;
use crate::model::Run;
use crate::settings::Lang;

/// The same for a run that is not begun.
pub fn would(run: &Run, base: Option<&Run>, lang: Lang) -> String {
    let base_text = match base {
        Some(base) => format!("   {} {}", lang.pick("base", "основа"), base.id()),
        None => String::new(),
    };
    format!(
        "{} {}{base_text}   {} {}   ({})",
        lang.pick("would start", "был бы начат"),
        run.slug,
        lang.pick("code", "код"),
        code_state(run, lang),
        lang.pick("nothing is recorded", "ничего не записано")
    )
}

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
