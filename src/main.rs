//! The program `git-exp`; everything is in the library.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(git_exp::main().0)
}
