//! What differs between two runs: pure, typed, total.
