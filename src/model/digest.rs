//! Content digests: SHA-256 of files, and git object ids.

use std::fmt;

use arrayvec::ArrayString;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// A SHA-256 as 64 lower-case hex digits: what `sha256sum` prints and what Git LFS calls an oid.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[schemars(transparent)]
pub struct Sha256(#[schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$"))] Box<Digits>);

/// In place in an id, for a listing has one for each file of a repository; a record has few digests, but
/// many places where one may be.
type Digits = ArrayString<64>;

impl Sha256 {
    const LENGTHS: &[usize] = &[64];

    /// Takes 64 hex digits, in either case; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        digits_of_text(text, Self::LENGTHS).map(|digits| Self(Box::new(digits)))
    }

    /// Whether a text is a digest in the very digits that [`Self::as_str`] gives.
    pub fn is_canonical(text: &str) -> bool {
        is_canonical(text, Self::LENGTHS)
    }

    /// Wraps the 32 raw bytes of a digest.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Box::new(digits(bytes)))
    }

    /// The 32 raw bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        let digit = |at: usize| match self.0.as_bytes().get(at) {
            Some(c @ b'0'..=b'9') => c - b'0',
            Some(c) => c.wrapping_sub(b'a').wrapping_add(10),
            None => 0,
        };
        std::array::from_fn(|i| digit(2 * i) << 4 | digit(2 * i + 1))
    }

    /// Digests bytes held in memory.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self::from_bytes(&sha2::Sha256::digest(bytes).into())
    }

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight digits, enough for a person to tell two files apart.
    pub fn short(&self) -> &str {
        &self.0[..8]
    }
}

/// A git object id: 40 hex digits in a SHA-1 repository, 64 in a SHA-256 one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[schemars(transparent)]
pub struct Oid(
    #[schemars(with = "String", regex(pattern = "^([0-9a-f]{40}|[0-9a-f]{64})$"))] Digits,
);

impl Oid {
    const LENGTHS: &[usize] = &[40, 64];

    /// Takes a full object id; abbreviations are refused, for they can become ambiguous later.
    pub fn parse(text: &str) -> Option<Self> {
        digits_of_text(text, Self::LENGTHS).map(Self)
    }

    /// Whether a text is an id in the very digits that [`Self::as_str`] gives.
    pub fn is_canonical(text: &str) -> bool {
        is_canonical(text, Self::LENGTHS)
    }

    /// Wraps the raw bytes of an id (20 or 32).
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        matches!(bytes.len(), 20 | 32).then(|| Self(digits(bytes)))
    }

    /// All digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, as git abbreviates.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

fn digits_of_text(text: &str, lengths: &[usize]) -> Option<Digits> {
    let is_hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    let mut digits = Digits::from(text).ok()?;
    digits.make_ascii_lowercase();
    (lengths.contains(&text.len()) && is_hex).then_some(digits)
}

fn is_canonical(text: &str, lengths: &[usize]) -> bool {
    let digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    lengths.contains(&text.len()) && text.bytes().all(digit)
}

/// Of at most 32 bytes.
fn digits(bytes: &[u8]) -> Digits {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    let text = text.get(..bytes.len() * 2).unwrap_or_default();
    // All of them are ASCII.
    Digits::from(std::str::from_utf8(text).unwrap_or_default()).unwrap_or_default()
}

macro_rules! hex_text {
    ($name:ident, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(format!("`{}` is not {}", text.escape_debug(), $what))
                })
            }
        }
    };
}
hex_text!(Sha256, "a SHA-256 of 64 hex digits");
hex_text!(Oid, "a git object id of 40 or 64 hex digits");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_agree_with_sha256sum() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256::of(b"").as_str(), empty);
    }

    #[test]
    fn only_full_hex_ids_are_taken() {
        assert!(Oid::parse("a41c9d2").is_none());
        assert!(Oid::parse(&"g".repeat(40)).is_none());
        assert_eq!(Oid::parse(&"A".repeat(64)).unwrap().short(), "aaaaaaa");
    }
}
