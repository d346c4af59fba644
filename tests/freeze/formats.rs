//! Repositories of every make: unborn, detached, bare, SHA-256, reftable, shallow, partial, linked.

use git_exp::git::Repo;

use super::freezing;
use crate::common::TestEnv;

/// Dirty in every way that matters.
fn soil(env: &TestEnv, folder: &str) {
    env.write(&format!("{folder}staged.py"), "staged\n");
    let mut add = env.command("git");
    add.current_dir(env.path(folder)).args(["add", "staged.py"]);
    env.ran(add).ok();
    env.write(&format!("{folder}README.md"), "# changed\n");
    env.write(&format!("{folder}new.py"), "new\n");
}

#[test]
fn a_repository_without_a_commit_is_frozen_whole() {
    for format in ["sha1", "sha256"] {
        let env = TestEnv::empty();
        env.git(&[
            "init",
            "-q",
            "-b",
            "trunk",
            &format!("--object-format={format}"),
        ]);
        let empty = freezing(&env).check();
        assert!(empty.is_snapshot() && !empty.frozen.is_dirty());
        soil(&env, "");
        let done = freezing(&env).check();
        assert_eq!(done.frozen.head.commit, None);
        assert_eq!(done.frozen.head.branch.as_deref(), Some("trunk"));
        assert_eq!(done.frozen.describe, None);
        assert_eq!(done.letters().len(), 3);
        let parts = git_exp::git::restore::inspect(&done.repo, &done.kept.target).unwrap();
        assert_eq!(parts.base, None);
        assert!(parts.extras.is_some());
    }
}

#[test]
fn a_sha256_repository_is_like_any_other() {
    let env = TestEnv::empty();
    env.git(&["init", "-q", "--object-format=sha256"]);
    env.write("README.md", "# a\n");
    env.write("dir/sub/a.py", "1\n");
    env.commit("first");
    assert!(!freezing(&env).check().is_snapshot());
    soil(&env, "");
    let done = freezing(&env).check();
    assert_eq!(done.frozen.tree.as_str().len(), 64);
}

#[test]
fn a_detached_head_has_no_branch() {
    let env = TestEnv::new();
    env.git(&["tag", "v1.2"]);
    env.git(&["checkout", "-q", "--detach"]);
    soil(&env, "");
    let done = freezing(&env).check();
    assert_eq!(done.frozen.head.branch, None);
    assert!(done.frozen.head.commit.is_some() && done.frozen.describe.is_some());
}

#[test]
fn linked_worktrees_have_an_index_of_their_own() {
    let env = TestEnv::new();
    env.git(&["config", "extensions.worktreeConfig", "true"]);
    env.git(&["worktree", "add", "-q", "../linked", "-b", "side"]);
    env.write("main_only.py", "staged in the main one\n");
    env.git(&["add", "main_only.py"]);
    soil(&env, "../linked/");
    let done = freezing(&env).top(env.home().join("linked")).check();
    assert_eq!(done.frozen.head.branch.as_deref(), Some("side"));
    assert_eq!(done.letters().len(), 3);
    assert_eq!(done.repo.exp_dir(), env.path(".git/exp"));
}

#[test]
fn a_separate_git_directory_is_found() {
    let env = TestEnv::empty();
    env.git(&["init", "-q", "--separate-git-dir=../elsewhere.git"]);
    env.write("README.md", "# a\n");
    env.commit("first");
    soil(&env, "");
    freezing(&env).check();
}

#[test]
fn a_shallow_clone_says_so() {
    let env = TestEnv::new();
    env.write("a.py", "1\n");
    env.commit("second");
    let url = format!("file://{}", env.repo().display());
    env.git(&["clone", "-q", "--depth=1", &url, "../shallow"]);
    soil(&env, "../shallow/");
    let done = freezing(&env).top(env.home().join("shallow")).check();
    assert!(done.frozen.shallow);
    assert_eq!(done.frozen.remote, Some(url));
}

#[test]
fn a_partial_clone_is_frozen_without_fetching() {
    let env = TestEnv::new();
    env.write("old.py", "old\n");
    env.write("kept.py", "kept\n");
    env.commit("second");
    env.write("old.py", "newer\n");
    env.commit("third");
    env.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", env.repo().display());
    env.git(&["clone", "-q", "--filter=blob:none", &url, "../partial"]);
    let top = env.home().join("partial");
    // The source goes away: whoever fetched now would fail.
    std::fs::rename(env.repo(), env.home().join("away")).unwrap();
    std::fs::create_dir(env.repo()).unwrap();
    std::fs::write(top.join("kept.py"), "changed\n").unwrap();
    std::fs::write(top.join("new.py"), "new\n").unwrap();
    let done = freezing(&env).top(top).check();
    assert_eq!(done.letters().len(), 2);
}

