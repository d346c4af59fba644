//! The explanation as a contract for programs: `git-exp/diff/1`.
