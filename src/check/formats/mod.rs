//! How findings are told: to people, to programs, and to the services that run CI.
//!
//! Each format is a pure function from [`Checked`] to text. Everything that comes from a repository
//! is escaped for the place where it goes.

pub mod github;
pub mod gitlab;
pub mod human;
pub mod json;
pub mod junit;
pub mod sarif;
pub mod summary;

#[cfg(test)]
mod testing;

use super::Checked;
use super::finding::{Finding, Level, Outcome};

/// A format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// `git-exp/check/1`.
    Json,
    /// Workflow commands of GitHub Actions.
    Github,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// GitLab Code Quality.
    Gitlab,
}

/// Tells it in a format.
pub fn render(format: Format, checked: &Checked, ui: &crate::ui::Ui) -> String {
    match format {
        Format::Human => human::render(checked, ui),
        Format::Json => json::render(checked),
        Format::Github => github::render(checked),
        Format::Sarif => sarif::render(checked),
        Format::Junit => junit::render(checked),
        Format::Gitlab => gitlab::render(checked),
    }
}

/// The word of a finding.
pub fn label(finding: &Finding) -> &'static str {
    match (finding.outcome, finding.level) {
        (Outcome::Broken, Level::Error) => "broken",
        (Outcome::Broken, Level::Warn) => "warning",
        (Outcome::Unverifiable, _) => "unknown",
        (Outcome::Note, _) => "note",
        (Outcome::Ok, _) => "ok",
    }
}

/// How many runs were asked about: `1 of 4 runs`.
pub fn asked(checked: &Checked) -> String {
    let runs = match checked.runs {
        1 => "1 run".to_owned(),
        count => format!("{count} runs"),
    };
    match checked.asked == checked.runs {
        true => runs,
        false => format!("{} of {runs}", checked.asked),
    }
}

/// Says which rules were not asked, for what is not looked at is not fine: `not asked: E-report`.
pub fn not_asked(checked: &Checked) -> Option<String> {
    let codes = checked.not_asked.join(", ");
    (!codes.is_empty()).then(|| format!("not asked: {codes}"))
}

/// The counts in one line: `1 broken, 1 note, 1 not verifiable, 41 ok`.
pub fn counts(checked: &Checked) -> String {
    let broken = |level| {
        let same = |f: &&Finding| f.outcome == Outcome::Broken && f.level == level;
        checked.findings.iter().filter(same).count()
    };
    let parts = [
        (broken(Level::Error), "broken", "broken"),
        (broken(Level::Warn), "warning", "warnings"),
        (checked.count(Outcome::Note), "note", "notes"),
        (
            checked.count(Outcome::Unverifiable),
            "not verifiable",
            "not verifiable",
        ),
        (checked.count(Outcome::Ok), "ok", "ok"),
    ];
    parts
        .iter()
        .filter(|(count, one, _)| *count > 0 || *one == "ok")
        .map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A finding in one sentence, with the run in front where the message doesn't name it.
pub fn sentence(finding: &Finding) -> String {
    let run = finding.run.as_deref().unwrap_or_default();
    let short = crate::model::RunId::parse(run).map(|id| id.short());
    let named = short
        .as_ref()
        .is_some_and(|short| finding.message.contains(short.as_str()));
    if run.is_empty() || named {
        finding.message.clone()
    } else {
        format!("{}: {}", short.as_deref().unwrap_or(run), finding.message)
    }
}
