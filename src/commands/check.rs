//! `git exp check`: whether the records are true.

use std::io::Write;
use std::path::PathBuf;

use crate::atomic;
use crate::check::finding::Outcome;
use crate::check::formats::{self, Format};
use crate::check::gather::{self, Ask};
use crate::check::policy::Policy;
use crate::check::{self, Checked, facts::Facts};
use crate::context::Ctx;
use crate::error::{Context, ExitCode, Result};
use crate::report::{markers, minilog};
use crate::store::tables;

/// Arguments of `git exp check`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code: 0 clean, 1 something is broken, 2 an error, 3 a required rule \
                        could not be verified.\nEach rule is explained: git exp help E-commit"
)]
pub struct CheckArgs {
    /// Ask only about runs and reports that are new or changed since REV
    #[arg(long, value_name = "REV", conflicts_with = "staged")]
    pub since: Option<String>,
    /// Look at the index instead of the working tree, and only at what is staged
    #[arg(long)]
    pub staged: bool,
    /// Ask too whether others can get the commits: they are on a remote
    #[arg(long)]
    pub pushed: bool,
    /// With --pushed: count what REV has as pushed (for a pre-push hook)
    #[arg(long, value_name = "REV", requires = "pushed")]
    pub pushing: Vec<String>,
    /// Fail on warnings too
    #[arg(long)]
    pub strict: bool,
    /// Exit with 3 when one of these rules can't be verified here
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub require: Vec<String>,
    /// Refuse runs whose code is in no commit, even when it is frozen
    #[arg(long)]
    pub require_clean: bool,
    /// Leave rules out
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// How to tell it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Write it to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Append a summary in Markdown to FILE
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Write generated files anew, then check what is on disk
    #[arg(long, conflicts_with = "staged")]
    pub fix: bool,
}

/// Checks the records.
pub fn check(ctx: &Ctx, args: &CheckArgs) -> Result<ExitCode> {
    // A hook that asks for `git exp push` would else stop it.
    let being_pushed = args.pushed && ctx.ambient.var("GIT_EXP_PUSHING").is_some();
    if being_pushed {
        ctx.ui
            .say("git exp push is under way: what it sends is not asked for");
    }
    let ask = Ask {
        since: args.since.clone(),
        staged: args.staged,
        pushed: args.pushed && !being_pushed,
        pushing: args.pushing.clone(),
    };
    let policy = |settings: &crate::settings::ProjectSettings| {
        let mut policy = Policy::read(&settings.check)?;
        policy.require(&args.require)?;
        policy.skip(&args.skip)?;
        policy.strict |= args.strict;
        policy.require_clean |= args.require_clean;
        Ok(policy)
    };
    let (mut facts, mut policy_here) = gather::gather(ctx, &ask, &policy)?;
    let mut checked = check::check(&facts, &policy_here);
    if args.fix && fix(ctx, &facts, &checked)? {
        (facts, policy_here) = gather::gather(ctx, &ask, &policy)?;
        checked = check::check(&facts, &policy_here);
    }
    tell(ctx, args, &checked)?;
    Ok(checked.exit)
}

fn tell(ctx: &Ctx, args: &CheckArgs, checked: &Checked) -> Result<()> {
    let format = if ctx.globals.json {
        Format::Json
    } else {
        args.format
    };
    let text = formats::render(format, checked, &ctx.ui);
    match &args.output {
        Some(path) => {
            let place = ctx.absolute(path);
            std::fs::write(&place, text).map_err(|error| atomic::failed(&place, &error))?;
            ctx.ui.say(formats::counts(checked));
        }
        None => ctx.ui.out(text)?,
    }
    if let Some(path) = &args.summary {
        let place = ctx.absolute(path);
        // Other steps of the job write to the same file.
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&place)
            .and_then(|mut file| file.write_all(formats::summary::render(checked).as_bytes()))
            .map_err(|error| atomic::failed(&place, &error))?;
    }
    Ok(())
}

/// Rewrites what is generated and wrong; whether anything was.
fn fix(ctx: &Ctx, facts: &Facts, checked: &Checked) -> Result<bool> {
    let broken = |code: &'static str| {
        let findings = checked.findings.iter();
        findings.filter(move |f| f.code == code && f.outcome == Outcome::Broken)
    };
    let project = ctx.project()?;
    let mut done = false;
    // Not from a record that was edited: the table may well be right.
    if broken("E-table").any(|f| f.fix.as_deref() == Some("git exp table --write")) {
        tables::refresh(
            project,
            &ctx.repo()?.exp_dir(),
            ctx.settings()?,
            ctx.lang()?,
        )?;
        ctx.ui.say("wrote the overview anew");
        done = true;
    }
    for document in &facts.documents {
        let seen = document.run.and_then(|index| facts.runs.get(index));
        let Some((seen, run)) = seen.and_then(|seen| Some((seen, seen.run.as_ref().ok()?))) else {
            continue;
        };
        let is_wrong = broken("E-report").any(|f| {
            f.file.as_ref() == Some(&document.path)
                && f.fix.as_deref() == Some("git exp check --fix")
        });
        if !is_wrong {
            continue;
        }
        let part = minilog::generated(run, ctx.settings()?, ctx.lang()?);
        if let Some(text) = markers::replace(&document.text, &part) {
            let path = project.run(&seen.id).join(crate::store::layout::README);
            crate::store::contain::real_folder(&project.run(&seen.id))?;
            atomic::write(&path, text.as_bytes())
                .context(|| format!("{} could not be mended", document.path))?;
            ctx.ui.say(format!(
                "wrote the generated part of {} anew",
                document.path
            ));
            done = true;
        }
    }
    if !done {
        ctx.ui.say("nothing that is generated is wrong");
    }
    Ok(done)
}
