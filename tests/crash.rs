//! Dies at every arrow of the write order, and at random moments; fills the disk; forbids writing.
//! Afterwards `git exp doctor --fix`, and nothing that was acknowledged may be missing.
//!
//! | what must hold | tests |
//! |---|---|
//! | reserving a number, objects, ref, draft, rename, note: `start` dies after each | `crash::every_point_is_passed_by_a_run`, `crash::a_start_that_dies_anywhere_is_whole_or_gone` |
//! | `finish`: copies, record, note | `crash::a_finish_that_dies_anywhere_can_be_finished` |
//! | any other change of a record | `crash::a_change_of_a_record_that_dies_anywhere_is_whole_or_not_made` |
//! | a run whose process is gone | `doctor::a_run_whose_process_is_gone_becomes_stale`, `doctor::a_job_is_asked_after_where_the_batch_system_can_be_asked` |
//! | `kill -9` at any moment, stale locks | `crash::killed_at_any_moment_no_record_is_lost`, `doctor::what_a_killed_git_or_a_killed_freeze_left_is_removed_when_it_is_old` |
//! | a full disk, a failing disk, a limit on file sizes | `crash::a_start_on_a_full_disk_is_an_error_and_leaves_nothing`, `crash::a_finish_on_a_full_disk_can_be_repeated`, `crash::a_disk_that_fills_up_loses_nothing`, `crash::a_limit_on_file_size_is_survived` |
//! | read-only folders | `crash::a_folder_that_must_not_be_written_is_named`, `finish::read_only_folders_are_named_with_the_way_out`, `readonly::what_can_not_be_written_is_told_before_anything_is` |
//! | signals are passed on and recorded | `run::a_signal_is_passed_on_and_recorded` |
//! | a number without a run, a run without its folder, ref or note | `doctor::a_number_that_nobody_uses_is_freed_after_ten_minutes`, `doctor::a_lost_folder_is_written_again_from_the_snapshot`, `doctor::a_missing_ref_is_created_while_its_snapshot_is_there`, `doctor::a_missing_line_is_added` |
//! | two copies of `experiments/`, put together file by file | `crash::two_copies_put_together_file_by_file_are_sorted_out` |
//! | many at once | `parallel::two_hundred_runs_at_once_in_three_worktrees`, `attach::a_job_array_loses_nothing` |

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use git_exp::failpoint::POINTS;
use serde_json::Value;

use crate::common::{Ran, TestEnv, skipped};

const EXP: &str = env!("CARGO_BIN_EXE_git-exp");
/// No loop over points is longer; one that is has stopped counting.
const MOST: usize = 200;

/// A repository with a finished run, uncommitted code, a configuration and data.
fn prepared() -> TestEnv {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.write("params.yaml", "lr: 0.1\n");
    env.write("data/train.csv", "a,b\n1,2\n");
    env.commit("code");
    let metrics = "echo '{\"acc\": 0.5}' > metrics.json";
    let flags = ["--config", "params.yaml", "--data", "train=data/train.csv"];
    let mut args = vec!["run", "baseline"];
    args.extend(flags);
    args.extend(["--", "sh", "-c", metrics]);
    env.exp(&args).ok();
    env.write("train.py", "print(2)\n");
    env.write("new file.py", "print(3)\n");
    env.git(&["add", "train.py"]);
    env.write("train.py", "print(4)\n");
    env
}

/// The binary itself with a fail point, or none.
fn exp(env: &TestEnv, fail_point: &str, args: &[&str]) -> Ran {
    let mut command = env.command(EXP);
    command.args(args);
    if !fail_point.is_empty() {
        command.env("GIT_EXP_FAILPOINT", fail_point);
    }
    env.ran(command)
}

fn records(env: &TestEnv) -> BTreeMap<String, Value> {
    let listing = std::fs::read_dir(env.path("experiments/runs"));
    let mut found = BTreeMap::new();
    for entry in listing.into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        assert!(!name.starts_with('.'), "left over: {name}");
        let text = std::fs::read_to_string(entry.path().join("run.json")).expect(&name);
        found.insert(name.clone(), serde_json::from_str(&text).expect(&name));
    }
    found
}

fn refs(env: &TestEnv) -> BTreeSet<String> {
    let listed = env.git(&["for-each-ref", "--format=%(refname)", "refs/exp"]);
    let uid = |line: &str| line.rsplit('/').next().unwrap().to_owned();
    listed.lines().map(uid).collect()
}

