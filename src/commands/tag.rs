//! `git exp tag`: free labels on a run.

use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::record::revise;
use crate::store::runs;

/// Arguments of `git exp tag`.
#[derive(Debug, clap::Args)]
pub struct TagArgs {
    /// The run
    pub run: String,
    /// +TAG adds, -TAG removes, KEY=VALUE replaces; nothing prints the tags
    #[arg(
        value_name = "+TAG|-TAG",
        allow_hyphen_values = true,
        trailing_var_arg = true
    )]
    pub changes: Vec<String>,
}

/// Changes or prints the tags of a run.
pub fn tag(ctx: &Ctx, args: &TagArgs) -> Result<ExitCode> {
    let entry = runs::resolve(ctx.project()?, &args.run)?;
    let mut run = entry.run?;
    let before = run.tags.clone();
    for change in &args.changes {
        let (remove, tag) = match change.strip_prefix('-') {
            Some(tag) => (true, tag),
            None => (false, change.strip_prefix('+').unwrap_or(change)),
        };
        check(tag, change)?;
        if remove {
            if !run.tags.iter().any(|old| old == tag) {
                let list = run.tags.join(", ");
                let failure = Failure::new(format!("{} has no tag `{tag}`", run.id()));
                return Err(match list.is_empty() {
                    true => failure.because("it has no tags"),
                    false => failure.because(format!("its tags are {list}")),
                });
            }
            run.tags.retain(|old| old != tag);
            continue;
        }
        if let Some((key, _)) = tag.split_once('=') {
            run.tags
                .retain(|old| old.split_once('=').is_none_or(|(old, _)| old != key));
        }
        if !run.tags.iter().any(|old| old == tag) {
            run.tags.push(tag.to_owned());
        }
    }
    run.tags.sort();
    if run.tags != before {
        revise::revise(ctx, &entry.folder, &mut run)?;
    }
    if ctx.globals.json {
        let tags = serde_json::json!({"run": run.id().to_string(), "tags": run.tags});
        ctx.ui.out(format!("{tags:#}\n"))?;
    } else {
        ctx.ui.out(
            run.tags
                .iter()
                .map(|tag| format!("{tag}\n"))
                .collect::<String>(),
        )?;
    }
    Ok(ExitCode::OK)
}

/// A tag must be one word on a command line, in a table and in a filter.
fn check(tag: &str, typed: &str) -> Result<()> {
    let fine =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '=' | ':' | '@');
    if tag.is_empty() || tag.len() > 100 || !tag.chars().all(fine) || tag.starts_with(['-', '=']) {
        return Err(Failure::new(format!("`{typed}` can't be a tag"))
            .because("a tag is one word of letters, digits and _ - . / = : @")
            .hint("git exp tag exp_003 +best -wip team=vision"));
    }
    Ok(())
}
