//! The explanation as a pull-request comment.
