//! The only reader of environment variables, the clock, the host's name and process ids.
//!
//! Commands get an [`Ambient`] and ask it; tests fix its answers with two variables:
//! `GIT_EXP_NOW` (an RFC 3339 moment) and `GIT_EXP_SEED` (text that makes uids repeatable).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local};
#[cfg(unix)]
use rustix::{fs::Mode, process::umask};

use crate::error::{Context, Result};
use crate::model::Uid;
use crate::model::run::{Process, Time};

/// What the world around the program said when it started.
#[derive(Clone, Debug)]
pub struct Ambient {
    vars: BTreeMap<OsString, OsString>,
    cwd: PathBuf,
}

impl Ambient {
    /// Reads the environment and the current directory, once.
    pub fn capture() -> Result<Self> {
        let cwd = std::env::current_dir()
            .context(|| "the current directory is gone".to_owned())
            .map_err(|failure| failure.hint("cd .."))?;
        Ok(Self {
            vars: std::env::vars_os().collect(),
            cwd,
        })
    }

    /// Builds one by hand, for tests.
    pub fn fixed(cwd: impl Into<PathBuf>, vars: &[(&str, &str)]) -> Self {
        let vars = vars
            .iter()
            .map(|(k, v)| (OsString::from(k), OsString::from(v)))
            .collect();
        Self {
            vars,
            cwd: cwd.into(),
        }
    }

    /// The same surroundings in another directory (`-C`).
    pub fn in_directory(&self, directory: &Path) -> Self {
        Self {
            vars: self.vars.clone(),
            cwd: self.cwd.join(directory),
        }
    }

    /// A variable; empty counts as unset.
    pub fn var_os(&self, name: &str) -> Option<&OsStr> {
        self.vars
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// A variable that is valid UTF-8; empty counts as unset.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.var_os(name)?.to_str()
    }

