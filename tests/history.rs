//! `git exp log`, `git exp diff --worktree`, and dry runs: what is told without recording anything.

use crate::common::TestEnv;
use crate::like::course;

/// Five runs: a line of three, and two branches from the first.
fn branched() -> TestEnv {
    let env = course();
    for (like, set) in [
        ("1", "model.max_depth=2"),
        ("2", "model.n_estimators=6"),
        ("1", "model.learning_rate=0.05"),
    ] {
        env.exp(&["run", "--like", like, "--set", set]).ok();
    }
    env.exp(&[
        "run",
        "both at once",
        "--like",
        "1",
        "--set",
        "model.max_depth=1",
        "--set",
        "model.n_estimators=3",
    ])
    .ok();
    env
}

/// Values differ between machines' floating point; what is told of them doesn't.
fn without_values(text: &str) -> String {
    let number = |word: &str| word.trim_start_matches(['+', '-']).starts_with("0.");
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(|word| match number(word) {
            true if !line.contains(&format!("{word} →"))
                && !line.contains(&format!("→ {word}")) =>
            {
                "#"
            }
            _ => word,
        });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_story_is_a_graph_that_says_why() {
    let env = branched();
    let told = env.exp(&["log", "--why"]).ok();
    insta::assert_snapshot!(without_values(&told), @r"
    *    exp_001 baseline            #
    |\
    | *  exp_002 max_depth_2         #  #  model.max_depth 3 → 2
    | *  exp_003 n_estimators_6      #  #  model.n_estimators 12 → 6
    |\
    | *  exp_004 learning_rate_0_05  #  #  model.learning_rate 0.02 → 0.05
    *    exp_005 both_at_once        #  #
                 2 factors at once: model.max_depth 3 → 1; model.n_estimators 12 → 3
    ");
    let russian = env.exp(&["log", "--why", "--lang", "ru", "-n", "1"]).ok();
    assert!(
        russian.contains("2 фактора сразу: model.max_depth 3 → 1; model.n_estimators 12 → 3"),
        "{russian}"
    );
    let plain = env.exp(&["log", "1..3"]).ok();
    assert_eq!(plain.lines().count(), 2, "{plain}");
    assert!(
        plain.starts_with("exp_002 max_depth_2 ") && plain.contains("base exp_001"),
        "{plain}"
    );
    let error = env.exp(&["log", "3..1"]).error();
    assert!(error.contains("no run is in 3..1"), "{error}");
}

#[test]
fn the_story_is_data_too() {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Log {
        schema: String,
        metric: String,
        runs: Vec<Entry>,
    }
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Entry {
        run: String,
        uid: String,
        status: String,
        started: String,
        base: Option<String>,
        value: f64,
        sd: Option<f64>,
        n: Option<usize>,
        comparable: Option<bool>,
        better: Option<bool>,
        within_noise: Option<bool>,
        factors: Option<usize>,
        changes: Option<Vec<Change>>,
        unknown: Option<Vec<String>>,
    }
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Change {
        axis: String,
        what: String,
        before: String,
        after: String,
    }
    let env = course();
    env.exp(&["run", "--like", "1", "--set", "model.max_depth=2"])
        .ok();
    let log: Log = serde_json::from_str(&env.exp(&["log", "--json"]).ok()).unwrap();
    assert_eq!(log.schema, "git-exp/log/1");
    let schema: serde_json::Value =
        serde_json::from_str(&env.exp(&["schema", "log"]).ok()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let document: serde_json::Value =
        serde_json::from_str(&env.exp(&["log", "--json"]).ok()).unwrap();
    assert!(validator.is_valid(&document), "{document:#}");
    let mut other = document.clone();
    other["runs"][0]["uid"] = 5.into();
    assert!(!validator.is_valid(&other));
    assert_eq!(log.metric, "roc_auc_val");
    assert_eq!(log.runs[0].factors, None);
    let second = &log.runs[1];
    assert_eq!((second.factors, second.comparable), (Some(1), Some(true)));
    let change = &second.changes.as_ref().unwrap()[0];
    assert_eq!(
        (change.what.as_str(), change.after.as_str()),
        ("model.max_depth", "2")
    );
}

#[test]
fn what_would_differ_now_is_told_and_nothing_is_recorded() {
    let env = course();
    let same = env.exp(&["diff", "1", "--worktree"]).ok();
    assert_eq!(
        same,
        "exp_001_baseline → working tree\n  nothing that counts differs from exp_001\n"
    );
    assert_eq!(env.exp(&["diff", "1", "--worktree", "--exit-code"]).code, 0);
    let config = env.read("configs/base.yaml");
    env.write(
        "configs/base.yaml",
        config.replace("max_depth: 3", "max_depth: 4"),
    );
    env.write(
        "src/model.py",
        format!("{}\nDEBUG = True\n", env.read("src/model.py")),
    );
    let before = env.git(&["status", "--porcelain"]);
    let told = env
        .exp_in("src", &["diff", "1", "--worktree", "--patch"])
        .ok();
    assert!(told.contains("config  model.max_depth 3 → 4"), "{told}");
    assert!(told.contains("code    src/model.py +2 -0"), "{told}");
    assert!(told.contains("2 factors: "), "{told}");
    assert!(
        told.contains("+++ worktree configs/base.yaml") && told.contains("+DEBUG = True"),
        "{told}"
    );
    assert_eq!(env.exp(&["diff", "1", "--worktree", "--exit-code"]).code, 1);
    let json = env.exp(&["diff", "1", "--worktree", "--json"]).ok();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["b"], &json["factors"]),
        (&"worktree".into(), &2.into())
    );
    std::fs::remove_file(env.path("data/processed/test.csv")).unwrap();
    let told = env.exp(&["diff", "1", "--worktree"]).ok();
    assert!(
        told.contains("not here any more: data/processed/test.csv"),
        "what is gone is told: {told}"
    );
    env.git(&["checkout", "-q", "--", "data"]);
    assert_eq!(env.git(&["status", "--porcelain"]), before);
    assert_eq!(env.git(&["for-each-ref", "refs/exp"]).lines().count(), 1);
}

#[test]
fn a_dry_run_tells_and_leaves_nothing() {
    let env = course();
    let files = || env.git(&["status", "--porcelain", "-uall", "--ignored"]);
    let before = files();
    let told = env
        .exp(&[
            "run",
            "--like",
            "1",
            "--set",
            "model.max_depth=2",
            "--dry-run",
        ])
        .ok();
    assert!(
        told.starts_with("would start max_depth_2   base exp_001_baseline"),
        "{told}"
    );
    assert!(
        told.contains("config  model.max_depth 3 → 2   declared"),
        "{told}"
    );
    env.write(
        "src/model.py",
        format!("{}\nDEBUG = True\n", env.read("src/model.py")),
    );
    let told = env.exp(&["start", "--dry-run", "--lang", "ru"]).ok();
    assert!(told.starts_with("был бы начат "), "{told}");
    assert!(told.contains("src/model.py +2 -0"), "{told}");
    env.git(&["checkout", "-q", "--", "src"]);
    assert_eq!(files(), before);
    let fresh = TestEnv::new();
    fresh.exp(&["start", "--dry-run"]).ok();
    assert!(!fresh.path("experiments").exists());
}

#[test]
fn intent_is_told_before_anything_is_trained() {
    let env = course();
    let config = env.read("configs/base.yaml");
    let edited = config
        .replace("max_depth: 3", "max_depth: 4")
        .replace("0.02", "0.05");
    env.write("configs/base.yaml", edited);
    let out = env
        .exp(&["start", "--changes", "model.max_depth,seed"])
        .ok();
    let lines: Vec<&str> = out.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "  will change   config  model.max_depth 3 → 4             declared",
            "  also changes  config  model.learning_rate 0.02 → 0.05   NOT declared",
            "  declared, but nothing changes: seed",
            "  2 factors: the result will be confounded. Accept with --changes, or undo them first.",
        ],
        "{out}"
    );
    env.exp(&["finish", "--status", "aborted"]).ok();
    let train = env.read("data/processed/train_v1.csv");
    let shorter: String = train
        .lines()
        .take(2000)
        .map(|line| format!("{line}\n"))
        .collect();
    env.write("data/processed/train_v1.csv", shorter);
    let out = env.exp(&["start", "less_data", "--base", "1"]).ok();
    assert!(
        out.contains(
            "the validation rows change too: the result will not be comparable with exp_001"
        ),
        "{out}"
    );
}
