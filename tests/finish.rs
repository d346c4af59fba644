//! `git exp finish`: results are read before anything is written.

use crate::common::TestEnv;

fn started() -> TestEnv {
    let env = TestEnv::new();
    env.exp(&["start"]).ok();
    env
}

const RUN: &str = "experiments/runs/exp_001_baseline/run.json";

#[test]
fn metrics_are_copied_recorded_and_tabled() {
    let env = started();
    env.write(
        "metrics.json",
        r#"{"roc_auc_val": 0.8420, "n": 18446744073709551617, "loss": NaN}"#,
    );
    let out = env.exp(&["finish", "-m", "a start"]).ok();
    assert!(out.contains("exp_001_baseline  ok"), "{out}");
    assert!(out.contains("git add experiments"), "{out}");
    let text = env.read(RUN);
    assert!(
        text.contains("\"roc_auc_val\": 0.8420"),
        "the spelling is kept: {text}"
    );
    assert!(
        text.contains("\"n\": 18446744073709551617"),
        "big integers are exact"
    );
    assert!(text.contains("\"float\": \"nan\""));
    let copy = env.read("experiments/runs/exp_001_baseline/metrics.json");
    assert_eq!(copy, env.read("metrics.json"));
    assert!(
        env.read("experiments/experiments.md")
            .contains("roc_auc_val 0.8420")
    );
    assert!(
        env.read("experiments/exp.toml")
            .contains("roc_auc_val = \"max\"")
    );
    let log = env.read("experiments/runs/exp_001_baseline/README.md");
    assert!(
        log.contains("- roc_auc_val: 0.8420") && log.contains("- a start"),
        "{log}"
    );
}

#[test]
fn bad_metrics_are_refused_and_the_run_goes_on() {
    let env = started();
    let before = env.read(RUN);
    let error = env.exp(&["finish", "--metrics", "none.json"]).error();
    assert!(error.contains("none.json"), "{error}");
    for (content, word) in [
        (&b""[..], "empty"),
        (&b"{\"a\": 1, \"a\": 2}"[..], "a"),
        (&b"{\"a\": 1e400}"[..], "a"),
        (&b"not json"[..], "line 1"),
        (&b"{\"a\": \xff}"[..], ""),
    ] {
        env.write("metrics.json", content);
        let error = env.exp(&["finish", "--metrics", "metrics.json"]).error();
        assert!(
            error.contains("metrics.json") && error.contains(word),
            "{error}"
        );
    }
    assert_eq!(env.read(RUN), before);
    assert!(
        !env.path("experiments/runs/exp_001_baseline/metrics.json")
            .exists()
    );
}

