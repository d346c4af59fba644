//! The freeze, over every kind of repository that was seen to break one: what is frozen is what
//! comes back, byte for byte, and nothing of the user's is touched.
//!
//! | what must hold | tests |
//! |---|---|
//! | staged, unstaged, untracked; renames, swaps of kinds, links, modes, binary, empty, no final newline | `freeze::content::staged_unstaged_and_untracked_changes_come_back` |
//! | a rename that is not staged is a deletion and a new file | `freeze::content::staged_unstaged_and_untracked_changes_come_back` |
//! | CRLF under `core.autocrlf`, and `core.safecrlf` | `freeze::conversion::line_ends_under_autocrlf_come_back_and_only_odd_ones_need_room` |
//! | clean filters: run, fail, must not run, strip on purpose | `freeze::conversion::filters_run_and_their_input_comes_back`, `freeze::conversion::a_filter_that_fails_stops_nothing`, `freeze::conversion::filters_that_must_not_run_do_not`, `freeze::conversion::what_a_filter_strips_on_purpose_stays_stripped` |
//! | Git LFS: touched, changed, new; kept from prune; pointers that nobody fetched | `freeze::conversion::lfs_content_is_kept_from_prune_and_comes_back`, `freeze::conversion::a_pointer_that_nobody_fetched_stays_a_pointer`, `doctor::content_that_git_lfs_would_prune_is_kept_again` |
//! | `working-tree-encoding`, `eol=crlf`, `$Id$` | `freeze::conversion::attributes_that_change_bytes_are_followed_back`, `freeze::conversion::an_expanded_id_is_given_back_where_git_would`, `freeze::conversion::attributes_outside_the_tree_count_too`, `freeze::conversion::attributes_that_git_ignores_count_too` |
//! | rules that held when files were checked out and hold no more: `core.autocrlf` both ways, attributes that a commit changed, filters and Git LFS without their settings | `freeze::former::what_rules_made_that_are_gone_comes_back`, `freeze::former::lf_comes_back_where_git_would_write_crlf_by_now`, `freeze::former::lfs_content_comes_back_when_git_lfs_is_gone`, `freeze::former::a_secret_that_a_filter_hid_is_not_kept`, `freeze::former::links_come_back_where_git_would_make_files_by_now`, `freeze::nested::a_clean_submodule_whose_bytes_a_checkout_would_not_give_is_kept` |
//! | names that are no UTF-8, have line ends, quotes, pathspec magic, dashes, 255 bytes | `freeze::content::names_that_break_tools_come_back` |
//! | unborn and detached HEAD | `freeze::formats::a_repository_without_a_commit_is_frozen_whole`, `freeze::formats::a_detached_head_has_no_branch` |
//! | an index in conflict, and other operations under way | `freeze::content::a_conflict_keeps_what_is_on_disk`, `freeze::formats::operations_under_way_are_named`, `freeze::limits::a_large_file_in_conflict_is_kept_as_our_side_had_it` |
//! | intent-to-add | `freeze::content::staged_unstaged_and_untracked_changes_come_back`, `freeze::limits::only_added_by_intent_is_as_good_as_untracked` |
//! | sparse checkout, with an ordinary and a sparse index | `freeze::hidden::a_sparse_checkout_keeps_what_is_not_on_disk`, `freeze::hidden::what_stands_in_place_of_a_folder_outside_the_cone_replaces_it` |
//! | split index, version 4, untracked cache | `freeze::hidden::split_and_v4_indexes_and_an_untracked_cache_are_read` |
//! | a file system monitor that lies | `freeze::hidden::a_file_system_monitor_that_lies_is_not_asked` |
//! | assume-unchanged, skip-worktree | `freeze::hidden::assume_unchanged_and_skip_worktree_hide_nothing`, `freeze::hidden::flags_on_files_that_are_as_they_were_make_no_snapshot` |
//! | a racy entry | `freeze::hidden::a_change_in_the_same_second_and_of_the_same_size_is_seen`, `freeze::hidden::a_change_that_git_takes_for_none_is_seen`, `freeze::nested::an_edit_in_a_submodule_that_git_takes_for_none_is_seen` |
//! | `core.fileMode=false` | `freeze::hidden::the_exec_bit_counts_even_where_git_was_told_to_ignore_it` |
//! | linked worktree, `extensions.worktreeConfig`, separate git directory, shallow clone | `freeze::formats::linked_worktrees_have_an_index_of_their_own`, `freeze::formats::a_separate_git_directory_is_found`, `freeze::formats::a_shallow_clone_says_so` |
//! | partial clones, old and new: nothing is fetched | `freeze::formats::a_partial_clone_is_frozen_without_fetching`, `freeze::formats::a_partial_clone_without_what_was_committed_is_frozen_without_a_patch` |
//! | SHA-256, reftable | `freeze::formats::a_sha256_repository_is_like_any_other`, `freeze::formats::a_reftable_repository_is_read_by_git_alone` |
//! | what git refuses: unknown extensions, bare, of another user | `freeze::formats::what_git_refuses_is_refused_in_its_words`, `freeze::formats::a_bare_repository_is_refused_in_gits_words`, `freeze::formats::a_repository_of_another_user_is_refused_with_gits_advice` |
//! | submodules: moved, dirty, untracked inside, hidden inside, gone, made a folder | `freeze::nested::a_clean_submodule_needs_nothing_and_a_dirty_one_comes_back`, `freeze::nested::an_edit_that_a_submodule_hides_is_seen`, `freeze::nested::a_submodule_that_is_gone_from_this_machine_is_named`, `freeze::nested::the_files_of_a_submodule_that_lost_its_git_directory_come_back` |
//! | nested repositories with commits and without, broken ones | `freeze::nested::repositories_that_git_knows_nothing_of_come_back`, `freeze::nested::a_broken_repository_inside_is_named_and_stops_nothing` |
//! | inside a submodule | `freeze::nested::inside_a_submodule_the_submodule_is_the_repository` |
//! | ignored files stay out; pipes, sockets and empty folders are named | `freeze::content::what_no_commit_can_hold_is_named` |
//! | large files are named with their digest | `freeze::content::large_and_secret_files_are_named_and_not_kept`, `freeze::content::smaller_files_go_first_when_the_total_is_limited`, `freeze::limits::a_changed_file_over_the_limit_is_named_and_what_is_beside_it_kept` |
//! | hostile settings and hooks | `freeze::hostile::nothing_but_a_clean_filter_runs`, `freeze::hostile::nothing_at_all_runs_in_safe_mode`, `freeze::hostile::settings_that_bend_a_diff_do_not_bend_the_patch` |
//! | under a hook the index of the commit is left alone | `freeze::formats::in_a_hook_the_index_of_the_commit_is_left_alone` |
//! | no identity, no signature; kept from `gc`; an id that can be made again | `freeze::formats::no_identity_is_needed_and_nothing_is_signed`, `freeze::content::the_snapshot_is_kept_from_gc_and_its_id_can_be_reproduced` |
//! | a clean tree writes nothing; records are no change | `freeze::content::a_clean_tree_writes_nothing`, `freeze::content::records_are_no_change_wherever_they_stand` |
//! | restore leaves its folder never | `freeze::hostile::restore_refuses_what_would_leave_its_folder`, `freeze::hostile::a_link_in_the_tree_leads_nothing_out` |
//! | any mixture of these | `freeze::edits::random_edits_come_back` |

