//! The tree of a working tree in which only plain files changed: the commit's tree with these put in.
//!
//! In general ([`super::index`]) git reads and writes an index and the tree of all files, however few
//! differ, and converts their bytes by rules of its own. Here only what differs is read and written.
//! What is not plain is left to git.

use std::path::Path;

use super::Scope;
use super::config::Config;
use super::conversion::{ATTRIBUTES_FILE, Reach};
use super::files::read_regular;
use super::index::is_behind_a_link;
use super::limits::Held;
use super::observe::{self, Seen};
use super::raw::mode_of;
use crate::git::objects::{Edits, Objects};
use crate::git::tree::{Entry, GITLINK, SYMLINK};
use crate::git::{Error, Repo};
use crate::model::{Oid, RecordPath};

/// A larger file is left to git, which need not hold all of it in memory.
const LARGEST: u64 = 64 << 20;

/// A tree that is written, and perhaps not on disk yet.
pub struct Direct<'r> {
    /// It can be read.
    pub tree: Oid,
    /// What of the index it has not or in another state.
    pub edits: Edits,
    objects: Objects<'r>,
}

impl Direct<'_> {
    /// Returns when all is on disk. No ref may name it before.
    pub fn settle(&self) -> Result<(), Error> {
        self.objects.settle()
    }
}

/// Writes the tree of everything tracked plus the given untracked files; `None` where git must do it.
pub fn capture<'r>(
    seen: &Seen<'r>,
    untracked: &[RecordPath],
    held: &Held,
) -> Result<Option<Direct<'r>>, Error> {
    let (repo, status) = (seen.repo, &seen.status);
    let Some(head) = seen.head_tree.as_ref().filter(|_| is_plain(seen, held)) else {
        return Ok(None);
    };
    let differing = || status.tracked.iter().chain(untracked);
    if !differing().all(|path| is_plain_path(seen, path)) || untracked.iter().any(may_be_refused) {
        return Ok(None);
    }
    let reach = seen.said.reach;
    let Some(objects) = Objects::library(repo).filter(|_| reach < Reach::Anywhere) else {
        return Ok(None);
    };
    let Some(edits) = edits(repo.top()?, differing(), reach, &objects)? else {
        // git takes what it finds for safe.
        objects.settle()?;
        return Ok(None);
    };
    let tree = objects.edited_tree(head, &edits)?;
    Ok(Some(Direct {
        tree,
        edits,
        objects,
    }))
}

/// What is at each path now, with its blob written; `None` where git must do it.
fn edits<'p>(
    top: &Path,
    differing: impl Iterator<Item = &'p RecordPath>,
    reach: Reach,
    objects: &Objects<'_>,
) -> Result<Option<Edits>, Error> {
    let mut edits = Edits::new();
    for path in differing {
        let edit = match look(top, path) {
            Some(Now::Gone) => None,
            Some(Now::There(_, bytes)) if reach == Reach::Inward && bytes.contains(&b'\r') => {
                return Ok(None);
            }
            Some(Now::There(mode, bytes)) => Some((mode, objects.write_soon("blob", &bytes)?)),
            None => return Ok(None),
        };
        edits.insert(path.clone(), edit);
    }
    Ok(Some(edits))
}

/// Whether the index is the commit's, git looks at all of it, and the disk tells of each file what
/// git wants to know.
fn is_plain(seen: &Seen<'_>, held: &Held) -> bool {
    let status = &seen.status;
    cfg!(unix)
        && !status.is_staged
        && status.conflicts.is_empty()
        && seen.hidden.is_empty()
        && held.left_out.is_empty()
        && !status.ignores_attributes()
        && keeps_modes(seen.repo, &seen.config)
}

/// Whether modes on disk are those that git goes by.
pub fn keeps_modes(repo: &Repo, config: &Config) -> bool {
    !config.links_are_files && observe::honours_exec_bits(repo)
}

