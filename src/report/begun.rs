//! What `start` says: which run it is, and what was frozen.

use super::minilog::code_state;
use crate::model::{Param, Run};
use crate::settings::Lang;
use crate::ui::escape::printable;

/// Parameters that differ are listed up to this many.
const SHOWN: usize = 8;

/// The announcement, line by line.
pub fn lines(run: &Run, base: Option<&Run>, lang: Lang) -> Vec<String> {
    let base_text = match base {
        Some(base) => format!("   {} {}", lang.pick("base", "основа"), base.id()),
        None => String::new(),
    };
    let mut lines = vec![format!(
        "{}  {}{base_text}   {} {}",
        run.id(),
        lang.pick("started", "начат"),
        lang.pick("code", "код"),
        code_state(run, lang)
    )];
    if let Some(base) = base {
        lines.extend(
            changed_params(run, base)
                .into_iter()
                .map(|line| format!("  {line}")),
        );
    }
    lines
}

fn changed_params(run: &Run, base: &Run) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> =
        run.params.keys().chain(base.params.keys()).collect();
    let spelled = |value: Option<&Param>| {
        value.map_or("–".to_owned(), |value| {
            printable(&value.spelling()).into_owned()
        })
    };
    let mut lines: Vec<String> = names
        .into_iter()
        .filter(
            |name| match (base.params.get(*name), run.params.get(*name)) {
                (Some(a), Some(b)) => !a.same_value(b),
                _ => true,
            },
        )
        .map(|name| {
            let (before, after) = (base.params.get(name), run.params.get(name));
            format!(
                "config  {}  {} → {}",
                printable(name),
                spelled(before),
                spelled(after)
            )
        })
        .collect();
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("… +{more}"));
    }
    lines
}
