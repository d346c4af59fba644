//! `git exp init --hook` and `--ci`: beside what is there, and out again without a trace.

use crate::common::TestEnv;
use crate::team::{executable, shared};

const HOOKS: [&str; 2] = ["pre-commit", "pre-push"];

#[test]
fn hooks_live_beside_others_and_go_without_a_trace() {
    let env = TestEnv::new();
    let own = "#!/bin/sh\necho mine \"$(cat)\" >> log.txt\n";
    env.write(".git/hooks/pre-commit", own);
    executable(&env.path(".git/hooks/pre-commit"));
    env.exp(&["init", "--hook"]).ok();
    let once = env.read(".git/hooks/pre-commit");
    assert!(
        once.starts_with("#!/bin/sh\n# >>> git-exp >>>\n") && once.ends_with("log.txt\n"),
        "{once}"
    );
    let out = env.exp(&["init", "--hook"]);
    assert!(
        out.stderr.contains("has the check already"),
        "{}",
        out.stderr
    );
    assert_eq!(env.read(".git/hooks/pre-commit"), once);

    env.commit("the check passes, and the other hook runs");
    assert_eq!(env.read("log.txt").matches("mine").count(), 1);

    env.exp(&["start"]).ok();
    env.exp(&["finish"]).ok();
    env.write("experiments/runs/exp_001_baseline/run.json", "{}");
    env.git(&["add", "-A"]);
    let mut commit = env.command("git");
    commit.args(["commit", "-q", "-m", "damaged"]);
    let ran = env.ran(commit);
    assert_ne!(ran.code, 0, "{}", ran.all());
    assert!(ran.all().contains("E-schema"), "{}", ran.all());

    env.exp(&["init", "--no-hook"]).ok();
    assert_eq!(env.read(".git/hooks/pre-commit"), own);
    assert!(!env.path(".git/hooks/pre-push").exists());
    env.git(&["commit", "-q", "-m", "nobody asks"]);
}

#[test]
fn the_pre_push_hook_asks_for_git_exp_push_and_lets_that_one_through() {
    let env = shared();
    env.exp(&["init", "--hook"]).ok();
    env.write("train.py", "print('uncommitted')\n");
    env.exp(&["start", "idea"]).ok();
    env.write("metrics.json", "{\"acc_val\": 0.5}");
    env.exp(&["finish"]).ok();
    env.git(&["add", "experiments"]);
    env.git(&[
        "commit",
        "-q",
        "-m",
        "a run whose code is in its snapshot only",
    ]);
    let push = || {
        let mut push = env.command("git");
        push.args(["push", "-q", "origin", "main"]);
        env.ran(push)
    };
    let ran = push();
    assert_ne!(ran.code, 0, "{}", ran.all());
    assert!(ran.all().contains("git exp push"), "{}", ran.all());
    env.exp(&["push"]).ok();
    let ran = push();
    assert_eq!(ran.code, 0, "{}", ran.all());
}

#[test]
fn a_check_in_anybody_s_pre_push_hook_lets_git_exp_push_through() {
    let env = shared();
    env.write(
        ".git/hooks/pre-push",
        "#!/bin/sh\nexec git-exp check --pushed --pushing HEAD </dev/null\n",
    );
    executable(&env.path(".git/hooks/pre-push"));
    env.write("train.py", "print('uncommitted')\n");
    env.exp(&["start", "idea"]).ok();
    env.exp(&["finish"]).ok();
    env.git(&["add", "experiments"]);
    env.git(&["commit", "-q", "-m", "run"]);
    let push = || {
        let mut push = env.command("git");
        push.args(["push", "-q", "origin", "main"]);
        env.ran(push)
    };
    assert!(push().all().contains("E-remote"));
    env.exp(&["push"]).ok();
    assert_eq!(push().code, 0);
}

