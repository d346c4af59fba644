//! Records written through the library, for verbs that only read them.

use std::path::PathBuf;

use git_exp::model::code::Change;
use git_exp::model::data::{Artifact, DataInput};
use git_exp::model::param::ParamKind;
use git_exp::model::run::Base;
use git_exp::model::{Axis, MetricValue, Number, Oid, Param, Run, RunId, Sha256, Status, Uid};

use crate::common::TestEnv;

/// A record in the making.
pub struct Record(pub Run);

/// A finished run: `exp_003_tuned`, started on day 3 of October 2025.
pub fn record(name: &str) -> Record {
    let id = RunId::parse(name).expect("a folder name");
    let started = chrono::DateTime::parse_from_rfc3339("2025-10-01T14:00:00+03:00").unwrap()
        + chrono::Duration::days(i64::from(id.number) - 1);
    let uid = Uid::new(
        u64::try_from(started.timestamp_millis()).unwrap(),
        &[id.number as u8; 10],
    );
    let mut run = Run::new(uid, id, started);
    run.status = Status::Ok;
    run.finished = Some(started + chrono::Duration::seconds(45));
    run.seconds = Some(Number::parse("45.3").unwrap());
    run.code.commit = Oid::parse(&"a41c9d2".repeat(6)[..40]);
    run.code.code_tree = Oid::parse(&"77".repeat(20));
    run.title = run.slug.replace('_', " ");
    Record(run)
}

impl Record {
    pub fn edit(mut self, edit: impl FnOnce(&mut Run)) -> Self {
        edit(&mut self.0);
        self
    }

    pub fn metric(self, name: &str, value: &str) -> Self {
        let value = MetricValue::Number(Number::parse(value).unwrap());
        self.edit(|run| drop(run.metrics.insert(name.into(), value)))
    }

    /// A number where it looks like one, else text.
    pub fn param(self, name: &str, value: &str) -> Self {
        let param = match (value.parse::<i64>(), value.parse::<f64>()) {
            (Ok(_), _) => Param::leaf(ParamKind::Int, value),
            (_, Ok(_)) => Param::leaf(ParamKind::Float, value),
            _ => Param::text(value),
        };
        self.edit(|run| drop(run.params.insert(name.into(), param)))
    }

    pub fn data(self, role: &str, path: &str, content: &str) -> Self {
        let json = serde_json::json!({
            "role": role, "path": path, "sha256": Sha256::of(content.as_bytes()),
        });
        let input: DataInput = serde_json::from_value(json).unwrap();
        self.edit(|run| run.data.push(input))
    }

    pub fn model(self, path: &str, content: &str) -> Self {
        let model = Artifact {
            path: path.into(),
            sha256: Sha256::of(content.as_bytes()),
            bytes: content.len() as u64,
            lfs: false,
        };
        self.edit(|run| run.models.push(model))
    }

    pub fn base(self, base: &Record) -> Self {
        let base = Base {
            id: base.0.id().to_string(),
            uid: base.0.uid.clone(),
        };
        self.edit(|run| run.base = Some(base))
    }

    pub fn dirty(self, path: &str) -> Self {
        let change = Change {
            path: path.into(),
            status: "M".into(),
            added: Some(1),
            removed: Some(0),
            axis: Axis::Code,
        };
        self.edit(|run| run.code.changes.push(change))
    }

    pub fn tag(self, tag: &str) -> Self {
        self.edit(|run| run.tags.push(tag.into()))
    }

    pub fn write(self, env: &TestEnv) -> Self {
        let folder: PathBuf = env.path("experiments/runs").join(self.0.id().to_string());
        std::fs::create_dir_all(&folder).unwrap();
        git_exp::store::format::write_run(&folder, &self.0).unwrap();
        self
    }
}

impl Record {
    /// Like [`Record::write`] without waiting for the disk, for hundreds of records.
    pub fn dump(self, env: &TestEnv) {
        let folder: PathBuf = env.path("experiments/runs").join(self.0.id().to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let schema = git_exp::store::format::RUN_SCHEMA;
        let json = git_exp::store::format::to_json(schema, &self.0, None).unwrap();
        // A new file each time, as the program itself writes.
        let draft = folder.join("draft");
        std::fs::write(&draft, json).unwrap();
        std::fs::rename(draft, folder.join("run.json")).unwrap();
    }
}

/// Four runs of a small project: a baseline, more trees, new data, and another model.
pub fn course(env: &TestEnv) -> [Record; 4] {
    let forest = |name: &str, trees: &str| {
        record(name)
            .param("model.type", "rf")
            .param("model.n_estimators", trees)
            .param("seed", "42")
    };
    let v1 = |r: Record| {
        r.data("train", "data/train_v1.csv", "v1")
            .data("test", "data/test.csv", "t")
    };
    let v2 = |r: Record| {
        r.data("train", "data/train_v2.csv", "v2")
            .data("test", "data/test.csv", "t")
    };
    let measured = |r: Record, val: &str, test: &str| {
        r.metric("roc_auc_val", val)
            .metric("roc_auc_test", test)
            .metric("train_time_sec", "45.3")
    };
    let one = measured(v1(forest("exp_001_baseline", "100")), "0.793", "0.790").write(env);
    let two = measured(v1(forest("exp_002_more_trees", "300")), "0.810", "0.801")
        .base(&one)
        .write(env);
    let three = measured(v2(forest("exp_003_new_features", "300")), "0.842", "0.835")
        .base(&two)
        .model("models/final/model_v2.pkl", "weights 3")
        .write(env);
    let four = measured(v2(record("exp_004_lightgbm")), "0.861", "0.815")
        .param("model.type", "lgbm")
        .param("model.n_estimators", "300")
        .param("seed", "42")
        .base(&three)
        .dirty("src/train.py")
        .tag("wip")
        .write(env);
    [one, two, three, four]
}