/// The lines of all notes, by run, with the highest `rev`.
fn notes(env: &TestEnv) -> BTreeMap<String, u64> {
    let mut lines = BTreeMap::new();
    for note in env.git(&["notes", "--ref=exp", "list"]).lines() {
        let blob = note.split(' ').next().unwrap();
        for line in env.git(&["cat-file", "blob", blob]).lines() {
            let line: Value = serde_json::from_str(line).expect(line);
            let (uid, rev) = (line["uid"].as_str().unwrap(), line["rev"].as_u64().unwrap());
            let known = lines.entry(uid.to_owned()).or_insert(rev);
            *known = rev.max(*known);
        }
    }
    lines
}

/// What must never change: the index, HEAD, and the files outside of `experiments/`.
fn users_own(env: &TestEnv) -> (Vec<u8>, String, String) {
    let index = std::fs::read(env.path(".git/index")).unwrap();
    let head = env.read(".git/HEAD");
    let files = env.git(&[
        "--no-optional-locks",
        "status",
        "--porcelain",
        "-uall",
        "--",
        ":(exclude)experiments",
        ":(exclude)metrics.json",
    ]);
    (index, head, files)
}

/// Mends, then checks all that was promised. Gives the records.
fn invariants(env: &TestEnv, acknowledged: &[String], context: &str) -> BTreeMap<String, Value> {
    let mended = exp(env, "", &["doctor", "--fix"]);
    assert_eq!(mended.code, 0, "{context}: {}", mended.all());
    let again = exp(env, "", &["doctor", "--fix", "--json"]);
    let report: Value = serde_json::from_str(&again.stdout).expect(context);
    let (fixed, to_do) = (&report["fixed"], &report["to_do"]);
    assert!(
        *fixed == 0 && *to_do == 0,
        "{context}: {}\n{}",
        mended.all(),
        again.stdout
    );
    let (records, refs, notes) = (records(env), refs(env), notes(env));
    let mut numbers = BTreeSet::new();
    let mut uids = BTreeSet::new();
    for (name, record) in &records {
        let uid = record["uid"].as_str().unwrap();
        assert!(
            numbers.insert(record["number"].as_u64()),
            "{context}: {name}"
        );
        assert!(uids.insert(uid.to_owned()), "{context}: {name}");
        assert!(refs.contains(uid), "{context}: {name} has no ref");
        let rev = record["rev"].as_u64().unwrap();
        assert_eq!(notes.get(uid), Some(&rev), "{context}: {name} has no line");
        assert!(
            env.path("experiments/experiments.md").is_file(),
            "{context}"
        );
    }
    for uid in acknowledged {
        assert!(uids.contains(uid), "{context}: {uid} is lost");
    }
    assert_eq!(refs, uids, "{context}: refs without a record");
    env.git(&["fsck", "--strict", "--no-dangling"]);
    records
}

fn uid_of(env: &TestEnv, id: &str) -> String {
    let record = env.json(&format!("experiments/runs/{id}/run.json"));
    record["uid"].as_str().unwrap().to_owned()
}

/// Runs `test` for n = 1, 2, … until it says that the command came through.
fn until_it_passes(test: impl Fn(usize) -> bool + Sync) -> usize {
    // Each case waits for the disk most of the time.
    let next = std::sync::atomic::AtomicUsize::new(1);
    let end = std::sync::atomic::AtomicUsize::new(MOST);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    if n >= end.load(std::sync::atomic::Ordering::SeqCst) {
                        break;
                    }
                    if test(n) {
                        end.fetch_min(n, std::sync::atomic::Ordering::SeqCst);
                    }
                }
            });
        }
    });
    let end = end.into_inner();
    assert!(end < MOST, "the command never came through");
    end
}

/// The template is shared by threads: every one copies it under this lock.
struct Template(std::sync::Mutex<TestEnv>);

impl Template {
    fn new(env: TestEnv) -> Self {
        Self(std::sync::Mutex::new(env))
    }

    fn copy(&self) -> TestEnv {
        self.0
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
            .copy()
    }
}

