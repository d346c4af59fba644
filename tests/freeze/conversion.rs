//! Bytes that git converts on the way in or out.

use super::freezing;
use crate::common::{TestEnv, has_lfs};

/// A repository whose settings are its own, so that the machine's do not matter.
fn converting(settings: &[(&str, &str)]) -> TestEnv {
    let env = TestEnv::new();
    env.git(&["config", "core.autocrlf", "false"]);
    for (name, value) in settings {
        env.git(&["config", name, value]);
    }
    env
}

fn overlay(done: &super::Done) -> Vec<String> {
    let paths = done.frozen.overlay.iter();
    paths.map(|path| path.display().into_owned()).collect()
}

#[test]
fn line_ends_under_autocrlf_come_back_and_only_odd_ones_need_room() {
    let env = converting(&[("core.autocrlf", "true"), ("core.safecrlf", "true")]);
    env.write("crlf.txt", "a\r\nb\r\n");
    env.write("plain.bin", [0, 13, 10, 10]);
    let add = |args: &[&str]| {
        let all = [&["-c", "core.safecrlf=false"], args].concat();
        env.git(&all)
    };
    add(&["add", "-A"]);
    add(&["commit", "-q", "-m", "a"]);
    let done = freezing(&env).check();
    assert_eq!(
        overlay(&done),
        ["README.md"],
        "written with LF by the harness"
    );

    env.write("README.md", "# a project\r\n");
    add(&["add", "README.md"]);
    let done = freezing(&env).check();
    assert!(!done.is_snapshot(), "git gives CRLF back by itself");

    env.write("mixed.txt", "a\r\nb\nc\r\n");
    env.write("lf.txt", "a\nb\n");
    env.write("crlf.txt", "a\r\nb\r\nc\r\n");
    let done = freezing(&env).check();
    assert_eq!(overlay(&done), ["lf.txt", "mixed.txt"]);
    let stored = env.git(&["show", &format!("{}:crlf.txt", done.frozen.tree)]);
    assert_eq!(stored, "a\nb\nc\n", "as git would have committed it");
}

#[test]
fn attributes_that_change_bytes_are_followed_back() {
    let env = converting(&[]);
    env.write(
        ".gitattributes",
        "*.txt text=auto\n*.bat text eol=crlf\n*.py ident\n*.utf text working-tree-encoding=UTF-16LE\n",
    );
    env.write("lf.txt", "a\nb\n");
    env.write("right.bat", "echo\r\nend\r\n");
    env.write("id.py", "# $Id$\nx = 1\n");
    env.commit("base");
    std::fs::remove_file(env.path("id.py")).unwrap();
    env.git(&["checkout", "-q", "id.py"]);
    let done = freezing(&env).check();
    assert!(!done.is_snapshot(), "{:?}", overlay(&done));

    env.write("crlf.txt", "a\r\nb\r\n");
    env.write("wrong.bat", "echo\nend\n");
    env.write("id.py", "# $Id: stale $\nx = 2\n");
    let utf16: Vec<u8> = "привет\nмир\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    env.write("text.utf", &utf16);
    let done = freezing(&env).check();
    assert_eq!(
        overlay(&done),
        ["crlf.txt", "id.py", "text.utf", "wrong.bat"]
    );
    assert_eq!(
        done.restored.overlay_count, 4,
        "right.bat too, and wrong.bat is its blob"
    );
    let stored = env.git(&["show", &format!("{}:text.utf", done.frozen.tree)]);
    assert_eq!(stored, "привет\nмир\n");
}

#[test]
fn a_file_in_another_encoding_than_declared_is_kept_as_it_is() {
    let env = converting(&[]);
    env.write(
        ".gitattributes",
        "*.utf working-tree-encoding=UTF-16LE-BOM\n",
    );
    env.write("text.utf", "not what is declared\n");
    let done = freezing(&env).check();
    let stored = env.git(&["show", &format!("{}:text.utf", done.frozen.tree)]);
    assert_eq!(stored, "not what is declared\n");
    let [warning] = &done.frozen.warnings[..] else {
        panic!("{:?}", done.frozen.warnings)
    };
    assert!(
        warning.starts_with("text.utf is kept as it is on disk") && warning.contains("UTF-16LE"),
        "{warning}"
    );
}

#[test]
fn an_expanded_id_is_given_back_where_git_would() {
    let env = converting(&[]);
    env.write(".gitattributes", "*.py ident\n");
    env.write("id.py", "# $Id$\nx = 1\n");
    env.commit("base");
    std::fs::remove_file(env.path("id.py")).unwrap();
    env.git(&["checkout", "-q", "id.py"]);
    assert!(env.read("id.py").contains("$Id: "));
    assert!(!freezing(&env).check().is_snapshot());
    env.write("other.py", "new\n");
    let done = freezing(&env).check();
    assert_eq!(
        overlay(&done),
        [""; 0],
        "kept raw, but git could give it back"
    );
}

