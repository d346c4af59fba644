//! What a push would make public: which runs, how much of what no commit has, and whether secrets
//! are in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::context::Ctx;
use crate::error::Result;
use crate::git::objects::Objects;
use crate::git::remote::{self, There};
use crate::git::snapshot::{Parts, parts};
use crate::git::{Error, refs};
use crate::model::{Oid, RecordPath, Run, Uid};
use crate::observe::secrets;
use crate::store::{elsewhere, runs};

/// Larger blobs are data or models, where a token is no accident of editing.
const SCANNED_BYTES: usize = 4 << 20;

/// A run's ref that the remote has not.
#[derive(Debug)]
pub struct Publication {
    /// The run.
    pub uid: Uid,
    /// What people call it.
    pub label: String,
    /// What the ref names.
    pub target: Oid,
    /// The commit that was run.
    pub base: Option<Oid>,
    /// Files that only the snapshot has.
    pub files: Vec<RecordPath>,
    /// What looks like a secret in them, and in commits that become public with the run.
    pub secrets: Vec<Leak>,
}

/// What a push would make public.
#[derive(Debug)]
pub struct Plan {
    /// The refs, in order of uid.
    pub runs: Vec<Publication>,
    /// How many commits come along that the remote is not known to have.
    pub commits: usize,
}

/// Something that looks like a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Where.
    pub path: RecordPath,
    /// The line; `None` when the path itself gives it away.
    pub line: Option<usize>,
    /// What.
    pub kind: &'static str,
    /// The commit that brought it; `None` in a snapshot.
    pub commit: Option<Oid>,
}

/// Everything that a push to a remote would make public. `wanted` are the runs to push; all when empty.
pub fn plan(ctx: &Ctx, remote: &str, there: &There, wanted: &[String]) -> Result<Plan> {
    let repo = ctx.repo()?;
    let objects = Objects::open(repo);
    let labels = labels(ctx)?;
    let wanted = uids(ctx, wanted)?;
    let mut runs = Vec::new();
    for (uid, target) in refs::list(repo)? {
        let skipped = wanted.as_ref().is_some_and(|wanted| !wanted.contains(&uid));
        if skipped || there.runs.get(&uid) == Some(&target) {
            continue;
        }
        runs.push(publication(&objects, uid, target, &labels)?);
    }
    let bases: Vec<Oid> = runs.iter().filter_map(|run| run.base.clone()).collect();
    let commits = remote::unpublished(repo, remote, there, &bases)?;
    add_leaks_of_commits(&objects, &mut runs, &commits)?;
    Ok(Plan {
        runs,
        commits: commits.len(),
    })
}

/// An amended commit takes a token out of the branch, and not out of the runs that were made before.
fn add_leaks_of_commits(
    objects: &Objects<'_>,
    runs: &mut [Publication],
    commits: &[(Oid, Vec<Oid>)],
) -> Result<()> {
    let mut leaks: BTreeMap<&Oid, Vec<Leak>> = BTreeMap::new();
    for (commit, parents) in commits {
        let empty = objects.format().empty_tree();
        let before = parents.first().unwrap_or(&empty);
        let changes = match objects.tree_diff(before, commit) {
            // Shallow, or left on the server: it came from there.
            Err(Error::Missing(_)) => continue,
            changes => changes?,
        };
        let found = leaks.entry(commit).or_default();
        for change in changes {
            if let Some((mode, id)) = change.new
                && is_file(mode)
            {
                found.extend(scan(objects, &change.path, &id, Some(commit))?);
            }
        }
    }
    leaks.retain(|_, leaks| !leaks.is_empty());
    if leaks.is_empty() {
        return Ok(());
    }
    let parents: BTreeMap<&Oid, &Vec<Oid>> = commits.iter().map(|(id, of)| (id, of)).collect();
    for run in runs {
        let mut open: Vec<&Oid> = run.base.iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(commit) = open.pop() {
            if seen.insert(commit) {
                run.secrets
                    .extend(leaks.get(commit).into_iter().flatten().cloned());
                open.extend(parents.get(commit).into_iter().copied().flatten());
            }
        }
    }
    Ok(())
}

