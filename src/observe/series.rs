//! Metrics over steps: the log that a run appends to, and its summary.
