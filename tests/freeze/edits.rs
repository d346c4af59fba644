//! Random edits of a working tree: whatever they leave behind is frozen and comes back.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use filetime::FileTime;
use git_exp::model::RecordPath;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{freezing, set_mode};
use crate::common::TestEnv;

/// Names that meet each other: a file here is a folder there, and some are hostile.
const PATHS: &[&[u8]] = &[
    b"a",
    b"a/inside",
    b"b.txt",
    b"dir",
    b"dir/c",
    b"dir/d.txt",
    b"dir/sub/e.txt",
    b"dir/sub",
    b"dir2/f",
    b"x y.txt",
    b"tab\there",
    b"line\nbreak",
    b"bad\xff\xfe.txt",
    b"-dash",
    b":(glob)g",
    "\u{e9}".as_bytes(),
    "e\u{301}".as_bytes(),
    b"quote\"back\\slash",
    b"kept.log",
    b"ignored/x",
    b".gitignore",
    b".gitattributes",
    b"dir/.gitattributes",
];

const CONTENTS: &[&[u8]] = &[
    b"",
    b"one\ntwo\n",
    b"one\ntwo",
    b"one\r\ntwo\r\n",
    b"one\r\ntwo\nthree\r",
    b"\0\x01\xff\r\n\0",
    b"$Id$\n",
    b"$Id: stale $\r\n",
    b"\xff\xfeo\0n\0e\0\n\0",
    b"*.txt\nignored/\n",
    b"*.log\nignored/\n!dir/\n",
    b"* text=auto eol=crlf\n",
    b"*.txt text eol=lf\n",
    b"*.txt ident\n*.log text\n",
    b"*.txt working-tree-encoding=UTF-16LE-BOM\n",
    b"* -text\n",
];

const TARGETS: &[&str] = &["a", "dir", "../outside", "nowhere/at all", "."];

#[derive(Clone, Debug)]
enum Edit {
    Write(usize, usize),
    Append(usize, usize),
    /// As many bytes as before, and the same times: only the content tells.
    Racy(usize),
    Truncate(usize),
    Delete(usize),
    Rename(usize, usize),
    Mode(usize, bool),
    Link(usize, usize),
    Folder(usize),
    Git(&'static [&'static str], usize),
    Setting(&'static str, &'static str),
    Commit,
}

const GIT: &[&[&str]] = &[
    &["add", "-f"],
    &["reset", "-q"],
    &["add", "-N", "-f"],
    &["rm", "-q", "--cached", "-r"],
    &["update-index", "--assume-unchanged"],
    &["update-index", "--no-assume-unchanged"],
    &["update-index", "--skip-worktree"],
    &["update-index", "--no-skip-worktree"],
    &["update-index", "--chmod=+x"],
    &["checkout", "-q", "-f"],
];

const SETTINGS: &[(&str, &str)] = &[
    ("core.autocrlf", "true"),
    ("core.autocrlf", "input"),
    ("core.safecrlf", "true"),
    ("core.fileMode", "false"),
    ("core.untrackedCache", "true"),
    ("core.splitIndex", "true"),
    ("core.ignoreStat", "true"),
];

fn edit() -> impl Strategy<Value = Edit> {
    let path = || 0..PATHS.len();
    let content = || 0..CONTENTS.len();
    prop_oneof![
        8 => (path(), content()).prop_map(|(path, content)| Edit::Write(path, content)),
        3 => (path(), content()).prop_map(|(path, content)| Edit::Append(path, content)),
        2 => path().prop_map(Edit::Racy),
        1 => path().prop_map(Edit::Truncate),
        4 => path().prop_map(Edit::Delete),
        3 => (path(), path()).prop_map(|(from, to)| Edit::Rename(from, to)),
        2 => (path(), any::<bool>()).prop_map(|(path, exec)| Edit::Mode(path, exec)),
        2 => (path(), 0..TARGETS.len()).prop_map(|(path, target)| Edit::Link(path, target)),
        1 => path().prop_map(Edit::Folder),
        9 => (0..GIT.len(), path()).prop_map(|(verb, path)| Edit::Git(GIT[verb], path)),
        1 => (0..SETTINGS.len()).prop_map(|at| Edit::Setting(SETTINGS[at].0, SETTINGS[at].1)),
        1 => Just(Edit::Commit),
    ]
}

fn place(env: &TestEnv, path: usize) -> PathBuf {
    env.repo().join(OsStr::from_bytes(PATHS[path]))
}

/// Makes room at a path: no file or link stands where a folder is needed, and nothing at its end.
fn clear(env: &TestEnv, path: usize) -> PathBuf {
    let place = place(env, path);
    let parents: Vec<&Path> = place.ancestors().skip(1).collect();
    for folder in parents.into_iter().rev() {
        if folder.starts_with(env.repo()) && !folder.symlink_metadata().is_ok_and(|f| f.is_dir()) {
            let _ = std::fs::remove_file(folder);
            std::fs::create_dir(folder).unwrap();
        }
    }
    remove(&place);
    place
}

fn remove(place: &Path) {
    match place.symlink_metadata() {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(place).unwrap(),
        Ok(_) => std::fs::remove_file(place).unwrap(),
        Err(_) => {}
    }
}

