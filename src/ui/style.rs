//! Colours by meaning. Words always say the same, so nothing is lost without colour.

use anstyle::{AnsiColor, Effects};

/// Colours of lines that the usual terminal themes keep apart.
const LINES: [AnsiColor; 8] = [
    AnsiColor::Blue,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Cyan,
    AnsiColor::Red,
    AnsiColor::BrightBlue,
    AnsiColor::BrightBlack,
];

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
    /// A line of a plot, by its place in the legend.
    Line(usize),
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
            Self::Line(index) => LINES[index % LINES.len()].on_default(),
        };
        format!("{style}{text}{style:#}")
    }
}
