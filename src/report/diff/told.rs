//! A comparison in words, before any layout. Strings may hold text from records, unescaped.

use super::metrics::Cells;
use super::words::Words;
use super::{Look, changed, metrics, next, reasons, same, sentence, series};
use crate::compare::suggest::names;
use crate::compare::{Comparison, Verdict};
use crate::ui::style::Style;

/// All that an explanation says.
#[derive(Clone, Debug)]
pub struct Told {
    /// The two runs by their full names.
    pub title: String,
    /// The verdict, a line a sentence.
    pub verdict: Vec<String>,
    /// What had been declared.
    pub declared: Option<String>,
    /// Headings of the two value columns.
    pub names: (String, String),
    /// The metrics.
    pub metrics: Vec<Cells>,
    /// What was logged over steps.
    pub series: Vec<Row>,
    /// Cautions about them.
    pub warnings: Vec<String>,
    /// What changed, by axis.
    pub changed: Vec<Block>,
    /// What is the same.
    pub same: Vec<String>,
    /// What is not known.
    pub unknown: Vec<String>,
    /// Likely reasons: a word and a sentence.
    pub reasons: Vec<(String, String)>,
    /// What to do next.
    pub next: Vec<Paragraph>,
}

/// What changed on one axis.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The axis.
    pub label: String,
    /// The line beside it.
    pub head: String,
    /// The lines below.
    pub rows: Vec<Row>,
}

/// One line below an axis.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// What it is about; empty to go on with the line above.
    pub name: String,
    /// Whether the text stands where names do.
    pub spans: bool,
    /// A value to be aligned at its end, such as `+31 -4`.
    pub count: String,
    /// The rest.
    pub text: String,
    /// The colour of the rest.
    pub style: Option<Style>,
}

impl Row {
    /// A line with a name and a text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
            ..Self::default()
        }
    }

    /// A line without a name.
    pub fn spanning(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            spans: true,
            ..Self::default()
        }
    }
}

/// A sentence with commands to type below it.
#[derive(Clone, Debug, Default)]
pub struct Paragraph {
    /// The sentence.
    pub text: String,
    /// Commands, ready to paste.
    pub commands: Vec<String>,
    /// Whether a single command stands on the sentence's own line.
    pub inline: bool,
}

/// Puts a comparison into words.
pub fn told(c: &Comparison<'_>, look: &Look) -> Told {
    let w = Words {
        lang: look.lang,
        unicode: look.unicode,
    };
    // Those two verdicts say of every axis that it is the same.
    let repeats = c.verdict == Verdict::Identical && !look.all;
    let all_same = matches!(c.verdict, Verdict::Identical | Verdict::Unexplained);
    Told {
        title: w.change(&c.a.id().to_string(), &c.b.id().to_string()),
        verdict: sentence::verdict(c, w),
        declared: sentence::declared(c, w),
        names: names(c.a, c.b),
        metrics: if repeats {
            Vec::new()
        } else {
            metrics::cells(c, w, look.all)
        },
        series: if repeats {
            Vec::new()
        } else {
            series::rows(c, w, look.all)
        },
        warnings: next::warnings(c, w),
        changed: changed::blocks(c, w, look.all || look.env),
        same: if all_same && !look.all {
            Vec::new()
        } else {
            same::same(c, w, look.all)
        },
        unknown: same::unknown(c, w),
        reasons: reasons::reasons(c, w),
        next: next::paragraphs(c, w),
    }
}
