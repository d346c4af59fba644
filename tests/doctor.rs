//! `git exp doctor`: each kind of finding, and what `--fix` makes of it.

use serde_json::Value;

use crate::common::{TestEnv, has_lfs};

/// Codes and severities of all findings but the first line.
fn findings(env: &TestEnv, args: &[&str]) -> Vec<(String, String)> {
    let all = [&["doctor", "--json"], args].concat();
    let ran = env.exp(&all);
    let report: Value = serde_json::from_str(&ran.stdout).expect(&ran.stderr);
    assert_eq!(report["schema"], "git-exp/doctor/1");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = report["findings"].as_array().unwrap();
    assert_eq!(list[0]["severity"], "ok");
    let to_do = list.iter().filter(|f| f["severity"] == "do this").count();
    assert_eq!(ran.code, i32::from(to_do > 0));
    list[1..]
        .iter()
        .map(|f| (text(&f["code"]), text(&f["severity"])))
        .collect()
}

/// Finds exactly one thing, mends it, and finds nothing more.
#[track_caller]
fn mends(env: &TestEnv, code: &str) {
    let found = findings(env, &[]);
    assert_eq!(found, [(code.to_owned(), "do this".to_owned())]);
    let fixed = findings(env, &["--fix"]);
    assert!(
        fixed.contains(&(code.to_owned(), "fixed".to_owned())),
        "{fixed:?}"
    );
    assert!(
        fixed.iter().all(|(_, severity)| severity == "fixed"),
        "{fixed:?}"
    );
    assert_eq!(findings(env, &["--fix"]), []);
}

fn with_runs(count: usize) -> TestEnv {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.write("params.yaml", "lr: 0.1\n");
    env.commit("code");
    for n in 1..=count {
        env.write("train.py", format!("print({n})\n# changed\n"));
        let script = format!("echo '{{\"acc\": 0.{n}}}' > metrics.json");
        let name = format!("idea_{}", ["a", "b", "c"][n - 1]);
        let flags = [
            "run",
            &name,
            "--allow-same",
            "--config",
            "params.yaml",
            "--",
        ];
        env.exp(&[&flags[..], &["sh", "-c", &script]].concat()).ok();
    }
    env
}

fn record(env: &TestEnv, id: &str) -> Value {
    env.json(&format!("experiments/runs/{id}/run.json"))
}

fn age(path: impl AsRef<std::path::Path>) {
    let long_ago = filetime::FileTime::from_unix_time(1_600_000_000, 0);
    filetime::set_file_mtime(path, long_ago).unwrap();
}

#[test]
fn all_is_well() {
    let env = with_runs(1);
    let ran = env.exp(&["doctor"]);
    let version = env.git(&["--version"]);
    let version = version.split(' ').nth(2).unwrap().trim();
    assert_eq!(
        ran.ok(),
        format!(
            "ok       git {version}, records schema 1, 1 run, table up to date, snapshots kept, \
             notes complete\n"
        )
    );
    let empty = TestEnv::new();
    assert!(empty.exp(&["doctor"]).ok().contains("no runs yet"));
    assert!(!empty.path(".git/exp").exists(), "looking wrote something");
}

#[test]
fn a_run_whose_process_is_gone_becomes_stale() {
    let env = with_runs(2);
    let path = "experiments/runs/exp_002_idea_b/run.json";
    let mut run = record(&env, "exp_002_idea_b");
    run["status"] = "running".into();
    let host = rustix::system::uname()
        .nodename()
        .to_str()
        .unwrap()
        .to_owned();
    run["process"] = serde_json::json!({
        "pid": 4242, "boot_id": "another boot", "started_ticks": 1, "host": host, "job": null
    });
    env.write(path, format!("{run:#}\n"));
    let text = env.exp(&["doctor"]);
    assert_eq!(text.code, 1);
    assert!(
        text.stdout
            .contains("do this  exp_002: process 4242 is gone"),
        "{}",
        text.stdout
    );
    let fixed = env.exp(&["doctor", "--fix"]).ok();
    assert!(
        fixed.contains("fixed    exp_002: process 4242 is gone"),
        "{fixed}"
    );
    assert!(fixed.contains("→ status stale"), "{fixed}");
    assert_eq!(record(&env, "exp_002_idea_b")["status"], "stale");
    assert!(
        env.read("experiments/runs/exp_002_idea_b/README.md")
            .contains("- Status: stale")
    );
    assert!(
        env.git(&["notes", "--ref=exp", "show"])
            .contains("\"status\":\"stale\"")
    );
    assert_eq!(findings(&env, &["--fix"]), []);
    env.exp(&["finish", "exp_002", "--status", "failed"]).ok();
    assert_eq!(record(&env, "exp_002_idea_b")["status"], "failed");
}

