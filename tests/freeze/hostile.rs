//! Repositories whose settings, attributes and hooks want to run something.

use git_exp::git::restore::export;

use super::{freezing, set_mode};
use crate::common::TestEnv;

/// Arms every place that git would start a command from; each would leave its name in the folder.
fn arm(env: &TestEnv) -> std::path::PathBuf {
    let canaries = env.home().join("canaries");
    std::fs::create_dir_all(&canaries).unwrap();
    let bait = |name: &str| format!("touch {}; cat", canaries.join(name).display());
    for (key, name) in [
        ("core.fsmonitor", "fsmonitor"),
        ("core.pager", "pager"),
        ("core.editor", "editor"),
        ("diff.external", "external"),
        ("diff.evil.command", "diff-command"),
        ("diff.evil.textconv", "textconv"),
        ("filter.evil.clean", "clean"),
        ("filter.evil.smudge", "smudge"),
        ("gpg.program", "gpg"),
        ("core.sshCommand", "ssh"),
        ("core.askPass", "askpass"),
        ("sequence.editor", "sequence"),
        ("interactive.diffFilter", "interactive"),
        ("core.alternateRefsCommand", "alternate"),
        ("trailer.x.command", "trailer"),
        ("merge.evil.driver", "merge"),
        ("uploadpack.packObjectsHook", "upload"),
    ] {
        env.git(&["config", key, &bait(name)]);
    }
    env.git(&["config", "commit.gpgSign", "true"]);
    env.git(&["config", "log.showSignature", "true"]);
    let hooks = env.path(".git/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for hook in [
        "pre-commit",
        "post-commit",
        "post-index-change",
        "reference-transaction",
        "post-checkout",
        "pre-auto-gc",
        "post-rewrite",
        "fsmonitor-watchman",
    ] {
        let path = hooks.join(hook);
        let script = format!("#!/bin/sh\n{} </dev/null\n", bait(&format!("hook-{hook}")));
        std::fs::write(&path, script).unwrap();
        set_mode(&path, 0o755);
    }
    canaries
}

fn sprung(canaries: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(canaries).unwrap().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn booby_trapped() -> (TestEnv, std::path::PathBuf) {
    let env = TestEnv::new();
    env.write("a.evil", "one\n");
    env.write("b.py", "one\n");
    env.commit("base");
    env.write(
        ".gitattributes",
        "*.evil filter=evil diff=evil merge=evil\n",
    );
    env.commit("attributes");
    env.write("a.evil", "two\n");
    env.write("b.py", "two\n");
    env.write("new.evil", "new\n");
    let canaries = arm(&env);
    (env, canaries)
}

#[test]
fn nothing_but_a_clean_filter_runs() {
    let (env, canaries) = booby_trapped();
    let repo = git_exp::git::Repo::discover(env.repo()).unwrap();
    let (frozen, kept) = freezing(&env).frozen_alone(&repo);
    assert_eq!(sprung(&canaries), ["clean"]);
    assert!(frozen.patch().is_some());
    assert_eq!(sprung(&canaries), ["clean"]);

    let when = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
    let head = frozen.head.commit.clone().unwrap();
    git_exp::git::notes::append(&repo, &head, "{}", when).unwrap();
    git_exp::git::refs::delete(&repo, &super::uid(0), &kept.target).unwrap();
    git_exp::git::numbers::highest_run_number(&repo, &"experiments".into()).unwrap();
    let restored = export(&repo, &kept.target, &env.home().join("out")).unwrap();
    assert!(restored.tree_verified);
    assert_eq!(sprung(&canaries), ["clean"]);
}

#[test]
fn nothing_at_all_runs_in_safe_mode() {
    let (env, canaries) = booby_trapped();
    let repo = git_exp::git::Repo::discover(env.repo()).unwrap();
    let (frozen, kept) = freezing(&env).without_filters().frozen_alone(&repo);
    frozen.patch().unwrap();
    export(&repo, &kept.target, &env.home().join("out")).unwrap();
    assert_eq!(sprung(&canaries), [""; 0]);
}

#[test]
fn a_hostile_repository_inside_runs_nothing_in_safe_mode() {
    let env = TestEnv::new();
    env.write("outer.py", "1\n");
    env.git(&["init", "-q", "inner"]);
    env.write("inner/.gitattributes", "* filter=evil\n");
    env.write("inner/a.py", "1\n");
    let canary = env.home().join("inner-canary");
    let bait = format!("touch {}; cat", canary.display());
    for key in ["filter.evil.clean", "core.fsmonitor", "diff.external"] {
        env.git(&["-C", "inner", "config", key, &bait]);
    }
    let repo = git_exp::git::Repo::discover(env.repo()).unwrap();
    let (frozen, _) = freezing(&env).without_filters().frozen_alone(&repo);
    assert!(frozen.nested[0].tree.is_some());
    assert!(!canary.exists());
}

#[test]
fn settings_that_bend_a_diff_do_not_bend_the_patch() {
    let env = TestEnv::new();
    let lines: String = (0..60).map(|n| format!("line {n}\n\n")).collect();
    env.write("a.py", &lines);
    env.write("renamed.py", "content that stays\nthe same\n");
    env.write("sub/b.py", "1\n");
    env.commit("base");
    env.write(
        "a.py",
        lines
            .replace("line 7\n", "seven\n")
            .replace("line 50\n", "fifty\n"),
    );
    std::fs::rename(env.path("renamed.py"), env.path("moved.py")).unwrap();
    env.write("bin", [0, 1, 2, 0, 255]);
    let plain = freezing(&env).check();
    let expected = plain.frozen.patch().unwrap();
    for (key, value) in [
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.context", "0"),
        ("diff.interHunkContext", "50"),
        ("diff.renames", "copies"),
        ("diff.algorithm", "patience"),
        ("diff.indentHeuristic", "false"),
        ("diff.suppressBlankEmpty", "true"),
        ("diff.relative", "true"),
        ("diff.orderFile", "/nonexistent"),
        ("diff.submodule", "log"),
        ("diff.ignoreSubmodules", "all"),
        ("diff.wsErrorHighlight", "all"),
        ("diff.srcPrefix", "x/"),
        ("diff.dstPrefix", "y/"),
        ("diff.colorMoved", "zebra"),
        ("color.ui", "always"),
        ("color.diff", "always"),
        ("core.abbrev", "4"),
        ("core.quotePath", "true"),
        ("core.whitespace", "cr-at-eol"),
        ("apply.whitespace", "fix"),
        ("status.renames", "true"),
        ("status.relativePaths", "true"),
        ("status.showUntrackedFiles", "no"),
        ("status.branch", "false"),
        ("column.ui", "always"),
        ("submodule.recurse", "true"),
        ("core.attributesFile", "/nonexistent"),
    ] {
        env.git(&["config", key, value]);
    }
    let bent = freezing(&env).check();
    assert_eq!(bent.frozen.tree, plain.frozen.tree);
    let patch = bent.frozen.patch().unwrap();
    assert_eq!(
        String::from_utf8_lossy(patch),
        String::from_utf8_lossy(expected)
    );
}

#[test]
fn restore_refuses_what_would_leave_its_folder() {
    let env = TestEnv::new();
    let done = freezing(&env).check();
    let outside = env.home().join("occupied");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("mine"), "precious\n").unwrap();
    assert!(export(&done.repo, &done.kept.target, &outside).is_err());
    let link = env.home().join("link");
    super::link("occupied", &link);
    assert!(export(&done.repo, &done.kept.target, &link).is_err());

    // A tree that no honest git would write.
    let blob = done.frozen.entries[0].id.clone();
    for name in ["..", ".git", ".GIT", "git~1"] {
        let item = |mode, name: &str, id| git_exp::git::tree::Item {
            mode,
            name: name.into(),
            id,
        };
        let objects = git_exp::git::objects::Objects::open(&done.repo);
        let write = |items| {
            let content = git_exp::git::tree::build_object(items);
            objects.write("tree", &content)
        };
        let Ok(inner) = write(vec![item(0o100_644, "x", blob.clone())]) else {
            panic!("an ordinary tree can be written");
        };
        let Ok(tree) = write(vec![item(0o40_000, name, inner)]) else {
            continue;
        };
        let commit = env.git(&["commit-tree", tree.as_str(), "-m", "x"]);
        let commit = git_exp::model::Oid::parse(commit.trim()).unwrap();
        let target = env.home().join(format!("out{}", tree.short()));
        let error = export(&done.repo, &commit, &target)
            .unwrap_err()
            .to_string();
        assert!(error.contains("may not be opened"), "{name}: {error}");
    }
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
}

