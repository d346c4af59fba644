//! Colours by meaning. Words always say the same, so nothing is lost without colour.

use anstyle::{AnsiColor, Effects};

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `error:`
    Error,
    /// `warning:`
    Warning,
    /// `hint:`
    Hint,
    /// A heading.
    Heading,
    /// The first sentence of an explanation.
    Verdict,
    /// Better, or an added line.
    Good,
    /// Worse, or a removed line.
    Bad,
    /// Beside the point.
    Dim,
    /// A run's id.
    Id,
}

impl Style {
    /// Wraps text in this style's escape codes.
    pub fn wrap(self, text: &str) -> String {
        let style = match self {
            Self::Error => AnsiColor::Red.on_default().effects(Effects::BOLD),
            Self::Warning => AnsiColor::Yellow.on_default().effects(Effects::BOLD),
            Self::Hint => AnsiColor::Cyan.on_default(),
            Self::Heading | Self::Verdict => anstyle::Style::new().effects(Effects::BOLD),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Dim => anstyle::Style::new().effects(Effects::DIMMED),
            Self::Id => AnsiColor::Yellow.on_default(),
        };
        format!("{style}{text}{style:#}")
    }
}
