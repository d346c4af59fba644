//! How much each rule weighs here: `[check]` of exp.toml and the command line.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Level, Outcome};
use super::rules::{self, RULES};
use crate::error::{Failure, Result};

/// Levels and demands.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    levels: BTreeMap<&'static str, Setting>,
    required: BTreeSet<&'static str>,
    /// `dirty = "error"` or `--require-clean`: a run's code must be in a commit.
    pub require_clean: bool,
    /// `commit = "strict"`: an equal tree is not enough.
    pub strict_commit: bool,
    /// `--strict`: warnings fail the check.
    pub strict: bool,
}

/// What exp.toml says about a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    Off,
    At(Level),
}

impl Policy {
    /// Reads `[check]`.
    ///
    /// # Errors
    /// An unknown rule or level, with the nearest known one.
    pub fn read(settings: &BTreeMap<String, toml::Value>) -> Result<Self> {
        let mut policy = Self::default();
        for (name, value) in settings {
            let rule = known(name).map_err(|failure| failure.hint("edit experiments/exp.toml"))?;
            let text = value.as_str().unwrap_or_default();
            let setting = match text {
                "off" => Setting::Off,
                "warn" => Setting::At(Level::Warn),
                "error" => Setting::At(Level::Error),
                "strict" if rule == "E-commit" => Setting::At(Level::Error),
                _ => {
                    return Err(Failure::new(format!("[check] {name} = {value} is no level"))
                        .because("levels are \"error\", \"warn\" and \"off\"; commit also has \"strict\"")
                        .hint("edit experiments/exp.toml"));
                }
            };
            policy.strict_commit |= text == "strict";
            policy.require_clean |= rule == "E-dirty" && text == "error";
            policy.levels.insert(rule, setting);
        }
        Ok(policy)
    }

    /// Adds rules that must be verified (`--require commit,data`).
    pub fn require(&mut self, names: &[String]) -> Result<()> {
        for name in names {
            let rule = known(name).map_err(|f| f.hint("git exp check --require commit,data"))?;
            self.required.insert(rule);
        }
        Ok(())
    }

    /// Leaves rules out (`--skip data`).
    pub fn skip(&mut self, names: &[String]) -> Result<()> {
        for name in names {
            let rule = known(name).map_err(|f| f.hint("git exp check --skip data,model"))?;
            self.levels.insert(rule, Setting::Off);
        }
        Ok(())
    }

    /// Whether a rule is asked at all.
    pub fn asks(&self, code: &str) -> bool {
        self.levels.get(code) != Some(&Setting::Off)
    }

    /// Gives a finding its weight.
    pub fn weigh(&self, finding: &mut Finding) {
        if let Some(Setting::At(level)) = self.levels.get(finding.code) {
            finding.level = *level;
        }
    }

    /// Whether a rule must not be left unverified.
    pub fn requires(&self, code: &str) -> bool {
        self.required.contains(code)
    }

    /// Whether a finding fails the check.
    pub fn fails(&self, finding: &Finding) -> bool {
        finding.outcome == Outcome::Broken && (self.strict || finding.level == Level::Error)
    }

    /// How the check ends: 1 when something is broken, else 3 when something required was not
    /// verified, else 0.
    pub fn exit_code(&self, findings: &[Finding]) -> crate::error::ExitCode {
        use crate::error::ExitCode;
        let unverified = |finding: &Finding| {
            finding.outcome == Outcome::Unverifiable && self.requires(finding.code)
        };
        if findings.iter().any(|finding| self.fails(finding)) {
            ExitCode::NO
        } else if findings.iter().any(unverified) {
            ExitCode::UNVERIFIED
        } else {
            ExitCode::OK
        }
    }
}

/// The code of a rule that a person named.
fn known(name: &str) -> Result<&'static str> {
    if let Some(rule) = rules::find(name) {
        return Ok(rule.code);
    }
    let failure = Failure::new(format!("there is no rule `{name}`"));
    let nearest = RULES
        .iter()
        .flat_map(|rule| [rule.name(), rule.code])
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(score, _)| *score > 0.75);
    Err(match nearest {
        Some((_, known)) => failure.hint(format!("did you mean `{known}`?")),
        None => {
            let names: Vec<&str> = RULES.iter().map(rules::Rule::name).collect();
            failure.because(format!("rules are {}", names.join(", ")))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ExitCode;

    fn policy(text: &str) -> Result<Policy> {
        Policy::read(&toml::from_str(text).unwrap())
    }

    #[test]
    fn levels_are_read_and_mistakes_are_named() {
        let read =
            policy("commit = \"strict\"\ndirty = \"error\"\nE-report = \"warn\"\nW-why = \"off\"")
                .unwrap();
        assert!(read.strict_commit && read.require_clean);
        assert!(!read.asks("W-why") && read.asks("E-report"));
        let mut finding = Finding::broken("E-report", "x");
        read.weigh(&mut finding);
        assert_eq!(finding.level, Level::Warn);
        let error = policy("comit = \"error\"").unwrap_err();
        assert_eq!(error.hints()[0], "did you mean `commit`?");
        assert!(policy("report = \"strict\"").is_err());
        assert!(policy("report = 1").is_err());
    }

    #[test]
    fn the_exit_code_follows_from_the_worst() {
        let mut policy = Policy::default();
        let broken = Finding::broken("E-name", "x");
        let warning = Finding::broken("W-why", "x");
        let unknown = Finding::unverifiable("E-data", "x");
        let note = Finding::note("E-commit", "x");
        let all = [note.clone(), unknown.clone(), warning.clone()];
        assert_eq!(policy.exit_code(&all), ExitCode::OK);
        policy.require(&["data".into()]).unwrap();
        assert_eq!(policy.exit_code(&all), ExitCode::UNVERIFIED);
        policy.strict = true;
        assert_eq!(policy.exit_code(&all), ExitCode::NO);
        policy.strict = false;
        assert_eq!(policy.exit_code(&[unknown, broken]), ExitCode::NO);
        assert_eq!(policy.exit_code(&[note]), ExitCode::OK);
        assert!(policy.require(&["nonsense".into()]).is_err());
    }
}
