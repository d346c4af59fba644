//! `git exp show`: all about one run.

use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::report::show;
use crate::store::layout::{ENV_TXT, PATCH, RUN_JSON};
use crate::store::{contain, runs};
use crate::ui::escape::printable_lines;

/// Arguments of `git exp show`.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub struct Part {
    /// Print the configuration as it was, byte for byte
    #[arg(long)]
    pub config: bool,
    /// Print the packages, one `name==version` a line
    #[arg(long)]
    pub env: bool,
    /// Print the uncommitted change as a patch for `git apply`
    #[arg(long)]
    pub patch: bool,
    /// Print the paths of the run's files
    #[arg(long)]
    pub files: bool,
    /// Print the metrics only
    #[arg(long)]
    pub metrics: bool,
}

/// Arguments of `git exp show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// The run: exp_003, 3, a folder name, a uid's beginning, @ for the last
    #[arg(default_value = "@")]
    pub run: String,
    #[command(flatten)]
    part: Part,
}

/// Shows a run.
pub fn show(ctx: &Ctx, args: &ShowArgs) -> Result<ExitCode> {
    let entry = runs::resolve(ctx.project()?, &args.run)?;
    let folder = &entry.folder;
    let raw = |name: &str, what: &str| -> Result<Vec<u8>> {
        let path = contain::below(folder, &name.into())?;
        std::fs::read(&path).map_err(|_| {
            Failure::new(format!("{} has no {what}", entry.id)).because(path.display())
        })
    };
    if args.part.patch {
        return passthrough(ctx, &raw(PATCH, "uncommitted changes")?);
    }
    if args.part.env {
        return passthrough(ctx, &raw(ENV_TXT, "list of packages")?);
    }
    if ctx.globals.json && !args.part.metrics {
        return passthrough(ctx, &raw(RUN_JSON, "record")?);
    }
    let run = entry.run?;
    if args.part.config {
        let copies: Vec<&String> = run.config.iter().filter_map(|f| f.copy.as_ref()).collect();
        if copies.is_empty() {
            return Err(Failure::new(format!(
                "{} has no configuration file",
                run.id()
            )));
        }
        for copy in copies {
            passthrough(ctx, &raw(copy, "configuration")?)?;
        }
        return Ok(ExitCode::OK);
    }
    let text = if args.part.metrics && ctx.globals.json {
        let metrics = serde_json::to_value(&run.metrics).unwrap_or_default();
        crate::ui::escape::json(&format!("{metrics:#}\n"))
    } else if args.part.metrics {
        lines(&show::metrics(&run))
    } else if args.part.files {
        let relative = ctx.project()?.relative(folder).unwrap_or_default();
        let mut names: Vec<String> = Vec::new();
        files_below(folder, &relative.display(), &mut names);
        names.sort();
        lines(&names)
    } else {
        show::text(&run)
    };
    ctx.page(&text)?;
    Ok(ExitCode::OK)
}

fn lines(items: &[String]) -> String {
    items
        .iter()
        .map(|item| format!("{}\n", crate::ui::escape::printable(item)))
        .collect()
}

fn files_below(folder: &std::path::Path, shown: &str, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{shown}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files_below(&entry.path(), &name, names);
        } else {
            names.push(name);
        }
    }
}

/// Bytes go to a pipe or a file as they are; on a terminal they can't act on it.
fn passthrough(ctx: &Ctx, bytes: &[u8]) -> Result<ExitCode> {
    if ctx.ui.stdout_is_terminal() {
        ctx.page(&printable_lines(&String::from_utf8_lossy(bytes)))?;
    } else {
        ctx.ui.out_bytes(bytes)?;
    }
    Ok(ExitCode::OK)
}
