//! The course note's project as records, for the tests of this room.

use crate::model::data::{Artifact, DataInput};
use crate::model::param::ParamKind;
use crate::model::run::Base;
use crate::model::{MetricValue, Number, Oid, Param, Run, RunId, Sha256, Status, Uid};
use crate::settings::ProjectSettings;

/// A digest that begins with these digits.
pub fn digest(head: &str) -> Sha256 {
    Sha256::parse(&format!("{head:0<64}")).unwrap()
}

/// A finished run on `train_v1.csv` and `test.csv`.
pub fn run(label: &str, val: &str, test: &str) -> Run {
    let id = RunId::parse(label).unwrap();
    let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
    let mut run = Run::new(Uid::new(u64::from(id.number), &[7; 10]), id, started);
    run.status = Status::Ok;
    for (name, value) in [
        ("roc_auc_val", val),
        ("roc_auc_test", test),
        ("train_time_sec", "45.3"),
    ] {
        let number = Number::parse(value).unwrap();
        run.metrics.insert(name.into(), MetricValue::Number(number));
    }
    run.data = vec![input(
        "train",
        "data/processed/train_v1.csv",
        "9f2c41d8",
        10_000,
    )];
    run.data
        .push(input("test", "data/test.csv", "77aa0000", 2_000));
    run.params.insert(
        "model.n_estimators".into(),
        Param::leaf(ParamKind::Int, "100"),
    );
    run.params
        .insert("model.type".into(), Param::text("RandomForestClassifier"));
    run.code.commit = Oid::parse(&"b2f1c0e0".repeat(5));
    run.code.code_tree = Oid::parse(&"1".repeat(40));
    run.seed = Some(Param::leaf(ParamKind::Int, "42"));
    let env = serde_json::json!({"python": "3.11.9", "direct": {"numpy": "2.0.1"}, "packages": 64, "lock": "env.txt", "sha256": digest("e0")});
    run.env = serde_json::from_value(env).ok();
    let machine = serde_json::json!({"cpu": "Ryzen", "cores": 8, "gpus": []});
    run.hardware = serde_json::from_value(machine).ok();
    run
}

fn input(role: &str, path: &str, head: &str, rows: u64) -> DataInput {
    let json =
        serde_json::json!({"role": role, "path": path, "sha256": digest(head), "rows": rows});
    serde_json::from_value(json).unwrap()
}

/// Four runs: more trees, other data with new features, and a winner that was not committed.
pub fn runs() -> Vec<Run> {
    let mut runs = vec![
        run("exp_001_baseline", "0.793", "0.790"),
        run("exp_002_more_trees", "0.810", "0.801"),
        run("exp_003_new_features", "0.842", "0.835"),
        run("exp_004_lightgbm", "0.861", "0.815"),
    ];
    for index in 1..runs.len() {
        let before = &runs[index - 1];
        runs[index].base = Some(Base {
            id: before.id().to_string(),
            uid: before.uid.clone(),
        });
    }
    for run in &mut runs[1..] {
        run.params.insert(
            "model.n_estimators".into(),
            Param::leaf(ParamKind::Int, "300"),
        );
    }
    for run in &mut runs[2..] {
        run.data[0] = input("train", "data/processed/train_v2.csv", "5d07ab13", 10_412);
    }
    runs[1].title = "больше деревьев".into();
    runs[2].goal = Some("проверить age_bucket | is_active_30d".into());
    runs[2].hypothesis = Some("Новые фичи помогут".into());
    runs[2].conclusion = Some("оставить <b>оба</b> признака".into());
    runs[2].models.push(Artifact {
        path: "models/final/model_v2.pkl".into(),
        sha256: digest("abcd"),
        bytes: 1234,
        lfs: false,
    });
    runs[3]
        .params
        .insert("model.type".into(), Param::text("LGBMClassifier"));
    runs[3].code.code_tree = Oid::parse(&"2".repeat(40));
    runs[3].code.dirty = true;
    let change = serde_json::json!({"path": "src/train.py", "status": "M", "added": 31, "removed": 4, "axis": "code"});
    runs[3]
        .code
        .changes
        .push(serde_json::from_value(change).unwrap());
    runs
}

/// The project's choices.
pub fn settings() -> ProjectSettings {
    ProjectSettings {
        primary: Some("roc_auc_val".into()),
        ..Default::default()
    }
}
