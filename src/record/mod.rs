//! Recording a run: what `start`, `run` and `finish` have in common.
//!
//! [`begin`] observes and freezes, then writes in the order that survives a crash at any point:
//! number → git objects → ref → folder → note. [`end`] adds the results.

pub mod adopt;
pub mod attach;
pub mod begin;
pub mod child;
pub mod claims;
pub mod commit;
mod configuration;
pub mod current;
pub mod earlier;
pub mod end;
pub mod gather;
pub mod guard;
pub mod inputs;
pub mod isolated;
pub mod launch;
pub mod like;
pub mod metrics_file;
pub mod naming;
pub mod prepare;
pub mod publish;
pub mod repeats;
pub mod restore;
pub mod results;
pub mod revise;
pub mod setup;
pub mod watch;
