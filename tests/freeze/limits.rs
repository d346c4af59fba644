//! Tracked files over the limits: named with their digest, and never in the object database.

use git_exp::model::Sha256;

use super::{Done, Freeze, freezing};
use crate::common::{TestEnv, has_lfs};

const LARGE: [u8; 5000] = [7; 5000];

/// A repository in which `big.bin` is small as committed.
fn with_big(attributes: &str) -> TestEnv {
    let env = TestEnv::new();
    env.write(".gitattributes", attributes);
    env.write("big.bin", "small\n");
    env.write("code.py", "1\n");
    env.commit("base");
    env
}

fn limited(env: &TestEnv) -> Freeze<'_> {
    freezing(env).limit(1000)
}

#[track_caller]
fn assert_named_only(env: &TestEnv, done: &Done, path: &str, bytes: &[u8]) {
    let [entry] = &done.frozen.left_out[..] else {
        panic!("{:?}", done.frozen.left_out);
    };
    assert_eq!(
        (entry.path.clone(), entry.bytes, entry.why.as_str()),
        (path.into(), bytes.len() as u64, "size")
    );
    assert_eq!(entry.sha256, Some(Sha256::of(bytes)));
    assert!(!has_object(env, bytes), "its bytes are in the repository");
    let sentences = done.frozen.not_in_patch();
    assert!(
        sentences.iter().any(|said| said.starts_with(path)),
        "{sentences:?}"
    );
}

fn has_object(env: &TestEnv, bytes: &[u8]) -> bool {
    let file = env.home().join("bytes");
    std::fs::write(&file, bytes).unwrap();
    let id = env.git(&["hash-object", "--no-filters", &file.to_string_lossy()]);
    let mut command = env.command("git");
    command.args(["cat-file", "-e", id.trim()]);
    env.ran(command).code == 0
}

#[test]
fn a_changed_file_over_the_limit_is_named_and_what_is_beside_it_kept() {
    for attributes in ["", "* text=auto eol=crlf\n*.bin text\n", "*.bin ident\n"] {
        let env = with_big(attributes);
        let bytes = b"line\n".repeat(1000);
        env.write("big.bin", &bytes);
        let done = limited(&env).held(["big.bin"]).check();
        assert_named_only(&env, &done, "big.bin", &bytes);
        assert_eq!(done.letters(), [("big.bin".to_owned(), 'M')]);

        env.write("code.py", "2\n");
        let done = limited(&env).held(["big.bin"]).check();
        assert!(done.is_snapshot());
        let code = std::fs::read_to_string(done.target.join("code.py")).unwrap();
        assert_eq!(code.trim_end(), "2");
    }
}

#[test]
fn two_contents_of_a_file_that_is_only_named_are_two_states() {
    let env = with_big("");
    let entries = |byte: u8| {
        env.write("big.bin", [byte; 5000]);
        limited(&env).held(["big.bin"]).check().frozen.entries
    };
    let (one, two) = (entries(1), entries(2));
    assert_ne!(one, two);
    assert_eq!(entries(1), one);
}

#[test]
fn what_is_staged_is_in_the_repository_and_so_kept() {
    let env = with_big("");
    env.write("big.bin", LARGE);
    env.git(&["add", "big.bin"]);
    assert!(limited(&env).check().frozen.left_out.is_empty());
    // Edited again: the staged version is the last that git has.
    env.write("big.bin", [8; 6000]);
    let done = limited(&env).held(["big.bin"]).check();
    assert_named_only(&env, &done, "big.bin", &[8; 6000]);
    assert_eq!(std::fs::read(done.target.join("big.bin")).unwrap(), LARGE);
}

#[test]
fn only_added_by_intent_is_as_good_as_untracked() {
    let env = with_big("");
    env.write("new.bin", LARGE);
    env.git(&["add", "-N", "new.bin"]);
    let done = limited(&env).absent(["new.bin"]).check();
    assert_named_only(&env, &done, "new.bin", &LARGE);
    assert_eq!(done.letters(), [("new.bin".to_owned(), 'A')]);
}

#[test]
fn a_large_file_that_git_is_told_not_to_look_at_counts_only_if_it_differs() {
    for option in ["--assume-unchanged", "--skip-worktree"] {
        let env = with_big("");
        env.write("big.bin", LARGE);
        env.commit("large");
        env.git(&["update-index", option, "big.bin"]);
        let done = limited(&env).check();
        assert!(done.left_out().is_empty() && !done.frozen.is_dirty());
        env.write("big.bin", [8; 5000]);
        let done = limited(&env).held(["big.bin"]).check();
        assert_named_only(&env, &done, "big.bin", &[8; 5000]);
        assert!(done.frozen.is_dirty());
    }
}

