//! One edit of a working tree, and how chance chooses it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use filetime::FileTime;
use proptest::prelude::*;

use crate::common::TestEnv;
use crate::freeze::{link, set_mode, walk};

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

/// Those of attributes among them.
const RULES: [usize; 2] = [PATHS.len() - 2, PATHS.len() - 1];

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
    b".gitattributes\n*.log\n",
    b"* text=auto eol=crlf\n",
    b"*.txt text eol=lf\n",
    b"*.txt ident\n*.log text\n",
    b"*.txt working-tree-encoding=UTF-16LE-BOM\n",
    b"* -text\n",
    b"*.txt filter=grow\n",
];

const TARGETS: &[&str] = &["a", "dir", "../outside", "nowhere/at all", "."];

#[derive(Clone, Debug)]
pub enum Edit {
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
    Pipe(usize),
    /// A repository of its own, with a commit or without.
    Nested(usize, bool),
    Submodule(usize),
    /// A repository inside becomes a folder like any other.
    Vendor(usize),
    /// A change in a repository inside, and what is then done there.
    Inside(usize, &'static [&'static str]),
    Git(&'static [&'static str], usize),
    Whole(&'static [&'static str]),
    /// Takes in a commit that changes or deletes a path, after a commit of what is here or not:
    /// conflicts of every kind.
    TakeIn(&'static str, usize, Option<usize>, bool),
    Setting(&'static str, &'static str),
    /// Commits a file of attributes, and nothing else.
    Rules(usize, usize),
    /// Time goes by: git looks at no file again that is older than its index.
    Rest,
    Commit,
}

const GIT: &[&[&str]] = &[
    &["add", "-f"],
    &["reset", "-q"],
    &["add", "-N", "-f"],
    &["rm", "-q", "--cached", "-r"],
    &["rm", "-q", "-f", "-r"],
    &["update-index", "--assume-unchanged"],
    &["update-index", "--no-assume-unchanged"],
    &["update-index", "--skip-worktree"],
    &["update-index", "--no-skip-worktree"],
    &["update-index", "--chmod=+x"],
    &["checkout", "-q", "-f"],
    &["stash", "push", "-q"],
];

/// On the whole working tree.
const WHOLE: &[&[&str]] = &[
    &["add", "-A"],
    &["commit", "-q", "-a", "-m", "all"],
    &["reset", "-q"],
    &["reset", "-q", "--soft", "HEAD~1"],
    &["reset", "-q", "--hard"],
    &["stash", "push", "-q", "-u"],
    &["stash", "pop", "-q"],
    &["merge", "--abort"],
    &["rebase", "--abort"],
    &["checkout", "-q", "--detach"],
    &["checkout", "-q", "--orphan", "fresh"],
    &["status"],
    &[
        "sparse-checkout",
        "set",
        "--cone",
        "--no-sparse-index",
        "dir",
    ],
    &["sparse-checkout", "set", "--cone", "--sparse-index", "dir"],
    &["sparse-checkout", "set", "--cone", "--sparse-index"],
    &["sparse-checkout", "set", "--no-cone", "/*", "!*.txt"],
    &["sparse-checkout", "reapply"],
    &["sparse-checkout", "disable"],
    &["submodule", "update", "-q", "--init"],
    &["config", "--unset-all", "core.autocrlf"],
    &["config", "--unset-all", "filter.grow.clean"],
];

const INSIDE: &[&[&str]] = &[
    &["status"],
    &["add", "-A"],
    &["add", "-N", "."],
    &["commit", "-q", "-a", "-m", "more"],
    &["rm", "-q", "-r", "--cached", "."],
    &["update-index", "--assume-unchanged", "inner"],
    &["stash", "push", "-q", "-u"],
    &["checkout", "-q", "--orphan", "fresh"],
];

