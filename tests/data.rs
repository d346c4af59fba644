//! `git exp data` and `git exp diff --data`: what data is, and how versions of it differ.

use crate::common::{TestEnv, has_lfs};

const V1: &str = "id,age,city,churn\nu1,31,Moscow,0\nu2,40,Kazan,1\nu3,35,Omsk,0\nu4,22,Omsk,1\n";
const V2: &str =
    "id,age,city,churn,bucket\nu4,22,Omsk,1,a\nu2,41,Kazan,1,b\nu1,31,Moscow,0,a\nt1,50,Omsk,1,b\n";
const TEST: &str = "id,age,city,churn\nt1,50,Omsk,1\nt2,60,Kazan,0\n";

fn two_versions() -> TestEnv {
    let env = TestEnv::new();
    env.write("data/v1.csv", V1);
    env.write("data/v2.csv", V2);
    env.write("data/test.csv", TEST);
    env
}

#[test]
fn two_files_are_compared_row_by_row() {
    let env = two_versions();
    let command = [
        "data", "diff", "v1.csv", "v2.csv", "--target", "churn", "--test", "test.csv", "--rows",
        "2",
    ];
    let told = env.exp_in("data", &command).ok();
    insta::assert_snapshot!(told, @r"
    v1.csv → v2.csv    f2ef6cfa → 5b0e797d
      size       4 rows × 4 cols → 4 rows × 5 cols   (key: id)
      rows       +1 added   -1 removed   1 changed   2 the same
      columns    + bucket   text, 2 values, 0 % empty
      cells      age 1 row
      target     churn: `1` 50.0 % → 75.0 %   (+25.0 points)
      watch      rows also present in test.csv: 0 → 1   ← leak?
      changed    row 2: id=u2, age: 40 → 41
      added      row 4: id=t1, age=50, city=Omsk, churn=1, bucket=b
      removed    row 3: id=u3, age=35, city=Omsk, churn=0
    ");
    let russian = env
        .exp(&["--lang", "ru", "data", "diff", "data/v1.csv", "data/v2.csv"])
        .ok();
    insta::assert_snapshot!(russian, @r"
    data/v1.csv → data/v2.csv    f2ef6cfa → 5b0e797d
      размер     4 строки × 4 столбца → 4 строки × 5 столбцов   (ключ: id)
      строки     +1 добавлено   -1 удалено   1 изменено   2 без изменений
      столбцы    + bucket   text, 2 значения, 0 % пустых
      ячейки     age 1 строка
    ");
    let json = env
        .exp(&["data", "diff", "data/v1.csv", "data/v2.csv", "--json"])
        .ok();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["schema"], "git-exp/data-diff/1");
    let rows = &value["table"]["rows"];
    let numbers = ["added", "removed", "changed", "same"].map(|kind| rows[kind]["value"].clone());
    assert_eq!(numbers, [1, 1, 1, 2].map(serde_json::Value::from));
    let schema = env.exp(&["schema", "data-diff"]).ok();
    let schema = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&value), "{json}");
}

#[test]
fn a_card_is_printed_of_any_file_and_checked_by_its_schema() {
    let env = TestEnv::empty();
    env.write("plain.txt", "no table\n");
    env.write("prices.csv", "товар;цена\r\nчай;12,5\r\nкофе;30\r\n");
    let told = env.exp(&["data", "prices.csv"]).ok();
    assert!(
        told.contains("2 rows") && told.contains("decimal `,`"),
        "{told}"
    );
    assert!(told.contains("CRLF") && told.contains("float"), "{told}");
    let json = env.exp(&["data", "prices.csv", "--json"]).ok();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        value["table"]["columns"][1]["numbers"]["mean"].to_string(),
        "21.25"
    );
    let schema = serde_json::from_str(&env.exp(&["schema", "data"]).ok()).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&value));
    assert!(env.exp(&["data", "plain.txt"]).ok().contains("9 B"));
    let error = env.exp(&["data", "plan.txt"]).error();
    assert!(error.contains("did you mean `plain.txt`?"), "{error}");
}

