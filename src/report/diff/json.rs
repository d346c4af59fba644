//! The explanation for programs, in the shape of [`super::contract`].
//!
//! Facts are typed; sentences are in the language of the reader and may be worded better in any
//! version.

use std::collections::BTreeSet;

use super::Look;
use super::contract::{
    Changes, ClosestRun, CodeFile, ConfigKey, DataChange, DataFile, FactorRef, Metric, NoiseOf,
    Package, Repeats, RunRef, Series, Text,
};
use super::told::told;
use crate::compare::axes::config::{KeyChange, KeyKind, KeyRole};
use crate::compare::axes::data::{InputChange, InputKind};
use crate::compare::evidence::{Difference, FileNote};
use crate::compare::noise::{Method, Noise};
use crate::compare::suggest::names;
use crate::compare::{Axis, Comparison, Factor, MetricRow, State};
use crate::model::metric::Yardstick;
use crate::model::{Number, Run};

pub use super::contract::{DIFF_SCHEMA, Diff};

/// Pretty-printed JSON with sorted keys, ending with a line break.
pub fn json(c: &Comparison<'_>, look: &Look) -> String {
    document(&diff(c, look))
}

/// The typed form as a document.
pub fn document(diff: &Diff) -> String {
    let mut value = serde_json::to_value(diff).unwrap_or_default();
    value["schema"] = DIFF_SCHEMA.into();
    crate::ui::escape::json(&format!("{value:#}\n"))
}

/// The typed form.
pub fn diff(c: &Comparison<'_>, look: &Look) -> Diff {
    let (a, b) = names(c.a, c.b);
    let told = told(c, look);
    let undeclared = c.declared.undeclared.iter().collect();
    Diff {
        a,
        b,
        a_run: run_ref(c.a),
        b_run: run_ref(c.b),
        verdict: c.verdict,
        factors: c.factors.len(),
        factor_list: c
            .factors
            .iter()
            .map(|f| factor_ref(f, &undeclared))
            .collect(),
        declared: c.declared.said.clone(),
        undeclared: c.declared.undeclared.iter().map(Factor::label).collect(),
        declared_unchanged: c.declared.unchanged.clone(),
        axes: Axis::ALL.map(|axis| (axis, c.axes.state(axis))).into(),
        decisive_gaps: c.decisive_gaps.clone(),
        metrics: c.metrics.iter().map(metric).collect(),
        series: c.series.iter().map(series).collect(),
        changes: changes(c),
        closest: c.closest.iter().map(closest).collect(),
        repeats: c.spread.as_ref().map(|spread| Repeats {
            metric: spread.metric.clone(),
            n: spread.n,
            mean: rounded(spread.mean),
            sd: rounded(spread.sd),
        }),
        text: Text {
            verdict: told.verdict.join(" "),
            warnings: told.warnings,
            unknown: told.unknown,
            reasons: told.reasons.into_iter().map(|(_, text)| text).collect(),
            commands: told.next.into_iter().flat_map(|p| p.commands).collect(),
        },
    }
}

/// Six significant digits: what is estimated from a handful of runs has no more.
fn rounded(value: f64) -> Number {
    let short = format!("{value:.5e}").parse().unwrap_or(value);
    Number::from_f64(short)
}

fn run_ref(run: &Run) -> RunRef {
    RunRef {
        id: run.id().to_string(),
        uid: run.uid.clone(),
    }
}

fn factor_ref(factor: &Factor, undeclared: &BTreeSet<&Factor>) -> FactorRef {
    FactorRef {
        label: factor.label(),
        axis: factor.axis,
        name: factor.name.clone(),
        members: factor.members.clone(),
        declared: !undeclared.contains(factor),
    }
}

fn metric(row: &MetricRow) -> Metric {
    Metric {
        name: row.name.clone(),
        goal: row.goal,
        primary: row.primary,
        role: match row.role {
            Yardstick::Train => "train",
            Yardstick::Val => "val",
            Yardstick::Test => "test",
        },
        yardstick: row.yardstick,
        a: row.a.clone(),
        b: row.b.clone(),
        delta: row.delta.clone(),
        relative: row.relative.map(rounded),
        judgement: row.judgement.word(),
        noise: row.noise.as_ref().map(noise),
    }
}

fn series(row: &crate::compare::series::SeriesRow) -> Series {
    Series {
        name: row.name.clone(),
        goal: row.goal,
        yardstick: row.yardstick,
        a: row.a.clone(),
        b: row.b.clone(),
    }
}

