//! What differs in a working tree, told by a look at what git's last answer hung on, without asking
//! git again.
//!
//! git itself goes by the same signs (size, times and inode of a file; its index; its ignore rules).
//! Tracked files are compared with the index, as git does it. Folders that are as they were have no
//! new names, and of the others only what is new is asked about. Where the signs can't tell, git is
//! asked.

use std::collections::{BTreeSet, HashSet};
use std::fs::DirEntry;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::config::Config;
use super::conversion::{ATTRIBUTES_FILE, Reach};
use super::direct::{self, Now};
use super::folders::{self, Folders, Met, Stamp, Told};
use super::index_file::{Described, Stat};
use super::odd::{self, Names};
use super::status::{IndexEntry, Status};
use super::{Scope, observe};
use crate::git::hash::ObjectFormat;
use crate::git::spread::over_parts;
use crate::git::tree::{Entry, GITLINK};
use crate::git::{Head, Repo, unchanged};
use crate::model::RecordPath;

const RULES: &[u8] = b".gitignore";
/// With more files than this that differ, or that it doesn't know, git is asked.
const MOST: usize = 2000;

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

/// What git would say of a working tree.
#[derive(Debug, Default)]
pub struct Difference {
    pub status: Status,
    pub signs: Signs,
}

/// What was gone by, where git may go by its settings.
#[derive(Debug, Default)]
pub struct Signs {
    /// XXH3 of the settings that git's last answer hung on.
    settings: u64,
    /// Whether files were compared by content.
    by_content: bool,
    /// Whether a carriage return was in it.
    has_cr: bool,
    /// Whether names were looked up.
    by_name: bool,
}

impl Signs {
    /// Whether git goes by the same.
    pub fn hold(&self, repo: &Repo, scope: &Scope<'_>, config: &Config, reach: Reach) -> bool {
        let is_raw = match reach {
            Reach::Nowhere => true,
            Reach::Inward => !self.has_cr,
            Reach::Anywhere | Reach::Unknown => false,
        };
        settings(repo, scope, config) == Some(self.settings)
            && (!self.by_content || (is_raw && direct::keeps_modes(repo, config)))
            && !(self.by_name && config.folds_names)
    }
}

/// How the working tree differs now. The index and the commit are those that git saw.
///
/// # Returns
/// `None` where git must be asked.
pub fn difference(
    repo: &Repo,
    told: &Told,
    folders: &Folders,
    index: &Described,
    experiments: &[RecordPath],
) -> Option<Difference> {
    let top = repo.work_tree.as_deref()?;
    let mut rules = told.rules.iter();
    if !rules.all(|(path, stamp)| rules_stamp(top, path) == *stamp) {
        return None;
    }
    let mut difference = Difference::default();
    let Difference { status, signs } = &mut difference;
    status.head = head(repo)?;
    status.ignored.clone_from(&told.ignored);
    status.untracked.clone_from(&told.untracked);
    signs.settings = told.settings;
    for entry in suspects(repo, top, index, experiments)? {
        let is_setting = [RULES, ATTRIBUTES_FILE].contains(&entry.path.file_name());
        if is_setting {
            return None;
        }
        if signs.differs(top, entry, repo.format())? {
            status.tracked.push(entry.path.clone());
        }
    }
    status.edited.clone_from(&status.tracked);
    status.overlooked.clone_from(&status.tracked);
    let mut new = Vec::new();
    for (folder, found) in folders.changed(top) {
        signs.by_name = true;
        new.extend(read_again(
            top,
            &folder,
            found,
            index,
            &mut status.untracked,
        )?);
    }
    if new.len() > MOST {
        return None;
    }
    let ignored = repo.ignored(new.iter()).ok()?;
    new.retain(|path| !ignored.contains(path));
    status.untracked.extend(new);
    status.untracked.sort();
    Some(difference)
}

