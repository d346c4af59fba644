//! The harness: a new repository in a cleared environment, and the real `git exp` in it.

use std::cell::Cell;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A temporary home with a repository in it. The clock ticks one second a command.
pub struct TestEnv {
    home: tempfile::TempDir,
    repo: PathBuf,
    ticks: Cell<i64>,
}

/// What a command printed and how it ended.
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

impl Ran {
    /// Asserts success and gives standard output.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(
            self.code, 0,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self.stdout
    }

    /// Asserts exit code 2 and gives standard error.
    #[track_caller]
    pub fn error(self) -> String {
        assert_eq!(
            self.code, 2,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        assert!(
            self.stderr.contains("error:"),
            "no error named: {}",
            self.stderr
        );
        self.stderr
    }

    /// Everything, for a snapshot.
    pub fn all(&self) -> String {
        let mut text = String::new();
        for (name, part) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !part.is_empty() {
                text.push_str(&format!("--- {name}\n{part}"));
                if !part.ends_with('\n') {
                    text.push_str("[no newline at end]\n");
                }
            }
        }
        text.push_str(&format!("--- exit {}\n", self.code));
        text
    }
}

impl TestEnv {
    /// A repository with one commit.
    pub fn new() -> Self {
        let env = Self::empty();
        env.git(&["init", "-q", "-b", "main"]);
        env.write("README.md", "# a project\n");
        env.commit("first");
        env
    }

    /// A folder that is no repository yet.
    pub fn empty() -> Self {
        let home = tempfile::Builder::new()
            .prefix("git-exp-test-")
            .tempdir()
            .expect("temp dir");
        let repo = home.path().join("repo");
        std::fs::create_dir_all(&repo).expect("repo dir");
        std::fs::write(
            home.path().join("gitconfig"),
            "[user]\nname = T\nemail = t@example.com\n",
        )
        .expect("gitconfig");
        Self {
            home,
            repo,
            ticks: Cell::new(0),
        }
    }

    /// The same state in another place: cheaper than making it again.
    pub fn copy(&self) -> Self {
        let copy = Self::empty();
        let from = self.home().join(".");
        let done = Command::new("cp")
            .arg("-a")
            .arg(from)
            .arg(copy.home())
            .status();
        assert!(done.expect("cp").success());
        copy.ticks.set(self.ticks.get());
        copy
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn repo(&self) -> &Path {
        &self.repo
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.repo.join(relative)
    }

    /// A command in the cleared environment, in the repository.
    pub fn command(&self, program: &str) -> Command {
        self.ticks.set(self.ticks.get() + 1);
        let start =
            chrono::DateTime::parse_from_rfc3339("2025-10-10T14:00:00+03:00").expect("date");
        let now = (start + chrono::Duration::seconds(self.ticks.get())).to_rfc3339();
        let ours = Path::new(env!("CARGO_BIN_EXE_git-exp"))
            .parent()
            .expect("bin dir");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let search = std::iter::once(ours.to_owned()).chain(std::env::split_paths(&path));
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::join_paths(search).expect("PATH"))
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", self.home().join("gitconfig"))
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .env("COLUMNS", "100")
            .env("GIT_AUTHOR_DATE", &now)
            .env("GIT_COMMITTER_DATE", &now)
            .env("GIT_EXP_NOW", &now)
            .env("GIT_EXP_SEED", "test")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(&self.repo)
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn ran(&self, mut command: Command) -> Ran {
        let output: Output = command.output().expect("the program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran {
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// `git exp …` in the repository.
    pub fn exp(&self, args: &[&str]) -> Ran {
        self.exp_in("", args)
    }

    /// `git exp …` in a folder of the repository.
    pub fn exp_in(&self, folder: &str, args: &[&str]) -> Ran {
        let mut command = self.command("git");
        command
            .current_dir(self.repo.join(folder))
            .arg("exp")
            .args(args);
        self.ran(command)
    }

    /// `git …`, which must succeed.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        let mut command = self.command("git");
        command.args(args);
        self.ran(command).ok()
    }

    /// Commits everything.
    #[track_caller]
    pub fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Writes a file, and its folders.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folders");
        std::fs::write(path, content).expect("write");
    }

    /// Reads a text file.
    #[track_caller]
    pub fn read(&self, relative: &str) -> String {
        std::fs::read_to_string(self.path(relative)).expect(relative)
    }

    /// Reads a JSON file.
    #[track_caller]
    pub fn json(&self, relative: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(relative)).expect(relative)
    }
}

/// Says why a test did nothing, so that nobody takes it for passed.
pub fn skipped(why: &str) {
    // Not by a macro: the test harness keeps back what those print in a test that passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Whether this machine has Git LFS; says so where it has not.
pub fn has_lfs(env: &TestEnv) -> bool {
    let found = can(env, &["lfs", "version"]);
    if !found {
        skipped("git-lfs is not installed");
    }
    found
}

/// Whether this git can do something: features are tried, versions are not read.
pub fn can(env: &TestEnv, args: &[&str]) -> bool {
    let mut command = env.command("git");
    command.args(args);
    env.ran(command).code == 0
}
