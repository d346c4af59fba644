//! Every combination of axis states, from real records to the verdict.

use super::plain;
use crate::compare::sample::{commit, data, metrics, params, run};
use crate::compare::{Axis, State, Verdict};
use crate::model::Run;

const STATES: [State; 3] = [State::Same, State::Changed, State::Unknown];
const AXES: [Axis; 7] = [
    Axis::Eval,
    Axis::Data,
    Axis::Code,
    Axis::Config,
    Axis::Seed,
    Axis::Env,
    Axis::Hardware,
];

fn first() -> Run {
    let mut run = run(1, "a");
    run.data = vec![
        data("train", "train.csv", "11", 10),
        data("val", "val.csv", "22", 5),
    ];
    params(&mut run, &[("lr", "0.1"), ("depth", "3")]);
    metrics(&mut run, &[("auc_val", "0.8")]);
    run
}

/// A second run that stands on every axis as asked.
fn second(states: [State; 7], value: Option<&str>) -> Run {
    let mut run = first();
    run.uid = crate::model::Uid::new(2, &[0; 10]);
    run.number = 2;
    run.metrics.clear();
    if let Some(value) = value {
        metrics(&mut run, &[("auc_val", value)]);
    }
    for (axis, state) in AXES.into_iter().zip(states) {
        match (axis, state) {
            (_, State::Same) | (Axis::Command, _) => {}
            (Axis::Eval, State::Changed) => run.data[1] = data("val", "val.csv", "33", 5),
            (Axis::Eval, State::Unknown) => run.data[1].sha256 = None,
            (Axis::Data, State::Changed) => run.data[0] = data("train", "train.csv", "44", 10),
            (Axis::Data, State::Unknown) => run.data[0].sha256 = None,
            (Axis::Code, State::Changed) => commit(&mut run, "dd"),
            (Axis::Code, State::Unknown) => {
                run.code.code_tree = None;
                run.code.dirty = true;
            }
            (Axis::Config, State::Changed) => params(&mut run, &[("lr", "0.2")]),
            (Axis::Config, State::Unknown) => {
                run.config.clear();
                run.params.clear();
            }
            (Axis::Seed, State::Changed) => run.seed = Some(crate::compare::sample::param("43")),
            (Axis::Seed, State::Unknown) => run.seed = None,
            (Axis::Env, State::Changed) => run.env.as_mut().unwrap().python = Some("3.9.1".into()),
            (Axis::Env, State::Unknown) => run.env = None,
            (Axis::Hardware, State::Changed) => run.hardware.as_mut().unwrap().cores = Some(2),
            (Axis::Hardware, State::Unknown) => run.hardware = None,
        }
    }
    run
}

fn all_states() -> impl Iterator<Item = [State; 7]> {
    (0..3_usize.pow(7)).map(|mut index| {
        [(); 7].map(|()| {
            let state = STATES[index % 3];
            index /= 3;
            state
        })
    })
}

/// The rules of the design read once more, from states alone.
fn expected(states: [State; 7], value: Option<&str>) -> Verdict {
    let [eval, data, code, config, seed, env, hardware] = states;
    let changed = |state: &&State| **state == State::Changed;
    let separate = [eval, data, code, config, seed]
        .iter()
        .filter(changed)
        .count();
    let surroundings = usize::from([env, hardware].contains(&State::Changed));
    let decisive = [eval, data, code, config].contains(&State::Unknown);
    if eval == State::Changed {
        return Verdict::NotComparable;
    }
    match (value, separate + surroundings) {
        (None, _) => Verdict::Incomplete,
        (_, 2..) => Verdict::Confounded,
        _ if decisive => Verdict::Incomplete,
        (_, 1) => Verdict::OneFactor,
        (Some("0.8"), 0) => Verdict::Identical,
        (_, 0) => Verdict::Unexplained,
    }
}

#[test]
fn every_combination_of_axis_states_leads_to_its_verdict() {
    let a = first();
    for states in all_states() {
        for value in [None, Some("0.8"), Some("0.9")] {
            let b = second(states, value);
            let c = plain(&a, &b);
            for (axis, state) in AXES.into_iter().zip(states) {
                assert_eq!(c.axes.state(axis), state, "{axis:?} of {states:?}");
            }
            assert_eq!(c.verdict, expected(states, value), "{states:?} {value:?}");
            // Whatever is unknown is named, and softens what is claimed.
            let claims = matches!(
                c.verdict,
                Verdict::OneFactor | Verdict::Identical | Verdict::Unexplained
            );
            let unknown = states.contains(&State::Unknown);
            assert_eq!(
                claims && unknown,
                claims && !c.caveats.is_empty(),
                "{states:?}"
            );
        }
    }
}

/// All of it, for the eye: a row for the states of the decisive axes and a value of the metric, a
/// letter for the states of the others.
#[test]
fn the_whole_table_is_the_one_that_was_read() {
    let a = first();
    let letter = |state| match state {
        State::Same => '=',
        State::Changed => 'x',
        State::Unknown => '?',
    };
    let rows = || all_states().filter(|states| states[4..].iter().all(|s| *s == State::Same));
    let columns: Vec<[State; 3]> = (0..27)
        .map(|index| [index / 9, index / 3 % 3, index % 3].map(|state| STATES[state]))
        .collect();
    let mut table = String::from(
        "I identical, 1 one factor, C confounded, N not comparable, U unexplained, . incomplete\n",
    );
    for (axis, name) in ["seed", "env", "hardware"].into_iter().enumerate() {
        let states = columns.iter().map(|states| letter(states[axis]));
        table.push_str(&format!("{name:>28}  {}\n", in_threes(states)));
    }
    table.push_str("eval data code config metric\n");
    for (name, value) in [
        ("none", None),
        ("same", Some("0.8")),
        ("differs", Some("0.9")),
    ] {
        for row in rows() {
            let [eval, data, code, config, ..] = row;
            let verdicts = columns.iter().map(|[seed, env, hardware]| {
                let states = [eval, data, code, config, *seed, *env, *hardware];
                match plain(&a, &second(states, value)).verdict {
                    Verdict::Identical => 'I',
                    Verdict::OneFactor => '1',
                    Verdict::Confounded => 'C',
                    Verdict::NotComparable => 'N',
                    Verdict::Unexplained => 'U',
                    Verdict::Incomplete => '.',
                }
            });
            let [eval, data, code, config] = [eval, data, code, config].map(letter);
            let verdicts = in_threes(verdicts);
            let states = format!("{eval:<5}{data:<5}{code:<5}{config:<7}");
            table.push_str(&format!("{states}{name:<8}{verdicts}\n"));
        }
    }
    insta::assert_snapshot!("verdicts", table);
}

fn in_threes(letters: impl Iterator<Item = char>) -> String {
    let letters: Vec<char> = letters.collect();
    let threes = letters.chunks(3).map(String::from_iter);
    threes.collect::<Vec<_>>().join(" ")
}
