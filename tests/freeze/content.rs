//! Ordinary and hostile content: what is changed, staged, new, renamed, oddly named, or no file.

use super::{freezing, link, set_mode};
use crate::common::TestEnv;

#[test]
fn a_clean_tree_writes_nothing() {
    let env = TestEnv::new();
    env.write("src/a.py", "1\n");
    env.commit("a");
    env.write("experiments/runs/exp_001_x/run.json", "{}\n");
    let objects = env.git(&["count-objects"]);
    let done = freezing(&env).check();
    assert!(!done.is_snapshot() && !done.frozen.is_dirty());
    assert_eq!(
        done.kept.target.as_str(),
        env.git(&["rev-parse", "HEAD"]).trim()
    );
    assert_eq!(env.git(&["count-objects"]), objects);
    assert_eq!(done.frozen.head.branch.as_deref(), Some("main"));
}

#[test]
fn staged_unstaged_and_untracked_changes_come_back() {
    let env = TestEnv::new();
    for name in [
        "both", "staged", "unstaged", "deleted", "removed", "renamed", "empty",
    ] {
        env.write(&format!("src/{name}.py"), format!("{name}\nline\n"));
    }
    env.write("mode.sh", "#!/bin/sh\n");
    env.write("binary.bin", [0, 1, 2, 255, 254, 0]);
    env.write("file_to_folder", "x\n");
    env.write("folder_to_file/a", "x\n");
    env.write("file_to_link", "x\n");
    env.write("folder_to_link/both.py", "x\n");
    link("README.md", &env.path("link"));
    link("README.md", &env.path("link_to_file"));
    env.commit("base");

    env.write("src/both.py", "staged\n");
    env.write("src/staged.py", "staged\nno newline at the end");
    env.git(&["add", "-A"]);
    env.write("src/both.py", "staged\nand then some\n");
    env.write("src/unstaged.py", "changed\n");
    env.git(&["rm", "-q", "--cached", "src/removed.py"]);
    std::fs::remove_file(env.path("src/deleted.py")).unwrap();
    std::fs::rename(env.path("src/renamed.py"), env.path("src/new_name.py")).unwrap();
    env.write("src/empty.py", "");
    set_mode(&env.path("mode.sh"), 0o755);
    env.write("binary.bin", [9, 0, 255]);
    std::fs::remove_file(env.path("file_to_folder")).unwrap();
    env.write("file_to_folder/inside/x", "y\n");
    std::fs::remove_dir_all(env.path("folder_to_file")).unwrap();
    env.write("folder_to_file", "z\n");
    std::fs::remove_file(env.path("file_to_link")).unwrap();
    link("nowhere/at/all", &env.path("file_to_link"));
    std::fs::remove_dir_all(env.path("folder_to_link")).unwrap();
    link("src", &env.path("folder_to_link"));
    std::fs::remove_file(env.path("link")).unwrap();
    link("src/both.py", &env.path("link"));
    std::fs::remove_file(env.path("link_to_file")).unwrap();
    env.write("link_to_file", "a file now\n");
    env.write("untracked/new.py", "new\n");
    env.write("intent.py", "to add\n");
    env.git(&["add", "-N", "intent.py"]);

    let done = freezing(&env).check();
    assert!(done.is_snapshot());
    let letters = done.letters();
    let letter = |path: &str| letters.iter().find(|(p, _)| p == path).map(|(_, l)| *l);
    for (path, expected) in [
        ("src/both.py", Some('M')),
        ("src/deleted.py", Some('D')),
        ("src/renamed.py", Some('D')),
        ("src/new_name.py", Some('?')),
        ("src/removed.py", None),
        ("file_to_link", Some('T')),
        ("folder_to_link/both.py", Some('D')),
        ("folder_to_link", Some('?')),
        ("intent.py", Some('A')),
        ("untracked/new.py", Some('?')),
        ("README.md", None),
    ] {
        assert_eq!(letter(path), expected, "{path}");
    }
    let changes = &done.frozen.changes;
    let both = changes
        .iter()
        .find(|c| c.path == "src/both.py".into())
        .unwrap();
    assert_eq!((both.added, both.removed), (Some(2), Some(2)));
    let binary = changes
        .iter()
        .find(|c| c.path == "binary.bin".into())
        .unwrap();
    assert_eq!(binary.added, None);
    let staged = format!("{}^2:index/src/both.py", done.kept.target);
    assert_eq!(env.git(&["show", &staged]), "staged\n");
}