#[test]
fn every_point_is_passed_by_a_run() {
    let template = Template::new(prepared());
    std::thread::scope(|scope| {
        for share in POINTS.chunks(POINTS.len().div_ceil(4)) {
            let template = &template;
            scope.spawn(move || {
                for point in share {
                    let env = template.copy();
                    let before = users_own(&env);
                    let script = "echo '{\"acc\": 0.6}' > metrics.json";
                    let wish = format!("{point}:abort");
                    let ran = exp(&env, &wish, &["run", "deeper", "--", "sh", "-c", script]);
                    assert_eq!(ran.code, -1, "{point} was not reached: {}", ran.all());
                    let records = invariants(&env, &[uid_of(&env, "exp_001_baseline")], point);
                    for (name, record) in &records {
                        assert_ne!(record["status"], "running", "{point}: {name}");
                    }
                    assert_eq!(users_own(&env), before, "{point}");
                }
            });
        }
    });
}

#[test]
fn a_start_that_dies_anywhere_is_whole_or_gone() {
    let template = Template::new(prepared());
    let first = uid_of(&template.copy(), "exp_001_baseline");
    let points = until_it_passes(|n| {
        let env = template.copy();
        let before = users_own(&env);
        let ran = exp(&env, &format!("any:abort:{n}"), &["start", "deeper"]);
        let context = format!("abort at point {n} of start");
        let records = invariants(&env, std::slice::from_ref(&first), &context);
        assert_eq!(users_own(&env), before, "{context}");
        if ran.code == 0 {
            return true;
        }
        if let Some(mended) = records
            .values()
            .find(|record| record["uid"] != first.as_str())
        {
            assert_eq!(mended["slug"], "deeper", "{context}");
            snapshot_is_exact(&env, mended, &context);
        }
        let next = exp(&env, "", &["start", "wider", "--porcelain"]).ok();
        assert!(next.starts_with("exp_00"), "{context}: {next}");
        false
    });
    assert!(points > 12, "only {points} points on the way");
}

/// The snapshot has the file as it was, and the configuration's copy is byte for byte.
fn snapshot_is_exact(env: &TestEnv, record: &Value, context: &str) {
    let object = record["code"]["snapshot"].as_str().expect(context);
    assert_eq!(
        env.git(&["show", &format!("{object}:train.py")]),
        "print(4)\n"
    );
    let folder = format!(
        "experiments/runs/exp_{:03}_deeper",
        record["number"].as_u64().unwrap()
    );
    assert_eq!(
        env.read(&format!("{folder}/config.yaml")),
        "lr: 0.1\n",
        "{context}"
    );
    let patch = env.read(&format!("{folder}/dirty.patch"));
    assert!(
        patch.contains("+print(4)") && patch.contains("new file.py"),
        "{context}"
    );
}

#[test]
fn a_finish_that_dies_anywhere_can_be_finished() {
    let env = prepared();
    exp(&env, "", &["start", "deeper"]).ok();
    env.write("metrics.json", "{\"acc\": 0.7}\n");
    let template = Template::new(env);
    let known: Vec<String> = {
        let env = template.copy();
        ["exp_001_baseline", "exp_002_deeper"]
            .map(|id| uid_of(&env, id))
            .to_vec()
    };
    let points = until_it_passes(|n| {
        let env = template.copy();
        let before = users_own(&env);
        let finish = [
            "finish",
            "-m",
            "deeper is better",
            "--metrics",
            "metrics.json",
        ];
        let ran = exp(&env, &format!("any:abort:{n}"), &finish);
        let context = format!("abort at point {n} of finish");
        let records = invariants(&env, &known, &context);
        if records["exp_002_deeper"]["status"] == "running" {
            exp(&env, "", &finish).ok();
            invariants(&env, &known, &context);
        }
        let record = env.json("experiments/runs/exp_002_deeper/run.json");
        assert_eq!(record["status"], "ok", "{context}");
        assert_eq!(record["metrics"]["acc"].to_string(), "0.7", "{context}");
        let log = env.read("experiments/runs/exp_002_deeper/README.md");
        assert!(log.contains("acc: 0.7"), "{context}: {log}");
        assert_eq!(
            log.matches("deeper is better").count(),
            1,
            "{context}: {log}"
        );
        let table = env.read("experiments/experiments.csv");
        assert!(table.contains("0.7"), "{context}: {table}");
        assert_eq!(users_own(&env), before, "{context}");
        ran.code == 0
    });
    assert!(points > 12, "only {points} points on the way");
}

