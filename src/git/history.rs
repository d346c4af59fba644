//! What history still has of the commits that were run: which refs keep them, and which commits on
//! branches hold the same code.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::objects::Objects;
use super::tree::{FOLDER, push, raw_items};
use super::{Error, Repo};
use crate::model::{Oid, RecordPath};

/// The refs of a repository, by what they mean for a recorded commit.
#[derive(Clone, Debug, Default)]
pub struct Tips {
    /// Local branches, remote-tracking branches, and HEAD.
    pub branches: Vec<Oid>,
    /// Remote-tracking branches alone.
    pub remotes: Vec<Oid>,
    /// Tags, annotated or not.
    pub tags: Vec<Oid>,
    /// `refs/exp/<uid>` by uid.
    pub keep: BTreeMap<String, Oid>,
}

/// A commit on a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its id.
    pub id: Oid,
    /// Its tree.
    pub tree: Oid,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
}

/// Reads all refs at once. A CI job stands on a commit without a branch; what it checks out counts as
/// kept.
pub fn tips(repo: &Repo, head: Option<&Oid>) -> Result<Tips, Error> {
    let printed = repo
        .git()
        .args(["for-each-ref", "--format=%(objectname) %(refname)"])
        .args(["refs/heads/", "refs/remotes/", "refs/tags/", "refs/exp/"])
        .run()?;
    let mut tips = Tips::default();
    for line in String::from_utf8_lossy(&printed).lines() {
        let Some((id, name)) = line.split_once(' ') else {
            continue;
        };
        let Some(id) = Oid::parse(id) else { continue };
        if name.starts_with("refs/heads/") {
            tips.branches.push(id);
        } else if name.starts_with("refs/remotes/") {
            tips.branches.push(id.clone());
            tips.remotes.push(id);
        } else if name.starts_with("refs/tags/") {
            tips.tags.push(id);
        } else if let Some(uid) = name.strip_prefix(super::refs::PREFIX) {
            tips.keep.insert(uid.to_owned(), id);
        }
    }
    tips.branches.extend(head.cloned());
    Ok(tips)
}

/// The commits of these (which must be present) that can't be reached from any of the tips.
///
/// git walks by date, so where clocks went wrong a commit may seem to be outside of a history that it
/// is in. The other way round nobody errs: what seems to be inside has a path to it. So one walk, which
/// stops where the tips' own history begins, settles most, and only for what is left all history is
/// listed.
pub fn unreached(
    repo: &Repo,
    commits: &BTreeSet<Oid>,
    tips: &[Oid],
) -> Result<BTreeSet<Oid>, Error> {
    // A tip needs no walk to be reached.
    let tips_alone: BTreeSet<&Oid> = tips.iter().collect();
    let left = commits.iter().filter(|commit| !tips_alone.contains(commit));
    let left: BTreeSet<Oid> = left.cloned().collect();
    let outside = walked(repo, &left, left.iter(), tips)?;
    let inside = walked(repo, &outside, tips.iter(), &[])?;
    Ok(outside.difference(&inside).cloned().collect())
}

/// The commits of these that can be reached from the tips. None of them may be in the history of
/// `elsewhere`, which then need not be walked.
pub fn reached(
    repo: &Repo,
    commits: &BTreeSet<Oid>,
    tips: &[Oid],
    elsewhere: &[Oid],
) -> Result<BTreeSet<Oid>, Error> {
    walked(repo, commits, tips.iter(), elsewhere)
}

/// Those of `wanted` that a walk lists.
fn walked<'o>(
    repo: &Repo,
    wanted: &BTreeSet<Oid>,
    from: impl Iterator<Item = &'o Oid>,
    not: &[Oid],
) -> Result<BTreeSet<Oid>, Error> {
    let mut input = lines(from, "");
    if wanted.is_empty() || input.is_empty() {
        return Ok(BTreeSet::new());
    }
    input.extend(lines(not.iter(), "^"));
    let printed = repo
        .git()
        .args(["rev-list", "--stdin"])
        .stdin(input)
        .run()?;
    let printed = String::from_utf8_lossy(&printed);
    let wanted: HashMap<&str, &Oid> = wanted.iter().map(|id| (id.as_str(), id)).collect();
    let found = printed.lines().filter_map(|line| wanted.get(line));
    Ok(found.map(|id| (*id).clone()).collect())
}

/// How many commits only one of two commits has in its history.
pub fn apart(repo: &Repo, a: &Oid, b: &Oid) -> Result<u64, Error> {
    let printed = repo
        .git()
        .args(["rev-list", "--count"])
        .arg(format!("{a}...{b}"))
        .arg("--")
        .text()?;
    printed
        .trim()
        .parse()
        .map_err(|_| Error::Unexpected(printed))
}

