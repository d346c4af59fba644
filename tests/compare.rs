//! `git exp compare`.

use insta::assert_snapshot;

use crate::common::TestEnv;
use crate::records::course;

#[test]
fn only_what_differs_is_shown_one_column_a_run() {
    let env = TestEnv::new();
    course(&env);
    assert_snapshot!(env.exp(&["compare", "1", "2", "4"]).all(), @r#"
    --- stdout
                                               exp_001                exp_002                exp_004
    code     uncommitted                            no                     no                    yes
    data     train               train_v1.csv 3bfc2695  train_v1.csv 3bfc2695  train_v2.csv fb04dcb6
    config   model.n_estimators                    100                    300                    300
             model.type                             rf                     rf                   lgbm
    metrics  roc_auc_test                        0.790                  0.801                  0.815
             roc_auc_val                         0.793                  0.810                  0.861
    not comparable: roc_auc_val: exp_004 on other validation rows
    --- stderr
    7 more are the same: --all
    --- exit 0
    "#);
    let all = env.exp(&["compare", "1", "2", "--all"]).ok();
    assert!(all.contains("seed"), "{all}");
    let csv = env.exp(&["compare", "1", "2", "--csv"]).ok();
    assert!(
        csv.contains("\nconfig,model.n_estimators,100,300\n"),
        "{csv}"
    );
    assert!(
        env.exp(&["compare", "1", "exp_001"])
            .error()
            .contains("is named twice")
    );
    assert!(
        env.exp(&["compare", "1", "exp_09"])
            .error()
            .contains("no run named `exp_09`")
    );
}

#[test]
fn a_narrow_terminal_gets_as_many_tables_as_it_takes() {
    let env = TestEnv::new();
    course(&env);
    let mut command = env.command("git");
    command
        .args(["exp", "compare", "1", "2", "4"])
        .env("COLUMNS", "60");
    assert_snapshot!(env.ran(command).ok(), @r#"
                                        exp_001         exp_002
    code     uncommitted                     no              no
    data     train               trai… 3bfc2695  trai… 3bfc2695
    config   model.n_estimators             100             300
             model.type                      rf              rf
    metrics  roc_auc_test                 0.790           0.801
             roc_auc_val                  0.793           0.810

                                               exp_004
    code     uncommitted                           yes
    data     train               train_v2.csv fb04dcb6
    config   model.n_estimators                    300
             model.type                           lgbm
    metrics  roc_auc_test                        0.815
             roc_auc_val                         0.861
    not comparable: roc_auc_val: exp_004 on other validation rows
    "#);
}