/// A regular file that is reached through no link.
fn file(env: &TestEnv, path: usize) -> Option<PathBuf> {
    let place = place(env, path);
    let inside = |at: &&Path| at.starts_with(env.repo());
    let mut parents = place.ancestors().skip(1).take_while(inside);
    let direct = parents.all(|at| at.symlink_metadata().is_ok_and(|f| f.is_dir()));
    let is_file = || place.symlink_metadata().is_ok_and(|found| found.is_file());
    (direct && is_file()).then_some(place)
}

/// Runs git on a path. Most of what chance asks for is refused, and that is fine.
fn git(env: &TestEnv, args: &[&str], path: Option<usize>) -> Vec<u8> {
    let mut command = env.command("git");
    command.args(args).env("GIT_LITERAL_PATHSPECS", "1");
    if let Some(path) = path {
        command.arg("--").arg(OsStr::from_bytes(PATHS[path]));
    }
    command.output().unwrap().stdout
}

fn apply(env: &TestEnv, edit: &Edit) {
    match *edit {
        Edit::Write(path, content) => {
            std::fs::write(clear(env, path), CONTENTS[content]).unwrap();
        }
        Edit::Append(path, content) => {
            let Some(place) = file(env, path) else { return };
            let bytes = [&std::fs::read(&place).unwrap(), CONTENTS[content]].concat();
            std::fs::write(place, bytes).unwrap();
        }
        Edit::Racy(path) => {
            let Some(place) = file(env, path) else { return };
            let time = FileTime::from_last_modification_time(&place.metadata().unwrap());
            let bytes = std::fs::read(&place).unwrap();
            let other: Vec<u8> = bytes
                .iter()
                .map(|b| if *b == b'o' { b'0' } else { *b })
                .collect();
            std::fs::write(&place, other).unwrap();
            filetime::set_file_mtime(&place, time).unwrap();
        }
        Edit::Truncate(path) => {
            let Some(place) = file(env, path) else { return };
            let half = place.metadata().unwrap().len() / 2;
            std::fs::File::options()
                .write(true)
                .open(place)
                .unwrap()
                .set_len(half)
                .unwrap();
        }
        Edit::Delete(path) => remove(&clear(env, path)),
        Edit::Rename(from, to) => {
            let Some(source) = file(env, from) else {
                return;
            };
            let bytes = std::fs::read(source).unwrap();
            remove(&clear(env, from));
            std::fs::write(clear(env, to), bytes).unwrap();
        }
        Edit::Mode(path, exec) => {
            let Some(place) = file(env, path) else { return };
            set_mode(&place, if exec { 0o755 } else { 0o644 });
        }
        Edit::Link(path, target) => super::link(TARGETS[target], &clear(env, path)),
        Edit::Folder(path) => std::fs::create_dir(clear(env, path)).unwrap(),
        Edit::Git(args, path) => drop(git(env, args, Some(path))),
        Edit::Setting(name, value) => drop(git(env, &["config", name, value], None)),
        Edit::Commit => drop(git(
            env,
            &["commit", "-q", "--allow-empty", "-m", "next"],
            None,
        )),
    }
}

/// Paths that `git ls-files` lists with some options.
fn listed(env: &TestEnv, args: &[&str]) -> Vec<Vec<u8>> {
    let printed = git(env, &[&["ls-files", "-z"], args].concat(), None);
    let names = printed.split(|&b| b == 0).filter(|name| !name.is_empty());
    names.map(<[u8]>::to_vec).collect()
}

/// What is missing and said to be so on purpose (skip-worktree) is as in the commit, not deleted;
/// here every path is to be as it is on disk.
fn unskip_missing(env: &TestEnv) {
    for line in listed(env, &["-v"]) {
        let Some(name) = line.strip_prefix(b"S ").or(line.strip_prefix(b"s ")) else {
            continue;
        };
        let name = std::ffi::OsString::from_vec(name.to_vec());
        if env.repo().join(&name).symlink_metadata().is_err() {
            let mut command = env.command("git");
            command
                .args(["update-index", "--no-skip-worktree", "--"])
                .arg(name);
            env.ran(command).ok();
        }
    }
}

fn check(edits: &[Edit]) {
    let env = TestEnv::new();
    env.write(".gitignore", "*.log\nignored/\n");
    for path in ["a", "b.txt", "dir/c", "dir/d.txt", "kept.log"] {
        env.write(path, "one\ntwo\n");
    }
    env.git(&["add", "-f", "kept.log"]);
    env.commit("base");
    edits.iter().for_each(|edit| apply(&env, edit));
    unskip_missing(&env);
    let ignored = listed(&env, &["-o", "-i", "--exclude-standard"]);
    let ignored = ignored
        .iter()
        .map(|name| RecordPath::from_bytes(name.as_slice()));
    freezing(&env).absent(ignored).check();
}

/// How many cases are tried: `GIT_EXP_TEST_EDITS`, for a long run by hand.
fn cases() -> u32 {
    let set = std::env::var("GIT_EXP_TEST_EDITS").ok();
    set.map_or(24, |text| text.parse().expect("a number of cases"))
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
