//! `git exp restore`: exact, proven, and never over anything.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::TestEnv;

/// A run from a dirty tree: an edit, an untracked file, a staged file edited again, a mode, a link.
fn dirty() -> TestEnv {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.write("old.py", "gone\n");
    env.write("conf/base.yaml", "lr: 1\n");
    env.commit("code");
    env.write("train.py", "print(2)\n");
    env.write("new file.py", "untracked\n");
    env.write("staged.py", "staged\n");
    env.git(&["add", "staged.py"]);
    env.write("staged.py", "staged, then edited\n");
    env.write("raw.bin", [0u8, 159, 146, 150, 13, 10]);
    std::fs::remove_file(env.path("old.py")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(env.path("train.py"), std::fs::Permissions::from_mode(0o755))
            .unwrap();
        std::os::unix::fs::symlink("train.py", env.path("link.py")).unwrap();
    }
    env.exp(&["start", "--config", "conf/base.yaml"]).ok();
    env
}

/// Every file below a folder but git's own and the records: its kind, mode and bytes.
pub fn files(root: &Path) -> BTreeMap<String, (String, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if name == ".git" || name == "experiments" {
                continue;
            }
            let kind = path.symlink_metadata().unwrap();
            if kind.is_symlink() {
                let target = std::fs::read_link(&path).unwrap();
                let bytes = target.to_str().unwrap().as_bytes().to_vec();
                found.insert(name, ("link".into(), bytes));
            } else if kind.is_dir() {
                open.push(path);
            } else {
                let mode = executable(&kind);
                found.insert(name, (mode, std::fs::read(&path).unwrap()));
            }
        }
    }
    found
}

