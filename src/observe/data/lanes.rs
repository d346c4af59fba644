//! SHA-256 of several contents side by side.
//!
//! The steps of one digest wait for each other, which leaves most of a processor idle; those of several
//! do not wait, and fill it: four take the time of two with the SHA instructions of x86.

use std::sync::OnceLock;

use sha2::Digest;

use super::hash::Raw;

/// A block of SHA-256.
const BLOCK: u64 = 64;
/// What ends a content: a mark and the length.
const END: u64 = 1 + 8;
/// More contents at once gain little, and their bytes fall out of the second-level cache.
const MOST: usize = 4;

/// How many contents are worth a call of [`digests`] on this machine.
pub fn width() -> usize {
    match is_proven() {
        true => MOST,
        false => 1,
    }
}

/// How many blocks a content fills: those of the same number go side by side.
pub fn blocks(bytes: u64) -> u64 {
    (bytes + END).div_ceil(BLOCK)
}

/// Digests each content.
pub fn digests(contents: &[&[u8]]) -> Vec<Raw> {
    let is_even = contents
        .windows(2)
        .all(|pair| blocks(pair[0].len() as u64) == blocks(pair[1].len() as u64));
    match contents.len() > 1 && is_even && is_proven() {
        true => side_by_side(contents),
        false => one_by_one(contents),
    }
}

fn side_by_side(contents: &[&[u8]]) -> Vec<Raw> {
    let mut digests = vec![Raw::default(); contents.len()];
    tape_sha256::hash_many(contents, &mut digests);
    digests
}

fn one_by_one(contents: &[&[u8]]) -> Vec<Raw> {
    let one = |content: &&[u8]| sha2::Sha256::digest(content).into();
    contents.iter().map(one).collect()
}

/// Whether the library gives on this machine what another gives: it has a way of its own for each kind
/// of processor, and a wrong digest is worse than a slow one.
fn is_proven() -> bool {
    static PROVEN: OnceLock<bool> = OnceLock::new();
    *PROVEN.get_or_init(|| {
        let byte = |at: usize| (at * 131 + at / 251) as u8;
        let text: Vec<u8> = (0..4096).map(byte).collect();
        [0, 1, 55, 56, 63, 64, 119, 120, 127, 128, 1000, 2048]
            .into_iter()
            .all(|length| {
                (1..=MOST).all(|count| {
                    let contents: Vec<&[u8]> =
                        (0..count).map(|at| &text[at * 7..][..length]).collect();
                    side_by_side(&contents) == one_by_one(&contents)
                })
            })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_library_is_proven_here() {
        assert_eq!(width(), MOST);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
        #[test]
        fn digests_are_those_of_each_alone(
            lengths in prop::collection::vec(0_usize..700, 0..9),
            even in prop::option::of(0_usize..12),
            bytes in prop::collection::vec(any::<u8>(), 800),
        ) {
            // Of one number of blocks, or of any.
            let length = |(at, length): (usize, &usize)| match even {
                Some(blocks) if blocks > 0 => (blocks * 64 - 9).saturating_sub(at),
                _ => *length,
            };
            let contents: Vec<&[u8]> = lengths
                .iter()
                .enumerate()
                .map(|(at, own)| &bytes[at * 11..][..length((at, own))])
                .collect();
            prop_assert_eq!(digests(&contents), one_by_one(&contents));
        }
    }
}