#[test]
fn what_is_odd_in_a_table_is_said() {
    let env = TestEnv::empty();
    env.write("odd.csv", "a,b\n1,x\n2.5,y,z\ntrue,inf\n");
    let told = env.exp(&["data", "odd.csv"]).ok();
    let odd = "odd        1 row of another width; a: 1 bool, 1 float, 1 int; b: 1 float, 2 text";
    assert!(told.contains(odd), "{told}");
    env.write(
        "log.jsonl",
        "{\"loss\": NaN}\n{\"loss\": Infinity}\n{\"loss\": 0.5}\n",
    );
    let told = env.exp(&["data", "log.jsonl"]).ok();
    assert!(told.contains("odd        loss: 1 infinite\n"), "{told}");
    assert!(told.contains("33.3 %"), "{told}");
    let wide: Vec<String> = (0..3000).map(|column| format!("c{column}")).collect();
    env.write("wide.csv", format!("{0}\n{0}\n", wide.join(",")));
    let told = env.exp(&["data", "wide.csv"]).ok();
    assert!(
        told.contains("odd        952 cols not looked at\n"),
        "{told}"
    );
    env.write("images/a.png", "1");
    env.write("images/b.png", "12345");
    let told = env.exp(&["data", "images"]).ok();
    assert!(told.contains("2 files, 6 B (1 B to 5 B each)"), "{told}");
    let error = env.exp(&["data", "https://example.com/a.csv"]).error();
    let first = error.lines().next().unwrap();
    assert_eq!(
        first,
        "error: `https://example.com/a.csv` is not on this machine"
    );
}

#[test]
fn data_that_another_tool_keeps_and_is_not_here_was_not_removed() {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    let out = |md5: &str| format!("outs:\n- md5: {md5}\n  size: 5\n  path: t.csv\n");
    env.write("data/t.csv.dvc", out("22a1a2931c8370d3aeedd7183606fd7f"));
    env.commit("code");
    env.exp(&["start", "old_rows", "--data", "train=data/t.csv"])
        .ok();
    let told = env.exp(&["finish", "--status", "ok"]);
    assert!(!told.stderr.contains("was removed"), "{}", told.stderr);
    env.write("data/t.csv.dvc", out("33a1a2931c8370d3aeedd7183606fd7f"));
    env.exp(&["start", "new_rows", "--data", "train=data/t.csv"])
        .ok();
    env.write("data/t.csv", "a\n1\n2");
    let told = env.exp(&["finish", "--status", "ok"]);
    assert!(
        told.stderr.contains("(train) was put in place"),
        "{}",
        told.stderr
    );
    let told = env.exp(&["diff", "1", "2"]).ok();
    assert!(told.contains("dvc 22a1a293 → dvc 33a1a293"), "{told}");
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_so_and_hashes_the_file() {
    let env = TestEnv::empty();
    let iris = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/data/iris/iris");
    let (csv, parquet) = (format!("{iris}.csv"), format!("{iris}.zstd.parquet"));
    let why = "could not be read as a table: this git-exp was built without Parquet";
    let told = env.exp(&["data", &parquet]);
    assert!(told.stderr.contains(why), "{}", told.stderr);
    assert!(told.ok().contains("sha256     057bbd5e"));
    let told = env.exp(&["data", "diff", &csv, &parquet]);
    assert!(told.stderr.contains(why), "{}", told.stderr);
    assert!(told.ok().contains("size    3.8 KiB → 8.4 KiB"));
}

#[cfg(feature = "parquet")]
#[test]
fn a_parquet_file_is_compared_with_the_csv_that_it_was_made_of() {
    let env = TestEnv::empty();
    let iris = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/data/iris/iris");
    let (csv, parquet) = (format!("{iris}.csv"), format!("{iris}.zstd.parquet"));
    let json = env.exp(&["data", "diff", &csv, &parquet, "--json"]).ok();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let rows = &value["table"]["rows"];
    let numbers = ["added", "removed", "same"].map(|kind| rows[kind]["value"].clone());
    assert_eq!(numbers, [0, 0, 150].map(serde_json::Value::from), "{json}");
    env.write("cut.parquet", "PAR1 and no more PAR1");
    let told = env.exp(&["data", "cut.parquet"]).ok();
    assert!(told.contains("21 B") && told.contains("sha256"), "{told}");
    assert!(!told.contains(" rows"), "{told}");
}

#[test]
fn what_is_no_difference_of_rows_is_said_to_be_that() {
    let env = two_versions();
    env.write("data/crlf.csv", V1.replace('\n', "\r\n"));
    let diff = |a: &str, b: &str| env.exp_in("data", &["data", "diff", a, b, "--exit-code"]);
    let ran = diff("v1.csv", "crlf.csv");
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("only line endings differ"),
        "{}",
        ran.stdout
    );
    let ran = diff("v1.csv", "v1.csv");
    assert_eq!(
        (ran.code, ran.stdout.contains("the same content")),
        (0, true)
    );
    env.write("a/x", "1");
    env.write("a/y", "2");
    env.write("b/x", "3");
    env.write("b/z", "2");
    let told = env.exp(&["data", "diff", "a", "b"]).ok();
    assert!(
        told.contains("+0 added   -0 removed   1 changed   1 renamed"),
        "{told}"
    );
    assert!(told.contains("y → z"), "{told}");
}

