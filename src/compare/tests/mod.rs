//! What a comparison says, case by case and for random runs.

mod axes;
mod properties;
mod reference;
mod verdicts;

use super::{Comparison, Evidence, Rules, Side, compare};
use crate::model::Run;
use crate::settings::ProjectSettings;

fn rules(text: &str) -> Rules {
    Rules::from(&toml::from_str::<ProjectSettings>(text).unwrap())
}

/// Two records compared with nothing known beyond them.
fn plain<'a>(a: &'a Run, b: &'a Run) -> Comparison<'a> {
    compare(
        &Side::new(a),
        &Side::new(b),
        &Evidence::default(),
        &Rules::default(),
    )
}

/// The labels of the factors, in order.
fn labels(c: &Comparison<'_>) -> Vec<String> {
    c.factors.iter().map(super::Factor::label).collect()
}
