//! `git exp completion`: scripts that the shells accept, and that know `git exp`.

use crate::common::TestEnv;

#[test]
fn each_shell_gets_a_script_and_bash_completes_git_exp() {
    let env = TestEnv::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = env.exp(&["completion", shell]).ok();
        assert!(script.contains("promote"), "{shell}");
    }
    let asked = r#"source <(git exp completion bash)
COMP_WORDS=(git exp dif); COMP_CWORD=2; _git_exp; echo "${COMPREPLY[@]}"
COMP_WORDS=(git exp diff --work); COMP_CWORD=3; COMPREPLY=(); _git_exp; echo "${COMPREPLY[@]}""#;
    let mut bash = env.command("bash");
    bash.args(["--norc", "-c", asked]);
    let ran = env.ran(bash);
    assert_eq!(ran.stdout, "diff\n--worktree\n", "{}", ran.all());
}