#[test]
fn a_version_of_a_commit_is_named_as_git_names_it() {
    let env = two_versions();
    env.write("data/train.csv", V1);
    env.commit("v1");
    env.write("data/train.csv", V2);
    let inside = env
        .exp_in("data", &["data", "diff", "HEAD:train.csv", "train.csv"])
        .ok();
    let top = env
        .exp(&["data", "diff", "HEAD:data/train.csv", "data/train.csv"])
        .ok();
    let address = env.exp(&["data", "https://example.com/a.csv"]).error();
    assert!(address.contains("is not on this machine"), "{address}");
    let card = env.exp(&["data", "HEAD:data/train.csv"]).ok();
    assert!(card.contains("4 rows × 4 cols   (key: id)"), "{card}");
    for told in [inside, top] {
        assert!(
            told.contains("+1 added   -1 removed   1 changed   2 the same"),
            "{told}"
        );
    }
    let error = env
        .exp(&["data", "diff", "HEAD:no.csv", "data/train.csv"])
        .error();
    assert!(error.contains("no file `HEAD:no.csv`"), "{error}");
    let error = env
        .exp(&["data", "diff", "data/v1.csv", "data/v2.csv", "--key", "x"])
        .error();
    assert!(error.contains("no column `x` in both versions"), "{error}");
}

/// Two runs of which the second has other training data, under the same path.
fn two_runs(tracked: bool) -> TestEnv {
    let env = TestEnv::new();
    if !tracked {
        env.write(".gitignore", "data/\n");
    }
    env.write("train.py", "print(1)\n");
    env.write("data/test.csv", TEST);
    env.write("data/train.csv", V1);
    env.commit("code");
    for (version, name) in [(V1, "old_rows"), (V2, "new_rows")] {
        env.write("data/train.csv", version);
        let roles = [
            "--data",
            "train=data/train.csv",
            "--data",
            "test=data/test.csv",
        ];
        env.exp(&[&["start", name], &roles[..]].concat()).ok();
        env.write("metrics.json", "{\"acc_val\": 0.5}");
        env.exp(&["finish"]).ok();
        if tracked {
            env.commit(name);
        }
    }
    env
}

