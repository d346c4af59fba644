//! `git exp ls`: filters, columns, order, and forms.

use std::collections::BTreeMap;

use insta::assert_snapshot;

use crate::common::TestEnv;
use crate::records::{course, record};

/// Numbers of the runs that a filter keeps.
#[track_caller]
fn kept(env: &TestEnv, filter: &str) -> String {
    let text = env
        .exp(&["ls", "--porcelain", "--cols", "number", "-f", filter])
        .ok();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn columns_are_those_that_vary_and_yardsticks_stay_apart() {
    let env = TestEnv::new();
    course(&env);
    assert_snapshot!(env.exp(&["ls"]).all(), @r#"
    --- stdout
    id       name          changed             roc_auc_val  roc_auc_test  status
    exp_004  lightgbm      model.type                0.861         0.815  ok  dirty  45 s  #wip
    exp_003  new_features  data train                0.842         0.835  ok  45 s
    ---- below: other validation rows, not comparable with the lines above ----
    exp_002  more_trees    model.n_estimators        0.810         0.801  ok  45 s
    exp_001  baseline      –                         0.793         0.790  ok  45 s
    --- stderr
    no room for data, params.model.n_estimators, params.model.type; see them: git exp ls --cols id,data,params.model.n_estimators,params.model.type
    --- exit 0
    "#);
}

#[test]
fn a_narrow_terminal_keeps_what_matters_and_says_what_is_missing() {
    let env = TestEnv::new();
    course(&env);
    let mut command = env.command("git");
    command.args(["exp", "ls", "-n", "2"]).env("COLUMNS", "50");
    assert_snapshot!(env.ran(command).all(), @r#"
    --- stdout
    id       roc_auc_val  status
    exp_004        0.861  ok  dirty  45 s  #wip
    exp_003        0.842  ok  45 s
    --- stderr
    no room for name, metrics.roc_auc_test, changed, params.model.type; see them: git exp ls --cols id,name,metrics.roc_auc_test,changed,params.model.type
    2 of 4 runs shown; all: git exp ls --all
    --- exit 0
    "#);
}

#[test]
fn filters_are_asked_of_every_run() {
    let env = TestEnv::new();
    course(&env);
    record("exp_005_resnet")
        .edit(|run| run.status = git_exp::model::Status::Failed)
        .write(&env);
    for (filter, numbers) in [
        (
            "metrics.roc_auc_val > 0.8 AND params.model.type = 'rf'",
            "3 2",
        ),
        ("roc_auc_val>0.8 and status=ok", "4 3 2"),
        ("n_estimators < 300 or dirty", "4 1"),
        ("NOT roc_auc_val > 0.85", "3 2 1"),
        ("roc_auc_val IS NULL", "5"),
        ("data.train LIKE '%v2%'", "4 3"),
        ("started >= 2025-10-03 and started < 2025-10-05", "4 3"),
        ("started > 7d", "5 4"),
        ("touches('src/*.py')", "4"),
        ("tags.wip", "4"),
        ("name ~ '^(more|new)_'", "3 2"),
        ("base = exp_002", "3"),
        ("base = 2", "3"),
        ("status in (failed, aborted)", "5"),
        ("model_path LIKE 'models/final/%'", "3"),
    ] {
        assert_eq!(kept(&env, filter), numbers, "{filter}");
    }
    assert_eq!(
        env.exp(&["ls", "--status", "failed", "--porcelain"])
            .ok()
            .lines()
            .count(),
        1
    );
}

#[test]
fn a_filter_that_makes_no_sense_is_pointed_at() {
    let env = TestEnv::new();
    course(&env);
    assert_snapshot!(env.exp(&["ls", "--filter", "roc_auc_val > 0.8 AMD dirty"]).all(), @r#"
    --- stderr
    error: the filter is not understood: expected AND, OR or the end, found `AMD`
      roc_auc_val > 0.8 AMD dirty
                        ^^^
    hint: see what can be asked: git exp help ls
    --- exit 2
    "#);
    assert_snapshot!(env.exp(&["ls", "--filter", "metrics.roc_auc_vall > 0.8"]).all(), @r#"
    --- stderr
    error: the filter is not understood: no run has a metric `roc_auc_vall`
      metrics.roc_auc_vall > 0.8
      ^^^^^^^^^^^^^^^^^^^^
    hint: did you mean `metrics.roc_auc_val`?
    --- exit 2
    "#);
    assert_snapshot!(env.exp(&["ls", "--cols", "id,learning_rate"]).all(), @r#"
    --- stderr
    error: --cols is not understood: no run has a metric, parameter or attribute `learning_rate`
      id,learning_rate
         ^^^^^^^^^^^^^
    hint: there are metrics.roc_auc_test, metrics.roc_auc_val, metrics.train_time_sec, params.model.n_estimators, params.model.type, params.seed, data.test, data.train and 20 more
    --- exit 2
    "#);
    for (filter, place, hint) in [
        (
            "n_estimators in ()",
            "expected a value in the list, found `)`",
            "git exp help ls",
        ),
        (
            "roc_auc_val > 0,8",
            "found `,`",
            "a decimal point makes it a number: 0.8",
        ),
        ("exp_003", "`exp_003`", "to ask for a run: id = exp_003"),
    ] {
        let error = env.exp(&["ls", "--filter", filter]).error();
        assert!(error.contains(place) && error.contains(hint), "{error}");
    }
    assert_snapshot!(env.exp(&["ls", "--sort", "roc_auc_vol"]).all(), @r#"
    --- stderr
    error: --sort is not understood: no run has a metric, parameter or attribute `roc_auc_vol`
      roc_auc_vol
      ^^^^^^^^^^^
    hint: did you mean `metrics.roc_auc_val`?
    --- exit 2
    "#);
}

#[test]
fn sorting_puts_the_best_first_and_what_has_no_value_last() {
    let env = TestEnv::new();
    course(&env);
    record("exp_005_nan")
        .metric("roc_auc_val", "nan")
        .metric("loss", "0.2")
        .write(&env);
    record("exp_006_low").metric("loss", "0.1").write(&env);
    let order = |by: &str| {
        let text = env
            .exp(&["ls", "--porcelain", "--cols", "number", "--sort", by])
            .ok();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(order("roc_auc_val"), "4 3 2 1 6 5");
    assert_eq!(order("-roc_auc_val"), "1 2 3 4 6 5");
    assert_eq!(
        order("loss"),
        "6 5 4 3 2 1",
        "a loss is better when it is low"
    );
    assert_eq!(order("started"), "1 2 3 4 5 6");
    assert_eq!(order("model.type desc, n_estimators"), "1 3 2 4 6 5");
}

#[test]
fn forms_for_programs() {
    let env = TestEnv::new();
    course(&env);
    record("exp_005_evil")
        .edit(|run| {
            run.title = "=HYPERLINK(\"http://x\")".into();
            run.goal = Some("two\nlines\x1b[31m".into());
        })
        .write(&env);
    let csv = env.exp(&[
        "ls",
        "--csv",
        "--cols",
        "id,title,goal,roc_auc_val,started",
        "-n",
        "2",
    ]);
    assert_eq!(
        csv.ok(),
        "id,title,goal,metrics.roc_auc_val,started\n\
         exp_005_evil,\"'=HYPERLINK(\"\"http://x\"\")\",\"two\nlines\x1b[31m\",,2025-10-05T14:00:00+03:00\n\
         exp_004_lightgbm,lightgbm,,0.861,2025-10-04T14:00:00+03:00\n"
    );
    assert_eq!(
        env.exp(&["ls", "--porcelain", "-n", "1", "--cols", "id,goal"])
            .ok(),
        "exp_005_evil\ttwo\\nlines\\x1b[31m\n"
    );
    assert_eq!(
        env.exp(&["ls", "--porcelain", "-z", "-n", "1", "--cols", "id,goal"])
            .ok(),
        "exp_005_evil\ttwo\nlines\x1b[31m\0"
    );
    assert!(!env.exp(&["ls", "--cols", "id,goal"]).ok().contains('\x1b'));

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct List {
        schema: String,
        runs: Vec<BTreeMap<String, serde_json::Value>>,
    }
    let list: List = serde_json::from_str(&env.exp(&["ls", "--json", "-n", "2"]).ok()).unwrap();
    assert_eq!(list.schema, "git-exp/list/1");
    assert_eq!(list.runs[1]["slug"], "lightgbm");
    assert_eq!(list.runs[1]["metrics"]["roc_auc_val"].to_string(), "0.861");
}

#[test]
fn columns_can_be_named_and_added() {
    let env = TestEnv::new();
    course(&env);
    assert_snapshot!(env.exp(&["ls", "--cols", "id,params.seed,commit,dirty", "-n", "1"]).ok(), @r#"
    id       seed  commit    dirty
    exp_004  42    a41c9d2a  true
    "#);
    let added = env.exp(&["ls", "--cols", "+branch", "-n", "1"]).ok();
    let headings: Vec<&str> = added.lines().next().unwrap().split_whitespace().collect();
    assert!(headings.ends_with(&["status", "branch"]), "{added}");
}

#[test]
fn a_damaged_record_hides_no_other() {
    let env = TestEnv::new();
    course(&env);
    env.write("experiments/runs/exp_002_more_trees/run.json", "{ damaged");
    let all = env.exp(&["ls"]).ok();
    assert_eq!(
        all.lines().filter(|line| line.starts_with("exp_")).count(),
        4,
        "{all}"
    );
    assert!(all.contains("unreadable"), "{all}");
    let filtered = env.exp(&["ls", "-f", "roc_auc_val > 0.1"]);
    assert!(
        filtered.stderr.contains("1 unreadable record"),
        "{}",
        filtered.stderr
    );
}

#[test]
fn beyond_the_knee_an_index_answers_the_same_and_sees_every_change() {
    let env = TestEnv::new();
    let write = |n: u32, auc: &str| {
        record(&format!("exp_{n:03}_run"))
            .metric("auc", auc)
            .param("lr", "0.1")
            .dump(&env)
    };
    for n in 1..=520 {
        write(n, &format!("0.{n:03}"));
    }
    let top = |env: &TestEnv| {
        let args = [
            "ls",
            "--porcelain",
            "--cols",
            "number,auc,tag",
            "--sort",
            "auc",
            "-n",
            "2",
        ];
        env.exp(&args).ok()
    };
    let index = || {
        std::fs::read_dir(env.path(".git/exp/index"))
            .unwrap()
            .count()
    };
    assert_eq!(top(&env), "520\t0.520\t\n519\t0.519\t\n");
    assert_eq!(index(), 1);
    assert_eq!(top(&env), "520\t0.520\t\n519\t0.519\t\n", "from the index");
    write(7, "0.9");
    assert_eq!(top(&env), "7\t0.9\t\n520\t0.520\t\n", "a changed record");
    write(521, "0.95");
    assert_eq!(top(&env), "521\t0.95\t\n7\t0.9\t\n", "a new one");
    std::fs::remove_dir_all(env.path("experiments/runs/exp_521_run")).unwrap();
    assert_eq!(top(&env), "7\t0.9\t\n520\t0.520\t\n", "a removed one");
    let file = std::fs::read_dir(env.path(".git/exp/index"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let mut bytes = std::fs::read(file.path()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file.path(), bytes).unwrap();
    let damaged = env.exp(&["ls", "--sort", "auc", "-n", "1"]);
    assert!(damaged.stdout.contains("exp_007"), "{}", damaged.all());
    assert_eq!(
        top(&env),
        "7\t0.9\t\n520\t0.520\t\n",
        "a damaged index is made anew"
    );
    assert_eq!(env.git(&["status", "--porcelain"]), "?? experiments/\n");
}