fn noise(noise: &Noise) -> NoiseOf {
    NoiseOf {
        n: noise.n(),
        n_a: noise.n_a,
        n_b: noise.n_b,
        sd: rounded(noise.sd),
        method: match noise.method {
            Method::Welch => "welch",
            Method::OneSample => "one-sample",
        },
        threshold: rounded(noise.threshold),
        within: noise.within(),
    }
}

fn closest(have: &crate::compare::Closest) -> ClosestRun {
    ClosestRun {
        run: have.run.short(),
        isolates: have.factor.label(),
        side: if have.from_first { "a" } else { "b" },
        delta: have.delta.as_ref().map(|(_, delta)| delta.clone()),
    }
}

fn changes(c: &Comparison<'_>) -> Changes {
    let axes = &c.axes;
    let eval = axes.eval.inputs.iter().map(|input| (Axis::Eval, input));
    let data = axes.data.inputs.iter().map(|input| (Axis::Data, input));
    let seed = &axes.seed;
    let mut hardware = axes.hardware.listed.clone();
    hardware.extend(axes.hardware.cores.then_some("cores"));
    hardware.extend(axes.hardware.gpus.then_some("gpus"));
    Changes {
        data: eval
            .chain(data)
            .filter_map(|(axis, i)| data_change(axis, i))
            .collect(),
        code: axes.code.files.iter().map(code_file).collect(),
        commits: [c.a.code.commit.clone(), c.b.code.commit.clone()],
        commits_between: c.axes.code.commits_between,
        config: axes.config.keys.iter().map(config_key).collect(),
        seed: (seed.state == State::Changed).then(|| [seed.a.clone(), seed.b.clone()]),
        python: axes.env.python.clone().map(|(a, b)| [a, b]),
        packages: axes
            .env
            .packages
            .iter()
            .map(|package| Package {
                name: package.name.clone(),
                a: package.a.clone(),
                b: package.b.clone(),
                direct: package.direct,
            })
            .collect(),
        hardware,
        command: (axes.command.state == State::Changed)
            .then(|| [axes.command.only_a.clone(), axes.command.only_b.clone()]),
    }
}

fn data_change(axis: Axis, input: &InputChange) -> Option<DataChange> {
    let change = match input.kind {
        InputKind::Same => return None,
        InputKind::Renamed => "renamed",
        InputKind::LineEndings => "line-endings",
        InputKind::Changed => "changed",
        InputKind::Added => "added",
        InputKind::Removed => "removed",
        InputKind::Unknown => "unknown",
    };
    let file = |input: &crate::model::data::DataInput| DataFile {
        path: input.path.clone(),
        sha256: input.sha256.clone(),
        rows: input.rows,
        bytes: input.bytes,
    };
    Some(DataChange {
        role: input.role.clone(),
        axis,
        change,
        a: input.a.as_ref().map(file),
        b: input.b.as_ref().map(file),
        table: match &input.inside {
            Some(Difference::Table(table)) => Some((**table).clone()),
            _ => None,
        },
        folder: match &input.inside {
            Some(Difference::Folder(folder)) => Some((**folder).clone()),
            _ => None,
        },
    })
}

fn code_file(file: &crate::compare::FileChange) -> CodeFile {
    CodeFile {
        path: file.path.clone(),
        status: file.status.clone(),
        added: file.added,
        removed: file.removed,
        cosmetic: file.cosmetic,
        used: file.used,
        counts: file.counts(),
        cells: file.cells,
        functions: file.functions.clone(),
        approximate: matches!(file.note, Some(FileNote::Approximate | FileNote::Uncounted)),
    }
}

fn config_key(key: &KeyChange) -> ConfigKey {
    let change = match key.kind {
        KeyKind::Value => "value",
        KeyKind::Added => "added",
        KeyKind::Removed => "removed",
        KeyKind::Moved => "moved",
        KeyKind::Elements { .. } => "elements",
        KeyKind::Reordered => "reordered",
        KeyKind::Spelling => "spelling",
    };
    let counts_on = match key.role {
        _ if key.kind == KeyKind::Spelling => None,
        KeyRole::Param => Some(Axis::Config),
        KeyRole::Split => Some(Axis::Eval),
        KeyRole::Seed => Some(Axis::Seed),
        KeyRole::DataPath => Some(Axis::Data),
        KeyRole::OutputPath => None,
    };
    ConfigKey {
        key: key.key.clone(),
        change,
        counts_on,
        from: key.from.clone(),
        to: key.to.clone(),
        a: key.a.clone(),
        b: key.b.clone(),
    }
}