#[test]
fn a_metrics_file_of_an_earlier_run_is_never_taken() {
    let env = TestEnv::new();
    env.write("metrics.json", r#"{"acc": 0.5}"#);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    let file = std::fs::File::options()
        .write(true)
        .open(env.path("metrics.json"))
        .unwrap();
    file.set_modified(old).unwrap();
    env.exp(&["start"]).ok();
    let error = env.exp(&["finish", "--metrics", "metrics.json"]).error();
    assert!(
        error.contains("was written before exp_001_baseline began"),
        "{error}"
    );
    env.exp(&["finish"]).ok();
    assert_eq!(env.json(RUN)["metrics"], serde_json::json!({}));
}

#[test]
fn an_ambiguous_finish_lists_the_running_runs() {
    let env = started();
    env.write("x.py", "1\n");
    env.exp(&["start", "second idea"]).ok();
    let error = env.exp(&["finish"]).error();
    assert!(
        error.contains("exp_001_baseline, exp_002_second_idea"),
        "{error}"
    );
    env.exp(&["finish", "1"]).ok();
    env.exp(&["finish"]).ok();
    let error = env.exp(&["finish"]).error();
    assert!(error.contains("no run is running"), "{error}");
}

#[test]
fn a_finished_run_stays_as_it_is() {
    let env = started();
    env.exp(&["finish"]).ok();
    let error = env.exp(&["finish", "exp_001"]).error();
    assert!(
        error.contains("finished already") && error.contains("git exp note"),
        "{error}"
    );
}

#[test]
fn people_s_conclusions_are_never_overwritten() {
    let env = started();
    let path = "experiments/runs/exp_001_baseline/README.md";
    let text = env.read(path);
    env.write(path, format!("{text}\nmy own words\n"));
    env.exp(&["finish", "-m", "ours"]).ok();
    let after = env.read(path);
    assert!(
        after.contains("my own words") && after.contains("- ours"),
        "{after}"
    );
    env.exp(&["note", "exp_001", "-m", "later"]).ok();
    let noted = env.read(path);
    assert!(
        noted.starts_with(&after) && noted.ends_with("- later\n"),
        "{noted}"
    );
    assert_eq!(env.json(RUN)["conclusion"], "later");
}

#[test]
fn metric_logs_steps_and_they_are_summed_up() {
    let env = started();
    for (step, loss) in [("1", "0.9"), ("2", "0.4"), ("3", "0.5")] {
        env.exp(&["metric", &format!("val/loss={loss}"), "--step", step])
            .ok();
    }
    let error = env.exp(&["metric", "loss"]).error();
    assert!(error.contains("`loss` is not NAME=VALUE"), "{error}");
    env.exp(&["finish"]).ok();
    let series = &env.json(RUN)["series"]["val/loss"];
    assert_eq!(series["count"], 3);
    assert_eq!(series["last"].to_string(), "0.5");
    assert_eq!(series["min"]["step"], 2);
    let files = env.exp(&["show", "exp_001", "--files"]).ok();
    assert!(files.contains("series/"), "{files}");
}

#[test]
fn data_that_changed_while_the_run_went_on_is_said() {
    let env = TestEnv::new();
    env.write("train.csv", "a\n1\n");
    env.exp(&["start", "--data", "train=train.csv"]).ok();
    env.write("train.csv", "a\n2\n");
    let out = env.exp(&["finish"]);
    assert!(
        out.stderr
            .contains("train.csv (train) changed while the run went on"),
        "{}",
        out.stderr
    );
}

#[cfg(unix)]
#[test]
fn read_only_folders_are_named_with_the_way_out() {
    let env = started();
    // Root ignores modes, so a folder that is a file stands in for one that can't be written.
    std::fs::remove_dir_all(env.path("experiments")).unwrap();
    env.write("experiments", "in the way");
    let error = env.exp(&["start", "other"]).error();
    assert!(error.contains("experiments"), "{error}");
}

#[test]
fn commit_takes_the_run_alone_and_leaves_what_is_staged() {
    let env = TestEnv::new();
    env.write("staged.py", "1\n");
    env.write("edited.py", "1\n");
    env.write(".gitignore", "*.json\nenv.txt\n*.log\n");
    env.commit("code");
    env.write("train.csv", "a\n1\n");
    env.exp(&["start", "lightgbm"]).ok();
    env.exp(&["start", "больше деревьев", "--data", "train=train.csv"])
        .ok();
    env.write("experiments/runs/exp_002_bolshe_derevev/big.log", "ignored");
    env.write("experiments/runs/exp_002_bolshe_derevev/plot.txt", "kept");
    env.write("staged.py", "2\n");
    env.git(&["add", "staged.py"]);
    env.write("staged.py", "3\n");
    env.write("edited.py", "2\n");
    env.write("new.py", "2\n");
    env.git(&["add", "-N", "new.py"]);
    env.write("metrics.json", "{\"acc_val\": 0.5}");
    let before = env.git(&["status", "--porcelain"]);
    let staged = env.git(&["diff", "--cached"]);
    let out = env.exp(&["finish", "2", "-m", "лучше", "--commit"]).ok();
    assert!(
        out.contains("  committed ") && !out.contains("not committed"),
        "{out}"
    );

    assert_eq!(env.git(&["diff", "--cached"]), staged);
    let without_records = |text: String| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.contains("experiments"));
        lines.map(str::to_owned).collect()
    };
    let after = env.git(&["status", "--porcelain"]);
    assert_eq!(without_records(after.clone()), without_records(before));
    let mut names: Vec<String> = env
        .git(&["show", "--name-only", "--format=", "HEAD"])
        .lines()
        .map(str::to_owned)
        .collect();
    names.retain(|name| !name.starts_with("experiments/data/"));
    let run = "experiments/runs/exp_002_bolshe_derevev";
    let mut expected: Vec<String> = [
        "README.md",
        "dirty.patch",
        "metrics.json",
        "plot.txt",
        "run.json",
    ]
    .iter()
    .map(|name| format!("{run}/{name}"))
    .collect();
    if env.path(&format!("{run}/env.txt")).exists() {
        expected.push(format!("{run}/env.txt"));
    }
    expected.extend(
        [
            ".gitattributes",
            ".gitignore",
            "README.md",
            "exp.toml",
            "experiments.csv",
            "experiments.md",
        ]
        .map(|name| format!("experiments/{name}")),
    );
    names.sort();
    expected.sort();
    assert_eq!(names, expected);
    // The committed table has the committed runs; the one on disk has all, and git says so.
    let table = env.git(&["show", "HEAD:experiments/experiments.md"]);
    assert!(
        table.contains("exp_002") && !table.contains("exp_001"),
        "{table}"
    );
    assert!(after.contains(" M experiments/experiments.md"), "{after}");
    assert!(!after.contains("exp_002"), "{after}");
    let message = env.git(&["log", "-1", "--format=%B"]);
    assert_eq!(
        message.trim(),
        "exp_002: больше деревьев\n\nлучше\n\nExp-Run: exp_002_bolshe_derevev"
    );
    let reflog = env.git(&["reflog", "-1"]);
    assert!(reflog.contains("commit (git exp): exp_002"), "{reflog}");
    let out = env.exp(&["finish", "2", "--commit"]).ok();
    assert!(out.contains("committed already"), "{out}");

    // The settings were committed, so what finish learns in them is committed with the next run.
    env.write("metrics.json", "{\"loss_val\": 0.5}");
    env.exp(&["finish", "1", "--commit"]).ok();
    assert!(
        env.git(&["show", "HEAD:experiments/exp.toml"])
            .contains("loss_val")
    );
    assert!(!env.git(&["status", "--porcelain"]).contains("experiments"));
}