    /// All variables.
    pub fn vars(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Where temporary files go: `$TMPDIR`, else the system's place.
    pub fn temp_dir(&self) -> PathBuf {
        self.var_os("TMPDIR")
            .map_or_else(std::env::temp_dir, |folder| self.cwd.join(folder))
    }

    /// The directory that the user stands in.
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// The current moment with the local offset, to the second.
    pub fn now(&self) -> Time {
        let moment = match self.var("GIT_EXP_NOW").map(DateTime::parse_from_rfc3339) {
            Some(Ok(fixed)) => fixed,
            _ => Local::now().fixed_offset(),
        };
        moment - chrono::Duration::nanoseconds(i64::from(moment.timestamp_subsec_nanos()))
    }

    /// How long ago a file was written, by the system's own clock; `None` for a time to come.
    pub fn age(&self, written: SystemTime) -> Option<std::time::Duration> {
        SystemTime::now().duration_since(written).ok()
    }

    /// A new identity for a run.
    pub fn new_uid(&self) -> Uid {
        let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or(0);
        if let Some(seed) = self.var("GIT_EXP_SEED") {
            let digest = crate::model::Sha256::of(format!("{seed}\n{millis}").as_bytes());
            let mut random = [0; 10];
            for (byte, pair) in random.iter_mut().zip(digest.as_str().as_bytes().chunks(2)) {
                let text = std::str::from_utf8(pair).unwrap_or("0");
                *byte = u8::from_str_radix(text, 16).unwrap_or(0);
            }
            return Uid::new(millis, &random);
        }
        let elapsed = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let real = u64::try_from(elapsed.as_millis()).unwrap_or(millis);
        let (a, b) = (random_word(), random_word());
        let mut random = [0; 10];
        random[..8].copy_from_slice(&a.to_le_bytes());
        random[8..].copy_from_slice(&b.to_le_bytes()[..2]);
        Uid::new(real, &random)
    }

    /// This process as a record names it.
    pub fn process(&self) -> Process {
        let pid = std::process::id();
        Process {
            pid: Some(pid),
            boot_id: boot_id(),
            started_ticks: started_ticks(pid),
            host: host(),
            job: self.job(),
        }
    }

    /// The batch job that this process belongs to.
    pub fn job(&self) -> Option<String> {
        let known = [
            ("SLURM_JOB_ID", "slurm"),
            ("PBS_JOBID", "pbs"),
            ("LSB_JOBID", "lsf"),
        ];
        let (id, kind) = known
            .iter()
            .find_map(|(name, kind)| Some((self.var(name)?, kind)))?;
        match self.var("SLURM_ARRAY_TASK_ID") {
            Some(task) if *kind == "slurm" => Some(format!("{kind}:{id}_{task}")),
            _ => Some(format!("{kind}:{id}")),
        }
    }

    /// Whether the process of a record is certainly gone: same machine, and another boot, no such
    /// process, or a process that started at another time. Unknown is "not gone".
    pub fn is_gone(&self, process: &Process) -> bool {
        let (Some(pid), true) = (
            process.pid,
            process.host.is_some() && process.host == host(),
        ) else {
            return false;
        };
        match (&process.boot_id, boot_id()) {
            (Some(then), Some(now)) if *then != now => return true,
            (None, _) | (_, None) => return false,
            _ => {}
        }
        match (process.started_ticks, started_ticks(pid)) {
            (Some(then), Some(now)) => then != now,
            (_, None) => cfg!(target_os = "linux"),
            (None, Some(_)) => false,
        }
    }
}

/// Where a test wants the program to die ([`crate::failpoint`]).
#[cfg(debug_assertions)]
pub fn fail_point() -> Option<String> {
    std::env::var("GIT_EXP_FAILPOINT").ok()
}

/// The user's own file creation mask, once it was loosened.
#[cfg(unix)]
static OWN_MASK: OnceLock<Mode> = OnceLock::new();

/// Lets what this program makes be written by whoever may write to a git directory: a repository that
/// a group shares (`core.sharedRepository`) is writable for the group, whatever the user's umask.
pub fn share_like(git_dir: &Path) {
    #[cfg(unix)]
    {
        let group_and_others = Mode::RWXG | Mode::RWXO;
        let Ok(found) = rustix::fs::stat(git_dir) else {
            return;
        };
        let granted = Mode::from_raw_mode(found.st_mode) & group_and_others;
        if granted.contains(Mode::WGRP) {
            let own = umask(group_and_others);
            umask(*OWN_MASK.get_or_init(|| own) - granted);
        }
    }
    #[cfg(not(unix))]
    let _ = git_dir;
}

/// Starts something of the user's own, whose files are the user's business.
pub fn with_own_mask<T>(start: impl FnOnce() -> T) -> T {
    #[cfg(unix)]
    {
        let Some(own) = OWN_MASK.get() else {
            return start();
        };
        let shared = umask(*own);
        let started = start();
        umask(shared);
        started
    }
    #[cfg(not(unix))]
    start()
}

/// 64 random bits. `RandomState` is seeded by the operating system once a process and stepped for
/// each instance, so the moment and the address of a fresh allocation are not needed.
fn random_word() -> u64 {
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.finish()
}

fn first_line(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines()
        .next()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
}

/// The host's name.
pub fn host() -> Option<String> {
    #[cfg(unix)]
    {
        let name = rustix::system::uname();
        name.nodename()
            .to_str()
            .ok()
            .map(str::to_owned)
            .filter(|name| !name.is_empty())
    }
    #[cfg(not(unix))]
    std::env::var("COMPUTERNAME").ok()
}

/// The user's own folder.
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// Where programs keep the user's settings: `$XDG_CONFIG_HOME`, else `~/.config`.
pub fn config_home() -> Option<PathBuf> {
    std::env::var_os("XDG_CONFIG_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(home()?.join(".config")))
}

/// The processes that work in some folders or hold a file open, but for ourselves and what we started:
/// `git commit (process 4711)`.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    /// Those that hold the file open.
    pub holders: Vec<String>,
    /// Those of git in the folders.
    pub gits: Vec<String>,
    /// Whether there are no others for certain: false where the system doesn't tell, or not of
    /// processes of other users.
    pub is_all: bool,
}

impl Processes {
    /// Whether none was found.
    pub fn is_quiet(&self) -> bool {
        self.holders.is_empty() && self.gits.is_empty()
    }
}

/// Looks through `/proc`, where there is one.
pub fn processes(folders: &[PathBuf], file: &Path) -> Processes {
    let mut found = Processes::default();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return found;
    };
    found.is_all = cfg!(target_os = "linux");
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let (place, own) = (entry.path(), std::process::id());
        if pid == own || parent(pid) == Some(own) {
            continue;
        }
        let comm = std::fs::read_to_string(place.join("comm")).unwrap_or_default();
        let words = words_of(&place);
        let is_git = comm.trim_end() == "git" || comm.starts_with("git-");
        // `git exp` waits for us or for another of us, and writes nothing itself.
        let is_exp = comm.starts_with("git-exp") || words.iter().any(|word| word == "exp");
        let told = || format!("{} (process {pid})", said(&words, comm.trim_end()));
        let holds = |link: std::fs::DirEntry| link.path().read_link().is_ok_and(|to| to == file);
        let mut open = std::fs::read_dir(place.join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        if open.any(holds) {
            found.holders.push(told());
        } else if is_git && !is_exp {
            match place.join("cwd").read_link() {
                Ok(cwd) if folders.iter().any(|folder| cwd.starts_with(folder)) => {
                    found.gits.push(told());
                }
                Ok(_) => {}
                Err(error) => {
                    // Else it ended meanwhile.
                    let is_hidden = error.kind() == std::io::ErrorKind::PermissionDenied;
                    found.is_all &= !is_hidden;
                }
            }
        }
    }
    found
}

