//! Which interpreter a command would start.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::ambient::Ambient;

use super::pyenv;

/// What is known of a command's interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// This file, which exists.
    Interpreter(PathBuf),
    /// There is one, and it can't be told which.
    Unknown(String),
    /// The command is not Python's, and the project has no Python of its own.
    NotPython,
}

/// Programs that run others in the environment that they were started in.
#[rustfmt::skip]
const TRANSPARENT: &[&str] = &[
    "bash", "chrt", "dash", "env", "fish", "ionice", "just", "ksh", "make", "mpiexec", "mpirun",
    "nice", "nohup", "numactl", "parallel", "setsid", "sh", "srun", "stdbuf", "taskset", "task",
    "time", "timeout", "xargs", "zsh",
];

/// Programs that choose an environment by themselves, in a way that their name doesn't tell.
#[rustfmt::skip]
const CHOOSERS: &[&str] = &[
    "apptainer", "conda", "docker", "enroot", "hatch", "kubectl", "mamba", "micromamba", "nix",
    "nix-shell", "nox", "podman", "singularity", "sky", "ssh", "tox", "uvx",
];

/// How far scripts that name other scripts as their interpreter are followed.
const DEEPEST: usize = 4;

/// Finds the interpreter: what `program` would start, or without a program what is active.
pub(super) fn choose(ambient: &Ambient, program: Option<&OsStr>, project: &Path) -> Choice {
    let around = Around { ambient, project };
    match program {
        Some(program) => around.of_program(program, DEEPEST),
        None => around.active(),
    }
}

struct Around<'a> {
    ambient: &'a Ambient,
    project: &'a Path,
}

impl Around<'_> {
    fn of_program(&self, program: &OsStr, depth: usize) -> Choice {
        let name = stem(Path::new(program));
        let found = find_program(self.ambient, program, None);
        if let Some(choice) = self.of_manager(&name) {
            return choice;
        }
        let Some(file) = found else {
            return if is_python(&name) {
                let shown = program.to_string_lossy();
                Choice::Unknown(format!(
                    "`{shown}` was not found: its environment is not known"
                ))
            } else {
                self.projects_own()
            };
        };
        let file = match pyenv::Shim::at(&file) {
            Some(shim) => match shim.target(self.ambient) {
                Ok(target) => target,
                Err(note) => return Choice::Unknown(note),
            },
            None => file,
        };
        if depth == 0 {
            return self.projects_own();
        }
        match script(&file) {
            None if is_python(&name) => interpreter(file),
            None if TRANSPARENT.contains(&name.as_str()) => self.active(),
            None => self.projects_own(),
            // asdf and others put a shell script of theirs where Python should be.
            Some(_) if is_python(&name) => Choice::Unknown(format!(
                "{} is a script that chooses the interpreter: its environment is not known",
                file.display()
            )),
            Some(Runner::Program(program)) => self.of_runner(&program, depth),
            Some(Runner::Shell) => self.active(),
        }
    }

    fn of_runner(&self, program: &OsStr, depth: usize) -> Choice {
        let name = stem(Path::new(program));
        match TRANSPARENT.contains(&name.as_str()) {
            true => self.active(),
            false => self.of_program(program, depth - 1),
        }
    }

    /// Package managers that run a command in the project's environment.
    fn of_manager(&self, name: &str) -> Option<Choice> {
        let places: &[&str] = match name {
            "uv" | "pdm" | "rye" | "poetry" | "pipenv" => &[".venv"],
            "pixi" => &[".pixi/envs/default"],
            _ if CHOOSERS.contains(&name) => &[],
            _ => return None,
        };
        let follows_active = matches!(name, "poetry" | "pipenv" | "pdm");
        let active = self.ambient.var_os("VIRTUAL_ENV").map(PathBuf::from);
        let named = self.ambient.var_os("UV_PROJECT_ENVIRONMENT");
        let named = named.map(|path| self.project.join(path));
        let own = places.iter().flat_map(|place| {
            // The command's own folder first: `uv` looks upward from there.
            [self.ambient.cwd().join(place), self.project.join(place)]
        });
        let found = active
            .filter(|_| follows_active)
            .into_iter()
            .chain(named.filter(|_| name == "uv"))
            .chain(own)
            .find_map(|prefix| python_in(&prefix));
        Some(found.map_or_else(
            || {
                Choice::Unknown(format!(
                    "`{name}` chooses the environment by itself: interpreter and packages are not \
                     known"
                ))
            },
            interpreter,
        ))
    }

    /// The active environment, the project's own, or what `PATH` has.
    fn active(&self) -> Choice {
        let active = ["VIRTUAL_ENV", "CONDA_PREFIX"]
            .iter()
            .filter_map(|name| self.ambient.var_os(name))
            .find_map(|prefix| python_in(Path::new(prefix)));
        if let Some(file) = active {
            return interpreter(file);
        }
        match self.projects_own() {
            Choice::NotPython => self.on_path(),
            own => own,
        }
    }

    fn projects_own(&self) -> Choice {
        [".venv", "venv"]
            .iter()
            .find_map(|place| python_in(&self.project.join(place)))
            .map_or(Choice::NotPython, interpreter)
    }

    fn on_path(&self) -> Choice {
        ["python3", "python"]
            .iter()
            .map(OsStr::new)
            .find(|name| find_program(self.ambient, name, None).is_some())
            .map_or(Choice::NotPython, |name| self.of_program(name, 1))
    }
}

