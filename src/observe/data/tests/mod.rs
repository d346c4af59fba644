//! The whole of [`super::observe`] on real folders, against the tools that users check it with.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::stat::Stat;
use super::*;

mod cache;
mod cards;
#[cfg(feature = "parquet")]
mod columnar;
mod pointers;

/// The shell line of [`super::manifest`].
const LINE: &str = "find -L . -name .git -prune -o -type f -printf '%P\\0' \
    | LC_ALL=C sort -z | xargs -0r sha256sum -- | sha256sum | cut -c1-64";
/// The shorter one, for folders without links and without `.git`.
const SHORT: &str = "find . -type f -printf '%P\\0' \
    | LC_ALL=C sort -z | xargs -0 sha256sum -- | sha256sum | cut -c1-64";

struct Bench {
    folder: tempfile::TempDir,
    git_dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            git_dir: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Makes all files look settled; the change time can't be set, so it takes two seconds.
    fn settle(&self) {
        let all = walk::walk(self.folder.path(), &Filter::default());
        for file in all.files {
            let mut times = file.path.metadata().unwrap().modified().unwrap();
            times -= Duration::from_secs(120);
            filetime::set_file_mtime(&file.path, times.into()).unwrap();
        }
        std::thread::sleep(Duration::from_millis(2_100));
    }

    fn observe(&self, name: &str) -> Result<Observed> {
        let spec = Spec {
            role: "train".to_owned(),
            path: self.path(name),
        };
        observe(
            &[spec],
            Options {
                git_dir: Some(self.git_dir.path()),
                base: Some(self.folder.path()),
                ..Options::default()
            },
        )
    }

    fn one(&self, name: &str) -> Input {
        self.observe(name).unwrap().inputs.remove(0)
    }

    fn notes(&self, name: &str) -> String {
        self.observe(name).unwrap().notes.join("\n")
    }
}

fn shell(folder: &Path, line: &str) -> String {
    let run = Command::new("bash")
        .args(["-o", "pipefail", "-c", line])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    String::from_utf8(run.stdout).unwrap().trim().to_owned()
}

fn nasty(bench: &Bench) {
    use std::os::unix::ffi::OsStrExt;
    for name in [
        "plain.csv",
        "a b",
        "-rf",
        "back\\slash",
        "line\nbreak",
        "quote'\"",
        "tab\there",
        "юникод/имя.png",
        "x/deep/er/file",
        "x.y/before-x-slash",
        "carriage\rreturn",
        "*",
        "d/.hidden",
        "empty/.keep",
    ] {
        bench.write(&format!("set/{name}"), name);
    }
    bench.write("set/zero", "");
    bench.write("set/large.bin", vec![7; 300_000]);
    let invalid = bench
        .path("set")
        .join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    fs::write(invalid, "latin-1").unwrap();
}

#[test]
fn a_file_has_the_digest_that_sha256sum_prints() {
    let bench = Bench::new();
    for size in [0, 1, 55, 56, 64, 131_071, 131_072, 131_073, 1_000_000] {
        let bytes: Vec<u8> = (0..size).map(|n| (n * 31 % 251) as u8).collect();
        bench.write("f", bytes);
        let theirs = shell(bench.folder.path(), "sha256sum f | cut -c1-64");
        let input = bench.one("f");
        assert_eq!(input.sha256.unwrap().as_str(), theirs, "{size} bytes");
        assert_eq!(input.bytes, Some(size));
        assert!(!input.unstable);
    }
}

#[test]
fn a_folder_is_verified_by_ordinary_tools() {
    let bench = Bench::new();
    nasty(&bench);
    let set = bench.path("set");
    let input = bench.one("set");
    let digest = input.sha256.unwrap();
    assert_eq!(digest.as_str(), shell(&set, SHORT));
    assert_eq!(digest.as_str(), shell(&set, LINE));
    assert_eq!(input.files, Some(17));
    let manifest = input.manifest.unwrap();
    assert_eq!(Sha256::of(&manifest), digest);
    fs::write(bench.path("manifest"), manifest).unwrap();
    shell(&set, "sha256sum -c --strict --quiet ../manifest");
}

