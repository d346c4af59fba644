//! `git exp renumber`: other numbers for runs that took one number on two branches.

use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::record::end;
use crate::settings::ProjectSettings;
use crate::store::renumber::apply::{self, Done};
use crate::store::renumber::twins::{self, Twins};
use crate::store::renumber::{self, Label, Move, moved, next_free};
use crate::store::{ids, runs, tables};
use crate::ui::escape::printable;

/// Arguments of `git exp renumber`.
#[derive(Debug, clap::Args)]
pub struct RenumberArgs {
    /// The run to give another number; without it, every number that two runs have is settled
    pub run: Option<String>,
    /// The number to give it (the next free one when not given)
    #[arg(long, value_name = "N", requires = "run")]
    pub to: Option<u32>,
    /// Only say what would change
    #[arg(long)]
    pub dry_run: bool,
}

/// Renumbers.
pub fn renumber(ctx: &Ctx, args: &RenumberArgs) -> Result<ExitCode> {
    let (repo, project) = (ctx.repo()?, ctx.project()?);
    let entries = runs::list(project)?;
    let cut_off = entries.iter().any(apply::is_cut_off);
    let mut labels = apply::labels(&entries);
    let twins = twins::find(repo, project)?;
    for twin in &twins {
        labels.push(Label::from(&twin.ours.run));
        labels.push(Label::from(&twin.theirs.run));
    }
    let folders: Vec<u32> = runs::folders(project)?
        .into_iter()
        .map(|(id, _)| id.number)
        .collect();
    let next = next_free(&labels, &folders);
    let moves = match &args.run {
        Some(name) => vec![named(ctx, name, args.to, &labels, next)?],
        None => renumber::plan(&labels, &folders),
    };
    if moves.is_empty() && !cut_off {
        ctx.ui.say("every run has a number of its own");
        return Ok(ExitCode::OK);
    }
    if !args.dry_run {
        for twin in &twins {
            separate(ctx, twin, &moves)?;
        }
    }
    let done = apply::apply(repo, project, &moves, args.dry_run)?;
    if !args.dry_run {
        let settings = ProjectSettings::read(&project.settings_file())?;
        for found in &moves {
            ids::claim(&repo.exp_dir(), project, found.to.number, &found.uid);
        }
        let moved: Vec<u32> = moves
            .iter()
            .flat_map(|found| [found.from.number, found.to.number])
            .collect();
        let exp_dir = repo.exp_dir();
        tables::refresh_renumbered(project, &exp_dir, &settings, ctx.lang()?, &moved)?;
        for run in &done.runs {
            end::annotate(ctx, run, settings.primary.as_deref())?;
        }
    }
    tell(ctx, &moves, &done, args.dry_run)?;
    if !twins.is_empty() && !args.dry_run {
        ctx.ui.hint(
            "both runs have folders of their own now: git add experiments, then go on merging",
        );
    }
    Ok(ExitCode::OK)
}

/// One run, chosen by a person.
fn named(ctx: &Ctx, name: &str, to: Option<u32>, labels: &[Label], next: u32) -> Result<Move> {
    let run = runs::resolve(ctx.project()?, name)?.run?;
    let label = Label::from(&run);
    let number = to.unwrap_or(next);
    if !(1..1_000_000).contains(&number) {
        return Err(
            Failure::new(format!("{number} can't be the number of a run"))
                .hint("give one from 1 to 999999"),
        );
    }
    let taken = labels
        .iter()
        .find(|other| other.id.number == number && (other.uid != run.uid || to.is_some()));
    if let Some(other) = taken {
        return Err(
            Failure::new(format!("{} has the number {number} already", other.id)).hint(format!(
                "the next free one: git exp renumber {name} --to {next}"
            )),
        );
    }
    Ok(moved(&label, number))
}

/// Two runs in one folder, while a merge is under way.
fn separate(ctx: &Ctx, twin: &Twins, moves: &[Move]) -> Result<()> {
    let (repo, project) = (ctx.repo()?, ctx.project()?);
    let found = |uid| moves.iter().find(|m| m.uid == uid);
    let (ours, theirs) = (&twin.ours, &twin.theirs);
    match (found(ours.run.uid.clone()), found(theirs.run.uid.clone())) {
        (Some(ours_moves), None) => {
            twins::separate(repo, project, twin, theirs, ours, &ours_moves.to)
        }
        // Both move when a third run has the number too and was started first.
        (_, Some(theirs_moves)) => {
            twins::separate(repo, project, twin, ours, theirs, &theirs_moves.to)
        }
        (None, None) => Ok(()),
    }
}

fn tell(ctx: &Ctx, moves: &[Move], done: &Done, dry: bool) -> Result<()> {
    for found in moves {
        ctx.ui.out(format!(
            "{} → {}; \"{}\" kept as alias\n",
            found.from,
            found.to,
            found.from.short()
        ))?;
    }
    let count: usize = done.texts.iter().map(|(_, count)| count).sum();
    if count > 0 {
        let paths: Vec<String> = done
            .texts
            .iter()
            .map(|(path, _)| printable(&path.display()).into_owned())
            .collect();
        let what = if count == 1 {
            "reference"
        } else {
            "references"
        };
        let did = if dry { "to update" } else { "updated" };
        ctx.ui
            .out(format!("  {count} {what} {did} in {}\n", paths.join(", ")))?;
    }
    for mention in &done.unclear {
        ctx.ui.warn(format!(
            "{mention} could mean either run and was left alone"
        ));
    }
    Ok(())
}
