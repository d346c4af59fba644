//! `git exp completion`: what a shell needs to complete our command line.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::context::Ctx;
use crate::error::{ExitCode, Result};

/// Arguments of `git exp completion`.
#[derive(Debug, clap::Args)]
pub struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// What git's own completion calls for `git exp …`.
const AFTER_GIT: &str = r#"
# `git exp` beside `git-exp`: git's completion calls _git_exp for the words after `git exp`.
_git_exp() {
    local words=(git-exp "${COMP_WORDS[@]:2}")
    COMP_WORDS=("${words[@]}")
    COMP_CWORD=$((COMP_CWORD - 1))
    _git__exp git-exp "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
}
"#;

/// Prints the script of one shell.
pub fn completion(ctx: &Ctx, args: &CompletionArgs) -> Result<ExitCode> {
    let mut script = Vec::new();
    let mut command = crate::cli::Cli::command().bin_name("git-exp");
    clap_complete::generate(args.shell, &mut command, "git-exp", &mut script);
    if args.shell == Shell::Bash {
        // Verbs are called after `git exp`, where the generator looks them up after `git-exp`.
        let text = String::from_utf8_lossy(&script);
        let text = text.replace("git__subcmd__exp__subcmd__", "git__exp__subcmd__");
        script = [text.as_bytes(), AFTER_GIT.as_bytes()].concat();
    }
    ctx.ui.out_bytes(&script)?;
    Ok(ExitCode::OK)
}
