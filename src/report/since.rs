//! What a run changed against its base, in the few words of a table's cell.

use super::listing::varying_params;
use crate::model::brief::DataBrief;
use crate::model::command_line::{ARGUMENT, is_argument};
use crate::model::seed::names_seed;
use crate::model::{Brief, RecordPath};

/// What a run changed against its base, in a few words; `–` without one, `?` when nothing is known to
/// have changed but not all is known, or the base is gone.
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
    let mut unknown = config_is_unknown(run, base);
    match (&run.seed, &base.seed) {
        _ if by_key => {}
        (Some(a), Some(b)) if a.same_value(b) => {}
        (Some(_), Some(_)) => words.push("seed".to_owned()),
        _ => unknown = true,
    }
    match (&run.code_tree, &base.code_tree) {
        (Some(a), Some(b)) if a == b => {}
        (Some(_), Some(_)) => words.push("code".to_owned()),
        _ => unknown = true,
    }
    unknown |= data(run, base, &mut words);
    if run.metric_code != base.metric_code {
        words.push("metric code".to_owned());
    }
    // It is no factor beside what counts, and often says the same once more.
    if told && words.is_empty() && run.arguments != base.arguments {
        words.push("command".to_owned());
    }
    let plain = |word: &String| word.strip_prefix(ARGUMENT).unwrap_or(word).to_owned();
    let words: Vec<String> = words.iter().map(plain).collect();
    match words.len() {
        0 if unknown => "?".to_owned(),
        0 => "same inputs".to_owned(),
        1 | 2 => words.join(", "),
        n => format!("{n} changes"),
    }
}

/// Whether there is no telling if the configuration changed: none is recorded, or only as bytes.
fn config_is_unknown(run: &Brief, base: &Brief) -> bool {
    let untold = |run: &Brief| run.params.is_empty();
    let digests = |run: &Brief| -> Vec<_> {
        let files = run.config.iter();
        files.map(|file| file.sha256.clone()).collect()
    };
    (untold(run) || untold(base))
        && (run.config.is_empty() || base.config.is_empty() || digests(run) != digests(base))
}

/// Adds the data that changed; says whether there is any of which that is not known.
fn data(run: &Brief, base: &Brief, words: &mut Vec<String>) -> bool {
    if run.data.is_empty() || base.data.is_empty() {
        return true;
    }
    let of = |run: &'_ Brief, role: &str| -> Option<DataBrief> {
        run.data.iter().find(|input| input.role == role).cloned()
    };
    let mut roles: Vec<&String> = run.data.iter().chain(&base.data).map(|d| &d.role).collect();
    let mut seen = std::collections::BTreeSet::new();
    roles.retain(|role| seen.insert(*role));
    let mut unknown = false;
    for role in roles {
        match (of(run, role), of(base, role)) {
            (Some(a), Some(b)) if a.sha256.is_none() || b.sha256.is_none() => unknown = true,
            (Some(a), Some(b)) if a.sha256 == b.sha256 => {}
            _ => words.push(format!("data {role}")),
        }
    }
    unknown
}

/// Whether a parameter is the path of a recorded input, which is told by its content, or of a file
/// that the run wrote, which can't alter a result.
pub(super) fn names_file(run: &Brief, key: &str) -> bool {
    let inputs = run.data.iter().map(|input| &input.path);
    let paths: Vec<&RecordPath> = inputs.chain(run.outputs()).collect();
    let is_path = |text: &str| paths.iter().any(|path| path.is_spelled(text));
    run.params
        .get(key)
        .is_some_and(|value| value.is_all_text(&is_path))
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
        let unknown: [fn(&mut crate::model::Run); 4] = [
            |run| run.seed = None,
            |run| run.code.code_tree = None,
            |run| run.data.clear(),
            |run| run.data[0].sha256 = None,
        ];
        for (at, forget) in unknown.iter().enumerate() {
            assert_eq!(told(forget), "?", "{at}: what is not known is not the same");
        }
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
        assert_eq!(told(&|run| argv(run, &["--lr", "0.1"])), "command");
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
            told(&|run| run.data[0] = sample::data("train", "train.csv", "22", 10)),
            "data train"
        );
    }
}
