//! How long commands take beside a command of git's that does comparable work.
//!
//! `cargo bench --bench ratios [-- NAME…]` makes repositories in a temporary folder, runs both
//! commands in turn and prints the median of the ratios of each pair. Ratios, not times: the machine
//! may be busy, but it is equally busy for both.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Pairs measured after one that only warms caches.
const ROUNDS: usize = 15;

struct Case {
    name: &'static str,
    promised: f64,
    measure: fn(&Bench) -> f64,
}

const CASES: [Case; 16] = [
    Case {
        name: "version",
        promised: 2.0,
        measure: version,
    },
    Case {
        name: "start",
        promised: 1.5,
        measure: |bench| start(bench, 10_000, Tree::AtRest),
    },
    Case {
        name: "start-100k",
        promised: 1.5,
        measure: |bench| start(bench, 100_000, Tree::AtRest),
    },
    Case {
        name: "start-new",
        promised: 2.5,
        measure: |bench| start(bench, 10_000, Tree::New),
    },
    Case {
        name: "start-ten",
        promised: 2.0,
        measure: |bench| start(bench, 10_000, Tree::Edited),
    },
    Case {
        name: "start-ten-100k",
        promised: 2.0,
        measure: |bench| start(bench, 100_000, Tree::Edited),
    },
    Case {
        name: "start-ten-new",
        promised: 3.0,
        measure: |bench| start(bench, 10_000, Tree::Committed),
    },
    Case {
        name: "ls",
        promised: 3.0,
        measure: ls,
    },
    // Two runs among 1,000 in a repository of 10,000 files, beside `git diff` of their records:
    // equal code, then ten changed files; as a program, then as git's subcommand.
    Case {
        name: "diff",
        promised: 6.0,
        measure: |bench| diff(bench, "git-exp", "exp_002"),
    },
    Case {
        name: "diff-git",
        promised: 7.0,
        measure: |bench| diff(bench, "git", "exp_002"),
    },
    Case {
        name: "diff-ten",
        promised: 10.0,
        measure: |bench| diff(bench, "git-exp", "exp_003"),
    },
    Case {
        name: "diff-ten-git",
        promised: 11.0,
        measure: |bench| diff(bench, "git", "exp_003"),
    },
    // Beside the same in a repository with one run.
    Case {
        name: "refs",
        promised: 1.5,
        measure: refs,
    },
    Case {
        name: "notes",
        promised: 1.5,
        measure: notes,
    },
    Case {
        name: "note-1000",
        promised: 1.5,
        measure: |bench| one_note(bench, 1000),
    },
    Case {
        name: "note-10000",
        promised: 3.0,
        measure: |bench| one_note(bench, 10_000),
    },
];

struct Bench {
    home: tempfile::TempDir,
}

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let bench = Bench {
        home: tempfile::tempdir().unwrap(),
    };
    println!("{:<12} {:>8} {:>10}", "case", "ratio", "promised");
    for case in &CASES {
        if wanted.is_empty() || wanted.iter().any(|name| name == case.name) {
            println!(
                "{:<12} {:>8.2} {:>10.1}",
                case.name,
                (case.measure)(&bench),
                case.promised
            );
        }
    }
}

