//! What a run changed against its base, in the few words of a table's cell.

use super::listing::varying_params;
use crate::model::brief::DataBrief;
use crate::model::command_line::{ARGUMENT, is_argument};
use crate::model::{Brief, Param};

/// What a run changed against its base, in a few words; `–` without one, `?` when the base is gone.
pub fn changed(run: &Brief, base: Option<&Brief>) -> String {
    let Some(base) = base else {
        return if run.base.is_some() { "?" } else { "–" }.to_owned();
    };
    // A run without a command says nothing of its arguments.
    let told = !run.arguments.is_empty() && !base.arguments.is_empty();
    let mut words = varying_params(&[run, base]);
    words.retain(|key| told || !is_argument(key));
    words.retain(|key| !(names_file(run, key) && names_file(base, key)));
    let by_key = words.iter().any(|key| names_seed(key));
    let same_seed = match (&run.seed, &base.seed) {
        (Some(a), Some(b)) => a.same_value(b),
        (a, b) => a.is_none() && b.is_none(),
    };
    if !same_seed && !by_key {
        words.push("seed".to_owned());
    }
    if run.code_tree != base.code_tree {
        words.push("code".to_owned());
    }
    for input in &run.data {
        let before = base.data.iter().find(|before| before.role == input.role);
        if before.is_none_or(|before| before.sha256 != input.sha256) {
            words.push(format!("data {}", input.role));
        }
    }
    let gone = |before: &&DataBrief| run.data.iter().all(|input| input.role != before.role);
    words.extend(
        base.data
            .iter()
            .filter(gone)
            .map(|before| format!("data {}", before.role)),
    );
    if run.metric_code != base.metric_code {
        words.push("metric code".to_owned());
    }
    if told && run.arguments != base.arguments {
        words.push("arguments".to_owned());
    }
    let plain = |word: &String| word.strip_prefix(ARGUMENT).unwrap_or(word).to_owned();
    let words: Vec<String> = words.iter().map(plain).collect();
    match words.len() {
        0 => "same inputs".to_owned(),
        1 | 2 => words.join(", "),
        n => format!("{n} changes"),
    }
}

/// Whether a parameter is the path of a recorded input, which is told by its content, or of a file
/// that the run wrote, which can't alter a result.
fn names_file(run: &Brief, key: &str) -> bool {
    let Some(Param::Leaf { text, .. }) = run.params.get(key) else {
        return false;
    };
    let plain = text.trim_start_matches("./").as_bytes();
    let inputs = run.data.iter().map(|input| &input.path);
    let written = run
        .models
        .iter()
        .chain(&run.artifacts)
        .chain(&run.metrics_file);
    inputs
        .chain(written.map(|file| &file.path))
        .any(|path| path.as_bytes() == plain)
}

/// Whether a parameter is what a seed on the command line stands for.
fn names_seed(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    matches!(last, "seed" | "random_state" | "random_seed" | "rng_seed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::sample;

    #[test]
    fn what_changed_against_the_base_is_never_the_same_inputs() {
        let mut base = sample::run(1, "base");
        base.data = vec![sample::data("train", "train.csv", "11", 10)];
        let told = |change: &dyn Fn(&mut crate::model::Run)| {
            let mut run = base.clone();
            change(&mut run);
            changed(&Brief::from(&run), Some(&Brief::from(&base)))
        };
        assert_eq!(told(&|_| {}), "same inputs");
        let argv = |run: &mut crate::model::Run, words: &[&str]| {
            let command = run.command.as_mut().unwrap();
            command
                .argv
                .extend(words.iter().map(|word| (*word).to_owned()));
        };
        let reseed = |run: &mut crate::model::Run| {
            run.seed = Some(sample::param("7"));
            argv(run, &["--seed", "7"]);
        };
        assert_eq!(told(&reseed), "seed");
        assert_eq!(told(&|run| argv(run, &["--lr", "0.1"])), "arguments");
        let param = |run: &mut crate::model::Run, value| {
            run.params
                .insert("argv.lr".into(), crate::model::Param::text(value));
        };
        assert_eq!(told(&|run| param(run, "0.1")), "lr");
        assert_eq!(told(&|run| param(run, "train.csv")), "lr");
        let by_hand = |run: &mut crate::model::Run| {
            run.command = None;
        };
        assert_eq!(told(&by_hand), "same inputs");
        assert_eq!(told(&|run| sample::commit(run, "cc")), "code");
        assert_eq!(
            told(&|run| run.eval.metric_code = vec!["m.py@1".into()]),
            "metric code"
        );
        assert_eq!(
            told(&|run| run.data.clear()).split(' ').next(),
            Some("data")
        );
    }
}
