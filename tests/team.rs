//! Several clones and one remote: runs travel, notes of all survive, numbers that collide are told
//! apart the same way everywhere.
//!
//! Of the notes:
//!
//! | what must hold | tests |
//! |---|---|
//! | one short line of JSON for each state, in a tree with a fan-out | `git_exp::report::noteline::the_line_is_one_short_ascii_object`, `git_exp::git::notes::lines_are_added_once_and_read_by_git`, `git_exp::git::notes::any_fan_out_is_followed` |
//! | writers take turns and lose nothing, with the lock or without | `git_exp::git::notes::fifty_writers_lose_nothing_even_without_the_lock`, `git_exp::git::notes::writers_take_turns` |
//! | a note that is full goes on | `git_exp::git::notes::a_full_note_goes_on_in_a_note_on_itself` |
//! | SHA-256 | `git_exp::git::notes::a_sha256_repository_has_notes_too` |
//! | notes of two clones are merged line by line | `parallel::two_clones_push_and_merge_and_every_line_is_kept`, `team::notes_of_two_clones_are_merged_whoever_pushes_last`, `team::six_clones_push_at_once_and_nothing_is_lost` |
//! | refspecs that overwrite or prune are replaced | `team::pruning_fetches_never_delete_what_was_not_pushed`, `doctor::refspecs_that_destroy_are_replaced` |
//! | no rewriting: a note stays on the commit that ran, which its ref keeps | `freeze::formats::a_note_stays_on_the_commit_that_was_run` |

use std::path::{Path, PathBuf};

use crate::common::{Ran, TestEnv};
use crate::restore::files;

/// A bare remote beside the repository, with `main` pushed to it.
pub fn shared() -> TestEnv {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.write(".gitignore", "metrics.json\n");
    env.exp(&["init"]).ok();
    env.commit("code");
    let bare = env.home().join("hub.git");
    env.git(&["init", "-q", "--bare", "-b", "main", bare.to_str().unwrap()]);
    env.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
    env.git(&["push", "-q", "-u", "origin", "main"]);
    env
}

/// Another clone.
pub fn clone(env: &TestEnv, name: &str) -> PathBuf {
    let bare = env.home().join("hub.git");
    let place = env.home().join(name);
    env.git(&[
        "clone",
        "-q",
        bare.to_str().unwrap(),
        place.to_str().unwrap(),
    ]);
    place
}

/// A command in a clone, with identities of its own.
fn at(env: &TestEnv, place: &Path, program: &str, args: &[&str]) -> Ran {
    let mut command = env.command(program);
    command
        .current_dir(place)
        .env("GIT_EXP_SEED", place)
        .args(args);
    env.ran(command)
}

pub fn exp(env: &TestEnv, place: &Path, args: &[&str]) -> Ran {
    at(env, place, "git", &[&["exp"], args].concat())
}

pub fn git(env: &TestEnv, place: &Path, args: &[&str]) -> String {
    at(env, place, "git", args).ok()
}

fn uids(env: &TestEnv, place: &Path) -> Vec<String> {
    let listed = git(
        env,
        place,
        &["for-each-ref", "--format=%(refname)", "refs/exp/"],
    );
    listed.lines().map(str::to_owned).collect()
}

#[test]
fn a_clone_that_has_only_the_refs_restores_byte_for_byte() {
    let env = shared();
    env.write("train.py", "print(2)\n");
    env.write("untracked.bin", [0u8, 1, 2, 255]);
    env.exp(&["start", "bold idea"]).ok();
    let before = files(env.repo());
    let push = env.exp(&["push"]);
    assert!(
        push.stderr.contains("uncommitted work: 2 files"),
        "{}",
        push.stderr
    );
    assert!(push.ok().contains("origin: exp_001_bold_idea"));
    assert!(env.exp(&["push"]).ok().contains("has everything already"));

    let other = clone(&env, "other");
    assert!(
        uids(&env, &other).is_empty(),
        "a plain clone brings no refs"
    );
    let error = exp(&env, &other, &["restore", "exp_001"]).error();
    assert!(error.contains("git exp pull"), "{error}");
    let pulled = exp(&env, &other, &["pull"]).ok();
    assert!(
        pulled.contains("exp_001_bold_idea  running  snapshot only"),
        "{pulled}"
    );
    assert!(
        !other.join("experiments/runs").exists(),
        "files stay as they are"
    );
    let plain = exp(&env, &other, &["ls"]).ok();
    assert!(
        plain.contains("not in this working tree") && plain.contains("exp_001_bold_idea"),
        "{plain}"
    );
    let here = env.exp(&["ls"]).ok();
    assert!(!here.contains("not in this working tree"), "{here}");
    let listed = exp(&env, &other, &["ls", "--elsewhere"]).ok();
    assert!(
        listed.contains("exp_001_bold_idea") && listed.contains("snapshot only"),
        "{listed}"
    );
    let out = exp(&env, &other, &["restore", "exp_001", "../back"]).ok();
    assert!(out.contains("verified against the record"), "{out}");
    assert_eq!(files(&env.home().join("back")), before);
    assert!(exp(&env, &other, &["pull"]).stderr.contains("no new runs"));
    let pushed = std::fs::read_to_string(other.join(".git/exp/pushed")).unwrap();
    assert!(uids(&env, &other)[0].ends_with(pushed.trim()));
}

