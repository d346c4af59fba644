//! A filter as it was written, before its names are known to mean anything.

/// Where in the text something stood. Two trees are equal wherever their parts stood.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// All of two or more.
    And(Vec<Expr>),
    /// Any of two or more.
    Or(Vec<Expr>),
    /// The contrary.
    Not(Box<Expr>),
    /// `field op literal`
    Compare(Field, Op, Literal),
    /// `field IN (…)`; the flag says `NOT IN`.
    In(Field, bool, Vec<Literal>),
    /// `field IS NULL`; the flag says `IS NOT NULL`.
    IsNull(Field, bool),
    /// A name alone: `dirty`, `tags.best`, a parameter that is true.
    Flag(Field),
    /// `touches('src/*.py')`: a path whose uncommitted change was part of the run.
    Touches(String, Span),
}

/// Which family of names a field belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// No prefix was written.
    Any,
    /// `metrics.`
    Metrics,
    /// `params.`
    Params,
    /// `tags.`
    Tags,
    /// `data.`: inputs by role.
    Data,
    /// `attributes.`: what every run has.
    Attributes,
}

impl Scope {
    /// Prefixes as they may be written; the first is how they are printed.
    pub(crate) const PREFIXES: [(Scope, &'static [&'static str]); 5] = [
        (Self::Metrics, &["metrics", "metric"]),
        (Self::Params, &["params", "param", "parameters", "config"]),
        (Self::Tags, &["tags", "tag"]),
        (Self::Data, &["data", "dataset", "datasets"]),
        (
            Self::Attributes,
            &["attributes", "attribute", "attr", "run"],
        ),
    ];

    /// The prefix with its dot; empty for [`Scope::Any`].
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Metrics => "metrics.",
            Self::Params => "params.",
            Self::Tags => "tags.",
            Self::Data => "data.",
            Self::Attributes => "attributes.",
        }
    }
}

/// A name, with or without a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its prefix.
    pub scope: Scope,
    /// The rest.
    pub name: String,
    /// Where it stood.
    pub span: Span,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `=` or `==`
    Eq,
    /// `!=` or `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `LIKE`: `%` any text, `_` any character.
    Like,
    /// `NOT LIKE`
    NotLike,
    /// `ILIKE`: `LIKE` without regard to case.
    ILike,
    /// `NOT ILIKE`
    NotILike,
    /// `~`: a regular expression found anywhere.
    Match,
    /// `!~`
    NotMatch,
}

impl Op {
    /// How it is printed.
    pub fn text(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Like => "LIKE",
            Self::NotLike => "NOT LIKE",
            Self::ILike => "ILIKE",
            Self::NotILike => "NOT ILIKE",
            Self::Match => "~",
            Self::NotMatch => "!~",
        }
    }
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// Its text, without quotes.
    pub text: String,
    /// Whether it was quoted: then it is text first, and a number only where it meets one.
    pub quoted: bool,
    /// Where it stood.
    pub span: Span,
}
