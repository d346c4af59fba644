//! How the frozen trees of two runs differ, file by file.

use crate::compare::evidence::{CodeEvidence, FileChange};
use crate::context::Ctx;
use crate::error::Result;
use crate::git::patch;
use crate::model::{Axis, Oid, RecordPath, Run};
use crate::record::claims;

/// The files that differ, and those among them that no record claims.
#[derive(Debug, Default)]
pub struct Differences {
    /// Code.
    pub code: CodeEvidence,
    /// Configuration and data files that changed and are no recorded input of either run.
    pub unrecorded: Vec<RecordPath>,
}

/// Compares the frozen trees of two runs; equal trees cost nothing.
pub fn between(ctx: &Ctx, a: &Run, b: &Run) -> Result<Differences> {
    let (Some(tree_a), Some(tree_b)) = (&a.code.tree, &b.code.tree) else {
        return Ok(unknown("the code of a run was not recorded"));
    };
    if tree_a == tree_b {
        return Ok(Differences {
            code: CodeEvidence::Known(Vec::new()),
            ..Differences::default()
        });
    }
    let repo = ctx.repo()?;
    let (Some(from), Some(to)) = (held(ctx, a, tree_a)?, held(ctx, b, tree_b)?) else {
        return Ok(unknown("a snapshot is not in this clone: git exp pull"));
    };
    let excluded = [ctx.project()?.experiments_in_tree()];
    let settings = ctx.settings()?;
    // A path that either run claims is on the axis that it is claimed for.
    let prefix = &ctx.project()?.prefix;
    let mut claims = claims::claims(prefix, settings, a, [b])?;
    let other = claims::claims(prefix, settings, b, [a])?;
    claims.config.extend(other.config);
    claims.data.extend(other.data);
    claims.output.extend(other.output);
    let mut code = Vec::new();
    let mut unrecorded = Vec::new();
    let claimed = |path: &RecordPath| {
        claims
            .config
            .iter()
            .chain(&claims.data)
            .any(|claim| path.is_within(claim))
    };
    for stat in patch::numstat(repo, &from, &to, &excluded)? {
        match claims.axis_of(&stat.path) {
            Axis::Code => code.push(FileChange {
                path: stat.path,
                axis: Axis::Code,
                status: stat.status.to_string(),
                added: stat.added,
                removed: stat.removed,
                cells: None,
                cosmetic: None,
                used: None,
                note: None,
                functions: Vec::new(),
            }),
            Axis::Config | Axis::Data if !claimed(&stat.path) => unrecorded.push(stat.path),
            _ => {}
        }
    }
    Ok(Differences {
        code: CodeEvidence::Known(code),
        unrecorded,
    })
}

/// The changed lines of the code files that differ, as a patch; empty when there are none.
pub fn lines(ctx: &Ctx, a: &Run, b: &Run, code: &CodeEvidence) -> Result<String> {
    let (CodeEvidence::Known(files), Some(from), Some(to)) = (code, &a.code.tree, &b.code.tree)
    else {
        return Ok(String::new());
    };
    let paths: Vec<RecordPath> = files.iter().map(|file| file.path.clone()).collect();
    if paths.is_empty() {
        return Ok(String::new());
    }
    let patch = patch::patch_of(ctx.repo()?, from, to, &paths)?;
    Ok(String::from_utf8_lossy(&patch).into_owned())
}

fn unknown(why: &str) -> Differences {
    Differences {
        code: CodeEvidence::Unknown(why.to_owned()),
        ..Differences::default()
    }
}

/// The tree, if its objects are here: kept by the snapshot, or by the commit itself.
fn held(ctx: &Ctx, run: &Run, tree: &Oid) -> Result<Option<Oid>> {
    let kept = run.code.snapshot.as_ref().or(run.code.commit.as_ref());
    let here = match kept {
        Some(commit) => ctx.repo()?.resolve(commit.as_str())?.is_some(),
        None => false,
    };
    Ok(here.then(|| tree.clone()))
}