fn data_lines(text: &str) -> String {
    let lines = text.lines().skip_while(|line| !line.starts_with("Changed"));
    let lines = lines.take_while(|line| !line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn runs_are_compared_by_what_git_kept_of_their_data() {
    let env = two_runs(true);
    let told = env.exp(&["diff", "1", "2", "--data", "--rows", "1"]).ok();
    insta::assert_snapshot!(data_lines(&told), @r"
    Changed
      data     train: data/train.csv    f2ef6cfa → 5b0e797d
                 size       4 rows × 4 cols → 4 rows × 5 cols   (key: id)
                 rows       +1 added   -1 removed   1 changed   2 the same
                 columns    + bucket   text, 2 values, 0 % empty
                 cells      age 1 row
                 watch      rows also present in data/test.csv: 0 → 1   ← leak?
                 changed    row 2: id=u2, age: 40 → 41
                 added      row 4: id=t1, age=50, city=Omsk, churn=1, bucket=b
                 removed    row 3: id=u3, age=35, city=Omsk, churn=0
    ");
    // Small data is looked into without being asked.
    let told = env.exp(&["diff", "1", "2"]).ok();
    assert!(
        told.contains("+1 added   -1 removed   1 changed   2 the same"),
        "{told}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&env.exp(&["diff", "1", "2", "--json"]).ok()).unwrap();
    let change = &json["changes"]["data"][0];
    assert_eq!(change["table"]["basis"], "rows");
    assert_eq!(change["table"]["overlaps"][0]["b"]["value"], 1);
    let error = env.exp(&["diff", "1", "2", "--rows", "3"]);
    assert_eq!(error.code, 2, "--rows goes with --data");
}

#[test]
fn a_version_that_is_gone_is_told_by_its_card() {
    let env = two_runs(false);
    let told = env.exp(&["diff", "1", "2", "--data"]).ok();
    insta::assert_snapshot!(data_lines(&told), @r"
    Changed
      data     train: data/train.csv    f2ef6cfa → 5b0e797d
                 size       4 rows × 4 cols → 4 rows × 5 cols   (key: id)
                 rows       +1 added   -1 removed   changed: unknown   (from the stored profiles; a
                              version is not here)
                 columns    + bucket   text, 2 values, 0 % empty
                 watch      rows also present in data/test.csv: 0 → 1   ← leak?
    ");
    let json: serde_json::Value =
        serde_json::from_str(&env.exp(&["diff", "1", "2", "--json"]).ok()).unwrap();
    assert_eq!(json["changes"]["data"][0]["table"]["basis"], "cards");
    // The old file comes back in another place that is known to have it.
    let digest = json["changes"]["data"][0]["a"]["sha256"]
        .as_str()
        .unwrap()
        .to_owned();
    let store = env.home().join("store");
    let object = store
        .join("objects")
        .join(&digest[..2])
        .join(&digest[2..4])
        .join(&digest);
    std::fs::create_dir_all(object.parent().unwrap()).unwrap();
    std::fs::write(&object, V1).unwrap();
    env.git(&["config", "lfs.storage", store.to_str().unwrap()]);
    let told = env.exp(&["diff", "1", "2", "--data"]).ok();
    assert!(told.contains("1 changed   2 the same"), "{told}");
}

#[test]
fn runs_that_differ_in_line_endings_alone_have_the_same_data() {
    let env = TestEnv::new();
    env.write(".gitignore", "data/\n");
    env.write("train.py", "print(1)\n");
    env.commit("code");
    for (text, name) in [
        (V1.to_owned(), "unix_lines"),
        (V1.replace('\n', "\r\n"), "dos_lines"),
    ] {
        env.write("data/train.csv", text);
        env.exp(&[
            "start",
            name,
            "--data",
            "train=data/train.csv",
            "--allow-same",
        ])
        .ok();
        env.write("metrics.json", "{\"acc_val\": 0.5}");
        env.exp(&["finish"]).ok();
    }
    let told = env.exp(&["diff", "1", "2", "--all"]).ok();
    assert!(told.contains("only line endings differ"), "{told}");
    let json: serde_json::Value =
        serde_json::from_str(&env.exp(&["diff", "1", "2", "--json"]).ok()).unwrap();
    assert_eq!(
        (&json["axes"]["data"], &json["factors"]),
        (&"same".into(), &0.into())
    );
}

#[test]
fn a_file_of_git_lfs_is_named_by_what_git_has_in_its_place() {
    let env = TestEnv::new();
    if !has_lfs(&env) {
        return;
    }
    env.git(&["lfs", "install", "--local"]);
    env.git(&["lfs", "track", "*.csv"]);
    env.write("data/train.csv", V1);
    env.commit("data");
    std::fs::remove_dir_all(env.path(".git/lfs/objects")).unwrap();
    env.exp(&["start", "smudged_rows", "--data", "train=data/train.csv"])
        .ok();
    let run = env.json("experiments/runs/exp_001_smudged_rows/run.json");
    let input = &run["data"][0];
    assert_eq!(input["pointer"]["kind"], "lfs");
    assert_eq!(input["pointer"]["id"], input["sha256"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_of_two_gibibytes_takes_no_more_memory_than_a_small_one() {
    const ZEROS: &str = "a7c744c13cc101ed66c29f672f92455547889cc586ce6d44fe76ae824958ea51";
    let env = TestEnv::empty();
    let file = std::fs::File::create(env.path("zeros.bin")).unwrap();
    file.set_len(2 << 30).unwrap();
    let mut limited = env.command("sh");
    limited.args(["-c", "ulimit -v 500000; exec git-exp data zeros.bin"]);
    let told = env.ran(limited);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert!(told.stdout.contains(ZEROS), "{}", told.stdout);
}

#[test]
fn how_a_table_is_written_down_is_told_where_it_differs() {
    let env = TestEnv::empty();
    env.write("a.csv", V1);
    let semicolons = V1.replace(',', ";");
    let wide = semicolons.encode_utf16().flat_map(u16::to_le_bytes);
    env.write(
        "b.csv",
        [0xff, 0xfe].into_iter().chain(wide).collect::<Vec<u8>>(),
    );
    let told = env.exp(&["data", "diff", "a.csv", "b.csv"]).ok();
    let form = "form    CSV with `,`, utf-8, LF → CSV with `;`, utf-16le + BOM, LF\n";
    assert!(told.contains(form), "{told}");
    assert!(told.contains("0 changed   4 the same"), "{told}");
}

#[test]
fn a_quote_that_nothing_closes_is_said_with_its_line() {
    let env = TestEnv::new();
    env.write("a.csv", "id,text\n1,ok\n2,fine\n3,x\n");
    env.write("b.csv", "id,text\n1,ok\n2,\"oops\n3,x\n");
    let told = env.exp(&["data", "b.csv"]);
    let warned =
        "b.csv: a quote that opens on line 3 is never closed, so what follows it is one cell";
    assert!(told.stderr.contains(warned), "{}", told.stderr);
    let odd = "odd        the quote that opens on line 3 is never closed\n";
    assert!(told.stdout.contains(odd), "{}", told.stdout);
    let told = env.exp(&["data", "diff", "a.csv", "b.csv"]).ok();
    assert!(
        told.contains("now: the quote that opens on line 3"),
        "{told}"
    );
    let told = env
        .exp(&["--lang", "ru", "data", "diff", "a.csv", "b.csv"])
        .ok();
    assert!(
        told.contains("стало: кавычка, открытая в строке 3, не закрыта"),
        "{told}"
    );
    env.write("train.py", "print(1)\n");
    env.commit("code");
    let started = env.exp(&["start", "broken_rows", "--data", "train=b.csv"]);
    assert!(started.stderr.contains(warned), "{}", started.stderr);
}

#[test]
fn images_are_told_by_their_pixels() {
    let env = TestEnv::empty();
    let gif = |side: u8| [b"GIF89a".as_slice(), &[side, 0, 7, 0, 0, 0, 0]].concat();
    for (folder, sides) in [("a", [5, 5, 9]), ("b", [8, 8, 8])] {
        for (number, side) in sides.into_iter().enumerate() {
            env.write(&format!("{folder}/{number}.gif"), gif(side));
        }
    }
    env.write("a/broken.PNG", "no image");
    let told = env.exp(&["data", "a"]).ok();
    let images =
        "images     3 of 5 to 9 × 7 px, most often 5 × 7 (2), 1 with no size in their header\n";
    assert!(told.contains(images), "{told}");
    let told = env.exp(&["--lang", "ru", "data", "diff", "a", "b"]).ok();
    assert!(told.contains("→ 3 по 8 × 7\n"), "{told}");
    assert!(
        env.exp(&["data", "b/0.gif"])
            .ok()
            .contains("1 of 8 × 7 px\n")
    );
    let json = env.exp(&["data", "a", "--json"]).ok();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["pictures"]["frequent"][0]["width"], 5);
    let schema = serde_json::from_str(&env.exp(&["schema", "data"]).ok()).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&value));
}

/// A run of data that DVC keeps and that was not in the working tree.
fn run_without_its_data() -> TestEnv {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.write(".gitignore", "/data/t.csv\n/data/img\n/.dvc/cache\n");
    env.write(
        "data/t.csv.dvc",
        "outs:\n- md5: c3c6bc2ae8ece4bd2510dca21225c041\n  size: 12\n  hash: md5\n  path: t.csv\n",
    );
    env.write(
        "data/img.dvc",
        "outs:\n- md5: 81d2cc101c77097ab8662708ee0d7075.dir\n  size: 12\n  nfiles: 1\n  path: img\n",
    );
    env.commit("code");
    let data = ["--data", "train=data/t.csv", "--data", "test=data/img"];
    env.exp(&[&["start", "far_rows"], &data[..]].concat()).ok();
    env.write("metrics.json", "{\"acc_val\": 0.5}");
    env.exp(&["finish"]).ok();
    env.commit("run");
    env
}

#[test]
fn data_that_only_dvc_knows_is_verified_by_its_md5() {
    let env = run_without_its_data();
    let broken = |told: &str| told.contains("E-data");
    env.write("data/t.csv", "a,b\n1,2\n3,4\n");
    let told = env.exp(&["check"]).all();
    assert!(!told.contains("data/t.csv was"), "{told}");
    // As many bytes, and not the same.
    env.write("data/t.csv", "a,b\n1,2\n3,5\n");
    let told = env.exp(&["check"]).all();
    assert!(
        broken(&told) && told.contains("data/t.csv was c3c6bc2a and is"),
        "{told}"
    );
}

#[test]
fn data_that_only_dvc_knows_is_restored_from_its_cache() {
    let env = run_without_its_data();
    let kept = ".dvc/cache/files/md5/c3/c6bc2ae8ece4bd2510dca21225c041";
    env.write(kept, "a,b\n1,2\n3,5\n");
    let restore = |place: &str| {
        let told = env
            .exp(&["restore", "1", "--worktree", place, "--data"])
            .all();
        (told, env.path(place).join("data/t.csv"))
    };
    let (told, place) = restore("../one");
    assert!(
        !place.exists() && told.contains("not on this machine"),
        "{told}"
    );
    env.write(kept, "a,b\n1,2\n3,4\n");
    let (told, place) = restore("../two");
    assert!(
        told.contains("copied from the cache of DVC, hash ok"),
        "{told}"
    );
    assert_eq!(std::fs::read_to_string(place).unwrap(), "a,b\n1,2\n3,4\n");
    // From a linked working tree, whose own cache is empty.
    std::fs::remove_file(env.path("../two/data/t.csv")).unwrap();
    let mut command = env.command("git");
    command.current_dir(env.path("../two"));
    command.args(["exp", "restore", "1", "../four", "--data"]);
    let told = env.ran(command).all();
    assert!(
        told.contains("copied from the cache of DVC, hash ok"),
        "{told}"
    );
    // A folder is put together from its listing, and is the one that DVC has named.
    let listing = r#"[{"md5": "c3c6bc2ae8ece4bd2510dca21225c041", "relpath": "x.csv"}]"#;
    env.write(
        ".dvc/cache/files/md5/81/d2cc101c77097ab8662708ee0d7075.dir",
        listing,
    );
    let (told, _) = restore("../three");
    assert!(!told.contains("not on this machine"), "{told}");
    let place = env.path("../three/data/img/x.csv");
    assert_eq!(std::fs::read_to_string(place).unwrap(), "a,b\n1,2\n3,4\n");
}

#[cfg(unix)]
#[test]
fn a_pointer_that_was_restored_is_not_the_data() {
    const OID: &str = "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5";
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 5\n");
    env.write("data/l.csv", &pointer);
    env.write("data/set/one", "1");
    let key = format!("SHA256E-s5--{OID}.csv");
    let target = format!("../.git/annex/objects/Xz/9q/{key}/{key}");
    std::os::unix::fs::symlink(&target, env.path("data/a.csv")).unwrap();
    std::os::unix::fs::symlink(format!("../{target}"), env.path("data/set/two")).unwrap();
    env.commit("data");
    let data = ["train=data/l.csv", "val=data/a.csv", "test=data/set"];
    let data: Vec<&str> = data.into_iter().flat_map(|spec| ["--data", spec]).collect();
    env.exp(&[&["start", "far_rows"], &data[..]].concat()).ok();
    let run = env.json("experiments/runs/exp_001_far_rows/run.json");
    for input in run["data"].as_array().unwrap() {
        assert!(input["sha256"].is_string(), "{input}");
    }
    env.commit("run");
    let told = env
        .exp(&["restore", "1", "--worktree", "../w", "--data"])
        .all();
    assert!(!told.contains("hash ok"), "{told}");
    assert!(
        told.contains("data/l.csv: not on this machine (git lfs pull)"),
        "{told}"
    );
    assert!(
        told.contains("data/a.csv: not on this machine (git annex get)"),
        "{told}"
    );
    assert!(
        told.contains("data/set: not on this machine (git lfs pull, git annex get)"),
        "{told}"
    );
    // The content came since, and is the folder's that was recorded.
    env.write(&target["../".len()..], "12345");
    let told = env.exp(&["check"]).all();
    assert!(!told.contains("data/set was"), "{told}");
}

/// DVC is told of a change by `dvc add` or not at all: its md5 is that of some older bytes until then.
#[test]
fn what_dvc_has_written_down_is_recorded_of_the_very_bytes_only() {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.write(".gitignore", "/data/t.csv\n/data/img\n");
    env.write(
        "data/t.csv.dvc",
        "outs:\n- md5: c3c6bc2ae8ece4bd2510dca21225c041\n  size: 12\n  hash: md5\n  path: t.csv\n",
    );
    env.write(
        "data/img.dvc",
        "outs:\n- md5: 81d2cc101c77097ab8662708ee0d7075.dir\n  size: 12\n  nfiles: 1\n  path: img\n",
    );
    env.write("data/t.csv", "a,b\n1,2\n3,4\n");
    env.write("data/img/x.csv", "a,b\n1,2\n3,4\n");
    env.commit("code");
    let start = |name: &str, number: u32| {
        let data = ["--data", "train=data/t.csv", "--data", "test=data/img"];
        let told = env.exp(&[&["start", name, "--allow-same"], &data[..]].concat());
        assert_eq!(told.code, 0, "{}", told.stderr);
        let run = env.json(&format!("experiments/runs/exp_{number:03}_{name}/run.json"));
        let id = |at: usize| run["data"][at]["pointer"]["id"].clone();
        (told.stderr, [id(0), id(1)])
    };
    let named = [
        "81d2cc101c77097ab8662708ee0d7075.dir",
        "c3c6bc2ae8ece4bd2510dca21225c041",
    ];
    let (told, ids) = start("as_added", 1);
    assert_eq!(ids, named, "{told}");
    // As many bytes, and not the same.
    env.write("data/t.csv", "a,b\n1,2\n3,5\n");
    env.write("data/img/x.csv", "a,b\n1,2\n3,5\n");
    let (told, ids) = start("changed_since", 2);
    assert!(ids.iter().all(serde_json::Value::is_null), "{ids:?}");
    let file = "data/t.csv is not what DVC has written down, its md5 is ";
    assert!(told.contains(file), "{told}");
    let folder = "data/img is not the folder that DVC has written down (81d2cc10)";
    assert!(told.contains(folder), "{told}");
    env.write("data/t.csv", "a,b\n1,2\n3,4\n");
    env.write("data/img/x.csv", "a,b\n1,2\n3,4\n");
    assert_eq!(start("as_before", 3).1, named);
}

#[test]
fn a_card_fits_the_terminal_and_is_whole_in_a_pipe() {
    let env = TestEnv::empty();
    let name = "a_feature_that_somebody_has_given_a_very_long_name_indeed";
    let rows = "2024-01-31 10:00:01,7,0.125\n2024-02-29 10:00:02,8,0.25\n";
    env.write("t.csv", format!("made_at,{name},x\n{rows}"));
    let data = |columns: Option<&str>| {
        let mut command = env.command("git-exp");
        command.args(["data", "t.csv"]).env_remove("COLUMNS");
        command.envs(columns.map(|columns| ("COLUMNS", columns)));
        env.ran(command).ok()
    };
    let whole = data(None);
    assert!(
        whole.contains(name) && whole.contains("2024-02-29T10:00:02\n"),
        "{whole}"
    );
    let narrow = data(Some("80"));
    let longest = narrow.lines().map(|line| line.chars().count()).max();
    assert!(
        longest <= Some(80) && !narrow.contains("T10:00"),
        "{narrow}"
    );
    assert!(narrow.contains("a_feat…g_name_indeed"), "{narrow}");
    assert!(
        narrow.contains("2024-01-31") && narrow.contains("2024-02-29\n"),
        "{narrow}"
    );
}

#[test]
fn a_version_that_was_not_looked_for_is_not_said_to_be_gone() {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.write(".gitignore", "/data\n");
    let table = |last: u32| {
        let row = |n| format!("u{n},{}\n", "x".repeat(15_000));
        "id,text\n".to_owned() + &(0..300).chain([last]).map(row).collect::<String>()
    };
    env.write("data/v1.csv", table(300));
    env.write("data/v2.csv", table(301));
    env.commit("code");
    for (name, data) in [
        ("old_rows", "train=data/v1.csv"),
        ("new_rows", "train=data/v2.csv"),
    ] {
        env.exp(&["start", name, "--data", data]).ok();
        env.exp(&["finish", "--status", "ok"]).ok();
    }
    let diff = |flags: &[&str]| env.exp(&[&["diff", "1", "2"], flags].concat()).ok();
    let (unread, gone) = ("--data reads the rows)", "a version is not here)");
    let hint = "Rows:  git exp diff exp_001 exp_002 --data --rows 20";
    let told = diff(&[]);
    assert!(told.contains(unread) && told.contains(hint), "{told}");
    let told = diff(&["--data"]);
    assert!(
        told.contains("+1 added   -1 removed") && told.contains(hint),
        "{told}"
    );
    let told = diff(&["--data", "--rows", "1"]);
    assert!(
        told.contains("row 301: id=u301") && !told.contains("Rows:"),
        "{told}"
    );
    std::fs::remove_file(env.path("data/v1.csv")).unwrap();
    let told = diff(&["--data"]);
    assert!(told.contains(gone) && !told.contains("Rows:"), "{told}");
}

#[test]
fn a_difference_is_not_promised_to_one_factor_while_some_data_are_unknown() {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.write(".gitignore", "/data/t.csv\n");
    env.write("c.yaml", "lr: 1\n");
    env.write("data/t.csv", "a\n1\n2");
    env.commit("code");
    let start = |name: &str| {
        let ran = env.exp(&[
            "start",
            name,
            "--config",
            "c.yaml",
            "--data",
            "train=data/t.csv",
        ]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        env.exp(&["finish", "--status", "ok"]).ok();
        ran.stdout
    };
    start("all_here");
    let out = "outs:\n- md5: 22a1a2931c8370d3aeedd7183606fd7f\n  size: 5\n  path: t.csv\n";
    env.write("data/t.csv.dvc", out);
    std::fs::remove_file(env.path("data/t.csv")).unwrap();
    env.write("c.yaml", "lr: 2\n");
    let told = start("data_elsewhere");
    let known = "1 factor that is known, but a difference can't be attributed to it: ";
    assert!(told.contains(known), "{told}");
}

#[cfg(unix)]
#[test]
fn what_can_not_be_read_whole_is_not_said_to_be_another() {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.write("../set/one", "1");
    env.commit("code");
    env.exp(&["start", "far_rows", "--data", "train=../set"])
        .ok();
    env.commit("run");
    // A link to a name that no file system has.
    std::os::unix::fs::symlink("x".repeat(300), env.path("../set/two")).unwrap();
    let told = env.exp(&["restore", "1", "--worktree", "../w"]).all();
    let unread = "present, but not all of it could be read: not verified";
    assert!(told.contains(unread), "{told}");
}

#[test]
fn a_file_of_the_same_name_and_size_is_not_the_version_that_a_run_read() {
    let env = TestEnv::new();
    env.write("train.py", "print(1)\n");
    env.write(".gitignore", "/data\n");
    env.write("data/a.csv", V1);
    env.write("data/b.csv", V2);
    env.commit("code");
    for (name, data) in [
        ("old_rows", "train=data/a.csv"),
        ("new_rows", "train=data/b.csv"),
    ] {
        env.exp(&["start", name, "--data", data]).ok();
        env.exp(&["finish", "--status", "ok"]).ok();
    }
    let diff = || env.exp(&["diff", "1", "2", "--data", "--rows", "1"]).ok();
    let told = diff();
    assert!(told.contains("id=u2, age: 40 → 41"), "{told}");
    env.write("data/a.csv", V1.replace("u2,40", "u2,30"));
    let told = diff();
    assert!(
        told.contains("version is not here") && !told.contains("30"),
        "{told}"
    );
}

#[cfg(all(unix, feature = "parquet"))]
#[test]
fn no_more_memory_is_set_aside_for_a_page_than_the_file_has_bytes() {
    let env = TestEnv::empty();
    let iris = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/data/iris/iris.none.parquet"
    );
    let good = std::fs::read(iris).unwrap();
    // The header of the first page: its type, its size, its size as it is written; each with the byte
    // 0x15 before it, in seven bits to a byte.
    let end_of = |at: usize| at + 1 + good[at + 1..].iter().position(|b| b & 128 == 0).unwrap() + 1;
    let third = end_of(end_of(4));
    assert_eq!([good[4], good[third]], [0x15, 0x15]);
    let two_gibibytes = [0xfe, 0xff, 0xff, 0xff, 0x0f];
    let bad = [&good[..=third], &two_gibibytes, &good[end_of(third)..]].concat();
    env.write("bad.parquet", bad);
    let mut limited = env.command("sh");
    limited.args(["-c", "ulimit -v 1000000; exec git-exp data bad.parquet"]);
    let told = env.ran(limited);
    let why = "bad.parquet could not be read as a table: it is damaged: ";
    assert!(
        told.code == 0 && told.stderr.contains(why),
        "{}",
        told.stderr
    );
}
