//! Placeholders in a command: `{config}` is the run's own copy of its configuration, `{seed}` the seed
//! of a repeat.
//!
//! A record keeps them as they were typed, so that one command says what every repeat ran, and
//! another run can be made like it. `{config_2}` is the second configuration file, and so on.

use std::ffi::{OsStr, OsString};

use super::seed::{flag_names_seed, names_seed};
use super::{RecordPath, Run};

/// Stands for the seed.
pub const SEED: &str = "{seed}";

/// Stands for the configuration file with this index.
pub fn config(index: usize) -> String {
    match index {
        0 => "{config}".to_owned(),
        n => format!("{{config_{}}}", n + 1),
    }
}

/// Whether any word of a command has a placeholder in it.
pub fn has(argv: &[OsString], placeholder: &str) -> bool {
    argv.iter()
        .any(|word| word.to_str().is_some_and(|word| word.contains(placeholder)))
}

/// Puts something in the place of a placeholder, wherever it stands.
pub fn fill(argv: &[OsString], placeholder: &str, with: &OsStr) -> Vec<OsString> {
    argv.iter()
        .map(|word| match word.to_str() {
            Some(text) if text.contains(placeholder) => {
                let mut filled = OsString::new();
                for (at, part) in text.split(placeholder).enumerate() {
                    if at > 0 {
                        filled.push(with);
                    }
                    filled.push(part);
                }
                filled
            }
            _ => word.clone(),
        })
        .collect()
}

/// Puts a placeholder where a command names a configuration file: as a word, or behind `--flag=`.
///
/// `cwd` is where the command runs, and both are relative to the project.
pub fn name_config(
    argv: &[OsString],
    cwd: &RecordPath,
    path: &RecordPath,
    index: usize,
) -> Vec<OsString> {
    argv.iter()
        .enumerate()
        .map(
            |(at, word)| match word.to_str().and_then(|word| split(word, cwd, path)) {
                // The program itself is never a configuration.
                Some(flag) if at > 0 => format!("{flag}{}", config(index)).into(),
                _ => word.clone(),
            },
        )
        .collect()
}

/// What stands before the path in a word that names it.
fn split<'w>(word: &'w str, cwd: &RecordPath, path: &RecordPath) -> Option<&'w str> {
    let is_it = |text: &str| !text.is_empty() && resolved(cwd, text).as_deref() == path_text(path);
    if is_it(word) {
        return Some("");
    }
    let at = word.find('=')? + 1;
    is_it(&word[at..]).then_some(&word[..at])
}

fn path_text(path: &RecordPath) -> Option<&str> {
    std::str::from_utf8(path.as_bytes()).ok()
}

/// A path as typed below `cwd`, without `.` and `..`; `None` when it leaves the project.
pub fn resolved(cwd: &RecordPath, typed: &str) -> Option<String> {
    let cwd = path_text(cwd)?;
    let mut parts: Vec<&str> = Vec::new();
    for part in cwd.split('/').chain(typed.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!typed.starts_with('/')).then(|| parts.join("/"))
}

/// Puts the placeholder where a command gives a seed by a flag; `None` when it gives none.
pub fn name_seed(argv: &[OsString]) -> Option<Vec<OsString>> {
    let mut named = argv.to_vec();
    let mut found = false;
    for (at, word) in argv.iter().enumerate() {
        let Some(word) = word.to_str().filter(|word| flag_names_seed(word)) else {
            continue;
        };
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (word, None),
        };
        let is_number = |text: &str| text.parse::<i64>().is_ok();
        let next = argv.get(at + 1).and_then(|next| next.to_str());
        match (value, next) {
            (Some(value), _) if is_number(value) => named[at] = format!("{flag}={SEED}").into(),
            (None, Some(next)) if is_number(next) => named[at + 1] = SEED.into(),
            _ => continue,
        }
        found = true;
    }
    found.then_some(named)
}

impl Run {
    /// Whether the run can be made again with another configuration: its command was recorded
    /// without anything left out, and says where the configuration goes.
    pub fn takes_config(&self) -> bool {
        let Some(argv) = self.words() else {
            return false;
        };
        let cwd = self
            .command
            .as_ref()
            .map(|c| c.cwd.clone())
            .unwrap_or_default();
        !self.config.is_empty()
            && self.config.iter().enumerate().all(|(index, file)| {
                has(&argv, &config(index))
                    || has(&name_config(&argv, &cwd, &file.path, index), &config(index))
            })
    }

    /// Whether the run can be repeated under other seeds.
    pub fn takes_seed(&self) -> bool {
        let Some(argv) = self.words() else {
            return false;
        };
        has(&argv, SEED)
            || name_seed(&argv).is_some()
            || (self.takes_config() && self.params.keys().any(|key| names_seed(key)))
    }

    /// The command, if it was recorded whole.
    fn words(&self) -> Option<Vec<OsString>> {
        let command = self.command.as_ref()?;
        let whole = !command.argv.iter().any(|word| word.contains("[redacted]"));
        (whole && !command.argv.is_empty()).then(|| command.argv.iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(line: &str) -> Vec<OsString> {
        line.split(' ').map(Into::into).collect()
    }

    #[test]
    fn configurations_are_found_however_they_are_named() {
        let path = RecordPath::from("configs/base.yaml");
        for (cwd, line, expected) in [
            (
                ".",
                "py t.py --config configs/base.yaml",
                "py t.py --config {config}",
            ),
            (".", "py t.py -c=./configs/base.yaml", "py t.py -c={config}"),
            (
                "src",
                "py t.py ../configs/base.yaml x",
                "py t.py {config} x",
            ),
            (
                "configs",
                "py base.yaml other.yaml",
                "py {config} other.yaml",
            ),
            (
                ".",
                "configs/base.yaml /configs/base.yaml",
                "configs/base.yaml /configs/base.yaml",
            ),
            (
                ".",
                "py a/configs/base.yaml ../configs/base.yaml",
                "py a/configs/base.yaml ../configs/base.yaml",
            ),
        ] {
            assert_eq!(
                name_config(&argv(line), &cwd.into(), &path, 0),
                argv(expected)
            );
        }
        assert_eq!(
            name_config(&argv("py configs/base.yaml"), &".".into(), &path, 1),
            argv("py {config_2}")
        );
    }

    #[test]
    fn seeds_are_found_behind_their_flags() {
        for (line, expected) in [
            ("py --seed 42 x", Some("py --seed {seed} x")),
            ("py --random-state=7", Some("py --random-state={seed}")),
            ("py -seed 1 --seed=2", Some("py -seed {seed} --seed={seed}")),
            ("py --seed x", None),
            ("py --seeds 1", None),
            ("py --seed", None),
        ] {
            assert_eq!(name_seed(&argv(line)), expected.map(argv), "{line}");
        }
    }

    #[test]
    fn placeholders_are_filled_wherever_they_stand() {
        let line = [
            OsString::from("sh -c 'x {seed} {seed}'"),
            "--s={seed}".into(),
            "{config}".into(),
        ];
        let filled = fill(&line, SEED, OsStr::new("3"));
        assert_eq!(filled, ["sh -c 'x 3 3'", "--s=3", "{config}"]);
        assert!(has(&filled, &config(0)) && !has(&filled, SEED));
    }
}
