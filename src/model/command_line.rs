//! A command line without what is told elsewhere: the seed, and files that a run records.

use super::data::{Artifact, ConfigFile, DataInput, MetricsFile};
use super::template::SEED;
use super::{Param, RecordPath, Run};

/// Recorded files that arguments may name.
#[derive(Debug)]
pub struct Inputs<'a> {
    config: Vec<&'a RecordPath>,
    data: Vec<(&'a str, &'a RecordPath)>,
    output: Vec<&'a RecordPath>,
}

impl<'a> Inputs<'a> {
    /// The files of a run.
    pub fn of(run: &'a Run) -> Self {
        let config = run.config.iter().map(|file: &ConfigFile| &file.path);
        let data = run.data.iter();
        let metrics = run.metrics_file.iter();
        Self {
            config: config.collect(),
            data: data
                .map(|input: &DataInput| (input.role.as_str(), &input.path))
                .collect(),
            output: run
                .models
                .iter()
                .chain(&run.artifacts)
                .map(|file: &Artifact| &file.path)
                .chain(metrics.map(|file: &MetricsFile| &file.path))
                .collect(),
        }
    }

    /// The same of a record that was read in part.
    pub fn new(
        config: impl IntoIterator<Item = &'a RecordPath>,
        data: impl IntoIterator<Item = (&'a str, &'a RecordPath)>,
        output: impl IntoIterator<Item = &'a RecordPath>,
    ) -> Self {
        Self {
            config: config.into_iter().collect(),
            data: data.into_iter().collect(),
            output: output.into_iter().collect(),
        }
    }

    /// The name for a path that is recorded as input or output.
    fn placeholder(&self, value: &str) -> Option<String> {
        let plain = value.trim_start_matches("./").as_bytes();
        let is = |path: &RecordPath| !plain.is_empty() && path.as_bytes() == plain;
        if self.config.iter().any(|path| is(path)) {
            return Some("{config}".to_owned());
        }
        if let Some((role, _)) = self.data.iter().find(|(_, path)| is(path)) {
            return Some(format!("{{{role}}}"));
        }
        let output = self.output.iter().any(|path| is(path));
        output.then(|| "{output}".to_owned())
    }
}

/// The arguments without the seed, and with paths that are recorded replaced by what they are.
pub fn neutral(argv: &[String], seed: Option<&Param>, inputs: &Inputs<'_>) -> Vec<String> {
    let mut words: Vec<String> = Vec::with_capacity(argv.len());
    let mut after_seed = false;
    for word in argv {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with('-') => (format!("{flag}="), value),
            _ => (String::new(), word.as_str()),
        };
        let names_seed = flag_names_seed(word);
        let is_seed = seed.is_some_and(|seed| seed.spelling() == value) || value == SEED;
        if is_seed && names_seed && !flag.is_empty() {
            continue;
        }
        if is_seed && after_seed {
            words.pop();
        } else {
            let shown = inputs
                .placeholder(value)
                .unwrap_or_else(|| value.to_owned());
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
