//! The name of a run: typed, or made from what changed against its base.
