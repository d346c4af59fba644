//! A plain export of a run's frozen tree to run its command in.
//!
//! It lies below `$TMPDIR`, is no git repository, and has the code and configuration as they were at
//! start. Data that is not in git is linked into it from the project, so that relative paths lead
//! where they led. What the command writes there is gone afterwards, unless it is the metrics file,
//! a model or an artifact: those are copied into the run's folder. If anything else was written, the
//! export is kept and named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::restore::{config, fill, source};
use crate::atomic;
use crate::context::Ctx;
use crate::error::{Context, Failure, Result, pasted};
use crate::model::Run;
use crate::store::layout::normalize;
use crate::store::{Project, contain};

/// Where outputs that would be lost are copied to, inside the run's folder.
pub const OUTPUTS: &str = "outputs";

/// Names that programs write by the way.
const BYPRODUCTS: [&str; 5] = [
    "__pycache__",
    ".pytest_cache",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".DS_Store",
];

/// The export.
#[derive(Debug)]
pub struct Isolated {
    root: tempfile::TempDir,
    /// The project inside it.
    pub project: Project,
    /// The user's own place inside it.
    pub cwd: PathBuf,
    /// Files written from now on are the command's.
    pub since: SystemTime,
    exported: BTreeMap<PathBuf, u64>,
}

impl Isolated {
    /// Exports the tree of a run.
    pub fn export(ctx: &Ctx, name: &str) -> Result<Self> {
        let (repo, project) = (ctx.repo()?, ctx.project()?);
        let mut found = source::find(ctx, name)?;
        if let Some(run) = &mut found.run {
            // A derived file has its place in the run's folder alone.
            run.config.retain(|file| !file.derived);
        }
        let source = found.source(ctx)?;
        let scratch = ctx.ambient.temp_dir();
        let root = tempfile::Builder::new()
            .prefix(&format!("git-exp-{}-", found.label))
            .tempdir_in(&scratch)
            .map_err(|error| {
                atomic::failed(&scratch, &error)
                    .hint("name another place: TMPDIR=/scratch git exp …")
            })?;
        let given = fill(ctx, &source, root.path())?;
        if !given.is_exact() {
            return Err(Failure::new("the exported files are not the frozen tree")
                .because(format!("the record of {} names another tree", found.label))
                .hint(format!("look closer: git exp restore {}", found.label)));
        }
        let inside = root.path().join(project.prefix.to_path());
        let top = repo.top()?;
        let own_cwd = ctx.ambient.cwd().strip_prefix(top).unwrap_or(Path::new(""));
        let cwd = root.path().join(own_cwd);
        atomic::make_folder(&cwd)?;
        if let Some(run) = found.run.as_ref().filter(|run| !run.config.is_empty()) {
            config::give(ctx, &found, Some(&inside))?;
            link_data(ctx, run, &inside)?;
        } else if let Some(run) = &found.run {
            link_data(ctx, run, &inside)?;
        }
        let (exported, since) = age(root.path())?;
        Ok(Self {
            project: Project::at(&inside, root.path()),
            cwd,
            since,
            exported,
            root,
        })
    }

    /// The top of the exported tree.
    pub fn top(&self) -> &Path {
        self.root.path()
    }

    /// A path that the user typed, as the command sees it.
    pub fn absolute(&self, typed: &Path) -> PathBuf {
        normalize(&self.cwd.join(typed))
    }

    /// Copies a file that the command wrote into the run's folder. What lies outside of the export
    /// stays where it is.
    pub fn save(&self, file: &Path, folder: &Path) -> Result<PathBuf> {
        let Ok(inside) = file.strip_prefix(&self.project.root) else {
            return Ok(file.to_owned());
        };
        let target = folder.join(OUTPUTS).join(inside);
        atomic::make_folder(target.parent().unwrap_or(folder))?;
        std::fs::copy(file, &target)
            .context(|| format!("cannot copy {} to {}", file.display(), target.display()))?;
        Ok(target)
    }

