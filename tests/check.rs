//! `git exp check`: honest repositories are left alone, and lies are found, each under its own code.

mod clones;
mod cunning;
mod honest;
mod lies;
mod output;
mod repairs;
mod since;

use git_exp::model::data::{Artifact, ConfigFile, DataInput, DataKind, MetricsFile};
use git_exp::model::param::ParamKind;
use git_exp::model::{MetricValue, Number, Oid, Param, Run, RunId, Sha256, Status, Uid};
use git_exp::store::{format, seal};

use crate::common::TestEnv;

/// A repository with code, a config and data.
pub fn project() -> TestEnv {
    let env = TestEnv::empty();
    env.git(&["init", "-q", "-b", "main"]);
    env.write(".gitignore", "/metrics.json\n");
    env.write("src/train.py", "print('train')\n");
    env.write("configs/base.yaml", "model:\n  depth: 1\nseed: 42\n");
    env.write("data/train.csv", "a,b\n1,2\n");
    env.commit("first");
    env
}

/// Records a run with the real program: its metrics are what `score` says.
#[track_caller]
pub fn record(env: &TestEnv, name: &str, score: &str) {
    let script = format!("echo '{{\"roc_auc_val\": {score}, \"accuracy\": 0.75}}' > metrics.json");
    let ran = env.exp(&[
        "run",
        name,
        "-m",
        "find out",
        "--config",
        "configs/base.yaml",
        "--data",
        "train=data/train.csv",
        "--",
        "sh",
        "-c",
        &script,
    ]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let number = env
        .exp(&["ls", "--porcelain"])
        .ok()
        .lines()
        .filter_map(|line| line.split('\t').next()?.parse::<u32>().ok())
        .max()
        .unwrap();
    env.exp(&["note", &number.to_string(), "-m", "found out"])
        .ok();
}

/// A project of many runs, written through the library, all honest.
pub fn many(count: u32) -> TestEnv {
    let env = project();
    let head = Oid::parse(env.git(&["rev-parse", "HEAD"]).trim()).unwrap();
    let tree = Oid::parse(env.git(&["rev-parse", "HEAD^{tree}"]).trim()).unwrap();
    env.write(
        "experiments/exp.toml",
        "primary = \"roc_auc_val\"\n[metrics]\nroc_auc_val = \"max\"\n",
    );
    for number in 1..=count {
        write_run(&env, number, &head, &tree);
    }
    env.write("report.md", report(count));
    env.exp(&["check", "--fix"]);
    env.commit("experiments");
    env
}

/// The validation score of run `number`: no two are the same when rounded to three digits.
pub fn score(number: u32) -> f64 {
    0.5 + f64::from(number) / 1000.0
}

/// The folder of run `number`.
pub fn folder(number: u32) -> String {
    format!("experiments/runs/exp_{number:03}_idea_{number}")
}

fn write_run(env: &TestEnv, number: u32, commit: &Oid, tree: &Oid) {
    let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap()
        + chrono::Duration::minutes(i64::from(number));
    let id = RunId::parse(&format!("exp_{number:03}_idea_{number}")).unwrap();
    let mut bytes = [0; 10];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    let mut run = Run::new(Uid::new(u64::from(number), &bytes), id, started);
    let config = format!("model:\n  depth: {number}\nseed: 42\n");
    let metrics = format!(
        "{{\"roc_auc_val\": {}, \"accuracy\": 0.75}}\n",
        score(number)
    );
    let model = format!("model {number}");
    run.status = Status::Ok;
    run.finished = Some(started);
    run.goal = Some("find out".into());
    run.conclusion = Some("found out".into());
    run.code.commit = Some(commit.clone());
    run.code.tree = Some(tree.clone());
    run.config.push(ConfigFile {
        derived: false,
        path: format!("configs/generated_{number}.yaml").as_str().into(),
        sha256: Sha256::of(config.as_bytes()),
        blob: None,
        copy: Some("config.yaml".into()),
        unread: None,
    });
    let depth = Param::leaf(ParamKind::Int, number.to_string());
    run.params.insert("model.depth".into(), depth);
    run.data.push(DataInput {
        role: "train".into(),
        path: "data/train.csv".into(),
        kind: DataKind::File,
        sha256: Some(Sha256::of(b"a,b\n1,2\n")),
        blob: None,
        bytes: Some(8),
        rows: Some(1),
        files: None,
        external: false,
        pointer: None,
        unstable: false,
        card: false,
    });
    for (name, value) in [("roc_auc_val", score(number)), ("accuracy", 0.75)] {
        let value = MetricValue::Number(Number::from_f64(value));
        run.metrics.insert(name.into(), value);
    }
    run.metrics_file = Some(MetricsFile {
        path: "metrics.json".into(),
        copy: "metrics.json".into(),
        sha256: Sha256::of(metrics.as_bytes()),
    });
    run.models.push(Artifact {
        path: format!("models/{number}.pkl").as_str().into(),
        sha256: Sha256::of(model.as_bytes()),
        bytes: model.len() as u64,
        lfs: false,
    });
    run.digest = Some(seal::digest(&run));
    let folder = folder(number);
    env.write(&format!("{folder}/config.yaml"), config);
    env.write(&format!("{folder}/metrics.json"), metrics);
    env.write(&format!("{folder}/README.md"), mini_log(number));
    env.write(&format!("models/{number}.pkl"), model);
    format::write_run(&env.path(&folder), &run).unwrap();
}

fn mini_log(number: u32) -> String {
    let score = score(number);
    format!(
        "# Эксперимент {number}\n\n<!-- exp:begin -->\n- model.depth: {number}\n\n\
         - roc_auc_val: {score}\n- accuracy: 0.75\n<!-- exp:end -->\n\n## Выводы\n\n\
         ROC-AUC на валидации {score:.3}, точность 75 %.\n"
    )
}

fn report(count: u32) -> String {
    let mut text = "# Отчёт\n\n| id | ROC-AUC (val) | точность |\n|---|---:|---:|\n".to_owned();
    for number in 1..=count {
        text.push_str(&format!(
            "| exp_{number:03} | {:.3} | 0,75 |\n",
            score(number)
        ));
    }
    text.push_str("\n## Выбор\n\n");
    for number in 1..=count {
        text.push_str(&format!(
            "exp_{number:03} даёт ROC-AUC (val) {:.3}, а точность у него \
             <!-- exp:exp_{number:03}.accuracy -->75 %<!-- /exp -->.\n\n",
            score(number)
        ));
    }
    text
}

/// Findings of `git exp check --json` that are not fine: code, outcome, run or file.
pub fn findings(env: &TestEnv, args: &[&str]) -> (Vec<(String, String, String)>, i32) {
    let mut all = vec!["check", "--json"];
    all.extend(args);
    let ran = env.exp(&all);
    let value: serde_json::Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.all()));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let found = value["findings"].as_array().unwrap().iter().map(|finding| {
        let place = [text(&finding["run"]), text(&finding["file"])];
        (
            text(&finding["code"]),
            text(&finding["outcome"]),
            place.join(" "),
        )
    });
    (found.collect(), ran.code)
}

/// The end of a run writes the overview, so one that is under way need not be in it.
#[test]
fn a_run_under_way_is_no_fault_of_the_overview() {
    let env = TestEnv::new();
    env.exp(&["start", "first_idea"]).ok();
    let ran = env.exp(&["check"]);
    assert!(!ran.all().contains("E-table"), "{}", ran.all());
    env.exp(&["finish"]).ok();
    env.exp(&["start", "second_idea"]).ok();
    let ran = env.exp(&["check"]);
    assert!(!ran.all().contains("E-table"), "{}", ran.all());
    let overview = env.path("experiments/experiments.md");
    std::fs::remove_file(overview).unwrap();
    let ran = env.exp(&["check"]);
    assert!(
        ran.stdout.contains("the overview is missing"),
        "{}",
        ran.all()
    );
}
