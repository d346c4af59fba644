//! A stage that nobody can tell: every verb says so in the same words, and what it says to type works.

use crate::common::{Ran, TestEnv};
use crate::records::course;

const STAGE: &str = "experiments/stages/production.json";
const MODEL: &str = "models/final/model_v2.pkl";

/// The course's runs, one of them promoted, a report, all committed.
fn promoted() -> TestEnv {
    let env = TestEnv::new();
    course(&env);
    env.write(MODEL, "weights 3");
    env.exp(&["promote", "1", "-m", "start"]).ok();
    env.exp(&["report", "--update"]).ok();
    env.commit("all");
    env
}

/// Two branches promoted, and their merge is not decided.
fn unmerged() -> TestEnv {
    let env = promoted();
    env.git(&["switch", "-q", "-c", "other"]);
    env.exp(&["promote", "2", "-m", "theirs"]).ok();
    env.commit("theirs");
    env.git(&["switch", "-q", "main"]);
    env.exp(&["promote", "3", "-m", "ours"]).ok();
    env.commit("ours");
    let mut merge = env.command("git");
    merge.args(["merge", "-q", "other"]);
    assert_eq!(env.ran(merge).code, 1);
    env
}

fn both(ran: &Ran) -> String {
    format!("{}{}", ran.stdout, ran.stderr)
}

/// What `check` finds broken about stages.
fn broken(env: &TestEnv) -> Vec<serde_json::Value> {
    let json: serde_json::Value =
        serde_json::from_str(&env.exp(&["check", "--json"]).stdout).unwrap();
    let findings = json["findings"].as_array().unwrap().iter();
    findings
        .filter(|found| found["code"] == "E-prod" && found["outcome"] == "broken")
        .cloned()
        .collect()
}

/// Runs a command as a shell does.
fn pasted(env: &TestEnv, command: &str) -> Ran {
    let mut shell = env.command("sh");
    shell.args(["-c", command]);
    env.ran(shell)
}

#[track_caller]
fn told_everywhere(env: &TestEnv, sentence: &str) {
    let verbs: [(&[&str], i32); 12] = [
        (&["ls"], 0),
        (&["ls", "--sort", "roc_auc_val"], 0),
        (&["best"], 0),
        (&["table", "--only-changed"], 0),
        (&["which", MODEL], 0),
        (&["which", "production"], 2),
        (&["show", "@prod"], 2),
        (&["rm", "4"], 2),
        (&["report"], 0),
        (&["report", "--html", "page.html"], 0),
        (&["check"], 1),
        (&["doctor"], 1),
    ];
    for (args, code) in verbs {
        let ran = env.exp(args);
        assert!(both(&ran).contains(sentence), "{args:?}: {}", ran.all());
        assert_eq!(ran.code, code, "{args:?}: {}", ran.all());
        assert_eq!(
            both(&ran).matches("warning:").count(),
            usize::from(code == 0),
            "told once: {args:?} {}",
            ran.all()
        );
    }
    assert!(
        env.path("experiments/runs/exp_004_lightgbm/run.json")
            .exists()
    );
}

#[test]
fn two_productions_of_a_merge_are_told_in_one_way() {
    let env = unmerged();
    let sentence = "production is two runs at once: exp_003_new_features and exp_002_more_trees";
    told_everywhere(&env, sentence);
    let page = env.read("page.html");
    assert!(page.contains(sentence), "the page says it");
    let text = env
        .exp(&["report", "--section", "choice", "--lang", "ru"])
        .ok();
    assert!(
        text.contains("production — сразу два запуска: exp_003_new_features и exp_002_more_trees"),
        "{text}"
    );
}