    /// Files that the command wrote into the export, less what programs write by the way.
    pub fn written(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        walk(self.root.path(), &mut |path, found| {
            let known = self.exported.get(path);
            let touched = found.modified().is_ok_and(|when| when >= self.since);
            if touched || known != Some(&found.len()) {
                files.push(path.to_owned());
            }
        });
        files.retain(|path| {
            let byproduct = |part: &std::ffi::OsStr| BYPRODUCTS.iter().any(|name| part == *name);
            !path.iter().any(byproduct) && path.extension().is_none_or(|kind| kind != "pyc")
        });
        files.sort();
        files
    }

    /// Removes the export, or keeps it and names what would be lost. `saved` are the files that are
    /// in the run's folder by now.
    pub fn close(self, ctx: &Ctx, saved: &[PathBuf]) {
        let mut lost = self.written();
        lost.retain(|path| !saved.contains(path));
        let Some(first) = lost.first() else {
            return;
        };
        let first = first.strip_prefix(self.root.path()).unwrap_or(first);
        ctx.ui.warn(match lost.len() {
            1 => format!("{} is in no run folder", first.display()),
            2 => format!("{} and 1 more file are in no run folder", first.display()),
            count => format!(
                "{} and {} more files are in no run folder",
                first.display(),
                count - 1
            ),
        });
        let kept = self.root.keep();
        ctx.ui.hint(format!(
            "they are kept in {}; next time name them: --artifact {}",
            kept.display(),
            pasted(first)
        ));
    }
}

/// Links each data input that git has not. A pointer in its place is replaced.
fn link_data(ctx: &Ctx, run: &Run, inside: &Path) -> Result<()> {
    let project = ctx.project()?;
    for input in run.data.iter().filter(|input| !input.external) {
        let place = contain::entry(inside, &input.path)?;
        let own = normalize(&project.root.join(input.path.to_path()));
        let is_pointer = input.pointer.is_some() && own.is_file();
        if !own.starts_with(&project.root) || !own.exists() {
            continue;
        }
        if place.symlink_metadata().is_ok() {
            if !is_pointer {
                continue;
            }
            std::fs::remove_file(&place).map_err(|error| atomic::failed(&place, &error))?;
        }
        atomic::make_folder(place.parent().unwrap_or(inside))?;
        link(&own, &place).map_err(|error| atomic::failed(&place, &error))?;
    }
    Ok(())
}

#[cfg(unix)]
fn link(own: &Path, place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(own, place)
}

#[cfg(windows)]
fn link(own: &Path, place: &Path) -> std::io::Result<()> {
    if own.is_dir() {
        std::os::windows::fs::symlink_dir(own, place)
    } else {
        std::os::windows::fs::symlink_file(own, place)
    }
}

/// Makes every exported file a day old, by the clock of its own file system, so that a metrics file
/// that came with the tree is never taken for one that the command wrote.
fn age(root: &Path) -> Result<(BTreeMap<PathBuf, u64>, SystemTime)> {
    let failed = |error: std::io::Error| atomic::failed(root, &error);
    let now = tempfile::NamedTempFile::new_in(root)
        .and_then(|file| file.as_file().metadata()?.modified())
        .map_err(failed)?;
    let old = now - Duration::from_secs(24 * 60 * 60);
    let mut exported = BTreeMap::new();
    let mut trouble = None;
    walk(root, &mut |path, found| {
        exported.insert(path.to_owned(), found.len());
        if let Err(error) = filetime::set_file_mtime(path, old.into()) {
            trouble = Some(error);
        }
    });
    match trouble {
        Some(error) => Err(failed(error)),
        None => Ok((exported, now)),
    }
}

/// All regular files below a folder; links are not followed.
fn walk(folder: &Path, act: &mut dyn FnMut(&Path, &std::fs::Metadata)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(found) = path.symlink_metadata() else {
            continue;
        };
        if found.is_dir() {
            walk(&path, act);
        } else if found.is_file() {
            act(&path, &found);
        }
    }
}
