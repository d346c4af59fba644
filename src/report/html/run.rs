//! The story: every run with what it changed, unfolding to all of its record.

use maud::{Markup, html};

use super::{Page, outward, shown};
use crate::model::{MetricValue, Run};
use crate::report::diff::words::Words;
use crate::report::minilog::code_state;
use crate::report::story::{Against, Step, against, axis_word};
use crate::ui::number;

/// Changes named in the line of a run.
const CHANGES_SHOWN: usize = 3;
/// Uncommitted paths that are listed.
const PATHS_SHOWN: usize = 12;

/// A run's base with the step that leads from it.
type Pair<'p> = Option<(&'p Run, &'p Step)>;

impl Page<'_> {
    pub(super) fn story(&self) -> Markup {
        html! {
            section #story aria-labelledby="story-title" {
                h2 #story-title { (self.t("The story of changes", "История изменений")) }
                p.soft { (self.t("Each run against its base, oldest first. Unfold one for everything that was recorded.", "Каждый запуск против своей основы, от старых к новым. Разверните, чтобы увидеть всю запись.")) }
                div.story .many[self.facts.runs.len() > 100] { @for run in &self.facts.runs { (self.run_details(run)) } }
            }
        }
    }

    fn run_details(&self, run: &Run) -> Markup {
        let base = self.facts.base_of(run);
        let step = base.map(|base| Step::between(self.facts, base, run));
        let pair = base.zip(step.as_ref());
        html! {
            details {
                summary {
                    span.who { strong { (self.facts.label(run)) } " " (shown(&self.name(run))) }
                    span.what { (self.what(run, step.as_ref())) }
                    span.value { (self.primary_value(run, pair)) }
                }
                article id=(run.id().to_string()) {
                    (self.words(run))
                    div.columns {
                        div { (self.metrics_of(run, pair)) (self.sparklines(&run.uid)) }
                        div { (self.difference(run, base, step.as_ref())) (self.inputs(run)) }
                    }
                    (self.parameters(run, base))
                }
            }
        }
    }

    fn what(&self, run: &Run, step: Option<&Step>) -> Markup {
        let Some(step) = step else {
            return html! { span.soft { @match &run.base {
                None => { (self.t("the starting point", "точка отсчёта")) }
                Some(base) => { (self.t("base", "основа")) " " (shown(&base.id)) " " (self.t("is not here", "отсутствует")) }
            } } };
        };
        let words: Vec<String> = step
            .changes
            .iter()
            .take(CHANGES_SHOWN)
            .map(|c| c.phrase(self.facts.lang))
            .collect();
        html! {
            @match step.factors {
                0 if !step.changes.is_empty() => {}
                0 if step.unknown.is_empty() => { span.chip { (self.t("same inputs", "входы те же")) } }
                0 => { span.chip.warn { (self.t("not recorded", "не записано")) } }
                1 => { span.chip.good { (self.t("one factor", "один фактор")) } }
                n => { span.chip.warn {
                    (self.nouns().count(n as u64, ["factor", "factors"], ["фактор", "фактора", "факторов"])) " " (self.t("at once", "сразу"))
                } }
            }
            " " (shown(&words.join(", ")))
            @if step.changes.len() > CHANGES_SHOWN { span.soft { " +" (step.changes.len() - CHANGES_SHOWN) } }
        }
    }

    fn primary_value(&self, run: &Run, pair: Pair<'_>) -> Markup {
        let Some(name) = self.metrics.first() else {
            return html! { (self.status(run)) };
        };
        html! {
            @match self.facts.number(run, name) {
                Some(value) => { strong.num { (number::metric(value)) } " " (self.delta(run, pair, name)) }
                None => { (self.status(run)) }
            }
        }
    }

    /// The change of a shown metric against the base, or why there is none.
    fn delta(&self, run: &Run, pair: Pair<'_>, name: &str) -> Markup {
        let Some((base, step)) = pair else {
            return html! {};
        };
        html! {
            @match against(self.facts, step, base, run, name) {
                Against::Difference(text, better) => {
                    @let kind = match better { Some(true) => "up", Some(false) => "down", None => "even" };
                    @let word = match better {
                        Some(true) => self.t("better", "лучше"),
                        Some(false) => self.t("worse", "хуже"),
                        None => "",
                    };
                    span.delta.(kind) { (text) @if !word.is_empty() { " " span.word { (word) } } }
                }
                Against::Equal => { span.delta.even { (self.t("equal", "то же")) } }
                Against::NotComparable => { span.delta.none { (self.t("not comparable", "несравнимо")) } }
                Against::Unknown(text) => { span.delta.even { "(" (text) ")?" } }
                Against::Nothing => {}
            }
        }
    }

    fn nouns(&self) -> Words {
        Words {
            lang: self.facts.lang,
            unicode: true,
        }
    }

    fn words(&self, run: &Run) -> Markup {
        let lines = [
            (self.t("Goal", "Цель"), &run.goal),
            (self.t("Hypothesis", "Гипотеза"), &run.hypothesis),
            (self.t("Conclusion", "Вывод"), &run.conclusion),
        ];
        html! {
            dl.words {
                @for (name, text) in lines {
                    @if let Some(text) = text { dt { (name) } dd { @for line in text.lines() { p { (shown(line)) } } } }
                }
                @if !run.tags.is_empty() { dt { (self.t("Tags", "Метки")) } dd { (shown(&run.tags.join(", "))) } }
                @for warning in &run.warnings { dt { (self.t("Warning", "Внимание")) } dd.warn { (shown(warning)) } }
            }
        }
    }

    fn metrics_of(&self, run: &Run, pair: Pair<'_>) -> Markup {
        let base = pair.map(|(base, _)| base);
        html! {
            @if run.metrics.is_empty() { p.soft { (self.t("No metrics were recorded.", "Метрик нет.")) } } @else {
                table.plain {
                    thead { tr {
                        th scope="col" { (self.t("metric", "метрика")) }
                        th.num scope="col" { (self.facts.label(run)) }
                        @if let Some(base) = base { th.num scope="col" { (self.facts.label(base)) } th scope="col" { (self.t("change", "изменение")) } }
                    } }
                    tbody { @for (name, value) in &run.metrics { tr {
                        th scope="row" { (shown(name)) }
                        td.num { (shown(&metric_text(value))) }
                        @if let Some(base) = base {
                            td.num { @if let Some(before) = base.metrics.get(name) { (shown(&metric_text(before))) } @else { "–" } }
                            td { @if self.metrics.contains(name) { (self.delta(run, pair, name)) } }
                        }
                    } } }
                }
            }
        }
    }

    fn difference(&self, run: &Run, base: Option<&Run>, step: Option<&Step>) -> Markup {
        let (Some(base), Some(step)) = (base, step) else {
            return html! {};
        };
        html! {
            h3 { (self.t("Changed against", "Изменено по сравнению с")) " " (self.link(base)) }
            @if step.changes.is_empty() {
                p.soft { (self.t("No recorded input changed.", "Записанные входы не менялись.")) }
            } @else {
                table.plain.diff { tbody { @for change in &step.changes { tr {
                    th scope="row" { span.axis { (axis_word(change.axis, self.facts.lang)) } " " (shown(&change.what)) }
                    td { @if !change.before.is_empty() { del { (shown(&change.before)) } " → " } ins { (shown(&change.after)) } }
                } } } }
            }
            @if !step.unknown.is_empty() {
                p.soft { (self.t("Not recorded, so not known:", "Не записано, поэтому неизвестно:")) " " (step.unknown(self.facts.lang)) }
            }
            @if !run.declared.is_empty() {
                p.soft { (self.t("Meant to change:", "Собирались менять:")) " " (shown(&run.declared.join(", "))) }
            }
        }
    }

    fn inputs(&self, run: &Run) -> Markup {
        html! {
            h3 { (self.t("Record", "Запись")) }
            dl.facts {
                dt { (self.t("Status", "Статус")) } dd { (self.status(run)) @if let Some(s) = &run.seconds { ", " (self.duration(s)) } }
                dt { (self.t("Started", "Начат")) } dd { time datetime=(run.started.to_rfc3339()) { (run.started.format("%Y-%m-%d %H:%M:%S %:z")) } }
                dt { (self.t("Code", "Код")) } dd { code { (code_state(run, self.facts.lang)) }
                    @if let Some(branch) = &run.code.branch { " " (self.t("on", "ветка")) " " code { (shown(branch)) } }
                    (self.dirty_paths(run)) }
                @if let Some(remote) = &run.code.remote { dt { (self.t("Remote", "Репозиторий")) } dd { (outward(remote)) } }
                @for input in &run.data { dt { (self.t("Data", "Данные")) " " (shown(&input.role)) } dd {
                    code { (shown(&input.path.display())) } " "
                    span.soft { (input.sha256.as_ref().map_or("?", |d| d.short()))
                        @if let Some(rows) = input.rows { ", " (self.nouns().count(rows, ["row", "rows"], ["строка", "строки", "строк"])) }
                        @if let Some(bytes) = input.bytes { ", " (self.bytes(bytes)) } }
                } }
                @for file in &run.config { dt { (self.t("Config", "Конфиг")) } dd { code { (shown(&file.path.display())) } } }
                @if let Some(seed) = &run.seed { dt { "Seed" } dd { (shown(&seed.spelling())) } }
                @if let Some(command) = &run.command { dt { (self.t("Command", "Команда")) } dd { code { (shown(&command.argv.join(" "))) } } }
                @for model in &run.models { dt { (self.t("Model", "Модель")) } dd { code { (shown(&model.path.display())) } " " span.soft { (model.sha256.short()) ", " (self.bytes(model.bytes)) } } }
                @for file in &run.artifacts { dt { (self.t("File", "Файл")) } dd { code { (shown(&file.path.display())) } " " span.soft { (file.sha256.short()) } } }
                (self.machine(run))
                @for (name, url) in &run.links { dt { (shown(name)) } dd { (outward(url)) } }
            }
        }
    }

    fn dirty_paths(&self, run: &Run) -> Markup {
        let changes = &run.code.changes;
        html! {
            @if !changes.is_empty() {
                ul.paths {
                    @for change in changes.iter().take(PATHS_SHOWN) { li {
                        code { (shown(&change.status)) " " (shown(&change.path.display())) } " "
                        @if let (Some(added), Some(removed)) = (change.added, change.removed) { span.soft { "+" (added) " −" (removed) } }
                    } }
                    @if changes.len() > PATHS_SHOWN { li.soft { "+" (changes.len() - PATHS_SHOWN) } }
                }
            }
        }
    }

    fn machine(&self, run: &Run) -> Markup {
        let env = run.env.as_ref();
        let machine = run.hardware.as_ref();
        let parts = machine.map(|m| {
            let gpus = m.gpus.iter().flatten();
            let cores = m.cores.map(|cores| {
                self.nouns()
                    .count(cores.into(), ["core", "cores"], ["ядро", "ядра", "ядер"])
            });
            let parts = m
                .cpu
                .iter()
                .chain(gpus)
                .cloned()
                .chain(cores)
                .chain(m.os.clone());
            parts.collect::<Vec<_>>().join(", ")
        });
        html! {
            @if let Some(python) = env.and_then(|env| env.python.as_ref()) {
                dt { "Python" } dd { (shown(python))
                    @if let Some(count) = env.and_then(|env| env.packages) { ", " (self.nouns().count(count.into(), ["package", "packages"], ["пакет", "пакета", "пакетов"])) } }
            }
            @if let Some(parts) = parts.filter(|parts| !parts.is_empty()) { dt { (self.t("Machine", "Машина")) } dd { (shown(&parts)) } }
        }
    }

    fn parameters(&self, run: &Run, base: Option<&Run>) -> Markup {
        let changed = |name: &str| {
            let (Some(base), Some(own)) = (base, run.params.get(name)) else {
                return false;
            };
            !base
                .params
                .get(name)
                .is_some_and(|before| before.same_value(own))
        };
        html! {
            @if !run.params.is_empty() {
                h3 { (self.t("Parameters", "Параметры")) }
                dl.params { @for (name, value) in &run.params { (parameter(name, &value.spelling(), changed(name))) } }
            }
        }
    }
}

/// A value that is long gets a row of its own.
fn parameter(name: &str, value: &str, changed: bool) -> Markup {
    let long = name.chars().count() + value.chars().count() > 42;
    html! { div .changed[changed] .long[long] { dt { (shown(name)) } dd { (shown(value)) } } }
}

fn metric_text(value: &MetricValue) -> String {
    match value {
        MetricValue::Number(number) => number::metric(number),
        MetricValue::Text(text) => text.clone(),
        MetricValue::Bool(yes) => yes.to_string(),
        MetricValue::Null => "–".to_owned(),
    }
}
