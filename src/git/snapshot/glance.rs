//! Whether git's last word on a working tree, "nothing changed", still holds: told by a look at what
//! it hung on, without asking git again.
//!
//! git itself goes by the same signs (size, times and inode of a file; its index; its ignore rules).
//! Where any of them differs, or can't be told from here, git is asked.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::config::Config;
use super::folders::{self, Clean, Folders, Met, Stamp};
use super::index_file::{Described, Stat};
use super::status::{IndexEntry, Status};
use super::{Scope, observe};
use crate::git::spread::over_parts;
use crate::git::tree::GITLINK;
use crate::git::{Head, Repo, unchanged};
use crate::model::RecordPath;

const RULES: &str = ".gitignore";

/// Where HEAD stands, if the repository was opened at a commit and HEAD is a file of the plain kind.
pub fn head(repo: &Repo) -> Option<Head> {
    let commit = repo.opened_at.as_ref()?.commit.clone();
    let text = std::fs::read_to_string(repo.git_dir.join("HEAD")).ok()?;
    let text = text.strip_suffix('\n')?;
    let branch = match text.strip_prefix("ref: ") {
        None if text == commit.as_str() => None,
        // With reftable the file names no branch that can be.
        Some(name) if !repo.has_reftable() => Some(name.strip_prefix("refs/heads/")?.to_owned()),
        _ => return None,
    };
    Some(Head {
        commit: Some(commit),
        branch,
    })
}

/// Whether the files, the folders and the ignore rules are as they were when git saw all clean.
/// The index and the commit are those that it saw.
pub fn holds(
    repo: &Repo,
    clean: &Clean,
    folders: &Folders,
    index: &Described,
    experiments: &[RecordPath],
) -> bool {
    let Some(top) = &repo.work_tree else {
        return false;
    };
    let rules_hold = || {
        let mut rules = clean.rules.iter();
        rules.all(|(path, stamp)| folders::stamp(&top.join(path.to_path())) == *stamp)
    };
    rules_hold() && folders.are_same(top) && are_same(repo, top, index, experiments)
}

/// Whether the index describes all its files outside the folders of records. Most of the time goes
/// into the system's answers, so more than one thread asks.
fn are_same(repo: &Repo, top: &Path, index: &Described, experiments: &[RecordPath]) -> bool {
    let Some(written) = unchanged::written(&repo.git_dir.join("index")) else {
        return false;
    };
    let is_outside = |path: &RecordPath| !experiments.iter().any(|folder| path.is_within(folder));
    let paths = index.entries.iter().map(|entry| &entry.entry.path);
    let described: Vec<(&RecordPath, Stat)> = paths.zip(index.stats.iter().copied()).collect();
    let differs = AtomicBool::new(false);
    over_parts(&described, |part| {
        // One that differs is enough.
        let is_open = !differs.load(Ordering::Relaxed);
        let part = part.iter().filter(|(path, _)| is_outside(path)).copied();
        if is_open && !unchanged::are_same(top, part, written) {
            differs.store(true, Ordering::Relaxed);
        }
    });
    !differs.into_inner()
}

/// What git saw, to be judged and remembered.
pub struct Seen<'s> {
    pub repo: &'s Repo,
    pub scope: &'s Scope<'s>,
    pub config: &'s Config,
    pub index: &'s [IndexEntry],
    /// All folders that are not ignored as a whole.
    pub met: &'s [Met],
    pub status: &'s Status,
    /// What was ignored among the things that are no files.
    pub ignored: Vec<RecordPath>,
}

/// What is to be remembered: nothing unless git saw no change, and where we could not tell later
/// whether that still holds.
pub fn remembered(seen: Seen<'_>, index: [u64; 2]) -> Option<Clean> {
    let repo = seen.repo;
    let tip = repo.opened_at.as_ref()?;
    if !seen.status.is_clean() || !is_plain(seen.index) || head(repo)? != seen.status.head {
        return None;
    }
    Some(Clean {
        index,
        settings: settings(repo, seen.scope, seen.config)?,
        tree: tip.tree.clone(),
        rules: rules(&seen)?,
        ignored: seen.ignored,
    })
}