#[test]
fn a_large_file_in_conflict_is_kept_as_our_side_had_it() {
    let env = with_big("");
    env.git(&["checkout", "-q", "-b", "other"]);
    env.write("big.bin", "theirs\n");
    env.commit("theirs");
    env.git(&["checkout", "-q", "main"]);
    env.write("big.bin", "ours\n");
    env.commit("ours");
    let mut merge = env.command("git");
    merge.args(["merge", "-q", "other"]);
    assert_ne!(env.ran(merge).code, 0);
    env.write("big.bin", LARGE);
    let done = limited(&env).held(["big.bin"]).check();
    assert_named_only(&env, &done, "big.bin", &LARGE);
    assert_eq!(done.frozen.conflicts, ["big.bin".into()]);
    assert_eq!(
        std::fs::read(done.target.join("big.bin")).unwrap(),
        b"ours\n"
    );
}

#[test]
fn all_changes_together_have_a_limit_too() {
    let env = TestEnv::new();
    for n in 0..9 {
        env.write(&format!("{n}.bin"), "small\n");
    }
    env.commit("base");
    for n in 0..9 {
        env.write(&format!("{n}.bin"), vec![n; 1000]);
    }
    env.write("untracked.bin", "no room is left for me");
    // The total is eight times the file's limit.
    let done = limited(&env)
        .held(["8.bin"])
        .absent(["untracked.bin"])
        .check();
    assert_eq!(done.left_out().len(), 2);
}

#[test]
fn git_lfs_takes_files_of_any_size() {
    let env = TestEnv::new();
    if !has_lfs(&env) {
        return;
    }
    env.git(&["lfs", "install", "--local"]);
    env.git(&["lfs", "track", "*.bin"]);
    env.write("big.bin", "small\n");
    env.commit("base");
    env.write("big.bin", LARGE);
    let done = limited(&env).check();
    assert!(done.left_out().is_empty());
    assert!(!has_object(&env, &LARGE), "a pointer is enough");
}

#[test]
fn limits_hold_in_repositories_inside() {
    let env = TestEnv::new();
    env.git(&["init", "-q", "inner"]);
    env.write("inner/big.bin", LARGE);
    env.write("inner/code.py", "1\n");
    env.git(&["-C", "inner", "add", "-A"]);
    env.git(&["-C", "inner", "commit", "-q", "-m", "inner"]);
    let done = limited(&env).absent(["inner/big.bin"]).check();
    let named = done.left_out();
    assert_eq!(named, [("inner/big.bin".to_owned(), "size".to_owned())]);
    assert!(!has_object(&env, &LARGE));
}

#[test]
fn start_says_what_it_does_not_keep_and_restore_what_it_can_not_give_back() {
    let env = with_big("");
    env.exp(&["start"]).ok();
    env.exp(&["finish"]).ok();
    let settings = env.read("experiments/exp.toml");
    env.write(
        "experiments/exp.toml",
        settings + "\n[snapshot]\nmax_file_mib = 1\n",
    );
    let large = |byte: u8| env.write("big.bin", vec![byte; (1 << 20) + 1]);
    large(1);
    let said = env.exp(&["start", "large"]);
    let all = said.all();
    assert_eq!(said.code, 0, "{all}");
    let warned = "warning: too large to keep, recorded by digest only: big.bin\n";
    assert!(said.stderr.contains(warned), "{all}");
    let run = env.json("experiments/runs/exp_002_large/run.json");
    assert_eq!(run["code"]["left_out"][0]["path"], "big.bin");
    assert_eq!(run["code"]["dirty"], true);
    env.exp(&["finish"]).ok();

    large(2);
    env.exp(&["start", "larger"]).ok();
    let told = env.exp(&["diff", "2", "3"]).all();
    assert!(told.contains("big.bin"), "{told}");
    assert!(!told.contains("nothing differs"), "{told}");

    let back = env.exp(&["restore", "3", "../back"]);
    let said = "big.bin is as git last had it; its content in the run is in no snapshot (size)";
    assert!(back.stderr.contains(said), "{}", back.stderr);
    let file = std::fs::read(env.home().join("back/big.bin")).unwrap();
    assert_eq!(file, b"small\n");
}
