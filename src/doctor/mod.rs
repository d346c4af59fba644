//! What crashes, other tools and other clones have left, and how it is mended.
//!
//! Each family of findings is one file with one function: it looks and never writes. What it would
//! do is a fix beside the finding. [`treat`] applies fixes and looks again until nothing is left
//! that it can mend, for one fix often shows the next finding (a record that is written back needs
//! its line in the notes). The folder is the truth: whatever can be rebuilt from it is.

mod derived;
mod drafts;
mod jobs;
mod kept;
mod leftovers;
mod locks;
mod notes;
mod orphans;
mod records;
mod recover;
mod refs;
mod remote;
mod scene;
mod stale;

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Ctx;
use crate::error::Result;
use crate::store::lock::Lock;
use scene::Scene;

/// The version of the machine-readable report.
pub const DOCTOR_SCHEMA: &str = "git-exp/doctor/1";
/// Left-over files of ours must be this old before they are taken for left over.
const OLD: Duration = crate::git::locks::OLD;
/// Mending shows what else is to be mended; longer chains than this there are none.
const ROUNDS: usize = 6;

/// How a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// All is well.
    Ok,
    /// Mended just now.
    Fixed,
    /// Somebody should do something.
    #[serde(rename = "do this")]
    DoThis,
    /// Worth knowing; also what could not be found out.
    Note,
}

/// One thing that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// A stable name, such as `stale-run`.
    pub code: &'static str,
    /// How it stands.
    pub severity: Severity,
    /// What it is about: a run, a file, a ref, or nothing in particular.
    pub subject: String,
    /// What is the matter.
    pub what: String,
    /// What `--fix` does, or has done.
    pub fix: Option<String>,
    /// What to type where `--fix` can't help.
    pub command: Option<String>,
    /// More of a lock of git's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<locks::Facts>,
    #[serde(skip)]
    #[schemars(skip)]
    act: Option<Act>,
}

/// How something is mended.
struct Act(Mend);

type Mend = Box<dyn FnOnce(&Ctx) -> Result<()>>;

impl std::fmt::Debug for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Act")
    }
}

impl Finding {
    fn new(
        severity: Severity,
        code: &'static str,
        subject: impl ToString,
        what: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity,
            subject: subject.to_string(),
            what: what.into(),
            fix: None,
            command: None,
            lock: None,
            act: None,
        }
    }

    fn to_do(code: &'static str, subject: impl ToString, what: impl Into<String>) -> Self {
        Self::new(Severity::DoThis, code, subject, what)
    }

    fn note(code: &'static str, subject: impl ToString, what: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, subject, what)
    }

    /// Says what `--fix` does, and does it when asked to.
    fn mend(
        mut self,
        text: impl Into<String>,
        act: impl FnOnce(&Ctx) -> Result<()> + 'static,
    ) -> Self {
        self.fix = Some(text.into());
        self.act = Some(Act(Box::new(act)));
        self
    }

    /// Says what to type.
    fn advise(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    fn key(&self) -> (&'static str, String) {
        (self.code, self.subject.clone())
    }
}

/// Looks at everything and writes nothing. `ask_remote` allows the one question that goes over the
/// network.
pub fn examine(ctx: &Ctx, ask_remote: bool) -> Result<Vec<Finding>> {
    let busy = Lock::is_shared(&ctx.repo()?.exp_dir());
    let mut findings = look(ctx, ask_remote)?;
    if busy {
        findings.push(
            Finding::note(
                "busy",
                "",
                "a run is being written at this moment: what is above may be half of it",
            )
            .advise("git exp doctor"),
        );
    }
    Ok(findings)
}

/// Mends what can be mended, while no run is being written.
pub fn treat(ctx: &Ctx, ask_remote: bool) -> Result<Vec<Finding>> {
    let _alone = Lock::alone(&ctx.repo()?.exp_dir())?;
    let mut fixed: Vec<Finding> = Vec::new();
    let mut tried = BTreeSet::new();
    let mut failures: Vec<Finding> = Vec::new();
    for round in 0..ROUNDS {
        let mut acted = false;
        let mut rest = Vec::new();
        for mut finding in look(ctx, ask_remote && round == 0)? {
            let is_new = !tried.contains(&finding.key());
            match finding.act.take() {
                Some(Act(act)) if is_new => {
                    acted = true;
                    tried.insert(finding.key());
                    match act(ctx) {
                        Ok(()) => {
                            finding.severity = Severity::Fixed;
                            fixed.push(finding);
                        }
                        Err(failure) => {
                            finding.what = format!("{}; this failed: {failure}", finding.what);
                            finding.command = failure.hints().first().cloned();
                            finding.fix = None;
                            failures.push(finding);
                        }
                    }
                }
                Some(_) if failures.iter().any(|f| f.key() == finding.key()) => {}
                _ => rest.push(finding),
            }
        }
        if !acted {
            fixed.extend(failures);
            fixed.extend(rest);
            break;
        }
    }
    Ok(fixed)
}

fn look(ctx: &Ctx, ask_remote: bool) -> Result<Vec<Finding>> {
    let scene = Scene::take(ctx)?;
    let mut findings = Vec::new();
    records::look(&scene, &mut findings)?;
    drafts::look(&scene, &mut findings)?;
    leftovers::look(&scene, &mut findings)?;
    locks::look(&scene, &mut findings);
    orphans::look(&scene, &mut findings)?;
    stale::look(&scene, &mut findings)?;
    refs::look(&scene, &mut findings)?;
    kept::look(&scene, &mut findings)?;
    notes::look(&scene, &mut findings)?;
    derived::look(&scene, &mut findings)?;
    remote::look(&scene, ask_remote, &mut findings)?;
    findings.insert(0, scene.summary(&findings)?);
    Ok(findings)
}
