//! Repositories of every make: unborn, detached, bare, SHA-256, reftable, shallow, partial, linked.

use git_exp::git::Repo;

use super::{freezing, set_mode};
use crate::common::{TestEnv, can, skipped};

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

#[cfg(unix)]
#[test]
fn a_path_with_a_line_end_leads_to_its_repository() {
    let env = TestEnv::new();
    env.git(&["clone", "-q", ".", "../line\nend"]);
    soil(&env, "../line\nend/");
    let done = freezing(&env).top(env.home().join("line\nend")).check();
    assert_eq!(done.letters().len(), 3);
    env.exp_in("../line\nend", &["start", "deep_tree"]).ok();
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
    // As older versions of git have written it, which libgit2 does not open.
    let place = top.display().to_string();
    env.git(&["-C", &place, "config", "core.repositoryFormatVersion", "1"]);
    env.git(&["-C", &place, "config", "extensions.partialClone", "origin"]);
    // The source goes away: whoever fetched now would fail.
    std::fs::rename(env.repo(), env.home().join("away")).unwrap();
    std::fs::create_dir(env.repo()).unwrap();
    std::fs::write(top.join("kept.py"), "changed\n").unwrap();
    std::fs::write(top.join("new.py"), "new\n").unwrap();
    let done = freezing(&env).top(top).check();
    assert_eq!(done.letters().len(), 2);
}

#[test]
fn a_partial_clone_without_what_was_committed_is_frozen_without_a_patch() {
    let env = TestEnv::new();
    env.write("a.py", "old\n");
    env.commit("second");
    env.write("a.py", "newer\n");
    env.write("b.py", "new\n");
    env.commit("third");
    env.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", env.repo().display());
    env.git(&["clone", "-q", "--filter=blob:none", &url, "../partial"]);
    let top = env.home().join("partial");
    env.git(&[
        "-C",
        &top.display().to_string(),
        "reset",
        "-q",
        "--soft",
        "HEAD~1",
    ]);
    std::fs::rename(env.repo(), env.home().join("away")).unwrap();
    std::fs::create_dir(env.repo()).unwrap();
    let done = freezing(&env).top(top).check();
    let letters = [("a.py".to_owned(), 'M'), ("b.py".to_owned(), 'A')];
    assert_eq!(done.letters(), letters);
    assert!(done.frozen.patch().is_none() && done.frozen.warnings[0].contains("a.py"));
    assert!(done.frozen.not_in_patch()[0].contains("a.py"));
}

#[test]
fn a_reftable_repository_is_read_by_git_alone() {
    let env = TestEnv::empty();
    if !can(&env, &["init", "-q", "--ref-format=reftable"]) {
        return skipped("this git has no reftable");
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
        return skipped("only root can change an owner");
    }
    std::os::unix::fs::chown(top.join(".git"), Some(12_345), None).unwrap();
    let error = env.exp(&["start", "deep_tree"]).error();
    assert!(
        error.contains("dubious ownership") && error.contains("safe.directory"),
        "{error}"
    );
    assert!(!top.join("experiments").exists());
}

#[test]
fn no_identity_is_needed_and_nothing_is_signed() {
    let env = TestEnv::new();
    let settings =
        "[user]\nuseConfigOnly = true\n[commit]\ngpgSign = true\n[gpg]\nprogram = false\n";
    std::fs::write(env.home().join("gitconfig"), settings).unwrap();
    env.write("new.py", "new\n");
    env.exp(&["start", "deep_tree"]).ok();
    env.exp(&["finish", "--status", "failed"]).ok();
    env.exp(&["doctor"]).ok();
    let author = "--format=%an <%ae>";
    let refs = env.git(&[
        "for-each-ref",
        "--format=%(refname)",
        "refs/exp",
        "refs/notes",
    ]);
    for name in refs.lines() {
        let shown = env.git(&["log", "-1", author, name]);
        assert_eq!(shown, "git-exp <git-exp@localhost>\n", "{name}");
    }
    assert_eq!(refs.lines().count(), 2);
}

/// git names the index of the commit that is being made in `GIT_INDEX_FILE`.
#[cfg(unix)]
#[test]
fn in_a_hook_the_index_of_the_commit_is_left_alone() {
    let env = TestEnv::new();
    for name in ["a.py", "b.py"] {
        env.write(name, "1\n");
    }
    env.commit("base");
    let hook = ".git/hooks/pre-commit";
    let script = "#!/bin/sh\ngit exp start hooked_idea --allow-same --porcelain >> .git/hooked\n";
    env.write(hook, script);
    set_mode(&env.path(hook), 0o755);
    for name in ["a.py", "b.py"] {
        env.write(name, "2\n");
    }
    for (args, b) in [
        (&["commit", "-q", "-m", "one", "a.py"][..], "1\n"),
        (&["commit", "-q", "-a", "-m", "the rest"], "2\n"),
    ] {
        env.git(args);
        assert_eq!(env.git(&["show", "HEAD:a.py"]), "2\n");
        assert_eq!(env.git(&["show", "HEAD:b.py"]), b);
    }
    assert_eq!(env.git(&["status", "--porcelain", "-uno"]), "");
    let runs = env.read(".git/hooked");
    assert_eq!(runs.lines().count(), 2, "{runs}");
    for run in runs.lines() {
        let record = env.json(&format!("experiments/runs/{run}/run.json"));
        let tree = record["code"]["tree"].as_str().unwrap().to_owned();
        for name in ["a.py", "b.py"] {
            assert_eq!(
                env.git(&["show", &format!("{tree}:{name}")]),
                "2\n",
                "{run}"
            );
        }
    }
}

#[test]
fn a_note_stays_on_the_commit_that_was_run() {
    let env = TestEnv::new();
    env.exp(&["start", "deep_tree"]).ok();
    env.exp(&["finish", "--status", "failed"]).ok();
    let ran = env.git(&["rev-parse", "HEAD"]);
    let ran = ran.trim();
    env.git(&["commit", "-q", "--amend", "--allow-empty", "-m", "amended"]);
    let mut asked = env.command("git");
    asked.args(["config", "--get-regexp", "^notes\\.rewrite"]);
    assert_eq!(env.ran(asked).code, 1, "no rewriting of notes is set up");
    let mut amended = env.command("git");
    amended.args(["notes", "--ref=exp", "show", "HEAD"]);
    assert_ne!(
        env.ran(amended).code,
        0,
        "another commit, which did not run"
    );
    // Nothing but the run's ref keeps the commit now, and so its note.
    env.git(&["reflog", "expire", "--expire=now", "--all"]);
    env.git(&["gc", "-q", "--prune=now"]);
    env.git(&["notes", "--ref=exp", "prune"]);
    let shown = env.git(&["log", "-1", "--notes=exp", ran]);
    for part in [
        "Notes (exp):",
        "\"exp\":\"exp_001_deep_tree\"",
        "\"status\":\"failed\"",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
}
