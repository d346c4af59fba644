//! What `start` says before anything is trained: what differs from the base, and what was not meant to.

use std::collections::{BTreeMap, BTreeSet};

use unicode_width::UnicodeWidthStr;

use super::diff::Look;
use super::diff::factors::describe;
use super::diff::gaps::gap;
use super::diff::keys::key_text;
use super::diff::words::Words;
use crate::compare::axes::config::{KeyChange, KeyKind};
use crate::compare::suggest::names;
use crate::compare::{Axis, Comparison, Factor, State};
use crate::model::metric::Yardstick;
use crate::settings::Lang;
use crate::ui::escape::printable;
use crate::ui::style::Style;
use crate::ui::table::pad;

/// Changes are listed up to this many.
const SHOWN: usize = 12;

/// One change that counts.
struct Change {
    axis: Axis,
    text: String,
    declared: bool,
}

/// The lines between the announcement and the hint of `start`, given the base and the run that was
/// just captured.
pub fn lines(c: &Comparison<'_>, look: &Look) -> Vec<String> {
    let w = Words {
        lang: look.lang,
        unicode: look.unicode,
    };
    let mut lines = list(c, w, look);
    let paint = |style: Style, text: String| {
        let text = printable(&text);
        if look.color {
            style.wrap(&text)
        } else {
            text.into_owned()
        }
    };
    if !c.declared.unchanged.is_empty() {
        let said = c.declared.unchanged.join(", ");
        let text = match w.lang {
            Lang::En => format!("  declared, but nothing changes: {said}"),
            Lang::Ru => format!("  заявлено, но не меняется: {said}"),
        };
        lines.push(paint(Style::Warning, text));
    }
    let moved = yardstick(c, w);
    let comparable = moved.is_none();
    lines.extend(moved.map(|text| paint(Style::Warning, text)));
    let style = if c.factors.len() > 1 {
        Style::Warning
    } else {
        Style::Dim
    };
    lines.push(paint(style, outcome(c, w, comparable)));
    lines
}

/// `will change   config  model.type A → B       declared`
fn list(c: &Comparison<'_>, w: Words, look: &Look) -> Vec<String> {
    let said = !c.declared.said.is_empty();
    let mut changes = changes(c, w);
    // What was meant comes first; the order of the axes stays otherwise.
    changes.sort_by_key(|change| said && !change.declared);
    let more = changes.len().saturating_sub(SHOWN);
    changes.truncate(SHOWN);
    let will = w.pick("will change", "изменится");
    let also = w.pick("also changes", "также изменится");
    let column = will.width().max(also.width()) + 2;
    let axis = changes
        .iter()
        .map(|change| w.axis(change.axis).width())
        .max()
        .unwrap_or(0)
        .max(6)
        + 2;
    let widest = changes
        .iter()
        .map(|change| change.text.width())
        .max()
        .unwrap_or(0);
    let room = look.width.saturating_sub(2 + column + axis + 18).max(20);
    let widest = widest.min(room);
    let mut before = None;
    let mut lines: Vec<String> = changes
        .iter()
        .map(|change| {
            let meant = !said || change.declared;
            let label = match (before == Some(meant), meant) {
                (true, _) => "",
                (false, true) => will,
                (false, false) => also,
            };
            before = Some(meant);
            let note = match (said, change.declared) {
                (false, _) => String::new(),
                (true, true) => w.pick("declared", "заявлено").to_owned(),
                (true, false) => {
                    let text = w.pick("NOT declared", "НЕ заявлено");
                    if look.color {
                        Style::Warning.wrap(text)
                    } else {
                        text.to_owned()
                    }
                }
            };
            let line = format!(
                "  {}{}{}   {note}",
                pad(label, column),
                pad(w.axis(change.axis), axis),
                pad(&change.text, widest)
            );
            line.trim_end().to_owned()
        })
        .collect();
    if more > 0 {
        let dots = if w.unicode { "…" } else { "..." };
        lines.push(format!("  {}{dots} +{more}", " ".repeat(column)));
    }
    lines
}

/// Every change that counts, in the order of the axes; a code change by its files.
fn changes(c: &Comparison<'_>, w: Words) -> Vec<Change> {
    let mut changes = Vec::new();
    let undeclared: BTreeSet<&Factor> = c.declared.undeclared.iter().collect();
    let counted = c
        .axes
        .config
        .keys
        .iter()
        .filter(|key| key.role.counts() && key.kind != KeyKind::Spelling);
    let keys: BTreeMap<&str, &KeyChange> = counted.map(|key| (key.key.as_str(), key)).collect();
    for factor in &c.factors {
        let declared = !undeclared.contains(factor);
        let mut add = |text: String| {
            changes.push(Change {
                axis: factor.axis,
                text: printable(&text).into_owned(),
                declared,
            });
        };
        match factor.axis {
            Axis::Config => config(factor, &keys, w).into_iter().for_each(add),
            Axis::Code => code(c, w).into_iter().for_each(add),
            Axis::Data | Axis::Eval => add(data(factor, c, w)),
            _ => add(without_axis(&describe(factor, c, w))),
        }
    }
    changes
}

