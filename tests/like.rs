//! `git exp run --like R --set k=v --seeds …`: runs made from earlier ones, by real trainings.

use crate::common::TestEnv;

const CONFIG: &str = "configs/base.yaml";

/// The course project with one trained run; few trees, so that it takes a moment.
pub fn course() -> TestEnv {
    let env = TestEnv::empty();
    let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/course-project");
    for part in ["src", "configs", "data"] {
        let done = std::process::Command::new("cp")
            .arg("-R")
            .args([project.join(part), env.repo().to_owned()])
            .status();
        assert!(done.unwrap().success());
    }
    env.write(".gitignore", "metrics.json\nmodels/\n__pycache__/\n");
    let config = env.read(CONFIG);
    env.write(
        CONFIG,
        config.replace("n_estimators: 100", "n_estimators: 12"),
    );
    env.git(&["init", "-q", "-b", "main"]);
    env.commit("course project");
    env.exp(&[
        "run",
        "--config",
        CONFIG,
        "--data",
        "train=data/processed/train_v1.csv",
        "--data",
        "test=data/processed/test.csv",
        "--",
        "python3",
        "src/train.py",
        "--config",
        CONFIG,
    ])
    .ok();
    env
}

fn record(env: &TestEnv, id: &str) -> serde_json::Value {
    env.json(&format!("experiments/runs/{id}/run.json"))
}

fn metric(run: &serde_json::Value, name: &str) -> f64 {
    run["metrics"][name].to_string().parse().unwrap()
}

