//! The command line: one line a verb.

use clap::{Parser, Subcommand};

use crate::commands;
use crate::context::{Ctx, GlobalArgs};
use crate::error::{ExitCode, Result};

/// Records machine-learning runs with their code, data, configuration and metrics, and explains
/// what changed between two of them.
#[derive(Debug, Parser)]
#[command(
    name = "git-exp",
    bin_name = "git exp",
    version,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    /// Options common to all verbs.
    #[command(flatten)]
    pub globals: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make experiments/ here; safe to repeat
    Init(commands::init::InitArgs),
    /// Freeze code, data, configuration and environment before a run
    Start(commands::start::StartArgs),
    /// Add metrics and models to the run that was started
    Finish(commands::finish::FinishArgs),
    /// Start, run a command, finish; the exit code is the command's
    Run(commands::run::RunArgs),
    /// Log values over steps
    Metric(commands::metric::MetricArgs),
    /// Write down what was learnt
    Note(commands::note::NoteArgs),
    /// List runs, newest first
    #[command(visible_alias = "list")]
    Ls(commands::ls::LsArgs),
    /// Tell the story of the runs: what each changed, and what came of it
    Log(commands::log::LogArgs),
    /// Show all about one run
    Show(commands::show::ShowArgs),
    /// Give a run's files back, byte for byte, into a new place
    Restore(commands::restore::RestoreArgs),
    /// Share the refs and notes of runs
    Push(commands::push::PushArgs),
    /// Get the refs and notes of everybody's runs
    Pull(commands::pull::PullArgs),
    /// Tell runs apart that took one number on two branches
    Renumber(commands::renumber::RenumberArgs),
    /// Draw what was logged over steps, or a metric over runs
    Plot(commands::plot::PlotArgs),
    /// Write the sections of a report, or one HTML page, from the records
    Report(commands::report::ReportArgs),
    /// Explain what changed between two runs
    Diff(commands::diff::DiffArgs),
    /// Show what a data file is, or how two versions of it differ
    Data(commands::data::DataArgs),
    /// Verify that records, code, data and reports agree
    Check(commands::check::CheckArgs),
    /// Show several runs side by side, only what differs
    Compare(commands::compare::CompareArgs),
    /// Name the best run, and say why not another
    Best(commands::best::BestArgs),
    /// Decide which run is in use
    Promote(commands::promote::PromoteArgs),
    /// Find the run behind a stage or behind any file
    Which(commands::which::WhichArgs),
    /// Print or write the table of all runs, or read comments back from it
    Table(commands::table::TableArgs),
    /// Label a run
    Tag(commands::tag::TagArgs),
    /// Give a run another name
    Rename(commands::rename::RenameArgs),
    /// Remove a run and keep its number taken
    Rm(commands::rm::RmArgs),
    /// Say what is not right, and mend it with --fix
    Doctor(commands::doctor::DoctorArgs),
    /// Print what a shell needs to complete our command line
    Completion(commands::completion::CompletionArgs),
    /// Print the JSON Schema of a file or output
    Schema(commands::schema::SchemaArgs),
    /// Show how to use git exp, or one of its verbs
    Help(commands::help::HelpArgs),
}

impl Command {
    /// Runs the verb.
    pub fn run(&self, ctx: &Ctx) -> Result<ExitCode> {
        match self {
            Self::Init(args) => commands::init::init(ctx, args),
            Self::Start(args) => commands::start::start(ctx, args),
            Self::Finish(args) => commands::finish::finish(ctx, args),
            Self::Run(args) => commands::run::run(ctx, args),
            Self::Metric(args) => commands::metric::metric(ctx, args),
            Self::Note(args) => commands::note::note(ctx, args),
            Self::Ls(args) => commands::ls::ls(ctx, args),
            Self::Log(args) => commands::log::log(ctx, args),
            Self::Show(args) => commands::show::show(ctx, args),
            Self::Restore(args) => commands::restore::restore(ctx, args),
            Self::Push(args) => commands::push::push(ctx, args),
            Self::Pull(args) => commands::pull::pull(ctx, args),
            Self::Renumber(args) => commands::renumber::renumber(ctx, args),
            Self::Plot(args) => commands::plot::plot(ctx, args),
            Self::Report(args) => commands::report::report(ctx, args),
            Self::Diff(args) => commands::diff::diff(ctx, args),
            Self::Data(args) => commands::data::data(ctx, args),
            Self::Check(args) => commands::check::check(ctx, args),
            Self::Compare(args) => commands::compare::compare(ctx, args),
            Self::Best(args) => commands::best::best(ctx, args),
            Self::Promote(args) => commands::promote::promote(ctx, args),
            Self::Which(args) => commands::which::which(ctx, args),
            Self::Table(args) => commands::table::table(ctx, args),
            Self::Tag(args) => commands::tag::tag(ctx, args),
            Self::Rename(args) => commands::rename::rename(ctx, args),
            Self::Rm(args) => commands::rm::rm(ctx, args),
            Self::Doctor(args) => commands::doctor::doctor(ctx, args),
            Self::Completion(args) => commands::completion::completion(ctx, args),
            Self::Schema(args) => commands::schema::schema(ctx, args),
            Self::Help(args) => commands::help::help(ctx, args),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
