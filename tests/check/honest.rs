//! What honest people do is no finding.

use super::{findings, many, project, record};
use crate::common::TestEnv;

fn commit_all(env: &TestEnv, message: &str) {
    env.git(&["add", "-A"]);
    env.git(&["commit", "-q", "-m", message]);
}

#[test]
fn a_recorded_run_is_clean_from_start_to_commit() {
    let env = project();
    record(&env, "baseline", "0.81");
    insta::assert_snapshot!(env.exp(&["check", "--strict"]).all(), @r"
    --- stdout
    1 run, 1 finished
    18 ok                                                                     exit 0
    --- exit 0
    ");
    commit_all(&env, "exp_001");
    assert_eq!(env.exp(&["check", "--strict"]).code, 0);
}

#[test]
fn many_runs_are_clean_and_the_check_takes_little_time() {
    let env = many(40);
    let ran = env.exp(&["check", "--strict"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        ran.stdout.starts_with("40 runs, 40 finished\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn run_first_and_commit_after_is_told_with_the_commit() {
    let env = project();
    env.write("src/train.py", "print('better')\n");
    record(&env, "wider_window", "0.82");
    let kept = env.exp(&["check"]).ok();
    assert!(
        kept.contains("uncommitted code, kept by patch and snapshot"),
        "{kept}"
    );
    assert_eq!(env.exp(&["check", "--require-clean"]).code, 1);
    env.write("notes.md", "words\n");
    commit_all(&env, "better training");
    let commit = env.git(&["rev-parse", "--short=7", "HEAD"]);
    let told = env.exp(&["check", "--require-clean"]).ok();
    let expected = format!(
        "ran first, committed after: {} has exactly its code",
        commit.trim()
    );
    assert!(told.contains(&expected), "{told}");
}

#[test]
fn a_run_before_the_first_commit_is_kept_by_patch_and_snapshot() {
    let env = TestEnv::empty();
    env.git(&["init", "-q", "-b", "main"]);
    env.write("configs/base.yaml", "lr: 1\n");
    env.write("data/train.csv", "id\n1\n");
    env.write("train.py", "print(1)\n");
    record(&env, "baseline", "0.81");
    let kept = env.exp(&["check"]).ok();
    assert!(kept.contains("was run before the first commit"), "{kept}");
    assert!(
        kept.contains("uncommitted code, kept by patch and snapshot"),
        "{kept}"
    );
}

#[test]
fn code_that_was_changed_before_it_was_committed_is_not_the_code_that_ran() {
    let env = project();
    env.write("src/train.py", "print('better')\n");
    record(&env, "wider_window", "0.82");
    env.write("src/train.py", "print('other')\n");
    commit_all(&env, "not what ran");
    assert_eq!(env.exp(&["check", "--require-clean"]).code, 1);
    assert!(
        env.exp(&["check"])
            .ok()
            .contains("kept by patch and snapshot")
    );
}

#[test]
fn amend_and_rebase_leave_a_note() {
    let env = project();
    env.write("src/train.py", "print('v2')\n");
    commit_all(&env, "v2");
    record(&env, "baseline", "0.81");
    env.git(&["add", "-A"]);
    env.git(&[
        "commit",
        "-q",
        "--amend",
        "-m",
        "v2, reworded, with its record",
    ]);
    let told = env.exp(&["check"]).ok();
    assert!(
        told.contains("has the same code (squash merge or rebase)"),
        "{told}"
    );
    env.git(&["checkout", "-q", "-b", "other", "HEAD~1"]);
    env.write("docs.md", "words\n");
    commit_all(&env, "words");
    env.git(&["checkout", "-q", "main"]);
    env.git(&["rebase", "-q", "other"]);
    let told = env.exp(&["check"]).ok();
    assert!(
        told.contains("has the same code (squash merge or rebase)"),
        "{told}"
    );
    env.write("experiments/exp.toml", "[check]\ncommit = \"strict\"\n");
    assert_eq!(env.exp(&["check"]).code, 1);
}

#[test]
fn data_that_was_renamed_or_is_in_git_only_is_fine() {
    let env = project();
    record(&env, "baseline", "0.81");
    commit_all(&env, "exp_001");
    env.git(&["rm", "-q", "data/train.csv"]);
    env.write("data/train.csv", "a,b\n3,4\n");
    let told = env.exp(&["check"]).ok();
    assert!(!told.contains("E-data"), "the frozen tree has it: {told}");
}

#[test]
fn only_new_runs_are_asked_about_with_since() {
    let env = many(3);
    env.write(
        "experiments/runs/exp_002_idea_2/metrics.json",
        "{\"roc_auc_val\": 0.9}\n",
    );
    commit_all(&env, "an old lie");
    env.git(&["checkout", "-q", "-b", "topic"]);
    record(&env, "new_idea", "0.66");
    assert_eq!(env.exp(&["check"]).code, 1);
    let ran = env.exp(&["check", "--since", "main"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        ran.stdout.starts_with("1 of 4 runs, 1 finished\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn the_index_is_checked_before_a_commit() {
    let env = many(3);
    env.write(
        "report.md",
        "У exp_002 точность 75 %.\n\n| id | accuracy |\n|---|---|\n| exp_002 | 0.95 |\n",
    );
    assert_eq!(env.exp(&["check", "--staged"]).code, 0, "nothing is staged");
    env.git(&["add", "report.md"]);
    env.write("report.md", "mended, not staged\n");
    let ran = env.exp(&["check", "--staged"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stdout.contains("report.md:5:13"), "{}", ran.stdout);
    assert_eq!(env.exp(&["check"]).code, 0);
}

#[test]
fn clocks_that_went_wrong_lose_no_commit() {
    let env = many(2);
    for day in 1..=12 {
        let mut git = env.command("git");
        git.args(["commit", "-q", "--allow-empty", "-m", "by a wrong clock"]);
        git.env("GIT_COMMITTER_DATE", format!("2001-01-{day:02}T00:00:00Z"));
        env.ran(git).ok();
    }
    assert_eq!(findings(&env, &["--strict"]), (Vec::new(), 0));
}
