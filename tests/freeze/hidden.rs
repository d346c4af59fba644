//! Changes that the index hides from git: flags, sparse and split indexes, file modes, stale clocks.

use super::{freezing, set_mode};
use crate::common::TestEnv;

#[test]
fn assume_unchanged_and_skip_worktree_hide_nothing() {
    let env = TestEnv::new();
    for name in ["assumed", "skipped", "both", "gone", "assumed_gone"] {
        env.write(name, "before\n");
    }
    env.commit("base");
    env.git(&[
        "update-index",
        "--assume-unchanged",
        "assumed",
        "both",
        "assumed_gone",
    ]);
    env.git(&["update-index", "--skip-worktree", "skipped", "both", "gone"]);
    for name in ["assumed", "skipped", "both"] {
        env.write(name, "after, hidden\n");
    }
    std::fs::remove_file(env.path("assumed_gone")).unwrap();
    assert_eq!(env.git(&["status", "--porcelain"]), "");
    let done = freezing(&env).check();
    let expected = [
        ("assumed", 'M'),
        ("assumed_gone", 'D'),
        ("both", 'M'),
        ("skipped", 'M'),
    ];
    assert_eq!(
        done.letters(),
        expected.map(|(path, letter)| (path.to_owned(), letter))
    );
}

#[test]
fn flags_on_files_that_are_as_they_were_make_no_snapshot() {
    let env = TestEnv::new();
    env.git(&["update-index", "--assume-unchanged", "README.md"]);
    let done = freezing(&env).check();
    assert!(!done.is_snapshot() && !done.frozen.is_dirty());
}

#[test]
fn what_is_meant_not_to_be_on_disk_is_not_deleted() {
    let env = TestEnv::new();
    env.write("both.py", "kept\n");
    env.write("other.py", "1\n");
    env.commit("base");
    env.git(&["update-index", "--assume-unchanged", "both.py"]);
    env.git(&["update-index", "--skip-worktree", "both.py"]);
    std::fs::remove_file(env.path("both.py")).unwrap();
    env.write("other.py", "2\n");
    let frozen = freezing(&env).check_tree_only();
    let kept = format!("{}:both.py", frozen.tree);
    assert_eq!(env.git(&["show", &kept]), "kept\n");
    assert_eq!(frozen.changes.len(), 1);
}

fn sparse(options: &[&str]) -> TestEnv {
    let env = TestEnv::new();
    for path in ["in/a.py", "in/deep/b.py", "out/c.py", "out/d.py"] {
        env.write(path, format!("{path}\n"));
    }
    env.commit("base");
    let set = [&["sparse-checkout", "set"], options, &["in"]].concat();
    env.git(&set);
    assert!(!env.path("out/c.py").exists());
    env
}

#[test]
fn a_sparse_checkout_keeps_what_is_not_on_disk() {
    for options in [&["--no-sparse-index"][..], &["--sparse-index"]] {
        let env = sparse(options);
        let clean = freezing(&env).check_tree_only();
        assert!(!clean.is_dirty(), "{options:?}");
        env.write("in/a.py", "changed\n");
        env.write("out/d.py", "put there by hand\n");
        env.write("out/new.py", "new outside the cone\n");
        let frozen = freezing(&env).check_tree_only();
        let tree = frozen.tree.as_str();
        let show = |path: &str| env.git(&["show", &format!("{tree}:{path}")]);
        assert_eq!(show("out/c.py"), "out/c.py\n", "not deleted");
        assert_eq!(show("out/d.py"), "put there by hand\n");
        assert_eq!(show("out/new.py"), "new outside the cone\n");
        assert_eq!(show("in/a.py"), "changed\n");
    }
}

#[test]
fn what_stands_in_place_of_a_folder_outside_the_cone_replaces_it() {
    for options in [&["--no-sparse-index"][..], &["--sparse-index"]] {
        let file = sparse(options);
        file.write("out", "no folder any more\n");
        // Sorts between the folder's name and what is in it.
        file.write("out.txt", "beside it\n");
        let done = freezing(&file).check();
        let paths = ["out", "out.txt", "out/c.py", "out/d.py"];
        let letters = paths.map(str::to_owned).into_iter().zip("??DD".chars());
        assert_eq!(done.letters(), letters.collect::<Vec<_>>());
        #[cfg(unix)]
        {
            let link = sparse(options);
            super::link("in", &link.path("out"));
            freezing(&link).check();
        }
    }
}