/// Whether nothing hangs on a path but its own content: neither a submodule nor attributes.
fn is_plain_path(seen: &Seen<'_>, path: &RecordPath) -> bool {
    let place = seen
        .index
        .binary_search_by(|staged| staged.entry.path.cmp(path));
    let is_submodule = place.is_ok_and(|at| seen.index[at].entry.mode == GITLINK);
    !is_submodule && path.file_name() != ATTRIBUTES_FILE
}

/// Whether git may refuse to have a new path in a tree, because some system would take it for the git
/// directory: `.git` with letters that are passed over, or `git~1`.
fn may_be_refused(path: &RecordPath) -> bool {
    let is_suspect = |name: &[u8]| {
        let mut name: Vec<u8> = name.to_ascii_lowercase();
        name.retain(u8::is_ascii);
        let known: [&[u8]; 3] = [b".gitignore", b".gitkeep", b".github"];
        let is_like = name.starts_with(b".git") && !known.contains(&&name[..]);
        is_like || name.starts_with(b"git~") || name.contains(&b'\\')
    };
    path.as_bytes().split(|&b| b == b'/').any(is_suspect)
}

/// Whether a file has other content than its entry, by what git would make of it.
pub fn differs(
    repo: &Repo,
    scope: &Scope<'_>,
    config: &Config,
    entry: &Entry,
) -> Result<bool, Error> {
    let Some(Now::There(_, bytes)) = look(repo.top()?, &entry.path) else {
        return Ok(false);
    };
    if repo.format().id("blob", &bytes) == entry.id {
        return Ok(false);
    }
    let mut path = std::ffi::OsString::from("--path=");
    path.push(entry.path.to_path());
    let git = observe::prepared(repo, scope, config).args(["hash-object", "--stdin"]);
    let converted = git.arg(path).stdin(bytes).output()?;
    // What git can't convert is kept as it is, and so it is another.
    Ok(String::from_utf8_lossy(&converted.stdout).trim() != entry.id.as_str())
}

/// What is at a path.
pub enum Now {
    Gone,
    /// Its mode, and the bytes of its blob.
    There(u32, Vec<u8>),
}

/// Reads a file or a link; `None` for what is neither, and for what can't be read.
pub fn look(top: &Path, path: &RecordPath) -> Option<Now> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    let place = top.join(path.to_path());
    let found = match place.symlink_metadata() {
        Ok(_) if is_behind_a_link(top, path) => return Some(Now::Gone),
        Ok(found) => found,
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Some(Now::Gone),
        Err(_) => return None,
    };
    if found.is_dir() {
        // What is in it has paths of its own.
        return (!place.join(".git").exists()).then_some(Now::Gone);
    }
    if found.is_symlink() {
        let target = std::fs::read_link(&place).ok()?;
        let target = RecordPath::from_path(&target).as_bytes().to_vec();
        return Some(Now::There(SYMLINK, target));
    }
    let is_small = found.is_file() && found.len() <= LARGEST;
    let bytes = is_small.then(|| read_regular(&place).ok())??;
    Some(Now::There(mode_of(&found), bytes))
}

#[cfg(all(test, unix))]
mod tests {
    use proptest::prelude::*;

    use super::super::files::Budget;
    use super::super::{Observation, index, limits};
    use super::*;
    use crate::git::testing::{Lab, edits, scope};

