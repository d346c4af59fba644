//! The checklist on the page.

use maud::{Markup, html};

use super::{Page, shown};
use crate::report::sections::checklist::{Answer, items};

impl Page<'_> {
    pub(super) fn checklist(&self) -> Markup {
        let lang = self.facts.lang;
        html! {
            section #checklist aria-labelledby="checklist-title" {
                h2 #checklist-title { (self.t("Checklist", "Чек-лист")) }
                ol.checks {
                    @for item in items(self.facts) {
                        @let (kind, sign) = match item.answer {
                            Answer::Yes => ("yes", "✓"),
                            Answer::No => ("no", "✕"),
                            Answer::Unknown => ("unknown", "?"),
                        };
                        li.(kind) {
                            span.sign aria-hidden="true" { (sign) }
                            div {
                                strong { (item.question) } span.sr { ": " (item.answer.word(lang)) }
                                p { (shown(&item.evidence)) }
                                @if let Some(fix) = &item.fix { p { code { (shown(fix)) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}
