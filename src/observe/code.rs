//! The state of the code, asked through [`crate::git`] and sorted onto axes.
