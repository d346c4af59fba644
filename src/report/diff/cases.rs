//! The six cases of the design as hand-made runs.

use crate::compare::evidence::{Difference, FileNote, Inside, Place};
use crate::compare::sample::{at, commit, config, data, metrics, oid, params, run, sha};
use crate::compare::{CodeEvidence, Comparison, Evidence, FileChange, Rules, Side, compare};
use crate::model::card::{ColumnType, Distinct};
use crate::model::table_diff::{
    Cells, Count, Outline, Overlap, Retyped, RowCounts, Shift, Size, Statistic, TableDiff, Target,
    TargetValue,
};
use crate::model::{Number, Run, Uid};
use crate::settings::ProjectSettings;

const SETTINGS: &str = "primary = \"roc_auc_val\"\n[factors]\n";

pub fn rules() -> Rules {
    Rules::from(&toml::from_str::<ProjectSettings>(SETTINGS).unwrap())
}

fn v1(run: &mut Run) {
    run.data = vec![
        data("train", "data/processed/train_v1.csv", "9f2c41d8", 10_000),
        data("test", "data/test.csv", "7777", 2_000),
    ];
    config(run, "configs/experiment_v1.yaml");
    params(
        run,
        &[
            ("seed", "42"),
            ("data.train", "data/processed/train_v1.csv"),
            ("data.test", "data/test.csv"),
            ("features.list", "[age, income, city]"),
            ("features.scale", "standard"),
            ("model.type", "RandomForestClassifier"),
            ("model.max_depth", "8"),
            ("model.n_estimators", "100"),
            ("model.n_jobs", "-1"),
        ],
    );
}

fn v2(run: &mut Run) {
    v1(run);
    run.data[0] = data("train", "data/processed/train_v2.csv", "5d07ab13", 10_412);
    config(run, "configs/experiment_v2.yaml");
    run.command.as_mut().unwrap().argv[3] = "configs/experiment_v2.yaml".into();
    params(
        run,
        &[
            ("data.train", "data/processed/train_v2.csv"),
            (
                "features.list",
                "[age, income, city, age_bucket, is_active_30d]",
            ),
            ("model.n_estimators", "300"),
        ],
    );
    run.eval.split = Some("train/val 80/20, stratified".into());
}

pub fn exp_001() -> Run {
    let mut run = run(1, "baseline");
    v1(&mut run);
    metrics(
        &mut run,
        &[
            ("roc_auc_val", "0.793"),
            ("roc_auc_test", "0.790"),
            ("accuracy_val", "0.751"),
            ("train_time_sec", "15.1"),
        ],
    );
    run
}

pub fn exp_002() -> Run {
    let mut run = run(2, "more_trees");
    v1(&mut run);
    params(&mut run, &[("model.n_estimators", "300")]);
    run.config[0].sha256 = sha("22");
    metrics(
        &mut run,
        &[
            ("roc_auc_val", "0.810"),
            ("roc_auc_test", "0.801"),
            ("accuracy_val", "0.762"),
            ("train_time_sec", "45.3"),
        ],
    );
    run
}

pub fn exp_003() -> Run {
    let mut run = run(3, "new_features");
    v2(&mut run);
    metrics(
        &mut run,
        &[
            ("roc_auc_val", "0.842"),
            ("roc_auc_test", "0.835"),
            ("accuracy_val", "0.780"),
        ],
    );
    run
}

/// `exp_003` as case 2 has it: another commit, no hardware, and two repeats of it.
fn exp_003_of_case_2() -> (Run, Vec<Run>) {
    let mut base = exp_003();
    commit(&mut base, "a41c9d2");
    base.hardware = None;
    let repeats = [("1", "0.838", "0.840", 21), ("2", "0.846", "0.830", 22)];
    let repeats = repeats.map(|(seed, val, test, number)| {
        let mut repeat = base.clone();
        repeat.uid = Uid::new(u64::from(number), &[9; 10]);
        repeat.number = number;
        repeat.seed = Some(crate::compare::sample::param(seed));
        params(&mut repeat, &[("seed", seed)]);
        metrics(&mut repeat, &[("roc_auc_val", val), ("roc_auc_test", test)]);
        repeat.metrics.remove("accuracy_val");
        repeat
    });
    (base, repeats.to_vec())
}

fn exp_004(base: &Run) -> Run {
    let mut run = base.clone();
    run.uid = Uid::new(4, &[7; 10]);
    (run.number, run.slug) = (4, "lightgbm".into());
    run.hardware = crate::compare::sample::run(4, "x").hardware;
    run.code.dirty = true;
    run.code.code_tree = Some(oid("d1d1"));
    run.code.snapshot = Some(oid("5c0d"));
    run.declared = vec!["model.type".into()];
    run.config[0].sha256 = sha("44");
    params(
        &mut run,
        &[
            ("model.type", "LGBMClassifier"),
            ("model.max_depth", "-1"),
            ("model.num_leaves", "31"),
            ("model.extra", "1"),
        ],
    );
    metrics(
        &mut run,
        &[
            ("roc_auc_val", "0.861"),
            ("roc_auc_test", "0.815"),
            ("accuracy_val", "0.792"),
        ],
    );
    run
}

