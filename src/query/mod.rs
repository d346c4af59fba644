//! The language of `--filter`: a superset of MLflow's search syntax.
//!
//! `metrics.auc > 0.8 AND params.model = 'rf'`, with `OR`, `NOT` and parentheses beside `AND`;
//! prefixes may be left out where a name is unambiguous; numbers are compared as numbers in
//! parameters too. [`parse`] turns text into [`ast::Expr`], [`bind`] finds out what its names mean,
//! [`eval`] asks one run. Nothing here reads a file or knows how runs are stored.

pub mod ast;
pub mod bind;
pub mod eval;
mod lex;
pub mod parse;
mod print;
pub mod sort;
mod subject;
#[cfg(test)]
mod tests;

pub use ast::{Expr, Span};
pub use bind::{Attribute, Names, Target};
pub use eval::{Filter, Subject, Value};

use unicode_width::UnicodeWidthStr;

use crate::error::Failure;
use crate::ui::escape::printable;

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// What is wrong, as the end of a sentence.
    pub message: String,
    /// The bytes of the text that are meant.
    pub span: Span,
    /// What may have been meant.
    pub hint: Option<String>,
}

impl QueryError {
    pub(crate) fn new(message: impl Into<String>, span: Span) -> Self {
        Self {
            message: message.into(),
            span,
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The failure as people read it: the text, and a caret under the place. `what` is what the text
    /// is, such as `the filter`.
    pub fn in_text(&self, what: &str, text: &str) -> Failure {
        let before = printable(text.get(..self.span.start).unwrap_or(text));
        let meant = printable(text.get(self.span.start..self.span.end).unwrap_or(""));
        let carets = "^".repeat(meant.width().max(1));
        let failure = Failure::new(format!("{what} is not understood: {}", self.message))
            .excerpt(text, format!("{}{carets}", " ".repeat(before.width())));
        match &self.hint {
            Some(hint) => failure.hint(hint.clone()),
            None => failure.hint("see what can be asked: git exp help ls"),
        }
    }
}
