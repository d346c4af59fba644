//! Paths as a record keeps them: bytes with forward slashes, never trusted to open a file with.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path relative to the project (or absolute, when a data input is marked `external`).
///
/// git knows paths as bytes, so this does too. In JSON it is a string when it is valid UTF-8 and
/// `{"b64": "…"}` when it is not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RecordPath(Vec<u8>);

/// Files and folders, of which there may be very many, each for all that is in it.
#[derive(Clone, Debug, Default)]
pub struct Places(HashSet<RecordPath>);

impl Places {
    /// Whether a path is one of them or [within](RecordPath::is_within) one.
    pub fn cover(&self, path: &RecordPath) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let bytes = path.as_bytes();
        let is_here = |end| self.0.contains(&bytes[..end]);
        let mut folders = memchr::memchr_iter(b'/', bytes);
        is_here(0) || is_here(bytes.len()) || folders.any(is_here)
    }
}

impl FromIterator<RecordPath> for Places {
    fn from_iter<T: IntoIterator<Item = RecordPath>>(paths: T) -> Self {
        Self(paths.into_iter().collect())
    }
}

impl Extend<RecordPath> for Places {
    fn extend<T: IntoIterator<Item = RecordPath>>(&mut self, paths: T) {
        self.0.extend(paths);
    }
}

impl IntoIterator for Places {
    type Item = RecordPath;
    type IntoIter = std::collections::hash_set::IntoIter<RecordPath>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Borrow<[u8]> for RecordPath {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl RecordPath {
    /// Takes bytes as git prints them with `-z`.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Takes a path of this machine; separators become `/`.
    pub fn from_path(path: &Path) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            Self(path.as_os_str().as_bytes().to_vec())
        }
        #[cfg(not(unix))]
        Self(path.to_string_lossy().replace('\\', "/").into_bytes())
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, with invalid UTF-8 shown as U+FFFD. For people, not for opening files.
    pub fn display(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The path in this machine's form. Only [`crate::store::contain`] may open what a record names.
    pub fn to_path(&self) -> PathBuf {
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            PathBuf::from(std::ffi::OsStr::from_bytes(&self.0))
        }
        #[cfg(not(unix))]
        PathBuf::from(String::from_utf8_lossy(&self.0).into_owned())
    }

    /// Whether a text, such as a value of a configuration, is this path however it is spelled.
    pub fn is_spelled(&self, text: &str) -> bool {
        let plain = text.replace('\\', "/");
        let plain = plain.trim_start_matches("./").trim_end_matches('/');
        !plain.is_empty() && plain.as_bytes() == self.as_bytes()
    }

    /// The last component.
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|&b| b == b'/').next().unwrap_or(&self.0)
    }

    /// The folder, empty at the top, and the name in it.
    pub fn split(&self) -> (&[u8], &[u8]) {
        match self.0.iter().rposition(|&b| b == b'/') {
            Some(slash) => (&self.0[..slash], &self.0[slash + 1..]),
            None => (b"", &self.0),
        }
    }

    /// The extension in lower case, without its dot; empty when there is none.
    pub fn extension(&self) -> String {
        String::from_utf8_lossy(self.raw_extension()).to_ascii_lowercase()
    }

    /// The extension as it is written.
    pub fn raw_extension(&self) -> &[u8] {
        let name = self.file_name();
        match name.iter().rposition(|&b| b == b'.') {
            Some(dot) if dot > 0 => &name[dot + 1..],
            _ => &[],
        }
    }

    /// Whether this path is `folder` itself or lies inside it.
    pub fn is_within(&self, folder: &RecordPath) -> bool {
        folder.0.is_empty()
            || self.0 == folder.0
            || (self.0.starts_with(&folder.0) && self.0.get(folder.0.len()) == Some(&b'/'))
    }

    /// `folder/self`; `self` when `folder` is empty.
    pub fn below(&self, folder: &RecordPath) -> Self {
        if folder.0.is_empty() {
            return self.clone();
        }
        Self([&folder.0[..], b"/", &self.0[..]].concat())
    }

    /// The rest of this path inside `folder`, or `None` when it is elsewhere.
    pub fn strip(&self, folder: &RecordPath) -> Option<Self> {
        if folder.0.is_empty() {
            return Some(self.clone());
        }
        self.0
            .strip_prefix(&folder.0[..])?
            .strip_prefix(b"/")
            .map(|rest| Self(rest.to_vec()))
    }
}

impl From<&str> for RecordPath {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for RecordPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.display())
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Encoded {
    b64: String,
}

impl Serialize for RecordPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Encoded {
                b64: STANDARD.encode(&self.0),
            }
            .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for RecordPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Form)
    }
}

/// Text, or [`Encoded`].
struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = RecordPath;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path: text, or {\"b64\": …}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RecordPath, E> {
        Ok(RecordPath(text.as_bytes().to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RecordPath, A::Error> {
        let encoded = Encoded::deserialize(MapAccessDeserializer::new(map))?;
        let bytes = STANDARD.decode(encoded.b64).map_err(A::Error::custom)?;
        Ok(RecordPath(bytes))
    }
}

impl JsonSchema for RecordPath {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RecordPath".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A path: text, or base64 of its bytes when it is not valid UTF-8",
            "anyOf": [{"type": "string"}, generator.subschema_for::<Encoded>()]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_cover_what_is_within_one_of_them() {
        let names = [
            "", "a", "a/b", "a/b/c", "ab", "a/bc", "b", "/", "a/", "a//b",
        ];
        let paths = names.map(RecordPath::from);
        for choice in 0..1 << names.len() {
            let chosen = || (0..names.len()).filter(|at| choice >> at & 1 == 1);
            let places: Places = chosen().map(|at| paths[at].clone()).collect();
            for path in &paths {
                let within = chosen().any(|at| path.is_within(&paths[at]));
                assert_eq!(places.cover(path), within, "{path:?} {places:?}");
            }
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_survive_json() {
        let path = RecordPath::from_bytes(b"data/caf\xe9.csv".to_vec());
        let json = serde_json::to_string(&path).unwrap();
        assert_eq!(json, r#"{"b64":"ZGF0YS9jYWbpLmNzdg=="}"#);
        assert_eq!(serde_json::from_str::<RecordPath>(&json).unwrap(), path);
    }

    #[test]
    fn a_folder_does_not_contain_its_longer_twin() {
        let inside = RecordPath::from("data/train.csv");
        assert!(inside.is_within(&"data".into()));
        assert!(!RecordPath::from("data2/x").is_within(&"data".into()));
        assert_eq!(inside.strip(&"data".into()), Some("train.csv".into()));
    }
}
