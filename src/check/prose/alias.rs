//! Names of metrics as people write them, in English and Russian.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::model::metric::{Goal, Yardstick, guess_goal};
use crate::model::{Brief, MetricValue};

/// A way to write the name of a measure: its words, `*` for any ending, and the measures it may
/// mean. Longer ways stand before shorter ones.
type Way = (&'static [&'static str], &'static [&'static str]);

const WAYS: &[Way] = &[
    (&["площад*", "под", "roc"], &["auc"]),
    (&["площад*", "под", "крив*"], &["auc"]),
    (&["area", "under", "the", "curve"], &["auc"]),
    (&["roc", "auc"], &["auc"]),
    (&["auc", "roc"], &["auc"]),
    (&["рок", "аук"], &["auc"]),
    (&["pr", "auc"], &["ap"]),
    (&["auc", "pr"], &["ap"]),
    (&["average", "precision"], &["ap"]),
    (&["средн*", "точност*"], &["ap"]),
    (&["rocauc"], &["auc"]),
    (&["auroc"], &["auc"]),
    (&["auprc"], &["ap"]),
    (&["auc"], &["auc"]),
    (&["аук"], &["auc"]),
    (&["дол*", "верн*", "ответ*"], &["accuracy"]),
    (&["дол*", "правильн*", "ответ*"], &["accuracy"]),
    (&["balanced", "accuracy"], &["balanced accuracy"]),
    (&["accuracy"], &["accuracy"]),
    (&["acc"], &["accuracy"]),
    (&["аккураси"], &["accuracy"]),
    (&["точност*"], &["accuracy", "precision"]),
    (&["precision"], &["precision"]),
    (&["прецизионност*"], &["precision"]),
    (&["recall"], &["recall"]),
    (&["sensitivity"], &["recall"]),
    (&["полнот*"], &["recall"]),
    (&["чувствительност*"], &["recall"]),
    (&["f1", "score"], &["f1"]),
    (&["f1", "мер*"], &["f1"]),
    (&["f", "мер*"], &["f1"]),
    (&["ф", "мер*"], &["f1"]),
    (&["f", "measure"], &["f1"]),
    (&["f1"], &["f1"]),
    (&["cross", "entropy"], &["logloss"]),
    (&["кросс", "энтроп*"], &["logloss"]),
    (&["перекр*", "энтроп*"], &["logloss"]),
    (&["логарифмическ*", "потер*"], &["logloss"]),
    (&["log", "loss"], &["logloss"]),
    (&["лог", "лосс*"], &["logloss"]),
    (&["logloss"], &["logloss"]),
    (&["логлосс*"], &["logloss"]),
    (&["функци*", "потер*"], &["loss"]),
    (&["loss"], &["loss"]),
    (&["лосс*"], &["loss"]),
    (&["потер*"], &["loss"]),
    (&["root", "mean", "squared", "error"], &["rmse"]),
    (&["mean", "squared", "error"], &["mse"]),
    (&["средн*", "квадратичн*", "ошибк*"], &["mse", "rmse"]),
    (&["среднеквадратичн*", "ошибк*"], &["mse", "rmse"]),
    (&["rmse"], &["rmse"]),
    (&["mse"], &["mse"]),
    (&["mean", "absolute", "error"], &["mae"]),
    (&["средн*", "абсолютн*", "ошибк*"], &["mae"]),
    (&["mae"], &["mae"]),
    (&["mape"], &["mape"]),
    (&["коэффициент*", "детерминаци*"], &["r2"]),
    (&["r", "squared"], &["r2"]),
    (&["r2"], &["r2"]),
    (&["r²"], &["r2"]),
];

const SPLITS: &[(&str, Yardstick)] = &[
    ("val", Yardstick::Val),
    ("valid", Yardstick::Val),
    ("validation", Yardstick::Val),
    ("dev", Yardstick::Val),
    ("валид*", Yardstick::Val),
    ("вал", Yardstick::Val),
    ("test", Yardstick::Test),
    ("holdout", Yardstick::Test),
    ("тест*", Yardstick::Test),
    ("отложенн*", Yardstick::Test),
    ("train", Yardstick::Train),
    ("training", Yardstick::Train),
    ("трейн*", Yardstick::Train),
    ("обучени*", Yardstick::Train),
    ("обучающ*", Yardstick::Train),
    ("тренировочн*", Yardstick::Train),
];

/// What a run's metric measures, as far as its name tells.
#[derive(Clone, Debug, PartialEq)]
struct Measure {
    name: String,
    lower: String,
    /// Whether its own words mean it: they are long enough, and it is more than information.
    own_words: bool,
    /// The words of the measure: `["auc"]`, or the name's own when it is not a known one.
    meaning: Vec<String>,
    /// What else the name says: `macro`, `std`.
    more: BTreeSet<String>,
    split: Option<Yardstick>,
}