#[test]
fn a_job_is_asked_after_where_the_batch_system_can_be_asked() {
    let env = with_runs(1);
    let mut run = record(&env, "exp_001_idea_a");
    run["status"] = "running".into();
    run["process"] = serde_json::json!({"host": "node17", "pid": 7, "job": "slurm:8812"});
    env.write(
        "experiments/runs/exp_001_idea_a/run.json",
        format!("{run:#}\n"),
    );
    let note = |severity: &str| vec![("running-elsewhere".to_owned(), severity.to_owned())];
    assert_eq!(findings(&env, &[]), note("note"), "no squeue here: unknown");
    let squeue = |script: &str| {
        use std::os::unix::fs::PermissionsExt;
        let path = env.home().join("bin/squeue");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = env.command(env!("CARGO_BIN_EXE_git-exp"));
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}/bin:{path}", env.home().display()));
        command.args(["doctor", "--json"]);
        let report: Value = serde_json::from_str(&env.ran(command).stdout).unwrap();
        let codes = report["findings"].as_array().unwrap()[1..].iter();
        codes
            .map(|f| f["code"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(squeue("echo RUNNING"), Vec::<String>::new());
    assert_eq!(squeue("exit 0"), ["stale-run"]);
    let purged = "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1";
    assert_eq!(squeue(purged), ["stale-run"]);
    assert_eq!(
        squeue("echo 'no controller' >&2; exit 1"),
        ["running-elsewhere"]
    );
}

#[test]
fn a_missing_line_is_added() {
    let env = with_runs(2);
    env.git(&["update-ref", "-d", "refs/notes/exp"]);
    let found = findings(&env, &[]);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|(code, _)| code == "note"), "{found:?}");
    env.exp(&["doctor", "--fix"]).ok();
    assert_eq!(findings(&env, &[]), []);
    assert_eq!(env.git(&["notes", "--ref=exp", "show"]).lines().count(), 2);
}

