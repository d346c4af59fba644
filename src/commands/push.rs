//! `git exp push`: shares the refs and notes of runs, and says first what becomes public.

use std::time::Duration;

use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::git::remote::{self, Answer};
use crate::git::{Repo, large, notes, refs};
use crate::model::Oid;
use crate::record::publish::{self, Plan, Publication};
use crate::store::shared;
use crate::ui::escape::printable;

/// Arguments of `git exp push`.
#[derive(Debug, clap::Args)]
pub struct PushArgs {
    /// The remote (where `git push` would go when not given)
    pub remote: Option<String>,
    /// Only this run's ref; may be repeated
    #[arg(long = "run", value_name = "RUN")]
    pub runs: Vec<String>,
    /// Only say what would become public
    #[arg(long)]
    pub dry_run: bool,
    /// Push although something that looks like a secret becomes public
    #[arg(long)]
    pub allow_secrets: bool,
}

/// So many refs go in one push; a command line holds some thousands.
const AT_ONCE: usize = 1000;
/// How often a push is tried against others who push at the same time.
const ATTEMPTS: u32 = 12;

/// Pushes.
pub fn push(ctx: &Ctx, args: &PushArgs) -> Result<ExitCode> {
    let repo = ctx.repo()?;
    let remote = remote::choose(repo, args.remote.as_deref())?;
    let there = remote::list(repo, &remote)?;
    let plan = publish::plan(ctx, &remote, &there, &args.runs)?;
    announce(ctx, &remote, &plan);
    let plan = plan.runs;
    refuse_secrets(&plan, args)?;
    if args.dry_run {
        return Ok(ExitCode::OK);
    }
    let names: Vec<String> = plan.iter().map(|run| refs::name(&run.uid)).collect();
    if large::is_used(repo) && !names.is_empty() {
        large::push(repo, &remote, &names).map_err(|error| {
            Failure::new("the objects of Git LFS were not uploaded")
                .because(error)
                .hint("without them a snapshot is pointers to nothing; see: git lfs status")
        })?;
    }
    let mut refused = Vec::new();
    for some in names.chunks(AT_ONCE) {
        let refspecs: Vec<String> = some.iter().map(|name| format!("{name}:{name}")).collect();
        refused.extend(push_runs(repo, &remote, &refspecs)?);
    }
    let told = push_notes(repo, &remote, there.notes.as_ref())?;
    let pushed: Vec<_> = plan
        .iter()
        .filter(|run| {
            let name = refs::name(&run.uid);
            !refused.iter().any(|answer| answer.name == name)
        })
        .map(|run| run.uid.clone())
        .collect();
    shared::remember(&repo.exp_dir(), there.runs.keys().chain(&pushed))?;
    if let Some(answer) = refused.first() {
        return Err(not_taken(&remote, answer, refused.len()));
    }
    ctx.ui.out(match (pushed.len(), told) {
        (0, false) => format!("{remote} has everything already\n"),
        (0, true) => format!("{remote}: notes\n"),
        (1, _) => format!("{remote}: {}\n", printable(&plan[0].label)),
        (count, _) => format!("{remote}: {count} runs\n"),
    })?;
    Ok(ExitCode::OK)
}

/// Says what becomes public before it does.
fn announce(ctx: &Ctx, remote: &str, plan: &Plan) {
    for run in &plan.runs {
        match run.files.len() {
            0 => ctx.ui.detail(format!("{}  its commit", run.label)),
            count => {
                let files = if count == 1 { "file" } else { "files" };
                ctx.ui.say(format!(
                    "{}  its commit, and uncommitted work: {count} {files}",
                    run.label
                ));
            }
        }
        for path in &run.files {
            ctx.ui.detail(format!("    {}", printable(&path.display())));
        }
    }
    let commits = match plan.commits {
        0 => return,
        1 => "1 commit".to_owned(),
        count => format!("{count} commits"),
    };
    ctx.ui.say(format!(
        "with them {commits} that no branch of {remote} is known to have"
    ));
}

