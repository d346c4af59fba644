//! `git exp restore`: gives a run's files back into a new place, and proves it.

use std::path::{Path, PathBuf};

use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::git::large;
use crate::record::restore::data::{self, Input};
use crate::record::restore::source::{self, Found, How, Source};
use crate::record::restore::{self, Given, Target};
use crate::ui::escape::printable;

/// Arguments of `git exp restore`.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// The run: exp_003, 3, a folder name, a uid's beginning, @ for the last
    pub run: String,
    /// A new folder for the files (beside the repository, named after the run, when not given)
    #[arg(value_name = "DIR", conflicts_with = "worktree")]
    pub place: Option<PathBuf>,
    /// Make DIR a linked worktree, with uncommitted work uncommitted again
    #[arg(long, value_name = "DIR")]
    pub worktree: Option<PathBuf>,
    /// Make a branch of the code; uncommitted work becomes one commit on it
    #[arg(long, value_name = "NAME", conflicts_with = "place")]
    pub branch: Option<String>,
    /// Only the configuration files: to their own places, or below DIR
    #[arg(long, conflicts_with_all = ["worktree", "branch", "data"])]
    pub config_only: bool,
    /// Copy or fetch data that is not in the snapshot, by its hash
    #[arg(long)]
    pub data: bool,
}

/// Restores a run.
pub fn restore(ctx: &Ctx, args: &RestoreArgs) -> Result<ExitCode> {
    let found = source::find(ctx, &args.run)?;
    if args.config_only {
        return config_only(ctx, &found, args.place.as_deref());
    }
    let source = found.source(ctx)?;
    if let Some(name) = &args.branch {
        let dirty = restore::branch(ctx, &source, name, found.run.as_ref())?;
        let what = match dirty {
            true => "its commit, and its uncommitted work as one commit",
            false => "its commit",
        };
        ctx.ui
            .say(format!("branch {name}: {}, {what}", found.label));
        if args.worktree.is_none() {
            ctx.ui.hint(format!("go there: git switch {name}"));
            return Ok(ExitCode::OK);
        }
    }
    let target = target(ctx, args, &found)?;
    let given = restore::give(ctx, &source, &target)?;
    let mut missing = given.restored.missing.clone();
    if args.data && !missing.is_empty() {
        missing = large::fetch_into(ctx.repo()?, &source.commit, target.path(), &missing)?;
    }
    let root = target.path().join(ctx.project()?.prefix.to_path());
    let inputs = match &found.run {
        Some(run) => data::settle(ctx, run, &root, args.data)?,
        None => Vec::new(),
    };
    let told = Told {
        found: &found,
        source: &source,
        given: &given,
        missing: missing
            .iter()
            .map(|path| path.display().into_owned())
            .collect(),
        inputs: &inputs,
        place: target.path(),
    };
    if ctx.globals.json {
        told.json(ctx)?;
    } else {
        told.lines(ctx)?;
        inside(ctx, target.path())?;
    }
    Ok(match given.is_exact() {
        true => ExitCode::OK,
        false => ExitCode::NO,
    })
}

/// What is put among the files of the repository is taken for new work.
fn inside(ctx: &Ctx, place: &Path) -> Result<()> {
    let repo = ctx.repo()?;
    let Some(path) = repo.relative(place) else {
        return Ok(());
    };
    if repo.ignored(std::iter::once(&path))?.is_empty() {
        ctx.ui.hint(format!(
            "it is inside the repository, where the next run keeps it as well: add /{}/ to .gitignore",
            printable(&path.display())
        ));
    }
    Ok(())
}

fn target(ctx: &Ctx, args: &RestoreArgs, found: &Found) -> Result<Target> {
    if let Some(place) = &args.worktree {
        return Ok(Target::Worktree(ctx.absolute(place), args.branch.clone()));
    }
    if let Some(place) = &args.place {
        return Ok(Target::Folder(ctx.absolute(place)));
    }
    let top = ctx.repo()?.top()?;
    let (Some(parent), Some(name)) = (top.parent(), top.file_name()) else {
        let place = ctx.ambient.temp_dir().join(&found.label);
        return Err(
            Failure::new("there is no place beside the repository").hint(format!(
                "name a folder: git exp restore {} {}",
                found.label,
                place.display()
            )),
        );
    };
    let name = format!("{}-{}", name.to_string_lossy(), found.label);
    Ok(Target::Folder(parent.join(name)))
}

