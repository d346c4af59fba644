//! Asks git where the recorded commits are, and which commits hold the same code.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::claims::{Key, Rebuilt};
use super::{Work, commits};
use crate::check::facts::{Facts, Kept, RunFacts, Twin};
use crate::check::policy::Policy;
use crate::error::{Failure, Result};
use crate::git::history::{self, Filter, Seen, Tips};
use crate::git::{Error, patch};
use crate::model::axis::{Axis, Claims};
use crate::model::{Oid, RecordPath, Sha256};

/// How many commits of the branches are known by their trees.
const RECENT: usize = 20_000;
/// How many commits are compared with one run, nearest in time first.
const COMPARED: usize = 200;
/// A clock may be wrong by so many seconds.
const SLACK: i64 = 24 * 3600;
/// How many branch names are looked up; further findings name the commit alone.
const NAMED: usize = 20;

/// Fills in commits, snapshots and equal trees.
pub fn fill(
    work: &Work<'_, '_>,
    facts: &mut Facts,
    policy: &Policy,
    tips: &Tips,
    pushing: &[String],
) -> Result<()> {
    if !["E-commit", "E-dirty", "E-remote", "E-config", "E-data"]
        .iter()
        .any(|code| policy.asks(code))
    {
        return Ok(());
    }
    let parts = |commit: Oid| Some((commit_parts(work, &commit)?, commit));
    let here: BTreeMap<Oid, Parts> = commits(facts)
        .into_iter()
        .filter_map(parts)
        .map(|(parts, commit)| (commit, parts))
        .collect();
    let present: BTreeSet<Oid> = here.keys().cloned().collect();
    let kept = kept(work, tips, &present)?;
    let remote = on_remote(work, facts, tips, &present, pushing)?;
    let pushed_refs = pushed_refs(work);
    for seen in &mut facts.runs {
        let Ok(run) = &seen.run else { continue };
        if let Some(commit) = &run.code.commit {
            seen.commit.kept = kept.get(commit).copied().unwrap_or_default();
            seen.commit.on_remote = remote.contains(commit);
            seen.commit.tree = here.get(commit).map(|(tree, _)| tree.clone());
        }
        seen.commit.keep_ref = tips.keep.get(run.uid.as_str()).cloned();
        seen.commit.keep_ref_pushed = pushed_refs.contains(run.uid.as_str());
        if let Some(snapshot) = &run.code.snapshot
            && let Some((tree, parent)) = here.get(snapshot)
        {
            seen.frozen.present = true;
            seen.frozen.kept = kept.get(snapshot).copied().unwrap_or_default();
            seen.frozen.tree = Some(tree.clone());
            seen.frozen.parent = parent.clone();
        }
    }
    twins(work, facts, tips)?;
    if policy.asks("E-dirty") {
        patches(work, facts, &here)?;
    }
    Ok(())
}

/// What keeps each commit, one step of the ladder at a time.
fn kept(work: &Work<'_, '_>, tips: &Tips, present: &BTreeSet<Oid>) -> Result<BTreeMap<Oid, Kept>> {
    let mut left = history::unreached(work.repo, present, &tips.branches)?;
    let on_branch = present.difference(&left).cloned();
    let mut kept: BTreeMap<Oid, Kept> = on_branch.map(|commit| (commit, Kept::Branch)).collect();
    let mut above = tips.branches.clone();
    for step in [Kept::Tag, Kept::KeepRef, Kept::Reflog] {
        if left.is_empty() {
            break;
        }
        let refs = match step {
            Kept::Tag => tips.tags.clone(),
            Kept::KeepRef => tips.keep.values().cloned().collect(),
            _ => history::reflog(work.repo)?,
        };
        let reached = history::reached(work.repo, &left, &refs, &above)?;
        left.retain(|commit| !reached.contains(commit));
        kept.extend(reached.into_iter().map(|commit| (commit, step)));
        above.extend(refs);
    }
    kept.extend(left.into_iter().map(|commit| (commit, Kept::Loose)));
    Ok(kept)
}

