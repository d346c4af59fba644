//! Looks for secrets in files, without ever giving the secret itself back.

use std::io::{self, Read};

use super::shapes::REACH;
use super::{Match, matches};

/// A secret in a file: what and where, never the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it looks like, such as `GitHub token`.
    pub kind: &'static str,
    /// The line it begins on, from 1.
    pub line: usize,
}

/// More than this many in one file tell a reader nothing new.
const MOST: usize = 100;

/// How much is read at a time, in bytes.
const PIECE: usize = 256 * 1024;

/// Finds secrets in bytes: one finding a kind and line, at most 100, in order.
pub fn scan(bytes: &[u8]) -> Vec<Finding> {
    let mut collector = Collector::default();
    collector.take(bytes, &matches(bytes, is_text(bytes)), 0..bytes.len());
    collector.findings
}

/// The same for a stream of any length, in constant memory.
pub fn scan_reader(reader: impl Read) -> io::Result<Vec<Finding>> {
    scan_pieces(reader, PIECE)
}

/// Assignments mean something in text only; a NUL in the beginning is what git calls binary by.
fn is_text(beginning: &[u8]) -> bool {
    !beginning[..beginning.len().min(8000)].contains(&0)
}

pub(super) fn scan_pieces(mut reader: impl Read, piece: usize) -> io::Result<Vec<Finding>> {
    // A match is taken only when what its rule looks at, REACH to either side, is in the buffer.
    let margin = 3 * REACH;
    let mut collector = Collector::default();
    let mut buffer = Vec::new();
    let mut text = None;
    let mut done = 0;
    loop {
        let before = buffer.len();
        reader
            .by_ref()
            .take(u64::try_from(piece + margin).unwrap_or(u64::MAX))
            .read_to_end(&mut buffer)?;
        let at_end = buffer.len() - before < piece + margin;
        let text = *text.get_or_insert_with(|| is_text(&buffer));
        let safe = if at_end {
            buffer.len()
        } else {
            buffer.len() - margin
        };
        collector.take(&buffer, &matches(&buffer, text), done..safe);
        if at_end || collector.findings.len() >= MOST {
            return Ok(collector.findings);
        }
        let drop = safe.saturating_sub(margin);
        buffer.drain(..drop);
        done = safe - drop;
    }
}

/// Turns matches into findings and counts lines as it goes.
#[derive(Default)]
struct Collector {
    findings: Vec<Finding>,
    /// Line ends before `counted` of the present buffer and in everything before it.
    lines: usize,
}

impl Collector {
    /// Takes the matches that begin in `window`, which follows the window before.
    fn take(&mut self, bytes: &[u8], matches: &[Match], window: std::ops::Range<usize>) {
        let mut counted = window.start;
        for found in matches.iter().filter(|m| window.contains(&m.range.start)) {
            self.lines += line_ends(&bytes[counted..found.range.start]);
            counted = found.range.start;
            let finding = Finding {
                kind: found.kind,
                line: self.lines + 1,
            };
            let told = self.findings.iter().rev().take(8).any(|f| *f == finding);
            if !told && self.findings.len() < MOST {
                self.findings.push(finding);
            }
        }
        self.lines += line_ends(&bytes[counted..window.end]);
    }
}

fn line_ends(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}
