//! What an interpreter belongs to, and where it loads packages from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::ambient::Ambient;

use super::lockfiles::read_text;
use super::program::{is_python, split_path, stem};
use super::version::{self, PythonVersion};

/// An interpreter with its surroundings.
#[derive(Debug)]
pub(super) struct Installation {
    /// `venv`, `conda`, `pyenv` or `system`
    pub(super) manager: &'static str,
    pub(super) version: PythonVersion,
    /// Existing folders with packages, in the order that Python searches them.
    pub(super) folders: Vec<PathBuf>,
    /// conda's own list, where there is one.
    pub(super) conda_meta: Option<PathBuf>,
}

/// The Python below an environment: what a venv was made from, or the interpreter itself.
struct Base {
    prefix: PathBuf,
    /// `python3.11`: how folders of this version are named.
    name: Option<String>,
}

impl Installation {
    /// Tells what `interpreter` belongs to; the error is a note for the record.
    pub(super) fn of(interpreter: &Path, ambient: &Ambient) -> Result<Self, String> {
        // A venv is told by the path as it was typed, as Python does it: its interpreter is a link.
        let bin = interpreter.parent().unwrap_or(Path::new(""));
        let above = bin.parent().unwrap_or(bin);
        for prefix in [above, bin] {
            if let Some(text) = read_text(&prefix.join("pyvenv.cfg"), 1 << 20) {
                return Ok(Self::of_venv(interpreter, prefix, &text, ambient));
            }
        }
        let real = std::fs::canonicalize(interpreter)
            .map_err(|error| format!("{} can't be followed: {error}", interpreter.display()))?;
        let base = Base::of(&real);
        let mut folders = from_variable(ambient);
        folders.extend(base.user_folders(ambient));
        folders.extend(base.folders());
        let conda_meta = base.conda_meta();
        Ok(Self {
            manager: base.manager(),
            version: base.version(),
            folders: existing(folders),
            conda_meta,
        })
    }

    fn of_venv(interpreter: &Path, prefix: &Path, settings: &str, ambient: &Ambient) -> Self {
        let settings = parse_settings(settings);
        let base = Base::of_venv(interpreter, prefix, settings.get("home"));
        let own = Base {
            prefix: prefix.to_path_buf(),
            name: base.name.clone().or_else(|| sole_version(prefix)),
        };
        let mut folders = from_variable(ambient);
        folders.extend(own.folders());
        let shares = settings
            .get("include-system-site-packages")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if shares {
            folders.extend(base.user_folders(ambient));
            folders.extend(base.folders());
        }
        // The interpreter can be newer than the note about it, where the system updates itself.
        let noted = settings
            .get("version")
            .or_else(|| settings.get("version_info"))
            .and_then(|text| version::leading(text));
        let version = match base.version() {
            known @ PythonVersion::Full(_) => known,
            rough => rough.refined(noted),
        };
        Self {
            manager: "venv",
            version,
            folders: existing(folders),
            conda_meta: base.conda_meta().filter(|_| shares),
        }
    }
}

impl Base {
    fn of(real: &Path) -> Self {
        let bin = real.parent().unwrap_or(Path::new(""));
        let prefix = if cfg!(windows) {
            bin
        } else {
            bin.parent().unwrap_or(bin)
        };
        let name = Some(stem(real)).filter(|name| version::short(name).is_some());
        Self {
            prefix: prefix.to_path_buf(),
            name: name.or_else(|| sole_version(prefix)),
        }
    }

    /// Follows the interpreter's link; where it is a copy, `home` says what it was copied from.
    fn of_venv(interpreter: &Path, prefix: &Path, home: Option<&String>) -> Self {
        let real = std::fs::canonicalize(interpreter).unwrap_or(interpreter.to_path_buf());
        let inside = std::fs::canonicalize(prefix).is_ok_and(|prefix| real.starts_with(prefix));
        match home.filter(|_| inside) {
            Some(home) => {
                let copied = Path::new(home).join(interpreter.file_name().unwrap_or_default());
                Self::of(&std::fs::canonicalize(&copied).unwrap_or(copied))
            }
            None => Self::of(&real),
        }
    }

    fn conda_meta(&self) -> Option<PathBuf> {
        Some(self.prefix.join("conda-meta")).filter(|folder| folder.is_dir())
    }

    fn manager(&self) -> &'static str {
        let versions = self.prefix.parent();
        let is_pyenv = versions.is_some_and(|folder| {
            folder.ends_with("versions") && folder.with_file_name("shims").is_dir()
        });
        match self.conda_meta() {
            Some(_) => "conda",
            None if is_pyenv => "pyenv",
            None => "system",
        }
    }

    fn version(&self) -> PythonVersion {
        version::of(&self.prefix, self.name.as_deref())
    }

    /// Where packages of this installation are. Debian keeps its own and pip's apart, in folders
    /// named `dist-packages`, and there `/usr/local/…/site-packages` is of another Python.
    fn folders(&self) -> Vec<PathBuf> {
        let prefix = &self.prefix;
        if cfg!(windows) {
            return vec![prefix.join("Lib/site-packages")];
        }
        let Some(name) = &self.name else {
            return Vec::new();
        };
        let debian = prefix.join("lib/python3/dist-packages");
        if debian.is_dir() {
            return vec![
                prefix.join("local/lib").join(name).join("dist-packages"),
                debian,
                prefix.join("lib").join(name).join("dist-packages"),
            ];
        }
        // Fedora has lib64 for compiled packages, and local/ for what pip installs.
        ["local/lib64", "local/lib", "lib64", "lib"]
            .iter()
            .filter(|lib| prefix.ends_with("usr") || !lib.starts_with("local"))
            .map(|lib| prefix.join(lib).join(name).join("site-packages"))
            .collect()
    }

    /// `pip install --user`, which every Python but a closed venv sees, conda's too.
    fn user_folders(&self, ambient: &Ambient) -> Option<PathBuf> {
        if ambient.var_os("PYTHONNOUSERSITE").is_some() {
            return None;
        }
        let name = self.name.as_deref()?;
        if let Some(base) = ambient.var_os("PYTHONUSERBASE") {
            return Some(Path::new(base).join("lib").join(name).join("site-packages"));
        }
        let home = Path::new(ambient.var_os("HOME")?);
        let short = version::short(name)?;
        let framework = home.join("Library/Python").join(short);
        if cfg!(target_os = "macos") && framework.is_dir() {
            return Some(framework.join("lib/python/site-packages"));
        }
        Some(home.join(".local/lib").join(name).join("site-packages"))
    }
}

fn from_variable(ambient: &Ambient) -> Vec<PathBuf> {
    let entries = ambient.var_os("PYTHONPATH").map(split_path);
    entries
        .unwrap_or_default()
        .into_iter()
        .map(|entry| ambient.cwd().join(entry))
        .collect()
}

/// Folders that are there, each once, also when a link gives it a second name (`lib64`).
fn existing(folders: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut seen = Vec::new();
    folders
        .into_iter()
        .filter(|folder| match std::fs::canonicalize(folder) {
            Ok(real) if real.is_dir() && !seen.contains(&real) => {
                seen.push(real);
                true
            }
            _ => false,
        })
        .collect()
}

/// The one version that a prefix has libraries of, when there is one.
fn sole_version(prefix: &Path) -> Option<String> {
    let folder = prefix.join("lib");
    let mut names = super::packages::entries(&folder)
        .filter(|name| is_python(name) && version::short(name).is_some());
    let name = names.next()?;
    names.next().is_none().then_some(name)
}

/// `key = value` lines, as pyvenv.cfg has them.
fn parse_settings(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect()
}
