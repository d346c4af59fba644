//! Parts of scripts that belong to us, between two markers, beside whatever else is there.

use std::path::{Path, PathBuf};

use super::command::path_from_git;
use super::{Error, Repo};

/// Opens our part.
pub const BEGIN: &str = "# >>> git-exp >>>";
/// Closes it.
pub const END: &str = "# <<< git-exp <<<";

/// Why our part can't be put into a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Another interpreter reads it.
    NotShell,
    /// The markers are there, but not once each and in order.
    BrokenMarkers,
}

impl Repo {
    /// Where git looks for hooks: `core.hooksPath`, else `hooks/` of the git directory.
    pub fn hooks_folder(&self) -> Result<PathBuf, Error> {
        let printed = super::remote::transport(self)
            .args(["rev-parse", "--path-format=absolute", "--git-path", "hooks"])
            .run()?;
        Ok(path_from_git(
            printed.strip_suffix(b"\n").unwrap_or(&printed),
        ))
    }

    /// Whether a folder is this repository's own: in its git directory or its working tree. Others'
    /// hooks run for other repositories, too.
    pub fn owns(&self, folder: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = real(folder);
        let mut own = vec![real(&self.common_dir), real(&self.git_dir)];
        own.extend(self.work_tree.as_deref().map(real));
        own.iter().any(|place| folder.starts_with(place))
    }
}

/// A shell script with our part in it: first, because a script may end where it likes, and what
/// stands after us still reads its own standard input.
///
/// # Errors
/// When the script is not for a shell, or our markers are damaged.
pub fn with_part(script: Option<&str>, part: &str) -> Result<String, Unfit> {
    let block = format!("{BEGIN}\n{part}{END}\n");
    let Some(script) = script.filter(|script| !script.trim().is_empty()) else {
        return Ok(format!("#!/bin/sh\n{block}"));
    };
    if let Some((before, after)) = around(script)? {
        return Ok(format!("{before}{block}{after}"));
    }
    let (first, rest) = match script.split_once('\n') {
        Some((first, rest)) if first.starts_with("#!") => (first, rest),
        _ if script.starts_with("#!") => (script, ""),
        // git hands a script without `#!` to the shell.
        _ => return Ok(format!("{block}{script}")),
    };
    match is_shell(first) {
        true => Ok(format!("{first}\n{block}{rest}")),
        false => Err(Unfit::NotShell),
    }
}

/// The script without our part; `None` when nothing of anybody's is left, or it was not there.
///
/// # Errors
/// When our markers are damaged.
pub fn without_part(script: &str) -> Result<Option<String>, Unfit> {
    let Some((before, after)) = around(script)? else {
        return Ok(Some(script.to_owned()));
    };
    let left = format!("{before}{after}");
    let is_bare = left
        .lines()
        .all(|line| line.trim().is_empty() || line == "#!/bin/sh");
    Ok((!is_bare).then_some(left))
}

/// Any text with our part at its end.
///
/// # Errors
/// When our markers are damaged.
pub fn with_part_below(text: Option<&str>, part: &str) -> Result<String, Unfit> {
    let block = format!("{BEGIN}\n{part}{END}\n");
    let text = text.unwrap_or_default();
    if let Some((before, after)) = around(text)? {
        return Ok(format!("{before}{block}{after}"));
    }
    let gap = match text {
        "" => "",
        text if text.ends_with("\n\n") => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    Ok(format!("{text}{gap}{block}"))
}

/// What stands before and after our part; `None` when it is not there.
fn around(text: &str) -> Result<Option<(&str, &str)>, Unfit> {
    let places = |marker: &str| -> Vec<usize> {
        text.match_indices(marker).map(|(place, _)| place).collect()
    };
    match (&places(BEGIN)[..], &places(END)[..]) {
        ([], []) => Ok(None),
        ([begin], [end]) if begin < end => {
            let after = text[end + END.len()..].trim_start_matches('\r');
            let after = after.strip_prefix('\n').unwrap_or(after);
            Ok(Some((&text[..*begin], after)))
        }
        _ => Err(Unfit::BrokenMarkers),
    }
}

/// `#!/bin/sh`, `#!/usr/bin/env bash`, `#! /bin/zsh -e` and the like.
fn is_shell(first: &str) -> bool {
    const SHELLS: [&str; 7] = ["sh", "bash", "dash", "zsh", "ksh", "ash", "busybox"];
    first
        .trim_start_matches("#!")
        .split_whitespace()
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .find(|word| *word != "env" && !word.starts_with('-') && !word.contains('='))
        .is_some_and(|word| SHELLS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: &str = "git exp check || exit 1\n";

    #[test]
    fn our_part_comes_first_and_goes_without_a_trace() {
        for script in [
            "#!/bin/sh\ngit lfs pre-push \"$@\"\n",
            "#!/usr/bin/env bash\nset -e\nmake test\n",
            "#! /usr/bin/env -S bash -e\nmake\n",
            "make test\n",
            "#!/bin/sh\nno newline at the end",
        ] {
            let new = with_part(Some(script), PART).unwrap();
            assert!(new.contains(PART), "{new}");
            assert_eq!(with_part(Some(&new), PART).unwrap(), new, "once is enough");
            let other = with_part(Some(&new), "other\n").unwrap();
            assert!(other.contains("other") && !other.contains(PART));
            assert_eq!(without_part(&new).unwrap().as_deref(), Some(script));
        }
        let alone = with_part(None, PART).unwrap();
        assert!(alone.starts_with("#!/bin/sh\n"));
        assert_eq!(without_part(&alone), Ok(None));
    }

    #[test]
    fn other_languages_and_broken_markers_are_left_alone() {
        for script in ["#!/usr/bin/env python3\nprint(1)\n", "#!/usr/bin/perl -w\n"] {
            assert_eq!(with_part(Some(script), PART), Err(Unfit::NotShell));
        }
        let cut = format!("#!/bin/sh\n{BEGIN}\n");
        assert_eq!(with_part(Some(&cut), PART), Err(Unfit::BrokenMarkers));
        assert_eq!(
            without_part(&format!("{END}\n{BEGIN}")),
            Err(Unfit::BrokenMarkers)
        );
    }

    #[test]
    fn a_part_below_keeps_the_text_above_it() {
        for text in ["", "stages: [test]\n", "a: 1\n\n", "no newline"] {
            let new = with_part_below(Some(text), PART).unwrap();
            assert!(new.starts_with(text) && new.ends_with(&format!("{PART}{END}\n")));
            assert_eq!(with_part_below(Some(&new), PART).unwrap(), new);
            let left = without_part(&new).unwrap().unwrap_or_default();
            assert_eq!(left.trim_end(), text.trim_end());
        }
    }
}
