//! How a comparison is told: [`text`] for a terminal, [`markdown`] for a pull request, [`short`] for
//! loops and commit messages, [`json`] as the contract.
//!
//! [`told`] puts the facts into words once; [`text`] and [`markdown`] lay those words out. Strings in
//! [`told::Told`] may hold text from records: each layout escapes whatever it prints.

pub mod changed;
pub mod contract;
pub mod factors;
pub mod gaps;
pub mod inputs;
pub mod json;
pub mod keys;
pub mod lines;
pub mod markdown;
pub mod metrics;
pub mod next;
pub mod reasons;
pub mod same;
pub mod sentence;
pub mod series;
pub mod short;
pub mod surroundings;
pub mod text;
pub mod told;
pub mod words;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;

use crate::settings::Lang;
use crate::ui::style::Style;

/// How the reader's screen looks and what language they read.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns to fill at the most.
    pub width: usize,
    /// Whether signs beyond ASCII can be shown.
    pub unicode: bool,
    /// Whether to put colours.
    pub color: bool,
    /// Language of the sentences.
    pub lang: Lang,
    /// Tell what is left out by default: equal axes in full, indirect packages, texts.
    pub all: bool,
    /// List every package that differs.
    pub env: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            width: 100,
            unicode: true,
            color: false,
            lang: Lang::En,
            all: false,
            env: false,
        }
    }
}

impl Look {
    /// The words for its reader.
    pub fn words(&self) -> words::Words {
        words::Words {
            lang: self.lang,
            unicode: self.unicode,
        }
    }

    /// Text in a style, if there are colours.
    pub fn paint(&self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() {
            style.wrap(text)
        } else {
            text.to_owned()
        }
    }
}