#[test]
fn links_count_as_what_they_lead_to() {
    let bench = Bench::new();
    nasty(&bench);
    bench.write("outside/far", "far");
    bench.write("set/.git/HEAD", "ref: refs/heads/main");
    let set = bench.path("set");
    symlink("plain.csv", set.join("near")).unwrap();
    symlink(bench.path("outside"), set.join("linked")).unwrap();
    symlink("nowhere", set.join("gone")).unwrap();
    symlink(".", set.join("x/here")).unwrap();
    let observed = bench.observe("set").unwrap();
    // `find -L` reports the circle and goes on.
    let theirs = shell(&set, &format!("set +o pipefail; {LINE}"));
    assert_eq!(observed.inputs[0].sha256.as_ref().unwrap().as_str(), theirs);
    let notes = observed.notes.join("\n");
    assert!(
        notes.contains("set: links that lead nowhere or in a circle are left out: gone, x/here")
    );
    assert!(notes.contains("set: `.git` is left out"));
    fs::write(bench.path("outside/far"), "other").unwrap();
    assert_ne!(bench.one("set").sha256.unwrap().as_str(), theirs);
}

#[test]
fn a_digest_does_not_depend_on_threads_or_cache() {
    let bench = Bench::new();
    for n in 0..500 {
        bench.write(&format!("set/{}/{n}", n % 7), vec![1; n * 40]);
    }
    let run = |threads, rehash| {
        let spec = Spec {
            role: "train".to_owned(),
            path: bench.path("set"),
        };
        let options = Options {
            git_dir: Some(bench.git_dir.path()),
            threads: Some(threads),
            rehash,
            ..Options::default()
        };
        observe(&[spec], options).unwrap().inputs.remove(0).manifest
    };
    let first = run(1, true);
    assert!(first.is_some());
    for (threads, rehash) in [(2, true), (8, false), (1, false), (8, true)] {
        assert_eq!(run(threads, rehash), first);
    }
}

#[test]
fn a_pipe_is_refused_and_never_waited_for() {
    let bench = Bench::new();
    bench.write("set/a", "a");
    for name in ["pipe", "set/pipe"] {
        shell(bench.folder.path(), &format!("mkfifo {name}"));
    }
    let started = Instant::now();
    let failure = bench.observe("pipe").unwrap_err();
    assert_eq!(
        failure.message(),
        "data `pipe` can't be recorded: it is a named pipe"
    );
    assert!(bench.notes("set").contains("left out: pipe"));
    assert!(matches!(
        hash::file(&bench.path("pipe")),
        Err(hash::Problem::Special("a named pipe"))
    ));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_missing_path_names_its_neighbour() {
    let bench = Bench::new();
    bench.write("data/train.csv", "a");
    let failure = bench.observe("data/trian.csv").unwrap_err();
    assert_eq!(failure.message(), "data `data/trian.csv` does not exist");
    assert_eq!(failure.hints(), ["did you mean `data/train.csv`?"]);
    let failure = bench.observe("nodata/train.csv").unwrap_err();
    assert!(failure.causes()[0].starts_with("there is no folder"));
    symlink("nowhere", bench.path("link")).unwrap();
    let failure = bench.observe("link").unwrap_err();
    assert_eq!(failure.message(), "data `link` is a link to a missing file");
}

#[test]
fn what_cannot_be_read_leaves_a_folder_without_digest() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let locked = bench.write("set/locked", "secret");
    bench.write("set/open", "open");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&locked).is_ok() {
        return; // root reads everything
    }
    let observed = bench.observe("set").unwrap();
    assert_eq!(observed.inputs[0].sha256, None);
    assert_eq!(observed.inputs[0].manifest, None);
    assert!(
        observed.notes[0].contains("locked: Permission denied"),
        "{observed:?}"
    );
    assert!(bench.observe("set/locked").is_err());
}

#[test]
fn a_file_that_grows_while_it_is_read_is_unstable() {
    use std::io::Write;
    /// Writes once in each reading.
    struct Meddler(fs::File, bool);
    impl hash::Tee for Meddler {
        fn restart(&mut self) {
            self.1 = false;
        }
        fn take(&mut self, _: &[u8]) {
            if !self.1 {
                self.0.write_all(b"more").unwrap();
                self.1 = true;
            }
        }
    }
    let bench = Bench::new();
    let path = bench.write("f", "start");
    let file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    let read = |tee: &mut dyn hash::Tee| {
        hash::read(
            &path,
            hash::Reading {
                found: None,
                reader: &mut hash::Reader::with_buffer(16),
                sync: false,
                progress: &|_| (),
                tee: Some(tee),
            },
        )
        .unwrap()
    };
    assert!(read(&mut Meddler(file, false)).unstable);
    // Changed once, then at rest: the second reading is whole.
    struct Once(PathBuf, bool);
    impl hash::Tee for Once {
        fn restart(&mut self) {
            self.1 = true;
        }
        fn take(&mut self, _: &[u8]) {
            if !self.1 {
                fs::write(&self.0, "other").unwrap();
            }
        }
    }
    let hashed = read(&mut Once(path.clone(), false));
    assert!(!hashed.unstable);
    assert_eq!(hashed.sha256(), Sha256::of(b"other"));
}

