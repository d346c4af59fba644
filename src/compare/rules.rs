//! The project's own rules for comparing: goals, the primary metric, bundles, the yardstick.

use std::collections::BTreeMap;

use globset::{Glob, GlobMatcher};

use crate::model::metric::{Goal, Yardstick, guess_goal, yardstick};
use crate::settings::ProjectSettings;

/// Rules of a comparison, made from `exp.toml`.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The metric that choices are made by.
    pub primary: Option<String>,
    goals: BTreeMap<String, Goal>,
    bundles: Vec<(String, Vec<GlobMatcher>)>,
    default_role: Option<String>,
    split_keys: Vec<GlobMatcher>,
    /// Whether the project says which files compute the metrics.
    pub names_metric_code: bool,
}

impl From<&ProjectSettings> for Rules {
    fn from(settings: &ProjectSettings) -> Self {
        Self {
            primary: settings.primary.clone(),
            goals: settings.metrics.clone(),
            bundles: settings
                .factors
                .iter()
                .map(|(name, patterns)| (name.clone(), matchers(patterns)))
                .collect(),
            default_role: settings.eval.default.clone(),
            split_keys: matchers(&settings.eval.split_keys),
            names_metric_code: !settings.eval.metric_code.is_empty(),
        }
    }
}

impl Rules {
    /// The goal of a metric: what the project says, else what its name suggests.
    pub fn goal(&self, metric: &str) -> Option<Goal> {
        self.goals
            .get(metric)
            .copied()
            .or_else(|| guess_goal(metric))
    }

    /// What a metric was measured on: a word in its name, else `[eval] default`, else validation.
    pub fn role(&self, metric: &str) -> Yardstick {
        yardstick(metric)
            .or_else(|| yardstick(self.default_role.as_deref()?))
            .unwrap_or(Yardstick::Val)
    }

    /// The bundle that a config key belongs to.
    pub fn bundle(&self, key: &str) -> Option<&str> {
        self.bundles
            .iter()
            .find(|(_, globs)| globs.iter().any(|glob| glob.is_match(key)))
            .map(|(name, _)| name.as_str())
    }

    /// Whether a config key says how data is split: `[eval] split_keys`, or without any a key with a
    /// part called `split`.
    pub fn is_split_key(&self, key: &str) -> bool {
        if self.split_keys.is_empty() {
            key.split('.').any(|part| part == "split")
        } else {
            self.split_keys.iter().any(|glob| glob.is_match(key))
        }
    }
}

/// A pattern that is no glob is taken literally: a typing error must not bundle everything.
fn matchers(patterns: &[String]) -> Vec<GlobMatcher> {
    patterns
        .iter()
        .filter_map(|pattern| matcher(pattern))
        .collect()
}

/// One pattern over dotted names; `*` matches dots too.
pub(super) fn matcher(pattern: &str) -> Option<GlobMatcher> {
    Glob::new(pattern)
        .or_else(|_| Glob::new(&globset::escape(pattern)))
        .ok()
        .map(|glob| glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Rules {
        Rules::from(&toml::from_str::<ProjectSettings>(text).unwrap())
    }

    #[test]
    fn names_say_the_role_and_the_project_says_the_rest() {
        assert_eq!(rules("").role("accuracy"), Yardstick::Val);
        let rules = rules("[eval]\ndefault = \"test\"");
        assert_eq!(rules.role("accuracy"), Yardstick::Test);
        assert_eq!(rules.role("dev/accuracy"), Yardstick::Val);
    }

    #[test]
    fn bundles_and_split_keys_are_globs_over_dotted_names() {
        let rules = rules(
            "[factors]\nfeatures = [\"features.*\"]\nodd = [\"a[\"]\n[eval]\nsplit_keys = [\"cv.*\"]",
        );
        assert_eq!(rules.bundle("features.list"), Some("features"));
        assert_eq!(rules.bundle("features.scale.by"), Some("features"));
        assert_eq!(rules.bundle("model.type"), None);
        assert_eq!(rules.bundle("a["), Some("odd"));
        assert!(rules.is_split_key("cv.folds") && !rules.is_split_key("split.ratio"));
        assert!(Rules::default().is_split_key("data.split.ratio"));
    }
}
