//! The interpreter's exact version, from what installers leave beside it.

use std::path::Path;

use super::lockfiles::read_text;

/// As much of the version as there is evidence for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PythonVersion {
    /// `3.11.7`
    Full(String),
    /// `3.11`
    Short(String),
    Unknown,
}

impl PythonVersion {
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Full(text) | Self::Short(text) => Some(text.clone()),
            Self::Unknown => None,
        }
    }

    /// What the record's reader has to know about it.
    pub(super) fn note(&self) -> Option<String> {
        match self {
            Self::Full(_) => None,
            Self::Short(text) => Some(format!(
                "python {text}: which release of it can't be told without starting it"
            )),
            Self::Unknown => {
                Some("the interpreter's version can't be told without starting it".to_owned())
            }
        }
    }

    /// Takes a release that was noted elsewhere, unless it is of another version.
    pub(super) fn refined(self, noted: Option<&str>) -> Self {
        let Some(noted) = noted.filter(|noted| noted.split('.').count() >= 3) else {
            return self;
        };
        let agrees = match &self {
            Self::Short(short) => noted.starts_with(&format!("{short}.")),
            Self::Unknown => true,
            Self::Full(_) => false,
        };
        if agrees {
            Self::Full(noted.to_owned())
        } else {
            self
        }
    }
}

/// The version of the Python under `prefix` whose folders are called `name` (`python3.11`).
pub(super) fn of(prefix: &Path, name: Option<&str>) -> PythonVersion {
    let short = name.and_then(short);
    let rough = short.map_or(PythonVersion::Unknown, |short| {
        PythonVersion::Short(short.to_owned())
    });
    let evidence: [&dyn Fn() -> Option<String>; 4] = [
        &|| from_conda(prefix),
        &|| from_headers(prefix, name),
        &|| from_folder(prefix),
        &|| from_system(prefix, short?),
    ];
    evidence
        .iter()
        .filter_map(|look| look())
        .map(|found| rough.clone().refined(Some(&found)))
        .find(|version| matches!(version, PythonVersion::Full(_)))
        .unwrap_or(rough)
}

/// `3.11` of `python3.11`, `3.13` of `python3.13t`.
pub(super) fn short(name: &str) -> Option<&str> {
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    let version = name[digits..].trim_end_matches(|c: char| !c.is_ascii_digit());
    let (major, minor) = version.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(major) && is_number(minor)).then_some(version)
}

/// The release number that a text begins with: `3.11.7` of `3.11.7.final.0` and of `3.11.7-2+deb12`,
/// `3.13.0rc2` whole.
pub(super) fn leading(text: &str) -> Option<&str> {
    let dots = text.match_indices('.').map(|(i, _)| i);
    let (second, third) = (dots.clone().nth(1)?, dots.clone().nth(2));
    let tail = &text[second + 1..third.unwrap_or(text.len())];
    let length = tail
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(tail.len());
    let starts = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    (starts(text) && starts(tail)).then(|| &text[..second + 1 + length])
}

/// conda names each package's file `name-version-build.json`.
fn from_conda(prefix: &Path) -> Option<String> {
    super::packages::entries(&prefix.join("conda-meta")).find_map(|file| {
        let (name, version) = super::packages::conda_file(&file)?;
        (name == "python").then(|| version.to_owned())
    })
}

/// `#define PY_VERSION "3.11.7"`
fn from_headers(prefix: &Path, name: Option<&str>) -> Option<String> {
    let include = prefix.join("include");
    let folder = name.filter(|_| !cfg!(windows));
    let header = folder.map_or_else(|| include.clone(), |name| include.join(name));
    let text = read_text(&header.join("patchlevel.h"), 1 << 20)?;
    let line = text.lines().find(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some("#define") && words.next() == Some("PY_VERSION")
    })?;
    // A trailing `+` marks a build from between two releases; it stays.
    line.split('"').nth(1).map(str::to_owned)
}

/// pyenv's `versions/3.11.7`, uv's `cpython-3.11.7-linux-x86_64-gnu`
fn from_folder(prefix: &Path) -> Option<String> {
    let name = prefix.file_name()?.to_str()?;
    let version = name.strip_prefix("cpython-").unwrap_or(name);
    leading(version).map(str::to_owned)
}

/// What the system's package manager says of `/usr`.
fn from_system(prefix: &Path, short: &str) -> Option<String> {
    if !prefix.ends_with("usr") {
        return None;
    }
    let root = prefix.parent()?;
    let dpkg = || {
        let status = read_text(&root.join("var/lib/dpkg/status"), 64 << 20)?;
        let package = format!("Package: python{short}-minimal\n");
        paragraph(&status, &package, "Version:")
    };
    let apk = || {
        let installed = read_text(&root.join("lib/apk/db/installed"), 64 << 20)?;
        paragraph(&installed, "P:python3\n", "V:")
    };
    let found = dpkg().or_else(apk)?;
    leading(&found).map(str::to_owned)
}

/// A field of the paragraph that has a given line; paragraphs are parted by empty lines.
fn paragraph(text: &str, line: &str, field: &str) -> Option<String> {
    let at = match text.starts_with(line) {
        true => 0,
        false => text.find(&format!("\n{line}"))? + 1,
    };
    let start = text[..at].rfind("\n\n").map_or(0, |end| end + 2);
    let paragraph = text[start..].split("\n\n").next()?;
    let value = paragraph
        .lines()
        .find_map(|line| line.strip_prefix(field))?;
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_numbers() {
        for (text, expected) in [
            ("3.11.7", Some("3.11.7")),
            ("3.11.7.final.0", Some("3.11.7")),
            ("3.11.2-6+deb12u6", Some("3.11.2")),
            ("3.13.0rc2", Some("3.13.0rc2")),
            ("3.11", None),
            ("pypy3.10-7.3.13", None),
            ("3..", None),
            ("", None),
        ] {
            assert_eq!(leading(text), expected, "{text}");
        }
        assert_eq!(short("python3.13t"), Some("3.13"));
        assert_eq!(short("pypy3.10"), Some("3.10"));
        assert_eq!(short("python3"), None);
        assert_eq!(short("python3.11.7"), None);
    }

    #[test]
    fn a_noted_release_of_another_version_is_not_believed() {
        let rough = PythonVersion::Short("3.12".into());
        assert_eq!(rough.clone().refined(Some("3.11.7")), rough);
        let full = PythonVersion::Full("3.12.1".into());
        assert_eq!(rough.clone().refined(Some("3.12.1")), full);
        assert_eq!(rough.clone().refined(Some("3.12")), rough);
    }
}
