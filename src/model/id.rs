//! Who a run is: a `uid` that never changes, and `exp_NNN_slug`, the label people use.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::run::Time;

/// The identity of a run: a UUIDv7 as 32 lower-case hex digits, time-ordered and never reused.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[schemars(transparent)]
pub struct Uid(#[schemars(regex(pattern = "^[0-9a-z]{26,36}$"))] String);

impl Uid {
    /// Accepts `[0-9a-z]{26,36}`: nothing that could be an option, a path or a ref trick.
    pub fn parse(text: &str) -> Option<Self> {
        Self::is_valid(text).then(|| Self(text.to_owned()))
    }

    /// Whether a text is one.
    pub fn is_valid(text: &str) -> bool {
        let plain = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase();
        (26..=36).contains(&text.len()) && text.bytes().all(plain)
    }

    /// Builds one from a moment and ten random bytes.
    pub fn new(unix_millis: u64, random: &[u8; 10]) -> Self {
        Self(
            uuid::Builder::from_unix_timestamp_millis(unix_millis, random)
                .into_uuid()
                .simple()
                .to_string(),
        )
    }

    /// When it was made; `None` for a uid of another kind than ours.
    pub fn born(&self) -> Option<Time> {
        let uuid = uuid::Uuid::try_parse(&self.0).ok()?;
        let (seconds, nanos) = uuid.get_timestamp()?.to_unix();
        let at = chrono::DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)?;
        Some(at.fixed_offset())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a run's uid"))
    }
}

/// `exp_003_new_features`: the number and the slug of a run, which is also its folder's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId {
    /// 1, 2, 3, …
    pub number: u32,
    /// `[a-z0-9_]{1,40}`
    pub slug: String,
}

impl RunId {
    /// Reads a folder name; `None` if it isn't `exp_N_slug` with a valid slug.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, slug) = text.strip_prefix("exp_")?.split_once('_')?;
        let valid = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if !(1..=9).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        if slug.is_empty() || slug.len() > 60 || !slug.bytes().all(valid) {
            return None;
        }
        Some(Self {
            number: digits.parse().ok()?,
            slug: slug.to_owned(),
        })
    }

    /// `exp_003`, the form for tables and sentences.
    pub fn short(&self) -> String {
        format!("exp_{:03}", self.number)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("exp_{:03}_{}", self.number, self.slug))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_round_trip() {
        for name in [
            "exp_001_baseline",
            "exp_1234_x",
            "exp_010_resnet50_pretrained",
        ] {
            assert_eq!(RunId::parse(name).unwrap().to_string(), name);
        }
        for name in [
            "exp_001",
            "exp_001_",
            "exp_1_Ä",
            "run_1_a",
            "exp_x_a",
            "exp_001_../x",
        ] {
            assert!(RunId::parse(name).is_none(), "{name}");
        }
    }

    #[test]
    fn uids_sort_by_time_and_refuse_tricks() {
        let early = Uid::new(1_700_000_000_000, &[255; 10]);
        let late = Uid::new(1_700_000_000_001, &[0; 10]);
        assert!(early < late);
        assert_eq!(early.as_str().len(), 32);
        assert!(Uid::parse("-x").is_none() && Uid::parse("../../../../../../etc/passwd").is_none());
    }
}