fn on_remote(
    work: &Work<'_, '_>,
    facts: &Facts,
    tips: &Tips,
    present: &BTreeSet<Oid>,
    pushing: &[String],
) -> Result<BTreeSet<Oid>> {
    if !facts.pushed {
        return Ok(BTreeSet::new());
    }
    let mut refs = tips.remotes.clone();
    for revision in pushing {
        let commit = work.repo.resolve(revision)?;
        refs.push(commit.ok_or_else(|| {
            Failure::new(format!(
                "--pushing {revision}: no such commit in this clone"
            ))
        })?);
    }
    let outside = history::unreached(work.repo, present, &refs)?;
    Ok(present.difference(&outside).cloned().collect())
}

/// The uids of runs whose keep-refs were pushed from here: `git exp push` writes them down, for a
/// remote's `refs/exp/` leave no trace in a clone.
fn pushed_refs(work: &Work<'_, '_>) -> BTreeSet<String> {
    let list = std::fs::read_to_string(work.repo.exp_dir().join("pushed"));
    let list = list.unwrap_or_default();
    list.lines().map(|line| line.trim().to_owned()).collect()
}

/// The tree of a commit, and, of a snapshot, the commit that it was taken on.
type Parts = (Oid, Option<Oid>);

/// Takes a commit apart, if it is here. Nothing is fetched.
fn commit_parts(work: &Work<'_, '_>, commit: &Oid) -> Option<Parts> {
    let object = work.objects.read(commit).ok()??;
    if object.kind != "commit" {
        return None;
    }
    let text = String::from_utf8_lossy(&object.content).into_owned();
    let head = text.split("\n\n").next()?;
    let field = |name: &'static str| {
        head.lines()
            .filter_map(move |line| Oid::parse(line.strip_prefix(name)?))
    };
    let mut parents = field("parent ");
    let first = parents.next();
    // The last parent of a snapshot keeps what is beside its tree. Before the first commit it is the
    // only one.
    Some((field("tree ").next()?, parents.next().and(first)))
}

/// A group of runs for which the same paths are code.
struct Group {
    claims: Claims,
    runs: Vec<usize>,
}

/// Looks for commits on branches with the code of runs whose own commit is not there, or whose code
/// was not committed when they ran.
fn twins(work: &Work<'_, '_>, facts: &mut Facts, tips: &Tips) -> Result<()> {
    let rebuilt = Rebuilt::new(work, facts.roll.all())?;
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    for (index, seen) in facts.runs.iter().enumerate() {
        let Ok(run) = &seen.run else { continue };
        let lost = run.code.commit.is_some() && seen.commit.kept != Kept::Branch;
        let dirty = run.code.dirty && (run.code.changes.is_empty() || run.code.code_is_dirty());
        if !seen.in_scope || !(lost || dirty) {
            continue;
        }
        let (key, claims) = rebuilt.of(work, run);
        let group = groups.entry(key).or_insert_with(|| Group {
            claims,
            runs: Vec::new(),
        });
        group.runs.push(index);
    }
    if groups.is_empty() {
        return Ok(());
    }
    let started = groups.values().flat_map(|group| &group.runs);
    let started = started.filter_map(|&index| facts.runs[index].run.as_ref().ok());
    let oldest = started
        .map(|run| run.started.timestamp())
        .min()
        .unwrap_or(0);
    let mut recent = history::recent(work.repo, &tips.branches, RECENT, oldest - SLACK)?;
    recent.sort_by_key(|commit| commit.time);
    facts.looked.commits = recent.len();
    for group in groups.values() {
        let is_code = |path: &RecordPath| group.claims.axis_of(path) == Axis::Code;
        let mut filter = Filter::new(work.objects, &is_code);
        for &index in &group.runs {
            twin(facts, index, &recent, &mut filter)?;
        }
    }
    describe(work, facts, tips)
}

