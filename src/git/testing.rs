//! Small repositories for the unit tests of this room.

use std::path::Path;
use std::process::Command;

use super::Repo;
use super::snapshot::Scope;

/// A freeze of everything but records, up to a mebibyte.
pub fn scope() -> Scope<'static> {
    Scope {
        experiments: vec!["experiments".into()],
        max_file_bytes: 1 << 20,
        max_total_bytes: 1 << 20,
        filters: true,
        patch: true,
        secret_path: &|_| false,
    }
}

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

/// Random edits of a working tree.
#[cfg(unix)]
pub mod edits {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    /// Names that meet each other, and that sort one way as files and another as folders.
    const PATHS: [&str; 14] = [
        "a",
        "a/in",
        "a.b",
        "a-b/x",
        "a0",
        "d",
        "d/e",
        "d/e/f",
        "d/g",
        "lone/er/x",
        "lone",
        "new",
        "ünï/с имя",
        "tab\t\n\"",
    ];
    const CONTENTS: [&str; 5] = ["", "one\n", "other", "one\r\ntwo\r\n", "\0\u{1}\r\n"];

    #[derive(Clone, Copy, Debug)]
    pub enum Edit {
        Write(usize),
        Link,
        Delete,
        Exec,
        Folder,
        Git(&'static [&'static str]),
    }

    pub fn edit() -> impl Strategy<Value = (usize, Edit)> {
        let edit = prop_oneof![
            8 => (0..CONTENTS.len()).prop_map(Edit::Write),
            2 => Just(Edit::Link),
            5 => Just(Edit::Delete),
            2 => Just(Edit::Exec),
            1 => Just(Edit::Folder),
            1 => Just(Edit::Git(&["add", "-N"])),
            1 => Just(Edit::Git(&["add"])),
        ];
        (0..PATHS.len(), edit)
    }

    fn clear(top: &Path, path: &str) -> PathBuf {
        let place = top.join(path);
        let inside: Vec<&Path> = place.ancestors().take_while(|at| *at != top).collect();
        for folder in inside.into_iter().skip(1).rev() {
            if !folder.symlink_metadata().is_ok_and(|found| found.is_dir()) {
                let _ = std::fs::remove_file(folder);
                std::fs::create_dir(folder).unwrap();
            }
        }
        if std::fs::remove_dir_all(&place).is_err() {
            let _ = std::fs::remove_file(&place);
        }
        place
    }

    pub fn apply(lab: &Lab, (path, edit): (usize, Edit)) {
        let (top, path) = (lab.top(), PATHS[path]);
        match edit {
            Edit::Write(content) => std::fs::write(clear(top, path), CONTENTS[content]).unwrap(),
            Edit::Link => symlink("a", clear(top, path)).unwrap(),
            Edit::Delete => drop(clear(top, path)),
            Edit::Folder => std::fs::create_dir(clear(top, path)).unwrap(),
            Edit::Exec => {
                let place = top.join(path);
                if place.symlink_metadata().is_ok_and(|found| found.is_file()) {
                    let mode = std::fs::Permissions::from_mode(0o755);
                    std::fs::set_permissions(place, mode).unwrap();
                }
            }
            // Most of what chance asks for is refused, and that is fine.
            Edit::Git(args) => {
                let git = lab.repo().git().env("GIT_LITERAL_PATHSPECS", "1");
                drop(git.args(args).args(["--", path]).output().unwrap());
            }
        }
    }

    pub fn lab(attributes: &str) -> Lab {
        let lab = Lab::init(&[]);
        for path in ["a", "a.b", "a-b/x", "d/e/f", "d/g", "lone/er/x"] {
            lab.write(path, path);
        }
        lab.write(".gitattributes", attributes);
        lab.write("experiments/runs/exp_001_x/run.json", "{}");
        lab.commit("files");
        lab.write("experiments/runs/exp_002_x/run.json", "{}");
        lab
    }

    /// How many cases are tried: `GIT_EXP_TEST_EDITS`, for a long run by hand.
    pub fn cases() -> u32 {
        let set = std::env::var("GIT_EXP_TEST_EDITS").ok();
        set.map_or(16, |text| text.parse().expect("a number of cases"))
    }
}