#[test]
fn a_link_in_the_tree_leads_nothing_out() {
    let env = TestEnv::new();
    let outside = env.home().join("outside");
    std::fs::create_dir_all(&outside).unwrap();
    // `d` is a link in one entry and a folder in another: git refuses such a tree at checkout.
    let blob = env.git(&["hash-object", "-w", "README.md"]);
    let target = env.home().join("target-of-link");
    std::fs::write(&target, outside.to_string_lossy().as_bytes()).unwrap();
    let link = env.git(&["hash-object", "-w", &target.to_string_lossy()]);
    let id = |text: &str| git_exp::model::Oid::parse(text.trim()).unwrap();
    let repo = git_exp::git::Repo::discover(env.repo()).unwrap();
    let objects = git_exp::git::objects::Objects::binary(&repo);
    let item = |mode, name: &str, id| git_exp::git::tree::Item {
        mode,
        name: name.into(),
        id,
    };
    let write = |items| {
        let content = git_exp::git::tree::build_object(items);
        let file = env.home().join("tree");
        std::fs::write(&file, content).unwrap();
        let mut command = env.command("git");
        command.args(["hash-object", "-t", "tree", "-w", "--literally"]);
        command.arg(&file);
        id(&env.ran(command).ok())
    };
    let inner = write(vec![item(0o100_644, "x", id(&blob))]);
    let tree = write(vec![
        item(0o120_000, "d", id(&link)),
        item(0o40_000, "d", inner),
    ]);
    let commit = id(&env.git(&["commit-tree", tree.as_str(), "-m", "x"]));
    assert!(objects.read(&commit).unwrap().is_some());
    assert!(export(&repo, &commit, &env.home().join("out")).is_err());
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}

impl super::Freeze<'_> {
    /// Freezes without the harness's own git commands, which would spring the traps themselves.
    fn frozen_alone(
        self,
        repo: &git_exp::git::Repo,
    ) -> (git_exp::git::snapshot::Frozen, git_exp::git::snapshot::Kept) {
        let no_secret = |_: &git_exp::model::RecordPath| false;
        let scope = git_exp::git::snapshot::Scope {
            experiments: vec!["experiments".into()],
            max_file_bytes: self.max_file_bytes,
            max_total_bytes: self.max_file_bytes,
            filters: self.filters,
            patch: true,
            secret_path: &no_secret,
        };
        let uid = super::uid(0);
        let keep = git_exp::git::snapshot::Keep {
            uid: &uid,
            title: "exp_001: snapshot of uncommitted work",
            date: chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap(),
            run_json: b"{}",
        };
        git_exp::git::freeze(repo, &scope, &keep).unwrap()
    }
}
