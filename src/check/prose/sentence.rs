//! Numbers in sentences and list items: which metric of which run each of them is.

use std::collections::BTreeSet;

use super::alias::{Names, parts, split_word};
use super::markdown::Block;
use super::mention::{Mentions, Named, Spoken, spoken};
use super::token::{At, Token, tokens};
use super::{Kind, Loose, Records, Verdict, compare};
use crate::model::Brief;
use crate::model::metric::Yardstick;

/// The claims of a paragraph, an item or a heading.
pub fn claims(block: &Block<'_>, subject: Option<&Brief>, records: &dyn Records) -> Vec<Loose> {
    let all = tokens(block.text);
    let mut found = Vec::new();
    let mut last: Option<&Brief> = None;
    for range in sentences(&all, block.text) {
        let sentence = Sentence::new(&all[range], subject.or(last), records);
        if let Some(run) = sentence.runs.iter().rev().find_map(|spoken| spoken.run) {
            // "exp_003 adds two columns. ROC-AUC is 0.842": the next sentence goes on about it.
            last = (sentence.runs.len() == 1).then_some(run);
        }
        found.extend(sentence.claims().into_iter().map(|loose| Loose {
            at: loose.at + block.start,
            ..loose
        }));
    }
    found
}

/// Token ranges of sentences.
fn sentences(all: &[At], text: &str) -> Vec<std::ops::Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for (index, at) in all.iter().enumerate() {
        let ends = match at.token {
            Token::Sign('!' | '?') => true,
            Token::Sign('.') => at.space_after && !is_abbreviation(all, index, text),
            _ => false,
        };
        if ends {
            ranges.push(start..index + 1);
            start = index + 1;
        }
    }
    ranges.push(start..all.len());
    ranges
}

/// `т.`, `см.`, `vs.`: a short word before the dot and no capital letter after it.
fn is_abbreviation(all: &[At], dot: usize, text: &str) -> bool {
    let short = dot
        .checked_sub(1)
        .and_then(|before| all[before].word())
        .is_some_and(|word| word.chars().count() <= 4);
    let capital = all
        .get(dot + 1)
        .and_then(|next| text[next.start..].chars().next())
        .is_none_or(|c| c.is_uppercase());
    short && !capital
}

/// One sentence, and the run that it is about when it names none.
pub(super) struct Sentence<'a, 'r> {
    pub(super) all: &'a [At],
    pub(super) runs: Vec<Spoken<'r>>,
    pub(super) subject: Option<&'r Brief>,
    records: &'r dyn Records,
}

impl<'a, 'r> Sentence<'a, 'r> {
    fn new(all: &'a [At], subject: Option<&'r Brief>, records: &'r dyn Records) -> Self {
        Self {
            all,
            runs: spoken(all, records),
            subject,
            records,
        }
    }

    fn claims(&self) -> Vec<Loose> {
        if self.all.iter().all(|at| at.number().is_none()) {
            return Vec::new();
        }
        let known = self
            .runs
            .iter()
            .filter_map(|spoken| spoken.run)
            .chain(self.subject);
        let names = Names::of(known);
        let mentions = Mentions::find(self.all, &names);
        if mentions.all.is_empty() || self.starts_with_param() || self.is_wish() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut previous = 0;
        for (index, at) in self.all.iter().enumerate() {
            let Some(number) = at.number() else { continue };
            let is_label = self
                .runs
                .iter()
                .any(|spoken| (spoken.at..spoken.end).contains(&index));
            if !is_label && !self.is_other_quantity(index) {
                found.extend(self.claim(index, previous, number, &names, &mentions));
            }
            previous = index + 1;
        }
        found
    }

    fn claim(
        &self,
        index: usize,
        previous: usize,
        number: &super::Written,
        names: &Names,
        mentions: &Mentions,
    ) -> Option<Loose> {
        let named = self.metric_for(index, previous, mentions)?;
        let tied = self.is_tied(named, index);
        if number.is_integer() && !number.is_percent() && !tied {
            return None;
        }
        let (run, firm) = self.run_for(index, previous)?;
        let split = self.split_for(index, previous, named);
        let around: BTreeSet<String> = mentions.words.iter().cloned().collect();
        let candidates = names.candidates(&named.mention, split, &around);
        let loose = compare(
            run,
            &candidates,
            number.clone(),
            self.all[index].start,
            Kind::Prose,
        )?;
        let wrong = matches!(loose.verdict, Verdict::Differs { .. });
        let doubtful = wrong
            && (self.is_explained(run, number, &loose.metric, firm)
                || (!tied && self.is_far(&loose)));
        (!doubtful).then_some(loose)
    }

