//! What to do next: commands as arguments, never as text that a shell would read.

use super::axes::config::{KeyChange, KeyKind, KeyRole};
use super::axes::data::InputKind;
use super::axis::{Axis, State};
use super::closest::Closest;
use super::evidence::Difference;
use super::metrics::MetricRow;
use super::verdict::Verdict;
use super::{Axes, Factor};
use crate::model::command_line::is_argument;
use crate::model::param::ParamKind;
use crate::model::table_diff::Basis;
use crate::model::{Param, Run};

/// At most so many runs are proposed at once.
const PROPOSED: usize = 4;

/// Something worth doing after reading an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suggestion {
    /// Repeat under other seeds: without repeats a difference can't be told from luck.
    Seeds {
        /// The command's arguments.
        argv: Vec<String>,
        /// The difference in question, as the metric's row has it.
        metric: String,
    },
    /// Runs that would isolate one factor each.
    Isolate {
        /// What they start from.
        from: Start,
        /// Each command's arguments.
        commands: Vec<Vec<String>>,
    },
    /// Look at the changed lines.
    Lines(Vec<String>),
    /// Look at the changed rows.
    Rows(Vec<String>),
    /// Get the older environment back.
    Environment(Vec<String>),
    /// Keep the validation rows in a file of their own, so that both runs share a yardstick.
    OwnFile {
        /// `val` or `test`.
        role: &'static str,
    },
    /// Record data, without which nothing can be claimed.
    RecordData(Vec<String>),
    /// Give a run its metrics.
    Finish(Vec<String>),
}

/// What the runs proposed by [`Suggestion::Isolate`] have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// They are the first run plus one factor.
    First,
    /// They are a recorded run, which has the second run's code, plus one factor.
    CodeOfSecond,
    /// They are the second run less one factor.
    Second,
}

/// What is known when suggestions are made.
pub(super) struct Known<'k> {
    pub a: &'k Run,
    pub b: &'k Run,
    pub axes: &'k Axes,
    pub factors: &'k [Factor],
    pub rows: &'k [MetricRow],
    pub closest: &'k [Closest],
    pub runs: &'k [&'k Run],
    pub verdict: Verdict,
}

/// The name of a run on a command line: `exp_003`, or all of it where numbers collide. What is not
/// recorded yet has no number.
pub fn names(a: &Run, b: &Run) -> (String, String) {
    let name = |run: &Run| match run.number {
        0 => run.slug.clone(),
        _ if a.number == b.number => run.id().to_string(),
        _ => run.id().short(),
    };
    (name(a), name(b))
}

/// Whether rows that differ are here to be shown, and are not shown yet.
fn has_more_rows(inside: &Difference) -> bool {
    match inside {
        Difference::Table(table) => {
            table.samples.is_empty() && (table.basis == Basis::Rows || table.unread)
        }
        _ => false,
    }
}

pub(super) fn suggestions(known: &Known<'_>) -> Vec<Suggestion> {
    let mut list = Vec::new();
    match known.verdict {
        Verdict::Confounded => list.extend(isolate(known)),
        Verdict::OneFactor => list.extend(seeds(known)),
        Verdict::NotComparable => list.extend(own_file(known)),
        Verdict::Incomplete => list.extend(complete(known)),
        Verdict::Identical | Verdict::Unexplained => {}
    }
    let (a, b) = names(known.a, known.b);
    let changed = |axis| known.axes.state(axis) == State::Changed;
    let diff = |flags: &[&str]| {
        let mut argv = vec!["diff".to_owned(), a.clone(), b.clone()];
        argv.extend(flags.iter().map(|flag| (*flag).to_owned()));
        argv
    };
    if changed(Axis::Code) {
        list.push(Suggestion::Lines(diff(&["--patch"])));
    }
    let inputs = known.axes.data.inputs.iter().chain(&known.axes.eval.inputs);
    let mut tables = inputs.filter(|input| {
        input.kind == InputKind::Changed && input.b.as_ref().is_some_and(|b| b.rows.is_some())
    });
    if tables.any(|input| input.inside.as_ref().is_none_or(has_more_rows)) {
        list.push(Suggestion::Rows(diff(&["--data", "--rows", "20"])));
    }
    let listed = known.a.env.as_ref().is_some_and(|env| env.lock.is_some());
    if changed(Axis::Env) && listed {
        let argv = ["show", &a, "--env"].map(str::to_owned).to_vec();
        list.push(Suggestion::Environment(argv));
    }
    list
}

fn seeds(known: &Known<'_>) -> Option<Suggestion> {
    let row = known
        .rows
        .iter()
        .find(|row| row.primary)
        .or_else(|| known.rows.first())?;
    let moved = row
        .delta
        .as_ref()
        .is_some_and(|delta| delta.as_f64() != 0.0);
    if !row.is_shared() || !moved || row.noise.is_some() || !known.b.takes_seed() {
        return None;
    }
    let (_, b) = names(known.a, known.b);
    let argv = ["run", "--like", &b, "--seeds", "1,2,3"]
        .map(str::to_owned)
        .to_vec();
    Some(Suggestion::Seeds {
        argv,
        metric: row.name.clone(),
    })
}

