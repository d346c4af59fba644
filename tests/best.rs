//! `git exp best` and `@best`.

use insta::assert_snapshot;

use crate::common::TestEnv;
use crate::records::{course, record};

#[test]
fn the_best_is_clean_measured_alike_and_explained() {
    let env = TestEnv::new();
    course(&env);
    assert_snapshot!(env.exp(&["best"]).all(), @r#"
    --- stdout
    exp_003_new_features   roc_auc_val 0.842   (higher is better)
      no other run can be compared with it
      3 runs are left out; why: git exp best --why
    --- exit 0
    "#);
    assert_snapshot!(env.exp(&["best", "--why"]).all(), @r#"
    --- stdout
    exp_003_new_features   roc_auc_val 0.842   (higher is better)
      no other run can be compared with it
      exp_001_baseline has 0.793 on other validation rows; on the same test data 0.835 vs 0.790
      exp_002_more_trees has 0.810 on other validation rows; on the same test data 0.835 vs 0.801
      exp_004_lightgbm has 0.861 but is left out: uncommitted code (--allow-dirty); its test falls to 0.815
    --- exit 0
    "#);
    let dirty = env.exp(&["best", "--allow-dirty"]).ok();
    assert!(
        dirty.starts_with("exp_004_lightgbm   roc_auc_val 0.861"),
        "{dirty}"
    );
    assert!(
        dirty.contains("second  exp_003_new_features  0.842  0.019 behind"),
        "{dirty}"
    );
    let older = env.exp(&["best", "--like", "1"]).ok();
    assert!(
        older.starts_with("exp_002_more_trees   roc_auc_val 0.810"),
        "{older}"
    );
    assert!(
        env.exp(&["show", "@best"])
            .ok()
            .starts_with("exp_003_new_features")
    );
}

#[test]
fn questions_without_an_answer_say_what_to_do() {
    let env = TestEnv::new();
    assert!(env.exp(&["best"]).error().contains("there are no runs yet"));
    course(&env);
    assert_snapshot!(env.exp(&["best", "--by", "roc_auc_test"]).all(), @r#"
    --- stderr
    error: `roc_auc_test` is measured on test data
    caused by: whoever chooses by test data has no test data left
    hint: choose by a validation metric: git exp best --by METRIC
    hint: if that is meant: git exp best --by roc_auc_test --by-test
    --- exit 2
    "#);
    assert!(
        env.exp(&["best", "--by", "roc_auc_test", "--by-test"])
            .ok()
            .starts_with("exp_003")
    );
    assert!(
        env.exp(&["best", "--by", "roc_auc_vall"])
            .error()
            .contains("did you mean `roc_auc_val`?")
    );
    assert!(
        env.exp(&["best", "--by", "train_time_sec"])
            .error()
            .contains("is information")
    );
    record("exp_005_odd").metric("zork", "1").write(&env);
    let unknown = env.exp(&["best", "--by", "zork"]).error();
    assert!(
        unknown.contains("[metrics] \"zork\" = \"max\""),
        "{unknown}"
    );
}

#[test]
fn nan_failed_and_unfinished_runs_never_win() {
    let env = TestEnv::new();
    use git_exp::model::Status;
    record("exp_001_nan").metric("auc_val", "nan").write(&env);
    record("exp_002_inf").metric("auc_val", "inf").write(&env);
    record("exp_003_bad")
        .metric("auc_val", "0.99")
        .edit(|r| r.status = Status::Failed)
        .write(&env);
    record("exp_004_dirty")
        .metric("auc_val", "0.9")
        .dirty("a.py")
        .write(&env);
    record("exp_005_none").write(&env);
    let nobody = env.exp(&["best"]);
    assert_snapshot!(nobody.all(), @r#"
    --- stdout
    no run is best by auc_val
      exp_001_nan: auc_val is no finite number
      exp_002_inf: auc_val is no finite number
      exp_003_bad failed
      exp_004_dirty has uncommitted code (--allow-dirty)
      exp_005_none has no auc_val
    --- exit 1
    "#);
    assert!(
        env.exp(&["show", "@best"])
            .error()
            .contains("git exp best --why")
    );
}

#[test]
fn a_loss_is_lower_and_repeats_give_the_noise() {
    let env = TestEnv::new();
    for (n, seed, loss) in [(1, "1", "0.50"), (2, "2", "0.52"), (3, "3", "0.54")] {
        record(&format!("exp_{n:03}_a"))
            .param("seed", seed)
            .metric("loss", loss)
            .write(&env);
    }
    record("exp_004_b")
        .param("lr", "0.1")
        .metric("loss", "0.49")
        .write(&env);
    let best = env.exp(&["best"]).ok();
    assert!(
        best.starts_with("exp_004_b   loss 0.49   (lower is better)"),
        "{best}"
    );
    assert!(
        best.contains("exp_001_a  0.50  0.01 behind, within noise (±0.020, n=3)"),
        "{best}"
    );
    let json: serde_json::Value = serde_json::from_str(&env.exp(&["best", "--json"]).ok()).unwrap();
    assert_eq!(json["schema"], "git-exp/best/1");
    assert_eq!(json["best"]["run"], "exp_004_b");
    assert_eq!(json["ranking"].as_array().unwrap().len(), 4);
    assert_eq!(json["noise"]["n"], 3);
}
