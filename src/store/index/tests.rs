use proptest::prelude::*;

use super::{Basis, Builder, Index};
use crate::model::code::Change;
use crate::model::data::{Artifact, ConfigFile, DataInput, MetricsFile};
use crate::model::param::ParamKind;
use crate::model::run::{Base, Command, Process, Repeat};
use crate::model::{
    Axis, Brief, MetricValue, Number, Oid, Param, RecordPath, Run, RunId, Sha256, Status, Uid,
};
use crate::query::{Attribute, Subject, Target, Value};
use crate::store::format::{RUN_SCHEMA, parse_run, to_json};
use crate::store::lean::Lean;
use crate::store::stat::Key;

fn any_param() -> impl Strategy<Value = Param> {
    let leaf = prop_oneof![
        "[a-zа-я .]{0,8}".prop_map(Param::text),
        any::<i64>().prop_map(|n| Param::leaf(ParamKind::Int, n.to_string())),
        Just(Param::leaf(ParamKind::Float, "1e-4")),
        Just(Param::text("1e-4")),
        Just(Param::leaf(ParamKind::Bool, "yes")),
        Just(Param::leaf(ParamKind::Null, "~")),
    ];
    leaf.prop_recursive(2, 4, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Param::List)
    })
}

fn any_metric() -> impl Strategy<Value = MetricValue> {
    prop_oneof![
        any::<f64>().prop_map(|v| MetricValue::Number(Number::from_f64(v))),
        Just(MetricValue::Number(Number::parse("0.8420").unwrap())),
        ".{0,6}".prop_map(MetricValue::Text),
        any::<bool>().prop_map(MetricValue::Bool),
        Just(MetricValue::Null),
    ]
}

prop_compose! {
    fn any_run()(
        number in 1u32..5000, random in any::<[u8; 10]>(), millis in 0i64..4_000_000_000_000,
        offset in -12i32..12,
        texts in prop::collection::vec(".{0,10}", 7),
        tags in prop::collection::vec("[a-z=]{1,6}", 0..3),
        metrics in prop::collection::btree_map("[a-z/ \"]{1,8}", any_metric(), 0..5),
        params in prop::collection::btree_map("[a-z.]{1,8}", any_param(), 0..5),
        seed in prop::option::of(any_param()),
        paths in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..9), 3),
        some in any::<[bool; 6]>(), status in 0usize..5,
    ) -> Run {
        let started = chrono::DateTime::from_timestamp_millis(millis).unwrap()
            .with_timezone(&chrono::FixedOffset::east_opt(offset * 3600).unwrap());
        let uid = Uid::new(7, &random);
        let mut run = Run::new(uid.clone(), RunId { number, slug: "a_b".into() }, started);
        let path = |i: usize| RecordPath::from_bytes(paths[i].clone());
        let sha256 = |i: usize| Sha256::of(&paths[i]);
        run.title = texts[0].clone();
        run.goal = some[0].then(|| texts[1].clone());
        run.conclusion = some[1].then(|| texts[2].clone());
        run.base = some[2].then(|| Base { id: texts[3].clone(), uid });
        run.tags = tags;
        run.aliases = vec![texts[4].clone()];
        run.metrics_file = some[3].then(|| MetricsFile { path: path(0), copy: "metrics.json".into(), sha256: sha256(1) });
        run.finished = some[3].then_some(started);
        run.seconds = some[3].then(|| Number::parse(if some[4] { "45.30" } else { "nan" }).unwrap());
        run.process = some[4].then(|| Process { pid: Some(7), ..Process::default() });
        run.code.commit = Oid::parse(&"a1".repeat(if some[5] { 20 } else { 32 }));
        run.code.branch = some[5].then(|| texts[5].clone());
        let axis = if some[1] { Axis::Code } else { Axis::Data };
        run.code.changes = vec![Change { path: path(0), status: "M".into(), added: None, removed: Some(1), axis }];
        run.command = some[2].then(|| Command {
            argv: vec!["python".into(), texts[6].clone(), String::from_utf8_lossy(&paths[1]).into(), "--seed=7".into()],
            cwd: path(2), exit_code: Some(0), signal: None,
        });
        run.config = vec![ConfigFile { path: path(1), sha256: sha256(1), blob: None, copy: None, unread: None, derived: false }];
        run.models = vec![Artifact { path: path(2), sha256: sha256(2), bytes: 7, lfs: false }];
        run.data = vec![serde_json::from_value::<DataInput>(serde_json::json!({
            "role": "train", "path": path(0), "sha256": some[0].then(|| sha256(0)),
            "blob": some[1].then(|| "ab".repeat(20)), "unstable": some[1],
        })).unwrap()];
        run.eval.split = some[0].then(|| texts[6].clone());
        run.seed = if some[5] { Some(Param::leaf(ParamKind::Int, "7")) } else { seed };
        run.repeats = metrics.values().map(|value| Repeat {
            seed: Param::text("1"), folder: "repeats/seed_1".into(), metrics: [("m".to_owned(), value.clone())].into(),
            seconds: None, exit_code: Some(0), metrics_sha256: None,
        }).collect();
        run.status = [Status::Running, Status::Ok, Status::Failed, Status::Aborted, Status::Stale][status];
        run.metrics = metrics;
        run.params = params;
        run
    }
}

