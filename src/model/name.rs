//! Names of runs: from what a person types to `[a-z0-9_]{1,40}`.
