//! Metrics: what a run measured, and which way is better.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::number::Number;

/// One value of a metrics file. Only numbers are compared; the rest is kept as information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricValue {
    /// A number in its exact spelling.
    Number(Number),
    /// Text, such as the name of the best class.
    Text(String),
    /// A yes or no.
    Bool(bool),
    /// JSON's `null`: the program had nothing to say.
    Null,
}

impl MetricValue {
    /// The number, if it is one.
    pub fn number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }
}

impl Serialize for MetricValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bool(yes) => serializer.serialize_bool(*yes),
            Self::Null => serializer.serialize_unit(),
        }
    }
}

impl<'de> Deserialize<'de> for MetricValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::Null,
            Value::Bool(yes) => Self::Bool(yes),
            Value::String(text) => Self::Text(text),
            other => Self::Number(Number::from_json(other).map_err(D::Error::custom)?),
        })
    }
}

impl JsonSchema for MetricValue {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MetricValue".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [
                generator.subschema_for::<Number>(),
                {"type": ["string", "boolean", "null"]}
            ]
        })
    }
}

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// Higher is better.
    Max,
    /// Lower is better.
    Min,
    /// Information only: never better or worse.
    Info,
}

/// Words that make a name a measure to be raised or lowered, most specific first.
const MIN_WORDS: [&str; 14] = [
    "loss",
    "rmse",
    "mse",
    "mae",
    "mape",
    "error",
    "err",
    "logloss",
    "latency",
    "perplexity",
    "brier",
    "wer",
    "cer",
    "deviance",
];
const MAX_WORDS: [&str; 14] = [
    "auc",
    "accuracy",
    "acc",
    "f1",
    "r2",
    "recall",
    "precision",
    "ap",
    "map",
    "iou",
    "dice",
    "bleu",
    "mcc",
    "score",
];
const INFO_WORDS: [&str; 11] = [
    "time",
    "sec",
    "seconds",
    "params",
    "timestamp",
    "epoch",
    "epochs",
    "step",
    "steps",
    "rows",
    "samples",
];

/// Guesses the goal of a metric from its name; `None` when the name says nothing.
///
/// `init` writes the guess into exp.toml, where the user corrects it.
pub fn guess_goal(name: &str) -> Option<Goal> {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let any = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if any(&MIN_WORDS) {
        Some(Goal::Min)
    } else if any(&INFO_WORDS) || lower.starts_with("n_") {
        Some(Goal::Info)
    } else if any(&MAX_WORDS) {
        Some(Goal::Max)
    } else {
        None
    }
}

/// What part of the data a metric speaks of, by the words in its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Yardstick {
    /// Measured on the rows it was trained on.
    Train,
    /// Measured on validation rows: what choices may be made by.
    Val,
    /// Measured on test rows.
    Test,
}

/// Reads the yardstick from a metric's name (`roc_auc_val`, `test/accuracy`, `devLoss`).
pub fn yardstick(name: &str) -> Option<Yardstick> {
    let lower = name.to_ascii_lowercase();
    lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find_map(|word| match word {
            "train" | "training" => Some(Yardstick::Train),
            "val" | "valid" | "validation" | "dev" | "eval" | "cv" => Some(Yardstick::Val),
            "test" | "holdout" => Some(Yardstick::Test),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_guessed_from_whole_words() {
        assert_eq!(guess_goal("roc_auc_val"), Some(Goal::Max));
        assert_eq!(guess_goal("val/logloss"), Some(Goal::Min));
        assert_eq!(guess_goal("train_time_sec"), Some(Goal::Info));
        assert_eq!(guess_goal("n_params"), Some(Goal::Info));
        assert_eq!(guess_goal("glossary"), None);
    }

    #[test]
    fn yardsticks_are_read_from_names() {
        assert_eq!(yardstick("roc_auc_val"), Some(Yardstick::Val));
        assert_eq!(yardstick("test/acc"), Some(Yardstick::Test));
        assert_eq!(yardstick("latest_acc"), None);
    }
}
