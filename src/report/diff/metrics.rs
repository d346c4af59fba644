//! The metrics as cells: values, change, judgement, noise.

use super::words::Words;
use crate::compare::axes::data::InputKind;
use crate::compare::suggest::names;
use crate::compare::{Comparison, Judgement, MetricRow, State, Verdict};
use crate::model::metric::{Goal, Yardstick, yardstick};
use crate::model::{MetricValue, Param, Run};
use crate::settings::Lang;
use crate::ui::number;
use crate::ui::style::Style;

/// One row in words.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// The metric.
    pub name: String,
    /// Its direction, and whether choices are made by it.
    pub mark: String,
    /// The first value.
    pub a: String,
    /// The second value.
    pub b: String,
    /// The change, to be aligned at its end.
    pub change: String,
    /// What hangs behind it: `)` or ` %`.
    pub hang: &'static str,
    /// What to make of it.
    pub word: String,
    /// The noise, or a remark.
    pub note: String,
    /// The colour of the word.
    pub style: Option<Style>,
}

/// All rows worth showing. Texts are left out unless `all` is asked for.
pub fn cells(c: &Comparison<'_>, w: Words, all: bool) -> Vec<Cells> {
    let asked = c
        .metrics
        .iter()
        .find(|row| row.primary)
        .or_else(|| c.metrics.iter().find(|row| row.is_shared()))
        .map(|row| row.name.as_str());
    c.metrics
        .iter()
        .filter(|row| all || is_number(&row.a) || is_number(&row.b))
        .map(|row| cell(row, c, w, asked == Some(row.name.as_str())))
        .collect()
}

fn is_number(value: &Option<MetricValue>) -> bool {
    matches!(value, Some(MetricValue::Number(_)))
}

fn cell(row: &MetricRow, c: &Comparison<'_>, w: Words, asked: bool) -> Cells {
    let direction = match row.goal {
        Some(Goal::Max) => w.up(),
        Some(Goal::Min) => w.down(),
        Some(Goal::Info) => "",
        None => "?",
    };
    let primary = if row.primary {
        w.pick("primary", "главная")
    } else {
        ""
    };
    let (change, hang) = change(row);
    let (word, style) = word(row, c, w);
    Cells {
        name: row.name.clone(),
        mark: [direction, primary].join(" ").trim().to_owned(),
        a: repeated(c.a, row, row.a.as_ref(), w),
        b: repeated(c.b, row, row.b.as_ref(), w),
        change,
        hang,
        word,
        note: note(row, c, w, asked),
        style,
    }
}

/// A mean with its deviation, where the run has several values.
fn repeated(run: &Run, row: &MetricRow, shown: Option<&MetricValue>, w: Words) -> String {
    match (shown, run.scatter(&row.name)) {
        (Some(MetricValue::Number(mean)), Some(scatter)) => {
            number::with_deviation(mean, scatter.sd, w.plus_minus())
        }
        _ => value(shown, w),
    }
}

/// A value as people read it; a dash when a run doesn't have it.
pub fn value(value: Option<&MetricValue>, w: Words) -> String {
    match value {
        Some(MetricValue::Number(n)) => number::metric(n),
        Some(MetricValue::Text(text)) => Param::text(text.as_str()).spelling(),
        Some(MetricValue::Bool(yes)) => yes.to_string(),
        Some(MetricValue::Null) => "null".to_owned(),
        None => w.dash().to_owned(),
    }
}

fn change(row: &MetricRow) -> (String, &'static str) {
    let Some((delta, (a, b))) = row.delta.as_ref().zip(row.numbers()) else {
        return (String::new(), "");
    };
    if delta.as_f64() == 0.0 {
        return ("=".to_owned(), "");
    }
    let signed = number::signed(delta.as_f64(), a, b);
    match (row.judgement, row.relative) {
        (Judgement::Info, Some(share)) if share.abs() < 100.0 => {
            (format!("{:+.1}", share * 100.0), " %")
        }
        (Judgement::NotComparable, _) => (format!("({signed}"), ")"),
        _ => (signed, ""),
    }
}