#[test]
fn a_change_of_a_record_that_dies_anywhere_is_whole_or_not_made() {
    let template = Template::new(prepared());
    let first = uid_of(&template.copy(), "exp_001_baseline");
    let changes: [&[&str]; 3] = [
        &["rename", "exp_001", "first_idea"],
        &["note", "exp_001", "-m", "worth a second look"],
        &["tag", "exp_001", "+kept"],
    ];
    for change in changes {
        until_it_passes(|n| {
            let env = template.copy();
            let ran = exp(&env, &format!("any:abort:{n}"), change);
            let context = format!("abort at point {n} of {}", change[0]);
            let records = invariants(&env, std::slice::from_ref(&first), &context);
            assert_eq!(records.len(), 1, "{context}");
            let (name, record) = records.iter().next().unwrap();
            let said = format!("exp_001_{}", record["slug"].as_str().unwrap());
            assert_eq!(*name, said, "{context}");
            ran.code == 0
        });
    }
}

#[test]
fn a_start_on_a_full_disk_is_an_error_and_leaves_nothing() {
    let template = Template::new(prepared());
    until_it_passes(|n| {
        let env = template.copy();
        let before = (users_own(&env), records(&env), refs(&env));
        let act = if n % 2 == 0 { "enospc" } else { "eio" };
        let ran = exp(&env, &format!("any:{act}:{n}"), &["start", "deeper"]);
        let context = format!("{act} at point {n} of start");
        let is_published = env.path("experiments/runs/exp_002_deeper").exists();
        if ran.code == 0 {
            assert!(is_published, "{context}");
            let failed_late = ran.stderr.contains("the git note was not written");
            invariants(&env, &[], &context);
            return !failed_late;
        }
        assert!(ran.error().contains("os error"), "{context}");
        if !is_published {
            // An error is an answer: all is as it was, and the number is free again.
            assert_eq!(
                (users_own(&env), records(&env), refs(&env)),
                before,
                "{context}"
            );
            let next = exp(&env, "", &["start", "deeper", "--porcelain"]).ok();
            assert_eq!(next, "exp_002_deeper\n", "{context}");
        }
        invariants(&env, &[], &context);
        false
    });
}

#[test]
fn a_finish_on_a_full_disk_can_be_repeated() {
    let env = prepared();
    exp(&env, "", &["start", "deeper"]).ok();
    env.write("metrics.json", "{\"acc\": 0.7}\n");
    let template = Template::new(env);
    until_it_passes(|n| {
        let env = template.copy();
        let finish = ["finish", "--metrics", "metrics.json"];
        let ran = exp(&env, &format!("any:enospc:{n}"), &finish);
        let context = format!("enospc at point {n} of finish");
        let warned = ran.stderr.contains("warning:");
        let status = env.json("experiments/runs/exp_002_deeper/run.json")["status"].clone();
        if status == "running" {
            assert_eq!(ran.code, 2, "{context}");
            exp(&env, "", &finish).ok();
        }
        let records = invariants(&env, &[], &context);
        assert_eq!(
            records["exp_002_deeper"]["metrics"]["acc"].to_string(),
            "0.7",
            "{context}"
        );
        ran.code == 0 && !warned
    });
}

/// Kills of the program alone, and of the program with every git that it started, spread over the
/// time that it takes. `GIT_EXP_KILLS` makes it longer.
#[test]
fn killed_at_any_moment_no_record_is_lost() {
    let env = prepared();
    let script = "echo '{\"acc\": 0.6}' > metrics.json";
    let args = ["run", "deeper", "--allow-same", "--", "sh", "-c", script];
    let timed = |_| {
        let started = Instant::now();
        exp(&env, "", &args).ok();
        started.elapsed()
    };
    // The fastest: after a slow one most kills would come too late.
    let whole = (0..3).map(timed).min().unwrap();
    let kills: u32 = std::env::var("GIT_EXP_KILLS").map_or(40, |text| text.parse().unwrap());
    let before = users_own(&env);
    let mut acknowledged: Vec<String> = records(&env)
        .values()
        .map(|r| r["uid"].as_str().unwrap().to_owned())
        .collect();
    let mut killed = 0;
    for kill in 0..kills {
        let mut command = env.command(EXP);
        command
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let mut child = command.spawn().unwrap();
        std::thread::sleep(whole * kill / kills);
        let pid = rustix::process::Pid::from_child(&child);
        let signal = rustix::process::Signal::KILL;
        if kill % 2 == 0 {
            let _ = rustix::process::kill_process_group(pid, signal);
        } else {
            let _ = rustix::process::kill_process(pid, signal);
        }
        let ended = child.wait().unwrap();
        killed += u32::from(!ended.success());
        wait_for_group(pid);
        age_git_locks(&env);
        if ended.success() {
            let newest = records_visible(&env).pop().unwrap();
            acknowledged.push(newest);
        }
        if kill % 8 == 7 {
            invariants(&env, &acknowledged, &format!("kill {kill} of {kills}"));
        }
    }
    let records = invariants(&env, &acknowledged, "after all kills");
    assert!(killed * 4 > kills, "only {killed} of {kills} kills hit");
    assert!(records.values().all(|record| record["status"] != "running"));
    assert_eq!(users_own(&env), before);
    exp(&env, "", &args).ok();
}