fn twin(
    facts: &mut Facts,
    index: usize,
    recent: &[Seen],
    filter: &mut Filter<'_, '_>,
) -> Result<()> {
    let seen = &mut facts.runs[index];
    let Ok(run) = &seen.run else { return Ok(()) };
    // The frozen tree itself, where it is here, is a better witness than the record.
    let exact = if seen.frozen.present {
        seen.frozen.tree.clone()
    } else {
        run.code
            .commit
            .clone()
            .filter(|_| !run.code.dirty && seen.commit.kept != Kept::Missing)
    };
    let from_tree = exact.and_then(|root| filter.tree(&root).ok());
    let Some(target) = from_tree.or_else(|| run.code.code_tree.clone()) else {
        return Ok(());
    };
    let start = run.started.timestamp();
    let before = |time: i64| recent.partition_point(|commit| commit.time < time);
    let (day, moment) = (before(start - SLACK), before(start));
    // A record is committed soon after its run; an earlier commit of the day comes last.
    let near = recent[moment..]
        .iter()
        .chain(recent[day..moment].iter().rev());
    let mut trees = BTreeSet::new();
    for candidate in near {
        if Some(&candidate.id) == run.code.commit.as_ref() || !trees.insert(&candidate.tree) {
            continue;
        }
        if trees.len() > COMPARED {
            break;
        }
        match filter.tree(&candidate.tree) {
            Ok(tree) if tree == target => {
                seen.commit.twin = Some(Twin {
                    commit: candidate.id.clone(),
                    branch: None,
                    on_remote: false,
                });
                return Ok(());
            }
            Ok(_) => {}
            Err(Error::Missing(_)) => {
                let why = "trees of this partial clone were left on the server";
                seen.commit.twin_unknown = Some(why.to_owned());
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Adds to twins which branch has them, and whether a remote does.
fn describe(work: &Work<'_, '_>, facts: &mut Facts, tips: &Tips) -> Result<()> {
    let found: BTreeSet<Oid> = facts
        .runs
        .iter()
        .filter_map(|seen| Some(seen.commit.twin.as_ref()?.commit.clone()))
        .collect();
    let lost: BTreeSet<Oid> = facts
        .runs
        .iter()
        .filter(|seen| seen.commit.kept != Kept::Branch)
        .filter_map(|seen| Some(seen.commit.twin.as_ref()?.commit.clone()))
        .take(NAMED)
        .collect();
    let mut branches = BTreeMap::new();
    for commit in lost {
        if let Some(branch) = history::branch_with(work.repo, &commit)? {
            branches.insert(commit, branch);
        }
    }
    let local = if tips.remotes.is_empty() {
        found.clone()
    } else {
        history::unreached(work.repo, &found, &tips.remotes)?
    };
    for seen in &mut facts.runs {
        if let Some(twin) = &mut seen.commit.twin {
            twin.branch = branches.get(&twin.commit).cloned();
            twin.on_remote = !local.contains(&twin.commit);
        }
    }
    Ok(())
}

/// Compares stored patches with what the snapshots changed, where nothing better settles a run.
fn patches(work: &Work<'_, '_>, facts: &mut Facts, here: &BTreeMap<Oid, Parts>) -> Result<()> {
    let mut pairs: BTreeMap<(Oid, Oid), Vec<usize>> = BTreeMap::new();
    for (index, seen) in facts.runs.iter().enumerate() {
        if let Some(pair) = patched(work, seen, here) {
            pairs.entry(pair).or_default().push(index);
        }
    }
    let excluded = [work.experiments()];
    let (pairs, runs): (Vec<(Oid, Oid)>, Vec<Vec<usize>>) = pairs.into_iter().unzip();
    let shares = pairs.len().div_ceil(rayon::current_num_threads()).max(8);
    let made: Vec<Option<Vec<u8>>> = pairs
        .par_chunks(shares)
        .flat_map_iter(|pairs| match patch::patches(work.repo, pairs, &excluded) {
            Ok(made) => made.into_iter().map(Some).collect(),
            // One blob that this partial clone has not got; it leaves only its own run open.
            Err(_) => pairs
                .iter()
                .map(|(base, tree)| patch::patch(work.repo, base, tree, &excluded).ok())
                .collect::<Vec<_>>(),
        })
        .collect();
    for (runs, made) in runs.into_iter().zip(made) {
        let Some(made) = made else { continue };
        for index in runs {
            let seen = &mut facts.runs[index];
            let stored = seen
                .run
                .as_ref()
                .ok()
                .and_then(|run| run.code.patch.clone());
            let Some(stored) = stored else { continue };
            if Sha256::of(&made) == stored.sha256 {
                seen.frozen.patch_agrees = Some(true);
                continue;
            }
            let path = RecordPath::from(seen.file(&stored.path).as_str());
            let bytes = work.source.read(&path).unwrap_or_default();
            // Another version of git may cut hunks in another way.
            if Essence::of(&bytes) != Essence::of(&made) {
                seen.frozen.patch_agrees = Some(false);
            }
        }
    }
    Ok(())
}

/// The two trees whose difference a run's patch should be; `None` when that need not, or can't, be
/// told.
fn patched(
    work: &Work<'_, '_>,
    seen: &RunFacts,
    here: &BTreeMap<Oid, Parts>,
) -> Option<(Oid, Oid)> {
    let run = seen.run.as_ref().ok()?;
    let settled = !seen.in_scope || seen.commit.twin.is_some() || seen.frozen.patch.is_none();
    if settled || run.code.patch.is_none() {
        return None;
    }
    let base = match &seen.frozen.parent {
        Some(parent) => match here.get(parent) {
            Some((tree, _)) => tree.clone(),
            None => commit_parts(work, parent)?.0,
        },
        None => work.repo.format().empty_tree(),
    };
    Some((base, seen.frozen.tree.clone()?))
}

/// What a patch says, however its hunks are cut.
#[derive(PartialEq, Eq)]
struct Essence<'p> {
    /// The `index <old>..<new>` lines, with full ids.
    blobs: BTreeSet<&'p [u8]>,
    /// By how many each line becomes more. One that is taken out here and put in there stays.
    lines: BTreeMap<&'p [u8], i64>,
}

impl<'p> Essence<'p> {
    fn of(patch: &'p [u8]) -> Self {
        let mut blobs = BTreeSet::new();
        let mut lines: BTreeMap<&[u8], i64> = BTreeMap::new();
        for line in patch.split(|&b| b == b'\n') {
            match line.split_first() {
                Some((b'+', text)) => *lines.entry(text).or_default() += 1,
                Some((b'-', text)) => *lines.entry(text).or_default() -= 1,
                _ if line.starts_with(b"index ") => {
                    blobs.insert(line);
                }
                _ => {}
            }
        }
        lines.retain(|_, more| *more != 0);
        Self { blobs, lines }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_says_the_same_however_it_is_cut_and_not_when_a_line_is_another() {
        let head = "diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n@@ -1,2 +1,3 @@\n";
        let patch = |hunk: &str| format!("{head}{hunk}");
        let whole = patch(" a\n+b\n+a\n b\n");
        for (hunk, same) in [
            ("-a\n+a\n+b\n+a\n b\n", true),
            ("+a\n+b\n a\n b\n", true),
            (" a\n+B\n+a\n b\n", false),
            (" a\n+b\n b\n", false),
        ] {
            let other = patch(hunk);
            let equal = Essence::of(whole.as_bytes()) == Essence::of(other.as_bytes());
            assert_eq!(equal, same, "{hunk}");
        }
        let blob = whole.replace("1..2", "1..3");
        assert!(Essence::of(whole.as_bytes()) != Essence::of(blob.as_bytes()));
    }
}
