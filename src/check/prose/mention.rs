//! Runs and metrics that a text names.

use super::Records;
use super::alias::{Mention, Names, parts};
use super::token::{At, Token, tokens};
use crate::model::Brief;

/// A metric that a text names.
pub struct Named {
    /// Which.
    pub mention: Mention,
    /// Index of its first token.
    pub first: usize,
    /// Index after its last token.
    pub end: usize,
}

/// All metrics that a text names, and its words.
pub struct Mentions {
    /// The metrics, in order.
    pub all: Vec<Named>,
    /// All words and parts of words.
    pub words: Vec<String>,
}

impl Mentions {
    /// Looks for metrics in the tokens of a text.
    pub fn find(all: &[At], names: &Names) -> Self {
        let mut flat: Vec<(&str, usize)> = Vec::new();
        for (index, at) in all.iter().enumerate() {
            match &at.token {
                Token::Word(word) => flat.extend(parts(word).map(|part| (part, index))),
                // Hyphens join words; any other sign ends a name.
                Token::Sign('-' | '–' | '*' | '_') => {}
                _ => flat.push(("", index)),
            }
        }
        let mut found = Vec::new();
        let mut at = 0;
        while at < flat.len() {
            let words: Vec<&str> = flat[at..].iter().take(5).map(|(word, _)| *word).collect();
            let (first, is_start) = (flat[at].1, at == 0 || flat[at - 1].1 != flat[at].1);
            let whole = if is_start { all[first].word() } else { None };
            match names.mention(whole, &words) {
                Some((length, mention)) => {
                    let last = flat[(at + length - 1).min(flat.len() - 1)].1;
                    found.push(Named {
                        mention,
                        first,
                        end: last + 1,
                    });
                    at += length;
                }
                None => at += 1,
            }
        }
        let words = flat.into_iter().filter(|(word, _)| !word.is_empty());
        Self {
            all: found,
            words: words.map(|(word, _)| word.to_owned()).collect(),
        }
    }
}

/// A run that a text names.
pub struct Spoken<'r> {
    /// Which; `None` when no record has the label.
    pub run: Option<&'r Brief>,
    /// Index of its first token.
    pub at: usize,
    /// Index after its last token.
    pub end: usize,
    /// Whether it is only compared with.
    pub compared: bool,
}

/// The different runs that a text names.
pub fn runs_in<'r>(text: &str, records: &'r dyn Records) -> Vec<&'r Brief> {
    let mut all: Vec<&Brief> = Vec::new();
    for spoken in spoken(&tokens(text), records) {
        if let Some(run) = spoken.run
            && !all.iter().any(|other| other.uid == run.uid)
        {
            all.push(run);
        }
    }
    all
}

/// All runs that a text names, in order.
pub fn spoken<'r>(all: &[At], records: &'r dyn Records) -> Vec<Spoken<'r>> {
    let mut found = Vec::new();
    for (index, at) in all.iter().enumerate() {
        let Some(word) = at.word() else { continue };
        let label = word.split('.').next().unwrap_or(word);
        let is_label = label
            .strip_prefix("exp_")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if is_label {
            found.push(Spoken {
                run: records.run(label),
                at: index,
                end: index + 1,
                compared: is_compared(&all[..index]),
            });
        } else if ["эксперимент", "experiment", "запуск"]
            .iter()
            .any(|stem| word.starts_with(stem))
            && let Some((number, end)) = number_after(all, index + 1)
            && let Some(run) = records.run(&format!("exp_{number:03}"))
        {
            found.push(Spoken {
                run: Some(run),
                at: index,
                end,
                compared: is_compared(&all[..index]),
            });
        }
    }
    found
}

/// `3`, `№ 3`, `#3` right after a word for a run.
fn number_after(all: &[At], mut index: usize) -> Option<(u32, usize)> {
    if all.get(index).is_some_and(|at| at.is('№') || at.is('#')) {
        index += 1;
    }
    let number = all
        .get(index)?
        .number()
        .filter(|number| number.is_integer() && !number.is_percent())?;
    let number = number.to_string().parse().ok()?;
    Some((number, index + 1))
}

/// Whether the words before a run make it the one that is compared with.
fn is_compared(before: &[At]) -> bool {
    let tail: Vec<&str> = before.iter().rev().take(3).filter_map(At::word).collect();
    let any = |stems: &[&str]| {
        tail.iter()
            .any(|word| stems.iter().any(|stem| word.starts_with(stem)))
    };
    any(&[
        "сравн",
        "относительно",
        "против",
        "чем",
        "выше",
        "ниже",
        "лучше",
        "хуже",
    ]) || any(&[
        "compared", "than", "versus", "vs", "over", "against", "relative",
    ])
}
