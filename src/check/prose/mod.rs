//! Reads numbers that people wrote about runs, and compares them with the records.
//!
//! Markdown → blocks → sentences → words, numbers, run ids and metric names → claims: "this number is
//! this metric of this run". Bound markers and table cells leave no doubt; sentences are read with
//! care, and a number that could be something else is left alone.

pub mod alias;
pub mod bound;
pub mod cited;
mod doubt;
mod markdown;
mod mention;
mod sentence;
mod table;
mod token;
mod written;

pub use written::Written;

use crate::model::{Brief, MetricValue, Number};

/// What the reader may ask of the records.
pub trait Records {
    /// The run of a label: `exp_003`, `exp_003_new_features`, an alias, a uid.
    fn run(&self, label: &str) -> Option<&Brief>;
}

/// How a number stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Between `<!-- exp:… -->` and `<!-- /exp -->`.
    Bound,
    /// In a table.
    Table,
    /// In the machine's part of a mini-log.
    Generated,
    /// In a sentence or a list.
    Prose,
}

/// How a number compares with the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the recorded number, rounded.
    Matches,
    /// It is the recorded number, cut off where it should have been rounded.
    Truncated {
        /// The record.
        recorded: Number,
    },
    /// It is another number.
    Differs {
        /// The record.
        recorded: Number,
    },
    /// The claim itself makes no sense: an unknown run or metric in a marker.
    Unreadable(String),
}

/// A number that is said to be a metric of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The run, as its folder is called.
    pub run: String,
    /// The metric, as the record calls it.
    pub metric: String,
    /// The number as written.
    pub written: Written,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How it stands there.
    pub kind: Kind,
    /// How it compares.
    pub verdict: Verdict,
}

impl Claim {
    /// The recorded number in the spelling of the written one.
    pub fn rounded(&self, recorded: &Number) -> String {
        self.written.like(recorded)
    }
}

/// Every claim of a Markdown text. `own` is the run whose mini-log it is.
pub fn claims(text: &str, own: Option<&Brief>, records: &dyn Records) -> Vec<Claim> {
    let mut all = bound::claims(text, records);
    let page = markdown::Page::read(text);
    let places = Places::new(text);
    let mut found = Vec::new();
    for block in page.blocks() {
        match block.kind {
            markdown::BlockKind::Table => found.extend(table::claims(&block, own, records)),
            markdown::BlockKind::Text => {
                let subject = own.or_else(|| block.heading.and_then(|label| records.run(label)));
                let claims = sentence::claims(&block, subject, records);
                let counts = |loose: &Loose| {
                    !page.is_generated(loose.at) || is_item_of(block.text, &loose.metric)
                };
                found.extend(claims.into_iter().filter(counts));
            }
        }
    }
    for loose in found {
        let (line, column) = places.of(loose.at);
        let kind = if page.is_generated(loose.at) {
            Kind::Generated
        } else {
            loose.kind
        };
        all.push(Claim {
            run: loose.run,
            metric: loose.metric,
            written: loose.written,
            line,
            column,
            kind,
            verdict: loose.verdict,
        });
    }
    all.sort_by_key(|claim| (claim.line, claim.column));
    all
}

/// Whether a line of the machine's part is `- metric: value`. The part also repeats what people said:
/// a goal of 0.9 is no result.
fn is_item_of(line: &str, metric: &str) -> bool {
    let item = line.trim_start().strip_prefix("- ");
    let key = item.and_then(|item| item.split_once(':'));
    key.is_some_and(|(key, _)| key.replace('\\', "") == metric)
}

/// A claim with its byte offset still to be turned into a line and a column.
#[derive(Clone, Debug)]
struct Loose {
    run: String,
    metric: String,
    written: Written,
    at: usize,
    kind: Kind,
    verdict: Verdict,
}

/// Compares a number with the metrics it may mean; it is right when any of them fits.
fn compare(
    run: &Brief,
    candidates: &[String],
    written: Written,
    at: usize,
    kind: Kind,
) -> Option<Loose> {
    let recorded = |name: &String| run.metrics.get(name).and_then(MetricValue::number);
    let first = candidates.iter().find(|name| recorded(name).is_some())?;
    let number = recorded(first)?.clone();
    let fits = |test: &dyn Fn(&Number) -> bool| {
        candidates
            .iter()
            .find(|name| recorded(name).is_some_and(test))
    };
    let (metric, verdict) = if let Some(name) = fits(&|n| written.matches(n)) {
        (name, Verdict::Matches)
    } else if let Some(name) = fits(&|n| written.truncates(n)) {
        let recorded = recorded(name)?.clone();
        (name, Verdict::Truncated { recorded })
    } else {
        (first, Verdict::Differs { recorded: number })
    };
    Some(Loose {
        run: run.id().to_string(),
        metric: metric.clone(),
        written,
        at,
        kind,
        verdict,
    })
}

/// Turns byte offsets into lines and columns.
struct Places<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    fn of(&self, at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|&start| start <= at);
        let start = self.starts[line.saturating_sub(1)];
        let column = self
            .text
            .get(start..at)
            .map_or(1, |before| before.chars().count() + 1);
        (line, column)
    }
}

#[cfg(test)]
mod tests;
