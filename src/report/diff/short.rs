//! One line a pair, for loops and commit messages.

use super::Look;
use super::words::Words;
use crate::compare::suggest::names;
use crate::compare::{Axis, Comparison};
use crate::ui::escape::printable;
use crate::ui::number;

/// `exp_002→exp_003  not-comparable  roc_auc_val 0.810→0.842  data:train config:1`
pub fn short(c: &Comparison<'_>, look: &Look) -> String {
    let w = Words {
        lang: look.lang,
        unicode: look.unicode,
    };
    let (a, b) = names(c.a, c.b);
    let arrow = w.arrow();
    let mut parts = vec![format!("{a}{arrow}{b}"), c.verdict.word().to_owned()];
    let row = c
        .primary()
        .or_else(|| c.metrics.iter().find(|row| row.is_shared()));
    if let Some((x, y)) = row.and_then(|row| row.numbers())
        && let Some(row) = row
    {
        let (x, y) = (number::metric(x), number::metric(y));
        parts.push(format!("{} {x}{arrow}{y}", row.name));
    }
    let mut factors: Vec<String> = c
        .factors
        .iter()
        .filter(|factor| factor.axis != Axis::Config)
        .map(|factor| factor.label())
        .collect();
    let keys = c.factors.len() - factors.len();
    if keys > 0 {
        factors.push(format!("config:{keys}"));
    }
    if !factors.is_empty() {
        parts.push(factors.join(" "));
    }
    printable(&parts.join("  ")).into_owned()
}
