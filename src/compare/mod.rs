//! What differs between two runs: pure, typed, total.
//!
//! [`compare`] takes two records and whatever callers could see beyond them ([`Evidence`]), and says
//! what differs on each of eight [`axes`], how many independent [`factor`]s that makes, and what the
//! [`verdict`] is. Nothing here looks at git, at files or at a clock. How it is told is the business
//! of [`crate::report`].

pub mod axes;
pub mod axis;
pub mod closest;
pub mod evidence;
pub mod factor;
pub mod fingerprint;
pub mod metrics;
pub mod noise;
pub mod reason;
pub mod rules;
#[cfg(test)]
pub(crate) mod sample;
pub mod series;
pub mod suggest;
#[cfg(test)]
mod tests;
pub mod verdict;
pub mod warning;

pub use axes::Axes;
pub use axis::{Axis, Gap, Sides, State};
pub use closest::Closest;
pub use evidence::{CodeEvidence, Evidence, FileChange, Side};
pub use factor::{Declared, Factor};
pub use fingerprint::{Fingerprint, fingerprint, fingerprint_but_seed};
pub use metrics::{Judgement, MetricRow};
pub use rules::Rules;
pub use verdict::{Caveat, Verdict};
pub use warning::Warning;

use crate::model::Run;
use crate::model::metric::Yardstick;

/// All that is to be said about two runs.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    /// The first run.
    pub a: &'a Run,
    /// The second run.
    pub b: &'a Run,
    /// What differs, axis by axis.
    pub axes: Axes,
    /// What changed independently.
    pub factors: Vec<Factor>,
    /// What the second run's user said would change.
    pub declared: Declared,
    /// The first sentence.
    pub verdict: Verdict,
    /// Axes whose gaps forbid a claim of "one factor" or "none".
    pub decisive_gaps: Vec<Axis>,
    /// What softens such a claim.
    pub caveats: Vec<Caveat>,
    /// Metrics side by side.
    pub metrics: Vec<MetricRow>,
    /// What both runs logged over steps, where it differs.
    pub series: Vec<series::SeriesRow>,
    /// Cautions about the metrics.
    pub warnings: Vec<Warning>,
    /// Mean and spread of the primary metric over all repeats of one experiment.
    pub spread: Option<noise::Spread>,
    /// Values of the primary metric on each side.
    pub repeats: (usize, usize),
    /// Likely reasons, when the metrics differ for no recorded one.
    pub reasons: Vec<reason::Reason>,
    /// Runs that isolate a factor.
    pub closest: Vec<Closest>,
    /// What to do next.
    pub suggestions: Vec<suggest::Suggestion>,
}

impl Comparison<'_> {
    /// The row of the primary metric.
    pub fn primary(&self) -> Option<&MetricRow> {
        self.metrics.iter().find(|row| row.primary)
    }

    /// Whether anything differs at all: what `--exit-code` answers.
    pub fn differs(&self) -> bool {
        let axes = Axis::ALL
            .iter()
            .any(|axis| self.axes.state(*axis) == State::Changed);
        let one_sided = |row: &MetricRow| row.a.is_none() || row.b.is_none();
        let moved = |row: &MetricRow| {
            row.is_shared() && row.numbers().is_some_and(|(a, b)| !a.same_value(b))
        };
        axes || self.axes.code.uncounted() > 0
            || self.axes.env.lists_more()
            || self.metrics.iter().any(|row| one_sided(row) || moved(row))
    }

    /// Axes in one state, in order.
    pub fn axes_in(&self, state: State) -> impl Iterator<Item = Axis> + '_ {
        Axis::ALL
            .into_iter()
            .filter(move |axis| self.axes.state(*axis) == state)
    }
}

/// Compares two runs.
pub fn compare<'a>(
    a: &Side<'a>,
    b: &Side<'a>,
    evidence: &Evidence<'a>,
    rules: &Rules,
) -> Comparison<'a> {
    let axes = Axes::between(a, b, evidence, rules);
    let factors = factor::count(&axes, rules);
    let repeats = noise::Repeats::find(a, b, evidence);
    let rows = metrics::rows(a.run, b.run, &axes.eval, rules, &repeats);
    let decisive_gaps = verdict::decisive_gaps(&axes);
    let verdict = verdict::decide(verdict::Facts {
        yardstick: yardstick(&axes, &factors, &rows, rules),
        factors: factors.len(),
        gaps: !decisive_gaps.is_empty(),
        metrics: metrics::compared(&rows),
    });
    let primary = rows
        .iter()
        .find(|row| row.primary)
        .map(|row| row.name.clone());
    let closest = match verdict {
        Verdict::Confounded => {
            closest::closest(a, b, &factors, evidence, rules, primary.as_deref())
        }
        _ => Vec::new(),
    };
    let reasons = match verdict {
        Verdict::Unexplained => reason::reasons(a, b, &axes, evidence),
        _ => Vec::new(),
    };
    let suggestions = suggest::suggestions(&suggest::Known {
        a: a.run,
        b: b.run,
        axes: &axes,
        factors: &factors,
        rows: &rows,
        closest: &closest,
        runs: evidence.runs,
        verdict,
    });
    Comparison {
        a: a.run,
        b: b.run,
        declared: Declared::check(&b.run.declared, &factors),
        verdict,
        decisive_gaps,
        caveats: verdict::caveats(&axes),
        warnings: warning::warnings(a.run, b.run, &axes, &rows),
        spread: primary.as_deref().and_then(|name| repeats.spread(name)),
        repeats: primary
            .as_deref()
            .map_or((0, 0), |name| repeats.counts(name)),
        metrics: rows,
        series: series::rows(a.run, b.run, &axes.eval, rules),
        reasons,
        closest,
        suggestions,
        axes,
        factors,
    }
}

/// The state of the yardsticks that matter here: those of the metrics in common (training metrics
/// never, for they are measured on what was learnt from); without such metrics, those that either
/// run's metrics would be measured with.
///
/// A yardstick that changed without measuring anything in common still counts when nothing else
/// changed, since then it is all there is to say.
fn yardstick(axes: &Axes, factors: &[Factor], rows: &[MetricRow], rules: &Rules) -> State {
    let eval = &axes.eval;
    let of = |row: &MetricRow| (row.role != Yardstick::Train).then(|| eval.role(row.role).state);
    let shared: Vec<State> = rows
        .iter()
        .filter(|row| row.is_shared())
        .filter_map(of)
        .collect();
    if !shared.is_empty() {
        return State::of(shared);
    }
    if rows.iter().any(MetricRow::is_shared) {
        // Training metrics alone: the code that computes them is the only yardstick.
        return eval.metric_code;
    }
    let role = rules
        .primary
        .as_deref()
        .map_or(rules.role(""), |name| rules.role(name));
    let expected = eval.role(role).state;
    if factors.is_empty() {
        expected.max(eval.state)
    } else {
        expected
    }
}
