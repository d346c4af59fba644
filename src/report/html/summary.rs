//! The head of the page: what project this is, what is in use, what is best.

use maud::{Markup, html};

use super::{Page, shown};
use crate::model::Run;
use crate::model::metric::Goal;
use crate::model::run::Time;
use crate::report::facts::Choice;
use crate::report::sections::choice::{file_state, unclear};
use crate::report::sections::runs_counted;
use crate::ui::number;

impl Page<'_> {
    pub(super) fn summary(&self, made: Time) -> Markup {
        let facts = self.facts;
        html! {
            header.top {
                p.eyebrow { (self.t("Experiments", "Эксперименты")) }
                h1 { (shown(&facts.project)) }
                p.lede { (self.counts()) " · " (self.t("as of", "на")) " " time datetime=(made.to_rfc3339()) { (made.format("%Y-%m-%d")) } }
                nav aria-label=(self.t("On this page", "На этой странице")) {
                    a href="#runs" { (self.t("Runs", "Запуски")) }
                    a href="#metrics" { (self.t("Metrics", "Метрики")) }
                    @if self.has_curves() { a href="#curves" { (self.t("Curves", "Кривые")) } }
                    a href="#story" { (self.t("Story", "История")) }
                    a href="#checklist" { (self.t("Checklist", "Чек-лист")) }
                }
            }
            @if !facts.runs.is_empty() {
                section.tiles aria-label=(self.t("Summary", "Главное")) {
                    (self.in_use_tile())
                    (self.best_tile())
                    (self.last_tile())
                }
            }
            @if !facts.damaged.is_empty() {
                section.alarm role="note" {
                    strong { (self.t("Records that can't be read", "Записи, которые не читаются")) }
                    ul { @for (id, why) in &facts.damaged { li { code { (shown(id)) } " " (shown(why)) } } }
                }
            }
        }
    }

    fn counts(&self) -> String {
        let facts = self.facts;
        let finished = facts.finished().count();
        let mut text = runs_counted(facts.runs.len(), facts.lang);
        text.push_str(&format!(", {finished} {}", self.t("finished", "завершено")));
        if let Some(primary) = facts.primary() {
            let arrow = match facts.goal(&primary) {
                Some(Goal::Max) => " ↑",
                Some(Goal::Min) => " ↓",
                _ => "",
            };
            text.push_str(&format!(
                " · {} {}{arrow}",
                self.t("primary metric", "главная метрика"),
                shown(&primary)
            ));
        }
        text
    }

    fn in_use_tile(&self) -> Markup {
        let facts = self.facts;
        let used = match &facts.choice {
            Choice::Made(used) => used,
            other => {
                let said = match other {
                    Choice::Unclear(runs) => unclear(runs, facts.lang),
                    _ => self.t("nothing promoted", "ничего не выбрано").to_owned(),
                };
                return html! {
                    div.tile {
                        h2 { (self.t("In use", "Используется")) }
                        p.big.quiet { (shown(&said)) }
                        p { (self.t("The records don't say which model is in use.", "По записям нельзя сказать, какая модель используется.")) }
                    }
                };
            }
        };
        let run = facts.find(used.uid.as_ref(), &used.run);
        html! {
            div.tile.lead {
                h2 { (self.t("In use", "Используется")) }
                p.big { @match run { Some(run) => { (self.link(run)) } None => { (shown(&used.run)) } } }
                @if let Some(run) = run { p { (self.headline(run)) } }
                @if let Some(path) = &used.path {
                    p { code { (shown(&path.display())) } " " span.soft { (file_state(&used.file, facts.lang)) } }
                }
                p.why { @match used.why.as_deref().map(str::trim).filter(|why| !why.is_empty()) {
                    Some(why) => { "“" (shown(why)) "”" }
                    None => { span.soft { (self.t("No reason was written down.", "Причина не записана.")) } }
                } }
            }
        }
    }

    fn best_tile(&self) -> Markup {
        let facts = self.facts;
        let best = facts.primary().and_then(|primary| {
            let (run, _) = *facts.ranked(&primary).first()?;
            Some((primary, run))
        });
        let Some((primary, run)) = best else {
            return html! {
                div.tile {
                    h2 { (self.t("Highest ranked", "Лучшее значение")) }
                    p.big.quiet { (self.t("no judged metric", "нет оцениваемой метрики")) }
                }
            };
        };
        let others = self.groups.first().filter(|groups| groups.differ());
        html! {
            div.tile {
                h2 { (self.t("Best value of", "Лучшее значение")) " " (shown(&primary)) }
                p.big { (self.link(run)) }
                p { (self.headline(run)) }
                @if let Some(group) = others.and_then(|groups| groups.group(run)) {
                    p.soft {
                        (self.t("Measured on", "Измерено на")) " " span.letter { (group.letter) } " (" (runs_counted(group.runs, facts.lang)) "); "
                        (self.t("values with other letters can't be compared.", "с другими буквами сравнивать нельзя."))
                    }
                }
                @if run.code.code_is_dirty() {
                    p.soft { (self.t("Its code was not committed; a frozen copy is kept.", "Код не был закоммичен; хранится его копия.")) }
                }
            }
        }
    }

    fn last_tile(&self) -> Markup {
        let Some(run) = self.facts.runs.last() else {
            return html! {};
        };
        html! {
            div.tile {
                h2 { (self.t("Latest", "Последний")) }
                p.big { (self.link(run)) }
                p { (self.headline(run)) }
                p.soft {
                    time datetime=(run.started.to_rfc3339()) { (run.started.format("%Y-%m-%d %H:%M")) }
                    @if let Some(seconds) = &run.seconds { " · " (self.duration(seconds)) }
                    " · " (self.status(run))
                }
            }
        }
    }

    /// A run's name as a link to its details.
    pub(super) fn link(&self, run: &Run) -> Markup {
        html! { a href=(format!("#{}", run.id())) { (self.facts.label(run)) " " span.slug { (run.slug.replace('_', " ")) } } }
    }

    /// The first metrics of a run in one line.
    fn headline(&self, run: &Run) -> Markup {
        let values = self
            .metrics
            .iter()
            .filter_map(|name| Some((name, self.facts.number(run, name)?)));
        html! {
            @for (index, (name, value)) in values.take(2).enumerate() {
                @if index > 0 { " · " }
                span.soft { (shown(name)) } " " strong.num { (number::metric(value)) }
            }
        }
    }

    pub(super) fn footer(&self, made: Time) -> Markup {
        html! {
            p {
                (self.t("Written by", "Составлено")) " git-exp " (env!("CARGO_PKG_VERSION")) " "
                (self.t("from the records in", "по записям в")) " " code { "experiments/" } ", "
                time datetime=(made.to_rfc3339()) { (made.format("%Y-%m-%d %H:%M %:z")) } ". "
                (self.t("This page loads nothing and sends nothing.", "Страница ничего не загружает и не отправляет."))
            }
        }
    }
}
