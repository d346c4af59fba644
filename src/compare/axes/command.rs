//! The command line: listed, never counted. What it carries counts on the axis that it feeds.

use crate::compare::axis::{Gap, Sides, State};
use crate::model::run::Command;
use crate::model::template::SEED;
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
}

/// The arguments without the seed, and with paths that are compared on another axis replaced by
/// what they are.
fn neutral(run: &Run, command: &Command) -> Vec<String> {
    let mut words: Vec<String> = Vec::with_capacity(command.argv.len());
    let mut after_seed = false;
    for word in &command.argv {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with('-') => (format!("{flag}="), value),
            _ => (String::new(), word.as_str()),
        };
        let names_seed = flag_names_seed(word);
        let is_seed = run
            .seed
            .as_ref()
            .is_some_and(|seed| seed.spelling() == value)
            || value == SEED;
        if is_seed && names_seed && !flag.is_empty() {
            continue;
        }
        if is_seed && after_seed {
            words.pop();
        } else {
            let shown = placeholder(run, value).unwrap_or_else(|| value.to_owned());
            words.push(format!("{flag}{shown}"));
        }
        after_seed = names_seed && flag.is_empty();
    }
    words
}

fn flag_names_seed(word: &str) -> bool {
    let name = word
        .split('=')
        .next()
        .unwrap_or(word)
        .trim_start_matches('-');
    word.starts_with('-')
        && ["seed", "random_state", "random_seed", "rng_seed"]
            .contains(&name.replace('-', "_").as_str())
}

/// The name for a path that the run recorded as input or output.
fn placeholder(run: &Run, value: &str) -> Option<String> {
    let plain = value.trim_start_matches("./").as_bytes();
    let is = |path: &RecordPath| !plain.is_empty() && path.as_bytes() == plain;
    if run.config.iter().any(|file| is(&file.path)) {
        return Some("{config}".to_owned());
    }
    if let Some(input) = run.data.iter().find(|input| is(&input.path)) {
        return Some(format!("{{{}}}", input.role));
    }
    let outputs = run
        .models
        .iter()
        .chain(&run.artifacts)
        .map(|file| &file.path);
    let metrics = run.metrics_file.iter().map(|file| &file.path);
    outputs
        .chain(metrics)
        .any(is)
        .then(|| "{output}".to_owned())
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
