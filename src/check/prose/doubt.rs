//! Reasons to leave a number alone: it counts, bounds or measures something else.

use super::alias::{Names, parts, split_word};
use super::sentence::Sentence;
use super::token::At;
use super::{Loose, Verdict, Written};
use crate::model::{Brief, MetricValue};

/// Beginnings of words that speak of what is wanted, not of what came out.
const WISHES: [&str; 17] = [
    "цель",
    "целев",
    "ожида",
    "гипотез",
    "хотим",
    "хочется",
    "должн",
    "нужно",
    "нужен",
    "планир",
    "goal",
    "target",
    "expect",
    "hypothes",
    "should",
    "aim",
    "want",
];

impl Sentence<'_, '_> {
    /// A goal, a hypothesis, a demand: its number is no result.
    pub(super) fn is_wish(&self) -> bool {
        let mut words = self.all.iter().filter_map(At::word);
        words.any(|word| WISHES.iter().any(|wish| word.starts_with(wish)))
    }

    /// A list item about a parameter of the run, which may be called after a metric.
    pub(super) fn starts_with_param(&self) -> bool {
        let first = self.all.iter().find_map(At::word);
        let owner = self
            .subject
            .or_else(|| self.runs.iter().find_map(|spoken| spoken.run));
        match (first, owner) {
            (Some(first), Some(run)) => {
                run.params
                    .keys()
                    .any(|name| name.eq_ignore_ascii_case(first))
                    && !run.metrics.contains_key(first)
            }
            _ => false,
        }
    }

    /// A difference, a spread, a threshold, a count of something.
    pub(super) fn is_other_quantity(&self, index: usize) -> bool {
        let number = self.all[index].number();
        let before = index.checked_sub(1).map(|i| &self.all[i]);
        let word_before = before.and_then(At::word).unwrap_or_default();
        let after: Vec<&str> = self.all[index + 1..]
            .iter()
            .take(2)
            .filter_map(At::word)
            .collect();
        let counted = [
            "раз",
            "эпох",
            "epoch",
            "строк",
            "row",
            "дерев",
            "tree",
            "сек",
            "мин",
            "час",
            "sec",
            "min",
            "hour",
            "times",
            "п.п",
            "пп",
            "pp",
            "points",
            "процентн",
            "шаг",
            "step",
            "seed",
            "fold",
            "фолд",
            "запуск",
            "runs",
            "gb",
            "mb",
        ];
        number.is_some_and(Written::is_signed)
            || before.is_some_and(|at| {
                ['±', '§', '№', '#', '<', '>', '≥', '≤', '~', '/']
                    .iter()
                    .any(|s| at.is(*s))
            })
            || [
                "на",
                "by",
                "порог",
                "threshold",
                "разница",
                "прирост",
                "gain",
                "delta",
                "δ",
                "std",
                "σ",
            ]
            .iter()
            .any(|word| {
                word_before.starts_with(word)
                    && (*word != "на" || word_before == "на")
                    && (*word != "by" || word_before == "by")
            })
            || after
                .first()
                .is_some_and(|word| counted.iter().any(|stem| word.starts_with(stem)))
            || self.is_assigned_elsewhere(index)
    }

    /// `k = 5`, `lr: 0.01`: tied by a sign to a word that names neither metric, split nor run.
    pub(super) fn is_assigned_elsewhere(&self, index: usize) -> bool {
        let Some(sign) = index.checked_sub(1).filter(|&i| self.all[i].is('=')) else {
            return false;
        };
        let Some(word) = sign.checked_sub(1).and_then(|i| self.all[i].word()) else {
            return false;
        };
        let names = Names::of(self.runs.iter().filter_map(|s| s.run).chain(self.subject));
        let words: Vec<&str> = parts(word).collect();
        let is_tail = (0..words.len()).any(|from| names.mention(None, &words[from..]).is_some());
        names.mention(Some(word), &words).is_none() && !is_tail && split_word(word).is_none()
    }

    /// Whether a number that is not this metric of this run is something else that was recorded.
    pub(super) fn is_explained(
        &self,
        run: &Brief,
        number: &Written,
        metric: &str,
        firm: bool,
    ) -> bool {
        let value = |run: &Brief| {
            run.metrics
                .get(metric)
                .and_then(MetricValue::number)
                .cloned()
        };
        let others = || {
            let spoken = self
                .runs
                .iter()
                .filter_map(|spoken| spoken.run)
                .chain(self.subject);
            spoken.filter(|other| other.uid != run.uid)
        };
        let of_other_run = || {
            others()
                .filter_map(value)
                .any(|other| number.matches(&other))
        };
        let difference = || {
            let Some(own) = value(run) else { return false };
            others().filter_map(value).any(|other| {
                let gap = crate::model::Number::from_f64((own.as_f64() - other.as_f64()).abs());
                number.matches(&gap)
            })
        };
        let is_param = || {
            run.params
                .values()
                .filter_map(crate::model::Param::number)
                .any(|param| (param.as_f64() - number.value()).abs() < f64::EPSILON)
        };
        (!firm && of_other_run()) || difference() || is_param()
    }

    /// Whether a number lies where the metric can't: it measures something else then.
    pub(super) fn is_far(&self, loose: &Loose) -> bool {
        let Verdict::Differs { recorded } = &loose.verdict else {
            return false;
        };
        recorded.as_f64().abs() <= 1.0
            && loose.written.value().abs() > 1.5
            && !loose.written.is_percent()
    }
}
