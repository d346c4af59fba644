//! `git exp run`: the command's exit code, its streams, its signals.

use std::time::Duration;

use crate::common::TestEnv;

fn record(env: &TestEnv, id: &str) -> serde_json::Value {
    env.json(&format!("experiments/runs/{id}/run.json"))
}

#[test]
fn streams_pass_through_and_the_exit_code_is_the_command_s() {
    let env = TestEnv::new();
    let script = "echo out; echo err >&2; echo '{\"acc\": 0.5}' > metrics.json; exit 3";
    let ran = env.exp(&["run", "baseline", "--", "sh", "-c", script]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, "out\n"));
    assert!(ran.stderr.contains("err\n"), "{}", ran.stderr);
    let run = record(&env, "exp_001_baseline");
    assert_eq!(run["status"], "failed");
    assert_eq!(run["command"]["exit_code"], 3);
    assert_eq!(
        run["metrics"]["acc"].to_string(),
        "0.5",
        "partial metrics are kept"
    );
    assert_eq!(run["command"]["argv"][0], "sh");
}

#[test]
fn a_log_keeps_what_was_printed_and_passes_it_on() {
    let env = TestEnv::new();
    let ran = env.exp(&[
        "run",
        "logged",
        "--log",
        "--",
        "sh",
        "-c",
        "echo out; echo err >&2",
    ]);
    assert_eq!(ran.stdout, "out\n");
    let log = env.read("experiments/runs/exp_001_logged/output.log");
    assert!(log.contains("out\n") && log.contains("err\n"), "{log}");
}

#[test]
fn the_command_can_log_steps_to_the_named_file() {
    let env = TestEnv::new();
    let script =
        r#"for i in 1 2 3; do echo "{\"step\": $i, \"loss\": 0.$i}" >> "$GIT_EXP_SERIES"; done"#;
    assert_eq!(env.exp(&["run", "steps", "--", "sh", "-c", script]).code, 0);
    let run = record(&env, "exp_001_steps");
    assert_eq!(run["series"]["loss"]["count"], 3);
    assert_eq!(
        env.read("experiments/runs/exp_001_steps/series/loss.csv"),
        "step,value\n1,0.1\n2,0.2\n3,0.3\n"
    );
}

#[test]
fn a_command_that_does_not_exist_fails_the_run() {
    let env = TestEnv::new();
    let error = env
        .exp(&["run", "nothing", "--", "no-such-program"])
        .error();
    assert!(error.contains("no-such-program"), "{error}");
    assert_eq!(record(&env, "exp_001_nothing")["status"], "failed");
}

#[cfg(unix)]
#[test]
fn a_signal_is_passed_on_and_recorded() {
    let env = TestEnv::new();
    let mut command = env.command(env!("CARGO_BIN_EXE_git-exp"));
    command.args([
        "run",
        "long",
        "--",
        "sh",
        "-c",
        "echo ready > ready; exec sleep 60",
    ]);
    let mut child = command.spawn().unwrap();
    for _ in 0..400 {
        if env.path("ready").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    assert!(env.path("ready").exists(), "the command never started");
    std::thread::sleep(Duration::from_millis(100));
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    let run = record(&env, "exp_001_long");
    assert_eq!(run["status"], "aborted");
    assert_eq!(run["command"]["signal"], 15);
}

#[test]
fn secrets_on_the_command_line_are_redacted() {
    let env = TestEnv::new();
    env.exp(&[
        "run",
        "secret",
        "--",
        "true",
        "--api-key",
        "abc123",
        "--num_tokens",
        "512",
    ])
    .ok();
    let text = env.read("experiments/runs/exp_001_secret/run.json");
    assert!(!text.contains("abc123"), "{text}");
    assert!(text.contains("512"));
}