fn case_2_code() -> CodeEvidence {
    CodeEvidence::Known(vec![
        FileChange {
            used: Some(true),
            ..FileChange::lines("src/train.py", "M", 31, 4)
        },
        FileChange {
            cosmetic: Some(true),
            ..FileChange::lines("src/features.py", "M", 2, 2)
        },
        FileChange {
            cells: Some(1),
            used: Some(false),
            note: Some(FileNote::OutputsIgnored),
            ..FileChange::lines("notebooks/eda.ipynb", "M", 40, 9)
        },
    ])
}

pub fn case_2(tell: impl Fn(&Comparison<'_>) -> String) -> String {
    let (mut base, mut others) = exp_003_of_case_2();
    params(
        &mut base,
        &[("model.num_leaves", "31"), ("model.extra", "1")],
    );
    for other in &mut others {
        params(other, &[("model.num_leaves", "31"), ("model.extra", "1")]);
    }
    let after = exp_004(&base);
    let mut code_only = base.clone();
    code_only.uid = Uid::new(6, &[7; 10]);
    (code_only.number, code_only.slug) = (6, "code_only".into());
    code_only.code = after.code.clone();
    metrics(&mut code_only, &[("roc_auc_val", "0.843")]);
    others.push(code_only);
    let runs: Vec<&Run> = others.iter().chain([&base, &after]).collect();
    let evidence = Evidence {
        code: case_2_code(),
        runs: &runs,
        ..Evidence::default()
    };
    tell(&compare(
        &Side::new(&base),
        &Side::new(&after),
        &evidence,
        &rules(),
    ))
}

/// Two versions of the training table, as the mock-up has them.
pub fn train_versions() -> TableDiff {
    let number = |value| Some(Number::from_f64(value));
    let outline = |name: &str, kind, distinct, mean| Outline {
        name: name.into(),
        kind,
        distinct: Some(Distinct {
            count: distinct,
            error: None,
        }),
        empty: 0,
        cells: 10_412,
        mean,
    };
    let cells = |column: &str, rows| Cells {
        column: column.into(),
        rows,
    };
    let shift = |column: &str, statistic, a, b| Shift {
        column: column.into(),
        statistic,
        a: number(a),
        b: number(b),
        distance: None,
    };
    TableDiff {
        a: Size {
            rows: 10_000,
            columns: 14,
        },
        b: Size {
            rows: 10_412,
            columns: 16,
        },
        key: vec!["user_id".into()],
        rows: Some(RowCounts {
            added: Count::exact(512),
            removed: Count::exact(100),
            changed: Some(Count::exact(37)),
            same: Some(Count::exact(9_863)),
            respelled: Some(0),
        }),
        columns_added: vec![
            outline("age_bucket", ColumnType::Text, 6, None),
            outline("is_active_30d", ColumnType::Int, 2, number(0.61)),
        ],
        columns_retyped: vec![Retyped {
            column: "income".into(),
            a: ColumnType::Int,
            b: ColumnType::Float,
            empty_a: 0,
            empty_b: 42,
        }],
        cells: vec![cells("income", 31), cells("city", 6)],
        target: Some(Target {
            column: "churn".into(),
            values: vec![TargetValue {
                value: Some("positive".into()),
                hash: String::new(),
                a: Number::from_f64(23.1),
                b: Number::from_f64(24.8),
            }],
            mean: None,
        }),
        shifted: vec![
            shift("age", Statistic::Mean, 38.1, 37.6),
            shift("income", Statistic::Empty, 0.0, 0.4),
        ],
        overlaps: vec![Overlap {
            path: "data/test.csv".into(),
            a: Some(Count::exact(0)),
            b: Some(Count::exact(14)),
        }],
        ..TableDiff::default()
    }
}

pub fn case_3(tell: impl Fn(&Comparison<'_>) -> String) -> String {
    let (mut before, after) = (exp_002(), exp_003());
    before.metrics.remove("train_time_sec");
    before.eval.split = after.eval.split.clone();
    let digest = |run: &Run| -> crate::model::Sha256 {
        let train = run.data.iter().find(|input| input.role == "train");
        train.unwrap().sha256.clone().unwrap()
    };
    let inside = Inside {
        a: digest(&before),
        b: digest(&after),
        difference: Difference::Table(Box::new(train_versions())),
    };
    let evidence = Evidence {
        inside: vec![inside],
        ..Evidence::default()
    };
    tell(&compare(
        &Side::new(&before),
        &Side::new(&after),
        &evidence,
        &rules(),
    ))
}

pub fn case_4(tell: impl Fn(&Comparison<'_>) -> String) -> String {
    let mut before = exp_003();
    let packages = |sklearn: &str, pandas: &str, rest: &str| -> Vec<(String, String)> {
        let mut list: Vec<(String, String)> = (0..11)
            .map(|n| (format!("dep{n:02}"), rest.to_owned()))
            .collect();
        list.push(("pandas".into(), pandas.into()));
        list.push(("scikit-learn".into(), sklearn.into()));
        list
    };
    let (listed_a, listed_b) = (
        packages("1.4.2", "2.1.4", "1"),
        packages("1.6.1", "2.2.3", "2"),
    );
    let env = before.env.as_mut().unwrap();
    env.python = Some("3.10.14".into());
    env.direct.insert("pandas".into(), Some("2.1.4".into()));
    let mut after = before.clone();
    after.uid = Uid::new(9, &[7; 10]);
    (after.number, after.slug) = (9, "rerun_on_cluster".into());
    let env = after.env.as_mut().unwrap();
    env.python = Some("3.11.9".into());
    env.sha256 = Some(sha("ee"));
    env.direct.insert("pandas".into(), Some("2.2.3".into()));
    env.direct
        .insert("scikit-learn".into(), Some("1.6.1".into()));
    let machine = after.hardware.as_mut().unwrap();
    (machine.cores, machine.gpus) = (Some(64), Some(vec!["A100".into()]));
    after.process.as_mut().unwrap().host = Some("node g017".into());
    metrics(
        &mut after,
        &[
            ("roc_auc_val", "0.838"),
            ("roc_auc_test", "0.833"),
            ("accuracy_val", "0.780"),
        ],
    );
    let repeats: Vec<Run> = [
        ("1", "0.840", "0.838"),
        ("2", "0.847", "0.831"),
        ("3", "0.845", "0.834"),
    ]
    .iter()
    .enumerate()
    .map(|(index, (seed, val, test))| {
        let mut repeat = before.clone();
        repeat.uid = Uid::new(30 + index as u64, &[9; 10]);
        repeat.seed = Some(crate::compare::sample::param(seed));
        params(&mut repeat, &[("seed", seed)]);
        repeat.metrics.remove("accuracy_val");
        metrics(&mut repeat, &[("roc_auc_val", val), ("roc_auc_test", test)]);
        repeat
    })
    .collect();
    let runs: Vec<&Run> = repeats.iter().collect();
    let evidence = Evidence {
        runs: &runs,
        ..Evidence::default()
    };
    let (mut a, mut b) = (Side::new(&before), Side::new(&after));
    (a.packages, b.packages) = (Some(&listed_a[..]), Some(&listed_b[..]));
    tell(&compare(&a, &b, &evidence, &rules()))
}

pub fn case_5(tell: impl Fn(&Comparison<'_>) -> String) -> String {
    let unseeded = |number: u32, val: &str| {
        let mut run = exp_003();
        run.uid = Uid::new(u64::from(number), &[8; 10]);
        run.number = number;
        run.seed = None;
        run.params.remove("seed");
        run.metrics.clear();
        metrics(&mut run, &[("roc_auc_val", val)]);
        run
    };
    let mut before = unseeded(3, "0.842");
    metrics(&mut before, &[("train_time_sec", "45.3")]);
    let mut after = unseeded(10, "0.836");
    metrics(&mut after, &[("train_time_sec", "44.9")]);
    let others = [unseeded(12, "0.8409"), unseeded(13, "0.8439")];
    let runs: Vec<&Run> = others.iter().collect();
    let evidence = Evidence {
        runs: &runs,
        unrecorded: vec!["data/external/geo.csv".into()],
        unseeded: vec![Place {
            path: "src/train.py".into(),
            line: 41,
            name: "random_state".into(),
        }],
        ..Evidence::default()
    };
    let mut a = Side::new(&before);
    a.metrics_written = Some(before.finished.unwrap() - chrono::TimeDelta::days(3));
    tell(&compare(&a, &Side::new(&after), &evidence, &rules()))
}

pub fn case_1(tell: impl Fn(&Comparison<'_>) -> String) -> String {
    let (a, b) = (exp_001(), exp_002());
    tell(&compare(
        &Side::new(&a),
        &Side::new(&b),
        &Evidence::default(),
        &rules(),
    ))
}

pub fn case_6(tell: impl Fn(&Comparison<'_>) -> String) -> String {
    let before = exp_003();
    let mut after = before.clone();
    after.uid = Uid::new(11, &[7; 10]);
    (after.number, after.slug) = (11, "again".into());
    after.started = at(40);
    tell(&compare(
        &Side::new(&before),
        &Side::new(&after),
        &Evidence::default(),
        &rules(),
    ))
}