fn own_file(known: &Known<'_>) -> Option<Suggestion> {
    use super::axes::eval::Cause;
    let cut = |state: super::axes::eval::RoleState| {
        matches!(state.cause, Some(Cause::CutFromTrain | Cause::Split))
    };
    let eval = &known.axes.eval;
    let role = if cut(eval.val) { "val" } else { "test" };
    (cut(eval.val) || cut(eval.test)).then_some(Suggestion::OwnFile { role })
}

fn complete(known: &Known<'_>) -> Option<Suggestion> {
    let (a, b) = names(known.a, known.b);
    for (run, name) in [(known.b, &b), (known.a, &a)] {
        if run.metrics.is_empty() && run.finished.is_none() {
            let argv = ["finish", name, "--metrics", "FILE"]
                .map(str::to_owned)
                .to_vec();
            return Some(Suggestion::Finish(argv));
        }
    }
    let nowhere = known.axes.data.state == State::Unknown && known.b.data.is_empty();
    let argv = ["start", "--data", "train=FILE"]
        .map(str::to_owned)
        .to_vec();
    nowhere.then_some(Suggestion::RecordData(argv))
}

/// Proposes one run for each factor of a confounded pair that no recorded run isolates.
fn isolate(known: &Known<'_>) -> Option<Suggestion> {
    let missing = |key: &&KeyChange| {
        !known
            .closest
            .iter()
            .any(|have| have.factor.members.contains(&key.key))
    };
    let keys: Vec<&KeyChange> = known
        .axes
        .config
        .keys
        .iter()
        .filter(|key| key.role == KeyRole::Param && key.kind != KeyKind::Spelling)
        // `--set` changes what is there: it adds no key.
        .filter(|key| key.a.is_some() && key.b.is_some() && key.kind != KeyKind::Moved)
        .filter(missing)
        .collect();
    let on_code = known
        .closest
        .iter()
        .find(|have| have.from_first && have.factor.axis == Axis::Code);
    let only_config = known
        .factors
        .iter()
        .all(|factor| factor.axis == Axis::Config);
    let (a, b) = names(known.a, known.b);
    let (from, like, back) = match on_code {
        Some(have) => (Start::CodeOfSecond, have.run.short(), false),
        None if only_config => (Start::First, a, false),
        None => (Start::Second, b, true),
    };
    let source = match (on_code, back) {
        (Some(have), _) => known.runs.iter().copied().find(|run| run.id() == have.run),
        (None, false) => Some(known.a),
        (None, true) => Some(known.b),
    };
    let source = source?;
    let commands: Vec<Vec<String>> = keys
        .into_iter()
        // A command that can't be given another configuration is no command to paste.
        .filter(|key| is_argument(&key.key) || source.takes_config())
        .filter_map(|key| {
            let value = if back { key.a.as_ref() } else { key.b.as_ref() };
            let here = if back { &key.to } else { &key.from };
            let here = here.as_ref().unwrap_or(&key.key);
            Some(command(here, value?, &like, back)?.to_vec())
        })
        .take(PROPOSED)
        .collect();
    (!commands.is_empty()).then_some(Suggestion::Isolate { from, commands })
}

/// Text that would be read as something else stands in quotes.
fn in_quotes(text: &str) -> String {
    const WORDS: [&str; 11] = [
        "true", "false", "yes", "no", "on", "off", "null", "none", "nan", "y", "n",
    ];
    let starts = text.starts_with(|c: char| c.is_alphabetic() || c == '/');
    let plain = text
        .chars()
        .all(|c| c.is_alphanumeric() || "_-./".contains(c));
    let is_word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    if starts && plain && !is_word {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// `run type_only --like exp_006 --set model.type=LGBMClassifier`; `None` for a value that no
/// command line can spell.
fn command(key: &str, value: &Param, like: &str, back: bool) -> Option<[String; 6]> {
    let text = match value {
        Param::Leaf {
            kind: ParamKind::Null | ParamKind::Map,
            ..
        }
        | Param::List(_) => return None,
        Param::Leaf {
            kind: ParamKind::Str,
            text,
        } => &in_quotes(text),
        Param::Leaf { text, .. } => text,
    };
    let last = key.rsplit('.').next().unwrap_or(key).to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let slug: String = last
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .take(30)
        .collect();
    let clean = |text: &str| !text.chars().any(char::is_control);
    let name = if back {
        format!("without_{slug}")
    } else {
        format!("{slug}_only")
    };
    (clean(key) && clean(text) && !slug.is_empty()).then(|| {
        [
            "run".to_owned(),
            name,
            "--like".to_owned(),
            like.to_owned(),
            "--set".to_owned(),
            format!("{key}={text}"),
        ]
    })
}