#[test]
fn notes_of_two_clones_are_merged_whoever_pushes_last() {
    let env = shared();
    let (a, b) = (clone(&env, "a"), clone(&env, "b"));
    for place in [&a, &b] {
        exp(&env, place, &["start", "idea"]).ok();
        std::fs::write(place.join("metrics.json"), "{\"acc\": 0.5}").unwrap();
        exp(&env, place, &["finish"]).ok();
    }
    exp(&env, &a, &["push"]).ok();
    // b has not seen a's notes: the remote says "fetch first".
    exp(&env, &b, &["push"]).ok();
    exp(&env, &a, &["pull"]).ok();
    let notes = |place: &Path| git(&env, place, &["notes", "--ref=exp", "show", "HEAD"]);
    assert_eq!(notes(&a), notes(&b));
    assert_eq!(notes(&a).lines().count(), 4, "two revisions of two runs");
    assert_eq!(uids(&env, &a), uids(&env, &b));
    assert_eq!(uids(&env, &a).len(), 2);

    // A run that nobody committed is known by its note: how it ended, and its metrics.
    let listed = exp(&env, &a, &["ls", "--elsewhere", "--json"]).ok();
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["runs"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["runs"][0]["status"], "ok");
    assert_eq!(listed["runs"][0]["metrics"]["acc"].to_string(), "0.5");

    // On a branch it has its folder, and the record is read from there.
    git(&env, &b, &["switch", "-q", "-c", "work"]);
    git(&env, &b, &["add", "-A"]);
    git(&env, &b, &["commit", "-q", "-m", "run"]);
    git(&env, &b, &["push", "-q", "origin", "work"]);
    git(&env, &a, &["fetch", "-q"]);
    let listed = exp(&env, &a, &["ls", "--elsewhere"]).ok();
    assert!(listed.contains("on origin/work"), "{listed}");
}

#[test]
fn six_clones_push_at_once_and_nothing_is_lost() {
    let env = shared();
    let places: Vec<PathBuf> = (0..6).map(|i| clone(&env, &format!("c{i}"))).collect();
    for place in &places {
        exp(&env, place, &["start", "idea"]).ok();
    }
    let commands: Vec<_> = places
        .iter()
        .map(|place| {
            let mut command = env.command("git");
            command.current_dir(place).args(["exp", "push"]);
            command
        })
        .collect();
    std::thread::scope(|scope| {
        let running: Vec<_> = commands
            .into_iter()
            .map(|mut command| scope.spawn(move || command.output().unwrap()))
            .collect();
        for thread in running {
            let output = thread.join().unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{errors}");
        }
    });
    exp(&env, &places[0], &["pull"]).ok();
    let notes = git(&env, &places[0], &["notes", "--ref=exp", "show", "HEAD"]);
    assert_eq!(notes.lines().count(), 6, "{notes}");
    assert_eq!(uids(&env, &places[0]).len(), 6);
}

#[test]
fn a_snapshot_with_a_secret_is_not_published_unasked() {
    let env = shared();
    env.write(
        "notes.txt",
        format!(
            "token = ghp_{}\n",
            "a1B2c3D4e5".repeat(4).get(..36).unwrap()
        ),
    );
    env.exp(&["start", "leaky", "--allow-secrets"]).ok();
    env.git(&["stash", "-q", "-u", "--", "notes.txt"]);
    env.exp(&["start", "clean"]).ok();
    let error = env.exp(&["push"]).error();
    assert!(error.contains("exp_001_leaky: notes.txt:1"), "{error}");
    let there = env.git(&["ls-remote", "origin", "refs/exp/*", "refs/notes/*"]);
    assert_eq!(there, "", "nothing was pushed");
    let dry = env.exp(&["push", "--dry-run", "--run", "exp_002_clean"]);
    assert_eq!(dry.code, 0, "{}", dry.stderr);
    assert_eq!(env.git(&["ls-remote", "origin", "refs/exp/*"]), "");
    env.exp(&["push", "--run", "exp_002_clean"]).ok();
    assert_eq!(
        env.git(&["ls-remote", "origin", "refs/exp/*"])
            .lines()
            .count(),
        1
    );
    env.exp(&["push", "--allow-secrets"]).ok();
    assert_eq!(
        env.git(&["ls-remote", "origin", "refs/exp/*"])
            .lines()
            .count(),
        2
    );
}

