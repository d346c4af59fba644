//! Repositories inside the repository.

use super::freezing;
use crate::common::TestEnv;

/// A repository in a folder of the working tree, with one committed file.
fn inner(env: &TestEnv, folder: &str, commit: bool) {
    std::fs::create_dir_all(env.path(folder)).unwrap();
    env.git(&["init", "-q", folder]);
    env.write(&format!("{folder}/committed.py"), "inner\n");
    if commit {
        env.git(&["-C", folder, "add", "-A"]);
        env.git(&["-C", folder, "commit", "-q", "-m", "inner"]);
    }
}

fn submodule(env: &TestEnv, name: &str) {
    let source = env.home().join(format!("source-{name}"));
    let place = source.to_string_lossy().into_owned();
    env.git(&["init", "-q", "-b", "main", &place]);
    std::fs::write(source.join("lib.py"), "lib\n").unwrap();
    env.git(&["-C", &place, "add", "-A"]);
    env.git(&["-C", &place, "commit", "-q", "-m", "lib"]);
    env.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        &place,
        name,
    ]);
    env.git(&["commit", "-q", "-m", "submodule"]);
}

fn nested(done: &super::Done) -> Vec<(String, bool, bool)> {
    let all = done.frozen.nested.iter();
    all.map(|n| {
        (
            n.path.display().into_owned(),
            n.commit.is_some(),
            n.tree.is_some(),
        )
    })
    .collect()
}

#[test]
fn repositories_that_git_knows_nothing_of_come_back() {
    let env = TestEnv::new();
    inner(&env, "plain", true);
    inner(&env, "plain/deep", true);
    inner(&env, "without commits", false);
    env.write("plain/dirty.py", "not committed\n");
    env.write("plain/.gitignore", "*.log\n");
    env.write("plain/x.log", "ignored\n");
    env.write("without commits/new.py", "1\n");
    super::link("committed.py", &env.path("plain/link"));
    super::set_mode(&env.path("plain/dirty.py"), 0o755);
    env.git(&[
        "-C",
        "plain",
        "remote",
        "add",
        "origin",
        "https://me:pw@host/x.git",
    ]);
    let done = freezing(&env).absent(["plain/x.log"]).check();
    assert_eq!(
        nested(&done),
        [
            ("plain", true, true),
            ("plain/deep", true, true),
            ("without commits", false, true)
        ]
        .map(|(path, commit, tree)| (path.to_owned(), commit, tree))
    );
    assert_eq!(
        done.frozen.nested[0].remote.as_deref(),
        Some("https://host/x.git")
    );
    assert!(done.frozen.is_dirty());
    assert_eq!(done.letters()[0], ("plain".to_owned(), '?'));
    assert_eq!(done.restored.nested_count, 7);
    assert!(done.frozen.not_in_patch()[0].contains("plain"));
    // One push carries all of it.
    let listed = env.git(&[
        "ls-tree",
        "-r",
        "--name-only",
        &format!("{}^2:nested", done.kept.target),
    ]);
    assert!(listed.contains("plain/deep/committed.py"), "{listed}");
}

#[test]
fn a_clean_submodule_whose_bytes_a_checkout_would_not_give_is_kept() {
    let autocrlf: fn(&TestEnv) = |env| {
        env.git(&["-C", "lib", "config", "core.autocrlf", "true"]);
    };
    let ignored: fn(&TestEnv) = |env| {
        std::fs::write(
            env.path(".git/modules/lib/info/exclude"),
            ".gitattributes\n",
        )
        .unwrap();
        env.write("lib/.gitattributes", "*.py text eol=crlf\n");
        env.write("lib/lib.py", "lib\r\n");
        env.git(&["-C", "lib", "add", "lib.py"]);
    };
    let former: fn(&TestEnv) = |env| {
        env.git(&["-C", "lib", "config", "core.autocrlf", "true"]);
        env.write("lib/lib.py", "lib\r\n");
        let long_ago = filetime::FileTime::from_unix_time(1_700_000_000, 0);
        filetime::set_file_mtime(env.path("lib/lib.py"), long_ago).unwrap();
        env.git(&["-C", "lib", "add", "lib.py"]);
        env.git(&["-C", "lib", "config", "core.autocrlf", "false"]);
    };
    for change in [autocrlf, ignored, former] {
        let env = TestEnv::new();
        submodule(&env, "lib");
        change(&env);
        assert_eq!(env.git(&["-C", "lib", "status", "--porcelain"]), "");
        let done = freezing(&env).absent(["lib/.gitattributes"]).check();
        assert_eq!(nested(&done), [("lib".to_owned(), true, true)]);
        assert!(!done.frozen.is_dirty());
    }
}

