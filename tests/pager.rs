//! Long output on a terminal goes through git's pager; a pipe gets it as it is.
#![cfg(unix)]

use crate::common::{Ran, TestEnv};

/// Runs a command on a pseudo-terminal and gives what appeared there, and the exit code.
const ON_A_TERMINAL: &str = r#"
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen, end = b"", time.time() + 30
while time.time() < end:
    if select.select([fd], [], [], 0.2)[0]:
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
_, status = os.waitpid(pid, 0)
sys.stdout.write(seen.decode("utf-8", "replace").replace("\r\n", "\n"))
sys.exit(os.waitstatus_to_exitcode(status))
"#;

fn on_terminal(env: &TestEnv, pager: Option<&str>, args: &[&str]) -> Ran {
    let mut command = env.command("python3");
    command
        .args(["-c", ON_A_TERMINAL, "git", "exp"])
        .args(args)
        .env("TERM", "xterm");
    if let Some(pager) = pager {
        command.env("GIT_PAGER", pager);
    }
    env.ran(command)
}

fn with_runs() -> TestEnv {
    let env = TestEnv::new();
    env.write("params.yaml", "lr: 1\n");
    for lr in ["1", "2"] {
        env.write("params.yaml", format!("lr: {lr}\n"));
        env.exp(&["start", "--config", "params.yaml"]).ok();
        env.exp(&["finish"]).ok();
    }
    env
}

#[test]
fn every_long_output_goes_through_the_pager_that_git_would_take() {
    let env = with_runs();
    for verb in [
        &["ls"][..],
        &["log"],
        &["show", "1"],
        &["show", "1", "--config"],
        &["diff", "1", "2"],
        &["diff", "1", "--worktree"],
    ] {
        let ran = on_terminal(&env, Some("sed 's/^/paged: /'"), verb);
        assert_eq!(ran.code, 0, "{verb:?}: {}", ran.all());
        assert!(
            ran.stdout.starts_with("paged: "),
            "{verb:?}: {}",
            ran.stdout
        );
        let whole = env.exp(verb).ok();
        assert!(!whole.contains("paged: "), "a pipe gets no pager");
        let plain = on_terminal(
            &env,
            Some("sed 's/^/paged: /'"),
            &[verb, &["--no-pager"]].concat(),
        );
        assert!(!plain.stdout.contains("paged: "), "{}", plain.stdout);
    }
    env.git(&["config", "core.pager", "sed 's/^/core: /'"]);
    assert!(
        on_terminal(&env, None, &["ls"])
            .stdout
            .starts_with("core: ")
    );
    assert!(
        !on_terminal(&env, Some("cat"), &["ls"])
            .stdout
            .contains("core: ")
    );
}

#[test]
fn a_pager_that_is_left_early_is_no_failure() {
    let env = with_runs();
    let long: String = (0..20_000)
        .map(|line| format!("key_{line}: {line}\n"))
        .collect();
    env.write("long.yaml", long);
    env.exp(&["start", "--config", "long.yaml"]).ok();
    let ran = on_terminal(&env, Some("head -n 1"), &["show", "3"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    let ran = on_terminal(&env, Some("true"), &["show", "3"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
}
