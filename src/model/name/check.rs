//! Which names say nothing about a run.

use super::{MAX, NameProblem, slug};

/// Words that fit every run, in English and in transliterated Russian.
const EMPTY_WORDS: [&str; 74] = [
    "a",
    "an",
    "the",
    "my",
    "this",
    "some",
    "exp",
    "exps",
    "experiment",
    "experiments",
    "run",
    "runs",
    "trial",
    "try",
    "attempt",
    "test",
    "tests",
    "testing",
    "model",
    "models",
    "version",
    "ver",
    "v",
    "final",
    "finale",
    "new",
    "newer",
    "newest",
    "old",
    "latest",
    "last",
    "next",
    "first",
    "second",
    "best",
    "better",
    "good",
    "real",
    "really",
    "ok",
    "tmp",
    "temp",
    "foo",
    "bar",
    "baz",
    "qwerty",
    "asdf",
    "untitled",
    "unnamed",
    "noname",
    "default",
    "copy",
    "misc",
    "todo",
    "other",
    "another",
    "st",
    "nd",
    "rd",
    "th",
    "eksperiment",
    "zapusk",
    "opyt",
    "proba",
    "popytka",
    "proverka",
    "versiia",
    "finalnyi",
    "finalnaia",
    "novyi",
    "novaia",
    "staryi",
    "posledniaia",
    "poslednii",
];

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Refuses a slug that tells nobody later what the run was about, or that is no slug.
///
/// A name may hold empty words, as long as it isn't made of them alone: `test_time_augmentation` is
/// fine, `new_model`, `test2`, `v2`, `exp_1` and `2025_10_12` are not.
pub fn check(name: &str) -> Result<(), NameProblem> {
    let clean = slug(name)?;
    if clean != name {
        return Err(NameProblem {
            why: format!("`{name}` is not of a-z, 0-9 and `_` alone, or longer than {MAX}"),
            suggestion: Some(clean).filter(|clean| check(clean).is_ok()),
        });
    }
    if let Some(rest) = after_number(name) {
        return Err(NameProblem {
            why: format!("`{name}` has a number of its own, and numbers are given by git exp"),
            suggestion: Some(rest.to_owned()).filter(|rest| check(rest).is_ok()),
        });
    }
    let words: Vec<&str> = name.split('_').map(without_digits).collect();
    let is_date = name.contains('_') || name.len() >= 6;
    let why = if words.iter().all(|word| word.is_empty()) {
        let what = if is_date { "a date" } else { "a number" };
        format!("`{name}` is only {what}, which the record has anyway")
    } else if words.iter().all(|word| word.is_empty() || is_month(word)) {
        format!("`{name}` is only a date, which the record has anyway")
    } else if words
        .iter()
        .all(|word| word.is_empty() || EMPTY_WORDS.contains(word))
    {
        format!("`{name}` does not say what is different in this run")
    } else {
        return Ok(());
    };
    Err(NameProblem::new(why))
}

/// The name inside `exp_003_name` or `exp3_name`.
fn after_number(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("exp")?;
    let rest = rest.strip_prefix('_').unwrap_or(rest);
    let (number, name) = rest.split_once('_')?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(name)
}

/// `test2` is as empty as `test`, and `2nd` as `nd`.
fn without_digits(word: &str) -> &str {
    word.trim_matches(|c: char| c.is_ascii_digit())
}

/// `oct`, `october`, `oktiabria`: a month by its beginning, in full or short.
fn is_month(word: &str) -> bool {
    const FULL: [&str; 24] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "ianvaria",
        "fevralia",
        "marta",
        "aprelia",
        "maia",
        "iiunia",
        "iiulia",
        "avgusta",
        "sentiabria",
        "oktiabria",
        "noiabria",
        "dekabria",
    ];
    MONTHS.contains(&word) || FULL.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_nothing_are_refused() {
        for name in [
            "exp_1",
            "exp1",
            "experiment",
            "final",
            "final_final2",
            "new_model",
            "test",
            "test2",
            "v2",
            "model_v3",
            "run",
            "2025_10_12",
            "20251012",
            "12_oct",
            "12_oktiabria_2025",
            "1",
            "42",
            "baz",
            "my_2nd_try",
            "novaia_model",
            "best_model_last",
        ] {
            let problem = check(name).unwrap_err();
            assert_eq!(problem.suggestion, None, "{name}");
        }
        assert_eq!(
            check("20251012").unwrap_err().why,
            "`20251012` is only a date, which the record has anyway"
        );
        assert_eq!(
            check("7").unwrap_err().why,
            "`7` is only a number, which the record has anyway"
        );
        assert_eq!(
            check("v2").unwrap_err().why,
            "`v2` does not say what is different in this run"
        );
    }

    #[test]
    fn names_that_say_something_are_taken() {
        for name in [
            "baseline",
            "more_trees",
            "resnet50",
            "train_v2",
            "n_estimators_300",
            "new_features",
            "code_train",
            "repeat_exp_002",
            "test_time_augmentation",
            "lightgbm",
            "bolshe_derevev",
            "march_madness",
            "export",
            "expert_2_heads",
            "x",
            "model_size_2",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_can_be_mended_is_suggested() {
        let suggestion = |name: &str| check(name).unwrap_err().suggestion;
        assert_eq!(
            suggestion("exp_003_foo_features").as_deref(),
            Some("foo_features")
        );
        assert_eq!(suggestion("exp3_lightgbm").as_deref(), Some("lightgbm"));
        assert_eq!(suggestion("More Trees").as_deref(), Some("more_trees"));
        assert_eq!(suggestion("exp_003_final"), None);
        assert_eq!(suggestion("Final!"), None);
        let problem = check("final")
            .unwrap_err()
            .or_suggest(Some("train_v2".into()));
        assert_eq!(problem.suggestion.as_deref(), Some("train_v2"));
    }

    #[test]
    fn every_empty_word_is_listed_once() {
        let mut words = EMPTY_WORDS.to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), EMPTY_WORDS.len());
    }
}
