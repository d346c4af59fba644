//! `git exp doctor`: says what is not right, and mends it with `--fix`.

use serde::Serialize;

use crate::context::Ctx;
use crate::doctor::{self, DOCTOR_SCHEMA, Finding, Severity};
use crate::error::{ExitCode, Result};
use crate::ui::escape::printable;
use crate::ui::style::Style;

/// Findings of one kind that are listed; the rest is counted.
const SHOWN: usize = 10;

/// Arguments of `git exp doctor`.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Mend what can be mended; git's own locks are named, and left to you
    #[arg(long)]
    pub fix: bool,
    /// Ask the remote which snapshots it has (the only check that uses the network)
    #[arg(long)]
    pub remote: bool,
}

/// The machine-readable report.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Report {
    /// How many findings were mended.
    pub fixed: usize,
    /// How many are left to do.
    pub to_do: usize,
    /// All of them.
    pub findings: Vec<Finding>,
}

/// Examines, and mends with `--fix`. Exit code 1 says that something is left to do.
pub fn doctor(ctx: &Ctx, args: &DoctorArgs) -> Result<ExitCode> {
    let mut findings = match args.fix {
        true => doctor::treat(ctx, args.remote)?,
        false => doctor::examine(ctx, args.remote)?,
    };
    findings.sort_by_key(|finding| finding.severity);
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let (fixed, to_do) = (count(Severity::Fixed), count(Severity::DoThis));
    if ctx.globals.json {
        let report = Report {
            fixed,
            to_do,
            findings,
        };
        let mut value = serde_json::to_value(&report).unwrap_or_default();
        value["schema"] = DOCTOR_SCHEMA.into();
        ctx.ui.out_json(&value)?;
    } else {
        ctx.ui.out(text(ctx, &findings))?;
    }
    Ok(match to_do {
        0 => ExitCode::OK,
        _ => ExitCode::NO,
    })
}

fn text(ctx: &Ctx, findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut at = 0;
    while at < findings.len() {
        let first = &findings[at];
        let alike = findings[at..]
            .iter()
            .take_while(|f| (f.code, f.severity) == (first.code, first.severity))
            .count();
        let shown = if ctx.ui.is_verbose() {
            alike
        } else {
            alike.min(SHOWN)
        };
        for finding in &findings[at..at + shown] {
            text.push_str(&line(ctx, finding));
        }
        if alike > shown {
            let more = alike - shown;
            text.push_str(&format!(
                "         … and {more} more like this:  git exp doctor -v\n"
            ));
        }
        at += alike;
    }
    text
}

fn line(ctx: &Ctx, finding: &Finding) -> String {
    let (label, style) = match finding.severity {
        Severity::Ok => ("ok", Style::Good),
        Severity::Fixed => ("fixed", Style::Good),
        Severity::DoThis => ("do this", Style::Warning),
        Severity::Note => ("note", Style::Hint),
    };
    let mut line = ctx.ui.paint(style, format!("{label:<9}"));
    if !finding.subject.is_empty() {
        line.push_str(&format!("{}: ", printable(&finding.subject)));
    }
    line.push_str(&printable(&finding.what));
    let arrow = if ctx.ui.unicode() { "→" } else { "->" };
    match (&finding.fix, finding.severity) {
        (Some(fix), Severity::Fixed) => line.push_str(&format!(" {arrow} {}", printable(fix))),
        (Some(fix), _) => {
            line.push_str(&format!(":  git exp doctor --fix  ({})", printable(fix)));
        }
        (None, _) => {}
    }
    if let Some(command) = &finding.command {
        match finding.fix {
            Some(_) => line.push_str(&format!("   ({})", printable(command))),
            None => line.push_str(&format!(":  {}", printable(command))),
        }
    }
    line.push('\n');
    line
}
