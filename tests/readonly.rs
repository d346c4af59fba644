//! Folders that must not be written: the error names the folder and the way out, nothing is
//! half-written, and with the right to write the same command works.

use std::os::unix::fs::{PermissionsExt, chown};

use crate::common::{Ran, TestEnv, skipped};

const USER: u32 = 12_310;

/// Runs `git exp` as somebody whom permissions stop: root passes over them.
fn as_user(env: &TestEnv, args: &[&str]) -> Ran {
    if !rustix::process::geteuid().is_root() {
        return env.exp(args);
    }
    let mut command = env.command("setpriv");
    command
        .args([format!("--reuid={USER}"), format!("--regid={USER}")])
        .args(["--clear-groups", "git", "exp"])
        .args(args);
    env.ran(command)
}

fn give_away(env: &TestEnv) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let mut command = env.command("chown");
    command.args(["-R", &USER.to_string()]).arg(env.home());
    env.ran(command).ok();
}

fn mode(env: &TestEnv, folder: &str, mode: u32) {
    let mode = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(env.path(folder), mode).unwrap();
}

/// All files of the working tree with their content, and all refs.
fn state(env: &TestEnv) -> String {
    let mut command = env.command("sh");
    command.args([
        "-c",
        "git for-each-ref; find . -path ./.git -prune -o -type f -exec cksum {} +",
    ]);
    let mut lines: Vec<String> = env.ran(command).ok().lines().map(str::to_owned).collect();
    lines.sort();
    lines.join("\n")
}

#[test]
fn what_can_not_be_written_is_told_before_anything_is() {
    let env = TestEnv::new();
    env.write("train.py", "1\n");
    env.commit("code");
    env.exp(&["start", "baseline"]).ok();
    env.write("metrics.json", "{\"acc\": 0.5}");
    env.exp(&["finish"]).ok();
    env.write("train.py", "2\n");
    env.exp(&["start", "deeper"]).ok();
    let settings = "[user]\nname = T\nemail = t@example.com\n[safe]\ndirectory = *\n";
    std::fs::write(env.home().join("gitconfig"), settings).unwrap();
    if rustix::process::geteuid().is_root() {
        if chown(env.repo(), Some(USER), None).is_err() {
            return skipped("this root can't act as another user");
        }
        std::fs::set_permissions(env.home(), std::fs::Permissions::from_mode(0o755)).unwrap();
        if as_user(&env, &["-h"]).code != 0 {
            return skipped("another user can't reach the program that is tested");
        }
    }
    let cases: [(&[&str], &[&str]); 8] = [
        (&["finish", "2"], &["experiments", ".git/exp"]),
        (
            &["start", "wider"],
            &[
                "experiments",
                "experiments/runs",
                ".git/exp",
                ".git/refs/exp",
            ],
        ),
        (
            &["run", "wider", "--", "true"],
            &["experiments", "experiments/runs", ".git/exp"],
        ),
        (&["note", "1", "-m", "works"], &["experiments", ".git/exp"]),
        (&["tag", "1", "+best"], &["experiments", ".git/exp"]),
        (
            &["rename", "1", "linear"],
            &["experiments", "experiments/runs", ".git/exp"],
        ),
        (
            &["rm", "1", "--yes"],
            &[
                "experiments",
                ".git/exp",
                "experiments/runs/exp_001_baseline",
            ],
        ),
        (&["restore", "1", "--worktree", "../there"], &[".git"]),
    ];
    for (args, folders) in cases {
        let env = env.copy();
        give_away(&env);
        let before = state(&env);
        for folder in folders {
            mode(&env, folder, 0o555);
            for inside in ["lock", "writers"].map(|name| format!(".git/exp/{name}")) {
                mode(
                    &env,
                    &inside,
                    if *folder == ".git/exp" { 0o444 } else { 0o644 },
                );
            }
            let ran = as_user(&env, args);
            mode(&env, folder, 0o755);
            assert_eq!(ran.code, 2, "{args:?} {folder}: {}", ran.all());
            let error = ran.error();
            let place = env.path(folder).display().to_string();
            assert!(
                error.contains(&format!("make it writable: chmod u+w {place}\n")),
                "{error}"
            );
            assert!(
                !error.contains(".tmp-") || error.contains("runs/.tmp-"),
                "{error}"
            );
            assert_eq!(state(&env), before, "{args:?} {folder}");
        }
        for inside in ["lock", "writers"].map(|name| format!(".git/exp/{name}")) {
            mode(&env, &inside, 0o644);
        }
        as_user(&env, args).ok();
    }
}
