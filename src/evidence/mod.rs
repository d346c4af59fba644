//! Gathers what a comparison is told beyond the two records: frozen trees, package lists, the other
//! runs of the project. The comparison itself is pure and lives in [`crate::compare`].

pub mod code;
pub mod content;
pub mod data;
pub mod yardstick;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::compare::evidence::{Evidence, Side};
use crate::compare::{closest, noise};
use crate::context::Ctx;
use crate::error::Result;
use crate::git::patch::Counting;
use crate::model::data::ConfigFile;
use crate::model::run::Base;
use crate::model::seed::names_seed;
use crate::model::{Brief, Param, RecordPath, Run};
use crate::query::{self, Target, Value};
use crate::record::prepare::Preview;
use crate::store::catalog::Catalog;
use crate::store::layout::ENV_TXT;
use crate::store::{contain, runs};

/// Configuration files beyond this many bytes are compared by their values alone.
const CONFIG_LIMIT: u64 = 16 << 20;
/// Lists of packages beyond this many bytes are not read.
const PACKAGES_LIMIT: u64 = 4 << 20;

/// One run with the files beside its record.
#[derive(Debug)]
pub struct Subject {
    /// The record.
    pub run: Run,
    folder: PathBuf,
    /// Of a run without a folder.
    texts: Option<BTreeMap<RecordPath, String>>,
    packages: Option<Vec<(String, String)>>,
}

impl Subject {
    /// A run and its folder.
    pub fn of(run: Run, folder: PathBuf) -> Self {
        Self {
            packages: packages(&folder),
            texts: None,
            run,
            folder,
        }
    }

    /// A run that has no folder yet.
    pub fn previewed(seen: Preview) -> Self {
        let text = |(file, bytes): &(ConfigFile, Vec<u8>)| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            (file.path.clone(), text)
        };
        Self {
            texts: Some(seen.config.iter().map(text).collect()),
            packages: Some(seen.packages.lines().filter_map(package).collect()),
            folder: PathBuf::new(),
            run: seen.run,
        }
    }

    /// The run that a person names.
    pub fn named(ctx: &Ctx, name: &str) -> Result<Self> {
        let entry = runs::resolve(ctx.project()?, name)?;
        Ok(Self::of(entry.run?, entry.folder))
    }

    /// The run's base, or the run before it.
    ///
    /// # Errors
    /// When there is neither.
    pub fn base(&self, ctx: &Ctx) -> Result<Option<Self>> {
        let project = ctx.project()?;
        let of_record = |base: &Base| runs::of_uid(project, &base.uid, &base.id).ok();
        let entry = match self.run.base.as_ref().and_then(of_record) {
            Some(entry) => Some(entry),
            None => runs::before(project, self.run.number)?,
        };
        Ok(entry.and_then(|entry| Some(Self::of(entry.run.ok()?, entry.folder))))
    }

    /// The copies of the configuration files: text by path in the project. Those that
    /// are not here any more, or too large to be shown, are left out.
    pub fn config_texts(&self) -> BTreeMap<RecordPath, String> {
        if let Some(texts) = &self.texts {
            return texts.clone();
        }
        let read = |file: &ConfigFile| {
            let copy = contain::below(&self.folder, &file.copy.as_deref()?.into()).ok()?;
            let found = copy
                .metadata()
                .ok()
                .filter(|found| found.len() <= CONFIG_LIMIT)?;
            let bytes = found.is_file().then(|| std::fs::read(copy).ok())??;
            Some((
                file.path.clone(),
                String::from_utf8_lossy(&bytes).into_owned(),
            ))
        };
        self.run.config.iter().filter_map(read).collect()
    }

    /// As the comparison wants it.
    pub fn side(&self) -> Side<'_> {
        Side {
            packages: self.packages.as_deref(),
            ..Side::new(&self.run)
        }
    }
}

/// `env.txt` by name and version; `None` when it isn't there.
fn packages(folder: &Path) -> Option<Vec<(String, String)>> {
    let path = folder.join(ENV_TXT);
    let found = path.symlink_metadata().ok()?;
    if !found.is_file() || found.len() > PACKAGES_LIMIT {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.lines().filter_map(package).collect())
}

fn package(line: &str) -> Option<(String, String)> {
    let (name, version) = line.split_once("==")?;
    Some((name.to_owned(), version.to_owned()))
}

/// All readable runs of the project.
pub fn project_runs(ctx: &Ctx) -> Result<Vec<Run>> {
    Ok(runs::list(ctx.project()?)?
        .into_iter()
        .filter_map(|entry| entry.run.ok())
        .collect())
}

/// The runs that can tell noise between two runs or lie on the way between them. The others are not
/// read where the list index knows enough of them.
pub fn relatives(ctx: &Ctx, a: &Run, b: &Run) -> Result<Vec<Run>> {
    let project = ctx.project()?;
    let catalog = Catalog::open(ctx.repo()?, project, false)?;
    let matters = |run: &Brief| {
        let (tree, params) = (run.code_tree.as_ref(), &run.params);
        noise::may_repeat(tree, params, a)
            || noise::may_repeat(tree, params, b)
            || closest::may_lie_between(tree, params, a, b)
    };
    let ends = |(key, value): (&String, &Param)| {
        let (x, y) = (value.number()?, b.params.get(key)?.number()?);
        let known = !names_seed(key) && x.is_finite() && y.is_finite();
        known.then(|| (Target::Param(key.clone()), x.as_f64(), y.as_f64()))
    };
    let ends: Vec<(Target, f64, f64)> = a.params.iter().filter_map(ends).collect();
    // Both kinds of relatives have each number of the configuration from one of the two runs.
    let between = |run: &dyn query::Subject| {
        ends.iter().all(|(target, x, y)| match run.value(target) {
            Value::Number(value, _) if value.is_finite() => value == *x || value == *y,
            _ => true,
        })
    };
    let picked = catalog.pick(between, matters);
    let ids = picked.into_iter().map(|at| catalog.id(at)).collect();
    Ok(runs::read(project, ids))
}

/// What is seen outside the two records, but for [`code::unseeded`]. `ahead` is what
/// [`code::ahead`] started.
pub fn gather<'a>(
    ctx: &Ctx,
    a: &Run,
    b: &Run,
    runs: &'a [&'a Run],
    data: &data::Look,
    ahead: Option<Counting>,
) -> Result<Evidence<'a>> {
    let found = code::between(ctx, a, b, ahead)?;
    let metric_code_changed = yardstick::metric_code_changed(ctx, a, b, &found.code)?;
    Ok(Evidence {
        code: found.code,
        commits_between: found.commits,
        usage_gap: found.usage_gap,
        unrecorded: found.unrecorded,
        unseeded: Vec::new(),
        metric_code_changed,
        inside: data::inside(ctx, a, b, data)?,
        runs,
    })
}
