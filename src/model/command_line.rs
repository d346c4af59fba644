//! A command line without what is told elsewhere: the seed, files that a run records, and arguments
//! that are among its parameters.

use super::seed::flag_names_seed;
use super::template::SEED;
use super::{Param, RecordPath, Run, program};

/// Begins the names of parameters that are arguments of the command.
pub const ARGUMENT: &str = "argv.";

/// Whether a parameter is an argument of the command.
pub fn is_argument(key: &str) -> bool {
    key.starts_with(ARGUMENT)
}

/// The words of a command line that no parameter, of those names, tells.
pub fn untold<N: AsRef<str>>(argv: &[String], params: impl IntoIterator<Item = N>) -> &[String] {
    match params.into_iter().any(|name| is_argument(name.as_ref())) {
        true => &argv[..program::len(argv)],
        false => argv,
    }
}

/// Paths that a run records as input or output, and that arguments may name.
#[derive(Debug)]
pub struct Files<'a>(Vec<&'a RecordPath>);

impl<'a> Files<'a> {
    /// The files of a run.
    pub fn of(run: &'a Run) -> Self {
        let config = run.config.iter().map(|file| &file.path);
        let data = run.data.iter().map(|input| &input.path);
        Self(config.chain(data).chain(run.outputs()).collect())
    }

    fn hold(&self, value: &str) -> bool {
        let plain = value.trim_start_matches("./").as_bytes();
        let is_config = value.starts_with("{config") && value.ends_with('}');
        is_config || (!plain.is_empty() && self.0.iter().any(|path| path.as_bytes() == plain))
    }
}

impl<'a> FromIterator<&'a RecordPath> for Files<'a> {
    fn from_iter<I: IntoIterator<Item = &'a RecordPath>>(paths: I) -> Self {
        Self(paths.into_iter().collect())
    }
}

/// The words without the seed, and without arguments that name a recorded file.
pub fn neutral(argv: &[String], seed: Option<&Param>, files: &Files<'_>) -> Vec<String> {
    let mut words: Vec<String> = Vec::with_capacity(argv.len());
    let mut flag_before = false;
    let mut seed_before = false;
    for (at, word) in argv.iter().enumerate() {
        let value = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with('-') => value,
            _ => word,
        };
        let is_whole = value.len() == word.len();
        let names_seed = flag_names_seed(word);
        let is_seed = (seed.is_some_and(|seed| seed.spelling() == value) || value == SEED)
            && if is_whole { seed_before } else { names_seed };
        let is_told = is_seed || (at > 0 && files.hold(value));
        if !is_told {
            words.push(word.clone());
        } else if is_whole && flag_before {
            words.pop();
        }
        flag_before = !is_told && is_whole && word.starts_with('-');
        seed_before = names_seed && is_whole;
    }
    words
}
