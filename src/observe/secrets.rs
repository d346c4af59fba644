//! Secrets: what they look like, and how they are kept out of records.
