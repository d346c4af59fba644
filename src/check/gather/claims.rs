//! Which paths were code for a run: the claims that `start` made, rebuilt from the record.

use std::collections::BTreeSet;

use super::Work;
use crate::error::Result;
use crate::model::axis::{Axis, Claims};
use crate::model::data::DataKind;
use crate::model::{RecordPath, Run};
use crate::record;

/// The claims of a run, less those that change nothing: runs that agree on what is code then share
/// one key, and their trees are filtered once.
pub fn claims(work: &Work<'_, '_>, run: &Run, earlier: &[&Run]) -> Result<(Key, Claims)> {
    let all = record::claims::claims(&work.prefix, &work.settings, run, earlier.iter().copied())?;
    let folders: BTreeSet<RecordPath> = run
        .data
        .iter()
        .filter(|input| input.kind == DataKind::Folder)
        .map(|input| work.in_tree(&input.path))
        .collect();
    let mut claims = all.clone();
    for list in [&mut claims.config, &mut claims.data, &mut claims.output] {
        list.clear();
    }
    // By its kind alone a file may be none of the code, whoever claims it.
    let matters = |path: &RecordPath| claims.axis_of(path) == Axis::Code;
    let sorted = |list: Vec<RecordPath>, keep: &dyn Fn(&RecordPath) -> bool| {
        let kept: BTreeSet<RecordPath> = list.into_iter().filter(keep).collect();
        kept.into_iter().collect::<Vec<_>>()
    };
    let key = Key {
        config: sorted(all.config, &matters),
        data: sorted(all.data, &|path| folders.contains(path) || matters(path)),
        output: sorted(all.output, &matters),
    };
    claims.config.clone_from(&key.config);
    claims.data.clone_from(&key.data);
    claims.output.clone_from(&key.output);
    Ok((key, claims))
}

/// What tells the claims of two runs apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    config: Vec<RecordPath>,
    data: Vec<RecordPath>,
    output: Vec<RecordPath>,
}
