//! Everything that findings are told from, read once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Severity};
use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::git::survey::Remote;
use crate::git::{Repo, notes, refs};
use crate::model::{MetricValue, Oid, Run, RunId, Status, Uid};
use crate::settings::{Lang, ProjectSettings};
use crate::store::Project;
use crate::store::ids::{self, Reservation};
use crate::store::runs::{self, Entry};
use crate::store::tombstone;

/// One line of a note, as far as it is understood.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct NoteLine {
    pub uid: Uid,
    #[serde(default)]
    pub rev: u32,
    pub exp: Option<String>,
    pub status: Option<Status>,
    #[serde(default)]
    pub metrics: BTreeMap<String, MetricValue>,
}

/// The state of things.
pub struct Scene<'a> {
    pub ctx: &'a Ctx,
    pub repo: &'a Repo,
    pub project: &'a Project,
    pub settings: ProjectSettings,
    pub settings_problem: Option<Failure>,
    pub lang: Lang,
    pub entries: Vec<Entry>,
    pub refs: BTreeMap<Uid, Oid>,
    /// The newest line of each run, and the commit that it is on.
    pub lines: BTreeMap<Uid, (Oid, NoteLine)>,
    pub reserved: Vec<Reservation>,
    pub remote: Option<Remote>,
}

impl<'a> Scene<'a> {
    pub fn take(ctx: &'a Ctx) -> Result<Self> {
        let repo = ctx.repo()?;
        let project = ctx.project()?;
        let (settings, settings_problem) = match ProjectSettings::read(&project.settings_file()) {
            Ok(settings) => (settings, None),
            Err(failure) => (ProjectSettings::default(), Some(failure)),
        };
        let mut lines: BTreeMap<Uid, (Oid, NoteLine)> = BTreeMap::new();
        for (commit, texts) in notes::read_all(repo)? {
            for line in texts
                .iter()
                .filter_map(|text| serde_json::from_str(text).ok())
            {
                let line: NoteLine = line;
                let newer = lines
                    .get(&line.uid)
                    .is_none_or(|(_, old)| old.rev < line.rev);
                if newer {
                    lines.insert(line.uid.clone(), (commit.clone(), line));
                }
            }
        }
        Ok(Self {
            lang: ctx.globals.lang.or(settings.lang).unwrap_or_default(),
            entries: runs::list(project)?,
            refs: refs::list(repo)?.into_iter().collect(),
            lines,
            reserved: ids::list(&repo.exp_dir(), project),
            remote: repo.remote()?,
            ctx,
            repo,
            project,
            settings,
            settings_problem,
        })
    }

    /// The records that can be read.
    pub fn runs(&self) -> impl Iterator<Item = (&Entry, &Run)> {
        self.entries
            .iter()
            .filter_map(|entry| Some((entry, entry.run.as_ref().ok()?)))
    }

    /// Who they are.
    pub fn uids(&self) -> BTreeSet<Uid> {
        self.runs().map(|(_, run)| run.uid.clone()).collect()
    }

    /// They, and those that were removed on purpose.
    pub fn known(&self) -> Result<BTreeSet<Uid>> {
        let mut known = self.uids();
        known.extend(tombstone::all(self.project)?);
        Ok(known)
    }

    /// Whether a file was written more than ten minutes ago. Unknown is no.
    pub fn is_old(&self, path: &std::path::Path) -> bool {
        let written = path.symlink_metadata().and_then(|found| found.modified());
        let age = written.ok().and_then(|at| self.ctx.ambient.age(at));
        age.is_some_and(|age| age > super::OLD)
    }

    /// The line that says what is well.
    pub fn summary(&self, findings: &[Finding]) -> Result<Finding> {
        let version = self.repo.git_version()?;
        let mut parts = vec![format!("git {version}"), "records schema 1".to_owned()];
        parts.push(match self.entries.len() {
            0 => "no runs yet".to_owned(),
            1 => "1 run".to_owned(),
            count => format!("{count} runs"),
        });
        let is_clear = |codes: &[&str]| !findings.iter().any(|f| codes.contains(&f.code));
        let clear = [
            ("table up to date", &["table", "log"][..]),
            (
                "snapshots kept",
                &["no-ref", "lost-snapshot", "other-ref", "broken-ref"],
            ),
            ("notes complete", &["note"]),
        ];
        for (text, codes) in clear {
            if !self.entries.is_empty() && is_clear(codes) {
                parts.push(text.to_owned());
            }
        }
        Ok(Finding::new(Severity::Ok, "ok", "", parts.join(", ")))
    }
}

/// `exp_003`, for people.
pub fn short(id: &RunId) -> String {
    id.short()
}
