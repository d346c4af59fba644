//! One page with everything: the table, plots, the story of changes, each run in full.
//!
//! The page needs no network and runs no script but its own, which it names by digest in its
//! content security policy. Without that script it can be read and printed all the same; the
//! script sorts, filters and points at values.

mod charts;
mod checklist;
mod data;
mod figure;
mod run;
mod runs;
mod summary;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::Digest;

use super::facts::Facts;
use super::plot::{Point, palette};
use super::yardsticks::Groups;
use crate::model::Uid;
use crate::model::run::Time;
use crate::settings::Lang;

/// Values over steps of each run, by metric; thinned out already.
pub type Curves = BTreeMap<Uid, BTreeMap<String, Vec<Point>>>;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What the parts of the page share.
struct Page<'a> {
    facts: &'a Facts<'a>,
    curves: &'a Curves,
    metrics: Vec<String>,
    groups: Vec<Groups>,
}

/// Metrics with a column and a plot of their own; a run's details name all.
const METRICS_SHOWN: usize = 8;

/// The page's text.
pub fn page(facts: &Facts<'_>, curves: &Curves, made: Time) -> String {
    let mut metrics = facts.metrics();
    metrics.truncate(METRICS_SHOWN);
    let groups = metrics.iter().map(|name| Groups::of(facts, name)).collect();
    let page = Page {
        facts,
        curves,
        metrics,
        groups,
    };
    page.document(made).into_string()
}

impl Page<'_> {
    fn t<'t>(&self, english: &'t str, russian: &'t str) -> &'t str {
        self.facts.lang.pick(english, russian)
    }

    fn duration(&self, seconds: &crate::model::Number) -> String {
        crate::ui::number::duration_in(seconds.as_f64(), self.facts.lang)
    }

    fn bytes(&self, count: u64) -> String {
        crate::ui::number::bytes_in(count, self.facts.lang)
    }

    fn document(&self, made: Time) -> Markup {
        let style = format!("{STYLE}{}", self.colours());
        let title = format!(
            "{} · {}",
            self.t("Experiments", "Эксперименты"),
            self.facts.project
        );
        let lang = match self.facts.lang {
            Lang::En => "en",
            Lang::Ru => "ru",
        };
        html! {
            (DOCTYPE)
            html lang=(lang) {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy(&style));
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="referrer" content="no-referrer";
                    meta name="color-scheme" content="light dark";
                    meta name="generator" content=(concat!("git-exp ", env!("CARGO_PKG_VERSION")));
                    title { (title) }
                    style { (PreEscaped(&style)) }
                }
                body {
                    a.skip href="#runs" { (self.t("Skip to the table", "К таблице")) }
                    (self.summary(made))
                    main {
                        @if self.facts.runs.is_empty() {
                            p.empty { (self.t("No runs are recorded yet.", "Записанных запусков пока нет.")) }
                        } @else {
                            (self.runs())
                            (self.metric_plots())
                            (self.curve_plots())
                            (self.story())
                            (self.checklist())
                        }
                    }
                    footer { (self.footer(made)) }
                    (self.data())
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    }

    /// Colours of lines for both themes, and the rules that show the plot that was picked.
    fn colours(&self) -> String {
        let list = |colours: [&str; palette::COUNT]| -> String {
            let each = colours.iter().enumerate();
            each.map(|(i, colour)| format!("--s{i}:{colour};"))
                .collect()
        };
        let lines: String = (0..palette::COUNT)
            .map(|i| {
                format!(
                    ".s{i}{{stroke:var(--s{i})}}.line.s{i}{{stroke-dasharray:{}}}\
                     figure:has(input[data-l=\"{i}\"]:not(:checked)) .plot .line.s{i}{{display:none}}",
                    palette::DASHES[i]
                )
            })
            .collect();
        let panels: String = (0..METRICS_SHOWN)
            .map(|i| format!(".deck:has(input[data-p=\"{i}\"]:checked) .panel[data-p=\"{i}\"]{{display:block}}"))
            .collect();
        format!(
            ":root{{{}}}@media(prefers-color-scheme:dark){{@media screen{{:root{{{}}}}}}}{lines}{panels}",
            list(palette::LIGHT),
            list(palette::DARK)
        )
    }
}

/// Nothing may be loaded, and nothing may run but what is in this file by digest (CSP Level 3).
fn policy(style: &str) -> String {
    let digest = |text: &str| STANDARD.encode(sha2::Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; \
         base-uri 'none'; form-action 'none'",
        digest(style),
        digest(SCRIPT)
    )
}

/// A link that leaves the page, if it is one that can do no harm.
fn outward(url: &str) -> Markup {
    let harmless = url.starts_with("https://") || url.starts_with("http://");
    html! {
        @if harmless {
            a href=(url) rel="noopener noreferrer" { (shown(url)) }
        } @else {
            (shown(url))
        }
    }
}

/// Text from a record: what can't be seen, or turns writing around, is spelled out.
fn shown(text: &str) -> std::borrow::Cow<'_, str> {
    crate::ui::escape::printable(text)
}

#[cfg(test)]
mod tests;
