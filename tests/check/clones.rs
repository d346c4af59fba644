//! Clones that have less than the repository where the runs were made.

use super::{findings, project, record};
use crate::common::{Ran, TestEnv};

/// Clones the repository, and checks the clone.
struct Clone<'e> {
    env: &'e TestEnv,
    name: &'static str,
}

impl<'e> Clone<'e> {
    fn new(env: &'e TestEnv, name: &'static str, options: &[&str]) -> Self {
        let url = format!("file://{}", env.repo().display());
        let target = env.home().join(name);
        let mut command = env.command("git");
        command.args(["-c", "protocol.file.allow=always", "clone", "-q"]);
        command.args(options).arg(url).arg(&target);
        env.ran(command).ok();
        Self { env, name }
    }

    fn git(&self, args: &[&str]) {
        let mut command = self.env.command("git");
        command
            .current_dir(self.env.home().join(self.name))
            .args(args);
        self.env.ran(command).ok();
    }

    fn check(&self, args: &[&str]) -> Ran {
        let mut command = self.env.command("git");
        command.current_dir(self.env.home().join(self.name));
        command.args(["exp", "check"]).args(args);
        self.env.ran(command)
    }
}

/// Runs on a branch: one at an earlier commit, one at its tip. Then the branch is squash-merged.
fn squashed() -> TestEnv {
    let env = project();
    env.git(&["config", "uploadpack.allowFilter", "true"]);
    env.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    env.git(&["checkout", "-q", "-b", "topic"]);
    env.write("src/train.py", "print('step one')\n");
    env.commit("step one");
    record(&env, "early", "0.81");
    env.write("src/train.py", "print('step two')\n");
    env.commit("step two, and the record of the first run");
    record(&env, "tip", "0.82");
    env.commit("the record of the second run");
    env.git(&["checkout", "-q", "main"]);
    env.git(&["merge", "-q", "--squash", "topic"]);
    env.git(&["commit", "-q", "-m", "topic (#1)"]);
    env.git(&["branch", "-q", "-D", "topic"]);
    env
}

#[test]
fn where_the_runs_were_made_keep_refs_have_them() {
    let env = squashed();
    let told = env.exp(&["check"]).ok();
    assert!(
        told.contains("is on no branch; its keep-ref in refs/exp has it"),
        "{told}"
    );
    assert!(
        told.contains("on main has the same code (squash merge or rebase)"),
        "{told}"
    );
}