#[test]
fn one_value_is_changed_in_a_copy_and_nothing_else() {
    let env = course();
    let before = env.read(CONFIG);
    let ran = env.exp(&["run", "--like", "1", "--set", "model.max_depth=2"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        ran.stderr
            .contains("config  model.max_depth 3 → 2   declared"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("1 factor: a difference can be attributed to it.")
    );
    assert_eq!(env.read(CONFIG), before, "the user's own file");
    assert_eq!(
        env.git(&["status", "--porcelain", "--", "src", "configs"]),
        ""
    );
    let folder = "experiments/runs/exp_002_max_depth_2";
    let copy = env.read(&format!("{folder}/config.yaml"));
    assert_eq!(copy, before.replace("max_depth: 3", "max_depth: 2"));
    let run = record(&env, "exp_002_max_depth_2");
    assert_eq!(run["params"]["model.max_depth"].to_string(), "2");
    assert_eq!(run["set"], serde_json::json!({"model.max_depth": 3}));
    assert_eq!(run["like"]["id"], "exp_001_baseline");
    assert_eq!(run["base"]["id"], "exp_001_baseline");
    assert_eq!(run["declared"], serde_json::json!(["model.max_depth"]));
    assert_eq!(
        run["command"]["argv"],
        serde_json::json!(["python3", "src/train.py", "--config", "{config}"])
    );
    assert_eq!(run["config"][0]["path"], CONFIG);
    assert_eq!(run["config"][0]["blob"], serde_json::Value::Null);
    // The program has really read the copy: shallower trees have fewer parameters.
    let first = record(&env, "exp_001_baseline");
    assert!(metric(&run, "n_params") < metric(&first, "n_params"));
    let diff = env.exp(&["diff", "1", "2"]).ok();
    assert!(
        diff.contains("ONE FACTOR CHANGED: config model.max_depth."),
        "{diff}"
    );
    assert!(diff.contains("(1 of 11 keys)"), "{diff}");
    env.commit("runs");
    let check = env.exp(&["check"]);
    assert!(!check.stdout.contains("E-config"), "{}", check.all());
}

#[test]
fn what_an_earlier_run_had_is_taken_though_the_file_has_changed() {
    let env = course();
    let had = env.read(CONFIG);
    env.write(CONFIG, had.replace("max_depth: 3", "max_depth: 1"));
    let ran = env.exp(&["run", "--like", "1", "--seeds", "5"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let run = record(&env, "exp_002_seed_5");
    assert_eq!(run["params"]["model.max_depth"].to_string(), "3");
    assert_eq!(env.read("experiments/runs/exp_002_seed_5/config.yaml"), had);
    let first = record(&env, "exp_001_baseline");
    let rows = (metric(&run, "n_params"), metric(&first, "n_params"));
    assert!(
        rows.0 > rows.1 * 0.8,
        "trees as deep as the first run's: {rows:?}"
    );
}

#[test]
fn keys_that_are_not_there_are_refused_with_the_nearest() {
    let env = course();
    let error = env
        .exp(&["run", "--like", "1", "--set", "max_dpeth=2"])
        .error();
    assert!(
        error.contains("no key `max_dpeth` in configs/base.yaml"),
        "{error}"
    );
    assert!(
        error.contains("did you mean --set model.max_depth=2"),
        "{error}"
    );
    let error = env
        .exp(&["run", "--like", "1", "--set", "model.max_depth"])
        .error();
    assert!(error.contains("is not KEY=VALUE"), "{error}");
    let error = env.exp(&["run", "--like", "9"]).error();
    assert!(error.contains("no run named `9`"), "{error}");
    let error = env
        .exp(&[
            "run",
            "--like",
            "1",
            "--set",
            "model.max_depth=2",
            "--",
            "python3",
            "src/train.py",
        ])
        .error();
    assert!(error.contains("would not reach the command"), "{error}");
    assert!(error.contains("'{config}'"), "{error}");
    let error = env.exp(&["run", "--like", "1"]).error();
    assert!(
        error.contains("exp_001_baseline has the same inputs (roc_auc_val 0."),
        "{error}"
    );
    assert!(
        error.contains("git exp run --like exp_001 --seeds 1,2,3"),
        "{error}"
    );
    let left = std::fs::read_dir(env.path("experiments/runs"))
        .unwrap()
        .count();
    assert_eq!(left, 1, "nothing was begun");
}

#[test]
fn a_command_that_was_not_recorded_must_be_said() {
    let env = course();
    env.exp(&["start", "by_hand", "--config", CONFIG, "--allow-same"])
        .ok();
    env.exp(&["finish"]).ok();
    let error = env.exp(&["run", "--like", "2", "--set", "seed=1"]).error();
    assert!(
        error.contains("exp_002 has no command to be run again"),
        "{error}"
    );
}

#[test]
fn the_command_of_a_subfolder_runs_there_again() {
    let env = TestEnv::new();
    env.write(
        "src/params.toml",
        "# rates\nlr = 0.1 # slow\n\n[model]\ndepth = 3\n",
    );
    env.write(
        "src/train.sh",
        "cat \"$1\" > seen.txt; echo '{\"acc\": 1}' > ../metrics.json\n",
    );
    env.write(".gitignore", "metrics.json\nseen.txt\n");
    env.commit("code");
    let args = [
        "run",
        "slow",
        "--config",
        "params.toml",
        "--",
        "sh",
        "train.sh",
        "params.toml",
    ];
    env.exp_in("src", &args).ok();
    env.exp(&[
        "run",
        "faster",
        "--like",
        "slow",
        "--set",
        "lr=1e-3",
        "--set",
        "model.depth=5",
    ])
    .ok();
    assert_eq!(
        env.read("src/seen.txt"),
        "# rates\nlr = 1e-3 # slow\n\n[model]\ndepth = 5\n"
    );
    let run = record(&env, "exp_002_faster");
    assert_eq!(run["command"]["cwd"], "src");
    assert_eq!(run["command"]["argv"][2], "{config}");
}

#[test]
fn the_copy_is_handed_over_in_an_export_too() {
    let env = TestEnv::new();
    env.write("c.json", "{\"b\": 1, \"a\": {\"lr\": 0.1}}\n");
    env.write("t.sh", "cat \"$1\" > seen.txt\n");
    env.commit("code");
    let ran = env.exp(&[
        "run",
        "one",
        "--isolated",
        "--artifact",
        "seen.txt",
        "--config",
        "c.json",
        "--set",
        "a.lr=0.2",
        "--",
        "sh",
        "t.sh",
        "{config}",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let seen = env.read("experiments/runs/exp_001_one/outputs/seen.txt");
    assert_eq!(seen, "{\"b\": 1, \"a\": {\"lr\": 0.2}}\n");
    assert_eq!(env.read("c.json"), "{\"b\": 1, \"a\": {\"lr\": 0.1}}\n");
}

#[test]
fn seeds_are_repeats_of_one_run_with_means() {
    let env = course();
    let ran = env.exp(&[
        "run",
        "--like",
        "1",
        "--set",
        "model.max_depth=2",
        "--seeds",
        "1,2,3",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let id = "exp_002_max_depth_2";
    let run = record(&env, id);
    let repeats = run["repeats"].as_array().unwrap();
    assert_eq!(repeats.len(), 3);
    let values: Vec<f64> = repeats
        .iter()
        .map(|repeat| metric(repeat, "roc_auc_val"))
        .collect();
    assert!(
        values[0] != values[1] && values[1] != values[2],
        "{values:?}"
    );
    let mean = values.iter().sum::<f64>() / 3.0;
    assert!((metric(&run, "roc_auc_val") - mean).abs() < 1e-12);
    assert_eq!(run["seed"], serde_json::json!([1, 2, 3]));
    assert_eq!(repeats[2]["folder"], "repeats/seed_3");
    for seed in 1..=3 {
        let folder = format!("experiments/runs/{id}/repeats/seed_{seed}");
        let config = env.read(&format!("{folder}/config.yaml"));
        assert!(
            config.starts_with("# The first model")
                && config.contains(&format!("\nseed: {seed}\n"))
        );
        let metrics = env.json(&format!("{folder}/metrics.json"));
        let value: f64 = metrics["roc_auc_val"].to_string().parse().unwrap();
        assert_eq!(value, values[seed - 1], "each repeat has its own file");
        assert!(env.path(&format!("{folder}/series/loss_val.csv")).is_file());
    }
    assert!(ran.stderr.contains(" (n=3) ("), "{}", ran.stderr);
    let ls = env.exp(&["ls"]).ok();
    assert!(ls.contains(" (n=3)"), "{ls}");
    let show = env.exp(&["show", "2"]).ok();
    assert!(
        show.contains("Repeats\n  seed 1  ")
            && show.contains("model.max_depth      2  (--set; was 3)"),
        "{show}"
    );
    let compare = env.exp(&["compare", "1", "2", "--csv"]).ok();
    assert!(compare.contains("(n=3)"), "{compare}");
    // The mean's seeds are no second factor beside the depth.
    let diff = env.exp(&["diff", "1", "2"]).ok();
    assert!(
        diff.contains("ONE FACTOR CHANGED: config model.max_depth."),
        "{diff}"
    );
    assert!(diff.contains("(n=3: "), "{diff}");
    assert!(!diff.contains("--seeds"), "it was repeated: {diff}");
    let only_seeds = env.exp(&["run", "--like", "2", "--seeds", "4,5"]);
    assert_eq!(only_seeds.code, 0, "{}", only_seeds.all());
    let diff = env.exp(&["diff", "2", "3"]).ok();
    assert!(diff.contains("seed ([1, 2, 3] → [4, 5])"), "{diff}");
    env.commit("runs");
    let check = env.exp(&["check"]);
    assert!(!check.stdout.contains("broken"), "{}", check.all());
}

#[test]
fn a_seed_goes_where_the_command_says() {
    let env = TestEnv::new();
    env.write("t.sh", "echo \"{\\\"acc\\\": 0.$1}\" > metrics.json\n");
    env.commit("code");
    let ran = env.exp(&[
        "run", "three", "--seeds", "4,6", "--", "sh", "t.sh", "{seed}",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let run = record(&env, "exp_001_three");
    assert_eq!(metric(&run, "acc"), 0.5);
    assert_eq!(run["command"]["argv"][2], "{seed}");
    let error = env
        .exp(&["run", "x_y", "--seeds", "1,1", "--", "sh", "t.sh", "{seed}"])
        .error();
    assert!(error.contains("the seed 1 is named twice"), "{error}");
    let error = env
        .exp(&["run", "x_y", "--seeds", "1,2", "--", "sh", "t.sh"])
        .error();
    assert!(error.contains("there is no place for the seeds"), "{error}");
    let error = env
        .exp(&[
            "run", "x_y", "--seeds", "1,2", "--", "sh", "t.sh", "--seed", "3",
        ])
        .error();
    assert!(error.contains("a seed of its own"), "{error}");
    // An earlier run's own flag is put to use.
    env.write(
        "u.sh",
        "shift; echo \"{\\\"acc\\\": 0.$1}\" > metrics.json\n",
    );
    env.exp(&["run", "flagged", "--", "sh", "u.sh", "--seed", "3"])
        .ok();
    env.exp(&["run", "--like", "flagged", "--seeds", "1,2"])
        .ok();
    let run = record(&env, "exp_003_seed_1_2");
    assert_eq!(
        run["command"]["argv"],
        serde_json::json!(["sh", "u.sh", "--seed", "{seed}"])
    );
    assert!((metric(&run, "acc") - 0.15).abs() < 1e-12);
    // A command that wants a seed gets those of the run that it is taken from.
    env.write("t.sh", "echo \"{\\\"acc\\\": 0.9$1}\" > metrics.json\n");
    env.exp(&["run", "again", "--like", "three"]).ok();
    let run = record(&env, "exp_004_again");
    assert_eq!(run["repeats"][1]["seed"], 6);
    assert!((metric(&run, "acc") - 0.95).abs() < 1e-12);
    let error = env
        .exp(&["run", "--like", "flagged", "--", "sh", "t.sh", "{seed}"])
        .error();
    assert!(error.contains("no seed is known"), "{error}");
    assert!(error.contains("--like exp_002 --seeds 1,2,3"), "{error}");
}

#[test]
fn the_first_failure_ends_the_repeats_and_keeps_what_there_is() {
    let env = TestEnv::new();
    env.write(
        "t.sh",
        "[ $1 = 2 ] && exit 7\necho \"{\\\"acc\\\": 0.$1}\" > metrics.json\n",
    );
    env.commit("code");
    let ran = env.exp(&[
        "run", "bad", "--seeds", "1,2,3", "--", "sh", "t.sh", "{seed}",
    ]);
    assert_eq!(ran.code, 7, "{}", ran.all());
    let run = record(&env, "exp_001_bad");
    assert_eq!(run["status"], "failed");
    assert_eq!(run["repeats"].as_array().unwrap().len(), 2);
    assert_eq!(
        run["repeats"][1]["metrics"],
        serde_json::json!({}),
        "not the first one's file"
    );
    assert_eq!(metric(&run, "acc"), 0.1);
    assert!(
        run["warnings"]
            .to_string()
            .contains("1 of 3 repeats ended well")
    );
}

#[test]
fn a_repeat_logs_steps_into_its_own_folder() {
    let env = TestEnv::new();
    env.write(
        "t.sh",
        "git exp metric loss=0.$1 --step 1; git exp metric loss=0.0$1 --step 2\n",
    );
    env.commit("code");
    env.exp(&[
        "run", "steps", "--seeds", "1,2", "--log", "--", "sh", "t.sh", "{seed}",
    ])
    .ok();
    let folder = "experiments/runs/exp_001_steps";
    assert_eq!(
        env.read(&format!("{folder}/repeats/seed_2/series/loss.csv")),
        "step,value\n1,0.2\n2,0.02\n"
    );
    assert!(!env.path(&format!("{folder}/series.jsonl")).exists());
    assert!(
        env.path(&format!("{folder}/repeats/seed_1/output.log"))
            .is_file()
    );
    assert_eq!(metric(&record(&env, "exp_001_steps"), "loss"), 0.015);
}

#[test]
fn a_record_that_leads_out_of_the_project_is_not_followed() {
    let env = course();
    std::fs::write(env.home().join("outside.csv"), "secret\n").unwrap();
    let path = "experiments/runs/exp_001_baseline/run.json";
    let honest = env.read(path);
    for (from, to) in [
        (
            "\"path\": \"data/processed/test.csv\"",
            "\"path\": \"../outside.csv\"",
        ),
        ("\"cwd\": \".\"", "\"cwd\": \"..\""),
        (
            "\"path\": \"configs/base.yaml\"",
            "\"path\": \"../outside.csv\"",
        ),
    ] {
        assert!(honest.contains(from));
        env.write(path, honest.replace(from, to));
        let error = env
            .exp(&["run", "--like", "1", "--set", "model.max_depth=2"])
            .error();
        assert!(error.contains("leads out of the project"), "{error}");
        let told = env.exp(&["diff", "1", "--worktree"]);
        assert_eq!(told.code, 0, "{}", told.all());
        assert!(
            !told.stdout.contains("6 B") && !told.stdout.contains("7 B"),
            "{}",
            told.stdout
        );
    }
}
