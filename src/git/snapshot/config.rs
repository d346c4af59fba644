//! The few settings of the repository that a freeze depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::ambient;
use crate::git::command::{Running, path_from_git, split_nul};
use crate::git::{Error, Git, Repo};

/// What is asked for.
const QUESTION: [&str; 4] = [
    "config",
    "-z",
    "--get-regexp",
    r"^(core\..+|filter\..+|remote\..+\.url)$",
];
/// git's exit code.
const NO_SUCH_KEY: i32 = 1;

/// `core.autocrlf`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoCrlf {
    /// Line ends stay as they are.
    #[default]
    False,
    /// CRLF becomes LF on the way in.
    Input,
    /// LF becomes CRLF on the way out, too.
    True,
}

/// What git's configuration says about conversions and remotes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `core.autocrlf`
    pub autocrlf: AutoCrlf,
    /// `core.eol`, lower case.
    pub eol: String,
    /// `core.attributesFile`, with `~` left as it is.
    pub attributes_file: Option<PathBuf>,
    /// Filter drivers that have a command.
    pub filters: BTreeSet<String>,
    /// `core.symlinks=false`: links are files that hold their targets.
    pub links_are_files: bool,
    /// `core.ignoreCase` or `core.precomposeUnicode`: git takes some names on disk for others.
    pub folds_names: bool,
    /// All of `core.`, as git printed it.
    pub core: Vec<u8>,
    excludes_file: Option<PathBuf>,
    remotes: BTreeMap<String, String>,
}

/// The configuration, asked for while the repository is still looked for.
#[derive(Debug)]
pub struct Asked(Running);

impl Asked {
    /// Lets git find the repository by the rules of [`Repo::discover`]; `None` where git can't be started.
    pub fn begin(cwd: &Path) -> Option<Self> {
        let git = Git::as_user_hardened(cwd).refusing_embedded();
        git.args(QUESTION).spawn().ok().map(Self)
    }

    /// Waits for the answer; `None` where git found no repository that way.
    pub fn finish(self) -> Option<Config> {
        let output = self.0.output().ok()?;
        let is_told = matches!(output.status.code(), Some(0 | NO_SUCH_KEY));
        is_told.then(|| Config::parse(&output.stdout))
    }
}

impl Config {
    /// Asks git.
    pub fn read(repo: &Repo) -> Result<Self, Error> {
        Ok(Self::parse(&repo.git().args(QUESTION).output()?.stdout))
    }

    /// Reads what it printed; later values win, as in git.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut config = Self::default();
        for record in split_nul(bytes) {
            let (key, value) = match record.iter().position(|&b| b == b'\n') {
                Some(end) => (&record[..end], &record[end + 1..]),
                // A key without `=` means true.
                None => (record, &b"true"[..]),
            };
            let key = String::from_utf8_lossy(key);
            let text = String::from_utf8_lossy(value).into_owned();
            if key.starts_with("core.") {
                config.core.extend_from_slice(record);
                config.core.push(0);
            }
            match &*key {
                "core.autocrlf" => {
                    config.autocrlf = match text.to_lowercase().as_str() {
                        "true" | "yes" | "on" | "1" => AutoCrlf::True,
                        "input" => AutoCrlf::Input,
                        _ => AutoCrlf::False,
                    }
                }
                "core.symlinks" => config.links_are_files = !is_true(&text),
                "core.ignorecase" | "core.precomposeunicode" => {
                    config.folds_names |= is_true(&text)
                }
                "core.eol" => config.eol = text.to_lowercase(),
                "core.attributesfile" => config.attributes_file = Some(path_from_git(value)),
                "core.excludesfile" => config.excludes_file = Some(path_from_git(value)),
                _ => config.named(&key, text),
            }
        }
        config
    }

    fn named(&mut self, key: &str, value: String) {
        let part = |section: &str| key.strip_prefix(section)?.rsplit_once('.');
        if let Some((name, "clean" | "smudge" | "process")) = part("filter.") {
            self.filters.insert(name.to_owned());
        } else if let Some((name, "url")) = part("remote.") {
            self.remotes.entry(name.to_owned()).or_insert(value);
        }
    }

    /// The user's own ignore rules (gitignore(5)); `None` when their place can't be told from here.
    pub fn excludes_file(&self) -> Option<PathBuf> {
        let Some(file) = &self.excludes_file else {
            return Some(ambient::config_home()?.join("git/ignore"));
        };
        match file.strip_prefix("~") {
            Ok(rest) => Some(ambient::home()?.join(rest)),
            // Another user's home, or relative to a folder that only git knows.
            Err(_) => file.is_absolute().then(|| file.clone()),
        }
    }

    /// The URL of `origin`, or of the only remote, without credentials.
    pub fn remote(&self) -> Option<String> {
        let only = || (self.remotes.len() == 1).then(|| self.remotes.values().next())?;
        let url = self.remotes.get("origin").or_else(only)?;
        Some(without_credentials(url))
    }
}

