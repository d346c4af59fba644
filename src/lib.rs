//! `git exp`: records every machine-learning run with its code, data, configuration and metrics,
//! and explains what changed between two of them.
//!
//! Data flows through five words: **observe → record → keep → compare → tell**.
//!
//! - [`cli`] and [`commands`]: the verbs, one file each, thin.
//! - [`context`], [`ambient`], [`settings`]: what a command is surrounded by.
//! - [`model`]: what a run is: plain types, no I/O.
//! - [`git`]: the only user of git: open, freeze, objects, notes, refs.
//! - [`observe`]: what is true now: configuration, data, metrics, environment, code.
//! - [`compare`]: what differs between two runs. [`report`]: how it is told.
//! - [`source`]: what the text of a source file says: tokens, functions, imports, cells.
//! - [`query`]: which runs are meant by a filter. [`choose`]: which of them is best, and why.
//! - [`record`]: how a run is begun and ended. [`doctor`]: what a crash left, and how it is mended.
//! - [`check`]: proves that records tell the truth: rules, findings, formats.
//! - [`rows`]: how two versions of data differ, row by row or by their cards.
//! - [`evidence`]: gathers what a comparison is told beyond the records.
//! - [`store`]: the `experiments/` folder: layout, format, numbers.
//! - [`ui`]: the only writer to a terminal. [`error`]: failures as people read them.
//! - [`atomic`]: files that appear whole or not at all. [`failpoint`]: where tests make it die.
//!
//! Dependencies point down only: commands → report, compare, observe, store, git → model.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod ambient;
pub mod atomic;
pub mod check;
pub mod choose;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod context;
pub mod doctor;
pub mod error;
pub mod evidence;
pub mod failpoint;
pub mod git;
pub mod model;
pub mod observe;
pub mod query;
pub mod record;
pub mod report;
pub mod rows;
pub mod settings;
pub mod source;
pub mod store;
pub mod ui;

use clap::Parser;

use crate::error::{ExitCode, Failure};
use crate::ui::{Ui, UiOptions};

/// Runs the program and says how it ended.
pub fn main() -> ExitCode {
    // A write over the shell's limit on file sizes is an error like that of a full disk, not the end.
    // A handler, for what is ignored would be ignored in the processes that are started, too.
    #[cfg(unix)]
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, seen);
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let ctx = ambient::Ambient::capture().and_then(|a| context::Ctx::new(a, cli.globals.clone()));
    let ctx = match ctx {
        Ok(ctx) => ctx,
        Err(failure) => return failed(&Ui::new(UiOptions::default()), &failure),
    };
    match cli.command.run(&ctx) {
        Ok(code) => code,
        Err(failure) => failed(&ctx.ui, &failure),
    }
}

/// Help and version go to standard output with 0; a wrong command line is an error.
fn usage(error: &clap::Error) -> ExitCode {
    // A closed pipe is nobody's failure.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::ERROR
    } else {
        ExitCode::OK
    }
}

fn failed(ui: &Ui, failure: &Failure) -> ExitCode {
    if failure.is_broken_pipe() {
        return ExitCode::OK;
    }
    ui.failure(failure);
    ExitCode::ERROR
}