/// git compares full seconds, inside submodules too.
#[cfg(unix)]
#[test]
fn an_edit_in_a_submodule_that_git_takes_for_none_is_seen() {
    let env = TestEnv::new();
    submodule(&env, "lib");
    let place = env.path("lib/lib.py");
    let long_ago = filetime::FileTime::from_unix_time(1_700_000_000, 5);
    for _ in 0..5 {
        // At the beginning of a second, so that all falls into it.
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let rest = 1_000_000_000 - u64::from(now.subsec_nanos());
        std::thread::sleep(std::time::Duration::from_nanos(rest));
        env.write("lib/lib.py", "lib\n");
        filetime::set_file_mtime(&place, long_ago).unwrap();
        env.git(&["-C", "lib", "update-index", "--refresh"]);
        env.write("lib/lib.py", "bil\n");
        filetime::set_file_mtime(&place, long_ago).unwrap();
        if env.git(&["status", "--porcelain"]).is_empty() {
            let done = freezing(&env).check();
            assert_eq!(done.letters(), [("lib".to_owned(), 'M')]);
            return;
        }
        // Too slow, or git was built to compare finer times.
    }
}

#[test]
fn a_clean_submodule_needs_nothing_and_a_dirty_one_comes_back() {
    let env = TestEnv::new();
    submodule(&env, "lib");
    let done = freezing(&env).check();
    assert!(!done.is_snapshot(), "{:?}", done.letters());
    assert_eq!(nested(&done), [("lib".to_owned(), true, false)]);
    assert!(done.restored.missing.is_empty());

    env.write("lib/lib.py", "changed inside\n");
    env.write("lib/new.py", "untracked inside\n");
    let done = freezing(&env).check();
    assert_eq!(nested(&done), [("lib".to_owned(), true, true)]);
    assert_eq!(done.letters(), [("lib".to_owned(), 'M')]);

    env.git(&["-C", "lib", "add", "-A"]);
    env.git(&["-C", "lib", "commit", "-q", "-m", "moved"]);
    let done = freezing(&env).check();
    assert_eq!(done.letters(), [("lib".to_owned(), 'M')]);
    let moved = env.git(&["-C", "lib", "rev-parse", "HEAD"]);
    assert_eq!(
        done.frozen.nested[0].commit.as_ref().unwrap().as_str(),
        moved.trim()
    );
}

#[test]
fn an_edit_that_a_submodule_hides_is_seen() {
    let env = TestEnv::new();
    submodule(&env, "lib");
    env.git(&["-C", "lib", "update-index", "--assume-unchanged", "lib.py"]);
    env.write("lib/lib.py", "hidden\n");
    let done = freezing(&env).check();
    assert_eq!(nested(&done), [("lib".to_owned(), true, true)]);
}

#[test]
fn a_submodule_that_is_gone_from_this_machine_is_named() {
    let env = TestEnv::new();
    submodule(&env, "lib");
    env.git(&["submodule", "deinit", "-q", "-f", "lib"]);
    std::fs::remove_dir_all(env.path(".git/modules/lib")).unwrap();
    let done = freezing(&env).check();
    assert!(!done.frozen.is_dirty());
    assert_eq!(done.restored.missing, ["lib".into()]);
}

#[test]
fn a_repository_takes_the_place_of_a_file() {
    for commit in [true, false] {
        let env = TestEnv::new();
        env.write("lib", "a file\n");
        env.commit("base");
        env.git(&["rm", "-q", "lib"]);
        inner(&env, "lib", commit);
        let done = freezing(&env).check();
        assert_eq!(nested(&done), [("lib".to_owned(), commit, true)]);
        env.git(&["reset", "-q"]);
        let status = env.git(&["status", "--porcelain"]);
        assert!(!status.contains("??"), "git says nothing of it: {status}");
        let done = freezing(&env).check();
        assert_eq!(nested(&done), [("lib".to_owned(), commit, true)]);
    }
}

