//! `git exp run --attach --isolated`: the frozen code runs, and only the run's folder is written.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::TestEnv;

const FOLDER: &str = "experiments/runs/exp_001_queued";

/// A queued run: frozen, then the code goes on changing.
fn queued() -> TestEnv {
    let env = TestEnv::new();
    env.write(".gitignore", "data/\nmodels/\n");
    env.write(".gitattributes", "*.sh text eol=lf\n");
    env.write("metrics.json", "{\"acc_val\": 0.1}");
    env.write("conf.yaml", "lr: 1\n");
    env.commit("code");
    env.write("data/train.csv", "a\n1\n2\n");
    env.write(
        "train.sh",
        "echo frozen > said.txt\n\
         mkdir -p models out\n\
         wc -l < data/train.csv > models/model.pkl\n\
         cat conf.yaml >> models/model.pkl\n\
         echo '{\"acc_val\": 0.9}' > metrics.json\n",
    );
    env.exp(&[
        "start",
        "queued",
        "--config",
        "conf.yaml",
        "--data",
        "train=data/train.csv",
    ])
    .ok();
    env.write("train.sh", "echo edited later > said.txt\nexit 3\n");
    env.write("conf.yaml", "lr: 2\n");
    env
}

/// Every file below a folder with its bytes and time, less one folder.
fn everything(root: &Path, but: &Path) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path == but {
                continue;
            }
            let kind = path.symlink_metadata().unwrap();
            if kind.is_dir() {
                // A file that comes and goes leaves its mark on the folder.
                found.insert(
                    format!("{}/", path.display()),
                    (Vec::new(), kind.modified().unwrap()),
                );
                open.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.insert(
                    path.display().to_string(),
                    (bytes, kind.modified().unwrap()),
                );
            }
        }
    }
    found
}

#[test]
fn the_frozen_code_runs_and_only_the_run_s_folder_is_written() {
    let env = queued();
    let before = everything(env.repo(), &env.path(FOLDER));
    let scratch = env.home().join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let mut command = env.command("git");
    command.env("TMPDIR", &scratch).arg("exp").args([
        "run",
        "--attach",
        "1",
        "--isolated",
        "--model",
        "models/model.pkl",
        "--artifact",
        "said.txt",
        "--",
        "sh",
        "train.sh",
    ]);
    let ran = env.ran(command);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(everything(env.repo(), &env.path(FOLDER)), before);
    let run = env.json(&format!("{FOLDER}/run.json"));
    assert_eq!(run["status"], "ok");
    assert_eq!(run["metrics"]["acc_val"].to_string(), "0.9");
    assert_eq!(run["metrics_file"]["path"], "metrics.json");
    assert_eq!(
        run["command"]["argv"],
        serde_json::json!(["sh", "train.sh"])
    );
    assert_eq!(
        run["models"][0]["path"],
        format!("{FOLDER}/outputs/models/model.pkl")
    );
    let model = env.read(&format!("{FOLDER}/outputs/models/model.pkl"));
    assert!(
        model.trim_start().starts_with('3') && model.ends_with("lr: 1\n"),
        "{model}"
    );
    assert_eq!(env.read(&format!("{FOLDER}/outputs/said.txt")), "frozen\n");
    assert!(!ran.stderr.contains("in no run folder"), "{}", ran.stderr);
    let left = std::fs::read_dir(&scratch).unwrap().count();
    assert_eq!(left, 0, "the export is gone");
}

