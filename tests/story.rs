//! The user story of the README, typed by hand into the course project.

use crate::common::TestEnv;

/// The course project in a new repository, with quick settings.
fn course() -> TestEnv {
    let env = TestEnv::empty();
    env.git(&["init", "-q", "-b", "main"]);
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/course-project");
    copy(&source, env.repo());
    edit(
        &env,
        "configs/base.yaml",
        "n_estimators: 100",
        "n_estimators: 6",
    );
    env.commit("course project");
    env
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_name() != "tour.sh" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn edit(env: &TestEnv, file: &str, from: &str, to: &str) {
    let text = env.read(file);
    assert!(text.contains(from), "{file} has no `{from}`");
    env.write(file, text.replace(from, to));
}

const TRAIN: [&str; 4] = ["python3", "src/train.py", "--config", "configs/base.yaml"];

fn first_run(env: &TestEnv) {
    let mut args = vec![
        "run",
        "--config",
        "configs/base.yaml",
        "--data",
        "train=data/processed/train_v1.csv",
        "--data",
        "test=data/processed/test.csv",
        "--",
    ];
    args.extend(TRAIN);
    let ran = env.exp(&args);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stderr.contains("exp_001_baseline"), "{}", ran.stderr);
}

#[test]
fn record_a_real_training_list_it_show_it_compare_two() {
    let env = course();
    first_run(&env);
    edit(
        &env,
        "configs/base.yaml",
        "n_estimators: 6",
        "n_estimators: 12",
    );
    let started = env
        .exp(&["start", "more_trees", "-m", "do more trees help?"])
        .ok();
    assert!(
        started.contains("exp_002_more_trees  started   base exp_001_baseline"),
        "{started}"
    );
    assert!(
        started.contains("config  model.n_estimators 6 → 12"),
        "{started}"
    );
    let mut train = env.command("python3");
    train.args(&TRAIN[1..]);
    assert_eq!(env.ran(train).code, 0);
    let finish = [
        "finish",
        "--metrics",
        "metrics.json",
        "--model",
        "models/checkpoints/model.pkl",
    ];
    let finished = env.exp(&[&finish[..], &["-m", "a little"]].concat()).ok();
    assert!(finished.starts_with("exp_002_more_trees  ok"), "{finished}");

    let list = env.exp(&["ls"]).ok();
    assert!(
        list.contains("exp_002") && list.contains("more_trees"),
        "{list}"
    );
    let shown = env.exp(&["show", "exp_002"]).ok();
    assert!(
        shown.contains("model.n_estimators") && shown.contains("a little"),
        "{shown}"
    );
    let diff = env.exp(&["diff", "exp_001", "exp_002"]).ok();
    assert!(diff.contains("model.n_estimators    6 → 12"), "{diff}");
    assert!(diff.contains("roc_auc_val"), "{diff}");
    let notes = env.git(&["log", "--notes=exp", "-2"]);
    assert!(
        notes.contains("\"exp\":\"exp_002_more_trees\",\"status\":\"ok\""),
        "{notes}"
    );

    let first = env.json("experiments/runs/exp_001_baseline/run.json");
    let second = env.json("experiments/runs/exp_002_more_trees/run.json");
    assert_eq!(
        first["code"]["dirty"], false,
        "a clean tree: {}",
        first["code"]["changes"]
    );
    assert_eq!(first["code"]["snapshot"], serde_json::Value::Null);
    assert_eq!(
        second["code"]["code_tree"], first["code"]["code_tree"],
        "only a config changed"
    );
    assert_eq!(second["code"]["changes"][0]["axis"], "config");
    assert_eq!(second["metrics"].get("timestamp"), None);
    assert_eq!(second["models"][0]["path"], "models/checkpoints/model.pkl");
    assert!(
        first["series"]["loss_train"]["count"]
            .as_u64()
            .is_some_and(|count| count == 6)
    );
    let table = env.read("experiments/experiments.csv");
    assert!(table.starts_with("id,description,data_version,config,model_path,metrics,comment\n"));
    assert!(
        table.contains("exp_002,more_trees: do more trees help?,train_v1 "),
        "{table}"
    );
    assert!(table.contains("a little"), "{table}");
}