/// Every commit that a reflog names.
pub fn reflog(repo: &Repo) -> Result<Vec<Oid>, Error> {
    let printed = repo
        .git()
        .args(["rev-list", "--no-walk", "--reflog"])
        .output()?;
    // A damaged reflog keeps nothing.
    Ok(String::from_utf8_lossy(&printed.stdout)
        .lines()
        .filter_map(Oid::parse)
        .collect())
}

/// The newest commits that tips reach, newest first, at most `limit`. The walk ends where history
/// gets older than `since`, in seconds since 1970.
pub fn recent(repo: &Repo, tips: &[Oid], limit: usize, since: i64) -> Result<Vec<Seen>, Error> {
    if tips.is_empty() {
        return Ok(Vec::new());
    }
    let printed = repo
        .git()
        .args(["rev-list", "--no-commit-header", "--format=%H %T %ct"])
        .arg(format!("--max-count={limit}"))
        .arg(format!("--max-age={}", since.max(0)))
        .arg("--stdin")
        .stdin(lines(tips.iter(), ""))
        .run()?;
    let parse = |line: &str| {
        let mut words = line.split(' ');
        Some(Seen {
            id: Oid::parse(words.next()?)?,
            tree: Oid::parse(words.next()?)?,
            time: words.next()?.parse().ok()?,
        })
    };
    Ok(String::from_utf8_lossy(&printed)
        .lines()
        .filter_map(parse)
        .collect())
}

/// A branch that has a commit: a local one, else a remote one.
pub fn branch_with(repo: &Repo, commit: &Oid) -> Result<Option<String>, Error> {
    let printed = repo
        .git()
        .args(["for-each-ref", "--format=%(refname:short)"])
        .arg(format!("--contains={commit}"))
        .args(["refs/heads/", "refs/remotes/"])
        .text()?;
    Ok(printed.lines().next().map(str::to_owned))
}

/// What the configuration says of remotes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remotes {
    /// There is one.
    pub any: bool,
    /// `origin`, or another that there is.
    pub name: Option<String>,
    /// One of them fetches keep-refs.
    pub keep_refs: bool,
    /// A server keeps objects that this clone has not got (`git clone --filter`).
    pub partial: bool,
}

/// Reads what the configuration says of remotes.
pub fn remotes(repo: &Repo) -> Result<Remotes, Error> {
    let output = repo
        .git()
        .args(["config", "--get-regexp"])
        .arg(r"^(remote\..*\.(url|fetch|promisor)|extensions\.partialclone)$")
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut found = Remotes::default();
    for line in text.lines() {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        if name.ends_with(".promisor") || name == "extensions.partialclone" {
            found.partial = true;
        } else {
            found.any = true;
            let remote = name
                .strip_prefix("remote.")
                .and_then(|name| name.rsplit_once('.'));
            let remote = remote.map(|(remote, _)| remote.to_owned());
            if found.name.is_none() || remote.as_deref() == Some("origin") {
                found.name = remote;
            }
            found.keep_refs |= value.contains("refs/exp/");
        }
    }
    Ok(found)
}

fn lines<'a>(ids: impl Iterator<Item = &'a Oid>, prefix: &str) -> Vec<u8> {
    let mut text = String::new();
    for id in ids {
        text.push_str(prefix);
        text.push_str(id.as_str());
        text.push('\n');
    }
    text.into_bytes()
}

/// Computes the trees that are left when only some paths are kept. What two commits share is
/// computed once.
pub struct Filter<'a, 'r> {
    objects: &'a Objects<'r>,
    keep: &'a dyn Fn(&RecordPath) -> bool,
    kept: HashMap<Vec<u8>, bool>,
    known: HashMap<(Oid, Vec<u8>), Option<Oid>>,
}

impl<'a, 'r> Filter<'a, 'r> {
    /// Keeps the paths that `keep` says yes to.
    pub fn new(objects: &'a Objects<'r>, keep: &'a dyn Fn(&RecordPath) -> bool) -> Self {
        Self {
            objects,
            keep,
            kept: HashMap::new(),
            known: HashMap::new(),
        }
    }

    /// The filtered tree of a tree or commit, as [`super::tree::filtered_tree`] gives it.
    ///
    /// # Errors
    /// When a tree on the way is not here (a partial clone).
    pub fn tree(&mut self, root: &Oid) -> Result<Oid, Error> {
        let kept = self.below(root, &mut Vec::new())?;
        Ok(kept.unwrap_or_else(|| self.objects.format().empty_tree()))
    }

