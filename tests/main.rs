//! End-to-end tests: the real binary through the real git. One test file a verb.
//!
//! Property tests, here and in the library, try the same cases everywhere: their seed stands in
//! `.cargo/config.toml`. Searching is done on purpose, with another seed and as many cases as there is
//! time for: `PROPTEST_RNG_SEED=$RANDOM PROPTEST_CASES=5000 cargo test --lib`, and for the edits of a
//! working tree `PROPTEST_RNG_SEED=$RANDOM GIT_EXP_TEST_EDITS=3000 cargo test random_edits`. What a
//! search finds becomes a test of its own.
#![allow(clippy::unwrap_used, clippy::print_stderr, dead_code)]

mod arguments;
mod attach;
mod best;
mod browser;
mod check;
mod common;
mod compare;
mod completion;
mod crash;
mod data;
mod diff;
mod doctor;
mod finish;
mod freeze;
mod ground;
mod help;
mod history;
mod hooks;
mod init;
mod like;
mod ls;
mod man;
mod pager;
mod parallel;
mod promote;
mod readme;
#[cfg(unix)]
mod readonly;
mod records;
mod relabel;
mod renumber;
mod report;
mod restore;
mod run;
mod security;
#[cfg(unix)]
mod shared;
mod show;
mod stages;
mod start;
mod story;
mod suggested;
mod table;
mod team;