#[test]
fn the_snapshot_is_kept_from_gc_and_its_id_can_be_reproduced() {
    let env = TestEnv::new();
    env.write("new.py", "new\n");
    let first = freezing(&env).check();
    env.git(&["update-ref", "-d", &format!("refs/exp/{}", super::uid(0))]);
    let again = freezing(&env).check_again(&first);
    assert_eq!(again, first.kept);
    env.git(&["gc", "-q", "--prune=now"]);
    env.git(&["fsck", "--strict"]);
    let message = env.git(&[
        "log",
        "-1",
        "--format=%an <%ae> %aI%n%B",
        first.kept.target.as_str(),
    ]);
    assert_eq!(
        message,
        format!(
            "git-exp <git-exp@localhost> 2025-10-10T14:02:11+03:00\n\
             exp_004: snapshot of uncommitted work\n\nExp-Uid: {}\n\n",
            super::uid(0)
        )
    );
    let copy = env.git(&["show", &format!("{}^2:run.json", first.kept.target)]);
    assert_eq!(copy, "{\"number\": 4}\n");
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_break_tools_come_back() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let env = TestEnv::new();
    let long = vec![b'n'; 255];
    let names: [&[u8]; 16] = [
        b"caf\xe9.py",
        b"new\nline",
        b"tab\there",
        b"quo\"te'",
        b"back\\slash",
        b":(glob)**",
        b"-n",
        b"--output=x",
        b" lead",
        b"trail ",
        b"star*?[a]",
        b"e\xcc\x81nfd",
        b"\xc3\xa9nfc",
        b"\xd1\x84\xd0\xb0\xd0\xb9\xd0\xbb",
        b"cr\rhere",
        &long,
    ];
    let write = |content: &str, folder: &str| {
        std::fs::create_dir_all(env.path(folder)).unwrap();
        for name in names {
            let path = env.path(folder).join(OsStr::from_bytes(name));
            std::fs::write(path, content).unwrap();
        }
    };
    write("tracked\n", "tracked");
    env.commit("names");
    write("changed\n", "tracked");
    write("new\n", "untracked");
    write("top\n", "");
    let done = freezing(&env).check();
    assert_eq!(done.frozen.changes.len(), 3 * names.len());
    let raw = done
        .frozen
        .changes
        .iter()
        .any(|c| c.path.as_bytes() == b"caf\xe9.py");
    assert!(raw, "names are bytes");
}