#[test]
fn a_reftable_repository_is_read_by_git_alone() {
    let env = TestEnv::empty();
    let mut init = env.command("git");
    init.args(["init", "-q", "--ref-format=reftable"]);
    if env.ran(init).code != 0 {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "SKIPPED: this git has no reftable");
        return;
    }
    env.write("README.md", "# a\n");
    env.commit("first");
    soil(&env, "");
    let done = freezing(&env).check();
    assert_eq!(done.frozen.state, None);
}

#[test]
fn operations_under_way_are_named() {
    let env = TestEnv::new();
    env.write("a.py", "1\n");
    env.commit("one");
    env.git(&["checkout", "-q", "-b", "side"]);
    env.write("a.py", "side\n");
    env.commit("side");
    env.git(&["checkout", "-q", "main"]);
    env.write("a.py", "main\n");
    env.commit("main");
    for (operation, start, stop) in [
        (
            "cherry-pick",
            &["cherry-pick", "side"][..],
            &["cherry-pick", "--abort"][..],
        ),
        ("rebase", &["rebase", "side"], &["rebase", "--abort"]),
        (
            "revert",
            &["revert", "--no-commit", "HEAD"],
            &["revert", "--abort"],
        ),
        ("bisect", &["bisect", "start"], &["bisect", "reset"]),
    ] {
        let mut command = env.command("git");
        command.args(start);
        env.ran(command);
        let done = freezing(&env).check();
        assert_eq!(done.frozen.state.as_deref(), Some(operation));
        env.git(stop);
        env.git(&["reset", "-q", "--hard"]);
    }
}

#[test]
fn a_bare_repository_is_refused_in_gits_words() {
    let env = TestEnv::new();
    env.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    let repo = Repo::discover(&env.home().join("bare.git")).unwrap();
    let error = repo.top().unwrap_err().to_string();
    assert_eq!(error, "this operation must be run in a work tree");
}

#[test]
fn a_bare_repository_among_the_files_of_another_is_refused() {
    let env = TestEnv::new();
    env.git(&["clone", "-q", "--bare", ".", "docs"]);
    env.git(&["-C", "docs", "config", "core.bare", "false"]);
    env.git(&["-C", "docs", "config", "core.worktree", ".."]);
    for folder in ["docs", "docs/refs"] {
        let error = Repo::discover(&env.path(folder)).unwrap_err().to_string();
        assert!(error.contains("among the files of"), "{error}");
        env.exp_in(folder, &["start", "deep_tree"]).error();
    }
    // git's own folder is none of these, and neither is one that is named.
    for folder in [".git", ".git/refs"] {
        Repo::discover(&env.path(folder)).unwrap();
    }
    let mut named = env.command("git-exp");
    named.args(["ls"]).env("GIT_DIR", env.path("docs"));
    env.ran(named).ok();
}

#[test]
fn what_git_refuses_is_refused_in_its_words() {
    for (name, value, words) in [
        ("core.repositoryFormatVersion", "99", "repo version <= 1"),
        ("extensions.unheardOf", "true", "unheardof"),
        ("extensions.objectFormat", "md5", "md5"),
    ] {
        let env = TestEnv::new();
        env.git(&["config", "core.repositoryFormatVersion", "1"]);
        env.git(&["config", name, value]);
        // git itself may not get as far as to call us.
        let mut start = env.command("git-exp");
        start.args(["start", "deep_tree"]);
        let error = env.ran(start).error();
        assert!(error.contains(words), "{error}");
        assert!(!env.path("experiments").exists());
    }
}

/// Only root can give a file to somebody else.
#[cfg(unix)]
#[test]
fn a_repository_of_another_user_is_refused_with_gits_advice() {
    let env = TestEnv::new();
    let top = env.repo();
    if std::os::unix::fs::chown(top, Some(12_345), None).is_err() {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "SKIPPED: only root can change an owner");
        return;
    }
    std::os::unix::fs::chown(top.join(".git"), Some(12_345), None).unwrap();
    let error = env.exp(&["start", "deep_tree"]).error();
    assert!(
        error.contains("dubious ownership") && error.contains("safe.directory"),
        "{error}"
    );
    assert!(!top.join("experiments").exists());
}
