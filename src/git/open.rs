//! Finds the repository by git's own rules, and reads HEAD.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::Error;
use super::command::{Git, path_from_git, split_nul};
use super::hash::ObjectFormat;
use crate::model::{Oid, RecordPath};

/// An opened repository. Resolved once; later calls name it explicitly.
#[derive(Clone, Debug)]
pub struct Repo {
    /// This working tree's git directory.
    pub git_dir: PathBuf,
    /// The git directory that all linked worktrees share.
    pub common_dir: PathBuf,
    /// The top of the working tree; `None` in a bare repository.
    pub work_tree: Option<PathBuf>,
    /// `sha1` or `sha256`.
    pub object_format: String,
    /// Whether history was cut off.
    pub shallow: bool,
    /// What HEAD named when the repository was opened.
    pub opened_at: Option<Tip>,
}

/// A commit with what can be told of it at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The commit.
    pub commit: Oid,
    /// Its tree.
    pub tree: Oid,
    /// The beginning of its id, long enough to be unique.
    pub short: String,
}

/// Where HEAD stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The commit; `None` before the first.
    pub commit: Option<Oid>,
    /// The branch; `None` when detached.
    pub branch: Option<String>,
}

impl Repo {
    /// Asks git itself, so that `GIT_DIR`, `GIT_WORK_TREE`, `safe.directory`, linked worktrees,
    /// submodules and every later rule hold.
    ///
    /// # Errors
    /// Also for a bare repository among the files of another: it came with them, and so did its
    /// configuration, which could name programs to run.
    pub fn discover(cwd: &Path) -> Result<Self, Error> {
        match Self::ask(Git::as_user(cwd).refusing_embedded()) {
            Err(Error::Refused(words)) if words.contains("safe.bareRepository") => {
                let bare = Self::ask(Git::as_user(cwd))?;
                match bare.embedded_in() {
                    Some(outer) => Err(Error::Embedded {
                        inner: bare.git_dir,
                        outer,
                    }),
                    None => Ok(bare),
                }
            }
            found => found,
        }
    }

    /// The top of the working tree that this bare repository is a part of.
    fn embedded_in(&self) -> Option<PathBuf> {
        let outer = Self::discover(self.git_dir.parent()?).ok()?;
        // `.git` itself looks like a bare repository from inside.
        let is_own = self.git_dir.starts_with(&outer.common_dir);
        outer.work_tree.filter(|_| !is_own)
    }

    fn ask(git: Git) -> Result<Self, Error> {
        let output = git
            .args(["rev-parse", "--path-format=absolute"])
            .args(["--is-shallow-repository", "--show-object-format"])
            .args(["--git-dir", "--git-common-dir"])
            // These may fail, after the others are printed: where there is no working tree, and where
            // there is no commit.
            .arg("--show-toplevel")
            .args(["HEAD^{commit}", "HEAD^{tree}", "--short", "HEAD"])
            .output()?;
        let (opened_at, printed) = tip(&output.stdout);
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let bare = message.contains("must be run in a work tree");
        let unborn = message.contains("HEAD^{commit}");
        if !output.status.success() && !bare && !unborn {
            return Err(if message.contains("not a git repository") {
                Error::NotARepository
            } else {
                Error::Refused(message.trim_start_matches("fatal: ").to_owned())
            });
        }
        Self::told(printed, opened_at)
    }

    /// What git printed: whether history was cut off, the object format, then paths.
    fn told(printed: &[u8], opened_at: Option<Tip>) -> Result<Self, Error> {
        let unexpected = || Error::Unexpected(String::from_utf8_lossy(printed).into_owned());
        let mut lines = printed.splitn(3, |&b| b == b'\n');
        let (Some(shallow), Some(format), Some(paths)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(unexpected());
        };
        let mut paths = absolute_paths(paths).into_iter();
        let (Some(git_dir), Some(common_dir)) = (paths.next(), paths.next()) else {
            return Err(unexpected());
        };
        Ok(Self {
            git_dir,
            common_dir,
            work_tree: paths.next(),
            object_format: String::from_utf8_lossy(format).into_owned(),
            shallow: shallow == b"true",
            opened_at,
        })
    }

    /// Opens the repository of a known git directory, for reading objects alone.
    pub fn at(git_dir: &Path) -> Result<Self, Error> {
        let output = Git::new(git_dir.parent().unwrap_or(git_dir))
            .repository(git_dir, None)
            .args(["rev-parse", "--path-format=absolute"])
            .args(["--is-shallow-repository", "--show-object-format"])
            .args(["--git-dir", "--git-common-dir"])
            .run()?;
        Self::told(&output, None)
    }