/// A run in brief, as it is read from its record.
fn brief(run: &Run) -> Brief {
    let json = to_json(RUN_SCHEMA, run, None).unwrap();
    Brief::from(&parse_run(&json, "run.json".as_ref()).unwrap())
}

fn build(runs: &[Run], older: Option<(&Index, &[usize])>) -> Vec<u8> {
    let mut builder = Builder::new(older.map(|(index, _)| index));
    if let Some((index, rows)) = older {
        rows.iter().for_each(|row| builder.keep(index, *row));
    }
    // Each second run in a part of its own.
    for (at, run) in runs.iter().enumerate() {
        let key = Key {
            size: u64::from(run.number),
            ..Key::default()
        };
        let json = to_json(RUN_SCHEMA, run, None).unwrap();
        let lean = Lean::parse(&json).expect("what this version writes is understood");
        if at % 2 == 0 {
            builder.add(&lean, &key);
        } else {
            let mut part = Builder::new(None);
            part.add(&lean, &key);
            builder.append(part);
        }
    }
    builder.finish(&Basis::default())
}

/// A plain number is asked for in its spelling; all else must agree to the letter.
fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Number(x, s), Value::Number(y, t)) => {
            (x == y || x.is_nan() && y.is_nan()) && s == t
        }
        _ => a == b,
    }
}

proptest! {
    #[test]
    fn a_row_gives_back_the_run_and_answers_like_it(mut runs in prop::collection::vec(any_run(), 1..6)) {
        let index = Index::parse(build(&runs, None)).unwrap();
        prop_assert_eq!(index.len(), runs.len());
        runs.sort_by(|a, b| (a.number, &a.uid).cmp(&(b.number, &b.uid)));
        for (at, run) in runs.iter().enumerate() {
            let run = brief(run);
            let row = index.row(at);
            let unpacked = row.brief();
            prop_assert_eq!(unpacked.as_ref(), Some(&run));
            prop_assert!(run.metrics.keys().all(|name| index.names.metrics.contains(name)));
            prop_assert_eq!(index.line(at).key.size, u64::from(run.number));
            let metrics = run.metrics.keys().cloned().map(Target::Metric);
            let params = run.params.keys().cloned().map(Target::Param);
            let attributes = Attribute::ALL.iter().copied().map(Target::Attribute);
            for target in metrics.chain(params).chain(attributes) {
                let (a, b) = (row.value(&target), run.value(&target));
                prop_assert!(same(&a, &b), "{:?}: {:?} {:?}", target, a, b);
            }
        }
    }

    #[test]
    fn kept_rows_survive_a_rewrite(old in prop::collection::vec(any_run(), 1..5), new in any_run()) {
        let older = Index::parse(build(&old, None)).unwrap();
        let rows: Vec<usize> = (0..older.len()).collect();
        let index = Index::parse(build(std::slice::from_ref(&new), Some((&older, &rows)))).unwrap();
        prop_assert_eq!(index.len(), old.len() + 1);
        for run in old.iter().chain([&new]) {
            let found = (0..index.len()).filter_map(|at| index.row(at).brief());
            let run = brief(run);
            prop_assert!(found.into_iter().any(|found| found == run));
        }
        prop_assert!(new.metrics.keys().all(|name| index.names.metrics.contains(name)));
    }

    #[test]
    fn damage_is_noticed(run in any_run(), at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut bytes = build(&[run], None);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(Index::parse(bytes.clone()).is_none());
        bytes.truncate(at);
        prop_assert!(Index::parse(bytes).is_none());
    }
}
