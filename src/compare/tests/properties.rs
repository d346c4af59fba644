//! Laws that hold for any two runs.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{labels, plain, rules};
use crate::compare::sample::{commit, data, metrics, param, params, run, sha};
use crate::compare::{
    Evidence, Judgement, Side, State, Verdict, compare, fingerprint, fingerprint_but_seed,
};
use crate::model::{Run, Status};

type Pairs = Vec<(&'static str, &'static str)>;

fn some_params() -> impl Strategy<Value = Pairs> {
    let one = |key: &'static str, values: &'static [&'static str]| {
        prop::option::of(select(values)).prop_map(move |value| value.map(|value| (key, value)))
    };
    (
        one("model.type", &["rf", "gbm"]),
        one("model.depth", &["3", "4", "4.0"]),
        one("net.depth", &["3", "4"]),
        one("features.list", &["[a, b]", "[b, a]", "[a, b, c]"]),
        one("seed", &["42", "43"]),
        one("split.ratio", &["0.2", "0.20", "0.3"]),
        one("data.train", &["train.csv", "other.csv"]),
        one("steps.0.name", &["crop", "flip"]),
        one("steps.0.p", &["1", "2"]),
        one("steps.1.name", &["crop", "flip"]),
        one("steps.2.p", &["1", "2"]),
    )
        .prop_map(|(a, b, c, d, e, f, g, h, i, j, k)| {
            let all = [a, b, c, d, e, f, g, h, i, j, k];
            all.into_iter().flatten().collect()
        })
}

fn some_metrics() -> impl Strategy<Value = Pairs> {
    let names = vec!["auc_val", "auc_test", "loss_train", "time_sec", "odd"];
    (
        subsequence(names, 0..=5),
        prop::collection::vec(select(&["0.8", "0.81", "nan", "3"][..]), 5),
    )
        .prop_map(|(names, values)| names.into_iter().zip(values).collect())
}

prop_compose! {
    fn some_run()(
        number in 1..50_u32,
        pairs in some_params(),
        measured in some_metrics(),
        inputs in subsequence(vec!["train", "val", "test", "geo"], 0..=4),
        digests in prop::collection::vec(prop::option::of(select(&["11", "22"][..])), 4),
        tree in prop::option::of(select(&["aa", "bb"][..])),
        seed in prop::option::of(select(&["42", "43"][..])),
        python in prop::option::of(select(&["3.11.9", "3.12.1"][..])),
        cores in prop::option::of(select(&[4_u32, 8][..])),
        unread in prop::option::weighted(0.1, Just("too deep".to_owned())),
        no_config in prop::bool::weighted(0.1),
        ok in prop::bool::weighted(0.8),
    ) -> Run {
        let mut run = run(number, "x");
        params(&mut run, &pairs);
        metrics(&mut run, &measured);
        run.data = inputs.iter().zip(&digests).map(|(role, digest)| {
            let mut input = data(role, &format!("{role}.csv"), digest.unwrap_or("00"), 10);
            input.sha256 = digest.map(sha);
            input
        }).collect();
        match tree {
            Some(tree) => commit(&mut run, tree),
            None => (run.code.code_tree, run.code.dirty) = (None, true),
        }
        run.seed = seed.map(param);
        run.config[0].unread = unread;
        if no_config {
            run.config.clear();
            run.params.clear();
        }
        if python.is_none() {
            run.env = None;
        }
        if let Some(env) = &mut run.env {
            env.python = python.map(str::to_owned);
        }
        if let Some(machine) = &mut run.hardware {
            machine.cores = cores;
        }
        run.status = if ok { Status::Ok } else { Status::Failed };
        run
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_other_direction_tells_the_mirrored_story(
        a in some_run(), b in some_run(), others in prop::collection::vec(some_run(), 0..4)
    ) {
        let runs: Vec<&Run> = others.iter().collect();
        let evidence = Evidence { runs: &runs, ..Evidence::default() };
        let rules = rules("primary = \"auc_val\"\n[factors]\nshape = [\"*.depth\"]");
        let there = compare(&Side::new(&a), &Side::new(&b), &evidence, &rules);
        let back = compare(&Side::new(&b), &Side::new(&a), &evidence, &rules);
        prop_assert_eq!(there.verdict, back.verdict);
        let members = |c: &crate::compare::Comparison<'_>| -> BTreeSet<_> {
            c.factors.iter().map(|f| (f.axis, f.members.clone())).collect()
        };
        prop_assert_eq!(members(&there), members(&back));
        for (x, y) in there.metrics.iter().zip(&back.metrics) {
            prop_assert_eq!(&x.name, &y.name);
            let delta = |row: &crate::compare::MetricRow| row.delta.as_ref().map(|d| d.as_f64());
            prop_assert_eq!(delta(x), delta(y).map(|d| 0.0 - d));
            let mirrored = match x.judgement {
                Judgement::Better => Judgement::Worse,
                Judgement::Worse => Judgement::Better,
                Judgement::OnlyA => Judgement::OnlyB,
                Judgement::OnlyB => Judgement::OnlyA,
                other => other,
            };
            prop_assert_eq!(mirrored, y.judgement);
            let within = |row: &crate::compare::MetricRow| row.noise.as_ref().map(|n| n.within());
            prop_assert_eq!(within(x), within(y));
        }
        prop_assert_eq!(&there.caveats, &back.caveats);
        prop_assert_eq!(there.differs(), back.differs());
    }

    #[test]
    fn a_run_differs_in_nothing_from_itself(a in some_run()) {
        let c = plain(&a, &a);
        prop_assert_eq!(labels(&c), Vec::<String>::new());
        prop_assert!(!c.differs());
        let complete = c.decisive_gaps.is_empty() && !c.metrics.iter().all(|row| !row.is_shared());
        if complete && c.axes.eval.state == State::Same {
            prop_assert_eq!(c.verdict, Verdict::Identical);
        } else {
            prop_assert!(matches!(c.verdict, Verdict::Identical | Verdict::Incomplete));
        }
    }

    #[test]
    fn equal_fingerprints_are_no_factors_at_all(a in some_run(), b in some_run()) {
        let (x, y) = (fingerprint(&a), fingerprint(&b));
        let c = plain(&a, &b);
        if x == y {
            prop_assert_eq!(labels(&c), Vec::<String>::new());
        }
        let same = crate::compare::Axis::ALL.iter().all(|axis| {
            *axis == crate::compare::Axis::Command || c.axes.state(*axis) == State::Same
        });
        if same {
            prop_assert_eq!(x.digest, y.digest, "{:?}", c.axes);
        }
        let mut reseeded = a.clone();
        reseeded.seed = Some(param("7"));
        if a.params.contains_key("seed") && a.seed.is_some() {
            let follows = a.params["seed"] == *a.seed.as_ref().unwrap();
            reseeded.params.insert("seed".into(), param("7"));
            let same = fingerprint_but_seed(&a).digest == fingerprint_but_seed(&reseeded).digest;
            prop_assert_eq!(same, follows);
        }
    }
}

