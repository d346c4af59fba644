//! Failures as a user reads them: what failed, why, and the next command to type.

use std::fmt;

/// The result of nearly everything here.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command could not do its work. It always ends the program with exit code 2.
///
/// Built where the reason is known:
/// `Failure::new("no run named `exp_9`").hint("list them with `git exp ls`")`.
#[derive(Clone, Debug)]
pub struct Failure {
    message: String,
    excerpt: Option<Box<[String; 2]>>,
    causes: Vec<String>,
    hints: Vec<String>,
    broken_pipe: bool,
}

impl Failure {
    /// Says what failed, in the user's words.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            excerpt: None,
            causes: Vec::new(),
            hints: Vec::new(),
            broken_pipe: false,
        }
    }

    /// Shows the text that is meant, and a mark under the place in it.
    pub fn excerpt(mut self, text: impl Into<String>, mark: impl Into<String>) -> Self {
        self.excerpt = Some(Box::new([text.into(), mark.into()]));
        self
    }

    /// Adds a reason below.
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds a command to type next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What failed.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The text that is meant and the mark under it, if there is any.
    pub fn lines(&self) -> &[String] {
        match &self.excerpt {
            Some(lines) => &lines[..],
            None => &[],
        }
    }

    /// Reasons, nearest first.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// What to do about it.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Whether the reader of our output went away, which is no failure at all.
    pub fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for cause in &self.causes {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let mut failure = Self::new(error.to_string());
        failure.broken_pipe = error.kind() == std::io::ErrorKind::BrokenPipe;
        failure
    }
}

/// Adds to any error what was being attempted.
pub trait Context<T> {
    /// Puts `message` in front and the error itself below it as the cause.
    fn context(self, message: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<anyhow::Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, message: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| {
            let mut failure = Failure::new(message());
            match error.into().downcast::<Failure>() {
                Ok(inner) => {
                    failure.causes.push(inner.message);
                    failure.causes.extend(inner.causes);
                    failure.hints = inner.hints;
                }
                // anyhow keeps the whole chain of sources; some of them quote the next one already.
                Err(error) => {
                    for cause in error.chain().map(ToString::to_string) {
                        if !failure.causes.iter().any(|before| before.contains(&cause)) {
                            failure.causes.push(cause);
                        }
                    }
                }
            }
            failure
        })
    }
}

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitCode(pub u8);

impl ExitCode {
    /// Done, or the answer is yes.
    pub const OK: Self = Self(0);
    /// The answer is no.
    pub const NO: Self = Self(1);
    /// An error.
    pub const ERROR: Self = Self(2);
    /// Something that had to be verified could not be.
    pub const UNVERIFIED: Self = Self(3);
}

/// What to do about a full disk.
pub const DISK_FULL: &str = "free some disk space: df -h .";
/// What to do about a folder that must not be written.
pub fn to_make_writable(folder: &std::path::Path) -> String {
    format!("make it writable: chmod u+w {}", pasted(folder))
}

/// What to do about a file that is larger than the shell lets it be.
pub const OVER_LIMIT: &str = "lift this shell's limit on file sizes: ulimit -f unlimited";

/// A path as a shell takes it, for a command that is told to be typed.
pub fn pasted(path: &std::path::Path) -> String {
    let path = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@%".contains(letter);
    match path.chars().all(is_plain) {
        true => path,
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_to_be_typed_is_quoted_where_a_shell_would_part_it() {
        let pasted = |path: &str| pasted(std::path::Path::new(path));
        assert_eq!(pasted("данные/a_1.csv"), "данные/a_1.csv");
        assert_eq!(pasted("my data/$x"), "'my data/$x'");
        assert_eq!(pasted("it's"), r"'it'\''s'");
    }

    #[test]
    fn every_source_becomes_a_cause_and_none_is_said_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("the outer one: {0}")]
        struct Outer(#[source] std::io::Error);
        let outer = Outer(std::io::Error::other("the inner one"));
        let failure = Err::<(), _>(outer)
            .context(|| "it failed".to_owned())
            .unwrap_err();
        assert_eq!(failure.message(), "it failed");
        assert_eq!(failure.causes(), ["the outer one: the inner one"]);
        let again = Err::<(), _>(failure.hint("do this")).context(|| "all failed".to_owned());
        let again = again.unwrap_err();
        assert_eq!(
            again.causes(),
            ["it failed", "the outer one: the inner one"]
        );
        assert_eq!(again.hints(), ["do this"]);
    }
}
