//! `git exp rm`: removes a run's files and keeps its number taken.

use crate::atomic;
use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::git::{history, refs, user};
use crate::model::{Run, Status};
use crate::settings::ProjectSettings;
use crate::store::runs::{self, Entry};
use crate::store::{stage, tables, tombstone};

/// Arguments of `git exp rm`.
#[derive(Debug, clap::Args)]
pub struct RmArgs {
    /// The run
    pub run: String,
    /// Why
    #[arg(short, long = "message", value_name = "TEXT")]
    pub message: Option<String>,
    /// Drop the ref that keeps the run's code, too
    #[arg(long)]
    pub purge: bool,
    /// Remove it even if that loses what is not committed
    #[arg(short, long)]
    pub yes: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Removes a run.
pub fn rm(ctx: &Ctx, args: &RmArgs) -> Result<ExitCode> {
    let (repo, project) = (ctx.repo()?, ctx.project()?);
    let Entry { folder, run, .. } = runs::resolve(project, &args.run)?;
    let run = run?;
    refuse(ctx, &run)?;
    let lost = repo.uncommitted(&folder)?;
    let shown = crate::model::RecordPath::from_path(
        folder.strip_prefix(ctx.ambient.cwd()).unwrap_or(&folder),
    );
    if !lost.is_empty() && !args.yes && !args.dry_run {
        let first = lost[0].display().into_owned();
        return Err(Failure::new(format!(
            "{} is not committed: removing it would lose it",
            run.id()
        ))
        .because(match lost.len() {
            1 => first,
            n => format!("{first} and {} more files", n - 1),
        })
        .hint(format!(
            "commit it first: git add {0} && git commit -m \"{1}\" -- {0}",
            shown.display(),
            run.id().short()
        ))
        .hint(format!("or lose it: git exp rm {} --yes", run.id().short())));
    }
    let kept = match args.purge {
        true => refs::read(repo, &run.uid)?,
        false => None,
    };
    if let Some(target) = &kept
        && !args.yes
        && !args.dry_run
        && history::branch_with(repo, target)?.is_none()
    {
        let short = run.id().short();
        return Err(Failure::new(format!(
            "the code of {} is in no branch: removing its ref would lose it",
            run.id()
        ))
        .because(refs::name(&run.uid))
        .hint(format!("keep it: git exp rm {short}"))
        .hint(format!("or lose it: git exp rm {short} --purge --yes")));
    }
    if args.dry_run {
        ctx.ui.out(format!("would remove {}\n", shown.display()))?;
        return Ok(ExitCode::OK);
    }
    let who = user::person(ctx.ambient.cwd());
    atomic::check_writable(&folder)?;
    tables::check_writable(project, &repo.exp_dir())?;
    // The ref first: what is in its way is found before anything is removed.
    if let Some(target) = &kept {
        refs::delete(repo, &run.uid, target)?;
    }
    let now = ctx.ambient.now();
    tombstone::bury(&folder, &run, now, who, args.message.clone()).inspect_err(|_| {
        if let Some(target) = &kept {
            // Should this fail as well, `doctor` knows a run without a ref.
            let _ = refs::create(repo, &run.uid, target, now);
        }
    })?;
    let settings = ProjectSettings::read(&project.settings_file())?;
    tables::refresh(project, &repo.exp_dir(), &settings, ctx.lang()?)?;
    ctx.ui
        .out(format!("{} removed; its number stays taken\n", run.id()))?;
    if !args.purge && run.code.snapshot.is_some() {
        ctx.ui.say(format!(
            "its code is still kept by {}; drop that with --purge",
            refs::name(&run.uid)
        ));
    }
    if lost.is_empty() {
        ctx.ui.hint(format!(
            "take it back: git checkout HEAD -- {}",
            shown.display()
        ));
    }
    followers(ctx, &run)
}

/// A run that something stands on is not removed.
fn refuse(ctx: &Ctx, run: &Run) -> Result<()> {
    let project = ctx.project()?;
    let (stages, mut doubts) = stage::all(project);
    if let Some(stage) = stages.iter().find(|stage| stage.current.uid == run.uid) {
        return Err(
            Failure::new(format!("{} is in {}", run.id(), stage.stage)).hint(format!(
                "promote another first: git exp promote R --as {}",
                stage.stage
            )),
        );
    }
    // Whether the run is in use can't be told.
    if let Some(doubt) = doubts.pop() {
        return Err(doubt);
    }
    let gone = run
        .process
        .as_ref()
        .is_some_and(|process| ctx.ambient.is_gone(process));
    if run.status == Status::Running && !gone {
        return Err(
            Failure::new(format!("{} is running", run.id())).hint(format!(
                "end it first: git exp finish {} --status aborted",
                run.id().short()
            )),
        );
    }
    Ok(())
}

/// Names the runs that lose the one they are compared with.
fn followers(ctx: &Ctx, run: &Run) -> Result<ExitCode> {
    let followers: Vec<String> = runs::list(ctx.project()?)?
        .iter()
        .filter_map(|entry| entry.run.as_ref().ok())
        .filter(|other| other.base.as_ref().is_some_and(|base| base.uid == run.uid))
        .map(|other| other.id().short())
        .collect();
    if !followers.is_empty() {
        ctx.ui
            .warn(format!("it was the base of {}", followers.join(", ")));
    }
    Ok(ExitCode::OK)
}