#[cfg(unix)]
fn executable(found: &std::fs::Metadata) -> String {
    use std::os::unix::fs::PermissionsExt;
    format!("{}", found.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn executable(_: &std::fs::Metadata) -> String {
    String::new()
}

#[test]
fn a_dirty_run_comes_back_byte_for_byte_and_it_is_said() {
    let env = dirty();
    let before = files(env.repo());
    env.write("train.py", "edited later\n");
    let out = env.exp(&["restore", "1", "../back"]).ok();
    assert!(out.contains("+ uncommitted work as it was"), "{out}");
    assert!(out.contains("verified against the record"), "{out}");
    assert_eq!(files(&env.home().join("back")), before);
    assert_eq!(
        env.read("train.py"),
        "edited later\n",
        "edits are left alone"
    );

    let error = env.exp(&["restore", "1", "../back"]).error();
    assert!(error.contains("not an empty folder"), "{error}");
    let default = env.home().join("repo-exp_001_baseline");
    env.exp(&["restore", "1"]).ok();
    assert_eq!(files(&default), before);
}

#[test]
fn a_worktree_stands_as_the_working_tree_stood() {
    let env = dirty();
    let before = files(env.repo());
    let strip = |text: String| -> String {
        text.lines()
            .filter(|line| !line.contains("experiments"))
            .map(|line| format!("{line}\n"))
            .collect()
    };
    let status = strip(env.git(&["status", "--porcelain"]));
    let index = env.git(&["ls-files", "-s"]);
    env.exp(&["restore", "1", "--worktree", "../linked"]).ok();
    let linked = env.home().join("linked");
    assert_eq!(files(&linked), before);
    let mut git = env.command("git");
    git.current_dir(&linked).args(["status", "--porcelain"]);
    assert_eq!(env.ran(git).ok(), status);
    assert_eq!(
        env.git(&["ls-files", "-s"]),
        index,
        "our own index is untouched"
    );
    let error = env
        .exp(&["restore", "1", "--worktree", "../linked"])
        .error();
    assert!(error.contains("not an empty folder"), "{error}");
    assert_eq!(env.git(&["worktree", "list"]).lines().count(), 2);
}

#[test]
fn a_branch_holds_the_code_with_the_uncommitted_work_as_one_commit() {
    let env = dirty();
    let tree = env.json("experiments/runs/exp_001_baseline/run.json")["code"]["tree"].clone();
    let head = env.git(&["rev-parse", "HEAD"]);
    env.exp(&["restore", "1", "--branch", "old"]).ok();
    assert_eq!(env.git(&["rev-parse", "old^{tree}"]).trim(), tree);
    assert_eq!(env.git(&["rev-parse", "old^"]), head);
    assert_eq!(
        env.git(&["rev-list", "--parents", "-1", "old"])
            .split(' ')
            .count(),
        2
    );
    assert_eq!(env.git(&["rev-parse", "HEAD"]), head);
    let trailer = env.git(&[
        "log",
        "-1",
        "--format=%(trailers:key=Exp-Run,valueonly)",
        "old",
    ]);
    assert_eq!(trailer.trim(), "exp_001_baseline");
    let error = env.exp(&["restore", "1", "--branch", "old"]).error();
    assert_eq!(
        error,
        "error: a branch `old` already exists\nhint: name another: --branch old-2\n"
    );
    for bad in ["my idea", "-x", "a..b"] {
        let flag = format!("--branch={bad}");
        let error = env.exp(&["restore", "1", &flag]).error();
        let named = format!("error: `{bad}` can't be the name of a branch\n");
        assert!(error.starts_with(&named), "{error}");
        assert!(
            error.ends_with("name another: --branch exp_001_baseline\n"),
            "{error}"
        );
    }
    env.exp(&["restore", "1", "--branch", "both", "--worktree", "../both"])
        .ok();
    let mut git = env.command("git");
    git.current_dir(env.home().join("both"))
        .args(["status", "--porcelain", "--branch"]);
    assert_eq!(env.ran(git).ok(), "## both\n");
}

#[test]
fn without_its_ref_a_run_comes_from_commit_and_patch() {
    let env = dirty();
    let before = files(env.repo());
    let uid = env.json("experiments/runs/exp_001_baseline/run.json")["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    env.git(&["update-ref", "-d", &format!("refs/exp/{uid}")]);
    env.git(&["reflog", "expire", "--expire=now", "--all"]);
    env.git(&["gc", "-q", "--prune=now"]);
    let ran = env.exp(&["restore", "1", "../back"]);
    assert!(
        ran.stderr.contains("from the commit and the patch"),
        "{}",
        ran.stderr
    );
    let out = ran.ok();
    assert!(out.contains("+ its patch"), "{out}");
    assert!(out.contains("verified against the record"), "{out}");
    assert_eq!(files(&env.home().join("back")), before);

    let patch = env.read("experiments/runs/exp_001_baseline/dirty.patch");
    let path = "experiments/runs/exp_001_baseline/dirty.patch";
    env.write(path, patch.replace("print(2)", "print(3)"));
    let error = env.exp(&["restore", "1", "../other"]).error();
    assert!(error.contains("was changed"), "{error}");
    assert!(!env.home().join("other").exists());
}

#[test]
fn before_the_first_commit_the_patch_alone_gives_a_run_back() {
    let env = TestEnv::new();
    env.git(&["checkout", "-q", "--orphan", "fresh"]);
    env.write("train.py", "print(1)\n");
    env.write("raw.bin", [0u8, 159, 146, 150, 13, 10]);
    env.exp(&["start"]).ok();
    let before = files(env.repo());
    let run = env.json("experiments/runs/exp_001_baseline/run.json");
    assert!(run["code"]["commit"].is_null(), "{run}");
    let uid = run["uid"].as_str().unwrap();
    env.git(&["update-ref", "-d", &format!("refs/exp/{uid}")]);
    env.git(&["reflog", "expire", "--expire=now", "--all"]);
    env.git(&["gc", "-q", "--prune=now"]);
    let doctor = env.exp(&["doctor"]).stdout;
    assert!(doctor.contains("git exp restore exp_001"), "{doctor}");
    let out = env.exp(&["restore", "1", "../back"]).ok();
    assert!(out.contains("at no commit + its patch"), "{out}");
    assert!(out.contains("verified against the record"), "{out}");
    assert_eq!(files(&env.home().join("back")), before);
    env.exp(&["restore", "1", "--branch", "old"]).ok();
    assert_eq!(env.git(&["show", "old:train.py"]), "print(1)\n");

    std::fs::remove_file(env.path("experiments/runs/exp_001_baseline/dirty.patch")).unwrap();
    let error = env.exp(&["restore", "1", "../other"]).error();
    assert!(error.contains("dirty.patch"), "{error}");
}

#[test]
fn a_commit_that_is_not_here_is_an_error_that_says_how_to_get_it() {
    let env = TestEnv::new();
    env.exp(&["start"]).ok();
    let path = "experiments/runs/exp_001_baseline/run.json";
    let head = env.git(&["rev-parse", "HEAD"]);
    let text = env.read(path).replace(head.trim(), &"1".repeat(40));
    env.write(path, text);
    let uid = env.json(path)["uid"].as_str().unwrap().to_owned();
    env.git(&["update-ref", "-d", &format!("refs/exp/{uid}")]);
    let error = env.exp(&["restore", "1", "../back"]).error();
    assert!(error.contains("git exp pull"), "{error}");
    assert!(!env.home().join("back").exists());
}

#[test]
fn configuration_alone_never_goes_over_edits() {
    let env = dirty();
    env.write("conf/base.yaml", "lr: 2\n");
    let error = env.exp(&["restore", "1", "--config-only"]).error();
    assert!(error.contains("not committed"), "{error}");
    assert_eq!(env.read("conf/base.yaml"), "lr: 2\n");
    env.exp(&["restore", "1", "../conf", "--config-only"]).ok();
    let copy = env.home().join("conf/conf/base.yaml");
    assert_eq!(std::fs::read_to_string(copy).unwrap(), "lr: 1\n");
    env.commit("another rate");
    let out = env.exp(&["restore", "1", "--config-only"]).ok();
    assert!(out.contains("conf/base.yaml  written, hash ok"), "{out}");
    assert_eq!(env.read("conf/base.yaml"), "lr: 1\n");
}

#[test]
fn data_is_verified_by_hash_and_copied_when_asked() {
    let env = TestEnv::new();
    env.write(".gitignore", "data/\n");
    env.write("small.csv", "a\n1\n");
    env.commit("code");
    env.write("data/train.csv", "a,b\n1,2\n");
    env.write("data/images/1.txt", "one");
    env.write("data/images/sub/2.txt", "two");
    let data = [
        "train=data/train.csv",
        "images=data/images",
        "test=small.csv",
    ];
    let mut args = vec!["start"];
    for input in &data {
        args.extend(["--data", input]);
    }
    env.exp(&args).ok();
    let out = env.exp(&["restore", "1", "../bare"]).ok();
    assert!(out.contains("test small.csv: present, hash ok"), "{out}");
    assert!(
        out.contains("train data/train.csv: not in the snapshot; this working tree has it"),
        "{out}"
    );
    assert!(!env.home().join("bare/data").exists());

    let out = env.exp(&["restore", "1", "../full", "--data"]).ok();
    assert!(
        out.contains("images data/images: copied from this working tree, hash ok"),
        "{out}"
    );
    let copy = std::fs::read_to_string(env.home().join("full/data/images/sub/2.txt"));
    assert_eq!(copy.unwrap(), "two");

    env.write("data/train.csv", "a,b\n1,3\n");
    let out = env.exp(&["restore", "1", "../late", "--data"]).ok();
    assert!(
        out.contains("train data/train.csv: not on this machine"),
        "{out}"
    );
    assert!(!env.home().join("late/data/train.csv").exists());

    // Under another name, as long as a run read it there; and in another working tree.
    env.write("data/train_v1.csv", "a,b\n1,2\n");
    let later = ["start", "later", "--data", "train=data/train_v1.csv"];
    env.exp(&later).ok();
    let out = env.exp(&["restore", "1", "../named", "--data"]).ok();
    let line = "train data/train.csv: copied from data/train_v1.csv, hash ok";
    assert!(out.contains(line), "{out}");
    std::fs::remove_file(env.path("data/train_v1.csv")).unwrap();
    env.git(&["worktree", "add", "-q", "../linked"]);
    env.write("../linked/data/train.csv", "a,b\n1,2\n");
    let out = env.exp(&["restore", "1", "../across", "--data"]).ok();
    assert!(out.contains("linked/data/train.csv, hash ok"), "{out}");
    let copy = std::fs::read_to_string(env.home().join("across/data/train.csv"));
    assert_eq!(copy.unwrap(), "a,b\n1,2\n");
}

#[test]
fn the_answer_is_machine_readable() {
    let env = dirty();
    let out = env.exp(&["restore", "1", "../back", "--json"]).ok();
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["schema"], "git-exp/restore/1");
    assert_eq!(document["from"], "snapshot");
    assert_eq!(document["verified"], true);
    assert_eq!(document["as_recorded"], true);
}

#[test]
fn a_place_inside_the_repository_is_said_to_be_kept_by_the_next_run() {
    let env = dirty();
    env.write(".git/info/exclude", "/ignored/\n");
    let said = |place: &str| env.exp(&["restore", "1", place]).stderr;
    let inside = said("new/там");
    assert!(inside.contains("add /new/там/ to .gitignore"), "{inside}");
    for place in ["ignored/one", "../beside"] {
        let said = said(place);
        assert!(!said.contains(".gitignore"), "{said}");
    }
}
