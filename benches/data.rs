//! What looking at data costs, beside ordinary tools that read as much.
//!
//! `cargo bench --bench data [-- NAME…]` makes files in the target folder (`BENCH_DIR` for another place,
//! `BENCH_FILES` for another number than 100,000) and prints the median of the ratios of alternating
//! runs: wall time, and processor time where that is what was promised. Nothing is asserted: the
//! machine may be busy, but it is equally busy for both.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 7;

/// Wall and processor time in seconds.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    let binary = Path::new(env!("CARGO_BIN_EXE_git-exp")).to_owned();
    let root = std::env::var_os("BENCH_DIR")
        .map_or_else(|| binary.parent().unwrap().to_owned(), PathBuf::from);
    let repo = root.join("bench-data");
    let data = repo.join("many");
    std::fs::create_dir_all(&data).unwrap();
    if !repo.join(".git").exists() {
        cost(&repo, Path::new("git"), &["init", "-q"]);
    }
    let files = std::env::var("BENCH_FILES").map_or(100_000, |text| text.parse().unwrap());
    many_files(&data, files);
    println!(
        "{:<12} {:>6} {:>6} {:>9}  beside",
        "case", "wall", "cpu", "promised"
    );
    let card = |folder: &str| cost(&repo, &binary, &["data", folder]);
    if asked("unchanged") {
        card("many");
        let find = ["many", "-type", "f", "-printf", "%s %T@ %C@ %i\n"];
        let ratio = ratio(|| card("many"), || cost(&repo, Path::new("find"), &find));
        tell("unchanged", ratio, "1.5 wall", "find -type f -printf");
    }
    let digest = "find many -type f -print0 | xargs -0 openssl dgst -sha256";
    let forget = || {
        let _ = std::fs::remove_file(repo.join(".git/exp/statcache"));
    };
    let cold = |path: &str| {
        forget();
        card(path)
    };
    if asked("many") {
        let ratio = ratio(
            || cold("many"),
            || cost(&repo, Path::new("sh"), &["-c", digest]),
        );
        tell(
            "many",
            ratio,
            "0.75 cpu",
            "find | xargs openssl dgst -sha256",
        );
    }
    if asked("threads") {
        // One processor, one thread: that is what the program asks the system for.
        let one = || {
            forget();
            let binary = binary.to_str().unwrap();
            cost(
                &repo,
                Path::new("taskset"),
                &["-c", "0", binary, "data", "many"],
            )
        };
        tell(
            "threads",
            ratio(|| cold("many"), one),
            "0.62 wall",
            "the same on one processor",
        );
    }
    if asked("one") {
        large(&repo.join("large.bin"), 1 << 30);
        let openssl = || {
            cost(
                &repo,
                Path::new("openssl"),
                &["dgst", "-sha256", "large.bin"],
            )
        };
        tell(
            "one",
            ratio(|| cold("large.bin"), openssl),
            "1.05 wall",
            "openssl dgst -sha256",
        );
    }
    if asked("csv") {
        orders(&repo.join("orders.csv"), 1_300_000);
        let sh = |line: &'static str| cost(&repo, Path::new("sh"), &["-c", line]);
        let python = || cost(&repo, Path::new("python3"), &["-c", PANDAS]);
        let missing =
            |what| println!("csv: no {what} here (cargo install xsv; pip install pandas)");
        if is_there("xsv", &["--version"]) {
            let card = || card("orders.csv");
            let words = "xsv stats, openssl dgst -sha256";
            tell("csv", ratio(card, || sh(XSV)), "2.0 wall", words);
            let words = "xsv stats --everything, openssl dgst -sha256";
            tell("csv", ratio(card, || sh(XSV_ALL)), "2.0 wall", words);
        } else {
            missing("xsv");
        }
        if is_there("python3", &["-c", "import pandas"]) {
            let words = "pandas: read_csv, describe, nunique, sha256";
            tell(
                "csv",
                ratio(|| card("orders.csv"), python),
                "2.0 wall",
                words,
            );
        } else {
            missing("pandas");
        }
    }
}

fn is_there(program: &str, args: &[&str]) -> bool {
    let ran = Command::new(program).args(args).output();
    ran.is_ok_and(|output| output.status.success())
}

/// Types, extremes, mean and deviation in one pass; and the hash, which is one more pass for it.
const XSV: &str = "xsv stats orders.csv && openssl dgst -sha256 orders.csv";

/// Median, mode and distinct values besides, for which it keeps all of the file in memory.
const XSV_ALL: &str = "xsv stats --everything orders.csv && openssl dgst -sha256 orders.csv";

/// Like work in one program: parse, types, counts, moments, quantiles, distinct values, and the hash.
const PANDAS: &str = "import hashlib, pandas as pd
d = pd.read_csv('orders.csv')
d.describe(percentiles=[.05, .25, .5, .75, .95]); d.nunique(); d.isna().sum()
hashlib.file_digest(open('orders.csv', 'rb'), 'sha256')";

fn tell(name: &str, ratio: Cost, promised: &str, beside: &str) {
    println!(
        "{name:<12} {:>6.2} {:>6.2} {promised:>9}  {beside}",
        ratio.wall, ratio.cpu
    );
}

