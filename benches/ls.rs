//! What a list of many runs costs, beside what git and plain reading cost in the same minute.
//!
//! `cargo bench --bench ls` makes synthetic projects of 1,000 and 10,000 runs (`BENCH_RUNS=100000`
//! for others) below `BENCH_DIR` (the target folder) and prints the best wall time of several rounds
//! and its ratio to a yardstick. Nothing is asserted: machines differ, ratios say more.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::time::{Duration, Instant};

use git_exp::model::data::{Artifact, DataInput};
use git_exp::model::environment::{Environment, Hardware};
use git_exp::model::param::ParamKind;
use git_exp::model::run::Command;
use git_exp::model::{MetricValue, Number, Oid, Param, Run, RunId, Sha256, Status, Uid};
use git_exp::store::format::{RUN_SCHEMA, to_json};

/// Up to so many runs are committed.
const COMMITTED: u32 = 10_000;

fn main() {
    let sizes = std::env::var("BENCH_RUNS").unwrap_or("1000,10000".to_owned());
    let target = Path::new(env!("CARGO_BIN_EXE_git-exp"))
        .parent()
        .unwrap()
        .to_owned();
    let root = std::env::var_os("BENCH_DIR").map_or(target, PathBuf::from);
    for size in sizes.split(',').map(|size| size.trim().parse().unwrap()) {
        measure(&project(&root, size), size);
    }
}

/// A repository with 1,000 commits and so many run folders, made once.
fn project(root: &Path, runs: u32) -> PathBuf {
    let folder = root.join(format!("bench-ls-{runs}"));
    let done = folder.join(".git/bench-done");
    if done.exists() {
        return folder;
    }
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("experiments/runs")).unwrap();
    git(&folder, &["init", "-q", "-b", "main"]);
    let mut stream = String::new();
    for n in 1..=1000 {
        stream.push_str(&format!(
            "commit refs/heads/main\ncommitter T <t@example.com> {} +0000\ndata 9\ncommit {n:02}\n",
            1_700_000_000 + n
        ));
    }
    let stream = stream
        .replace("data 9\n", "data <<E\n")
        .replace("\ncommit refs", "\nE\ncommit refs");
    let mut import = process::Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(
        import.stdin.as_mut().unwrap(),
        format!("{stream}E\n").as_bytes(),
    )
    .unwrap();
    drop(import.stdin.take());
    assert!(import.wait().unwrap().success());
    for n in 1..=runs {
        let run = run(n);
        let place = folder.join("experiments/runs").join(run.id().to_string());
        std::fs::create_dir(&place).unwrap();
        std::fs::write(
            place.join("run.json"),
            to_json(RUN_SCHEMA, &run, None).unwrap(),
        )
        .unwrap();
    }
    // A hundred thousand files would take git minutes here, and nothing below needs them committed.
    if runs <= COMMITTED {
        git(&folder, &["add", "-A"]);
        git(
            &folder,
            &[
                "-c",
                "user.name=T",
                "-c",
                "user.email=t@example.com",
                "commit",
                "-qm",
                "runs",
            ],
        );
    }
    std::fs::write(done, "").unwrap();
    folder
}

/// A record as training programs leave it: about 5 KB, pretty-printed.
fn run(n: u32) -> Run {
    let started = chrono::DateTime::parse_from_rfc3339("2025-01-01T00:00:00+03:00").unwrap()
        + chrono::Duration::minutes(i64::from(n));
    let mut random = [0; 10];
    random[..4].copy_from_slice(&n.to_be_bytes());
    let uid = Uid::new(u64::try_from(started.timestamp_millis()).unwrap(), &random);
    let mut run = Run::new(
        uid,
        RunId {
            number: n,
            slug: format!("idea_number_{n}"),
        },
        started,
    );
    run.status = Status::Ok;
    run.title = format!("idea number {n}");
    run.goal = Some("does a wider layer help on the new split".to_owned());
    run.finished = Some(started + chrono::Duration::seconds(45));
    run.seconds = Some(Number::from_f64(45.0 + f64::from(n % 100) / 10.0));
    run.command = Some(Command {
        argv: ["python3", "train.py", "--config", "{config}", "--seed", "7"]
            .map(str::to_owned)
            .to_vec(),
        cwd: "".into(),
        exit_code: Some(0),
        signal: None,
    });
    run.code.commit = Oid::parse(&format!("{:040x}", n / 7));
    run.code.code_tree = Oid::parse(&format!("{:040x}", n / 5));
    run.code.branch = Some("main".to_owned());
    for (name, values) in [
        ("lr", 7),
        ("width", 5),
        ("depth", 9),
        ("dropout", 4),
        ("batch", 6),
    ] {
        let text = format!("0.{:03}", n % values + 1);
        run.params
            .insert(format!("model.{name}"), Param::leaf(ParamKind::Float, text));
    }
    for name in [
        "type",
        "optimizer",
        "schedule",
        "loss",
        "split",
        "features",
        "seed",
    ] {
        run.params
            .insert(format!("train.{name}"), Param::text("a value"));
    }
    for (at, name) in [
        "roc_auc_val",
        "roc_auc_test",
        "accuracy_val",
        "f1_val",
        "loss_val",
        "loss_train",
        "train_time_sec",
        "n_params",
    ]
    .iter()
    .enumerate()
    {
        let value = f64::from(n.wrapping_mul(2_654_435_761).rotate_left(at as u32 * 3))
            / f64::from(u32::MAX);
        run.metrics.insert(
            (*name).to_owned(),
            MetricValue::Number(Number::from_f64(value)),
        );
    }
    for role in ["train", "val", "test"] {
        let json = serde_json::json!({
            "role": role, "path": format!("data/{role}.csv"), "sha256": Sha256::of(role.as_bytes()),
            "bytes": 123_456, "rows": 10_000,
        });
        run.data
            .push(serde_json::from_value::<DataInput>(json).unwrap());
    }
    run.models.push(Artifact {
        path: format!("models/checkpoints/model_{n}.pkl").as_str().into(),
        sha256: Sha256::of(&n.to_be_bytes()),
        bytes: 1_234_567,
        lfs: false,
    });
    let mut env = Environment {
        python: Some("3.11.9".into()),
        packages: Some(64),
        ..Environment::default()
    };
    for name in 0..20 {
        env.direct
            .insert(format!("package-{name}"), Some(format!("1.{name}.0")));
        env.vars.insert(format!("OMP_VARIABLE_{name}"), "4".into());
    }
    run.env = Some(env);
    run.hardware = Some(Hardware {
        os: Some("linux 6.1".into()),
        cores: Some(8),
        ..Hardware::default()
    });
    run
}

