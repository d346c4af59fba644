//! Small repositories for the unit tests of this room.

use std::path::Path;
use std::process::Command;

use super::Repo;

/// A temporary repository, untouched by the settings of whoever runs the tests.
pub struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    /// A new repository with the given options of `git init`.
    pub fn init(options: &[&str]) -> Self {
        let lab = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        lab.git(&[&["init", "-q", "-b", "main"], options].concat());
        lab
    }

    /// A repository with one file in one commit.
    pub fn with_commit() -> Self {
        Self::init(&[]).first()
    }

    /// The same with SHA-256 ids.
    pub fn sha256() -> Self {
        Self::init(&["--object-format=sha256"]).first()
    }

    fn first(self) -> Self {
        self.write("a.txt", "one\n");
        self.commit("first");
        self
    }

    pub fn top(&self) -> &Path {
        self.folder.path()
    }

    pub fn repo(&self) -> Repo {
        Repo::discover(self.top()).unwrap()
    }

    pub fn write(&self, path: &str, content: &str) {
        let path = self.top().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    /// `git …`, which must succeed.
    pub fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(args)
            .current_dir(self.top())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs(["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_NAME"), "t")))
            .envs(
                ["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_EMAIL"), "t@example.com")),
            )
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
