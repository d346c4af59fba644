//! Metrics that were logged step by step: where they ended, and where they were best.

use super::axes::eval::EvalAxis;
use super::axis::State;
use super::metrics::stem;
use super::rules::Rules;
use crate::model::Run;
use crate::model::metric::{Goal, Yardstick};
use crate::model::run::{AtStep, SeriesSummary};

/// One series that both runs logged, and that differs.
#[derive(Clone, Debug)]
pub struct SeriesRow {
    /// The metric.
    pub name: String,
    /// Which way is better.
    pub goal: Option<Goal>,
    /// Whether both were measured with the same yardstick.
    pub yardstick: State,
    /// In the first run.
    pub a: SeriesSummary,
    /// In the second run.
    pub b: SeriesSummary,
}

impl SeriesRow {
    /// The best value of each side, where it is known which way is better.
    pub fn best(&self) -> Option<(&AtStep, &AtStep)> {
        Some((best_of(self.goal?, &self.a)?, best_of(self.goal?, &self.b)?))
    }

    /// Whether both ended at their best.
    pub fn ended_best(&self) -> bool {
        self.best().is_some_and(|(a, b)| {
            a.value.same_value(&self.a.last) && b.value.same_value(&self.b.last)
        })
    }
}

fn best_of(goal: Goal, summary: &SeriesSummary) -> Option<&AtStep> {
    match goal {
        Goal::Max => summary.max.as_ref(),
        Goal::Min => summary.min.as_ref(),
        Goal::Info => None,
    }
}

/// The series that differ: what choices are made by first, then validation before the rest.
pub fn rows(a: &Run, b: &Run, eval: &EvalAxis, rules: &Rules) -> Vec<SeriesRow> {
    let kin = rules.primary.as_deref().map(stem);
    let mut rows: Vec<SeriesRow> = a
        .series
        .iter()
        .filter_map(|(name, before)| {
            let after = b.series.get(name).filter(|after| *after != before)?;
            let role = rules.role(name);
            let yardstick = match role {
                Yardstick::Train => eval.metric_code,
                role => eval.role(role).state,
            };
            Some(SeriesRow {
                name: name.clone(),
                goal: rules.goal(name),
                yardstick,
                a: before.clone(),
                b: after.clone(),
            })
        })
        .collect();
    rows.sort_by_key(|row| {
        let is_kin = kin.as_ref() == Some(&stem(&row.name));
        let judged = matches!(row.goal, Some(Goal::Max | Goal::Min));
        let val = rules.role(&row.name) == Yardstick::Val;
        (!is_kin, !judged, !val, row.name.clone())
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::sample;
    use crate::compare::{Evidence, Rules, Side, compare};
    use crate::model::Number;

    fn summary(last: &str, best: (i64, &str), steps: i64) -> SeriesSummary {
        let number = |text: &str| Number::parse(text).unwrap();
        let at = |step, text: &str| {
            Some(AtStep {
                step,
                value: number(text),
            })
        };
        SeriesSummary {
            count: 10,
            last_step: steps,
            last: number(last),
            min: at(best.0, best.1),
            max: at(1, "0.9"),
        }
    }

    #[test]
    fn best_follows_the_goal_and_equal_series_are_left_out() {
        let (mut a, mut b) = (sample::run(1, "a"), sample::run(2, "b"));
        for (run, last) in [(&mut a, "0.50"), (&mut b, "0.48")] {
            let logged = &mut run.series;
            logged.insert("loss_train".into(), summary(last, (10, last), 10));
            logged.insert("loss_val".into(), summary(last, (7, "0.4"), 10));
            logged.insert("odd".into(), summary(last, (1, "0.4"), 10));
            logged.insert("loss_same".into(), summary("0.3", (1, "0.2"), 10));
        }
        b.series
            .insert("loss_new".into(), summary("1", (1, "1"), 1));
        let plain = |a, b| {
            compare(
                &Side::new(a),
                &Side::new(b),
                &Evidence::default(),
                &Rules::default(),
            )
        };
        let c = plain(&a, &b);
        let names: Vec<&str> = c.series.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["loss_val", "loss_train", "odd"]);
        let best = |at: usize| c.series[at].best().map(|(a, b)| (a.step, b.step));
        assert_eq!(
            (best(0), best(1), best(2)),
            (Some((7, 7)), Some((10, 10)), None)
        );
        assert!(!c.series[0].ended_best() && c.series[1].ended_best());
        assert!(plain(&a, &a).series.is_empty());
    }
}