#[test]
fn a_report_keeps_its_choice_while_nobody_can_tell_it() {
    let env = unmerged();
    let before = env.read("report.md");
    let error = env.exp(&["report", "--update"]).error();
    insta::assert_snapshot!(error.replace(&env.repo().display().to_string(), "…"), @r#"
    error: production is two runs at once: exp_003_new_features and exp_002_more_trees
    caused by: …/experiments/stages/production.json holds an unresolved merge
    caused by: so nothing was written
    hint: keep ours: git exp promote exp_003_new_features --as production -m "why this one"
    hint: keep theirs: git exp promote exp_002_more_trees --as production -m "why this one"
    hint: the other sections alone: git exp report --update --section design --section table
    "#);
    assert_eq!(env.read("report.md"), before, "as it was");
    env.exp(&["report", "--update", "other.md"]).error();
    assert!(!env.path("other.md").exists());
    let rest = [
        "report",
        "--update",
        "--section",
        "design",
        "--section",
        "table",
    ];
    env.exp(&rest).ok();
    env.exp(&["promote", "3", "-m", "decided"]).ok();
    env.exp(&["report", "--update"]).ok();
    assert!(env.read("report.md").contains("Why this one: decided"));
}

#[test]
fn what_check_says_to_type_decides_an_unmerged_stage() {
    let env = unmerged();
    let found = broken(&env);
    let finding = &found[0];
    let fix = finding["fix"].as_str().unwrap();
    let (label, command) = fix.split_once(": ").unwrap();
    assert_eq!(label, "keep ours");
    assert!(
        finding["details"][0]
            .as_str()
            .unwrap()
            .starts_with("keep theirs: "),
        "{finding}"
    );
    let done = pasted(&env, command);
    assert!(
        done.stderr
            .contains("hint: mark the merge as decided: git add "),
        "{}",
        done.all()
    );
    let add = done.stderr.split("decided: ").nth(1).unwrap().trim();
    assert_eq!(pasted(&env, add).code, 0);
    assert_eq!(env.git(&["ls-files", "-u"]), "");
    assert!(broken(&env).is_empty());
}

#[test]
fn two_files_of_one_stage_are_two_productions() {
    let env = promoted();
    let second = env
        .read(STAGE)
        .replace("exp_001_baseline", "exp_002_more_trees");
    env.write("experiments/stages/production_2.json", second);
    told_everywhere(
        &env,
        "production is two runs at once: exp_001_baseline and exp_002_more_trees",
    );
    let error = env.exp(&["promote", "1", "-m", "again"]).error();
    let remove = error.split("the other file: ").nth(1).unwrap().trim();
    assert_eq!(pasted(&env, remove).code, 0);
    env.exp(&["promote", "1", "-m", "again"]).ok();
    assert!(broken(&env).is_empty());
}

#[test]
fn a_file_that_names_another_stage_is_not_believed() {
    let env = promoted();
    env.git(&["mv", STAGE, "experiments/stages/live.json"]);
    let error = env.exp(&["which", "live"]).error();
    assert!(
        error.contains("the file of the stage live says that it is production"),
        "{error}"
    );
    let rename = error.split("name it so: ").nth(1).unwrap().trim();
    assert_eq!(pasted(&env, rename).code, 0);
    env.exp(&["which", "production"]).ok();
}

#[test]
fn a_damaged_stage_is_told_and_can_be_decided_anew() {
    let env = promoted();
    let good = env.read(STAGE);
    env.write(STAGE, &good[..good.len() / 2]);
    told_everywhere(&env, "production.json is damaged");
    let error = env.exp(&["which", "production"]).error();
    let restore = error.split("the committed one: ").nth(1).unwrap().trim();
    assert_eq!(pasted(&env, restore).code, 0);
    assert_eq!(env.read(STAGE), good);

    // The damage is committed, too: no version to take back.
    env.write(STAGE, "{");
    env.commit("damage");
    let found = broken(&env);
    let fix = found[0]["fix"].as_str().unwrap();
    let command = fix.split_once(": ").unwrap().1.replace("RUN", "exp_003");
    let done = pasted(&env, &command);
    assert!(
        done.stderr
            .contains("the damaged file is kept as production.json.damaged"),
        "{}",
        done.all()
    );
    assert_eq!(env.read("experiments/stages/production.json.damaged"), "{");
    assert!(broken(&env).is_empty());

    env.write(STAGE, r#"{"schema": "git-exp/stage/9", "run": "exp_001"}"#);
    let error = env.exp(&["promote", "3"]).error();
    assert!(error.contains("has schema `git-exp/stage/9`"), "{error}");
    assert!(env.read(STAGE).contains("stage/9"), "not overwritten");
}
