//! `git-exp/check/1`: for programs.

use schemars::JsonSchema;
use serde::Serialize;

use crate::check::Checked;
use crate::check::finding::{Finding, Outcome};

/// The version of this output.
pub const SCHEMA: &str = "git-exp/check/1";

/// The whole output.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Document {
    /// How many runs there are.
    pub runs: usize,
    /// How many of them were asked about.
    pub asked: usize,
    /// The exit code.
    pub exit: u8,
    /// Rules that were not asked: the project's settings or `--skip` leave them out.
    pub not_asked: Vec<&'static str>,
    /// How much was looked at.
    pub looked_at: LookedAt,
    /// How many results came out how.
    pub counts: Counts,
    /// Everything but what is fine.
    pub findings: Vec<Finding>,
}

/// How much was looked at; with `--since` and `--staged`, no more than what is new.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LookedAt {
    /// Records that were read.
    pub records: usize,
    /// Files of runs that were looked through.
    pub files: usize,
    /// Commits whose code may be that of a run.
    pub commits: usize,
}

/// How many results came out how.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Counts {
    /// Rules that don't hold, warnings included.
    pub broken: usize,
    /// Rules that can't be verified here.
    pub unverifiable: usize,
    /// Rules that hold, with a remark.
    pub note: usize,
    /// Rules that hold.
    pub ok: usize,
}

/// Tells it as JSON.
pub fn render(checked: &Checked) -> String {
    let document = Document {
        runs: checked.runs,
        asked: checked.asked,
        exit: checked.exit.0,
        not_asked: checked.not_asked.clone(),
        looked_at: LookedAt {
            records: checked.looked.records,
            files: checked.looked.files,
            commits: checked.looked.commits,
        },
        counts: Counts {
            broken: checked.count(Outcome::Broken),
            unverifiable: checked.count(Outcome::Unverifiable),
            note: checked.count(Outcome::Note),
            ok: checked.count(Outcome::Ok),
        },
        findings: checked.told().cloned().collect(),
    };
    let mut value = serde_json::to_value(document).unwrap_or_default();
    value["schema"] = SCHEMA.into();
    crate::ui::escape::json(&format!("{value:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOSTILE, hostile, sample};
    use super::*;

    #[test]
    fn the_output_fits_its_schema() {
        let mut schema = schemars::schema_for!(Document).to_value();
        schema["properties"]["schema"] = serde_json::json!({"const": SCHEMA});
        let validator = jsonschema::validator_for(&schema).unwrap();
        for checked in [sample(), hostile()] {
            let value: serde_json::Value = serde_json::from_str(&render(&checked)).unwrap();
            assert!(validator.is_valid(&value));
        }
        let value: serde_json::Value = serde_json::from_str(&render(&hostile())).unwrap();
        assert_eq!(value["findings"][0]["message"], HOSTILE);
        assert_eq!(value["counts"]["broken"], 1);
    }
}