/// Whether git alone can tell the state of no entry: none that it was told not to look at, none in
/// conflict, no submodule.
fn is_plain(index: &[IndexEntry]) -> bool {
    let is_plain =
        |entry: &IndexEntry| entry.tag == b'H' && entry.stage == 0 && entry.entry.mode != GITLINK;
    index.iter().all(is_plain)
}

/// The files of ignore rules (gitignore(5)) that the index does not describe. That one is not there
/// counts, too, outside the working tree; inside, its folder would tell.
fn rules(seen: &Seen<'_>) -> Option<Vec<(RecordPath, Option<Stamp>)>> {
    let top = seen.repo.work_tree.as_deref()?;
    let outside = [
        seen.repo.common_dir.join("info/exclude"),
        seen.config.excludes_file()?,
    ];
    let outside = outside
        .iter()
        .map(|place| (RecordPath::from_path(place), folders::stamp(place)));
    let tracked: HashSet<&[u8]> = seen
        .index
        .iter()
        .map(|entry| entry.entry.path.as_bytes())
        .filter(|path| path.ends_with(RULES.as_bytes()))
        .collect();
    let inside = seen.met.iter().filter_map(|(folder, ..)| {
        let path = RecordPath::from(RULES).below(folder);
        let is_described = tracked.contains(path.as_bytes());
        let stamp = (!is_described).then(|| folders::stamp(&top.join(path.to_path())))?;
        stamp.map(|stamp| (path, Some(stamp)))
    });
    Some(outside.chain(inside).collect())
}

/// A digest of all that is set and that git's answer may hang on.
pub fn settings(repo: &Repo, scope: &Scope<'_>, config: &Config) -> Option<u64> {
    let mut bytes = Vec::new();
    let mut put = |text: &[u8]| {
        bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        bytes.extend_from_slice(text);
    };
    put(&config.core);
    put(config.excludes_file()?.as_os_str().as_encoded_bytes());
    put(&[u8::from(observe::honours_exec_bits(repo))]);
    for folder in &scope.experiments {
        put(folder.as_bytes());
    }
    Some(twox_hash::XxHash3_64::oneshot(&bytes))
}