/// The entries outside the folders of records that the index does not describe as they are on disk.
/// Most of the time goes into the system's answers, so more than one thread asks.
fn suspects<'i>(
    repo: &Repo,
    top: &Path,
    index: &'i Described,
    experiments: &[RecordPath],
) -> Option<Vec<&'i Entry>> {
    let written = unchanged::written(&repo.git_dir.join("index"))?;
    let is_outside = |path: &RecordPath| !experiments.iter().any(|folder| path.is_within(folder));
    let entries = index.entries.iter().map(|entry| &entry.entry);
    let described: Vec<(&Entry, Stat)> = entries.zip(index.stats.iter().copied()).collect();
    let count = AtomicUsize::new(0);
    let parts = over_parts(&described, |part| {
        // When there are too many, git is asked for all.
        if count.load(Ordering::Relaxed) > MOST {
            return Vec::new();
        }
        let part = part.iter().filter(|(entry, _)| is_outside(&entry.path));
        let found = unchanged::differing(top, part.copied(), written);
        count.fetch_add(found.len(), Ordering::Relaxed);
        found
    });
    (count.into_inner() <= MOST).then(|| parts.concat())
}

/// The files that git takes for unchanged though the index, which has finer times than git compares,
/// says that they were touched.
pub fn overlooked(repo: &Repo, index: &Described, experiments: &[RecordPath]) -> Vec<Entry> {
    let place = repo.git_dir.join("index");
    let Some((top, written)) = repo.work_tree.as_deref().zip(unchanged::written(&place)) else {
        return Vec::new();
    };
    let described: Vec<_> = index.entries.iter().zip(&index.stats).collect();
    let parts = over_parts(&described, |part| {
        let part = part.iter().filter(|(entry, _)| {
            let path = &entry.entry.path;
            entry.stage == 0 && !experiments.iter().any(|folder| path.is_within(folder))
        });
        let part = part.map(|(entry, stat)| (&entry.entry, **stat));
        unchanged::overlooked(top, part, written)
    });
    parts.concat().into_iter().cloned().collect()
}

impl Signs {
    /// Whether a file is another than its entry says; `None` where only git can tell.
    fn differs(&mut self, top: &Path, entry: &Entry, format: ObjectFormat) -> Option<bool> {
        self.by_content = true;
        let Now::There(mode, bytes) = direct::look(top, &entry.path)? else {
            return Some(true);
        };
        self.has_cr |= bytes.contains(&b'\r');
        let differs = mode != entry.mode || format.id("blob", &bytes) != entry.id;
        // An entry without content may be one that is only meant to be added.
        (differs || !bytes.is_empty()).then_some(differs)
    }
}