/// `seed (42 → 43)` says `seed` twice beside its axis.
fn without_axis(text: &str) -> String {
    let inner = text
        .split_once(" (")
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(text).to_owned()
}

fn config(factor: &Factor, keys: &BTreeMap<&str, &KeyChange>, w: Words) -> Vec<String> {
    let members = factor.members.iter();
    let own = members.filter_map(|member| keys.get(member.as_str()));
    let texts: Vec<String> = own
        .map(|key| format!("{} {}", key.key, key_text(key, w)))
        .collect();
    if texts.is_empty() {
        vec![factor.name.clone()]
    } else {
        texts
    }
}

fn code(c: &Comparison<'_>, w: Words) -> Vec<String> {
    let files: Vec<String> = c
        .axes
        .code
        .files
        .iter()
        .filter(|file| file.counts())
        .map(|file| match (file.added, file.removed) {
            (Some(added), Some(removed)) => format!("{} +{added} -{removed}", file.path.display()),
            _ => file.path.display().into_owned(),
        })
        .collect();
    if files.is_empty() {
        let point = super::diff::changed::code_point;
        vec![w.change(&point(c.a, w), &point(c.b, w))]
    } else {
        files
    }
}

fn data(factor: &Factor, c: &Comparison<'_>, w: Words) -> String {
    let inputs = match factor.axis {
        Axis::Eval => &c.axes.eval.inputs,
        _ => &c.axes.data.inputs,
    };
    let changed = inputs
        .iter()
        .find(|input| input.role == factor.name && input.kind.state() == State::Changed);
    let heads = changed.and_then(|input| super::diff::inputs::data(input, factor.axis, c, w));
    heads.map_or_else(|| factor.name.clone(), |block| block.head)
}

/// A warning that the result will not be comparable, because its yardstick moves.
fn yardstick(c: &Comparison<'_>, w: Words) -> Option<String> {
    let eval = &c.axes.eval;
    let role = c.primary().map_or(Yardstick::Val, |row| row.role);
    let state = eval.role(role).state;
    (state == State::Changed).then(|| {
        let (base, _) = names(c.a, c.b);
        match (w.lang, role) {
            (Lang::En, Yardstick::Test) => {
                format!("  the test rows change too: the result will not be comparable with {base}")
            }
            (Lang::En, _) => format!(
                "  the validation rows change too: the result will not be comparable with {base}"
            ),
            (Lang::Ru, Yardstick::Test) => {
                format!("  тестовые строки тоже меняются: результат будет несравним с {base}")
            }
            (Lang::Ru, _) => {
                format!("  валидационные строки тоже меняются: результат будет несравним с {base}")
            }
        }
    })
}

fn gaps(c: &Comparison<'_>, w: Words) -> String {
    let axes = c.decisive_gaps.iter();
    let gaps: Vec<String> = axes
        .filter_map(|axis| Some(gap(*axis, c.axes.gaps(*axis).first()?, c, w)))
        .collect();
    w.and(&gaps)
}

/// What the comparison will be able to say.
fn outcome(c: &Comparison<'_>, w: Words, comparable: bool) -> String {
    let n = c.factors.len() as u64;
    let (base, _) = names(c.a, c.b);
    let count = w.count(n, ["factor", "factors"], ["фактор", "фактора", "факторов"]);
    let undeclared = !c.declared.undeclared.is_empty();
    match (w.lang, n) {
        (Lang::En, 0) if c.decisive_gaps.is_empty() => {
            format!("  nothing that counts differs from {base}")
        }
        (Lang::Ru, 0) if c.decisive_gaps.is_empty() => {
            format!("  ничего из учитываемого не отличается от {base}")
        }
        (Lang::En, 0) => {
            format!(
                "  nothing that is recorded differs from {base}, but {}",
                gaps(c, w)
            )
        }
        (Lang::Ru, 0) => format!(
            "  из записанного ничего не отличается от {base}, но {}",
            gaps(c, w)
        ),
        (_, 1) if !comparable => format!("  {count}"),
        (Lang::En, 1) if !c.decisive_gaps.is_empty() => format!(
            "  {count} that is known, but a difference can't be attributed to it: {}",
            gaps(c, w)
        ),
        (Lang::Ru, 1) if !c.decisive_gaps.is_empty() => format!(
            "  известен {count}, но приписать ему разницу будет нельзя: {}",
            gaps(c, w)
        ),
        (Lang::En, 1) => format!("  {count}: a difference can be attributed to it."),
        (Lang::Ru, 1) => format!("  {count}: разницу можно будет приписать ему."),
        (Lang::En, _) if undeclared => format!(
            "  {count}: the result will be confounded. Accept with --changes, or undo them first."
        ),
        (Lang::Ru, _) if undeclared => format!(
            "  {count}: причину будет не установить. Примите через --changes или сначала отмените \
             лишнее."
        ),
        (Lang::En, _) => format!("  {count}: the result will be confounded."),
        (Lang::Ru, _) => format!("  {count}: причину результата будет не установить."),
    }
}