fn measure(folder: &Path, runs: u32) {
    println!("\n{runs} runs");
    let log = best(|| git(folder, &["log", "-1000", "--oneline"]));
    println!(
        "  git log -1000 --oneline                 {:>9.1} ms",
        ms(log)
    );
    let read = best(|| read_all(folder));
    println!(
        "  reading every run.json, in this process {:>9.1} ms",
        ms(read)
    );
    // As `cat runs/*/run.json`, whose arguments would be too many for one `cat`.
    let cat = "printf '%s\\0' experiments/runs/*/run.json | xargs -0 cat";
    let cat = best(|| {
        silent(
            process::Command::new("sh")
                .args(["-c", cat])
                .current_dir(folder),
        )
    });
    println!(
        "  cat runs/*/run.json                     {:>9.1} ms",
        ms(cat)
    );
    let index = folder.join(".git/exp/index");
    let cold = best(|| {
        let _ = std::fs::remove_dir_all(&index);
        exp(folder, &["ls"]);
    });
    show(
        "ls, without an index",
        cold,
        &[("git log", log), ("reading", read), ("cat", cat)],
    );
    let cases: [&[&str]; 8] = [
        &["ls"],
        &["ls", "--sort", "roc_auc_val", "-n", "20"],
        &["ls", "-f", "roc_auc_val > 0.99 and model.lr < 0.005"],
        &["ls", "--all", "--porcelain"],
        &["ls", "--all"],
        &["best"],
        &["which", "0000000000"],
        &["table", "--format", "csv"],
    ];
    for case in cases {
        let time = best(|| exp(folder, case));
        let peak = peak(folder, case)
            .map(|kib| format!("   {} MiB", kib / 1024))
            .unwrap_or_default();
        show(
            &format!("{}{peak}", case.join(" ")),
            time,
            &[("git log", log), ("reading", read)],
        );
    }
    let bytes: u64 = std::fs::read_dir(&index)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.metadata().unwrap().len())
        .sum();
    println!("  index: {:.1} MB", bytes as f64 / 1e6);
    if runs <= COMMITTED {
        status(folder);
    }
}

/// What git itself pays for that many folders, without and with its cache of untracked files.
fn status(folder: &Path) {
    let ask = || git(folder, &["status", "--porcelain"]);
    for (cache, what) in [
        ("--no-untracked-cache", "git status --porcelain"),
        ("--untracked-cache", "the same with core.untrackedCache"),
    ] {
        git(folder, &["update-index", cache]);
        println!("  {what:<38}  {:>9.1} ms", ms(best(ask)));
    }
}

fn show(what: &str, time: Duration, beside: &[(&str, Duration)]) {
    let ratios: Vec<String> = beside
        .iter()
        .map(|(name, other)| format!("{:.2}x {name}", time.as_secs_f64() / other.as_secs_f64()))
        .collect();
    println!("  {what:<62} {:>9.1} ms   {}", ms(time), ratios.join(", "));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The best of seven rounds, for the machine may be busy; the first warms the caches.
fn best(mut work: impl FnMut()) -> Duration {
    work();
    let round = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..7).map(round).min().unwrap()
}

fn exp(folder: &Path, args: &[&str]) {
    let status = process::Command::new(env!("CARGO_BIN_EXE_git-exp"))
        .args(args)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.code().is_some_and(|code| code < 2), "{args:?}");
}

/// Peak resident memory in KiB, as GNU time tells it; `None` without it.
fn peak(folder: &Path, args: &[&str]) -> Option<u64> {
    let output = process::Command::new("/usr/bin/time")
        .args(["-f", "%M", env!("CARGO_BIN_EXE_git-exp"), "-q"])
        .args(args)
        .current_dir(folder)
        .output()
        .ok()?;
    String::from_utf8_lossy(&output.stderr)
        .lines()
        .last()?
        .trim()
        .parse()
        .ok()
}

fn read_all(folder: &Path) {
    let mut total = 0;
    for entry in std::fs::read_dir(folder.join("experiments/runs"))
        .unwrap()
        .flatten()
    {
        total += std::fs::read(entry.path().join("run.json")).unwrap().len();
    }
    assert!(total > 0);
}

fn git(folder: &Path, args: &[&str]) {
    silent(process::Command::new("git").args(args).current_dir(folder));
}

fn silent(command: &mut process::Command) {
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
}