/// Reads a folder that changed, drops what is no longer there from the untracked files (which are in
/// path order), and gives the names that are new; `None` where more than files came or went.
fn read_again(
    top: &Path,
    folder: &RecordPath,
    found: &Names,
    index: &Described,
    untracked: &mut Vec<RecordPath>,
) -> Option<Vec<RecordPath>> {
    let mut files = BTreeSet::new();
    let file = |entry: &DirEntry| {
        let name = RecordPath::from_path(Path::new(&entry.file_name()));
        files.insert(name.below(folder));
    };
    let place = top.join(folder.to_path());
    let is_top = folder.as_bytes().is_empty();
    if place.is_symlink() && !is_top {
        return None;
    }
    let contents = odd::read(top, folder, file).ok()?;
    let holds_repository = || place.join(".git").symlink_metadata().is_ok();
    let sorted = |names: &Names| {
        let names = names.iter().map(|(name, kind)| (name.clone(), kind.code()));
        names.collect::<BTreeSet<_>>()
    };
    if sorted(&contents.found) != sorted(found) || (!is_top && holds_repository()) {
        return None;
    }
    untracked.retain(|path| path.split().0 != folder.as_bytes() || files.contains(path));
    let is_known = |path: &RecordPath| {
        let entries = &index.entries;
        let place = entries.binary_search_by(|staged| staged.entry.path.cmp(path));
        place.is_ok() || untracked.binary_search(path).is_ok()
    };
    let new: Vec<RecordPath> = files.into_iter().filter(|path| !is_known(path)).collect();
    let sets_rules = |path: &RecordPath| [RULES, ATTRIBUTES_FILE].contains(&path.file_name());
    (!new.iter().any(sets_rules)).then_some(new)
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

/// What is to be remembered: nothing where we could not tell later whether it still holds.
pub fn remembered(mut seen: Seen<'_>, index: [u64; 2]) -> Option<Told> {
    let (repo, status) = (seen.repo, seen.status);
    let tip = repo.opened_at.as_ref()?;
    let is_told = !status.is_staged && status.conflicts.is_empty() && status.nested.is_empty();
    let is_much = status.untracked.len() > MOST;
    if !is_told || is_much || !is_plain(seen.index) || head(repo)? != status.head {
        return None;
    }
    let attributes = status.ignored.iter();
    let attributes = attributes.filter(|path| path.file_name() == ATTRIBUTES_FILE);
    seen.ignored.extend(attributes.cloned());
    let mut untracked = status.untracked.clone();
    untracked.sort();
    Some(Told {
        index,
        settings: settings(repo, seen.scope, seen.config)?,
        tree: tip.tree.clone(),
        rules: rules(&seen)?,
        ignored: seen.ignored,
        untracked,
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
    let outside = outside.iter().map(|place| RecordPath::from_path(place));
    let outside = outside.map(|path| (path.clone(), rules_stamp(top, &path)));
    let tracked: HashSet<&[u8]> = seen
        .index
        .iter()
        .map(|entry| entry.entry.path.as_bytes())
        .filter(|path| path.ends_with(RULES))
        .collect();
    let inside = seen.met.iter().filter_map(|(folder, ..)| {
        let path = RecordPath::from_bytes(RULES).below(folder);
        let is_described = tracked.contains(path.as_bytes());
        let stamp = (!is_described).then(|| rules_stamp(top, &path))?;
        stamp.map(|stamp| (path, Some(stamp)))
    });
    Some(outside.chain(inside).collect())
}

/// Looks at a file of ignore rules as git does: outside of the working tree it may be a link, inside
/// it may not (gitignore(5), "Notes").
fn rules_stamp(top: &Path, path: &RecordPath) -> Option<Stamp> {
    let place = path.to_path();
    match place.is_absolute() {
        true => folders::stamp_behind_links(&place),
        false => folders::stamp(&top.join(place)),
    }
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
    use crate::git::testing::{Lab, edits, scope};

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
        let sorted = |paths: &[RecordPath]| paths.iter().cloned().collect::<BTreeSet<_>>();
        let status = &seen.status;
        format!(
            "{:?} tracked {:?} edited {:?} untracked {:?} odd {odd:?}",
            status.head,
            sorted(&status.tracked),
            sorted(&status.edited),
            sorted(&status.untracked),
        )
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
            assert!(
                before.contains("untracked {} odd [\"src/empty\"]"),
                "{before}"
            );
            assert!(is_remembered(lab), "{name}");
            assert_eq!(see(lab), before, "{name}");
            change(lab);
            let found = see(lab);
            Folders::open(&lab.repo()).forget();
            assert_eq!(found, see(lab), "{name}: what git says");
            assert_eq!(found != before, *shows, "{name}");
        }
    }

    /// What is behind a link is no part of the working tree: neither git nor we look there.
    #[test]
    fn nothing_is_seen_behind_a_link_that_was_a_folder() {
        use std::os::unix::fs::symlink;
        fn moved(lab: &Lab) {
            let top = lab.top();
            std::fs::rename(top.join("src"), top.join("moved")).unwrap();
            symlink("moved", top.join("src")).unwrap();
        }
        fn link_elsewhere(lab: &Lab) {
            let top = lab.top();
            std::fs::create_dir_all(top.join("cache/empty")).unwrap();
            std::fs::remove_dir_all(top.join("src")).unwrap();
            symlink("cache", top.join("src")).unwrap();
        }
        // What became of `src`, whether that was before git was asked first, and what is odd then.
        type Case = (fn(&Lab), bool, &'static str);
        let cases: [Case; 3] = [
            (link_elsewhere, true, "odd []"),
            (moved, true, "odd [\"moved/empty\"]"),
            (moved, false, "odd [\"moved/empty\"]"),
        ];
        let labs = cases.map(|(change, is_early, _)| {
            let lab = clean();
            lab.write("src/deep/er.py", "");
            lab.commit("deep");
            // So that the link itself is no difference.
            lab.write(".git/info/exclude", "/src\n");
            if is_early {
                change(&lab);
            }
            lab
        });
        std::thread::sleep(Duration::from_millis(2100));
        for (lab, (change, is_early, odd)) in labs.iter().zip(cases) {
            let before = see(lab);
            assert!(is_remembered(lab), "{before}");
            if !is_early {
                change(lab);
            }
            let found = see(lab);
            Folders::open(&lab.repo()).forget();
            assert_eq!(found, see(lab), "what git says");
            assert!(found.ends_with(odd), "{found}");
            let gone = "tracked {\"src/deep/er.py\", \"src/train.py\"}";
            assert!(found.contains(gone), "{found}");
        }
    }

    #[test]
    fn rules_that_a_link_leads_to_are_followed() {
        let lab = clean();
        let rules = tempfile::NamedTempFile::new().unwrap();
        std::os::unix::fs::symlink(rules.path(), lab.top().join(".git/rules")).unwrap();
        let place = lab.top().join(".git/rules");
        lab.git(&["config", "core.excludesFile", &place.to_string_lossy()]);
        lab.write("src/mine.py", "");
        std::thread::sleep(Duration::from_millis(2100));
        let found = see(&lab);
        assert!(is_remembered(&lab) && found.contains("untracked {\"src/mine.py\"}"));
        std::fs::write(rules.path(), "mine.py\n").unwrap();
        assert!(see(&lab).contains("untracked {}"));
    }

    #[test]
    fn what_git_alone_can_tell_is_asked_of_it() {
        let changes: [fn(&Lab); 5] = [
            |lab| {
                lab.write("new.py", "");
                lab.git(&["add", "new.py"]);
            },
            |lab| drop(lab.git(&["init", "-q", "other"])),
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

    /// Random edits after git was asked, of working trees that differed then.
    #[test]
    fn what_differs_is_what_git_says() {
        use proptest::strategy::{Strategy, ValueTree};
        let mut runner = proptest::test_runner::TestRunner::default();
        let edits = |count| proptest::collection::vec(edits::edit(), 0..count);
        let both = (edits(6), edits(4));
        let cases: Vec<_> = (0..edits::cases())
            .map(|_| {
                let (before, after) = both.new_tree(&mut runner).unwrap().current();
                let lab = edits::lab("");
                lab.write(".gitignore", "*.log\nnew\n");
                lab.commit("rules");
                before.iter().for_each(|edit| edits::apply(&lab, *edit));
                (lab, before, after)
            })
            .collect();
        std::thread::sleep(Duration::from_millis(2100));
        let mut told = 0;
        for (lab, before, after) in cases {
            see(&lab);
            after.iter().for_each(|edit| edits::apply(&lab, *edit));
            told += usize::from(is_remembered(&lab));
            let found = see(&lab);
            Folders::open(&lab.repo()).forget();
            assert_eq!(found, see(&lab), "{before:?} then {after:?}");
        }
        assert!(told > 0, "git is asked each time");
    }

    #[test]
    fn edits_and_new_files_are_seen_without_git() {
        let lab = clean();
        lab.write("src/train.py", "x = 2\n");
        lab.write("src/mine.py", "");
        std::thread::sleep(Duration::from_millis(2100));
        see(&lab);
        lab.write("a.txt", "two\n");
        lab.write("src/other.py", "");
        lab.write("src/new.log", "");
        std::fs::remove_file(lab.top().join("src/mine.py")).unwrap();
        assert!(is_remembered(&lab));
        let found = see(&lab);
        let words = "tracked {\"a.txt\", \"src/train.py\"} edited {\"a.txt\", \"src/train.py\"} \
                     untracked {\"src/other.py\"} odd [\"src/empty\"]";
        assert!(found.ends_with(words), "{found}");
        Folders::open(&lab.repo()).forget();
        assert_eq!(found, see(&lab));
        // Settings that could make git say something else.
        for (name, value) in [("core.autocrlf", "true"), ("core.symlinks", "false")] {
            see(&lab);
            lab.git(&["config", name, value]);
            assert_eq!(found, see(&lab), "{name}");
            lab.git(&["config", "--unset", name]);
        }
    }
}