impl Bench {
    fn command(&self, folder: &Path, program: &str, args: &[&str]) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_git-exp")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let search = std::iter::once(binary.to_owned()).chain(std::env::split_paths(&path));
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(folder)
            .env("PATH", std::env::join_paths(search).unwrap())
            .env("HOME", self.home.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([
                ("GIT_AUTHOR_NAME", "b"),
                ("GIT_AUTHOR_EMAIL", "b@example.com"),
            ])
            .envs([
                ("GIT_COMMITTER_NAME", "b"),
                ("GIT_COMMITTER_EMAIL", "b@example.com"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, folder: &Path, program: &str, args: &[&str]) -> f64 {
        let started = Instant::now();
        let output = self.command(folder, program, args).output().unwrap();
        let seconds = started.elapsed().as_secs_f64();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {args:?}: {errors}");
        seconds
    }

    fn output(&self, folder: &Path, args: &[&str]) -> String {
        let mut command = self.command(folder, "git", args);
        let output = command.stdout(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "git {args:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn feed(&self, folder: &Path, args: &[&str], input: &str) {
        let mut command = self.command(folder, "git", args);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(input.as_bytes()).unwrap();
        drop(pipe);
        assert!(child.wait().unwrap().success(), "git {args:?}");
    }

    /// The median of ours / theirs over alternating runs.
    fn ratio(&self, mut ours: impl FnMut(usize) -> f64, mut theirs: impl FnMut() -> f64) -> f64 {
        ours(0);
        theirs();
        let mut ratios: Vec<f64> = (1..=ROUNDS).map(|round| ours(round) / theirs()).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ROUNDS / 2]
    }

    fn repository(&self, name: &str, files: usize) -> PathBuf {
        let folder = self.home.path().join(name);
        for index in 0..files {
            let place = folder.join(format!("d{:03}", index / 100));
            std::fs::create_dir_all(&place).unwrap();
            std::fs::write(place.join(format!("f{index}.py")), format!("x = {index}\n")).unwrap();
        }
        self.run(self.home.path(), "git", &["init", "-q", name]);
        self.run(&folder, "git", &["add", "-A"]);
        self.run(&folder, "git", &["commit", "-q", "-m", "files"]);
        // Files as young as the index are read again by every status, and what is younger than two
        // seconds is not remembered by `start`: let the clock move on.
        std::thread::sleep(std::time::Duration::from_millis(2100));
        self.run(&folder, "git", &["status"]);
        folder
    }
}

fn version(bench: &Bench) -> f64 {
    let here = bench.home.path();
    bench.ratio(
        |_| bench.run(here, "git-exp", &["--version"]),
        || bench.run(here, "git", &["--version"]),
    )
}

/// What was done in a working tree before a run.
#[derive(Clone, Copy, PartialEq)]
enum Tree {
    /// Nothing for two seconds. What is younger is not remembered.
    AtRest,
    /// It was just made, and no run was started in it.
    New,
    /// Ten files were changed since the last run, and nothing for two seconds.
    Edited,
    /// The same after a commit, so that nothing is remembered.
    Committed,
}

/// In a working tree of so many files.
fn start(bench: &Bench, files: usize, tree: Tree) -> f64 {
    let repo = bench.repository(&format!("start-{files}-{}", tree as u8), files);
    let edit = |round: usize| {
        for file in 0..10 {
            let place = repo.join(format!("d{file:03}/f{}.py", file * 100));
            std::fs::write(place, format!("x = 'round {round}'\n")).unwrap();
        }
    };
    let start = |round: usize| {
        match tree {
            Tree::AtRest | Tree::New => {}
            Tree::Edited => edit(round),
            Tree::Committed => {
                edit(round);
                let folder = std::fs::read_dir(repo.join(".git/exp")).unwrap();
                for file in folder.flatten() {
                    if file.file_name().to_string_lossy().starts_with("folders-") {
                        std::fs::remove_file(file.path()).unwrap();
                    }
                }
            }
        }
        let name = format!("idea {round} x");
        bench.run(&repo, "git", &["exp", "start", &name, "--allow-same"])
    };
    if tree != Tree::New {
        let first = ["exp", "start", "first idea x", "--allow-same"];
        bench.run(&repo, "git", &first);
        std::thread::sleep(std::time::Duration::from_millis(2100));
    }
    bench.ratio(start, || {
        bench.run(&repo, "git", &["status", "--porcelain"])
    })
}

/// A repository with as many runs as commits.
fn recorded(bench: &Bench, runs: usize) -> PathBuf {
    let repo = bench.repository("recorded", 10);
    for number in 1..=2 {
        std::fs::write(repo.join("params.yaml"), format!("lr: 0.{number}\n")).unwrap();
        let name = format!("idea {number} x");
        bench.run(
            &repo,
            "git",
            &["exp", "start", &name, "--config", "params.yaml"],
        );
        std::fs::write(
            repo.join("metrics.json"),
            format!("{{\"acc_val\": 0.{number}}}"),
        )
        .unwrap();
        bench.run(&repo, "git", &["exp", "finish"]);
    }
    let folder = repo.join("experiments/runs");
    let first = std::fs::read_to_string(folder.join("exp_001_idea_1_x/run.json")).unwrap();
    let uid = serde_json::from_str::<serde_json::Value>(&first).unwrap()["uid"].to_string();
    for number in 3..=runs {
        let place = folder.join(format!("exp_{number:03}_more"));
        std::fs::create_dir(&place).unwrap();
        let text = first
            .replace("\"number\": 1,", &format!("\"number\": {number},"))
            .replace("\"slug\": \"idea_1_x\"", "\"slug\": \"more\"")
            .replace(uid.trim_matches('"'), &format!("{number:032}"));
        std::fs::write(place.join("run.json"), text).unwrap();
    }
    for number in 0..runs {
        bench.run(
            &repo,
            "git",
            &["commit", "-q", "--allow-empty", "-m", &format!("c{number}")],
        );
    }
    repo
}

fn ls(bench: &Bench) -> f64 {
    let repo = recorded(bench, 1000);
    bench.ratio(
        |_| bench.run(&repo, "git", &["exp", "ls", "--all"]),
        || bench.run(&repo, "git", &["log", "-1000", "--oneline"]),
    )
}

/// A sweep of 1,000 runs in 10,000 files: run 2 changes a parameter of run 1, run 3 ten files as well,
/// the others have a value of their own or, every hundredth, repeat run 1.
fn sweep(bench: &Bench) -> PathBuf {
    let repo = bench.home.path().join("sweep");
    if repo.is_dir() {
        return repo;
    }
    bench.repository("sweep", 10_000);
    for number in 1..=3 {
        std::fs::write(repo.join("params.yaml"), format!("lr: 0.{number}\n")).unwrap();
        if number == 3 {
            for file in 0..10 {
                let place = repo.join(format!("d{file:03}/f{}.py", file * 100));
                std::fs::write(place, "x = 'other'\n").unwrap();
            }
        }
        let name = format!("idea {number} x");
        let start = ["exp", "start", &name, "--config", "params.yaml"];
        bench.run(&repo, "git", &start);
        let metrics = format!("{{\"acc_val\": 0.{number}}}");
        std::fs::write(repo.join("metrics.json"), metrics).unwrap();
        bench.run(&repo, "git", &["exp", "finish"]);
    }
    let folder = repo.join("experiments/runs");
    let first = std::fs::read_to_string(folder.join("exp_001_idea_1_x/run.json")).unwrap();
    let uid = serde_json::from_str::<serde_json::Value>(&first).unwrap()["uid"].to_string();
    for number in 4..=1000 {
        let place = folder.join(format!("exp_{number:03}_more"));
        std::fs::create_dir(&place).unwrap();
        let mut text = first
            .replace("\"number\": 1,", &format!("\"number\": {number},"))
            .replace("\"slug\": \"idea_1_x\"", "\"slug\": \"more\"")
            .replace("\"acc_val\": 0.1", &format!("\"acc_val\": 0.1{number}"))
            .replace(uid.trim_matches('"'), &format!("{number:032}"));
        if number % 100 != 0 {
            text = text.replace("\"lr\": 0.1", &format!("\"lr\": 0.1{number}"));
        }
        std::fs::write(place.join("run.json"), text).unwrap();
    }
    // A list index is trusted once the records are older than it.
    std::thread::sleep(std::time::Duration::from_millis(100));
    repo
}

/// Run 1 against another one.
fn diff(bench: &Bench, program: &str, other: &str) -> f64 {
    let repo = sweep(bench);
    let record = |name: &str| format!("experiments/runs/{name}/run.json");
    let (a, b) = (record("exp_001_idea_1_x"), record("exp_002_idea_2_x"));
    let files = ["diff", "--no-index", "--exit-code", &a, &b];
    let ours: &[&str] = match program {
        "git" => &["exp", "diff", "exp_001", other],
        _ => &["diff", "exp_001", other],
    };
    bench.ratio(
        |_| bench.run(&repo, program, ours),
        || {
            let started = Instant::now();
            // Exit code 1 says that they differ.
            assert_eq!(
                bench.command(&repo, "git", &files).status().unwrap().code(),
                Some(1)
            );
            started.elapsed().as_secs_f64()
        },
    )
}

/// `start` in two repositories that are alike but for what `fill` does to one.
fn beside_small(bench: &Bench, name: &str, fill: impl Fn(&Path)) -> f64 {
    let (small, large) = (format!("{name}-small"), format!("{name}-large"));
    let [small, large] = [small, large].map(|name| {
        let repo = bench.repository(&name, 100);
        bench.run(&repo, "git", &["exp", "start", "first idea"]);
        repo
    });
    fill(&large);
    let start = |repo: &Path, round: usize| {
        let name = format!("idea {round} x");
        bench.run(repo, "git", &["exp", "start", &name, "--allow-same"])
    };
    let mut round = 0;
    bench.ratio(
        |round| start(&large, round),
        || {
            round += 1;
            start(&small, round)
        },
    )
}

/// 100,000 refs of runs, as `git pack-refs` or a clone has them.
fn refs(bench: &Bench) -> f64 {
    beside_small(bench, "refs", |repo| {
        let head = bench.output(repo, &["rev-parse", "HEAD"]);
        let mut text = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
        for number in 0..100_000 {
            text.push_str(&format!("{head} refs/exp/{number:032x}\n"));
        }
        std::fs::write(repo.join(".git/packed-refs"), text).unwrap();
        let listed = bench.output(repo, &["for-each-ref", "refs/exp"]);
        assert_eq!(listed.lines().count(), 100_001);
    })
}

/// Notes on 100,000 commits.
fn notes(bench: &Bench) -> f64 {
    beside_small(bench, "notes", |repo| {
        let mut stream = String::new();
        stream.push_str("blob\nmark :1\ndata 3\n{}\n\n");
        stream.push_str("commit refs/notes/exp\ncommitter b <b@example.com> 0 +0000\ndata 0\n");
        for number in 0..100_000_u64 {
            // Spread as digests are.
            let name = format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let (folder, rest) = name.split_at(2);
            stream.push_str(&format!("M 100644 :1 {folder}/{rest}{}\n", "0".repeat(24)));
        }
        bench.feed(repo, &["fast-import", "--quiet", "--force"], &stream);
    })
}

/// Very many runs of one commit, whose note has a line for each.
fn one_note(bench: &Bench, lines: usize) -> f64 {
    beside_small(bench, &format!("note-{lines}"), |repo| {
        let line = bench.output(repo, &["notes", "--ref=exp", "show"]);
        let line = line.lines().next().unwrap();
        let uid = line.split('"').find(|word| word.len() == 32).unwrap();
        let mut text = String::new();
        for number in 0..lines {
            text.push_str(&line.replace(uid, &format!("{number:032x}")));
            text.push('\n');
        }
        let add = ["notes", "--ref=exp", "add", "-f", "-F", "-"];
        bench.feed(repo, &add, &text);
    })
}
