//! The freeze, over every kind of repository that was seen to break one: what is frozen is what
//! comes back, byte for byte, and nothing of the user's is touched.

mod content;
mod conversion;
#[cfg(unix)]
mod edits;
mod formats;
mod hidden;
mod hostile;
mod limits;
mod nested;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use git_exp::git::restore::{Restored, export};
use git_exp::git::snapshot::{Frozen, Keep, Kept, Scope};
use git_exp::git::tree::filtered_tree;
use git_exp::git::{Repo, freeze};
use git_exp::model::{RecordPath, Uid};

use crate::common::TestEnv;

/// A freeze to be checked, with the limits of a small repository.
pub struct Freeze<'e> {
    env: &'e TestEnv,
    /// The working tree, when it is not the harness's own.
    top: PathBuf,
    max_file_bytes: u64,
    filters: bool,
    /// Paths that may not come back, each with its reason in the test that names it.
    absent: Vec<RecordPath>,
    /// Tracked paths that come back as git has them, not as they are on disk.
    held: Vec<RecordPath>,
}

/// What a checked freeze gave.
pub struct Done {
    pub repo: Repo,
    pub frozen: Frozen,
    pub kept: Kept,
    pub restored: Restored,
    pub target: PathBuf,
}

impl Done {
    /// Each changed path with its letter.
    pub fn letters(&self) -> Vec<(String, char)> {
        let changes = self.frozen.changes.iter();
        changes
            .map(|change| (change.path.display().into_owned(), change.status))
            .collect()
    }

    /// Each path that is only named, with its reason.
    pub fn left_out(&self) -> Vec<(String, String)> {
        let entries = self.frozen.left_out.iter();
        entries
            .map(|entry| (entry.path.display().into_owned(), entry.why.clone()))
            .collect()
    }

    pub fn is_snapshot(&self) -> bool {
        self.kept.snapshot.is_some()
    }
}

/// A path as it is on disk.
#[derive(Debug, PartialEq, Eq)]
enum Node {
    File { bytes: Vec<u8>, exec: bool },
    Link(PathBuf),
}

pub fn freezing(env: &TestEnv) -> Freeze<'_> {
    Freeze {
        env,
        top: env.repo().to_owned(),
        max_file_bytes: 1 << 20,
        filters: true,
        absent: Vec::new(),
        held: Vec::new(),
    }
}

impl<'e> Freeze<'e> {
    pub fn top(mut self, top: PathBuf) -> Self {
        self.top = top;
        self
    }

    pub fn limit(mut self, bytes: u64) -> Self {
        self.max_file_bytes = bytes;
        self
    }

    pub fn without_filters(mut self) -> Self {
        self.filters = false;
        self
    }

    /// Paths (and all below them) that are on disk and may not come back.
    pub fn absent(mut self, paths: impl IntoIterator<Item = impl Into<RecordPath>>) -> Self {
        self.absent = paths.into_iter().map(Into::into).collect();
        self
    }

    /// Tracked paths that come back as git has them.
    pub fn held(mut self, paths: impl IntoIterator<Item = impl Into<RecordPath>>) -> Self {
        self.held = paths.into_iter().map(Into::into).collect();
        self
    }

    fn git(&self, args: &[&str]) -> String {
        let mut command = self.env.command("git");
        command.current_dir(&self.top).args(args);
        self.env.ran(command).ok()
    }

    /// Freezes, restores, and compares everything.
    #[track_caller]
    pub fn check(self) -> Done {
        let repo = Repo::discover(&self.top).unwrap();
        let before = self.fingerprint(&repo);
        let (frozen, kept) = self.freeze(&repo);
        assert_eq!(
            self.fingerprint(&repo),
            before,
            "something of the user's changed"
        );
        let leftovers = std::fs::read_dir(&repo.git_dir).unwrap().flatten();
        let ours = |name: &str| name.starts_with("exp-index");
        assert!(
            !leftovers
                .map(|e| e.file_name())
                .any(|n| ours(&n.to_string_lossy()))
        );

        let count = self.git(&["for-each-ref", "refs/exp"]).lines().count();
        let target = self
            .env
            .home()
            .join(format!("restored-{count}-{}", kept.target.short()));
        let restored = export(&repo, &kept.target, &target).unwrap();
        assert!(restored.tree_verified, "{restored:?}");
        assert_eq!(restored.tree, frozen.tree);
        self.compare(&target);
        self.replay(&repo, &frozen);
        let all = filtered_tree(&frozen.entries, |_| true, repo.format());
        if !self.top.join("experiments").exists() {
            let exact = self.held.is_empty();
            assert_eq!(all == frozen.tree, exact, "the id computed in process");
        }
        Done {
            repo,
            frozen,
            kept,
            restored,
            target,
        }
    }

