//! The command line: listed, never counted. What it carries counts on the axis that it feeds, its
//! arguments on that of the configuration.

use crate::compare::axis::{Gap, Sides, State};
use crate::model::command_line::{self, Files};
use crate::model::run::Command;
use crate::model::{RecordPath, Run};

/// How the command lines differ.
#[derive(Clone, Debug)]
pub struct CommandAxis {
    /// The whole, with paths and seeds that count elsewhere taken out.
    pub state: State,
    /// What is unknown.
    pub gaps: Vec<Gap>,
    /// Arguments only in the first, in order.
    pub only_a: Vec<String>,
    /// Arguments only in the second, in order.
    pub only_b: Vec<String>,
    /// The working directories, where they differ.
    pub cwd: Option<(RecordPath, RecordPath)>,
}

impl CommandAxis {
    /// Compares the command lines.
    pub fn between(a: &Run, b: &Run) -> Self {
        let (Some(first), Some(second)) = (&a.command, &b.command) else {
            let sides = Sides::of(a.command.is_none(), b.command.is_none());
            return Self {
                state: State::Unknown,
                gaps: sides.map(Gap::NotRecorded).into_iter().collect(),
                only_a: Vec::new(),
                only_b: Vec::new(),
                cwd: None,
            };
        };
        let (words_a, words_b) = (neutral(a, first), neutral(b, second));
        let cwd = (first.cwd != second.cwd).then(|| (first.cwd.clone(), second.cwd.clone()));
        let (only_a, only_b) = if words_a == words_b {
            (Vec::new(), Vec::new())
        } else {
            differing_middle(&words_a, &words_b)
        };
        Self {
            state: State::changed(words_a != words_b || cwd.is_some()),
            gaps: Vec::new(),
            only_a,
            only_b,
            cwd,
        }
    }

    /// What was there and what is there now, in short: the arguments, else the directories.
    pub fn sides(&self) -> (String, String) {
        let or_dash = |text: String| match text.is_empty() {
            true => "–".to_owned(),
            false => text,
        };
        match &self.cwd {
            Some((a, b)) if self.only_a.is_empty() && self.only_b.is_empty() => {
                (a.display().into_owned(), b.display().into_owned())
            }
            _ => (
                or_dash(self.only_a.join(" ")),
                or_dash(self.only_b.join(" ")),
            ),
        }
    }
}

/// The words that no parameter tells, without the seed and without paths that are compared on another
/// axis.
fn neutral(run: &Run, command: &Command) -> Vec<String> {
    let words = command_line::untold(&command.argv, run.params.keys());
    command_line::neutral(words, run.seed.as_ref(), &Files::of(run))
}

/// What is left of both lists when their common beginning and end are taken away.
fn differing_middle(a: &[String], b: &[String]) -> (Vec<String>, Vec<String>) {
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    (a[..a.len() - end].to_vec(), b[..b.len() - end].to_vec())
}
