//! `git exp metric`: logs values from a shell script or a loop.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::atomic::failed;
use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::model::Number;
use crate::observe::series;
use crate::record::current;
use crate::store::contain;
use crate::store::layout::SERIES_LOG;

/// Arguments of `git exp metric`.
#[derive(Debug, clap::Args)]
pub struct MetricArgs {
    /// What was measured
    #[arg(required = true, value_name = "NAME=VALUE")]
    pub values: Vec<String>,
    /// The step (counted by itself when not given)
    #[arg(long)]
    pub step: Option<i64>,
    /// The run (the running one when not given)
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}

/// Appends one line to the running run's series file: one write, so that parallel writers are safe.
pub fn metric(ctx: &Ctx, args: &MetricArgs) -> Result<ExitCode> {
    let values = args
        .values
        .iter()
        .map(|text| parse(text))
        .collect::<Result<Vec<_>>>()?;
    let entry = current::find(ctx, args.run.as_deref())?;
    contain::real_folder(&entry.folder)?;
    let folder = repeat_folder(ctx, args, &entry.folder);
    let path = contain::below(
        folder.as_deref().unwrap_or(&entry.folder),
        &SERIES_LOG.into(),
    )?;
    let line = series::line(args.step, &values);
    let append = || {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)?;
        file.write_all(line.as_bytes())
    };
    append().map_err(|error| failed(&path, &error))?;
    Ok(ExitCode::OK)
}

/// Inside of a repeat the values are the repeat's.
fn repeat_folder(ctx: &Ctx, args: &MetricArgs, run: &Path) -> Option<PathBuf> {
    let folder = PathBuf::from(ctx.ambient.var("GIT_EXP_RUN_DIR")?);
    let is_repeat = args.run.is_none() && folder.parent()?.parent()? == run;
    is_repeat.then_some(folder)
}

fn parse(text: &str) -> Result<(String, Number)> {
    let wrong = |why: &str| {
        Failure::new(format!("`{text}` is not NAME=VALUE"))
            .because(why)
            .hint("git exp metric loss=0.31 --step 5")
    };
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| wrong("there is no `=`"))?;
    if name.is_empty() || name.len() > 256 {
        return Err(wrong("the name must have 1 to 256 bytes"));
    }
    let number = Number::parse(value).or_else(|| value.parse().ok().map(Number::from_f64));
    Ok((
        name.to_owned(),
        number.ok_or_else(|| wrong("the value is not a number"))?,
    ))
}
