//! Numbers for the page's script, as JSON that can't end its element.

use maud::{Markup, PreEscaped, html};
use serde_json::json;

use super::Page;

impl Page<'_> {
    pub(super) fn data(&self) -> Markup {
        let runs: Vec<_> = self
            .facts
            .runs
            .iter()
            .map(|run| json!([run.number, run.id().to_string(), self.facts.label(run)]))
            .collect();
        let values = |name: &String| -> Vec<serde_json::Value> {
            let each = self.facts.runs.iter().map(|run| {
                let value = self.facts.number(run, name)?;
                let shown = crate::ui::number::metric(value);
                (run.status == crate::model::Status::Ok && value.is_finite())
                    .then(|| json!([value.as_f64(), shown]))
            });
            each.map(serde_json::Value::from).collect()
        };
        let document = json!({
            "runs": runs,
            "values": self.metrics.iter().map(values).collect::<Vec<_>>(),
            "of": self.t("of", "из"),
            "more": self.t("Show the rest", "Показать остальные"),
        });
        html! { script #data type="application/json" { (PreEscaped(harmless(&document.to_string()))) } }
    }
}

/// JSON in which no tag, comment or line separator can be seen.
pub(super) fn harmless(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}
