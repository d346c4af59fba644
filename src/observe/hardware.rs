//! The machine: what the operating system says about it.
