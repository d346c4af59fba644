//! A configuration key that differs, in words.

use super::words::Words;
use crate::compare::axes::config::{KeyChange, KeyKind};
use crate::model::Param;
use crate::model::param::ParamKind;

/// `8 → -1`, `+ age_bucket, - city`, `1e-4 → 0.0001   (type: str → float)`
pub fn key_text(key: &KeyChange, w: Words) -> String {
    let shown = |value: &Option<Param>| {
        let value = value.as_ref();
        value.map_or(String::new(), |value| cut(value.spelling(), w))
    };
    let (mut a, mut b) = (shown(&key.a), shown(&key.b));
    if a == b && key.type_change().is_some() {
        // `no → "no"`
        for (text, value) in [(&mut a, &key.a), (&mut b, &key.b)] {
            if matches!(
                value,
                Some(Param::Leaf {
                    kind: ParamKind::Str,
                    ..
                })
            ) {
                *text = format!("\"{text}\"");
            }
        }
    }
    let text = match &key.kind {
        KeyKind::Value => {
            let kinds = key
                .type_change()
                .map(|(x, y)| w.change(kind_word(x), kind_word(y)));
            let note = kinds.map(|kinds| format!("   ({}: {kinds})", w.pick("type", "тип")));
            let text = lines_of(key, w).unwrap_or_else(|| w.change(&a, &b));
            format!("{text}{}", note.unwrap_or_default())
        }
        KeyKind::Added => format!("{b}   ({})", w.pick("new key", "новый ключ")),
        KeyKind::Removed => format!("{a}   ({})", w.pick("key removed", "ключ удалён")),
        KeyKind::Moved => b.clone(),
        KeyKind::Elements { added, removed } => {
            let signed = |sign: &str, items: &[Param]| -> Vec<String> {
                let shown = items.iter().take(ELEMENTS_SHOWN);
                let mut texts: Vec<String> = shown
                    .map(|item| format!("{sign} {}", cut(item.spelling(), w)))
                    .collect();
                let more = items.len().saturating_sub(ELEMENTS_SHOWN) as u64;
                if more > 0 {
                    texts.push(format!(
                        "{sign} {} {}",
                        w.number(more),
                        w.pick("more", "ещё")
                    ));
                }
                texts
            };
            let (plus, minus) = (signed("+", added), signed("-", removed));
            [plus, minus].concat().join(", ")
        }
        KeyKind::Reordered => w
            .pick(
                "the same elements in another order",
                "те же элементы в другом порядке",
            )
            .to_owned(),
        KeyKind::Spelling => {
            let note = w.pick(
                "same value, other spelling",
                "то же значение, другая запись",
            );
            format!("{}   ({note})", w.change(&a, &b))
        }
    };
    let was = match key.kind {
        KeyKind::Moved => w.pick("moved from", "перенесён из"),
        _ => w.pick("was", "раньше"),
    };
    match (&key.from, &key.to) {
        (Some(from), _) => format!("{text}   ({was} {from})"),
        (None, Some(to)) => format!("{text}   ({} {to})", w.pick("now", "теперь")),
        (None, None) => text,
    }
}

/// Elements of a list that are shown before the rest is counted.
const ELEMENTS_SHOWN: usize = 12;
/// Characters of a value that are shown; `--json` and `--patch` have it whole.
const VALUE_SHOWN: usize = 160;

fn cut(text: String, w: Words) -> String {
    match text.char_indices().nth(VALUE_SHOWN) {
        None => text,
        Some((end, _)) => format!("{}{}", &text[..end], if w.unicode { "…" } else { "..." }),
    }
}

/// `line 3: a → b   (+2)`: where texts of several lines begin to differ, and how many more do.
fn lines_of(key: &KeyChange, w: Words) -> Option<String> {
    let text = |value: &Option<Param>| match value {
        Some(Param::Leaf {
            kind: ParamKind::Str,
            text,
        }) => Some(text.clone()),
        _ => None,
    };
    let (a, b) = (text(&key.a)?, text(&key.b)?);
    let one = |text: &str| !text.trim_end_matches('\n').contains('\n');
    if one(&a) && one(&b) {
        return None;
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split('\n').collect(), b.split('\n').collect());
    let shorter = a.len().min(b.len());
    let first = (0..shorter).find(|at| a[*at] != b[*at]).unwrap_or(shorter);
    let same_end = (0..shorter - first)
        .take_while(|back| a[a.len() - 1 - back] == b[b.len() - 1 - back])
        .count();
    let (old, new) = (&a[first..a.len() - same_end], &b[first..b.len() - same_end]);
    let line = w.pick("line", "строка");
    let (before, after) = (old.first().copied(), new.first().copied());
    let shown = match (before, after) {
        (Some(a), Some(b)) => w.change(&cut(a.to_owned(), w), &cut(b.to_owned(), w)),
        (None, Some(b)) => format!("+ {}", cut(b.to_owned(), w)),
        (Some(a), None) => format!("- {}", cut(a.to_owned(), w)),
        (None, None) => return None,
    };
    let more = old.len().max(new.len()) - 1;
    let more = (more > 0).then(|| format!("   (+{more})"));
    Some(format!(
        "{line} {}: {shown}{}",
        first + 1,
        more.unwrap_or_default()
    ))
}

fn kind_word(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Null => "null",
        ParamKind::Bool => "bool",
        ParamKind::Int => "int",
        ParamKind::Float => "float",
        ParamKind::Str => "str",
        ParamKind::Date => "date",
        ParamKind::Map => "map",
    }
}