/// A change and the factor that it is.
type Change = (&'static str, fn(&mut Run));

/// Independent changes to a run, each one factor.
const CHANGES: [Change; 9] = [
    ("eval:val", |run| {
        run.data[1] = data("val", "val.csv", "77", 5)
    }),
    ("data:train", |run| {
        run.data[0] = data("train", "t2.csv", "88", 10)
    }),
    ("data:geo", |run| run.data[2].sha256 = Some(sha("99"))),
    ("code", |run| commit(run, "cc")),
    ("config:lr", |run| params(run, &[("lr", "0.5")])),
    ("config:model.type", |run| {
        params(run, &[("model.type", "gbm")])
    }),
    ("config:new.key", |run| params(run, &[("new.key", "1")])),
    ("seed", |run| {
        run.seed = Some(param("43"));
        params(run, &[("seed", "43")]);
    }),
    ("env", |run| {
        run.env.as_mut().unwrap().python = Some("3.9.0".into())
    }),
];

fn base() -> Run {
    let mut run = run(1, "base");
    run.data = vec![
        data("train", "train.csv", "11", 10),
        data("val", "val.csv", "22", 5),
        data("geo", "geo.csv", "33", 7),
    ];
    params(
        &mut run,
        &[
            ("lr", "0.1"),
            ("model.type", "rf"),
            ("seed", "42"),
            ("data.train", "train.csv"),
        ],
    );
    metrics(&mut run, &[("auc_val", "0.8")]);
    run
}

proptest! {
    #[test]
    fn independent_changes_add_up(
        picked in subsequence((0..CHANGES.len()).collect::<Vec<_>>(), 0..=CHANGES.len()),
        split in any::<prop::sample::Index>(),
    ) {
        let before = base();
        let with = |changes: &[usize]| {
            let mut run = base();
            for change in changes {
                CHANGES[*change].1(&mut run);
            }
            // The key follows its file, as in a real project.
            let path = run.data[0].path.display().into_owned();
            params(&mut run, &[("data.train", &path)]);
            run
        };
        let expected: Vec<&str> = picked.iter().map(|change| CHANGES[*change].0).collect();
        let after = with(&picked);
        prop_assert_eq!(labels(&plain(&before, &after)), expected.clone());
        // In two steps: what each step changed is what both changed together.
        let (first, second) = picked.split_at(split.index(picked.len() + 1));
        let middle = with(first);
        let mut steps = labels(&plain(&before, &middle));
        steps.extend(labels(&plain(&middle, &after)));
        prop_assert_eq!(steps.len(), first.len() + second.len());
        prop_assert_eq!(steps, expected);
    }
}