    /// What to freeze, as it is seen.
    fn seeing<T>(lab: &Lab, act: impl FnOnce(&Seen<'_>, &[RecordPath], &Held) -> T) -> T {
        let (repo, scope) = (lab.repo(), scope());
        let seen = Observation::begin(&repo, &scope).unwrap();
        let seen = seen.finish().unwrap();
        let mut budget = Budget::of(&scope);
        let held = limits::find(&seen, &mut budget).unwrap();
        let untracked = seen.sort_untracked(&mut budget).unwrap().kept;
        act(&seen, &untracked, &held)
    }

    /// Whether this way was taken. Then git's gives the same.
    fn is_direct(lab: &Lab) -> bool {
        seeing(lab, |seen, untracked, held| {
            let Some(Direct { tree: direct, .. }) = capture(seen, untracked, held).unwrap() else {
                return false;
            };
            // All of it is there before git writes anything.
            lab.git(&["fsck", "--strict", "--no-dangling", direct.as_str()]);
            let (tree, captured) = index::capture(seen, untracked, held).unwrap();
            assert_eq!(direct, tree);
            assert!(captured.staged.is_none() && captured.left_out.is_empty());
            assert!(captured.warnings.is_empty());
            true
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(edits::cases())
        })]

        #[test]
        fn random_edits_give_the_tree_that_git_gives(
            all in prop::collection::vec(edits::edit(), 1..12),
            converts in any::<bool>(),
        ) {
            let lab = edits::lab(if converts { "* text=auto\n" } else { "*.x diff=y\n" });
            all.iter().for_each(|edit| edits::apply(&lab, *edit));
            let is_staged = !lab.git(&["diff", "--cached", "--name-only"]).is_empty();
            prop_assert!(is_direct(&lab) || converts || is_staged);
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_git() {
        type Case = (&'static str, bool, fn(&Lab));
        let cases: [Case; 15] = [
            ("an edit", true, |_| {}),
            ("a staged edit", false, |lab| drop(lab.git(&["add", "a"]))),
            ("attributes", false, |lab| {
                lab.write(".gitattributes", "*.x -diff\n")
            }),
            ("other attributes", false, |lab| {
                lab.write("d/.gitattributes", "")
            }),
            ("ignored attributes", false, |lab| {
                lab.write(".git/info/exclude", "/new/.gitattributes\n");
                lab.write("new/.gitattributes", "* text\n");
            }),
            ("line ends", false, |lab| {
                lab.git(&["config", "core.autocrlf", "input"]);
                lab.write("a", "one\r\n");
            }),
            ("no line ends", true, |lab| {
                drop(lab.git(&["config", "core.autocrlf", "input"]))
            }),
            ("$Id$", false, |lab| {
                lab.write(".git/info/attributes", "* ident\n")
            }),
            ("hidden", false, |lab| {
                drop(lab.git(&["update-index", "--assume-unchanged", "d/g"]))
            }),
            ("links in files", false, |lab| {
                drop(lab.git(&["config", "core.symlinks", "false"]))
            }),
            ("a pipe", false, |lab| {
                std::fs::remove_file(lab.top().join("d/g")).unwrap();
                let mode = rustix::fs::Mode::from_raw_mode(0o644);
                let kind = rustix::fs::FileType::Fifo;
                let place = lab.top().join("d/g");
                rustix::fs::mknodat(rustix::fs::CWD, place, kind, mode, 0).unwrap();
            }),
            ("another repository", false, |lab| {
                std::fs::remove_file(lab.top().join("d/g")).unwrap();
                lab.git(&["init", "-q", "d/g"]);
            }),
            ("a name like the git directory's", false, |lab| {
                lab.write("new/git~2", "")
            }),
            ("too large", false, |lab| {
                lab.write("a", &"x".repeat(1 << 21))
            }),
            ("no commit", false, |lab| {
                drop(lab.git(&["checkout", "-q", "--orphan", "other"]))
            }),
        ];
        for (name, is_plain, change) in cases {
            let lab = edits::lab("");
            lab.write("a", "edit\n");
            change(&lab);
            let tree = seeing(&lab, |seen, untracked, held| {
                capture(seen, untracked, held)
                    .unwrap()
                    .map(|direct| direct.tree)
            });
            assert_eq!(tree.is_some(), is_plain, "{name}");
        }
        let lab = Lab::sha256();
        lab.write("a.txt", "edit\n");
        assert!(!is_direct(&lab));
    }
}
