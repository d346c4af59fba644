//! `git exp init`: idempotent, proposes what it finds, adopts what was written by hand.

use crate::common::TestEnv;

#[test]
fn it_proposes_inputs_and_repeating_it_changes_nothing() {
    let env = TestEnv::new();
    env.write("configs/base.yaml", "lr: 1\n");
    env.write("data/train.csv", "a\n");
    env.write("data/test.csv", "a\n");
    env.exp(&["init"]).ok();
    let settings = env.read("experiments/exp.toml");
    assert!(
        settings.contains("config = [\"configs/base.yaml\"]"),
        "{settings}"
    );
    assert!(
        settings.contains("train = \"data/train.csv\""),
        "{settings}"
    );
    env.write("experiments/exp.toml", format!("{settings}# mine\n"));
    env.exp(&["init"]).ok();
    assert!(env.read("experiments/exp.toml").ends_with("# mine\n"));
    env.exp(&["start"]).ok();
    let run = env.json("experiments/runs/exp_001_baseline/run.json");
    assert_eq!(run["data"].as_array().unwrap().len(), 2);
    let strategy = env.git(&["config", "notes.exp.mergeStrategy"]);
    assert_eq!(strategy, "cat_sort_uniq\n");
}

#[test]
fn russian_is_a_language_of_its_own() {
    let env = TestEnv::new();
    env.exp(&["init", "--lang", "ru"]).ok();
    assert!(
        env.read("experiments/README.md")
            .starts_with("# Эксперименты")
    );
    env.exp(&["start", "новая идея", "-m", "проверить"]).ok();
    let log = env.read("experiments/runs/exp_001_novaia_ideia/README.md");
    assert!(
        log.contains("Цель: проверить") && log.contains("## Выводы"),
        "{log}"
    );
}

#[test]
fn folders_written_by_hand_are_adopted_without_touching_them() {
    let env = TestEnv::new();
    let folder = "experiments/runs/exp_003_new_features";
    let readme = "# Эксперимент\n\nДата: 2025-10-10\nЦель: фичи\n\n## Выводы\n\nлучше\n";
    env.write(&format!("{folder}/README.md"), readme);
    env.write(
        &format!("{folder}/metrics.csv"),
        "metric_name,metric_value\nroc_auc_val,0.842\n",
    );
    env.write(&format!("{folder}/config.yaml"), "n_estimators: 300\n");
    env.write("experiments/runs/exp_1/x", "");
    let out = env.exp(&["init", "--adopt"]);
    assert!(
        out.stderr.contains("adopted exp_003_new_features"),
        "{}",
        out.stderr
    );
    assert!(out.stderr.contains("left alone exp_1"), "{}", out.stderr);
    let run = env.json(&format!("{folder}/run.json"));
    assert_eq!(run["metrics"]["roc_auc_val"].to_string(), "0.842");
    assert_eq!(run["params"]["n_estimators"], 300);
    assert_eq!(run["goal"], "фичи");
    assert_eq!(run["conclusion"], "лучше");
    assert_eq!(run["started"], "2025-10-10T12:00:00Z");
    assert_eq!(run["code"]["commit"], serde_json::Value::Null);
    assert_eq!(env.read(&format!("{folder}/README.md")), readme);
    assert!(
        env.exp(&["start", "next_idea"])
            .ok()
            .starts_with("exp_004_next_idea")
    );
}

#[test]
fn rules_for_the_project_s_own_outputs_never_ignore_records() {
    let env = TestEnv::new();
    env.write(".gitignore", "metrics.json\n*.csv\ndata/\n*.pkl\n");
    env.write("data/train.csv", "a\n1\n");
    env.exp(&["start", "--data", "train=data/train.csv"]).ok();
    env.write("metrics.json", "{\"acc\": 0.5}");
    env.exp(&["finish"]).ok();
    env.git(&["add", "experiments"]);
    let staged = env.git(&["diff", "--cached", "--name-only"]);
    let ignored = env.git(&["ls-files", "-o", "-i", "--exclude-standard", "experiments"]);
    assert!(staged.contains("exp_001_baseline/metrics.json"), "{staged}");
    assert!(staged.contains("experiments/experiments.csv"), "{staged}");
    assert!(staged.contains("experiments/data/"), "{staged}");
    assert_eq!(ignored, "");
}
