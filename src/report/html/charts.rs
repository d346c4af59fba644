//! Metrics over runs, and metrics over steps.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::figure::{plot, record, ring};
use super::{Page, shown};
use crate::model::metric::Goal;
use crate::model::{Run, Uid};
use crate::report::plot::{Chart, Line, Point, palette, svg::description};
use crate::ui::number::significant;

/// Curves in one plot at first.
const CURVES: usize = 6;
/// Series with a plot of their own.
const PLOTS: usize = 12;

impl Page<'_> {
    /// One plot a metric, of which one is shown at a time.
    pub(super) fn metric_plots(&self) -> Markup {
        let panels: Vec<(usize, Markup)> = (0..self.metrics.len())
            .filter_map(|index| Some((index, self.metric_panel(index)?)))
            .collect();
        html! {
            section #metrics aria-labelledby="metrics-title" {
                h2 #metrics-title { (self.t("Metrics over runs", "Метрики по запускам")) }
                @if panels.is_empty() {
                    p.soft { (self.t("No finished run has a metric that is judged.", "Ни у одного завершённого запуска нет оцениваемой метрики.")) }
                } @else {
                    div.deck {
                        fieldset.pills {
                            legend.sr { (self.t("Metric", "Метрика")) }
                            @for (position, (index, _)) in panels.iter().enumerate() {
                                label { input type="radio" name="metric" data-p=(index) checked[position == 0]; span { (shown(&self.metrics[*index])) } }
                            }
                        }
                        @for (index, panel) in &panels { div.panel data-p=(index) { (panel) } }
                    }
                }
            }
        }
    }

    fn metric_panel(&self, index: usize) -> Option<Markup> {
        let (name, groups) = (&self.metrics[index], &self.groups[index]);
        let mut lines: Vec<Line> = groups
            .names
            .iter()
            .map(|group| Line::new(self.group_name(&group.letter, &group.data), Vec::new()))
            .collect();
        for run in self.facts.finished() {
            let (Some(group), Some(value)) = (groups.index(run), self.facts.number(run, name))
            else {
                continue;
            };
            let point = Point {
                x: f64::from(run.number),
                y: value.as_f64(),
            };
            lines[group].points.push(point);
        }
        let chart = Chart {
            title: name.clone(),
            x_label: self.t("run", "запуск").to_owned(),
            y_label: name.clone(),
            lines,
            scattered: true,
            ..Chart::default()
        };
        let records: Vec<Vec<Point>> = chart
            .lines
            .iter()
            .map(|line| self.records(line, name))
            .collect();
        let used = self.in_use_point(name);
        let drawn = plot(
            &chart,
            usize::MAX,
            &description(&chart, self.facts.lang),
            |x, y| {
                html! {
                    @for (index, best) in records.iter().enumerate() {
                        @if best.len() > 1 { (record(index, best, x, y)) }
                    }
                    @if let Some(point) = used { (ring(point, self.t("in use", "используется"), x, y)) }
                }
            },
        )?;
        let scales = chart.scales(6, 5)?;
        let goal = match self.facts.goal(name) {
            Some(Goal::Max) => self.t("higher is better", "больше — лучше"),
            Some(Goal::Min) => self.t("lower is better", "меньше — лучше"),
            _ => "",
        };
        Some(html! {
            figure.chart tabindex="0" aria-label=(format!("{}: {}", shown(name), self.t("arrow keys move between runs, Enter opens one", "стрелки — по запускам, Enter — открыть"))) data-metric=(index) data-y=(format!("{},{}", scales.1.low(), scales.1.high()))
                data-x=(format!("{},{}", scales.0.low(), scales.0.high())) {
                p.unit { (shown(name)) @if !goal.is_empty() { ", " (goal) } }
                (drawn)
                p.unit.right { (self.t("number of the run", "номер запуска")) }
                figcaption { ul.groups {
                    @for (index, (line, best)) in chart.lines.iter().zip(&records).enumerate() {
                        @if let Some(best) = best.last() {
                            li {
                                @if groups.differ() { (dot(index)) " " (shown(&line.name)) ": " }
                                (self.t("best", "лучшее")) " " strong.num { (significant(best.y, 4)) } ", exp_" (format!("{:03}", best.x))
                            }
                        }
                    }
                } }
                div.tip role="status" hidden {}
            }
        })
    }

    fn group_name(&self, letter: &str, data: &str) -> String {
        match (letter, data) {
            ("?", _) => self.t("rows not recorded", "строки не записаны").to_owned(),
            (letter, data) => format!("{letter} ({data})"),
        }
    }

    /// The values that were better than all before them, in the order of the runs.
    fn records(&self, line: &Line, name: &str) -> Vec<Point> {
        let mut best: Vec<Point> = Vec::new();
        for point in line.points.iter().filter(|point| point.y.is_finite()) {
            if best
                .last()
                .is_none_or(|last| self.facts.better(name, point.y, last.y))
            {
                best.push(*point);
            }
        }
        best
    }

    fn in_use_point(&self, name: &str) -> Option<Point> {
        let run = self.facts.run_in_use()?;
        let y = self.facts.number(run, name)?.as_f64();
        let point = Point {
            x: f64::from(run.number),
            y,
        };
        y.is_finite().then_some(point)
    }

    pub(super) fn has_curves(&self) -> bool {
        !self.curve_names().is_empty()
    }

    fn curve_names(&self) -> Vec<&String> {
        let names: BTreeSet<&String> = self
            .curves
            .values()
            .flat_map(|curves| curves.keys())
            .collect();
        names.into_iter().collect()
    }

    /// The runs whose curves are drawn at first: in use, best, then the latest.
    fn curve_runs(&self) -> Vec<&Run> {
        let facts = self.facts;
        let used = facts.run_in_use();
        let best = facts
            .primary()
            .and_then(|name| facts.ranked(&name).first().map(|(run, _)| *run));
        let latest = facts.runs.iter().rev().copied();
        let mut chosen: Vec<&Run> = Vec::new();
        for run in used.into_iter().chain(best).chain(latest) {
            let drawn = self
                .curves
                .get(&run.uid)
                .is_some_and(|curves| !curves.is_empty());
            if drawn && chosen.len() < CURVES && !chosen.iter().any(|other| other.uid == run.uid) {
                chosen.push(run);
            }
        }
        chosen.sort_by_key(|run| run.number);
        chosen
    }

    /// One plot a series, with the curves of several runs.
    pub(super) fn curve_plots(&self) -> Markup {
        let names = self.curve_names();
        let runs = self.curve_runs();
        html! {
            @if !names.is_empty() {
                section #curves aria-labelledby="curves-title" {
                    h2 #curves-title { (self.t("Curves over steps", "Кривые по шагам")) }
                    @if self.curves.len() > runs.len() {
                        p.soft { (self.t("The run in use, the best and the latest; every run's own curves are with its details.", "Используемый, лучший и последние запуски; кривые каждого запуска — в его описании.")) }
                    }
                    div.grid { @for name in names.iter().take(PLOTS) { @if let Some(figure) = self.curve_figure(name, &runs) { (figure) } } }
                    @if names.len() > PLOTS {
                        p.note { (self.t("Also logged:", "Также записаны:")) " " (shown(&names[PLOTS..].iter().map(|n| n.as_str()).collect::<Vec<_>>().join(", "))) }
                    }
                }
            }
        }
    }

    fn curve_figure(&self, name: &str, runs: &[&Run]) -> Option<Markup> {
        let line = |run: &&Run| {
            let points = self
                .curves
                .get(&run.uid)
                .and_then(|curves| curves.get(name))
                .cloned();
            Line::new(
                format!("{} {}", self.facts.label(run), run.slug),
                points.unwrap_or_default(),
            )
        };
        let chart = Chart {
            title: name.to_owned(),
            x_label: self.t("step", "шаг").to_owned(),
            y_label: name.to_owned(),
            lines: runs.iter().map(line).collect(),
            ..Chart::default()
        };
        let drawn = plot(
            &chart,
            400,
            &description(&chart, self.facts.lang),
            |_, _| html! {},
        )?;
        Some(html! {
            figure {
                p.unit { (shown(name)) }
                (drawn)
                p.unit.right { (self.t("step", "шаг")) }
                figcaption.keys {
                    @for (index, line) in chart.lines.iter().enumerate().filter(|(_, line)| !line.points.is_empty()) {
                        label { input type="checkbox" checked data-l=(index); (dash(index)) " " span { (shown(&line.name)) } }
                    }
                }
            }
        })
    }

    /// The curves of one run, small, with their ends in words.
    pub(super) fn sparklines(&self, uid: &Uid) -> Markup {
        let Some(curves) = self.curves.get(uid) else {
            return html! {};
        };
        html! {
            div.sparks {
                @for (name, points) in curves.iter().take(PLOTS) { (spark(name, points)) }
            }
        }
    }
}

