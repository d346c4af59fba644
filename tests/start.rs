//! `git exp start`: what is frozen, how it is named, and when it says no.

use crate::common::TestEnv;

fn runs(env: &TestEnv) -> Vec<String> {
    let listing = std::fs::read_dir(env.path("experiments/runs"));
    let mut names: Vec<String> = listing
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn no_argument_is_needed_and_the_first_start_sets_up() {
    let env = TestEnv::new();
    let out = env.exp(&["start"]);
    assert!(
        out.stderr
            .contains("first run here: wrote experiments/exp.toml"),
        "{}",
        out.stderr
    );
    assert!(out.ok().starts_with("exp_001_baseline  started"));
    assert_eq!(runs(&env), ["exp_001_baseline"]);
    assert!(
        env.git(&["status", "--porcelain"])
            .starts_with("?? experiments/")
    );
}

#[test]
fn it_works_from_a_subdirectory_and_finds_paths_from_there() {
    let env = TestEnv::new();
    env.write("deep/er/params.yaml", "lr: 0.1\n");
    env.commit("config");
    env.exp_in("deep/er", &["start", "deep", "--config", "params.yaml"])
        .ok();
    let run = env.json("experiments/runs/exp_001_deep/run.json");
    assert_eq!(run["config"][0]["path"], "deep/er/params.yaml");
    assert_eq!(run["params"]["lr"].to_string(), "0.1");
}

#[test]
fn a_cyrillic_title_makes_an_ascii_folder_and_stays_as_typed() {
    let env = TestEnv::new();
    env.write("данные/обучение.csv", "а,б\n1,2\n");
    env.exp(&[
        "start",
        "больше деревьев",
        "--data",
        "train=данные/обучение.csv",
    ])
    .ok();
    let run = env.json("experiments/runs/exp_001_bolshe_derevev/run.json");
    assert_eq!(run["title"], "больше деревьев");
    assert_eq!(run["data"][0]["path"], "данные/обучение.csv");
}

#[test]
fn names_that_say_nothing_are_refused_with_a_suggestion() {
    let env = TestEnv::new();
    for name in ["final", "exp_1", "new_model", "v2", "2025-10-10"] {
        let error = env.exp(&["start", name]).error();
        assert!(error.contains("hint:"), "{name}: {error}");
    }
    assert_eq!(runs(&env), Vec::<String>::new());
}

#[test]
fn a_name_is_made_from_what_changed() {
    let env = TestEnv::new();
    env.write("params.yaml", "model:\n  n_estimators: 100\n");
    env.commit("config");
    env.exp(&["start", "--config", "params.yaml"]).ok();
    env.exp(&["finish"]).ok();
    env.write("params.yaml", "model:\n  n_estimators: 300\n");
    assert!(
        env.exp(&["start"])
            .ok()
            .starts_with("exp_002_n_estimators_300")
    );
}

#[test]
fn missing_inputs_are_named_and_nothing_is_written() {
    let env = TestEnv::new();
    env.write("data/train.csv", "a\n1\n");
    let error = env
        .exp(&["start", "--data", "train=data/trian.csv"])
        .error();
    assert!(
        error.contains("data/trian.csv") && error.contains("data/train.csv"),
        "{error}"
    );
    let error = env.exp(&["start", "--config", "no.yaml"]).error();
    assert!(error.contains("no.yaml"), "{error}");
    assert!(!env.path("experiments").exists(), "half-written");
    assert_eq!(env.git(&["for-each-ref", "refs/exp"]), "");
}

#[test]
fn a_configuration_that_does_not_parse_is_recorded_by_hash_with_a_warning() {
    let env = TestEnv::new();
    env.write("bad.yaml", "a: [1,\nb: {\n");
    let out = env.exp(&["start", "odd", "--config", "bad.yaml"]);
    assert!(
        out.stderr
            .contains("warning: bad.yaml is recorded by hash only"),
        "{}",
        out.stderr
    );
    out.ok();
    let run = env.json("experiments/runs/exp_001_odd/run.json");
    assert_eq!(run["config"][0]["sha256"].as_str().unwrap().len(), 64);
    assert!(run["config"][0]["unread"].is_string());
    assert_eq!(
        env.read("experiments/runs/exp_001_odd/config.yaml"),
        "a: [1,\nb: {\n"
    );
}

#[test]
fn not_a_repository_and_a_bare_one_are_named() {
    let env = TestEnv::empty();
    let error = env.exp(&["start"]).error();
    assert!(
        error.contains("not a git repository") && error.contains("git init"),
        "{error}"
    );
    env.git(&["init", "-q", "--bare", "bare.git"]);
    let error = env.exp_in("bare.git", &["start"]).error();
    assert!(error.contains("must be run in a work tree"), "{error}");
}

#[test]
fn before_the_first_commit_the_snapshot_alone_keeps_the_tree() {
    let env = TestEnv::empty();
    env.git(&["init", "-q", "-b", "main"]);
    env.write("train.py", "print(1)\n");
    env.exp(&["start"]).ok();
    let run = env.json("experiments/runs/exp_001_baseline/run.json");
    assert_eq!(run["code"]["commit"], serde_json::Value::Null);
    let snapshot = run["code"]["snapshot"].as_str().unwrap();
    assert_eq!(
        env.git(&["show", &format!("{snapshot}:train.py")]),
        "print(1)\n"
    );
    let uid = run["uid"].as_str().unwrap();
    assert_eq!(
        env.git(&["rev-parse", &format!("refs/exp/{uid}")]).trim(),
        snapshot
    );
}

#[test]
fn require_clean_refuses_uncommitted_code_and_nothing_else() {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    let error = env.exp(&["start", "--require-clean"]).error();
    assert!(error.contains("train.py"), "{error}");
    env.commit("code");
    env.exp(&["start", "--require-clean"]).ok();
}

#[test]
fn the_next_run_is_not_dirty_because_of_the_last_one_s_record() {
    let env = TestEnv::new();
    env.exp(&["start"]).ok();
    env.exp(&["finish"]).ok();
    env.exp(&["start", "again", "--allow-same"]).ok();
    let run = env.json("experiments/runs/exp_002_again/run.json");
    assert_eq!(run["code"]["dirty"], false);
}

#[test]
fn projects_in_subfolders_have_numbers_of_their_own() {
    let env = TestEnv::new();
    env.write("a/train.py", "1\n");
    env.write("b/train.py", "2\n");
    env.commit("two projects");
    for folder in ["a", "b"] {
        env.exp_in(folder, &["init"]).ok();
        env.exp_in(folder, &["start"]).ok();
    }
    assert!(
        env.path("a/experiments/runs/exp_001_baseline/run.json")
            .is_file()
    );
    assert!(
        env.path("b/experiments/runs/exp_001_baseline/run.json")
            .is_file()
    );
    assert!(!env.path("experiments").exists());
}

#[cfg(unix)]
#[test]
fn a_symlinked_experiments_folder_is_refused() {
    let env = TestEnv::new();
    let outside = env.home().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, env.path("experiments")).unwrap();
    let error = env.exp(&["start"]).error();
    assert!(error.contains("symbolic link"), "{error}");
    assert_eq!(std::fs::read_dir(outside).unwrap().count(), 0);
}
