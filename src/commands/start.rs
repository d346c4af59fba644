//! `git exp start`: freezes code, data, configuration and environment before a run.

use std::path::PathBuf;

use crate::compare::{Rules, compare};
use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::evidence::{self, Subject, code};
use crate::git::patch::Counting;
use crate::model::Run;
use crate::record::begin::{self, Begun, Request};
use crate::record::inputs;
use crate::record::launch::Launch;
use crate::record::prepare;
use crate::report::diff::Look;
use crate::report::{begun, preflight};

/// What a run is made of; shared by `start` and `run`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CaptureArgs {
    /// The main idea in a word or two, in any language; made from what changed when not given
    pub name: Option<String>,
    /// What the run is for
    #[arg(
        short = 'm',
        long = "goal",
        visible_alias = "message",
        value_name = "TEXT"
    )]
    pub goal: Option<String>,
    /// What you expect
    #[arg(long, value_name = "TEXT")]
    pub hypothesis: Option<String>,
    /// The run to compare with (the previous one like it when not given)
    #[arg(long, value_name = "RUN")]
    pub base: Option<String>,
    /// A configuration file; may be repeated
    #[arg(long, value_name = "FILE")]
    pub config: Vec<PathBuf>,
    /// A data file or folder and its role: train=data/train.csv; may be repeated
    #[arg(long, value_name = "ROLE=PATH")]
    pub data: Vec<String>,
    /// A parameter that is in no file; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub param: Vec<String>,
    /// What is meant to change against the base: model.n_estimators, data.train, code; may be repeated
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub changes: Vec<String>,
    /// A label; may be repeated
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Refuse to start from uncommitted code
    #[arg(long)]
    pub require_clean: bool,
    /// Start although a finished run has the same inputs
    #[arg(long)]
    pub allow_same: bool,
    /// Start although a changed file holds something that looks like a secret
    #[arg(long)]
    pub allow_secrets: bool,
    /// Show what would be recorded and what changes against the base; record and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Read every data file anew instead of trusting its size and times
    #[arg(long)]
    pub rehash: bool,
}

/// Arguments of `git exp start`.
#[derive(Debug, clap::Args)]
pub struct StartArgs {
    #[command(flatten)]
    capture: CaptureArgs,
    /// Print nothing but the run's id
    #[arg(long)]
    pub porcelain: bool,
}

impl CaptureArgs {
    /// Reads the arguments into what the recorder wants.
    pub fn request(&self, ctx: &Ctx, launch: Option<Launch>) -> Result<Request> {
        let data = self
            .data
            .iter()
            .map(|text| role_and_path(ctx, text))
            .collect::<Result<_>>()?;
        Ok(Request {
            name: self.name.clone(),
            goal: self.goal.clone(),
            hypothesis: self.hypothesis.clone(),
            base: self.base.clone(),
            config: self.config.iter().map(|path| ctx.absolute(path)).collect(),
            data,
            params: self.param.clone(),
            declared: self.changes.clone(),
            tags: self.tag.clone(),
            require_clean: self.require_clean,
            allow_same: self.allow_same,
            allow_secrets: self.allow_secrets,
            rehash: self.rehash,
            launch,
            ..Request::default()
        })
    }
}

/// `train=data/train.csv`, or a bare path whose name suggests the role.
fn role_and_path(ctx: &Ctx, text: &str) -> Result<(String, PathBuf)> {
    let named = text.split_once('=').filter(|(role, _)| {
        !role.is_empty()
            && role
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    });
    match named {
        Some((_, "")) => Err(Failure::new(format!("`--data {text}` names no file"))
            .hint("git exp start --data train=data/train.csv")),
        Some((role, path)) => Ok((role.to_owned(), ctx.absolute(path.as_ref()))),
        None => {
            let stem = text.rsplit('/').next().unwrap_or(text);
            Ok((
                inputs::role_of(stem).unwrap_or("data").to_owned(),
                ctx.absolute(text.as_ref()),
            ))
        }
    }
}