/// What is in a pushed ref can't be called back.
fn refuse_secrets(plan: &[Publication], args: &PushArgs) -> Result<()> {
    let leaky: Vec<&Publication> = plan.iter().filter(|run| !run.secrets.is_empty()).collect();
    let Some(first) = leaky.first().filter(|_| !args.allow_secrets) else {
        return Ok(());
    };
    let mut failure = Failure::new(match leaky.len() {
        1 => format!("with {} goes what looks like a secret", first.label),
        count => format!("with {count} runs goes what looks like a secret"),
    });
    for run in &leaky {
        for leak in &run.secrets {
            let line = leak.line.map(|line| format!(":{line}")).unwrap_or_default();
            let commit = leak.commit.as_ref();
            let commit = commit.map(|commit| format!(", in commit {}", commit.short()));
            failure = failure.because(format!(
                "{}: {}{line}: {}{}",
                run.label,
                leak.path.display(),
                leak.kind,
                commit.unwrap_or_default()
            ));
        }
    }
    let clean = plan.iter().find(|run| run.secrets.is_empty());
    if let Some(clean) = clean {
        failure = failure.hint(format!(
            "push others only: git exp push --run {}",
            clean.label
        ));
    }
    Err(failure
        .hint(format!(
            "give its code up: git update-ref -d {}",
            refs::name(&first.uid)
        ))
        .hint("if it is none: git exp push --allow-secrets"))
}

/// Pushes refs of runs. Others may hold the remote's locks for a moment.
fn push_runs(repo: &Repo, remote: &str, refspecs: &[String]) -> Result<Vec<Answer>> {
    let mut left = refspecs.to_vec();
    for attempt in 0.. {
        let answers = remote::push(repo, remote, &left)?;
        let refused: Vec<Answer> = answers
            .into_iter()
            .filter(|answer| answer.refused.is_some())
            .collect();
        // A run's ref never moves, so a remote that has another value will not change its mind.
        let is_final = |answer: &Answer| {
            !answer.is_race()
                || answer.refused.as_ref().is_some_and(|why| {
                    why.contains("fetch first") || why.contains("non-fast-forward")
                })
        };
        if refused.iter().all(is_final) || attempt >= ATTEMPTS {
            return Ok(refused);
        }
        left.retain(|refspec| refused.iter().any(|answer| refspec.ends_with(&answer.name)));
        std::thread::sleep(pause(attempt));
    }
    Ok(Vec::new())
}

/// Pushes the notes; when others were faster, theirs are merged in first.
///
/// # Returns
/// Whether there was anything to push.
fn push_notes(repo: &Repo, remote: &str, there: Option<&Oid>) -> Result<bool> {
    let refspec = [format!("{0}:{0}", notes::REF)];
    for attempt in 0..=ATTEMPTS {
        let Some(ours) = repo.notes_tip()? else {
            return Ok(false);
        };
        if there == Some(&ours) {
            return Ok(false);
        }
        let answers = remote::push(repo, remote, &refspec)?;
        match answers.iter().find(|answer| answer.refused.is_some()) {
            None => return Ok(true),
            Some(answer) if !answer.is_race() => return Err(not_taken(remote, answer, 1)),
            Some(_) => {
                std::thread::sleep(pause(attempt));
                remote::pull(repo, remote)?;
            }
        }
    }
    Err(
        Failure::new(format!("others keep pushing notes to {remote}"))
            .hint("try again: git exp push"),
    )
}

fn not_taken(remote: &str, answer: &Answer, count: usize) -> Failure {
    let why = answer.refused.clone().unwrap_or_default();
    let more = match count {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    Failure::new(format!("{remote} did not take {}{more}", answer.name))
        .because(why)
        .hint(format!(
            "see what it has: git ls-remote {remote} 'refs/exp/*'"
        ))
}

/// Longer with each attempt, and another for each process so that two don't meet again.
fn pause(attempt: u32) -> Duration {
    let spread = u64::from(std::process::id() % 97);
    Duration::from_millis((20 + spread) << attempt.min(5))
}