/// The metrics of one run, by what they measure.
#[derive(Clone, Debug, Default)]
pub struct Names {
    measures: Vec<Measure>,
}

/// A metric named in a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Mention {
    /// By its exact name.
    Exact(String),
    /// By what it measures; more than one meaning when the word is ambiguous.
    Measure(Vec<Vec<String>>),
}

/// Whether a word is written in this way.
fn fits(pattern: &str, word: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None => word == pattern,
    }
}

/// The part of the data that a word speaks of.
pub fn split_word(word: &str) -> Option<Yardstick> {
    SPLITS
        .iter()
        .find(|(pattern, _)| fits(pattern, word))
        .map(|(_, split)| *split)
}

/// The words in an identifier: `roc_auc/val` is three.
pub fn parts(word: &str) -> impl Iterator<Item = &str> {
    word.split(['_', '/', '.', '-', '@'])
        .filter(|part| !part.is_empty())
}

/// [`WAYS`] by the letter that they begin with: nearly every word of a text is none of them.
static BY_LETTER: LazyLock<BTreeMap<char, Vec<&Way>>> = LazyLock::new(|| {
    let mut ways: BTreeMap<char, Vec<&Way>> = BTreeMap::new();
    for way in WAYS {
        let letter = way.0.first().and_then(|word| word.chars().next());
        ways.entry(letter.unwrap_or_default())
            .or_default()
            .push(way);
    }
    ways
});

/// The measure at the start of these words: how many words it takes, and what it may mean.
fn known(words: &[&str]) -> Option<(usize, &'static [&'static str])> {
    let letter = words.first()?.chars().next()?;
    BY_LETTER
        .get(&letter)?
        .iter()
        .filter(|(way, _)| {
            way.len() <= words.len()
                && way
                    .iter()
                    .zip(words)
                    .all(|(pattern, word)| fits(pattern, word))
        })
        .map(|(way, meaning)| (way.len(), *meaning))
        .max_by_key(|(length, _)| *length)
}

impl Names {
    /// Sorts the metrics of runs by what they measure.
    pub fn of<'a>(runs: impl IntoIterator<Item = &'a Brief>) -> Self {
        let mut names: BTreeSet<&String> = BTreeSet::new();
        for run in runs {
            let numbers = run
                .metrics
                .iter()
                .filter(|(_, value)| matches!(value, MetricValue::Number(_)));
            names.extend(numbers.map(|(name, _)| name));
        }
        Self {
            measures: names.into_iter().map(|name| measure(name)).collect(),
        }
    }

    /// The metric named at the start of these words, and how many words that takes. Each word is a
    /// whole one with its parts: an exact name must be a whole word.
    pub fn mention(&self, whole: Option<&str>, words: &[&str]) -> Option<(usize, Mention)> {
        if let Some(whole) = whole
            && let Some(exact) = self.measures.iter().find(|m| m.lower == whole)
        {
            return Some((
                parts(whole).count().max(1),
                Mention::Exact(exact.name.clone()),
            ));
        }
        if let Some((length, meanings)) = known(words) {
            let meanings: Vec<Vec<String>> =
                meanings.iter().map(|m| vec![(*m).to_owned()]).collect();
            let has = |meaning: &Vec<String>| self.measures.iter().any(|m| m.meaning == *meaning);
            return meanings
                .iter()
                .any(has)
                .then_some((length, Mention::Measure(meanings)));
        }
        // A name of the user's own, in the user's own words: `profit per user`.
        let own = self
            .measures
            .iter()
            .filter(|m| m.own_words && m.meaning.len() <= words.len())
            .filter(|m| m.meaning.iter().zip(words).all(|(a, b)| a == b))
            .max_by_key(|m| m.meaning.len())?;
        Some((
            own.meaning.len(),
            Mention::Measure(vec![own.meaning.clone()]),
        ))
    }

    /// The metrics that a mention may mean, given the split and the other words around it.
    pub fn candidates(
        &self,
        mention: &Mention,
        split: Option<Yardstick>,
        around: &BTreeSet<String>,
    ) -> Vec<String> {
        let meanings = match mention {
            Mention::Exact(name) => return vec![name.clone()],
            Mention::Measure(meanings) => meanings,
        };
        let fitting = |m: &&Measure| meanings.contains(&m.meaning);
        let mut all: Vec<&Measure> = self.measures.iter().filter(fitting).collect();
        if split.is_some() && all.iter().any(|m| m.split == split) {
            all.retain(|m| m.split == split);
        } else if split.is_some() {
            // Only metrics that say another split: the text speaks of one that is not recorded.
            all.retain(|m| m.split.is_none());
        }
        let spread = [
            "std", "sd", "var", "ci", "min", "max", "diff", "delta", "time",
        ];
        all.retain(|m| {
            !m.more.iter().any(|word| spread.contains(&word.as_str())) || m.more.is_subset(around)
        });
        let named: Vec<&Measure> = all
            .iter()
            .copied()
            .filter(|m| !m.more.is_empty() && m.more.is_subset(around))
            .collect();
        let chosen = if named.is_empty() { all } else { named };
        chosen.into_iter().map(|m| m.name.clone()).collect()
    }
}