/// The uids of published records, oldest first, whatever lies beside them.
fn records_visible(env: &TestEnv) -> Vec<String> {
    let listing = std::fs::read_dir(env.path("experiments/runs")).unwrap();
    let mut names: Vec<String> = listing
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name.starts_with("exp_"))
        .collect();
    names.sort();
    names.iter().map(|name| uid_of(env, name)).collect()
}

/// A git that outlived its parent finishes what it was doing.
fn wait_for_group(group: rustix::process::Pid) {
    let started = Instant::now();
    while rustix::process::test_kill_process_group(group).is_ok() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "a git never ended"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Locks that a killed git left, as they are ten minutes later.
fn age_git_locks(env: &TestEnv) {
    let long_ago = filetime::FileTime::from_unix_time(1_600_000_000, 0);
    for folder in [".git/refs/notes", ".git/refs/exp"] {
        for entry in std::fs::read_dir(env.path(folder))
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry.path().extension().is_some_and(|end| end == "lock") {
                filetime::set_file_mtime(entry.path(), long_ago).unwrap();
                exp(env, "", &["doctor", "--fix"]);
                assert!(!entry.path().exists(), "the lock is still there");
            }
        }
    }
}

/// A file system of two megabytes, unmounted when dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m", "none"]).arg(at);
        let done = mount
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        done.then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_disk_that_fills_up_loses_nothing() {
    let env = TestEnv::empty();
    let place = env.repo().to_owned();
    let Some(_disk) = SmallDisk::mount(&place) else {
        return skipped("no right to mount a small disk (needs root)");
    };
    env.git(&["init", "-q", "-b", "main"]);
    env.write("train.py", "print(1)\n");
    env.commit("code");
    exp(&env, "", &["start", "baseline"]).ok();
    exp(&env, "", &["finish"]).ok();
    let first = uid_of(&env, "exp_001_baseline");
    env.write("train.py", "print(2)\n");
    // Fill it to the last block, then give back a little more each time.
    let filler = env.path(".git/filler");
    let mut size: u64 = 0;
    {
        use std::io::Write;
        let mut file = std::fs::File::create(&filler).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {
            size += 4096;
        }
    }
    let (mut errors, mut hints) = (0, 0);
    let mut came_through = false;
    for round in 0..40_u64 {
        let keep = size.saturating_sub(round * round * 2048);
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(&filler)
            .unwrap();
        file.set_len(keep).unwrap();
        let ran = exp(&env, "", &["start", "deeper"]);
        if ran.code == 0 {
            came_through = true;
            break;
        }
        errors += 1;
        let text = ran.error();
        let words = ["No space left", "Out of diskspace", "write"];
        assert!(words.iter().any(|words| text.contains(words)), "{text}");
        hints += usize::from(text.contains("hint: free some disk space: df -h ."));
    }
    assert!(
        came_through && errors > 2,
        "{errors} errors, came through: {came_through}"
    );
    assert!(hints > 0, "no error named the way out");
    std::fs::remove_file(filler).unwrap();
    let second = uid_of(&env, "exp_002_deeper");
    let records = invariants(&env, &[first, second], "after a full disk");
    assert_eq!(records.len(), 2, "an error left a record");
}