#[cfg(unix)]
#[test]
fn what_no_commit_can_hold_is_named() {
    let env = TestEnv::new();
    env.write(".gitignore", "*.log\nbuild/\n");
    env.write("src/a.py", "1\n");
    env.commit("a");
    let fifo = |path: &str| {
        let mut command = env.command("mkfifo");
        command.arg(env.path(path));
        env.ran(command).ok();
    };
    fifo("pipe");
    fifo("src/deep_pipe");
    fifo("ignored.log");
    std::fs::create_dir_all(env.path("untracked/a/b")).unwrap();
    fifo("untracked/pipe");
    let _socket = std::os::unix::net::UnixListener::bind(env.path("socket")).unwrap();
    std::fs::create_dir_all(env.path("empty/inside")).unwrap();
    std::fs::create_dir_all(env.path("src/logs")).unwrap();
    env.write("build/out.o", "x");
    std::fs::create_dir_all(env.path("build/empty")).unwrap();
    env.write("a.log", "x");
    let done = freezing(&env).absent(["build", "a.log"]).check();
    let expected = [
        ("empty/inside", "empty-directory"),
        ("pipe", "fifo"),
        ("socket", "socket"),
        ("src/deep_pipe", "fifo"),
        ("src/logs", "empty-directory"),
        ("untracked/a/b", "empty-directory"),
        ("untracked/pipe", "fifo"),
    ];
    let expected = expected.map(|(path, why)| (path.to_owned(), why.to_owned()));
    assert_eq!(done.left_out(), expected);
    assert!(
        !done.frozen.is_dirty(),
        "no file differs: {:?}",
        done.letters()
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_file_is_named() {
    let env = TestEnv::new();
    env.write("a.py", "1\n");
    env.commit("a");
    std::fs::remove_file(env.path("a.py")).unwrap();
    let mut command = env.command("mkfifo");
    command.arg(env.path("a.py"));
    env.ran(command).ok();
    let done = freezing(&env).check();
    assert_eq!(done.left_out(), [("a.py".to_owned(), "fifo".to_owned())]);
    assert_eq!(done.letters(), [("a.py".to_owned(), 'D')]);
}

#[test]
fn large_and_secret_files_are_named_and_not_kept() {
    let env = TestEnv::new();
    env.write("big.bin", vec![7; 5000]);
    env.write("small.bin", vec![7; 900]);
    env.write("sub/.env.local", "TOKEN=x\n");
    let done = freezing(&env)
        .limit(1000)
        .absent(["big.bin", "sub/.env.local"])
        .check();
    let [big, secret] = &done.frozen.left_out[..] else {
        panic!("{:?}", done.frozen.left_out);
    };
    assert_eq!(
        (big.path.clone(), big.bytes, big.why.as_str()),
        ("big.bin".into(), 5000, "size")
    );
    assert_eq!(big.sha256, Some(git_exp::model::Sha256::of(&[7; 5000])));
    assert_eq!(
        (secret.path.clone(), &secret.sha256),
        ("sub/.env.local".into(), &None)
    );
    assert_eq!(
        done.letters(),
        [
            ("big.bin", '?'),
            ("small.bin", '?'),
            ("sub/.env.local", '?')
        ]
        .map(|(p, l)| (p.to_owned(), l))
    );
    let everything = env.git(&["rev-list", "--objects", done.kept.target.as_str()]);
    assert!(!everything.contains("env.local") && !everything.contains("big.bin"));
}

#[test]
fn smaller_files_go_first_when_the_total_is_limited() {
    let env = TestEnv::new();
    for n in 0..9 {
        env.write(&format!("{n}.bin"), vec![n; 1000]);
    }
    env.write("z.py", "code\n");
    // The total is eight times the file's limit.
    let done = freezing(&env)
        .limit(1000)
        .absent(["7.bin", "8.bin"])
        .check();
    assert_eq!(done.left_out().len(), 2);
}

#[test]
fn a_conflict_keeps_what_is_on_disk() {
    let env = TestEnv::new();
    for name in ["both", "deleted_here", "deleted_there"] {
        env.write(name, "base\n");
    }
    env.commit("base");
    env.git(&["checkout", "-q", "-b", "other"]);
    env.write("both", "theirs\n");
    env.write("added", "theirs\n");
    env.write("deleted_here", "theirs\n");
    std::fs::remove_file(env.path("deleted_there")).unwrap();
    env.commit("theirs");
    env.git(&["checkout", "-q", "main"]);
    env.write("both", "ours\n");
    env.write("added", "ours\n");
    env.write("deleted_there", "ours\n");
    std::fs::remove_file(env.path("deleted_here")).unwrap();
    env.commit("ours");
    let mut merge = env.command("git");
    merge.args(["merge", "-q", "other"]);
    assert_eq!(env.ran(merge).code, 1);
    env.write("untracked", "x\n");
    let done = freezing(&env).check();
    assert_eq!(done.frozen.state.as_deref(), Some("merge"));
    let conflicts: Vec<_> = done
        .frozen
        .conflicts
        .iter()
        .map(|p| p.display().into_owned())
        .collect();
    assert_eq!(
        conflicts,
        ["added", "both", "deleted_here", "deleted_there"]
    );
}

#[test]
fn what_is_no_longer_tracked_and_ignored_is_not_kept() {
    let env = TestEnv::new();
    env.write("big.bin", "content\n");
    env.write("still here.txt", "content\n");
    env.commit("base");
    env.git(&["rm", "-q", "--cached", "big.bin", "still here.txt"]);
    env.write(".gitignore", "*.bin\n");
    let done = freezing(&env).absent(["big.bin"]).check();
    let letters = [(".gitignore", '?'), ("big.bin", 'D')];
    assert_eq!(
        done.letters(),
        letters.map(|(path, letter)| (path.to_owned(), letter))
    );
}

#[test]
fn a_folder_takes_the_place_of_a_file() {
    let env = TestEnv::new();
    env.write(".gitignore", "*.log\n");
    for name in ["a", "b", "c", "d", "kept"] {
        env.write(name, "base\n");
    }
    env.commit("base");
    env.git(&["rm", "-q", "a", "b", "c"]);
    std::fs::remove_file(env.path("d")).unwrap();
    env.write("kept", "edited\n");
    for empty in ["a", "d"] {
        std::fs::create_dir(env.path(empty)).unwrap();
    }
    env.write("b/x.log", "ignored\n");
    env.write("c/new.py", "1\n");
    let done = freezing(&env).absent(["b/x.log"]).check();
    let letters = ["aD", "bD", "cD", "c/new.py?", "dD", "keptM"];
    let told = done.letters().into_iter();
    assert_eq!(
        told.map(|(path, letter)| format!("{path}{letter}"))
            .collect::<Vec<_>>(),
        letters
    );
}

#[test]
fn a_folder_takes_the_place_of_a_file_in_conflict() {
    let env = TestEnv::new();
    env.write("a", "base\n");
    env.commit("base");
    env.git(&["checkout", "-q", "-b", "other"]);
    env.write("a", "theirs\n");
    env.commit("theirs");
    env.git(&["checkout", "-q", "main"]);
    env.write("a", "ours\n");
    env.commit("ours");
    let mut merge = env.command("git");
    merge.args(["merge", "-q", "other"]);
    assert_eq!(env.ran(merge).code, 1);
    std::fs::remove_file(env.path("a")).unwrap();
    std::fs::create_dir(env.path("a")).unwrap();
    let done = freezing(&env).check();
    assert_eq!(done.letters(), [("a".to_owned(), 'D')]);
    assert_eq!(done.frozen.conflicts, ["a".into()]);
}

#[test]
fn records_are_no_change_wherever_they_stand() {
    let env = TestEnv::new();
    env.write("experiments/exp.toml", "lang = \"en\"\n");
    env.write("experiments/old/run.json", "{}\n");
    env.write("a.py", "1\n");
    env.commit("a");
    env.write("experiments/exp.toml", "lang = \"ru\"\n");
    std::fs::remove_file(env.path("experiments/old/run.json")).unwrap();
    env.write("experiments/staged.md", "staged\n");
    env.git(&["add", "experiments"]);
    env.write("experiments/untracked.md", "x\n");
    assert!(!freezing(&env).check_records().frozen.is_dirty());

    env.write("a.py", "2\n");
    let done = freezing(&env).check_records();
    assert_eq!(done.letters(), [("a.py".to_owned(), 'M')]);
    let records = |tree: &str| env.git(&["rev-parse", &format!("{tree}:experiments")]);
    assert_eq!(records(done.frozen.tree.as_str()), records("HEAD"));
}

impl super::Freeze<'_> {
    /// Freezes once more and gives what was kept.
    fn check_again(self, first: &super::Done) -> git_exp::git::snapshot::Kept {
        self.freeze(&first.repo).1
    }

    /// Freezes where records differ, which the comparison of folders leaves out.
    fn check_records(self) -> super::Done {
        let repo = git_exp::git::Repo::discover(&self.top).unwrap();
        let before = self.fingerprint(&repo);
        let (frozen, kept) = self.freeze(&repo);
        assert_eq!(self.fingerprint(&repo), before);
        self.replay(&frozen);
        let target = self
            .env
            .home()
            .join(format!("restored-{}", kept.target.short()));
        let restored = git_exp::git::restore::export(&repo, &kept.target, &target).unwrap();
        assert!(restored.tree_verified);
        super::Done {
            repo,
            frozen,
            kept,
            restored,
            target,
        }
    }
}

/// As on Windows and on some mounts: git writes files in the places of links.
#[cfg(unix)]
#[test]
fn links_that_are_files_come_back_as_files() {
    let env = TestEnv::new();
    env.git(&["config", "core.symlinks", "false"]);
    env.write("target.py", "1\n");
    super::link("target.py", &env.path("link.py"));
    super::link("nowhere", &env.path("real.py"));
    env.commit("links");
    std::fs::remove_file(env.path("link.py")).unwrap();
    env.git(&["checkout", "-q", "--", "link.py"]);
    assert!(!env.path("link.py").is_symlink());
    std::fs::remove_file(env.path("real.py")).unwrap();
    env.git(&["checkout", "-q", "--", "real.py"]);
    let done = freezing(&env).check();
    assert!(!done.is_snapshot() && !done.frozen.is_dirty());
    // A real one among them, and one that leads elsewhere.
    std::fs::remove_file(env.path("real.py")).unwrap();
    super::link("nowhere", &env.path("real.py"));
    env.write("link.py", "other.py");
    let done = freezing(&env).check();
    assert_eq!(done.letters(), [("link.py".to_owned(), 'M')]);
    assert_eq!(done.restored.overlay_count, 1);
}