/// Starts a run that `git exp finish` ends.
pub fn start(ctx: &Ctx, args: &StartArgs) -> Result<ExitCode> {
    let request = args.capture.request(ctx, None)?;
    if args.capture.dry_run {
        return dry_run(ctx, &request);
    }
    let is_told = !args.porcelain && !ctx.globals.json;
    let (begun, told) = begin_told(ctx, &request, is_told)?;
    if args.porcelain {
        ctx.ui.out(format!("{}\n", begun.run.id()))?;
    } else if ctx.globals.json {
        let value = serde_json::to_value(&begun.run).unwrap_or_default();
        ctx.ui.out_json(&value)?;
    } else {
        for line in told? {
            ctx.ui.out(format!("{line}\n"))?;
        }
        ctx.ui
            .say("Finish with:  git exp finish --metrics metrics.json");
    }
    Ok(ExitCode::OK)
}

/// Begins a run, with the lines that tell of it if they are wanted.
pub fn begin_told(
    ctx: &Ctx,
    request: &Request,
    is_told: bool,
) -> Result<(Begun, Result<Vec<String>>)> {
    let mut ahead = None;
    let mut begun = begin::begin(ctx, request, &mut |base, written, code_tree| {
        if is_told {
            ahead = code::ahead(ctx, base, written, code_tree);
        }
    })?;
    let told = match is_told {
        true => announce(ctx, &begun, ahead),
        false => Ok(Vec::new()),
    };
    begun.settle(ctx);
    Ok((begun, told))
}

/// The lines that tell what was frozen. `ahead` is what [`code::ahead`] started.
fn announce(ctx: &Ctx, begun: &Begun, ahead: Option<Counting>) -> Result<Vec<String>> {
    for warning in &begun.run.warnings {
        ctx.ui.warn(warning);
    }
    if !begun.set_up.is_empty() {
        ctx.ui
            .say(format!("first run here: wrote {}", begun.set_up.join(", ")));
    }
    let base = begun.base.as_ref();
    let mut lines = vec![begun::head(&begun.run, base, ctx.lang()?)];
    if let Some(base) = base {
        let now = Subject::of(begun.run.clone(), begun.folder.clone());
        match intent(ctx, &now, base, ahead) {
            Ok(told) => lines.extend(told),
            // The run has begun; what can't be told of it must not stop it.
            Err(failure) => ctx
                .ui
                .warn(format!("not compared with {}: {failure}", base.id())),
        }
    }
    Ok(lines)
}

/// Tells what a run would be, and records nothing.
pub fn dry_run(ctx: &Ctx, request: &Request) -> Result<ExitCode> {
    let seen = prepare::preview(ctx, request)?;
    for warning in &seen.run.warnings {
        ctx.ui.warn(warning);
    }
    if ctx.globals.json {
        ctx.ui
            .out_json(&serde_json::to_value(&seen.run).unwrap_or_default())?;
        return Ok(ExitCode::OK);
    }
    let head = begun::would(&seen.run, seen.base.as_ref(), ctx.lang()?);
    ctx.ui.out(format!("{head}\n"))?;
    if let Some(base) = seen.base.clone() {
        let now = Subject::previewed(seen);
        for line in intent(ctx, &now, &base, None)? {
            ctx.ui.out(format!("{line}\n"))?;
        }
    }
    Ok(ExitCode::OK)
}

/// What will change against the base, before anything is trained. It reads no other run.
fn intent(ctx: &Ctx, now: &Subject, base: &Run, ahead: Option<Counting>) -> Result<Vec<String>> {
    let before = Subject::of(base.clone(), ctx.project()?.run(&base.id()));
    let look = evidence::data::Look::default();
    let seen = evidence::gather(ctx, base, &now.run, &[], &look, ahead)?;
    let rules = Rules::from(ctx.settings()?);
    let comparison = compare(&before.side(), &now.side(), &seen, &rules);
    let look = Look {
        width: ctx.ui.width(),
        unicode: ctx.ui.unicode(),
        color: ctx.ui.color(),
        lang: ctx.lang()?,
        all: false,
        env: false,
    };
    Ok(preflight::lines(&comparison, &look))
}
