//! The name of a run: typed, or made from what changed against its base.

use std::collections::BTreeSet;

use crate::compare::axes::config::names_output;
use crate::error::{Failure, Result};
use crate::model::name::{self, ChangeHint, NameProblem};
use crate::model::{Axis, Param, Run};

/// The slug of a run; `again` is the command with another name, for the hint.
///
/// # Errors
/// A typed name that says nothing, with one that would.
pub fn slug(
    typed: Option<&str>,
    run: &Run,
    base: Option<&Run>,
    again: impl Fn(&str) -> String,
) -> Result<String> {
    let from_changes = name::from_changes(&changes(run, base));
    let Some(typed) = typed else {
        return Ok(from_changes.unwrap_or_else(|| "repeat".to_owned()));
    };
    let refused = |problem: NameProblem| {
        let problem = problem.or_suggest(from_changes.clone());
        let failure = Failure::new(format!("`{typed}` is no name for a run")).because(&problem);
        let better = problem.suggestion.as_deref().unwrap_or("more_trees");
        failure.hint(format!("say the main idea: {}", again(better)))
    };
    let slug = name::slug(typed).map_err(refused)?;
    name::check(&slug).map_err(refused)?;
    Ok(slug)
}

/// What differs from the base, in the order in which it is worth naming.
fn changes(run: &Run, base: Option<&Run>) -> Vec<ChangeHint> {
    let Some(base) = base else {
        return vec![ChangeHint::First];
    };
    let mut changes = Vec::new();
    for input in &run.data {
        let before = base.data.iter().find(|before| before.role == input.role);
        if before.is_none_or(|before| before.sha256 != input.sha256) {
            changes.push(ChangeHint::Data {
                role: input.role.clone(),
                path: input.path.clone(),
                renamed: before.is_none_or(|before| before.path != input.path),
            });
        }
    }
    let data_paths: BTreeSet<String> = run
        .data
        .iter()
        .map(|input| input.path.display().into_owned())
        .collect();
    let names: BTreeSet<&String> = run.params.keys().chain(base.params.keys()).collect();
    for name in names {
        let (before, after) = (base.params.get(name), run.params.get(name));
        let same = matches!((before, after), (Some(a), Some(b)) if a.same_value(b));
        let names_data = after.is_some_and(|value| data_paths.contains(&value.spelling()));
        let named_output = before.is_some_and(|value| names_output(base, value));
        if same || names_data || named_output {
            continue;
        }
        if after.is_some() && after == run.seed.as_ref() && before == base.seed.as_ref() {
            changes.push(ChangeHint::Seed {
                value: after.map(Param::spelling).unwrap_or_default(),
            });
        } else {
            changes.push(ChangeHint::Param {
                name: name.clone(),
                value: after.cloned(),
            });
        }
    }
    if run.code.code_tree != base.code.code_tree {
        let edited = run
            .code
            .changes
            .iter()
            .find(|change| change.axis == Axis::Code);
        // Between two clean commits the record itself doesn't say which file it was.
        let path = edited.map_or_else(|| "changes".into(), |change| change.path.clone());
        changes.push(ChangeHint::Code { path });
    }
    let by_flag = run.seed != base.seed && run.params == base.params;
    if let (Some(seed), true) = (&run.seed, by_flag) {
        changes.push(ChangeHint::Seed {
            value: seed.spelling(),
        });
    }
    if changes.is_empty() {
        changes.push(ChangeHint::Same {
            base: base.id().short(),
        });
    }
    changes
}