    /// A hardened git command on this repository, run from the top of the working tree.
    pub fn git(&self) -> Git {
        let directory = self.work_tree.as_deref().unwrap_or(&self.git_dir);
        Git::new(directory).repository(&self.git_dir, self.work_tree.as_deref())
    }

    /// Which of these paths git's ignore rules name; tracked ones never are.
    pub fn ignored<'p>(
        &self,
        paths: impl Iterator<Item = &'p RecordPath>,
    ) -> Result<HashSet<RecordPath>, Error> {
        let paths: Vec<&[u8]> = paths.map(RecordPath::as_bytes).collect();
        if paths.is_empty() {
            return Ok(HashSet::new());
        }
        // Exit code 1: none of them is.
        let asked = self.git().args(["check-ignore", "-z", "--stdin"]);
        let output = asked.stdin(paths.join(&0)).output()?;
        let ignored = split_nul(&output.stdout).map(RecordPath::from_bytes);
        Ok(ignored.collect())
    }

    /// How this repository names objects.
    pub fn format(&self) -> ObjectFormat {
        ObjectFormat::named(&self.object_format)
    }

    /// Whether refs are kept in tables instead of files.
    pub fn has_reftable(&self) -> bool {
        self.common_dir.join("reftable").is_dir()
    }

    /// The top of the working tree, or an error that says why there is none.
    pub fn top(&self) -> Result<&Path, Error> {
        self.work_tree
            .as_deref()
            .ok_or_else(|| Error::Refused("this operation must be run in a work tree".to_owned()))
    }

    /// Our own folder in the common git directory: lock, ids, caches. All of it can be rebuilt.
    pub fn exp_dir(&self) -> PathBuf {
        self.common_dir.join("exp")
    }

    /// Reads HEAD; one git call.
    pub fn head(&self) -> Result<Head, Error> {
        let branch = self.git().args(["symbolic-ref", "-q", "HEAD"]).output()?;
        let branch = String::from_utf8_lossy(&branch.stdout)
            .trim_end()
            .strip_prefix("refs/heads/")
            .map(str::to_owned);
        Ok(Head {
            commit: self.resolve("HEAD")?,
            branch,
        })
    }

    /// The full id of a commit that a user named; `None` if there is none.
    pub fn resolve(&self, revision: &str) -> Result<Option<Oid>, Error> {
        let output = self
            .git()
            .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
            .arg(format!("{revision}^{{commit}}"))
            .output()?;
        Ok(Oid::parse(String::from_utf8_lossy(&output.stdout).trim()))
    }

    /// A path of this machine relative to the top of the working tree, with `/`; `None` outside.
    pub fn relative(&self, path: &Path) -> Option<RecordPath> {
        let top = self.work_tree.as_deref()?;
        path.strip_prefix(top).ok().map(RecordPath::from_path)
    }
}

/// Takes absolute paths apart, one a line. What does not begin one is the rest of a path with a line
/// end in it.
fn absolute_paths(printed: &[u8]) -> Vec<PathBuf> {
    let mut paths: Vec<Vec<u8>> = Vec::new();
    for line in printed
        .strip_suffix(b"\n")
        .unwrap_or(printed)
        .split(|&b| b == b'\n')
    {
        match paths.last_mut() {
            Some(path) if !path_from_git(line).is_absolute() => {
                path.push(b'\n');
                path.extend_from_slice(line);
            }
            _ => paths.push(line.to_vec()),
        }
    }
    paths.iter().map(|path| path_from_git(path)).collect()
}

/// Takes the last three lines apart, if they are a commit, a tree and a short id; and the rest.
fn tip(printed: &[u8]) -> (Option<Tip>, &[u8]) {
    let text = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
    let mut lines = printed
        .strip_suffix(b"\n")
        .unwrap_or(printed)
        .rsplitn(4, |&b| b == b'\n');
    let mut next = || lines.next().map(text).unwrap_or_default();
    let (short, tree, commit) = (next(), next(), next());
    let parsed = Oid::parse(&commit).zip(Oid::parse(&tree));
    match parsed.filter(|(commit, _)| commit.as_str().starts_with(&short)) {
        Some((commit, tree)) => {
            let behind = commit.as_str().len() + tree.as_str().len() + short.len() + 3;
            let rest = &printed[..printed.len().saturating_sub(behind)];
            (
                Some(Tip {
                    commit,
                    tree,
                    short,
                }),
                rest,
            )
        }
        // What can't be resolved is printed as it was asked.
        None => (
            None,
            printed.strip_suffix(b"HEAD^{commit}\n").unwrap_or(printed),
        ),
    }
}
