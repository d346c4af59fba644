//! A run made like an earlier one: its configuration, its data, its command.
//!
//! What is taken is what the earlier run had, not what lies in the project now: its configuration
//! comes from the copy in its folder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::configuration::Source;
use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::model::command_line::is_argument;
use crate::model::run::{Base, Repeat};
use crate::model::{Param, RecordPath, Run, Sha256};
use crate::observe::secrets;
use crate::store::{contain, runs};

/// The earlier run.
#[derive(Clone, Debug)]
pub struct Like {
    /// Its record.
    pub run: Run,
    folder: PathBuf,
}

impl Like {
    /// The run that a person names.
    pub fn named(ctx: &Ctx, name: &str) -> Result<Self> {
        let entry = runs::resolve(ctx.project()?, name)?;
        Ok(Self {
            run: entry.run?,
            folder: entry.folder,
        })
    }

    /// How the new record names it.
    pub fn reference(&self) -> Base {
        Base {
            id: self.run.id().to_string(),
            uid: self.run.uid.clone(),
        }
    }

    /// Its configuration files, from their copies.
    ///
    /// # Errors
    /// A copy that is gone, or is no longer what ran.
    pub(super) fn sources(&self, ctx: &Ctx) -> Result<Vec<Source>> {
        let project = ctx.project()?;
        let short = self.run.id().short();
        let read = |file: &crate::model::data::ConfigFile| {
            let shown = file.path.display().into_owned();
            let lost = || format!("the configuration {shown} of {short} can't be taken");
            let copy = file
                .copy
                .as_deref()
                .ok_or_else(|| Failure::new(lost()).because("its record has no copy of it"))?;
            let bytes = std::fs::read(contain::below(&self.folder, &copy.into())?)
                .context(lost)
                .map_err(|failure| failure.hint(format!("look closer: git exp check {short}")))?;
            if Sha256::of(&bytes) != file.sha256 {
                return Err(Failure::new(lost())
                    .because(format!("{copy} was changed after the run"))
                    .hint(format!("look closer: git exp check {short}")));
            }
            let place = project
                .inside(&file.path)
                .ok_or_else(|| leaves(&file.path))?;
            // What the program would read at that place decides whether it must be told another.
            let is_there = std::fs::read(&place).is_ok_and(|now| now == bytes);
            Ok(Source {
                derived: file.derived || !is_there,
                place,
                bytes,
            })
        };
        self.run.config.iter().map(read).collect()
    }

    /// Parameters that were in none of its files, nor arguments of its command: `start --param`.
    pub(super) fn loose_params(&self, in_files: &BTreeMap<String, Param>) -> Vec<(String, Param)> {
        let loose = self.run.params.iter();
        loose
            .filter(|(name, _)| !in_files.contains_key(*name) && !is_argument(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Its data inputs by role. Where a changed parameter named one of them, the new name counts.
    pub(super) fn data(
        &self,
        ctx: &Ctx,
        params: &BTreeMap<String, Param>,
    ) -> Result<Vec<(String, PathBuf)>> {
        let project = ctx.project()?;
        let place = |input: &crate::model::data::DataInput| -> Result<PathBuf> {
            let path = input.path.display();
            let names_it = |value: &Param| value.spelling() == path;
            let key = self.run.params.iter().find(|(_, value)| names_it(value));
            let now = key.and_then(|(key, _)| params.get(key));
            Ok(match now.filter(|value| !names_it(value)) {
                Some(other) => project.root.join(other.spelling()),
                None if input.external => input.path.to_path(),
                None => project
                    .inside(&input.path)
                    .ok_or_else(|| leaves(&input.path))?,
            })
        };
        let data = self.run.data.iter();
        data.map(|input| Ok((input.role.clone(), place(input)?)))
            .collect()
    }

    /// Its command, and where it ran.
    ///
    /// # Errors
    /// None was recorded, or a secret was left out of it.
    pub fn command(&self, ctx: &Ctx) -> Result<(Vec<OsString>, PathBuf)> {
        let short = self.run.id().short();
        let Some(command) = self.run.command.as_ref().filter(|c| !c.argv.is_empty()) else {
            return Err(Failure::new(format!("{short} has no command to be run again"))
                .because("it was recorded with `git exp start` and `git exp finish`")
                .hint(format!(
                    "say the command: git exp run --like {short} -- python3 train.py --config '{{config}}'"
                )));
        };
        if command
            .argv
            .iter()
            .any(|word| word.contains(secrets::REDACTED))
        {
            return Err(
                Failure::new(format!("the command of {short} can't be run again"))
                    .because("a secret was left out of its record")
                    .hint(format!("say the command: git exp run --like {short} -- …")),
            );
        }
        let cwd = ctx
            .project()?
            .inside(&command.cwd)
            .ok_or_else(|| leaves(&command.cwd))?;
        if !cwd.is_dir() {
            return Err(
                Failure::new(format!("the folder that {short} ran in is gone"))
                    .because(cwd.display())
                    .hint("go to another and say the command there"),
            );
        }
        Ok((command.argv.iter().map(Into::into).collect(), cwd))
    }

    /// The seeds of its repeats, for a command that wants one.
    ///
    /// # Errors
    /// It has none.
    pub fn seeds(&self) -> Result<Vec<i64>> {
        let seed = |repeat: &Repeat| match &repeat.seed {
            Param::Leaf { text, .. } => text.parse().ok(),
            Param::List(_) => None,
        };
        let seeds: Option<Vec<i64>> = self.run.repeats.iter().map(seed).collect();
        seeds.filter(|seeds| !seeds.is_empty()).ok_or_else(|| {
            let short = self.run.id().short();
            Failure::new("the command has {seed}, and no seed is known")
                .because(format!("{short} has no repeats to take theirs from"))
                .hint(format!(
                    "say them: git exp run --like {short} --seeds 1,2,3"
                ))
        })
    }
}

/// A record of ours never names such a path.
fn leaves(path: &RecordPath) -> Failure {
    Failure::new(format!("{} leads out of the project", path.display()))
        .because("the record was not written by this program, or was edited")
}
