//! Random edits of a working tree: whatever they leave behind is frozen and comes back.

mod edit;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use git_exp::model::RecordPath;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use self::edit::{Edit, apply, edit};
use super::freezing;
use crate::common::TestEnv;

/// What `git ls-files` lists in a repository, with some options.
fn listed(env: &TestEnv, top: &Path, args: &[&str]) -> Vec<Vec<u8>> {
    let mut command = env.command("git");
    // Asked to split a sparse index, git refuses to work at all; 2.39 has been seen to write one that it
    // then reads whole alone.
    command.args(["-c", "core.splitIndex=false", "-c", "index.sparse=false"]);
    command.current_dir(top).args(["ls-files", "-z"]).args(args);
    let printed = command.output().unwrap().stdout;
    let names = printed.split(|&b| b == 0).filter(|name| !name.is_empty());
    names.map(<[u8]>::to_vec).collect()
}

/// Repositories inside, nested ones too.
fn repositories(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if entry.file_name() != ".git" && entry.file_type().unwrap().is_dir() {
            if path.join(".git").symlink_metadata().is_ok() {
                found.push(path.clone());
            }
            found.extend(repositories(&path));
        }
    }
    found
}

/// Files that the rules of their repository ignore, repositories inside included.
fn ignored(env: &TestEnv) -> Vec<RecordPath> {
    let mut tops = vec![env.repo().to_owned()];
    tops.extend(repositories(env.repo()));
    let mut found = Vec::new();
    for top in tops {
        let prefix = RecordPath::from_path(top.strip_prefix(env.repo()).unwrap());
        for name in listed(env, &top, &["-o", "-i", "--exclude-standard"]) {
            let name = RecordPath::from_bytes(name.strip_suffix(b"/").unwrap_or(&name));
            found.push(name.below(&prefix));
        }
    }
    found
}

/// Tracked paths that are meant not to be on disk: they are as in the index, not deleted. These are
/// files to be skipped (skip-worktree) and submodules that are not checked out. Where something else
/// has taken their place, they are gone.
fn skipped(env: &TestEnv) -> Vec<RecordPath> {
    let found = |at: &Path| at.symlink_metadata().ok();
    let is_open = |path: &Path| {
        let inside = |at: &&Path| at.starts_with(env.repo()) && *at != env.repo();
        let mut folders = path.ancestors().skip(1).take_while(inside);
        // A pipe in the place of a folder is no content that would replace what is below.
        let is_content = |at: std::fs::Metadata| at.is_file() || at.is_symlink();
        found(path).is_none() && !folders.any(|at| found(at).is_some_and(is_content))
    };
    let staged = listed(env, env.repo(), &["-s"]);
    let submodules = staged.iter().filter_map(|line| {
        let line = line.strip_prefix(b"160000 ")?;
        let name = &line[line.iter().position(|&b| b == b'\t')? + 1..];
        let place = env.repo().join(OsStr::from_bytes(name));
        let filled = || std::fs::read_dir(&place).is_ok_and(|mut names| names.next().is_some());
        let is_open = found(&place).is_none_or(|found| found.is_dir() && !filled());
        is_open.then(|| RecordPath::from_bytes(name))
    });
    let lines = listed(env, env.repo(), &["-v"]);
    lines
        .iter()
        .filter_map(|line| line.strip_prefix(b"S ").or(line.strip_prefix(b"s ")))
        .filter(|name| is_open(&env.repo().join(OsStr::from_bytes(name))))
        .map(RecordPath::from_bytes)
        .chain(submodules)
        .collect()
}

fn check(edits: &[Edit]) {
    let env = TestEnv::new();
    env.write(".gitignore", "*.log\nignored/\n");
    for path in ["a", "b.txt", "dir/c", "dir/d.txt", "kept.log"] {
        env.write(path, "one\ntwo\n");
    }
    env.git(&["add", "-f", "kept.log"]);
    env.commit("base");
    env.git(&["tag", "base"]);
    edits.iter().for_each(|edit| apply(&env, edit));
    let mut staged = listed(&env, env.repo(), &["-s"]);
    let count = staged.len();
    staged.dedup();
    if staged.len() < count {
        // `git add` of a path in conflict may damage a sparse index, and then git itself gives up.
        return;
    }
    freezing(&env)
        .absent(ignored(&env))
        .skipped(skipped(&env))
        .check();
}

/// How many cases are tried: `GIT_EXP_TEST_EDITS`, for a long run by hand.
fn cases() -> u32 {
    let set = std::env::var("GIT_EXP_TEST_EDITS").ok();
    set.map_or(24, |text| text.parse().expect("a number of cases"))
}

#[test]
fn property_tests_try_the_same_cases_everywhere() {
    let seed = ProptestConfig::default().rng_seed;
    assert!(matches!(seed, RngSeed::Fixed(_)), "run them by cargo");
}

#[test]
fn random_edits_come_back() {
    let config = ProptestConfig {
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases())
    };
    let edits = prop::collection::vec(edit(), 1..30);
    let done = TestRunner::new(config).run(&edits, |edits| {
        check(&edits);
        Ok(())
    });
    if let Err(error) = done {
        panic!("{error}");
    }
}
