//! Secrets: what they look like, and how they are kept out of records.
//!
//! A value is a secret when its *shape* says so ([`scan()`]: issuers' prefixes, key blocks), when the
//! *name* it is given says so (`--password X`), or when the *file* it lies in says so
//! ([`is_secret_path`]). Names are read word by word, for in machine learning most tokens are text:
//! `num_tokens`, `pad_token` and `tokenizer` stay as they are.
//!
//! A miss leaks and a false alarm stops a run, so the two sides lean differently: a command line is
//! redacted on the word of a name, a file is called leaky only when the value looks generated too.

mod assignments;
mod generated;
mod names;
mod paths;
mod redact;
mod scan;
mod shapes;
mod urls;

#[cfg(test)]
mod tests;

pub use paths::is_secret_path;
pub use redact::{redact_argv, redact_text, redact_url};
pub use scan::{Finding, scan, scan_reader};

/// What stands in a record where a secret was.
pub const REDACTED: &str = "[redacted]";

/// Where a secret lies in some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Match {
    kind: &'static str,
    range: std::ops::Range<usize>,
}

/// Every secret in some bytes, in order, none overlapping another. A known shape wins over the name
/// that the value is given, because it says more.
fn matches(bytes: &[u8], with_assignments: bool) -> Vec<Match> {
    let mut found = shapes::find(bytes);
    if with_assignments {
        found.extend(assignments::find(bytes));
    }
    // Stable: at the same place shapes, which came first, stay first.
    found.sort_by_key(|m| m.range.start);
    let mut kept: Vec<Match> = Vec::with_capacity(found.len());
    for candidate in found {
        match kept.last() {
            Some(last) if candidate.range.start < last.range.end => {}
            _ => kept.push(candidate),
        }
    }
    kept
}