#[test]
fn a_submodule_in_conflict_that_is_not_checked_out_stays_at_our_commit() {
    let env = TestEnv::new();
    submodule(&env, "lib");
    let inner = |message: &str| {
        env.git(&["-C", "lib", "checkout", "-q", "-B", message, "HEAD"]);
        env.git(&["-C", "lib", "commit", "-q", "--allow-empty", "-m", message]);
        env.commit(message);
        env.git(&["-C", "lib", "rev-parse", "HEAD"])
    };
    env.git(&["checkout", "-q", "-b", "other"]);
    inner("theirs");
    env.git(&["checkout", "-q", "main"]);
    env.git(&["submodule", "update", "-q"]);
    let ours = inner("ours");
    env.git(&["submodule", "deinit", "-q", "-f", "lib"]);
    let mut merge = env.command("git");
    merge.args(["merge", "-q", "other"]);
    assert_eq!(env.ran(merge).code, 1);
    std::fs::remove_dir_all(env.path(".git/modules/lib")).unwrap();
    let done = freezing(&env).check();
    assert_eq!(done.frozen.conflicts, ["lib".into()]);
    let kept = done.frozen.entries.iter().find(|e| e.path == "lib".into());
    assert_eq!(kept.unwrap().id.as_str(), ours.trim());
}

/// `git rebase` goes on although submodules are staged, and its index then hides them from git itself.
#[test]
fn a_submodule_that_was_staged_before_a_rebase_is_no_part_of_the_commit() {
    let bump: fn(&TestEnv) = |env| {
        env.git(&["-C", "deep/lib", "commit", "-q", "--allow-empty", "-m", "x"]);
        env.git(&["add", "deep/lib"]);
    };
    let remove: fn(&TestEnv) = |env| drop(env.git(&["rm", "-q", "--cached", "deep/lib"]));
    let add: fn(&TestEnv) = |env| {
        inner(env, "deep/more", true);
        env.git(&["-c", "advice.addEmbeddedRepo=false", "add", "deep/more"]);
    };
    for (change, expected) in [
        (bump, &[("deep/lib", 'M')][..]),
        (remove, &[("deep/lib", 'D')]),
        (add, &[("deep/more", 'A')]),
    ] {
        let env = TestEnv::new();
        env.write("deep/a.py", "1\n");
        submodule(&env, "deep/lib");
        env.git(&["checkout", "-q", "-b", "side"]);
        env.write("b.py", "2\n");
        env.commit("side");
        env.git(&["checkout", "-q", "main"]);
        change(&env);
        env.git(&["rebase", "-q", "side"]);
        let done = freezing(&env).check();
        let letters = done.letters();
        let found: Vec<_> = letters
            .iter()
            .map(|(path, l)| (path.as_str(), *l))
            .collect();
        assert_eq!(found, expected);
        assert!(done.is_snapshot());
    }
}

#[test]
fn the_files_of_a_submodule_that_lost_its_git_directory_come_back() {
    let env = TestEnv::new();
    submodule(&env, "lib");
    std::fs::remove_file(env.path("lib/.git")).unwrap();
    env.write("lib/new.py", "made a part of the project\n");
    assert_eq!(env.git(&["status", "--porcelain"]), "", "git says nothing");
    let done = freezing(&env).check();
    assert_eq!(nested(&done), [("lib".to_owned(), false, true)]);
    assert_eq!(done.letters(), [("lib".to_owned(), 'M')]);
}

#[test]
fn a_broken_repository_inside_is_named_and_stops_nothing() {
    let env = TestEnv::new();
    inner(&env, "lib", true);
    std::fs::write(env.path("lib/.git/HEAD"), "nonsense").unwrap();
    env.write("a.py", "1\n");
    let done = freezing(&env).absent(["lib"]).check_unless_listed();
    assert!(done.is_snapshot());
}

#[test]
fn inside_a_submodule_the_submodule_is_the_repository() {
    let env = TestEnv::new();
    submodule(&env, "deep/lib");
    env.write("deep/lib/lib.py", "changed\n");
    let done = freezing(&env).top(env.path("deep/lib")).check();
    assert_eq!(done.frozen.superproject, Some("../..".into()));
    assert_eq!(done.letters(), [("lib.py".to_owned(), 'M')]);
}

impl super::Freeze<'_> {
    /// git takes a folder with a broken `.git` for an ordinary one, or for nothing: either way the
    /// files must be there or be named.
    fn check_unless_listed(mut self) -> super::Done {
        let repo = git_exp::git::Repo::discover(&self.top).unwrap();
        let status = self.git(&["status", "--porcelain", "-uall"]);
        if status.contains("lib/committed.py") {
            self.absent.clear();
        }
        let done = self.check();
        assert_eq!(done.repo.git_dir, repo.git_dir);
        let named = done
            .frozen
            .left_out
            .iter()
            .any(|entry| entry.path == "lib".into());
        assert!(
            named || status.contains("lib/committed.py"),
            "{:?}",
            done.frozen
        );
        done
    }
}