const SETTINGS: &[(&str, &str)] = &[
    ("core.autocrlf", "true"),
    ("core.autocrlf", "input"),
    ("core.autocrlf", "false"),
    ("filter.grow.clean", "sed s/^/+/"),
    ("core.safecrlf", "true"),
    ("core.fileMode", "false"),
    ("core.untrackedCache", "true"),
    ("core.splitIndex", "true"),
    ("core.ignoreStat", "true"),
    ("core.symlinks", "false"),
    ("core.ignoreCase", "true"),
    ("core.precomposeUnicode", "true"),
    ("core.eol", "crlf"),
    ("core.eol", "lf"),
    ("core.checkStat", "minimal"),
    ("core.bigFileThreshold", "1"),
    ("core.compression", "0"),
    ("core.whitespace", "cr-at-eol"),
    ("core.quotePath", "true"),
    ("core.abbrev", "4"),
    ("apply.whitespace", "error"),
    ("diff.noprefix", "true"),
    ("diff.mnemonicPrefix", "true"),
    ("diff.renames", "copies"),
    ("diff.ignoreSubmodules", "all"),
    ("diff.submodule", "log"),
    ("feature.manyFiles", "true"),
    ("status.showUntrackedFiles", "no"),
    ("submodule.recurse", "true"),
    ("push.recurseSubmodules", "on-demand"),
];

const TAKE_IN: &[&str] = &["merge", "rebase", "cherry-pick"];