/// Names an index by what is in it.
pub fn index_id(bytes: &[u8]) -> [u64; 2] {
    [bytes.len() as u64, twox_hash::XxHash3_64::oneshot(bytes)]
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::git::snapshot::{Observation, look};
    use crate::git::testing::Lab;

    fn scope() -> Scope<'static> {
        Scope {
            experiments: vec!["experiments".into()],
            max_file_bytes: 1 << 20,
            max_total_bytes: 1 << 20,
            filters: true,
            secret_path: &|_| false,
        }
    }

    /// A clean working tree with all that may be in one: ignored files of each kind of rule, an empty
    /// folder, a folder whose files are ignored one by one.
    fn clean() -> Lab {
        let lab = Lab::with_commit();
        lab.write(".gitignore", "*.log\n/cache/\n");
        lab.write("src/train.py", "x = 1\n");
        lab.commit("files");
        for ignored in [
            "cache/a",
            "logs/a.log",
            "venv/.gitignore",
            "venv/bin/python",
        ] {
            lab.write(ignored, "*\n");
        }
        lab.write("experiments/runs/exp_001_a/run.json", "{}");
        std::fs::create_dir(lab.top().join("src/empty")).unwrap();
        lab
    }

    fn see(lab: &Lab) -> String {
        let (repo, scope) = (lab.repo(), scope());
        let seen = Observation::begin(&repo, &scope).unwrap().finish().unwrap();
        let odd: Vec<_> = seen.odd.iter().map(|odd| odd.path.display()).collect();
        let mut differing: Vec<_> = seen.differing().map(RecordPath::display).collect();
        differing.sort();
        format!("{:?} {differing:?} odd {odd:?}", seen.head())
    }

    /// Whether the next look asks git nothing.
    fn is_remembered(lab: &Lab) -> bool {
        let look = look::begin(&lab.repo(), &scope(), &Config::default());
        look.join().unwrap().unwrap().is_told_before()
    }

    fn edit(place: PathBuf, content: &str) {
        let old = std::fs::metadata(&place).unwrap();
        std::fs::write(&place, content).unwrap();
        // As an editor does that keeps times, or `cp -p`.
        let modified = filetime::FileTime::from_last_modification_time(&old);
        filetime::set_file_mtime(&place, modified).unwrap();
    }

    #[test]
    fn whatever_changes_after_git_saw_all_clean_is_seen() {
        type Change = (&'static str, bool, fn(&Lab));
        let changes: [Change; 17] = [
            ("nothing", false, |_| {}),
            ("a record", false, |lab| {
                lab.write("experiments/runs/exp_002_b/run.json", "{}")
            }),
            ("an ignored file", false, |lab| lab.write("cache/b", "b")),
            ("same size, same time", true, |lab| {
                edit(lab.top().join("src/train.py"), "x = 2\n")
            }),
            ("new", true, |lab| lab.write("src/new.py", "")),
            ("new folder", true, |lab| {
                lab.write("src/deep/er/new.py", "")
            }),
            ("new in an untracked folder", true, |lab| {
                lab.write("logs/new.txt", "")
            }),
            ("new in an empty folder", true, |lab| {
                lab.write("src/empty/new.py", "")
            }),
            ("new empty folder", true, |lab| {
                std::fs::create_dir(lab.top().join("src/none")).unwrap();
            }),
            ("gone", true, |lab| {
                std::fs::remove_file(lab.top().join("a.txt")).unwrap()
            }),
            ("tracked rules", true, |lab| {
                lab.write(".gitignore", "*.log\n")
            }),
            ("untracked rules", true, |lab| {
                edit(lab.top().join("venv/.gitignore"), "#\n")
            }),
            ("rules of the repository", false, |lab| {
                lab.write(".git/info/exclude", "x\n")
            }),
            ("rules of the user", false, |lab| {
                lab.git(&["config", "core.excludesFile", "/nowhere"]);
            }),
            ("executable", true, |lab| {
                use std::os::unix::fs::PermissionsExt;
                let mode = std::fs::Permissions::from_mode(0o755);
                std::fs::set_permissions(lab.top().join("a.txt"), mode).unwrap();
            }),
            ("another branch", true, |lab| {
                drop(lab.git(&["checkout", "-q", "-b", "idea"]))
            }),
            ("another commit", true, |lab| {
                lab.git(&["commit", "-q", "--allow-empty", "-m", "more"]);
                lab.git(&["update-index", "--assume-unchanged", "a.txt"]);
            }),
        ];
        let labs: Vec<Lab> = changes.iter().map(|_| clean()).collect();
        // What is younger is not trusted.
        std::thread::sleep(Duration::from_millis(2100));
        for ((name, shows, change), lab) in changes.iter().zip(&labs) {
            let before = see(lab);
            assert!(before.contains("[] odd [\"src/empty\"]"), "{before}");
            assert!(is_remembered(lab), "{name}");
            assert_eq!(see(lab), before, "{name}");
            change(lab);
            let found = see(lab);
            Folders::open(&lab.repo()).forget();
            assert_eq!(found, see(lab), "{name}: what git says");
            assert_eq!(found != before, *shows, "{name}");
        }
    }

    #[test]
    fn what_git_alone_can_tell_is_asked_of_it() {
        let changes: [fn(&Lab); 4] = [
            |lab| lab.write("new.py", ""),
            |lab| drop(lab.git(&["update-index", "--skip-worktree", "a.txt"])),
            |lab| drop(lab.git(&["update-index", "--index-version", "4"])),
            |lab| drop(lab.git(&["config", "core.excludesFile", "rules"])),
        ];
        let labs: Vec<Lab> = changes.iter().map(|_| clean()).collect();
        for (change, lab) in changes.iter().zip(&labs) {
            change(lab);
        }
        std::thread::sleep(Duration::from_millis(2100));
        for lab in &labs {
            see(lab);
            assert!(!is_remembered(lab));
        }
    }
}