#[test]
fn attributes_outside_the_tree_count_too() {
    let env = converting(&[]);
    std::fs::create_dir_all(env.path(".git/info")).unwrap();
    std::fs::write(env.path(".git/info/attributes"), "*.txt text\n").unwrap();
    env.write("crlf.txt", "a\r\nb\r\n");
    env.commit("base");
    let done = freezing(&env).check();
    assert_eq!(overlay(&done), ["crlf.txt"]);
    assert!(
        !done.frozen.is_dirty(),
        "git sees no change, and yet the bytes are others"
    );
}

#[cfg(unix)]
#[test]
fn filters_run_and_their_input_comes_back() {
    let env = converting(&[
        ("filter.upper.clean", "tr a-z A-Z"),
        ("filter.upper.smudge", "cat"),
    ]);
    env.write(
        ".gitattributes",
        "*.up filter=upper\n*.nb filter=nbstripout\n",
    );
    env.write("a.up", "text\n");
    env.commit("base");
    let done = freezing(&env).check();
    assert_eq!(overlay(&done), ["a.up"]);
    assert_eq!(env.git(&["show", "HEAD:a.up"]), "TEXT\n");
    env.write("b.up", "new\n");
    let done = freezing(&env).check();
    let show = |path: &str| env.git(&["show", &format!("{}:{path}", done.frozen.tree)]);
    assert_eq!(show("b.up"), "NEW\n", "what git would have committed");
    assert_eq!(overlay(&done), ["a.up", "b.up"]);
}

#[cfg(unix)]
#[test]
fn filters_that_must_not_run_do_not() {
    let env = converting(&[]);
    env.write(".gitattributes", "*.up filter=up=per\n");
    env.commit("base");
    let canary = env.home().join("canary");
    let command = format!("touch {}; cat", canary.display());
    for key in ["clean", "smudge", "process"] {
        env.git(&["config", &format!("filter.up=per.{key}"), &command]);
    }
    env.git(&["config", "filter.up=per.required", "true"]);
    env.write("a.up", "text\n");
    freezing(&env).without_filters().check_raw("a.up", "text\n");
    assert!(!canary.exists());
}

#[cfg(unix)]
#[test]
fn a_filter_that_fails_stops_nothing() {
    let env = converting(&[]);
    for n in 0..5 {
        env.write(&format!("{n}.py"), "1\n");
    }
    env.write("a.bad", "before\n");
    env.write(".gitattributes", "*.bad filter=bad\n");
    env.commit("base");
    env.git(&["config", "filter.bad.clean", "false"]);
    env.git(&["config", "filter.bad.required", "true"]);
    for n in 0..5 {
        env.write(&format!("{n}.py"), "2\n");
    }
    env.write("a.bad", "after\n");
    env.write("new.bad", "new\n");
    let done = freezing(&env).check();
    assert_eq!(done.frozen.changes.len(), 7);
    let warnings = &done.frozen.warnings;
    assert!(
        warnings.len() == 2 && warnings[0].contains("a.bad"),
        "{warnings:?}"
    );
}

/// git looks at no file again because its attributes changed, so what they converted stays as it is.
#[test]
fn files_that_attributes_converted_come_back_when_those_change() {
    let lines = b"one\r\ntwo\r\n".to_vec();
    let utf16: Vec<u8> = "\u{feff}one\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (attributes, content) in [
        ("*.txt text eol=crlf\n", lines),
        ("*.txt working-tree-encoding=UTF-16LE-BOM\n", utf16),
    ] {
        for change in ["deleted", "unstaged", "edited", "staged"] {
            let env = converting(&[]);
            env.write(".gitattributes", attributes);
            env.write("a.txt", &content);
            // A file as young as the index would be read again.
            let long_ago = filetime::FileTime::from_unix_time(1_700_000_000, 0);
            filetime::set_file_mtime(env.path("a.txt"), long_ago).unwrap();
            env.commit("base");
            match change {
                "deleted" => std::fs::remove_file(env.path(".gitattributes")).unwrap(),
                "unstaged" => drop(env.git(&["rm", "-q", ".gitattributes"])),
                _ => env.write(".gitattributes", "*.other text\n"),
            }
            if change == "staged" {
                env.git(&["add", ".gitattributes"]);
            }
            let done = freezing(&env).check();
            let letter = if done.letters()[0].1 == 'D' { 'D' } else { 'M' };
            assert_eq!(done.letters(), [(".gitattributes".to_owned(), letter)]);
        }
    }
}

