//! What the names in a filter mean, given the names that the records have.

use std::collections::BTreeSet;

use super::QueryError;
use super::ast::{Field, Scope};
use crate::model::Brief;

/// The names that some run has.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Metrics.
    pub metrics: BTreeSet<String>,
    /// Parameters, dotted.
    pub params: BTreeSet<String>,
    /// Tags; of `key=value` the key.
    pub tags: BTreeSet<String>,
    /// Roles of data inputs.
    pub roles: BTreeSet<String>,
}

impl Names {
    /// Takes up the names of a run.
    pub fn learn(&mut self, run: &Brief) {
        self.metrics.extend(run.metrics.keys().cloned());
        self.params.extend(run.params.keys().cloned());
        let roles = run.data.iter().map(|input| input.role.clone());
        self.roles.extend(roles);
        let key = |tag: &String| tag.split('=').next().map(str::to_owned);
        self.tags.extend(run.tags.iter().filter_map(key));
    }

    /// Takes up the names of other runs.
    pub fn merge(&mut self, others: Self) {
        self.metrics.extend(others.metrics);
        self.params.extend(others.params);
        self.tags.extend(others.tags);
        self.roles.extend(others.roles);
    }
}

/// What a name turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A metric.
    Metric(String),
    /// A parameter.
    Param(String),
    /// A tag.
    Tag(String),
    /// A data input, by role.
    Data(String),
    /// What every run has.
    Attribute(Attribute),
}

impl Target {
    /// The name with its prefix, as it can be typed.
    pub fn typed(&self) -> String {
        let (scope, name) = match self {
            Self::Metric(name) => (Scope::Metrics, name.as_str()),
            Self::Param(name) => (Scope::Params, name.as_str()),
            Self::Tag(name) => (Scope::Tags, name.as_str()),
            Self::Data(name) => (Scope::Data, name.as_str()),
            Self::Attribute(attribute) => (Scope::Any, attribute.name()),
        };
        let field = Field {
            scope,
            name: name.to_owned(),
            span: super::Span::default(),
        };
        field.to_string()
    }

    /// The name alone, for a heading.
    pub fn heading(&self) -> String {
        match self {
            Self::Metric(name) | Self::Param(name) | Self::Tag(name) => name.clone(),
            Self::Data(role) => format!("data {role}"),
            Self::Attribute(attribute) => attribute.name().to_owned(),
        }
    }
}