#[test]
fn a_new_untracked_module_is_code_and_an_edited_csv_is_data() {
    let env = course();
    first_run(&env);
    env.write("src/extra.py", "VALUE = 1\n");
    let train = env.read("src/train.py");
    env.write("src/train.py", format!("{train}\nimport extra  # noqa\n"));
    let csv = env.read("data/processed/train_v1.csv");
    let shorter: String = csv
        .lines()
        .take(3000)
        .map(|line| format!("{line}\n"))
        .collect();
    env.write("data/processed/train_v1.csv", shorter);
    env.exp(&["start", "two_changes"]).ok();
    let run = env.json("experiments/runs/exp_002_two_changes/run.json");
    let axis = |path: &str| {
        let changes = run["code"]["changes"].as_array().unwrap().clone();
        changes
            .into_iter()
            .find(|c| c["path"] == path)
            .map(|c| c["axis"].clone())
    };
    assert_eq!(axis("src/extra.py").unwrap(), "code");
    assert_eq!(axis("src/train.py").unwrap(), "code");
    assert_eq!(axis("data/processed/train_v1.csv").unwrap(), "data");
    env.exp(&["finish"]).ok();
    let diff = env.exp(&["diff", "exp_001", "exp_002"]).ok();
    assert!(diff.contains("src/extra.py"), "{diff}");
}

#[test]
fn diff_speaks_in_every_form() {
    let env = TestEnv::new();
    env.write("params.yaml", "model:\n  depth: 3\n");
    env.write("train.py", "print(1)\n");
    env.commit("code");
    env.exp(&["start", "--config", "params.yaml"]).ok();
    env.write("metrics.json", r#"{"acc_val": 0.5}"#);
    env.exp(&["finish"]).ok();
    env.write("params.yaml", "model:\n  depth: 4\n");
    env.write("train.py", "print(2)\n");
    env.exp(&["start"]).ok();
    env.write("metrics.json", r#"{"acc_val": 0.6}"#);
    env.exp(&["finish"]).ok();

    let patch = env.exp(&["diff", "1..2", "--patch"]).ok();
    assert!(patch.contains("2 FACTORS CHANGED AT ONCE"), "{patch}");
    assert!(patch.contains("-  depth: 3\n+  depth: 4\n"), "{patch}");
    assert!(patch.contains("-print(1)\n+print(2)\n"), "{patch}");
    let json: serde_json::Value = serde_json::from_str(&env.exp(&["diff", "--json"]).ok()).unwrap();
    assert_eq!(json["schema"], "git-exp/diff/1");
    assert_eq!(json["verdict"], "confounded");
    let schema: serde_json::Value =
        serde_json::from_str(&env.exp(&["schema", "diff"]).ok()).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&json));
    assert!(env.exp(&["diff", "--md"]).ok().contains("| acc"));
    let short = env.exp(&["diff", "@", "--short"]).ok();
    assert!(
        short.starts_with("exp_001→exp_002  confounded  acc_val 0.5→0.6"),
        "{short}"
    );
    assert_eq!(env.exp(&["diff", "--exit-code", "--short"]).code, 1);
    assert_eq!(
        env.exp(&["diff", "2", "2", "--exit-code", "--short"]).code,
        0
    );
    let error = env.exp(&["diff", "exp_001", "exp_009"]).error();
    assert!(error.contains("no run named `exp_009`"), "{error}");
}

#[test]
fn the_tour_runs_to_its_end_and_its_records_are_true() {
    let env = TestEnv::empty();
    let mut tour = env.command("bash");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    tour.arg(root.join("fixtures/course-project/tour.sh"))
        .arg(env.path("tour"))
        .env("GIT_EXP_BIN", env!("CARGO_BIN_EXE_git-exp"))
        // Several commands in one process: each needs identities of its own.
        .env_remove("GIT_EXP_SEED")
        .env_remove("GIT_EXP_NOW");
    let ran = env.ran(tour);
    assert_eq!(ran.code, 0, "{}", ran.all());
    for (run, metrics) in [(1, "exp_001_baseline"), (6, "exp_006_exact_repeat")] {
        let record = env.json(&format!("tour/experiments/runs/{metrics}/run.json"));
        assert_eq!(record["number"], run);
        assert_eq!(record["status"], "ok");
    }
    let metric = |id: &str| {
        let record = env.json(&format!("tour/experiments/runs/{id}/run.json"));
        record["metrics"]["roc_auc_val"].clone()
    };
    assert_eq!(
        metric("exp_004_income_per_person"),
        metric("exp_006_exact_repeat")
    );
    assert_ne!(
        metric("exp_004_income_per_person"),
        metric("exp_005_other_seed")
    );
    assert!(ran.stdout.contains("NOT COMPARABLE"), "{}", ran.stdout);
}