#[test]
fn files_that_are_read_together_are_each_read_as_if_alone() {
    use hash::Problem::{Missing, Special};
    let bench = Bench::new();
    let names = ["as", "er", "wr", "gr", "sh", "go", "pi"];
    let files: Vec<(PathBuf, Stat)> = names
        .iter()
        .map(|name| {
            let path = bench.write(name, format!("{name} as it was"));
            let stat = Stat::of(&path.symlink_metadata().unwrap());
            (path, stat)
        })
        .collect();
    std::thread::sleep(Duration::from_millis(20));
    bench.write("wr", "of one size.");
    bench.write("gr", "x".repeat(100_000));
    bench.write("sh", "");
    for name in ["go", "pi"] {
        fs::remove_file(bench.path(name)).unwrap();
    }
    shell(bench.folder.path(), "mkfifo pi");
    let files: Vec<(&Path, Stat)> = files.iter().map(|(path, stat)| (&**path, *stat)).collect();
    let read = AtomicU64::new(0);
    let progress = |count| {
        read.fetch_add(count, Ordering::Relaxed);
    };
    let outcomes = hash::read_together(&files, &mut hash::Reader::with_buffer(1), &progress);
    assert_eq!(outcomes.len(), names.len());
    for (outcome, name) in outcomes.iter().zip(&names[..5]) {
        let outcome = outcome.as_ref().unwrap();
        let content = fs::read(bench.path(name)).unwrap();
        assert_eq!(outcome.sha256(), Sha256::of(&content), "{name}");
        assert_eq!(outcome.bytes, content.len() as u64, "{name}");
        assert!(!outcome.unstable, "{name}");
        let now = Stat::of(&bench.path(name).symlink_metadata().unwrap());
        assert_eq!(outcome.stat, now, "{name}");
    }
    assert!(matches!(outcomes[5], Err(Missing)));
    assert!(matches!(outcomes[6], Err(Special("a named pipe"))));
    assert!(read.into_inner() >= 100_000);
}

#[test]
fn one_pass_serves_all_inputs_and_the_same_file_twice() {
    let bench = Bench::new();
    bench.write("set/train.csv", "a");
    bench.write("set/test.csv", "bb");
    let spec = |role: &str, path: &str| Spec {
        role: role.to_owned(),
        path: bench.path(path),
    };
    let specs = [
        spec("all", "set"),
        spec("test", "set/test.csv"),
        spec("train", "set/train.csv"),
        spec("again", "set/test.csv"),
    ];
    let told = std::sync::Mutex::new(Progress::default());
    let tell = |progress| *told.lock().unwrap() = progress;
    let options = Options {
        progress: Some(&tell),
        ..Options::default()
    };
    let inputs = observe(&specs, options).unwrap().inputs;
    assert_eq!(inputs[1].sha256, Some(Sha256::of(b"bb")));
    assert_eq!(inputs[2].sha256, Some(Sha256::of(b"a")));
    assert_eq!(inputs[3].sha256, inputs[1].sha256);
    let total = inputs[0].types["csv"];
    assert_eq!((total.files, total.bytes), (2, 3));
    let last = *told.lock().unwrap();
    assert_eq!(
        (last.files, last.files_done, last.bytes, last.bytes_done),
        (2, 2, 3, 3)
    );
}

#[test]
fn what_did_not_hold_still_has_no_card() {
    use std::io::Write;
    let bench = Bench::new();
    let path = bench.write("t.csv", "a,b\n".to_owned() + &"1,2\n".repeat(3 << 20));
    let file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    let grow = |_: Progress| (&file).write_all(b"3,4\n").unwrap();
    let spec = Spec {
        role: "train".to_owned(),
        path,
    };
    let options = Options {
        progress: Some(&grow),
        ..Options::default()
    };
    let seen = observe(&[spec], options).unwrap();
    let input = &seen.inputs[0];
    assert!(input.unstable && input.card.is_none() && input.rows.is_none());
    assert!(seen.notes.join(" ").contains("changed while it was read"));
}