fn words_of(process: &Path) -> Vec<String> {
    let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
    let words = line.split(|&b| b == 0).filter(|word| !word.is_empty());
    words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// The program and its first argument, which of git is most often what it does.
fn said(words: &[String], name: &str) -> String {
    match words.get(1).filter(|word| !word.starts_with('-')) {
        Some(verb) => format!("{name} {verb}"),
        None => name.to_owned(),
    }
}

fn boot_id() -> Option<String> {
    first_line("/proc/sys/kernel/random/boot_id")
}

/// Field 22 of `/proc/<pid>/stat`: start time in clock ticks since boot (proc(5)).
fn started_ticks(pid: u32) -> Option<u64> {
    stat(pid, 22)
}

/// Field 4.
fn parent(pid: u32) -> Option<u32> {
    stat(pid, 4)
}

fn stat<T: std::str::FromStr>(pid: u32, field: usize) -> Option<T> {
    let stat = first_line(&format!("/proc/{pid}/stat"))?;
    // The program's name, the second field, is in parentheses and may hold spaces and parentheses of
    // its own.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(field - 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_its_double_is_gone() {
        let ambient = Ambient::fixed("/", &[]);
        let me = ambient.process();
        assert!(!ambient.is_gone(&me));
        if cfg!(target_os = "linux") {
            let double = Process {
                started_ticks: Some(1),
                ..me.clone()
            };
            assert!(ambient.is_gone(&double));
        }
        let elsewhere = Process {
            host: Some("another".into()),
            ..me
        };
        assert!(
            !ambient.is_gone(&elsewhere),
            "another machine can't be asked"
        );
    }

    #[test]
    fn uids_differ_unless_a_test_fixes_them() {
        let free = Ambient::fixed("/", &[]);
        assert_ne!(free.new_uid(), free.new_uid());
        let fixed = Ambient::fixed(
            "/",
            &[
                ("GIT_EXP_SEED", "a"),
                ("GIT_EXP_NOW", "2025-10-10T14:02:11Z"),
            ],
        );
        assert_eq!(fixed.new_uid(), fixed.new_uid());
    }

    #[test]
    fn job_arrays_name_their_task() {
        let vars = [("SLURM_JOB_ID", "88"), ("SLURM_ARRAY_TASK_ID", "3")];
        assert_eq!(
            Ambient::fixed("/", &vars).job().as_deref(),
            Some("slurm:88_3")
        );
    }
}