#[test]
fn a_missing_ref_is_created_while_its_snapshot_is_there() {
    let env = with_runs(1);
    let run = record(&env, "exp_001_idea_a");
    let name = format!("refs/exp/{}", run["uid"].as_str().unwrap());
    env.git(&["update-ref", "-d", &name]);
    mends(&env, "no-ref");
    assert_eq!(
        env.git(&["rev-parse", &name]).trim(),
        run["code"]["snapshot"]
    );
    // Gone for good: what is left is the patch, and that is said.
    env.git(&["update-ref", "-d", &name]);
    env.git(&["reflog", "expire", "--expire=now", "--all"]);
    env.git(&["gc", "-q", "--prune=now"]);
    let ran = env.exp(&["doctor", "--fix"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("its snapshot is not in this clone"),
        "{}",
        ran.stdout
    );
    let command = ran.stdout.split(":  ").last().unwrap().trim().to_owned();
    let mut shell = env.command("sh");
    shell.args(["-c", &command]);
    env.ran(shell).ok();
    let top = env.repo().file_name().unwrap().to_str().unwrap().to_owned();
    let restored = env.home().join(format!("{top}-exp_001_idea_a/train.py"));
    let restored = std::fs::read_to_string(restored).unwrap();
    assert_eq!(
        restored, "print(1)\n# changed\n",
        "the advice works as it is printed"
    );
}

#[test]
fn a_lost_folder_is_written_again_from_the_snapshot() {
    let env = with_runs(2);
    let before = record(&env, "exp_002_idea_b");
    let folder = env.path("experiments/runs/exp_002_idea_b");
    let patch = env.read("experiments/runs/exp_002_idea_b/dirty.patch");
    std::fs::remove_dir_all(&folder).unwrap();
    env.exp(&["doctor", "--fix"]).ok();
    let after = record(&env, "exp_002_idea_b");
    for key in [
        "uid", "number", "status", "metrics", "code", "params", "config", "started",
    ] {
        assert_eq!(after[key], before[key], "{key}");
    }
    assert_eq!(
        env.read("experiments/runs/exp_002_idea_b/dirty.patch"),
        patch
    );
    assert_eq!(
        env.read("experiments/runs/exp_002_idea_b/config.yaml"),
        "lr: 0.1\n"
    );
    let warnings = after["warnings"].to_string();
    assert!(
        warnings.contains("recovered by git exp doctor"),
        "{warnings}"
    );
    assert_eq!(findings(&env, &["--fix"]), []);
    env.exp(&["check"]).ok();
}

#[test]
fn a_lost_folder_of_a_clean_run_comes_back_from_its_note() {
    let env = TestEnv::new();
    let script = "echo '{\"acc\": 0.25}' > metrics.json";
    env.write(".gitignore", "metrics.json\n");
    env.commit("ignore");
    env.exp(&["run", "clean", "--", "sh", "-c", script]).ok();
    let before = record(&env, "exp_001_clean");
    assert_eq!(before["code"]["snapshot"], Value::Null);
    std::fs::remove_dir_all(env.path("experiments/runs/exp_001_clean")).unwrap();
    env.exp(&["doctor", "--fix"]).ok();
    let after = record(&env, "exp_001_clean");
    for key in ["uid", "number", "status", "metrics"] {
        assert_eq!(after[key], before[key], "{key}");
    }
    assert_eq!(after["code"]["commit"], before["code"]["commit"]);
    assert_eq!(after["code"]["tree"], before["code"]["tree"]);
    assert!(after["warnings"].to_string().contains("are not known"));
    assert_eq!(findings(&env, &["--fix"]), []);
    env.exp(&["check"]).ok();
}

#[test]
fn folders_on_other_branches_and_in_other_worktrees_are_not_lost() {
    let env = with_runs(1);
    env.git(&["checkout", "-q", "-b", "ideas"]);
    env.commit("exp_001");
    env.git(&["checkout", "-q", "main"]);
    assert!(!env.path("experiments").exists());
    assert_eq!(findings(&env, &[]), []);
    env.git(&["worktree", "add", "-q", "-b", "linked", "../linked", "main"]);
    env.exp_in("../linked", &["start", "there"]).ok();
    assert_eq!(findings(&env, &[]), []);
}

#[test]
fn what_was_removed_on_purpose_stays_removed() {
    let env = with_runs(2);
    env.exp(&["rm", "exp_002", "--yes"]).ok();
    assert_eq!(findings(&env, &["--fix"]), []);
    env.exp(&["rm", "exp_001", "--yes", "--purge"]).ok();
    for number in ["000001", "000002"] {
        age(env.path(".git/exp/ids").join(number));
    }
    assert_eq!(findings(&env, &["--fix"]), []);
    env.exp(&["show", "exp_002"]).error();
}

#[test]
fn a_folder_that_was_moved_by_hand_gives_its_record_the_name() {
    let env = with_runs(1);
    let runs = env.path("experiments/runs");
    std::fs::rename(
        runs.join("exp_001_idea_a"),
        runs.join("exp_001_better_idea"),
    )
    .unwrap();
    env.exp(&["doctor", "--fix"]).ok();
    let run = record(&env, "exp_001_better_idea");
    assert_eq!(run["slug"], "better_idea");
    assert_eq!(run["aliases"], serde_json::json!(["exp_001_idea_a"]));
    assert_eq!(findings(&env, &["--fix"]), []);
    env.exp(&["show", "exp_001_idea_a"]).ok();
}

#[test]
fn a_number_that_nobody_uses_is_freed_after_ten_minutes() {
    let env = with_runs(1);
    let young = env.path(".git/exp/ids/000002");
    std::fs::write(&young, "0123456789abcdefghijklmnop").unwrap();
    assert_eq!(findings(&env, &[]), []);
    age(&young);
    mends(&env, "number");
    assert!(!young.exists());
    assert!(env.path(".git/exp/ids/000001").exists());
}

#[test]
fn what_a_killed_git_or_a_killed_freeze_left_is_removed_when_it_is_old() {
    let env = with_runs(1);
    for (path, code) in [
        (".git/refs/notes/exp.lock", "git-lock"),
        (".git/refs/exp/0123456789abcdefghijklmnop.lock", "git-lock"),
        ("experiments/.tmp-Xy12Zq", "half-written"),
        (
            "experiments/runs/exp_001_idea_a/.tmp-Xy12Zq",
            "half-written",
        ),
        (".git/exp-index-Xy12Zq/index", "temporary-index"),
    ] {
        env.write(path, "");
        let young = findings(&env, &[]);
        assert!(
            young.iter().all(|(_, severity)| severity == "note"),
            "{path}: {young:?}"
        );
        age(env.path(path));
        age(env.path(path).parent().unwrap());
        mends(&env, code);
        assert!(!env.path(path).exists(), "{path}");
    }
}

/// The only finding, as `--json` has it.
#[track_caller]
fn only_finding(env: &TestEnv, args: &[&str]) -> Value {
    let ran = env.exp(&[&["doctor", "--json"], args].concat());
    let report: Value = serde_json::from_str(&ran.stdout).expect(&ran.stderr);
    let list = report["findings"].as_array().unwrap();
    assert_eq!(list.len(), 2, "{list:#?}");
    list[1].clone()
}

#[test]
fn gits_own_locks_are_named_and_left_to_the_user() {
    let env = with_runs(1);
    env.commit("records");
    env.git(&["worktree", "add", "-q", "../linked", "HEAD"]);
    for path in [
        "index.lock",
        "HEAD.lock",
        "config.lock",
        "packed-refs.lock",
        "packed-refs.new",
        "shallow.lock",
        "refs/heads/deep/main.lock",
        "refs/notes/commits.lock",
        "logs/HEAD.lock",
        "objects/info/commit-graph.lock",
        "objects/info/commit-graphs/commit-graph-chain.lock",
        "objects/pack/multi-pack-index.lock",
        "objects/maintenance.lock",
        "worktrees/linked/index.lock",
        "worktrees/linked/refs/bisect/bad.lock",
    ] {
        let place = format!(".git/{path}");
        env.write(&place, "");
        let young = only_finding(&env, &[]);
        assert_eq!(young["severity"], "note", "{path}");
        age(env.path(&place));
        for args in [&[][..], &["--fix"]] {
            let old = only_finding(&env, args);
            assert_eq!(
                (&old["code"], &old["subject"]),
                (&"git-lock".into(), &place.as_str().into())
            );
            assert_eq!(old["severity"], "do this");
            assert_eq!(old["fix"], Value::Null);
            let what = old["what"].as_str().unwrap();
            assert!(
                what.contains("days old") && what.contains("--fix leaves it to you"),
                "{what}"
            );
            let full = env.path(&place).display().to_string();
            let command = old["command"].as_str().unwrap();
            assert!(command.starts_with(&format!("rm {full}  (")), "{command}");
            assert_eq!(old["lock"]["path"], full.as_str());
            assert!(old["lock"]["age"].as_u64().unwrap() > 1_000_000);
        }
        std::fs::remove_file(env.path(&place)).unwrap();
    }
    assert_eq!(findings(&env, &[]), []);
}

#[test]
#[cfg(target_os = "linux")]
fn a_lock_of_somebody_who_is_at_work_is_no_left_over() {
    let env = with_runs(1);
    let ours = ".git/refs/notes/exp.lock";
    for path in [ours, ".git/index.lock"] {
        env.write(path, "");
        age(env.path(path));
        let held = std::fs::File::open(env.path(path)).unwrap();
        let found = only_finding(&env, &["--fix"]);
        assert_eq!(found["severity"], "note");
        assert_eq!(found["lock"]["at_work"], true);
        assert!(
            found["what"].as_str().unwrap().contains("held open by"),
            "{found}"
        );
        assert!(env.path(path).exists());
        drop(held);
        std::fs::remove_file(env.path(path)).unwrap();
    }
    env.write(".git/index.lock", "");
    age(env.path(".git/index.lock"));
    // It reads until the other end is closed.
    let mut git = env.command("git");
    git.args(["cat-file", "--batch"]);
    git.stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null());
    let mut git = git.spawn().unwrap();
    let found = only_finding(&env, &[]);
    drop(git.stdin.take());
    git.wait().unwrap();
    let what = found["what"].as_str().unwrap();
    assert!(
        what.contains(&format!("git cat-file (process {})", git.id())),
        "{what}"
    );
    assert_eq!(found["severity"], "note");
}