#[test]
fn a_token_that_an_amended_commit_took_out_does_not_go_with_the_run() {
    let env = shared();
    let token = format!("ghp_{}", "a1B2c3D4e5".repeat(4).get(..36).unwrap());
    env.write("conf.py", format!("token = '{token}'\n"));
    env.commit("oops");
    let oops = env.git(&["rev-parse", "--short=7", "HEAD"]);
    env.exp(&["start", "early"]).ok();
    env.exp(&["finish"]).ok();
    env.write("conf.py", "token = environ['TOKEN']\n");
    env.git(&["add", "conf.py"]);
    env.git(&["commit", "-q", "--amend", "-m", "nobody saw it"]);
    env.exp(&["start", "late"]).ok();
    env.exp(&["finish"]).ok();
    let error = env.exp(&["push"]).error();
    let told = format!(
        "exp_001_early: conf.py:1: GitHub token, in commit {}",
        oops.trim()
    );
    assert!(
        error.contains(&told) && !error.contains("exp_002_late: "),
        "{error}"
    );
    assert_eq!(env.git(&["ls-remote", "origin", "refs/exp/*"]), "");
    env.exp(&["push", "--run", "exp_002_late"]).ok();
    // What is there already is not asked for again.
    env.exp(&["push", "--allow-secrets"]).ok();
    assert!(env.exp(&["push"]).ok().contains("has everything already"));
}

#[test]
fn pruning_fetches_never_delete_what_was_not_pushed() {
    let env = shared();
    env.exp(&["start", "mine"]).ok();
    env.exp(&["init", "--fetch"]).ok();
    env.git(&["config", "fetch.prune", "true"]);
    let mine = uids(&env, env.repo());
    env.git(&["fetch", "-q"]);
    assert_eq!(uids(&env, env.repo()), mine);
    let other = clone(&env, "other");
    exp(&env, &other, &["start", "theirs"]).ok();
    exp(&env, &other, &["push"]).ok();
    env.git(&["fetch", "-q"]);
    let tracked = env.git(&["for-each-ref", "refs/exp-remote/origin/"]);
    assert_eq!(tracked.lines().count(), 1, "a plain fetch brings them");
    assert_eq!(uids(&env, env.repo()), mine);
    env.exp(&["pull"]).ok();
    assert_eq!(uids(&env, env.repo()).len(), 2);
}

#[test]
fn a_user_s_pre_push_hook_has_its_say() {
    let env = shared();
    env.write(
        ".git/hooks/pre-push",
        "#!/bin/sh\necho no entry >&2\nexit 1\n",
    );
    executable(&env.path(".git/hooks/pre-push"));
    env.exp(&["start", "idea"]).ok();
    let error = env.exp(&["push"]).error();
    assert!(error.contains("no entry"), "{error}");
}

#[cfg(unix)]
pub fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
pub fn executable(_: &Path) {}

#[test]
fn git_lfs_objects_go_along_even_without_its_hook() {
    let env = shared();
    env.ran(lfs(&env, &["install", "--local", "--skip-repo"]))
        .ok();
    env.write(
        ".gitattributes",
        "*.bin filter=lfs diff=lfs merge=lfs -text\n",
    );
    env.write("base.bin", "committed\n");
    env.commit("a large file");
    env.git(&["push", "-q", "origin", "main"]);
    env.write("big.bin", "only in the snapshot\n");
    env.write("base.bin", "edited\n");
    env.exp(&["start", "heavy"]).ok();
    // `git lfs prune` doesn't know refs/exp/; ours are kept by hard links.
    std::fs::remove_dir_all(env.path(".git/lfs/objects")).unwrap();
    env.exp(&["push"]).ok();

    let other = clone(&env, "other");
    exp(&env, &other, &["pull"]).ok();
    let out = exp(&env, &other, &["restore", "1", "../back", "--data"]);
    let all = out.all();
    assert_eq!(out.code, 0, "{all}");
    let read = |name: &str| std::fs::read_to_string(env.home().join("back").join(name)).unwrap();
    assert_eq!(read("big.bin"), "only in the snapshot\n", "{all}");
    assert_eq!(read("base.bin"), "edited\n");
}

fn lfs(env: &TestEnv, args: &[&str]) -> std::process::Command {
    let mut command = env.command("git");
    command.arg("lfs").args(args);
    command
}

#[test]
fn a_number_that_came_by_its_note_alone_is_not_given_again() {
    let env = shared();
    for name in ["first idea", "second idea"] {
        env.exp(&["start", name, "--allow-same"]).ok();
        env.exp(&["finish", "--status", "failed"]).ok();
    }
    // The records stay here: only refs and notes travel.
    env.exp(&["push"]).ok();
    let other = clone(&env, "other");
    exp(&env, &other, &["pull"]).ok();
    let start = ["start", "third idea", "--porcelain"];
    let id = exp(&env, &other, &start).ok();
    assert_eq!(id, "exp_003_third_idea\n");
    let doctor = exp(&env, &other, &["doctor"]);
    assert!(!doctor.stdout.contains("reserved"), "{}", doctor.stdout);
}
