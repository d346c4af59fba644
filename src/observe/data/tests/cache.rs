//! What the stat cache remembers, forgets, and never trusts.

use super::*;

#[test]
fn a_remembered_file_is_not_read_and_a_changed_one_is() {
    let bench = Bench::new();
    let files: Vec<_> = (0..6)
        .map(|n| bench.write(&format!("set/{n}"), "before"))
        .collect();
    bench.settle();
    let first = bench.one("set").sha256;
    let reads = || {
        let read = std::sync::atomic::AtomicU64::new(0);
        let tell = |p: Progress| {
            read.fetch_max(p.files, std::sync::atomic::Ordering::Relaxed);
        };
        let spec = Spec {
            role: "train".to_owned(),
            path: bench.path("set"),
        };
        let options = Options {
            git_dir: Some(bench.git_dir.path()),
            progress: Some(&tell),
            ..Options::default()
        };
        let digest = observe(&[spec], options).unwrap().inputs.remove(0).sha256;
        (read.into_inner(), digest)
    };
    assert_eq!(reads(), (0, first.clone()));

    // Same size, and the modification time put back: only the change time tells.
    let times = filetime::FileTime::from_last_modification_time(&files[0].metadata().unwrap());
    fs::write(&files[0], "after!").unwrap();
    filetime::set_file_mtime(&files[0], times).unwrap();
    // Another file in the place of an old one, with its times and size.
    let twin = bench.write("twin", "AFTER!");
    filetime::set_file_mtime(&twin, times).unwrap();
    fs::rename(&twin, &files[1]).unwrap();
    let (read, second) = reads();
    assert_eq!(read, 2);
    assert_ne!(second, first);
    assert_eq!(second.unwrap().as_str(), shell(&bench.path("set"), SHORT));
}

#[test]
fn a_file_written_just_now_is_never_trusted() {
    let bench = Bench::new();
    for round in 0..300_u32 {
        // The same size each time, as fast as the clock of the file system allows.
        bench.write("f", format!("{round:08}"));
        let input = bench.one("f");
        let ours = input.sha256.unwrap();
        assert_eq!(ours, Sha256::of(format!("{round:08}").as_bytes()));
    }
    let cache = StatCache::open(Some(&bench.git_dir.path().join("exp")), false);
    assert!(cache.is_empty());
}

#[test]
fn a_time_in_the_future_is_never_trusted() {
    let bench = Bench::new();
    let path = bench.write("f", vec![1; 2 << 20]);
    filetime::set_file_mtime(&path, filetime::FileTime::from_unix_time(4_000_000_000, 0)).unwrap();
    std::thread::sleep(Duration::from_millis(2_100));
    bench.one("f");
    let cache = StatCache::open(Some(&bench.git_dir.path().join("exp")), false);
    assert!(cache.is_empty());
}

#[test]
fn a_young_file_is_remembered_when_it_is_worth_a_sync() {
    let bench = Bench::new();
    bench.write("set/small", "x");
    bench.write("set/large", vec![1; 2 << 20]);
    std::thread::sleep(Duration::from_millis(2_100));
    bench.one("set");
    let cache = StatCache::open(Some(&bench.git_dir.path().join("exp")), false);
    let entries: Vec<_> = cache.entries().collect();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].path.ends_with(b"large"));
}

#[test]
fn observers_at_the_same_time_agree_and_leave_a_whole_cache() {
    let bench = Bench::new();
    for n in 0..400 {
        bench.write(&format!("set/{}/{n}", n % 5), format!("{n}"));
    }
    bench.settle();
    let expected = shell(&bench.path("set"), SHORT);
    std::thread::scope(|scope| {
        for round in 0..12 {
            let (bench, expected) = (&bench, &expected);
            scope.spawn(move || {
                let name = if round % 3 == 0 {
                    "set".to_owned()
                } else {
                    format!("set/{}", round % 5)
                };
                let input = bench.one(&name);
                if name == "set" {
                    assert_eq!(input.sha256.unwrap().as_str(), expected);
                }
            });
        }
    });
    bench.one("set");
    let cache = StatCache::open(Some(&bench.git_dir.path().join("exp")), false);
    assert_eq!(cache.len(), 400);
    fs::remove_file(bench.path("set/0/0")).unwrap();
    bench.one("set");
    let cache = StatCache::open(Some(&bench.git_dir.path().join("exp")), false);
    assert_eq!(cache.len(), 399, "what is gone is forgotten");
    let left: Vec<_> = fs::read_dir(bench.git_dir.path().join("exp"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "statcache and its lock: {left:?}");
}

/// Stores through a memory map into a page that is dirty already do not change the file's times.
const STORES: &str = r#"
import mmap, os, sys, time
file = open(sys.argv[1], "r+b")
pages = mmap.mmap(file.fileno(), 0)
def store(byte):
    pages[0] = byte
# Whether a store into a clean page changes the times here at all, as it does not in memory.
store(1)
os.fdatasync(file.fileno())
before = os.fstat(file.fileno()).st_mtime_ns
time.sleep(0.05)
store(2)
print(int(os.fstat(file.fileno()).st_mtime_ns != before), flush=True)
for line in sys.stdin:
    store(int(line))
    print("stored", flush=True)
"#;

#[test]
fn a_store_through_a_memory_map_is_seen() {
    use std::io::{BufRead, BufReader, Write};
    let bench = Bench::new();
    let path = bench.write("large", vec![0; 2 << 20]);
    let mut python = Command::new("python3")
        .args(["-c", STORES])
        .arg(&path)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(python.stdout.take().unwrap()).lines();
    let mut stores = python.stdin.take().unwrap();
    if told.next().unwrap().unwrap() == "1" {
        // The page is dirty by now, and the file at rest.
        std::thread::sleep(Duration::from_millis(2_100));
        let before = bench.one("large").sha256;
        stores.write_all(b"3\n").unwrap();
        told.next().unwrap().unwrap();
        let after = bench.one("large").sha256;
        assert_ne!(after, before);
        assert_eq!(after, Some(Sha256::of(&fs::read(&path).unwrap())));
    }
    drop(stores);
    assert!(python.wait().unwrap().success());
}

#[test]
fn a_pointer_is_never_remembered_as_content() {
    let bench = Bench::new();
    let oid = Sha256::of(b"the content");
    let text = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 11\n");
    bench.write("model.bin", text);
    bench.settle();
    for _ in 0..2 {
        let input = bench.one("model.bin");
        assert_eq!((input.sha256.as_ref(), input.stands_in), (Some(&oid), true));
    }
}