#[test]
fn a_fresh_clone_after_a_squash_merge_knows_what_it_does_not_know() {
    let env = squashed();
    let clone = Clone::new(&env, "fresh", &[]);
    let ran = clone.check(&[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let early = "the remote's refs/exp/* are not in this clone";
    assert!(ran.stdout.contains(early), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("is not in this clone; "),
        "the tip: {}",
        ran.stdout
    );
    assert_eq!(clone.check(&["--require", "commit"]).code, 3);
    clone.git(&["fetch", "-q", "origin", "refs/exp/*:refs/exp/*"]);
    let ran = clone.check(&["--require", "commit"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
}

#[test]
fn a_lost_keep_ref_is_broken_once_keep_refs_are_known() {
    let env = squashed();
    for run in ["exp_001_early", "exp_002_tip"] {
        let uid = env.json(&format!("experiments/runs/{run}/run.json"))["uid"].clone();
        env.git(&[
            "update-ref",
            "-d",
            &format!("refs/exp/{}", uid.as_str().unwrap()),
        ]);
    }
    env.write("configs/base.yaml", "model:\n  depth: 9\nseed: 42\n");
    record(&env, "deeper", "0.83");
    env.commit("the record of the third run");
    let clone = Clone::new(&env, "fresh", &[]);
    clone.git(&["fetch", "-q", "origin", "refs/exp/*:refs/exp/*"]);
    let ran = clone.check(&[]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stdout.contains("broken   E-commit"), "{}", ran.stdout);
    assert!(ran.stdout.contains("squash merge"), "{}", ran.stdout);
}

#[test]
fn a_shallow_clone_can_t_verify_and_says_what_to_do() {
    let env = project();
    record(&env, "baseline", "0.81");
    env.write("src/train.py", "print('went on')\n");
    env.commit("went on");
    let clone = Clone::new(&env, "shallow", &["--depth", "1"]);
    let ran = clone.check(&["--require", "commit"]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(
        ran.stdout.contains("is not in this shallow clone"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("fetch-depth: 0"), "{}", ran.stdout);
    assert_eq!(clone.check(&[]).code, 0);
    assert_eq!(clone.check(&["--since", "HEAD~1"]).code, 2);
    clone.git(&["fetch", "-q", "--unshallow"]);
    assert_eq!(clone.check(&["--require", "commit"]).code, 0);
}

#[test]
fn partial_clones_say_what_was_left_on_the_server() {
    let env = squashed();
    let checked_out = Clone::new(&env, "partial", &["--filter=blob:none"]);
    let ran = checked_out.check(&[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let bare = Clone::new(&env, "bare-partial", &["--bare", "--filter=blob:none"]);
    let ran = bare.check(&["--require", "schema"]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stdout.contains("left on the server"), "{}", ran.stdout);
    let treeless = Clone::new(&env, "treeless", &["--bare", "--filter=tree:0"]);
    let ran = treeless.check(&[]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.stderr.contains("--filter=blob:none"), "{}", ran.stderr);
}

#[test]
fn a_bare_clone_is_checked_by_its_refs() {
    let env = squashed();
    let clone = Clone::new(&env, "bare", &["--bare"]);
    let ran = clone.check(&[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        ran.stdout.starts_with("2 runs, 2 finished"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("has the same code"), "{}", ran.stdout);
    assert_eq!(clone.check(&["--staged"]).code, 2);
    env.write(
        "experiments/runs/exp_001_early/metrics.json",
        "{\"accuracy\": 1}\n",
    );
    env.commit("a lie");
    let lied = Clone::new(&env, "bare-lie", &["--bare"]).check(&[]);
    assert!(
        lied.code == 1 && lied.stdout.contains("E-metrics"),
        "{}",
        lied.all()
    );
}

#[test]
fn a_checkout_with_windows_line_ends_is_no_lie() {
    let env = project();
    record(&env, "baseline", "0.81");
    env.commit("exp_001");
    let clone = Clone::new(&env, "crlf", &["-c", "core.autocrlf=true"]);
    let readme = env.home().join("crlf/configs/base.yaml");
    assert!(
        std::fs::read(readme)
            .unwrap()
            .windows(2)
            .any(|pair| pair == b"\r\n")
    );
    let ran = clone.check(&[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(!ran.stdout.contains("broken"), "{}", ran.stdout);
}

#[test]
fn pushed_wants_commits_on_the_remote() {
    let env = project();
    let remote = env.home().join("remote.git");
    env.git(&["init", "-q", "--bare", remote.to_str().unwrap()]);
    env.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    record(&env, "baseline", "0.81");
    env.commit("exp_001");
    let (found, code) = findings(&env, &["--pushed"]);
    assert_eq!(code, 1);
    assert!(
        found.iter().any(|(code, ..)| code == "E-remote"),
        "{found:?}"
    );
    assert_eq!(findings(&env, &["--pushed", "--pushing", "main"]).1, 0);
    env.git(&["push", "-q", "origin", "main"]);
    assert_eq!(findings(&env, &["--pushed"]).1, 0);
    assert_eq!(findings(&env, &[]).1, 0);
}

#[test]
fn nothing_that_the_repository_configures_is_run() {
    let env = project();
    record(&env, "baseline", "0.81");
    env.commit("exp_001");
    let canary = env.home().join("canary");
    let touch = format!("touch {}", canary.display());
    for name in [
        "core.fsmonitor",
        "diff.external",
        "core.pager",
        "core.sshCommand",
        "gpg.program",
        "filter.x.clean",
        "filter.x.smudge",
        "filter.x.process",
        "diff.x.textconv",
        "diff.x.command",
        "merge.x.driver",
        "core.editor",
        "core.askPass",
        "core.alternateRefsCommand",
        "credential.helper",
        "trailer.x.cmd",
        "interactive.diffFilter",
        "gpg.ssh.program",
    ] {
        env.git(&["config", name, &touch]);
    }
    env.git(&["config", "log.showSignature", "true"]);
    env.git(&["config", "submodule.x.update", &format!("!{touch}")]);
    env.git(&["config", "alias.exp", &format!("!{touch}")]);
    let hooks = env.path(".git/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for hook in [
        "post-index-change",
        "reference-transaction",
        "post-checkout",
        "pre-push",
        "pre-commit",
    ] {
        env.write(
            &format!(".git/hooks/{hook}"),
            format!("#!/bin/sh\n{touch}\n"),
        );
        make_executable(&hooks.join(hook));
    }
    env.write(".gitattributes", "* filter=x diff=x merge=x\n");
    env.write("src/train.py", "print('dirty')\n");
    for args in [&["--staged"][..], &["--since", "HEAD"], &["--pushed"], &[]] {
        env.exp(&[&["check"], args].concat());
        assert!(!canary.exists(), "{args:?}");
    }
}

fn make_executable(path: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = path;
}

#[test]
fn a_sparse_checkout_is_checked_by_what_is_committed() {
    let env = super::many(4);
    let clone = Clone::new(&env, "sparse", &[]);
    clone.git(&["sparse-checkout", "set", &super::folder(1)]);
    for args in [
        &["--skip", "model"][..],
        &["--skip", "model", "--since", "HEAD"],
    ] {
        let ran = clone.check(args);
        assert_eq!(ran.code, 0, "{}", ran.all());
        assert!(
            ran.stderr.contains("HEAD is checked instead"),
            "{}",
            ran.all()
        );
        assert!(ran.stdout.contains("4 runs, "), "{}", ran.all());
    }
}

#[test]
fn what_a_pull_does_not_bring_is_lost() {
    let env = squashed();
    for name in env
        .git(&["for-each-ref", "--format=%(refname)", "refs/exp"])
        .lines()
    {
        env.git(&["update-ref", "-d", name]);
    }
    env.git(&["reflog", "expire", "--expire=now", "--all"]);
    let clone = Clone::new(&env, "fresh", &[]);
    let before = clone.check(&[]);
    assert_eq!(before.code, 0, "{}", before.all());
    assert!(
        before.stdout.contains("fix: git exp pull"),
        "{}",
        before.stdout
    );
    clone.git(&["exp", "pull"]);
    let after = clone.check(&[]);
    assert_eq!(after.code, 1, "{}", after.all());
    assert!(
        after.stdout.contains("is nowhere in this clone"),
        "{}",
        after.stdout
    );
}