#[test]
fn a_lock_in_the_way_is_named_with_its_age_and_the_way_out() {
    let env = with_runs(2);
    let uid = record(&env, "exp_002_idea_b")["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    let lock = |path: &str| {
        env.write(path, "");
        age(env.path(path));
        env.path(path).display().to_string()
    };
    let refs = env.git(&["for-each-ref"]);
    // The record comes first, and nobody waits for a lock that nobody holds.
    let place = lock(".git/refs/notes/exp.lock");
    let started = std::time::Instant::now();
    let ran = env.exp(&["tag", "1", "good"]);
    assert!(started.elapsed().as_secs() < 20);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr
            .contains(&format!("git's lock {place} is in the way (")),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("hint: add it later: git exp doctor --fix"),
        "{}",
        ran.stderr
    );
    env.exp(&["doctor", "--fix"]).ok();
    let refs_after = env.git(&["for-each-ref", "refs/exp", "refs/heads"]);
    assert!(refs.contains(refs_after.trim_end()));
    for (path, way_out) in [
        (
            format!(".git/refs/exp/{uid}.lock"),
            "remove it: git exp doctor --fix",
        ),
        (
            ".git/packed-refs.lock".to_owned(),
            "once no git is at work: rm ",
        ),
    ] {
        let place = lock(&path);
        let ran = env.exp(&["rm", "2", "--purge", "--yes"]);
        assert_eq!(ran.code, 2);
        let error = ran.error();
        assert!(
            error.contains(&format!("git's lock {place} is in the way (")),
            "{error}"
        );
        assert!(
            error.contains("days old") && error.contains(way_out),
            "{error}"
        );
        std::fs::remove_file(&place).unwrap();
        assert_eq!(
            env.git(&["for-each-ref", "refs/exp", "refs/heads"]),
            refs_after
        );
        assert_eq!(findings(&env, &[]), []);
    }
    env.exp(&["rm", "2", "--purge", "--yes"]).ok();
}