fn is_file(mode: u32) -> bool {
    mode & 0o170_000 == 0o100_000
}

/// The uids of named runs; `None` when none is named.
fn uids(ctx: &Ctx, names: &[String]) -> Result<Option<BTreeSet<Uid>>> {
    if names.is_empty() {
        return Ok(None);
    }
    let find = |name: &String| Ok(super::restore::source::find(ctx, name)?.uid);
    names.iter().map(find).collect::<Result<_>>().map(Some)
}

fn labels(ctx: &Ctx) -> Result<BTreeMap<Uid, String>> {
    let project = ctx.project()?;
    let known = elsewhere::runs(ctx.repo()?, project)?;
    let mut labels: BTreeMap<Uid, String> = known
        .iter()
        .map(|run| (run.uid.clone(), run.label()))
        .collect();
    let own = |run: Run| (run.uid.clone(), run.id().to_string());
    let entries = runs::list(project)?;
    labels.extend(
        entries
            .into_iter()
            .filter_map(|entry| entry.run.ok().map(own)),
    );
    Ok(labels)
}

fn publication(
    objects: &Objects<'_>,
    uid: Uid,
    target: Oid,
    labels: &BTreeMap<Uid, String>,
) -> Result<Publication> {
    let parts = parts(objects, &target)?;
    let (files, secrets) = only_there(objects, &parts)?;
    Ok(Publication {
        label: labels
            .get(&uid)
            .cloned()
            .unwrap_or_else(|| uid.as_str()[..12].to_owned()),
        base: parts.base,
        uid,
        target,
        files,
        secrets,
    })
}

/// Files that the snapshot has and its commit has not, and the secrets in them: in the tree, in the
/// files' own bytes beside it, in repositories inside, and staged.
fn only_there(objects: &Objects<'_>, parts: &Parts) -> Result<(Vec<RecordPath>, Vec<Leak>)> {
    let Some(extras) = &parts.extras else {
        return Ok((Vec::new(), Vec::new()));
    };
    let empty = objects.format().empty_tree();
    let base = parts.base.as_ref().unwrap_or(&empty);
    let mut changes = objects.tree_diff(base, &parts.tree)?;
    for (folder, from) in [("overlay", &empty), ("nested", &empty), ("index", base)] {
        let kept = objects.at(extras, &folder.into())?;
        if let Some(kept) = kept {
            changes.extend(objects.tree_diff(from, &kept.id)?);
        }
    }
    let mut files = BTreeSet::new();
    let mut contents = BTreeSet::new();
    for change in changes {
        if let Some((mode, id)) = change.new
            && is_file(mode)
        {
            files.insert(change.path.clone());
            contents.insert((change.path, id));
        }
    }
    let mut leaks = Vec::new();
    for (path, id) in &contents {
        leaks.extend(scan(objects, path, id, None)?);
    }
    leaks.dedup();
    Ok((files.into_iter().collect(), leaks))
}

fn scan(
    objects: &Objects<'_>,
    path: &RecordPath,
    id: &Oid,
    commit: Option<&Oid>,
) -> Result<Vec<Leak>> {
    if secrets::is_secret_path(path) {
        return Ok(vec![Leak {
            path: path.clone(),
            line: None,
            kind: "its name",
            commit: commit.cloned(),
        }]);
    }
    let bytes = match objects.blob(id) {
        Ok(bytes) => bytes,
        // A partial clone has not read it, so nobody here has put a secret into it.
        Err(Error::Missing(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    if bytes.len() > SCANNED_BYTES {
        return Ok(Vec::new());
    }
    let leak = |finding: secrets::Finding| Leak {
        path: path.clone(),
        line: Some(finding.line),
        kind: finding.kind,
        commit: commit.cloned(),
    };
    Ok(secrets::scan(&bytes).into_iter().map(leak).collect())
}