fn spark(name: &str, points: &[Point]) -> Markup {
    let chart = Chart {
        title: name.to_owned(),
        lines: vec![Line::new(name, points.to_vec())],
        ..Chart::default()
    };
    let Some((x, y)) = chart.scales(2, 2) else {
        return html! {};
    };
    let drawn = crate::report::plot::svg::path(&chart, &chart.lines[0], &x, &y, (160.0, 36.0), 60);
    let finite = || points.iter().filter(|p| p.y.is_finite());
    let ends = (finite().next(), finite().next_back());
    html! {
        div.spark {
            span { (shown(name)) }
            svg viewBox="-2 -2 164 40" width="164" height="40" aria-hidden="true" { path.line.s0 d=(drawn) {} }
            @if let (Some(first), Some(last)) = ends {
                span.num.soft { (significant(first.y, 3)) " → " (significant(last.y, 3)) }
            }
        }
    }
}

fn dot(index: usize) -> Markup {
    html! { svg.key width="12" height="12" aria-hidden="true" { path.dots.(format!("s{}", index % palette::COUNT)) d="M6 6h0" {} } }
}

fn dash(index: usize) -> Markup {
    html! { svg.key width="26" height="12" aria-hidden="true" { path.line.(format!("s{}", index % palette::COUNT)) d="M1 6h24" {} } }
}
