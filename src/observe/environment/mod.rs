//! Interpreter, packages and allow-listed variables, read without starting the interpreter.
//!
//! Starting Python costs tens of milliseconds and runs code of the project's (`sitecustomize`,
//! `.pth` files), so nothing is started here: which interpreter a command would get, its version and
//! its packages are read from what installers leave on disk. What that can't tell is `None`, with a
//! note that says why.

mod direct;
mod installation;
mod lockfiles;
mod packages;
mod program;
mod pyenv;
mod requirement;
mod variables;
mod version;

#[cfg(all(test, unix))]
mod tests;

use std::ffi::OsStr;
use std::path::Path;

use crate::ambient::Ambient;
use crate::model::Sha256;
use crate::model::environment::Environment;

use installation::Installation;
use program::Choice;

/// The environment of a run, and what it was too early or impossible to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// What the record keeps.
    pub environment: Environment,
    /// Installed packages: normalised name (PEP 503) and version, sorted. A version of something
    /// that was installed from a repository goes on with `  # git+<address>@<commit>`.
    pub packages: Vec<(String, String)>,
    /// What could not be told and why, and what the list can't show.
    pub notes: Vec<String>,
}

/// The list of packages in a run's folder.
pub const LIST: &str = "env.txt";

/// Looks at the environment that a command would run in.
///
/// `program` is the command's first word, if there is a command; the interpreter is the one that it
/// would start. Without one, it is that of the active environment, of the project's own, or the
/// first on `PATH`. `project_root` is where dependency and lock files are.
pub fn observe(ambient: &Ambient, program: Option<&OsStr>, project_root: &Path) -> Observed {
    let mut seen = Observed::default();
    let environment = &mut seen.environment;
    environment.vars = variables::read(ambient);
    environment.lockfiles = lockfiles::read(project_root, &mut seen.notes);
    match program::choose(ambient, program, project_root) {
        Choice::Interpreter(path) => {
            environment.interpreter = Some(spelled(&path, ambient, project_root));
            match Installation::of(&path, ambient) {
                Ok(installation) => {
                    fill(&mut seen, installation, project_root);
                }
                Err(note) => seen.notes.push(note),
            }
        }
        Choice::Unknown(note) => seen.notes.push(note),
        Choice::NotPython => {}
    }
    seen.environment.direct = direct::read(project_root, &seen.packages, &mut seen.notes);
    seen
}

fn fill(seen: &mut Observed, installation: Installation, project_root: &Path) {
    let environment = &mut seen.environment;
    environment.manager = Some(installation.manager.to_owned());
    environment.python = installation.version.text();
    seen.notes.extend(installation.version.note());
    if installation.folders.is_empty() {
        seen.notes.push(
            "the folders that the interpreter loads packages from were not found: packages are not \
             known"
                .to_owned(),
        );
        return;
    }
    seen.packages = packages::read(&installation, project_root, &mut seen.notes);
    environment.packages = u32::try_from(seen.packages.len()).ok();
    environment.lock = Some(LIST.to_owned());
    environment.sha256 = Some(Sha256::of(env_txt(&seen.packages).as_bytes()));
}

/// The text of env.txt: one `name==version` a line.
pub fn env_txt(packages: &[(String, String)]) -> String {
    let mut lines: Vec<String> = packages
        .iter()
        .map(|(name, version)| format!("{name}=={version}\n"))
        .collect();
    lines.sort();
    lines.concat()
}

/// A path as another member of the team can read it: relative to the project or to the home folder
/// where it lies in one, for the rest is the same on no two machines.
fn spelled(path: &Path, ambient: &Ambient, project_root: &Path) -> String {
    let path = &crate::store::layout::normalize(path);
    if let Ok(inside) = path.strip_prefix(project_root) {
        return inside.display().to_string();
    }
    let home = ambient.var_os("HOME").map(Path::new);
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(inside) => Path::new("~").join(inside).display().to_string(),
        None => path.display().to_string(),
    }
}