#[test]
fn commit_works_before_the_first_commit_and_refuses_during_a_merge() {
    let env = TestEnv::empty();
    env.git(&["init", "-q", "-b", "main"]);
    env.write("a.py", "1\n");
    env.git(&["add", "a.py"]);
    env.exp(&["start", "lightgbm"]).ok();
    env.exp(&["finish", "--commit"]).ok();
    assert_eq!(env.git(&["diff", "--cached", "--name-only"]), "a.py\n");
    env.git(&["commit", "-q", "-m", "code"]);
    env.git(&["switch", "-q", "-c", "side", "HEAD^"]);
    env.write("a.py", "2\n");
    env.git(&["add", "a.py"]);
    env.git(&["commit", "-q", "-m", "side"]);
    let mut merge = env.command("git");
    merge.args(["merge", "-q", "main"]);
    assert_eq!(env.ran(merge).code, 1);
    env.exp(&["start", "wider_net"]).ok();
    let error = env.exp(&["finish", "--commit"]).error();
    assert!(error.contains("a merge is under way"), "{error}");
    assert_eq!(
        env.json("experiments/runs/exp_002_wider_net/run.json")["status"],
        "running"
    );
}

#[test]
fn the_next_command_is_right_from_a_subdirectory() {
    let env = started();
    env.write("src/deep/x", "");
    let out = env.exp_in("src/deep", &["finish"]).ok();
    assert!(out.contains("git add ../../experiments &&"), "{out}");
}

#[test]
fn a_run_is_ranked_among_those_that_were_measured_alike() {
    let env = TestEnv::new();
    let finish = |name: &str, val: &str, auc: &str| {
        env.write("data/val.csv", val);
        env.exp(&["start", name, "--allow-same", "--data", "val=data/val.csv"])
            .ok();
        env.write("metrics.json", format!("{{\"roc_auc_val\": {auc}}}"));
        let told = env.exp(&["finish", "--metrics", "metrics.json"]).ok();
        let head = told.lines().next().unwrap().to_owned();
        head.rsplit("   ").next().unwrap().to_owned()
    };
    assert_eq!(finish("more_trees", "a\n1\n", "0.9"), "rank 1 of 1");
    assert_eq!(finish("less_depth", "a\n1\n", "0.8"), "rank 2 of 2");
    // Another yardstick: the runs above are neither better nor worse.
    assert_eq!(
        finish("new_rows", "a\n2\n", "0.7"),
        "rank 1 of 1 comparable"
    );
    assert_eq!(
        finish("wide_net", "a\n1\n", "0.85"),
        "rank 2 of 3 comparable"
    );
}
