//! Which paths were code for a run: the claims that `start` made, rebuilt from the record.

use super::Work;
use crate::error::{Context, Result};
use crate::model::axis::{Axis, Claims};
use crate::model::data::DataKind;
use crate::model::{RecordPath, Run};

/// The claims of a run, less those that change nothing: runs that agree on what is code then share
/// one key, and their trees are filtered once.
pub fn claims(work: &Work<'_, '_>, run: &Run, earlier: &[&Run]) -> Result<(Key, Claims)> {
    let settings = &work.settings;
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
    let plain = Claims {
        experiments: work.experiments(),
        ignore: Some(ignore),
        only: settings
            .code
            .paths
            .iter()
            .map(|path| work.in_tree(&path.as_str().into()))
            .collect(),
        ..Claims::default()
    };
    let matters = |path: &RecordPath| plain.axis_of(path) == Axis::Code;
    let taken = |path: &RecordPath| Some(work.in_tree(path)).filter(matters);
    let outputs = earlier.iter().flat_map(|run| {
        let files = run
            .models
            .iter()
            .chain(&run.artifacts)
            .map(|file| &file.path);
        files.chain(run.metrics_file.iter().map(|file| &file.path))
    });
    let data = run
        .data
        .iter()
        .filter(|input| !input.external)
        .filter_map(|input| {
            let path = work.in_tree(&input.path);
            (input.kind == DataKind::Folder || matters(&path)).then_some(path)
        });
    let mut key = Key {
        config: run
            .config
            .iter()
            .filter_map(|file| taken(&file.path))
            .collect(),
        data: data.collect(),
        output: outputs.filter_map(taken).collect(),
    };
    for list in [&mut key.config, &mut key.data, &mut key.output] {
        list.sort();
        list.dedup();
    }
    let claims = Claims {
        config: key.config.clone(),
        data: key.data.clone(),
        output: key.output.clone(),
        ..plain
    };
    Ok((key, claims))
}

/// What tells the claims of two runs apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    config: Vec<RecordPath>,
    data: Vec<RecordPath>,
    output: Vec<RecordPath>,
}
