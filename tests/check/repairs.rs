//! What is told to do about a finding does away with it.

use std::collections::BTreeSet;

use super::{findings, folder, many, project};
use crate::common::TestEnv;

fn lie(env: &TestEnv, record: &str) {
    let text = env.read(record);
    assert!(text.contains("0.502"), "{text}");
    env.write(record, text.replacen("0.502", "0.902", 1));
}

#[test]
fn a_metrics_file_of_a_repeat_says_what_the_record_says() {
    let env = project();
    let script = "echo '{\"roc_auc_val\": 0.8, \"seed\": '$1'}' > metrics.json";
    let command = ["--", "sh", "-c", script, "sh", "{seed}"];
    let mut all = vec!["run", "repeated", "-m", "find out", "--seeds", "1,2,3"];
    all.extend(command);
    let ran = env.exp(&all);
    assert_eq!(ran.code, 0, "{}", ran.all());
    env.exp(&["note", "1", "-m", "found out"]).ok();
    env.commit("a run");
    assert_eq!(findings(&env, &["--strict"]), (Vec::new(), 0));
    let file =
        |seed: u32| format!("experiments/runs/exp_001_repeated/repeats/seed_{seed}/metrics.json");
    let honest = env.read(&file(2));
    env.write(&file(2), honest.replace("0.8", "0.9"));
    std::fs::remove_file(env.path(&file(3))).unwrap();
    let told = env.exp(&["check"]).stdout;
    for what in [
        "roc_auc_val is 0.8 in the record and 0.9 in repeats/seed_2/metrics.json",
        "repeats/seed_3/metrics.json, the metrics file, is gone",
    ] {
        assert!(told.contains(what), "{told}");
    }
    let (found, code) = findings(&env, &[]);
    assert_eq!((found.len(), code), (2, 1), "{found:?}");
    assert!(
        found.iter().all(|(code, ..)| code == "E-metrics"),
        "{found:?}"
    );
    // The way out that is told works.
    env.git(&["checkout", "--", &file(2)]);
    env.git(&["checkout", "--", &file(3)]);
    assert_eq!(findings(&env, &["--strict"]), (Vec::new(), 0));
}

#[test]
fn what_is_told_to_do_about_an_edited_record_brings_the_honest_one_back() {
    let env = many(3);
    let record = format!("{}/run.json", folder(2));
    let told = |env: &TestEnv| -> BTreeSet<String> {
        let ran = env.exp(&["check", "--json"]);
        let value: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let findings = value["findings"].as_array().unwrap();
        let fixes = findings.iter().filter(|f| f["outcome"] == "broken");
        fixes
            .map(|f| f["fix"].as_str().unwrap().to_owned())
            .collect()
    };
    lie(&env, &record);
    // Nobody is told to write the lie into the table or the report.
    assert_eq!(
        told(&env),
        [format!("git checkout HEAD -- {record}")].into()
    );
    env.git(&["checkout", "--", &record]);
    assert!(told(&env).is_empty());
    // Once committed, the way leads through history.
    lie(&env, &record);
    env.commit("a lie");
    let way = format!("git log -p -- {record}   (then: git checkout COMMIT -- {record})");
    assert_eq!(told(&env), [way].into());
    let ran = env.exp(&["check", "--since", "HEAD~1"]).stdout;
    assert!(
        ran.contains(&format!("fix: git checkout HEAD~1 -- {record}")),
        "{ran}"
    );
    env.git(&["checkout", "HEAD~1", "--", &record]);
    assert!(told(&env).is_empty());
}

#[test]
fn of_a_copied_folder_and_its_original_the_copy_is_to_go() {
    let env = many(2);
    let copy = "experiments/runs/exp_002_copy";
    std::fs::create_dir(env.path(copy)).unwrap();
    env.write(
        &format!("{copy}/run.json"),
        env.read(&format!("{}/run.json", folder(2))),
    );
    let ran = env.exp(&["check", "--json", "--skip", "table,metrics,config"]);
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let broken: Vec<_> = value["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["outcome"] == "broken")
        .collect();
    assert_eq!(broken.len(), 3, "{broken:#?}");
    for finding in broken {
        assert_eq!(finding["fix"], format!("rm -r {copy}"), "{finding}");
    }
}
