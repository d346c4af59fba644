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

#[test]
fn the_decisive_axes_at_a_glance() {
    let a = first();
    let letter = |state| match state {
        State::Same => '=',
        State::Changed => 'x',
        State::Unknown => '?',
    };
    let mut table = String::from("eval data code config   factors  verdict (the metrics differ)\n");
    for states in all_states().filter(|states| states[4..].iter().all(|s| *s == State::Same)) {
        let b = second(states, Some("0.9"));
        let c = plain(&a, &b);
        let [eval, data, code, config, ..] = states.map(letter);
        table.push_str(&format!(
            "{eval:<5}{data:<5}{code:<5}{config:<9}{:<9}{}\n",
            c.factors.len(),
            c.verdict.word()
        ));
    }
    insta::assert_snapshot!(table, @r#"
    eval data code config   factors  verdict (the metrics differ)
    =    =    =    =        0        unexplained
    x    =    =    =        1        not-comparable
    ?    =    =    =        0        incomplete
    =    x    =    =        1        one-factor
    x    x    =    =        2        not-comparable
    ?    x    =    =        1        incomplete
    =    ?    =    =        0        incomplete
    x    ?    =    =        1        not-comparable
    ?    ?    =    =        0        incomplete
    =    =    x    =        1        one-factor
    x    =    x    =        2        not-comparable
    ?    =    x    =        1        incomplete
    =    x    x    =        2        confounded
    x    x    x    =        3        not-comparable
    ?    x    x    =        2        confounded
    =    ?    x    =        1        incomplete
    x    ?    x    =        2        not-comparable
    ?    ?    x    =        1        incomplete
    =    =    ?    =        0        incomplete
    x    =    ?    =        1        not-comparable
    ?    =    ?    =        0        incomplete
    =    x    ?    =        1        incomplete
    x    x    ?    =        2        not-comparable
    ?    x    ?    =        1        incomplete
    =    ?    ?    =        0        incomplete
    x    ?    ?    =        1        not-comparable
    ?    ?    ?    =        0        incomplete
    =    =    =    x        1        one-factor
    x    =    =    x        2        not-comparable
    ?    =    =    x        1        incomplete
    =    x    =    x        2        confounded
    x    x    =    x        3        not-comparable
    ?    x    =    x        2        confounded
    =    ?    =    x        1        incomplete
    x    ?    =    x        2        not-comparable
    ?    ?    =    x        1        incomplete
    =    =    x    x        2        confounded
    x    =    x    x        3        not-comparable
    ?    =    x    x        2        confounded
    =    x    x    x        3        confounded
    x    x    x    x        4        not-comparable
    ?    x    x    x        3        confounded
    =    ?    x    x        2        confounded
    x    ?    x    x        3        not-comparable
    ?    ?    x    x        2        confounded
    =    =    ?    x        1        incomplete
    x    =    ?    x        2        not-comparable
    ?    =    ?    x        1        incomplete
    =    x    ?    x        2        confounded
    x    x    ?    x        3        not-comparable
    ?    x    ?    x        2        confounded
    =    ?    ?    x        1        incomplete
    x    ?    ?    x        2        not-comparable
    ?    ?    ?    x        1        incomplete
    =    =    =    ?        0        incomplete
    x    =    =    ?        1        not-comparable
    ?    =    =    ?        0        incomplete
    =    x    =    ?        1        incomplete
    x    x    =    ?        2        not-comparable
    ?    x    =    ?        1        incomplete
    =    ?    =    ?        0        incomplete
    x    ?    =    ?        1        not-comparable
    ?    ?    =    ?        0        incomplete
    =    =    x    ?        1        incomplete
    x    =    x    ?        2        not-comparable
    ?    =    x    ?        1        incomplete
    =    x    x    ?        2        confounded
    x    x    x    ?        3        not-comparable
    ?    x    x    ?        2        confounded
    =    ?    x    ?        1        incomplete
    x    ?    x    ?        2        not-comparable
    ?    ?    x    ?        1        incomplete
    =    =    ?    ?        0        incomplete
    x    =    ?    ?        1        not-comparable
    ?    =    ?    ?        0        incomplete
    =    x    ?    ?        1        incomplete
    x    x    ?    ?        2        not-comparable
    ?    x    ?    ?        1        incomplete
    =    ?    ?    ?        0        incomplete
    x    ?    ?    ?        1        not-comparable
    ?    ?    ?    ?        0        incomplete
    "#);
}
