//! pyenv's shims: small scripts on `PATH` that start the version chosen for a folder.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::ambient::Ambient;

use super::lockfiles::read_text;
use super::program::find_program;

/// A file in pyenv's folder of shims.
pub(super) struct Shim {
    root: PathBuf,
    program: OsString,
}

impl Shim {
    /// Recognises one by where it lies.
    pub(super) fn at(file: &Path) -> Option<Self> {
        let folder = file.parent()?;
        let root = folder.parent()?;
        let is_shim = folder.file_name()? == "shims" && root.join("versions").is_dir();
        is_shim.then(|| Self {
            root: root.to_path_buf(),
            program: file.file_name().unwrap_or_default().to_owned(),
        })
    }

    /// The program that the shim would start: the first chosen version that has it.
    pub(super) fn target(&self, ambient: &Ambient) -> Result<PathBuf, String> {
        let versions = self.chosen(ambient);
        versions
            .iter()
            .find_map(|version| self.in_version(version, ambient))
            .ok_or_else(|| {
                format!(
                    "pyenv has no `{}` in {}: the environment is not known",
                    self.program.to_string_lossy(),
                    versions.join(", ")
                )
            })
    }

    /// `PYENV_VERSION`, else `.python-version` here or above, else pyenv's own file, else `system`.
    fn chosen(&self, ambient: &Ambient) -> Vec<String> {
        if let Some(text) = ambient.var("PYENV_VERSION") {
            return text.split(':').map(str::to_owned).collect();
        }
        ambient
            .cwd()
            .ancestors()
            .map(|folder| folder.join(".python-version"))
            .chain([self.root.join("version")])
            .filter_map(|file| read_text(&file, 64 << 10))
            .map(|text| versions_in(&text))
            .find(|versions| !versions.is_empty())
            .unwrap_or_else(|| vec!["system".to_owned()])
    }

    fn in_version(&self, version: &str, ambient: &Ambient) -> Option<PathBuf> {
        if version == "system" {
            let shims = self.root.join("shims");
            return find_program(ambient, &self.program, Some(&shims));
        }
        let folder = self.root.join("versions");
        let version = version.strip_prefix("python-").unwrap_or(version);
        // A name is one folder, whatever a file in a stranger's repository says.
        if version.contains(['/', '\\']) || version.starts_with('.') {
            return None;
        }
        let exact = folder.join(version);
        let prefix = match exact.is_dir() {
            true => exact,
            false => folder.join(latest(&folder, version)?),
        };
        let file = prefix.join("bin").join(&self.program);
        file.exists().then_some(file)
    }
}

fn versions_in(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect()
}

/// `3.11` stands for the newest installed `3.11.x`.
fn latest(folder: &Path, version: &str) -> Option<OsString> {
    let prefix = format!("{version}.");
    super::packages::entries(folder)
        .filter_map(|name| {
            let rest = name.strip_prefix(&prefix)?;
            let numbers: Option<Vec<u32>> = rest.split('.').map(|n| n.parse().ok()).collect();
            Some((numbers?, name))
        })
        .max()
        .map(|(_, name)| OsStr::new(&name).to_owned())
}