    /// The metric of a number: the last one named before it, else the first after it.
    fn metric_for<'m>(
        &self,
        index: usize,
        previous: usize,
        mentions: &'m Mentions,
    ) -> Option<&'m Named> {
        let before = mentions.all.iter().rev().find(|named| named.end <= index);
        let right_after = mentions
            .all
            .iter()
            .find(|named| named.first > index && named.first <= index + 2);
        match before {
            Some(named) if named.first >= previous => Some(named),
            // "0.842 ROC-AUC and 0.79 accuracy": the name follows the number.
            Some(_) | None if right_after.is_some() => right_after,
            Some(named) => Some(named),
            None => mentions.all.iter().find(|named| named.first > index),
        }
    }

    /// Whether nothing but signs, a split and a copula stand between the name and the number.
    fn is_tied(&self, named: &Named, index: usize) -> bool {
        if named.end > index {
            return false;
        }
        self.all[named.end..index].iter().all(|at| match &at.token {
            Token::Word(word) => {
                split_word(word).is_some()
                    || [
                        "is",
                        "was",
                        "of",
                        "равен",
                        "равна",
                        "равно",
                        "составил",
                        "составила",
                        "на",
                        "on",
                        "до",
                        "to",
                    ]
                    .contains(&word.as_str())
            }
            Token::Number(_) => false,
            Token::Sign(sign) => matches!(
                sign,
                ':' | '=' | '—' | '–' | '-' | '(' | ')' | '`' | '*' | '≈'
            ),
        })
    }

    /// The run of a number, and whether the text leaves no doubt about it.
    fn run_for(&self, index: usize, previous: usize) -> Option<(&'r Brief, bool)> {
        if let Some(run) = self.first_of_two(index) {
            return Some((run?, true));
        }
        let after = self.runs.iter().find(|spoken| {
            let gap = self.all.get(index + 1..spoken.at).unwrap_or_default();
            let links = gap.iter().all(|at| {
                at.is('(')
                    || at.is('`')
                    || at.is('[')
                    || at.word().is_some_and(|word| {
                        ["у", "в", "для", "for", "in", "of", "at", "from"].contains(&word)
                    })
            });
            spoken.at > index && spoken.at <= index + 3 && links && spoken.at != index + 1 || {
                let bracket = self
                    .all
                    .get(index + 1)
                    .is_some_and(|at| at.is('(') || at.is('['));
                bracket && spoken.at == index + 2
            }
        });
        if let Some(spoken) = after {
            return Some((spoken.run?, true));
        }
        let near = self
            .runs
            .iter()
            .rev()
            .find(|spoken| spoken.at < index && spoken.at >= previous);
        if let Some(spoken) = near {
            let adjacent = index - spoken.end <= 2;
            if !spoken.compared || adjacent {
                return Some((spoken.run?, index - spoken.end <= 6));
            }
        }
        let earlier = self
            .runs
            .iter()
            .rev()
            .find(|spoken| spoken.at < index && !spoken.compared);
        match earlier {
            Some(spoken) => Some((spoken.run?, false)),
            None => match self.subject {
                Some(run) => Some((run, false)),
                None => {
                    let mut others = self.runs.iter().filter(|spoken| !spoken.compared);
                    let only = others.next()?;
                    others.next().is_none().then_some((only.run?, false))
                }
            },
        }
    }

    /// The first number of "с 0.81 до 0.84", "from 0.81 to 0.84", "0.81 → 0.84" is the other run's: the
    /// one that the sentence compares with, else the base. `Some(None)` when that is not known.
    fn first_of_two(&self, index: usize) -> Option<Option<&'r Brief>> {
        let word = |i: Option<usize>| i.and_then(|i| self.all.get(i)).and_then(At::word);
        let sign = |i: usize, c: char| self.all.get(i).is_some_and(|at| at.is(c));
        let number = |i: usize| self.all.get(i).is_some_and(|at| at.number().is_some());
        let words = matches!(
            (word(index.checked_sub(1)), word(Some(index + 1))),
            (Some("с" | "со"), Some("до")) | (Some("from"), Some("to"))
        );
        let arrow = (sign(index + 1, '→') && number(index + 2))
            || (sign(index + 1, '-') && sign(index + 2, '>') && number(index + 3));
        let from_to = words && number(index + 2);
        if !from_to && !arrow {
            return None;
        }
        if let Some(spoken) = self.runs.iter().find(|spoken| spoken.compared) {
            return Some(spoken.run);
        }
        let subject = self
            .runs
            .iter()
            .find_map(|spoken| spoken.run)
            .or(self.subject);
        Some(subject.and_then(|run| {
            let base = run.base.as_ref()?;
            self.records.run(base.uid.as_str())
        }))
    }

    /// The part of the data that a number speaks of: by the words before it, else after it, else by
    /// the only one in the sentence.
    fn split_for(&self, index: usize, previous: usize, named: &Named) -> Option<Yardstick> {
        let of = |range: std::ops::Range<usize>| -> Vec<Yardstick> {
            let words = self
                .all
                .get(range)
                .unwrap_or_default()
                .iter()
                .filter_map(At::word);
            let mut found: Vec<Yardstick> = words
                .filter(|word| !word.starts_with("exp_"))
                .flat_map(parts)
                .filter_map(split_word)
                .collect();
            found.dedup();
            found
        };
        let next = self.all[index + 1..]
            .iter()
            .position(|at| at.number().is_some() || at.is(',') || at.is(';'))
            .map_or(self.all.len(), |at| index + 1 + at);
        let before = of(previous..index);
        let after = of(index + 1..next.min(index + 4));
        let at_name = of(named.first.saturating_sub(2)..named.end + 3);
        let whole = of(0..self.all.len());
        before
            .last()
            .or(after.first())
            .or(at_name.first())
            .copied()
            .or(match whole[..] {
                [only] => Some(only),
                _ => None,
            })
    }
}
