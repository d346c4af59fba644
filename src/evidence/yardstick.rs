//! Whether the code that computes the metrics differs between two runs.

use crate::compare::evidence::CodeEvidence;
use crate::context::Ctx;
use crate::error::Result;
use crate::git::objects::Objects;
use crate::model::{Oid, RecordPath, Run};

use super::code;

/// Whether `[eval] metric_code` differs by more than comments and white space: by what both records
/// say, else by the frozen trees. `None` when neither tells, or nothing is named as metric code.
pub fn metric_code_changed(
    ctx: &Ctx,
    a: &Run,
    b: &Run,
    seen: &CodeEvidence,
) -> Result<Option<bool>> {
    let named = &ctx.settings()?.eval.metric_code;
    let (before, after) = (&a.eval.metric_code, &b.eval.metric_code);
    let changed: Vec<String> = if !before.is_empty() && !after.is_empty() {
        if before == after {
            return Ok(Some(false));
        }
        let path = |entry: &String| entry.rsplit_once('@').map(|(path, _)| path.to_owned());
        let only = before.iter().chain(after);
        only.filter(|entry| !(before.contains(entry) && after.contains(entry)))
            .filter_map(path)
            .collect()
    } else if named.is_empty() {
        return Ok(None);
    } else {
        match by_trees(ctx, a, b, named)? {
            Some(changed) if changed.is_empty() => return Ok(Some(false)),
            Some(changed) => changed,
            None => return Ok(None),
        }
    };
    Ok(Some(!is_cosmetic(ctx, seen, &changed)?))
}

/// The named paths that differ between the frozen trees; `None` when a tree is not here.
fn by_trees(ctx: &Ctx, a: &Run, b: &Run, named: &[String]) -> Result<Option<Vec<String>>> {
    let objects = Objects::open(ctx.repo()?);
    let (Ok(from), Ok(to)) = (code::tree(ctx, &objects, a), code::tree(ctx, &objects, b)) else {
        return Ok(None);
    };
    let prefix = &ctx.project()?.prefix;
    let at = |tree: &Oid, path: &String| {
        let place = RecordPath::from(path.as_str()).below(prefix);
        Ok::<_, crate::error::Failure>(objects.at(tree, &place)?.map(|item| item.id))
    };
    let mut changed = Vec::new();
    for path in named {
        if at(&from, path)? != at(&to, path)? {
            changed.push(path.clone());
        }
    }
    Ok(Some(changed))
}

/// Whether every changed file below the paths differs in comments and white space alone.
fn is_cosmetic(ctx: &Ctx, seen: &CodeEvidence, paths: &[String]) -> Result<bool> {
    let CodeEvidence::Known(files) = seen else {
        return Ok(false);
    };
    let prefix = &ctx.project()?.prefix;
    let cosmetic = |path: &String| {
        let place = RecordPath::from(path.as_str()).below(prefix);
        let mut below = files
            .iter()
            .filter(|file| file.path.is_within(&place))
            .peekable();
        below.peek().is_some() && below.all(|file| file.cosmetic == Some(true))
    };
    Ok(paths.iter().all(cosmetic))
}
