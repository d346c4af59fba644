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
fn the_next_command_is_right_from_a_subdirectory() {
    let env = started();
    env.write("src/deep/x", "");
    let out = env.exp_in("src/deep", &["finish"]).ok();
    assert!(out.contains("git add ../../experiments &&"), "{out}");
}
