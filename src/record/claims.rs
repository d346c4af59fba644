//! Which paths of a tree were configuration, data, output or code for a run.

use crate::error::{Context, Result};
use crate::model::axis::Claims;
use crate::model::{RecordPath, Run};
use crate::settings::ProjectSettings;
use crate::store::layout::EXPERIMENTS;

/// Sorts paths onto axes: by what this run and earlier ones claim, then by the project's rules.
///
/// `prefix` is the project's folder, from the top of the working tree; `earlier` is what earlier runs
/// wrote, from there.
///
/// # Errors
/// When `[code] ignore` has a pattern that is no glob.
pub fn claims<'e>(
    prefix: &RecordPath,
    settings: &ProjectSettings,
    run: &Run,
    earlier: impl IntoIterator<Item = &'e RecordPath>,
) -> Result<Claims> {
    let in_tree = |path: &RecordPath| path.below(prefix);
    Ok(Claims {
        config: run.config.iter().map(|file| in_tree(&file.path)).collect(),
        data: run
            .data
            .iter()
            .filter(|input| !input.external)
            .map(|input| in_tree(&input.path))
            .collect(),
        output: earlier.into_iter().map(in_tree).collect(),
        ..rules(prefix, settings)?
    })
}

/// The project's rules alone.
///
/// # Errors
/// When `[code] ignore` has a pattern that is no glob.
pub fn rules(prefix: &RecordPath, settings: &ProjectSettings) -> Result<Claims> {
    let in_tree = |path: &RecordPath| path.below(prefix);
    let mut globs = globset::GlobSetBuilder::new();
    for pattern in &settings.code.ignore {
        let glob = globset::Glob::new(pattern).context(|| {
            format!("`{pattern}` under [code] ignore in experiments/exp.toml is no glob")
        })?;
        globs.add(glob);
    }
    let ignore = globs
        .build()
        .context(|| "[code] ignore can't be used".to_owned())?;
    Ok(Claims {
        experiments: in_tree(&EXPERIMENTS.into()),
        ignore: Some(ignore),
        only: settings
            .code
            .paths
            .iter()
            .map(|path| in_tree(&path.as_str().into()))
            .collect(),
        ..Claims::default()
    })
}
