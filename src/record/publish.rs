//! What a push would make public: which runs, how much of what no commit has, and whether secrets
//! are in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::context::Ctx;
use crate::error::Result;
use crate::git::objects::Objects;
use crate::git::remote::There;
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
    /// What looks like a secret in them.
    pub secrets: Vec<Leak>,
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
}

/// Everything that a push would make public, in order of uid. `wanted` are the runs to push; all
/// when empty.
pub fn plan(ctx: &Ctx, there: &There, wanted: &[String]) -> Result<Vec<Publication>> {
    let repo = ctx.repo()?;
    let objects = Objects::open(repo);
    let labels = labels(ctx)?;
    let wanted = uids(ctx, wanted)?;
    let mut plan = Vec::new();
    for (uid, target) in refs::list(repo)? {
        let skipped = wanted.as_ref().is_some_and(|wanted| !wanted.contains(&uid));
        if skipped || there.runs.get(&uid) == Some(&target) {
            continue;
        }
        plan.push(publication(&objects, uid, target, &labels)?);
    }
    Ok(plan)
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
    let is_file = |mode: u32| mode & 0o170_000 == 0o100_000;
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
        leaks.extend(scan(objects, path, id)?);
    }
    leaks.dedup();
    Ok((files.into_iter().collect(), leaks))
}

fn scan(objects: &Objects<'_>, path: &RecordPath, id: &Oid) -> Result<Vec<Leak>> {
    if secrets::is_secret_path(path) {
        return Ok(vec![Leak {
            path: path.clone(),
            line: None,
            kind: "its name",
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
    };
    Ok(secrets::scan(&bytes).into_iter().map(leak).collect())
}
