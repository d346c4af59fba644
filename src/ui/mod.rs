//! The only writer to a terminal.
//!
//! Data goes to standard output ([`Ui::out`]), talk to standard error ([`Ui::say`]). Whatever comes
//! from a repository or a record passes [`escape::printable`] before it is shown.

pub mod escape;
pub mod number;
pub mod pager;
pub mod progress;
pub mod style;
pub mod table;

use std::io::{IsTerminal, Write};

use crate::error::{Failure, Result};
use style::Style;

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal that can, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The terminal and how to speak to it.
#[derive(Debug)]
pub struct Ui {
    color: bool,
    unicode: bool,
    quiet: bool,
    verbose: bool,
    width: Option<usize>,
    stdout_is_terminal: bool,
}

/// What the surroundings say about the terminal; gathered by [`crate::context`].
#[derive(Clone, Copy, Debug, Default)]
pub struct UiOptions {
    /// `--color`
    pub color: ColorChoice,
    /// `NO_COLOR` is set or `TERM=dumb`.
    pub no_color: bool,
    /// `CLICOLOR_FORCE` is set, or git pages our output and says that colours are fine.
    pub force_color: bool,
    /// The locale is UTF-8.
    pub unicode: bool,
    /// `-q`
    pub quiet: bool,
    /// `-v`
    pub verbose: bool,
    /// `COLUMNS`
    pub columns: Option<usize>,
}

impl Ui {
    /// Looks at the terminal once.
    pub fn new(options: UiOptions) -> Self {
        let stdout_is_terminal = std::io::stdout().is_terminal();
        let color = match options.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => !options.no_color && (stdout_is_terminal || options.force_color),
        };
        let seen = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let width = options.columns.or(seen.filter(|_| stdout_is_terminal));
        Self {
            color,
            unicode: options.unicode,
            quiet: options.quiet,
            verbose: options.verbose,
            width: width.map(|width| width.max(40)),
            stdout_is_terminal,
        }
    }

    /// Writes data to standard output, exactly as given.
    pub fn out(&self, text: impl AsRef<str>) -> Result<()> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(text.as_ref().as_bytes())?;
        Ok(stdout.flush()?)
    }

    /// Writes a JSON document to standard output, with nothing in it that a terminal would obey.
    pub fn out_json(&self, value: &impl std::fmt::Display) -> Result<()> {
        self.out(escape::json(&format!("{value:#}\n")))
    }

    /// Writes bytes to standard output, exactly as given.
    pub fn out_bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(bytes)?;
        Ok(stdout.flush()?)
    }

    /// Says something to the person, unless `-q`. A closed standard error is no failure.
    pub fn say(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.stderr(text.as_ref());
        }
    }

    /// Says something only with `-v`.
    pub fn detail(&self, text: impl AsRef<str>) {
        if self.verbose {
            self.stderr(text.as_ref());
        }
    }

    /// Warns; shown even with `-q`.
    pub fn warn(&self, text: impl AsRef<str>) {
        let label = self.paint(Style::Warning, "warning:");
        self.stderr(&format!("{label} {}", escape::printable(text.as_ref())));
    }

    /// Hints at the next command, unless `-q`.
    pub fn hint(&self, text: impl AsRef<str>) {
        self.say(format!(
            "{} {}",
            self.paint(Style::Hint, "hint:"),
            text.as_ref()
        ));
    }

    /// Warns of something that failed, where the rest can be told all the same.
    pub fn doubt(&self, failure: &Failure) {
        self.told(failure, Style::Warning, "warning:");
    }

    /// The one renderer of failures.
    pub fn failure(&self, failure: &Failure) {
        self.told(failure, Style::Error, "error:");
    }

    fn told(&self, failure: &Failure, style: Style, label: &str) {
        let line = |style, label: &str, text: &str| {
            // A library may point at a place in a text of several lines.
            let lines = text.trim_end().lines().map(escape::printable);
            let text = lines.collect::<Vec<_>>().join("\n  ");
            self.stderr(&format!("{} {text}", self.paint(style, label)));
        };
        line(style, label, failure.message());
        for text in failure.lines() {
            self.stderr(&format!("  {}", escape::printable(text)));
        }
        for cause in failure.causes() {
            line(style, "caused by:", cause);
        }
        for hint in failure.hints() {
            line(Style::Hint, "hint:", hint);
        }
    }

    fn stderr(&self, text: &str) {
        let mut stderr = std::io::stderr().lock();
        // Nothing is left to tell the user when standard error itself is closed.
        let _ = writeln!(stderr, "{text}");
    }

    /// Puts colour around text, when colours are on.
    pub fn paint(&self, style: Style, text: impl AsRef<str>) -> String {
        if self.color {
            style.wrap(text.as_ref())
        } else {
            text.as_ref().to_owned()
        }
    }

    /// Whether colours are on.
    pub fn color(&self) -> bool {
        self.color
    }

    /// Whether arrows and other signs beyond ASCII can be shown.
    pub fn unicode(&self) -> bool {
        self.unicode
    }

    /// Columns to fill at the most.
    pub fn width(&self) -> usize {
        self.width.unwrap_or(100)
    }

    /// Whether lines have an end to see: not in a pipe, unless `COLUMNS` says how long they are.
    pub fn has_edge(&self) -> bool {
        self.width.is_some()
    }

    /// Whether a person reads standard output directly.
    pub fn stdout_is_terminal(&self) -> bool {
        self.stdout_is_terminal
    }

    /// Whether `-v` was given.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether `-q` was given.
    pub fn quiet(&self) -> bool {
        self.quiet
    }
}