#[test]
fn files_that_would_be_lost_are_kept_and_named() {
    let env = queued();
    let ran = env.exp(&["run", "--attach", "1", "--isolated", "--", "sh", "train.sh"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        ran.stderr.contains("1 more file are in no run folder"),
        "{}",
        ran.stderr
    );
    let place = ran.stderr.split("kept in ").nth(1).unwrap();
    let place = place.split(';').next().unwrap();
    let said = std::fs::read_to_string(Path::new(place).join("said.txt")).unwrap();
    assert_eq!(said, "frozen\n");
    std::fs::remove_dir_all(place).unwrap();
}

#[test]
fn a_metrics_file_that_came_with_the_tree_is_not_a_result() {
    let env = queued();
    let ran = env.exp(&["run", "--attach", "1", "--isolated", "--", "true"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let run = env.json(&format!("{FOLDER}/run.json"));
    assert_eq!(run["metrics"], serde_json::json!({}));
}

#[test]
fn a_run_is_attached_to_once() {
    let env = queued();
    let ran = env.exp(&["run", "--attach", "1", "--", "false"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let run = env.json(&format!("{FOLDER}/run.json"));
    assert_eq!(run["status"], "failed");
    assert!(
        run["warnings"]
            .to_string()
            .contains("attached in the working tree")
    );
    let error = env.exp(&["run", "--attach", "1", "--", "true"]).error();
    assert!(
        error.contains("exp_001_queued is failed already"),
        "{error}"
    );
    let notes = env.git(&["notes", "--ref=exp", "show"]);
    assert_eq!(notes.lines().count(), 1, "the note of the start alone");
}

#[test]
fn a_run_that_is_being_run_is_refused() {
    let env = queued();
    let inner = "git exp run --attach 1 -- true 2>err.txt; echo $? >code.txt";
    env.exp(&["run", "--attach", "1", "--", "sh", "-c", inner])
        .ok();
    assert_eq!(env.read("code.txt"), "2\n");
    assert!(env.read("err.txt").contains("is being run by process"));
}

#[test]
fn isolated_works_without_attach_and_from_a_subfolder() {
    let env = TestEnv::new();
    env.write(
        "src/train.sh",
        "pwd > ../where.txt; cat ../a.txt > result.txt\n",
    );
    env.write("a.txt", "one\n");
    env.commit("code");
    env.write("a.txt", "uncommitted\n");
    let mut command = env.command("git");
    command.current_dir(env.path("src")).args([
        "exp",
        "run",
        "--isolated",
        "--artifact",
        "result.txt",
    ]);
    command.args(["--artifact", "../where.txt", "--", "sh", "train.sh"]);
    let ran = env.ran(command);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(!env.path("src/result.txt").exists());
    let run = "experiments/runs/exp_001_baseline";
    assert_eq!(
        env.read(&format!("{run}/outputs/src/result.txt")),
        "uncommitted\n"
    );
    let place = env.read(&format!("{run}/outputs/where.txt"));
    assert!(
        place.contains("git-exp-exp_001_baseline-") && place.ends_with("/src\n"),
        "{place}"
    );
    assert!(!Path::new(place.trim()).exists());
    assert!(
        env.read("experiments/experiments.md").contains("exp_001"),
        "here the table is ours"
    );
}

/// How many jobs the array has: `GIT_EXP_TEST_JOBS`, for a long run by hand.
fn jobs() -> usize {
    let set = std::env::var("GIT_EXP_TEST_JOBS").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(16)
}

/// Eight at a time, each with the real clock and uids of its own.
fn all_at_once(env: &TestEnv, commands: Vec<Vec<String>>) -> Vec<String> {
    let work: std::sync::Mutex<Vec<_>> = commands
        .iter()
        .map(|args| {
            let mut command = env.command(env!("CARGO_BIN_EXE_git-exp"));
            command.env_remove("GIT_EXP_SEED").env_remove("GIT_EXP_NOW");
            command.args(args);
            command
        })
        .collect::<Vec<_>>()
        .into();
    let printed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let Some(mut command) = work.lock().unwrap().pop() else {
                        break;
                    };
                    let output = command.output().unwrap();
                    let error = String::from_utf8_lossy(&output.stderr).into_owned();
                    assert!(output.status.success(), "{command:?}: {error}");
                    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
                    printed.lock().unwrap().push(text);
                }
            });
        }
    });
    printed.into_inner().unwrap()
}

#[test]
fn a_job_array_loses_nothing() {
    let env = TestEnv::new();
    env.write(".gitignore", "/metrics.json\n");
    env.write("train.sh", "exit 1\n");
    env.exp(&["init"]).ok();
    env.commit("code");
    // Uncommitted, so that every run has a snapshot of its own.
    env.write(
        "train.sh",
        "echo \"{\\\"acc_val\\\": 0.$1}\" > metrics.json; echo $1 > model.pkl\n",
    );
    let words = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let starts = (1..=jobs())
        .map(|n| words(format!("start width_{n} --allow-same --porcelain")))
        .collect();
    let mut ids = all_at_once(&env, starts);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), jobs(), "{ids:?}");
    env.write("train.sh", "exit 1\n");

    let before = everything(env.repo(), &env.path("experiments/runs"));
    let run = |id: &String| {
        let seed: usize = id[4..].split('_').next().unwrap().parse().unwrap();
        words(format!(
            "run --attach {id} --isolated --model model.pkl -- sh train.sh {seed}"
        ))
    };
    all_at_once(&env, ids.iter().map(run).collect());
    assert_eq!(
        everything(env.repo(), &env.path("experiments/runs")),
        before
    );
    for (index, id) in ids.iter().enumerate() {
        let record = env.json(&format!("experiments/runs/{id}/run.json"));
        assert_eq!(record["status"], "ok", "{id}");
        assert_eq!(record["metrics_file"]["path"], "metrics.json", "{id}");
        let seed = format!("{}", index + 1);
        let expected: f64 = format!("0.{seed}").parse().unwrap();
        assert_eq!(
            record["metrics"]["acc_val"].as_f64(),
            Some(expected),
            "{id}"
        );
        let model = env.read(&format!("experiments/runs/{id}/outputs/model.pkl"));
        assert_eq!(model.trim(), seed, "{id}");
    }

    // The node that may write to the repository adds what the jobs left for it.
    let fixed = env.exp(&["doctor", "--fix"]);
    assert_eq!(fixed.code, 0, "{}", fixed.all());
    let notes = env.git(&["notes", "--ref=exp", "show", "HEAD"]);
    assert_eq!(notes.lines().count(), 2 * jobs(), "a start and an end each");
    let table = env.read("experiments/experiments.csv");
    assert_eq!(table.lines().count(), jobs() + 1, "{table}");
    let refs = env.git(&["for-each-ref", "refs/exp/"]);
    assert_eq!(refs.lines().count(), jobs());
    env.git(&["fsck", "--no-dangling"]);
}