    #[track_caller]
    fn freeze(&self, repo: &Repo) -> (Frozen, Kept) {
        let secret = |path: &RecordPath| path.file_name().starts_with(b".env");
        let scope = Scope {
            experiments: vec!["experiments".into()],
            max_file_bytes: self.max_file_bytes,
            max_total_bytes: self.max_file_bytes.saturating_mul(8),
            filters: self.filters,
            secret_path: &secret,
        };
        let uid = uid(self.git(&["for-each-ref", "refs/exp"]).lines().count());
        let date = "2025-10-10T14:02:11+03:00";
        let keep = Keep {
            uid: &uid,
            title: "exp_004: snapshot of uncommitted work",
            date: chrono::DateTime::parse_from_rfc3339(date).unwrap(),
            run_json: b"{\"number\": 4}\n",
        };
        let (frozen, kept) = freeze(repo, &scope, &keep).unwrap();
        let name = format!("refs/exp/{uid}");
        assert_eq!(self.git(&["rev-parse", &name]).trim(), kept.target.as_str());
        assert!(
            freeze(repo, &scope, &keep).is_err(),
            "a ref is created once"
        );
        (frozen, kept)
    }

    /// All that must be the same before and after.
    fn fingerprint(&self, repo: &Repo) -> Vec<String> {
        let index = std::fs::read(repo.git_dir.join("index")).unwrap_or_default();
        let mut facts = vec![
            git_exp::model::Sha256::of(&index).to_string(),
            std::fs::read_to_string(repo.git_dir.join("HEAD")).unwrap_or_default(),
        ];
        for place in ["logs/HEAD", "refs/stash", "logs/refs/stash", "config"] {
            facts.push(format!(
                "{:?}",
                std::fs::read(repo.common_dir.join(place)).ok()
            ));
        }
        for (path, found) in walk(&self.top) {
            let modified = filetime::FileTime::from_last_modification_time(&found);
            facts.push(format!("{} {modified:?} {}", path.display(), found.len()));
        }
        facts
    }

    #[track_caller]
    fn compare(&self, target: &Path) {
        let mut expected = nodes(&self.top);
        expected.retain(|path, _| {
            let path = RecordPath::from_path(path);
            !self.absent.iter().any(|folder| path.is_within(folder))
        });
        let mut found = nodes(target);
        for path in &self.held {
            let at = path.to_path();
            let (then, now) = (found.remove(&at), expected.remove(&at));
            assert!(then.is_some() && then != now, "{}", path.display());
        }
        let names = |nodes: &BTreeMap<PathBuf, Node>| nodes.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&expected));
        for (path, node) in &expected {
            assert_eq!(&found[path], node, "{}", path.display());
        }
    }

    /// The patch on the commit gives the tree.
    #[track_caller]
    fn replay(&self, repo: &Repo, frozen: &Frozen) {
        let Some(patch) = frozen.patch(repo).unwrap() else {
            assert_eq!(frozen.tree, frozen.base_tree);
            return;
        };
        let file = self.env.home().join("dirty.patch");
        std::fs::write(&file, &patch).unwrap();
        let index = self.env.home().join("replay-index");
        let _ = std::fs::remove_file(&index);
        let git = |args: &[&str]| {
            let mut command = self.env.command("git");
            command.current_dir(&self.top).env("GIT_INDEX_FILE", &index);
            command.args(["-c", "core.splitIndex=false"]).args(args);
            self.env.ran(command).ok()
        };
        match &frozen.head.commit {
            Some(_) => git(&[
                "read-tree",
                "--no-sparse-checkout",
                frozen.base_tree.as_str(),
            ]),
            None => git(&["read-tree", "--empty"]),
        };
        git(&[
            "apply",
            "--cached",
            "--whitespace=nowarn",
            &file.to_string_lossy(),
        ]);
        assert_eq!(git(&["write-tree"]).trim(), frozen.tree.as_str());
    }
}

pub fn uid(n: usize) -> Uid {
    Uid::new(1_700_000_000_000, &[n as u8; 10])
}

/// Everything below a folder but git's own folders and the records.
fn walk(top: &Path) -> Vec<(PathBuf, std::fs::Metadata)> {
    let mut found = Vec::new();
    let mut open = vec![top.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let metadata = path.symlink_metadata().unwrap();
            if entry.file_name() == ".git" || path == top.join("experiments") {
                continue;
            }
            if metadata.is_dir() {
                open.push(path);
            } else {
                found.push((path, metadata));
            }
        }
    }
    found
}

fn nodes(top: &Path) -> BTreeMap<PathBuf, Node> {
    let node = |path: &Path, found: &std::fs::Metadata| {
        if found.is_symlink() {
            return Some(Node::Link(std::fs::read_link(path).unwrap()));
        }
        found.is_file().then(|| Node::File {
            bytes: std::fs::read(path).unwrap(),
            exec: is_executable(found),
        })
    };
    walk(top)
        .iter()
        .filter_map(|(path, found)| {
            let relative = path.strip_prefix(top).unwrap().to_owned();
            Some((relative, node(path, found)?))
        })
        .collect()
}

fn is_executable(found: &std::fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        found.permissions().mode() & 0o100 != 0
    }
    #[cfg(not(unix))]
    false
}

#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

pub fn link(target: &str, path: &Path) {
    #[cfg(unix)]
    std::os::unix::fs::symlink(target, path).unwrap();
}

pub fn has_lfs(env: &TestEnv) -> bool {
    let mut command = env.command("git");
    command.args(["lfs", "version"]);
    let found = env.ran(command).code == 0;
    if !found {
        // The one place where a test may be passed over, and it says so.
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "SKIPPED: git-lfs is not installed");
    }
    found
}