/// The median of the ratios, after a round that only warms caches.
fn ratio(ours: impl Fn() -> Cost, theirs: impl Fn() -> Cost) -> Cost {
    let _ = (ours(), theirs());
    let pairs: Vec<(Cost, Cost)> = (0..ROUNDS).map(|_| (ours(), theirs())).collect();
    let median = |of: fn(&Cost) -> f64| {
        let mut ratios: Vec<f64> = pairs.iter().map(|(a, b)| of(a) / of(b)).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ROUNDS / 2]
    };
    Cost {
        wall: median(|cost| cost.wall),
        cpu: median(|cost| cost.cpu),
    }
}

fn cost(folder: &Path, program: &Path, args: &[&str]) -> Cost {
    let children = || {
        // Clock ticks of ended children: fields 16 and 17 of proc_pid_stat(5), a hundredth of a second.
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let after = stat.rsplit(") ").next().unwrap();
        let fields: Vec<&str> = after.split(' ').collect();
        let ticks = |field: usize| fields[field].parse::<f64>().unwrap();
        (ticks(13) + ticks(14)) / 100.0
    };
    let (before, started) = (children(), Instant::now());
    let status = Command::new(program)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{program:?} {args:?}");
    Cost {
        wall: started.elapsed().as_secs_f64(),
        cpu: children() - before,
    }
}

/// Files of 10 KiB, a hundred to a folder, with old times: what is young is not remembered.
fn many_files(folder: &Path, count: usize) {
    let done = folder.with_file_name(format!("many-{count}.done"));
    if done.exists() {
        return;
    }
    let block: Vec<u8> = (0..10_240 + count)
        .map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2])
        .collect();
    for number in 0..count {
        let place = folder.join(format!("d{:04}", number / 100));
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(
            place.join(format!("image_{number:06}.bin")),
            &block[number..number + 10_240],
        )
        .unwrap();
    }
    std::fs::write(done, "").unwrap();
    std::thread::sleep(std::time::Duration::from_secs(61));
}

fn large(path: &Path, bytes: u64) {
    if path.metadata().is_ok_and(|found| found.len() == bytes) {
        return;
    }
    let block: Vec<u8> = (0..1_usize << 20)
        .map(|n| n.wrapping_mul(40_503).to_le_bytes()[1])
        .collect();
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    for _ in 0..bytes >> 20 {
        std::io::Write::write_all(&mut file, &block).unwrap();
    }
}

/// Sixteen columns as they come: keys, moments, categories, measurements with gaps, text with commas
/// and quotes. Some 240 MB.
fn orders(path: &Path, rows: u64) {
    use std::io::Write as _;
    if path.exists() {
        return;
    }
    const CITIES: [&str; 8] = [
        "Москва",
        "Санкт-Петербург",
        "Казань",
        "Нижний Новгород",
        "Omsk",
        "\"Perm, Krai\"",
        "Sochi",
        "Tver",
    ];
    const DEVICES: [&str; 3] = ["ios", "android", "web"];
    const WORDS: [&str; 16] = [
        "the",
        "quick",
        "review",
        "product",
        "good",
        "never",
        "again",
        "delivery",
        "late,",
        "refund",
        "excellent",
        "quality",
        "box",
        "returned",
        "\"\"fine\"\"",
        "however",
    ];
    let mut state = 88_172_645_463_325_252_u64;
    let mut below = |end: u64| {
        // Xorshift (Marsaglia 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % end
    };
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    writeln!(
        file,
        "order_id,user_id,created_at,birth_date,city,device,age,income,score,lat,lon,clicks,is_active,\
         promo,review,churn"
    )
    .unwrap();
    let mut review = String::new();
    for order in 100_000..100_000 + rows {
        let (user, age, clicks) = (below(260_000), 18 + below(72), below(19));
        let (month, day, hour) = (1 + below(12), 1 + below(28), below(24));
        let born = (1950 + below(55), 1 + below(12), 1 + below(28));
        let (minute, second) = (below(60), below(60));
        let city = CITIES[usize::try_from(below(36).isqrt()).unwrap()];
        let device = DEVICES[usize::try_from(below(3)).unwrap()];
        let income = match below(14) {
            0 => String::new(),
            _ => format!("{}.{:02}", 1_000 + below(90_000), below(100)),
        };
        let score = format!("0.{:08}{:08}", below(100_000_000), below(100_000_000));
        let (lat, lon) = (below(5_000_000), below(9_000_000));
        let active = if below(5) < 3 { "True" } else { "False" };
        let promo = match below(10) {
            0 => format!("PROMO{}", below(99)),
            _ => String::new(),
        };
        review.clear();
        for _ in 0..3 + below(13) {
            review.push_str(WORDS[usize::try_from(below(16)).unwrap()]);
            review.push(' ');
        }
        let churn = u64::from(below(100) < 23);
        writeln!(
            file,
            "{order},u{user:07},2024-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02},\
             {}-{:02}-{:02},{city},{device},{age},{income},{score},{}.{:06},{}.{:06},{clicks},{active},\
             {promo},\"{}\",{churn}",
            born.0,
            born.1,
            born.2,
            55 + lat / 1_000_000,
            lat % 1_000_000,
            37 + lon / 1_000_000,
            lon % 1_000_000,
            review.trim_end(),
        )
        .unwrap();
    }
}
