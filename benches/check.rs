//! What `git exp check` of 1,000 runs costs, beside `git fsck --connectivity-only` of the same
//! repository, which like it asks whether everything that is named is there; and with `--since`, for
//! ten new runs, beside `git diff --name-only`, which like it looks at all files for what changed.
//!
//! `cargo bench --bench check` (`BENCH_RUNS=200` for fewer) makes a repository in which every other
//! run was made on uncommitted code, each with a snapshot and a patch of its own, and prints the best
//! wall time of several rounds. Data files are as the stat cache knows them; no byte is hashed again.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use git_exp::git::{Repo, patch};
use git_exp::model::{Oid, Sha256, Uid};
use git_exp::store::{format, seal};

/// Records in the last commit, for `--since HEAD~1`.
const NEW: usize = 10;

fn main() {
    let runs = std::env::var("BENCH_RUNS").map_or(1000, |text| text.parse().unwrap());
    let home = tempfile::tempdir().unwrap();
    let repo = project(home.path(), runs);
    if std::env::var_os("BENCH_KEEP").is_some() {
        println!("{}", home.keep().join("repo").display());
        return;
    }
    println!("{runs} runs, {} of them on uncommitted code", runs / 2);
    let ours = |args: &'static [&'static str]| {
        let repo = &repo;
        best(move || run(repo, env!("CARGO_BIN_EXE_git-exp"), args))
    };
    let git = |args: &'static [&'static str]| best(|| run(&repo, "git", args));
    let cases = [
        (
            "check",
            ours(&["check"]),
            "git fsck --connectivity-only",
            git(&["fsck", "--connectivity-only"]),
            10.0,
        ),
        (
            "check --since, 10 new runs",
            ours(&["check", "--since", "HEAD~1"]),
            "git diff --name-only",
            git(&["diff", "--name-only", "HEAD~1"]),
            6.0,
        ),
    ];
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    for (name, time, other, beside, promised) in cases {
        println!(
            "  {name:<27} {:>8.1} ms   {:>5.1}x {other} ({:.1} ms)   promised {promised}x",
            ms(time),
            time.as_secs_f64() / beside.as_secs_f64(),
            ms(beside)
        );
    }
}

fn best(mut work: impl FnMut()) -> Duration {
    work();
    let round = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..7).map(round).min().unwrap()
}

