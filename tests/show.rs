//! `git exp show`, `ls`, `schema`: reading records, also damaged and hostile ones.

use crate::common::TestEnv;

fn recorded() -> TestEnv {
    let env = TestEnv::new();
    env.write("params.yaml", "lr: 0.1 # comment\n");
    env.write("train.py", "print(1)\n");
    env.exp(&["start", "first_idea", "--config", "params.yaml"])
        .ok();
    env.write("metrics.json", "{\"acc_val\": 0.5}");
    env.exp(&["finish"]).ok();
    env
}

#[test]
fn parts_are_printed_byte_for_byte() {
    let env = recorded();
    assert_eq!(env.exp(&["show", "--config"]).ok(), "lr: 0.1 # comment\n");
    let patch = env.exp(&["show", "1", "--patch"]).ok();
    assert!(patch.contains("+print(1)"), "{patch}");
    assert_eq!(env.exp(&["show", "@", "--metrics"]).ok(), "acc_val  0.5\n");
    let record: serde_json::Value =
        serde_json::from_str(&env.exp(&["show", "--json"]).ok()).unwrap();
    assert_eq!(record["slug"], "first_idea");
}

#[test]
fn an_unknown_run_is_answered_with_the_nearest() {
    let env = recorded();
    let error = env.exp(&["show", "exp_01_first_ida"]).error();
    assert!(
        error.contains("did you mean `exp_001_first_idea`"),
        "{error}"
    );
    let error = TestEnv::new().exp(&["show", "exp_001"]).error();
    assert!(error.contains("there are no runs yet"), "{error}");
}

#[test]
fn a_damaged_record_is_named_and_the_others_still_list() {
    let env = recorded();
    env.write("b.py", "2\n");
    env.exp(&["start", "second_idea"]).ok();
    env.write(
        "experiments/runs/exp_001_first_idea/run.json",
        "{ \"schema\": \"git-exp/run/1\", oops",
    );
    let list = env.exp(&["ls"]).ok();
    assert!(
        list.contains("exp_002") && list.contains("unreadable"),
        "{list}"
    );
    let error = env.exp(&["show", "exp_001"]).error();
    assert!(
        error.contains("run.json is damaged") && error.contains("line 1"),
        "{error}"
    );
    env.write(
        "experiments/runs/exp_001_first_idea/run.json",
        "{\"schema\": \"git-exp/run/9\"}",
    );
    let error = env.exp(&["show", "exp_001"]).error();
    assert!(
        error.contains("git-exp/run/9") && error.contains("newer git-exp"),
        "{error}"
    );
}

#[test]
fn escape_sequences_in_a_record_never_reach_the_terminal() {
    let env = recorded();
    let path = "experiments/runs/exp_001_first_idea/run.json";
    let text = env.read(path).replace("\"first_idea\",\n  \"snapshot", "");
    env.write(
        path,
        text.replace(
            "\"title\": \"first_idea\"",
            "\"title\": \"a\\u001b]0;x\\u0007\"",
        ),
    );
    for args in [&["show"][..], &["ls"]] {
        let out = env.exp(args).ok();
        assert!(!out.contains('\u{1b}'), "{out:?}");
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let env = recorded();
    let mut command = env.command("bash");
    command.args([
        "-c",
        "set -o pipefail; for i in 1 2 3 4 5; do git exp schema run | head -n 1; done",
    ]);
    let ran = env.ran(command);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn every_record_fits_its_published_schema() {
    let env = recorded();
    let schema: serde_json::Value =
        serde_json::from_str(&env.exp(&["schema", "run"]).ok()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let record = env.json("experiments/runs/exp_001_first_idea/run.json");
    let errors: Vec<String> = validator
        .iter_errors(&record)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    let broken = serde_json::json!({"schema": "git-exp/run/1", "uid": 5});
    assert!(
        !validator.is_valid(&broken),
        "the schema must be able to say no"
    );
    assert!(
        env.exp(&["schema", "nonsense"])
            .error()
            .contains("git exp schema")
    );
}

#[test]
fn records_of_every_released_version_are_still_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/records/v1");
    let schema = git_exp_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap();
        let run = git_exp::store::format::parse_run(&bytes, &entry.path()).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert!(validator.is_valid(&record), "{:?}", entry.path());
        let again = git_exp::store::format::to_json("git-exp/run/1", &run, Some(&record)).unwrap();
        assert_eq!(again, bytes, "{:?} is written back as it was", entry.path());
        assert_eq!(
            run.digest.as_deref(),
            Some(git_exp::store::seal::digest(&run).as_str())
        );
        seen += 1;
    }
    assert_eq!(seen, 3);
}

fn git_exp_schema() -> serde_json::Value {
    serde_json::from_str(&TestEnv::new().exp(&["schema", "run"]).ok()).unwrap()
}
