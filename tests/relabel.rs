//! `git exp tag`, `rename` and `rm`.

use crate::common::TestEnv;
use crate::records::{course, record};

#[test]
fn tags_come_and_go_and_are_one_word_each() {
    let env = TestEnv::new();
    course(&env);
    assert_eq!(
        env.exp(&["tag", "4", "+best", "-wip", "team=vision"]).ok(),
        "best\nteam=vision\n"
    );
    assert_eq!(
        env.exp(&["tag", "4", "team=audio"]).ok(),
        "best\nteam=audio\n"
    );
    assert_eq!(env.exp(&["tag", "4"]).ok(), "best\nteam=audio\n");
    let record = env.json("experiments/runs/exp_004_lightgbm/run.json");
    assert_eq!(record["rev"], 3);
    assert!(
        env.exp(&["tag", "4", "-wip"])
            .error()
            .contains("its tags are best, team=audio")
    );
    assert!(
        env.exp(&["tag", "4", "two words"])
            .error()
            .contains("can't be a tag")
    );
    assert!(
        env.exp(&["tag", "4", "+a\x1b[31m"])
            .error()
            .contains("can't be a tag")
    );
    assert_eq!(
        env.exp(&[
            "ls",
            "-f",
            "tags.best and tags.team = audio",
            "--porcelain",
            "--cols",
            "number"
        ])
        .ok(),
        "4\n"
    );
}

#[test]
fn a_renamed_run_is_found_by_both_names() {
    let env = TestEnv::new();
    course(&env);
    env.exp(&["promote", "2", "-m", "x"]).ok();
    let said = env.exp(&["rename", "2", "больше деревьев"]).ok();
    assert_eq!(said, "exp_002_more_trees → exp_002_bolshe_derevev\n");
    assert!(
        env.exp(&["show", "exp_002_more_trees"])
            .ok()
            .starts_with("exp_002_bolshe_derevev")
    );
    assert!(
        env.exp(&["show", "@prod"])
            .ok()
            .starts_with("exp_002_bolshe_derevev")
    );
    assert_eq!(
        env.json("experiments/stages/production.json")["run"],
        "exp_002_bolshe_derevev"
    );
    let record = env.json("experiments/runs/exp_002_bolshe_derevev/run.json");
    assert_eq!(record["aliases"][0], "exp_002_more_trees");
    assert_eq!(record["title"], "больше деревьев");
    assert!(
        env.read("experiments/experiments.md")
            .contains("runs/exp_002_bolshe_derevev/README.md")
    );
    let refused = env.exp(&["rename", "3", "final"]).error();
    assert!(
        refused.ends_with("hint: say the main idea: git exp rename exp_003 train_v2\n"),
        "{refused}"
    );
    env.exp(&["rename", "2", "more trees"]).ok();
    let back = env.json("experiments/runs/exp_002_more_trees/run.json");
    assert_eq!(back["aliases"].as_array().unwrap().len(), 1);
}

#[test]
fn a_removed_run_keeps_its_number_and_is_nowhere_else() {
    let env = TestEnv::new();
    course(&env);
    let lose = env.exp(&["rm", "4"]).error();
    assert!(
        lose.contains("is not committed: removing it would lose it"),
        "{lose}"
    );
    env.commit("records");
    assert_eq!(
        env.exp(&["rm", "4", "--dry-run"]).ok(),
        "would remove experiments/runs/exp_004_lightgbm\n"
    );
    let removed = env.exp(&["rm", "4", "-m", "wrong data"]);
    assert_eq!(removed.code, 0, "{}", removed.all());
    assert!(
        removed
            .stderr
            .contains("git checkout HEAD -- experiments/runs/exp_004_lightgbm")
    );
    let tombstone = env.json("experiments/runs/exp_004_lightgbm/tombstone.json");
    assert_eq!(tombstone["schema"], "git-exp/tombstone/1");
    assert_eq!(tombstone["why"], "wrong data");
    assert_eq!(env.exp(&["ls", "--porcelain"]).ok().lines().count(), 3);
    assert!(env.exp(&["show", "4"]).error().contains("no run named `4`"));
    assert!(env.exp(&["show", "@"]).ok().starts_with("exp_003"));
    assert!(!env.read("experiments/experiments.csv").contains("exp_004"));
    let check = env.exp(&["check", "--json"]);
    assert!(
        !check.stdout.contains("exp_004_lightgbm"),
        "{}",
        check.all()
    );
    let next = env.exp(&["start", "dropout"]).ok();
    assert!(next.starts_with("exp_005"), "{next}");
    env.git(&[
        "checkout",
        "-q",
        "HEAD",
        "--",
        "experiments/runs/exp_004_lightgbm",
    ]);
    assert!(
        env.exp(&["show", "4"]).ok().starts_with("exp_004_lightgbm"),
        "taken back"
    );
}

#[test]
fn what_others_stand_on_is_not_removed_silently() {
    let env = TestEnv::new();
    course(&env);
    env.commit("records");
    env.exp(&["promote", "1", "-m", "x"]).ok();
    assert!(
        env.exp(&["rm", "1"])
            .error()
            .contains("exp_001_baseline is in production")
    );
    let base = env.exp(&["rm", "2"]);
    assert!(
        base.stderr.contains("it was the base of exp_003"),
        "{}",
        base.all()
    );
    record("exp_009_now")
        .edit(|run| run.status = git_exp::model::Status::Running)
        .write(&env);
    assert!(
        env.exp(&["rm", "9", "-y"])
            .error()
            .contains("git exp finish exp_009 --status aborted")
    );
}

#[test]
fn purge_drops_the_ref_too() {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.exp(&["start", "first idea"]).ok();
    env.exp(&["finish"]).ok();
    let refs = || env.git(&["for-each-ref", "refs/exp"]).lines().count();
    assert_eq!(refs(), 1);
    // Its code is in no commit of a branch: the ref is all there is of it.
    env.git(&["add", "experiments"]);
    env.git(&["commit", "-qm", "record"]);
    let lose = env.exp(&["rm", "1", "--purge"]).error();
    assert!(lose.contains("is in no branch"), "{lose}");
    assert_eq!(refs(), 1);
    env.exp(&["rm", "1", "-y", "--purge"]).ok();
    assert_eq!(refs(), 0);
}