fn command(folder: &Path, program: &str, args: &[&str]) -> Command {
    let home = folder.parent().unwrap();
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(folder)
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_NAME", "b"), ("GIT_COMMITTER_NAME", "b")])
        .envs([
            ("GIT_AUTHOR_EMAIL", "b@e.com"),
            ("GIT_COMMITTER_EMAIL", "b@e.com"),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn run(folder: &Path, program: &str, args: &[&str]) {
    let status = command(folder, program, args).status().unwrap();
    assert!(status.success(), "{program} {args:?}");
}

fn fed(folder: &Path, args: &[&str], input: &str) {
    let mut child = command(folder, "git", args)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success(), "{args:?}");
}

/// Two real runs, one clean and one not, and as many others after their example.
fn project(home: &Path, runs: usize) -> PathBuf {
    let folder = home.join("repo");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let write = |path: &str, text: &str| std::fs::write(folder.join(path), text).unwrap();
    run(&folder, "git", &["init", "-q", "-b", "main"]);
    for n in 0..30 {
        write(&format!("src/part{n}.py"), &"x = 1\n".repeat(50));
    }
    write("conf.yaml", "lr: 0.1\n");
    write("train.csv", "a,b\n1,2\n");
    write(".gitignore", "metrics.json\n");
    run(&folder, "git", &["add", "-A"]);
    run(&folder, "git", &["commit", "-q", "-m", "code"]);
    let exp = |args: &[&str]| run(&folder, env!("CARGO_BIN_EXE_git-exp"), args);
    for name in ["clean idea", "dirty idea"] {
        exp(&[
            "start",
            name,
            "-m",
            "why",
            "--config",
            "conf.yaml",
            "--data",
            "train=train.csv",
        ]);
        write("metrics.json", "{\"acc_val\": 0.5, \"loss_val\": 0.25}");
        exp(&["finish", "-m", "what was learnt"]);
        write("src/part0.py", "x = 2\n");
    }
    run(&folder, "git", &["checkout", "-q", "--", "src"]);
    let snapshots = snapshots(&folder, runs);
    let mut refs = String::new();
    for number in 3..=runs {
        if number > runs - NEW {
            continue;
        }
        refs.push_str(&copy(&folder, number, &snapshots[number - 1]));
    }
    commit(&folder, "records");
    for number in (runs - NEW + 1).max(3)..=runs {
        refs.push_str(&copy(&folder, number, &snapshots[number - 1]));
    }
    fed(&folder, &["update-ref", "--stdin"], &refs);
    commit(&folder, "new records");
    run(&folder, "git", &["gc", "-q"]);
    // Files as young as the index are read again by every status: let the clock move on.
    std::thread::sleep(Duration::from_millis(1100));
    run(&folder, "git", &["update-index", "-q", "--refresh"]);
    folder
}

fn commit(folder: &Path, message: &str) {
    run(folder, env!("CARGO_BIN_EXE_git-exp"), &["table", "--write"]);
    run(folder, "git", &["add", "-A"]);
    run(folder, "git", &["commit", "-q", "-m", message]);
}

/// A snapshot of other code for each run: its commit, its tree, and its patch.
struct Snapshot {
    commit: Oid,
    tree: Oid,
    patch: Vec<u8>,
}

fn snapshots(folder: &Path, count: usize) -> Vec<Snapshot> {
    // The second parent of a snapshot holds what is beside its tree.
    let mut stream =
        "commit refs/beside\nmark :1\ncommitter b <b@e.com> 1 +0000\ndata 0\n\n".to_owned();
    for n in 0..count {
        stream.push_str(&format!(
            "commit refs/made/{n}\ncommitter b <b@e.com> {} +0000\ndata 0\nfrom refs/heads/main^0\n\
             merge :1\nM 100644 inline src/part{}.py\ndata <<E\nx = {n}\nE\n\n",
            1_700_000_000 + n,
            n % 30
        ));
    }
    fed(folder, &["fast-import", "--quiet"], &stream);
    let listed = Command::new("git")
        .current_dir(folder)
        .args(["for-each-ref", "--sort=version:refname", "refs/made"])
        .arg("--format=%(objectname) %(tree) %(refname)")
        .output()
        .unwrap();
    let repo = Repo::discover(folder).unwrap();
    let ids: Vec<(Oid, Oid)> = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let mut words = line.split(' ').map(Oid::parse);
            (
                words.next().unwrap().unwrap(),
                words.next().unwrap().unwrap(),
            )
        })
        .collect();
    let base = format::read_run(&folder.join("experiments/runs/exp_001_clean_idea"))
        .unwrap()
        .code
        .tree
        .unwrap();
    let pairs: Vec<(Oid, Oid)> = ids
        .iter()
        .map(|(_, tree)| (base.clone(), tree.clone()))
        .collect();
    let patches = patch::patches(&repo, &pairs, &["experiments".into()]).unwrap();
    let gone: String = (0..count)
        .map(|n| format!("delete refs/made/{n}\n"))
        .chain(["delete refs/beside\n".to_owned()])
        .collect();
    fed(folder, &["update-ref", "--stdin"], &gone);
    ids.into_iter()
        .zip(patches)
        .map(|((commit, tree), patch)| Snapshot {
            commit,
            tree,
            patch,
        })
        .collect()
}

/// Writes one more run, and gives the command for `git update-ref` that keeps its snapshot.
fn copy(folder: &Path, number: usize, snapshot: &Snapshot) -> String {
    let is_dirty = number.is_multiple_of(2);
    let example = if is_dirty {
        "exp_002_dirty_idea"
    } else {
        "exp_001_clean_idea"
    };
    let runs = folder.join("experiments/runs");
    let mut run = format::read_run(&runs.join(example)).unwrap();
    let mut random = [0; 10];
    random[..8].copy_from_slice(&number.to_be_bytes());
    run.uid = Uid::new(number as u64, &random);
    run.number = u32::try_from(number).unwrap();
    let name = run.id().to_string();
    let place = runs.join(&name);
    std::fs::create_dir(&place).unwrap();
    for entry in std::fs::read_dir(runs.join(example)).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap();
        let bytes = match entry.file_name().to_str() {
            Some("README.md") => String::from_utf8(bytes)
                .unwrap()
                .replace(example, &name)
                .into(),
            Some("dirty.patch") => snapshot.patch.clone(),
            _ => bytes,
        };
        std::fs::write(place.join(entry.file_name()), bytes).unwrap();
    }
    let mut kept = run.code.commit.clone().unwrap();
    if is_dirty {
        kept = snapshot.commit.clone();
        run.code.snapshot = Some(kept.clone());
        run.code.tree = Some(snapshot.tree.clone());
        run.code.code_tree = None;
        run.code.patch.as_mut().unwrap().sha256 = Sha256::of(&snapshot.patch);
    }
    run.digest = Some(seal::digest(&run));
    format::write_run(&place, &run).unwrap();
    format!("create refs/exp/{} {kept}\n", run.uid)
}