fn config_only(ctx: &Ctx, found: &Found, folder: Option<&Path>) -> Result<ExitCode> {
    let folder = folder.map(|folder| ctx.absolute(folder));
    for (place, written) in restore::config::give(ctx, found, folder.as_deref())? {
        let shown = place.strip_prefix(ctx.ambient.cwd()).unwrap_or(&place);
        let how = if written { "written" } else { "already so" };
        ctx.ui.out(format!(
            "{}  {how}, hash ok\n",
            printable(&shown.display().to_string())
        ))?;
    }
    Ok(ExitCode::OK)
}

/// Everything that is told about one restore.
struct Told<'a> {
    found: &'a Found,
    source: &'a Source,
    given: &'a Given,
    missing: Vec<String>,
    inputs: &'a [Input],
    place: &'a Path,
}

impl Told<'_> {
    fn verdict(&self) -> &'static str {
        match (self.given.restored.tree_verified, self.given.as_recorded) {
            (true, Some(true)) => "verified against the record",
            (true, None) => "verified (the record names no tree)",
            (true, Some(false)) => "NOT the tree that the record names",
            (false, _) => "NOT verified: the files on disk are another tree",
        }
    }

    fn lines(&self, ctx: &Ctx) -> Result<()> {
        let Self { source, given, .. } = self;
        let at = source.base.as_ref().map_or("no commit", |id| id.short());
        let state = match (source.how, source.is_uncommitted()) {
            (How::Patch, _) => " + its patch (the snapshot is not here)",
            (_, true) => " + uncommitted work as it was",
            (_, false) => " (clean)",
        };
        ctx.ui.out(format!(
            "{}  {} at {at}{state}\n",
            printable(&self.place.display().to_string()),
            self.found.label
        ))?;
        let overlay = match given.restored.overlay_count {
            0 => String::new(),
            1 => ", 1 file in its own bytes".to_owned(),
            count => format!(", {count} files in their own bytes"),
        };
        ctx.ui.out(format!(
            "  tree  {} {}{overlay}\n",
            given.restored.tree.short(),
            self.verdict()
        ))?;
        for input in self.inputs {
            ctx.ui.out(format!(
                "  data  {} {}: {}\n",
                printable(&input.role),
                printable(&input.path),
                input.state.words()
            ))?;
        }
        self.environment(ctx)?;
        self.absent(ctx);
        Ok(())
    }

    fn environment(&self, ctx: &Ctx) -> Result<()> {
        let Some(run) = &self.found.run else {
            return Ok(());
        };
        let folder = self.found.folder.as_deref();
        let line = match restore::packages_that_differ(ctx, run, folder)? {
            None => return Ok(()),
            Some(0) => "the same packages".to_owned(),
            Some(1) => format!("1 package differs: git exp show {} --env", self.found.label),
            Some(count) => format!(
                "{count} packages differ: git exp show {} --env",
                self.found.label
            ),
        };
        ctx.ui.out(format!("  env   {line}\n"))
    }

    /// What is not there, and the way to get it.
    fn absent(&self, ctx: &Ctx) {
        for path in &self.missing {
            ctx.ui
                .warn(format!("{} is not on this machine", printable(path)));
        }
        if !self.missing.is_empty() {
            ctx.ui.hint(format!(
                "fetch it from the remote: git exp restore {} NEWDIR --data",
                self.found.label
            ));
        }
        for code in self.found.run.iter().map(|run| &run.code) {
            for entry in &code.left_out {
                let shown = printable(&entry.path.display()).into_owned();
                let what = match code.has_older(entry) {
                    true => format!("{shown} is as git last had it; its content in the run"),
                    false => shown,
                };
                ctx.ui
                    .warn(format!("{what} is in no snapshot ({})", entry.why));
            }
        }
        if self.source.how == How::Patch {
            ctx.ui.warn(
                "from the commit and the patch: files that git converts come as git checks them out",
            );
        }
    }

    fn json(&self, ctx: &Ctx) -> Result<()> {
        let how = match self.source.how {
            How::Snapshot => "snapshot",
            How::Commit => "commit",
            How::Patch => "patch",
        };
        let data: Vec<serde_json::Value> = self
            .inputs
            .iter()
            .map(|input| {
                serde_json::json!({"role": input.role, "path": input.path,
                    "ready": input.state.is_ready(), "state": input.state.words()})
            })
            .collect();
        let document = serde_json::json!({
            "schema": "git-exp/restore/1",
            "run": self.found.label,
            "uid": self.found.uid,
            "path": self.place.display().to_string(),
            "commit": self.source.base,
            "from": how,
            "tree": self.given.restored.tree,
            "verified": self.given.restored.tree_verified,
            "as_recorded": self.given.as_recorded,
            "overlay": self.given.restored.overlay_count,
            "missing": self.missing,
            "data": data,
        });
        ctx.ui.out(format!("{document:#}\n"))
    }
}
