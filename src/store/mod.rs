//! The `experiments/` folder: the record, and the truth.
//!
//! Files here are written atomically, read with their version checked first, and never followed
//! through symbolic links. Notes, refs and caches can be rebuilt from what this room keeps.

pub mod cards;
pub mod catalog;
pub mod contain;
pub mod elsewhere;
pub mod facts;
pub mod folder;
pub mod format;
pub mod ids;
pub mod index;
pub mod layout;
pub mod lean;
pub mod lock;
pub mod others;
pub mod renumber;
pub mod runs;
pub mod seal;
pub mod shared;
pub mod stage;
pub mod stat;
pub mod tables;
pub mod tombstone;

pub use layout::Project;