#[test]
fn split_and_v4_indexes_and_an_untracked_cache_are_read() {
    for setting in ["--split-index", "--index-version=4", "--untracked-cache"] {
        let env = TestEnv::new();
        env.write("a.py", "1\n");
        env.commit("a");
        match setting.split_once('=') {
            Some((name, version)) => env.git(&["update-index", name, version]),
            None => env.git(&["update-index", setting]),
        };
        env.git(&["status"]);
        env.write("b.py", "staged\n");
        env.git(&["add", "b.py"]);
        env.write("a.py", "2\n");
        env.write("c.py", "new\n");
        let done = freezing(&env).check();
        assert_eq!(done.frozen.changes.len(), 3, "{setting}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_system_monitor_that_lies_is_not_asked() {
    let env = TestEnv::new();
    env.write("a.py", "1\n");
    env.commit("a");
    let hook = env.path(".git/liar");
    std::fs::write(&hook, "#!/bin/sh\nprintf 'token\\0'\n").unwrap();
    set_mode(&hook, 0o755);
    env.git(&["config", "core.fsmonitor", ".git/liar"]);
    env.git(&["update-index", "--fsmonitor"]);
    env.git(&["status"]);
    env.write("a.py", "2, but nobody says so\n");
    assert_eq!(
        env.git(&["status", "--porcelain", "-uno"]),
        "",
        "the lie works on git"
    );
    let done = freezing(&env).check();
    assert_eq!(done.letters(), [("a.py".to_owned(), 'M')]);
}

#[test]
fn a_change_in_the_same_second_and_of_the_same_size_is_seen() {
    for round in 0..5 {
        let env = TestEnv::new();
        env.write("racy.py", "a = 1\n");
        env.commit("racy");
        // As young as the index, as long as before: only the index's own time betrays it.
        let stamp = filetime::FileTime::from_last_modification_time(
            &std::fs::metadata(env.path(".git/index")).unwrap(),
        );
        let file = std::fs::metadata(env.path("racy.py")).unwrap();
        let before = filetime::FileTime::from_last_modification_time(&file);
        env.write("racy.py", "a = 2\n");
        filetime::set_file_mtime(env.path("racy.py"), before).unwrap();
        env.git(&["config", "core.trustctime", "false"]);
        filetime::set_file_mtime(env.path(".git/index"), before.min(stamp)).unwrap();
        let done = freezing(&env).check();
        assert_eq!(
            done.letters(),
            [("racy.py".to_owned(), 'M')],
            "round {round}"
        );
    }
}

/// git compares full seconds, so it takes this edit for none; the index has finer times.
#[cfg(unix)]
#[test]
fn a_change_that_git_takes_for_none_is_seen() {
    for (attributes, content, version) in [
        ("", "a = 2\n", "2"),
        ("*.py text eol=crlf\n", "a = 2\r\n", "2"),
        ("", "a = 2\n", "4"),
    ] {
        let env = TestEnv::new();
        env.write(".gitattributes", attributes);
        env.write("fine.py", content.replace('2', "1"));
        let long_ago = filetime::FileTime::from_unix_time(1_700_000_000, 5);
        // At the beginning of a second, so that all falls into it.
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let rest = 1_000_000_000 - u64::from(now.subsec_nanos());
        std::thread::sleep(std::time::Duration::from_nanos(rest));
        filetime::set_file_mtime(env.path("fine.py"), long_ago).unwrap();
        env.commit("fine");
        env.git(&["update-index", "--index-version", version]);
        env.write("fine.py", content);
        filetime::set_file_mtime(env.path("fine.py"), long_ago).unwrap();
        if !env.git(&["status", "--porcelain"]).is_empty() {
            // Too slow, or git was built to compare finer times.
            continue;
        }
        let done = freezing(&env).check();
        assert_eq!(done.letters(), [("fine.py".to_owned(), 'M')]);
    }
}

#[cfg(unix)]
#[test]
fn the_exec_bit_counts_even_where_git_was_told_to_ignore_it() {
    let env = TestEnv::new();
    env.write("run.sh", "#!/bin/sh\n");
    env.commit("a");
    env.git(&["config", "core.fileMode", "false"]);
    set_mode(&env.path("run.sh"), 0o755);
    let done = freezing(&env).check();
    assert_eq!(done.letters(), [("run.sh".to_owned(), 'M')]);
}

impl super::Freeze<'_> {
    /// For trees with files that are not on disk: nothing to compare with.
    fn check_tree_only(self) -> git_exp::git::snapshot::Frozen {
        let repo = git_exp::git::Repo::discover(&self.top).unwrap();
        let before = self.fingerprint(&repo);
        let (frozen, _) = self.freeze(&repo);
        assert_eq!(self.fingerprint(&repo), before);
        self.replay(&frozen);
        frozen
    }
}
