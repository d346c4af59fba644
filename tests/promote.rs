//! `git exp promote` and `git exp which`.

use git_exp::model::Sha256;
use git_exp::model::data::MetricsFile;
use insta::assert_snapshot;

use crate::common::TestEnv;
use crate::records::{course, record};

const MODEL: &str = "models/final/model_v2.pkl";

#[test]
fn a_stage_is_decided_kept_as_history_and_found_again() {
    let env = TestEnv::new();
    course(&env);
    env.write(MODEL, "weights 3");
    assert_snapshot!(env.exp(&["promote", "2", "-m", "первый"]).all(), @r#"
    --- stdout
    production: exp_002_more_trees
    --- stderr
    wrote experiments/stages/production.json
    --- exit 0
    "#);
    let args = [
        "promote",
        "exp_003",
        "--model",
        MODEL,
        "-m",
        "лучший на test",
    ];
    assert_snapshot!(env.exp(&args).all(), @r#"
    --- stdout
    production: exp_003_new_features   was exp_002_more_trees
    --- stderr
    wrote experiments/stages/production.json
    --- exit 0
    "#);
    let stage = env.json("experiments/stages/production.json");
    assert_eq!(stage["schema"], "git-exp/stage/1");
    assert_eq!(stage["run"], "exp_003_new_features");
    assert_eq!(stage["why"], "лучший на test");
    assert_eq!(stage["who"], "T <t@example.com>");
    assert_eq!(stage["model"]["path"], MODEL);
    assert_eq!(stage["history"][0]["run"], "exp_002_more_trees");
    assert_eq!(stage["history"][0]["why"], "первый");

    assert!(env.exp(&["show", "@prod"]).ok().starts_with("exp_003"));
    assert_snapshot!(env.exp(&["which", "production"]).all(), @r#"
    --- stdout
    exp_003_new_features, code a41c9d2, data train_v2.csv fb04dcb6; promoted to production 2025-10-10 by T <t@example.com>: лучший на test
    models/final/model_v2.pkl is that model
    --- exit 0
    "#);
    assert_snapshot!(env.exp(&["which", MODEL]).all(), @r#"
    --- stdout
    exp_003_new_features, code a41c9d2, data train_v2.csv fb04dcb6; model models/final/model_v2.pkl; promoted to production 2025-10-10
    --- exit 0
    "#);
    let list = env.exp(&["ls"]).ok();
    let line = list
        .lines()
        .find(|line| line.contains("new_features"))
        .unwrap();
    assert!(line.ends_with("@prod"), "{list}");
    let again = env.exp(&["promote", "3"]);
    assert!(
        again.stderr.contains("is production already"),
        "{}",
        again.all()
    );

    env.write(MODEL, "retrained by hand");
    let changed = env.exp(&["which", "@prod"]);
    assert_eq!(changed.code, 1);
    assert!(
        changed.stdout.contains("was changed after it was promoted"),
        "{}",
        changed.all()
    );
    let file = env.exp(&["which", MODEL]);
    assert_eq!(file.code, 1);
    assert!(
        file.stderr
            .contains("exp_003_new_features recorded models/final/model_v2.pkl with other content")
    );
    let json: serde_json::Value =
        serde_json::from_str(&env.exp(&["which", "production", "--json"]).stdout).unwrap();
    assert_eq!(json["model_file"], "changed");
}

#[test]
fn a_file_is_known_by_content_wherever_it_is() {
    let env = TestEnv::new();
    course(&env);
    env.write("predict/m.bin", "weights 3");
    env.write("data/train.csv", "v1");
    assert!(
        env.exp(&["which", "predict/m.bin"])
            .ok()
            .starts_with("exp_003_new_features")
    );
    let data = env.exp(&["which", "data/train.csv"]).ok();
    assert_eq!(data.lines().count(), 2, "{data}");
    assert!(data.contains("; data train data/train_v1.csv"), "{data}");
    let oid = git_exp::model::Sha256::of(b"weights 3");
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 9\n");
    env.write("predict/pointer.bin", pointer);
    assert!(
        env.exp(&["which", "predict/pointer.bin"])
            .ok()
            .starts_with("exp_003")
    );
    assert!(
        env.exp(&["which", oid.as_str()])
            .ok()
            .starts_with("exp_003")
    );
    assert!(env.exp(&["which", oid.short()]).ok().starts_with("exp_003"));
    assert!(
        env.exp(&["which", "no/such.bin"])
            .error()
            .contains("no file and no stage")
    );
    env.write("new.bin", "unknown");
    assert_eq!(env.exp(&["which", "new.bin"]).code, 1);
}

#[test]
fn what_can_not_be_promoted_is_refused_with_a_way_out() {
    let env = TestEnv::new();
    course(&env);
    let missing = env.exp(&["promote", "3"]).error();
    assert!(
        missing.contains("there is no file models/final/model_v2.pkl"),
        "{missing}"
    );
    env.write(MODEL, "other weights");
    assert!(
        env.exp(&["promote", "3"])
            .error()
            .contains("its content has changed since")
    );
    let other = env.exp(&["promote", "3", "--model", MODEL]).error();
    assert!(
        other.contains("git exp which models/final/model_v2.pkl"),
        "{other}"
    );
    assert!(
        env.exp(&["promote", "3", "--model", "gone.pkl"])
            .error()
            .contains("there is no file gone.pkl")
    );
    assert!(
        env.exp(&["promote", "1", "--as", "../x"])
            .error()
            .contains("can't be the name of a stage")
    );
    record("exp_005_bad")
        .edit(|run| run.status = git_exp::model::Status::Failed)
        .write(&env);
    assert!(
        env.exp(&["promote", "5"])
            .error()
            .contains("exp_005_bad failed")
    );
    record("exp_006_two")
        .model("a.pkl", "a")
        .model("b.pkl", "b")
        .write(&env);
    assert!(
        env.exp(&["promote", "6"])
            .error()
            .contains("git exp promote exp_006 --model a.pkl")
    );
    assert!(
        !env.path("experiments/stages").exists(),
        "nothing was written"
    );
}

#[test]
fn two_productions_after_a_merge_are_named_and_can_be_decided() {
    let env = TestEnv::new();
    course(&env);
    env.exp(&["promote", "1", "-m", "start"]).ok();
    env.commit("all");
    env.git(&["switch", "-q", "-c", "other"]);
    env.exp(&["promote", "2", "-m", "ours"]).ok();
    env.commit("ours");
    env.git(&["switch", "-q", "main"]);
    env.write(MODEL, "weights 3");
    env.exp(&["promote", "3", "-m", "theirs"]).ok();
    env.commit("theirs");
    let mut merge = env.command("git");
    merge.args(["merge", "-q", "other"]);
    assert_eq!(env.ran(merge).code, 1);
    let error = env.exp(&["which", "production"]).error();
    assert!(
        error.contains(
            "production is two runs at once: exp_003_new_features and exp_002_more_trees"
        ),
        "{error}"
    );
    env.exp(&["promote", "3", "-m", "decided"]).ok();
    let stage = env.json("experiments/stages/production.json");
    assert_eq!(stage["why"], "decided");
    let history: Vec<&str> = stage["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["why"].as_str().unwrap())
        .collect();
    assert_eq!(history, ["theirs", "ours", "start"]);
}

#[test]
fn a_metrics_file_and_whatever_lies_in_a_runs_folder_lead_to_the_run() {
    let env = TestEnv::new();
    record("exp_001_one")
        .edit(|run| {
            run.metrics_file = Some(MetricsFile {
                path: "out/metrics.json".into(),
                copy: "metrics.json".into(),
                sha256: Sha256::of(b"{\"auc\": 0.5}"),
            });
        })
        .write(&env);
    env.write("elsewhere.json", "{\"auc\": 0.5}");
    let text = env.exp(&["which", "elsewhere.json"]).ok();
    assert!(
        text.contains("exp_001_one") && text.contains("; metrics out/metrics.json"),
        "{text}"
    );
    env.write("out/metrics.json", "{\"auc\": 0.6}");
    let other = env.exp(&["which", "out/metrics.json"]);
    assert_eq!(other.code, 1);
    assert!(
        other
            .stderr
            .contains("exp_001_one recorded out/metrics.json with other content"),
        "{}",
        other.all()
    );
    env.write("experiments/runs/exp_001_one/notes.txt", "of a person");
    let own = env
        .exp_in("experiments/runs/exp_001_one", &["which", "notes.txt"])
        .ok();
    assert!(
        own.contains("exp_001_one") && own.contains("file experiments/runs/exp_001_one/notes.txt"),
        "{own}"
    );
}