/// Takes a file for an interpreter if what it leads to is named like one: mise's Python, say, is a
/// link to mise.
fn interpreter(file: PathBuf) -> Choice {
    match std::fs::canonicalize(&file) {
        Ok(real) if is_python(&stem(&real)) => Choice::Interpreter(file),
        Ok(real) => Choice::Unknown(format!(
            "{} is {}, which chooses the interpreter: its environment is not known",
            file.display(),
            real.display()
        )),
        Err(error) => Choice::Unknown(format!("{} can't be followed: {error}", file.display())),
    }
}

/// The interpreter of an environment, whether or not its link leads anywhere.
fn python_in(prefix: &Path) -> Option<PathBuf> {
    let places: &[&str] = if cfg!(windows) {
        &["Scripts/python.exe", "python.exe"]
    } else {
        &["bin/python", "bin/python3"]
    };
    places
        .iter()
        .map(|place| prefix.join(place))
        .find(|file| file.symlink_metadata().is_ok())
}

/// Finds a program as a shell would, without `skipped` if that is a folder on `PATH`.
pub(super) fn find_program(
    ambient: &Ambient,
    program: &OsStr,
    skipped: Option<&Path>,
) -> Option<PathBuf> {
    let typed = Path::new(program);
    if typed.components().count() > 1 || typed.is_absolute() {
        let file = ambient.cwd().join(typed);
        return is_program(&file).then_some(file);
    }
    let mut folders = std::iter::empty().chain(split_path(ambient.var_os("PATH")?));
    folders.find_map(|folder| {
        let folder = ambient.cwd().join(folder);
        if skipped.is_some_and(|skipped| folder == skipped) {
            return None;
        }
        let suffixes: &[&str] = if cfg!(windows) { &["", ".exe"] } else { &[""] };
        suffixes.iter().find_map(|suffix| {
            let mut name = OsString::from(program);
            name.push(suffix);
            Some(folder.join(name)).filter(|file| is_program(file))
        })
    })
}

/// The entries of a list of paths such as `PATH`.
pub(super) fn split_path(list: &OsStr) -> Vec<PathBuf> {
    let separator = if cfg!(windows) { b';' } else { b':' };
    list.as_encoded_bytes()
        .split(|&b| b == separator)
        .filter(|entry| !entry.is_empty())
        .map(|entry| crate::model::RecordPath::from_bytes(entry).to_path())
        .collect()
}

fn is_program(file: &Path) -> bool {
    let Ok(metadata) = file.metadata() else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
    }
    #[cfg(not(unix))]
    metadata.is_file()
}

/// The name without its folder and without `.exe`.
pub(super) fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".exe").unwrap_or(&name).to_owned()
}

/// `python`, `python3`, `python3.13t`, `pypy3.10`, `pythonw`
pub(super) fn is_python(name: &str) -> bool {
    ["python", "pypy"]
        .iter()
        .filter_map(|kind| name.strip_prefix(kind))
        .any(|rest| {
            rest.trim_end_matches(['t', 'w', 'd'])
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b'.')
        })
}

/// What runs a script.
enum Runner {
    Program(OsString),
    Shell,
}

/// Reads the first line of a script; `None` when the file is no script.
fn script(file: &Path) -> Option<Runner> {
    let mut beginning = Vec::new();
    let opened = std::fs::File::open(file).ok()?;
    opened.take(1024).read_to_end(&mut beginning).ok()?;
    let text = String::from_utf8_lossy(beginning.strip_prefix(b"#!")?).into_owned();
    let mut lines = text.lines();
    let mut words = lines.next()?.split_whitespace();
    let first = words.next()?;
    let name = stem(Path::new(first));
    if name == "env" {
        let program = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
        return Some(Runner::Program(program.into()));
    }
    if name == "sh" {
        // pip and uv write this where a path is too long for, or has spaces that break, a first line.
        if let Some(rest) = lines.next().and_then(|line| line.strip_prefix("'''exec' ")) {
            let rest = rest.trim_start();
            let program = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next()?,
                None => rest.split_whitespace().next()?,
            };
            return Some(Runner::Program(program.into()));
        }
        return Some(Runner::Shell);
    }
    Some(Runner::Program(first.into()))
}
