//! A run in brief, asked.

use std::borrow::Cow;

use super::{Attribute, Subject, Target, Value};
use crate::model::brief::FileBrief;
use crate::model::{Brief, MetricValue, Param};

impl Subject for Brief {
    fn value(&self, target: &Target) -> Value<'_> {
        match target {
            Target::Metric(name) => self.metrics.get(name).map_or(Value::Missing, Value::from),
            Target::Param(name) => self.params.get(name).map_or(Value::Missing, Value::from),
            Target::Tag(name) => tag(&self.tags, name),
            Target::Data(role) => {
                let inputs = self.data.iter().filter(|input| input.role == *role);
                list(inputs.flat_map(|input| {
                    let digest = input
                        .sha256
                        .as_ref()
                        .map(|d| Value::Hash(d.as_str().into()));
                    [Some(Value::Text(input.path.display())), digest]
                        .into_iter()
                        .flatten()
                }))
            }
            Target::Attribute(attribute) => self.attribute(*attribute),
        }
    }

    fn touches(&self, test: &dyn Fn(&[u8]) -> bool) -> bool {
        self.changes.iter().any(|path| test(path.as_bytes()))
    }
}

impl Brief {
    fn attribute(&self, attribute: Attribute) -> Value<'_> {
        let text = |text: &'_ Option<String>| match text {
            Some(text) => Value::Text(Cow::Owned(text.clone())),
            None => Value::Missing,
        };
        match attribute {
            Attribute::Id => {
                let id = self.id();
                let names = [id.to_string(), id.short(), self.number.to_string()];
                list(names.into_iter().map(|name| Value::Text(name.into())))
            }
            Attribute::Number => {
                Value::Number(f64::from(self.number), self.number.to_string().into())
            }
            Attribute::Name => Value::Text(self.slug.as_str().into()),
            Attribute::Title => Value::Text(self.title.as_str().into()),
            Attribute::Uid => Value::Hash(self.uid.as_str().into()),
            Attribute::Status => Value::Text(self.status.word().into()),
            Attribute::Goal => text(&self.goal),
            Attribute::Conclusion => text(&self.conclusion),
            Attribute::Branch => text(&self.branch),
            Attribute::Commit => self
                .commit
                .as_ref()
                .map_or(Value::Missing, |c| Value::Hash(c.as_str().into())),
            Attribute::Dirty => Value::Bool(self.dirty),
            Attribute::Started => Value::Time(self.started.timestamp_millis()),
            Attribute::Finished => self
                .finished
                .map_or(Value::Missing, |time| Value::Time(time.timestamp_millis())),
            Attribute::Seconds => match &self.seconds {
                Some(seconds) => Value::Number(seconds.as_f64(), seconds.as_str().into()),
                None => Value::Missing,
            },
            Attribute::Seed => self.seed.as_ref().map_or(Value::Missing, Value::from),
            Attribute::Base => match &self.base {
                Some(base) => {
                    let parsed = crate::model::RunId::parse(&base.id);
                    let more = parsed.map(|id| [id.short(), id.number.to_string()]);
                    let names = std::iter::once(base.id.clone()).chain(more.into_iter().flatten());
                    list(names.map(|name| Value::Text(name.into())))
                }
                None => Value::Missing,
            },
            Attribute::Tag => list(self.tags.iter().map(|tag| Value::Text(tag.as_str().into()))),
            Attribute::Config => files(&self.config),
            Attribute::Model => files(&self.models),
            Attribute::Data => list(self.data.iter().flat_map(|input| {
                let digest = input
                    .sha256
                    .as_ref()
                    .map(|d| Value::Hash(d.as_str().into()));
                [Some(Value::Text(input.path.display())), digest]
                    .into_iter()
                    .flatten()
            })),
        }
    }
}

fn list<'a>(items: impl Iterator<Item = Value<'a>>) -> Value<'a> {
    let items: Vec<Value<'a>> = items.collect();
    if items.is_empty() {
        Value::Missing
    } else {
        Value::List(items)
    }
}

fn files(files: &[FileBrief]) -> Value<'_> {
    list(files.iter().map(|file| Value::Text(file.path.display())))
}

/// The tag `best`, or the value of the tag `team=vision`.
fn tag<'a>(tags: &'a [String], name: &str) -> Value<'a> {
    let found = tags.iter().find_map(|tag| match tag.split_once('=') {
        Some((key, value)) if key == name => Some(Value::Text(value.into())),
        _ if tag == name => Some(Value::Bool(true)),
        _ => None,
    });
    found.unwrap_or(Value::Missing)
}

impl<'a> From<&'a MetricValue> for Value<'a> {
    fn from(value: &'a MetricValue) -> Self {
        match value {
            MetricValue::Number(number) => Self::Number(number.as_f64(), number.as_str().into()),
            MetricValue::Text(text) => Self::Text(text.as_str().into()),
            MetricValue::Bool(yes) => Self::Bool(*yes),
            MetricValue::Null => Self::Missing,
        }
    }
}

impl<'a> From<&'a Param> for Value<'a> {
    fn from(param: &'a Param) -> Self {
        if let Some(yes) = param.bool() {
            return Self::Bool(yes);
        }
        match (param.number(), param) {
            (Some(number), _) => Self::Number(number.as_f64(), param.spelling().into()),
            (None, Param::Leaf { text, .. }) => Self::Text(text.as_str().into()),
            (None, Param::List(_)) => Self::Text(param.spelling().into()),
        }
    }
}

impl Value<'_> {
    /// The same value, keeping nothing borrowed.
    pub fn into_owned(self) -> Value<'static> {
        let own = |text: Cow<'_, str>| Cow::<'static, str>::Owned(text.into_owned());
        match self {
            Self::Missing => Value::Missing,
            Self::Number(value, text) => Value::Number(value, own(text)),
            Self::Text(text) => Value::Text(own(text)),
            Self::Hash(text) => Value::Hash(own(text)),
            Self::Bool(yes) => Value::Bool(yes),
            Self::Time(at) => Value::Time(at),
            Self::List(items) => Value::List(items.into_iter().map(Value::into_owned).collect()),
        }
    }
}
