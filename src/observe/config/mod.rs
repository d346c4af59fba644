//! Configuration files as typed leaves with dotted names.
