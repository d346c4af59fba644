//! Metrics logged over steps, one line each.

use super::told::Row;
use super::words::Words;
use crate::compare::series::SeriesRow;
use crate::compare::{Comparison, State};
use crate::model::metric::Goal;
use crate::settings::Lang;
use crate::ui::number;
use crate::ui::style::Style;

/// Series that are told unless all are asked for.
const MOST: usize = 4;

/// `last 0.579 → 0.575 at step 100 → 300;  best 0.571 (step 80) → 0.569 (step 142)`
pub fn rows(c: &Comparison<'_>, w: Words, all: bool) -> Vec<Row> {
    let most = if all { usize::MAX } else { MOST };
    let mut rows: Vec<Row> = c.series.iter().take(most).map(|s| row(s, w)).collect();
    let more = c.series.len().saturating_sub(rows.len());
    if more > 0 {
        let text = match w.lang {
            Lang::En => format!("+{more} more   (--all to list)"),
            Lang::Ru => format!("ещё {more}   (показать: --all)"),
        };
        rows.push(Row {
            style: Some(Style::Dim),
            ..Row::spanning(text)
        });
    }
    rows
}

fn row(series: &SeriesRow, w: Words) -> Row {
    let mark = match series.goal {
        Some(Goal::Max) => w.up(),
        Some(Goal::Min) => w.down(),
        _ => "?",
    };
    let (a, b) = (&series.a, &series.b);
    let last = w.change(&number::metric(&a.last), &number::metric(&b.last));
    let at = if a.last_step == b.last_step {
        b.last_step.to_string()
    } else {
        w.change(&a.last_step.to_string(), &b.last_step.to_string())
    };
    let mut text = format!(
        "{} {last} {} {at}",
        w.pick("last", "в конце"),
        w.pick("at step", "на шаге")
    );
    match series.best() {
        Some(_) if series.ended_best() => {
            text.push_str(w.pick(", the best of both", ", лучшее у обоих"));
        }
        Some((x, y)) => {
            let shown = |at: &crate::model::run::AtStep| {
                let step = w.pick("step", "шаг");
                format!("{} ({step} {})", number::metric(&at.value), at.step)
            };
            let best = w.change(&shown(x), &shown(y));
            text.push_str(&format!(";  {} {best}", w.pick("best", "лучшее")));
        }
        None => {}
    }
    if series.yardstick == State::Changed {
        text.push_str(&format!("   ({})", w.pick("not comparable", "несравнимо")));
    }
    Row {
        count: mark.to_owned(),
        ..Row::new(&series.name, text)
    }
}
