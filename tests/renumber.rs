//! `git exp renumber`: the same answer in every clone, and everything that names a run follows.

use std::path::{Path, PathBuf};

use crate::common::TestEnv;
use crate::team::{clone, exp, git, shared};

/// A finished run on a branch of its own, committed and pushed.
fn branch_with_run(env: &TestEnv, place: &Path, branch: &str, name: &str) {
    git(env, place, &["switch", "-q", "-c", branch]);
    std::fs::write(place.join(format!("{branch}.py")), "print(1)\n").unwrap();
    git(env, place, &["add", "-A"]);
    git(env, place, &["commit", "-q", "-m", "code"]);
    exp(env, place, &["start", name]).ok();
    std::fs::write(place.join("metrics.json"), "{\"acc_val\": 0.5}").unwrap();
    exp(env, place, &["finish", "-m", branch]).ok();
    git(env, place, &["add", "experiments"]);
    git(env, place, &["commit", "-q", "-m", "run"]);
    git(env, place, &["push", "-q", "origin", branch]);
}

/// Two clones with a run each.
fn two(names: [&str; 2]) -> (TestEnv, PathBuf, PathBuf) {
    let env = shared();
    let (a, b) = (clone(&env, "a"), clone(&env, "b"));
    branch_with_run(&env, &a, "left", names[0]);
    branch_with_run(&env, &b, "right", names[1]);
    for place in [&a, &b] {
        git(&env, place, &["fetch", "-q"]);
    }
    (env, a, b)
}

fn merge(env: &TestEnv, place: &Path, branch: &str) -> i32 {
    let mut command = env.command("git");
    command.current_dir(place);
    command.args(["merge", "-q", "--no-edit", branch]);
    env.ran(command).code
}

/// The tree of experiments/ as `git add` would have it.
fn tree(env: &TestEnv, place: &Path) -> String {
    git(env, place, &["add", "experiments"]);
    git(env, place, &["ls-files", "-s", "experiments"])
}

