//! A repository that a group shares (`core.sharedRepository`): two users, each with an umask that
//! gives the group nothing, write to it in turn.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;

use crate::common::{Ran, TestEnv, skipped};

const GROUP: u32 = 12_300;
const FIRST: u32 = 12_301;
const SECOND: u32 = 12_302;

/// Runs a command as a user whose second group is the shared one.
fn as_user(env: &TestEnv, user: u32, args: &[&str]) -> Ran {
    let mut command = env.command("setpriv");
    command
        .args([format!("--reuid={user}"), format!("--regid={user}")])
        .arg(format!("--groups={GROUP}"))
        .args(["sh", "-c", "umask 022; exec \"$@\"", "sh"])
        .args(args);
    env.ran(command)
}

fn files(folder: PathBuf) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(entry.path()));
        }
        found.push(entry.path());
    }
    found
}

#[test]
fn two_users_of_a_group_write_in_turn() {
    let env = TestEnv::empty();
    if chown(env.repo(), Some(FIRST), Some(GROUP)).is_err() {
        return skipped("only root can act as two users");
    }
    let mode = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(env.home(), mode(0o755)).unwrap();
    std::fs::set_permissions(env.repo(), mode(0o2775)).unwrap();
    if as_user(&env, FIRST, &["git", "exp", "-h"]).code != 0 {
        return skipped("another user can't reach the program that is tested");
    }
    let settings = "[user]\nname = T\nemail = t@example.com\n[safe]\ndirectory = *\n";
    std::fs::write(env.home().join("gitconfig"), settings).unwrap();
    let user = |user, args: &[&str]| as_user(&env, user, args).ok();
    user(
        FIRST,
        &["git", "init", "-q", "-b", "main", "--shared=group"],
    );
    user(
        FIRST,
        &["sh", "-c", "echo 'lr: 1' > params.yaml; echo 1 > train.py"],
    );
    user(FIRST, &["git", "add", "-A"]);
    user(FIRST, &["git", "commit", "-q", "-m", "first"]);
    let script = "echo '{\"acc\": 1}' > $GIT_EXP_RUN_DIR/metrics.json; echo $1 > idea_$1.py";
    for (round, who) in [FIRST, SECOND, FIRST, SECOND].into_iter().enumerate() {
        let (name, round) = (format!("idea_{round}"), round.to_string());
        let run = ["git", "exp", "run", &name, "--config", "params.yaml", "--"];
        let train = ["sh", "-c", script, "sh", &round];
        user(who, &[&run[..], &train].concat());
        user(who, &["git", "exp", "note", &name, "-m", "a thought"]);
        user(who, &["git", "exp", "doctor", "--fix"]);
        let own = env.path(&format!("idea_{round}.py")).metadata().unwrap();
        assert_eq!(
            own.mode() & 0o777,
            0o644,
            "the training's files are its own"
        );
    }
    assert_eq!(env.git(&["for-each-ref", "refs/exp"]).lines().count(), 4);
    let ours = [".git/exp", ".git/refs", ".git/objects", "experiments"];
    for place in ours.into_iter().flat_map(|folder| files(env.path(folder))) {
        let found = place.symlink_metadata().unwrap();
        let is_object = found.is_file() && place.starts_with(env.path(".git/objects"));
        let is_theirs = place.ends_with("metrics.json");
        let writable = is_object || is_theirs || found.mode() & 0o020 != 0;
        assert!(writable, "{} {:o}", place.display(), found.mode());
        assert_eq!(found.gid(), GROUP, "{}", place.display());
    }
}
