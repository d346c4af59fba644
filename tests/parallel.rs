//! Many at once: two hundred runs in three linked worktrees, and two clones that meet again.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

use crate::common::{Ran, TestEnv};

const EXP: &str = env!("CARGO_BIN_EXE_git-exp");
const WORKTREES: [&str; 3] = ["../one", "../two", "../three"];
/// Processes at a time.
const AT_ONCE: usize = 8;

/// A command whose clock and uids are the real ones.
fn command(env: &TestEnv, folder: &str, args: &[&str]) -> Command {
    let mut command = env.command(EXP);
    command
        .env_remove("GIT_EXP_SEED")
        .env_remove("GIT_EXP_NOW")
        .current_dir(env.path(folder))
        .args(args);
    command
}

fn records(env: &TestEnv, folder: &str) -> Vec<Value> {
    let listing = std::fs::read_dir(env.path(folder).join("experiments/runs")).unwrap();
    let read = |entry: std::fs::DirEntry| {
        let text = std::fs::read_to_string(entry.path().join("run.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    listing.flatten().map(read).collect()
}

fn note_lines(env: &TestEnv, folder: &str) -> Vec<Value> {
    let listed = env.git(&["-C", folder, "notes", "--ref=exp", "list"]);
    let blobs = listed.lines().map(|line| line.split(' ').next().unwrap());
    blobs
        .flat_map(|blob| {
            let text = env.git(&["-C", folder, "cat-file", "blob", blob]);
            text.lines()
                .map(|line| serde_json::from_str(line).expect(line))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn uid(value: &Value) -> String {
    value["uid"].as_str().unwrap().to_owned()
}

#[test]
fn two_hundred_runs_at_once_in_three_worktrees() {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.exp(&["init"]).ok();
    env.commit("project");
    for (n, folder) in WORKTREES.iter().enumerate() {
        env.git(&[
            "worktree",
            "add",
            "-q",
            "-b",
            &format!("branch{n}"),
            folder,
            "main",
        ]);
        // Dirty, so that each run writes objects, too.
        env.write(&format!("{folder}/train.py"), format!("print({n})\n"));
    }
    let pairs: usize = 200;
    let work: Mutex<Vec<(Command, Command)>> = Mutex::new(
        (0..pairs)
            .map(|n| {
                let folder = WORKTREES[n % WORKTREES.len()];
                let name = format!("width_{n}");
                let start = ["start", &name, "--allow-same", "--porcelain"];
                (
                    command(&env, folder, &start),
                    command(&env, folder, &["finish"]),
                )
            })
            .collect(),
    );
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((mut start, mut finish)) = work.lock().unwrap().pop() else {
                        break;
                    };
                    let started = start.output().unwrap();
                    let error = String::from_utf8_lossy(&started.stderr).into_owned();
                    assert!(started.status.success(), "{error}");
                    let id = String::from_utf8_lossy(&started.stdout).trim().to_owned();
                    let finished = finish.arg(&id).output().unwrap();
                    let error = String::from_utf8_lossy(&finished.stderr).into_owned();
                    assert!(finished.status.success(), "{id}: {error}");
                    assert!(!error.contains("warning:"), "{id}: {error}");
                }
            });
        }
    });

    let mut numbers = BTreeSet::new();
    let mut uids = BTreeSet::new();
    for folder in WORKTREES {
        let records = records(&env, folder);
        let table = std::fs::read_to_string(env.path(folder).join("experiments/experiments.csv"));
        let table = table.unwrap();
        assert_eq!(
            table.lines().count(),
            records.len() + 1,
            "{folder}: rows of the table"
        );
        for record in records {
            assert_eq!(record["status"], "ok");
            let number = record["number"].as_u64().unwrap();
            assert!(numbers.insert(number), "number {number} twice");
            assert!(uids.insert(uid(&record)));
            assert!(
                table.contains(&format!("exp_{number:03},")),
                "{folder}: {number} in the table"
            );
        }
        let doctor = env.ran(command(&env, folder, &["doctor"]));
        assert_eq!(doctor.code, 0, "{folder}: {}", doctor.all());
    }
    assert_eq!((numbers.len(), uids.len()), (pairs, pairs));
    assert_eq!(
        numbers.last().copied(),
        u64::try_from(pairs).ok(),
        "no holes"
    );
    // One line for the start and one for the finish.
    let lines = note_lines(&env, ".");
    let ended: BTreeSet<String> = lines.iter().filter(|l| l["rev"] == 2).map(uid).collect();
    assert_eq!((lines.len(), &ended), (2 * pairs, &uids));
    let refs = env.git(&["for-each-ref", "--format=%(refname:lstrip=2)", "refs/exp"]);
    let refs: BTreeSet<String> = refs.lines().map(str::to_owned).collect();
    assert_eq!(refs, uids);
    env.git(&["fsck", "--no-dangling"]);
}

#[test]
fn two_clones_push_and_merge_and_every_line_is_kept() {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.exp(&["init"]).ok();
    env.commit("project");
    env.git(&["clone", "-q", "--bare", ".", "../shared.git"]);
    let clones = ["../ann", "../bob"];
    let run = |folder: &str, args: &[&str]| -> Ran { env.ran(command(&env, folder, args)) };
    for (clone, text) in clones.iter().zip(["2", "3"]) {
        env.git(&["clone", "-q", "../shared.git", clone]);
        env.write(&format!("{clone}/train.py"), format!("print({text})\n"));
        for _ in 0..3 {
            run(clone, &["start", "--allow-same"]).ok();
            run(clone, &["finish"]).ok();
        }
    }
    let push = [
        "push",
        "-q",
        "origin",
        "refs/exp/*:refs/exp/*",
        "refs/notes/exp",
    ];
    let git = |folder: &str, args: &[&str]| env.git(&[&["-C", folder], args].concat());
    git("../ann", &push);
    // Bob's notes have grown apart from what is there by now.
    let mut rejected = env.command("git");
    rejected.args(["-C", "../bob"]).args(push);
    let rejected = env.ran(rejected);
    assert_ne!(rejected.code, 0);
    assert!(rejected.stderr.contains("rejected"), "{}", rejected.stderr);
    git(
        "../bob",
        &["fetch", "-q", "origin", "+refs/notes/*:refs/notes/origin/*"],
    );
    git(
        "../bob",
        &[
            "notes",
            "--ref=exp",
            "merge",
            "-q",
            "-s",
            "cat_sort_uniq",
            "origin/exp",
        ],
    );
    git("../bob", &push);
    // Ann lets the doctor do the same.
    assert_eq!(run("../ann", &["doctor", "--fix"]).code, 0);
    git("../ann", &["fetch", "-q"]);
    let fixed = run("../ann", &["doctor", "--fix"]).ok();
    assert!(fixed.contains("merges them"), "{fixed}");

    let lines = |folder: &str| {
        let mut lines: Vec<String> = note_lines(&env, folder)
            .iter()
            .map(ToString::to_string)
            .collect();
        lines.sort();
        lines
    };
    let all = lines("../bob");
    assert_eq!(
        all.len(),
        12,
        "three runs of each, two lines a run: {all:?}"
    );
    assert_eq!(lines("../ann"), all);
    let known: BTreeSet<String> = clones
        .iter()
        .flat_map(|clone| records(&env, clone))
        .map(|record| uid(&record))
        .collect();
    assert_eq!(known.len(), 6, "nobody's identity is another's");
    let there = env.git(&["-C", "../shared.git", "for-each-ref", "refs/exp"]);
    assert_eq!(there.lines().count(), 6);
}