#[test]
fn init_writes_nothing_where_the_configuration_is_locked() {
    let env = TestEnv::new();
    env.write("train.py", "");
    env.commit("code");
    env.write(".git/config.lock", "");
    let ran = env.exp(&["init"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("config.lock is in the way"));
    assert_eq!(env.git(&["status", "--porcelain"]), "");
    std::fs::remove_file(env.path(".git/config.lock")).unwrap();
    env.exp(&["init"]).ok();
}

#[test]
fn start_says_that_the_tables_of_refs_are_locked() {
    let env = TestEnv::empty();
    if !crate::common::can(&env, &["init", "-q", "--ref-format=reftable"]) {
        return crate::common::skipped("this git knows no reftable");
    }
    env.write("train.py", "1\n");
    env.commit("code");
    env.exp(&["init"]).ok();
    let lock = ".git/reftable/tables.list.lock";
    env.write(lock, "");
    let ran = env.exp(&["start", "baseline"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("tables.list.lock is in the way"));
    assert!(!env.path("experiments/runs/exp_001_baseline").exists());
    std::fs::remove_file(env.path(lock)).unwrap();
    env.exp(&["start", "baseline"]).ok();
}

#[test]
fn a_table_and_a_log_that_fell_behind_are_written_anew() {
    let env = with_runs(1);
    env.write("experiments/experiments.md", "old\n");
    mends(&env, "table");
    std::fs::remove_file(env.path("experiments/runs/exp_001_idea_a/README.md")).unwrap();
    mends(&env, "log");
    // A run that goes on needs no row yet.
    env.exp(&["start", "idea_b", "--allow-same"]).ok();
    assert_eq!(findings(&env, &[]), []);
}

#[test]
fn damage_is_said_and_left_alone() {
    let env = with_runs(2);
    let path = "experiments/runs/exp_001_idea_a/run.json";
    for (text, expected) in [
        ("{\"schema\": ", "is damaged"),
        ("{\"schema\": \"git-exp/run/9\"}", "git-exp/run/9"),
        ("", "is damaged"),
    ] {
        env.write(path, text);
        let ran = env.exp(&["doctor", "--fix"]);
        assert_eq!(ran.code, 1);
        assert!(ran.stdout.contains("do this  exp_001: "), "{}", ran.stdout);
        assert!(ran.stdout.contains(expected), "{}", ran.stdout);
        assert_eq!(
            env.read(path),
            text,
            "a damaged record is the user's to decide on"
        );
    }
}

#[test]
fn what_is_exchanged_with_the_remote() {
    let env = with_runs(1);
    env.git(&["init", "-q", "--bare", "../remote.git"]);
    env.git(&["remote", "add", "origin", "../remote.git"]);
    env.commit("exp_001");
    env.git(&["push", "-q", "origin", "main"]);
    let found = findings(&env, &[]);
    let not_fetched = ("not-fetched".to_owned(), "do this".to_owned());
    assert_eq!(found, [not_fetched.clone(), not_fetched]);
    env.exp(&["doctor", "--fix"]).ok();
    // A fetch works before anybody has pushed a note or a run.
    env.git(&["fetch", "-q"]);
    let specs = env.git(&["config", "--get-all", "remote.origin.fetch"]);
    assert!(
        specs.contains("+refs/notes/exp*:refs/notes/origin/exp*"),
        "{specs}"
    );
    assert_eq!(
        env.git(&["config", "notes.exp.mergeStrategy"]).trim(),
        "cat_sort_uniq"
    );
    let text = env.exp(&["doctor", "--remote"]).ok();
    assert!(
        text.contains("1 snapshot is on this machine only"),
        "{text}"
    );
    let command = text.split(":  ").last().unwrap().trim().to_owned();
    let mut shell = env.command("sh");
    shell.args(["-c", &command]);
    env.ran(shell).ok();
    assert!(
        !env.exp(&["doctor", "--remote"])
            .ok()
            .contains("this machine only")
    );

    // A fetch that prunes must not take what was never pushed.
    env.exp(&["start", "idea_b", "--allow-same"]).ok();
    let before = env.git(&["for-each-ref", "refs/exp/"]);
    env.git(&["fetch", "-q", "--prune"]);
    assert_eq!(env.git(&["for-each-ref", "refs/exp/"]), before);
    assert_eq!(before.lines().count(), 2);
}

#[test]
fn refspecs_that_destroy_are_replaced() {
    let env = with_runs(1);
    env.git(&["init", "-q", "--bare", "../remote.git"]);
    env.git(&["remote", "add", "origin", "../remote.git"]);
    for spec in ["refs/exp/*:refs/exp/*", "+refs/notes/*:refs/notes/*"] {
        env.git(&["config", "--add", "remote.origin.fetch", spec]);
    }
    let found = findings(&env, &[]);
    let refspecs = found.iter().filter(|(code, _)| code == "refspec").count();
    assert_eq!(refspecs, 2, "{found:?}");
    env.exp(&["doctor", "--fix"]).ok();
    let specs = env.git(&["config", "--get-all", "remote.origin.fetch"]);
    assert!(
        !specs.lines().any(|line| line == "refs/exp/*:refs/exp/*"),
        "{specs}"
    );
    assert!(!specs.contains("refs/notes/*"), "{specs}");
    let before = env.git(&["for-each-ref", "refs/exp/", "refs/notes/"]);
    env.git(&["fetch", "-q", "--prune"]);
    assert_eq!(
        env.git(&["for-each-ref", "refs/exp/", "refs/notes/"]),
        before
    );
}

#[test]
fn a_clone_gets_its_snapshots_back() {
    let env = with_runs(1);
    env.commit("exp_001");
    // As over a network: only what refs name.
    let url = format!("file://{}", env.repo().display());
    env.git(&["clone", "-q", &url, "../clone"]);
    let run = |args: &[&str]| {
        let mut command = env.command(env!("CARGO_BIN_EXE_git-exp"));
        command.current_dir(env.home().join("clone")).args(args);
        env.ran(command)
    };
    let ran = run(&["doctor", "--fix"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("its snapshot is not in this clone"),
        "{}",
        ran.stdout
    );
    env.git(&["-C", "../clone", "fetch", "-q"]);
    let fixed = run(&["doctor", "--fix"]).ok();
    assert!(fixed.contains("creates its ref"), "{fixed}");
    assert!(fixed.contains("merges them"), "{fixed}");
    assert_eq!(run(&["doctor"]).ok().lines().count(), 1);
    let notes = |at: &str| env.git(&["-C", at, "notes", "--ref=exp", "show", "HEAD~1"]);
    assert_eq!(notes("../clone"), notes("."));
}

#[test]
fn content_that_git_lfs_would_prune_is_kept_again() {
    let env = TestEnv::new();
    if !has_lfs(&env) {
        return;
    }
    let elsewhere = env.home().join("storage").display().to_string();
    for storage in ["", &elsewhere] {
        env.git(&["lfs", "install", "--local"]);
        env.git(&["lfs", "track", "*.bin"]);
        if !storage.is_empty() {
            env.git(&["config", "lfs.storage", storage]);
        }
        env.write("committed.bin", [1; 3000]);
        env.commit("lfs");
        env.write("new.bin", [2; 3000]);
        let start = ["start", "--allow-same", "--porcelain"];
        let id = env.exp(&start).ok();
        let short = id.split('_').take(2).collect::<Vec<_>>().join("_");
        env.exp(&["finish", "--status", "failed"]).ok();
        let kept = || std::fs::read_dir(env.path(".git/exp/lfs")).map_or(0, Iterator::count);
        assert_eq!(kept(), 1, "{storage}");
        assert!(!env.exp(&["doctor"]).ok().contains("prune"));

        std::fs::remove_dir_all(env.path(".git/exp/lfs")).unwrap();
        let looked = env.exp(&["doctor"]);
        let finding = format!("{short}: `git lfs prune` would delete a file of its snapshot");
        assert!(looked.stdout.contains(&finding), "{}", looked.all());
        assert_eq!((looked.code, kept()), (1, 0), "looking writes nothing");
        let fixed = env.exp(&["doctor", "--fix"]).ok();
        assert!(fixed.contains("keeps what is there"), "{fixed}");
        assert_eq!(kept(), 1, "{storage}");
        std::fs::remove_file(env.path("new.bin")).unwrap();
        std::fs::remove_dir_all(env.path(".git/exp/lfs")).unwrap();
        let _ = std::fs::remove_dir_all(env.path(".git/lfs/objects"));
    }
}

#[test]
fn thousands_of_refs_are_packed_when_asked() {
    let env = TestEnv::new();
    env.exp(&["start", "first_idea"]).ok();
    let head = env.git(&["rev-parse", "HEAD"]);
    for n in 0..1200 {
        env.write(&format!(".git/refs/exp/other-{n}"), &head);
    }
    let line = "1201 refs of runs are files of their own";
    let looked = env.exp(&["doctor"]).stdout;
    assert!(looked.contains(line), "{looked}");
    let fixed = env.exp(&["doctor", "--fix"]).stdout;
    assert!(fixed.contains("packs the refs"), "{fixed}");
    assert!(!env.exp(&["doctor"]).stdout.contains(line));
    let refs = env.git(&["for-each-ref", "refs/exp"]);
    assert_eq!(refs.lines().count(), 1201);
    env.exp(&["start", "second_idea", "--allow-same"]).ok();
    let refs = env.git(&["for-each-ref", "refs/exp"]);
    assert_eq!(refs.lines().count(), 1202);
}
