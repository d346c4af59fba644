//! The table of runs.

use maud::{Markup, html};

use super::{Page, shown};
use crate::model::metric::Goal;
use crate::model::{Run, Status};
use crate::report::lang;
use crate::report::story::Step;
use crate::settings::Lang;
use crate::ui::number;

/// Changes named in a cell.
const CHANGES_SHOWN: usize = 2;

impl Page<'_> {
    pub(super) fn runs(&self) -> Markup {
        let lettered = self.groups.first().filter(|groups| groups.differ());
        html! {
            section #runs aria-labelledby="runs-title" {
                h2 #runs-title { (self.t("Runs", "Запуски")) }
                div.tools {
                    label.search {
                        span.sr { (self.t("Filter the runs", "Отбор запусков")) }
                        input #filter type="search" autocomplete="off" spellcheck="false" disabled
                            aria-describedby="filter-help"
                            placeholder=(format!("{}: {} train_v2 {}>0.8", self.t("filter", "отбор"), self.t("data", "данные"), self.metrics.first().map_or_else(|| "auc".to_owned(), |name| shown(name).into_owned())));
                    }
                    output #count for="filter" aria-live="polite" { (self.facts.runs.len()) }
                    span #filter-help.hint { (self.t("Words must all occur; metric>0.8 compares.", "Ищутся все слова; метрика>0.8 сравнивает.")) }
                }
                div.scroll tabindex="0" role="region" aria-labelledby="runs-title" {
                    table #table {
                        thead { tr {
                            (self.heading(self.t("run", "запуск"), None))
                            @if lettered.is_some() { (self.heading(self.t("measured on", "измерено на"), None)) }
                            @for name in &self.metrics { (self.heading(name, Some(self.arrow(name)))) }
                            (self.heading(self.t("changed", "изменено"), None))
                            (self.heading(self.t("data", "данные"), None))
                            (self.heading(self.t("status", "статус"), None))
                            (self.heading(self.t("started", "начат"), None))
                            (self.heading(self.t("time", "время"), Some("")))
                        } }
                        tbody { @for run in self.facts.runs.iter().rev() { (self.row(run, lettered.is_some())) } }
                    }
                }
                button #more type="button" hidden {}
                p.note { (self.legend()) }
            }
        }
    }

    fn arrow(&self, metric: &str) -> &'static str {
        match self.facts.goal(metric) {
            Some(Goal::Max) => "↑",
            Some(Goal::Min) => "↓",
            _ => "",
        }
    }

    /// A heading that sorts; numbers have a sign for the better end.
    fn heading(&self, name: &str, number: Option<&str>) -> Markup {
        let better = match number {
            Some("↑") => self.t("higher is better", "больше — лучше"),
            Some("↓") => self.t("lower is better", "меньше — лучше"),
            _ => "",
        };
        html! {
            th scope="col" .num[number.is_some()] aria-sort="none" {
                button type="button" disabled {
                    (shown(name))
                    @if let Some(sign) = number.filter(|sign| !sign.is_empty()) {
                        " " span.goal aria-hidden="true" { (sign) } span.sr { ", " (better) }
                    }
                }
            }
        }
    }

    fn row(&self, run: &Run, lettered: bool) -> Markup {
        let name = self.name(run);
        let used = self.is_in_use(run);
        html! {
            tr {
                th scope="row" data-v=(run.number) {
                    a href=(format!("#{}", run.id())) { (self.facts.label(run)) }
                    @if used { " " span.badge.use { (self.t("in use", "используется")) } }
                    span.name { (shown(&name)) }
                }
                @if lettered {
                    td { @if let Some(group) = self.groups.first().and_then(|groups| groups.group(run)) {
                        span.letter title=(shown(&group.data)) { (group.letter) }
                    } }
                }
                @for (name, groups) in self.metrics.iter().zip(&self.groups) {
                    @match self.facts.number(run, name) {
                        Some(value) => {
                            td.num .best[groups.is_best(run)] data-v=(value.as_f64()) {
                                (number::metric(value))
                                @if groups.is_best(run) { span.sr { " (" (self.t("best", "лучшее")) ")" } }
                            }
                        }
                        None => { td.num { "–" } }
                    }
                }
                td.changes { (self.changes(run)) }
                td { (data(run)) }
                td { (self.status(run)) @if run.code.code_is_dirty() { " " span.badge.dirty { (self.t("dirty", "не в git")) } } }
                td.nowrap data-v=(run.started.timestamp()) { (run.started.format("%Y-%m-%d")) }
                @match &run.seconds {
                    Some(seconds) => { td.num.nowrap data-v=(seconds.as_f64()) { (self.duration(seconds)) } }
                    None => { td.num { "–" } }
                }
            }
        }
    }

    /// The name as typed; one that was typed as a slug reads better without its underscores.
    pub(super) fn name(&self, run: &Run) -> String {
        if run.title.is_empty() || run.title == run.slug {
            run.slug.replace('_', " ")
        } else {
            run.title.clone()
        }
    }

    fn is_in_use(&self, run: &Run) -> bool {
        let found = self.facts.run_in_use();
        found.is_some_and(|found| found.uid == run.uid)
    }

    pub(super) fn status(&self, run: &Run) -> Markup {
        let kind = match run.status {
            Status::Ok => "ok",
            Status::Running => "running",
            Status::Failed => "failed",
            Status::Aborted | Status::Stale => "stale",
        };
        html! { span.status.(kind) { (lang::status(run.status, self.facts.lang)) } }
    }

    /// What changed, shortly; the number of factors where they are many.
    fn changes(&self, run: &Run) -> Markup {
        let unknown = |why: &str| html! { span.soft title=(why) { "?" span.sr { " " (why) } } };
        let Some(step) = Step::of(self.facts, run) else {
            return match run.base {
                Some(_) => {
                    unknown(self.t("its base has no record here", "записи основы здесь нет"))
                }
                None => html! { span.soft { "–" } },
            };
        };
        let words: Vec<String> = step
            .changes
            .iter()
            .map(|change| short(change, self.facts.lang))
            .collect();
        html! {
            @if words.is_empty() {
                @if step.unknown.is_empty() {
                    span.soft { (self.t("same inputs", "входы те же")) }
                } @else {
                    (unknown(&format!("{}: {}", self.t("not recorded", "не записано"), step.unknown(self.facts.lang))))
                }
            } @else {
                (shown(&words[..words.len().min(CHANGES_SHOWN)].join(", ")))
                @if words.len() > CHANGES_SHOWN { span.soft { " +" (words.len() - CHANGES_SHOWN) } }
            }
        }
    }

    fn legend(&self) -> Markup {
        let lettered = self.groups.first().filter(|groups| groups.differ());
        html! {
            @if let (Some(groups), Some(primary)) = (lettered, self.metrics.first()) {
                (self.t("What", "На чём измерена")) " " code { (shown(primary)) } (self.t(" was measured on:", ":"))
                @for (index, group) in groups.names.iter().enumerate() {
                    @if index > 0 { "," }
                    " " span.letter { (group.letter) } " "
                    @if group.data.is_empty() { (self.t("not recorded", "не записано")) } @else { (shown(&group.data)) }
                }
                ". " (self.t("Only values with the same letter can be compared.", "Сравнивать можно только значения с одной буквой.")) " "
            }
            @if self.groups.iter().any(crate::report::yardsticks::Groups::has_best) {
                strong.best { (self.t("Bold", "Жирным")) } ": "
                (self.t("best of those measured on the same data.", "лучшее среди измеренных на тех же данных."))
            }
        }
    }
}

fn short(change: &crate::report::story::Change, lang: Lang) -> String {
    match change.axis {
        "config" => change.phrase(lang),
        _ => change.name(lang),
    }
}

fn data(run: &Run) -> Markup {
    let input = run
        .data
        .iter()
        .find(|input| input.role == "train")
        .or(run.data.first());
    let Some(input) = input else {
        return html! { "–" };
    };
    let name = String::from_utf8_lossy(input.path.file_name()).into_owned();
    let stem = name.split('.').next().unwrap_or(&name).to_owned();
    html! {
        span.nowrap { (shown(&stem)) " " code.soft { (input.sha256.as_ref().map_or("?", |digest| &digest.short()[..4])) } }
    }
}