/// What git takes for true (git-config(1), "Values").
fn is_true(text: &str) -> bool {
    !["false", "no", "off", "0", ""].contains(&text.to_lowercase().as_str())
}

/// Drops what may be a secret from a URL: all user information of http, the password elsewhere, and
/// a query.
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let host = match authority.rsplit_once('@') {
        Some((_, host)) if is_http => host.to_owned(),
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{user}@{host}")
        }
        None => authority.to_owned(),
    };
    let path = if is_http {
        path.split(['?', '#']).next().unwrap_or_default()
    } else {
        path
    };
    format!("{scheme}://{host}{path}")
}

/// A git command that runs no filter, whatever the repository's configuration names.
///
/// `--attr-source` would do it in one word, but is younger than the gits people have. The values go
/// through the environment because a driver's name may hold a `=`.
pub fn without_filters(git: Git, config: &Config) -> Git {
    let git = git.env("GIT_EXP_EMPTY", "").env("GIT_EXP_FALSE", "false");
    config.filters.iter().fold(git, |git, name| {
        ["clean", "smudge", "process"]
            .iter()
            .fold(git, |git, key| {
                git.global(format!("--config-env=filter.{name}.{key}=GIT_EXP_EMPTY"))
            })
            .global(format!("--config-env=filter.{name}.required=GIT_EXP_FALSE"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Lab;

    #[test]
    fn asked_beforehand_it_is_the_same() {
        let lab = Lab::with_commit();
        let linked = lab.top().join("linked");
        lab.git(&["config", "remote.origin.url", "https://example.com/x"]);
        lab.git(&["config", "core.autocrlf", "input"]);
        lab.git(&["worktree", "add", "-q", "linked"]);
        std::fs::create_dir(linked.join("sub")).unwrap();
        for place in [lab.top(), &linked, &linked.join("sub")] {
            let asked = Asked::begin(place).unwrap().finish().unwrap();
            let repo = Repo::discover(place).unwrap();
            assert_eq!(asked, Config::read(&repo).unwrap());
            assert_eq!(asked.autocrlf, AutoCrlf::Input);
        }
    }

    #[test]
    fn credentials_never_stay_in_a_url() {
        for (url, clean) in [
            ("https://me:ghp_x@host/a.git", "https://host/a.git"),
            ("https://ghp_x@host/a.git", "https://host/a.git"),
            ("https://host/a.git?private_token=x", "https://host/a.git"),
            ("ssh://git:pw@host:22/a", "ssh://git@host:22/a"),
            ("git@host:a/b.git", "git@host:a/b.git"),
            ("/srv/a.git", "/srv/a.git"),
            ("https://host", "https://host"),
        ] {
            assert_eq!(without_credentials(url), clean);
        }
    }

    #[test]
    fn origin_is_the_remote_and_else_the_only_one() {
        let config = Config::parse(b"remote.a.url\nx\0remote.b.url\ny\0core.autocrlf\nInput\0");
        assert_eq!(config.remote(), None);
        assert_eq!(config.autocrlf, AutoCrlf::Input);
        assert_eq!(
            Config::parse(b"remote.a.url\nx\0").remote().as_deref(),
            Some("x")
        );
        let config =
            Config::parse(b"remote.a.url\nx\0remote.origin.url\ny\0filter.l.f.s.clean\n-\0");
        assert_eq!(config.remote().as_deref(), Some("y"));
        assert!(config.filters.contains("l.f.s"));
    }
}