fn measure(name: &str) -> Measure {
    let lower = name.to_lowercase();
    let words: Vec<&str> = parts(&lower).collect();
    let split = words.iter().find_map(|word| split_word(word));
    let words: Vec<&str> = words
        .into_iter()
        .filter(|word| split_word(word).is_none())
        .collect();
    let place = (0..words.len()).find_map(|at| Some((at, known(&words[at..])?)));
    let (meaning, more): (Vec<String>, _) = match place {
        Some((at, (length, meaning))) => {
            let rest = words[..at].iter().chain(&words[at + length..]);
            let meaning = meaning.iter().take(1).map(|m| (*m).to_owned()).collect();
            (meaning, rest.map(|word| (*word).to_owned()).collect())
        }
        None => (
            words.iter().map(|word| (*word).to_owned()).collect(),
            BTreeSet::new(),
        ),
    };
    let long = meaning.concat().chars().count() >= 4;
    Measure {
        own_words: long && guess_goal(name) != Some(Goal::Info),
        name: name.to_owned(),
        meaning,
        more,
        split,
        lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Number, Run, RunId, Uid};

    fn names(metrics: &[&str]) -> Names {
        let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
        let id = RunId::parse("exp_001_a").unwrap();
        let mut run = Brief::from(&Run::new(Uid::new(0, &[1; 10]), id, started));
        for name in metrics {
            run.metrics
                .insert((*name).into(), MetricValue::Number(Number::from_f64(0.5)));
        }
        Names::of([&run])
    }

    fn resolved(metrics: &[&str], text: &str, split: Option<Yardstick>) -> Vec<String> {
        let names = names(metrics);
        let words: Vec<&str> = text.split(' ').flat_map(parts).collect();
        let whole = (!text.contains(' ')).then_some(text);
        match names.mention(whole, &words) {
            Some((_, mention)) => {
                let around = words.iter().map(|word| (*word).to_owned()).collect();
                names.candidates(&mention, split, &around)
            }
            None => Vec::new(),
        }
    }

    #[test]
    fn common_names_mean_the_recorded_metric() {
        let metrics = [
            "roc_auc_val",
            "roc_auc_test",
            "acc",
            "f1_macro",
            "f1_weighted",
            "log_loss",
        ];
        let val = Some(Yardstick::Val);
        assert_eq!(resolved(&metrics, "roc auc", val), ["roc_auc_val"]);
        assert_eq!(
            resolved(&metrics, "roc auc", None),
            ["roc_auc_test", "roc_auc_val"]
        );
        assert_eq!(
            resolved(&metrics, "площадь под кривой", val),
            ["roc_auc_val"]
        );
        assert_eq!(resolved(&metrics, "точности", None), ["acc"]);
        assert_eq!(resolved(&metrics, "доля верных ответов", None), ["acc"]);
        assert_eq!(resolved(&metrics, "f1 macro", None), ["f1_macro"]);
        assert_eq!(resolved(&metrics, "logloss", None), ["log_loss"]);
        assert_eq!(resolved(&metrics, "roc_auc_test", None), ["roc_auc_test"]);
        assert!(resolved(&metrics, "rmse", None).is_empty());
    }

    #[test]
    fn a_split_that_is_not_recorded_binds_nothing() {
        assert!(resolved(&["roc_auc_val"], "auc", Some(Yardstick::Test)).is_empty());
        assert_eq!(resolved(&["auc"], "auc", Some(Yardstick::Test)), ["auc"]);
    }

    #[test]
    fn the_user_s_own_words_are_understood() {
        assert_eq!(
            resolved(&["profit_per_user"], "profit per user", None),
            ["profit_per_user"]
        );
        assert_eq!(resolved(&["auc", "auc_std"], "auc", None), ["auc"]);
        assert_eq!(resolved(&["auc", "auc_std"], "auc std", None), ["auc_std"]);
    }
}
