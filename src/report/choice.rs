//! `git exp best`: the choice, and why not another.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::diff::words::Words;
use crate::choose::{self, Best, Excluded, Ruler};
use crate::compare::Rules;
use crate::compare::axis::State;
use crate::model::metric::Goal;
use crate::model::{Brief, Number};
use crate::settings::ProjectSettings;
use crate::ui::number;

/// Lines for people; with `why`, one for each run that could not win.
pub fn lines(best: &Best, runs: &[Brief], settings: &ProjectSettings, why: bool) -> Vec<String> {
    let winner = &runs[best.ranking[0]];
    let value = |run: &Brief| {
        run.metric(&best.metric)
            .map(number::metric)
            .unwrap_or_default()
    };
    let way = if best.goal == Goal::Min {
        "lower"
    } else {
        "higher"
    };
    let mut lines = vec![format!(
        "{}   {} {}   ({way} is better)",
        winner.id(),
        best.metric,
        value(winner)
    )];
    match best.ranking.get(1) {
        Some(second) => {
            let second = &runs[*second];
            lines.push(format!(
                "  second  {}  {}  {}",
                second.id(),
                value(second),
                margin(best, runs)
            ));
        }
        None => lines.push("  no other run can be compared with it".to_owned()),
    }
    if !best.known {
        lines.push("  no record names the rows that these were measured on".to_owned());
    }
    if why {
        lines.extend(best.excluded.iter().map(|(index, why)| {
            format!(
                "  {}",
                reason(&runs[*index], why, best, winner, runs, settings)
            )
        }));
    } else if !best.excluded.is_empty() {
        let runs = if best.excluded.len() == 1 {
            "run is"
        } else {
            "runs are"
        };
        lines.push(format!(
            "  {} {runs} left out; why: git exp best --why",
            best.excluded.len()
        ));
    }
    lines
}

fn margin(best: &Best, runs: &[Brief]) -> String {
    let (Some(a), Some(b)) = (
        best.ranking
            .first()
            .and_then(|at| runs[*at].metric(&best.metric)),
        best.ranking
            .get(1)
            .and_then(|at| runs[*at].metric(&best.metric)),
    ) else {
        return String::new();
    };
    let difference = (a.as_f64() - b.as_f64()).abs();
    if difference == 0.0 {
        return "the same; of equals the earlier run is named".to_owned();
    }
    let behind = number::signed(difference, a, b);
    let behind = behind.trim_start_matches('+');
    match best.noise {
        Some(noise) if difference < noise.threshold() => format!(
            "{behind} behind, within noise (±{}, n={})",
            number::significant(noise.sd, 2),
            noise.n
        ),
        Some(noise) => format!(
            "{behind} behind, more than noise (±{}, n={})",
            number::significant(noise.sd, 2),
            noise.n
        ),
        None => format!("{behind} behind, noise unknown: neither run was repeated"),
    }
}

fn reason(
    run: &Brief,
    why: &Excluded,
    best: &Best,
    winner: &Brief,
    runs: &[Brief],
    settings: &ProjectSettings,
) -> String {
    let id = run.id();
    let value = run
        .metric(&best.metric)
        .map(number::metric)
        .unwrap_or_default();
    let has = format!("{id} has {value}");
    match why {
        Excluded::Status(status) => format!("{id} {}", Words::ENGLISH.status(*status)),
        Excluded::NoMetric => format!("{id} has no {}", best.metric),
        Excluded::NotFinite => format!("{has}, which is never best"),
        Excluded::Dirty => {
            let fall = test_beside(run, winner, best, runs, settings)
                .filter(|(own, other, worse)| *worse && own.as_f64() != other.as_f64())
                .map(|(own, ..)| format!("; its test falls to {}", number::metric(own)));
            format!(
                "{has} but is left out: uncommitted code (--allow-dirty){}",
                fall.unwrap_or_default()
            )
        }
        Excluded::Yardstick(difference) => {
            let test = test_beside(run, winner, best, runs, settings).map(|(own, other, _)| {
                let (own, other) = (number::metric(own), number::metric(other));
                format!("; on the same test data {other} vs {own}")
            });
            format!("{has} on {difference}{}", test.unwrap_or_default())
        }
    }
}

/// The test metric of a run and of the winner, if both were measured alike; and whether the run's is
/// worse.
fn test_beside<'a>(
    run: &'a Brief,
    winner: &'a Brief,
    best: &Best,
    runs: &[Brief],
    settings: &ProjectSettings,
) -> Option<(&'a Number, &'a Number, bool)> {
    let names: BTreeSet<String> = runs
        .iter()
        .flat_map(|run| run.metrics.keys())
        .cloned()
        .collect();
    let test = choose::test_twin(&best.metric, &names)?;
    let rules = Rules::from(settings);
    let ruler = |run| Ruler::of(run, &test, &rules);
    if ruler(run).against(&ruler(winner)) != State::Same {
        return None;
    }
    let (own, other) = (run.metric(&test)?, winner.metric(&test)?);
    let less = own.as_f64() < other.as_f64();
    Some((own, other, less == (best.goal == Goal::Max)))
}

/// Why nobody was chosen: one line a run.
pub fn nobody(metric: &str, excluded: &[(usize, Excluded)], runs: &[Brief]) -> Vec<String> {
    let mut lines = vec![format!("no run is best by {metric}")];
    lines.extend(excluded.iter().map(|(index, why)| {
        let id = runs[*index].id();
        match why {
            Excluded::Status(status) => format!("  {id} {}", Words::ENGLISH.status(*status)),
            Excluded::NoMetric => format!("  {id} has no {metric}"),
            Excluded::NotFinite => format!("  {id}: {metric} is no finite number"),
            Excluded::Dirty => format!("  {id} has uncommitted code (--allow-dirty)"),
            Excluded::Yardstick(difference) => format!("  {id} was measured on {difference}"),
        }
    }));
    lines
}

/// `git-exp/best/1`
pub fn json(best: &Best, runs: &[Brief]) -> Value {
    let run = |index: &usize| {
        let run = &runs[*index];
        json!({"run": run.id().to_string(), "uid": run.uid, "value": run.metric(&best.metric)})
    };
    let excluded = |(index, why): &(usize, Excluded)| {
        let mut value = run(index);
        value["why"] = Value::from(match why {
            Excluded::Status(status) => status.word().to_owned(),
            Excluded::NoMetric => "no metric".to_owned(),
            Excluded::NotFinite => "not finite".to_owned(),
            Excluded::Dirty => "dirty".to_owned(),
            Excluded::Yardstick(difference) => difference.clone(),
        });
        value
    };
    json!({
        "schema": "git-exp/best/1",
        "metric": best.metric,
        "goal": best.goal,
        "yardstick_recorded": best.known,
        "best": run(&best.ranking[0]),
        "ranking": best.ranking.iter().map(run).collect::<Vec<_>>(),
        "noise": best.noise.map(|noise| json!({"n": noise.n, "sd": noise.sd, "mean": noise.mean})),
        "left_out": best.excluded.iter().map(excluded).collect::<Vec<_>>(),
    })
}