pub fn edit() -> impl Strategy<Value = Edit> {
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
        1 => path().prop_map(Edit::Pipe),
        2 => (path(), any::<bool>()).prop_map(|(path, commit)| Edit::Nested(path, commit)),
        1 => path().prop_map(Edit::Submodule),
        1 => path().prop_map(Edit::Vendor),
        3 => (path(), 0..INSIDE.len()).prop_map(|(path, verb)| Edit::Inside(path, INSIDE[verb])),
        9 => (0..GIT.len(), path()).prop_map(|(verb, path)| Edit::Git(GIT[verb], path)),
        4 => (0..WHOLE.len()).prop_map(|verb| Edit::Whole(WHOLE[verb])),
        2 => (0..TAKE_IN.len(), path(), prop::option::of(content()), any::<bool>()).prop_map(
            |(verb, path, content, all)| Edit::TakeIn(TAKE_IN[verb], path, content, all)),
        1 => (0..SETTINGS.len()).prop_map(|at| Edit::Setting(SETTINGS[at].0, SETTINGS[at].1)),
        2 => (0..RULES.len(), content()).prop_map(|(at, content)| Edit::Rules(RULES[at], content)),
        3 => Just(Edit::Rest),
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
fn git(env: &TestEnv, args: &[&str], path: Option<usize>) {
    let mut command = env.command("git");
    command.args(args).env("GIT_LITERAL_PATHSPECS", "1");
    if let Some(path) = path {
        command.arg("--").arg(OsStr::from_bytes(PATHS[path]));
    }
    drop(env.ran(command));
}

/// Makes the files of the working tree old, and has git look at them.
fn rest(env: &TestEnv) {
    let long_ago = FileTime::from_unix_time(1_700_000_000, 0);
    for (path, found) in walk(env.repo()) {
        if found.is_file() {
            filetime::set_file_mtime(path, long_ago).unwrap();
        }
    }
    git(env, &["update-index", "-q", "--refresh"], None);
}

/// git in a repository inside.
fn git_in(env: &TestEnv, folder: &Path, args: &[&str]) {
    let mut command = env.command("git");
    command.current_dir(folder).args(args);
    drop(env.ran(command));
}

/// A repository that stands at a path.
fn repository(env: &TestEnv, path: usize) -> Option<PathBuf> {
    let place = place(env, path);
    let is_there = |at: &Path| at.symlink_metadata().is_ok();
    let is_folder = place.symlink_metadata().is_ok_and(|found| found.is_dir());
    (is_folder && is_there(&place.join(".git"))).then_some(place)
}

/// The repository that submodules come from.
fn source(env: &TestEnv) -> PathBuf {
    let place = env.home().join("source");
    if !place.exists() {
        std::fs::create_dir(&place).unwrap();
        git_in(env, &place, &["init", "-q"]);
        std::fs::write(place.join("inner"), "one\ntwo\n").unwrap();
        git_in(env, &place, &["add", "-A"]);
        git_in(env, &place, &["commit", "-q", "-m", "source"]);
    }
    place
}

/// A commit beside the first one that has another content at a path, or nothing.
fn side(env: &TestEnv, path: usize, content: Option<usize>) -> String {
    let index = env.home().join("side-index");
    let on_index = |args: &[&OsStr]| {
        let mut command = env.command("git");
        // Asked to split a sparse index, git refuses to work at all.
        command.args(["-c", "core.splitIndex=false"]);
        command.env("GIT_INDEX_FILE", &index).args(args);
        env.ran(command)
    };
    let text = |args: &[&str]| {
        let ran = on_index(&args.iter().map(OsStr::new).collect::<Vec<_>>());
        ran.ok().trim_end().to_owned()
    };
    text(&["read-tree", "base"]);
    let name = OsStr::from_bytes(PATHS[path]);
    match content {
        None => drop(on_index(&[
            "update-index".as_ref(),
            "--force-remove".as_ref(),
            "--".as_ref(),
            name,
        ])),
        Some(content) => {
            let file = env.home().join("side-content");
            std::fs::write(&file, CONTENTS[content]).unwrap();
            let id = text(&[
                "hash-object",
                "-w",
                "--no-filters",
                "--",
                &file.to_string_lossy(),
            ]);
            let mut info = std::ffi::OsString::from(format!("100644,{id},"));
            info.push(name);
            drop(on_index(&[
                "update-index".as_ref(),
                "--add".as_ref(),
                "--replace".as_ref(),
                "--cacheinfo".as_ref(),
                &info,
            ]));
        }
    }
    let tree = text(&["write-tree"]);
    text(&["commit-tree", "-p", "base", "-m", "side", &tree])
}

pub fn apply(env: &TestEnv, edit: &Edit) {
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
        Edit::Link(path, target) => link(TARGETS[target], &clear(env, path)),
        Edit::Folder(path) => std::fs::create_dir(clear(env, path)).unwrap(),
        Edit::Pipe(path) => {
            if PATHS[path].ends_with(b".gitignore") || PATHS[path].ends_with(b".gitattributes") {
                // git itself waits for a pipe where its rules should stand.
                return;
            }
            let mut command = env.command("mkfifo");
            command.arg(clear(env, path));
            env.ran(command).ok();
        }
        Edit::Nested(path, commit) => {
            let place = clear(env, path);
            std::fs::create_dir(&place).unwrap();
            git_in(env, &place, &["init", "-q"]);
            std::fs::write(place.join("inner"), "inner\n").unwrap();
            if commit {
                git_in(env, &place, &["add", "-A"]);
                git_in(env, &place, &["commit", "-q", "-m", "inner"]);
            }
        }
        Edit::Submodule(path) => {
            let place = clear(env, path);
            let from = source(env);
            let mut command = env.command("git");
            command
                .args(["-c", "protocol.file.allow=always"])
                .args(["submodule", "add", "-q", "-f", "--"])
                .arg(from)
                .arg(place.strip_prefix(env.repo()).unwrap());
            drop(env.ran(command));
        }
        Edit::Vendor(path) => {
            let Some(place) = repository(env, path) else {
                return;
            };
            remove(&place.join(".git"));
        }
        Edit::Inside(path, args) => {
            let Some(place) = repository(env, path) else {
                return;
            };
            let inner = place.join("inner");
            if inner.symlink_metadata().is_ok_and(|found| found.is_file()) {
                let bytes = [&std::fs::read(&inner).unwrap(), &b"more\r\n"[..]].concat();
                std::fs::write(inner, bytes).unwrap();
            }
            git_in(env, &place, args);
        }
        Edit::Git(args, path) => git(env, args, Some(path)),
        Edit::Whole(args) => git(env, args, None),
        Edit::TakeIn(verb, path, content, all) => {
            let commit = side(env, path, content);
            if all {
                git(env, &["add", "-A"], None);
                git(env, &["commit", "-q", "-m", "before"], None);
            }
            git(env, &[verb, &commit], None);
        }
        Edit::Setting(name, value) => git(env, &["config", name, value], None),
        Edit::Rules(path, content) => {
            std::fs::write(clear(env, path), CONTENTS[content]).unwrap();
            git(env, &["add", "-f"], Some(path));
            git(env, &["commit", "-q", "-m", "rules"], Some(path));
        }
        Edit::Rest => rest(env),
        Edit::Commit => git(env, &["commit", "-q", "--allow-empty", "-m", "next"], None),
    }
}