fn word(row: &MetricRow, c: &Comparison<'_>, w: Words) -> (String, Option<Style>) {
    let (a, b) = names(c.a, c.b);
    let within = row.noise.as_ref().map(|noise| noise.within());
    let in_noise = w.pick("within noise", "в пределах шума");
    let judged = |word: &str| match within {
        Some(true) => format!("{word}, {in_noise}"),
        _ => word.to_owned(),
    };
    // Inputs are the same there: which of two lucky numbers is higher says nothing.
    let silent = c.verdict == Verdict::Unexplained;
    match row.judgement {
        Judgement::Better | Judgement::Worse if silent => (String::new(), None),
        Judgement::Better => {
            let style = (within != Some(true)).then_some(Style::Good);
            (judged(w.pick("better", "лучше")), style)
        }
        Judgement::Worse if within == Some(false) => {
            (w.pick("WORSE", "ХУЖЕ").to_owned(), Some(Style::Bad))
        }
        Judgement::Worse => {
            let style = (within != Some(true)).then_some(Style::Bad);
            (judged(w.pick("worse", "хуже")), style)
        }
        Judgement::Same => (w.pick("same", "так же").to_owned(), None),
        Judgement::Info => (w.pick("info", "справка").to_owned(), Some(Style::Dim)),
        Judgement::Undirected => {
            let text = "? set [metrics] in experiments/exp.toml";
            let russian = "? задайте [metrics] в experiments/exp.toml";
            (w.pick(text, russian).to_owned(), Some(Style::Dim))
        }
        Judgement::NotComparable => (
            w.pick("not comparable", "несравнимо").to_owned(),
            Some(Style::Warning),
        ),
        Judgement::NotFinite => (
            w.pick("not a number", "не число").to_owned(),
            Some(Style::Bad),
        ),
        Judgement::OnlyA => (
            format!("{} {a}", w.pick("only in", "только в")),
            Some(Style::Dim),
        ),
        Judgement::OnlyB => (
            format!("{} {b}", w.pick("only in", "только в")),
            Some(Style::Dim),
        ),
    }
}

fn note(row: &MetricRow, c: &Comparison<'_>, w: Words, asked: bool) -> String {
    if c.verdict == Verdict::Unexplained {
        return String::new();
    }
    let judged = matches!(
        row.judgement,
        Judgement::Better | Judgement::Worse | Judgement::Undirected
    );
    match &row.noise {
        Some(noise) => {
            let n = match noise.method {
                crate::compare::noise::Method::Welch => format!("{}+{}", noise.n_a, noise.n_b),
                crate::compare::noise::Method::OneSample => noise.n().to_string(),
            };
            let sd = format!("{}{}", w.plus_minus(), spread(noise.sd));
            if noise.within() {
                format!("(n={n}: {sd})")
            } else {
                format!("(n={n}: {} {sd})", w.pick("noise", "шум"))
            }
        }
        None if c.verdict == Verdict::NotComparable => same_file(row, c, w),
        None if judged && asked => w.pick("noise unknown", "шум неизвестен").to_owned(),
        None => String::new(),
    }
}

pub use crate::ui::number::deviation as spread;

/// A longer path is told by its last part, so that the remark stays on its line.
const LONGEST: usize = 20;

/// `(data/test.csv is the same)`, where that is why a metric may be compared after all.
fn same_file(row: &MetricRow, c: &Comparison<'_>, w: Words) -> String {
    if row.yardstick != State::Same || row.role == Yardstick::Train || !row.is_shared() {
        return String::new();
    }
    let file = c.axes.eval.inputs.iter().find(|input| {
        yardstick(&input.role) == Some(row.role)
            && matches!(
                input.kind,
                InputKind::Same | InputKind::Renamed | InputKind::LineEndings
            )
    });
    let Some(name) = file
        .and_then(|input| input.b.as_ref())
        .map(|b| match b.path.display() {
            path if path.len() <= LONGEST => path.into_owned(),
            _ => String::from_utf8_lossy(b.path.file_name()).into_owned(),
        })
    else {
        return String::new();
    };
    match w.lang {
        Lang::En => format!("({name} is the same)"),
        Lang::Ru => format!("({name} тот же)"),
    }
}