    /// `folder` is the path with a slash at its end, and is left as it was.
    fn below(&mut self, tree: &Oid, folder: &mut Vec<u8>) -> Result<Option<Oid>, Error> {
        let key = (tree.clone(), folder.clone());
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let format = self.objects.format();
        let content = self.objects.tree_content(tree)?;
        let mut kept = Vec::with_capacity(content.len());
        let length = folder.len();
        for item in raw_items(&content, format) {
            let item = item?;
            folder.extend_from_slice(item.name);
            if item.mode == FOLDER {
                folder.push(b'/');
                if let Some(id) = self.below(&item.oid()?, folder)? {
                    push(&mut kept, FOLDER, item.name, &id);
                }
            } else if self.keeps(folder) {
                kept.extend_from_slice(item.whole);
            }
            folder.truncate(length);
        }
        let id = (!kept.is_empty()).then(|| format.id("tree", &kept));
        self.known.insert(key, id.clone());
        Ok(id)
    }

    fn keeps(&mut self, path: &[u8]) -> bool {
        if let Some(kept) = self.kept.get(path) {
            return *kept;
        }
        let kept = (self.keep)(&RecordPath::from_bytes(path));
        self.kept.insert(path.to_vec(), kept);
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Lab;
    use crate::git::tree::{filtered_tree, parse_listing};

    #[test]
    fn refs_keep_commits_in_their_order() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let head = repo.resolve("HEAD").unwrap().unwrap();
        lab.git(&["checkout", "-q", "--detach"]);
        lab.write("a", "2");
        lab.commit("two");
        let lost = repo.resolve("HEAD").unwrap().unwrap();
        lab.git(&["checkout", "-q", "-"]);
        let tips = tips(&repo, Some(&head)).unwrap();
        let both: BTreeSet<Oid> = [head.clone(), lost.clone()].into();
        let out = unreached(&repo, &both, &tips.branches).unwrap();
        assert_eq!(out, [lost.clone()].into());
        let found = reached(&repo, &out, std::slice::from_ref(&lost), &tips.branches).unwrap();
        assert_eq!(found, out);
        assert!(
            reached(&repo, &out, std::slice::from_ref(&head), &[])
                .unwrap()
                .is_empty()
        );
        assert!(reflog(&repo).unwrap().contains(&lost));
        assert!(branch_with(&repo, &lost).unwrap().is_none());
        let newest = recent(&repo, &tips.branches, 10, 0).unwrap();
        assert_eq!(newest[0].id, head);
    }

    #[test]
    fn a_walk_by_dates_that_are_wrong_is_not_believed() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let commit = |parent: &Oid, date: &str| {
            let tree = lab.git(&["rev-parse", "HEAD^{tree}"]);
            let output = std::process::Command::new("git")
                .args([
                    "commit-tree",
                    "-m",
                    date,
                    "-p",
                    parent.as_str(),
                    tree.trim(),
                ])
                .current_dir(lab.top())
                .envs(["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_DATE"), date)))
                .envs(["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_NAME"), "t")))
                .envs(["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_EMAIL"), "t@e")))
                .output()
                .unwrap();
            Oid::parse(String::from_utf8(output.stdout).unwrap().trim()).unwrap()
        };
        let mut tip = repo.resolve("HEAD").unwrap().unwrap();
        for _ in 0..12 {
            tip = commit(&tip, "2020-01-01T00:00:00Z");
        }
        let ran = commit(&tip, "2024-01-01T00:00:00Z");
        tip = ran.clone();
        for _ in 0..12 {
            tip = commit(&tip, "2001-01-01T00:00:00Z");
        }
        let (ran, tips) = ([ran].into(), [tip]);
        let by_date = walked(&repo, &ran, ran.iter(), &tips).unwrap();
        assert_eq!(by_date, ran, "git errs here, or this test says nothing");
        assert!(unreached(&repo, &ran, &tips).unwrap().is_empty());
    }

    #[test]
    fn a_filtered_tree_is_the_same_by_folders_and_by_listing() {
        let lab = Lab::init(&[]);
        for path in [
            "src/a.py",
            "src/deep/b.py",
            "data/x.csv",
            "src-x/c.py",
            "src.py",
            "only/data/y.csv",
        ] {
            lab.write(path, path);
        }
        lab.commit("files");
        let repo = lab.repo();
        let listing = repo
            .git()
            .args(["ls-tree", "-r", "-z", "HEAD"])
            .run()
            .unwrap();
        let entries = parse_listing(&listing).unwrap();
        let keep = |path: &RecordPath| path.extension() == "py";
        let expected = filtered_tree(&entries, keep, repo.format());
        let objects = Objects::open(&repo);
        let head = repo.resolve("HEAD").unwrap().unwrap();
        assert_eq!(Filter::new(&objects, &keep).tree(&head).unwrap(), expected);
        let none = |_: &RecordPath| false;
        let empty = Filter::new(&objects, &none).tree(&head).unwrap();
        assert_eq!(empty, repo.format().empty_tree());
    }
}
