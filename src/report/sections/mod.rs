//! The sections of a report, written from records: design, table, choice, checklist.

pub mod checklist;
pub mod choice;
pub mod design;
pub mod table;

use super::bound::bind;
use super::facts::Facts;
use crate::error::{Failure, Result};
use crate::model::Run;
use crate::settings::Lang;

/// A section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Which experiments were done, and what each was to find out.
    Design,
    /// The runs with what changed, their metrics and conclusions.
    Table,
    /// Which model is in use, and why that one.
    Choice,
    /// The course note's questions, answered.
    Checklist,
}

impl Section {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 4] = [Self::Design, Self::Table, Self::Choice, Self::Checklist];

    /// The word in markers and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Design => "design",
            Self::Table => "table",
            Self::Choice => "choice",
            Self::Checklist => "checklist",
        }
    }

    /// The section of a word.
    ///
    /// # Errors
    /// An unknown word suggests the nearest.
    pub fn named(name: &str) -> Result<Self> {
        if let Some(section) = Self::ALL.into_iter().find(|section| section.name() == name) {
            return Ok(section);
        }
        let names = Self::ALL.map(Self::name);
        let nearest = names
            .iter()
            .map(|known| (strsim::jaro_winkler(known, name), *known))
            .filter(|(score, _)| *score > 0.75)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let failure = Failure::new(format!("no section is called `{name}`"));
        Err(match nearest {
            Some((_, known)) => failure.hint(format!("did you mean `{known}`?")),
            None => failure.hint(format!("the sections are {}", names.join(", "))),
        })
    }

    /// The heading.
    pub fn title(self, lang: Lang) -> &'static str {
        match self {
            Self::Design => lang.pick("Experimental design", "Экспериментальный дизайн"),
            Self::Table => lang.pick("Experiments", "Эксперименты"),
            Self::Choice => lang.pick("Choice of the model", "Выбор модели"),
            Self::Checklist => lang.pick("Tracking checklist", "Чек-лист по трекингу"),
        }
    }

    /// The text, without heading and markers; ends with a line break.
    pub fn markdown(self, facts: &Facts<'_>) -> String {
        match self {
            Self::Design => design::markdown(facts),
            Self::Table => table::markdown(facts),
            Self::Choice => choice::markdown(facts),
            Self::Checklist => checklist::markdown(facts),
        }
    }
}

/// A metric of a run as a bound number, or `–`.
fn bound(facts: &Facts<'_>, run: &Run, metric: &str) -> String {
    match facts.number(run, metric) {
        Some(value) => bind(&facts.label(run), metric, value),
        None => "–".to_owned(),
    }
}

/// What to say when there are no records.
fn nothing(lang: Lang) -> String {
    lang.pick(
        "No runs are recorded yet.\n",
        "Записанных запусков пока нет.\n",
    )
    .to_owned()
}

/// `1 run`, `3 runs`; in Russian the noun follows the last digits.
pub fn runs_counted(count: usize, lang: Lang) -> String {
    let noun = match lang {
        Lang::En if count == 1 => "run",
        Lang::En => "runs",
        Lang::Ru => match (count % 10, count % 100) {
            (_, 11..=14) => "запусков",
            (1, _) => "запуск",
            (2..=4, _) => "запуска",
            _ => "запусков",
        },
    };
    format!("{count} {noun}")
}

#[cfg(test)]
mod tests;
