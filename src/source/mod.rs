//! What the text of a source file says: its tokens, its functions, its imports, a notebook's cells.
//!
//! Pure and lexical: nothing is executed or resolved here. Whatever a lexer is not sure of makes its
//! answer `None`, for "only comments changed" is a promise that the change can't matter.

pub mod cosmetic;
pub mod imports;
pub mod notebook;
pub mod python;
pub mod scopes;
pub mod shell;
pub mod toml;
pub mod unseeded;
pub mod yaml;

/// A kind of source file that can be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python.
    Python,
    /// A POSIX shell or bash.
    Shell,
    /// YAML.
    Yaml,
    /// TOML.
    Toml,
    /// A Jupyter notebook.
    Notebook,
}

impl Language {
    /// The language that an extension in lower case stands for.
    pub fn of(extension: &str) -> Option<Self> {
        Some(match extension {
            "py" | "pyi" | "pyw" => Self::Python,
            "sh" | "bash" | "ksh" | "slurm" | "sbatch" | "pbs" => Self::Shell,
            "yaml" | "yml" => Self::Yaml,
            "toml" => Self::Toml,
            "ipynb" => Self::Notebook,
            _ => return None,
        })
    }
}
