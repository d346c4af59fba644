//! What a rule found out about one run or one place in a file.

use schemars::JsonSchema;
use serde::Serialize;

/// How a rule came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The record says what is not so.
    Broken,
    /// What is needed to tell is not in this clone.
    Unverifiable,
    /// It holds, and there is something to know about it.
    Note,
    /// It holds.
    Ok,
}

/// How much a broken rule weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Fails the check.
    Error,
    /// Fails it with `--strict` only.
    Warn,
}

/// One result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// The rule's stable code, such as `E-commit`.
    pub code: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// How much it weighs when it is broken.
    pub level: Level,
    /// The run, as its folder is called.
    pub run: Option<String>,
    /// The file, from the top of the working tree, with `/`.
    pub file: Option<String>,
    /// The line in the file, from 1.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// One sentence; empty when all is well.
    pub message: String,
    /// What else there is to know, a line each.
    pub details: Vec<String>,
    /// The command to type, or what to change.
    pub fix: Option<String>,
}

impl Finding {
    fn new(code: &'static str, outcome: Outcome, message: impl Into<String>) -> Self {
        let level = if code.starts_with("W-") {
            Level::Warn
        } else {
            Level::Error
        };
        Self {
            code,
            outcome,
            level,
            run: None,
            file: None,
            line: None,
            column: None,
            message: message.into(),
            details: Vec::new(),
            fix: None,
        }
    }

    /// The rule holds.
    pub fn ok(code: &'static str) -> Self {
        Self::new(code, Outcome::Ok, "")
    }

    /// The rule holds, with a remark.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Outcome::Note, message)
    }

    /// The rule does not hold.
    pub fn broken(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Outcome::Broken, message)
    }

    /// It can't be told here.
    pub fn unverifiable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Outcome::Unverifiable, message)
    }

    /// Lowers an error to a warning.
    pub fn warning(mut self) -> Self {
        self.level = Level::Warn;
        self
    }

    /// Says which run it is about.
    pub fn of(mut self, run: impl ToString) -> Self {
        self.run = Some(run.to_string());
        self
    }

    /// Says which file it is about.
    pub fn at(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Says where in the file.
    pub fn line(mut self, line: usize, column: usize) -> Self {
        self.line = Some(line);
        self.column = Some(column);
        self
    }

    /// Adds a line of explanation.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Says what to do about it.
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// `report.md:41:52`, the file alone, or nothing.
    pub fn place(&self) -> Option<String> {
        let file = self.file.as_ref()?;
        Some(match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            (Some(line), None) => format!("{file}:{line}"),
            _ => file.clone(),
        })
    }

    /// What stays the same about this finding when other things around it change: code, run, file
    /// and message, digested.
    pub fn fingerprint(&self) -> String {
        let text = [
            self.code,
            self.run.as_deref().unwrap_or_default(),
            self.file.as_deref().unwrap_or_default(),
            &self.message,
        ]
        .join("\n");
        crate::model::Sha256::of(text.as_bytes())
            .as_str()
            .to_owned()
    }
}