#[test]
fn husky_s_own_folder_is_left_to_it_and_absolute_paths_work() {
    let env = TestEnv::new();
    // As husky 9 has it: git runs `_/pre-commit`, which runs the script beside the folder.
    let runner = "#!/bin/sh\nscript=\"$(dirname \"$(dirname \"$0\")\")/$(basename \"$0\")\"\n\
                  [ ! -f \"$script\" ] || sh -e \"$script\" \"$@\"\n";
    env.write(".husky/_/.gitignore", "*\n");
    env.write(".husky/_/pre-commit", runner);
    executable(&env.path(".husky/_/pre-commit"));
    env.write(".husky/pre-commit", "echo mine >> log.txt\n");
    env.git(&["config", "core.hooksPath", ".husky/_"]);
    env.exp(&["init", "--hook"]).ok();
    assert_eq!(env.read(".husky/_/pre-commit"), runner);
    env.commit("fine");
    assert_eq!(env.read("log.txt"), "mine\n");
    env.exp(&["start"]).ok();
    env.exp(&["finish"]).ok();
    env.write("experiments/runs/exp_001_baseline/run.json", "{}");
    env.git(&["add", "-A"]);
    let mut commit = env.command("git");
    commit.args(["commit", "-q", "-m", "damaged"]);
    let ran = env.ran(commit);
    assert!(
        ran.code != 0 && ran.all().contains("E-schema"),
        "{}",
        ran.all()
    );
    env.exp(&["init", "--no-hook"]).ok();
    assert_eq!(env.read(".husky/pre-commit"), "echo mine >> log.txt\n");

    let absolute = env.path("tools/hooks");
    env.git(&["config", "core.hooksPath", absolute.to_str().unwrap()]);
    env.exp_in("experiments", &["init", "--hook"]).ok();
    assert!(absolute.join("pre-push").is_file());
}

#[test]
fn hooks_path_is_followed_inside_the_project_and_left_alone_outside() {
    let env = TestEnv::new();
    env.git(&["config", "core.hooksPath", ".husky"]);
    let out = env.exp(&["init", "--hook"]);
    assert!(
        out.stderr.contains("part of the project: commit it"),
        "{}",
        out.stderr
    );
    for name in HOOKS {
        assert!(env.path(&format!(".husky/{name}")).is_file());
        assert!(!env.path(&format!(".git/hooks/{name}")).exists());
    }
    let outside = env.home().join("all-hooks");
    std::fs::create_dir(&outside).unwrap();
    env.git(&["config", "core.hooksPath", outside.to_str().unwrap()]);
    let error = env.exp(&["init", "--hook"]).error();
    assert!(error.contains("leads out of the repository"), "{error}");
    assert!(error.contains("git exp check --staged"), "{error}");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn hooks_in_other_languages_are_left_alone_and_nothing_is_half_done() {
    let env = TestEnv::new();
    let own = "#!/usr/bin/env python3\nprint('mine')\n";
    env.write(".git/hooks/pre-push", own);
    let error = env.exp(&["init", "--hook"]).error();
    assert!(error.contains("no shell script"), "{error}");
    assert_eq!(env.read(".git/hooks/pre-push"), own);
    assert!(!env.path(".git/hooks/pre-commit").exists());
}

#[test]
fn ci_jobs_are_added_beside_others_and_taken_out() {
    let env = TestEnv::new();
    let own = "stages: [build]\nmake:\n  stage: build\n  script: [make]\n";
    env.write(".gitlab-ci.yml", own);
    for forge in ["gitlab", "github"] {
        env.exp(&["init", "--ci", forge]).ok();
        env.exp(&["init", "--ci", forge]).ok();
    }
    let text = env.read(".gitlab-ci.yml");
    assert!(text.starts_with(own), "{text}");
    assert_eq!(text.matches("git-exp-check:").count(), 1, "{text}");
    assert!(text.contains("stage: .pre"), "{text}");
    let workflow = env.read(".github/workflows/git-exp.yml");
    assert!(
        workflow.contains("fetch-depth: 0") && workflow.contains("--format github"),
        "{workflow}"
    );
    for text in [&text, &workflow] {
        let command = text
            .lines()
            .find(|line| line.contains("git exp check"))
            .unwrap();
        assert!(
            !command.contains("${{"),
            "names of branches are input: {command}"
        );
    }
    env.exp(&["init", "--no-ci"]).ok();
    assert_eq!(env.read(".gitlab-ci.yml").trim_end(), own.trim_end());
    assert!(!env.path(".github").exists());
}

#[test]
fn a_project_in_a_subfolder_is_checked_from_there() {
    let env = TestEnv::new();
    std::fs::create_dir_all(env.path("course/my project")).unwrap();
    env.exp_in("course/my project", &["init", "--hook", "--ci", "github"])
        .ok();
    let hook = env.read(".git/hooks/pre-commit");
    assert!(
        hook.contains("git exp -C 'course/my project' check --staged"),
        "{hook}"
    );
    env.commit("the hook runs");
    assert!(
        env.read(".github/workflows/git-exp.yml")
            .contains("-C 'course/my project' check")
    );
}