#[test]
fn every_clone_renumbers_alike_and_tables_never_conflict() {
    let (env, a, b) = two(["bold idea", "calm idea"]);
    assert_eq!(
        merge(&env, &a, "origin/right"),
        0,
        "no conflict, not even in the tables"
    );
    assert_eq!(merge(&env, &b, "origin/left"), 0);
    let error = exp(&env, &a, &["show", "exp_001"]).error();
    assert!(
        error.contains("exp_001_bold_idea") && error.contains("exp_001_calm_idea"),
        "{error}"
    );
    let dry = exp(&env, &a, &["renumber", "--dry-run"]).ok();
    assert!(a.join("experiments/runs/exp_001_calm_idea").is_dir());
    for place in [&a, &b] {
        let out = exp(&env, place, &["renumber"]).ok();
        assert!(
            out.starts_with("exp_001_calm_idea → exp_002_calm_idea"),
            "{out}"
        );
        assert_eq!(out.lines().next(), dry.lines().next());
        // The index still has the old folder; it is gone all the same.
        let checked = exp(&env, place, &["check"]).all();
        assert!(!checked.contains("broken"), "{checked}");
    }
    assert_eq!(tree(&env, &a), tree(&env, &b));
    let table = std::fs::read_to_string(a.join("experiments/experiments.md")).unwrap();
    assert_eq!(table.matches("[exp_001]").count(), 1, "{table}");
    assert_eq!(table.matches("[exp_002]").count(), 1, "{table}");
    let run =
        std::fs::read_to_string(a.join("experiments/runs/exp_002_calm_idea/run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_str(&run).unwrap();
    assert_eq!(run["aliases"], serde_json::json!(["exp_001_calm_idea"]));
    assert_eq!(run["number"], 2);
    let log =
        std::fs::read_to_string(a.join("experiments/runs/exp_002_calm_idea/README.md")).unwrap();
    assert!(
        log.contains("exp_002_calm_idea") && !log.contains("exp_001"),
        "{log}"
    );
    // Refs carry the uid, so nothing of the freeze moved; the old name still finds it.
    exp(&env, &a, &["restore", "exp_001_calm_idea", "../back"]).ok();
    assert!(
        exp(&env, &a, &["renumber"])
            .stderr
            .contains("a number of its own")
    );
    git(&env, &a, &["commit", "-q", "-m", "renumbered"]);
    git(&env, &b, &["commit", "-q", "-m", "renumbered"]);
    git(&env, &a, &["push", "-q", "origin", "left"]);
    git(&env, &b, &["fetch", "-q"]);
    assert_eq!(merge(&env, &b, "origin/left"), 0, "both did the same");
    let check = exp(&env, &b, &["check", "--skip", "E-remote"]);
    assert!(
        !check.stdout.contains("E-dup-id") && !check.stdout.contains("E-table"),
        "{}",
        check.stdout
    );
}

#[test]
fn two_runs_in_one_folder_get_folders_of_their_own() {
    let (env, a, b) = two(["baseline", "baseline"]);
    let read = |place: &Path, id: &str, file: &str| {
        std::fs::read_to_string(place.join("experiments/runs").join(id).join(file)).unwrap()
    };
    let (left, right) = (
        read(&a, "exp_001_baseline", "README.md"),
        read(&b, "exp_001_baseline", "README.md"),
    );
    for (place, other) in [(&a, "origin/right"), (&b, "origin/left")] {
        assert_eq!(
            merge(&env, place, other),
            1,
            "the record of a run is never merged"
        );
        std::fs::write(
            place.join("experiments/runs/exp_001_baseline/mine.txt"),
            "not committed",
        )
        .unwrap();
        let out = exp(&env, place, &["renumber"]);
        assert!(out.stderr.contains("git add experiments"), "{}", out.stderr);
        assert!(out.ok().contains("exp_001_baseline → exp_002_baseline"));
        assert_eq!(read(place, "exp_001_baseline", "README.md"), left);
        let moved = right.replace("exp_001_baseline", "exp_002_baseline");
        assert_eq!(read(place, "exp_002_baseline", "README.md"), moved);
        assert_eq!(read(place, "exp_001_baseline", "mine.txt"), "not committed");
        assert!(read(place, "exp_002_baseline", "run.json").contains("\"conclusion\": \"right\""));
        std::fs::remove_file(place.join("experiments/runs/exp_001_baseline/mine.txt")).unwrap();
    }
    assert_eq!(tree(&env, &a), tree(&env, &b));
    git(&env, &a, &["add", "-A"]);
    git(&env, &a, &["commit", "-q", "-m", "merged"]);
    let listed = exp(&env, &a, &["ls", "--porcelain"]).ok();
    assert_eq!(listed.lines().count(), 2, "{listed}");
}

#[test]
fn what_names_a_run_follows_it() {
    let env = TestEnv::new();
    env.exp(&["start", "lightgbm"]).ok();
    env.exp(&["finish"]).ok();
    env.write("x.py", "1\n");
    env.exp(&["start", "more_trees", "--base", "exp_001"]).ok();
    let report =
        "see exp_001 and exp_001_lightgbm, <!-- exp:exp_001.auc -->0.8<!-- /exp -->; not exp_0011";
    env.write("report.md", report);
    env.write("docs/deep/paper.tex", "exp_001\n");
    let out = env.exp(&["renumber", "exp_001", "--to", "8"]).ok();
    assert!(
        out.contains("exp_001_lightgbm → exp_008_lightgbm; \"exp_001\" kept as alias"),
        "{out}"
    );
    assert!(
        out.contains("references updated in docs/deep/paper.tex"),
        "{out}"
    );
    assert_eq!(
        env.read("report.md"),
        "see exp_008 and exp_008_lightgbm, <!-- exp:exp_008.auc -->0.8<!-- /exp -->; not exp_0011"
    );
    assert_eq!(env.read("docs/deep/paper.tex"), "exp_008\n");
    let second = env.json("experiments/runs/exp_002_more_trees/run.json");
    assert_eq!(second["base"]["id"], "exp_008_lightgbm");
    let notes = env.git(&["notes", "--ref=exp", "show"]);
    assert!(notes.contains("exp_008_lightgbm"), "{notes}");
    env.exp(&["show", "exp_001"]).ok();
    let error = env.exp(&["renumber", "exp_002", "--to", "8"]).error();
    assert!(
        error.contains("exp_008_lightgbm has the number 8 already"),
        "{error}"
    );
    env.exp(&["finish", "exp_002"]).ok();
    env.write("y.py", "1\n");
    let next = env.exp(&["start", "wider_net", "--porcelain"]).ok();
    assert_eq!(next, "exp_009_wider_net\n", "the number counts as taken");
}

#[test]
fn mentions_that_could_mean_either_are_left_alone_and_named() {
    let (env, a, _b) = two(["bold idea", "calm idea"]);
    merge(&env, &a, "origin/right");
    std::fs::write(
        a.join("report.md"),
        "good\nexp_001 won; exp_001_calm_idea lost\n",
    )
    .unwrap();
    let out = exp(&env, &a, &["renumber"]);
    assert!(
        out.stderr
            .contains("report.md:2 exp_001 could mean either run"),
        "{}",
        out.stderr
    );
    let text = std::fs::read_to_string(a.join("report.md")).unwrap();
    assert_eq!(text, "good\nexp_001 won; exp_002_calm_idea lost\n");
}

#[test]
fn a_renumbering_that_was_cut_off_is_completed() {
    let (env, a, _b) = two(["bold idea", "calm idea"]);
    merge(&env, &a, "origin/right");
    exp(&env, &a, &["renumber"]).ok();
    let runs = a.join("experiments/runs");
    // As after a crash between the record and the folder.
    std::fs::rename(
        runs.join("exp_002_calm_idea"),
        runs.join("exp_001_calm_idea"),
    )
    .unwrap();
    exp(&env, &a, &["renumber"]).ok();
    assert!(runs.join("exp_002_calm_idea").is_dir());
}
