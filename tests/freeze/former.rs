//! Files that are on disk as rules made them that hold no more: git looks at none of them again.

use super::freezing;
use crate::common::{TestEnv, can, has_lfs};

/// A repository whose settings are its own, and not of this machine.
fn repository(settings: &[(&str, &str)]) -> TestEnv {
    let env = TestEnv::new();
    env.git(&["config", "core.autocrlf", "false"]);
    for (name, value) in settings {
        env.git(&["config", name, value]);
    }
    env
}

/// Commits everything as it is, and lets time pass: git reads files again that are as young as its index.
fn commit_and_rest(env: &TestEnv) {
    env.commit("base");
    let long_ago = filetime::FileTime::from_unix_time(1_700_000_000, 0);
    for path in env.git(&["ls-files", "-z"]).split_terminator('\0') {
        filetime::set_symlink_file_times(env.path(path), long_ago, long_ago).unwrap();
    }
    env.git(&["update-index", "-q", "--refresh"]);
}

/// Freezes twice, the second time with what is remembered: git sees no change, and all comes back.
#[track_caller]
fn check(env: &TestEnv, name: &str) -> super::Done {
    assert_eq!(env.git(&["status", "--porcelain"]), "", "{name}");
    let first = freezing(env).check();
    let second = freezing(env).check();
    assert_eq!(first.frozen.overlay, second.frozen.overlay, "{name}");
    assert!(!second.frozen.is_dirty(), "{name}");
    second
}

fn overlay(done: &super::Done) -> Vec<String> {
    let paths = done.frozen.overlay.iter();
    paths.map(|path| path.display().into_owned()).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16();
    units.flat_map(u16::to_le_bytes).collect()
}

#[test]
fn what_rules_made_that_are_gone_comes_back() {
    let unset = |env: &TestEnv, name: &str| drop(env.git(&["config", "--unset-all", name]));
    let attributes = |env: &TestEnv, text: &str| {
        match text {
            "" => drop(env.git(&["rm", "-q", ".gitattributes"])),
            text => env.write(".gitattributes", text),
        }
        env.git(&["commit", "-q", "-a", "-m", "rules"]);
    };
    type Setting = (&'static str, &'static str);
    type Case<'c> = (
        &'c str,
        &'c [Setting],
        &'c str,
        Vec<u8>,
        &'c dyn Fn(&TestEnv),
    );
    let auto = ("core.autocrlf", "true");
    let lines = b"one\r\ntwo\r\n".to_vec();
    let expanded = b"$Id: 123 $\none\n".to_vec();
    let grow = ("filter.grow.clean", "sed s/^/+/");
    let cases: [Case<'_>; 12] = [
        ("true", &[auto], "", lines.clone(), &|env| {
            drop(env.git(&["config", "core.autocrlf", "false"]))
        }),
        ("input", &[auto], "", lines.clone(), &|env| {
            drop(env.git(&["config", "core.autocrlf", "input"]))
        }),
        ("version 4", &[auto], "", lines.clone(), &|env| {
            unset(env, "core.autocrlf");
            env.git(&["update-index", "--index-version", "4"]);
        }),
        ("split", &[auto], "", lines.clone(), &|env| {
            unset(env, "core.autocrlf");
            env.git(&["update-index", "--split-index"]);
        }),
        ("crlf", &[], "*.txt eol=crlf\n", lines.clone(), &|env| {
            attributes(env, "")
        }),
        ("lf", &[], "*.txt eol=crlf\n", lines.clone(), &|env| {
            attributes(env, "*.txt text eol=lf\n")
        }),
        (
            "core.eol",
            &[("core.eol", "crlf")],
            "*.txt text\n",
            lines,
            &|env| unset(env, "core.eol"),
        ),
        (
            "encoding",
            &[],
            "*.txt working-tree-encoding=UTF-16LE\n",
            utf16("one\n"),
            &|env| attributes(env, "*.txt -diff\n"),
        ),
        (
            "another encoding",
            &[],
            "*.txt working-tree-encoding=UTF-16LE\n",
            utf16("one\n"),
            &|env| attributes(env, "*.txt working-tree-encoding=UTF-16BE\n"),
        ),
        ("ident", &[], "*.txt ident\n", expanded, &|env| {
            attributes(env, "")
        }),
        (
            "filter",
            &[grow],
            "*.txt filter=grow\n",
            b"one\n".to_vec(),
            &|env| unset(env, grow.0),
        ),
        (
            "another filter",
            &[grow],
            "*.txt filter=grow\n",
            b"one\n".to_vec(),
            &|env| {
                env.git(&["config", "filter.other.clean", "cat"]);
                attributes(env, "*.txt filter=other\n");
            },
        ),
    ];
    for (name, settings, rules, content, change) in cases {
        let env = repository(settings);
        if !rules.is_empty() {
            env.write(".gitattributes", rules);
        }
        env.write("a.txt", content);
        // Sound under the old rule and the new one.
        env.write("deep/b.bin", [0, 13, 10, 255]);
        commit_and_rest(&env);
        change(&env);
        let done = check(&env, name);
        assert_eq!(overlay(&done), ["a.txt"], "{name}");
    }
}