#[test]
fn a_limit_on_file_size_is_survived() {
    let template = Template::new(prepared());
    let Ok(status) = Command::new("prlimit")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
    else {
        return skipped("there is no prlimit");
    };
    assert!(status.success());
    for (limit, ignored) in [
        (0, true),
        (0, false),
        (600, true),
        (600, false),
        (1500, false),
    ] {
        let env = template.copy();
        let before = users_own(&env);
        let mut command = env.command("sh");
        // Where SIGXFSZ is ignored the write of any process fails; else git dies of it, and we don't.
        let trap = if ignored { "trap '' XFSZ; " } else { "" };
        let script = format!("{trap}exec prlimit --fsize={limit} {EXP} start deeper");
        command.args(["-c", &script]);
        let ran = env.ran(command);
        let context = format!("at most {limit} bytes a file, ignored: {ignored}");
        assert_eq!(ran.code, 2, "{context}: {}", ran.all());
        assert!(
            ran.stderr.contains("ulimit -f unlimited"),
            "{context}: {}",
            ran.stderr
        );
        let first = uid_of(&env, "exp_001_baseline");
        invariants(&env, &[first], &context);
        assert_eq!(users_own(&env), before, "{context}");
        exp(&env, "", &["start", "deeper"]).ok();
    }
}

#[test]
fn a_restore_that_the_system_stops_says_by_what_and_leaves_nothing() {
    let env = prepared();
    let mut command = env.command("sh");
    let script = format!("trap '' XFSZ; exec prlimit --fsize=0 {EXP} restore 1 ../given");
    command.args(["-c", &script]);
    let ran = env.ran(command);
    if ran.stderr.contains("not found") {
        return skipped("there is no prlimit");
    }
    assert_eq!(ran.code, 2, "{}", ran.all());
    let words = ["cannot restore into", "ulimit -f unlimited"];
    assert!(
        words.iter().all(|words| ran.stderr.contains(words)),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("git exp pull"), "{}", ran.stderr);
    assert!(!env.home().join("given").exists());
}

#[test]
fn a_folder_that_must_not_be_written_is_named() {
    let env = prepared();
    let before = (refs(&env), records(&env));
    let is_root = rustix::process::geteuid().is_root();
    let places = ["experiments/runs", ".git/exp/ids", ".git/refs/exp"];
    for place in places {
        let place = env.path(place);
        // Root passes over permissions, but not over the immutable flag.
        let forbid = |yes: bool| {
            if is_root {
                let flag = if yes { "+i" } else { "-i" };
                let mut command = Command::new("chattr");
                command.arg(flag).arg(&place).stderr(Stdio::null());
                return command.status().is_ok_and(|status| status.success());
            }
            let mode = if yes { 0o555 } else { 0o755 };
            std::fs::set_permissions(&place, std::fs::Permissions::from_mode(mode)).is_ok()
        };
        if !forbid(true) {
            return skipped("this file system has no immutable flag");
        }
        let ran = exp(&env, "", &["start", "deeper"]);
        let looked = exp(&env, "", &["doctor"]);
        assert!(forbid(false));
        let text = ran.error();
        assert!(text.contains("cannot write"), "{text}");
        assert_eq!(
            looked.code,
            0,
            "looking needs no right to write: {}",
            looked.all()
        );
        assert_eq!((refs(&env), records(&env)), before, "{place:?}");
    }
    exp(&env, "", &["start", "deeper", "--porcelain"]).ok();
    invariants(&env, &[], "after read-only folders");
}

/// As a network drive or a synchronizing program does it: what is on one side alone is taken over, and
/// of what both have the later copy wins, which makes tables and logs fit neither.
#[test]
fn two_copies_put_together_file_by_file_are_sorted_out() {
    let env = prepared();
    let other = env.copy();
    // Another moment is another run.
    other.git(&["status"]);
    exp(&env, "", &["start", "deeper"]).ok();
    exp(&env, "", &["finish"]).ok();
    exp(&other, "", &["start", "wider"]).ok();
    exp(&other, "", &["finish"]).ok();
    let uids = [
        uid_of(&env, "exp_002_deeper"),
        uid_of(&other, "exp_002_wider"),
    ];
    let mut copy = env.command("cp");
    let theirs = other.path("experiments/.");
    copy.args(["-R", "--update"])
        .arg(theirs)
        .arg(env.path("experiments"));
    env.ran(copy).ok();
    let both = exp(&env, "", &["doctor"]);
    assert_eq!(both.code, 1);
    assert!(both.stdout.contains("git exp renumber"), "{}", both.stdout);
    exp(&env, "", &["renumber"]).ok();
    let from = other.repo().to_string_lossy().into_owned();
    env.git(&["fetch", "-q", &from, "refs/exp/*:refs/exp/*"]);
    let records = invariants(&env, &uids, "two copies");
    assert_eq!(records.len(), 3);
}
