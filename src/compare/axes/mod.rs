//! One file an axis: what differs on it, and how much of that is known.

pub mod code;
pub mod command;
pub mod config;
pub mod data;
pub mod env;
pub mod eval;
pub mod hardware;
pub mod seed;

use super::axis::{Axis, Gap, State};
use super::evidence::{Evidence, Side};
use super::rules::Rules;

/// All eight axes of a comparison.
#[derive(Clone, Debug)]
pub struct Axes {
    /// The yardstick.
    pub eval: eval::EvalAxis,
    /// Data that was learnt from.
    pub data: data::DataAxis,
    /// Program code.
    pub code: code::CodeAxis,
    /// Configuration.
    pub config: config::ConfigAxis,
    /// Seed.
    pub seed: seed::SeedAxis,
    /// Software.
    pub env: env::EnvAxis,
    /// Machine.
    pub hardware: hardware::HardwareAxis,
    /// Command line.
    pub command: command::CommandAxis,
}

impl Axes {
    /// Compares two runs on every axis.
    pub fn between(a: &Side<'_>, b: &Side<'_>, evidence: &Evidence<'_>, rules: &Rules) -> Self {
        let data = data::DataAxis::between(a.run, b.run, &evidence.inside);
        let code = code::CodeAxis::between(a.run, b.run, evidence);
        let config = config::ConfigAxis::between(a.run, b.run, rules);
        let eval = eval::EvalAxis::between(a.run, b.run, evidence, rules, (&data, &code, &config));
        Self {
            eval,
            seed: seed::SeedAxis::between(a.run, b.run, &config),
            env: env::EnvAxis::between(a, b),
            hardware: hardware::HardwareAxis::between(a.run, b.run),
            command: command::CommandAxis::between(a.run, b.run),
            data,
            code,
            config,
        }
    }

    /// What is known of one axis.
    pub fn state(&self, axis: Axis) -> State {
        match axis {
            Axis::Eval => self.eval.state,
            Axis::Data => self.data.state,
            Axis::Code => self.code.state,
            Axis::Config => self.config.state,
            Axis::Seed => self.seed.state,
            Axis::Env => self.env.state,
            Axis::Hardware => self.hardware.state,
            Axis::Command => self.command.state,
        }
    }

    /// Why parts of an axis are unknown.
    pub fn gaps(&self, axis: Axis) -> &[Gap] {
        match axis {
            Axis::Eval => &self.eval.gaps,
            Axis::Data => &self.data.gaps,
            Axis::Code => &self.code.gaps,
            Axis::Config => &self.config.gaps,
            Axis::Seed => &self.seed.gaps,
            Axis::Env => &self.env.gaps,
            Axis::Hardware => &self.hardware.gaps,
            Axis::Command => &self.command.gaps,
        }
    }
}