macro_rules! attributes {
    ($($variant:ident $doc:literal [$name:literal $(, $alias:literal)*]),+ $(,)?) => {
        /// What every run has, whatever it recorded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Attribute {
            $(#[doc = $doc] $variant,)+
        }

        impl Attribute {
            /// All of them.
            pub const ALL: &'static [Attribute] = &[$(Self::$variant,)+];

            /// The name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Finds one by its name or another tool's name for it.
            pub fn parse(text: &str) -> Option<Self> {
                match text.to_ascii_lowercase().as_str() {
                    $($name $(| $alias)* => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

attributes! {
    Id "Folder name, `exp_NNN`, or the number." ["id", "exp"],
    Number "The number." ["number", "no"],
    Name "The slug." ["name", "run_name", "slug"],
    Title "The name as typed." ["title"],
    Uid "Identity." ["uid", "run_id"],
    Status "How it stands." ["status"],
    Goal "What it was for." ["goal", "description"],
    Conclusion "What was learnt." ["conclusion", "comment", "note"],
    Branch "git branch." ["branch"],
    Commit "git commit." ["commit", "source_version"],
    Dirty "Whether code differed from the commit." ["dirty"],
    Started "When it was started." ["started", "start_time", "created", "date"],
    Finished "When it was finished." ["finished", "end_time"],
    Seconds "How long it took." ["seconds", "duration"],
    Seed "The seed." ["seed"],
    Base "The run that it is compared with." ["base"],
    Tag "Its tags." ["tag", "tags"],
    Config "Paths of its configuration files." ["config"],
    Data "Paths and digests of its data." ["data"],
    Model "Paths of its models." ["model_path", "models"],
}

/// A scope, its names, and what such a name means.
type Family<'a> = (Scope, &'a BTreeSet<String>, fn(String) -> Target);

impl Names {
    /// Finds what a field means.
    ///
    /// A scope that does not hold the name gives way to the whole text as a name of its own: YAML
    /// files have `data.batch_size` and `run.seed`, too.
    ///
    /// # Errors
    /// An unknown name suggests the nearest; an ambiguous one lists its meanings.
    pub fn resolve(&self, field: &Field, written: &str) -> Result<Target, QueryError> {
        let mut found = self.meanings(field.scope, &field.name);
        if found.is_empty() && field.scope != Scope::Any {
            found = self.meanings(Scope::Any, written);
        }
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => Err(self.unknown(field, written)),
            _ => {
                let list: Vec<String> = found.iter().map(Target::typed).collect();
                Err(QueryError::new(
                    format!("`{}` could be {}", field.name, list.join(" or ")),
                    field.span,
                )
                .hint(format!("write {}", list[0])))
            }
        }
    }

    /// An attribute goes first: its name is part of the language, and `params.status` is there for
    /// the other. A parameter and a metric of one name are ambiguous.
    fn meanings(&self, scope: Scope, name: &str) -> Vec<Target> {
        let any = scope == Scope::Any;
        if (any || scope == Scope::Attributes)
            && let Some(attribute) = Attribute::parse(name)
        {
            return vec![Target::Attribute(attribute)];
        }
        let families: [Family<'_>; 4] = [
            (Scope::Metrics, &self.metrics, Target::Metric),
            (Scope::Params, &self.params, Target::Param),
            (Scope::Tags, &self.tags, Target::Tag),
            (Scope::Data, &self.roles, Target::Data),
        ];
        let exact: Vec<Target> = families
            .iter()
            // A tag or a role alone is never meant by a bare name: that is what `tag = x` is for.
            .filter(|(family, ..)| {
                *family == scope || (any && matches!(family, Scope::Metrics | Scope::Params))
            })
            .filter(|(_, names, _)| names.contains(name))
            .map(|(.., target)| target(name.to_owned()))
            .collect();
        if !exact.is_empty() {
            return exact;
        }
        // `lr` for `optim.lr`, where no other parameter ends so.
        if any || scope == Scope::Params {
            let suffix = format!(".{name}");
            return (self.params.iter())
                .filter(|param| param.ends_with(&suffix))
                .map(|param| Target::Param(param.clone()))
                .collect();
        }
        // A tag that nobody has yet is a fair question with the answer no.
        if scope == Scope::Tags {
            return vec![Target::Tag(name.to_owned())];
        }
        Vec::new()
    }

    fn unknown(&self, field: &Field, written: &str) -> QueryError {
        let what = match field.scope {
            Scope::Metrics => "metric",
            Scope::Params => "parameter",
            Scope::Data => "data role",
            Scope::Attributes => "attribute",
            Scope::Any | Scope::Tags => "metric, parameter or attribute",
        };
        let error = QueryError::new(format!("no run has a {what} `{}`", field.name), field.span);
        let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        if written.strip_prefix("exp_").is_some_and(number) {
            return error.hint(format!("to ask for a run: id = {written}"));
        }
        let mut candidates: Vec<Target> = Vec::new();
        let takes = |scope| field.scope == scope || field.scope == Scope::Any;
        if takes(Scope::Metrics) {
            candidates.extend(self.metrics.iter().cloned().map(Target::Metric));
        }
        if takes(Scope::Params) {
            candidates.extend(self.params.iter().cloned().map(Target::Param));
        }
        if takes(Scope::Data) {
            candidates.extend(self.roles.iter().cloned().map(Target::Data));
        }
        if takes(Scope::Attributes) {
            candidates.extend(Attribute::ALL.iter().copied().map(Target::Attribute));
        }
        let score = |target: &Target| {
            let name = match target {
                Target::Metric(n) | Target::Param(n) | Target::Tag(n) | Target::Data(n) => n,
                Target::Attribute(attribute) => attribute.name(),
            };
            let last = name.rsplit('.').next().unwrap_or(name);
            let like = |a: &str, b: &str| strsim::jaro_winkler(a, b);
            like(name, &field.name)
                .max(like(name, written))
                .max(like(last, &field.name))
        };
        let nearest = candidates
            .iter()
            .map(|target| (score(target), target))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        match nearest {
            Some((likeness, target)) if likeness > 0.75 => {
                error.hint(format!("did you mean `{}`?", target.typed()))
            }
            _ if candidates.is_empty() => error.hint("see what runs have: git exp show @"),
            _ => {
                let some: Vec<String> = candidates.iter().take(8).map(Target::typed).collect();
                let more = match candidates.len() - some.len() {
                    0 => String::new(),
                    n => format!(" and {n} more"),
                };
                error.hint(format!("there are {}{more}", some.join(", ")))
            }
        }
    }
}
