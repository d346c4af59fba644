//! What keeps records true without being asked: hooks, and a job for continuous integration.
//!
//! Everything of ours stands between two markers, so that it lives beside what others put there and
//! goes without a trace.

use std::path::{Path, PathBuf};

use crate::atomic;
use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::git::hooks::{self, Unfit};
use crate::store::Project;

/// A forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Forge {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
}

/// Checks what is about to be committed.
const PRE_COMMIT: &str = "\
# Put here by `git exp init --hook`; `git exp init --no-hook` takes it out.
if command -v git-exp >/dev/null 2>&1; then
    git exp check --staged </dev/null || exit $?
fi
";

/// Checks that others will be able to get the code of the runs that are new to the remote.
const PRE_PUSH: &str = "\
# Put here by `git exp init --hook`; `git exp init --no-hook` takes it out.
if [ -z \"${GIT_EXP_PUSHING:-}\" ] && command -v git-exp >/dev/null 2>&1; then
    git_exp_since=$(git rev-parse --verify --quiet '@{push}') || git_exp_since=
    git exp check --pushed --pushing HEAD ${git_exp_since:+--since \"$git_exp_since\"} </dev/null || exit $?
fi
";

/// The hooks that are put in.
const HOOKS: [(&str, &str); 2] = [("pre-commit", PRE_COMMIT), ("pre-push", PRE_PUSH)];

const GITHUB: &str = "\
# Put here by `git exp init --ci github`; `git exp init --no-ci` takes it out.
name: experiments
on: [push, pull_request]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0 # a run's commit may lie anywhere in history
          lfs: false # a pointer names the SHA-256, which is enough
      - run: git fetch origin '+refs/exp/*:refs/exp/*' '+refs/notes/exp*:refs/notes/exp*'
      - run: cargo install --locked git-exp
      - run: |
          # After the first push, and after a forced one, there is nothing to compare with.
          git rev-parse --verify --quiet \"$SINCE^{commit}\" >/dev/null || SINCE=
          git exp check ${SINCE:+--since \"$SINCE\"} --format github --summary \"$GITHUB_STEP_SUMMARY\"
        env: # not in the command: names of branches are input
          SINCE: >-
            ${{ github.base_ref && format('origin/{0}', github.base_ref)
            || github.ref_name == github.event.repository.default_branch && github.event.before
            || format('origin/{0}', github.event.repository.default_branch) }}
";

/// Where GitHub looks for it.
const GITHUB_FILE: &str = ".github/workflows/git-exp.yml";

/// `STAGE` is put in; a job without one needs a stage `test`, which a pipeline may not have.
const GITLAB: &str = "\
# Put here by `git exp init --ci gitlab`; `git exp init --no-ci` takes it out.
git-exp-check:
  stage: STAGE
  image: rust:1
  variables:
    GIT_DEPTH: \"0\" # a run's commit may lie anywhere in history
    GIT_LFS_SKIP_SMUDGE: \"1\" # a pointer names the SHA-256, which is enough
  before_script:
    - cargo install --locked git-exp
    - git fetch origin '+refs/exp/*:refs/exp/*' '+refs/notes/exp*:refs/notes/exp*'
  script:
    - git exp check ${CI_MERGE_REQUEST_DIFF_BASE_SHA:+--since \"$CI_MERGE_REQUEST_DIFF_BASE_SHA\"} --format gitlab --output gl-code-quality-report.json
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
";

/// Puts our part into the pre-commit and pre-push hooks.
///
/// # Errors
/// When git's hooks lie outside of the repository, where they are not this project's to change, or a
/// hook is not a shell script. Nothing is written then.
pub fn hook(ctx: &Ctx, project: &Project) -> Result<Vec<String>> {
    let folder = own_folder(ctx)?;
    let mut plan = Vec::new();
    for (name, part) in HOOKS {
        let path = folder.join(name);
        let text = read(&path)?;
        let part = in_project(project, part);
        let new = hooks::with_part(text.as_deref(), &part)
            .map_err(|unfit| unfit_failure(&path, unfit, &part))?;
        plan.push((path, text, new));
    }
    atomic::make_folder(&folder)?;
    let mut lines = Vec::new();
    for (path, text, new) in plan {
        let is_new = text.as_deref() != Some(&new);
        if is_new {
            replace(&path, &new)?;
        }
        make_executable(&path)?;
        lines.push(format!(
            "{} {}",
            shown(ctx, &path),
            if is_new {
                "has the check now"
            } else {
                "has the check already"
            }
        ));
    }
    let top = ctx.repo()?.work_tree.clone();
    if top.is_some_and(|top| folder.starts_with(&top) && !folder.starts_with(top.join(".git"))) {
        lines.push(format!(
            "{} is part of the project: commit it",
            shown(ctx, &folder)
        ));
    }
    Ok(lines)
}

/// Takes our part out of the hooks again.
pub fn unhook(ctx: &Ctx) -> Result<Vec<String>> {
    let folder = own_folder(ctx)?;
    let paths: Vec<PathBuf> = HOOKS.iter().map(|(name, _)| folder.join(name)).collect();
    take_out(ctx, &paths)
}

/// Git's folder of hooks, if it is this repository's own.
fn own_folder(ctx: &Ctx) -> Result<PathBuf> {
    let repo = ctx.repo()?;
    let folder = scripts_of(repo.hooks_folder()?);
    if repo.owns(&folder) {
        return Ok(folder);
    }
    let mut failure = Failure::new(format!(
        "core.hooksPath leads out of the repository: {}",
        folder.display()
    ))
    .because("hooks there run for other repositories, too, and are not changed");
    for (name, part) in HOOKS {
        failure = failure.hint(format!("add to its {name}: {}", command_of(part)));
    }
    Err(failure)
}

/// Where people's scripts are. husky 9 points git at `.husky/_`, which it writes anew at will, and
/// runs from there what stands in `.husky`.
fn scripts_of(folder: PathBuf) -> PathBuf {
    match folder.parent() {
        Some(parent) if folder.ends_with(".husky/_") => parent.to_owned(),
        _ => folder,
    }
}

/// The line of a part that does the work.
fn command_of(part: &str) -> &str {
    part.lines()
        .map(str::trim)
        .find(|line| line.starts_with("git exp"))
        .unwrap_or_default()
}

/// Writes the job, beside whatever is in the file.
pub fn ci(ctx: &Ctx, project: &Project, forge: Forge) -> Result<Vec<String>> {
    let path = ci_file(ctx, forge)?;
    let text = read(&path)?;
    let part = in_project(project, &ci_part(forge, text.as_deref()));
    let new = hooks::with_part_below(text.as_deref(), &part)
        .map_err(|unfit| unfit_failure(&path, unfit, &part))?;
    if text.as_deref() == Some(&new) {
        return Ok(vec![format!("{} has the check already", shown(ctx, &path))]);
    }
    atomic::make_folder(path.parent().unwrap_or(&path))?;
    atomic::write(&path, new.as_bytes())?;
    Ok(vec![format!(
        "{} has the check now: commit it",
        shown(ctx, &path)
    )])
}

/// Takes the jobs out again.
pub fn no_ci(ctx: &Ctx) -> Result<Vec<String>> {
    let paths = [ci_file(ctx, Forge::Github)?, ci_file(ctx, Forge::Gitlab)?];
    take_out(ctx, &paths)
}

fn ci_file(ctx: &Ctx, forge: Forge) -> Result<PathBuf> {
    let top = ctx.repo()?.top()?;
    Ok(top.join(match forge {
        Forge::Github => GITHUB_FILE,
        Forge::Gitlab => ".gitlab-ci.yml",
    }))
}

fn ci_part(forge: Forge, text: Option<&str>) -> String {
    match forge {
        Forge::Github => GITHUB.to_owned(),
        Forge::Gitlab => {
            let mut lines = text.unwrap_or_default().lines();
            // `.pre` is in every pipeline; `test` only where no others are named.
            let has_stages = lines.any(|line| line.starts_with("stages:"));
            GITLAB.replace("STAGE", if has_stages { ".pre" } else { "test" })
        }
    }
}

/// A project in a subfolder is checked from there.
fn in_project(project: &Project, part: &str) -> String {
    if project.prefix.as_bytes().is_empty() {
        return part.to_owned();
    }
    let folder = project.prefix.display().replace('\'', "'\\''");
    part.replace("git exp check", &format!("git exp -C '{folder}' check"))
}

fn take_out(ctx: &Ctx, paths: &[PathBuf]) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for path in paths {
        let Some(text) = read(path)? else { continue };
        let left = hooks::without_part(&text).map_err(|unfit| unfit_failure(path, unfit, ""))?;
        match left {
            Some(left) if left == text => continue,
            Some(left) => replace(path, &left)?,
            None => {
                std::fs::remove_file(path)
                    .context(|| format!("cannot remove {}", path.display()))?;
                // The folders of the job, where they hold nothing else.
                if path.ends_with(GITHUB_FILE) {
                    let mut made = path.ancestors().skip(1).take(2);
                    made.try_for_each(std::fs::remove_dir).ok();
                }
            }
        }
        lines.push(format!("{} has the check no longer", shown(ctx, path)));
    }
    if lines.is_empty() {
        lines.push("there was nothing to take out".to_owned());
    }
    Ok(lines)
}

/// A file's text; `None` when there is none.
///
/// # Errors
/// A link is not followed: what it leads to may be somebody else's.
fn read(path: &Path) -> Result<Option<String>> {
    match path.symlink_metadata() {
        Err(_) => Ok(None),
        Ok(found) if found.is_file() => std::fs::read_to_string(path)
            .map(Some)
            .context(|| format!("cannot read {}", path.display())),
        Ok(_) => Err(
            Failure::new(format!("{} is no regular file", path.display()))
                .because("what a link leads to may be somebody else's")
                .hint("add the line yourself: git exp check"),
        ),
    }
}

/// Keeps the mode of what was there.
fn replace(path: &Path, text: &str) -> Result<()> {
    let mode = path.metadata().ok().map(|found| found.permissions());
    atomic::write(path, text.as_bytes())?;
    match mode {
        Some(mode) => std::fs::set_permissions(path, mode)
            .context(|| format!("cannot set the mode of {}", path.display())),
        None => Ok(()),
    }
}

fn make_executable(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let failed = || format!("cannot make {} executable", path.display());
        let mut mode = path.metadata().context(failed)?.permissions();
        mode.set_mode(mode.mode() | 0o111);
        std::fs::set_permissions(path, mode).context(failed)?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn unfit_failure(path: &Path, unfit: Unfit, part: &str) -> Failure {
    let failure = Failure::new(format!("{} was left alone", path.display()));
    match unfit {
        Unfit::NotShell => failure
            .because("it is no shell script")
            .hint(format!("call this from it: {}", command_of(part))),
        Unfit::BrokenMarkers => failure
            .because(format!(
                "its markers `{}` and `{}` are not there once each",
                hooks::BEGIN,
                hooks::END
            ))
            .hint(format!("repair them: edit {}", path.display())),
    }
}

fn shown(ctx: &Ctx, path: &Path) -> String {
    let shown = path.strip_prefix(ctx.ambient.cwd()).unwrap_or(path);
    shown.display().to_string()
}
