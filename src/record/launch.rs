//! What is executed: a command whose placeholders are filled in for each start of it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::configuration::Source;
use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::model::data::ConfigFile;
use crate::model::run::Command;
use crate::model::seed::names_seed;
use crate::model::{RecordPath, Run, template};
use crate::observe::config::edit;
use crate::observe::secrets;
use crate::store::layout::from_here;

/// A command as it was typed or recorded, and where it runs.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// With placeholders.
    pub argv: Vec<OsString>,
    /// An absolute path.
    pub cwd: PathBuf,
    /// Where each repeat's seed goes, if not onto the command line: the index of a configuration
    /// file and the key in it.
    pub seed_in: Option<(usize, String)>,
    /// Whether that is in an export, far from the run's folder.
    pub is_exported: bool,
}

/// Sees to it that what was changed will reach the command.
///
/// # Errors
/// A command that names no configuration, or has no place for a seed.
pub(super) fn plan(
    ctx: &Ctx,
    launch: &mut Launch,
    sources: &[Source],
    run: &Run,
    seeds: &[i64],
    taken_over: bool,
) -> Result<()> {
    if !seeds.is_empty() {
        place_seed(ctx, launch, sources, run, seeds, taken_over)?;
    }
    let project = ctx.project()?;
    let cwd = project.relative(&launch.cwd).unwrap_or_default();
    for (index, source) in sources.iter().enumerate() {
        let path = super::end::record_path(ctx, &source.place)?;
        let has_seed = launch
            .seed_in
            .as_ref()
            .is_some_and(|(place, _)| *place == index);
        if !source.derived && !has_seed {
            continue;
        }
        let placeholder = template::config(index);
        if !template::has(&launch.argv, &placeholder) {
            launch.argv = template::name_config(&launch.argv, &cwd, &path, index);
        }
        if !template::has(&launch.argv, &placeholder) {
            return Err(unreachable(&path, &placeholder, source.derived));
        }
    }
    Ok(())
}

fn unreachable(path: &RecordPath, placeholder: &str, derived: bool) -> Failure {
    let shown = path.display();
    let why = match derived {
        true => format!("the command doesn't name {shown}: it would read another than the run's"),
        false => format!("the seed stands in {shown}, which the command doesn't name"),
    };
    Failure::new("the configuration would not reach the command")
        .because(why)
        .hint(format!(
            "say where it goes: git exp run … -- python3 train.py --config '{placeholder}'"
        ))
}

fn place_seed(
    ctx: &Ctx,
    launch: &mut Launch,
    sources: &[Source],
    run: &Run,
    seeds: &[i64],
    taken_over: bool,
) -> Result<()> {
    if template::has(&launch.argv, template::SEED) {
        return Ok(());
    }
    if let Some(named) = template::name_seed(&launch.argv) {
        if taken_over {
            launch.argv = named;
            return Ok(());
        }
        return Err(Failure::new("the command has a seed of its own")
            .because("every repeat would run under that one")
            .hint(format!("put --seed '{}' in its place", template::SEED)));
    }
    let mut keys: Vec<&String> = run.params.keys().filter(|key| names_seed(key)).collect();
    keys.sort_by_key(|key| (key.matches('.').count(), key.as_str()));
    for key in keys {
        for (index, source) in sources.iter().enumerate().rev() {
            let path = super::end::record_path(ctx, &source.place)?;
            let first = seeds.first().copied().unwrap_or_default().to_string();
            if edit::set(&path, &source.bytes, key, &first).is_ok() {
                launch.seed_in = Some((index, key.clone()));
                return Ok(());
            }
        }
    }
    Err(Failure::new("there is no place for the seeds")
        .because("neither the command nor its configuration names a seed")
        .hint(format!(
            "say where it goes: git exp run --seeds 1,2,3 -- python3 train.py --seed '{}'",
            template::SEED
        )))
}

impl Launch {
    /// The words as text.
    pub fn words(&self) -> Vec<String> {
        self.argv
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    /// As the record has it.
    pub(super) fn recorded(&self, ctx: &Ctx) -> Command {
        let cwd = ctx
            .project()
            .ok()
            .and_then(|project| project.relative(&self.cwd));
        Command {
            argv: secrets::redact_argv(&self.words()),
            cwd: cwd
                .filter(|path| !path.as_bytes().is_empty())
                .unwrap_or_else(|| ".".into()),
            exit_code: None,
            signal: None,
        }
    }

    /// The command with its placeholders filled in.
    ///
    /// `config` has the run's files in order, as they are for this start.
    pub fn filled(&self, config: &[PathBuf], seed: Option<&str>) -> Vec<OsString> {
        let mut argv = self.argv.clone();
        for (index, place) in config.iter().enumerate() {
            // From where it runs, as one would type it.
            let typed = match place.strip_prefix(&self.cwd) {
                Ok(inside) => inside.to_owned(),
                Err(_) if self.is_exported => place.clone(),
                Err(_) => from_here(&self.cwd, place).to_path(),
            };
            argv = template::fill(&argv, &template::config(index), typed.as_os_str());
        }
        match seed {
            Some(seed) => template::fill(&argv, template::SEED, OsStr::new(seed)),
            None => argv,
        }
    }
}

/// The copies of a run's configuration files.
pub fn copies(config: &[ConfigFile], folder: &Path) -> Vec<PathBuf> {
    let copy = |file: &ConfigFile| folder.join(file.copy.as_deref().unwrap_or_default());
    config.iter().map(copy).collect()
}