mod content;
mod conversion;
#[cfg(unix)]
mod edits;
mod formats;
mod former;
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
    /// Tracked paths that are not on disk on purpose, and come back as the index has them.
    skipped: Vec<RecordPath>,
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
        skipped: Vec::new(),
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

    /// Tracked paths that are not on disk on purpose.
    pub fn skipped(mut self, paths: impl IntoIterator<Item = impl Into<RecordPath>>) -> Self {
        self.skipped = paths.into_iter().map(Into::into).collect();
        self
    }

    fn is_submodule(&self, path: &RecordPath) -> bool {
        let mut command = self.env.command("git");
        command
            .current_dir(&self.top)
            .args(["ls-files", "-s", "--"]);
        command
            .arg(path.to_path())
            .env("GIT_LITERAL_PATHSPECS", "1");
        // In a conflict it may be one on one side alone.
        let listed = self.env.ran(command).ok();
        listed.lines().any(|line| line.starts_with("160000 "))
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
        self.replay(&frozen);
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
            patch: true,
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
        for path in &self.skipped {
            let inside = |at: &PathBuf| RecordPath::from_path(at).is_within(path);
            let before = found.len();
            found.retain(|at, _| !inside(at));
            // A submodule is given back as far as it is on this machine.
            let came_back = found.len() < before || self.is_submodule(path);
            assert!(
                !expected.keys().any(inside) && came_back,
                "{}",
                path.display()
            );
        }
        let names = |nodes: &BTreeMap<PathBuf, Node>| nodes.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&expected));
        for (path, node) in &expected {
            assert_eq!(&found[path], node, "{}", path.display());
        }
    }

    /// The patch on the commit gives the tree.
    #[track_caller]
    fn replay(&self, frozen: &Frozen) {
        let Some(patch) = frozen.patch() else {
            let said = frozen.not_in_patch();
            let is_said = said.iter().any(|words| words.starts_with("any change"));
            assert_eq!(is_said, frozen.tree != frozen.base_tree);
            return;
        };
        let file = self.env.home().join("dirty.patch");
        std::fs::write(&file, patch).unwrap();
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
