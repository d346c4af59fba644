//! `git exp check`: rules → findings.
//!
//! [`facts`] are gathered first ([`gather`]), then each of [`rules`] is asked, and the findings are
//! weighed by the project's [`policy`] and told in one of [`formats`]. [`prose`] reads the numbers that
//! people write about runs.

pub mod facts;
pub mod finding;
pub mod prose;
pub mod rules;