#[test]
fn lf_comes_back_where_git_would_write_crlf_by_now() {
    let env = repository(&[]);
    env.write("lf.txt", "one\ntwo\n");
    env.write("crlf.txt", "one\r\ntwo\r\n");
    env.write("mixed.txt", "one\r\ntwo\n");
    env.write("none.txt", "one");
    commit_and_rest(&env);
    assert!(!check(&env, "false").is_snapshot());
    env.git(&["config", "core.autocrlf", "true"]);
    let done = check(&env, "true");
    // What has a CR in it git leaves alone.
    assert_eq!(overlay(&done), ["README.md", "lf.txt"]);
    assert_eq!(done.restored.overlay_count, 0, "all are their blobs");
}

#[test]
fn a_working_tree_without_rules_needs_nothing() {
    for options in [&[][..], &["--object-format=sha256"][..]] {
        let env = TestEnv::empty();
        env.git(&[&["init", "-q", "-b", "main"], options].concat());
        env.git(&["config", "core.autocrlf", "false"]);
        env.write("crlf.txt", "one\r\ntwo\r\n");
        env.write("empty", "");
        commit_and_rest(&env);
        let count = || env.git(&["count-objects", "-v"]);
        let before = count();
        assert!(!check(&env, "clean").is_snapshot());
        assert_eq!(count(), before);
    }
}

#[test]
fn a_sha256_repository_has_former_rules_too() {
    let env = TestEnv::empty();
    env.git(&["init", "-q", "-b", "main", "--object-format=sha256"]);
    env.git(&["config", "core.autocrlf", "true"]);
    env.write("a.txt", "one\r\ntwo\r\n");
    commit_and_rest(&env);
    env.git(&["config", "core.autocrlf", "false"]);
    assert_eq!(overlay(&check(&env, "sha256")), ["a.txt"]);
}

#[test]
fn lfs_content_comes_back_when_git_lfs_is_gone() {
    let unset: fn(&TestEnv) = |env| {
        for name in ["clean", "smudge", "process", "required"] {
            env.git(&["config", "--unset-all", &format!("filter.lfs.{name}")]);
        }
    };
    let untrack: fn(&TestEnv) = |env| {
        env.git(&["lfs", "untrack", "*.bin"]);
        env.git(&["commit", "-q", "-a", "-m", "untrack"]);
    };
    for (change, is_named, is_pruned) in [
        (unset, true, false),
        (untrack, false, false),
        (unset, true, true),
    ] {
        let env = TestEnv::new();
        if !has_lfs(&env) {
            return;
        }
        env.git(&["lfs", "install", "--local"]);
        env.git(&["lfs", "track", "*.bin"]);
        env.write("a.bin", vec![1; 300]);
        commit_and_rest(&env);
        change(&env);
        if is_pruned && can(&env, &["config", "--system", "filter.lfs.clean"]) {
            // Then it is not gone after all.
            continue;
        }
        if is_pruned {
            std::fs::remove_dir_all(env.path(".git/lfs/objects")).unwrap();
        }
        let name = format!("named {is_named}, pruned {is_pruned}");
        let done = check(&env, &name);
        // Where Git LFS has the content, nothing is written; and by its name alone it is found again.
        assert_eq!(done.is_snapshot(), !is_named || is_pruned, "{name}");
        let listed = env.git(&["cat-file", "--batch-check", "--batch-all-objects"]);
        assert_eq!(listed.contains(" blob 300\n"), is_pruned);
    }
}

/// Their content on disk is what nobody else shall have.
#[cfg(unix)]
#[test]
fn a_secret_that_a_filter_hid_is_not_kept() {
    let header = r"printf '\000GITCRYPT\000123456789012'; tr a-z b-za";
    for is_named in [true, false] {
        let env = repository(&[("filter.git-crypt.clean", header)]);
        env.write(".gitattributes", "*.key filter=git-crypt\n");
        env.write("a.key", "secret\n");
        commit_and_rest(&env);
        env.git(&["config", "--unset-all", "filter.git-crypt.clean"]);
        if !is_named {
            env.git(&["rm", "-q", ".gitattributes"]);
            env.git(&["commit", "-q", "-m", "rules"]);
        }
        assert_eq!(env.git(&["status", "--porcelain"]), "");
        let repo = git_exp::git::Repo::discover(env.repo()).unwrap();
        let frozen = freezing(&env).freeze(&repo).0;
        assert!(frozen.overlay.is_empty(), "{:?}", frozen.overlay);
        let [warning] = &frozen.warnings[..] else {
            panic!("{:?}", frozen.warnings)
        };
        assert!(warning.contains("git-crypt"), "{warning}");
        let id = git_exp::git::ObjectFormat::Sha1.id("blob", b"secret\n");
        let listed = env.git(&["cat-file", "--batch-check", "--batch-all-objects"]);
        assert!(!listed.contains(id.as_str()));
    }
}

#[cfg(unix)]
#[test]
fn links_come_back_where_git_would_make_files_by_now() {
    let env = repository(&[]);
    super::link("README.md", &env.path("link"));
    commit_and_rest(&env);
    env.git(&["config", "core.symlinks", "false"]);
    assert_eq!(overlay(&check(&env, "links")), ["link"]);
}