/// git goes by attributes on disk even where it ignores the file that has them, and no commit has it.
#[test]
fn attributes_that_git_ignores_count_too() {
    let cases: [(&str, &str, &[&str]); 3] = [
        // As git checks it out here, and nowhere else.
        ("*.txt text eol=crlf\n", "one\r\ntwo\r\n", &["a.txt"]),
        ("*.txt text\n", "one\r\ntwo\n", &["a.txt"]),
        // What the tree's own attributes would convert.
        ("*.txt -text\n", "one\ntwo\n", &[]),
    ];
    for (attributes, content, needed) in cases {
        for folder in ["in/", "out/"] {
            let env = converting(&[]);
            env.write(".gitignore", "in/.gitattributes\n/out/\n");
            env.write(".gitattributes", "*.txt eol=crlf\n*.rest text\n");
            let (rules, path) = (format!("{folder}.gitattributes"), format!("{folder}a.txt"));
            env.write(&rules, attributes);
            env.write(&path, content);
            env.git(&["add", "-f", ".gitignore", ".gitattributes", &path]);
            env.git(&["commit", "-q", "-m", "base"]);
            assert_eq!(env.git(&["status", "--porcelain"]), "");
            let done = freezing(&env).absent([rules.as_str()]).check();
            assert!(
                !done.frozen.is_dirty() && done.is_snapshot(),
                "{attributes}"
            );
            let needed = needed.iter().map(|name| format!("{folder}{name}"));
            assert_eq!(overlay(&done), needed.collect::<Vec<_>>(), "{attributes}");
            env.write("new.py", "1\n");
            freezing(&env).absent([rules.as_str()]).check();
        }
    }
}

#[cfg(unix)]
#[test]
fn what_a_filter_strips_on_purpose_stays_stripped() {
    let env = converting(&[("filter.nbstripout.clean", "sed s/output//")]);
    env.write(".gitattributes", "*.ipynb filter=nbstripout\n");
    env.write("a.ipynb", "cell output\n");
    env.commit("base");
    let repo = git_exp::git::Repo::discover(env.repo()).unwrap();
    let frozen = freezing(&env).freeze(&repo).0;
    assert!(!frozen.is_dirty() && frozen.overlay.is_empty());
    assert!(
        frozen.warnings[0].contains("nbstripout"),
        "{:?}",
        frozen.warnings
    );
}

#[test]
fn lfs_content_is_kept_from_prune_and_comes_back() {
    let env = TestEnv::new();
    if !has_lfs(&env) {
        return;
    }
    env.git(&["lfs", "install", "--local"]);
    env.git(&["lfs", "track", "*.bin"]);
    env.write("committed.bin", vec![1; 3000]);
    env.write("changed.bin", vec![2; 3000]);
    env.commit("lfs");
    // Touched, not changed: libgit2 would call it modified.
    env.write("committed.bin", vec![1; 3000]);
    assert!(!freezing(&env).check().is_snapshot());

    env.write("changed.bin", vec![3; 4000]);
    env.write("new.bin", vec![4; 5000]);
    let done = freezing(&env).check();
    assert_eq!(done.letters().len(), 2);
    let pointer = env.git(&["show", &format!("{}:new.bin", done.frozen.tree)]);
    assert!(pointer.starts_with("version https://git-lfs"));
    let kept = std::fs::read_dir(env.path(".git/exp/lfs")).unwrap().count();
    assert_eq!(kept, 2);
    assert!(overlay(&done).is_empty());

    // What prune would delete is still there for a restore.
    std::fs::remove_dir_all(env.path(".git/lfs/objects")).unwrap();
    let target = env.home().join("after-prune");
    let again = git_exp::git::restore::export(&done.repo, &done.kept.target, &target).unwrap();
    assert_eq!(
        std::fs::read(target.join("new.bin")).unwrap(),
        vec![4; 5000]
    );
    assert_eq!(again.missing, ["committed.bin".into()]);
    assert!(again.tree_verified);
}

#[test]
fn a_pointer_that_nobody_fetched_stays_a_pointer() {
    let env = TestEnv::new();
    if !has_lfs(&env) {
        return;
    }
    env.git(&["lfs", "install", "--local"]);
    env.git(&["lfs", "track", "*.bin"]);
    env.write("a.bin", vec![1; 3000]);
    env.commit("lfs");
    let pointer = env.git(&["show", "HEAD:a.bin"]);
    env.write("a.bin", &pointer);
    env.write("new.py", "1\n");
    let done = freezing(&env).check();
    assert_eq!(done.letters(), [("new.py".to_owned(), '?')]);
}

impl super::Freeze<'_> {
    fn check_raw(self, path: &str, content: &str) -> super::Done {
        let env = self.env;
        let done = self.check();
        let stored = env.git(&["show", &format!("{}:{path}", done.frozen.tree)]);
        assert_eq!(stored, content);
        done
    }
}
